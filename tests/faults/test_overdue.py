"""What is overdue is told once, whatever dies, runs twice or does not answer in between."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.scripted import Killed, Scripted, denied, who
from workers.cards import handoff as cards
from workers.domain import overdue
from workers.domain.actor import SYSTEM
from workers.domain.errors import SlackAway, SlackRefused
from workers.domain.look_back import LookBack
from workers.domain.revocation import Revocation, Snapshot
from workers.domain.step import Kind
from workers.ports import Change, Message
from workers.service import intake, reconcile, telling
from workers.service.intake import Statement
from workers.service.overdue import tell_overdue


@dataclass
class Thread:
    """Slack's side. `fails` is asked before each reply: it may raise."""

    replies: list[str] = field(default_factory=list)
    broadcast: list[str] = field(default_factory=list)
    fails: Callable[[], None] = lambda: None

    def post(self, channel: str, message: Message) -> str:
        return "1.0"

    def update(self, channel: str, ts: str, message: Message) -> None: ...

    def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None:
        if "Needs you: overdue" in message.text:
            self.fails()
            self.replies.append(message.text)
            if broadcast:
                self.broadcast.append(message.text)

    def tell(self, slack_id: str, message: Message) -> None: ...


@dataclass
class Late:
    """A denied user of whom sessions and Slack are overdue."""

    aws: Scripted
    thread: Thread
    id: str

    @property
    def said(self) -> list[str]:
        return self.thread.replies

    def turn(self) -> None:
        """One pass of the reconciler, as if everything else had been looked at just now."""
        self.edit(_looked_at)
        self.aws.world.store._redis.delete(f"revoke:paced:{self.id}", "revoke:slack-pause")  # type: ignore[attr-defined]
        if self.id in self.aws.world.store.due(self.aws.world.store.now()):
            tell_overdue(self.aws.world, self.id)
        telling.show(self.aws.world, self.id)

    def edit(self, change: Callable[[Revocation], Revocation]) -> None:
        self.aws.edit(self.id, change)

    def hours_pass(self, hours: float) -> None:
        back = timedelta(hours=hours)

        def earlier(record: Revocation) -> Revocation:
            told = tuple(replace(o, told_at=o.told_at and o.told_at - back) for o in record.overdue)
            last = record.overdue_told_at and record.overdue_told_at - back
            return replace(record, overdue=told, overdue_told_at=last)

        self.edit(earlier)


def _looked_at(record: Revocation) -> Revocation:
    """Nothing but what is overdue is due."""
    now = datetime.now(UTC)
    return replace(
        record,
        next_read_at=now + timedelta(days=1),
        follow_ups_wait=who("UCAROL").actor,
        stood_down_at=now,
        look_back=LookBack(since=now, until=now),
        snapshot=Snapshot(at=now, entry=1),
    )


@pytest.fixture
def late(aws: Scripted) -> Late:
    thread = Thread()
    aws.world = replace(aws.world, channel=thread)
    revocation_id = denied(aws.world)
    telling.show(aws.world, revocation_id)
    due = datetime.now(UTC) - timedelta(minutes=1)

    def overdue_steps(record: Revocation) -> Revocation:
        for step in record.steps:
            if step.kind in (Kind.SESSIONS, Kind.SLACK):
                record = record.with_step(replace(step, due_at=due))
        return record

    aws.edit(revocation_id, overdue_steps)
    return Late(aws, thread, revocation_id)


def test_the_owner_hears_once_an_hour_later_the_group_once_and_then_nobody(late: Late) -> None:
    for _ in range(3):
        late.turn()
    assert len(late.said) == 1
    assert "UBOB: Portal and background sessions, was due" in late.said[0].replace("<@UBOB>", "UBOB")
    late.hours_pass(1)
    for _ in range(3):
        late.turn()
    assert len(late.said) == 2
    assert "<@UBOB> has it, and it is still open" in late.said[1]
    late.hours_pass(24)
    late.turn()
    assert len(late.said) == 2
    assert late.id not in late.aws.world.store.due(late.aws.world.store.now()), "and no busy loop"


def test_the_reconcilers_due_pass_tells_it(late: Late) -> None:
    reconcile.do_due(late.aws.world)
    telling.show(late.aws.world, late.id)
    assert len(late.said) == 1


def test_dying_between_the_record_and_the_telling_loses_nothing(late: Late) -> None:
    def die() -> None:
        late.thread.fails = lambda: None
        raise Killed

    late.thread.fails = die
    with pytest.raises(Killed):
        late.turn()
    assert late.said == []
    late.turn()
    assert len(late.said) == 1


