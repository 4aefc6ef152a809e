"""The cards' buttons. A button carries the revocation's id; everything else is looked up anew."""

from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot.deps import Deps
from bot.silence import silence
from workers.domain.errors import Refused, RevocationError, UnknownRevocation, UnreadableRecord
from workers.domain.revocation import Revocation
from workers.service import intake
from workers.service.intake import Authority

UseCase = Callable[[Deps, Authority, str], Revocation]

USE_CASES: dict[str, UseCase] = {
    "revocation_confirm": lambda deps, who, id_: intake.confirm(deps.store, who, id_),
    "revocation_cancel": lambda deps, who, id_: intake.cancel(deps.store, who, id_),
    "revocation_hold": lambda deps, who, id_: intake.hold(deps.store, who, id_, deps.rules.timing),
    "revocation_hold_until_released": lambda deps, who, id_: intake.hold(
        deps.store, who, id_, deps.rules.timing, until_released=True
    ),
    "revocation_release": lambda deps, who, id_: intake.ask_release(deps.store, who, id_, ""),
    "approval_give": lambda deps, who, id_: intake.approve_release(deps.store, who, id_),
    "approval_refuse": lambda deps, who, id_: intake.refuse_release(deps.store, who, id_),
    "step_retry": lambda deps, who, id_: intake.retry(deps.store, who, id_),
}

LINKS = ("open_policy",)
"""Buttons that only open a page; Slack still wants an ack."""


class OldCard(Refused):
    """A card whose posting was never recorded, because a process ended in between. It is replaced, not just refused."""


def register(app: App, deps: Deps) -> None:
    for action_id, use_case in USE_CASES.items():
        app.action(action_id)(_listener(deps, use_case))
    for action_id in LINKS:
        app.action(action_id)(_acknowledge)


def _acknowledge(ack: Ack) -> None:
    ack()


def _listener(deps: Deps, use_case: UseCase) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any], action: dict[str, Any], context: BoltContext) -> None:
        refusal = _carry_out(deps, use_case, context["authority"], body, action)
        missing = silence(deps) if action.get("action_id") == "revocation_confirm" else None
        ack()
        if refusal is not None:
            context["whisper"](str(refusal), instead=isinstance(refusal, OldCard))
        elif missing is not None:
            context["whisper"](f"Confirmed and recorded. {missing}")

    return listener


def _carry_out(
    deps: Deps, use_case: UseCase, who: Authority, body: dict[str, Any], action: dict[str, Any]
) -> RevocationError | None:
    """Do it; the refusal where it was not done."""
    try:
        revocation_id = _value(action)
        _on_its_card(deps.store.get(revocation_id), body)
        use_case(deps, who, revocation_id)
    except (Refused, UnknownRevocation, UnreadableRecord) as refusal:
        return refusal
    return None


def _value(action: dict[str, Any]) -> str:
    selected = action.get("selected_option") or {}
    return str(action.get("value") or selected.get("value") or "")


def _on_its_card(revocation: Revocation, body: dict[str, Any]) -> None:
    """The click must come from the card that the record knows, or from its thread.

    A card whose posting was not recorded yet has no ts to compare: its channel must do.
    """
    container, channel = body.get("container") or {}, (body.get("channel") or {}).get("id")
    message = body.get("message") or {}
    stamps = {
        container.get("message_ts"),
        container.get("thread_ts"),
        message.get("ts"),
        message.get("thread_ts"),
    }
    if channel != revocation.channel or (revocation.card_ts is not None and revocation.card_ts not in stamps):
        raise OldCard(
            f"This card of {revocation.id} is out of date. The live one is in <#{revocation.channel}>."
        )
