"""The digest over all logs. Posted where who can write to Redis cannot change it, so that a cut-off end shows. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DIGITS = 16

_STATED = re.compile(rf"(\d{{1,12}}):([0-9a-f]{{{DIGITS}}})", re.ASCII)


@dataclass(frozen=True)
class Digest:
    """What all logs led to once `entries` entries were written, in the order of the journal."""

    entries: int
    hex: str
    logs: int | None = None
    """How many logs those entries stand in; None where only the digest itself is known."""

    def __str__(self) -> str:
        return f"{self.entries}:{self.hex}"


def head(seq: int, mac: str) -> str:
    """A log's last entry, as the digest takes it."""
    return f"{seq}:{mac}"


def digest(entries: int, heads: Mapping[str, str]) -> Digest:
    """`heads`: by log id, what `head` made of its last entry. Anybody who has an export can compute it again."""
    lines = "".join(f"{log} {heads[log]}\n" for log in sorted(heads))
    found = hashlib.sha256(lines.encode(errors="replace")).hexdigest()[:DIGITS]
    return Digest(entries, found, len(heads))


def stated(text: Any) -> Digest | None:
    """The digest written as `132:8f3a12bc90de41aa`; None for anything else."""
    match = _STATED.fullmatch(text.strip()) if isinstance(text, str) else None
    return Digest(int(match[1]), match[2]) if match else None
