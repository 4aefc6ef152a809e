"""The form that asks whom and why, and searches the directory for whoever it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot import modals, pressed, replies
from bot.deps import Deps
from bot.listeners.forms import opener
from bot.modals import View
from bot.rooms import Rooms
from bot.silence import silence
from workers.cards.bare import bare
from workers.cards.searching import SEARCH
from workers.domain import target_text
from workers.domain.directory_search import MOST_USERS
from workers.domain.errors import REFUSALS, Refused
from workers.domain.revocation import TargetRef
from workers.domain.user_id import is_user_id
from workers.service import intake
from workers.service.intake import REASON_LIMIT, Authority, Request
from workers.service.intake.authority import must_be_responder

STALE = timedelta(hours=1)
"""A copy this old is not offered: whoever is new is not in it, and somebody may look for just them."""


def register(app: App, deps: Deps) -> None:
    app.action(SEARCH)(opener(partial(_form, deps)))
    app.options(modals.PERSON)(_suggester(deps))
    app.view(modals.SEARCH)(Receiver(deps, Rooms(deps)).receive)


def search_form(deps: Deps, who: Authority, channel: str, reason: str = "") -> View:
    """The form, with what can be searched now. Raises Refused for whoever may not revoke."""
    must_be_responder(deps.store, who)
    searchable, hint = _searchable(deps)
    return modals.search(channel, reason, searchable=searchable, hint=hint)


def _searchable(deps: Deps) -> tuple[bool, str]:
    """Whether the copy is fit to be searched, and what to know about it, in a sentence."""
    made = deps.directory.made_at() if deps.directory is not None else None
    if deps.directory is None or made is None:
        return False, "The directory was not read yet, so it cannot be searched. Type whom you mean."
    if deps.store.now() - made > STALE:
        return (
            False,
            f"The directory was last read at {made:%H:%M} UTC, so it is not searched. Type whom you mean.",
        )
    part = (
        f" Only the first {MOST_USERS:,} users are searched." if deps.directory.count() >= MOST_USERS else ""
    )
    return True, f"By name, user name or e-mail; as of {made:%H:%M} UTC.{part}"


def _form(deps: Deps, who: Authority, body: dict[str, Any], action: dict[str, Any]) -> View:
    """From a card: for the same channel, with its reasons. From an answer: for the channel it was typed in."""
    if not pressed.revocation_id(action):
        return search_form(deps, who, str((body.get("channel") or {}).get("id") or ""))
    current = pressed.revocation(deps.store, action, body)
    intake.not_barred(deps.store, who, current)
    reason = "; ".join(reason.text for reason in current.reasons)[:REASON_LIMIT]
    return search_form(deps, who, current.channel, reason)


def _suggester(deps: Deps) -> Callable[..., None]:
    def suggester(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        ack(options=_options(deps, context["authority"], str(body.get("value") or "")))

    return suggester


def _options(deps: Deps, who: Authority, query: str) -> list[dict[str, Any]]:
    """Who is in the directory is told to responders alone."""
    try:
        must_be_responder(deps.store, who)
    except Refused:
        return []
    found = deps.directory.find(query) if deps.directory is not None else []
    return [modals.person(known) for known in found]


@dataclass(frozen=True)
class Receiver:
    """What is done with the form when it is sent: the same as with `/revoke USER reason`."""

    deps: Deps
    rooms: Rooms = field(repr=False)

    def receive(self, ack: Ack, view: dict[str, Any], context: BoltContext) -> None:
        form = modals.searched(view)
        target = _target(form.picked, form.typed)
        if isinstance(target, str):
            ack(response_action="errors", errors={form.at: target})
            return
        try:
            said = self._asked(context["authority"], target, form)
        except REFUSALS as refusal:
            ack(response_action="errors", errors={form.at: bare(str(refusal))})
            return
        ack(response_action="update", view=modals.answered(said))

    def _asked(self, who: Authority, target: TargetRef, form: modals.Searched) -> str:
        channel = self.rooms.for_card(form.channel, frozenset())
        request = Request(targets=(target,), reason=form.reason, channel=channel)
        asked = intake.ask(self.deps.store, who, request)
        text: str = replies.asked(asked, form.reason, self.deps.rules, silence(self.deps))["text"]
        return text


def _target(picked: str, typed: str) -> TargetRef | str:
    """Who is meant, or what is missing, as a sentence. What was picked counts before what was typed."""
    if picked:
        wrong = "This is no user ID of Identity Center. Pick somebody else, or type whom you mean."
        return TargetRef(kind="user_id", value=picked) if is_user_id(picked) else wrong
    found = target_text.unmistakable(typed) or target_text.user_name(typed)
    if found is not None:
        return found
    return (
        f"{typed} is no e-mail, user name or user ID."
        if typed
        else "Whom? Pick somebody, or type whom you mean."
    )
