"""Nothing that Slack did not sign for us, now, gets in; and nothing that comes in brings the bot out of step."""

import http.client
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO

import pytest

from bot.bucket import MOST, SECONDS, TOO_MUCH
from bot.origin import OTHER_APP, OTHER_WORKSPACE
from bot.serving import BODY_LIMIT, SIGNATURE, TIMESTAMP, serve_http
from tests.sandbox.installation import free_port
from tests.sandbox.slack import payloads
from tests.sandbox.slack.carriers import signature
from tests.sandbox.slack.seed import ALICE, BOB, SEC_INC
from tests.security.door import RULES, Answer, Door, about_mallory, door, environ, tracebacks
from tests.security.mutated import Forger, Request
from tests.unit.make import denied
from workers.settings import DEFAULT_CAPS


@pytest.fixture(scope="module")
def ours() -> Iterator[Door]:
    with door() as made:
        yield made


def figures() -> Iterator[str]:
    with door() as made:
        yield mutated(made, 100_000)


def mutated(made: Door, count: int) -> str:
    """So many requests with one thing wrong each: none gets to the guard, none is answered 200 or 500."""
    made.passed.clear()
    forge = Forger(genuine(made), made.slack.signing_secret)
    with tracebacks() as broken:
        statuses = Counter(made.request(forge()).status for _ in range(count))
    assert made.passed == []
    assert set(statuses) <= {400, 401, 404, 413}, statuses
    assert broken == []
    answers = [made.request(request).status for request in genuine(made)]
    assert answers == [200] * 7
    assert made.passed == [ALICE] * 6, "what is rightly signed does get in"
    return f"{count:,} mutated requests: 0 reached a handler, 0 tracebacks"


def genuine(made: Door) -> list[Request]:
    """One rightly signed request of each kind, which no one has sent yet."""
    record, card = made.open(about_mallory(denied()))
    form = made.shown(ALICE, FORM)
    event = payloads.event(made.slack.state, {"type": "app_mention", "user": ALICE, "text": "hello"})
    return [
        made.signed(made.command(ALICE, "list")),
        made.signed(made.click(ALICE, card, made.button("open_policy", record.id))),
        made.signed(made.submission(ALICE, form, {})),
        made.signed({"type": "url_verification", "challenge": "c", "token": "t"}, "events_api"),
        made.signed(event),
        made.signed(made.opened(ALICE)),
        made.signed(made.home_click(ALICE, made.button("open_policy", record.id))),
    ]


FORM = {
    "type": "modal",
    "callback_id": "restore_form",
    "private_metadata": json.dumps({"id": "R-AAAAAA"}),
    "title": {"type": "plain_text", "text": "Restore"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "optional": True,
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "reason"},
        }
    ],
}


def test_a_request_with_one_thing_wrong_reaches_no_handler(ours: Door) -> None:
    assert "0 reached a handler" in mutated(ours, 4_000)


@pytest.mark.parametrize("off", [-310, -3600, 310, 3600])
def test_a_signature_counts_for_five_minutes_either_way(ours: Door, off: int) -> None:
    made = ours.signed(ours.command(ALICE, "help"), at=time.time() + off)
    assert ours.request(made).status == 401
    near = ours.signed(ours.command(ALICE, "help"), at=time.time() + (290 if off > 0 else -290))
    assert ours.request(near).status == 200


@pytest.mark.parametrize("timestamp", ["soon", "", "9" * 5000, "-5", "1.5", "٣", "\x00"])
def test_a_time_stamp_that_is_no_number_is_answered_in_words_and_without_a_traceback(
    ours: Door, timestamp: str
) -> None:
    body = b"command=%2Frevoke"
    with tracebacks() as broken:
        answer = ours.request(environ(body, timestamp, signature("s", timestamp, body)))
    assert answer == Answer(401, '{"error": "invalid request"}')
    assert broken == []


