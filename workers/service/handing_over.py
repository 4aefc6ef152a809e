"""What follows from a handoff: owners pass on, nobody who is asked is forgotten, and what is over is closed.

Level-triggered: the record says what is still to do. Nobody is denied or freed here.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import SlackAway, SlackRefused, UnknownRevocation, UnreadableRecord
from workers.domain.handoff import ESCALATE_AFTER, WAITS, Handoff, HandoffState, handoff_due
from workers.domain.revocation import Note, Revocation
from workers.domain.same_person import is_target, same_person
from workers.ports import SHOW, SHOW_HANDOFF, Change, ChangeOf, Decide, DecideOf
from workers.service import believing, handoff_telling, intake, writing
from workers.service.intake.authority import is_denied
from workers.service.one_by_one import alone
from workers.service.world import World

logger = logging.getLogger(__name__)

TRIES = 5

ASK_ABOUT_EVERY = timedelta(minutes=1)
"""So often Slack is asked whether somebody who is asked to take over is still there."""


def pass_on(world: World, handoff_id: str) -> None:
    """Make whoever accepted the owner of each revocation that is still the outgoing's. May run at any time, twice too."""
    if not _to_pass(world.handoffs.get(handoff_id)):
        return
    with world.store.lock(f"pass-on-{handoff_id}", wait=timedelta(0)) as lock:
        handoff = world.handoffs.get(handoff_id)
        if lock is None or not _to_pass(handoff):
            return
        left = {one: why for one in handoff.revocations if (why := _passed(world, handoff, one))}
        world.handoffs.change(handoff_id, _all_passed(left))


def keep(world: World) -> None:
    """One pass over the handoffs: pass on, drop what waits for nobody, remind, escalate, close, and show what is behind."""
    intake.one_offer_each(world.handoffs)
    open_ones = world.handoffs.open()
    for do in (pass_on, _let_go, _remind, _close, _catch_up, _miss):
        for handoff in open_ones:
            alone(do, world, handoff.id)


def _to_pass(handoff: Handoff) -> bool:
    return handoff.state is HandoffState.ACCEPTED and handoff.passed_at is None


def _passed(world: World, handoff: Handoff, revocation_id: str) -> str:
    """Pass one on; why it stays with whoever has it, empty where it has passed."""
    try:
        for _ in range(TRIES):
            current = believing.get(world, revocation_id)
            why = _stays(world, handoff, current)
            if why or _is_theirs(handoff, current):
                return why
            world.store.change(revocation_id, _handed_over(handoff, current))
    except (UnknownRevocation, UnreadableRecord) as error:
        logger.error("not_passed_on", extra={"revocation_id": revocation_id, "cause": str(error)})
        return "it cannot be read"
    return "its owner changed meanwhile"


def _is_theirs(handoff: Handoff, current: Revocation) -> bool:
    owner, next_ = current.owner, handoff.accepted_by
    return owner is not None and next_ is not None and same_person(owner, next_)


def _stays(world: World, handoff: Handoff, current: Revocation) -> str:
    """Why it does not pass, as half a sentence; empty where it does, or has."""
    owner, next_ = current.owner, handoff.accepted_by
    if current.ended:
        return "it has ended"
    if next_ is None or _is_theirs(handoff, current):
        return ""
    if owner is not None and not any(same_person(owner, one) for one in handoff.outgoing):
        return f"{owner.name or owner.id} owns it meanwhile"
    if is_target(next_, current) or is_denied(world.store, next_):
        stays = f", so {_name(owner)} stays the owner" if owner else ""
        return f"the access of {next_.name or next_.id} is revoked, or it is about them{stays}"
    return "it was passed on by this handoff before" if _passed_before(world, handoff, current) else ""


def _passed_before(world: World, handoff: Handoff, current: Revocation) -> bool:
    """The handoff's own log may have been put back; the revocation's says what it did."""
    return any(
        entry["event"] == "handed_over" and entry["detail"].get("handoff") == handoff.id
        for entry in world.store.log(current.id)
    )


