"""JSON lines on stdout. No line carries a secret: known values are masked wherever they stand."""

import logging
import re
import sys
from collections.abc import Iterable

from pythonjsonlogger.json import JsonFormatter

_TOKENS = re.compile(r"x(?:ox[a-z]|app)-[A-Za-z0-9-]{8,}|(?:AKIA|ASIA)[A-Z0-9]{12,}")
_MASK = "[masked]"


class _Masking(JsonFormatter):
    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields={"asctime": "ts"})
        self._secrets = [secret for secret in secrets if len(secret) >= 6]

    def format(self, record: logging.LogRecord) -> str:
        line = _TOKENS.sub(_MASK, super().format(record))
        for secret in self._secrets:
            line = line.replace(secret, _MASK)
        return line


def log_to_stdout(secrets: Iterable[str], level: int = logging.INFO) -> None:
    """Send everything to stdout, one JSON object a line."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Masking(secrets))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for chatty in ("botocore", "boto3", "urllib3", "slack_sdk", "rq.scheduler"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    # Bolt logs whole request bodies, tokens of answers included, when a signature is wrong.
    logging.getLogger("slack_bolt").setLevel(max(level, logging.WARNING))
