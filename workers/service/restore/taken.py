"""What the log says was taken, and what was given back. Pure functions of a verified log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workers.domain.step import Kind
from workers.ports import Item
from workers.service.follow_ups import items

Log = Sequence[Mapping[str, Any]]
Key = tuple[Kind, str]
"""An item's kind and its key."""
Taken = dict[Kind, dict[str, Item]]


def taken(log: Log) -> Taken:
    """All that was taken, or about to be, and was not given back since; with the latest data of each.

    An intent counts too: whoever was killed before the outcome may have taken it.
    """
    found = Taken()
    for event, detail in _of(log, "removing", "given_back"):
        of_kind = found.setdefault(Kind(detail["kind"]), {})
        if event == "removing":
            of_kind.update({item.key: item for item in items.read(detail["items"])})
        else:
            for key in _succeeded(detail):
                of_kind.pop(key, None)
    return {kind: of_kind for kind, of_kind in found.items() if of_kind}


@dataclass(frozen=True)
class Pending:
    """Removals of one kind whose end nobody recorded, and when the last of them was heard of."""

    keys: frozenset[str] = frozenset()
    at: datetime | None = None


def pending(log: Log) -> dict[Kind, Pending]:
    """What AWS may still be removing."""
    found = dict[Kind, Pending]()
    for entry in log:
        if entry["event"] not in ("removing", "removed"):
            continue
        kind, keys = Kind(entry["detail"]["kind"]), frozenset(i["key"] for i in entry["detail"]["items"])
        before = found.get(kind, Pending()).keys
        now = before | keys if entry["event"] == "removing" else before - keys
        found[kind] = Pending(now, datetime.fromisoformat(entry["at"]))
    return found


def listed(log: Log, number: int) -> dict[Kind, list[Item]]:
    """The items of the list that was approved: the log entry of this number."""
    of_kind = (log[number - 1].get("detail") or {}).get("items") or {}
    return {Kind(kind): items.read(detail) for kind, detail in of_kind.items()}


def there(log: Log, number: int) -> set[Kind]:
    """The kinds of what was there again already when that list was read."""
    return {Kind(kind) for kind in (log[number - 1].get("detail") or {}).get("there") or {}}


@dataclass
class Outcome:
    """How far giving back the list of one log entry came."""

    intended: set[Key] = field(default_factory=set)
    given: set[Key] = field(default_factory=set)
    failed: dict[Key, str] = field(default_factory=dict)

    def ended(self, kind: Kind, item: Item) -> bool:
        return (kind, item.key) in self.given or (kind, item.key) in self.failed


def outcome(log: Log, number: int) -> Outcome:
    """What was given back of the list in the log entry of this number."""
    found = Outcome()
    for event, detail in _of(log[number:], "giving_back", "given_back"):
        kind = Kind(detail["kind"])
        if event == "giving_back":
            found.intended.update((kind, item["key"]) for item in detail["items"])
            continue
        given = {(kind, key) for key in _succeeded(detail)}
        found.given |= given
        failed = {(kind, r["key"]): f"{r['name']}: {r['failed']}" for r in detail["items"] if r["failed"]}
        found.failed = {k: why for k, why in (found.failed | failed).items() if k not in found.given}
    return found


def _of(log: Log, *events: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in log:
        if entry["event"] in events:
            yield entry["event"], entry["detail"]


def _succeeded(detail: Mapping[str, Any]) -> list[str]:
    return [result["key"] for result in detail["items"] if not result["failed"]]
