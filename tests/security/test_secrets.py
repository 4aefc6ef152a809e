"""No secret gets out: not into logs, errors, Redis, cards, the terminal or a `repr`.

Every installation of the suite runs at DEBUG with secrets of its own, and fails at its end where one of them is found.
"""

import base64
import io
import json
import logging
import subprocess
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from slack_sdk import WebClient

from bot.app import build_app
from bot.guard import Guard
from bot.process import _ready, build_deps
from bot.settings import BotSettings
from tests.sandbox import canaries
from tests.sandbox.installation import ALICE, BOB, SEC_INC, Installation, free_port
from tests.scenarios.steps import ask, becomes, press, revocation_id
from workers import bootstrap, logs
from workers.adapters.redis_server import _program
from workers.cli.terminal import Terminal, secrets
from workers.settings import WorkerSettings, WrongSettings, read

DEPTH = 7
"""So deep objects are looked into; what stands deeper was built by libraries."""

SECRET = 'canary"of the\\secret/+é-0123456789'


# The search itself finds what is there.


@pytest.mark.parametrize("form", sorted(set(canaries.forms(SECRET))))
def test_a_secret_is_found_in_every_form_and_named_with_its_place(form: bytes) -> None:
    places = [("bot.log", b"before " + form + b" after"), ("Redis", b"nothing")]
    assert canaries.found({"TOKEN": SECRET}, places) == ["TOKEN in bot.log"]


def test_a_secret_is_found_in_base64_beside_anything_else() -> None:
    for before in range(6):
        packed = base64.b64encode(b"x" * before + SECRET.encode() + b"y" * 5)
        assert canaries.found({"TOKEN": SECRET}, [("header", packed)]), before


@pytest.mark.parametrize(
    "word",
    [
        SECRET.encode(),
        zlib.compress(SECRET.encode()),
        base64.b64encode(zlib.compress(b"x" + SECRET.encode())),
    ],
)
def test_a_secret_is_found_in_the_append_only_file_packed_as_rq_packs_it(tmp_path: Path, word: bytes) -> None:
    command = b"*3\r\n$4\r\nHSET\r\n$3\r\nkey\r\n$%d\r\n%s\r\n" % (len(word), word)
    (tmp_path / "appendonly.aof").write_bytes(b"*1\r\n$4\r\nPING\r\n" + command)
    assert canaries.found({"TOKEN": SECRET}, canaries.in_folder(tmp_path, leave_out=()))


def test_an_installation_fails_at_its_end_where_a_secret_was_logged(tmp_path: Path) -> None:
    made = Installation.fresh(directory=tmp_path)
    (tmp_path / "workers.log").write_text(f"sent {made.slack.bot_token}")
    made.said.append(json.dumps(made.aws_secrets))
    with pytest.raises(AssertionError) as leak:
        made.close()
    assert "SLACK_BOT_TOKEN in workers.log" in str(leak.value)
    assert "AWS_SECRET_ACCESS_KEY in the terminal" in str(leak.value)


