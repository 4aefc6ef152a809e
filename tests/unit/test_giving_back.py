"""Asking for a restore or a false alarm: who may, when, and what waits for what."""

from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.scripted import Scripted, confirmed, delay_over, denied, item, who
from workers.domain import follow_ups as rules_of
from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.domain.revocation import Diff, Revocation, State
from workers.domain.step import Kind, StepState
from workers.service import containment, follow_ups, intake
from workers.service.intake import Authority, Statement


def taken(aws: Scripted) -> str:
    """Alice, denied, whose one assignment was removed."""
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = denied(aws.world)
    delay_over(aws, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    follow_ups.remove(aws.world, revocation_id, Kind.ASSIGNMENTS)
    return revocation_id


def attested(aws: Scripted, revocation_id: str) -> None:
    for kind in (Kind.SESSIONS, Kind.CREDENTIALS):
        intake.attest(aws.world.store, who("UCAROL"), revocation_id, kind, Statement())


def in_state(aws: Scripted, revocation_id: str, state: State, **given: Any) -> None:
    aws.edit(revocation_id, lambda record: replace(record, state=state, **given))


def kinds(record: Revocation) -> list[str]:
    return [note.kind for note in record.notes]


def test_a_false_alarm_before_anything_was_taken_can_be_approved_at_once(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    asked = intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test key")
    assert asked.release is not None
    assert asked.release.diff is not None
    assert (asked.release.what, asked.release.diff.count) == ("false_alarm", 0)
    assert "approval_asked" in kinds(asked)


def test_a_false_alarm_while_the_policy_is_being_written_is_taken(aws: Scripted) -> None:
    revocation_id = confirmed(aws.world)
    asked = intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "wrong Alice")
    assert (asked.state, asked.release is not None) == (State.CONFIRMED, True)


def test_once_something_was_taken_the_list_must_be_read_before_anybody_can_approve(aws: Scripted) -> None:
    revocation_id = taken(aws)
    asked = intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test key")
    assert asked.release is not None
    assert (asked.release.diff, asked.release.again_at is not None) == (None, True)
    assert "approval_asked" not in kinds(asked)
    with pytest.raises(Refused, match="has not been read yet"):
        intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    with pytest.raises(Refused, match="has not been read yet"):
        intake.nudge(aws.world.store, who("UBOB"), revocation_id, {"UCAROL"})


def test_an_intent_to_take_counts_as_taken_even_when_the_steps_say_nothing(aws: Scripted) -> None:
    revocation_id = taken(aws)

    def forgotten(record: Revocation) -> Revocation:
        return replace(record, steps=tuple(replace(step, gone=0, total=0) for step in record.steps))

    aws.edit(revocation_id, forgotten)
    asked = intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test key")
    assert asked.release is not None
    assert asked.release.diff is None


def test_nothing_more_is_taken_while_giving_back_is_asked_for(aws: Scripted) -> None:
    revocation_id = taken(aws)
    aws.give(Kind.MEMBERSHIPS, item("g1"))
    intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test key")
    follow_ups.remove(aws.world, revocation_id, Kind.MEMBERSHIPS)
    assert aws.aws.holdings[Kind.MEMBERSHIPS].removed == []
    assert rules_of.suspended(aws.record(revocation_id))


def test_a_restore_waits_for_sessions_and_credentials_to_be_attested(aws: Scripted) -> None:
    revocation_id = taken(aws)
    with pytest.raises(Refused, match="Nobody attested sessions and credentials yet"):
        intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "needed")
    attested(aws, revocation_id)
    asked = intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "needed")
    assert asked.release is not None
    assert (asked.release.what, asked.release.nothing_lost) == ("restore", False)


def test_the_tick_that_nothing_was_lost_stands_in_for_both(aws: Scripted) -> None:
    revocation_id = taken(aws)
    asked = intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "needed", nothing_lost=True)
    assert asked.release is not None
    assert asked.release.nothing_lost


def test_a_restore_of_nothing_is_refused(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    with pytest.raises(Refused, match="Nothing was taken from alice"):
        intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "needed", nothing_lost=True)


@pytest.mark.parametrize("state", [State.WATCHED, State.RELEASED, State.CLOSED])
def test_what_was_taken_can_be_asked_back_after_the_end(aws: Scripted, state: State) -> None:
    revocation_id = taken(aws)
    in_state(aws, revocation_id, state)
    asked = intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "needed", nothing_lost=True)
    assert (asked.state, asked.release is not None) == (state, True)


@pytest.mark.parametrize("state", [State.WATCHED, State.RELEASED])
def test_a_false_alarm_after_the_end_is_told_to_ask_for_a_restore(aws: Scripted, state: State) -> None:
    revocation_id = taken(aws)
    in_state(aws, revocation_id, state)
    with pytest.raises(Refused, match="ask for a restore"):
        intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "oops")


def test_nothing_is_asked_back_while_another_revocation_denies_the_same_user(aws: Scripted) -> None:
    first = taken(aws)
    intake.ask_release(aws.world.store, who("UBOB"), first, "")
    intake.approve(aws.world.store, who("UCAROL"), first)
    containment.contain(aws.world, first)
    second = denied(aws.world)
    assert second != first
    with pytest.raises(Refused, match=f"is denied by {second} now"):
        intake.ask_restore(aws.world.store, who("UBOB"), first, "needed", nothing_lost=True)


def test_an_approver_who_is_no_responder_may_ask_and_a_stranger_may_not(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    actor = Actor(kind="slack", id="UZOE", name="zoe")
    with pytest.raises(Refused, match="Only a responder"):
        intake.ask_false_alarm(aws.world.store, Authority(actor=actor), revocation_id, "oops")
    asked = intake.ask_false_alarm(
        aws.world.store, Authority(actor=actor, approver=True), revocation_id, "oops"
    )
    assert asked.release is not None


def test_the_target_asks_for_nothing_back(aws: Scripted) -> None:
    revocation_id = taken(aws)
    aws.edit(revocation_id, lambda record: replace(record, target=replace(record.target, slack_id="UALICE")))
    for use_case in (intake.ask_restore, intake.ask_false_alarm):
        with pytest.raises(Refused, match="This is about you"):
            use_case(aws.world.store, who("UALICE"), revocation_id, "please")


def test_what_people_did_by_hand_is_listed_to_be_undone_by_hand(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    for kind in (Kind.CREDENTIALS, Kind.SLACK, Kind.DEVICE, Kind.SESSIONS):
        intake.attest(aws.world.store, who("UCAROL"), revocation_id, kind, Statement(done_by="Idris"))
    asked = intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "oops")
    assert asked.release is not None
    assert asked.release.diff is not None
    by_hand = asked.release.diff.by_hand
    assert [sentence.split(" by Idris")[0] for sentence in by_hand] == [
        "Credentials were reset",
        "The user was signed out of Slack",
        "Something was done with the device",
    ]


def test_credentials_found_open_again_stop_the_approval_of_a_restore(aws: Scripted) -> None:
    revocation_id = taken(aws)
    attested(aws, revocation_id)
    intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "needed")

    def read_and_reopened(record: Revocation) -> Revocation:
        step, request = record.step(Kind.SESSIONS), record.release
        assert step is not None
        assert request is not None
        waiting = Diff(read_at=record.requested_at, entry=1)
        changed = replace(record, release=replace(request, diff=waiting))
        return changed.with_step(replace(step, state=StepState.OPEN, attested=None))

    aws.edit(revocation_id, read_and_reopened)
    with pytest.raises(Refused, match="Nobody attested sessions yet"):
        intake.approve(aws.world.store, who("UCAROL"), revocation_id)
