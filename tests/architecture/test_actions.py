"""Every button on every card does something, and every listener has a button."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import chain, product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.architecture.listeners import registered
from workers.cards import card, handoff, home, moments
from workers.domain.actor import SYSTEM, Actor
from workers.domain.handoff import Handoff, HandoffState
from workers.domain.revocation import (
    Act,
    Coverage,
    DirectoryUser,
    Note,
    Ratification,
    Reach,
    Reason,
    ReleaseRequest,
    Revocation,
    State,
    TargetRef,
    Trouble,
    Vote,
)
from workers.domain.rules import Rules
from workers.domain.step import Kind, Step, StepState
from workers.domain.timing import Timing
from workers.ports import Message

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
BOB = Actor(kind="slack", id="U0BOB00001", name="Bob")
RULES = Rules(incident_channel="C0SECINC01", timing=Timing(), approvers=("U0CAROL001", "S0SECONC01"))
SCIM_RULES = replace(
    RULES, disables_sign_in=True, identity_source="directory", follow_ups=frozenset({Kind.SIGN_IN})
)
WITH_STEPS = (State.CONFIRMED, State.DENIED, State.RELEASING, State.WATCHED, State.RELEASED, State.CLOSED)

REQUESTED = Revocation(
    id="R-ABCDEF",
    state=State.REQUESTED,
    target=TargetRef(kind="slack", value="U0MALLORY1", slack_id="U0MALLORY1"),
    requested_by=BOB,
    requested_at=NOON,
    channel="C0SECINC01",
    owner=BOB,
    reasons=(Reason(by=BOB, text="key leaked", at=NOON),),
)

VARIATIONS: dict[str, tuple[Any, ...]] = {
    "user": (None, DirectoryUser(user_id="11111111-2222-3333-4444-555555555555", user_name="mallory")),
    "trouble": (
        None,
        Trouble(code="rights", sentence="No rights.", since=NOON),
        Trouble(code="removed", sentence="Taken off.", since=NOON),
    ),
    "policy_id": (None, "p-examplepolicyid111"),
    "release": (
        None,
        ReleaseRequest(asked_by=BOB, asked_at=NOON, reason="done"),
        ReleaseRequest(asked_by=SYSTEM, asked_at=NOON, reason="proven"),
        ReleaseRequest(asked_by=BOB, asked_at=NOON, reason="a drill", what="restore"),
    ),
    "held_because": (None, "Access is left."),
    "reach": (
        None,
        Reach(read_at=NOON, accounts=("111122223333",), direct=1),
        Reach(read_at=NOON, unread=("no rights",)),
    ),
}


def records() -> Iterator[Revocation]:
    """A record in every state, with and without everything that a card may show."""
    for state in State:
        for values in product(*VARIATIONS.values()):
            record = replace(REQUESTED, state=state, **dict(zip(VARIATIONS, values, strict=True)))
            if record.user is None and state is not State.REQUESTED and not record.ended:
                continue  # nobody is confirmed before being identified
            coverage = Coverage(read_at=NOON, attached=True, type_enabled=True) if record.reach else None
            written = None if state in (State.REQUESTED, State.CONFIRMED) else NOON + timedelta(minutes=1)
            yield replace(record, coverage=coverage, written_at=written, confirmed_at=NOON, confirmed_by=BOB)


def with_two_people() -> Iterator[Revocation]:
    """What takes more than one click, in every state: a first yes, a protected user, one who must be ratified."""
    user = VARIATIONS["user"][1]
    vote = Vote(by=BOB, at=NOON, because="Above a cap.")
    asked = Ratification(asked_at=NOON)
    for state, protected in product(State, (True, False)):
        record = replace(REQUESTED, state=state, user=user, protected=protected, responders_left=1)
        record = replace(record, confirmed_by=BOB, confirmed_at=NOON, written_at=NOON, ratification=asked)
        yield record
        yield replace(record, vote=vote, ratification=None)
        yield replace(record, release=VARIATIONS["release"][1])


def with_acts() -> Iterator[Revocation]:
    """A responder who is revoked, with all that they may have done."""
    deeds = product(
        ("confirmed", "asked", "approved", "attested", "released"), (None, "deny_again", "undo_attest")
    )
    acts = tuple(
        Act(revocation_id="R-ABCDEF", who="Carol", did=did, at=NOON, kind=Kind.SESSIONS, undo=undo)  # type: ignore[arg-type]
        for did, undo in deeds
    )
    for state, several in product((State.CONFIRMED, State.DENIED), (acts[:5], acts[5:], acts)):
        record = replace(REQUESTED, state=state, user=VARIATIONS["user"][1], acts=several)
        yield replace(record, confirmed_by=BOB, confirmed_at=NOON, written_at=NOON)


def with_follow_ups() -> Iterator[tuple[Revocation, Rules]]:
    """A record in every state that has follow-ups, with each step in every state, stopped and running."""
    told = {"user": VARIATIONS["user"][1], "confirmed_at": NOON, "written_at": NOON, "trouble": None}
    for state, step_state, waits in product(WITH_STEPS, StepState, (None, BOB)):
        steps = tuple(Step(kind=kind, state=step_state, gone=1, total=2) for kind in Kind)
        record = replace(REQUESTED, state=state, steps=steps, follow_ups_wait=waits, **told)
        for rules in (RULES, SCIM_RULES):
            yield record, rules
            yield record.with_step(Step(kind=Kind.SESSIONS, state=StepState.OPEN)), rules


def note_kinds() -> set[str]:
    """The kinds of all notes that the source makes."""
    calls = (
        node
        for path in (ROOT / "workers").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Note"
    )
    values = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "kind"]
    leaves = [leaf for value in values for leaf in ast.walk(value) if isinstance(leaf, ast.Constant)]
    return {leaf.value for leaf in leaves if isinstance(leaf.value, str)}


class Pressable(NamedTuple):
    """What a person can press: as much of it as the tests below look at."""

    type: str
    action_id: str | None
    values: tuple[str | None, ...]
    """Empty for a link."""


def rows(message: Message) -> Iterator[tuple[Pressable, ...]]:
    """What stands beside each other, block by block."""
    for block in message.blocks:
        beside = block["elements"] if block["type"] == "actions" else []
        yield tuple(map(_pressable, [*beside, *([block["accessory"]] if "accessory" in block else [])]))


def _pressable(element: dict[str, Any]) -> Pressable:
    values = [option["value"] for option in element.get("options", [])] or [element.get("value")]
    return Pressable(element["type"], element.get("action_id"), () if "url" in element else tuple(values))


def messages() -> Iterator[Message]:
    for record in (*records(), *with_two_people(), *with_acts()):
        yield card.render(record, RULES)
    for record, rules in with_follow_ups():
        yield card.render(record, rules)
        for step in Kind:
            for kind in ("assigned", "step_failed"):
                yield moments.render(record, Note(kind=kind, at=NOON, detail=f"{step}"), rules)
    identified = [record for record in records() if record.user is not None]
    for kind in sorted(note_kinds()):
        for record in identified:
            yield moments.render(record, Note(kind=kind, at=NOON, broadcast=True), RULES)


def handoffs() -> Iterator[Message]:
    """A handoff's message in every state."""
    for state in HandoffState:
        made = Handoff(
            id="H-ABCDEF",
            state=state,
            revocations=(REQUESTED.id,),
            outgoing=(BOB,),
            offered_by=BOB,
            offered_at=NOON,
            channel="C0SECINC01",
            replaced_by="H-BCDEFG",
        )
        yield handoff.root(made, [replace(REQUESTED, state=State.CONFIRMED)], RULES, NOON, "example")


