"""The buttons that open a form, and the forms as they come back.

A form opens after the ack. Whether somebody may do it is asked before it opens, so that nobody fills in a form for
nothing, and again by the use case when it is sent.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot import modals, pressed
from bot.deps import Deps
from bot.members import members
from bot.modals import Sent, View
from bot.opening import NOT_OPENED
from bot.pressed import OldCard
from bot.prompt import Prompt
from workers.cards.bare import bare
from workers.domain.errors import REFUSALS, Refused
from workers.domain.revocation import Revocation
from workers.domain.step import Kind, Step
from workers.service import intake
from workers.service.intake import Authority, Statement
from workers.service.intake.authority import may
from workers.service.intake.giving_back import must_be_restorable
from workers.service.intake.outcome import outcome
from workers.service.intake.waiting import must_be_free

MakeForm = Callable[[Deps, Authority, Revocation, Kind | None], View]


def register(app: App, deps: Deps) -> None:
    people = Prompt()
    for action_id, make in FORMS.items():
        app.action(action_id)(opener(_on_its_card(deps, make)))
    app.view(modals.ATTEST)(receiver(partial(_attest, deps)))
    app.view(modals.ASSIGN)(receiver(partial(_assign, deps, people)))
    app.view(modals.FALSE_ALARM)(receiver(partial(_false_alarm, deps)))
    app.view(modals.RESTORE)(receiver(partial(_restore, deps)))


FormOf = Callable[[Authority, dict[str, Any], dict[str, Any]], View]
"""Who pressed, Slack's payload and the button in, the form out; raises a refusal where sending it would be refused."""


def opener(form_of: FormOf) -> Callable[..., None]:
    """The listener of a button that opens a form, after the ack; a refusal is whispered instead."""

    def open_it(ack: Ack, body: dict[str, Any], action: dict[str, Any], context: BoltContext) -> None:
        try:
            form = form_of(context["authority"], body, action)
        except REFUSALS as refusal:
            ack()
            context["whisper"](str(refusal), instead=isinstance(refusal, OldCard))
        else:
            ack()
            context["open_form"](form, NOT_OPENED)

    return open_it


def _on_its_card(deps: Deps, make: MakeForm) -> FormOf:
    def form_of(who: Authority, body: dict[str, Any], action: dict[str, Any]) -> View:
        current = pressed.revocation(deps.store, action, body)
        return make(deps, who, current, pressed.kind(pressed.row(action)))

    return form_of


def _attest_form(deps: Deps, who: Authority, current: Revocation, kind: Kind | None) -> View:
    intake.may_attest(deps.store, who, current, kind)
    steps = [step for step in intake.attestable(current) if who.responder or _theirs(step, who)]
    if kind is not None and kind not in [step.kind for step in steps]:
        raise Refused(f"This step of {current.id} is done already; the card says by whom.")
    chosen = steps[0].kind if len(steps) == 1 else kind
    return modals.attest(current, steps, chosen, who.actor.id)


def _theirs(step: Step, who: Authority) -> bool:
    return step.assignee is not None and step.assignee.id == who.actor.id


def _assign_form(deps: Deps, who: Authority, current: Revocation, kind: Kind | None) -> View:
    may(deps.store, who, current)
    steps = intake.attestable(current)
    if not steps or (kind is not None and kind not in [step.kind for step in steps]):
        raise Refused(f"There is nothing to assign in {current.id}: the step is done.")
    return modals.assign(current, steps, kind)


def false_alarm_form(deps: Deps, who: Authority, current: Revocation, reason: str = "") -> View:
    """The form; raises Refused where asking would be refused whatever is filled in."""
    may(deps.store, who, current, approvers_too=True)
    if not current.on_the_list:
        raise Refused(f"There is nothing to take back: {outcome(current)}")
    must_be_free(current, deps.store.now(), "false_alarm")
    return modals.false_alarm(current, reason)


def restore_form(deps: Deps, who: Authority, current: Revocation, reason: str = "") -> View:
    """The form; raises Refused where asking would be refused whatever is filled in."""
    may(deps.store, who, current, approvers_too=True)
    must_be_restorable(deps.store, current)
    must_be_free(current, deps.store.now(), "restore")
    return modals.restore(current, reason)


FORMS: dict[str, MakeForm] = {
    "step_attest": _attest_form,
    "step_assign": _assign_form,
    "revocation_false_alarm": lambda deps, who, current, _: false_alarm_form(deps, who, current),
    "revocation_restore": lambda deps, who, current, _: restore_form(deps, who, current),
}


Receive = Callable[[Authority, Sent], View | None]
"""What is done with a form when it is sent; what takes its place, or None: it closes."""


class AtField(Exception):
    """A refusal that belongs beside one field of the form."""

    def __init__(self, block: str, sentence: str) -> None:
        super().__init__(sentence)
        self.block = block


def receiver(receive: Receive) -> Callable[..., None]:
    """The listener of a form; a refusal stands beside a field, the last where it names none."""

    def receive_it(ack: Ack, view: dict[str, Any], context: BoltContext) -> None:
        form = modals.sent(view)
        try:
            instead = receive(context["authority"], form)
        except AtField as refusal:
            ack(response_action="errors", errors=form.at_field(refusal.block, bare(str(refusal))))
        except REFUSALS as refusal:
            ack(response_action="errors", errors=form.at_field(form.inputs[-1], bare(str(refusal))))
        else:
            ack() if instead is None else ack(response_action="update", view=instead)

    return receive_it


def _attest(deps: Deps, who: Authority, form: Sent) -> None:
    if form.kind is None:
        raise AtField("step", "Which step? Choose one.")
    link = form.text("link")
    if link and not link.startswith(("https://", "http://")):
        raise AtField("link", "A link begins with https://. Give one, or leave it empty.")
    typed, picked = form.text("done_by_name"), form.text("done_by")
    said = Statement(
        done_by=typed or ("" if picked == who.actor.id else picked),
        done_at=form.time("done_at"),
        link=link,
        by_hand=bool(typed),
    )
    try:
        intake.attest(deps.store, who, form.record_id, form.kind, said)
    except Refused as refusal:
        raise AtField("done_at", str(refusal)) from refusal


def _assign(deps: Deps, people: Prompt, who: Authority, form: Sent) -> None:
    slack_id = form.text("assignee")
    if form.kind is None or not slack_id:
        raise AtField("assignee", "Who does it? Choose somebody.")
    try:
        [assignee] = members(deps, people, [slack_id], "press Done")
        intake.assign(deps.store, who, form.record_id, form.kind, assignee)
    except Refused as refusal:
        raise AtField("assignee", str(refusal)) from refusal


def _false_alarm(deps: Deps, who: Authority, form: Sent) -> None:
    intake.ask_false_alarm(deps.store, who, form.record_id, form.text("reason"))


def _restore(deps: Deps, who: Authority, form: Sent) -> None:
    ticked = modals.NOTHING_LOST in form.text(modals.NOTHING_LOST)
    try:
        intake.ask_restore(deps.store, who, form.record_id, form.text("reason"), nothing_lost=ticked)
    except Refused as refusal:
        raise AtField("reason" if ticked else modals.NOTHING_LOST, str(refusal)) from refusal
