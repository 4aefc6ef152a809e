"""Approving, refusing and nudging: who may, once, and never anything but what was shown."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.sandbox.scripted import Scripted, denied, who
from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import Refused, RevocationError
from workers.domain.revocation import ReleaseRequest, Revocation, State, TargetRef
from workers.ports import Job
from workers.service import intake
from workers.service.intake import Authority, Request


def asked(aws: Scripted, *, by: str = "UBOB") -> str:
    revocation_id = denied(aws.world)
    intake.ask_release(aws.world.store, who(by), revocation_id, "all clear")
    return revocation_id


def terminal(name: str) -> Authority:
    actor = Actor(kind="terminal", id=name, name=f"{name} at a terminal")
    return Authority(actor=actor, responder=True, approver=True)


def long_ago(aws: Scripted, revocation_id: str, **ago: float) -> None:
    def older(record: Revocation) -> Revocation:
        assert record.release is not None
        at = record.release.asked_at - timedelta(**ago)
        return replace(record, release=replace(record.release, asked_at=at))

    aws.edit(revocation_id, older)


def deny_slack(aws: Scripted, slack_id: str) -> None:
    """As if this person were denied: their user is another one, and stands in a record of its own."""
    target = TargetRef(kind="user_id", value="b1b2c3d4-aaaa-bbbb-cccc-00000000000b", slack_id=slack_id)
    request = Request(targets=(target,), reason="", channel="C0SECINC01")
    [made] = intake.ask(aws.world.store, who("UEVE"), request)
    aws.edit(made.revocation.id, lambda record: replace(record, state=State.CONFIRMED))


def notes(aws: Scripted, revocation_id: str, kind: str) -> list[str | None]:
    return [note.to for note in aws.record(revocation_id).notes if note.kind == kind]


def test_a_second_approval_is_told_who_was_first(aws: Scripted) -> None:
    revocation_id = asked(aws)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    with pytest.raises(Refused, match="<@UCAROL> approved the release"):
        intake.approve(aws.world.store, who("UDAN"), revocation_id)


def test_of_two_approvals_at_once_exactly_one_counts(aws: Scripted) -> None:
    revocation_id = asked(aws)

    def approve(name: str) -> str:
        try:
            intake.approve(aws.world.store, who(name), revocation_id)
        except Refused:
            return "refused"
        return "approved"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(approve, ["UCAROL", "UDAN", "UEVE", "UFAY", "UGUS", "UHAL"]))
    assert sorted(answers) == ["approved", *["refused"] * 5]
    assert aws.events(revocation_id).count("release_approved") == 1


def test_whoever_asked_cannot_approve(aws: Scripted) -> None:
    revocation_id = asked(aws)
    with pytest.raises(Refused, match="You asked for a release"):
        intake.approve(aws.world.store, who("UBOB"), revocation_id)


def test_a_request_of_somebody_denied_meanwhile_is_void(aws: Scripted) -> None:
    revocation_id = asked(aws)
    deny_slack(aws, "UBOB")
    with pytest.raises(Refused, match="UBOB asked for it and has an open revocation"):
        intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    assert aws.record(revocation_id).state is State.DENIED


def test_somebody_denied_can_neither_approve_nor_refuse_nor_nudge(aws: Scripted) -> None:
    revocation_id = asked(aws)
    deny_slack(aws, "UCAROL")
    for use_case in (intake.approve, intake.refuse):
        with pytest.raises(Refused, match="Your own access is revoked"):
            use_case(aws.world.store, who("UCAROL"), revocation_id)
    with pytest.raises(Refused, match="Your own access is revoked"):
        intake.nudge(aws.world.store, who("UCAROL"), revocation_id, {"UDAN"})


def test_a_request_of_yesterday_is_no_longer_approved_and_makes_room_for_a_new_one(aws: Scripted) -> None:
    revocation_id = asked(aws)
    long_ago(aws, revocation_id, hours=24, seconds=1)
    with pytest.raises(Refused, match="over 24 hours old"):
        intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    intake.ask_release(aws.world.store, who("UCAROL"), revocation_id, "again")
    intake.approve(aws.world.store, who("UBOB"), revocation_id)
    assert aws.record(revocation_id).state is State.RELEASING


def test_a_request_that_waits_is_named_with_who_and_since_when(aws: Scripted) -> None:
    revocation_id = asked(aws)
    with pytest.raises(Refused, match=r"UBOB asked for a release at \d\d:\d\d UTC; it waits"):
        intake.ask_release(aws.world.store, who("UCAROL"), revocation_id, "again")
    with pytest.raises(Refused, match="must be approved or refused before a false alarm"):
        intake.ask_false_alarm(aws.world.store, who("UCAROL"), revocation_id, "oops")


def test_what_was_not_shown_is_not_approved(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    request = intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test").release
    assert request is not None
    assert request.diff is not None
    with pytest.raises(Refused, match="changed while you were reading"):
        intake.approve(aws.world.store, who("UCAROL"), revocation_id, list_seen=0)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id, list_seen=request.diff.entry)


def test_a_vote_at_a_terminal_is_loud_and_names_both(aws: Scripted) -> None:
    revocation_id = asked(aws)
    intake.approve(aws.world.store, terminal("root"), revocation_id)
    loud = [note for note in aws.record(revocation_id).notes if note.kind == "terminal_vote"]
    assert [(note.broadcast, note.alarm) for note in loud] == [(True, False), (False, True)]
    assert {note.detail for note in loud} == {"UBOB and root at a terminal"}


def test_a_refusal_leaves_all_as_it_is_and_lets_the_follow_ups_go_on(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test")
    intake.refuse(aws.world.store, who("UCAROL"), revocation_id)
    record = aws.record(revocation_id)
    assert (record.state, record.release, record.restore) == (State.DENIED, None, None)
    assert aws.events(revocation_id)[-1] == "false_alarm_refused"
    with pytest.raises(Refused, match="Nothing about alice waits for approval"):
        intake.refuse(aws.world.store, who("UCAROL"), revocation_id)


def test_the_clean_ups_own_request_is_approved_as_that(aws: Scripted) -> None:
    revocation_id = denied(aws.world)

    def asks(record: Revocation) -> Revocation:
        return replace(
            record, release=ReleaseRequest(asked_by=SYSTEM, asked_at=record.requested_at, reason="")
        )

    aws.edit(revocation_id, asks)
    approved = intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    assert (approved.state, approved.clean_up_given_by) == (State.DENIED, who("UCAROL").actor)


def test_a_nudge_reaches_each_who_can_approve_and_nobody_else(aws: Scripted) -> None:
    revocation_id = asked(aws)
    aws.edit(revocation_id, lambda record: replace(record, target=replace(record.target, slack_id="UALICE")))
    deny_slack(aws, "UMALLORY")
    people = {"UALICE", "UBOB", "UCAROL", "UDAN", "UMALLORY"}
    nudged = intake.nudge(aws.world.store, who("UBOB"), revocation_id, people)
    assert notes(aws, revocation_id, "nudge") == ["UCAROL", "UDAN"]
    assert nudged.release is not None
    assert nudged.release.nudged_at is not None


def test_a_nudge_comes_at_most_every_ten_minutes(aws: Scripted) -> None:
    revocation_id = asked(aws)
    intake.nudge(aws.world.store, who("UBOB"), revocation_id, {"UCAROL"})
    with pytest.raises(Refused, match=r"reminded at \d\d:\d\d:\d\d UTC"):
        intake.nudge(aws.world.store, who("UDAN"), revocation_id, {"UCAROL"})

    def earlier(record: Revocation) -> Revocation:
        assert record.release is not None
        assert record.release.nudged_at is not None
        at = record.release.nudged_at - timedelta(minutes=10)
        return replace(record, release=replace(record.release, nudged_at=at))

    aws.edit(revocation_id, earlier)
    intake.nudge(aws.world.store, who("UDAN"), revocation_id, {"UCAROL"})
    assert notes(aws, revocation_id, "nudge") == ["UCAROL", "UCAROL"]


def test_a_nudge_that_would_reach_nobody_is_refused(aws: Scripted) -> None:
    revocation_id = asked(aws)
    with pytest.raises(Refused, match="Nobody is left"):
        intake.nudge(aws.world.store, who("UBOB"), revocation_id, {"UBOB"})


def test_an_approval_wakes_the_policys_writer(aws: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    revocation_id = asked(aws)
    woken = list[Job]()
    put = aws.world.store._queue.put  # type: ignore[attr-defined]
    monkeypatch.setattr(
        aws.world.store._queue,  # type: ignore[attr-defined]
        "put",
        lambda pipe, wake, id_: (woken.append(wake.job), put(pipe, wake, id_)),
    )
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    assert Job.CONTAIN in woken


def test_break_glass_takes_what_waits_along(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test")
    broken = intake.break_glass(aws.world.store, terminal("root"), revocation_id, "now")
    assert (broken.state, broken.release) == (State.RELEASING, None)
    with pytest.raises(RevocationError, match="break-glass"):
        intake.break_glass(aws.world.store, who("UBOB"), revocation_id, "now")
