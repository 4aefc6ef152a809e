"""One click for several people who were asked for together. Each is confirmed as from their own card."""

from collections.abc import Callable, Iterator
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot import pressed
from bot.deps import Deps
from bot.listeners.denying import Denial
from bot.prompt import Prompt
from bot.replies import DENY_ALL, MOST_AT_ONCE, all_denied
from bot.silence import silence_after
from workers.cards import drill
from workers.cards.text import inert
from workers.domain.errors import REFUSALS, StoreAway, StoreUnsure
from workers.domain.revocation import State
from workers.service.intake import Authority, NameNeeded


def register(app: App, deps: Deps) -> None:
    app.action(DENY_ALL)(_pressed(deps, Denial(deps, Prompt(), "revocation_confirm")))


def _pressed(deps: Deps, denial: Denial) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any], action: dict[str, Any], context: BoltContext) -> None:
        outcomes = list(_outcomes(denial, context["authority"], body, action))
        missing = silence_after(deps)
        ack()
        context["whisper"](all_denied([*outcomes, *([missing] if missing else [])]))

    return listener


def _outcomes(denial: Denial, who: Authority, body: dict[str, Any], action: dict[str, Any]) -> Iterator[str]:
    """What became of each of exactly these, one line each.

    Raises StoreAway where Redis is away from the first on, StoreUnsure where that began later: some are recorded then.
    """
    ids = dict.fromkeys(str(action.get("value") or "").split()[:MOST_AT_ONCE])
    for number, revocation_id in enumerate(ids):
        try:
            yield f"{inert(revocation_id, 20)}: {_outcome(denial, who, body, revocation_id)}"
        except StoreAway as away:
            if number == 0:
                raise
            raise StoreUnsure(f"Redis was there for the first {number} of {len(ids)}.") from away


def _outcome(denial: Denial, who: Authority, body: dict[str, Any], revocation_id: str) -> str:
    """Confirmed, or why not, in a sentence; mrkdwn. One that is refused stops no other."""
    try:
        current = pressed.revocation(denial.deps.store, {"value": revocation_id}, body)
        name, where = inert(drill.name(current), 100), f"Its card is in <#{current.channel}>."
        changed = denial(who, current.id)
    except NameNeeded:
        return f"NOT DENIED: {name} is protected, so the user name must be typed. {where}"
    except REFUSALS as refusal:
        return str(refusal)
    if changed.state is State.REQUESTED:
        return f"Not denied yet: {name} takes a second person, who must press Deny now too. {where}"
    return f"Confirmed and recorded: {name}. The card says when it is written."