# What is built from the settings does not show them.


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Everything secret set, and nothing that answers."""
    for name, value in canaries.aws().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPRETEND000000000")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.chdir(tmp_path)
    return {
        "slack_bot_token": canaries.bot_token(),
        "slack_app_token": canaries.app_token(),
        "slack_signing_secret": canaries.signing_secret(),
        "slack_api_url": "http://127.0.0.1:1/api/",
        "redis_url": f"redis://worker:{canaries.aws()['AWS_SESSION_TOKEN'][8:24]}@127.0.0.1:1/0",
        "revoke_signing_key": canaries.signing_secret(),
        "revoke_scim_url": "https://scim.us-east-1.amazonaws.com/11111111111-2222-3333-4444-555555555555/scim/v2",
        "revoke_scim_token": f"canary-scim-{canaries.app_token()}",
        "revoke_incident_channel": SEC_INC,
        "revoke_responders": BOB,
        "revoke_deny_policies": "p-examplepolicyid111",
        "revoke_data_dir": str(tmp_path),
        "revoke_trail_table": "logs.trail",
        "revoke_event_data_store": "01234567-0123-0123-0123-012345678901",
    }


def secret_ones(settings: dict[str, str]) -> dict[str, str]:
    known = ("token", "secret", "key")
    found = {name: value for name, value in settings.items() if name.endswith(known)}
    return {**found, "redis_url": canaries.password(settings["redis_url"])}


def built(settings: dict[str, str]) -> dict[str, Any]:
    """All that the two processes and the terminal hold."""
    ours, bots = read(WorkerSettings, **settings), read(BotSettings, **settings)
    clients = bootstrap.build_clients(ours)
    world = bootstrap.build_world(ours, clients)
    deps = build_deps(bots, None)
    gate = Guard(deps)
    app = build_app(WebClient(settings["slack_bot_token"]), settings["slack_signing_secret"], deps, gate)
    return {
        "the workers' settings": ours,
        "the bot's settings": bots,
        "the terminal": Terminal(ours, clients, world),
        "the bot's deps": deps,
        "the guard": gate,
        "the app": app,
    }


def shown(value: Any, path: str, seen: set[int], depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """What `repr` and `str` show of an object, and of everything that it holds; a bare text is what it is."""
    if depth > DEPTH or id(value) in seen or isinstance(value, str | bytes | int | float | None):
        return
    seen.add(id(value))
    if isinstance(value, dict | list | tuple | set | frozenset):
        inner = list(value.values()) if isinstance(value, dict) else list(value)
        parts = {f"[{number}]": part for number, part in enumerate(inner)}
    elif isinstance(value, type) or type(value).__module__ in ("builtins", "logging", "threading", "_thread"):
        return
    else:
        yield path, f"{value!r} {value}".encode(errors="surrogatepass")
        parts = {f".{name}": part for name, part in getattr(value, "__dict__", {}).items()}
    for name, part in parts.items():
        yield from shown(part, path + name, seen, depth + 1)


def test_no_object_that_holds_a_secret_shows_it(settings: dict[str, str]) -> None:
    places = [place for name, part in built(settings).items() for place in shown(part, name, set())]
    assert len(places) > 100
    assert canaries.found(secret_ones(settings), places) == []


def test_the_walk_would_find_an_object_that_shows_its_secret() -> None:
    class Shows:
        def __init__(self) -> None:
            self.inner = {"list": [self.Inner()]}

        class Inner:
            def __repr__(self) -> str:
                return f"Inner({SECRET})"

    assert canaries.found({"T": SECRET}, shown(Shows(), "it", set())) == ["T in it.inner[0][0]"]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("revoke_signing_key", "canary-0123456"),
        ("revoke_scim_token", "canary with blanks in it"),
        ("redis_url", "http://worker:canary-password@redis.example/0"),
        ("revoke_scim_url", "https://scim.example/canary-canary-canary"),
        ("slack_api_url", "http://canary-canary.example/api"),
        ("revoke_time_scale", "canary-canary-canary"),
    ],
)
def test_a_wrong_setting_is_named_and_no_value_of_any_is_told(
    settings: dict[str, str], name: str, wrong: str
) -> None:
    with pytest.raises(WrongSettings) as caught:
        read(WorkerSettings, **{**settings, name: wrong})
    told = f"{caught.value} {caught.value!r}"
    assert name.upper() in told
    places = [("the error", told.encode())]
    assert canaries.found({**secret_ones(settings), "the wrong value": wrong}, places) == []


def test_the_page_for_load_balancers_tells_only_whether_it_is_ready(settings: dict[str, str]) -> None:
    assert _ready(build_deps(read(BotSettings, **settings), None)) == {"ok": False, "redis": False}


# What libraries would say if somebody let them.


@contextmanager
def everything_logged(known: list[str]) -> Iterator[io.StringIO]:
    """Every library at DEBUG, which no setting allows; only the mask is left."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs._Masking(known))
    level, handlers = root.level, root.handlers[:]
    loud = [logging.getLogger(name) for name in ("botocore", "urllib3", "slack_sdk", "slack_bolt", "rq")]
    before = [logger.level for logger in loud]
    root.setLevel(logging.DEBUG)
    root.handlers[:] = [handler]
    for logger in loud:
        logger.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
        for logger, was in zip(loud, before, strict=True):
            logger.setLevel(was)


