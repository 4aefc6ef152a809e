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

from workers.adapters.audit_log import GENESIS, AuditLog, Signed
from workers.adapters.job_queue import JobQueue
from workers.domain.errors import StoreAway, StoreUnsure, UnknownRevocation, UnreadableRecord
from workers.domain.revocation import Revocation
from workers.ports import Change, Decide

logger = logging.getLogger(__name__)

OPEN = "revoke:open"
ENDED = "revoke:ended"
DUE = "revoke:due"
UNTOLD = "revoke:untold"
CARDS = "revoke:cards"
SLACK_PAUSE = "revoke:slack-pause"

LOCK_LIFE = timedelta(seconds=10)
"""How long a lock outlives its holder. Longer than any one AWS call; short, so that a killed worker costs seconds."""

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


def _log_key(revocation_id: str) -> str:
    return f"revoke:log:{revocation_id}"


def _about_key(slack_id: str) -> str:
    return f"revoke:about:{slack_id}"


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
    ) -> None:
        self._redis: Commands = redis
        self._log, self._queue, self._next_due = log, queue, next_due
        self._told = redis.register_script(_TOLD)
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
        with _store_away():
            ids = sorted(_text(member) for member in self._redis.smembers(OPEN))
        return self._many(ids)

    def about(self, slack_id: str) -> list[Revocation]:
        with _store_away():
            ids = sorted(_text(member) for member in self._redis.smembers(_about_key(slack_id)))
        return self._many(ids)

    def ended(self, limit: int) -> list[Revocation]:
        with _store_away():
            ids = self._redis.zrevrange(ENDED, 0, limit - 1)
        return self._many([_text(member) for member in ids])

    def due(self, now: datetime) -> list[str]:
        with _store_away():
            return [_text(m) for m in self._redis.zrangebyscore(DUE, "-inf", _milliseconds(now))]

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
        with _store_away():
            ids = sorted(_text(member) for member in self._redis.smembers(OPEN))
        found = {revocation.id for revocation in self._many(ids)}
        return [revocation_id for revocation_id in ids if revocation_id not in found]

    def untold(self) -> list[str]:
        with _store_away():
            if self._redis.exists(SLACK_PAUSE):
                return []
            return [_text(member) for member in self._redis.zrange(UNTOLD, 0, -1)]

    def shown(self, revocation: Revocation) -> None:
        with _store_away():
            self._told(keys=[UNTOLD], args=[revocation.id, revocation.seq])

    def card_shows(self, revocation_id: str, digest: str, *, again_in: timedelta) -> None:
        with _store_away():
            self._redis.hset(CARDS, revocation_id, digest)
            self._redis.set(f"revoke:paced:{revocation_id}", 1, px=again_in)

    def card_digest(self, revocation_id: str) -> str | None:
        with _store_away():
            digest = self._redis.hget(CARDS, revocation_id)
        return digest.decode() if digest else None

    def card_paced(self, revocation_id: str) -> bool:
        with _store_away():
            return bool(self._redis.exists(f"revoke:paced:{revocation_id}"))

    def postpone(self, revocation_id: str, wait: timedelta) -> None:
        with _store_away():
            self._redis.set(f"revoke:postponed:{revocation_id}", 1, px=wait)

    def postponed(self, revocation_id: str) -> bool:
        with _store_away():
            return bool(self._redis.exists(f"revoke:postponed:{revocation_id}"))

    def pause_slack(self, seconds: float) -> None:
        with _store_away():
            self._redis.set(SLACK_PAUSE, 1, px=max(1, int(seconds * 1000)))

    def first_sight(self, key: str, remember: timedelta) -> bool:
        with _store_away():
            return bool(self._redis.set(f"revoke:seen:{key}", 1, nx=True, px=remember))

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
            mine = lock.acquire()
        try:
            yield OwnedLock(lock) if mine else None
        finally:
            if mine:
                self._release(lock)

    def mark(self, name: str) -> None:
        with _store_away():
            self._redis.hset("revoke:marks", name, _milliseconds(_time(self._redis)))

    def unmark(self, name: str) -> None:
        with _store_away():
            self._redis.hdel("revoke:marks", name)

    def marked(self, name: str) -> datetime | None:
        with _store_away():
            value = self._redis.hget("revoke:marks", name)
        return datetime.fromtimestamp(int(value) / 1000, UTC) if value else None

    def log(self, revocation_id: str) -> list[dict[str, Any]]:
        with _store_away():
            entries = self._redis.xrange(_log_key(revocation_id))
        return self._log.verified([_signed(fields) for _, fields in entries], revocation_id)

    def _record(self, last: Last, revocation_id: str) -> Revocation:
        """The record of the log's last entry, which must also be the last in number: none was put back."""
        record = self._log.record(last.entry, revocation_id)
        if record.seq != last.length:
            raise UnreadableRecord(
                f"{revocation_id}: its log has {last.length} entries, and the last says {record.seq}."
            )
        return record

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
        _execute(pipe)
        logger.info(
            change.event,
            extra={"revocation_id": revocation.id, "seq": revocation.seq, "state": revocation.state.value},
        )
        return revocation

    def _index(self, pipe: Pipeline, revocation: Revocation, now: datetime) -> None:
        slack_id = revocation.target.slack_id
        if slack_id is not None:
            (pipe.srem if revocation.ended else pipe.sadd)(_about_key(slack_id), revocation.id)
        if revocation.ended:
            pipe.srem(OPEN, revocation.id)
            pipe.zadd(ENDED, {revocation.id: _milliseconds(now)})
        else:
            pipe.sadd(OPEN, revocation.id)
        due = self._next_due(revocation)
        if due is None:
            pipe.zrem(DUE, revocation.id)
        else:
            pipe.zadd(DUE, {revocation.id: _milliseconds(due)})
        pipe.zadd(UNTOLD, {revocation.id: revocation.seq})


def _numbered(revocation: Revocation) -> Revocation:
    return replace(revocation, seq=revocation.seq + 1)


def _execute(pipe: Pipeline) -> None:
    """Raises StoreUnsure where Redis may have done it and did not answer in time."""
    try:
        pipe.execute()
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise StoreUnsure("Redis did not answer in time; it is not sure whether it was recorded.") from error


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
