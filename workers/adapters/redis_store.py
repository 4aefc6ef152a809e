"""The records in Redis. Each revocation is one stream of signed entries; the last entry is the record."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import LockError, RedisError, ResponseError, WatchError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.lock import Lock as RedisLock

from workers.adapters import redis_journal as journal
from workers.adapters.audit_log import GENESIS, AuditLog, Signed
from workers.adapters.job_queue import JobQueue
from workers.domain.actor import Actor
from workers.domain.audit import Digest
from workers.domain.audit_entry import Line
from workers.domain.errors import StoreAway, StoreUnsure, UnknownRevocation, UnreadableRecord
from workers.domain.revocation import Revocation
from workers.domain.same_person import is_target, names_of, names_of_target
from workers.ports import AuditSink, Change, Decide

logger = logging.getLogger(__name__)

OPEN = "revoke:open"
ENDED = "revoke:ended"
DUE = "revoke:due"
UNTOLD = "revoke:untold"
CARDS = "revoke:cards"
SLACK_PAUSE = "revoke:slack-pause"
MARKS = "revoke:marks"

_TYPES = {
    **{OPEN: "set", ENDED: "zset", DUE: "zset", UNTOLD: "zset", CARDS: "hash", MARKS: "hash"},
    **{journal.JOURNAL: "stream", journal.HEADS: "hash"},
}
"""Nothing in these is signed: they say where to look, and a wrong one is made anew."""

LONGEST_PAUSE = timedelta(minutes=5)
"""A pause, a pace or a lock that claims to last longer is not one of ours."""

LOCK_LIFE = timedelta(seconds=10)
"""How long a lock outlives its holder. Longer than any one AWS call; short, so that a killed worker costs seconds."""

_APPENDED_SINCE = 32

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

_TOLD = """
local behind = redis.call('ZSCORE', KEYS[1], ARGV[1])
if behind and tonumber(behind) <= tonumber(ARGV[2]) then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
"""

_FIRST = """
local left = redis.call('PTTL', KEYS[1])
local ours = redis.pcall('GET', KEYS[1]) == ARGV[2]
if left >= 0 and left <= tonumber(ARGV[1]) and not ours then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
return 1
"""
"""What is never forgotten was not put there by us."""

_UNLOCKED = """
local left = redis.call('PTTL', KEYS[1])
if left == -1 or left > tonumber(ARGV[1]) then return redis.call('DEL', KEYS[1]) end
return 0
"""

Commands = Any
"""A client or a pipeline: redis-py types answers as a union that fits no single command."""


def _log_key(revocation_id: str) -> str:
    return f"revoke:log:{revocation_id}"


def _about_key(name: str) -> bytes:
    return f"revoke:about:{name}".encode(errors="replace")


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)


@contextmanager
def _store_away() -> Iterator[None]:
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


class OwnedLock:
    """A held lock that can be made to last."""

    def __init__(self, lock: RedisLock) -> None:
        self._lock = lock

    def extend(self) -> bool:
        """False where it is lost; raises StoreAway where that cannot be told."""
        with _store_away():
            try:
                return bool(self._lock.reacquire())
            except LockError:
                return False


class RedisStore:
    """See `workers.ports.RevocationStore`. Safe to share between threads."""

    def __init__(
        self,
        redis: Redis,
        log: AuditLog,
        queue: JobQueue,
        next_due: Callable[[Revocation], datetime | None],
        sink: AuditSink | None = None,
    ) -> None:
        """`sink`: where each entry goes too. None, for whoever only reads: then nobody can be taken off."""
        self._redis: Commands = redis
        self._sink, self._sunk = sink, dict[str, str]()
        self._log, self._queue, self._next_due = log, queue, next_due
        self._told = redis.register_script(_TOLD)
        self._first = redis.register_script(_FIRST)
        self._unlocked = redis.register_script(_UNLOCKED)
        self._complained: set[str] = set()

    def now(self) -> datetime:
        with _store_away():
            return _time(self._redis)

    def create(self, decide: Callable[[str, datetime], Change]) -> Revocation:
        while True:
            fresh = "R-" + "".join(secrets.choice(_ALPHABET) for _ in range(6))
            made = self._append(fresh, lambda _, now, fresh=fresh: decide(fresh, now), new=True)  # type: ignore[misc]
            if made is not None:
                return made

    def get(self, revocation_id: str) -> Revocation:
        with _store_away():
            found = _last(self._redis, revocation_id)
        if found is None:
            raise UnknownRevocation(
                f"There is no revocation {revocation_id}. `/revoke list` shows the open ones."
            )
        return self._record(found, revocation_id)

    def change(self, revocation_id: str, decide: Decide) -> Revocation | None:
        def from_record(last: Last | None, now: datetime) -> Change | None:
            if last is None:
                raise UnknownRevocation(f"There is no revocation {revocation_id}.")
            return decide(self._record(last, revocation_id), now)

        return self._append(revocation_id, from_record, new=False)

    def open(self) -> list[Revocation]:
        return self._many(self._open_ids())

    def _open_ids(self) -> list[str]:
        return sorted(_text(member) for member in self._indexed(lambda: self._redis.smembers(OPEN)))

    def about(self, actor: Actor) -> list[Revocation]:
        keys = sorted(map(_about_key, names_of(actor)))
        if not keys:
            return []
        try:
            with _store_away():
                ids = [_text(member) for member in self._redis.sunion(keys)]
        except StoreAway as away:
            if "WRONGTYPE" not in str(away.__cause__):
                raise
            return self._about_by_reading(actor, keys)
        return [record for record in self._many(sorted(ids)) if _is_about(record, actor)]

    def _about_by_reading(self, actor: Actor, keys: list[bytes]) -> list[Revocation]:
        """Whoever makes the index something else must neither shut a responder out nor let a denied one in."""
        found = [record for record in self.open() if _is_about(record, actor)]
        with _store_away(), self._redis.pipeline() as pipe:
            pipe.delete(*keys)
            for record in found:
                _point_to(pipe, record)
            pipe.execute()
        return found

    def ended(self, limit: int) -> list[Revocation]:
        ids = self._indexed(lambda: self._redis.zrevrange(ENDED, 0, limit - 1))
        return self._many([_text(member) for member in ids])

    def ended_since(self, since: datetime) -> list[Revocation]:
        ids = self._indexed(lambda: self._redis.zrevrangebyscore(ENDED, "+inf", _milliseconds(since)))
        return self._many([_text(member) for member in ids])

    def due(self, now: datetime) -> list[str]:
        due = self._indexed(lambda: self._redis.zrangebyscore(DUE, "-inf", _milliseconds(now)))
        return [_text(member) for member in due]

    def read_again(self, revocation_id: str, wait: timedelta) -> None:
        with _store_away(), self._redis.pipeline() as pipe:
            pipe.watch(_log_key(revocation_id))
            last = _last(pipe, revocation_id)
            if last is None:
                return
            read = replace(self._record(last, revocation_id), next_read_at=_time(pipe) + wait)
            due = self._next_due(read)
            pipe.multi()
            if due is not None:
                pipe.zadd(DUE, {revocation_id: _milliseconds(due)}, xx=True)
            with suppress(WatchError):  # whoever wrote meanwhile has set the time anew
                pipe.execute()

    def unreadable(self) -> list[str]:
        ids = self._open_ids()
        found = {revocation.id for revocation in self._many(ids)}
        return [revocation_id for revocation_id in ids if revocation_id not in found]

    def untold(self) -> list[str]:
        if self._lasts(SLACK_PAUSE):
            return []
        return [_text(member) for member in self._indexed(lambda: self._redis.zrange(UNTOLD, 0, -1))]

    def shown(self, revocation: Revocation) -> None:
        self._indexed(lambda: self._told(keys=[UNTOLD], args=[revocation.id, revocation.seq]))

    def card_shows(self, revocation_id: str, digest: str, *, again_in: timedelta) -> None:
        self._indexed(lambda: self._redis.hset(CARDS, revocation_id, digest))
        with _store_away():
            self._redis.set(f"revoke:paced:{revocation_id}", 1, px=again_in)

    def card_digest(self, revocation_id: str) -> str | None:
        digest = self._indexed(lambda: self._redis.hget(CARDS, revocation_id))
        return _text(digest) if digest else None

    def card_paced(self, revocation_id: str) -> bool:
        return self._lasts(f"revoke:paced:{revocation_id}")

    def postpone(self, revocation_id: str, wait: timedelta) -> None:
        with _store_away():
            self._redis.set(f"revoke:postponed:{revocation_id}", 1, px=wait)

    def postponed(self, revocation_id: str) -> bool:
        return self._lasts(f"revoke:postponed:{revocation_id}")

    def pause_slack(self, seconds: float) -> None:
        with _store_away():
            self._redis.set(SLACK_PAUSE, 1, px=max(1, int(seconds * 1000)))

    def first_sight(self, key: str, remember: timedelta) -> bool:
        """After a lost answer the client sends it again by itself: what is there may be our own."""
        arguments: list[int | str] = [int(remember.total_seconds() * 1000), secrets.token_hex(8)]
        with _store_away():
            return bool(self._first(keys=[f"revoke:seen:{key}"], args=arguments))

    @contextmanager
    def lock(self, name: str, *, wait: timedelta) -> Iterator[OwnedLock | None]:
        lock = self._redis.lock(
            f"revoke:lock:{name}",
            timeout=LOCK_LIFE.total_seconds(),
            sleep=0.02,
            blocking_timeout=wait.total_seconds(),
            thread_local=False,  # it may be kept alive by a thread beside the one that works
        )
        with _store_away():
            self._unlocked(keys=[f"revoke:lock:{name}"], args=[int(LOCK_LIFE.total_seconds() * 1000)])
            mine = lock.acquire()
        try:
            yield OwnedLock(lock) if mine else None
        finally:
            if mine:
                self._release(lock)

    def mark(self, name: str) -> None:
        self._indexed(lambda: self._redis.hset(MARKS, name, _milliseconds(_time(self._redis))))

    def unmark(self, name: str) -> None:
        self._indexed(lambda: self._redis.hdel(MARKS, name))

    def marked(self, name: str) -> datetime | None:
        value = self._indexed(lambda: self._redis.hget(MARKS, name))
        at = _marked_time(value) if value else None
        return at if at is not None and at <= self.now() else None

    def log(self, revocation_id: str) -> list[dict[str, Any]]:
        with _store_away():
            entries = self._redis.xrange(_log_key(revocation_id))
        return self._log.verified([_signed(fields) for _, fields in entries], revocation_id)

    def leads_on(self, revocation: Revocation, seq: int, mac: str) -> bool:
        count = revocation.seq - seq + 1
        with _store_away():
            # A few more than asked for: somebody may have appended since the record was read.
            newest = self._redis.xrevrange(_log_key(revocation.id), count=count + _APPENDED_SINCE)
        entries = [_signed(fields) for _, fields in reversed(newest)]
        ends = [n for n, entry in enumerate(entries) if entry.mac == revocation.mac]
        between = entries[max(0, ends[0] - count + 1) : ends[0] + 1] if ends else []
        whole = len(between) == count and between[0].mac == mac
        return whole and self._log.leads_on(between, revocation.id)

    def digest(self) -> Digest:
        with _store_away():
            return journal.digest(self._redis)

    def on_both(self, revocation_id: str) -> bool:
        with _store_away():
            last = _last(self._redis, revocation_id)
        if last is None:
            return False
        self._record(last, revocation_id)
        if self._sunk.get(revocation_id) == last.entry.mac:
            return True
        return self._second(revocation_id, last.entry, None)

    def _record(self, last: Last, revocation_id: str) -> Revocation:
        """The record of the log's last entry, which must also be the last in number: none was put back."""
        record = self._log.record(last.entry, revocation_id)
        if record.seq != last.length:
            raise UnreadableRecord(
                f"{revocation_id}: its log has {last.length} entries, and the last says {record.seq}."
            )
        return record

    def reindex(self, longest_wait: timedelta, *, ended_too: bool) -> None:
        with _store_away():
            keys = self._redis.scan_iter(match=_log_key("*"), count=1000)
            logs = {_text(key).removeprefix(_log_key("")) for key in keys}
        known, ended = set(self._open_ids()), set[str]()
        if not ended_too:
            ended = {_text(member) for member in self._indexed(lambda: self._redis.zrange(ENDED, 0, -1))}
        for record in self._many(sorted((logs - ended) | known)):
            if not record.ended:
                self._reindexed(record, longest_wait, found=record.id in known)

    def _reindexed(self, record: Revocation, longest_wait: timedelta, *, found: bool) -> None:
        """Put back what is missing, or was put off beyond what we ever do."""
        if not found:
            logger.error("open_record_was_hidden", extra={"revocation_id": record.id})
        due, latest = self._next_due(record), self.now() + longest_wait
        with _store_away(), self._redis.pipeline() as pipe:
            pipe.sadd(OPEN, record.id)
            _point_to(pipe, record)
            if due is not None:
                pipe.zadd(DUE, {record.id: _milliseconds(due)}, nx=True)
                pipe.zadd(DUE, {record.id: _milliseconds(max(due, latest))}, lt=True)
            if any(not note.alarm for note in record.notes):
                pipe.zadd(UNTOLD, {record.id: record.seq}, nx=True)
            pipe.execute()

    def _indexed(self, use: Callable[[], Any]) -> Any:
        """What is not signed may have been made anything, and then it is made anew: it must stop nobody."""
        with _store_away():
            try:
                return use()
            except ResponseError as error:
                if "WRONGTYPE" not in str(error):
                    raise
                self._mend_indexes()
                return use()

    def _mend_indexes(self) -> None:
        for key, kind in _TYPES.items():
            if _text(self._redis.type(key)) not in (kind, "none"):
                logger.error("index_of_a_wrong_type", extra={"key": key})
                self._redis.delete(key)

    def _lasts(self, key: str) -> bool:
        """Whether a pause goes on; one that would never end, or last for hours, is not ours."""
        with _store_away():
            left = int(self._redis.pttl(key))
        return 0 < left <= LONGEST_PAUSE.total_seconds() * 1000

    @staticmethod
    def _release(lock: RedisLock) -> None:
        try:
            lock.release()
        except (LockError, RedisError):
            logger.info("lock_was_lost", extra={"lock": lock.name})

    def _many(self, ids: list[str]) -> list[Revocation]:
        with _store_away(), self._redis.pipeline(transaction=False) as pipe:
            for revocation_id in ids:
                pipe.xinfo_stream(_log_key(revocation_id))
            answers = pipe.execute(raise_on_error=False)
        found = (self._readable(i, answer) for i, answer in zip(ids, answers, strict=True))
        return [revocation for revocation in found if revocation is not None]

    def _readable(self, revocation_id: str, answer: Any) -> Revocation | None:
        try:
            if isinstance(answer, Exception):
                raise UnreadableRecord(f"{revocation_id}: its log is missing, or no stream.")
            last = _of_stream(answer)
            return self._record(last, revocation_id) if last else None
        except UnreadableRecord as error:
            if revocation_id not in self._complained:
                self._complained.add(revocation_id)
                logger.error("record_unreadable", extra={"revocation_id": revocation_id, "cause": str(error)})
            return None

    def _append(
        self, revocation_id: str, decide: Callable[[Last | None, datetime], Change | None], *, new: bool
    ) -> Revocation | None:
        """One entry by compare-and-set; None where nothing is to be done, or the new id is taken."""
        while True:
            with _store_away(), self._redis.pipeline() as pipe:
                pipe.watch(_log_key(revocation_id))
                before = _last(pipe, revocation_id)
                if new and before is not None:
                    return None
                now = _time(pipe)
                change = decide(before, now)
                if change is None:
                    return None
                try:
                    return self._write(pipe, before, change, now)
                except WatchError:
                    continue

    def _write(self, pipe: Pipeline, before: Last | None, change: Change, now: datetime) -> Revocation:
        revocation = _numbered(change.revocation)
        entry = self._log.entry(
            before.entry if before else GENESIS,
            revocation,
            change.event,
            change.actor,
            dict(change.detail),
            now,
        )
        pipe.multi()
        pipe.xadd(_log_key(revocation.id), {"e": entry.text, "m": entry.mac})
        self._index(pipe, revocation, now)
        for wake in change.wakes:
            self._queue.put(pipe, wake, revocation.id)
        journal.add(pipe, revocation.id, revocation.seq, entry.mac)
        try:
            n = self._execute(pipe, revocation, now)
        except StoreUnsure:
            self._second(revocation.id, entry, None, unsure=True)
            raise
        self._second(revocation.id, entry, n)
        revocation = replace(revocation, mac=entry.mac)
        logger.info(
            change.event,
            extra={"revocation_id": revocation.id, "seq": revocation.seq, "state": revocation.state.value},
        )
        return revocation

    def _second(self, revocation_id: str, entry: Signed, n: int | None, *, unsure: bool = False) -> bool:
        """Hand the entry to the second sink; whether that took it. Stops nothing."""
        line = Line(text=entry.text, mac=entry.mac, n=n, unsure=unsure)
        if self._sink is None or not self._sink.take(line):
            self._sunk.pop(revocation_id, None)
            return False
        self._sunk[revocation_id] = "" if unsure else entry.mac
        return True

    def _execute(self, pipe: Pipeline, revocation: Revocation, now: datetime) -> int | None:
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
                    "journal_not_written", extra={"revocation_id": revocation.id, "cause": str(error)}
                )
                self._mend_indexes()
                return None
            if "(XADD " in str(error):
                raise UnreadableRecord(
                    f"{revocation.id}: Redis takes no further entry into its log."
                ) from error
            if "WRONGTYPE" not in str(error):
                raise
            logger.error("index_not_written", extra={"revocation_id": revocation.id, "cause": str(error)})
            self._mend_indexes()
            with self._redis.pipeline() as again:
                self._index(again, revocation, now)
                again.execute(raise_on_error=False)
            return None

    def _index(self, pipe: Pipeline, revocation: Revocation, now: datetime) -> None:
        _point_to(pipe, revocation)
        if revocation.ended:
            pipe.srem(OPEN, revocation.id)
            pipe.zadd(ENDED, {revocation.id: _milliseconds(now)})
        else:
            pipe.sadd(OPEN, revocation.id)
            pipe.zrem(ENDED, revocation.id)
        due = self._next_due(revocation)
        if due is None:
            pipe.zrem(DUE, revocation.id)
        else:
            pipe.zadd(DUE, {revocation.id: _milliseconds(due)})
        pipe.zadd(UNTOLD, {revocation.id: revocation.seq})


