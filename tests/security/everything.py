"""Every command, button and form that the app has, each as a request about a record in which it would do something.

Learnt from the app itself: one that is new is tried too, on a denied user with all follow-ups open.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.command_text import WORDS
from bot.replies import HAND_OVER_ALL
from tests.architecture.listeners import registered
from tests.sandbox.slack.form import inputs
from tests.sandbox.slack.seed import ALICE, BOB, CAROL, SEC_INC
from tests.sandbox.slack.state import Json, Message
from tests.security.door import Door, about_mallory
from tests.unit.make import ALICE as TARGET
from tests.unit.make import at, followed, requested
from workers.cards import approval
from workers.domain.actor import Actor
from workers.domain.look_back import LookBack
from workers.domain.revocation import ReleaseRequest, Revocation, State
from workers.domain.step import Attestation, Kind, Step, StepState

BY_BOB = Actor(kind="slack", id=BOB, name="Bob Oncall")


@dataclass(frozen=True)
class Place:
    """A record as a button needs it, and the row that the button stands in."""

    record: Callable[[datetime], Revocation]
    row: Callable[[Revocation], str] = lambda record: ""
    opens: bool = False
    """Whether the button opens a form there."""
    offered: bool = False
    """Whether it stands in the thread of a handoff that passes this record on."""


def _asked(now: datetime) -> Revocation:
    return requested(requested_at=now, requested_by=BY_BOB)


def _protected(now: datetime) -> Revocation:
    return replace(_asked(now), protected=True)


def _denied(now: datetime) -> Revocation:
    """Since just now, so that a time of today may be attested."""
    shift = now - at()
    record = followed(steps={Kind.ASSIGNMENTS: {"state": StepState.FAILED, "detail": "No rights."}})
    times = ("requested_at", "confirmed_at", "written_at", "follow_ups_at")
    moved = {name: getattr(record, name) + shift for name in times if getattr(record, name)}
    return replace(record, **moved, look_back=LookBack(since=now, until=now))


def _may_sign_in(now: datetime) -> Revocation:
    """Sign-in is a step that runs by itself, and waits for the sessions."""
    record = _denied(now)
    return record.with_step(Step(kind=Kind.SIGN_IN, state=StepState.WAITING))


def _waiting(now: datetime) -> Revocation:
    request = ReleaseRequest(asked_by=BY_BOB, asked_at=now, reason="it is over")
    return replace(_denied(now), release=request)


def _attested(now: datetime) -> Revocation:
    said = Attestation(by=BY_BOB, at=now, done_by=BY_BOB.name, done_at=now)
    step = Step(kind=Kind.DEVICE, state=StepState.ATTESTED, attested=said, ended_at=now)
    return _denied(now).with_step(step)


def _off(now: datetime) -> Revocation:
    return replace(_denied(now), state=State.WATCHED, off_at=now)


def _off_protected(now: datetime) -> Revocation:
    return replace(_off(now), protected=True)


def _approval(record: Revocation) -> str:
    assert record.release is not None
    return approval.block_id(record.release)


_USUAL = Place(_denied)
_HANDOFF, _HANDOFF_FORM = Place(_denied, offered=True), Place(_denied, offered=True, opens=True)
_STEP = Place(_denied, lambda record: f"step.{Kind.DEVICE}", opens=True)

PLACES: dict[str, tuple[Place, ...]] = {
    "revocation_confirm": (Place(_asked), Place(_protected, opens=True)),
    "revocation_cancel": (Place(_asked),),
    "revocation_deny_again": (Place(_off), Place(_off_protected, opens=True)),
    "approval_give": (Place(_waiting, _approval),),
    "approval_refuse": (Place(_waiting, _approval),),
    "approval_nudge": (Place(_waiting, _approval),),
    "sign_in_disable_anyway": (Place(_may_sign_in, lambda record: f"step.{Kind.SIGN_IN}"),),
    "step_retry": (Place(_denied, lambda record: f"step.{Kind.ASSIGNMENTS}"),),
    "revocation_false_alarm": (Place(_denied, opens=True),),
    "directory_search": (Place(_denied, opens=True),),
    "revocations_confirm_all": (Place(_asked),),
    "step_attest": (_STEP,),
    "step_undo_attest": (Place(_attested, lambda record: f"step.{Kind.DEVICE}"),),
    "step_assign": (_STEP,),
    "handoff_start": (Place(_denied, opens=True), Place(_denied, lambda record: HAND_OVER_ALL, opens=True)),
    "handoff_accept": (_HANDOFF,),
    "handoff_decline": (_HANDOFF_FORM,),
    "handoff_note": (_HANDOFF_FORM,),
}

TYPED = {"user_name": "mallory", "done_by_name": "Ms. Miller of IT", "link": "https://example.com/1"}
"""What is typed into a form's field, by its block; anything else gets `words`."""

NONCE = "abc123"