def outside_the_cards() -> set[str]:
    """The action_ids of the buttons that other parts of the workers, and the bot's answers, put together."""
    return {
        _value(path, call.args[1])
        for path in (*(ROOT / "workers").rglob("*.py"), *(ROOT / "bot").rglob("*.py"))
        if path.parent.name != "cards"
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("button", "link")
    }


def at_home() -> set[str]:
    """The action_ids of App Home's own buttons; the others are those of the lists."""
    view = home.page(home.Now(viewer=BOB, at=NOON, revocations=[]), RULES)
    return {
        element["action_id"]
        for block in view["blocks"]
        for element in block.get("elements", ())
        if "action_id" in element
    }


def _value(path: Path, node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.Name)
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return str(getattr(import_module(module), node.id))


@pytest.fixture(scope="module")
def shown() -> set[tuple[Pressable, ...]]:
    """Every row of every message, once: rendering them all takes longest."""
    return {row for message in chain(messages(), handoffs()) for row in rows(message)}


def test_every_button_has_a_listener_and_every_listener_a_button(shown: set[tuple[Pressable, ...]]) -> None:
    rendered = {one.action_id for row in shown for one in row} | outside_the_cards() | at_home()
    assert rendered == registered().actions


def test_a_button_carries_the_id_of_its_revocation_and_nothing_else(
    shown: set[tuple[Pressable, ...]],
) -> None:
    for one in {one for row in shown for one in row}:
        is_of_handoff = one.action_id in ("handoff_accept", "handoff_decline", "handoff_note")
        assert set(one.values) <= {"H-ABCDEF" if is_of_handoff else "R-ABCDEF"}, one


def test_at_most_three_buttons_stand_beside_each_other(shown: set[tuple[Pressable, ...]]) -> None:
    for row in shown:
        assert sum(one.type == "button" for one in row) <= 3, row


def test_no_action_stands_twice_in_one_block(shown: set[tuple[Pressable, ...]]) -> None:
    """Source: Slack's page "Actions block": an action_id must be unique within its block."""
    for row in shown:
        ids = [one.action_id for one in row]
        assert len(ids) == len(set(ids)), row
