"""Everybody whom a record names. Pure."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from workers.domain.actor import Actor


def actors_in(value: Any) -> Iterator[Actor]:
    """The actors anywhere in a record, or in a part of it; some of them more than once."""
    if isinstance(value, Actor):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from actors_in(part)
    elif is_dataclass(value):
        for name in _worth_a_look(value.__class__):
            yield from actors_in(getattr(value, name))


@cache
def _worth_a_look(kind: type) -> tuple[str, ...]:
    """The fields of this dataclass in which an actor can be, by their types: a record is big, and most of it is not."""
    hints = get_type_hints(kind)
    return tuple(field.name for field in fields(kind) if _can_hold(hints[field.name]))


@cache
def _can_hold(hint: Any) -> bool:
    if hint is Actor:
        return True
    if isinstance(hint, type) and is_dataclass(hint):
        return bool(_worth_a_look(hint))
    return any(_can_hold(part) for part in get_args(hint) if part is not Ellipsis)
