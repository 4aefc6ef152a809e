"""Values of any record type, filled field by field from its type hints: a new field is filled as soon as it is there.

The same seed makes the same record with any texts, so that two can be compared that differ in their texts alone.
"""

import random
import re
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from tests.unit.make import ALICE, T0
from workers.cards.home import Now
from workers.domain.actor import Actor
from workers.domain.audit import Digest
from workers.domain.handoff import Handoff
from workers.domain.proof import Proof
from workers.domain.revocation import (
    Act,
    DirectoryUser,
    Note,
    Revocation,
    State,
    TargetRef,
    Trouble,
)
from workers.domain.rules import Rules
from workers.domain.step import Attestation, Kind, Step

ROOT = Path(__file__).parents[2]
PEOPLE = ("U0BOB00001", "U0CAROL001", "W0DAVE0001")

OURS: dict[type, dict[str, Collection[Any]]] = {
    Revocation: {
        "id": ["R-7K2M9Q"],
        "v": [1],
        "channel": ["C0SECINC01"],
        "card_ts": [None, "1700000000.000100"],
        "policy_id": [None, "p-examplepolicyid111"],
    },
    Handoff: {
        "id": ["H-7K2M9Q"],
        "v": [1],
        "channel": ["C0SECINC01"],
        "root_ts": [None, "1700000000.000100"],
        "revocations": [("R-AAAAA0", "R-AAAAA1"), ("R-7K2M9Q",)],
        "incoming": [(), PEOPLE],
        "replaced_by": [None, "H-ABC234"],
    },
    Now: {"workspace": ["example"], "silence": [""], "unreadable": [()]},
    Proof: {"revocation_id": ["R-7K2M9Q"]},
    Act: {"revocation_id": ["R-ABC234"]},
    Digest: {"hex": ["8f3a12bc90de41aa"]},
    DirectoryUser: {"user_id": [ALICE.user_id]},
    Rules: {
        "incident_channel": ["C0SECINC01"],
        "responders": [PEOPLE, (*PEOPLE, "S0ONCALL01")],
        "approvers": [PEOPLE[:2]],
        "region": ["us-east-1"],
    },
}
"""What is of a shape that is checked where it comes in: ids that we, Slack or AWS made, and the settings."""

CODES = ("rights", "removed", "missing", "shape", "full", "slow")


@cache
def note_kinds() -> list[str]:
    """Every kind that stands anywhere in the product, and one of a newer version."""
    sources = [path.read_text() for name in ("bot", "workers") for path in (ROOT / name).rglob("*.py")]
    said = {kind for text in sources for kind in re.findall(r'\bkind="(\w+)"', text)}
    cards = [path.read_text() for path in (ROOT / "workers/cards").glob("*.py")]
    cases = [line for text in cards for line in re.findall(r"case (\".+\"):", text)]
    shown = {kind for line in cases for kind in re.findall(r'"(\w+)"', line)}
    return sorted((said | shown | {"a_kind_of_a_newer_version"}) - {"slack", "terminal", "system", "email"})


@cache
def _hints(of: type) -> dict[str, Any]:
    return get_type_hints(of)


