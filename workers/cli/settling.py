"""Containing here and now, without any worker, until the policy says so."""

import logging
import time
from datetime import timedelta

from workers.domain.errors import RevocationError
from workers.domain.revocation import Revocation, State
from workers.service import alarms, containment, telling
from workers.service.world import World

logger = logging.getLogger(__name__)

TRY_FOR = 60.0
PAUSE = 0.5
ALIVE = timedelta(seconds=30)


def settle(world: World, revocation_id: str) -> Revocation:
    """Write and read back, for a minute at most; returns the record that says how it ended."""
    end = time.monotonic() + TRY_FOR
    while True:
        containment.contain(world, revocation_id)
        current = world.store.get(revocation_id)
        if not _open(current) or current.trouble or time.monotonic() >= end:
            return current
        time.sleep(PAUSE)


def settle_anew(world: World, revocation_id: str) -> Revocation:
    """The same, reading the policy even where the record is settled."""
    containment.contain(world)
    return settle(world, revocation_id)


def _open(revocation: Revocation) -> bool:
    return revocation.state in (State.CONFIRMED, State.RELEASING)


def workers_alive(world: World) -> bool:
    """Whether a reconciler passed lately, which also tells Slack and raises alarms."""
    last = world.store.marked("reconciled")
    return last is not None and world.store.now() - last < ALIVE


def tell(world: World, revocation_id: str) -> None:
    """Bring the channel up to the record where no worker does. Slack being away changes nothing."""
    try:
        alarms.raise_alarms(world)
        if not workers_alive(world):
            telling.show(world, revocation_id)
    except RevocationError as error:
        logger.warning("not_told", extra={"revocation_id": revocation_id, "cause": str(error)})
