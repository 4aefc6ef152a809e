"""A handoff is accepted, declined or remarked on. Nothing here frees or denies anybody."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from workers.cards.text import mention, mentions
from workers.domain.actor import Actor
from workers.domain.errors import Refused, UnknownRevocation, UnreadableRecord
from workers.domain.handoff import Declined, Handoff, HandoffState, Remark
from workers.domain.revocation import Note, Revocation
from workers.domain.same_person import is_target, same_person
from workers.ports import SHOW_HANDOFF, ChangeOf, HandoffStore, Job, RevocationStore, Wake
from workers.service.intake.authority import ABOUT_YOU, OPEN, UNSURE, Authority, is_denied, not_denied
from workers.service.intake.handing_over import (
    fitting,
    offered,
    one_offer_each,
    owned_by,
    when,
)

PASS_ON = Wake(Job.PASS_ON)


def accept(store: RevocationStore, handoffs: HandoffStore, who: Authority, handoff_id: str) -> Handoff:
    """Take all of it: `who` is the owner as soon as the worker has passed each one.

    Whoever is asked may, and any responder once it is open to all; also after they declined, while the outgoing are owners
    still. May run twice; whoever comes second hears who has it.
    """

    def decide(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
        passed = _passed(store, current)
        _no_target(store, who, passed)
        if current.state is HandoffState.ACCEPTED and _is(current.accepted_by, who):
            return None
        _must_wait(current)
        if is_denied(store, current.offered_by):
            by = mention(current.offered_by)
            raise Refused(f"The access of {by}, who offered {current.id}, is revoked, so it counts no more.")
        if who.actor.id not in current.incoming and not (current.open_to_all and who.responder):
            raise Refused(_not_asked(current, who))
        _must_pass_something(current, passed, who)
        _must_be_newest(handoffs, current)
        changed = replace(current, state=HandoffState.ACCEPTED, accepted_by=who.actor, accepted_at=now)
        declined = any(same_person(one.by, who.actor) for one in current.declined)
        after = "They had declined it before." if declined else ""
        changed = changed.noting(Note(kind="accepted", at=now, detail=after))
        detail = {"after_decline": declined}
        return ChangeOf(
            record=changed, event="accepted", actor=who.actor, detail=detail, wakes=(PASS_ON, SHOW_HANDOFF)
        )

    one_offer_each(handoffs)
    return handoffs.change(handoff_id, decide) or handoffs.get(handoff_id)


def offers_to(handoffs: HandoffStore, who: Authority) -> list[Handoff]:
    """What waits for `who` to accept, the newest first."""
    return [
        one
        for one in offered(handoffs)
        if _may_take(one, who) and not any(same_person(out, who.actor) for out in one.outgoing)
    ]


def _may_take(handoff: Handoff, who: Authority) -> bool:
    return who.actor.id in handoff.asked or (handoff.open_to_all and who.responder)


def _passed(store: RevocationStore, handoff: Handoff) -> list[Revocation]:
    """What it passes on, as it is now; what cannot be read is left out, and passes to nobody."""
    return list(_readable(store, handoff.revocations))


def _readable(store: RevocationStore, ids: Sequence[str]) -> Iterator[Revocation]:
    for revocation_id in ids:
        try:
            yield store.get(revocation_id)
        except (UnknownRevocation, UnreadableRecord):
            continue


def _no_target(store: RevocationStore, who: Authority, passed: Sequence[Revocation]) -> None:
    if any(is_target(who.actor, revocation) for revocation in passed):
        raise Refused(ABOUT_YOU)
    not_denied(store, who)


def _is(one: Actor | None, who: Authority) -> bool:
    return one is not None and same_person(one, who.actor)


def _must_wait(current: Handoff, *, returned_too: bool = True) -> None:
    """Raises Refused where nobody can accept it any more, with what became of it."""
    match current.state:
        case HandoffState.ACCEPTED:
            raise Refused(f"Nothing changed: {_accepted(current)}")
        case HandoffState.REPLACED:
            raise Refused(f"{current.id} was replaced by {current.replaced_by}: look there.")
        case HandoffState.CLOSED:
            raise Refused(f"{current.id} is closed. `/revoke list` shows what is open, and whose it is.")
        case HandoffState.RETURNED if not returned_too:
            raise Refused(f"{current.id} went back already: everybody who was asked declined.")


def _accepted(current: Handoff) -> str:
    at = f" at {current.accepted_at:%H:%M:%S} UTC" if current.accepted_at else ""
    return f"{mention(current.accepted_by)} accepted {current.id}{at} and has it."


def _not_asked(current: Handoff, who: Authority) -> str:
    if who.unsure and current.open_to_all:
        return UNSURE
    if current.open_to_all:
        return f"Only a responder can accept {current.id}. Ask one; REVOKE_RESPONDERS names them."
    return (
        f"{current.id} was offered to {mentions(current.incoming)}, so one of them must accept it. If it must be you: "
        "`/revoke own R-...` makes a responder the owner at once."
    )


def _must_pass_something(current: Handoff, passed: Sequence[Revocation], who: Authority) -> None:
    """Raises Refused where accepting would change no owner: what has another owner by now stays theirs."""
    open_ones = [revocation for revocation in passed if revocation.state in OPEN]
    if not open_ones:
        raise Refused(f"Nothing that {current.id} passes on is open any more, so there is nothing to accept.")
    waiting = [one for one in open_ones if one.owner is None or owned_by(one, current.outgoing)]
    if not waiting:
        owners = ", ".join(dict.fromkeys(mention(one.owner) for one in open_ones))
        raise Refused(f"Since {current.id} was offered the owner changed: it is {owners} now.")
    if all(owned_by(one, (who.actor,)) for one in waiting):
        raise Refused(f"You own what {current.id} passes on, so somebody else must accept it.")


def _must_be_newest(handoffs: HandoffStore, current: Handoff) -> None:
    """One that went back may have been offered to somebody else since."""
    ours = set(current.revocations)
    for other in offered(handoffs):
        if when(other) > when(current) and ours & set(other.revocations):
            raise Refused(f"{other.id} is newer and offers the same: look there.")


def decline(
    store: RevocationStore, handoffs: HandoffStore, who: Authority, handoff_id: str, reason: str
) -> Handoff:
    """Say no, with the reason. Once everybody who was asked did, it goes back to the outgoing."""

    def decide(current: Handoff, now: datetime) -> ChangeOf[Handoff]:
        may_decline(store, who, current)
        said = _required(reason, "Why not? The reason goes to whoever hands over.")
        changed = replace(current, declined=(*current.declined, Declined(by=who.actor, at=now, reason=said)))
        state = HandoffState.OFFERED if changed.asked else HandoffState.RETURNED
        note = Note(kind="declined" if changed.asked else "returned", at=now, detail=said)
        changed = replace(changed, state=state).noting(note)
        detail = {"reason": said}
        return ChangeOf(
            record=changed, event=note.kind, actor=who.actor, detail=detail, wakes=(SHOW_HANDOFF,)
        )

    changed = handoffs.change(handoff_id, decide)
    assert changed is not None
    return changed


def may_decline(store: RevocationStore, who: Authority, current: Handoff) -> None:
    """Raises Refused where `who` has nothing to decline, whatever the reason."""
    _no_target(store, who, _passed(store, current))
    if current.state is HandoffState.ACCEPTED and _is(current.accepted_by, who):
        raise Refused(f"You accepted {current.id} already, so hand it over: `/revoke handoff @next why`.")
    for one in current.declined:
        if same_person(one.by, who.actor):
            raise Refused(f"You declined {current.id} already, at {one.at:%H:%M:%S} UTC.")
    _must_wait(current, returned_too=False)
    if not current.incoming:
        raise Refused(f"{current.id} asks nobody by name, so there is nothing to decline.")
    if who.actor.id not in current.incoming:
        raise Refused(
            f"{current.id} was offered to {mentions(current.incoming)}, so only they can decline it."
        )


def remark(
    store: RevocationStore, handoffs: HandoffStore, who: Authority, handoff_id: str, text: str
) -> Handoff:
    """Leave a note for whoever is next. The outgoing may, and any responder; the same note again changes nothing."""

    def decide(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
        may_remark(store, who, current)
        said = _required(text, "What should they know? Write a sentence.")
        if any((one.by, one.text) == (who.actor, said) for one in current.remarks):
            return None
        changed = replace(current, remarks=(*current.remarks, Remark(by=who.actor, at=now, text=said)))
        changed = changed.noting(Note(kind="remark", at=now, detail=said))
        return ChangeOf(record=changed, event="remark", actor=who.actor, wakes=(SHOW_HANDOFF,))

    return handoffs.change(handoff_id, decide) or handoffs.get(handoff_id)


def may_remark(store: RevocationStore, who: Authority, current: Handoff) -> None:
    """Raises Refused where `who` cannot leave a note there, whatever it says."""
    _no_target(store, who, _passed(store, current))
    if not (who.responder or any(same_person(one, who.actor) for one in current.outgoing)):
        raise Refused(UNSURE if who.unsure else "Only a responder, or whoever hands over, can leave a note.")
    if current.state in (HandoffState.REPLACED, HandoffState.CLOSED):
        _must_wait(current)


def _required(text: str, otherwise: str) -> str:
    if not (said := fitting(text)):
        raise Refused(otherwise)
    return said
