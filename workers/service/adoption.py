"""IDs in the Deny policy that no record knows: kept, given a record that holds them, and told."""

from datetime import datetime

from workers.domain.actor import SYSTEM
from workers.domain.revocation import DirectoryUser, Note, Revocation, State, TargetRef
from workers.ports import SHOW, Change, Job, Wake
from workers.service.world import World


def adopt(world: World, user_id: str) -> None:
    """Give the ID a record in which it is held until two people release it; its 12 hours start now.

    Call it inside the policy's lock, with an ID that no open record has: twice in a row makes two records. It asks
    AWS nothing, since somebody's first denial may be waiting for the lock; who it is, is read afterwards.
    """
    world.store.create(lambda fresh, now: _adopted(world, fresh, now, user_id))


def _adopted(world: World, fresh: str, now: datetime, user_id: str) -> Change:
    revocation = Revocation(
        id=fresh,
        state=State.DENIED,
        target=TargetRef(kind="user_id", value=user_id),
        requested_by=SYSTEM,
        requested_at=now,
        channel=world.rules.incident_channel,
        user=DirectoryUser(user_id=user_id, user_name=user_id),
        adopted=True,
        policy_id=world.policy.policy_id,
        written_at=now,
        hold_open=True,
        held_because="Their user ID stood in the Deny policy without a record. They stay until two people release them.",
        next_read_at=now,
    )
    revocation = revocation.noting(Note(kind="adopted", at=now, broadcast=True))
    wakes = (Wake(Job.READ_REACH), SHOW)
    return Change(revocation=revocation, event="adopted", actor=SYSTEM, wakes=wakes)
