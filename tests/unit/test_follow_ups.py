"""Which follow-up may run when, and on what."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.make import BOB, CAROL, RULES, T0, at, coverage, denied, reach
from workers.domain import follow_ups
from workers.domain.actor import SYSTEM
from workers.domain.follow_ups import Scope
from workers.domain.revocation import Diff, ReleaseRequest, Restore, Revocation, Snapshot, State
from workers.domain.rules import Rules
from workers.domain.step import ACCESS, Attestation, Kind, Step, StepState

SCIM = replace(RULES, disables_sign_in=True)


def begun(rules: Rules = RULES, **given: Any) -> Revocation:
    return follow_ups.begun(denied(**{"snapshot": Snapshot(at=T0, entry=5), **given}), rules, T0)


def started(rules: Rules = RULES, **given: Any) -> Revocation:
    return replace(begun(rules, **given), follow_ups_started_at=at(minutes=10))


def scope(revocation: Revocation, kind: Kind, rules: Rules = RULES) -> Scope:
    step = revocation.step(kind)
    assert step is not None
    return follow_ups.scope(revocation, step, rules)


def with_step(revocation: Revocation, kind: Kind, **changed: Any) -> Revocation:
    step = revocation.step(kind)
    assert step is not None
    return revocation.with_step(replace(step, **changed))


def done(revocation: Revocation, kind: Kind, when: datetime) -> Revocation:
    return with_step(revocation, kind, state=StepState.DONE, ended_at=when)


def state(revocation: Revocation, kind: Kind) -> StepState:
    step = revocation.step(kind)
    assert step is not None
    return step.state


# --- order ---


@pytest.mark.parametrize(
    ("source", "scim", "last"),
    [
        ("directory", False, (Kind.SESSIONS, Kind.SIGN_IN)),
        (None, False, (Kind.SESSIONS, Kind.SIGN_IN)),
        ("external", False, (Kind.SIGN_IN, Kind.SESSIONS)),
        ("active_directory", False, (Kind.SIGN_IN, Kind.SESSIONS)),
        # Through SCIM the user is disabled in IAM Identity Center itself, where sessions must be ended before.
        ("external", True, (Kind.SESSIONS, Kind.SIGN_IN)),
    ],
)
def test_the_order_is_awss_for_the_identity_source(source: Any, scim: bool, last: tuple[Kind, Kind]) -> None:
    rules = replace(RULES, identity_source=source, disables_sign_in=scim)
    order = follow_ups.order(rules)
    assert order[:4] == (Kind.ASSIGNMENTS, Kind.MEMBERSHIPS, Kind.APPLICATIONS, Kind.ENTITLEMENTS)
    assert order[4:6] == last
    assert set(order) == set(Kind)


def test_what_no_api_does_is_open_for_a_person_with_a_due_time() -> None:
    revocation = begun()
    for kind in (Kind.SESSIONS, Kind.SIGN_IN, Kind.CREDENTIALS, Kind.SLACK, Kind.DEVICE):
        step = revocation.step(kind)
        assert step is not None
        assert step.state is StepState.OPEN
        assert step.due_at is not None


def test_planning_twice_changes_nothing() -> None:
    once = done(begun(), Kind.ASSIGNMENTS, at(minutes=11))
    assert follow_ups.begun(once, RULES, at(hours=1)) == once


# --- when ---


def test_nothing_is_taken_before_the_delay_is_over() -> None:
    revocation = begun()
    assert {scope(revocation, kind) for kind in ACCESS} == {Scope.NOTHING}
    assert not follow_ups.may_start(revocation, at(minutes=9, seconds=59))
    assert follow_ups.may_start(revocation, at(minutes=10))
    assert follow_ups.next_look_at(revocation) == at(minutes=10)


def test_once_started_all_access_goes() -> None:
    assert {scope(started(), kind) for kind in ACCESS} == {Scope.ALL}


def test_wait_stops_what_runs_and_nothing_starts_by_itself() -> None:
    waiting = replace(started(), follow_ups_wait=CAROL)
    assert {scope(waiting, kind) for kind in ACCESS} == {Scope.NOTHING}
    assert not follow_ups.may_start(replace(begun(), follow_ups_wait=CAROL), at(hours=9))
    assert follow_ups.next_look_at(replace(begun(), follow_ups_wait=CAROL)) is None


def test_what_the_deny_does_not_reach_goes_at_once() -> None:
    revocation = begun(coverage=coverage(uncovered=("999999999999",)))
    open_now = (Kind.ASSIGNMENTS, Kind.MEMBERSHIPS, Kind.ENTITLEMENTS)
    assert {scope(revocation, kind) for kind in open_now} == {Scope.GAPS}
    assert scope(revocation, Kind.APPLICATIONS) is Scope.NOTHING
    assert {scope(replace(revocation, follow_ups_wait=BOB), kind) for kind in open_now} == {Scope.GAPS}


def test_what_was_given_back_is_not_taken_again_by_itself() -> None:
    diff = Diff(read_at=T0, entry=9)
    over = Restore(
        asked_by=BOB, approved_by=CAROL, approved_at=T0, diff=diff, then_release=False, ended_at=at(hours=1)
    )
    revocation = begun(coverage=coverage(uncovered=("999999999999",)), restore=over, follow_ups_wait=CAROL)
    assert {scope(revocation, kind) for kind in ACCESS} == {Scope.NOTHING}


@pytest.mark.parametrize("what", ["restore", "false_alarm"])
def test_nothing_is_taken_while_giving_back_is_asked_for(what: Any) -> None:
    request = ReleaseRequest(asked_by=BOB, asked_at=T0, reason="", what=what)
    revocation = started(release=request, coverage=coverage(uncovered=("999999999999",)))
    assert {scope(revocation, kind) for kind in ACCESS} == {Scope.NOTHING}
    assert follow_ups.next_look_at(revocation) is None


def test_a_plain_release_that_waits_stops_no_follow_up() -> None:
    request = ReleaseRequest(asked_by=BOB, asked_at=T0, reason="")
    assert scope(started(release=request), Kind.ASSIGNMENTS) is Scope.ALL


def test_what_the_settings_leave_to_people_runs_only_when_asked_for() -> None:
    rules = replace(RULES, follow_ups=frozenset({Kind.MEMBERSHIPS}))
    revocation = started(rules)
    assert scope(revocation, Kind.MEMBERSHIPS, rules) is Scope.ALL
    assert scope(revocation, Kind.ASSIGNMENTS, rules) is Scope.NOTHING
    assert scope(with_step(revocation, Kind.ASSIGNMENTS, asked=True), Kind.ASSIGNMENTS, rules) is Scope.ALL


def test_start_by_a_person_runs_also_what_the_settings_leave_to_people() -> None:
    rules = replace(RULES, follow_ups=frozenset({Kind.MEMBERSHIPS}))
    by_itself = replace(started(rules), follow_ups_started_by=SYSTEM)
    assert scope(by_itself, Kind.ASSIGNMENTS, rules) is Scope.NOTHING
    pressed = replace(by_itself, follow_ups_started_by=BOB)
    assert scope(pressed, Kind.ASSIGNMENTS, rules) is Scope.ALL


def test_where_nothing_runs_by_itself_there_is_no_time_at_which_it_starts() -> None:
    rules = replace(RULES, follow_ups=frozenset())
    revocation = begun(rules, coverage=coverage(uncovered=("999999999999",)))
    assert revocation.follow_ups_at is None
    assert not follow_ups.may_start(revocation, at(days=9))
    assert follow_ups.next_look_at(revocation) is None
    assert {scope(revocation, kind, rules) for kind in ACCESS} == {Scope.NOTHING}


def test_access_is_removed_without_a_denial_only_where_somebody_started_it() -> None:
    undenied = follow_ups.begun(denied(state=State.CONFIRMED, written_at=None), RULES, T0)
    assert scope(undenied, Kind.ASSIGNMENTS) is Scope.NOTHING
    asked_for = replace(undenied, follow_ups_started_at=at(minutes=1))
    assert scope(asked_for, Kind.ASSIGNMENTS) is Scope.ALL


@pytest.mark.parametrize("gone", [State.RELEASING, State.RELEASED, State.WATCHED, State.CLOSED])
def test_nothing_is_taken_from_somebody_who_is_off_the_list(gone: State) -> None:
    assert {scope(started(state=gone), kind) for kind in ACCESS} == {Scope.NOTHING}


# --- sign-in ---


def test_sign_in_by_scim_waits_for_the_sessions() -> None:
    revocation = started(SCIM)
    assert scope(revocation, Kind.SIGN_IN, SCIM) is Scope.NOTHING
    assert (
        scope(with_step(revocation, Kind.SESSIONS, state=StepState.ATTESTED), Kind.SIGN_IN, SCIM) is Scope.ALL
    )
    assert scope(with_step(revocation, Kind.SIGN_IN, anyway=True), Kind.SIGN_IN, SCIM) is Scope.ALL


def test_sign_in_turns_green_when_aws_says_so_and_by_nothing_else() -> None:
    revocation = started()
    said = with_step(
        revocation,
        Kind.SIGN_IN,
        attested=Attestation(by=BOB, at=at(minutes=20), done_by="bob", done_at=at(minutes=20)),
    )
    still = follow_ups.seen(said, reach(at(minutes=21), sign_in="ENABLED"), at(minutes=21))
    assert state(still, Kind.SIGN_IN) is StepState.OPEN
    read = follow_ups.seen(said, reach(at(minutes=22), sign_in="DISABLED"), at(minutes=22))
    assert state(read, Kind.SIGN_IN) is StepState.DONE


def test_sign_in_that_comes_back_opens_itself_and_the_sessions_again() -> None:
    revocation = done(started(), Kind.SIGN_IN, at(hours=1))
    revocation = with_step(revocation, Kind.SESSIONS, state=StepState.ATTESTED, ended_at=at(minutes=50))
    back = follow_ups.seen(revocation, reach(at(hours=2), sign_in="ENABLED"), at(hours=2))
    assert state(back, Kind.SIGN_IN) is StepState.OPEN
    assert state(back, Kind.SESSIONS) is StepState.OPEN
    assert [note.kind for note in follow_ups.news(revocation, back, at(hours=2))] == ["came_back"]


def test_sign_in_that_scim_disabled_and_somebody_enabled_is_disabled_again_by_scim() -> None:
    revocation = with_step(
        started(SCIM), Kind.SIGN_IN, state=StepState.DONE, started_at=at(minutes=51), ended_at=at(hours=1)
    )
    revocation = with_step(revocation, Kind.SESSIONS, state=StepState.ATTESTED, ended_at=at(minutes=50))
    back = follow_ups.seen(
        revocation,
        reach(at(hours=2), sign_in="ENABLED"),
        at(hours=2),
    )
    again = with_step(back, Kind.SESSIONS, state=StepState.ATTESTED)
    assert scope(again, Kind.SIGN_IN, SCIM) is Scope.ALL
    assert Kind.SIGN_IN in follow_ups.to_wake(again, SCIM, at(hours=2))


def test_an_attested_sign_in_that_aws_still_calls_enabled_after_an_hour_is_open_for_a_person_again() -> None:
    said = Attestation(by=BOB, at=at(minutes=20), done_by="bob", done_at=at(minutes=20))
    revocation = with_step(started(), Kind.SIGN_IN, attested=said)
    patient = follow_ups.seen(revocation, reach(at(minutes=79), sign_in="ENABLED"), at(minutes=79))
    assert patient == revocation
    again = follow_ups.seen(revocation, reach(at(minutes=81), sign_in="ENABLED"), at(minutes=81))
    step = again.step(Kind.SIGN_IN)
    assert step is not None
    assert step.attested is None
    assert "an hour later AWS still says that it is enabled" in step.detail
    [note] = follow_ups.news(revocation, again, at(minutes=81))
    assert (note.kind, note.broadcast) == ("step_failed", True)
    assert list(follow_ups.news(again, again, at(minutes=96))) == []


# --- what comes back ---


def test_access_that_comes_back_is_removed_again_and_after_three_times_a_person_must_look() -> None:
    revocation, now = done(started(), Kind.ASSIGNMENTS, at(hours=1)), at(hours=2)
    for count in range(1, 5):
        revocation = follow_ups.seen(revocation, reach(now, direct=1), now)
        step = revocation.step(Kind.ASSIGNMENTS)
        assert step is not None
        assert step.comebacks == count
        assert step.state is (StepState.WAITING if count <= 3 else StepState.FAILED)
        revocation, now = done(revocation, Kind.ASSIGNMENTS, now), now + timedelta(hours=1)


def test_a_reading_that_began_before_the_removal_ended_says_nothing() -> None:
    revocation = done(started(), Kind.ASSIGNMENTS, at(hours=1))
    old = reach(at(minutes=59), direct=2)
    assert follow_ups.seen(revocation, old, at(hours=1, seconds=1)) == revocation


def test_a_reading_that_failed_opens_nothing_again() -> None:
    revocation = done(started(), Kind.ASSIGNMENTS, at(hours=1))
    failed = reach(at(hours=2), direct=2, unread=("throttled",))
    assert state(follow_ups.seen(revocation, failed, at(hours=2)), Kind.ASSIGNMENTS) is StepState.DONE


# --- waking ---


def test_a_woken_step_is_looked_at_again_when_its_job_was_lost() -> None:
    revocation = started()
    woken = follow_ups.woken(revocation, RULES, at(minutes=10), timedelta(seconds=3))
    assert follow_ups.to_wake(woken, RULES, at(minutes=10)) == ()
    assert follow_ups.next_look_at(woken) == at(minutes=10, seconds=3)
    assert set(follow_ups.to_wake(woken, RULES, at(minutes=10, seconds=3))) == set(ACCESS)


def test_a_failed_step_is_woken_when_its_time_has_come_and_not_before() -> None:
    failed = with_step(
        started(), Kind.ASSIGNMENTS, state=StepState.FAILED, again_at=at(minutes=30), detail="no"
    )
    assert Kind.ASSIGNMENTS not in follow_ups.to_wake(failed, RULES, at(minutes=29))
    assert Kind.ASSIGNMENTS in follow_ups.to_wake(failed, RULES, at(minutes=30))


def test_back_off_grows_to_a_minute() -> None:
    waits = [follow_ups.backoff(attempts).total_seconds() for attempts in range(10)]
    assert waits == sorted(waits)
    assert waits[0] == 1
    assert waits[-1] == 60


def test_a_settled_step_has_nothing_to_do() -> None:
    for settled in (StepState.DONE, StepState.ATTESTED, StepState.NOT_IN_USE):
        assert Step(kind=Kind.ASSIGNMENTS, state=settled).settled
