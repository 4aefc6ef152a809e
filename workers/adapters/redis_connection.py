"""Connections to Redis: patient ones for the workers, hasty ones for whoever must answer Slack in 3 seconds.

Somebody at a terminal waits a few seconds, and then wants to know what to do instead.
"""

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry


def patient(url: str) -> Redis:
    """For workers: rides out a restart of Redis. `from_url` alone would not retry at all (redis-py 8)."""
    return Redis.from_url(
        url,
        retry=Retry(ExponentialWithJitterBackoff(cap=1, base=0.05), 60),
        socket_connect_timeout=2,
        health_check_interval=10,
    )


def hasty(url: str) -> Redis:
    """For the bot: an answer, or an error, within about a second."""
    return Redis.from_url(
        url,
        retry=Retry(ExponentialWithJitterBackoff(cap=0.1, base=0.02), 1),
        socket_connect_timeout=0.5,
        socket_timeout=0.5,
    )


def warm(redis: Redis, connections: int) -> None:
    """Open this many connections now: opening one costs milliseconds that a crowd of clicks has not.

    Raises redis-py's errors where the server is away.
    """
    pool = redis.connection_pool
    opened = [pool.get_connection() for _ in range(connections)]
    for connection in opened:
        pool.release(connection)


def at_terminal(url: str) -> Redis:
    """For a person who waits: an answer, or an error, within a quarter of a minute."""
    return Redis.from_url(
        url,
        retry=Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.05), 5),
        socket_connect_timeout=2,
        socket_timeout=5,
    )
