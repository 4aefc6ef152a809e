"""Who is in the directory is told to responders alone, over both ways in; asking changes nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.slack import payloads
from tests.sandbox.slack.seed import BOB, CAROL, MALLORY
from tests.sandbox.slack.state import Json
from tests.security.door import Answer, Door, about_mallory, door
from tests.unit.make import denied
from workers.domain.revocation import TargetRef


@pytest.fixture(scope="module")
def ours() -> Iterator[Door]:
    with door() as made:
        yield made


def suggestion(made: Door, user: str, query: str = "mal") -> Json:
    view = {"id": "V1", "type": "modal", "blocks": []}
    return payloads.suggestion(
        made.slack.state, made.person(user), view, block_id="person", action_id="person", text=query
    )


def offered(answer: Answer) -> list[dict[str, Any]] | None:
    """What Slack would show; None where it was answered with nothing."""
    return json.loads(answer.body)["options"] if answer.body else None


@pytest.mark.parametrize("user", [CAROL, MALLORY])
def test_whoever_is_no_responder_is_told_nobody(ours: Door, user: str) -> None:
    assert not offered(ours.http(suggestion(ours, user)))
    assert not offered(ours.socket(suggestion(ours, user)))


def test_a_responder_finds_somebody_and_may_type_the_same_again(ours: Door) -> None:
    for _ in range(3):
        found = offered(ours.socket(suggestion(ours, BOB)))
        assert [option["text"]["text"] for option in found or []] == ["Mallory Target (mallory)"]
    assert offered(ours.http(suggestion(ours, BOB, "nobody"))) == []


def test_over_http_what_somebody_overheard_is_answered_with_nothing(ours: Door) -> None:
    made = ours.signed(suggestion(ours, BOB, "mall"))
    assert offered(ours.request(made))
    assert offered(ours.request(made)) is None


def test_a_responder_who_is_denied_is_told_nobody(ours: Door) -> None:
    record = about_mallory(denied(written_at=ours.store.now()))
    ours.open(replace(record, target=TargetRef(kind="slack", value=BOB, slack_id=BOB)))
    assert not offered(ours.socket(suggestion(ours, BOB, "mallory")))


def test_asking_records_nothing(ours: Door) -> None:
    before = len(ours.store.open())
    ours.socket(suggestion(ours, CAROL, "x" * 3000))
    assert len(ours.store.open()) == before
