"""When two actors may be one person, and when an actor is the target. In doubt they are. Pure."""

import unicodedata
from functools import lru_cache

from workers.domain.actor import Actor
from workers.domain.revocation import DirectoryUser, Revocation, TargetRef
from workers.domain.target_text import session_name


def same_person(one: Actor, other: Actor) -> bool:
    """Whether both may be the same person, so that their two votes are one.

    Display names do not count: Slack's can be changed. At terminals the same AWS caller, or the same user of the
    machine, is the same person: a terminal's id is its words `ARN OS_USER`, or `OS_USER` alone. Somebody in Slack is
    who sits at a terminal where the session of the AWS caller has the name of their e-mail.
    """
    if one.kind == other.kind == "terminal":
        return bool(set(one.id.split()) & set(other.id.split()))
    return (one.kind, one.id) == (other.kind, other.id) or bool(names_of(one) & names_of(other))


def is_target(actor: Actor, revocation: Revocation) -> bool:
    """Whether `actor` is the revocation's own target, by any of the names of either."""
    return bool(names_of(actor) & names_of_target(revocation))


def is_user(actor: Actor, user: DirectoryUser, slack_id: str | None) -> bool:
    """Whether `actor` is this user of the directory, who has this Slack account, by any of the names of either."""
    return bool(names_of(actor) & _names(slack_id, user.email, user.user_name))


def names_of(actor: Actor) -> frozenset[str]:
    """What a target may be called who is this actor: Slack id, e-mail, the name of an assumed role's session.

    Of Identity Center's roles, the session's name is the user name. Empty for the product itself.
    """
    match actor.kind:
        case "slack":
            return _names(actor.id, actor.email)
        case "terminal":
            return _names(None, *(session_name(word) for word in actor.id.split()))
        case "system":
            return frozenset()


def names_of_target(revocation: Revocation) -> frozenset[str]:
    """The same of a target: Slack id, e-mail and user name of the directory, and what was typed."""
    user = revocation.user
    of_directory = _names(None, user.email, user.user_name) if user is not None else frozenset[str]()
    return names_typed(revocation.target) | of_directory


def names_typed(target: TargetRef) -> frozenset[str]:
    """The same of a target as they were typed."""
    return _names(target.slack_id, target.value if target.kind in ("email", "user_name") else None)


def _names(slack_id: str | None, *others: str | None) -> frozenset[str]:
    """Slack ids as they are, in capitals; anything else without regard to those."""
    names = {slack_id or "", *(_folded(other) for other in others if other)}
    return frozenset(names - {""})


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).strip()
