"""What a revoked responder did, on the card of their own revocation: what can be done against it, and what was."""

from dataclasses import replace
from datetime import datetime

from workers.domain.actor import SYSTEM
from workers.domain.errors import UnknownRevocation, UnreadableRecord
from workers.domain.revocation import Act, Revocation
from workers.domain.same_person import is_target
from workers.domain.step import Kind
from workers.ports import SHOW, Change, RevocationStore
from workers.service.intake.authority import Authority
from workers.service.intake.denying_again import OFF_AGAIN, denying
from workers.service.intake.stepping import attested


def undone(
    store: RevocationStore, who: Authority, revocation_id: str, other_id: str, kind: Kind | None
) -> None:
    """Say on the card of `revocation_id` who undid what its target did in `other_id`. `kind`: an attestation of it.

    Call it after the undoing. May run twice; if it never runs, `look_again` shows at least that nothing is left to undo.
    """

    def decide(current: Revocation, now: datetime) -> Change | None:
        acts = tuple(
            replace(act, undone_by=who.actor) if _is_meant(act, other_id, kind) else act
            for act in current.acts
        )
        changed = as_they_stand(store, replace(current, acts=acts))
        if changed == current:
            return None
        detail = {"other": other_id, "step": kind.value if kind else None}
        return Change(record=changed, event="act_undone", actor=who.actor, detail=detail, wakes=(SHOW,))

    store.change(revocation_id, decide)


def _is_meant(act: Act, other_id: str, kind: Kind | None) -> bool:
    wanted = "deny_again" if kind is None else "undo_attest"
    return act.revocation_id == other_id and act.undo == wanted and kind in (None, act.kind)


def look_again(store: RevocationStore, revocation_id: str) -> None:
    """Bring what can be undone up to the other records. Changes nothing where that is as it was."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        changed = as_they_stand(store, current)
        if changed == current:
            return None
        return Change(record=changed, event="acts_read", actor=SYSTEM, wakes=(SHOW,))

    store.change(revocation_id, decide)


def as_they_stand(store: RevocationStore, current: Revocation) -> Revocation:
    """The same record, in which each act says what can be done against it now."""
    return replace(current, acts=tuple(_as_it_stands(store, current, act) for act in current.acts))


def _as_it_stands(store: RevocationStore, current: Revocation, act: Act) -> Act:
    try:
        other = store.get(act.revocation_id)
    except (UnknownRevocation, UnreadableRecord):
        return replace(act, undo=None)
    if _stands(current, other, act):
        return replace(act, undo="undo_attest")
    return replace(act, undo="deny_again" if _off(store, other) else None)


def _stands(current: Revocation, other: Revocation, act: Act) -> bool:
    """Whether the word of `current`'s target still counts in `other`, whose end is open."""
    step = attested(other, act.kind) if act.did == "attested" and not other.ended else None
    return step is not None and step.attested is not None and is_target(step.attested.by, current)


def _off(store: RevocationStore, other: Revocation) -> bool:
    """Whether the other user is off the list, and nobody denies them anew."""
    if other.user is None or other.state not in OFF_AGAIN:
        return False
    return denying(store, other.user.user_id) is None
