"""Checks what second sinks kept: the same entries, in no order over all, some perhaps twice or begun in the middle. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from workers.domain.audit_entry import BadEntry, Entry, IsSigned, Line, opened
from workers.domain.audit_trail import Macs, short


@dataclass(frozen=True)
class _Copy:
    mac: int
    prev: int
    line: int
    place: str
    n: int | None
    unsure: bool


@dataclass
class Copies:
    """Takes lines in any order; keeps a few numbers of each. `end` tells whether they lead from one to the next."""

    is_signed: IsSigned
    taken: int = 0
    """How many lines, the same entry each time it came."""
    first_at: str = ""
    last_at: str = ""
    _logs: dict[str, dict[int, _Copy]] = field(default_factory=dict)

    @property
    def entries(self) -> int:
        return sum(len(log) for log in self._logs.values())

    @property
    def logs(self) -> int:
        return len(self._logs)

    @property
    def begun_in_the_middle(self) -> int:
        """Logs whose beginning is not here: it was kept elsewhere, or rotated away."""
        return sum(min(log) > 1 for log in self._logs.values())

    def take(self, line: Line) -> Entry:
        """Raises BadEntry where it is not ours, or another entry of the same log has its number."""
        entry = opened(line, self.is_signed)
        self.taken += 1
        log = self._logs.setdefault(entry.id, {})
        prev = short(entry.prev) if entry.prev else 0
        copy = _Copy(short(entry.mac), prev, line.number, line.place, line.n, line.unsure)
        before = log.get(entry.seq)
        if before is not None and before.mac != copy.mac and not (before.unsure or copy.unsure):
            sentence = (
                f"line {before.line} has another entry {entry.seq}: the log was cut back and written anew."
            )
            raise BadEntry("fork", line.number, entry.id, entry.seq, sentence)
        if before is None or before.unsure or (before.n is None and copy.n is not None):
            log[entry.seq] = copy
        self.first_at = min(self.first_at or entry.at, entry.at)
        self.last_at = max(self.last_at, entry.at)
        return entry

    def end(self) -> None:
        """Raises BadEntry at the first line whose entry does not follow the one before it in its log."""
        bad = [found for log, copies in self._logs.items() if (found := _first_gap(log, copies)) is not None]
        if bad:
            raise min(bad, key=lambda found: found.line)

    def all_in(self, exported: Mapping[str, Macs], journal: int) -> None:
        """Raises BadEntry at the first line whose entry an export lacks that was made after it was written.

        `journal`: how many entries the export's journal has; what came later is not missed.
        """
        bad = [
            BadEntry("not exported", copy.line, log, seq, _not_exported(exported, log, seq), place=copy.place)
            for log, copies in self._logs.items()
            for seq, copy in copies.items()
            if _missed(exported.get(log), seq, copy, journal)
        ]
        if bad:
            raise min(bad, key=lambda found: found.line)


def _first_gap(log: str, copies: Mapping[int, _Copy]) -> BadEntry | None:
    seqs = sorted(copies)
    for before, seq in pairwise(seqs):
        copy = copies[seq]
        if copy.unsure:
            continue
        if before != seq - 1:
            sentence = (
                f"entry {seq - 1} is not here. It is in what another process wrote (give all of them at once), or its process "
                "was killed before it could write it, or it was taken out."
            )
            return BadEntry("missing", copy.line, log, seq, sentence, place=copy.place)
        if copies[before].mac != copy.prev and not copies[before].unsure:
            return BadEntry(
                "order", copy.line, log, seq, f"it follows another entry {before} than the one here."
            )
    return None


def _missed(exported: Macs | None, seq: int, copy: _Copy, journal: int) -> bool:
    if copy.unsure:
        return False
    there = exported.at(seq) if exported is not None else None
    if there is None:
        return copy.n is not None and copy.n <= journal
    return there != copy.mac


def _not_exported(exported: Mapping[str, Macs], log: str, seq: int) -> str:
    other = log in exported and exported[log].at(seq) is not None
    if other:
        return "the export has another entry with this number: the log was cut back and written anew."
    return "the export does not have it: the log was cut off, or taken out."
