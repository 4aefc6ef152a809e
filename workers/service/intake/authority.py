"""Who may ask for what. Whoever is the target, or whose own revocation is open, has no say.

Open here is: confirmed, denied (held too), being taken off, and watched, for then the way in is not proven shut; two
attestations end that. A request that nobody confirmed takes no rights away, or whoever can ask could disarm everybody
by asking: there the target has no say in that one request only. Somebody is the target by Slack id, by the e-mail or
user name of the directory, or by the session of their AWS caller (`workers.domain.same_person`).
"""

from dataclasses import dataclass

from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.domain.revocation import ON_THE_LIST, Revocation, State, TargetRef
from workers.domain.same_person import is_target, names_of, names_typed
from workers.ports import RevocationStore

ABOUT_YOU = "This is about you, so you have no say in it. Another responder must act."

OPEN = frozenset({*ON_THE_LIST, State.RELEASING, State.WATCHED})
"""The states in which the target has no say in anything."""

UNSURE = (
    "Slack did not say in time who is a responder, so nothing was done. Try again in a few seconds. If it must be "
    "now: `python -m workers revoke USER_NAME --reason ...` at a terminal."
)


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Who asks, and what the settings let them do."""

    actor: Actor
    responder: bool = False
    approver: bool = False
    unsure: bool = False
    """Slack did not say who is in some user group, so they may have more rights than these."""


def may(store: RevocationStore, who: Authority, current: Revocation, *, approvers_too: bool = False) -> None:
    if not (who.responder or (approvers_too and who.approver)):
        raise Refused(
            UNSURE if who.unsure else "Only a responder can do this. Ask one; REVOKE_RESPONDERS names them."
        )
    not_barred(store, who, current)


def must_be_responder(store: RevocationStore, who: Authority, to: str = "revoke") -> None:
    if not who.responder:
        raise Refused(
            UNSURE if who.unsure else f"Only a responder can {to}. Ask one; REVOKE_RESPONDERS names them."
        )
    not_denied(store, who)


def not_barred(store: RevocationStore, who: Authority, current: Revocation) -> None:
    if is_target(who.actor, current):
        raise Refused(ABOUT_YOU)
    not_denied(store, who)


def not_self(who: Authority, target: TargetRef) -> None:
    """For a target who was just typed, and of whom there is no record yet."""
    if names_typed(target) & names_of(who.actor):
        raise Refused(ABOUT_YOU)


def not_denied(store: RevocationStore, who: Authority) -> None:
    """Whoever is denied, or watched, has no say in anything: their Slack account may be the attacker's."""
    states = {revocation.state for revocation in store.about(who.actor)} & OPEN
    if states == {State.WATCHED}:
        raise Refused(
            "You are off the Deny policy and still watched, so you have no say yet. Another responder must act."
        )
    if states:
        raise Refused("Your own access is revoked now, so you have no say here. Another responder must act.")


def is_denied(store: RevocationStore, actor: Actor) -> bool:
    """Whether a revocation of this actor is open, so that nothing they ask or approve counts."""
    return any(revocation.state in OPEN for revocation in store.about(actor))
