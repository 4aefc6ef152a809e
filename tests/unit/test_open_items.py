"""What is open, who has it, and by when: the same in lists, in a handoff, and for what is overdue."""

from datetime import timedelta

from tests.unit.follow_up_records import DIRECTORY_RULES, TAKEN
from tests.unit.make import BOB, CAROL, RULES, T0, at, confirmed, denied, followed, requested
from workers.domain.open_items import OpenItem, open_items, overdue
from workers.domain.revocation import Ratification, ReleaseRequest, Revocation, State, Trouble, Vote
from workers.domain.step import Kind, StepState
from workers.domain.timing import ATTEST_SOON, Timing

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


def test_a_clean_up_has_no_time_until_the_clock_runs_and_waits_for_people_while_it_is_held() -> None:
    assert items(denied())["clean_up"].due_at is None
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
    found = open_items(followed(DIRECTORY_RULES, TAKEN), TIMING)
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


def test_the_same_item_has_the_same_key_until_its_time_changes() -> None:
    one, same = items(requested())["confirm"], items(requested(seq=9))["confirm"]
    assert one.key == same.key
    voted = requested(vote=Vote(by=BOB, at=at(minutes=4), because="Above a cap."))
    assert items(voted)["confirm"].key != one.key
