"""The revocations in Redis, and what all processes share beside them: the clock, locks, marks, pauses."""

import json
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import LockError, RedisError, WatchError
from redis.lock import Lock as RedisLock

from workers.adapters import redis_journal as journal
from workers.adapters.audit_log import AuditLog
from workers.adapters.job_queue import JobQueue
from workers.adapters.redis_records import (
    FIGURES,
    MARKS,
    SLACK_PAUSE,
    RedisRecords,
    Shelf,
    last_of,
    log_key,
    milliseconds,
    store_away,
    text_of,
    time_of,
)
from workers.domain.actor import Actor
from workers.domain.audit import Digest
from workers.domain.errors import StoreAway
from workers.domain.handoff import Handoff, handoff_due
from workers.domain.lookup import Lookup, lookup_due
from workers.domain.revocation import Revocation
from workers.domain.same_person import is_target, names_of, names_of_target
from workers.ports import AuditSink, Figure

logger = logging.getLogger(__name__)

REVOCATIONS = Shelf(kind=Revocation, what="revocation", prefix="R-", at="revoke")

HANDOFFS = Shelf(kind=Handoff, what="handoff", prefix="H-", at="revoke:handoffs")

LOOKUPS = Shelf(kind=Lookup, what="lookup", prefix="L-", at="revoke:lookups")

LOCK_LIFE = timedelta(seconds=10)
"""How long a lock outlives its holder. Longer than any one AWS call; short, so that a killed worker costs seconds."""

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


_LONGEST_FIGURE = 9
"""Digits. What is longer was not put there by us."""


def _about_key(name: str) -> bytes:
    return f"revoke:about:{name}".encode(errors="replace")


class OwnedLock:
    """A held lock that can be made to last."""

    def __init__(self, lock: RedisLock) -> None:
        self._lock = lock

    def extend(self) -> bool:
        """False where it is lost; raises StoreAway where that cannot be told."""
        with store_away():
            try:
                return bool(self._lock.reacquire())
            except LockError:
                return False


class RedisStore(RedisRecords[Revocation]):
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
        super().__init__(redis, log, queue, next_due, sink, shelf=REVOCATIONS)
        self._first = redis.register_script(_FIRST)
        self._unlocked = redis.register_script(_UNLOCKED)

    def about(self, actor: Actor) -> list[Revocation]:
        keys = sorted(map(_about_key, names_of(actor)))
        if not keys:
            return []
        try:
            with store_away():
                ids = [text_of(member) for member in self._redis.sunion(keys)]
        except StoreAway as away:
            if "WRONGTYPE" not in str(away.__cause__):
                raise
            return self._about_by_reading(actor, keys)
        return [record for record in self._many(sorted(ids)) if _is_about(record, actor)]

    def _about_by_reading(self, actor: Actor, keys: list[bytes]) -> list[Revocation]:
        """Whoever makes the index something else must neither shut a responder out nor let a denied one in."""
        found = [record for record in self.open() if _is_about(record, actor)]
        with store_away(), self._redis.pipeline() as pipe:
            pipe.delete(*keys)
            for record in found:
                self._point_to(pipe, record)
            pipe.execute()
        return found

    def read_again(self, revocation_id: str, wait: timedelta) -> None:
        with store_away(), self._redis.pipeline() as pipe:
            pipe.watch(log_key(revocation_id))
            last = last_of(pipe, revocation_id)
            if last is None:
                return
            read = replace(self._record(last, revocation_id), next_read_at=time_of(pipe) + wait)
            due = self._next_due(read)
            pipe.multi()
            if due is not None:
                pipe.zadd(REVOCATIONS.due, {revocation_id: milliseconds(due)}, xx=True)
            with suppress(WatchError):  # whoever wrote meanwhile has set the time anew
                pipe.execute()

    def first_sight(self, key: str, remember: timedelta) -> bool:
        """After a lost answer the client sends it again by itself: what is there may be our own."""
        arguments: list[int | str] = [int(remember.total_seconds() * 1000), secrets.token_hex(8)]
        with store_away():
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
        with store_away():
            self._unlocked(keys=[f"revoke:lock:{name}"], args=[int(LOCK_LIFE.total_seconds() * 1000)])
            mine = lock.acquire()
        try:
            yield OwnedLock(lock) if mine else None
        finally:
            if mine:
                self._release(lock)

    def mark(self, name: str) -> None:
        self._indexed(lambda: self._redis.hset(MARKS, name, milliseconds(time_of(self._redis))))

    def unmark(self, name: str) -> None:
        self._indexed(lambda: self._redis.hdel(MARKS, name))

    def marked(self, name: str) -> datetime | None:
        value = self._indexed(lambda: self._redis.hget(MARKS, name))
        at = _marked_time(value) if value else None
        return at if at is not None and at <= self.now() else None

    def figure(self, name: str, value: int) -> None:
        self._indexed(
            lambda: self._redis.hset(FIGURES, name, f"{value} {milliseconds(time_of(self._redis))}")
        )

    def figured(self, name: str) -> Figure | None:
        kept = self._indexed(lambda: self._redis.hget(FIGURES, name))
        value, _, time = (kept or b"").partition(b" ")
        at = _marked_time(time)
        if at is None or not value.isdigit() or len(value) > _LONGEST_FIGURE or at > self.now():
            return None
        return Figure(int(value), at)

    def pause_slack(self, seconds: float) -> None:
        with store_away():
            self._redis.set(SLACK_PAUSE, 1, px=max(1, int(seconds * 1000)))

    def digest(self) -> Digest:
        with store_away():
            return journal.digest(self._redis)

    def remember_members(self, group: str, members: frozenset[str]) -> None:
        with store_away():
            self._redis.set(_members_key(group), json.dumps(sorted(members)))

    def remembered_members(self, group: str) -> frozenset[str] | None:
        try:
            with store_away():
                return _members(self._redis.get(_members_key(group)))
        except StoreAway as away:
            if "WRONGTYPE" not in str(away.__cause__):
                raise
            return None

    @staticmethod
    def _release(lock: RedisLock) -> None:
        try:
            lock.release()
        except (LockError, RedisError):
            logger.info("lock_was_lost", extra={"lock": lock.name})

    def _point_to(self, pipe: Pipeline, record: Revocation) -> None:
        """Whom it is about, by every name, as long as it is open."""
        for name in sorted(names_of_target(record)):
            (pipe.srem if record.ended else pipe.sadd)(_about_key(name), record.id)


class RedisHandoffs(RedisRecords[Handoff]):
    """See `workers.ports.HandoffStore`. Safe to share between threads."""

    def __init__(self, redis: Redis, log: AuditLog, queue: JobQueue, sink: AuditSink | None = None) -> None:
        super().__init__(redis, log, queue, handoff_due, sink, shelf=HANDOFFS)


class RedisLookups(RedisRecords[Lookup]):
    """See `workers.ports.LookupStore`. Safe to share between threads."""

    def __init__(self, redis: Redis, log: AuditLog, queue: JobQueue, sink: AuditSink | None = None) -> None:
        super().__init__(redis, log, queue, lookup_due, sink, shelf=LOOKUPS)


def _is_about(revocation: Revocation, actor: Actor) -> bool:
    return not revocation.ended and is_target(actor, revocation)


def _members_key(group: str) -> str:
    return f"revoke:members:{group}"


def _members(text: bytes | None) -> frozenset[str] | None:
    """Whoever writes to Redis may have written anything."""
    try:
        read = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return None
    return frozenset(str(one) for one in read) if isinstance(read, list) else None


def _marked_time(value: bytes) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