def _handed_over(handoff: Handoff, seen: Revocation) -> Decide:
    """Only from the owner who was seen: somebody may take it in between."""

    def handed_over(current: Revocation, now: datetime) -> Change | None:
        owner, next_ = seen.owner, handoff.accepted_by
        if next_ is None or current.ended or current.owner != owner:
            return None
        by = f"by {owner.name or owner.id} in {handoff.id}" if owner else f"in {handoff.id}"
        changed = current.passed_to(next_, now).noting(Note(kind="handed_over", at=now, detail=by))
        detail = {"handoff": handoff.id, "from": owner.id if owner else None, "to": next_.id}
        return Change(record=changed, event="handed_over", actor=next_, detail=detail, wakes=(SHOW,))

    return handed_over


def _all_passed(left: Mapping[str, str]) -> DecideOf[Handoff]:
    """`left`: why, by the id of each that did not pass."""

    def all_passed(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
        if not _to_pass(current):
            return None
        changed = replace(current, passed_at=now)
        if left:
            why = "; ".join(f"{one}: {why}" for one, why in left.items())
            changed = changed.noting(Note(kind="passed", at=now, detail=f"{why}."))
        return _changed(changed, "passed", not_passed=dict(left))

    return all_passed


def _let_go(world: World, handoff_id: str) -> None:
    """What accepting would not pass is not offered any more: somebody else owns it, or whoever offered it is denied."""
    handoff = world.handoffs.get(handoff_id)
    if handoff.state not in WAITS:
        return
    if is_denied(world.store, by := handoff.offered_by):
        why = f"The access of {_name(by)}, who offered this, is revoked. /revoke handoff offers what is open anew."
        world.handoffs.change(handoff_id, _closed(why))
        return
    known = {one.id: one for one in _believed(world, handoff)}
    taken = {id_: one for id_, one in known.items() if not (one.ended or _passes(handoff, one))}
    if taken:
        world.handoffs.change(handoff_id, _narrowed(known, taken))


def _believed(world: World, handoff: Handoff) -> Iterator[Revocation]:
    for revocation_id in handoff.revocations:
        with suppress(UnknownRevocation, UnreadableRecord):
            yield believing.get(world, revocation_id)


def _passes(handoff: Handoff, revocation: Revocation) -> bool:
    owner = revocation.owner
    return owner is None or any(same_person(owner, one) for one in handoff.outgoing)


def _narrowed(known: Mapping[str, Revocation], taken: Mapping[str, Revocation]) -> DecideOf[Handoff]:
    """`known`: those of its own that can be read, of which others own the `taken`."""

    def narrowed(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
        gone = [known[one] for one in current.revocations if one in taken]
        if not gone or current.state not in WAITS:
            return None
        said = "; ".join(f"{one.id}: {_name(one.owner)} owns it now" for one in gone)
        left = tuple(one for one in current.revocations if one not in taken)
        if not left:
            return _closed(f"{said}.")(current, now)
        outgoing = tuple(one for one in current.outgoing if _still_owns(one, left, known))
        changed = replace(current, revocations=left, outgoing=outgoing)
        note = Note(kind="narrowed", at=now, detail=said)
        return _changed(changed.noting(note), "narrowed", gone=[one.id for one in gone])

    return narrowed


def _still_owns(person: Actor, left: Sequence[str], known: Mapping[str, Revocation]) -> bool:
    """One of these; in doubt they do."""
    owners = [known[one].owner if one in known else person for one in left]
    return any(owner is not None and same_person(owner, person) for owner in owners)


def _name(actor: Actor | None) -> str:
    return (actor.name or actor.id) if actor is not None else "nobody"


def _remind(world: World, handoff_id: str) -> None:
    world.handoffs.change(handoff_id, _reminded)


def _reminded(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
    """Once after a while, and once more, to all, where that did not help; after a long stop only the second."""
    due = handoff_due(current)
    if due is None or now < due:
        return None
    if now < current.offered_at + ESCALATE_AFTER:
        changed = replace(current, reminded_at=now).noting(Note(kind="reminder", at=now))
        return _changed(changed, "reminded")
    return _changed(_escalated(current, now), "escalated")


def _escalated(current: Handoff, now: datetime) -> Handoff:
    """From now on any responder may accept."""
    changed = replace(current, reminded_at=current.reminded_at or now, escalated_at=now)
    return changed.noting(Note(kind="escalated", at=now, broadcast=True))


def _close(world: World, handoff_id: str) -> None:
    """Nothing of it waits any more, and its thread was told how each ended."""
    handoff = world.handoffs.get(handoff_id)
    if handoff.ended or _to_pass(handoff):
        return
    newer = _newer(world, handoff)
    if all(one in newer or _over(world, one) for one in handoff.revocations):
        has_it = sorted({newer[one] for one in handoff.revocations if one in newer})
        why = f"{', '.join(has_it)} has what is still open." if has_it else "Nothing of it is open any more."
        world.handoffs.change(handoff_id, _closed(why))


def _newer(world: World, handoff: Handoff) -> Mapping[str, str]:
    """Which newer accepted handoff has which revocation."""
    since = (handoff.offered_at, handoff.id)
    accepted = [one for one in world.handoffs.open() if one.state is HandoffState.ACCEPTED]
    later = [one for one in accepted if (one.offered_at, one.id) > since]
    return {revocation_id: one.id for one in later for revocation_id in one.revocations}


def _over(world: World, revocation_id: str) -> bool:
    try:
        revocation = believing.get(world, revocation_id)
    except (UnknownRevocation, UnreadableRecord):
        return False
    return revocation.ended and not writing.for_slack(revocation.notes)


def _closed(why: str) -> DecideOf[Handoff]:
    def closed(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
        if current.ended or _to_pass(current):
            return None
        changed = replace(current, state=HandoffState.CLOSED)
        return _changed(changed.noting(Note(kind="closed", at=now, detail=why)), "closed")

    return closed


def _catch_up(world: World, handoff_id: str) -> None:
    handoff_telling.catch_up(world, world.handoffs.get(handoff_id))


def _miss(world: World, handoff_id: str) -> None:
    """Whoever is asked and cannot take it any more is not waited for."""
    handoff = world.handoffs.get(handoff_id)
    if handoff.state is not HandoffState.OFFERED:
        return
    gone = {one: why for one in handoff.asked if (why := _gone(world, handoff, one))}
    if gone:
        world.handoffs.change(handoff_id, _missed(gone))


def _gone(world: World, handoff: Handoff, slack_id: str) -> str:
    """Why they cannot take it, as a sentence; empty where they can, or Slack does not say."""
    actor = Actor(kind="slack", id=slack_id)
    denied = world.store.about(actor)
    if denied and is_denied(world.store, actor):
        return f"The access of {denied[0].who} is revoked now."
    if not world.store.first_sight(f"{handoff.id}-asks-{slack_id}", ASK_ABOUT_EVERY):
        return ""
    try:
        person = world.people.person(slack_id)
    except (SlackAway, SlackRefused) as error:
        logger.info("person_not_read", extra={"slack_id": slack_id, "cause": str(error)})
        return ""
    return f"{person.name} is deactivated in Slack." if person is not None and person.deleted else ""


def _missed(gone: Mapping[str, str]) -> DecideOf[Handoff]:
    """`gone`: why, by Slack id. Where nobody who is asked is left, it is open to all at once."""

    def missed(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
        left = tuple(one for one in current.incoming if one not in gone)
        if current.state is not HandoffState.OFFERED or left == current.incoming:
            return None
        changed = replace(current, incoming=left).noting(*_notes(gone, now))
        alone_now = not changed.asked and changed.escalated_at is None
        return _changed(_escalated(changed, now) if alone_now else changed, "incoming_gone", gone=dict(gone))

    return missed


def _notes(gone: Mapping[str, str], now: datetime) -> Iterator[Note]:
    for why in gone.values():
        yield Note(kind="incoming_gone", at=now, detail=why)


def _changed(handoff: Handoff, event: str, **detail: object) -> ChangeOf[Handoff]:
    return ChangeOf(record=handoff, event=event, actor=SYSTEM, detail=detail, wakes=(SHOW_HANDOFF,))
