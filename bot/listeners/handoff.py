"""Handing open revocations over: the buttons on cards, lists and in a handoff's own thread, and their forms."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot import modals, pressed, replies
from bot.deps import Deps
from bot.listeners.forms import AtField, FormOf, opener, receiver
from bot.members import members
from bot.modals import Sent, View
from bot.pressed import OldCard
from bot.prompt import Prompt
from bot.replies import Reply
from workers.domain.errors import REFUSALS, Refused, RevocationError, once_recorded
from workers.domain.handoff import Handoff
from workers.service import intake
from workers.service.intake import Authority
from workers.service.intake.authority import must_be_responder


def register(app: App, deps: Deps) -> None:
    app.action("handoff_start")(opener(partial(_start_form, deps)))
    app.action("handoff_accept")(_accepting(deps))
    app.action("handoff_decline")(opener(_on_its_root(deps, intake.may_decline, modals.decline)))
    app.action("handoff_note")(opener(_on_its_root(deps, intake.may_remark, modals.note)))
    app.view(modals.HAND_OVER)(receiver(partial(_start, deps, Prompt())))
    app.view(modals.DECLINE)(receiver(partial(_decline, deps)))
    app.view(modals.NOTE)(receiver(partial(_note, deps)))


def hand_over(
    deps: Deps, people: Prompt, who: Authority, incoming: Sequence[str], note: str, only: str | None = None
) -> Reply:
    """Offer it, and say so; see `intake.offer`. Raises a refusal: also where somebody named could not press Accept."""
    made = _offered(deps, people, who, incoming, note, only)
    with once_recorded():
        passed = [revocation for revocation in deps.store.open() if revocation.id in made.revocations]
    return replies.handed_over(made, passed, who.actor)


def _offered(
    deps: Deps, people: Prompt, who: Authority, incoming: Sequence[str], note: str, only: str | None
) -> Handoff:
    must_be_responder(deps.store, who, "hand over")
    if len(incoming) <= intake.MOST_ASKED:  # else it is refused, and Slack need not be asked
        for member in members(deps, people, incoming, "accept"):
            intake.can_be_asked(deps.store, member)
    channel = deps.rules.incident_channel
    return intake.offer(deps.store, deps.handoffs, who, incoming, note, channel=channel, only=only)


def _start_form(deps: Deps, who: Authority, body: dict[str, Any], action: dict[str, Any]) -> View:
    """From a card: that one, or all. From a list: all."""
    current = pressed.revocation(deps.store, action, body)
    if pressed.row(action) == replies.HAND_OVER_ALL:
        must_be_responder(deps.store, who, "hand over")
        return modals.hand_over(current, choose=False)
    intake.may_hand_over(deps.store, who, current)
    return modals.hand_over(current, choose=True)


def _start(deps: Deps, people: Prompt, who: Authority, form: Sent) -> View:
    only = form.record_id if form.text("which") == modals.ONLY_THIS else None
    incoming = [one for one in form.text("next").split(",") if one]
    try:
        answer = hand_over(deps, people, who, incoming, form.text("note"), only)
    except Refused as refusal:
        raise AtField("next", str(refusal)) from refusal
    return modals.answered(answer["text"], "Hand over")


_MayFill = Callable[..., None]
_MakeForm = Callable[[Handoff], View]


def _on_its_root(deps: Deps, may: _MayFill, make: _MakeForm) -> FormOf:
    def form_of(who: Authority, body: dict[str, Any], action: dict[str, Any]) -> View:
        current = pressed.handoff(deps.handoffs, action, body)
        may(deps.store, who, current)
        return make(current)

    return form_of


def _decline(deps: Deps, who: Authority, form: Sent) -> None:
    intake.decline(deps.store, deps.handoffs, who, form.record_id, form.text("reason"))


def _note(deps: Deps, who: Authority, form: Sent) -> None:
    intake.remark(deps.store, deps.handoffs, who, form.record_id, form.text("note"))


def _accepting(deps: Deps) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any], action: dict[str, Any], context: BoltContext) -> None:
        outcome = _accepted(deps, context["authority"], body, action)
        ack()
        if isinstance(outcome, RevocationError):
            context["whisper"](str(outcome), instead=isinstance(outcome, OldCard))
        elif pressed.privately(body):  # the thread may be in another channel
            context["whisper"](replies.accepted(outcome))

    return listener


def _accepted(
    deps: Deps, who: Authority, body: dict[str, Any], action: dict[str, Any]
) -> Handoff | RevocationError:
    """Accept it; the refusal where it was not done."""
    try:
        current = pressed.handoff(deps.handoffs, action, body)
        return intake.accept(deps.store, deps.handoffs, who, current.id)
    except REFUSALS as refusal:
        return refusal
