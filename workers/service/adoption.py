"""IDs in the Deny policy that no record knows: kept, given a record that holds them, and told."""

from datetime import datetime

from workers.domain.actor import SYSTEM
from workers.domain.revocation import DirectoryUser, Note, Revocation, State, TargetRef
from workers.domain.witnessed import Seen
from workers.ports import SHOW, Change, Job, Wake
from workers.service.world import World


def adopt(world: World, user_id: str, lost: Seen | None = None) -> Revocation:
    """Give the ID a record in which it is held until two people release it; its 12 hours start now.

    `lost`: what was seen of the record that denied them, where that is gone; then it alarms beside Slack, too.

    Call it inside the policy's lock, with an ID that no open record has: twice in a row makes two records. It asks
    AWS nothing, since somebody's first denial may be waiting for the lock; who it is, is read afterwards.
    """
    return world.store.create(lambda fresh, now: _adopted(world, fresh, now, user_id, lost))


def say_lost(world: World, lost: Seen) -> None:
    """The record of somebody who must be denied is gone, and they are not in the policy: told, with Ask again."""
    world.store.create(lambda fresh, now: _lost(world, fresh, now, lost))


def _lost(world: World, fresh: str, now: datetime, lost: Seen) -> Change:
    why = (
        f"The record of {lost.revocation_id}, which denied {lost.user_id}, is gone from Redis, and they are "
        "not in the Deny policy. Ask again if they must be denied."
    )
    revocation = Revocation(
        id=fresh,
        state=State.EXPIRED,
        target=TargetRef(kind="user_id", value=lost.user_id or "", slack_id=lost.slack_id),
        requested_by=SYSTEM,
        requested_at=now,
        channel=world.rules.incident_channel,
        refused_because=why,
    )
    revocation = revocation.noting(
        Note(kind="put_back", at=now, broadcast=True, detail=why),
        Note(kind="put_back", at=now, alarm=True, detail=why),
    )
    return Change(record=revocation, event="found_lost", actor=SYSTEM, wakes=(SHOW,))


def _adopted(world: World, fresh: str, now: datetime, user_id: str, lost: Seen | None) -> Change:
    stood = f" that denies them: {lost.revocation_id} is gone from Redis" if lost else ""
    revocation = Revocation(
        id=fresh,
        state=State.DENIED,
        target=TargetRef(kind="user_id", value=user_id, slack_id=lost.slack_id if lost else None),
        requested_by=SYSTEM,
        requested_at=now,
        channel=world.rules.incident_channel,
        user=DirectoryUser(user_id=user_id, user_name=user_id),
        adopted=True,
        policy_id=world.policy.policy_id,
        written_at=now,
        hold_open=True,
        held_at=now,
        held_because=f"Their user ID stood in the Deny policy without a record{stood}. They stay until two people release "
        "them.",
        next_read_at=now,
    )
    revocation = revocation.noting(Note(kind="adopted", at=now, broadcast=True))
    if lost is not None:
        revocation = revocation.noting(Note(kind="adopted", at=now, alarm=True))
    wakes = (Wake(Job.READ_REACH), SHOW)
    return Change(record=revocation, event="adopted", actor=SYSTEM, wakes=wakes)
