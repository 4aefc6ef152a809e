"""The bot does not start while AWS credentials are in its reach: it names where they are, and never what they are."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from botocore.credentials import ContainerProvider, EnvProvider, OriginalEC2Provider

from bot import credentials
from bot.credentials import VARIABLES, in_reach, sentence
from tests.architecture.test_repository import ROOT

VALUE = "canary-of-a-secret"
QUIET = {"AWS_EC2_METADATA_DISABLED": "true"}

SETTINGS = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(ROOT),
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_API_URL": "http://127.0.0.1:9/api/",
    "REVOKE_INCIDENT_CHANNEL": "C0SECINC01",
    "REVOKE_RESPONDERS": "U0ALICE001",
}


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / ".aws").mkdir(parents=True)
    return tmp_path / "home"


def test_nothing_is_found_where_nothing_is(dotenv: Path, home: Path) -> None:
    assert in_reach(QUIET, dotenv, home) == []


@pytest.mark.parametrize("name", [*VARIABLES, "AWS_BEARER_TOKEN_BEDROCK"])
def test_each_variable_is_found_in_the_environment_and_in_the_env_file(
    dotenv: Path, home: Path, name: str
) -> None:
    dotenv.write_text(f"export {name.lower()}={VALUE}\n")
    assert in_reach(QUIET, dotenv, home) == [f"{name} in {dotenv}"]
    dotenv.write_text(f"{name}=\n")
    assert in_reach({**QUIET, name: VALUE}, dotenv, home) == [f"{name} in the environment"]
    assert in_reach({**QUIET, name: ""}, dotenv, home) == [], "empty is unset"


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_REGION"])
def test_what_opens_nothing_by_itself_is_let_be(dotenv: Path, home: Path, name: str) -> None:
    dotenv.write_text(f"{name}=revoke-workers\n")
    assert in_reach({**QUIET, name: "revoke-workers"}, dotenv, home) == []


ENTRIES = {
    "aws_access_key_id": "[default]\naws_access_key_id = X\n",
    "aws_secret_access_key": "[other]\nregion = x\nAWS_SECRET_ACCESS_KEY=X\n",
    "role_arn": "[profile a]\n  role_arn = arn:aws:iam::111122223333:role/x\n",
    "sso_session": "[profile a]\nsso_session = x\n",
    "sso_start_url": "[sso-session x]\nsso_start_url = https://x.awsapps.com/start\n",
    "credential_process": "[default]\ncredential_process = /bin/x\n",
    "credential_source": "[default]\ncredential_source = Ec2InstanceMetadata\n",
    "web_identity_token_file": "no section at all\nweb_identity_token_file = /x\n",
    "login_session": "[default]\nlogin_session = x\n",
}


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    ("variable", "usual"),
    [
        ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        ("AWS_CONFIG_FILE", ".aws/config"),
        ("BOTO_CONFIG", ".boto"),
    ],
)
def test_a_file_with_a_way_to_credentials_is_found_where_it_lies_and_where_it_is_named(
    tmp_path: Path, dotenv: Path, home: Path, entry: str, variable: str, usual: str
) -> None:
    (home / usual).write_text(ENTRIES[entry])
    assert in_reach(QUIET, dotenv, home) == [f"{entry} in {home / usual}"]
    assert in_reach({**QUIET, variable: "/dev/null"}, dotenv, home) == []
    named = tmp_path / "named"
    named.write_text(ENTRIES[entry])
    assert in_reach({**QUIET, variable: str(named)}, dotenv, home) == [f"{entry} in {named}"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[default]\nregion = x\noutput = json\n",
        "# aws_access_key_id = X\n",
        "aws_access_key_id =\n",
        "\x00",
    ],
)
def test_a_file_without_any_is_let_be(dotenv: Path, home: Path, text: str) -> None:
    (home / ".aws/config").write_text(text)
    (home / ".aws/credentials").mkdir()
    assert in_reach(QUIET, dotenv, home) == []


Answering = Callable[[BaseHTTPRequestHandler], tuple[int, str] | None]


@contextmanager
def metadata(answer: Answering) -> Iterator[str]:
    """A metadata service that answers so; None: not within a second."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told = answer(self)
            if told is None:
                time.sleep(1)
                return
            self.send_response(told[0])
            self.end_headers()
            self.wfile.write(told[1].encode())

        do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def _version_2(request: BaseHTTPRequestHandler) -> tuple[int, str]:
    if request.command == "PUT" and request.headers["X-aws-ec2-metadata-token-ttl-seconds"]:
        return 200, "token-1"
    if request.headers["X-aws-ec2-metadata-token"] != "token-1":
        return 401, ""
    return (200, "revoke-workers") if request.path.endswith("/iam/security-credentials/") else (404, "")


def _version_1(request: BaseHTTPRequestHandler) -> tuple[int, str]:
    return (405, "") if request.command == "PUT" else (200, "revoke-workers")


