"""Records of one kind in Redis. Each is one stream of signed entries; the last entry is the record."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError, WatchError
from redis.exceptions import TimeoutError as RedisTimeoutError

from workers.adapters import redis_journal as journal
from workers.adapters.audit_log import GENESIS, AuditLog, Signed
from workers.adapters.job_queue import JobQueue
from workers.domain.audit_entry import Line
from workers.domain.errors import StoreAway, StoreUnsure, UnknownRevocation, UnreadableRecord
from workers.ports import AuditSink, ChangeOf, DecideOf, Record

logger = logging.getLogger(__name__)

CARDS = "revoke:cards"
SLACK_PAUSE = "revoke:slack-pause"
MARKS = "revoke:marks"
FIGURES = "revoke:figures"

_TYPES = {CARDS: "hash", MARKS: "hash", FIGURES: "hash", journal.JOURNAL: "stream", journal.HEADS: "hash"}
"""Nothing in these, nor in a shelf's own, is signed: they say where to look, and a wrong one is made anew."""

LONGEST_PAUSE = timedelta(minutes=5)
"""A pause, a pace or a lock that claims to last longer is not one of ours."""

_APPENDED_SINCE = 32

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_TOLD = """
local behind = redis.call('ZSCORE', KEYS[1], ARGV[1])
if behind and tonumber(behind) <= tonumber(ARGV[2]) then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
"""

Commands = Any
"""A client or a pipeline: redis-py types answers as a union that fits no single command."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Shelf(Generic[R]):
    """Where the records of one kind stand: how their ids begin, and the keys that say where to look."""

    kind: type[R]
    what: str
    """The kind's name for people."""
    prefix: str
    at: str
    """How the keys that say where to look begin."""

    @property
    def open(self) -> str:
        return f"{self.at}:open"

    @property
    def ended(self) -> str:
        return f"{self.at}:ended"

    @property
    def due(self) -> str:
        return f"{self.at}:due"

    @property
    def untold(self) -> str:
        return f"{self.at}:untold"

    @property
    def id_name(self) -> str:
        return f"{self.what}_id"


_MOST_KEPT = 1000
"""Records that a process keeps as it read them last."""


def log_key(record_id: str) -> str:
    return f"revoke:log:{record_id}"


def milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)


@contextmanager
def store_away() -> Iterator[None]:
    try:
        yield
    except WatchError:
        raise
    except RedisError as error:
        raise StoreAway("Redis, where the records are, could not be reached.") from error


@dataclass(frozen=True)
class Last:
    """A log's last entry, and how many the log has."""

    entry: Signed
    length: int


