"""Looks at what an index says of a camera's time: footage and gaps, which must cover it without hole or overlap."""

from itertools import pairwise

from common.recordings.questions import Questions
from common.recordings.rows import FileRow, GapRow, Reason


def check_time_line(index: Questions) -> tuple[list[FileRow], list[GapRow]]:
    """Return files and gaps by their start; AssertionError where they overlap, or leave time unexplained.

    A file may follow another, or where one was, after a while without a gap: its last picture stood until then, which
    at its writing was not known.
    """
    files, gaps = index.files(), index.gaps()
    newest_ns = max([row.end_ns for row in files] + [row.end_ns or row.start_ns for row in gaps], default=0)
    pieces = sorted(
        [(row.start_ns, row.end_ns, row.name) for row in files]
        + [(row.start_ns, row.end_ns or max(newest_ns, row.start_ns), f"gap {row.reason}") for row in gaps]
    )
    last_pictures = {row.name for row in files} | {f"gap {Reason.DELETED}"}
    for before, after in pairwise(pieces):
        assert after[0] >= before[1], f"{after[2]} begins {before[1] - after[0]} ns before {before[2]} ends"
        is_seam = before[2] in last_pictures and "gap" not in after[2]
        missing_ns = after[0] - before[1]
        assert is_seam or not missing_ns, f"nothing for {missing_ns} ns: {before[2]}, then {after[2]}"
    assert sum(not row.end_ns for row in gaps) <= 1
    return files, gaps