ODD_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"{" * 5000,
    b'{"type":' * 3000,
    b"payload=%7B",
    b"payload=[]",
    b"payload=12",
    b"payload=" + b"[" * 4000,
    b'{"event": "text", "user_id": "U0ALICE001", "type": "event_callback"}',
    b'{"user": {"id": ["U0ALICE001"]}, "type": "block_actions"}',
    b'{"user": 7, "team": 7, "view": 7, "type": "view_submission"}',
    b'{"type": "block_actions", "actions": 3, "trigger_id": {"a": 1}}',
    b'{"type": "event_callback", "event": {"type": "app_mention", "user": "U0ALICE001", "channel": 7, "text": {}}}',
    b'{"type": "event_callback", "event": {"type": "app_home_opened", "user": "U0ALICE001", "tab": [], "view": 7}}',
    b'{"type": "event_callback", "event": {"type": "app_mention", "user": {"id": 7}}, "authorizations": [7]}',
    b'{"type": "block_actions", "container": {"type": "view"}, "view": "home", "actions": [{"action_id": 7}]}',
    b'{"type": "block_actions", "container": 7, "view": {"type": "home", "hash": []}, "user": {"id": "U0ALICE001"}}',
    b"command=%2Frevoke",
    b"command=%2Frevoke&user_id=&text=help",
    b"\xf0\x9f\x98\x80=1&" * 100,
]


@pytest.mark.parametrize("body", ODD_BODIES, ids=lambda body: repr(body[:24]))
def test_odd_content_that_is_rightly_signed_reaches_no_handler(ours: Door, body: bytes) -> None:
    timestamp = str(int(time.time()))
    passed = len(ours.passed)
    answer = ours.request(environ(body, timestamp, signature(ours.slack.signing_secret, timestamp, body)))
    assert answer.status in (200, 400, 404), answer
    assert len(ours.passed) == passed


def test_what_nobody_signed_decides_nothing(ours: Door) -> None:
    """Neither the content type, nor the query, nor Bolt's own headers are under the signature."""
    for extra in (
        {"CONTENT_TYPE": "application/json"},
        {"CONTENT_TYPE": "text/plain"},
        {"QUERY_STRING": "command=/revoke&user_id=U0BOB00001"},
        {"HTTP_X_SLACK_BOLT_LAZY_ONLY": "1", "HTTP_X_SLACK_BOLT_LAZY_FUNCTION_NAME": "revoke"},
        {"HTTP_X_SLACK_RETRY_NUM": "1"},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
    ):
        answer = ours.request({**ours.signed(ours.command(ALICE, "list")), **extra})
        assert (answer.status, ours.passed[-1]) == (200, ALICE)
        assert "text" in json.loads(answer.body)


def test_a_body_over_one_mebibyte_is_not_read(ours: Door) -> None:
    class Unread(BytesIO):
        def read(self, *_: object) -> bytes:
            raise AssertionError("it was read")

    made = ours.signed(ours.command(ALICE, "x" * BODY_LIMIT))
    assert ours.request(made).status == 413
    answer = ours.pages({**made, "wsgi.input": Unread()}, lambda *_: None)
    assert json.loads(b"".join(answer)) == {"error": "too large"}


def test_over_the_wire_it_is_the_same(ours: Door) -> None:
    """The server that reads the wire: sizes, methods, headers that stand there twice."""
    port, stop = free_port(), threading.Event()
    serving = threading.Thread(target=serve_http, args=(ours.pages, port, stop, lambda: None), daemon=True)
    serving.start()
    ours.slack.wait_for(lambda: _status(port, "/healthz") == 200, 5)
    passed = len(ours.passed)
    body = "command=%2Frevoke&user_id=U0ALICE001&text=list"
    made = ours.signed(ours.command(ALICE, "list"))
    stamp, signed = made[TIMESTAMP], made[SIGNATURE]
    forged = [("X-Slack-Request-Timestamp", stamp), ("X-Slack-Signature", "v0=" + "0" * 64)]
    true = [("X-Slack-Request-Timestamp", stamp), ("X-Slack-Signature", signed)]
    for headers in ([], forged, [*forged, *true], [*true, *true], true[:1], true[1:]):
        assert _status(port, "/slack/events", body, headers) == 401, headers
    assert _status(port, "/slack/events", "", [*true, ("Content-Length", str(BODY_LIMIT + 1))]) == 413
    assert _status(port, "/slack/events", "", [*true, ("Content-Length", "many")]) == 400
    assert _status(port, "/slack/events") == 404
    assert _status(port, "/readyz") == 200
    assert len(ours.passed) == passed
    stop.set()
    serving.join(10)


