"""Somebody without a revocation, for the one person who asked: who that is, what they can reach, nothing to press. Pure."""

from workers.cards import card, phrase, second_person
from workers.cards.searching import search_button
from workers.cards.text import (
    actions,
    context,
    header,
    inert,
    local,
    mention,
    plain_section,
    section,
    utc,
)
from workers.domain.actor import Actor
from workers.domain.lookup import Lookup
from workers.domain.revocation import Revocation, State
from workers.domain.rules import Rules
from workers.ports import Message

NOTHING_PRESSED = "No revocation. Nobody pressed anything, and they are not denied."
UNREAD = "No revocation. Nobody pressed anything. Whether they stand in the Deny policy could not be read."
LISTED = (
    "No revocation, and yet their user ID stands in the Deny policy: they are denied, and no record says why. The bot makes "
    "a record of it within a minute; see `/revoke list`."
)


def render(lookup: Lookup, rules: Rules) -> Message:
    """The answer. `text` says all that matters."""
    if lookup.user is None:
        return _no_answer(lookup)
    shown = _as_a_request(lookup)
    known = (f"{phrase.person(shown)}.", *card.in_words(shown, rules), *_reached(lookup))
    blocks = (
        header(f"No revocation: {shown.who}"),
        section(standing(lookup)),
        *card.who_that_is(shown, rules),
        *map(plain_section, (*_reached(lookup), *_responder(lookup))),
        context(
            f"{lookup.id} · you asked {local(lookup.asked_at)}. To deny them: `/revoke` and the user name."
        ),
    )
    return Message(f"{lookup.id} · {standing(lookup)} {' '.join(known)}", blocks)


def standing(lookup: Lookup) -> str:
    """That nothing was done, and whether they are denied, as far as it is known."""
    if lookup.listed is None:
        return UNREAD
    return LISTED if lookup.listed else NOTHING_PRESSED


def _no_answer(lookup: Lookup) -> Message:
    """Why, and the way to search where it may help."""
    sentence = f"{_asked_about(lookup)}: {inert(lookup.why, 1000)}"
    about = context(f"{lookup.id} · you asked {utc(lookup.asked_at)}")
    return Message(f"{lookup.id} · {sentence}", (section(sentence), actions(search_button()), about))


def _asked_about(lookup: Lookup) -> str:
    target = lookup.target
    if target.kind == "slack":
        return mention(Actor(kind="slack", id=target.value))
    return inert(target.value, 100)


def _reached(lookup: Lookup) -> list[str]:
    """That the Deny policy would reach all that they can; the gaps are told like those of a request."""
    reach, coverage = lookup.reach, lookup.coverage
    if reach is None or coverage is None or not reach.accounts or phrase.gaps(coverage) or reach.unread:
        return []
    return ["The Deny policy would reach all of them."]


def _responder(lookup: Lookup) -> list[str]:
    """That they act here too; a warning stands above where too few are left."""
    left = lookup.responders_left
    if left is None or left < second_person.ENOUGH_RESPONDERS:
        return []
    return [f"This is a responder; with them denied, {left} others can act."]


def _as_a_request(lookup: Lookup) -> Revocation:
    """What the card of a request would show of them, were they asked for now."""
    return Revocation(
        id=lookup.id,
        state=State.REQUESTED,
        target=lookup.target,
        requested_by=lookup.asked_by,
        requested_at=lookup.asked_at,
        channel="",
        user=lookup.user,
        slack_name=lookup.slack_name,
        protected=lookup.protected,
        responders_left=lookup.responders_left,
        reach=lookup.reach,
        coverage=lookup.coverage,
    )
