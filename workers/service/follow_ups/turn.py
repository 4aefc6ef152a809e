"""How long one run of a follow-up may go on: its lock is still ours, its time is not over, and nobody said stop."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.domain.errors import StoreAway
from workers.ports import Lock
from workers.service.world import World

logger = logging.getLogger(__name__)

KEEP_EVERY = 3.0
"""Seconds; a lock lives ten."""

LONGEST = timedelta(seconds=25)
"""Well within RQ's limit for a job; what is left then is done by the next run."""


@dataclass(frozen=True)
class Turn:
    """Called between AWS calls: may this run begin something more?"""

    world: World
    lock: Lock
    ends_at: datetime
    allowed: Callable[[], bool]

    @classmethod
    def starting(cls, world: World, lock: Lock, allowed: Callable[[], bool]) -> "Turn":
        return cls(world, lock, world.store.now() + LONGEST, allowed)

    def __call__(self) -> bool:
        return self.lock.extend() and self.world.store.now() < self.ends_at and self.allowed()


@contextmanager
def kept(lock: Lock) -> Iterator[None]:
    """Keep the lock while many reads are made one after the other; it ends with the process all the same."""
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lock, stop), name="lock-keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def _keep(lock: Lock, stop: threading.Event) -> None:
    while not stop.wait(KEEP_EVERY):
        try:
            if not lock.extend():
                return
        except StoreAway:
            logger.warning("lock_not_kept")