class Filler:
    """`text` gives the next text from outside."""

    def __init__(self, seed: int, text: Callable[[], str]) -> None:
        self.r, self.text = random.Random(seed), text
        self.kinds = note_kinds()

    def value(self, of: Any) -> Any:
        """Something of this type."""
        origin, given = get_origin(of), get_args(of)
        if origin in (Union, types.UnionType):
            return self._one_of(given)
        if origin is Literal:
            return self.r.choice(given)
        if origin in (tuple, frozenset, list, Sequence, Collection) or origin in (set, dict, Mapping):
            return self._many(origin, given)
        if isinstance(of, type) and is_dataclass(of):
            return self.made(of)
        if isinstance(of, type) and issubclass(of, Enum):
            return self.r.choice(list(of))
        return self._plain(of)

    def _plain(self, of: Any) -> Any:
        simple: dict[Any, Callable[[], Any]] = {
            str: self.text,
            Any: self.text,
            bool: lambda: self.r.random() < 0.5,
            int: lambda: self.r.choice((0, 1, 2, 42)),
            float: lambda: self.r.choice((0.0, 1.5)),
            bytes: lambda: b"",
            datetime: lambda: T0 + timedelta(minutes=self.r.randrange(3000)),
            timedelta: lambda: timedelta(minutes=self.r.randrange(1, 3000)),
        }
        return simple[of]()

    def _one_of(self, given: Sequence[Any]) -> Any:
        inner = [one for one in given if one is not type(None)]
        if len(inner) < len(given) and self.r.random() < 0.2:
            return None
        return self.value(self.r.choice(inner))

    def _many(self, origin: Any, given: Sequence[Any]) -> Any:
        if origin in (dict, Mapping):
            return {self.value(given[0]): self.value(given[1]) for _ in range(2)}
        if origin is tuple and given[-1:] != (Ellipsis,):
            return tuple(self.value(one) for one in given)
        count = self.r.choice((0, 1, 2, 13)) if origin in (tuple, frozenset) else self.r.choice((1, 2, 13))
        made = [self.value(given[0]) for _ in range(count)]
        if given[0] is Step:
            made = list({step.kind: step for step in made}.values())
        return (
            frozenset(made) if origin in (frozenset, set) else list(made) if origin is list else tuple(made)
        )

    def made(self, of: type) -> Any:
        """A value of a record type, of the shape that the product gives it."""
        special: dict[type, Callable[[], Any]] = {
            Actor: self.actor,
            TargetRef: self.target,
            Note: self.note,
            Attestation: self.attestation,
        }
        if of in special:
            return special[of]()
        hints, ours = _hints(of), OURS.get(of, {})
        given = {
            f.name: self.r.choice(list(ours[f.name])) if f.name in ours else self.value(hints[f.name])
            for f in fields(of)
            if f.init
        }
        return self._sound(of(**given))

    def actor(self) -> Actor:
        kind = self.r.choice(("slack", "terminal", "system"))
        id_ = self.r.choice(PEOPLE) if kind == "slack" else self.text()
        return Actor(kind=kind, id=id_, name=self.text(), email=self.text())

    def target(self) -> TargetRef:
        if self.r.random() < 0.5:
            return TargetRef(kind="slack", value="U0ALICE001", slack_id="U0ALICE001")
        return TargetRef(kind=self.r.choice(("email", "user_name", "user_id")), value=self.text())

    def attestation(self) -> Attestation:
        hints = _hints(Attestation)
        given = {f.name: self.value(hints[f.name]) for f in fields(Attestation)}
        return Attestation(**{**given, "by_hand": True})

    def note(self) -> Note:
        return self.note_of(self.r.choice(self.kinds))

    def note_of(self, kind: str) -> Note:
        step = self.r.choice(list(Kind)).value
        how, text = self.r.randrange(4), self.text()
        detail = (text, text, f"{step}: {text}", step)[how]
        return Note(kind=kind, at=self.value(datetime), detail=detail, broadcast=self.r.random() < 0.5)

    def _sound(self, made: Any) -> Any:
        """What the states promise: whoever is denied was identified, confirmed and written."""
        if isinstance(made, Trouble):
            return replace(made, code=self.r.choice(CODES))
        if isinstance(made, Now):
            return replace(
                made, revocations=[replace(one, id=f"R-AAAAA{n:X}") for n, one in enumerate(made.revocations)]
            )
        unconfirmed = (State.REQUESTED, State.REFUSED, State.EXPIRED, State.CANCELLED)
        if not isinstance(made, Revocation) or made.state in unconfirmed:
            return made
        return replace(
            made,
            user=made.user or self.made(DirectoryUser),
            confirmed_by=made.confirmed_by or self.actor(),
            confirmed_at=made.confirmed_at or T0,
            written_at=made.written_at or T0,
        )


def parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """A function's parameters with their types."""
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    return hints
