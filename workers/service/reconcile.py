"""Makes AWS and Slack equal the records, whatever became of the jobs. Every pass may run at any time, twice too."""

from datetime import timedelta

from workers.domain import ratification
from workers.domain.actor import SYSTEM
from workers.domain.due import JOB_LATE
from workers.domain.handoff import ESCALATE_AFTER
from workers.domain.revocation import Revocation, State
from workers.service import (
    alarms,
    believing,
    clean_up,
    containment,
    coverage,
    follow_ups,
    handoff_telling,
    identification,
    intake,
    look_back,
    lookup,
    overdue,
    restore,
    standing_down,
    telling,
    trouble,
)
from workers.service.one_by_one import alone
from workers.service.world import World

AFTER_REFUSAL = timedelta(seconds=10)
"""A policy that needs a person is tried this often; a new confirmation, or Retry, tries at once."""

SEE_TO_DOUBTS_EVERY = timedelta(seconds=5)

READ_POLICY_EVERY = timedelta(seconds=25)
"""The policy is read at least every 30 seconds; a pass takes some of them."""


def settle_policy(world: World) -> None:
    """Write what is confirmed or released and not read back; read the policy when that is long ago."""
    now, found = world.store.now(), believing.read(world)
    late = [r for r in found.records if r.state in (State.CONFIRMED, State.RELEASING)]
    late = [r for r in late if r.confirmed_at is None or now - r.confirmed_at > JOB_LATE]
    stuck = [r for r in late if r.state is State.RELEASING and r.trouble is not None]
    refused = world.store.marked("policy_refused")
    if refused is not None and now - refused < AFTER_REFUSAL:
        return
    last = world.store.marked("policy_read")
    doubts = (found.doubts or stuck) and world.witness.first_time("doubts", now, SEE_TO_DOUBTS_EVERY)
    if len(late) > len(stuck) or doubts or last is None or now - last > READ_POLICY_EVERY:
        containment.contain(world)


def alert(world: World) -> None:
    """Say what is overdue, and raise the alarms that wait; beside the writing, which may itself be what hangs."""
    found = believing.read(world)
    believing.learn(world, found)
    for revocation in found.records:
        if revocation.state is State.CONFIRMED:
            trouble.tell_overdue(world, revocation.id)
    alarms.raise_alarms(world)
    alarms.tell_lost(world, found)


def find_hidden(world: World) -> None:
    """Where to look is not signed: what was taken out of the indexes is found again by its log."""
    ended_too = world.witness.first_time("reindex", world.store.now(), timedelta(minutes=10))
    world.store.reindex(world.rules.timing.read_again, ended_too=ended_too)
    world.handoffs.reindex(ESCALATE_AFTER, ended_too=ended_too)


def do_due(world: World) -> None:
    """Look at each record whose time has come."""
    for revocation_id in world.store.due(world.store.now()):
        alone(_look, world, revocation_id)


def do_steps(world: World) -> None:
    """Run the follow-ups and restores that are due; beside the rest, because one that hangs must delay nothing else."""
    for revocation_id in world.store.due(world.store.now()):
        alone(follow_ups.catch_up, world, revocation_id)
        alone(restore.catch_up, world, revocation_id)
        alone(look_back.catch_up, world, revocation_id)


def do_lookups(world: World) -> None:
    """Answer who was asked about, where the job is lost or AWS gave no answer; beside the rest, for it reads AWS."""
    for lookup_id in world.lookups.due(world.store.now()):
        alone(lookup.look_up, world, lookup_id)


def tell_untold(world: World) -> None:
    """Bring every card and thread that is behind up to its record."""
    for revocation_id in world.store.untold():
        alone(telling.show, world, revocation_id)
    for handoff_id in world.handoffs.untold():
        alone(handoff_telling.show, world, handoff_id)


def _look(world: World, revocation_id: str) -> None:
    revocation = world.store.get(revocation_id)
    if ratification.waits(revocation):
        intake.escalate(world.store, revocation_id)
    overdue.tell_overdue(world, revocation_id)
    match revocation.state:
        case State.REQUESTED:
            _look_at_request(world, revocation)
        case State.CONFIRMED:
            standing_down.stand_down(world, revocation_id)
        case State.DENIED:
            _read_if_due(world, revocation)
            standing_down.stand_down(world, revocation_id)
            if revocation.acts:
                intake.look_again(world.store, revocation_id)
            clean_up.clean_up(world, revocation_id)
        case State.WATCHED:
            _read_if_due(world, revocation)
            clean_up.watch_ends(world, revocation_id)


def _look_at_request(world: World, revocation: Revocation) -> None:
    intake.expire(world.store, revocation.id, SYSTEM)
    identification.identify(world, revocation.id)
    if revocation.user is not None and revocation.reach is None:
        coverage.read_reach(world, revocation.id)


def _read_if_due(world: World, revocation: Revocation) -> None:
    """A reading that changed nothing is not in the record, so the record alone would ask for the next one at once."""
    due = revocation.next_read_at is None or world.store.now() >= revocation.next_read_at
    if due and world.store.first_sight(f"reach-{revocation.id}", world.rules.timing.read_again):
        coverage.read_reach(world, revocation.id)
