"""Somebody without a revocation is looked up: told once, whatever dies, is throttled, or is not there."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.sandbox.scripted import ALICE, Killed, Scripted, denied, item, unsettled, who
from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import AwsRefused, Refused, SlackAway, SlackRefused, UnreadableRecord
from workers.domain.lookup import Lookup, LookupState
from workers.domain.revocation import DirectoryUser, TargetRef
from workers.domain.step import Kind
from workers.ports import ChangeOf, Message
from workers.service import coverage, intake, reconcile
from workers.service import lookup as lookups
from workers.service.intake import Authority, looking_up
from workers.service.intake.authority import ABOUT_YOU

BY_ID = TargetRef(kind="user_id", value=ALICE)


@dataclass
class Inbox:
    """Direct messages. `fails` is asked before each: it may raise."""

    told: list[tuple[str, str]] = field(default_factory=list)
    fails: Callable[[], None] = lambda: None

    def tell(self, slack_id: str, message: Message) -> None:
        self.fails()
        self.told.append((slack_id, message.text))


@pytest.fixture
def inbox(aws: Scripted) -> Inbox:
    made = Inbox()
    aws.world = replace(aws.world, channel=made)  # type: ignore[arg-type]
    return made


def asked(aws: Scripted, target: TargetRef = BY_ID, by: Authority | None = None) -> Lookup:
    return intake.look_up(aws.world.store, aws.world.lookups, by or who("UBOB"), target)


def looked_up(aws: Scripted, lookup: Lookup) -> Lookup:
    lookups.look_up(aws.world, lookup.id)
    return aws.world.lookups.get(lookup.id)


def earlier(aws: Scripted, lookup: Lookup, minutes: float) -> None:
    """As if it had been asked so long ago, and nothing had been tried just now."""

    def moved(current: Lookup, now: object) -> ChangeOf[Lookup]:
        changed = replace(current, asked_at=current.asked_at - timedelta(minutes=minutes), again_at=None)
        return ChangeOf(record=changed, event="edited", actor=SYSTEM)

    aws.world.lookups.change(lookup.id, moved)


def due(aws: Scripted) -> list[str]:
    return aws.world.lookups.due(aws.world.store.now())


def test_whoever_asks_is_told_alone_and_once_and_nobody_is_denied(aws: Scripted, inbox: Inbox) -> None:
    aws.give(Kind.ASSIGNMENTS, item("a1"), item("root", "999999999999"))
    lookup = asked(aws)
    for _ in range(2):
        ended = looked_up(aws, lookup)
    [(to, text)] = inbox.told
    assert to == "UBOB"
    assert "No revocation. Nobody pressed anything, and they are not denied." in text
    assert "2 accounts, by 2 direct assignments." in text
    assert "does NOT reach: 999999999999 (management account)" in text
    assert (ended.state, due(aws), aws.world.lookups.untold()) == (LookupState.TOLD, [], [])
    assert (aws.policy.writes, aws.world.store.open()) == (0, [])
    events = [entry["event"] for entry in aws.world.lookups.log(lookup.id)]
    assert events == ["lookup_asked", "lookup_read", "lookup_told"], "who looked up whom is kept"


def test_asked_twice_while_it_waits_it_is_one_answer(aws: Scripted, inbox: Inbox) -> None:
    assert asked(aws).id == asked(aws).id
    assert asked(aws, by=who("UCAROL")).id != asked(aws).id


def test_a_lost_job_is_found_by_the_reconciler(aws: Scripted, inbox: Inbox) -> None:
    lookup = asked(aws)
    assert due(aws) == []
    earlier(aws, lookup, 0.1)
    reconcile.do_lookups(aws.world)
    assert len(inbox.told) == 1


def test_dying_after_the_reading_the_next_run_reads_nothing_and_tells(
    aws: Scripted, inbox: Inbox, monkeypatch
) -> None:
    def die() -> None:
        inbox.fails = lambda: None
        raise Killed

    inbox.fails = die
    lookup = asked(aws)
    with pytest.raises(Killed):
        looked_up(aws, lookup)
    assert due(aws) == [lookup.id], "and it is due at once"
    monkeypatch.setattr(coverage, "read", None)
    assert looked_up(aws, lookup).state is LookupState.TOLD
    assert len(inbox.told) == 1


def test_dying_before_the_reading_the_next_run_does_it_all(aws: Scripted, inbox: Inbox, monkeypatch) -> None:
    def die(*_: object) -> None:
        raise Killed

    lookup = asked(aws)
    with monkeypatch.context() as m:
        m.setattr(coverage, "read", die)
        with pytest.raises(Killed):
            looked_up(aws, lookup)
    assert looked_up(aws, lookup).state is LookupState.TOLD


def test_throttled_it_is_tried_again_and_then_told_with_what_could_be_read(
    aws: Scripted, inbox: Inbox
) -> None:
    aws.aws.unreadable = True
    lookup = asked(aws)
    for tried in range(1, lookups.MOST_TRIES):
        assert looked_up(aws, lookup).tries == tried
        assert inbox.told == []
    assert looked_up(aws, lookup).state is LookupState.TOLD
    assert "could not be read: Throttled." in inbox.told[0][1]


def test_a_directory_that_does_not_answer_ends_in_one_sentence(
    aws: Scripted, inbox: Inbox, monkeypatch
) -> None:
    def away(user_id: str) -> None:
        raise unsettled()

    monkeypatch.setattr(aws.aws, "by_user_id", away)
    lookup = asked(aws)
    for _ in range(lookups.MOST_TRIES + 2):
        ended = looked_up(aws, lookup)
    [(_, text)] = inbox.told
    assert "They could not be looked up: AWS is busy. Type it again in a minute." in text
    assert ended.state is LookupState.FAILED


def test_nobody_found_is_told_with_what_to_do(aws: Scripted, inbox: Inbox) -> None:
    aws.aws.exists = False
    assert looked_up(aws, asked(aws)).state is LookupState.FAILED
    assert "Identity Center has no user with the ID" in inbox.told[0][1]


def test_without_an_answer_for_ten_minutes_it_ends_and_nobody_is_told_late(
    aws: Scripted, inbox: Inbox
) -> None:
    def away() -> None:
        raise SlackAway("Slack does not answer.")

    inbox.fails = away
    lookup = asked(aws)
    assert looked_up(aws, lookup).state is LookupState.ASKED
    earlier(aws, lookup, 10)
    inbox.fails = lambda: None
    reconcile.do_lookups(aws.world)
    ended = aws.world.lookups.get(lookup.id)
    assert (ended.state, ended.why) == (LookupState.FAILED, lookups.TOO_LATE)
    assert (inbox.told, due(aws)) == ([], [])


def test_slack_away_for_a_moment_delays_the_answer_only(aws: Scripted, inbox: Inbox) -> None:
    def away() -> None:
        inbox.fails = lambda: None
        raise SlackAway("Slack does not answer.")

    inbox.fails = away
    lookup = asked(aws)
    assert looked_up(aws, lookup).state is LookupState.ASKED
    assert looked_up(aws, lookup).state is LookupState.TOLD
    assert len(inbox.told) == 1


def test_a_refusal_of_slack_ends_it(aws: Scripted, inbox: Inbox) -> None:
    def refuse() -> None:
        raise SlackRefused("user_not_found")

    inbox.fails = refuse
    assert looked_up(aws, asked(aws)).state is LookupState.FAILED
    assert due(aws) == []


def test_their_user_id_in_the_policy_without_a_record_is_said(aws: Scripted, inbox: Inbox) -> None:
    revocation_id = denied(replace(aws.world, channel=Quiet()))
    aws.world.store._redis.flushall()  # type: ignore[attr-defined]
    looked_up(aws, asked(aws))
    assert "their user ID stands in the Deny policy" in inbox.told[0][1], revocation_id


class Quiet:
    def __getattr__(self, name: str) -> Callable[..., str]:
        return lambda *_, **__: "1.0"


def test_somebody_with_a_revocation_by_another_name_is_said_to_have_one(aws: Scripted, inbox: Inbox) -> None:
    revocation_id = denied(replace(aws.world, channel=Quiet()))
    looked_up(aws, asked(aws))
    assert f"They have a revocation: type \u02cb/revoke status {revocation_id}\u02cb." in inbox.told[0][1]


# ---------------------------------------------------------------- who may


def test_only_responders_and_approvers_may_and_nobody_who_is_denied(aws: Scripted, inbox: Inbox) -> None:
    for rights in ({"responder": True}, {"approver": True}):
        assert asked(aws, by=Authority(actor=who("UBOB").actor, **rights)).state is LookupState.ASKED
    with pytest.raises(Refused, match="Only responders and approvers"):
        asked(aws, by=Authority(actor=who("UDORA").actor))


def test_nobody_reads_out_the_directory_name_by_name(aws: Scripted, inbox: Inbox) -> None:
    """Each look reads AWS and stays in the audit, so one person waits for a few at most; nobody else does."""
    names = [
        TargetRef(kind="user_id", value=f"{n:08}-0000-4000-8000-000000000000")
        for n in range(looking_up.MOST_WAITING + 1)
    ]
    waiting = [asked(aws, name) for name in names[:-1]]
    with pytest.raises(Refused, match="wait for 5 answers"):
        asked(aws, names[-1])
    assert asked(aws, names[0]) == waiting[0], "what was asked already is no new one"
    assert asked(aws, names[-1], by=who("UCAROL")).target == names[-1]
    looked_up(aws, waiting[0])
    assert asked(aws, names[-1]).target == names[-1]


def test_whoever_is_denied_after_they_asked_is_told_nothing(aws: Scripted, inbox: Inbox, monkeypatch) -> None:
    lookup = asked(aws)
    monkeypatch.setattr(lookups, "is_denied", lambda store, actor: True)
    assert looked_up(aws, lookup).state is LookupState.FAILED
    assert inbox.told == []


def test_nobody_looks_themself_up_by_whatever_name(aws: Scripted, inbox: Inbox, monkeypatch) -> None:
    me = Actor(kind="slack", id="UBOB", name="bob", email="bob@example.com")
    myself = Authority(actor=me, responder=True)
    for target in (
        TargetRef(kind="slack", value="UBOB", slack_id="UBOB"),
        TargetRef(kind="email", value="Bob@example.com"),
    ):
        with pytest.raises(Refused, match="about you"):
            asked(aws, target, by=myself)
    mine = DirectoryUser(user_id=ALICE, user_name="b.builder", email="bob@example.com")
    monkeypatch.setattr(aws.aws, "by_user_id", lambda user_id: mine)
    looked_up(aws, asked(aws, by=myself))
    [(_, text)] = inbox.told
    assert ABOUT_YOU in text
    assert "b.builder" not in text


# ---------------------------------------------------------------- forged


def test_a_forged_lookup_is_unreadable_and_answers_nobody(aws: Scripted, inbox: Inbox) -> None:
    redis = aws.world.store._redis  # type: ignore[attr-defined]
    redis.xadd("revoke:log:L-FORGED", {"e": "{}", "m": "00"})
    for key in ("revoke:lookups:open", "revoke:lookups:due"):
        redis.sadd(key, "L-FORGED") if key.endswith("open") else redis.zadd(key, {"L-FORGED": 1})
    with pytest.raises(UnreadableRecord):
        lookups.look_up(aws.world, "L-FORGED")
    reconcile.do_lookups(aws.world)
    assert inbox.told == []
    assert aws.world.lookups.open() == []
    lookup = asked(aws)
    assert looked_up(aws, lookup).state is LookupState.TOLD, "and the others go on"


def test_the_log_of_a_revocation_is_no_lookup(aws: Scripted, inbox: Inbox) -> None:
    redis = aws.world.store._redis  # type: ignore[attr-defined]
    revocation_id = denied(replace(aws.world, channel=Quiet()))
    for _, fields in redis.xrange(f"revoke:log:{revocation_id}"):
        redis.xadd("revoke:log:L-STOLEN", fields)
    with pytest.raises(UnreadableRecord):
        lookups.look_up(aws.world, "L-STOLEN")
    with pytest.raises(UnreadableRecord):
        aws.world.lookups.get(revocation_id)
    assert inbox.told == []


def test_a_read_that_aws_refuses_is_no_answer_about_anybody(aws: Scripted, inbox: Inbox, monkeypatch) -> None:
    def refused(policy_id: str) -> None:
        raise AwsRefused("AccessDenied", "No rights.")

    monkeypatch.setattr(aws.aws, "attachment", refused)
    looked_up(aws, asked(aws))
    assert "Coverage could not be read: No rights." in inbox.told[0][1]
