"""One line of an audit log, wherever it was kept, and what its signed text says. Pure."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workers.domain.errors import RevocationError

IsSigned = Callable[[str, str], bool]
"""Whether this signature is ours on this text."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry as it was kept. `number` is its place in the file, from 1."""

    number: int = 0
    place: str = ""
    """The file's name, where several are read."""
    text: str | None
    """None: the journal names it, and its log does not hold it."""
    mac: str
    n: int | None = None
    """Its place in the journal, from 1; None: not in the journal, or not known."""
    log: str | None = None
    """The log it stood in, where that is told beside the entry."""
    seq: int | None = None
    """Where there is no text: the number that the journal gives it."""
    unsure: bool = False
    """Redis did not say whether it was recorded."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What an entry's signed text says."""

    id: str
    seq: int
    prev: str
    at: str
    event: str
    mac: str
    journaled: bool
    """Whether it was put into the journal; what an older version wrote was not."""
    said: dict[str, Any] = field(repr=False)


class BadEntry(RevocationError):
    """The first entry that is not as it was written. `why` is one word; the sentence says where and what."""

    def __init__(
        self, why: str, line: int, log: str | None, seq: int | None, sentence: str, *, place: str = ""
    ) -> None:
        where = f"line {line}" + (f" of {place}" if place else "") + (f", {log} entry {seq}" if log else "")
        super().__init__(f"{where}: {sentence}")
        self.why, self.line, self.log, self.seq = why, line, log, seq


def opened(line: Line, is_signed: IsSigned) -> Entry:
    """The entry in `line`; raises BadEntry where it is missing, not signed by us, or stands in another's log."""

    def bad(why: str, sentence: str) -> BadEntry:
        log, seq = (entry.id, entry.seq) if entry else (line.log, line.seq)
        return BadEntry(why, line.number, log, seq, sentence, place=line.place)

    entry = _parsed(line) if line.text is not None else None
    if line.text is None:
        raise bad("missing", "the journal names it, and it is missing from its log.")
    if not is_signed(line.text, line.mac):
        raise bad("signature", "its signature is not ours: it was changed, or signed with another key.")
    if entry is None:
        raise bad("format", "this is no entry of an audit log.")
    if line.log is not None and entry.id != line.log:
        raise bad("foreign", f"it stands in the log of {line.log}.")
    return entry


def seq_of(text: str) -> int | None:
    """The number that an entry gives itself; not checked."""
    try:
        seq = json.loads(text)["seq"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return seq if isinstance(seq, int) else None


def _parsed(line: Line) -> Entry | None:
    try:
        said = json.loads(line.text or "")
        return Entry(
            id=_of(str, said["id"]),
            seq=_of(int, said["seq"]),
            prev=_of(str, said["prev"]),
            at=_of(str, said["at"]),
            event=_of(str, said["event"]),
            mac=line.mac,
            journaled=said.get("journal") is True,
            said=said,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(kind)
    return value
