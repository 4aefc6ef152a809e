"""Follow-ups that fail, hang, die in the middle or meet an AWS that changes its mind: each ends where a human sees it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.scripted import (
    Killed,
    Scripted,
    confirmed,
    delay_over,
    denied,
    item,
    unsettled,
    who,
)
from workers.domain.errors import AwsRefused, ProviderRefused
from workers.domain.revocation import Revocation, State
from workers.domain.step import ACCESS, Kind, StepState
from workers.ports import Item
from workers.service import coverage, follow_ups, intake
from workers.service.follow_ups import recording
from workers.service.intake import Statement

MANAGEMENT = "999999999999"


def run(aws: Scripted, revocation_id: str, *kinds: Kind) -> None:
    for kind in kinds or ACCESS:
        follow_ups.remove(aws.world, revocation_id, kind)


def started(aws: Scripted) -> str:
    revocation_id = denied(aws.world)
    delay_over(aws, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    return revocation_id


def due(aws: Scripted, revocation_id: str, kind: Kind) -> None:
    """As if the step's next time had come."""
    past = datetime.now(UTC) - timedelta(seconds=1)

    def late(record: Revocation) -> Revocation:
        step = record.step(kind)
        assert step is not None
        return record.with_step(replace(step, again_at=past))

    aws.edit(revocation_id, late)


def ended_long_ago(aws: Scripted, revocation_id: str, kind: Kind) -> None:
    """As if the step had been done a minute ago: what a reading shows now is no old answer."""
    past = datetime.now(UTC) - timedelta(minutes=1)

    def older(record: Revocation) -> Revocation:
        step = record.step(kind)
        assert step is not None
        return record.with_step(replace(step, ended_at=past))

    aws.edit(revocation_id, older)


def removing(aws: Scripted, revocation_id: str) -> list[list[str]]:
    entries = aws.world.store.log(revocation_id)
    return [[i["key"] for i in e["detail"]["items"]] for e in entries if e["event"] == "removing"]


# --- the straight way ---


def test_everything_goes_after_a_snapshot_and_is_recorded_before_and_after(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"), item("a2"))
    aws.give(Kind.MEMBERSHIPS, item("g1", synced=True))
    revocation_id = started(aws)
    run(aws, revocation_id)

    events = aws.events(revocation_id)
    assert events.index("snapshot") < events.index("removing") < events.index("removed")
    assert {aws.step(revocation_id, kind).state for kind in ACCESS} == {StepState.DONE}
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).gone == 2
    [residual] = aws.step(revocation_id, Kind.MEMBERSHIPS).residual
    assert "identity provider" in residual
    assert "Wiki" in aws.step(revocation_id, Kind.APPLICATIONS).residual[0]


