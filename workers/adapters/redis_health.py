"""How the Redis server is set up, and which of RQ's processes live. Reads only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Worker
from rq.scheduler import RQScheduler

from workers.adapters.job_queue import SERIALIZER, STEPS, OurJob
from workers.domain.errors import StoreAway


@dataclass(frozen=True, kw_only=True)
class RedisFacts:
    """Source: Redis documentation, INFO. `version` is the one whose commands it has (Valkey tells that, too)."""

    name: str
    version: str
    append_only: bool
    written: bool
    """The append-only file took the last write."""
    eviction: str

    @property
    def number(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split(".")[:2] if part.isdigit())


def facts(redis: Redis) -> RedisFacts:
    """Raises StoreAway."""
    with _answers():
        info: dict[str, Any] = redis.info("everything")
    return RedisFacts(
        name=str(info.get("server_name") or "redis"),
        version=str(info.get("redis_version", "0")),
        append_only=bool(info.get("aof_enabled")),
        written=info.get("aof_last_write_status", "ok") == "ok",
        eviction=str(info.get("maxmemory_policy", "unknown")),
    )


def scheduler_alive(redis: Redis) -> bool:
    """Whether somebody holds the lock of RQ's scheduler, which ends a minute or so after its holder."""
    with _answers():
        return bool(redis.exists(RQScheduler.get_locking_key(STEPS)))


def heartbeats(redis: Redis) -> dict[str, datetime]:
    """The latest heartbeat of the workers of each queue."""
    with _answers():
        workers = Worker.all(connection=redis, job_class=OurJob, serializer=SERIALIZER)
    latest: dict[str, datetime] = {}
    for worker in workers:
        beat = worker.last_heartbeat
        for queue in worker.queue_names() if beat else ():
            latest[queue] = max(latest.get(queue, _utc(beat)), _utc(beat))
    return latest


def _utc(time: Any) -> datetime:
    aware: datetime = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise StoreAway(f"Redis does not answer ({type(error).__name__}).") from error
