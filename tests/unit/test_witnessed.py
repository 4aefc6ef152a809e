"""A log that was put back is known by what was seen of it before, and its record then frees and denies nobody."""

from dataclasses import replace

import pytest

from tests.unit.make import ALICE_ID, BOB, CAROL, at, confirmed, denied, requested
from workers.domain.revocation import ENDED, ReleaseRequest, Revocation, State
from workers.domain.witnessed import Seen, clearly_older, let_go, seen, taken_up, worth_remembering

NOW = at(hours=5)


def record(seq: int, mac: str = "", **given: object) -> Revocation:
    return denied(seq=seq, mac=mac or f"m{seq}", **given)


WAS = seen(record(9))


def test_what_is_remembered_says_whom_it_denies_and_only_while_it_does() -> None:
    assert (WAS.seq, WAS.mac, WAS.user_id) == (9, "m9", ALICE_ID)
    for state in set(State) - {State.CONFIRMED, State.DENIED}:
        assert seen(record(9, state=state)).user_id is None


def test_a_request_that_nobody_confirmed_is_not_worth_remembering() -> None:
    assert not worth_remembering(requested())
    assert all(worth_remembering(one) for one in (confirmed(), denied(), denied(state=State.RELEASED)))


@pytest.mark.parametrize(
    ("seq", "mac", "older"),
    [(8, "", True), (1, "", True), (9, "", False), (9, "another", True), (10, "", False), (90, "", False)],
)
def test_a_lower_entry_or_another_in_its_place_is_older(seq: int, mac: str, older: bool) -> None:
    assert clearly_older(record(seq, mac), WAS) is older


@pytest.mark.parametrize("state", sorted(ENDED))
def test_nothing_leaves_an_end_however_far_the_log_goes_on(state: State) -> None:
    ended = seen(record(9, state=state))
    assert clearly_older(record(12), ended)
    assert not clearly_older(record(12, state=state), ended)


def test_a_record_that_was_let_go_and_comes_back_as_it_was_denies_nobody() -> None:
    assert clearly_older(record(9), let_go(WAS))


@pytest.mark.parametrize("state", State)
def test_who_stands_in_the_policy_is_held_with_nothing_left_of_what_was_asked_or_approved(
    state: State,
) -> None:
    asked = ReleaseRequest(asked_by=BOB, asked_at=at(hours=1), reason="")
    old = record(5, state=state, release=asked, released_by=(BOB, CAROL), proven_at=NOW, notice_at=NOW)
    new = taken_up(old, WAS, {ALICE_ID}, NOW)
    assert (new.state, new.hold_open, new.written_at) == (State.DENIED, True, NOW)
    assert (new.release, new.released_by, new.proven_at, new.notice_at, new.restore) == (
        None,
        (),
        None,
        None,
        None,
    )
    assert new.owner == old.owner
    assert {note.alarm for note in new.notes} == {True, False}


@pytest.mark.parametrize(
    ("was", "in_policy", "state"),
    [
        (WAS, frozenset[str](), State.EXPIRED),
        (replace(WAS, user_id="somebody-else"), {ALICE_ID}, State.EXPIRED),
        (seen(record(9, state=State.RELEASED)), {ALICE_ID}, State.CLOSED),
        (seen(record(9, state=State.CLOSED)), frozenset[str](), State.CLOSED),
        (seen(record(9, state=State.RELEASING)), frozenset[str](), State.CLOSED),
        (seen(record(9, state=State.WATCHED)), frozenset[str](), State.WATCHED),
    ],
)
def test_who_does_not_stand_in_it_or_was_let_go_is_not_denied_by_it(
    was: Seen, in_policy: frozenset[str], state: State
) -> None:
    for old in State:
        new = taken_up(record(5, state=old), was, in_policy, NOW)
        assert new.state is state
        assert not new.on_the_list
        assert (new.off_at is not None) == (state is not State.EXPIRED)
