"""A protected user was contained by one person; a second looks at it, or is called louder. Denied all the while."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from workers.domain import ratification
from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import Refused
from workers.domain.revocation import Note, Ratification, Revocation
from workers.domain.same_person import same_person
from workers.ports import SHOW, Change, RevocationStore
from workers.service.intake.authority import Authority, not_barred
from workers.service.intake.changing import changed_by
from workers.service.intake.outcome import named, outcome


def ratify(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The second person's yes: an approver or a responder, never who confirmed, never the target, nor one denied now."""

    def decide(current: Revocation, now: datetime) -> Change:
        not_barred(store, who, current)
        if not (who.approver or who.responder):
            raise Refused("Only an approver or a responder can ratify this. The card names who can.")
        asked = _waiting(current)
        confirmer = current.confirmed_by or current.requested_by
        if same_person(confirmer, who.actor):
            raise Refused("You confirmed it yourself; another approver or responder must ratify it.")
        changed = replace(current, ratification=replace(asked, ratified_by=who.actor, ratified_at=now))
        changed = changed.noting(*_told(confirmer, who.actor, now))
        return Change(record=changed, event="ratified", actor=who.actor, wakes=(SHOW,))

    return changed_by(store, revocation_id, decide)


def _waiting(current: Revocation) -> Ratification:
    asked = current.ratification
    if asked is not None and asked.ratified_at is not None:
        raise Refused(f"{named(asked.ratified_by)} ratified it at {asked.ratified_at:%H:%M:%S} UTC.")
    if asked is None or not ratification.waits(current):
        raise Refused(f"Nothing waits to be ratified in {current.id}: {outcome(current)}")
    return asked


def _told(confirmer: Actor, by: Actor, now: datetime) -> Iterator[Note]:
    """Who sits at a terminal cannot be told from who clicks in Slack, so such a yes is as loud as break-glass."""
    yield Note(kind="ratified", at=now, detail=by.name or by.id)
    if "terminal" in (confirmer.kind, by.kind):
        names = f"{confirmer.name} and {by.name}"
        yield Note(kind="terminal_vote", at=now, broadcast=True, detail=names)
        yield Note(kind="terminal_vote", at=now, alarm=True, detail=names)


def escalate(store: RevocationStore, revocation_id: str) -> None:
    """Call responders and approvers, once, where nobody ratified in time. Does nothing to any other record."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        at = ratification.escalates_at(current)
        if at is None or now < at or current.ratification is None:
            return None
        changed = replace(current, ratification=replace(current.ratification, escalated_at=now))
        changed = changed.noting(
            Note(kind="ratify_escalated", at=now, broadcast=True),
            Note(kind="ratify_escalated", at=now, alarm=True),
        )
        return Change(record=changed, event="ratify_escalated", actor=SYSTEM, wakes=(SHOW,))

    store.change(revocation_id, decide)