def _status(
    port: int, path: str, body: str | None = None, headers: Sequence[tuple[str, str]] = ()
) -> int | None:
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        wire.putrequest("GET" if body is None else "POST", path)
        for name, value in headers:
            wire.putheader(name, value)
        if body and not any(name == "Content-Length" for name, _ in headers):
            wire.putheader("Content-Length", str(len(body)))
        wire.endheaders((body or "").encode())
        return wire.getresponse().status
    except OSError:
        return None
    finally:
        wire.close()


def test_another_app_and_another_workspace_are_turned_away_in_words(ours: Door) -> None:
    passed = len(ours.passed)
    typed = ours.command(ALICE, "list")
    for changed, sentence in (
        ({"api_app_id": "A0OTHER001"}, OTHER_APP),
        ({"api_app_id": ""}, OTHER_APP),
        ({"team_id": "T0OTHER001"}, OTHER_WORKSPACE),
        ({"team_id": ""}, OTHER_WORKSPACE),
    ):
        assert ours.http({**typed, **changed}).body == sentence
        assert ours.socket({**typed, **changed}).body == sentence
    assert len(ours.passed) == passed
    assert ours.http(typed).status == 200
    assert len(ours.passed) == passed + 1, "turned away, it was not used up"


def test_until_it_is_known_which_app_we_are_a_signed_request_is_let_in() -> None:
    with door(learnt=False) as made:
        made.slack.outage()
        assert made.http({**made.command(ALICE, "list"), "api_app_id": "A0OTHER001"}).status == 200
        assert made.passed == [ALICE]
        made.slack.back()
        made.learn()
        assert made.http({**made.command(ALICE, "list"), "api_app_id": "A0OTHER001"}).body == OTHER_APP


def test_nobody_waits_until_it_is_known_which_app_we_are() -> None:
    with door(learnt=False) as made:
        made.slack.fault("auth.test", "slow", times=None, seconds=3)
        made.gate.refresh()
        begun = time.monotonic()
        made.http(made.command(ALICE, "list"))
        assert time.monotonic() - begun < 1


def test_who_asks_too_much_waits_and_nobody_else_does() -> None:
    with door(rules=replace(RULES, caps=DEFAULT_CAPS)) as made:
        answers = [made.http(made.command(ALICE, "help")).body for _ in range(MOST + 5)]
        assert [answer == TOO_MUCH for answer in answers] == [False] * MOST + [True] * 5
        assert f"{SECONDS} seconds" in TOO_MUCH
        assert "`python -m workers revoke" in TOO_MUCH
        assert made.http(made.command(BOB, "help")).body != TOO_MUCH
        _, card = made.open(about_mallory(denied()))
        for _ in range(50):
            assert (
                made.http(made.click(ALICE, card, made.button("revocation_hold", "R-AAAAAA"))).status == 200
            )
        made.slack.wait_for(lambda: TOO_MUCH in made.told(ALICE))
        time.sleep(0.2)
        assert made.told(ALICE).count(TOO_MUCH) == 1, "a flood of clicks is no flood of calls to Slack"
        assert made.passed.count(ALICE) == MOST


def test_what_was_not_looked_at_can_be_done_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    with door(rules=replace(RULES, caps=DEFAULT_CAPS)) as made:
        for _ in range(MOST):
            made.http(made.command(ALICE, "help"))
        late = made.command(ALICE, "list")
        assert made.http(late).body == TOO_MUCH
        now = time.time() + SECONDS + 1
        monkeypatch.setattr("limits.storage.memory.time.time", lambda: now)
        assert made.http(late).body != TOO_MUCH


def test_with_the_limits_off_nobody_waits(ours: Door) -> None:
    assert RULES.caps is None
    assert all(ours.http(ours.command(BOB, "help")).body != TOO_MUCH for _ in range(MOST + 5))


def test_a_full_bucket_costs_no_look_at_redis_or_slack(caplog: pytest.LogCaptureFixture) -> None:
    with door(rules=replace(RULES, caps=DEFAULT_CAPS)) as made:
        for _ in range(MOST):
            made.http(made.command(ALICE, "help"))
        calls, commands = len(made.slack.calls()), made.redis.info("commandstats")["cmdstat_set"]["calls"]
        with caplog.at_level(logging.WARNING):
            for _ in range(20):
                made.http(made.command(ALICE, f"@mallory leaked {SEC_INC}"))
        assert len(made.slack.calls()) == calls
        assert made.redis.info("commandstats")["cmdstat_set"]["calls"] == commands
