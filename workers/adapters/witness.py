"""What was seen of the records, in one small SQLite file beside the workers: who can write to Redis cannot reach it."""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from workers.domain.actor import Actor
from workers.domain.revocation import State
from workers.domain.witnessed import Seen
from workers.ports import Addition

logger = logging.getLogger(__name__)

FILE = "witness.db"

WAIT = 0.5
"""Seconds for another process's transaction. Each takes less than a millisecond, but a disk may stall."""

HASTE, HASTE_FOR = 0.01, 5.0
"""After it was waited for in vain: so many seconds for each use, for so long. One denial may need it many times."""

KEPT_FOR = timedelta(days=8)
"""Additions and what was told; longer than any cap looks back. What was seen of a revocation is kept for good."""

_TABLES = """
CREATE TABLE IF NOT EXISTS seen (
  revocation_id TEXT PRIMARY KEY, seq INTEGER NOT NULL, mac TEXT NOT NULL, state TEXT NOT NULL,
  user_id TEXT, slack_id TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS additions (
  revocation_id TEXT PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
  alone INTEGER NOT NULL, protected INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told (what TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
"""
_MOVE = """
UPDATE seen SET seq = ?, mac = ?, state = ?, user_id = ?, slack_id = ?
WHERE revocation_id = ? AND seq = ? AND mac = ? AND user_id IS ?
"""

T = TypeVar("T")


