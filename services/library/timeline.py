"""The answers about what there is: a camera's spans, gaps and events, and the footage nearest to a time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.moments import moment_text
from common.recordings.rows import EventRow, GapRow
from services.library.owners import Recorded
from services.library.spans import ROWS, Span, thinned_gaps, thinned_spans


@dataclass(frozen=True, slots=True)
class Stored:
    """What the index of a camera has of a range, and of all times."""

    spans: Sequence[Span] = ()
    gaps: Sequence[GapRow] = ()
    events: Sequence[EventRow] = ()
    size_bytes: int = 0
    oldest_ns: int = 0
    newest_ns: int = 0


def camera_row(camera: str, label: str, mode: str, recorded: Recorded, stored: Stored) -> dict[str, Any]:
    """Return a camera's part of a timeline."""
    is_merged = max(len(stored.spans), len(stored.gaps), len(stored.events)) > ROWS
    return {
        "camera": camera,
        "label": label,
        "mode": mode,
        "state": recorded.state,
        "reason": recorded.reason,
        "detail": recorded.detail,
        "size_bytes": stored.size_bytes,
        "oldest": _time(stored.oldest_ns),
        "newest": _time(stored.newest_ns),
        "spans": [_span_row(span) for span in thinned_spans(stored.spans)],
        "gaps": [_gap_row(gap) for gap in thinned_gaps(stored.gaps)],
        "events": [_event_row(event) for event in stored.events[-ROWS:]],
        **({"merged": True} if is_merged else {}),
    }


def nearest(before: Sequence[Span], after: Sequence[Span]) -> dict[str, Any]:
    """Return the last span of those before a range and the first of those after it."""
    return {
        "before": _ends(before[-1]) if before else None,
        "after": _ends(after[0]) if after else None,
    }


def _ends(span: Span) -> dict[str, str]:
    return {"from": moment_text(span.start_ns), "to": moment_text(span.end_ns)}


def _span_row(span: Span) -> dict[str, Any]:
    return {
        **_ends(span),
        "frames": span.frames,
        "size_bytes": span.size_bytes,
        "kind": span.kind.value,
        "protected": span.is_protected,
        "shift_s": span.shift_ns / 1e9,
    }


def _gap_row(gap: GapRow) -> dict[str, Any]:
    return {
        "from": moment_text(gap.start_ns),
        "to": _time(gap.end_ns),
        "reason": gap.reason.value,
        "detail": gap.detail,
        "frames": gap.frames,
    }


def _event_row(event: EventRow) -> dict[str, Any]:
    return {"id": event.key, "name": event.name, "from": moment_text(event.start_ns), "to": _time(event.end_ns)}


def _time(time_ns: int) -> str | None:
    return moment_text(time_ns) if time_ns else None