def test_dying_right_after_the_telling_tells_it_once_more_at_most(late: Late, monkeypatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as m:
        m.setattr(overdue, "heard", die)
        with pytest.raises(Killed):
            late.turn()
    for _ in range(3):
        late.turn()
    assert len(late.said) == 2, "told at least once: the second is the one whose end was not recorded"
    late.hours_pass(0.5)
    late.turn()
    assert len(late.said) == 2


def test_two_passes_beside_each_other_make_one_message(late: Late) -> None:
    for _ in range(2):
        tell_overdue(late.aws.world, late.id)
    late.turn()
    assert len(late.said) == 1
    assert late.aws.events(late.id).count("overdue") == 1


def test_slack_away_for_an_hour_ends_in_one_message_with_all_that_fell_due(late: Late) -> None:
    def away() -> None:
        raise SlackAway("Slack does not answer.")

    late.thread.fails = away
    late.turn()
    device = late.aws.step(late.id, Kind.DEVICE)
    past = datetime.now(UTC) - timedelta(seconds=5)
    late.edit(lambda record: record.with_step(replace(device, due_at=past)))
    late.turn()
    assert late.said == []
    late.thread.fails = lambda: None
    for _ in range(3):
        late.turn()
    [said] = late.said
    assert "Slack, was due" in said
    assert "Device, was due" in said


def test_what_was_done_while_slack_was_away_is_not_told(late: Late) -> None:
    def away() -> None:
        raise SlackAway("Slack does not answer.")

    late.thread.fails = away
    late.turn()
    for kind in (Kind.SESSIONS, Kind.SLACK):
        intake.attest(late.aws.world.store, who("UBOB"), late.id, kind, Statement())
    late.thread.fails = lambda: None
    late.turn()
    assert late.said == []
    assert "dropped_overdue" in late.aws.events(late.id)
    assert late.aws.record(late.id).overdue == ()


def test_a_channel_that_takes_it_not_does_not_make_it_come_again_and_again(late: Late) -> None:
    tried = []

    def refuse() -> None:
        tried.append(1)
        raise SlackRefused("msg_too_long")

    late.thread.fails = refuse
    for _ in range(4):
        late.turn()
    assert len(tried) == 1


def test_attested_and_taken_back_it_is_due_again_and_told_again_after_ten_minutes(late: Late) -> None:
    late.turn()
    store = late.aws.world.store
    intake.attest(store, who("UBOB"), late.id, Kind.SESSIONS, Statement())
    intake.undo_attest(store, who("UBOB"), late.id, Kind.SESSIONS)
    late.turn()
    assert len(late.said) == 1
    late.hours_pass(0.2)
    late.turn()
    assert len(late.said) == 2
    assert "Slack, was due" not in late.said[1]


def another(late: Late) -> Late:
    """One more denied user, of whom the same is overdue."""
    record = late.aws.record(late.id)
    assert record.user is not None
    user = replace(record.user, user_id=f"{record.user.user_id[:-1]}2", user_name="mallory")
    made = late.aws.world.store.create(
        lambda fresh, now: Change(
            record=replace(record, id=fresh, seq=0, user=user, notes=(), overdue=()),
            event="made",
            actor=SYSTEM,
        )
    )
    return Late(late.aws, late.thread, made.id)


def test_after_a_night_without_slack_the_channel_is_called_once_and_hears_how_many_more(late: Late) -> None:
    all_ = [late, *(another(late) for _ in range(4))]
    for hours in (0, 1):
        late.thread.replies.clear()
        late.thread.broadcast.clear()
        late.aws.world.store.unmark("overdue_group_C0SECINC01")
        for one in all_:
            one.hours_pass(hours)
        for one in all_ * 2:
            one.turn()
        assert len(late.said) == 5, "each in its own thread"
        [called] = late.thread.broadcast
        assert "4 more revocations have something overdue: type `/revoke list`." in called
        assert all("UBOB" in said for said in late.said)
    assert "<@UBOB>" in called
    groups = [said for said in late.said if "<@UERIN>" in said]
    assert groups == [called], "the group is mentioned once"
    assert "Any responder: Portal and background sessions" in late.said[1]


def test_a_call_that_slack_did_not_take_called_nobody(late: Late) -> None:
    other = another(late)

    def away() -> None:
        raise SlackAway("Slack does not answer.")

    late.thread.fails = away
    late.turn()
    late.thread.fails = lambda: None
    other.turn()
    late.turn()
    assert late.thread.broadcast == late.said[:1]


def test_what_falls_due_after_a_call_was_not_in_it_and_calls_again(late: Late) -> None:
    other = another(late)
    late.turn()
    device = other.aws.step(other.id, Kind.DEVICE)
    soon = datetime.now(UTC) + timedelta(milliseconds=50)
    other.edit(lambda record: record.with_step(replace(device, due_at=soon)))
    time.sleep(0.1)
    other.turn()
    assert len(late.thread.broadcast) == 2


def test_the_group_hears_whose_it_is_and_not_that_somebody_was_told_who_was_not(late: Late) -> None:
    late.turn()
    intake.own(late.aws.world.store, who("UCAROL"), late.id)
    late.hours_pass(1)
    late.turn()
    assert "<@UCAROL> has it, and it is still open" in late.said[1]
    assert "was told" not in late.said[1]


def test_a_handoffs_thread_mentions_the_group_not_again(late: Late) -> None:
    late.turn()
    late.hours_pass(1)
    tell_overdue(late.aws.world, late.id)
    record = late.aws.record(late.id)
    [note] = [note for note in record.notes if note.kind == overdue.KIND]
    said = cards.moment(record, note, late.aws.world.rules)
    assert "Any responder: Portal" in said
    assert "<@UERIN>" not in said