def test_the_snapshot_holds_all_that_is_needed_to_give_it_back(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = started(aws)
    snapshot = aws.record(revocation_id).snapshot
    assert snapshot is not None
    detail = aws.world.store.log(revocation_id)[snapshot.entry - 1]["detail"]
    assert detail["assignments"] == [
        {
            "key": "a1",
            "name": "a1 in 111122223333",
            "accounts": ["111122223333"],
            "data": {"id": "a1"},
            "synced": False,
        }
    ]
    assert detail["user"]["user_name"] == "alice"
    assert "Add user ID here" in detail["policy"]


def test_nothing_goes_before_the_delay_and_nothing_while_somebody_says_wait(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = denied(aws.world)
    follow_ups.follow_up(aws.world, revocation_id)
    run(aws, revocation_id)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == []

    intake.wait_follow_ups(aws.world.store, who("UCAROL"), revocation_id)
    delay_over(aws, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    run(aws, revocation_id)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == []

    intake.start_follow_ups(aws.world.store, who("UBOB"), revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    run(aws, revocation_id)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == ["a1"]


def test_what_the_deny_does_not_reach_goes_at_once_and_the_rest_waits(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"), item("root", MANAGEMENT))
    aws.give(Kind.MEMBERSHIPS, item("g1"), item("g-root", MANAGEMENT))
    revocation_id = denied(aws.world)
    coverage.read_reach(aws.world, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    run(aws, revocation_id)

    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == ["root"]
    assert aws.aws.holdings[Kind.MEMBERSHIPS].removed == ["g-root"]
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.WAITING

    delay_over(aws, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    run(aws, revocation_id)
    step = aws.step(revocation_id, Kind.ASSIGNMENTS)
    assert (step.state, step.gone, step.total) == (StepState.DONE, 2, 2)


def test_access_is_removed_anyway_where_the_deny_cannot_be_written(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    aws.policy.refused = True
    revocation_id = denied(aws.world)
    assert aws.record(revocation_id).state is State.CONFIRMED

    intake.start_follow_ups(aws.world.store, who("UBOB"), revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    run(aws, revocation_id)

    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == ["a1"]
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def test_the_last_of_a_permission_set_is_named_before_it_goes(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"), item("a2"))
    aws.aws.last_keys = frozenset({"a2"})
    revocation_id = denied(aws.world)
    follow_ups.follow_up(aws.world, revocation_id)
    snapshot = aws.record(revocation_id).snapshot
    assert snapshot is not None
    assert (snapshot.last, snapshot.last_known) == (("a2 in 111122223333",), True)
    assert "last_assignments" in [note.kind for note in aws.record(revocation_id).notes]


def test_a_service_that_is_not_there_is_not_in_use_and_not_done(aws: Scripted) -> None:
    aws.aws.holdings[Kind.ENTITLEMENTS].in_use = False
    revocation_id = started(aws)
    run(aws, revocation_id, Kind.ENTITLEMENTS)
    assert aws.step(revocation_id, Kind.ENTITLEMENTS).state is StepState.NOT_IN_USE


# --- killed, twice, never ---


def test_killed_in_the_middle_it_goes_on_where_it_was(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, *[item(f"a{n}") for n in range(6)])
    holdings = aws.aws.holdings[Kind.ASSIGNMENTS]
    revocation_id = started(aws)

    def die_at_the_third(one: Item) -> None:
        if one.key == "a3":
            raise Killed

    holdings.script = die_at_the_third
    with pytest.raises(Killed):
        run(aws, revocation_id, Kind.ASSIGNMENTS)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.RUNNING

    holdings.script = lambda one: None
    due(aws, revocation_id, Kind.ASSIGNMENTS)
    follow_ups.catch_up(aws.world, revocation_id)

    assert sorted(holdings.removed) == [f"a{n}" for n in range(6)]
    assert len(holdings.removed) == len(set(holdings.removed))
    step = aws.step(revocation_id, Kind.ASSIGNMENTS)
    assert (step.state, step.gone) == (StepState.DONE, 6)


def test_a_second_run_beside_the_first_does_nothing(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"), item("a2"))
    revocation_id = started(aws)
    aws.aws.holdings[Kind.ASSIGNMENTS].script = lambda one: run(aws, revocation_id, Kind.ASSIGNMENTS)
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == ["a1", "a2"]
    assert len(removing(aws, revocation_id)) == 1


def test_a_lost_job_is_made_good_by_the_reconciler(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = denied(aws.world)
    delay_over(aws, revocation_id)
    follow_ups.catch_up(aws.world, revocation_id)
    due(aws, revocation_id, Kind.ASSIGNMENTS)
    follow_ups.catch_up(aws.world, revocation_id)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == ["a1"]


def test_wait_in_the_middle_of_a_run_stops_what_was_not_begun(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, *[item(f"a{n}") for n in range(5)])
    revocation_id = started(aws)

    def wait_at_the_second(one: Item) -> None:
        if one.key == "a1":
            intake.wait_follow_ups(aws.world.store, who("UCAROL"), revocation_id)

    aws.aws.holdings[Kind.ASSIGNMENTS].script = wait_at_the_second
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == ["a0", "a1"]
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).gone == 2


# --- AWS says no, or nothing ---


def test_an_item_that_fails_is_named_with_awss_reason_and_retry_takes_it(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"), item("bad"))
    holdings = aws.aws.holdings[Kind.ASSIGNMENTS]
    holdings.fails = {"bad": "AWS says: the role is in use."}
    revocation_id = started(aws)
    run(aws, revocation_id, Kind.ASSIGNMENTS)

    step = aws.step(revocation_id, Kind.ASSIGNMENTS)
    assert (step.state, step.gone, step.total) == (StepState.FAILED, 1, 2)
    assert "the role is in use" in step.detail
    note = next(n for n in aws.record(revocation_id).notes if n.kind == "step_failed")
    assert note.broadcast

    holdings.fails = {}
    intake.retry_step(aws.world.store, who("UBOB"), revocation_id, Kind.ASSIGNMENTS)
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def test_no_rights_for_one_step_stop_no_other(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    aws.aws.holdings[Kind.MEMBERSHIPS].error = AwsRefused(
        "AccessDeniedException", "No identitystore:DeleteGroupMembership."
    )
    revocation_id = started(aws)
    run(aws, revocation_id)
    failed = aws.step(revocation_id, Kind.MEMBERSHIPS)
    assert failed.state is StepState.FAILED
    assert "identitystore:DeleteGroupMembership" in failed.detail
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE


def test_an_unclear_answer_is_tried_again_later_each_time_and_then_told(aws: Scripted) -> None:
    aws.aws.holdings[Kind.ASSIGNMENTS].error = unsettled()
    revocation_id = started(aws)
    for attempt in range(1, recording.MOST_ATTEMPTS):
        run(aws, revocation_id, Kind.ASSIGNMENTS)
        step = aws.step(revocation_id, Kind.ASSIGNMENTS)
        assert step.attempts == attempt
        assert step.again_at is not None
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    step = aws.step(revocation_id, Kind.ASSIGNMENTS)
    assert (step.state, step.detail) == (StepState.FAILED, "AWS is busy.")
    assert step.again_at is not None, "it is tried again by itself, seldom"


def test_an_item_without_an_end_leaves_the_step_running_and_the_next_run_goes_on(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"), item("slow"))
    aws.aws.holdings[Kind.ASSIGNMENTS].never_ends = frozenset({"slow"})
    revocation_id = started(aws)
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    step = aws.step(revocation_id, Kind.ASSIGNMENTS)
    assert (step.state, step.gone, step.total) == (StepState.RUNNING, 1, 2)
    assert step.again_at is not None


def test_removed_and_read_back_as_still_there_is_not_done(aws: Scripted) -> None:
    """AWS said SUCCEEDED for each, and yet a reading shows another one: somebody gave it meanwhile."""
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = started(aws)
    aws.aws.holdings[Kind.ASSIGNMENTS].script = lambda one: aws.give(Kind.ASSIGNMENTS, item("new"))
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.RUNNING


def test_a_snapshot_that_could_not_be_read_whole_says_so_and_the_rest_goes_on(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    aws.aws.holdings[Kind.APPLICATIONS].error = AwsRefused("AccessDeniedException", "No rights.")
    revocation_id = started(aws)
    snapshot = aws.record(revocation_id).snapshot
    assert snapshot is not None
    assert snapshot.unread == ("applications: No rights.",)
    run(aws, revocation_id, Kind.ASSIGNMENTS)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == ["a1"]


# --- sign-in ---


def ended(aws: Scripted, revocation_id: str) -> None:
    intake.attest(aws.world.store, who("UBOB"), revocation_id, Kind.SESSIONS, Statement())


def test_sign_in_waits_for_the_sessions_then_is_disabled_and_read_back(scim: Scripted) -> None:
    revocation_id = started(scim)
    follow_ups.disable_sign_in(scim.world, revocation_id)
    assert scim.provider.calls == []

    ended(scim, revocation_id)
    follow_ups.disable_sign_in(scim.world, revocation_id)
    assert scim.provider.calls == [False]
    assert scim.step(revocation_id, Kind.SIGN_IN).state is StepState.DONE


def test_disable_now_anyway_does_not_wait(scim: Scripted) -> None:
    revocation_id = started(scim)
    intake.disable_anyway(scim.world.store, who("UBOB"), revocation_id)
    follow_ups.disable_sign_in(scim.world, revocation_id)
    assert scim.provider.calls == [False]


def test_a_yes_that_aws_does_not_show_is_no_done(scim: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.service.follow_ups.sign_in.READ_BACK_PAUSE", 0)
    scim.provider.works = False
    revocation_id = started(scim)
    ended(scim, revocation_id)
    follow_ups.disable_sign_in(scim.world, revocation_id)
    step = scim.step(revocation_id, Kind.SIGN_IN)
    assert step.state is StepState.RUNNING
    assert "still says that sign-in is enabled" in step.detail


def test_a_provider_that_refuses_is_told_with_what_to_do(scim: Scripted) -> None:
    scim.provider.error = ProviderRefused("The SCIM token is not accepted. Make a new one.")
    revocation_id = started(scim)
    ended(scim, revocation_id)
    follow_ups.disable_sign_in(scim.world, revocation_id)
    step = scim.step(revocation_id, Kind.SIGN_IN)
    assert (step.state, step.detail) == (StepState.FAILED, "The SCIM token is not accepted. Make a new one.")


def test_a_user_who_is_no_more_cannot_sign_in(scim: Scripted) -> None:
    revocation_id = started(scim)
    ended(scim, revocation_id)
    scim.aws.exists = False
    follow_ups.disable_sign_in(scim.world, revocation_id)
    step = scim.step(revocation_id, Kind.SIGN_IN)
    assert step.state is StepState.DONE
    assert "no longer" in step.detail
    assert scim.provider.calls == []


# --- what comes back ---


def test_access_that_comes_back_is_told_and_removed_again(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = started(aws)
    run(aws, revocation_id)
    coverage.read_reach(aws.world, revocation_id)
    assert aws.record(revocation_id).no_mint_at is not None

    aws.give(Kind.ASSIGNMENTS, item("again"))
    ended_long_ago(aws, revocation_id, Kind.ASSIGNMENTS)
    coverage.read_reach(aws.world, revocation_id)
    record = aws.record(revocation_id)
    assert record.no_mint_at is None
    assert "came_back" in [note.kind for note in record.notes]

    follow_ups.follow_up(aws.world, revocation_id)
    run(aws, revocation_id)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == ["a1", "again"]


def test_confirmed_and_not_denied_nothing_is_taken_unasked(aws: Scripted) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"))
    revocation_id = confirmed(aws.world)
    follow_ups.follow_up(aws.world, revocation_id)
    run(aws, revocation_id)
    assert aws.aws.holdings[Kind.ASSIGNMENTS].removed == []
