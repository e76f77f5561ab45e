"""Journals and index, compared line by line: what one of them lost, the other one still has."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from common.recordings.index import Index
from common.recordings.journal import Journal
from common.recordings.layout import JOURNAL_NAME, day_of
from common.recordings.questions import Questions
from common.recordings.replay import Line, apply, event_line, gap_line, protect_line
from common.recordings.rows import EventRow, GapRow, ProtectionRow

Facts = dict[str, tuple[GapRow | EventRow | ProtectionRow, Line]]


def reconcile(index: Index, journal: Journal) -> list[str]:
    """Make both say the same, on disk when this returns; return a sentence for each thing that one of them lacked.

    Where they differ the journal is right. What it does not know at all, because a line of it was damaged, the index
    tells it. Journals with damaged lines are written anew.
    """
    said = list(_rewritten(journal))
    in_journal, in_index = told_by(journal), facts_of(index)
    with index.transaction():
        for key, (fact, line) in in_journal.items():
            if key not in in_index or in_index[key][0] != fact:
                apply(index, line)
                said.append(f"index did not know: {key}")
    for key, (fact, line) in in_index.items():
        if key not in in_journal:
            journal.append_all([line], day_of(fact.start_ns))
            said.append(f"journal did not know: {key}")
    _note_sizes(index, journal)
    return said


def differences(index: Questions, journal: Journal) -> list[str]:
    """Return what `reconcile` would say, and change nothing."""
    bad = ((day, journal.read(day)) for day in journal.days())
    said = [f"{day}/{JOURNAL_NAME} has {page.bad} damaged lines" for day, page in bad if page.bad]
    in_journal, in_index = told_by(journal), facts_of(index)
    said += [
        f"index does not know: {key}"
        for key, (fact, _) in in_journal.items()
        if key not in in_index or in_index[key][0] != fact
    ]
    said += [f"journal does not know: {key}" for key in in_index.keys() - in_journal.keys()]
    return said


def told_by(journal: Journal) -> Facts:
    """Return what the journals say, by what it is."""
    index = Index(Path(":memory:"))
    try:
        with index.transaction():
            for line in journal.read_all():
                apply(index, line)
        return facts_of(index)
    finally:
        index.close()


def facts_of(index: Questions) -> Facts:
    """Return what an index says besides its files, by what it is."""
    facts: Facts = {}
    for gap in index.gaps():
        facts[f"gap {gap.reason} at {gap.start_ns}"] = replace(gap, id=0), gap_line(gap)
    for event in index.events():
        facts[f"event {event.key!r}"] = event, event_line(event)
    for protection in index.protections():
        facts[f"protected range at {protection.start_ns}"] = replace(protection, id=0), protect_line(protection)
    return facts


def _rewritten(journal: Journal) -> Iterator[str]:
    for day in journal.days():
        page = journal.read(day)
        if page.bad:
            journal.rewrite(day, page.lines)
            yield f"{day}/{JOURNAL_NAME} had {page.bad} damaged lines: kept as {JOURNAL_NAME}.broken, written anew"


def _note_sizes(index: Index, journal: Journal) -> None:
    with index.transaction():
        for day in journal.days():
            index.set_journal_size(day, journal.size(day))
