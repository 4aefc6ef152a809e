"""How a record stands, for somebody who came second: with who made it so."""

from workers.domain.actor import Actor
from workers.domain.revocation import Revocation, State


def outcome(current: Revocation) -> str:
    """How the record stands, with who made it so, for somebody who came second."""
    by = current.confirmed_by
    at = f"{current.confirmed_at:%H:%M:%S} UTC" if current.confirmed_at else ""
    words = {
        State.REQUESTED: f"{current.who} is not denied; nobody confirmed {current.id} yet.",
        State.CONFIRMED: f"{named(by)} confirmed it at {at}; the Deny policy is being written.",
        State.DENIED: f"{named(by)} confirmed it at {at}; {current.who} is denied.",
        State.RELEASING: f"{current.who} is being taken off the list.",
        State.WATCHED: f"{current.who} is off the list and watched.",
        State.RELEASED: f"{current.who} was released.",
        State.REFUSED: f"{current.who} was not identified; NOT DENIED.",
        State.CANCELLED: f"{named(current.cancelled_by)} pressed Do not deny.",
        State.EXPIRED: f"{current.id} expired; NOT DENIED. Run /revoke again.",
        State.CLOSED: f"{current.id} is closed.",
    }
    return words[current.state]


def named(actor: Actor | None) -> str:
    if actor is None:
        return "Nobody"
    return f"<@{actor.id}>" if actor.kind == "slack" else actor.name or actor.id
