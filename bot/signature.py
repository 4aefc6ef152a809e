"""Is this request from Slack, and fresh? Asked before anything in it is read.

Source: Slack's page "Verifying requests from Slack".
"""

import re

from slack_sdk.signature import SignatureVerifier

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


def from_slack(verifier: SignatureVerifier, timestamp: str, signature: str, body: bytes) -> bool:
    """Whether `body` was signed with our secret within five minutes of now, as Slack signs. Never raises."""
    if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
        return False
    try:
        return verifier.is_valid(body, timestamp, signature)
    except UnicodeDecodeError:
        return False  # Slack signs text
