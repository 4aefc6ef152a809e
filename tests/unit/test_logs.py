"""What goes to the log: one JSON object a line, and never a secret, wherever it hides."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from workers import logs

BOT = "xox" + "b-1111111111-2222222222-CanaryBotToken000000"
APP = "xap" + "p-1-A0000000000-3333333333-canaryapp"
KEY = 'sign"ing\\kéy\n with odd characters'
REDIS = "rediss://worker:p%40ssw0rd-canary@redis.example:6380/0"
SECRET_ACCESS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.log_to_stdout([BOT, KEY, REDIS, "short"])
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_line_is_one_json_object_with_when_how_bad_where_and_what(out: io.StringIO) -> None:
    logging.getLogger("workers.x").info(
        "written\nin two lines", extra={"revocation_id": "R-7K2M9Q", "seq": 3}
    )
    logging.getLogger("workers.x").warning("käse \u2028 %s", {"a": object()})

    first, second = lines(out)
    assert first["message"] == "written\nin two lines"
    assert (first["levelname"], first["name"]) == ("INFO", "workers.x")
    assert (first["revocation_id"], first["seq"]) == ("R-7K2M9Q", 3)
    assert first["ts"]
    assert second["levelname"] == "WARNING"


@pytest.mark.parametrize(
    ("secret", "never"),
    [
        (BOT, "CanaryBotToken"),
        (KEY, "odd characters"),
        (REDIS, "p%40ssw0rd-canary"),
        ("p%40ssw0rd-canary", "p%40ssw0rd-canary"),
        (APP, "canaryapp"),
        ("xoxe.xoxp-1-canarycanary", "canarycanary"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
        ("Authorization: Bearer aToken.of:scim/with+odd=letters", "aToken"),
        ("ASIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
        (SECRET_ACCESS_KEY, "wJalrXUtnFEMI"),
        ("https://hooks.slack.com/commands/T01/42/canaryAnswerAddress", "canaryAnswerAddress"),
        ("redis://:another-canary@10.0.0.1:6379", "another-canary"),
        ("https://user:another-canary@proxy.example/", "another-canary"),
    ],
)
def test_a_secret_is_masked_in_messages_arguments_extras_and_tracebacks(
    out: io.StringIO, secret: str, never: str
) -> None:
    log = logging.getLogger("workers.x")
    log.info("plain %s", secret)
    log.info(f"inside({secret})")
    log.info("extra", extra={"detail": {"deep": [secret]}, secret: "as a name"})
    try:
        raise RuntimeError(f"could not reach {secret}") from ValueError(secret)
    except RuntimeError:
        log.exception("failed with %r", secret)

    assert len(lines(out)) == 4
    assert never not in out.getvalue()
    assert never not in json.dumps(lines(out), ensure_ascii=False)
    assert out.getvalue().count("[masked]") >= 6


def test_what_is_no_secret_stays_readable(out: io.StringIO) -> None:
    words = "https://console.aws.amazon.com/organizations user@example.com R-7K2M9Q short 12:00:03 xoxb"
    logging.getLogger("workers.x").info(words)
    assert lines(out)[0]["message"] == words


def test_chatty_libraries_are_quiet_because_they_log_whole_bodies(out: io.StringIO) -> None:
    for name in ("slack_bolt", "slack_sdk", "botocore", "urllib3"):
        logging.getLogger(f"{name}.inner").info("body with everything")
    assert out.getvalue() == ""


@pytest.mark.parametrize("name", ["slack_bolt.RequestVerification", "slack_sdk.web", "botocore.auth"])
def test_they_stay_quiet_where_a_library_sets_its_loggers_level_itself(out: io.StringIO, name: str) -> None:
    """As Bolt does: it copies the root's level to each of its own."""
    loud = logging.getLogger(name)
    loud.setLevel(logging.DEBUG)
    loud.info("body with everything")
    loud.setLevel(logging.NOTSET)
    logging.getLogger("slack_boltons").info("not one of them")
    assert [line["message"] for line in lines(out)] == ["not one of them"]