def test_even_where_every_library_logs_all_it_knows_the_mask_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = Installation.fresh(scim=True, directory=tmp_path)
    try:
        for name, value in {**made.aws.env(), **made.aws_secrets}.items():
            monkeypatch.setenv(name, value)
        given = {name.lower(): value for name, value in made.workers_env.items()}
        settings = read(WorkerSettings, **given)
        with everything_logged(secrets(settings)) as said:
            world = bootstrap.build_world(settings, bootstrap.build_clients(settings))
            assert world.people.person(ALICE) is not None
            assert world.policy.read().text
            assert world.provider is not None
            user = world.directory.by_user_id(made.seed.users["alice"])
            assert user is not None
            world.provider.set_active(user, False)
        assert len(said.getvalue()) > 10_000
        assert "botocore" in said.getvalue()
        assert canaries.found(made.secrets, [("what was logged", said.getvalue().encode())]) == []
    finally:
        made.close()


# The whole installation, against a Redis with a password, with as much going wrong as it takes to be talkative.


@contextmanager
def redis_with_a_password(folder: Path) -> Iterator[str]:
    password, port = canaries.aws()["AWS_SESSION_TOKEN"][8:40].replace("+", "p"), free_port()
    given = ["--port", str(port), "--requirepass", password, "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([_program(), *given], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    try:
        Installation.until(lambda: _answers(url))
        yield url
    finally:
        server.terminate()
        server.wait(10)


def _answers(url: str) -> bool:
    try:
        return bool(Redis.from_url(url).ping())
    except RedisError:
        return False


def _badly_signed(made: Installation) -> int:
    """A request that is signed with another secret, as long as Slack's own, with addresses to answer to."""
    body = f"token=verification-{SECRET}&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT01%2F42%2Fcanary-answer"
    headers = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=" + "0" * 64}
    asked = urllib.request.Request(
        f"http://127.0.0.1:{made.port}/slack/events", data=body.encode(), headers=headers, method="POST"
    )
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def talkative(folder: Path) -> Installation:
    """Runs a revocation through refusals, a lost Redis password and a bad signature; closed, and so searched."""
    with redis_with_a_password(folder) as url:
        made = Installation.fresh(
            scim=True, directory=folder, REDIS_URL=url, REVOKE_SIGNING_KEY=canaries.signing_secret()
        )
        with made:
            made.aws.deny("ListGroupMembershipsForMember")
            card = ask(made, "alice@example.com key leaked", user=BOB)
            press(made, card, "revocation_confirm", user=BOB)
            becomes(made, card, "Denied")
            assert _badly_signed(made) in (401, 403)
            Redis.from_url(url).config_set("requirepass", "another")
            made.slack.command(BOB, SEC_INC, "/revoke list")
            made.terminal("list")
            Redis.from_url(url.replace(canaries.password(url), "another")).config_set(
                "requirepass", canaries.password(url)
            )
            made.terminal("doctor")
            made.terminal("show", revocation_id(card))
        assert "verification-" not in made.output("bot")
        assert "canary-answer" not in made.output("bot")
        assert "requirepass" not in made.output("workers")
    return made


def test_a_revocation_with_much_going_wrong_leaves_no_secret_anywhere(tmp_path: Path) -> None:
    made = talkative(tmp_path)
    assert made.said
    assert '"levelname": "DEBUG"' in made.output("workers") + made.output("bot")


def figures() -> Iterator[str]:
    import tempfile

    made = talkative(Path(tempfile.mkdtemp(prefix="secrets-")))
    known = {name: secret for name, secret in made.secrets.items() if secret}
    count = sum(len(set(canaries.forms(secret))) for secret in known.values())
    places = list(made._traces())
    size = sum(len(text) for _, text in places) // 1000
    yield f"{len(known)} secrets in {count} forms: 0 found in {len(places)} places of {size:,} kB, at DEBUG"
