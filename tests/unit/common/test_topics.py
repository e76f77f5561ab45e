"""The grammar of topics."""

import pytest

from common.errors import WireError
from common.topics import JPEG, parse, topic


def test_topic_is_parsed_back():
    assert parse(topic(JPEG, "porch")) == ("jpeg", "porch", "main")


@pytest.mark.parametrize("text", ["", "jpeg", "jpeg/porch", "jpeg/porch/main/x", "jpeg//main", "/a/b"])
def test_topic_of_another_shape_is_refused(text):
    with pytest.raises(WireError, match="expected <kind>/<name>/<track>"):
        parse(text)
