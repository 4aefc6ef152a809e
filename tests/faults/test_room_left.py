"""How much room is left is kept for people to read; whatever becomes of that, whoever is to be denied is denied."""

import pytest

from tests.sandbox.scripted import Scripted, denied
from workers.domain.deny_document import ROOM, parse
from workers.domain.errors import StoreAway
from workers.domain.revocation import State
from workers.service import containment


def room(aws: Scripted) -> int:
    kept = aws.world.store.figured(ROOM)
    assert kept is not None
    return kept.value


def test_after_each_reading_it_is_kept_how_many_more_fit(aws: Scripted) -> None:
    containment.contain(aws.world)
    before = room(aws)
    denied(aws.world)
    assert room(aws) == before - 1
    assert before == parse(aws.policy.text).room(aws.world.rules.policy_size) + 1


def test_where_it_cannot_be_kept_the_user_is_denied_all_the_same(
    aws: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(name: str, value: int) -> None:
        raise StoreAway("Redis went away.")

    monkeypatch.setattr(aws.world.store, "figure", away)
    one = denied(aws.world)
    assert aws.record(one).state is State.DENIED


def test_a_lie_about_it_stops_no_denial(aws: Scripted) -> None:
    aws.world.store.figure(ROOM, 0)
    one = denied(aws.world)
    assert aws.record(one).state is State.DENIED
    assert room(aws) > 0


def test_it_is_kept_only_after_what_was_read_back_is_in_the_records(
    aws: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[State] = []
    keep = aws.world.store.figure

    def keeping(name: str, value: int) -> None:
        states.extend(record.state for record in aws.world.store.open())
        keep(name, value)

    monkeypatch.setattr(aws.world.store, "figure", keeping)
    denied(aws.world)
    assert states == [State.DENIED]