def _one_hop_too_far(request: BaseHTTPRequestHandler) -> tuple[int, str] | None:
    """The token does not reach a container; version 1 does."""
    return None if request.command == "PUT" else (200, "revoke-workers")


def _no_role(request: BaseHTTPRequestHandler) -> tuple[int, str]:
    return (200, "token-1") if request.command == "PUT" else (404, "Not Found")


def _elsewhere(request: BaseHTTPRequestHandler) -> tuple[int, str]:
    return 302, "a page to sign in to a network"


@pytest.mark.parametrize("answer", [_version_2, _version_1, _one_hop_too_far])
def test_a_role_of_the_machine_is_found(dotenv: Path, home: Path, answer: Answering) -> None:
    with metadata(answer) as url:
        found = in_reach({"AWS_EC2_METADATA_SERVICE_ENDPOINT": url}, dotenv, home)
        assert found == [f"an instance role, at {url.rstrip('/')}"]
        assert in_reach({"AWS_EC2_METADATA_SERVICE_ENDPOINT": url, **QUIET}, dotenv, home) == []


@pytest.mark.parametrize("answer", [_no_role, _elsewhere, lambda _: None, lambda _: (500, "x")])
def test_a_machine_without_a_role_has_none(dotenv: Path, home: Path, answer: Answering) -> None:
    begun = time.monotonic()
    with metadata(answer) as url:
        assert in_reach({"AWS_EC2_METADATA_SERVICE_ENDPOINT": url}, dotenv, home) == []
        assert time.monotonic() - begun < credentials.WITHIN + 0.3


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:9", "http://nowhere.invalid", "http://[::1]:9", "no url at all", "http://192.0.2.1"],
)
def test_no_service_is_no_role_and_costs_half_a_second_at_most(
    dotenv: Path, home: Path, endpoint: str
) -> None:
    begun = time.monotonic()
    assert in_reach({"AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint}, dotenv, home) == []
    assert time.monotonic() - begun < credentials.WITHIN + 0.3


def test_the_list_holds_the_names_that_botocore_reads() -> None:
    """So that a new release of botocore that reads more shows here."""
    provider = EnvProvider(environ={})
    mapped = (
        {*provider._mapping.values()}
        if all(isinstance(v, str) for v in provider._mapping.values())
        else set()
    )
    mapped |= {EnvProvider.ACCESS_KEY, EnvProvider.SECRET_KEY, *EnvProvider.TOKENS}
    mapped |= {ContainerProvider.ENV_VAR, ContainerProvider.ENV_VAR_FULL, OriginalEC2Provider.CRED_FILE_ENV}
    harmless = {EnvProvider.EXPIRY_TIME, EnvProvider.ACCOUNT_ID}
    assert mapped - harmless <= set(VARIABLES)


def test_the_sentence_names_all_and_says_what_to_do() -> None:
    text = sentence(["A in the environment", "B in .env"])
    assert "A in the environment" in text
    assert "B in .env" in text
    assert "workers alone" in text


def _bot(folder: Path, **given: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "bot"],
        env={**SETTINGS, "HOME": str(folder), **QUIET, **given},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_bot_names_all_that_it_finds_and_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"AWS_SESSION_TOKEN={VALUE}\nREVOKE_SCIM_TOKEN={VALUE}\n")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(f"[default]\naws_access_key_id = {VALUE}\n")
    done = _bot(tmp_path, AWS_ACCESS_KEY_ID=VALUE, AWS_SECRET_ACCESS_KEY=VALUE)
    assert done.returncode == 2
    for name in (
        "AWS_ACCESS_KEY_ID in the environment",
        "AWS_SECRET_ACCESS_KEY in the environment",
        "AWS_SESSION_TOKEN in .env",
        "REVOKE_SCIM_TOKEN in .env",
        f"aws_access_key_id in {tmp_path}/.aws/credentials",
    ):
        assert name in done.stderr
    assert VALUE not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "var").exists(), "no Redis, no key: nothing was started"


def test_make_run_takes_them_from_the_bot_alone(tmp_path: Path) -> None:
    """As the ten steps of the README have it: a profile in `.env`, and its keys in the user's home."""
    recipe = subprocess.run(
        ["make", "-n", "run"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    ).stdout
    line = next(line for line in recipe.replace("\\\n", " ").splitlines() if "-m bot" in line)
    prefix = re.search(r"(env -u .*?)\S*python -m bot", line)
    assert prefix is not None
    (tmp_path / ".env").write_text("AWS_PROFILE=revoke-workers\nAWS_DEFAULT_REGION=us-east-1\n")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(f"[revoke-workers]\naws_access_key_id = {VALUE}\n")
    probe = "import sys; from bot import credentials; print(credentials.found_here()); sys.exit()"
    command = f'{prefix[1]} {sys.executable} -c "{probe}"'
    given = {
        **SETTINGS,
        "HOME": str(tmp_path),
        **dict.fromkeys((*VARIABLES, "AWS_BEARER_TOKEN_BEDROCK"), VALUE),
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=given,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
    assert "-m workers work & workers" in recipe.replace("\\\n", " ")
