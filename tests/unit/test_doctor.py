"""Doctor's own promises: a line for everything, and never a traceback."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from tests.unit.make import denied
from workers.adapters.slack_app import SlackApp
from workers.cli import doctor_follow_ups, doctor_slack
from workers.cli.speech import readable
from workers.cli.terminal import Terminal
from workers.domain.deny_document import EMPTY
from workers.domain.errors import AwsUnsettled, SlackAway, SlackRefused
from workers.domain.revocation import DirectoryUser, Revocation
from workers.domain.rules import Rules
from workers.domain.step import Kind
from workers.domain.timing import Timing
from workers.ports import Attachment, PolicyRead, SlackRoom
from workers.service import doctor
from workers.service.doctor import Finding, Level, examine, fail, ok, warn
from workers.service.world import World

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def world(given: dict[str, Any] | None = None, **parts: Any) -> World:
    """`given`: rules other than the usual."""
    usual = {"incident_channel": "C0SEC", "responders": ("U1", "U2"), "approvers": ("U2", "S1")}
    rules = Rules(timing=Timing(), **{**usual, **(given or {})})
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


def test_doctor_looks_once_and_says_so() -> None:
    def busy() -> Iterator[Finding]:
        raise AwsUnsettled("Throttling", "AWS could not read it just now. It is tried again.")
        yield

    (found,) = examine("Deny policy", busy)
    assert str(found) == "FAIL Deny policy: AWS could not read it just now. Run doctor again in a minute."


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel"])
def test_a_channel_that_the_bot_cannot_see_is_told_with_what_to_do(code: str) -> None:
    def room(_: str) -> SlackRoom:
        raise SlackRefused(code)

    (found,) = doctor.incident_channel(world(people=SimpleNamespace(room=room)))
    assert str(found) == (
        f"FAIL incident channel: Slack refused: {code}. "
        "Invite the bot to C0SEC, or correct REVOKE_INCIDENT_CHANNEL."
    )


def test_a_token_that_slack_does_not_take_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(token: str, url: str) -> SlackApp:
        raise SlackRefused("invalid_auth")

    monkeypatch.setattr(doctor_slack, "slack_app", refuses)
    settings = SimpleNamespace(
        slack_bot_token=SimpleNamespace(get_secret_value=lambda: "a token"),
        slack_api_url="https://slack.test/",
    )
    (found,) = doctor_slack.app(cast(Terminal, SimpleNamespace(settings=settings)))
    assert str(found) == (
        'FAIL Slack token: Slack refused: invalid_auth. Copy SLACK_BOT_TOKEN anew from "OAuth & Permissions".'
    )


@pytest.mark.parametrize(
    ("given", "level", "word"),
    [
        ({}, Level.WARN, "Set REVOKE_IDENTITY_SOURCE"),
        ({"identity_source": "directory"}, Level.OK, "directory"),
        ({"identity_source": "external"}, Level.OK, "external"),
        ({"identity_source": "external", "disables_sign_in": True}, Level.OK, "external"),
        (
            {"identity_source": "directory", "disables_sign_in": True},
            Level.WARN,
            "SCIM comes with an external",
        ),
        ({"identity_source": "active_directory", "disables_sign_in": True}, Level.WARN, "SCIM comes with"),
        ({"disables_sign_in": True}, Level.WARN, "not set"),
    ],
)
def test_the_identity_source_is_told_and_fits_to_scim(given: dict[str, Any], level: Level, word: str) -> None:
    (found,) = doctor.identity_source(world(given))
    assert found.level is level
    assert word in str(found)


def test_follow_ups_that_run_by_themselves_are_named_with_their_delay() -> None:
    (found,) = doctor.follow_ups(world())
    assert str(found) == (
        "ok   follow-ups: assignments, memberships, applications, entitlements run by themselves 600 s after the denial"
    )
    (with_scim,) = doctor.follow_ups(world({"disables_sign_in": True}))
    assert "entitlements, sign_in run" in str(with_scim)


@pytest.mark.parametrize("kinds", [frozenset(), frozenset({Kind.SIGN_IN})])
def test_no_follow_up_that_runs_by_itself_is_a_warning(kinds: frozenset[Kind]) -> None:
    assert levels(doctor.follow_ups(world({"follow_ups": kinds}))) == [Level.WARN]


@pytest.fixture
def scim_answers() -> Iterator[tuple[Terminal, list[int]]]:
    """A terminal whose SCIM answers with the statuses of the list, one a call."""
    statuses: list[int] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.pop(0))
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/t/scim/v2"
        settings = SimpleNamespace(revoke_scim_url=url, revoke_scim_token=SecretStr("a-token-of-no-use"))
        yield cast(Terminal, SimpleNamespace(settings=settings)), statuses
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "level", "words"),
    [
        (404, Level.OK, "the token is accepted"),
        (401, Level.FAIL, "make a new one in IAM Identity Center"),
        (403, Level.FAIL, "automatic provisioning is on"),
        (302, Level.FAIL, "Correct REVOKE_SCIM_URL"),
        (429, Level.FAIL, "too many requests). Run doctor again in a minute."),
        (503, Level.FAIL, "Run doctor again in a minute."),
    ],
)
def test_a_scim_that_does_not_take_the_token_is_a_failure(
    scim_answers: tuple[Terminal, list[int]], status: int, level: Level, words: str
) -> None:
    at, statuses = scim_answers
    statuses.append(status)
    (found,) = examine("SCIM", lambda: doctor_follow_ups.scim(at))
    assert found.level is level
    assert words in str(found)
    assert "a-token-of-no-use" not in str(found)
    assert statuses == []


def test_no_scim_and_no_trail_are_no_trouble_and_said() -> None:
    names = ("revoke_scim_url", "revoke_scim_token", "revoke_trail_table", "revoke_event_data_store")
    at = cast(Terminal, SimpleNamespace(settings=SimpleNamespace(**dict.fromkeys(names))))
    found = [*doctor_follow_ups.scim(at), *doctor_follow_ups.look_back(at)]
    assert [finding.level for finding in found] == [Level.OK, Level.OK]
    assert "a person disables sign-in" in str(found[0])
    assert "the query is shown" in str(found[1])


@pytest.mark.parametrize(("pressed", "level"), [(True, Level.OK), (False, Level.WARN)])
def test_the_bot_counts_as_tried_once_a_test_card_was_pressed(pressed: bool, level: Level) -> None:
    marks: dict[str, datetime] = {}
    store = SimpleNamespace(mark=lambda name: marks.update({name: NOW}), marked=marks.get)
    outcome = ok("test card") if pressed else fail("test card")
    assert levels(doctor.try_bot(world(store=store), lambda: [outcome])) == [outcome.level]
    assert levels(doctor.bot(world(store=store))) == [level]


@pytest.mark.parametrize(
    ("slack", "terminal"),
    [
        ("`/revoke list` shows the open ones.", "`python -m workers list` shows the open ones."),
        ("`/revoke status R-7K2M9Q`", "`python -m workers show R-7K2M9Q`"),
        ("Name them: `/revoke USER_NAME`", "Name them: `python -m workers revoke USER_NAME`"),
        ("NOT DENIED: run /revoke again.", "NOT DENIED: run `python -m workers revoke` again."),
        ("seen at /revoke/list", "seen at /revoke/list"),
    ],
)
def test_a_terminal_names_its_own_commands(slack: str, terminal: str) -> None:
    assert readable(slack) == terminal


TESS = DirectoryUser(user_id="906768f5e0-11111111-2222-3333-4444-555555555555", user_name="tess")


def drills(user: str | None, found: list[DirectoryUser], *records: Revocation) -> list[Finding]:
    store = SimpleNamespace(
        now=lambda: NOW, open=lambda: list(records), ended_since=lambda since: [r for r in records if r.ended]
    )
    directory = SimpleNamespace(
        by_user_name=lambda name: found, by_user_id=lambda user_id: found[0] if found else None
    )
    return list(doctor.drills(world({"drill_user": user}, store=store, directory=directory)))


def test_without_a_test_user_doctor_only_hints() -> None:
    (found,) = drills(None, [])
    assert found.level is Level.OK
    assert "REVOKE_DRILL_USER" in str(found)


def test_a_test_user_whom_the_directory_does_not_know_is_a_warning() -> None:
    unknown, never = drills("tess", [])
    assert (unknown.level, never.level) == (Level.WARN, Level.WARN)
    assert "has no user tess" in str(unknown)
    assert "not proven by a drill within 100 days" in str(never)
    assert drills(TESS.user_id, [TESS], denied(drill=True, written_at=NOW))[0].level is Level.OK


@pytest.mark.parametrize(("days", "level"), [(1, Level.OK), (89, Level.OK), (91, Level.WARN)])
def test_a_drill_of_last_quarter_is_overdue(days: int, level: Level) -> None:
    _, proof = drills("tess", [TESS], denied(drill=True, written_at=NOW - timedelta(days=days)))
    assert proof.level is level
    assert "last proven by a drill 2026-" in str(proof)
    assert "(R-7K2M9Q)" in str(proof)
