"""Somebody becomes the owner of an open revocation."""

from datetime import datetime

from workers.domain.errors import Refused
from workers.domain.revocation import Note, Revocation
from workers.domain.same_person import same_person
from workers.ports import SHOW, Change, RevocationStore
from workers.service.intake.authority import Authority, may
from workers.service.intake.outcome import outcome


def own(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """Become the owner, at once and without asking whoever was. May run twice."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        may(store, who, current)
        if current.ended:
            raise Refused(f"There is nothing to own: {outcome(current)}")
        before = current.owner
        if before is not None and same_person(before, who.actor):
            return None
        name = (before.name or before.id) if before is not None else ""
        changed = current.passed_to(who.actor, now).noting(Note(kind="owned", at=now, detail=name))
        detail = {"before": before.id if before is not None else None}
        return Change(record=changed, event="owned", actor=who.actor, detail=detail, wakes=(SHOW,))

    return store.change(revocation_id, decide) or store.get(revocation_id)
