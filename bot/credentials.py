"""AWS credentials in the bot's reach: it must have none, so that whoever breaks in through Slack finds none.

Looks where boto3 would, without boto3. Source: boto3's guide "Credentials", and botocore's `credentials.py` for the
names; Amazon EC2's guide "Use the Instance Metadata Service" for the role of a machine.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import urllib3
from dotenv import dotenv_values
from urllib3.exceptions import HTTPError

WITHIN = 0.5
"""Seconds for the metadata service in all. It answers within milliseconds where there is one."""

VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CREDENTIAL_FILE",
    "REVOKE_SCIM_TOKEN",
)
BEARER = "AWS_BEARER_TOKEN"
"""One for each service: AWS_BEARER_TOKEN_BEDROCK ..."""

_FILES = (
    ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
    ("AWS_CONFIG_FILE", ".aws/config"),
    ("BOTO_CONFIG", ".boto"),
)

_ENTRY = re.compile(
    r"^[ \t]*(aws_access_key_id|aws_secret_access_key|aws_session_token|credential_process|credential_source|role_arn|"
    r"web_identity_token_file|sso_session|sso_start_url|login_session)[ \t]*=[ \t]*\S",
    re.IGNORECASE | re.MULTILINE,
)

WHAT_TO_DO = (
    "Give them to the workers alone. On EC2 with both on one machine, keep the metadata service from the bot "
    "(AWS_EC2_METADATA_DISABLED=true only hides it). docs/operations.md says how."
)


def in_reach(environ: Mapping[str, str], dotenv: Path, home: Path) -> list[str]:
    """The names of all that was found, never a value. Asks the metadata service, for half a second at most."""
    return [
        *(f"{name} in the environment" for name in _named(environ)),
        *(f"{name} in {dotenv}" for name in _named(_of_file(dotenv))),
        *_in_files(environ, home),
        *_of_the_machine(environ),
    ]


def sentence(found: list[str]) -> str:
    """What is wrong and what to do about it."""
    listed = "\n".join(f"  {name}" for name in found)
    return f"The bot does not start while AWS credentials are in its reach:\n{listed}\n{WHAT_TO_DO}"


def _named(variables: Mapping[str, str | None]) -> list[str]:
    found = {name.upper() for name, value in variables.items() if value}
    return sorted(name for name in found if name in VARIABLES or name.startswith(BEARER))


def _of_file(dotenv: Path) -> Mapping[str, str | None]:
    return dotenv_values(dotenv) if dotenv.is_file() else {}


def _in_files(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    for variable, usual in _FILES:
        path = Path(environ.get(variable) or home / usual).expanduser()
        entries = sorted({entry.lower() for entry in _ENTRY.findall(_text(path))})
        if entries:
            yield f"{', '.join(entries)} in {path}"


def _text(path: Path) -> str:
    """What the bot can read of it; a file that it may not read is out of its reach."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _of_the_machine(environ: Mapping[str, str]) -> Iterator[str]:
    if environ.get("AWS_EC2_METADATA_DISABLED", "").strip().lower() == "true":
        return
    given = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
    ipv6 = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "").strip().lower() == "ipv6"
    endpoint = (given or ("http://[fd00:ec2::254]" if ipv6 else "http://169.254.169.254")).rstrip("/")
    if _has_role(endpoint, time.monotonic() + WITHIN):
        yield f"an instance role, at {endpoint}"


def _has_role(endpoint: str, end: float) -> bool:
    """Version 2 asks for a token first; where none is given in half of the time, version 1 may still answer."""
    token = _ask(
        endpoint, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}, end - WITHIN / 2
    )
    header = {"X-aws-ec2-metadata-token": token} if token else {}
    return bool(_ask(endpoint, "GET", "/latest/meta-data/iam/security-credentials/", header, end))


def _ask(endpoint: str, method: str, path: str, headers: dict[str, str], end: float) -> str:
    """The answer's text; empty where there was none by `end`, or another status than 200."""
    left = max(0.01, end - time.monotonic())
    try:
        answer = urllib3.PoolManager().request(
            method,
            f"{endpoint}{path}",
            headers=headers,
            timeout=urllib3.Timeout(total=left),
            retries=False,
            redirect=False,
        )
    except (HTTPError, ValueError, OSError):
        return ""
    return answer.data.decode("latin-1").strip() if answer.status == 200 else ""


def found_here() -> list[str]:
    """The same for this process: its environment, the `.env` that it reads, its user's home."""
    return in_reach(os.environ, Path(".env"), Path.home())
