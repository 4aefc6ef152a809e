"""The reconciler's part: whatever became of a job, what is due is done."""

from datetime import datetime

from workers.domain import follow_ups
from workers.domain.revocation import Revocation
from workers.domain.step import Kind
from workers.service.follow_ups.removing import remove
from workers.service.follow_ups.sign_in import disable_sign_in
from workers.service.follow_ups.starting import follow_up
from workers.service.world import World


def catch_up(world: World, revocation_id: str) -> None:
    """Run the follow-ups whose time has come and whose job has not run them."""
    revocation = world.store.get(revocation_id)
    now = world.store.now()
    when = follow_ups.next_look_at(revocation)
    if when is None or now < when:
        return
    # Nothing is removed before the snapshot, which the planning takes.
    late = _late(world, revocation, now) if revocation.snapshot is not None else []
    for kind in late:
        run(world, revocation_id, kind)
    if not late:
        follow_up(world, revocation_id)


def _late(world: World, revocation: Revocation, now: datetime) -> list[Kind]:
    """Those that were woken, or are under way, and gave no sign of life since."""
    timed = {step.kind for step in revocation.steps if step.again_at is not None}
    return [kind for kind in follow_ups.to_wake(revocation, world.rules, now) if kind in timed]


def run(world: World, revocation_id: str, kind: Kind) -> None:
    """Run one automated follow-up now."""
    if kind is Kind.SIGN_IN:
        disable_sign_in(world, revocation_id)
    elif kind in world.access:
        remove(world, revocation_id, kind)
