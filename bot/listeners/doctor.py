"""The button on doctor's test card: it only leaves a mark that doctor waits for."""

import re
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot.deps import Deps
from workers.service.intake.authority import is_denied

ACTION = "doctor_test"
_NONCE = re.compile(r"[0-9a-f]{6}")


def register(app: App, deps: Deps) -> None:
    def pressed(ack: Ack, action: dict[str, Any], context: BoltContext) -> None:
        who, nonce = context["authority"], str(action.get("value"))
        listed = (who.responder or who.approver) and not is_denied(deps.store, who.actor)
        allowed = listed and _NONCE.fullmatch(nonce) is not None
        if allowed:
            deps.store.mark(f"{ACTION}-{nonce}")
        ack()
        context["whisper"](
            "The button works." if allowed else "Only a responder or an approver can test this."
        )

    app.action(ACTION)(pressed)
