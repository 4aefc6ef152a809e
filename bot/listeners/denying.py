"""The buttons that deny: at once, as one of two people, or by a form where the user is protected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot import modals, pressed
from bot.deps import Deps
from bot.pressed import OldCard
from bot.prompt import Prompt, Questions
from bot.silence import silence_after
from workers.cards import phrase
from workers.cards.bare import bare
from workers.cards.text import inert
from workers.domain.actor import Actor
from workers.domain.errors import REFUSALS, RevocationError, once_recorded
from workers.domain.revocation import Revocation, State
from workers.service import intake
from workers.service.intake import Authority, NameNeeded

FORMS: Mapping[str, str] = {
    "revocation_confirm": modals.DENY,
    "revocation_deny_again": modals.DENY_AGAIN,
}
"""Each button, and the form that it opens where the user name must be typed."""

_USE_CASES: Mapping[str, Callable[..., Revocation]] = {
    "revocation_confirm": intake.confirm,
    "revocation_deny_again": intake.deny_again,
}


def register(app: App, deps: Deps) -> None:
    people = Prompt()
    for action_id, callback_id in FORMS.items():
        denial = Denial(deps, people, action_id)
        app.action(action_id)(_pressed(denial))
        app.view(callback_id)(_typed(denial))


@dataclass(frozen=True)
class Denial:
    """What one of the buttons does, by a click or by its form."""

    deps: Deps
    people: Prompt
    action_id: str

    def __call__(self, who: Authority, revocation_id: str, user_name: str | None = None) -> Revocation:
        """Raises NameNeeded where the user is protected and `user_name` is not theirs."""
        return _USE_CASES[self.action_id](
            self.deps.store,
            who,
            revocation_id,
            self.deps.rules.caps,
            user_name=user_name,
            still_responder=partial(_still_responder, self.deps, self.people),
        )


def _still_responder(deps: Deps, people: Prompt, voter: Actor) -> bool:
    """Listed, or in a listed user group as far as Slack says in time; in doubt they are."""
    if voter.id in deps.responders:
        return True
    groups: Questions = {
        ("group", g): partial(deps.people.group, g) for g in deps.responders if g.startswith("S")
    }
    found = people.answers(groups)
    return len(found) < len(groups) or any(voter.id in members for members in found.values())


def _pressed(denial: Denial) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any], action: dict[str, Any], context: BoltContext) -> None:
        outcome = _tried(denial, context["authority"], body, action)
        said = _said(denial.deps, outcome, privately=pressed.privately(body))
        ack()
        if isinstance(outcome, NameNeeded):
            form = modals.user_name(FORMS[denial.action_id], outcome.revocation)
            context["open_form"](form, _no_form(outcome.revocation))
        elif said is not None:
            context["whisper"](said, instead=isinstance(outcome, OldCard))

    return listener


def _tried(
    denial: Denial, who: Authority, body: dict[str, Any], action: dict[str, Any]
) -> Revocation | RevocationError:
    try:
        old = pressed.revocation(denial.deps.store, action, body)
        outcome = denial(who, old.id)
        card = pressed.card_of(pressed.row(action))
        if card is not None and outcome.state is not State.REQUESTED:
            with once_recorded():
                intake.undone(denial.deps.store, who, card, old.id, None)
    except REFUSALS as refusal:
        return refusal
    return outcome


def _said(deps: Deps, outcome: Revocation | RevocationError, *, privately: bool = False) -> str | None:
    """What the person alone must hear; None where the card says it all, and they see it. Raises StoreAway."""
    if isinstance(outcome, RevocationError):
        return str(outcome)
    if outcome.state is State.REQUESTED:
        because = inert(outcome.vote.because, 500) if outcome.vote else ""
        return f"You are the first of two; nobody is denied yet. {because} {intake.another_must(outcome)}"
    missing = silence_after(deps)
    if missing is not None:
        return f"Confirmed and recorded. {missing}"
    return phrase.sentence(outcome, deps.rules.timing) if privately else None


def _no_form(revocation: Revocation) -> str:
    user_id = revocation.user.user_id if revocation.user else "USER_NAME"
    return (
        "Slack did not open the form, so nothing was recorded and nobody is denied. Press the button again. If it must "
        f"be now: `python -m workers revoke {user_id} --reason ...` at a terminal."
    )


def _typed(denial: Denial) -> Callable[..., None]:
    def receiver(ack: Ack, view: dict[str, Any], context: BoltContext) -> None:
        form = modals.sent(view)
        try:
            outcome = denial(context["authority"], form.record_id, form.text("user_name"))
        except REFUSALS as refusal:
            ack(response_action="errors", errors=form.at_field("user_name", bare(str(refusal))))
            return
        said = _said(denial.deps, outcome)
        if said is None:
            ack()
        else:
            ack(response_action="update", view=modals.said(outcome, said))

    return receiver
