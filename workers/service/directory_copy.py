"""Keeps the copy of the directory that the bot searches. Nothing waits for it, and nothing rests on it."""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from workers.domain.directory_search import MOST_USERS, Known
from workers.domain.errors import AwsRefused, AwsUnsettled, StoreAway
from workers.domain.revocation import DirectoryUser, State
from workers.service.world import World

logger = logging.getLogger(__name__)

COPY_EVERY = timedelta(minutes=15)
TRY_AGAIN = timedelta(minutes=1)
PAGE, PAUSE = 100, 0.2
"""Five pages of ListUsers a second, of AWS's twenty: look-ups of people go before."""


def keep(world: World, *, pause: float = PAUSE) -> None:
    """Copy the directory where that was not done lately, and nobody is being looked up or denied just now."""
    if world.directory_copy is None or not _due(world) or _busy(world):
        return
    if not world.store.first_sight("directory-copy", TRY_AGAIN):
        return
    try:
        users = list(islice(_slowly(world, pause), MOST_USERS))
        world.directory_copy.keep(users, world.store.now())
    except (AwsRefused, AwsUnsettled, StoreAway) as error:
        logger.warning("directory_not_copied", extra={"cause": str(error)})


def _due(world: World) -> bool:
    assert world.directory_copy is not None
    made, now = world.directory_copy.made_at(), world.store.now()
    return made is None or not timedelta(0) <= now - made < COPY_EVERY


def _busy(world: World) -> bool:
    """Whether somebody waits for AWS. What waits for a person, because of a trouble, may wait for hours."""
    return any(
        (revocation.state is State.CONFIRMED and revocation.trouble is None)
        or (revocation.state is State.REQUESTED and revocation.user is None)
        for revocation in world.store.open()
    )


def _slowly(world: World, pause: float) -> Iterator[Known]:
    for n, user in enumerate(world.directory.everybody()):
        if n % PAGE == 0 and n:
            time.sleep(pause)
        yield _known(user)


def _known(user: DirectoryUser) -> Known:
    return Known(user.user_id, user.user_name, user.display_name, user.email or "")
