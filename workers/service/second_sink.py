"""Nobody comes off the list, and nothing is given back, before the second sink has the line that says so.

A denial waits for no sink: this is asked on the way back alone.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from workers.domain.actor import SYSTEM
from workers.domain.deny_document import DenyDocument
from workers.domain.deny_plan import DenyPlan, user_id_of
from workers.domain.errors import PolicyRefused
from workers.domain.revocation import Note, Revocation, State
from workers.ports import SHOW, Change
from workers.service import trouble
from workers.service.world import World

logger = logging.getLogger(__name__)

SENTENCE = (
    "The second audit log takes no entry (the workers' standard output; at a terminal, audit.jsonl in REVOKE_DATA_DIR). "
    "Nobody comes off the list, and nothing is given back, without a line there. Free its disk, or start its reader "
    "again."
)

TELL_AGAIN = timedelta(hours=1)


def that_may_go(
    world: World, wants: DenyPlan, records: Iterable[Revocation], document: DenyDocument
) -> DenyPlan:
    """The plan, less whoever would be taken off now and whose release the second sink does not have: they stay."""
    leaving = wants.off & document.user_ids
    stay = set[str]()
    for record in records:
        goes = record.state is State.RELEASING and record.user is not None and user_id_of(record) in leaving
        if goes and not world.store.on_both(record.id):
            logger.error("removal_waits_for_audit", extra={"revocation_id": record.id})
            trouble.record(world, record.id, PolicyRefused("audit", SENTENCE))
            stay.add(user_id_of(record))
    return replace(wants, off=wants.off - stay)


def may_give_back(world: World, revocation_id: str) -> bool:
    """Whether the second sink has the record's last entry. Where not, that is told, once an hour."""
    if world.store.on_both(revocation_id):
        return True
    logger.error("giving_back_waits_for_audit", extra={"revocation_id": revocation_id})
    if world.store.first_sight(f"audit-waits-{revocation_id}", TELL_AGAIN):
        world.store.change(revocation_id, _told)
    return False


def _told(current: Revocation, now: datetime) -> Change:
    changed = current.noting(Note(kind="audit_waits", at=now, broadcast=True, detail=SENTENCE))
    return Change(record=changed, event="giving_back_waits", actor=SYSTEM, wakes=(SHOW,))
