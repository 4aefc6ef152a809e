"""Records as JSON, for scripts: the record itself, and how it stands in the card's words."""

import json
from collections.abc import Iterable
from typing import Any

import click
from pydantic import TypeAdapter

from workers.cards import phrase
from workers.domain.revocation import Revocation

_RECORD = TypeAdapter(Revocation)


def fields(revocation: Revocation) -> dict[str, Any]:
    record: dict[str, Any] = _RECORD.dump_python(revocation, mode="json")
    return {**record, "standing": phrase.standing(revocation)}


def say(value: dict[str, Any] | Iterable[dict[str, Any]]) -> None:
    listed = value if isinstance(value, dict) else list(value)
    click.echo(json.dumps(listed, indent=2, ensure_ascii=False))
