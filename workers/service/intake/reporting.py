"""A report is asked for: a wish in the record, which the workers carry out where its card is."""

from datetime import datetime

from workers.domain.revocation import Note, Revocation
from workers.ports import SHOW, Change, RevocationStore
from workers.service.intake.authority import Authority, may


def ask_report(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The summary and the two files come into the thread. May run twice: while one is on its way, it is that one.

    Responders and approvers, and nobody about themself. Raises Refused.
    """

    def decide(current: Revocation, now: datetime) -> Change | None:
        may(store, who, current, approvers_too=True)
        if any(note.kind == "report" for note in current.notes):
            return None
        wished = current.noting(
            Note(kind="report", at=now, detail=who.actor.id), Note(kind="report_files", at=now)
        )
        return Change(record=wished, event="report_asked", actor=who.actor, wakes=(SHOW,))

    return store.change(revocation_id, decide) or store.get(revocation_id)
