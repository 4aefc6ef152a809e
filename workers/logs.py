"""JSON lines on stdout, at a terminal on stderr. No line carries a secret: known values are masked wherever they stand."""

import json
import logging
import os
import re
import sys
from collections.abc import Iterable
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

from workers import lines

_TOKENS = re.compile(
    r"x(?:ox[a-z]|app)-[A-Za-z0-9-]{8,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|(?<=//hooks\.slack\.com/)[\w./-]+"
    r"|(?<=://)[^\s/@\"\\]*:[^\s/@\"\\]+(?=@)"
    r"|(?<=Bearer )[\w.~+/=-]{8,}"
)
"""Slack's tokens and answer addresses, AWS key ids, who logs in to what by an address, and SCIM's token."""
_AWS_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_MASK = "[masked]"
_CHATTY = {
    **dict.fromkeys(("botocore", "boto3", "urllib3", "slack_sdk", "rq.scheduler"), logging.WARNING),
    # Bolt logs whole request bodies, tokens of answers included, when a signature is wrong.
    "slack_bolt": logging.ERROR,
}
"""Libraries that say too much, and from which level on they are heard."""


class _Masking(JsonFormatter):
    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields={"asctime": "ts"})
        known = [*secrets, *(os.environ.get(name, "") for name in _AWS_SECRETS)]
        forms = {form for secret in known if len(secret) >= 6 for form in _forms(secret)}
        self._secrets = sorted(forms, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, _MASK)
        return _TOKENS.sub(_MASK, line)


def _forms(secret: str) -> set[str]:
    """How a secret may stand in a line of JSON: as it is, escaped, and as an address's password alone."""
    login = re.search(r"://([^\s/@]*:[^\s/@]+)@", secret)
    password = login[1].partition(":")[2] if login else ""
    forms = {secret, password} if len(password) >= 6 else {secret}
    forms |= {repr(form)[1:-1] for form in forms}
    return forms | {json.dumps(form)[1:-1] for form in forms}


def log_to_stdout(secrets: Iterable[str], level: int = logging.INFO) -> None:
    """Send everything to stdout, one JSON object a line."""
    _log_to(sys.stdout, secrets, level)


def log_to_stderr(secrets: Iterable[str]) -> None:
    """Send warnings and worse to stderr, one JSON object a line: stdout is for the person at the terminal."""
    _log_to(sys.stderr, secrets, logging.WARNING)
    # The SDK logs each failed call as an error, beside what we say of it ourselves.
    logging.getLogger("slack_sdk").setLevel(logging.CRITICAL)


def _log_to(stream: TextIO, secrets: Iterable[str], level: int) -> None:
    handler = logging.StreamHandler(lines.of(stream))
    handler.setFormatter(_Masking(secrets))
    handler.addFilter(_worth_a_line)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for chatty, least in _CHATTY.items():
        logging.getLogger(chatty).setLevel(max(level, least))


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Asked of every line: Bolt gives its loggers the root's level, whatever their parents' is."""
    least = (level for name, level in _CHATTY.items() if f"{record.name}.".startswith(f"{name}."))
    return record.levelno >= max(least, default=logging.NOTSET)
