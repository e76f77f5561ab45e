"""Looks at one camera's folder without changing anything: what a thorough repair would find."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from common.errors import RecordingError
from common.recordings.checking import check_file
from common.recordings.index import IndexReader
from common.recordings.journal import Journal
from common.recordings.layout import INDEX_NAME
from common.recordings.look import look
from common.recordings.reconcile import differences
from common.recordings.rows import FileRow, Kind, State

# A file gets its row with the first pass that brings some of it to disk; an encoder may take long over one.
YOUNG_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a folder; `left`: of it, what is still so."""

    sentences: list[str] = field(default_factory=list)
    findings: int = 0
    left: int = 0
    files: int = 0
    size_bytes: int = 0

    @property
    def outcome(self) -> str:
        if not self.findings and not self.left:
            return "whole"
        return f"{self.left} of {self.findings} findings left" if self.left else f"{self.findings} findings, repaired"

    def only(self, sentences: set[str]) -> "Examined":
        """Return the findings that are among these."""
        kept = [sentence for sentence in self.sentences if sentence in sentences]
        return replace(self, sentences=kept, findings=len(kept), left=len(kept))


def examine(folder: Path, *, is_recorded: bool) -> Examined:
    """Return what is not as it should be; `is_recorded`: somebody writes here, so newest files may be unfinished."""
    reader = IndexReader(folder / INDEX_NAME)
    try:
        rows = {row.name: row for row in reader.files()}
        sentences = [*_in_files(folder, rows, is_recorded=is_recorded), *differences(reader, Journal(folder))]
    finally:
        reader.close()
    size_bytes = sum(row.size_bytes for row in rows.values())
    return Examined(sentences, len(sentences), len(sentences), len(rows), size_bytes)


def _in_files(folder: Path, rows: dict[str, FileRow], *, is_recorded: bool) -> Iterator[str]:
    found = look(folder, folder.name)
    for name, row in rows.items():
        if name not in found.files:
            yield f"{name} is in the index, and is no file"
        elif problem := _problem(folder / name, row, is_recorded=is_recorded):
            yield f"{name} {problem}"
    for name in found.files.keys() - rows.keys():
        if not (is_recorded and _is_young(folder / name)):
            yield f"{name} is not in the index"
    if not is_recorded:
        yield from (f"{name} was never finished" for name in found.parts)


def _problem(path: Path, row: FileRow, *, is_recorded: bool) -> str:
    try:
        checked = check_file(path)
    except RecordingError as error:
        return f"cannot be read: {error}"
    if checked.row is None:
        return checked.problem
    if checked.damaged:
        return f"has {checked.damaged[0].size_bytes} damaged bytes at {checked.damaged[0].at}"
    if row.state is State.OPEN and is_recorded:
        return "" if checked.whole_bytes >= row.size_bytes else f"{checked.problem}, and the index counts on them"
    if row.state is State.OPEN:
        return "was never finished"
    if checked.torn:
        return checked.problem
    told = replace(row, id=0, is_protected=False, state=State.OPEN)
    if row.kind is Kind.ORIGINALS:
        # When its last picture ends, a file does not say whose recorder was killed.
        told = replace(told, end_ns=min(told.end_ns, checked.row.end_ns))
    return "" if told == checked.row else "is not what its row says"


def _is_young(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < YOUNG_S
    except FileNotFoundError:
        return True
