"""When two actors may be one person, and when an actor is the target. In doubt they are. Pure."""

from workers.domain.actor import Actor
from workers.domain.revocation import Revocation
from workers.domain.target_text import session_name


def same_person(one: Actor, other: Actor) -> bool:
    """Whether both may be the same person, so that their two votes are one.

    Names do not count: Slack's can be changed. At terminals the same AWS caller, or the same user of the
    machine, is the same person: a terminal's id is its words `ARN OS_USER`, or `OS_USER` alone.
    """
    if one.kind != other.kind:
        return False
    if one.kind == "terminal":
        return bool(set(one.id.split()) & set(other.id.split()))
    return one.id == other.id


def is_target(actor: Actor, revocation: Revocation) -> bool:
    """Whether `actor` is the revocation's own target: by Slack id, or by the name of their AWS session."""
    if actor.kind != "terminal":
        return actor.id == revocation.target.slack_id
    names = {session_name(word) or "" for word in actor.id.split()} - {""}
    user = revocation.user
    return user is not None and user.user_name.casefold() in {name.casefold() for name in names}
