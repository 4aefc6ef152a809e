"""Who may ask for what. Whoever is the target, or is denied now, has no say."""

from dataclasses import dataclass

from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.domain.revocation import Revocation, State
from workers.domain.same_person import is_target
from workers.ports import RevocationStore

ABOUT_YOU = "This is about you, so you have no say in it. Another responder must act."


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Who asks, and what the settings let them do."""

    actor: Actor
    responder: bool = False
    approver: bool = False


def may(store: RevocationStore, who: Authority, current: Revocation, *, approvers_too: bool = False) -> None:
    if not (who.responder or (approvers_too and who.approver)):
        raise Refused("Only a responder can do this. Ask one; REVOKE_RESPONDERS names them.")
    not_barred(store, who, current)


def must_be_responder(store: RevocationStore, who: Authority) -> None:
    if not who.responder:
        raise Refused("Only a responder can revoke. Ask one; REVOKE_RESPONDERS names them.")
    not_denied(store, who)


def not_barred(store: RevocationStore, who: Authority, current: Revocation) -> None:
    if is_target(who.actor, current):
        raise Refused(ABOUT_YOU)
    not_denied(store, who)


def not_self(who: Authority, slack_id: str | None) -> None:
    if slack_id is not None and who.actor.id == slack_id:
        raise Refused(ABOUT_YOU)


def not_denied(store: RevocationStore, who: Authority) -> None:
    """Whoever is denied now has no say in anything: their Slack account may be the attacker's."""
    if is_denied(store, who.actor):
        raise Refused("Your own access is revoked now, so you have no say here. Another responder must act.")


def is_denied(store: RevocationStore, actor: Actor) -> bool:
    candidates = store.about(actor.id) if actor.kind == "slack" else store.open()
    return any(is_target(actor, r) for r in candidates if r.on_the_list or r.state is State.RELEASING)
