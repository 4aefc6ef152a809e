"""What is open, who has it, and by when: the same in lists, in a handoff, and for what is overdue."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.unit.follow_up_records import BY_PEOPLE, DIRECTORY_RULES, RESTORE, TAKEN
from tests.unit.make import BOB, CAROL, RULES, T0, at, confirmed, denied, followed, requested
from workers.domain.open_items import OpenItem, open_items, overdue
from workers.domain.revocation import Ratification, ReleaseRequest, Revocation, State, Trouble, Vote
from workers.domain.step import ACCESS, Attestation, Kind, StepState
from workers.domain.timing import ATTEST_SOON, Timing
from workers.service.follow_ups import recording

TIMING = RULES.timing


def items(revocation: Revocation, timing: Timing = TIMING) -> dict[str, OpenItem]:
    found = open_items(revocation, timing)
    assert len({item.what for item in found}) == len(found)
    return {item.what: item for item in found}


def test_a_request_waits_for_its_owner_until_it_expires() -> None:
    item = items(requested())["confirm"]
    assert (item.owner, item.due_at, item.by_people) == (BOB, at(minutes=10), True)
    voted = requested(vote=Vote(by=BOB, at=at(minutes=4), because="Above a cap."))
    assert items(voted)["confirm"].due_at == at(minutes=14)
    assert not items(requested(user=None))["confirm"].by_people


def test_a_confirmed_one_is_written_by_the_bot_unless_that_needs_a_person() -> None:
    assert not items(confirmed())["write"].by_people
    refused = confirmed(trouble=Trouble(code="rights", sentence="No rights.", since=T0))
    item = items(refused)["write"]
    assert (item.by_people, item.due_at, item.owner) == (True, at(minutes=2), CAROL)


def test_a_clean_up_is_the_bots_until_it_is_held_and_judged_after_a_hold_where_no_clock_runs() -> None:
    assert items(denied())["clean_up"].due_at == at(hours=12, minutes=16, seconds=2)
    proven = denied(no_mint_at=at(hours=1))
    assert items(proven)["clean_up"].due_at == at(hours=13, minutes=15)
    assert not items(proven)["clean_up"].by_people
    for held in ({"hold_open": True}, {"held_because": "Access is left."}):
        assert items(denied(**held))["clean_up"].by_people


def test_what_takes_a_second_person_has_no_owner() -> None:
    asked = denied(release=ReleaseRequest(asked_by=BOB, asked_at=at(hours=2), reason="over"))
    assert (items(asked)["approve"].owner, items(asked)["approve"].due_at) == (None, at(hours=26))
    protected = denied(protected=True, ratification=Ratification(asked_at=at(minutes=1)))
    assert items(protected)["ratify"].due_at == at(minutes=31)
    seen = denied(ratification=Ratification(asked_at=T0, ratified_by=CAROL, ratified_at=at(minutes=2)))
    assert "ratify" not in items(seen)


def test_a_follow_up_belongs_to_whom_it_was_assigned_to() -> None:
    record = followed(DIRECTORY_RULES, {**TAKEN, Kind.SESSIONS: {"assignee": BOB}})
    found = items(record)
    assert found["sessions"].owner == BOB
    assert found["credentials"].owner == CAROL
    assert not TAKEN.keys() & {Kind(what) for what in found if what != "clean_up"}


def test_a_follow_up_of_the_bot_is_no_persons_until_it_fails() -> None:
    assert not items(followed())["assignments"].by_people
    failed = followed(steps={Kind.ASSIGNMENTS: {"state": StepState.FAILED, "detail": "No rights."}})
    assert items(failed)["assignments"].by_people


def test_what_falls_due_first_stands_first_and_what_has_no_time_last() -> None:
    found = open_items(followed(DIRECTORY_RULES, follow_ups_wait=CAROL), TIMING)
    times = [item.due_at for item in found if item.due_at is not None]
    assert times == sorted(times)
    assert found[-1].due_at is None
    assert open_items(followed(state=State.RELEASED), TIMING) == ()


def test_overdue_is_what_a_person_should_have_done_and_nothing_that_is_loud_by_itself() -> None:
    record = followed(DIRECTORY_RULES, TAKEN)
    due = at(minutes=1, seconds=2) + ATTEST_SOON
    assert overdue(record, TIMING, due - timedelta(seconds=1)) == ()
    assert "sessions" in {item.what for item in overdue(record, TIMING, due)}
    assert overdue(requested(), TIMING, at(hours=1)) == ()
    late_release = denied(release=ReleaseRequest(asked_by=BOB, asked_at=T0, reason="over"))
    assert overdue(late_release, TIMING, at(days=3)) == ()


FAILED = {"state": StepState.FAILED, "detail": "No rights."}
STARTED = {"follow_ups_started_at": at(minutes=11), "follow_ups_started_by": BOB}
ASKED = ReleaseRequest(asked_by=BOB, asked_at=at(hours=2), reason="a drill", what="false_alarm")
SAID = Attestation(by=BOB, at=at(minutes=40), done_by="bob", done_at=at(minutes=40))
HELD = {"hold_open": True, "held_at": at(hours=5)}
FAILS = followed(steps={Kind.ASSIGNMENTS: FAILED}, **STARTED)


@pytest.mark.parametrize(
    ("record", "what", "due", "by_people"),
    [
        pytest.param(
            followed(), "assignments", at(hours=1, minutes=11, seconds=2), False, id="the bot's, not begun"
        ),
        pytest.param(
            followed(**STARTED),
            "assignments",
            at(hours=1, minutes=11),
            False,
            id="gone an hour after its start",
        ),
        pytest.param(FAILS, "assignments", at(hours=1, minutes=11), True, id="failed"),
        pytest.param(
            followed(steps={Kind.ASSIGNMENTS: {**FAILED, "due_at": at(hours=3)}}, **STARTED),
            "assignments",
            at(hours=3),
            True,
            id="failed late: an hour from then",
        ),
        pytest.param(
            followed(steps={Kind.ASSIGNMENTS: FAILED}, **STARTED, follow_ups_wait=CAROL),
            "assignments",
            None,
            True,
            id="failed, and somebody said wait",
        ),
        pytest.param(followed(follow_ups_wait=CAROL), "assignments", None, True, id="somebody said wait"),
        pytest.param(
            followed(follow_ups_wait=CAROL),
            "sessions",
            at(hours=1, minutes=1, seconds=2),
            True,
            id="wait is the bot's",
        ),
        pytest.param(
            followed(BY_PEOPLE, {kind: {"left_to_people": True} for kind in ACCESS}),
            "assignments",
            at(hours=1, minutes=1, seconds=2),
            True,
            id="waits for a press",
        ),
        pytest.param(followed(release=ASKED), "sessions", None, True, id="giving back is asked for"),
        pytest.param(
            followed(steps={Kind.SIGN_IN: {"attested": SAID}}),
            "sign_in",
            at(hours=1, minutes=40),
            False,
            id="said, and AWS does not say so yet",
        ),
        pytest.param(denied(**HELD), "clean_up", at(hours=29), True, id="held: a day later"),
        pytest.param(
            denied(hold_open=True),
            "clean_up",
            at(days=1, minutes=1, seconds=2),
            True,
            id="held before that was kept",
        ),
        pytest.param(
            denied(**HELD, release=ASKED), "clean_up", None, True, id="held, and a release is asked for"
        ),
        pytest.param(
            denied(adopted=True), "start", at(hours=4, minutes=1, seconds=2), True, id="found in the policy"
        ),
        pytest.param(denied(state=State.RELEASING), "write", None, False, id="being taken off"),
        pytest.param(denied(restore=RESTORE), "give_back", None, False, id="being given back"),
    ],
)
def test_each_kind_has_the_time_and_the_hands_that_make_sense(
    record: Revocation, what: str, due: object, *, by_people: bool
) -> None:
    item = items(record)[what]
    assert (item.due_at, item.by_people, item.owner) == (due, by_people, record.owner)


def test_off_the_list_only_what_people_do_is_open() -> None:
    watched = replace(FAILS, state=State.WATCHED, off_at=at(hours=13))
    assert set(items(watched)) == {"sessions", "sign_in", "credentials", "slack", "device"}


def test_the_same_failure_tried_again_by_itself_is_due_no_later() -> None:
    def failing(record: Revocation, sentence: str, now: datetime) -> Revocation:
        change = recording.failed(Kind.ASSIGNMENTS, TIMING, sentence)(record, now)
        assert change is not None
        return change.record

    once = failing(followed(**STARTED), "No rights.", at(hours=2))
    again = failing(once, "No rights.", at(hours=2, minutes=15))
    other = failing(again, "It came back.", at(hours=5))
    assert [items(r)["assignments"].due_at for r in (once, again, other)] == [
        at(hours=3),
        at(hours=3),
        at(hours=6),
    ]


def test_the_same_item_has_the_same_key_until_its_time_changes() -> None:
    one, same = items(requested())["confirm"], items(requested(seq=9))["confirm"]
    assert one.key == same.key
    voted = requested(vote=Vote(by=BOB, at=at(minutes=4), because="Above a cap."))
    assert items(voted)["confirm"].key != one.key
