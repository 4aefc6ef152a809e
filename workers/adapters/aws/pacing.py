"""How fast AWS is asked, by all processes of the installation together."""

import logging
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from limits.storage import MemoryStorage, RedisStorage
from redis import Redis
from redis.exceptions import RedisError

from workers.adapters.aws.clients import AwsClients

PER_SECOND = 18
"""Below AWS's 20 calls a second.

IAM Identity Center user guide, "Quotas": 20 for all operations of IAM Identity Center together, 20 for each operation of
the identity store. IAM user guide, "Quotas and limits in account access manager": 20 together.
"""

WHEN_QUIET = 6
"""For what can wait: it takes its turn only while others leave at least twelve of the eighteen."""

GAP = 0.045
"""Seconds between two turns of one process: calls come as a stream, not as a burst at the start of each second."""

KEYS = "revoke:pace"
ASK_REDIS_AGAIN = 5.0
WAIT_AT_MOST = 10.0

SSO_ADMIN = "sso-admin"
ACCOUNT_ACCESS = "account-access"

log = logging.getLogger(__name__)


def identity_store_lane(operation: str) -> str:
    return f"identitystore:{operation}"


@dataclass
class _Latest:
    """The latest turn of each lane in this process."""

    lock: Lock = field(default_factory=Lock)
    at: dict[str, float] = field(default_factory=lambda: defaultdict(float))


class Pace:
    """Turns to call AWS: at most `PER_SECOND` in any second, shared through Redis; safe between threads.

    Where Redis does not answer, the processes keep the pace each for itself, and go on.
    """

    def __init__(self, redis: Redis) -> None:
        """`redis`: a client that gives up soon. Connects to nothing yet."""
        pool = redis.connection_pool
        self._shared = RedisStorage("redis://", connection_pool=pool, key_prefix=KEYS)
        self._alone = MemoryStorage()
        self._alone_until = 0.0
        self._latest = _Latest()

    def take(self, lane: str, at_most: int = PER_SECOND) -> bool:
        """Whether it is this call's turn now: fewer than `at_most` of the lane were taken within the last second."""
        with self._latest.lock:
            now = time.monotonic()
            if now - self._latest.at[lane] < GAP or not self._counted(lane, at_most):
                return False
            self._latest.at[lane] = now
            return True

    def wait(self, lane: str, at_most: int = PER_SECOND) -> None:
        """Until it is this call's turn, but `WAIT_AT_MOST` seconds: then AWS itself says whether it is too soon."""
        give_up_at = time.monotonic() + WAIT_AT_MOST
        while not self.take(lane, at_most) and time.monotonic() < give_up_at:
            time.sleep(random.uniform(0.01, 0.03))

    def _counted(self, lane: str, at_most: int) -> bool:
        if time.monotonic() < self._alone_until:
            return self._alone.acquire_entry(lane, at_most, 1)
        try:
            return self._shared.acquire_entry(lane, at_most, 1)
        except RedisError as error:
            log.warning("Redis does not share the pace", extra={"error": type(error).__name__})
            self._alone_until = time.monotonic() + ASK_REDIS_AGAIN
            return self._alone.acquire_entry(lane, at_most, 1)


def keep_pace(clients: AwsClients, pace: Pace) -> None:
    """From now on each call of the clients that read waits for its turn; each of its attempts does.

    Those that are sent once are left alone: whoever uses them takes the turns. Calling this twice changes nothing.
    """

    def turn(operation_name: str, **_: Any) -> None:
        pace.wait(identity_store_lane(operation_name))

    events = "before-sign"
    clients.identity_store.meta.events.register(events, turn, unique_id=KEYS)
    for client, lane in ((clients.sso_admin, SSO_ADMIN), (clients.account_access, ACCOUNT_ACCESS)):
        client.meta.events.register(events, _turn_on(pace, lane), unique_id=KEYS)


def _turn_on(pace: Pace, lane: str) -> Any:
    def turn(**_: Any) -> None:
        pace.wait(lane)

    return turn