class FileWitness:
    """See `workers.ports.Witness`. Opened at the first use, so that a process that forks takes nothing along."""

    def __init__(self, directory: Path) -> None:
        self._directory, self._lock = directory, threading.Lock()
        self._file: sqlite3.Connection | None = None
        self._lasting = True
        self._rows: Mapping[str, Seen] = {}
        self._told: dict[str, datetime] = {}
        self._hasty_until = 0.0
        self._version: int | None = None
        """SQLite's mark of the file as it was when `_rows` was read; None: to be read again."""

    @property
    def lasting(self) -> bool:
        self.seen()
        return self._lasting

    def seen(self) -> Mapping[str, Seen]:
        return self._use(self._latest, self._rows)

    def moved(self, moves: Sequence[tuple[Seen | None, Seen]]) -> None:
        if moves:
            self._use(lambda file: self._move(file, moves), None)

    def adding(self, addition: Addition) -> None:
        by, at = addition.by, addition.at.timestamp()
        whose = (addition.revocation_id, at, by.kind, by.id, by.name)
        row = (*whose, addition.alone, addition.protected)
        self._use(
            lambda file: file.execute("INSERT OR IGNORE INTO additions VALUES (?,?,?,?,?,?,?)", row), None
        )

    def additions(self, since: datetime) -> list[Addition]:
        def found(file: sqlite3.Connection) -> list[Addition]:
            return [
                _addition(r)
                for r in file.execute("SELECT * FROM additions WHERE at >= ?", (since.timestamp(),))
            ]

        return self._use(found, [])

    def first_time(self, what: str, now: datetime, within: timedelta) -> bool:
        def first(file: sqlite3.Connection) -> bool:
            before = file.execute("SELECT at FROM told WHERE what = ?", (what,)).fetchone()
            if before is not None and abs(now.timestamp() - before[0]) < within.total_seconds():
                return False
            file.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (what, now.timestamp()))
            for table in ("additions", "told"):
                file.execute(f"DELETE FROM {table} WHERE at < ?", ((now - KEPT_FOR).timestamp(),))
            return True

        found = self._use(_in_one(first), None)
        return found is not False and self._first_here(what, now, within)

    def _first_here(self, what: str, now: datetime, within: timedelta) -> bool:
        """By what this process remembers: while the file is busy, each pass would tell everything again."""
        with self._lock:
            before = self._told.get(what)
            if before is not None and abs(now - before) < within:
                return False
            self._told = {one: at for one, at in self._told.items() if now - at < KEPT_FOR} | {what: now}
            return True

    def since(self, what: str, now: datetime) -> datetime:
        def first(file: sqlite3.Connection) -> datetime:
            file.execute("INSERT OR IGNORE INTO told VALUES (?, ?)", (what, now.timestamp()))
            (at,) = file.execute("SELECT at FROM told WHERE what = ?", (what,)).fetchone()
            return datetime.fromtimestamp(at, UTC)

        return self._use(_in_one(first), now)

    def over(self, what: str) -> None:
        self._told.pop(what, None)
        self._use(lambda file: file.execute("DELETE FROM told WHERE what = ?", (what,)), None)

    def _latest(self, file: sqlite3.Connection) -> Mapping[str, Seen]:
        (version,) = file.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._rows = {row[0]: _seen(row) for row in file.execute("SELECT * FROM seen")}
            self._version = version
        return self._rows

    def _move(self, file: sqlite3.Connection, moves: Sequence[tuple[Seen | None, Seen]]) -> None:
        one = _in_one(lambda file: [_moved(file, before, now) for before, now in moves])
        done = {now.revocation_id: now for (_, now), took in zip(moves, one(file), strict=True) if took}
        self._rows = {**self._rows, **done}
        if len(done) < len(moves):
            self._version = None

    def _use(self, do: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What `do` finds. Where the file is busy, `otherwise`; where it cannot be used at all, memory takes over."""
        with self._lock:
            try:
                return do(self._opened())
            except (sqlite3.Error, OSError) as error:
                if "locked" in str(error):
                    self._lose_patience()
                    return otherwise
                self._remember_alone(error)
            try:
                return do(self._opened())
            except sqlite3.Error:
                logger.exception("witness_broke")
                return otherwise

    def _lose_patience(self) -> None:
        if not self._hasty:
            logger.warning("witness_busy")
            self._hasty_until = time.monotonic() + HASTE_FOR

    @property
    def _hasty(self) -> bool:
        return time.monotonic() < self._hasty_until

    def _opened(self) -> sqlite3.Connection:
        wait = HASTE if self._hasty else WAIT
        if self._file is None:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._directory / FILE
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._file = _connected(str(path), wait)
        self._file.execute(f"PRAGMA busy_timeout = {int(wait * 1000)}")
        return self._file

    def _remember_alone(self, cause: Exception) -> None:
        """From now on in memory: only this process remembers, and only while it lives."""
        logger.error("witness_in_memory", extra={"cause": f"{type(cause).__name__}: {cause}"})
        self._file, self._lasting, self._version = _connected(":memory:", WAIT), False, None
        self._file.executemany("INSERT INTO seen VALUES (?,?,?,?,?,?)", map(_row, self._rows.values()))


def _connected(path: str, wait: float) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
    file.execute("PRAGMA journal_mode=WAL")
    file.execute("PRAGMA synchronous=NORMAL")
    file.executescript(_TABLES)
    return file


def _in_one(do: Callable[[sqlite3.Connection], T]) -> Callable[[sqlite3.Connection], T]:
    """`do` as one transaction."""

    def done(file: sqlite3.Connection) -> T:
        file.execute("BEGIN IMMEDIATE")
        with file:
            return do(file)

    return done


def _moved(file: sqlite3.Connection, before: Seen | None, now: Seen) -> bool:
    """False where something else is remembered by now: nothing was changed."""
    if before is None:
        return file.execute("INSERT OR IGNORE INTO seen VALUES (?,?,?,?,?,?)", _row(now)).rowcount == 1
    was = (before.revocation_id, before.seq, before.mac, before.user_id)
    return file.execute(_MOVE, (*_row(now)[1:], *was)).rowcount == 1


def _row(seen: Seen) -> tuple[Any, ...]:
    return (seen.revocation_id, seen.seq, seen.mac, seen.state.value, seen.user_id, seen.slack_id)


def _seen(row: Sequence[Any]) -> Seen:
    known = row[3] in frozenset(State)  # a newer version may have written another
    state = State(row[3]) if known else State.CLOSED
    return Seen(revocation_id=row[0], seq=row[1], mac=row[2], state=state, user_id=row[4], slack_id=row[5])


def _addition(row: Sequence[Any]) -> Addition:
    return Addition(
        revocation_id=row[0],
        at=datetime.fromtimestamp(row[1], UTC),
        by=Actor(kind=row[2], id=row[3], name=row[4]),
        alone=bool(row[5]),
        protected=bool(row[6]),
    )
