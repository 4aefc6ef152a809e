"""What a lost wake-up, a kill or a race leaves of the follow-ups."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.test_follow_ups import due, run, started
from tests.sandbox.scripted import Killed, Scripted, confirmed, delay_over, denied, item, who
from workers.domain.errors import AwsRefused, Refused
from workers.domain.revocation import Revocation
from workers.domain.step import Kind, StepState
from workers.service import clean_up, coverage, follow_ups, intake
from workers.service.follow_ups import snapshot, starting
from workers.service.intake import Statement
from workers.service.restore import restore

MANAGEMENT = "999999999999"


def later(aws: Scripted, revocation_id: str) -> None:
    """As if a minute had passed: every time that a step waits for has come."""
    past = datetime.now(UTC) - timedelta(seconds=1)

    def moved(record: Revocation) -> Revocation:
        for step in record.steps:
            if step.again_at is not None:
                record = record.with_step(replace(step, again_at=past))
        return record

    aws.edit(revocation_id, moved)


def reconciler(aws: Scripted, revocation_id: str, passes: int = 6) -> None:
    """Only the reconciler is left: every job is lost."""
    for _ in range(passes):
        if revocation_id in aws.world.store.due(aws.world.store.now()):
            follow_ups.catch_up(aws.world, revocation_id)
        later(aws, revocation_id)


def test_killed_between_the_start_and_the_waking_it_is_still_done(aws: Scripted, monkeypatch) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = denied(aws.world)
    follow_ups.follow_up(aws.world, revocation_id)
    delay_over(aws, revocation_id)

    def die(world):
        raise Killed

    with monkeypatch.context() as m:
        m.setattr(starting, "_woken", die)
        with pytest.raises(Killed):
            follow_ups.follow_up(aws.world, revocation_id)
    assert aws.record(revocation_id).follow_ups_started_at is not None
    reconciler(aws, revocation_id)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def test_remove_anyway_killed_while_the_snapshot_is_read_is_still_done(aws: Scripted, monkeypatch) -> None:
    aws.policy.refused = True
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = confirmed(aws.world)
    intake.start_follow_ups(aws.world.store, who("UBOB"), revocation_id)

    def die(world, revocation_id):
        raise Killed

    with monkeypatch.context() as m:
        m.setattr(snapshot, "take", die)
        with pytest.raises(Killed):
            follow_ups.follow_up(aws.world, revocation_id)
    reconciler(aws, revocation_id)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def test_start_now_whose_job_is_lost_before_there_is_a_snapshot_is_still_done(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = denied(aws.world)
    intake.start_follow_ups(aws.world.store, who("UBOB"), revocation_id)
    reconciler(aws, revocation_id)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def test_sessions_attested_and_the_job_lost_sign_in_is_still_disabled(scim: Scripted) -> None:
    revocation_id = started(scim)
    run(scim, revocation_id)
    reconciler(scim, revocation_id)
    intake.attest(scim.world.store, who("UBOB"), revocation_id, Kind.SESSIONS, Statement())
    reconciler(scim, revocation_id)
    assert scim.aws.sign_in == "DISABLED"


def test_start_now_while_the_gaps_are_being_removed_removes_the_rest_too(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("root", MANAGEMENT), item("a1"))
    revocation_id = denied(aws.world)
    coverage.read_reach(aws.world, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)

    def press_start(_: object) -> None:
        aws.aws.holdings[Kind.ASSIGNMENTS].script = lambda item: None
        intake.start_follow_ups(aws.world.store, who("UBOB"), revocation_id)
        follow_ups.follow_up(aws.world, revocation_id)  # its job
        run(aws, revocation_id)  # the jobs that it woke: the lock is taken

    aws.aws.holdings[Kind.ASSIGNMENTS].script = press_start
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    reconciler(aws, revocation_id)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == ["root", "a1"]


def test_the_delay_ends_while_the_gaps_are_being_removed_and_the_rest_goes_too(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("root", MANAGEMENT), item("root2", MANAGEMENT), item("a1"))
    revocation_id = denied(aws.world)
    coverage.read_reach(aws.world, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)

    def delay_ends(_: object) -> None:
        aws.aws.holdings[Kind.ASSIGNMENTS].script = lambda item: None
        delay_over(aws, revocation_id)
        follow_ups.follow_up(aws.world, revocation_id)

    aws.aws.holdings[Kind.ASSIGNMENTS].script = delay_ends
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    reconciler(aws, revocation_id)
    assert sorted(aws.aws.holdings[Kind.ASSIGNMENTS].removed) == ["a1", "root", "root2"]


def test_killed_after_the_last_gap_went_the_rest_is_still_removed_after_the_delay(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("root", MANAGEMENT), item("a1"))
    revocation_id = denied(aws.world)
    coverage.read_reach(aws.world, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)

    def die(dying) -> None:
        held = aws.aws.holdings[Kind.ASSIGNMENTS]
        held.held_now = [i for i in held.held_now if i.key != dying.key]
        held.script = lambda item: None
        raise Killed

    aws.aws.holdings[Kind.ASSIGNMENTS].script = die
    with pytest.raises(Killed):
        run(aws, revocation_id, Kind.ASSIGNMENTS)
    coverage.read_reach(aws.world, revocation_id)
    assert not aws.record(revocation_id).coverage.uncovered
    reconciler(aws, revocation_id)
    delay_over(aws, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    reconciler(aws, revocation_id)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def _stopped_by_a_request(aws: Scripted) -> str:
    aws.give(Kind.ASSIGNMENTS, item("a1"), item("a2"))
    revocation_id = started(aws)

    def ask(_: object) -> None:
        aws.aws.holdings[Kind.ASSIGNMENTS].script = lambda item: None
        intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "")

    aws.aws.holdings[Kind.ASSIGNMENTS].script = ask
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.WAITING
    return revocation_id


def test_a_refused_request_whose_job_is_lost_lets_the_follow_ups_go_on(aws: Scripted) -> None:
    revocation_id = _stopped_by_a_request(aws)
    intake.refuse(aws.world.store, who("UCAROL"), revocation_id)
    reconciler(aws, revocation_id)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def test_a_request_that_the_clean_up_lets_lapse_lets_the_follow_ups_go_on(aws: Scripted) -> None:
    revocation_id = _stopped_by_a_request(aws)
    aws.edit(
        revocation_id,
        lambda r: replace(r, release=replace(r.release, asked_at=datetime.now(UTC) - timedelta(hours=25))),
    )
    clean_up.clean_up(aws.world, revocation_id)
    assert aws.record(revocation_id).release is None
    reconciler(aws, revocation_id)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def test_a_killed_run_that_a_request_covers_goes_on_after_the_refusal(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"), item("a2"))
    revocation_id = started(aws)

    def die(_: object) -> None:
        aws.aws.holdings[Kind.ASSIGNMENTS].script = lambda item: None
        raise Killed

    aws.aws.holdings[Kind.ASSIGNMENTS].script = die
    with pytest.raises(Killed):
        run(aws, revocation_id, Kind.ASSIGNMENTS)
    intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "")
    later(aws, revocation_id)
    intake.attest(aws.world.store, who("UBOB"), revocation_id, Kind.SLACK, Statement())
    follow_ups.follow_up(aws.world, revocation_id)  # the job of the attestation
    intake.refuse(aws.world.store, who("UCAROL"), revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    reconciler(aws, revocation_id)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def test_wait_stops_a_step_that_somebody_retried_before(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    holdings = aws.aws.holdings[Kind.ASSIGNMENTS]
    holdings.error = AwsRefused("AccessDeniedException", "No rights.")
    revocation_id = started(aws)
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    intake.retry_step(aws.world.store, who("UBOB"), revocation_id, Kind.ASSIGNMENTS)
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    intake.wait_follow_ups(aws.world.store, who("UCAROL"), revocation_id)
    holdings.error = None
    reconciler(aws, revocation_id)
    assert holdings.removed == []


def test_what_keeps_failing_wakes_the_owner_once(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    aws.aws.holdings[Kind.ASSIGNMENTS].fails = {"a1": "AWS has not removed it."}
    revocation_id = started(aws)
    for _ in range(4):
        due(aws, revocation_id, Kind.ASSIGNMENTS)
        run(aws, revocation_id, Kind.ASSIGNMENTS)
    notes = [n for n in aws.record(revocation_id).notes if n.kind == "step_failed" and n.broadcast]
    assert len(notes) == 1


def test_what_is_gone_and_still_listed_is_counted_once_and_ends_where_somebody_sees_it(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    holdings = aws.aws.holdings[Kind.ASSIGNMENTS]
    real = holdings.held_now[:]
    revocation_id = started(aws)
    for _ in range(40):
        holdings.held_now = real[:]
        holdings.held = lambda user_id: real[:]  # type: ignore[method-assign]
        run(aws, revocation_id, Kind.ASSIGNMENTS)
        later(aws, revocation_id)
    step = aws.step(revocation_id, Kind.ASSIGNMENTS)
    assert step.gone <= 1
    assert step.state is StepState.FAILED


def test_a_restore_that_enables_sign_in_opens_the_sessions_again(scim: Scripted) -> None:
    scim.give(Kind.MEMBERSHIPS, item("g1"))
    revocation_id = started(scim)
    run(scim, revocation_id)
    intake.attest(scim.world.store, who("UBOB"), revocation_id, Kind.SESSIONS, Statement())
    intake.attest(scim.world.store, who("UBOB"), revocation_id, Kind.CREDENTIALS, Statement())
    follow_ups.follow_up(scim.world, revocation_id)
    follow_ups.disable_sign_in(scim.world, revocation_id)
    coverage.read_reach(scim.world, revocation_id)
    assert scim.aws.sign_in == "DISABLED"
    intake.ask_restore(scim.world.store, who("UBOB"), revocation_id, "")
    restore(scim.world, revocation_id)
    intake.approve(scim.world.store, who("UCAROL"), revocation_id)
    restore(scim.world, revocation_id)
    coverage.read_reach(scim.world, revocation_id)
    assert scim.aws.sign_in == "ENABLED"  # a new portal session may begin here
    intake.start_follow_ups(scim.world.store, who("UBOB"), revocation_id)
    follow_ups.follow_up(scim.world, revocation_id)
    follow_ups.disable_sign_in(scim.world, revocation_id)
    coverage.read_reach(scim.world, revocation_id)
    record = scim.record(revocation_id)
    assert record.step(Kind.SESSIONS).state is not StepState.ATTESTED


def test_a_restore_whose_reads_take_longer_than_a_lock_lives_is_done(aws: Scripted, monkeypatch) -> None:
    aws.give(Kind.MEMBERSHIPS, item("g1"))
    revocation_id = started(aws)
    run(aws, revocation_id)
    intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "")
    restore(aws.world, revocation_id)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    held = aws.aws.holdings[Kind.MEMBERSHIPS]
    quick = held.held

    def slow(user_id):
        time.sleep(11)
        return quick(user_id)

    held.held = slow
    restore(aws.world, revocation_id)
    assert held.made == ["g1"]


def test_runs_without_any_end_come_before_a_person(aws: Scripted) -> None:
    aws.give(Kind.MEMBERSHIPS, item("g1"))
    aws.aws.holdings[Kind.MEMBERSHIPS].never_ends = frozenset({"g1"})
    revocation_id = started(aws)
    for _ in range(50):
        run(aws, revocation_id, Kind.MEMBERSHIPS)
        step = aws.step(revocation_id, Kind.MEMBERSHIPS)
        if step.state is StepState.FAILED:
            break
        later(aws, revocation_id)
    assert step.state is StepState.FAILED


def test_one_stale_reading_after_the_end_alarms_nobody(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = started(aws)
    before = aws.aws.holdings[Kind.ASSIGNMENTS].held_now[:]
    run(aws, revocation_id)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE
    aws.aws.holdings[Kind.ASSIGNMENTS].held_now = before  # another of AWS's servers, a second behind
    coverage.read_reach(aws.world, revocation_id)  # the job that `done` wakes at once
    assert not [n for n in aws.record(revocation_id).notes if n.kind == "came_back"]


def test_start_is_refused_while_a_restore_is_under_way(aws: Scripted) -> None:
    aws.give(Kind.MEMBERSHIPS, item("g1"))
    revocation_id = started(aws)
    run(aws, revocation_id)
    intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "", nothing_lost=True)
    with pytest.raises(Refused, match="being given back"):
        intake.start_follow_ups(aws.world.store, who("UBOB"), revocation_id)


def test_what_somebody_retried_in_vain_takes_nothing_after_a_restore(aws: Scripted) -> None:
    aws.give(Kind.MEMBERSHIPS, item("g1"))
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    direct = aws.aws.holdings[Kind.ASSIGNMENTS]
    direct.error = AwsRefused("AccessDeniedException", "No rights.")
    revocation_id = started(aws)
    run(aws, revocation_id)
    intake.retry_step(aws.world.store, who("UBOB"), revocation_id, Kind.ASSIGNMENTS)
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "", nothing_lost=True)
    restore(aws.world, revocation_id)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    restore(aws.world, revocation_id)

    direct.error = None
    reconciler(aws, revocation_id)
    assert not aws.record(revocation_id).giving_back
    assert direct.removed == []
