"""Doctor's own promises: a line for everything, and never a traceback."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from workers.domain.deny_document import EMPTY
from workers.domain.errors import SlackAway
from workers.domain.rules import Rules
from workers.domain.timing import Timing
from workers.ports import Attachment, PolicyRead, SlackRoom
from workers.service import doctor
from workers.service.doctor import Finding, Level, examine, fail, ok, warn
from workers.service.world import World

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def world(**parts: Any) -> World:
    rules = Rules(incident_channel="C0SEC", timing=Timing(), responders=("U1", "U2"), approvers=("U2", "S1"))
    return cast(World, SimpleNamespace(rules=rules, **parts))


def levels(findings: Iterator[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


def test_a_line_begins_with_its_word_and_ends_with_what_to_do() -> None:
    assert str(ok("Redis: answers")) == "ok   Redis: answers"
    assert str(warn("room: 3.", "Release somebody.")) == "WARN room: 3. Release somebody."
    assert str(fail("attachment: none.", "Attach it.")) == "FAIL attachment: none. Attach it."


def test_a_check_that_breaks_is_a_fail_line_after_what_it_found() -> None:
    def breaks() -> Iterator[Finding]:
        yield ok("one")
        raise KeyError("secret")

    found = list(examine("a check", breaks))
    assert [finding.level for finding in found] == [Level.OK, Level.FAIL]
    assert "secret" not in str(found[1])
    assert "a check" in str(found[1])


def test_a_refusal_is_told_in_its_own_words() -> None:
    def away() -> Iterator[Finding]:
        raise SlackAway("Slack did not answer.")
        yield

    assert [str(finding) for finding in examine("Slack", away)] == ["FAIL Slack: Slack did not answer."]


@pytest.mark.parametrize(("group", "level"), [({"U2", "U3"}, Level.WARN), ({"U3", "U4"}, Level.OK)])
def test_fewer_than_four_different_people_are_a_warning(group: set[str], level: Level) -> None:
    people = SimpleNamespace(group=lambda _: frozenset(group))
    assert levels(doctor.enough_people(world(people=people))) == [level]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"is_private": False}, "public"),
        ({"is_shared": True}, "shared"),
        ({"is_archived": True}, "archived"),
        ({"is_member": False}, "does not have the bot"),
        ({}, "private, not shared"),
    ],
)
def test_the_incident_channel_must_be_private_unshared_and_have_the_bot(
    given: dict[str, bool], word: str
) -> None:
    usual = {"is_private": True, "is_shared": False, "is_member": True}
    room = SlackRoom(id="C0SEC", name="sec", **{**usual, **given})
    (found,) = doctor.incident_channel(world(people=SimpleNamespace(room=lambda _: room)))
    assert word in str(found)
    assert (found.level is Level.OK) == (not given)


@pytest.mark.parametrize(
    ("covered", "enabled", "expected"),
    [
        ({"1", "2"}, True, [Level.OK, Level.OK]),
        ({"1"}, True, [Level.OK, Level.WARN]),
        (set(), True, [Level.OK, Level.FAIL]),
        ({"1", "2"}, False, [Level.FAIL, Level.OK]),
    ],
)
def test_accounts_without_the_policy_are_told_and_none_at_all_is_a_failure(
    covered: set[str], enabled: bool, expected: list[Level]
) -> None:
    found = Attachment(
        type_enabled=enabled,
        management_account="9",
        covered=frozenset(covered),
        accounts=frozenset({"1", "2", "9"}),
    )
    parts = {
        "organization": SimpleNamespace(attachment=lambda _: found),
        "policy": SimpleNamespace(policy_id="p-1"),
    }
    assert levels(doctor.attachment(world(**parts))) == expected


@pytest.mark.parametrize(("apart", "level"), [(59, Level.OK), (61, Level.FAIL)])
def test_clocks_further_than_a_minute_apart_are_a_failure(apart: int, level: Level) -> None:
    parts = {
        "store": SimpleNamespace(now=lambda: NOW),
        "policy": SimpleNamespace(read=lambda: PolicyRead(EMPTY, NOW + timedelta(seconds=apart))),
    }
    assert levels(doctor.clocks(world(**parts), NOW)) == [level]


@pytest.mark.parametrize(("ago", "level"), [(29, Level.OK), (31, Level.FAIL), (None, Level.FAIL)])
def test_a_reconciler_that_did_not_pass_for_half_a_minute_is_a_failure(ago: int | None, level: Level) -> None:
    last = None if ago is None else NOW - timedelta(seconds=ago)
    store = SimpleNamespace(now=lambda: NOW, marked=lambda _: last)
    assert levels(doctor.reconciler(world(store=store))) == [level]
