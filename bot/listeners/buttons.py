"""The cards' buttons, beside those that deny. A button carries the revocation's id; everything else is looked up anew."""

from collections.abc import Callable
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot import pressed
from bot.deps import Deps
from bot.pressed import OldCard
from bot.prompt import Prompt, Questions
from workers.cards import approval, open_list, phrase, protection
from workers.domain.errors import REFUSALS, Refused, RevocationError
from workers.domain.revocation import Revocation
from workers.domain.step import Kind
from workers.service import intake
from workers.service.intake import Authority

UseCase = Callable[[Deps, Authority, str, str], Revocation]
"""The last is what the button's row says that it is about."""

USE_CASES: dict[str, UseCase] = {
    "revocation_cancel": lambda deps, who, id_, _: intake.cancel(deps.store, who, id_),
    "revocation_hold": lambda deps, who, id_, _: intake.hold(deps.store, who, id_, deps.rules.timing),
    "revocation_hold_until_released": lambda deps, who, id_, _: intake.hold(
        deps.store, who, id_, deps.rules.timing, until_released=True
    ),
    "revocation_own": lambda deps, who, id_, _: intake.own(deps.store, who, id_),
    "revocation_release": lambda deps, who, id_, _: intake.ask_release(deps.store, who, id_, ""),
    "approval_refuse": lambda deps, who, id_, _: intake.refuse(deps.store, who, id_),
    "follow_ups_start": lambda deps, who, id_, _: intake.start_follow_ups(deps.store, who, id_),
    "follow_ups_wait": lambda deps, who, id_, _: intake.wait_follow_ups(deps.store, who, id_),
    "sign_in_disable_anyway": lambda deps, who, id_, _: intake.disable_anyway(deps.store, who, id_),
    "step_retry": lambda deps, who, id_, row: _retry(deps, who, id_, pressed.kind(row)),
}


def _give(deps: Deps, who: Authority, id_: str, row: str) -> Revocation:
    """The second yes to what the row is about: a protected user's denial, or what waits for approval."""
    if row == protection.block_id(id_):
        return intake.ratify(deps.store, who, id_)
    return intake.approve(deps.store, who, id_, list_seen=pressed.list_seen(row))


def _retry(deps: Deps, who: Authority, id_: str, kind: Kind | None) -> Revocation:
    """The step's Retry; without a step the policy's."""
    return intake.retry_step(deps.store, who, id_, kind) if kind else intake.retry(deps.store, who, id_)


def _undo_attest(deps: Deps, who: Authority, id_: str, row: str) -> Revocation:
    card, kind = pressed.card_of(row), pressed.kind(row)
    changed = intake.undo_attest(deps.store, who, id_, kind)
    if card is not None:
        intake.undone(deps.store, who, card, id_, kind)
    return changed


def _nudge(people: Prompt, deps: Deps, who: Authority, id_: str, _: str) -> Revocation:
    """Remind all who can approve; of user groups, the members that Slack names in time."""
    groups: Questions = {
        ("group", g): partial(deps.people.group, g) for g in deps.approvers if g.startswith("S")
    }
    members = [member for found in people.answers(groups).values() for member in found]
    approvers = {*members, *(a for a in deps.approvers if not a.startswith("S"))}
    if groups and not approvers:
        raise Refused("Slack did not say in time who the approvers are. Press Nudge again in a few seconds.")
    return intake.nudge(deps.store, who, id_, approvers)


SECOND_YES = frozenset({"approval_give", "approval_refuse"})

LINKS = ("open_policy", "open_identity_center")
"""Buttons that only open a page; Slack still wants an ack."""


def register(app: App, deps: Deps) -> None:
    for action_id, use_case in USE_CASES.items():
        app.action(action_id)(_listener(deps, use_case))
    app.action("approval_give")(_listener(deps, _give))
    app.action("step_undo_attest")(_listener(deps, _undo_attest))
    app.action("approval_nudge")(_listener(deps, partial(_nudge, Prompt())))
    for action_id in LINKS:
        app.action(action_id)(_acknowledge)


def _acknowledge(ack: Ack) -> None:
    ack()


def _listener(deps: Deps, use_case: UseCase) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any], action: dict[str, Any], context: BoltContext) -> None:
        outcome = _carry_out(deps, use_case, context["authority"], body, action)
        ack()
        if isinstance(outcome, RevocationError):
            context["whisper"](str(outcome), instead=isinstance(outcome, OldCard))
        elif pressed.privately(body):  # the card may be in another channel
            context["whisper"](phrase.sentence(outcome, deps.rules.timing))

    return listener


def _carry_out(
    deps: Deps, use_case: UseCase, who: Authority, body: dict[str, Any], action: dict[str, Any]
) -> Revocation | RevocationError:
    """Do it; the refusal where it was not done."""
    try:
        current = pressed.revocation(deps.store, action, body)
        row = pressed.row(action)
        if current.release is not None:
            pressed.as_shown(row, approval.block_id(current.release), current.id)
        if pressed.privately(body) and action.get("action_id") in SECOND_YES:
            pressed.as_answered(action, open_list.shown_rows(current), current.id)
        return use_case(deps, who, current.id, row)
    except REFUSALS as refusal:
        return refusal
