"""The page for users says what the code says: every reason for a gap, every key of the page."""

import re

from common.config import PROJECT_DIR
from common.recordings.rows import Reason
from common.settings import RECORDING_MODES

TEXT = (PROJECT_DIR / "docs/recording.md").read_text(encoding="utf-8")


def table(heading: str) -> list[str]:
    """Return the first column of the table whose header begins so, without its marks."""
    lines = TEXT[TEXT.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [line.split("|")[1].strip().strip("`") for line in lines[2:]]


def test_table_of_reasons_has_each_reason_once():
    assert sorted(table("reason")) == sorted(Reason)


def test_table_of_modes_has_each_mode():
    assert table("mode") == list(RECORDING_MODES)


def test_page_has_words_for_each_reason():
    words = (PROJECT_DIR / "web/recordings/reasons.js").read_text(encoding="utf-8")
    assert {reason for reason in Reason if re.search(rf"^\s+{reason}: \[", words, re.MULTILINE)} == set(Reason)
