"""Exports of the audit log, changed in one way each, with the line at which that must show."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.unit.make import BOB, CAROL, at, confirmed, denied, requested
from workers.adapters.audit_lines import Header, export_line, header_line, header_text
from workers.adapters.audit_log import GENESIS, AuditLog, Signed
from workers.domain import audit
from workers.domain.audit import Digest
from workers.domain.audit_entry import Line, seq_of
from workers.domain.audit_trail import Scope

LOG = AuditLog(b"a key of the tests, 32 bytes long")
OTHER_KEY = AuditLog(b"another key, as long as the first")

_STEPS = (("requested", requested()), ("confirmed", confirmed()), ("written", denied()))


class Journal:
    """Several logs, written one entry at a time as the store does, in an order that the dice give."""

    def __init__(self, dice: random.Random, entries: int, log: AuditLog = LOG) -> None:
        self._log = log
        self.lines: list[Line] = []
        self._tails = dict[str, tuple[int, Signed]]()
        names = [f"R-{letter * 6}" for letter in "ABCD"]
        for name in names:
            self.write(name)
        while len(self.lines) < entries:
            self.write(dice.choice(names))

    def write(self, name: str, **detail: Any) -> Line:
        """One more entry of this log."""
        line = self.next(name, **detail)
        self._tails[name] = (self._tails.get(name, (0, GENESIS))[0] + 1, Signed(line.text or "", line.mac))
        self.lines.append(line)
        return line

    def next(self, name: str, log: AuditLog | None = None, **detail: Any) -> Line:
        """The entry that would come next in this log, signed, and not written."""
        seq, before = self._tails.get(name, (0, GENESIS))
        event, record = _STEPS[min(seq, len(_STEPS) - 1)]
        record = replace(record, id=name, seq=seq + 1)
        n = len(self.lines) + 1
        who = CAROL if seq % 2 else BOB
        signed = (log or self._log).entry(
            before, record, event, who, {"note": "é\u2028", **detail}, at(seconds=n)
        )
        return Line(text=signed.text, mac=signed.mac, n=n, log=name)

    @property
    def digest(self) -> Digest:
        return digest_of(self.lines)

    def file(self) -> list[bytes]:
        """The lines of an export, the header first."""
        text = header_text(Header(at=at().isoformat(), scope=Scope(), digest=self.digest))
        return [raw(header_line(text, self._log.mac(text))), *(raw(export_line(line)) for line in self.lines)]


def digest_of(lines: list[Line]) -> Digest:
    heads = {str(line.log): audit.head(seq_of(line.text or "") or 0, line.mac) for line in lines}
    return audit.digest(len(lines), heads)


def raw(text: str) -> bytes:
    return text.encode() + b"\n"


Tampered = tuple[list[bytes], int]
"""The file, and the number of the line at which it must show; one more than there are: at its end."""


def flip(dice: random.Random, journal: Journal) -> Tampered:
    """One bit of the whole file."""
    whole = bytearray(b"".join(journal.file()))
    place = dice.randrange(len(whole))
    line = whole[:place].count(b"\n") + 1
    whole[place] ^= 1 << dice.randrange(8)
    return [bytes(whole)], line


def forge(dice: random.Random, journal: Journal) -> Tampered:
    """Another name in an entry, in good JSON."""
    file, n = _any(dice, journal)
    entry = json.loads(journal.lines[n].text or "")
    entry["actor"]["name"] = "mallory"
    changed = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return _with(file, n, replace(journal.lines[n], text=changed))


def other_key(dice: random.Random, journal: Journal) -> Tampered:
    """The same, signed with another key."""
    file, n = _any(dice, journal)
    line = journal.lines[n]
    return _with(file, n, replace(line, mac=OTHER_KEY.mac(line.text or "")))


def drop(dice: random.Random, journal: Journal) -> Tampered:
    file, _ = _any(dice, journal)
    n = dice.randrange(len(journal.lines) - 1)
    del file[n + 1]
    return file, n + 2


def insert(dice: random.Random, journal: Journal) -> Tampered:
    """An entry of our own, made up under our key, as if a process had written it and the journal not."""
    file, n = _any(dice, journal)
    made_up = replace(journal.next(dice.choice(["R-AAAAAA", "R-ZZZZZZ"])), n=None)
    return [*file[: n + 1], raw(export_line(made_up)), *file[n + 1 :]], n + 2


def duplicate(dice: random.Random, journal: Journal) -> Tampered:
    file, n = _any(dice, journal)
    later = dice.randint(n + 1, len(journal.lines))
    return [*file[: later + 1], file[n + 1], *file[later + 1 :]], later + 2


def swap(dice: random.Random, journal: Journal) -> Tampered:
    file, _ = _any(dice, journal)
    one, other = sorted(dice.sample(range(1, len(file)), 2))
    file[one], file[other] = file[other], file[one]
    return file, one + 1


def cut_off(dice: random.Random, journal: Journal) -> Tampered:
    kept = dice.randint(1, len(journal.lines))
    return journal.file()[:kept], kept + 1


def whole_log(dice: random.Random, journal: Journal) -> Tampered:
    """All that one log has, with what is left as it is."""
    file, n = _any(dice, journal)
    gone = journal.lines[n].log
    places = [i for i, line in enumerate(journal.lines) if line.log == gone]
    left = [line for i, line in enumerate(file) if i - 1 not in places]
    shows = next((i for i in range(places[0], len(journal.lines)) if i not in places), None)
    return left, places[0] + 2 if shows is not None else len(left) + 1


def whole_log_renumbered(dice: random.Random, journal: Journal) -> Tampered:
    """The same, with what is left numbered anew, as if there had never been more."""
    file, n = _any(dice, journal)
    left = [line for line in journal.lines if line.log != journal.lines[n].log]
    lines = [raw(export_line(replace(line, n=i))) for i, line in enumerate(left, start=1)]
    return [file[0], *lines], len(lines) + 2


def replay(dice: random.Random, journal: Journal) -> Tampered:
    """An entry of another log, in the place of one, under its name and number."""
    file, n = _any(dice, journal)
    line = journal.lines[n]
    other = dice.choice([one for one in journal.lines if one.log != line.log])
    return _with(file, n, replace(other, n=line.n, log=line.log))


def renumber(dice: random.Random, journal: Journal) -> Tampered:
    file, n = _any(dice, journal)
    line = journal.lines[n]
    wrong = dice.choice([i for i in range(len(journal.lines) + 3) if i != line.n])
    return _with(file, n, replace(line, n=dice.choice([wrong, None])))


def cut_back(dice: random.Random, journal: Journal) -> Tampered:
    """The last entries are gone, and as many others stand there, properly signed: Redis was put back and went on."""
    kept = dice.randint(4, len(journal.lines) - 1)
    file, count = journal.file(), len(journal.lines)
    other = Journal(dice, 4)
    other.lines, other._tails = [], {}
    for line in journal.lines[:kept]:
        other.lines.append(line)
        other._tails[str(line.log)] = (seq_of(line.text or "") or 0, Signed(line.text or "", line.mac))
    while len(other.lines) < count:
        other.write("R-AAAAAA", again=True)
    return [file[0], *other.file()[1:]], count + 1


KINDS: tuple[Callable[[random.Random, Journal], Tampered], ...] = (
    *(flip, forge, other_key, drop, insert, duplicate, swap),
    *(cut_off, whole_log, whole_log_renumbered, replay, renumber, cut_back),
)


def _any(dice: random.Random, journal: Journal) -> tuple[list[bytes], int]:
    return journal.file(), dice.randrange(len(journal.lines))


def _with(file: list[bytes], n: int, line: Line) -> Tampered:
    """The file with this in the place of the entry `n`."""
    return [*file[: n + 1], raw(export_line(line)), *file[n + 2 :]], n + 2