def _point_to(pipe: Pipeline, revocation: Revocation) -> None:
    """Whom it is about, by every name, as long as it is open."""
    for name in sorted(names_of_target(revocation)):
        (pipe.srem if revocation.ended else pipe.sadd)(_about_key(name), revocation.id)


def _is_about(revocation: Revocation, actor: Actor) -> bool:
    return not revocation.ended and is_target(actor, revocation)


def _numbered(revocation: Revocation) -> Revocation:
    return replace(revocation, seq=revocation.seq + 1)


def _marked_time(value: bytes) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _time(redis: Commands) -> datetime:
    seconds, microseconds = redis.time()
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)


def _last(redis: Commands, revocation_id: str) -> Last | None:
    """Last entry and length in one command: two would see different lengths while somebody appends."""
    try:
        return _of_stream(redis.xinfo_stream(_log_key(revocation_id)))
    except ResponseError as error:
        if "no such key" in str(error):
            return None
        raise UnreadableRecord(f"{revocation_id}: its log is no stream.") from error


def _of_stream(info: dict[str, Any]) -> Last | None:
    entry = info["last-entry"]
    return Last(_signed(entry[1]), int(info["length"])) if entry else None


def _text(member: bytes) -> str:
    return member.decode(errors="replace")


def _signed(fields: dict[bytes, bytes]) -> Signed:
    return Signed(
        fields.get(b"e", b"").decode(errors="replace"), fields.get(b"m", b"").decode(errors="replace")
    )