def actions() -> list[str]:
    return sorted(registered().actions)


def clicks(made: Door, action_id: str, user: str) -> Iterator[Json]:
    """Each click on this button that would do something, on a fresh card of its own."""
    for place in places(action_id):
        yield click(made, action_id, place, user)


def places(action_id: str) -> tuple[Place, ...]:
    return PLACES.get(action_id, (_USUAL,))


def click(made: Door, action_id: str, place: Place, user: str) -> Json:
    message, value, row = shown(made, action_id, place)
    return made.click(user, message, made.button(action_id, value, row))


def shown(made: Door, action_id: str, place: Place) -> tuple[Message, str, str]:
    """The message that the button stands in, what it carries, and its row."""
    record, card = fresh(made, place.record)
    if place.offered:
        handoff, root = made.offer(record, asked=(ALICE, BOB))
        return root, handoff.id, ""
    return card, NONCE if action_id == "doctor_test" else record.id, place.row(record)


def fresh(made: Door, record: Callable[[datetime], Revocation]) -> tuple[Revocation, Message]:
    return made.open(about_mallory(record(made.store.now())))


def texts(made: Door) -> Iterator[str]:
    """What can be typed after /revoke: every word, alone and about somebody, and the ways to name somebody."""
    record, _ = fresh(made, _denied)
    for word in (*WORDS, "own", "handoff", "report", "drill", "accept", "audit"):
        yield word
        yield f"{word} {record.id} because of this"
    yield f"status nobody-{made.store.now():%f}"
    yield "<@U0DAN00001|dan> key leaked"
    yield f"somebody-{made.store.now():%f} key leaked"
    yield "someone@example.com"
    yield ""


def commands(made: Door, user: str, channel: str = SEC_INC) -> Iterator[Json]:
    for text in texts(made):
        yield made.command(user, text, channel)


def mentions(made: Door, user: str, channel: str = SEC_INC) -> Iterator[Json]:
    """Each word once as a mention of the bot, which is carried out by the same function; in the thread of a card too."""
    record, card = fresh(made, _denied)
    for text in (
        *(f"{word} {record.id}" for word in WORDS),
        "<@U0DAN00001> key leaked",
        "revoke eva key leaked",
    ):
        yield made.mention(user, text, channel)
    for text in ("status", "hold", "handoff", ""):
        yield made.mention(user, text, channel, card.ts)


def at_home(made: Door, user: str) -> Iterator[Json]:
    """App Home opened, and every button as if it stood there."""
    yield made.opened(user)
    for action_id in actions():
        place = places(action_id)[0]
        record, _ = fresh(made, place.record)
        value = NONCE if action_id == "doctor_test" else record.id
        row = place.row(record)
        yield made.home_click(user, made.button(action_id, value, f"{row}@{record.id}" if row else ""))


def views(made: Door) -> list[Json]:
    """Every form that the app has: as Bob was shown it, or a plain one where no button here opens it."""
    shown = {view["callback_id"]: view for view in _opened(made)}
    return [shown.get(callback_id) or _plain(made, callback_id) for callback_id in sorted(registered().views)]


def sent(made: Door, user: str, view: Json) -> Json:
    """This form, filled in and sent by `user`, whoever opened it."""
    return made.submission(user, made.shown(user, view), dict(_filled(view)))


def _opened(made: Door) -> Iterator[Json]:
    for action_id in actions():
        for place in places(action_id):
            made.slack.state.views.pop(BOB, None)
            made.http(click(made, action_id, place, BOB))
            with suppress(TimeoutError):
                yield made.slack.wait_for(lambda: made.slack.view(BOB), 10 if place.opens else 0.1) or {}


def _plain(made: Door, callback_id: str) -> Json:
    record, _ = fresh(made, _denied)
    words = {"type": "plain_text", "text": "Reason"}
    element = {"type": "plain_text_input", "action_id": "reason"}
    field = {"type": "input", "block_id": "reason", "optional": True, "label": words, "element": element}
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": json.dumps({"id": record.id, "step": Kind.DEVICE}),
        "title": words,
        "submit": words,
        "blocks": [field],
    }


def _filled(view: Json) -> Iterator[tuple[str, dict[str, Any]]]:
    for block, element in inputs(view["blocks"]):
        yield block["block_id"], {element["action_id"]: _value(block["block_id"], element)}


def _value(block_id: str, element: Json) -> Any:
    match element["type"]:
        case "users_select":
            return element.get("initial_user") or CAROL
        case "multi_users_select":
            return [CAROL]
        case "checkboxes":
            return [option["value"] for option in element["options"]]
        case "radio_buttons":
            return element["options"][-1]["value"]
        case "datetimepicker":
            return None
        case "external_select":
            return {"text": {"type": "plain_text", "text": "mallory"}, "value": TARGET.user_id}
    return TYPED.get(block_id, "words")
