"""What is overdue is told once to its owner and once to the group, in few messages, and never after it was settled."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.follow_up_records import DAVE, DIRECTORY_RULES, TAKEN
from tests.unit.make import BOB, CAROL, at, attested, denied, followed
from workers.cards import card, moments
from workers.domain import overdue
from workers.domain.due import next_due
from workers.domain.open_items import OpenItem
from workers.domain.overdue import AT_MOST_EVERY, ESCALATE_AFTER
from workers.domain.revocation import ReleaseRequest, Revocation, Snapshot, State
from workers.domain.step import Kind, StepState

TIMING = DIRECTORY_RULES.timing
DUE = at(hours=1, minutes=1, seconds=2)
"""When sessions, sign-in and Slack are due; credentials and the device three hours later."""


def record(**given: object) -> Revocation:
    return followed(DIRECTORY_RULES, TAKEN, **given)


def told_at(before: Revocation, now: datetime) -> Revocation:
    """The record after the pass that is due, and after Slack took the message."""
    changed = overdue.telling(before, TIMING, now)
    assert changed is not None
    return taken(changed, now)


def taken(changed: Revocation, now: datetime) -> Revocation:
    note = next(note for note in changed.notes if note.kind == overdue.KIND)
    return overdue.heard(changed, note, TIMING, now).told(note)


def message(changed: Revocation | None) -> overdue.Telling:
    assert changed is not None
    [note] = [note for note in changed.notes if note.kind == overdue.KIND]
    assert note.broadcast
    return overdue.read(note)


def test_nothing_is_told_before_it_is_due_and_all_that_is_due_at_once_is_one_message() -> None:
    assert overdue.next_tell_at(record(), TIMING) == DUE
    assert overdue.telling(record(), TIMING, DUE - timedelta(seconds=1)) is None
    assert message(overdue.telling(record(), TIMING, DUE)).owners == ("sessions", "sign_in", "slack")


def test_an_hour_after_the_owner_the_group_hears_of_what_is_still_open_and_then_nobody() -> None:
    first = told_at(record(), DUE)
    assert overdue.next_tell_at(first, TIMING) == DUE + ESCALATE_AFTER
    settled = first.with_step(replace(first.step(Kind.SLACK), **attested()))
    assert message(overdue.telling(settled, TIMING, DUE + ESCALATE_AFTER)).group == ("sessions", "sign_in")
    second = told_at(settled, DUE + ESCALATE_AFTER)
    assert overdue.next_tell_at(second, TIMING) == at(hours=4, minutes=1, seconds=2)


def test_a_second_message_waits_ten_minutes_and_then_tells_owner_and_group_at_once() -> None:
    base = told_at(record(), DUE)
    step = base.step(Kind.DEVICE)
    assert step is not None
    soon = base.with_step(replace(step, due_at=DUE + timedelta(minutes=1)))
    assert overdue.next_tell_at(soon, TIMING) == DUE + AT_MOST_EVERY
    late = base.with_step(replace(step, due_at=DUE + ESCALATE_AFTER))
    told = message(overdue.telling(late, TIMING, DUE + ESCALATE_AFTER))
    assert (told.owners, told.group) == (("device",), ("sessions", "sign_in", "slack"))


def test_a_message_that_waits_for_slack_grows_instead_of_being_followed_by_others() -> None:
    waits = overdue.telling(record(), TIMING, DUE)
    assert waits is not None
    assert overdue.next_tell_at(waits, TIMING) == at(hours=4, minutes=1, seconds=2), "no hour has begun"
    more = overdue.telling(waits, TIMING, at(hours=4, minutes=1, seconds=2))
    assert set(message(more).owners) == {"sessions", "sign_in", "slack", "credentials", "device"}
    assert more is not None
    heard = taken(more, at(hours=5))
    assert overdue.next_tell_at(heard, TIMING) == at(hours=6), "the owners have their hour from then on"


def test_what_was_settled_meanwhile_is_not_told_and_counts_as_told_to_nobody() -> None:
    waits = overdue.telling(record(), TIMING, DUE)
    assert waits is not None
    request = ReleaseRequest(asked_by=BOB, asked_at=DUE, reason="a drill", what="false_alarm")
    asked = replace(waits, release=request)
    [note] = asked.notes
    assert overdue.still_open(asked, note, TIMING) == ()
    after = overdue.heard(asked, note, TIMING, DUE).told(note)
    assert (after.overdue, after.overdue_told_at) == ((), None)
    refused = replace(after, release=None)
    assert message(overdue.telling(refused, TIMING, DUE)).owners == ("sessions", "sign_in", "slack")


def test_the_same_item_with_the_same_time_is_told_once_whoever_has_it_and_another_time_is_news() -> None:
    told = told_at(record(), DUE)
    step = told.step(Kind.SESSIONS)
    assert step is not None
    later = DUE + timedelta(minutes=30)
    given = told.with_step(replace(step, assignee=DAVE))
    assert overdue.telling(given, TIMING, later) is None
    undone = told.with_step(replace(step, due_at=later))
    assert message(overdue.telling(undone, TIMING, later)).owners == ("sessions",)
    assert len(told_at(undone, later).overdue) == len(told.overdue), "one for each item, however often"


def test_what_nobody_owns_is_told_to_the_group_and_once() -> None:
    record_ = denied(adopted=True, owner=None, hold_open=True, held_at=at())
    told = overdue.telling(record_, TIMING, at(hours=4, minutes=1, seconds=2))
    assert (message(told).owners, message(told).group) == ((), ("start",))
    text = moments.render(told, told.notes[-1], DIRECTORY_RULES).text
    assert "<@U0BOB00001>, <@U0CAROL001>: start the follow-ups: press Start now" in text
    assert "Nobody owns it." in text
    after = taken(told, at(hours=4, minutes=2))
    assert overdue.next_tell_at(after, TIMING) == at(days=1), "then whoever is held"


def test_the_on_call_group_is_called_where_there_is_one_and_never_the_target() -> None:
    late = told_at(record(), DUE)
    second = overdue.telling(late, TIMING, DUE + ESCALATE_AFTER)
    assert second is not None
    on_call = replace(DIRECTORY_RULES, on_call_group="S0ONCALL01")
    assert "<!subteam^S0ONCALL01>: " in moments.render(second, second.notes[-1], on_call).text
    target = replace(second.target, slack_id="U0BOB00001")
    text = moments.render(replace(second, target=target), second.notes[-1], DIRECTORY_RULES).text
    assert "<@U0BOB00001>" not in text


def test_times_are_the_readers_in_the_message_and_utc_in_its_text() -> None:
    told = overdue.telling(record(), TIMING, DUE)
    assert told is not None
    made = moments.render(told, told.notes[-1], DIRECTORY_RULES)
    assert "was due 2026-11-24 03:01:02 UTC" in made.text
    assert "<!date^" not in made.text
    assert "was due <!date^" in str(made.blocks[0])


def test_the_card_says_overdue_as_a_word_from_when_it_was_told_until_it_is_settled() -> None:
    before, after = record(), told_at(record(), DUE)
    assert "OVERDUE" not in str(card.render(before, DIRECTORY_RULES))
    made = card.render(after, DIRECTORY_RULES)
    assert "OVERDUE: Portal and background sessions, Sign-in, Slack;" in made.text
    assert str(made.blocks).count("OVERDUE, was due") == 3
    settled = after
    for kind in (Kind.SESSIONS, Kind.SIGN_IN, Kind.SLACK):
        settled = settled.with_step(replace(settled.step(kind), **attested()))
    assert "OVERDUE" not in str(card.render(settled, DIRECTORY_RULES))


def test_the_record_is_woken_for_it_and_sleeps_when_all_was_told() -> None:
    base = record(
        next_read_at=at(days=30),
        snapshot=Snapshot(at=at(), entry=1),
        follow_ups_wait=CAROL,
        hold_open=True,
        held_at=at(days=20),
    )
    assert next_due(base, TIMING) == DUE
    for now in (DUE, DUE + ESCALATE_AFTER, at(hours=4, minutes=2), at(hours=5, minutes=2)):
        base = told_at(base, now)
    assert next_due(base, TIMING) == at(days=21), "who is held is asked for again a day after that"


# --- random histories ---

HAND = (Kind.SESSIONS, Kind.SIGN_IN, Kind.CREDENTIALS, Kind.SLACK, Kind.DEVICE)
DEEDS = (
    "attest",
    "undo",
    "assign",
    "fail",
    "mend",
    "wait",
    "start",
    "hold",
    "ask",
    "refuse",
    "slack",
    "watch",
)


@dataclass
class Told:
    at: datetime
    owners: tuple[OpenItem, ...]
    group: tuple[OpenItem, ...]


@dataclass
class History:
    record: Revocation
    now: datetime = field(default_factory=at)
    slack_away: bool = False
    told: list[Told] = field(default_factory=list)

    def turn(self) -> None:
        """What the processes do by themselves: the pass that is due, twice, and the telling."""
        for _ in range(2):
            self.record = overdue.telling(self.record, TIMING, self.now) or self.record
            due = overdue.next_tell_at(self.record, TIMING)
            assert due is None or due > self.now, "no busy loop"
        if not self.slack_away:
            self.tell()

    def tell(self) -> None:
        for note in [note for note in self.record.notes if note.kind == overdue.KIND]:
            shown = overdue.still_open(self.record, note, TIMING)
            read = overdue.read(note)
            if shown:
                owners, group = (
                    tuple(i for i in shown if i.what in names) for names in (read.owners, read.group)
                )
                self.told.append(Told(self.now, owners, group))
            self.record = taken(self.record, self.now)

    def do(self, deed: str, kind: Kind) -> None:
        step = self.record.step(kind)
        assert step is not None
        match deed:
            case "attest" if kind in HAND and not step.settled:
                said = attested(BOB, at=self.now, done_at=self.now)
                self.record = self.record.with_step(replace(step, **said))
            case "undo" if kind in HAND and step.settled:
                opened = replace(step, state=StepState.OPEN, attested=None, due_at=self.now, ended_at=None)
                self.record = self.record.with_step(opened)
            case "assign" if kind in HAND:
                self.record = self.record.with_step(replace(step, assignee=DAVE))
            case "fail" if kind not in HAND and step.state is StepState.WAITING:
                failed = replace(step, state=StepState.FAILED, due_at=self.now + timedelta(hours=1))
                self.record = self.record.with_step(failed)
            case "mend" if step.state is StepState.FAILED:
                self.record = self.record.with_step(replace(step, state=StepState.DONE))
            case "wait":
                self.record = replace(self.record, follow_ups_wait=CAROL)
            case "start":
                self.record = replace(self.record, follow_ups_wait=None)
            case "hold":
                self.record = replace(self.record, hold_open=True, held_at=self.now)
            case "ask":
                request = ReleaseRequest(asked_by=BOB, asked_at=self.now, reason="", what="false_alarm")
                self.record = replace(self.record, release=request)
            case "refuse":
                self.record = replace(self.record, release=None)
            case "slack":
                self.slack_away = not self.slack_away
            case "watch" if not self.record.release:
                self.record = replace(self.record, state=State.WATCHED)


MOVES = st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from(Kind), st.integers(1, 200)), max_size=40)


@settings(max_examples=100, deadline=None)
@given(MOVES)
def test_whatever_happens_each_is_told_once_to_each_and_seldom_and_never_when_settled(
    moves: list[tuple[str, Kind, int]],
) -> None:
    history = History(followed(DIRECTORY_RULES))
    for deed, kind, minutes in moves:
        history.do(deed, kind)
        history.turn()
        for _ in range(minutes // 10 + 1):
            history.now += timedelta(minutes=minutes / (minutes // 10 + 1))
            history.turn()
    _quiet_down(history)
    for names in ("owners", "group"):
        keys = [item.key for told in history.told for item in getattr(told, names)]
        assert len(keys) == len(set(keys)), names
    times = [told.at for told in history.told]
    assert all(later - before >= AT_MOST_EVERY for before, later in pairwise(times))
    assert len(history.record.overdue) <= len(Kind) + 1


def _quiet_down(history: History) -> None:
    """Slack answers, and nobody does anything more: all that is late is told, and then nothing is due."""
    history.slack_away = False
    history.record = replace(history.record, release=None)
    for _ in range(12):
        history.turn()
        due = overdue.next_tell_at(history.record, TIMING)
        history.now = max(history.now, due or history.now)
    assert overdue.next_tell_at(history.record, TIMING) is None
    told = {one.key for one in history.record.overdue if one.told_at and one.group_told}
    late = {item.key for item in overdue.to_be_told(history.record, TIMING)}
    assert late <= told
