"""The image and its compose file, read as text: no engine is needed, and none proves more than this here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from workers.processes import STOP_WITHIN

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("bot", "workers")

Step = tuple[str, str]


def steps() -> list[Step]:
    """The Dockerfile's instructions, each with its text on one line."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    whole = re.sub(r"\\\n\s*", " ", text)
    parts = (line.split(None, 1) for line in whole.splitlines() if line.strip())
    return [(part[0], part[1]) for part in parts]


def stages() -> list[list[Step]]:
    found: list[list[Step]] = []
    for step in steps():
        if step[0] == "FROM":
            found.append([])
        found[-1].append(step)
    return found


def texts(instruction: str, among: list[Step]) -> list[str]:
    return [text for name, text in among if name == instruction]


def environment(service: str) -> dict[str, str]:
    """The variables that the examples of the service's env files set or offer."""
    found = {}
    for name in SERVICES[service].get("env_file", []):
        for line in (ROOT / f"{name}.example").read_text().splitlines():
            if match := re.fullmatch(r"#?([A-Z0-9_]+)=(.*)", line):
                found[match[1]] = match[2]
    return found


def test_every_base_image_is_pinned_by_an_exact_tag() -> None:
    for text in texts("FROM", steps()):
        assert re.fullmatch(r"python:3\.\d+-slim(@sha256:[0-9a-f]{64})?( AS \w+)?", text)


def test_only_locked_and_hashed_packages_are_installed() -> None:
    installs = [text for text in texts("RUN", steps()) if " pip install " in text]
    assert len(installs) == 1
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "requirements-dev" not in str(steps())


def test_the_image_holds_the_code_and_nothing_beside_it() -> None:
    copied = [text for text in texts("COPY", steps()) if not text.startswith("--from=build")]
    assert copied == ["requirements.lock ./", "bot bot", "workers workers"]
    let_in = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert let_in == ["*", "!requirements.lock", "!bot/**/*.py", "!workers/**/*.py"]


def test_it_runs_as_a_plain_user_without_a_shell() -> None:
    last = stages()[-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", texts("USER", last)[-1])
    assert texts("RUN", last) == []
    for instruction in ("ENTRYPOINT", "CMD"):
        (text,) = texts(instruction, last)
        assert all(isinstance(word, str) for word in json.loads(text))
    assert texts("STOPSIGNAL", last) == ["SIGTERM"]


def test_no_secret_and_no_setting_but_the_data_directory_is_in_the_image() -> None:
    assert texts("ARG", steps()) == []
    names = set(re.findall(r"([A-Z_]+)=", " ".join(texts("ENV", steps()))))
    assert names == {"HOME", "PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "REVOKE_DATA_DIR"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert not {"privileged", "cap_add", "pid", "network_mode", "devices", "ports"} & set(service)
    assert all(mount.startswith("/tmp:") for mount in service["tmpfs"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_comes_back_and_stops_cleanly(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "always"
    assert service["init"] is True
    assert int(service["stop_grace_period"].removesuffix("s")) > STOP_WITHIN
    assert service["healthcheck"]["test"][0] == "CMD"
    assert isinstance(service["command"], list)


def test_one_image_serves_both_with_different_commands() -> None:
    assert SERVICES["bot"]["image"] == SERVICES["workers"]["image"]
    assert SERVICES["bot"]["command"] == ["bot"]
    assert SERVICES["workers"]["command"] == ["workers", "work"]


def test_the_bot_gets_no_aws_credentials() -> None:
    given = {name for name in environment("bot") if name.startswith("AWS_")}
    assert given == {"AWS_DEFAULT_REGION"}  # for links; it gives no right
    assert "REVOKE_SCIM_TOKEN" not in environment("bot")
    assert not set(SERVICES["bot"]) & {"environment", "volumes", "secrets"}


def test_the_workers_get_neither_the_app_token_nor_the_signing_secret() -> None:
    assert not {"SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"} & set(environment("workers"))


def test_both_share_the_records_and_their_key() -> None:
    for name in OURS:
        assert {"REDIS_URL", "REVOKE_SIGNING_KEY"} <= set(environment(name))


def test_examples_hold_no_secret() -> None:
    for name in OURS:
        filled = {key: value for key, value in environment(name).items() if value}
        assert set(filled) <= {"REDIS_URL", "PORT"}
        assert "PASSWORD" in filled["REDIS_URL"]


def test_redis_keeps_every_write_and_throws_nothing_out() -> None:
    words = SERVICES["redis"]["command"]
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--maxmemory-policy"] == "noeviction"
    assert SERVICES["redis"]["volumes"] == ["records:/data"]


def test_redis_is_reached_by_the_two_alone_and_by_password() -> None:
    assert SERVICES["redis"]["networks"] == ["records"]
    assert COMPOSE["networks"]["records"]["internal"] is True
    users = (ROOT / "env/redis.acl.example").read_text().splitlines()
    assert "-@all" in users[0].split()
    assert "nopass" not in users[1].split()


def test_whoever_fills_in_the_examples_cannot_commit_them() -> None:
    assert (ROOT / "env/.gitignore").read_text().splitlines()[1:] == ["*", "!.gitignore", "!*.example"]
