"""Pieces of access in a log entry's detail, and out of it again."""

from collections.abc import Iterable, Mapping
from typing import Any

from workers.ports import Item, Result


def listed(items: Iterable[Item]) -> list[dict[str, Any]]:
    """The items as JSON can hold them: all that is needed to give them back."""
    return [
        {
            "key": item.key,
            "name": item.name,
            "accounts": list(item.accounts),
            "data": dict(item.data),
            "synced": item.synced,
        }
        for item in items
    ]


def results(ended: Iterable[Result]) -> list[dict[str, Any]]:
    return [
        {"key": r.item.key, "name": r.item.name, "request_id": r.request_id, "failed": r.failed}
        for r in ended
    ]


def read(detail: Iterable[Mapping[str, Any]]) -> list[Item]:
    """The items of a log entry that `listed` wrote."""
    return [
        Item(
            key=str(item["key"]),
            name=str(item["name"]),
            accounts=tuple(item["accounts"]),
            data=dict(item["data"]),
            synced=bool(item["synced"]),
        )
        for item in detail
    ]
