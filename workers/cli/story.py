"""A revocation's log as lines for people: when, who, what, why, on what evidence. Pure."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from workers.cards.text import plain, utc
from workers.cli.speech import name_of
from workers.domain.actor import Actor
from workers.domain.report import reason_of

_IN_THE_LINE = frozenset({"request_id", "reason"})
_LONGEST = 500


def line(entry: Mapping[str, Any]) -> str:
    """One entry in one line."""
    at = utc(datetime.fromisoformat(entry["at"]).astimezone(UTC))
    who = name_of(Actor(**entry["actor"]))
    request_id = (entry.get("detail") or {}).get("request_id")
    asked = f" · AWS request id {plain(str(request_id), 100)}" if request_id else ""
    return f"{at} · {who} · {plain(entry['event'], 60)}{_why(entry)}{asked}"


def evidence(entry: Mapping[str, Any]) -> Iterator[str]:
    """What else the entry says: one line for each piece, and for each item that was taken or given back."""
    for name, value in (entry.get("detail") or {}).items():
        if name not in _IN_THE_LINE and value not in (None, "", [], {}):
            yield from (f"{plain(str(name), 60)}: {said}" for said in _said(value))


def people(record: Mapping[str, Any]) -> Iterator[str]:
    """Whom it is about, how it stands, and whose word it rests on."""
    user, target = record.get("user") or {}, record.get("target") or {}
    who = user.get("display_name") or user.get("user_name") or target.get("value")
    known = f", user ID {user['user_id']}" if user else ""
    yield plain(f"{record['id']} · {who}{known} · {record['state']}", _LONGEST)
    for role in ("requested_by", "confirmed_by", "seconded_by", "cancelled_by", "hold_by", "owner"):
        if record.get(role):
            yield f"{role.replace('_', ' ')}: {name_of(Actor(**record[role]))}"
    for released_by in record.get("released_by") or ():
        yield f"released by: {name_of(Actor(**released_by))}"


def _said(value: Any) -> Iterator[str]:
    """Items one by one, each with AWS's answer; anything else as one piece."""
    if isinstance(value, list) and all(isinstance(one, dict) and "name" in one for one in value):
        yield from (_item(one) for one in value)
    elif isinstance(value, dict | list):
        yield plain(json.dumps(value, ensure_ascii=False, sort_keys=True), _LONGEST)
    else:
        yield plain(str(value), _LONGEST)


def _item(item: Mapping[str, Any]) -> str:
    asked = f" · AWS request id {item['request_id']}" if item.get("request_id") else ""
    failed = f" · failed: {item['failed']}" if item.get("failed") else ""
    return plain(f"{item['name']}{asked}{failed}", _LONGEST)


def _why(entry: Mapping[str, Any]) -> str:
    """The reason that was given with this step."""
    why = reason_of(entry)
    return f" · reason: {plain(why, 500)}" if why else ""
