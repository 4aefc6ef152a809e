"""What is overdue is told: to its owner, then to the group; each once. See `workers.domain.overdue`."""

from datetime import datetime

from workers.domain import overdue
from workers.domain.actor import SYSTEM
from workers.domain.revocation import Revocation
from workers.ports import SHOW, Change
from workers.service.world import World


def tell_overdue(world: World, revocation_id: str) -> None:
    """Put the message that is due into the record, for the thread. May run at any time, and twice."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        changed = overdue.telling(current, world.rules.timing, now)
        if changed is None:
            return None
        detail = {"told": [one.key for one in changed.overdue if one.told_at is None]}
        return Change(record=changed, event="overdue", actor=SYSTEM, detail=detail, wakes=(SHOW,))

    world.store.change(revocation_id, decide)
