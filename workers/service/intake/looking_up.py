"""Somebody without a revocation is looked up, for one person who asks. Nobody is denied by it."""

from datetime import datetime

from workers.domain.errors import Refused
from workers.domain.lookup import Lookup
from workers.domain.revocation import TargetRef
from workers.ports import ChangeOf, Job, LookupStore, RevocationStore, Wake
from workers.service.intake.authority import UNSURE, Authority, not_denied, not_self

MOST_WAITING = 5
"""Of one person. Each reads AWS and is kept for good: nobody reads out the directory that way, nor holds others up."""


def look_up(store: RevocationStore, lookups: LookupStore, who: Authority, target: TargetRef) -> Lookup:
    """Have a worker look them up and tell whoever asks, alone. Asked twice while it waits: the same one.

    Responders and approvers, not denied. Nobody looks themself up: whoever has taken over their Slack account would
    read there what the Deny policy does not reach, and the answer would say whether somebody asks to deny them.
    """
    not_denied(store, who)
    if not (who.responder or who.approver):
        raise Refused(UNSURE if who.unsure else "Only responders and approvers can see this.")
    not_self(who, target)
    waiting = [one for one in lookups.open() if one.asked_by.id == who.actor.id]
    same = next((one for one in waiting if one.target == target), None)
    if same is None and len(waiting) >= MOST_WAITING:
        raise Refused(
            f"You wait for {MOST_WAITING} answers already. Type it again when one of them is there."
        )
    return same or lookups.create(lambda fresh, now: _asked(fresh, now, who, target))


def _asked(fresh: str, now: datetime, who: Authority, target: TargetRef) -> ChangeOf[Lookup]:
    record = Lookup(id=fresh, target=target, asked_by=who.actor, asked_at=now)
    return ChangeOf(record=record, event="lookup_asked", actor=who.actor, wakes=(Wake(Job.LOOK_UP),))
