"""IDs in the Deny policy that no record knows: kept, given a record that holds them, and told."""

from datetime import datetime

from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.domain.revocation import SYSTEM, DirectoryUser, Note, Revocation, State, TargetRef
from workers.ports import SHOW, Change, Ids, Job, Wake
from workers.service.world import World


def adopt(world: World, user_ids: Ids) -> None:
    """Give each ID a record in which it is held until two people release it; its 12 hours start now.

    Call it inside the policy's lock, with IDs that no open record has: twice in a row makes no second record.
    """
    for user_id in sorted(user_ids):
        user = _described(world, user_id)
        world.store.create(lambda fresh, now, user=user: _adopted(world, fresh, now, user))  # type: ignore[misc]


def _described(world: World, user_id: str) -> DirectoryUser:
    try:
        found = world.directory.by_user_id(user_id)
    except (AwsRefused, AwsUnsettled):
        found = None
    return found or DirectoryUser(user_id=user_id, user_name=user_id)


def _adopted(world: World, fresh: str, now: datetime, user: DirectoryUser) -> Change:
    revocation = Revocation(
        id=fresh,
        state=State.DENIED,
        target=TargetRef(kind="user_id", value=user.user_id),
        requested_by=SYSTEM,
        requested_at=now,
        channel=world.rules.incident_channel,
        user=user,
        adopted=True,
        policy_id=world.policy.policy_id,
        written_at=now,
        hold_open=True,
        held_because="Its user ID stood in the Deny policy without a record. It stays until two people release it.",
        next_read_at=now,
    )
    revocation = revocation.noting(Note(kind="adopted", at=now, broadcast=True))
    return Change(revocation=revocation, event="adopted", actor=SYSTEM, wakes=(SHOW, Wake(Job.READ_REACH)))
