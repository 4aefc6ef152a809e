"""What looks like a secret in a text that people or servers wrote. Pure.

An AWS access key id is no secret, and an incident is often about one: it stays.
"""

import re

MASK = "[masked]"

_TOKENS = (
    ("x", re.compile(r"x(?:ox[a-z]|app)-[A-Za-z0-9-]{8,}")),
    ("hooks.slack.com/", re.compile(r"(?<=//hooks\.slack\.com/)[\w./-]+", re.ASCII)),
    ("://", re.compile(r"(?<=://)[^\s/@\"\\]*:[^\s/@\"\\]+(?=@)")),
    ("Bearer ", re.compile(r"(?<=Bearer )[\w.~+/=-]{8,}", re.ASCII)),
)
"""Slack's tokens and answer addresses, who logs in to what by an address, and SCIM's token; each with what it never lacks."""

_LONG_WORD = re.compile(r"[ =]([A-Za-z0-9/+=]{40,})")
"""After a blank or `=`, as in a sentence or a line of settings: ids that are worked with never stand so."""


def without_secrets(text: str) -> str:
    """`text` with what looks like a secret masked. Text of a JSON document stays one."""
    for always, token in _TOKENS:
        if always in text:
            text = token.sub(MASK, text)
    return _LONG_WORD.sub(_unless_harmless, text)


def _unless_harmless(match: "re.Match[str]") -> str:
    return match[0][0] + MASK if _like_an_aws_secret(match[1]) else match[0]


def _like_an_aws_secret(word: str) -> bool:
    """A secret access key has 40 characters, a session token some hundred, both of every kind; a digest has not."""
    kinds = (str.islower, str.isupper, str.isdigit)
    return (len(word) == 40 or len(word) >= 100) and all(any(map(kind, word)) for kind in kinds)
