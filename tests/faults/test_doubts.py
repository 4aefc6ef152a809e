"""What a read shows may be old, a clock may be behind, a proof may go stale: each ends in "stays denied".

The records, the log and the use cases are the real ones, on a real Redis; the policy and AWS's reads are scripted,
because no server can be made to answer with yesterday's text at a given call.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox.scripted import ALICE, Aws, Policy, confirmed, scripted, who
from workers.domain.actor import Actor
from workers.domain.revocation import Revocation, State, TargetRef
from workers.domain.timing import Timing
from workers.ports import Assignment, Change
from workers.service import containment, coverage, intake
from workers.service.intake import Request
from workers.service.world import World

ACCESS = [Assignment(account_id="111122223333", permission_set_arn="arn:ps")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with scripted(tmp_path) as made:
        yield made.world


def released(world: World, revocation_id: str) -> None:
    intake.ask_release(world.store, who("UBOB"), revocation_id, "all clear")
    intake.approve(world.store, who("UCAROL"), revocation_id)


def proven(world: World, revocation_id: str, *, ago: timedelta) -> None:
    """As if the clean-up had read all gates green that long ago."""

    def decide(current: Revocation, now: datetime) -> Change:
        changed = replace(current, state=State.RELEASING, proven_at=now - ago, notice_at=now - ago)
        return Change(record=changed, event="proven", actor=Actor(kind="system", id="test"))

    world.store.change(revocation_id, decide)


def policy_of(world: World) -> Policy:
    assert isinstance(world.policy, Policy)
    return world.policy


def aws_of(world: World) -> Aws:
    assert isinstance(world.assignments, Aws)
    return world.assignments


def test_an_old_read_does_not_pass_for_a_new_denial(world: World) -> None:
    policy = policy_of(world)
    first = confirmed(world)
    containment.contain(world, first)
    with_alice = policy.text
    released(world, first)
    containment.contain(world, first)
    assert policy.denied == frozenset()

    again = confirmed(world)
    policy.old = [with_alice]
    containment.contain(world, again)

    assert world.store.get(again).state is State.DENIED
    assert policy.denied == {ALICE}


def test_an_old_read_does_not_pass_for_a_release(world: World) -> None:
    policy = policy_of(world)
    empty = policy.text
    first = confirmed(world)
    containment.contain(world, first)
    released(world, first)
    policy.old = [empty]
    containment.contain(world, first)

    assert world.store.get(first).state is State.RELEASED
    assert policy.denied == frozenset()


def test_the_twelve_hours_begin_by_the_later_of_two_clocks(world: World) -> None:
    policy_of(world).ahead = timedelta(hours=13)
    first = confirmed(world)
    containment.contain(world, first)

    written = world.store.get(first).written_at
    assert written is not None
    assert written - datetime.now(UTC) > timedelta(hours=12)


def test_a_proof_that_could_not_be_acted_on_lapses(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    proven(world, first, ago=timedelta(hours=5))
    containment.contain(world, first)

    record = world.store.get(first)
    assert record.state is State.DENIED
    assert record.notice_at is None
    assert policy_of(world).denied == {ALICE}


def test_a_hold_stops_a_proof_that_waits_for_the_policy(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    proven(world, first, ago=timedelta(0))
    policy_of(world).refused = True
    containment.contain(world, first)
    intake.hold(world.store, who("UBOB"), first, Timing())
    policy_of(world).refused = False
    containment.contain(world)

    assert world.store.get(first).state is State.DENIED
    assert policy_of(world).denied == {ALICE}


def test_a_release_that_somebody_denied_anew_ends_without_taking_anybody_off(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    released(world, first)
    again = confirmed(world)
    containment.contain(world)

    assert world.store.get(first).state is State.CLOSED
    assert world.store.get(again).state is State.DENIED
    assert policy_of(world).denied == {ALICE}


def test_access_that_comes_back_behind_a_failed_reading_is_still_news(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    proven(world, first, ago=timedelta(0))
    containment.contain(world, first)
    assert world.store.get(first).state is State.WATCHED

    aws_of(world).unreadable = True
    coverage.read_reach(world, first)
    aws_of(world).unreadable = False
    aws_of(world).others = ACCESS
    coverage.read_reach(world, first)

    assert "access_back" in [note.kind for note in world.store.get(first).notes]


def test_readings_that_find_nothing_new_do_not_fill_the_log(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    coverage.read_reach(world, first)
    entries = len(world.store.log(first))
    for _ in range(10):
        coverage.read_reach(world, first)

    assert len(world.store.log(first)) == entries


def test_an_old_request_swallows_no_new_one(world: World) -> None:
    first = confirmed(world)

    def stale(current: Revocation, now: datetime) -> Change:
        old = replace(
            current, state=State.REQUESTED, requested_at=now - timedelta(minutes=11), confirmed_at=None
        )
        return Change(record=old, event="backdated", actor=Actor(kind="system", id="test"))

    world.store.change(first, stale)
    assert confirmed(world) != first


def test_naming_oneself_beside_others_asks_for_nobody(world: World) -> None:
    targets = tuple(TargetRef(kind="slack", value=name, slack_id=name) for name in ("UDAN", "UBOB"))
    with pytest.raises(Exception, match="This is about you"):
        intake.ask(world.store, who("UBOB"), Request(targets=targets, reason="", channel="C0SECINC01"))
    assert world.store.open() == []
