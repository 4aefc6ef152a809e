"""A handoff, whatever goes wrong: nothing is lost, each revocation has one owner, and what happened is said in the thread."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from redis import Redis

from tests.sandbox.scripted import Killed, Scripted, scripted
from tests.unit import make
from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import RevocationError, SlackAway, SlackRefused
from workers.domain.handoff import ESCALATE_AFTER, REMIND_AFTER, Declined, Handoff, HandoffState
from workers.domain.revocation import Note, State, TargetRef
from workers.ports import Change, ChangeOf, Message, OurApp, SlackPerson
from workers.service import handing_over, handoff_telling, intake, on_call, reconcile, telling
from workers.service.world import World

GROUP = "S0ONCALL01"
BOB, CAROL, DAN, EVE = (
    Actor(kind="slack", id=f"U0{n.upper()}0001", name=n) for n in ("bob", "carol", "dan", "eve")
)
CHANNEL = "C0SECINC01"


@dataclass
class Slack:
    """The channel and the people, as the test has them."""

    posts: list[Message] = field(default_factory=list)
    updates: list[tuple[str, Message]] = field(default_factory=list)
    replies: list[tuple[str, Message, bool]] = field(default_factory=list)
    trouble: RevocationError | None = None
    deleted: set[str] = field(default_factory=set)
    on: frozenset[str] = frozenset()
    group_trouble: RevocationError | None = None
    gone: set[str] = field(default_factory=set)
    bots: set[str] = field(default_factory=set)
    people_trouble: RevocationError | None = None
    asked: list[str] = field(default_factory=list)

    def post(self, channel: str, message: Message) -> str:
        self._take()
        self.posts.append(message)
        return f"{len(self.posts)}.0"

    def update(self, channel: str, ts: str, message: Message) -> None:
        self._take()
        if ts in self.deleted:
            raise SlackRefused("message_not_found")
        self.updates.append((ts, message))

    def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None:
        self._take()
        self.replies.append((ts, message, broadcast))

    def tell(self, slack_id: str, message: Message) -> None:
        self._take()

    def _take(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def group(self, group_id: str) -> frozenset[str]:
        if self.group_trouble is not None:
            raise self.group_trouble
        return self.on

    def person(self, slack_id: str) -> SlackPerson | None:
        self.asked.append(slack_id)
        if self.people_trouble is not None:
            raise self.people_trouble
        name = slack_id[2:-4].capitalize()
        return SlackPerson(
            id=slack_id, name=name, email=None, deleted=slack_id in self.gone, is_bot=slack_id in self.bots
        )

    def ourselves(self) -> OurApp:
        return OurApp(app_id=None, team_id="T0SANDBOX1", workspace="example")

    def thread(self, handoff_id: str) -> list[str]:
        return [m.text for _, m, _ in self.replies if m.text.startswith(handoff_id)]


@dataclass
class Shift:
    """A world with some denied people in it, and the hands that turn it."""

    aws: Scripted
    slack: Slack

    @property
    def world(self) -> World:
        return self.aws.world

    @property
    def redis(self) -> Redis:
        return self.world.store._redis  # type: ignore[attr-defined,no-any-return]

    def deny(self, owner: Actor | None = BOB, **given: Any) -> str:
        """Somebody is denied, by somebody."""

        def made(revocation_id: str, now: datetime) -> Change:
            target = TargetRef(kind="user_name", value=f"user-{revocation_id}")
            user = replace(make.ALICE, user_name=f"user-{revocation_id}", email=None)
            told: dict[str, Any] = {"user": user, "target": target, "owner": owner, "requested_at": now}
            told |= {"written_at": now, "stood_down_at": now}
            record = make.denied(**{**told, **given}, id=revocation_id, seq=0)
            return Change(record=record, event="made", actor=SYSTEM)

        return self.world.store.create(made).id

    def offer(self, *ids: str, to: tuple[str, ...] = (CAROL.id,), by: Actor = BOB, **given: Any) -> str:
        held = [self.world.store.get(one) for one in ids]
        return intake.begin_handoff(
            self.world.handoffs, held, by=by, incoming=to, channel=CHANNEL, **given
        ).id

    def accept(self, handoff_id: str, by: Actor = CAROL) -> None:
        self.edit(
            handoff_id,
            lambda h, now: replace(h, state=HandoffState.ACCEPTED, accepted_by=by, accepted_at=now).noting(
                Note(kind="accepted", at=now)
            ),
        )

    def decline(self, handoff_id: str, by: Actor = CAROL) -> None:
        def declined(handoff: Handoff, now: datetime) -> Handoff:
            changed = replace(handoff, declined=(*handoff.declined, Declined(by=by, at=now, reason="asleep")))
            state = handoff.state if changed.asked else HandoffState.RETURNED
            kind = "declined" if changed.asked else "returned"
            return replace(changed, state=state).noting(Note(kind=kind, at=now))

        self.edit(handoff_id, declined)

    def later(self, handoff_id: str, time: timedelta) -> None:
        """As if it had been offered so much earlier."""
        self.edit(handoff_id, lambda h, _: replace(h, offered_at=h.offered_at - time))

    def edit(self, handoff_id: str, change: Callable[[Handoff, datetime], Handoff]) -> None:
        def decide(current: Handoff, now: datetime) -> ChangeOf[Handoff]:
            return ChangeOf(record=change(current, now), event="edited", actor=SYSTEM)

        self.world.handoffs.change(handoff_id, decide)

    def own(self, revocation_id: str, by: Actor) -> None:
        self.aws.edit(revocation_id, lambda record: replace(record, owner=by))

    def end(self, revocation_id: str, **given: Any) -> None:
        self.aws.edit(revocation_id, lambda record: replace(record, state=State.RELEASED, **given))

    def owner(self, revocation_id: str) -> Actor | None:
        return self.world.store.get(revocation_id).owner

    def get(self, handoff_id: str) -> Handoff:
        return self.world.handoffs.get(handoff_id)

    def turn(self) -> None:
        """One pass of everything, as if the paces were over."""
        handing_over.keep(self.world)
        self.tell()

    def tell(self) -> None:
        for key in [*self.redis.scan_iter("revoke:paced:*"), *self.redis.scan_iter("revoke:postponed:*")]:
            self.redis.delete(key)
        self.redis.delete("revoke:slack-pause")
        reconcile.tell_untold(self.world)

    def look(self) -> None:
        on_call.look(self.world, GROUP)

    def offered(self) -> list[Handoff]:
        return [one for one in self.world.handoffs.open() if one.state is HandoffState.OFFERED]


@pytest.fixture
def shift(tmp_path: Path) -> Iterator[Shift]:
    with scripted(tmp_path, on_call_group=GROUP, responders=("S0SECOPS01", BOB.id)) as aws:
        slack = Slack()
        aws.world = replace(aws.world, channel=slack, people=slack)  # type: ignore[arg-type]
        yield Shift(aws, slack)


# ---------------------------------------------------------------- telling


def test_the_message_lists_what_is_open_and_the_thread_calls_whoever_is_asked(shift: Shift) -> None:
    one, two = shift.deny(), shift.deny()
    handoff = shift.offer(one, two)
    shift.tell()
    [root] = [post for post in shift.slack.posts if post.text.startswith(handoff)]
    assert root.text.startswith(f"{handoff} · Offered. ")
    assert one in root.text
    assert two in root.text
    [called] = shift.slack.thread(handoff)
    assert f"<@{CAROL.id}>: you are asked" in called
    assert f"<@{BOB.id}>: leave a note for the next" in called


def test_the_message_catches_up_when_a_revocation_changes_and_is_not_sent_twice(shift: Shift) -> None:
    one = shift.deny()
    handoff = shift.offer(one)
    shift.turn()
    shift.turn()
    assert shift.world.handoffs.untold() == []
    before = len(shift.slack.updates)
    shift.aws.edit(one, lambda r: replace(r, hold_open=True))
    shift.turn()
    shift.turn()
    root_ts = shift.get(handoff).root_ts
    roots = [message for ts, message in shift.slack.updates[before:] if ts == root_ts]
    assert len(roots) == 1
    assert "Held" in roots[0].text


def test_the_message_changes_at_most_once_in_five_seconds(shift: Shift) -> None:
    one = shift.deny(card_ts="9.9")
    handoff = shift.offer(one)
    reconcile.tell_untold(shift.world)
    assert 4000 < shift.redis.pttl(f"revoke:paced:{handoff}") <= 5000
    before = len(shift.slack.updates)
    for hold in (True, False, True):
        shift.aws.edit(one, lambda r, hold=hold: replace(r, hold_open=hold))
        handing_over.keep(shift.world)
        handoff_telling.show(shift.world, handoff)
    assert len(shift.slack.updates) == before
    shift.redis.delete(f"revoke:paced:{handoff}")
    handoff_telling.show(shift.world, handoff)
    assert "Held" in shift.slack.updates[-1][1].text


def test_whoever_dies_between_the_post_and_its_record_posts_again_and_one_message_counts(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    handoff = shift.offer(shift.deny())
    with monkeypatch.context() as killing:
        killing.setattr(shift.world.handoffs, "change", killed)
        with pytest.raises(Killed):
            handoff_telling.show(shift.world, handoff)
    assert shift.get(handoff).root_ts is None
    unlock(shift)
    shift.tell()
    shift.tell()
    assert len([post for post in shift.slack.posts if post.text.startswith(handoff)]) == 2
    assert shift.get(handoff).root_ts is not None
    assert len(shift.slack.thread(handoff)) == 1


def test_a_message_that_was_deleted_is_posted_anew(shift: Shift) -> None:
    one = shift.deny(card_ts="9.9")
    handoff = shift.offer(one)
    shift.tell()
    first = shift.get(handoff).root_ts
    shift.slack.deleted.add(str(first))
    shift.aws.edit(one, lambda r: replace(r, hold_open=True))
    shift.turn()
    assert shift.get(handoff).root_ts not in (None, first)


def test_what_happened_while_slack_was_away_is_told_when_it_is_back(shift: Shift) -> None:
    one = shift.deny()
    handoff = shift.offer(one)
    shift.slack.trouble = SlackAway("away")
    shift.turn()
    shift.later(handoff, REMIND_AFTER)
    shift.turn()
    shift.accept(handoff)
    shift.turn()
    assert shift.owner(one) == CAROL  # nothing waits for Slack but the telling
    assert shift.slack.posts == shift.slack.replies == []
    shift.slack.trouble = None
    shift.tell()
    told = shift.slack.thread(handoff)
    assert len(told) == 3
    assert f"<@{CAROL.id}> accepted, and takes over {one} from <@{BOB.id}>." in told[-1]
    assert not [text for text in told if "Accept" in text]  # nobody is asked for what was done meanwhile
    assert shift.get(handoff).notes == ()


# ---------------------------------------------------------------- the thread collects


def test_a_key_moment_is_told_in_the_newest_handoff_that_holds_it_once(shift: Shift) -> None:
    one = shift.deny()
    old = shift.offer(one)
    shift.accept(old)
    new = shift.offer(one, to=(DAN.id,))
    shift.tell()
    shift.aws.edit(
        one,
        lambda r: r.noting(Note(kind="held", at=r.requested_at, broadcast=True, detail="Access is left.")),
    )
    shift.tell()
    shift.tell()
    assert [text for text in shift.slack.thread(new) if "stays denied. Access is left." in text] == [
        f"{new} · {one} · Held: Alice Cooper (user name user-{one}) stays denied. Access is left."
    ]
    assert not [text for text in shift.slack.thread(old) if "Held" in text]
    assert not [b for _, m, b in shift.slack.replies if m.text.startswith(new) and b]


def test_quiet_notes_and_those_to_one_person_are_not_collected(shift: Shift) -> None:
    one = shift.deny()
    handoff = shift.offer(one)
    shift.tell()
    quiet = (Note(kind="hold", at=make.T0, detail="bob"), Note(kind="gaps", at=make.T0, to=BOB.id))
    shift.aws.edit(one, lambda r: r.noting(*quiet))
    shift.tell()
    assert len(shift.slack.thread(handoff)) == 1


def test_a_moment_is_not_lost_where_the_handoffs_thread_cannot_be_written_and_delays_nothing(
    shift: Shift,
) -> None:
    one = shift.deny(card_ts="9.9")
    handoff = shift.offer(one)
    shift.aws.edit(one, lambda r: r.noting(Note(kind="off", at=make.T0, broadcast=True)))
    telling.show(shift.world, one)
    assert shift.world.store.get(one).notes == ()
    assert [note.kind for note in shift.get(handoff).notes] == ["offered", "moment"]
    shift.slack.trouble = SlackRefused("not_in_channel")
    handoff_telling.show(shift.world, handoff)
    assert [note.kind for note in shift.get(handoff).notes] == ["offered", "moment"]
    shift.slack.trouble = None
    shift.tell()
    assert "is off the Deny policy" in shift.slack.thread(handoff)[-1]


def test_whoever_dies_between_telling_a_moment_and_collecting_it_tells_it_again(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shift.deny(card_ts="9.9")
    handoff = shift.offer(one)
    shift.aws.edit(one, lambda r: r.noting(Note(kind="off", at=make.T0, broadcast=True)))
    with monkeypatch.context() as killing:
        killing.setattr(shift.world.handoffs, "change", killed)
        with pytest.raises(Killed):
            telling.show(shift.world, one)
    unlock(shift)
    with monkeypatch.context() as killing:
        killing.setattr(shift.world.store, "change", killed)
        with pytest.raises(Killed):
            telling.show(shift.world, one)
    unlock(shift)
    telling.show(shift.world, one)
    assert [note.kind for note in shift.get(handoff).notes] == ["offered", "moment"]


def test_an_unreadable_handoff_stops_no_telling(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    one = shift.deny(card_ts="9.9")
    handoff = shift.offer(one)
    held = shift.world.handoffs.open()
    shift.redis.xadd(f"revoke:log:{handoff}", {"e": "{}", "m": "forged"})
    monkeypatch.setattr(shift.world.handoffs, "open", lambda: held)
    shift.aws.edit(one, lambda r: r.noting(Note(kind="off", at=make.T0, broadcast=True)))
    telling.show(shift.world, one)
    assert shift.world.store.get(one).notes == ()


def test_a_moment_that_cannot_be_collected_is_told_once_in_its_own_thread(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shift.deny(card_ts="9.9")
    shift.offer(one)
    shift.aws.edit(one, lambda r: r.noting(Note(kind="off", at=make.T0, broadcast=True)))

    def broken(*_: Any) -> str:
        raise LookupError

    monkeypatch.setattr("workers.cards.handoff.moment", broken)
    for _ in range(3):
        shift.tell()
    assert len([m for _, m, _ in shift.slack.replies if m.text.startswith(one)]) == 1


# ---------------------------------------------------------------- passing on


def test_who_accepts_owns_each_and_each_card_is_told(shift: Shift) -> None:
    one, two, unowned = shift.deny(), shift.deny(), shift.deny(None)
    handoff = shift.offer(one, two, unowned)
    handing_over.pass_on(shift.world, handoff)
    assert shift.owner(one) == BOB  # nobody accepted yet
    shift.accept(handoff)
    handing_over.pass_on(shift.world, handoff)
    assert [shift.owner(i) for i in (one, two, unowned)] == [CAROL] * 3
    assert shift.get(handoff).passed_at is not None
    shift.tell()
    told = [m.text for _, m, _ in shift.slack.replies if m.text.startswith(one)]
    assert told == [
        f"{one} · <@{CAROL.id}> is the owner of Alice Cooper (user name user-{one}) now, handed over by bob in {handoff}."
    ]
    assert not [text for text in shift.slack.thread(handoff) if "did not get" in text]


def test_a_restart_between_accept_and_passing_on_loses_nothing(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = shift.deny(), shift.deny()
    handoff = shift.offer(one, two)
    shift.accept(handoff)
    change, calls = shift.world.store.change, list[str]()

    def dies_at_the_second(revocation_id: str, decide: Any) -> Any:
        calls.append(revocation_id)
        if len(calls) == 2:
            raise Killed
        return change(revocation_id, decide)

    with monkeypatch.context() as killing:
        killing.setattr(shift.world.store, "change", dies_at_the_second)
        with pytest.raises(Killed):
            handing_over.pass_on(shift.world, handoff)
    assert [shift.owner(one), shift.owner(two)] == [CAROL, BOB]
    unlock(shift)
    with monkeypatch.context() as killing:
        killing.setattr(shift.world.handoffs, "change", killed)
        with pytest.raises(Killed):
            handing_over.pass_on(shift.world, handoff)
    unlock(shift)
    handing_over.keep(shift.world)
    assert [shift.owner(one), shift.owner(two)] == [CAROL, CAROL]
    assert events(shift, one).count("handed_over") == events(shift, two).count("handed_over") == 1
    assert shift.get(handoff).notes[-1].kind == "accepted"


def test_passing_on_twice_at_once_passes_once(shift: Shift) -> None:
    ids = [shift.deny() for _ in range(3)]
    handoff = shift.offer(*ids)
    shift.accept(handoff)
    threads = [Thread(target=handing_over.pass_on, args=(shift.world, handoff)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handing_over.keep(shift.world)
    assert [events(shift, one).count("handed_over") for one in ids] == [1, 1, 1]


def test_what_ended_or_was_taken_meanwhile_is_not_passed_and_that_is_said(shift: Shift) -> None:
    ended, taken, passed = shift.deny(), shift.deny(), shift.deny()
    handoff = shift.offer(ended, taken, passed)
    shift.end(ended)
    shift.own(taken, EVE)
    shift.accept(handoff)
    shift.turn()
    assert [shift.owner(i) for i in (ended, taken, passed)] == [BOB, EVE, CAROL]
    said = shift.slack.thread(handoff)[-1]
    assert f"{ended}: it has ended; {taken}: eve owns it meanwhile." in said
    assert passed not in said


def test_what_is_taken_between_the_look_and_the_change_stays_with_who_took_it(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shift.deny()
    handoff = shift.offer(one)
    shift.accept(handoff)
    change = shift.world.store.change

    def taken_first(revocation_id: str, decide: Any) -> Any:
        monkeypatch.setattr(shift.world.store, "change", change)
        shift.own(one, EVE)
        return change(revocation_id, decide)

    monkeypatch.setattr(shift.world.store, "change", taken_first)
    handing_over.pass_on(shift.world, handoff)
    assert shift.owner(one) == EVE
    assert "eve owns it meanwhile" in shift.get(handoff).notes[-1].detail


def test_nobody_becomes_the_owner_of_their_own_case_nor_of_any_while_denied(shift: Shift) -> None:
    about_carol = TargetRef(kind="slack", value=CAROL.id, slack_id=CAROL.id)
    watched = shift.deny()
    handoff = shift.offer(watched)
    shift.accept(handoff)
    own_case = shift.deny(target=about_carol)
    handing_over.pass_on(shift.world, handoff)
    assert [shift.owner(watched), shift.owner(own_case)] == [BOB, BOB]
    shift.turn()
    said = shift.slack.thread(handoff)[-1]
    assert "the access of carol is revoked, or it is about them, so bob stays the owner" in said
    assert f"<@{BOB.id}>" in said


def test_a_log_that_is_put_back_passes_no_owner_again(shift: Shift) -> None:
    one = shift.deny()
    handoff = shift.offer(one)
    shift.accept(handoff)
    before = shift.redis.dump(f"revoke:log:{handoff}")
    handing_over.pass_on(shift.world, handoff)
    shift.own(one, BOB)
    shift.redis.restore(f"revoke:log:{handoff}", 0, before, replace=True)  # type: ignore[arg-type]
    handing_over.pass_on(shift.world, handoff)
    assert shift.owner(one) == BOB
    assert "passed on by this handoff before" in shift.get(handoff).notes[-1].detail


def test_whoever_died_before_older_offers_were_narrowed_is_made_up_for(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shift.deny()
    with monkeypatch.context() as dying:
        dying.setattr("workers.service.intake.handing_over.one_offer_each", lambda handoffs: None)
        old, new = shift.offer(one), shift.offer(one, to=(DAN.id,))
    assert len(shift.offered()) == 2
    handing_over.keep(shift.world)
    assert [h.id for h in shift.offered()] == [new]
    assert shift.get(old).replaced_by == new


@pytest.mark.parametrize("declined", [False, True])
def test_what_somebody_took_is_neither_offered_nor_reminded_of_any_more(shift: Shift, declined: bool) -> None:
    one, two = shift.deny(), shift.deny(DAN)
    handoff = shift.offer(one, two)
    shift.turn()
    if declined:
        shift.decline(handoff)
    shift.own(two, EVE)
    shift.turn()
    assert (shift.get(handoff).revocations, shift.get(handoff).outgoing) == ((one,), (BOB,))
    assert f"{two}: eve owns it now." in shift.slack.thread(handoff)[-1]
    shift.own(one, EVE)
    shift.later(handoff, ESCALATE_AFTER)
    shift.turn()
    assert shift.get(handoff).state is HandoffState.CLOSED
    assert shift.slack.thread(handoff)[-1] == f"{handoff} · Closed. {one}: eve owns it now."
    assert not [text for text in shift.slack.thread(handoff) if "nobody accepted" in text]
    assert "kept" not in shift.slack.updates[-1][1].text


def test_one_that_cannot_be_read_keeps_its_owner_among_the_outgoing(shift: Shift) -> None:
    unread, taken = shift.deny(), shift.deny(DAN)
    handoff = shift.offer(unread, taken)
    entries = shift.redis.xrange(f"revoke:log:{unread}")
    shift.redis.xadd(f"revoke:log:{unread}", {"e": "{}", "m": "forged"})
    shift.own(taken, EVE)
    shift.turn()
    assert (shift.get(handoff).revocations, shift.get(handoff).outgoing) == ((unread,), (BOB, DAN))
    shift.redis.xdel(f"revoke:log:{unread}", shift.redis.xrevrange(f"revoke:log:{unread}", count=1)[0][0])
    assert shift.redis.xrange(f"revoke:log:{unread}") == entries
    shift.accept(handoff)
    shift.turn()
    assert shift.owner(unread) == CAROL


def test_what_whoever_is_revoked_offered_is_void_and_what_the_group_offered_stands(shift: Shift) -> None:
    one, other = shift.deny(), shift.deny()
    by_bob, by_group = shift.offer(one), shift.offer(other, by=SYSTEM)
    shift.deny(CAROL, target=TargetRef(kind="slack", value=BOB.id, slack_id=BOB.id))
    shift.turn()
    assert shift.get(by_bob).state is HandoffState.CLOSED
    assert "The access of bob, who offered this, is revoked." in shift.slack.thread(by_bob)[-1]
    assert [h.id for h in shift.offered()] == [by_group]
    shift.accept(by_group)
    shift.turn()
    assert [shift.owner(one), shift.owner(other)] == [BOB, CAROL]


def test_two_handoffs_of_the_same_at_once_leave_one_owner_each(shift: Shift) -> None:
    one, two = shift.deny(), shift.deny()
    old = shift.offer(one, two)
    new = shift.offer(two, to=(DAN.id,))
    assert shift.get(old).revocations == (one,)
    shift.accept(old)
    shift.accept(new, DAN)
    shift.turn()
    assert [shift.owner(one), shift.owner(two)] == [CAROL, DAN]


def test_of_two_that_are_accepted_for_the_same_the_first_to_pass_counts_and_the_other_says_so(
    shift: Shift,
) -> None:
    one = shift.deny()
    old = shift.offer(one)
    shift.accept(old)
    new = shift.offer(one, to=(DAN.id,))
    shift.accept(new, DAN)
    handing_over.pass_on(shift.world, new)
    handing_over.pass_on(shift.world, old)
    assert shift.owner(one) == DAN
    assert "dan owns it meanwhile" in shift.get(old).notes[-1].detail
    shift.turn()
    assert shift.get(old).state is HandoffState.CLOSED
    assert new in shift.slack.thread(old)[-1]


def test_accepted_after_a_decline_it_passes(shift: Shift) -> None:
    one = shift.deny()
    handoff = shift.offer(one)
    shift.decline(handoff)
    shift.turn()
    assert shift.get(handoff).state is HandoffState.RETURNED
    assert shift.owner(one) == BOB
    shift.accept(handoff)
    shift.turn()
    assert shift.owner(one) == CAROL


# ---------------------------------------------------------------- reminding and escalating


def test_it_is_reminded_of_once_and_escalated_once(shift: Shift) -> None:
    handoff = shift.offer(shift.deny())
    shift.turn()
    assert len(shift.slack.thread(handoff)) == 1
    shift.later(handoff, REMIND_AFTER)
    shift.turn()
    shift.turn()
    [_, reminder] = shift.slack.thread(handoff)
    assert f"<@{CAROL.id}>: nobody accepted yet." in reminder
    assert not shift.get(handoff).open_to_all
    shift.later(handoff, ESCALATE_AFTER - REMIND_AFTER)
    shift.turn()
    shift.turn()
    [_, _, escalated] = shift.slack.thread(handoff)
    assert f"<!subteam^{GROUP}>: any responder may accept" in escalated
    assert shift.get(handoff).open_to_all


def test_where_nobody_looked_for_long_it_escalates_and_does_not_remind_as_well(shift: Shift) -> None:
    handoff = shift.offer(shift.deny())
    shift.later(handoff, ESCALATE_AFTER)
    shift.turn()
    shift.turn()
    [_, escalated] = shift.slack.thread(handoff)
    assert "Needs you: nobody accepted." in escalated


def test_without_a_group_it_escalates_to_the_responders(tmp_path: Path) -> None:
    with scripted(tmp_path, responders=("S0SECOPS01", BOB.id)) as aws:
        slack = Slack()
        aws.world = replace(aws.world, channel=slack, people=slack)  # type: ignore[arg-type]
        shift = Shift(aws, slack)
        handoff = shift.offer(shift.deny())
        shift.later(handoff, ESCALATE_AFTER)
        shift.turn()
        shift.turn()
        assert f"<!subteam^S0SECOPS01>, <@{BOB.id}>: any responder" in slack.thread(handoff)[-1]
        on_call.keep(shift.world)  # does nothing


def test_what_was_accepted_is_reminded_of_no_more(shift: Shift) -> None:
    handoff = shift.offer(shift.deny())
    shift.later(handoff, ESCALATE_AFTER)
    shift.accept(handoff)
    shift.turn()
    assert [note for note in shift.slack.thread(handoff) if "nobody accepted" in note] == []


# ---------------------------------------------------------------- closing


def test_it_closes_when_all_of_it_ended_and_the_thread_was_told_how(shift: Shift) -> None:
    one = shift.deny(card_ts="9.9")
    handoff = shift.offer(one)
    shift.accept(handoff)
    shift.turn()
    shift.end(one, notes=(Note(kind="off", at=make.T0, broadcast=True),))
    handing_over.keep(shift.world)
    assert shift.get(handoff).state is HandoffState.ACCEPTED  # how it ended was not told yet
    shift.turn()
    shift.turn()
    assert shift.get(handoff).state is HandoffState.CLOSED
    off, closed = shift.slack.thread(handoff)[-2:]
    assert "is off the Deny policy" in off
    assert closed == f"{handoff} · Closed. Nothing of it is open any more."
    assert shift.slack.updates[-1][1].text.startswith(f"{handoff} · Closed. ")


@pytest.mark.parametrize("declined", [False, True])
def test_an_offer_of_what_ended_closes(shift: Shift, declined: bool) -> None:
    one = shift.deny()
    handoff = shift.offer(one)
    if declined:
        shift.decline(handoff)
    shift.end(one)
    shift.turn()
    assert shift.get(handoff).state is HandoffState.CLOSED


def test_one_that_cannot_be_read_keeps_its_handoff_open(shift: Shift) -> None:
    one = shift.deny()
    handoff = shift.offer(one)
    shift.accept(handoff)
    shift.redis.xadd(f"revoke:log:{one}", {"e": "{}", "m": "forged"})
    shift.turn()
    assert shift.get(handoff).state is HandoffState.ACCEPTED
    assert f"{one}: it cannot be read" in shift.slack.thread(handoff)[-1]


# ---------------------------------------------------------------- who is asked, and gone


def test_who_was_deactivated_is_not_waited_for_and_it_opens_to_all_at_once(shift: Shift) -> None:
    handoff = shift.offer(shift.deny(), to=(CAROL.id, DAN.id))
    shift.turn()
    shift.slack.gone.add(CAROL.id)
    minute_over(shift)
    shift.turn()
    assert "Carol is deactivated in Slack." in shift.slack.thread(handoff)[-1]
    assert shift.get(handoff).asked == (DAN.id,)
    assert not shift.get(handoff).open_to_all
    shift.slack.gone.add(DAN.id)
    minute_over(shift)
    shift.turn()
    shift.turn()
    assert shift.get(handoff).open_to_all
    assert [b for _, m, b in shift.slack.replies if f"<!subteam^{GROUP}>" in m.text] == [True]
    shift.later(handoff, ESCALATE_AFTER)
    shift.turn()
    assert len([text for text in shift.slack.thread(handoff) if "any responder may accept" in text]) == 1


def test_who_is_gone_is_missed_at_once_in_every_handoff_that_asks_them(shift: Shift) -> None:
    handoffs = [shift.offer(shift.deny()) for _ in range(3)]
    shift.slack.gone.add(CAROL.id)
    handing_over.keep(shift.world)
    assert [shift.get(one).incoming for one in handoffs] == [()] * 3


def test_where_slack_does_not_say_nobody_is_gone_and_it_is_asked_once_a_minute(shift: Shift) -> None:
    handoff = shift.offer(shift.deny())
    shift.slack.people_trouble = SlackAway("away")
    shift.slack.gone.add(CAROL.id)
    for _ in range(3):
        handing_over.keep(shift.world)
    assert shift.slack.asked == [CAROL.id]
    assert shift.get(handoff).incoming == (CAROL.id,)


def test_who_is_denied_meanwhile_is_not_waited_for(shift: Shift) -> None:
    handoff = shift.offer(shift.deny())
    shift.deny(target=TargetRef(kind="slack", value=CAROL.id, slack_id=CAROL.id))
    shift.turn()
    shift.turn()
    assert shift.get(handoff).open_to_all
    said = shift.slack.thread(handoff)
    assert any("is revoked now. They are not asked any more." in text for text in said)


# ---------------------------------------------------------------- the group changes


def test_the_first_sight_of_the_group_and_no_change_are_silent(shift: Shift) -> None:
    shift.deny()
    shift.slack.on = frozenset({BOB.id})
    shift.look()
    shift.look()
    assert shift.offered() == []


def test_a_newcomer_is_offered_what_those_own_who_left(shift: Shift) -> None:
    gone, stays, nobodys = shift.deny(BOB), shift.deny(CAROL), shift.deny(None)
    shift.deny(BOB, state=State.REQUESTED)
    on_call_are(shift, {BOB.id, CAROL.id}, {CAROL.id, DAN.id, EVE.id})
    [made] = shift.offered()
    assert set(made.revocations) == {gone, nobodys}
    assert stays not in made.revocations
    assert (made.incoming, made.outgoing, made.offered_by) == ((DAN.id, EVE.id), (BOB,), SYSTEM)
    assert made.because == "The on-call group changed: Dan, Eve came."
    shift.turn()
    assert f"<@{DAN.id}>, <@{EVE.id}>: you are asked" in shift.slack.thread(made.id)[0]
    assert shift.owner(gone) == BOB


def test_nothing_to_pass_is_silent(shift: Shift) -> None:
    shift.deny(CAROL)
    on_call_are(shift, {BOB.id, CAROL.id}, {CAROL.id, DAN.id})
    assert shift.offered() == []
    assert shift.slack.asked == []


def test_an_empty_group_offers_to_any_responder(shift: Shift) -> None:
    shift.deny(BOB)
    on_call_are(shift, {BOB.id}, set())
    [made] = shift.offered()
    assert (made.incoming, made.because) == ((), "The on-call group changed: bob left.")


def test_where_nobody_came_those_who_are_left_are_asked_for_what_the_leaver_owns(shift: Shift) -> None:
    one = shift.deny(BOB)
    shift.deny(EVE)  # never was on call, and did not leave now
    on_call_are(shift, {BOB.id, CAROL.id}, {CAROL.id})
    [made] = shift.offered()
    assert (made.revocations, made.incoming) == ((one,), (CAROL.id,))


def test_a_target_a_bot_and_one_who_is_deactivated_are_not_asked(shift: Shift) -> None:
    shift.deny(BOB)
    shift.deny(BOB, target=TargetRef(kind="slack", value=DAN.id, slack_id=DAN.id))
    shift.slack.gone.add(EVE.id)
    shift.slack.bots.add("U0ROBOT0001")
    on_call_are(shift, {BOB.id}, {CAROL.id, DAN.id, EVE.id, "U0ROBOT0001"})
    [made] = shift.offered()
    assert made.incoming == (CAROL.id,)


def test_where_the_only_newcomer_is_the_target_those_on_call_or_any_responder_are_asked(shift: Shift) -> None:
    shift.deny(BOB, target=TargetRef(kind="slack", value=DAN.id, slack_id=DAN.id))
    on_call_are(shift, {BOB.id}, {DAN.id})
    [made] = shift.offered()
    assert made.incoming == ()


@pytest.mark.parametrize("trouble", [SlackAway("away"), SlackRefused("no_such_subteam")])
def test_a_group_that_cannot_be_read_changes_nothing_and_is_read_again_later(
    shift: Shift, trouble: RevocationError
) -> None:
    shift.deny(BOB)
    shift.slack.on = frozenset({BOB.id})
    on_call.keep(shift.world)
    shift.slack.group_trouble = trouble
    shift.slack.on = frozenset({DAN.id})
    minute_over(shift)
    on_call.keep(shift.world)
    assert shift.offered() == []
    shift.slack.group_trouble = None
    on_call.keep(shift.world)
    assert shift.offered() == []  # not asked again at once
    minute_over(shift)
    on_call.keep(shift.world)
    assert [made.incoming for made in shift.offered()] == [(DAN.id,)]


def test_whoever_dies_between_the_offer_and_remembering_offers_the_same_once(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift.deny(BOB)
    shift.slack.on = frozenset({BOB.id})
    shift.look()
    shift.slack.on = frozenset({DAN.id})
    with monkeypatch.context() as killing:
        killing.setattr(shift.world.store, "remember_members", killed)
        with pytest.raises(Killed):
            shift.look()
    shift.look()
    shift.look()
    assert len(shift.offered()) == 1
    shift.tell()
    assert len(shift.slack.posts) == 2  # the card, and one handoff


@pytest.mark.parametrize(
    "lie", [b"[" * 100_000, b"{}", b"\xff", b'["<!channel>", 7, null]', b'["U0BOB0001"', None]
)
def test_lies_about_who_was_on_call_begin_at_worst_an_offer_to_those_who_are(
    shift: Shift, lie: bytes | None
) -> None:
    one = shift.deny(BOB)
    key = f"revoke:members:{GROUP}"
    if lie is None:
        shift.redis.lpush(key, "x")
    else:
        shift.redis.set(key, lie)
    shift.slack.on = frozenset({DAN.id})
    shift.look()
    shift.look()
    assert {made.incoming for made in shift.offered()} <= {(DAN.id,)}
    assert shift.owner(one) == BOB
    assert shift.world.store.remembered_members(GROUP) == {DAN.id}


def test_what_was_just_accepted_is_not_offered_once_more(shift: Shift) -> None:
    handoff = shift.offer(shift.deny(BOB))
    shift.accept(handoff)
    on_call_are(shift, {BOB.id}, {CAROL.id})
    assert shift.offered() == []


# ---------------------------------------------------------------- hidden ones, and any order


def test_a_handoff_taken_out_of_the_indexes_is_found_again(shift: Shift) -> None:
    handoff = shift.offer(shift.deny())
    for index in ("open", "due", "untold"):
        shift.redis.delete(f"revoke:handoffs:{index}")
    reconcile.find_hidden(shift.world)
    assert [one.id for one in shift.offered()] == [handoff]
    shift.tell()
    assert len(shift.slack.thread(handoff)) == 1


@pytest.mark.parametrize("seed", range(25))
def test_in_any_order_each_open_revocation_has_one_owner_who_said_so(shift: Shift, seed: int) -> None:
    """Offers, accepts, declines, takings, endings and passes, with a death here and there."""
    dice, people = random.Random(seed), (BOB, CAROL, DAN, EVE)
    ids = [shift.deny(dice.choice(people)) for _ in range(4)]
    said = {one: {shift.owner(one)} for one in ids}
    for _ in range(30):
        one, who = dice.choice(ids), dice.choice(people)
        some = dice.sample(ids, dice.randint(1, 3))
        match dice.choice(
            ("offer", "offer", "accept", "accept", "decline", "own", "end", "pass", "keep", "die")
        ):
            case "offer":
                shift.offer(*some, to=(who.id,) if dice.random() < 0.8 else (), by=dice.choice(people))
            case "accept":
                waiting = [h for h in shift.world.handoffs.open() if h.state is not HandoffState.ACCEPTED]
                if waiting:
                    handoff = dice.choice(waiting)
                    shift.accept(handoff.id, who)
                    for held in handoff.revocations:
                        said[held].add(who)
            case "decline" if shift.offered():
                shift.decline(dice.choice(shift.offered()).id, who)
            case "own":
                shift.own(one, who)
                said[one].add(who)
            case "end" if dice.random() < 0.2:
                shift.end(one)
            case "pass":
                for handoff in shift.world.handoffs.open():
                    handing_over.pass_on(shift.world, handoff.id)
            case "keep":
                handing_over.keep(shift.world)
            case "die":
                _die_while_passing(shift, dice)
        assert_owned(shift, said)
    handing_over.keep(shift.world)
    assert_owned(shift, said)
    assert not [h for h in shift.world.handoffs.open() if h.accepted_by and h.passed_at is None]


def assert_owned(shift: Shift, said: dict[str, set[Actor | None]]) -> None:
    for one, people in said.items():
        assert shift.owner(one) is not None
        assert shift.owner(one) in people


def _die_while_passing(shift: Shift, dice: random.Random) -> None:
    with pytest.MonkeyPatch.context() as killing:
        killing.setattr(dice.choice([shift.world.store, shift.world.handoffs]), "change", killed)
        for handoff in shift.world.handoffs.open():
            try:
                handing_over.pass_on(shift.world, handoff.id)
            except Killed:
                break
    unlock(shift)


# ---------------------------------------------------------------- hands


def killed(*_: Any, **__: Any) -> None:
    raise Killed


def unlock(shift: Shift) -> None:
    """As if the lock's life were over."""
    for key in shift.redis.scan_iter("revoke:lock:*"):
        shift.redis.delete(key)


def minute_over(shift: Shift) -> None:
    """As if what was asked lately had been asked long ago."""
    for key in shift.redis.scan_iter("revoke:seen:*"):
        shift.redis.delete(key)


def on_call_are(shift: Shift, before: set[str], now: set[str]) -> None:
    shift.slack.on = frozenset(before)
    shift.look()
    shift.slack.on = frozenset(now)
    shift.look()


def events(shift: Shift, revocation_id: str) -> list[str]:
    return shift.aws.events(revocation_id)
