"""How a record stands, for somebody who came second: with who made it so."""

from workers.cards.text import inert, mention
from workers.domain.actor import Actor
from workers.domain.revocation import Revocation, State


def outcome(current: Revocation) -> str:
    """How the record stands, with who made it so, for somebody who came second; mrkdwn."""
    by, who = current.confirmed_by, inert(current.who, 100)
    at = f"{current.confirmed_at:%H:%M:%S} UTC" if current.confirmed_at else ""
    words = {
        State.REQUESTED: f"{who} is not denied; {_nobody_yet(current)}",
        State.CONFIRMED: f"{named(by)} confirmed it at {at}; the Deny policy is being written.",
        State.DENIED: f"{named(by)} confirmed it at {at}; {who} is denied.",
        State.RELEASING: f"{who} is being taken off the list.",
        State.WATCHED: f"{who} is off the list and watched.",
        State.RELEASED: f"{who} was released.",
        State.REFUSED: f"{who} was not identified; NOT DENIED.",
        State.CANCELLED: f"{named(current.cancelled_by)} pressed Do not deny.",
        State.EXPIRED: f"{current.id} expired; NOT DENIED. Run /revoke again.",
        State.CLOSED: f"{current.id} is closed.",
    }
    return words[current.state]


def _nobody_yet(current: Revocation) -> str:
    if current.vote is None:
        return f"nobody confirmed {current.id} yet."
    return f"{named(current.vote.by)} confirmed {current.id}, and it waits for a second person."


def named(actor: Actor | None) -> str:
    """Mentioned, or by name; mrkdwn, at the head of a sentence."""
    return mention(actor) if actor is not None else "Nobody"
