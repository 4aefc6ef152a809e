"""Whatever is sent again, in whatever envelope and however freshly signed, acts once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.sandbox.installation import Installation
from tests.sandbox.slack import payloads
from tests.sandbox.slack.answers import Ack, Act
from tests.sandbox.slack.seed import ALICE, BOB, SEC_INC
from tests.sandbox.slack.state import Json, Message
from tests.scenarios.steps import ask, attest, becomes, newcomer, press, revocation_id
from tests.security import everything
from tests.security.door import Door, door

MUST_ACT = {
    *("revocation_confirm", "revocation_cancel", "revocation_hold", "revocation_hold_until_released"),
    *("revocation_release", "revocation_deny_again", "approval_give", "approval_refuse", "approval_nudge"),
    *("follow_ups_start", "follow_ups_wait", "sign_in_disable_anyway", "step_retry", "doctor_test"),
    *("step_attest", "step_assign", "revocation_false_alarm", "revocation_own"),
    *("handoff_start", "handoff_accept", "handoff_decline", "handoff_note"),
}
"""Buttons whose first press here is known to do something; else the test would prove nothing."""

MUST_ACT_FORMS = {
    *("attest_form", "assign_form", "false_alarm_form", "deny_form", "deny_again_form"),
    *("handoff_start_form", "handoff_decline_form", "handoff_note_form"),
}

TIMES = 3


def figures() -> Iterator[str]:
    yield everything_again()
    yield as_installed(socket_mode=False)
    yield as_installed(socket_mode=True)


def everything_again() -> str:
    """Every command, button and form, each sent in all ways three times more: nothing at all changes."""
    with door() as made:
        sent = _first(made)
        before, passed = made.done(), len(made.passed)
        for payload, wire in sent:
            for _ in range(TIMES):
                assert made.request(wire).status == 200, "the very same bytes"
                assert made.http(payload).status == 200, "signed anew"
                assert made.socket(payload).status == 200, "in an envelope of Socket Mode"
        assert made.done() == before
        assert len(made.passed) == passed
    return f"{len(sent)} kinds of requests, each sent {3 * TIMES} times more in 3 ways: 0 second effects"


def _first(made: Door) -> list[tuple[Json, Json]]:
    """Each payload and the signed request that was made of it, sent once; what must act did."""
    acted = Counter[str]()
    sent = []
    for name, payload in _all(made):
        wire, before = made.signed(payload), _trace(made)
        assert made.request(wire).status == 200
        patience = 10 if name in MUST_ACT | MUST_ACT_FORMS and not acted[name] else 0.05
        with suppress(TimeoutError):
            acted[name] += made.slack.wait_for(lambda before=before: _trace(made) != before, patience)
        sent.append((payload, wire))
    idle = {
        name for name in MUST_ACT | MUST_ACT_FORMS | {"/revoke", "app_mention", "home"} if not acted[name]
    }
    assert not idle, f"the first of these did nothing, so this proves nothing: {idle}"
    return sent


def _all(made: Door) -> Iterator[tuple[str, Json]]:
    for payload in everything.commands(made, ALICE):
        yield "/revoke", payload
    for payload in everything.mentions(made, ALICE):
        yield "app_mention", payload
    for payload in everything.at_home(made, ALICE):
        yield "home", payload
    views = everything.views(made)
    for action_id in everything.actions():
        for payload in everything.clicks(made, action_id, ALICE):
            yield action_id, payload
    for view in views:
        yield view["callback_id"], everything.sent(made, ALICE, view)


def _trace(made: Door) -> object:
    """What a first press leaves at once or a moment later: in a log, a mark, or a form that opens."""
    lengths = {key: made.redis.xlen(key) for key in made.redis.scan_iter("*", _type="stream")}
    return lengths, made.redis.hgetall("revoke:marks"), [view["id"] for view in made.slack.views(ALICE)]


def as_installed(*, socket_mode: bool) -> str:
    """A whole revocation with the bot and the workers as they run; then all that Slack sent is sent again."""
    with Installation.fresh(socket_mode=socket_mode) as made:
        captured = _captured(made)
        card = _story(made)
        before, sent = _state(made, card), list(captured)
        for ack in sent:
            answers = [made.slack.replay(ack) for _ in range(TIMES)]
            assert all(answer.ok for answer in answers), answers
        made.until(made.all_told)
        assert _state(made, card) == before
    how = "Socket Mode" if socket_mode else "signed HTTP"
    return (
        f"{len(sent)} requests of one revocation over {how}, each sent {TIMES} times more: 0 second effects"
    )


def _captured(made: Installation) -> list[Ack]:
    """Fills with all that Slack sends to the bot from now on."""
    kept: list[Ack] = []
    deliver = made.slack.delivery.deliver

    async def keeping(act: Act) -> Ack:
        kept.append(await deliver(act))
        return kept[-1]

    made.slack.delivery.deliver = keeping  # type: ignore[method-assign]
    return kept


def _story(made: Installation) -> Message:
    """From the command to the approved release; every one of these acts."""
    newcomer(made, "peggy")
    card = ask(made, "peggy her key is on a forum")
    press(made, card, "revocation_confirm")
    becomes(made, card, "Denied")
    press(made, card, "revocation_hold")
    attest(made, card, "device")
    press(made, card, "revocation_release")
    press(made, card, "approval_give", user=BOB)
    becomes(made, card, "Off the deny list", "Released")
    made.until(made.all_told)
    return card


def _state(made: Installation, card: Message) -> tuple[object, ...]:
    """What people did to the record, what they were told, and how often AWS was written to."""
    people = [entry for entry in made.log(revocation_id(card)) if entry["actor"]["kind"] == "slack"]
    told = [e.text for user in (ALICE, BOB) for e in made.slack.ephemerals(user)]
    return len(people), told, len(made.slack.messages(SEC_INC)), len(made.aws.calls("UpdatePolicy"))


def test_every_command_button_and_form_acts_once_in_whatever_envelope() -> None:
    assert "0 second effects" in everything_again()


@pytest.mark.parametrize("socket_mode", [False, True], ids=["signed HTTP", "Socket Mode"])
def test_a_whole_revocation_sent_again_changes_nothing(socket_mode: bool) -> None:
    assert "0 second effects" in as_installed(socket_mode=socket_mode)


def test_another_click_and_another_sending_of_a_form_are_looked_at() -> None:
    """Slack gives each an id of its own: whoever was refused, or mistyped, does it again."""
    with door() as made:
        record, card = everything.fresh(made, everything.PLACES["revocation_confirm"][0].record)
        for times in (1, 2):
            made.http(made.click(ALICE, card, made.button("revocation_hold", record.id)))
            assert len(made.passed) == times
        view = next(v for v in everything.views(made) if v["callback_id"] == "attest_form")
        passed = len(made.passed)
        late = {"done_at": {"done_at": 9_999_999_999}}
        wrong = made.submission(ALICE, made.shown(ALICE, view), late)
        assert "in the future" in made.http(wrong).body
        assert made.http(made.submission(ALICE, view, {})).body == ""
        assert len(made.passed) == passed + 2


def test_a_request_that_redis_lost_the_answer_to_is_not_taken_for_a_second_one() -> None:
    """The client sends it again by itself; what is there then is our own."""
    with door() as made:
        kept = made.redis.set
        made.store._redis.set = lambda *a, **k: (kept(*a, **k), kept(*a, **k))[1]  # type: ignore[method-assign]
        typed = made.command(ALICE, "list")
        assert made.http(typed).body != ""
        assert made.http(typed).body == ""
        assert made.passed == [ALICE]


def test_events_are_told_apart_by_their_own_id() -> None:
    with door() as made:
        event = payloads.event(made.slack.state, {"type": "app_mention", "user": ALICE, "text": "hello"})
        for again in (event, {**event, "event_time": event["event_time"] + 60}):
            made.http(again)
            made.socket(again)
        assert made.passed == [ALICE]
        made.http({**event, "event_id": "Ev0OTHER01"})
        assert made.passed == [ALICE, ALICE]


def test_where_redis_is_away_nothing_is_done_and_somebody_hears_it() -> None:
    with door() as made:
        made.redis.connection_pool.disconnect()
        made.server.stop()
        assert (
            "Redis cannot be reached, so nothing was recorded"
            in made.http(made.command(ALICE, "dan leaked")).body
        )
        assert made.passed == []