class RedisRecords(Generic[R]):
    """See `workers.ports.Records`. Safe to share between threads."""

    def __init__(
        self,
        redis: Redis,
        log: AuditLog,
        queue: JobQueue,
        next_due: Callable[[R], datetime | None],
        sink: AuditSink | None = None,
        *,
        shelf: Shelf[R],
    ) -> None:
        """`sink`: where each entry goes too. None, for whoever only reads: then nobody can be taken off."""
        self._redis: Commands = redis
        self._sink, self._sunk = sink, dict[str, str]()
        self._log, self._queue, self._next_due, self._shelf = log, queue, next_due, shelf
        self._told = redis.register_script(_TOLD)
        self._complained: set[str] = set()
        self._read: dict[str, R] = {}

    def now(self) -> datetime:
        with store_away():
            return time_of(self._redis)

    def create(self, decide: Callable[[str, datetime], ChangeOf[R]]) -> R:
        while True:
            fresh = self._shelf.prefix + "".join(secrets.choice(_ALPHABET) for _ in range(6))
            made = self._append(fresh, lambda _, now, fresh=fresh: decide(fresh, now), new=True)  # type: ignore[misc]
            if made is not None:
                return made

    def get(self, record_id: str) -> R:
        with store_away():
            found = last_of(self._redis, record_id)
        if found is None:
            raise UnknownRevocation(
                f"There is no {self._shelf.what} {record_id}. `/revoke list` shows the open ones."
            )
        return self._record(found, record_id)

    def change(self, record_id: str, decide: DecideOf[R]) -> R | None:
        def from_record(last: Last | None, now: datetime) -> ChangeOf[R] | None:
            if last is None:
                raise UnknownRevocation(f"There is no {self._shelf.what} {record_id}.")
            return decide(self._record(last, record_id), now)

        return self._append(record_id, from_record, new=False)

    def open(self) -> list[R]:
        return self._many(self._open_ids())

    def _open_ids(self) -> list[str]:
        return sorted(
            text_of(member) for member in self._indexed(lambda: self._redis.smembers(self._shelf.open))
        )

    def ended(self, limit: int) -> list[R]:
        ids = self._indexed(lambda: self._redis.zrevrange(self._shelf.ended, 0, limit - 1))
        return self._many([text_of(member) for member in ids])

    def ended_since(self, since: datetime) -> list[R]:
        ids = self._indexed(
            lambda: self._redis.zrevrangebyscore(self._shelf.ended, "+inf", milliseconds(since))
        )
        return self._many([text_of(member) for member in ids])

    def due(self, now: datetime) -> list[str]:
        due = self._indexed(lambda: self._redis.zrangebyscore(self._shelf.due, "-inf", milliseconds(now)))
        return [text_of(member) for member in due]

    def unreadable(self) -> list[str]:
        ids = self._open_ids()
        found = {record.id for record in self._many(ids)}
        return [record_id for record_id in ids if record_id not in found]

    def untold(self) -> list[str]:
        if self._lasts(SLACK_PAUSE):
            return []
        return [
            text_of(member) for member in self._indexed(lambda: self._redis.zrange(self._shelf.untold, 0, -1))
        ]

    def behind(self, record: R) -> None:
        self._indexed(lambda: self._redis.zadd(self._shelf.untold, {record.id: record.seq}, gt=True))

    def shown(self, record: R) -> None:
        self._indexed(lambda: self._told(keys=[self._shelf.untold], args=[record.id, record.seq]))

    def card_shows(self, record_id: str, digest: str, *, again_in: timedelta) -> None:
        self._indexed(lambda: self._redis.hset(CARDS, record_id, digest))
        with store_away():
            self._redis.set(f"revoke:paced:{record_id}", 1, px=again_in)

    def card_digest(self, record_id: str) -> str | None:
        digest = self._indexed(lambda: self._redis.hget(CARDS, record_id))
        return text_of(digest) if digest else None

    def card_paced(self, record_id: str) -> bool:
        return self._lasts(f"revoke:paced:{record_id}")

    def postpone(self, record_id: str, wait: timedelta) -> None:
        with store_away():
            self._redis.set(f"revoke:postponed:{record_id}", 1, px=wait)

    def postponed(self, record_id: str) -> bool:
        return self._lasts(f"revoke:postponed:{record_id}")

    def log(self, record_id: str) -> list[dict[str, Any]]:
        with store_away():
            entries = self._redis.xrange(log_key(record_id))
        return self._log.verified([_signed(fields) for _, fields in entries], record_id)

    def leads_on(self, record: R, seq: int, mac: str) -> bool:
        count = record.seq - seq + 1
        with store_away():
            # A few more than asked for: somebody may have appended since the record was read.
            newest = self._redis.xrevrange(log_key(record.id), count=count + _APPENDED_SINCE)
        entries = [_signed(fields) for _, fields in reversed(newest)]
        ends = [n for n, entry in enumerate(entries) if entry.mac == record.mac]
        between = entries[max(0, ends[0] - count + 1) : ends[0] + 1] if ends else []
        whole = len(between) == count and between[0].mac == mac
        return whole and self._log.leads_on(between, record.id)

    def on_both(self, record_id: str) -> bool:
        with store_away():
            last = last_of(self._redis, record_id)
        if last is None:
            return False
        self._record(last, record_id)
        if self._sunk.get(record_id) == last.entry.mac:
            return True
        return self._second(record_id, last.entry, None)

    def _record(self, last: Last, record_id: str) -> R:
        """The record of the log's last entry, which must also be the last in number: none was put back."""
        record = self._verified(last.entry, record_id)
        if record.seq != last.length:
            raise UnreadableRecord(
                f"{record_id}: its log has {last.length} entries, and the last says {record.seq}."
            )
        return record

    def _verified(self, entry: Signed, record_id: str) -> R:
        """Its signature is checked each time; it is read anew only where it is another one than was read last.

        The passes read all, every second.
        """
        kept = self._read.get(record_id)
        if kept is not None and kept.mac == entry.mac and self._log.is_ours(entry.text, entry.mac):
            return kept
        record = self._log.record(entry, record_id, self._shelf.kind)
        if len(self._read) >= _MOST_KEPT:
            self._read.clear()
        self._read[record_id] = record
        return record

    def reindex(self, longest_wait: timedelta, *, ended_too: bool) -> None:
        with store_away():
            keys = self._redis.scan_iter(match=log_key(f"{self._shelf.prefix}*"), count=1000)
            logs = {text_of(key).removeprefix(log_key("")) for key in keys}
        known, ended = set(self._open_ids()), set[str]()
        if not ended_too:
            ended = {
                text_of(member)
                for member in self._indexed(lambda: self._redis.zrange(self._shelf.ended, 0, -1))
            }
        for record in self._many(sorted((logs - ended) | known)):
            if not record.ended:
                self._reindexed(record, longest_wait, found=record.id in known)

    def _reindexed(self, record: R, longest_wait: timedelta, *, found: bool) -> None:
        """Put back what is missing, or was put off beyond what we ever do."""
        if not found:
            logger.error("open_record_was_hidden", extra={self._shelf.id_name: record.id})
        due, latest = self._next_due(record), self.now() + longest_wait
        with store_away(), self._redis.pipeline() as pipe:
            pipe.sadd(self._shelf.open, record.id)
            self._point_to(pipe, record)
            if due is not None:
                pipe.zadd(self._shelf.due, {record.id: milliseconds(due)}, nx=True)
                pipe.zadd(self._shelf.due, {record.id: milliseconds(max(due, latest))}, lt=True)
            if any(not note.alarm for note in record.notes):
                pipe.zadd(self._shelf.untold, {record.id: record.seq}, nx=True)
            pipe.execute()

    def _indexed(self, use: Callable[[], Any]) -> Any:
        """What is not signed may have been made anything, and then it is made anew: it must stop nobody."""
        with store_away():
            try:
                return use()
            except ResponseError as error:
                if "WRONGTYPE" not in str(error):
                    raise
                self._mend_indexes()
                return use()

    def _types(self) -> dict[str, str]:
        shelf = self._shelf
        return {shelf.open: "set", shelf.ended: "zset", shelf.due: "zset", shelf.untold: "zset", **_TYPES}

    def _point_to(self, pipe: Pipeline, record: R) -> None:
        """Whatever else leads to the record; nothing does, of most kinds."""

    def _mend_indexes(self) -> None:
        for key, kind in self._types().items():
            if text_of(self._redis.type(key)) not in (kind, "none"):
                logger.error("index_of_a_wrong_type", extra={"key": key})
                self._redis.delete(key)

    def _lasts(self, key: str) -> bool:
        """Whether a pause goes on; one that would never end, or last for hours, is not ours."""
        with store_away():
            left = int(self._redis.pttl(key))
        return 0 < left <= LONGEST_PAUSE.total_seconds() * 1000

    def _many(self, ids: list[str]) -> list[R]:
        with store_away(), self._redis.pipeline(transaction=False) as pipe:
            for record_id in ids:
                pipe.xinfo_stream(log_key(record_id))
            answers = pipe.execute(raise_on_error=False)
        found = (self._readable(i, answer) for i, answer in zip(ids, answers, strict=True))
        return [record for record in found if record is not None]

    def _readable(self, record_id: str, answer: Any) -> R | None:
        try:
            if isinstance(answer, Exception):
                raise UnreadableRecord(f"{record_id}: its log is missing, or no stream.")
            last = _of_stream(answer)
            return self._record(last, record_id) if last else None
        except UnreadableRecord as error:
            if record_id not in self._complained:
                self._complained.add(record_id)
                logger.error("record_unreadable", extra={self._shelf.id_name: record_id, "cause": str(error)})
            return None

    def _append(
        self, record_id: str, decide: Callable[[Last | None, datetime], ChangeOf[R] | None], *, new: bool
    ) -> R | None:
        """One entry by compare-and-set; None where nothing is to be done, or the new id is taken."""
        while True:
            with store_away(), self._redis.pipeline() as pipe:
                pipe.watch(log_key(record_id))
                before = last_of(pipe, record_id)
                if new and before is not None:
                    return None
                now = time_of(pipe)
                change = decide(before, now)
                if change is None:
                    return None
                try:
                    return self._write(pipe, before, change, now)
                except WatchError:
                    continue

    def _write(self, pipe: Pipeline, before: Last | None, change: ChangeOf[R], now: datetime) -> R:
        record: R = _replaced(change.record, seq=change.record.seq + 1)
        entry = self._log.entry(
            before.entry if before else GENESIS,
            record,
            change.event,
            change.actor,
            dict(change.detail),
            now,
        )
        pipe.multi()
        pipe.xadd(log_key(record.id), {"e": entry.text, "m": entry.mac})
        self._index(pipe, record, now)
        for wake in change.wakes:
            self._queue.put(pipe, wake, record.id)
        journal.add(pipe, record.id, record.seq, entry.mac)
        try:
            n = self._execute(pipe, record, now)
        except StoreUnsure:
            self._second(record.id, entry, None, unsure=True)
            raise
        self._second(record.id, entry, n)
        record = _replaced(record, mac=entry.mac)
        logger.info(
            change.event,
            extra={self._shelf.id_name: record.id, "seq": record.seq, "state": record.state.value},
        )
        return record

    def _second(self, record_id: str, entry: Signed, n: int | None, *, unsure: bool = False) -> bool:
        """Hand the entry to the second sink; whether that took it. Stops nothing."""
        line = Line(text=entry.text, mac=entry.mac, n=n, unsure=unsure)
        if self._sink is None or not self._sink.take(line):
            self._sunk.pop(record_id, None)
            return False
        self._sunk[record_id] = "" if unsure else entry.mac
        return True

    def _execute(self, pipe: Pipeline, record: R, now: datetime) -> int | None:
        """The entry's place in the journal; None where the journal took none.

        Raises StoreUnsure where Redis may have done it and did not answer in time, UnreadableRecord where the log
        takes no entry. Where an index, a queue or the journal was made something else, the entry is recorded all the same.
        """
        try:
            return int(pipe.execute()[-1])
        except (RedisConnectionError, RedisTimeoutError) as error:
            raise StoreUnsure(
                "Redis did not answer in time; it is not sure whether it was recorded."
            ) from error
        except ResponseError as error:
            if f"(XADD {journal.JOURNAL} " in str(error) or f"(HSET {journal.HEADS} " in str(error):
                logger.error(
                    "journal_not_written", extra={self._shelf.id_name: record.id, "cause": str(error)}
                )
                self._mend_indexes()
                return None
            if "(XADD " in str(error):
                raise UnreadableRecord(f"{record.id}: Redis takes no further entry into its log.") from error
            if "WRONGTYPE" not in str(error):
                raise
            logger.error("index_not_written", extra={self._shelf.id_name: record.id, "cause": str(error)})
            self._mend_indexes()
            with self._redis.pipeline() as again:
                self._index(again, record, now)
                again.execute(raise_on_error=False)
            return None

    def _index(self, pipe: Pipeline, record: R, now: datetime) -> None:
        self._point_to(pipe, record)
        if record.ended:
            pipe.srem(self._shelf.open, record.id)
            pipe.zadd(self._shelf.ended, {record.id: milliseconds(now)})
        else:
            pipe.sadd(self._shelf.open, record.id)
            pipe.zrem(self._shelf.ended, record.id)
        due = self._next_due(record)
        if due is None:
            pipe.zrem(self._shelf.due, record.id)
        else:
            pipe.zadd(self._shelf.due, {record.id: milliseconds(due)})
        pipe.zadd(self._shelf.untold, {record.id: record.seq})


def _replaced(record: Any, **changes: Any) -> Any:
    return replace(record, **changes)


def time_of(redis: Commands) -> datetime:
    seconds, microseconds = redis.time()
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)


def last_of(redis: Commands, record_id: str) -> Last | None:
    """Last entry and length in one command: two would see different lengths while somebody appends."""
    try:
        return _of_stream(redis.xinfo_stream(log_key(record_id)))
    except ResponseError as error:
        if "no such key" in str(error):
            return None
        raise UnreadableRecord(f"{record_id}: its log is no stream.") from error


def _of_stream(info: dict[str, Any]) -> Last | None:
    entry = info["last-entry"]
    return Last(_signed(entry[1]), int(info["length"])) if entry else None


def text_of(member: bytes) -> str:
    return member.decode(errors="replace")


def _signed(fields: dict[bytes, bytes]) -> Signed:
    return Signed(
        fields.get(b"e", b"").decode(errors="replace"), fields.get(b"m", b"").decode(errors="replace")
    )
