"""Where a camera's time line stands when its folder is opened: what was said by a life before, and what it left open.

Pure; recorder time.
"""

from dataclasses import replace

from common.recordings.questions import Questions
from common.recordings.rows import GapRow, Reason
from services.recorder.timeline import Timeline

ALIVE: str = "alive"


def restore(index: Questions) -> tuple[Timeline, list[GapRow]]:
    """Return the time line, and the rows to be stored: from where the last life ended on, no recorder was there.

    Only "switched off" needs none to be true.
    """
    edge_ns, gap = index.newest_end_ns(), index.open_gap()
    closed_ns = [row.end_ns for row in index.gaps(edge_ns)]
    edge_ns = max(edge_ns, *closed_ns, 0)
    if gap is None:
        timeline = Timeline(edge_ns)
        return timeline, timeline.begin(edge_ns, Reason.RECORDER_DOWN) if edge_ns else []
    after = [row.start_ns for row in index.files(gap.start_ns + 1)]
    if after:
        # Footage came, and the word that the gap was over was lost with that life.
        timeline = Timeline(edge_ns)
        closed = replace(gap, end_ns=max(after[0], gap.start_ns))
        return timeline, [closed, *timeline.begin(edge_ns, Reason.RECORDER_DOWN)]
    timeline = Timeline(edge_ns, gap)
    if gap.reason in (Reason.OFF, Reason.RECORDER_DOWN):
        return timeline, []
    return timeline, timeline.begin(max(_alive_ns(index), gap.start_ns), Reason.RECORDER_DOWN)


def _alive_ns(index: Questions) -> int:
    text = index.get_meta(ALIVE)
    return int(text) if text.isascii() and text.isdigit() else 0
