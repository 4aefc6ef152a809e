"""Doctor's checks of Redis and of the processes that live by it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from redis import Redis

from workers.adapters import redis_health
from workers.adapters.job_queue import CARDS, CONTAIN, LOOKUP, STEPS
from workers.adapters.redis_health import RedisFacts
from workers.service.doctor import Finding, fail, ok

OLDEST = (6, 2)
BEAT_WITHIN = timedelta(seconds=60)
WORK = "Start `python -m workers work`."


def server(redis: Redis, *, embedded: bool) -> Iterator[Finding]:
    """Reachable, new enough, and losing nothing."""
    found = redis_health.facts(redis)
    where = "embedded: one machine, no failover" if embedded else "named by REDIS_URL"
    if found.number < OLDEST:
        yield fail(f"Redis: {found.name} {found.version} is too old.", "Use 6.2 or later.")
    else:
        yield ok(f"Redis: answers; {found.name}, as of {found.version}; {where}")
    yield _append_only(found)
    yield _eviction(found)


def _append_only(found: RedisFacts) -> Finding:
    if not found.append_only:
        return fail("Redis append-only file: off, so a crash loses records.", "Set `appendonly yes`.")
    if not found.written:
        return fail("Redis append-only file: the last write failed.", "Look at its disk.")
    return ok("Redis append-only file: on")


def _eviction(found: RedisFacts) -> Finding:
    if found.eviction != "noeviction":
        return fail(
            f"Redis maxmemory-policy: {found.eviction}, so records may vanish.",
            "Set `maxmemory-policy noeviction`.",
        )
    return ok("Redis maxmemory-policy: noeviction")


def scheduler(redis: Redis) -> Iterator[Finding]:
    if redis_health.scheduler_alive(redis):
        yield ok("scheduler: alive")
    else:
        yield fail("scheduler: nobody holds its lock.", WORK)


def workers(redis: Redis, now: datetime) -> Iterator[Finding]:
    """A worker for each queue, seen lately; the one that contains first."""
    beats = redis_health.heartbeats(redis)
    for queue in (CONTAIN, LOOKUP, CARDS, STEPS):
        beat = beats.get(queue)
        if beat is not None and now - beat < BEAT_WITHIN:
            yield ok(f"worker of {queue}: alive")
        else:
            yield fail(f"worker of {queue}: not seen for a minute.", WORK)
