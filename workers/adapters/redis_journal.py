"""The journal: which entry of which log came when. Written in the same MULTI as the entry; read to export them all.

Neither the journal nor the heads are signed: the entries are, and say that they were journaled.
"""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from workers.adapters.audit_lines import Header, export_line, header_line, header_text
from workers.adapters.audit_log import AuditLog, Signed
from workers.domain import audit
from workers.domain.audit import Digest
from workers.domain.audit_entry import Line, seq_of
from workers.domain.audit_trail import Scope

JOURNAL = "revoke:journal"
HEADS = "revoke:heads"
LOGS = "revoke:log:"

_ROWS = 500
_LOGS = 20
_FROM_THE_START = "-"

Commands = Any
"""A client or a pipeline: redis-py types answers as a union that fits no single command."""


def add(pipe: Commands, log: str, seq: int, mac: str) -> None:
    """Three commands; the last one's answer is the entry's place in the journal."""
    pipe.hset(HEADS, log, audit.head(seq, mac))
    pipe.xadd(JOURNAL, {"l": log, "s": seq, "m": mac})
    pipe.xlen(JOURNAL)


def digest(redis: Commands) -> Digest:
    """What all logs lead to now. Raises redis-py's errors."""
    with redis.pipeline() as pipe:
        pipe.xlen(JOURNAL)
        pipe.hgetall(HEADS)
        entries, heads = pipe.execute()
    return audit.digest(entries, {_text(log): _text(head) for log, head in heads.items()})


@dataclass(frozen=True)
class _Row:
    """What the journal says of one entry."""

    n: int
    log: str
    seq: int
    mac: str


@dataclass
class _Cursor:
    """How far a log was read, and what was read of it and not yet handed out."""

    log: str
    after: str = _FROM_THE_START
    seq: int = 0
    waiting: deque[Signed] = field(default_factory=deque)

    @property
    def start(self) -> str:
        return self.after if self.after == _FROM_THE_START else f"({self.after}"

    def took(self, entries: Any) -> bool:
        """Whether there was any. A log that is no stream has none."""
        found = entries if isinstance(entries, list) else []
        for id_, fields in found:
            self.waiting.append(Signed(_text(fields.get(b"e", b"")), _text(fields.get(b"m", b""))))
            self.after = _text(id_)
        return bool(found)

    def next_seq(self) -> int:
        """The number that the next entry gives itself, or else the one that it should have."""
        claimed = seq_of(self.waiting[0].text)
        return self.seq + 1 if claimed is None else claimed

    def line(self, n: int | None) -> Line:
        self.seq = self.next_seq()
        signed = self.waiting.popleft()
        return Line(text=signed.text, mac=signed.mac, n=n, log=self.log)


class Export:
    """Hands out all entries in the order of the journal. Holds a place in each log, and a few hundred entries.

    What the journal names and no log has comes as a line without a text; what a log has and the journal does not
    name comes before the next entry of its log that it does name, or at the end. Raises redis-py's errors.
    """

    def __init__(self, redis: Redis, log: AuditLog) -> None:
        self._redis: Commands = redis
        self._log = log
        self._cursors: dict[str, _Cursor] = {}
        self._after, self._n = _FROM_THE_START, 0

    def texts(self, scope: Scope) -> Iterator[str]:
        """The lines of a file: the header, then each entry."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = header_text(Header(at=now, scope=scope, digest=digest(self._redis)))
        yield header_line(text, self._log.mac(text))
        for line in self.lines(scope):
            yield export_line(line)

    def lines(self, scope: Scope) -> Iterator[Line]:
        """Every entry within `scope`; what is written meanwhile may come too."""
        begun = scope.since is None
        for line in self._all():
            begun = begun or _since(line, scope.since)
            if begun and (scope.id is None or line.log == scope.id):
                yield line

    def _all(self) -> Iterator[Line]:
        while rows := self._rows(self._next_rows()):
            self._read_ahead(rows)
            for row in rows:
                yield from self._of_row(row)
        known = {_text(key).removeprefix(LOGS) for key in self._redis.scan_iter(f"{LOGS}*", count=_ROWS)}
        logs = sorted(known | self._cursors.keys())
        for first in range(0, len(logs), _LOGS):
            yield from self._left([self._cursor(log) for log in logs[first : first + _LOGS]])

    @property
    def _start(self) -> str:
        return self._after if self._after == _FROM_THE_START else f"({self._after}"

    def _next_rows(self) -> Any:
        """Nothing, where the journal is no stream any more, or has a last entry that nothing can follow."""
        try:
            return self._redis.xrange(JOURNAL, min=self._start, count=_ROWS)
        except ResponseError:
            return []

    def _rows(self, entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[_Row]:
        rows = []
        for id_, fields in entries:
            self._after, self._n = _text(id_), self._n + 1
            seq = _text(fields.get(b"s", b""))
            number = int(seq) if seq.isascii() and seq.isdigit() else 0
            rows.append(_Row(self._n, _text(fields.get(b"l", b"")), number, _text(fields.get(b"m", b""))))
        return rows

    def _left(self, cursors: list[_Cursor]) -> Iterator[Line]:
        """What is left of these logs. In one look with the journal: what was just written is in both, or in none."""
        with self._redis.pipeline() as pipe:
            pipe.xrange(JOURNAL, min=self._start)
            for cursor in cursors:
                pipe.xrange(LOGS + cursor.log, min=cursor.start)
            new, *found = pipe.execute(raise_on_error=False)
        for cursor, entries in zip(cursors, found, strict=True):
            cursor.took(entries)
        for row in self._rows(new if isinstance(new, list) else []):
            yield from self._of_row(row)
        for cursor in cursors:
            while cursor.waiting:
                yield cursor.line(None)

    def _cursor(self, log: str) -> _Cursor:
        return self._cursors.setdefault(log, _Cursor(log))

    def _read_ahead(self, rows: Iterable[_Row]) -> None:
        wanted = Counter(row.log for row in rows)
        cursors = [self._cursor(log) for log in wanted]
        with self._redis.pipeline(transaction=False) as pipe:
            for cursor in cursors:
                pipe.xrange(LOGS + cursor.log, min=cursor.start, count=wanted[cursor.log])
            found = pipe.execute(raise_on_error=False)
        for cursor, entries in zip(cursors, found, strict=True):
            cursor.took(entries)

    def _more(self, cursor: _Cursor) -> bool:
        try:
            return cursor.took(self._redis.xrange(LOGS + cursor.log, min=cursor.start, count=_ROWS))
        except ResponseError:
            return False

    def _of_row(self, row: _Row) -> Iterator[Line]:
        """The entry that this row names, after those of its log that no row names."""
        cursor = self._cursor(row.log)
        while cursor.waiting or self._more(cursor):
            seq, mac = cursor.next_seq(), cursor.waiting[0].mac
            if (seq, mac) == (row.seq, row.mac):
                yield cursor.line(row.n)
                return
            if seq > row.seq:
                break
            yield cursor.line(None)
        yield Line(text=None, mac=row.mac, n=row.n, log=row.log, seq=row.seq)


def _since(line: Line, since: str | None) -> bool:
    """Whether the export may begin here: it has a place in the journal, and was written then or later."""
    if line.text is None or line.n is None or since is None:
        return False
    at = _at(line.text)
    return at is not None and at >= datetime.fromisoformat(since)


def _at(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(json.loads(text)["at"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return at if at.tzinfo is not None else None


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")
