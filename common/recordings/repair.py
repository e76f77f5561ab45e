"""Brings a camera's files, journals and index together again: at each start, by whoever holds the folder's lock.

Everything here may be stopped at any point and begun again. Finished files whose size is right are not opened: 10,000
of them cost one look into the folders and one question to the index.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from common.errors import RecordingError
from common.recordings.checking import Checked, check_file, tail_as_damage
from common.recordings.disk import remove
from common.recordings.index import Index
from common.recordings.journal import Journal
from common.recordings.layout import JOURNAL_NAME, day_of, kind_of
from common.recordings.look import Found, look
from common.recordings.mending import mend, set_file_aside
from common.recordings.reconcile import reconcile
from common.recordings.replay import catch_up, deleted_names, gap_line
from common.recordings.rows import ORIGINALS_SUFFIX, VIDEO_SUFFIX, FileRow, GapRow, Kind, Reason, State
from common.recordings.spans import cut_out

# What a log can bear; the counts say the rest.
SENTENCES_AT_MOST: Final = 20
ALL_SENTENCES: Final = 100_000


@dataclass(slots=True)
class Repaired:
    """What a repair did: counts, and sentences for the log."""

    torn: int = 0
    """Files whose tail was cut."""
    cut_bytes: int = 0
    removed_rows: int = 0
    """Rows whose file was gone."""
    added_files: int = 0
    """Files that the index did not know."""
    removed_files: int = 0
    """Files that held nothing yet, that were deleted already, or were parts of one that was being made."""
    damaged: int = 0
    """Files with a stretch that is not what was written, and files that cannot be read at all."""
    bad_lines: int = 0
    """Lines of journals that cannot be used."""
    is_rebuilt: bool = False
    """The index was missing or damaged, and was made anew."""
    findings: int = 0
    """How much there was to say; `sentences` holds the first of it."""
    unrepaired: int = 0
    """What is as broken as before."""
    sentences: list[str] = field(default_factory=list)
    sentences_at_most: int = SENTENCES_AT_MOST

    def say(self, sentence: str) -> None:
        self.findings += 1
        if len(self.sentences) < self.sentences_at_most:
            self.sentences.append(sentence)

    @property
    def is_clean(self) -> bool:
        return not self.sentences


def repair(folder: Path, camera: str, index: Index, journal: Journal, *, thorough: bool = False) -> Repaired:
    """Make index, journals and files agree; OSError passes, and the next try goes on from there.

    A file is cut at its last whole fragment, its row says what is in it; what was recorded and is lost becomes a gap
    `damaged`; what was deleted stays so. `thorough`: finished files are read, too, and every line is compared.
    """
    return _Repair(folder, camera, index, journal, thorough=thorough).run()


class _Repair:
    def __init__(self, folder: Path, camera: str, index: Index, journal: Journal, *, thorough: bool) -> None:
        self._folder = folder
        self._camera = camera
        self._index = index
        self._journal = journal
        self._thorough = thorough
        self._done = Repaired(sentences_at_most=ALL_SENTENCES if thorough else SENTENCES_AT_MOST)
        self._deleted: dict[str, set[str]] = {}

    def run(self) -> Repaired:
        found = look(self._folder, self._camera)
        if self._index.is_new and (found.files or found.journals):
            self._done.is_rebuilt = True
            self._done.say(f"index was missing or damaged: made anew from {len(found.files)} files and the journals")
        self._catch_up(found)
        rows = self._index.file_sizes()
        for name, (file_id, size_bytes, state) in rows.items():
            size_found = found.files.get(name)
            if size_found is None:
                self._lost(file_id, name)
            elif state is State.OPEN or size_found != size_bytes or self._thorough:
                self._check_known(name, state)
        for name in sorted(found.files.keys() - rows.keys()):
            self._check_unknown(name)
        for name in found.parts:
            self._remove(name, "was never finished")
        if self._thorough:
            self._compare_journals()
        return self._done

    def _compare_journals(self) -> None:
        for sentence in reconcile(self._index, self._journal):
            self._done.say(sentence)

    def _catch_up(self, found: Found) -> None:
        recorded = self._index.journal_sizes()
        for day, size_bytes in found.journals.items():
            if size_bytes != recorded.get(day, 0):
                self._journal.cut_torn_line(day)
                page = catch_up(self._index, self._journal, day, recorded.get(day, 0))
                if page.bad:
                    self._done.bad_lines += page.bad
                    self._done.say(f"{day}/{JOURNAL_NAME}: {page.bad} damaged lines are left out")
        for day in recorded.keys() - found.journals.keys():
            self._done.say(f"{day}/{JOURNAL_NAME} is gone")
            self._index.set_journal_size(day, 0)

    def _lost(self, file_id: int, name: str) -> None:
        row = self._index.file_named(name)
        if row is None:
            raise AssertionError(f"{name} was in the index a moment ago, and nobody else writes it")
        if not self._is_deleted(name):
            self._done.say(f"{name} is gone")
            self._done.removed_rows += 1
            self._gap(name, row.start_ns, row.end_ns, "is gone")
        self._index.remove_file(file_id)

    def _check_known(self, name: str, state: State) -> None:
        row = self._index.file_named(name)
        checked = self._check(name)
        if row is None or checked is None:
            return
        if checked.row is None or not checked.row.frames:
            self._nothing_whole(name, checked, row)
            return
        if state is not State.OPEN and checked.size_bytes == row.size_bytes:
            checked = tail_as_damage(checked, row.end_ns)
        self._mend(name, checked)
        whole = checked.row
        if whole is None:
            raise AssertionError("a file with whole frames has a row")
        if whole.end_ns < row.end_ns and whole.size_bytes >= row.size_bytes and whole.kind is Kind.ORIGINALS:
            # Nothing is lost: the row knew how long the last picture was shown, the file was not told.
            whole = replace(whole, end_ns=row.end_ns)
        if whole.end_ns < row.end_ns:
            self._gap(name, whole.end_ns, row.end_ns, "lost its end")
        told = replace(whole, state=self._finished(name) if state is State.OPEN else state)
        if state is not State.OPEN and replace(row, id=0, is_protected=False) != told and not checked.torn:
            self._done.say(f"{name}: its row said something else")
        self._index.add_file(told)

    def _check_unknown(self, name: str) -> None:
        if self._is_deleted(name):
            self._remove(name, "was deleted")
            return
        checked = self._check(name)
        if checked is None:
            return
        if checked.row is None or not checked.row.frames:
            self._nothing_whole(name, checked, None)
            return
        self._mend(name, checked)
        self._index.add_file(replace(checked.row, state=self._finished(name)))
        self._done.added_files += 1
        if not self._done.is_rebuilt:
            self._done.say(f"{name} was not in the index: added")

    def _check(self, name: str) -> Checked | None:
        try:
            return check_file(self._folder / name)
        except RecordingError as error:
            self._done.damaged += 1
            self._done.unrepaired += 1
            self._done.say(f"{error}: left as it is")
            return None

    def _finished(self, name: str) -> State:
        """Return the state of a file that nobody writes any more: originals wait for their video, if there was none."""
        if kind_of(name) is Kind.VIDEO:
            return State.DONE
        video = name.removesuffix(ORIGINALS_SUFFIX) + VIDEO_SUFFIX
        is_encoded = (self._folder / video).exists() or self._is_deleted(video)
        return State.DONE if is_encoded else State.ENCODING

    def _mend(self, name: str, checked: Checked) -> None:
        for damage in checked.damaged:
            self._gap(name, damage.start_ns, damage.end_ns, f"is damaged at byte {damage.at}")
            self._done.say(f"{name}: {damage.size_bytes} damaged bytes at {damage.at} are skipped from now on")
        mend(self._folder / name, checked)
        self._done.damaged += bool(checked.damaged)
        if checked.torn:
            self._done.torn += 1
            self._done.cut_bytes += checked.size_bytes - checked.whole_bytes
            self._done.say(f"{name} {checked.problem}: cut")

    def _nothing_whole(self, name: str, checked: Checked, row: FileRow | None) -> None:
        """Remove a file that was just begun; set aside one that held footage, or holds what nobody can read."""
        is_lost = row is not None and row.frames > 0
        if row is not None and is_lost:
            self._gap(name, row.start_ns, row.end_ns, "is damaged")
        if is_lost or (checked.row is None and not checked.torn):
            broken = set_file_aside(self._folder / name)
            self._done.damaged += 1
            self._done.unrepaired += 1
            self._done.say(f"{name} {checked.problem or 'holds nothing whole'}: kept as {broken.name}")
            return self._forget(row)
        self._forget(row)
        self._done.cut_bytes += checked.size_bytes
        self._remove(name, "holds nothing whole")
        return None

    def _remove(self, name: str, why: str) -> None:
        remove(self._folder / name)
        self._done.removed_files += 1
        self._done.say(f"{name} {why}: removed")

    def _forget(self, row: FileRow | None) -> None:
        if row is not None:
            self._index.remove_file(row.id)

    def _is_deleted(self, name: str) -> bool:
        day = name.partition("/")[0]
        if day not in self._deleted:
            self._deleted[day] = {name for line in self._journal.read(day).lines for name in deleted_names(line)}
        return name in self._deleted[day]

    def _gap(self, name: str, start_ns: int, end_ns: int, why: str) -> None:
        """Write down that footage is lost, where no other file has that time: originals, or their video."""
        others = [row for row in self._index.files(start_ns, end_ns) if row.name != name]
        for left_ns, until_ns in cut_out([(start_ns, end_ns)], [(row.start_ns, row.end_ns) for row in others]):
            gap, day = GapRow(left_ns, until_ns, Reason.DAMAGED, f"{name} {why}"), day_of(left_ns)
            self._journal.append_all([gap_line(gap)], day)
            catch_up(self._index, self._journal, day, self._index.journal_sizes().get(day, 0))
