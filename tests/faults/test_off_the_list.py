"""The end of a denial where the world moves meanwhile: proofs that fall, readings that surprise, denials anew.

The records, the log and the use cases are the real ones, on a real Redis; AWS is scripted.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.sandbox.scripted import ALICE, Scripted, denied, item, scripted, who
from workers.domain import clearance
from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.domain.revocation import ReleaseRequest, Revocation, State
from workers.domain.step import Attestation, Kind, Step, StepState
from workers.ports import Change, Job, Wake
from workers.service import clean_up, containment, coverage, intake
from workers.service.intake import Authority
from workers.service.world import World

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


def ended(kind: Kind, when: datetime) -> Step:
    said = Attestation(by=Actor(kind="slack", id="UBOB"), at=when, done_by="bob", done_at=when)
    return Step(kind=kind, state=StepState.ATTESTED, attested=said, ended_at=when)


def with_steps(record: Revocation, *steps: Step) -> Revocation:
    for step in steps:
        record = record.with_step(step)
    return record


def long_ago(aws: Scripted, revocation_id: str, **given: Any) -> None:
    """As if the denial were a day old, and the notice given an hour ago."""
    day = now() - timedelta(days=1)
    told = {"written_at": day, "notice_at": now() - HOUR, "notes": (), **given}
    aws.edit(revocation_id, lambda record: replace(record, **told))


def proven(aws: Scripted) -> str:
    """Denied for a day, with no access since, and the notice given."""
    revocation_id = denied(aws.world)
    coverage.read_reach(aws.world, revocation_id)
    long_ago(aws, revocation_id, no_mint_at=now() - timedelta(days=1))
    return revocation_id


def shut(aws: Scripted) -> str:
    """Denied for a day, with access left, but nobody can sign in and the sessions are ended."""
    aws.aws.sign_in = "DISABLED"
    aws.give(Kind.ASSIGNMENTS, item("admin"))
    revocation_id = denied(aws.world)
    coverage.read_reach(aws.world, revocation_id)
    long_ago(aws, revocation_id, disabled_since=now() - timedelta(days=1))
    day = now() - timedelta(days=1)
    aws.edit(revocation_id, lambda record: with_steps(record, ended(Kind.SESSIONS, day)))
    return revocation_id


def notes(aws: Scripted, revocation_id: str) -> list[str]:
    return [note.kind for note in aws.record(revocation_id).notes]


def watched(aws: Scripted) -> str:
    revocation_id = proven(aws)
    clean_up.clean_up(aws.world, revocation_id)
    assert aws.record(revocation_id).state is State.WATCHED
    return revocation_id


def test_somebody_with_access_comes_off_by_the_second_proof(aws: Scripted) -> None:
    revocation_id = shut(aws)
    clean_up.clean_up(aws.world, revocation_id)
    assert aws.record(revocation_id).state is State.WATCHED
    assert aws.policy.denied == frozenset()


def test_sign_in_that_is_open_at_the_last_look_holds_them(aws: Scripted) -> None:
    revocation_id = shut(aws)
    aws.aws.sign_in = "ENABLED"
    clean_up.clean_up(aws.world, revocation_id)

    record = aws.record(revocation_id)
    assert record.state is State.DENIED
    assert record.held_because is not None
    assert "Access is left: 1 direct assignment." in record.held_because
    assert record.disabled_since is None
    assert clearance.unattested(record) == (Kind.SESSIONS, Kind.CREDENTIALS)
    assert "came_back" in notes(aws, revocation_id)
    assert aws.policy.denied == {ALICE}


def test_sign_in_that_aws_does_not_tell_at_the_last_look_holds_them(aws: Scripted) -> None:
    revocation_id = shut(aws)
    aws.aws.sign_in = None
    clean_up.clean_up(aws.world, revocation_id)
    assert aws.record(revocation_id).state is State.DENIED


@pytest.mark.parametrize("what", ["restore", "false_alarm"])
def test_nobody_comes_off_while_giving_back_is_asked_for_and_then_only_on_a_new_notice(
    aws: Scripted, what: Any
) -> None:
    revocation_id = proven(aws)
    asked = ReleaseRequest(asked_by=Actor(kind="slack", id="UBOB"), asked_at=now(), reason="", what=what)
    aws.edit(revocation_id, lambda record: replace(record, release=asked))
    clean_up.clean_up(aws.world, revocation_id)

    record = aws.record(revocation_id)
    assert (record.state, record.notice_at, record.held_because) == (State.DENIED, None, None)

    aws.edit(revocation_id, lambda record: replace(record, release=None))
    clean_up.clean_up(aws.world, revocation_id)
    assert aws.record(revocation_id).state is State.DENIED
    assert "notice" in notes(aws, revocation_id)


def test_mode_never_holds_even_after_a_notice_that_another_mode_gave(tmp_path: Path) -> None:
    with scripted(tmp_path, clean_up="never") as aws:
        revocation_id = proven(aws)
        clean_up.clean_up(aws.world, revocation_id)
        assert aws.record(revocation_id).state is State.DENIED
        assert "REVOKE_CLEAN_UP is" in (aws.record(revocation_id).held_because or "")


def test_a_held_reading_that_finds_access_again_wakes_the_follow_ups(aws: Scripted) -> None:
    revocation_id = proven(aws)
    gone = Step(kind=Kind.ASSIGNMENTS, state=StepState.DONE, ended_at=now() - HOUR)
    aws.edit(revocation_id, lambda record: with_steps(record, gone))
    aws.give(Kind.ASSIGNMENTS, item("admin"))
    woken = wakes(aws.world, lambda: clean_up.clean_up(aws.world, revocation_id))

    assert Job.FOLLOW_UP in woken
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.WAITING


def wakes(world: World, act: Callable[[], object]) -> list[Job]:
    """The jobs that `act` enqueues."""
    put, queue = list[Job](), world.store._queue  # type: ignore[attr-defined]
    real = queue.put

    def spy(pipe: Any, wake: Wake, revocation_id: str) -> None:
        put.append(wake.job)
        real(pipe, wake, revocation_id)

    queue.put = spy
    try:
        act()
    finally:
        del queue.put
    return put


def test_a_new_gap_wakes_the_follow_ups_once(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    coverage.read_reach(aws.world, revocation_id)
    aws.give(Kind.ASSIGNMENTS, item("admin", "999999999999"))

    assert Job.FOLLOW_UP in wakes(aws.world, lambda: coverage.read_reach(aws.world, revocation_id))
    assert Job.FOLLOW_UP not in wakes(aws.world, lambda: coverage.read_reach(aws.world, revocation_id))


def test_an_account_that_only_an_entitlement_opens_is_a_gap_too(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    aws.give(Kind.ENTITLEMENTS, item("audit", "999999999999"))
    coverage.read_reach(aws.world, revocation_id)

    record = aws.record(revocation_id)
    assert record.reach is not None
    assert record.coverage is not None
    assert record.reach.accounts == record.coverage.uncovered == ("999999999999",)


def test_a_reading_turns_sign_in_green_and_starts_its_clock(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    aws.aws.sign_in = "DISABLED"
    coverage.read_reach(aws.world, revocation_id)
    assert aws.step(revocation_id, Kind.SIGN_IN).state is StepState.DONE
    assert aws.record(revocation_id).disabled_since is not None


def test_sessions_that_must_be_ended_again_are_told(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    early = now() - 2 * HOUR
    aws.edit(revocation_id, lambda record: with_steps(record, ended(Kind.SESSIONS, early)))
    aws.aws.sign_in = "DISABLED"
    coverage.read_reach(aws.world, revocation_id)

    assert aws.step(revocation_id, Kind.SESSIONS).state is StepState.OPEN
    [note] = [note for note in aws.record(revocation_id).notes if note.kind == "sessions_again"]
    assert note.broadcast
    assert "over an hour after" in note.detail


def test_access_that_a_restore_gives_back_is_no_news(aws: Scripted) -> None:
    revocation_id = proven(aws)
    gone = Step(kind=Kind.ASSIGNMENTS, state=StepState.DONE, ended_at=now() - HOUR)
    asked = ReleaseRequest(asked_by=Actor(kind="slack", id="UBOB"), asked_at=now(), reason="", what="restore")
    aws.edit(revocation_id, lambda record: replace(with_steps(record, gone), release=asked))
    aws.give(Kind.ASSIGNMENTS, item("admin"))
    coverage.read_reach(aws.world, revocation_id)

    assert aws.step(revocation_id, Kind.ASSIGNMENTS).state is StepState.DONE
    assert aws.record(revocation_id).no_mint_at is None
    assert "came_back" not in notes(aws, revocation_id)


@pytest.mark.parametrize("between", [False, True])
def test_sign_in_that_comes_back_while_watched_is_told(aws: Scripted, between: bool) -> None:
    aws.aws.sign_in = "DISABLED"
    revocation_id = watched(aws)
    if between:
        aws.aws.sign_in = None
        coverage.read_reach(aws.world, revocation_id)
    aws.aws.sign_in = "ENABLED"
    coverage.read_reach(aws.world, revocation_id)
    coverage.read_reach(aws.world, revocation_id)

    told = [note for note in aws.record(revocation_id).notes if note.kind == "sign_in_back"]
    assert [note.broadcast for note in told] == [True]


def test_sign_in_that_was_never_disabled_does_not_come_back(aws: Scripted) -> None:
    revocation_id = watched(aws)
    coverage.read_reach(aws.world, revocation_id)
    assert "sign_in_back" not in notes(aws, revocation_id)


def test_watching_ends_once_sessions_and_credentials_are_both_attested(aws: Scripted) -> None:
    revocation_id = watched(aws)
    intake.attest(aws.world.store, who("UBOB"), revocation_id, Kind.SESSIONS, intake.Statement())
    clean_up.watch_ends(aws.world, revocation_id)
    assert aws.record(revocation_id).state is State.WATCHED

    intake.attest(aws.world.store, who("UBOB"), revocation_id, Kind.CREDENTIALS, intake.Statement())
    assert revocation_id in aws.world.store.due(aws.world.store.now())
    clean_up.watch_ends(aws.world, revocation_id)
    record = aws.record(revocation_id)
    assert record.state is State.CLOSED
    assert "both attested" in (record.refused_because or "")


def test_watching_ends_after_ninety_days_and_not_before(aws: Scripted) -> None:
    revocation_id = watched(aws)
    for days, state in ((89, State.WATCHED), (91, State.CLOSED)):
        off_at = now() - timedelta(days=days)
        aws.edit(revocation_id, lambda record, off_at=off_at: replace(record, off_at=off_at))  # type: ignore[misc]
        clean_up.watch_ends(aws.world, revocation_id)
        assert aws.record(revocation_id).state is state
    assert "Watched for 90 days" in (aws.record(revocation_id).refused_because or "")


def test_deny_again_denies_at_once_and_ends_the_watch(aws: Scripted) -> None:
    old = watched(aws)
    made = list[Revocation]()
    again = wakes(
        aws.world, lambda: made.append(intake.deny_again(aws.world.store, who("UCAROL"), old, None))
    )
    [new] = made
    assert Job.CONTAIN in again
    assert new.state is State.CONFIRMED
    assert new.confirmed_by == new.owner == who("UCAROL").actor
    assert [reason.text for reason in new.reasons] == [f"denied again after {old}"]
    before = aws.record(old)
    assert (before.state, before.refused_because) == (State.CLOSED, f"Denied again as {new.id}.")
    assert (new.user, new.target, new.channel) == (before.user, before.target, before.channel)

    containment.contain(aws.world, new.id)
    assert aws.record(new.id).state is State.DENIED
    assert aws.policy.denied == {ALICE}


def test_deny_again_twice_finds_the_first(aws: Scripted) -> None:
    old = watched(aws)
    new = intake.deny_again(aws.world.store, who("UCAROL"), old, None)
    with pytest.raises(Refused, match=f"denied already: <@UCAROL> confirmed {new.id}"):
        intake.deny_again(aws.world.store, who("UBOB"), old, None)
    assert [record.id for record in aws.world.store.open()] == [new.id]


def test_two_clicks_at_once_make_one_denial(aws: Scripted) -> None:
    old = watched(aws)
    refused = list[str]()

    def click(name: str) -> None:
        try:
            intake.deny_again(aws.world.store, who(name), old, None)
        except Refused as refusal:
            refused.append(str(refusal))

    clicks = [Thread(target=click, args=(name,)) for name in ("UBOB", "UCAROL")]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert len(refused) == 1
    assert len(aws.world.store.open()) == 1


def test_deny_again_that_died_before_it_ended_the_watch_is_finished_by_the_next(aws: Scripted) -> None:
    old = watched(aws)
    new = intake.deny_again(aws.world.store, who("UCAROL"), old, None)
    aws.edit(old, lambda record: replace(record, state=State.WATCHED, refused_because=None))
    with pytest.raises(Refused, match="denied already"):
        intake.deny_again(aws.world.store, who("UCAROL"), old, None)
    assert aws.record(old).state is State.CLOSED
    assert aws.record(new.id).state is State.CONFIRMED


def test_deny_again_of_somebody_denied_otherwise_says_by_which_and_goes_on_watching(aws: Scripted) -> None:
    old = watched(aws)
    other = denied(aws.world)
    with pytest.raises(Refused, match=f"<@UBOB> confirmed {other}"):
        intake.deny_again(aws.world.store, who("UCAROL"), old, None)
    assert aws.record(old).state is State.WATCHED


def test_deny_again_after_a_release_by_two(aws: Scripted) -> None:
    old = denied(aws.world)
    aws.edit(old, lambda record: replace(record, state=State.RELEASED, off_at=now()))
    new = intake.deny_again(aws.world.store, who("UBOB"), old, None)
    assert new.state is State.CONFIRMED
    assert aws.record(old).state is State.RELEASED


def test_deny_again_of_somebody_denied_now_is_refused(aws: Scripted) -> None:
    with pytest.raises(Refused, match="There is nobody to deny again"):
        intake.deny_again(aws.world.store, who("UBOB"), denied(aws.world), None)


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        (Authority(actor=Actor(kind="slack", id="UDAN", name="dan"), responder=False), "Only a responder"),
        (who("UALICE"), "This is about you"),
        (who("UMALLORY"), "Your own access is revoked now"),
    ],
)
def test_deny_again_is_for_responders_who_are_neither_the_target_nor_denied(
    aws: Scripted, actor: Authority, words: str
) -> None:
    old = watched(aws)
    aws.edit(old, lambda record: replace(record, target=replace(record.target, slack_id="UALICE")))
    mallory = aws.record(old)

    def another(fresh: str, when: datetime) -> Change:
        user = replace(mallory.user, user_id=ALICE.replace("1", "2")) if mallory.user else None
        target = replace(mallory.target, slack_id="UMALLORY")
        made = replace(mallory, id=fresh, seq=0, state=State.DENIED, user=user, target=target)
        return Change(record=made, event="edited", actor=Actor(kind="system", id="test"))

    aws.world.store.create(another)
    with pytest.raises(Refused, match=words):
        intake.deny_again(aws.world.store, actor, old, None)
