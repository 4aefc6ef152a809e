"""What Redis forgets after a while is forgotten sooner when the clock is moved."""

from redis import Redis

SHORT = 60_000
"""Milliseconds. What lives for less is a lock or a heartbeat, and whoever holds it goes on holding it."""


def age(redis: Redis, seconds: int) -> None:
    """Let the product's keys that will expire do so this much earlier. RQ's keep the machine's own time."""
    for key in redis.scan_iter(match="revoke:*", count=1000) if seconds > 0 else ():
        left = redis.pttl(key)
        if left > SHORT:
            redis.pexpire(key, max(1, left - 1000 * seconds))
