"""Open revocations are offered to whoever is next. Until somebody accepts, the outgoing stay owners."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from workers.cards.text import inert, mention
from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import Refused
from workers.domain.handoff import NOTE_LIMIT, WAITS, Handoff, HandoffState, Remark
from workers.domain.revocation import Note, Revocation
from workers.domain.same_person import same_person
from workers.ports import SHOW_HANDOFF, ChangeOf, DecideOf, HandoffStore, RevocationStore
from workers.service.intake.authority import OPEN, Authority, is_denied, may, must_be_responder
from workers.service.intake.outcome import outcome

MOST_ASKED = 10

_PERSON = re.compile(r"[UW][A-Z0-9]{2,}")


def offer(
    store: RevocationStore,
    handoffs: HandoffStore,
    who: Authority,
    incoming: Sequence[str],
    note: str,
    *,
    channel: str,
    only: str | None = None,
) -> Handoff:
    """Offer what `who` owns, else all that is open, to whoever of `incoming` accepts first; nobody named: any responder.

    `only`: that one revocation, whoever owns it. May run twice: the same offer again is the one that stands.
    """
    must_be_responder(store, who, "hand over")
    passed = _to_pass(store, who, only)
    return begin_handoff(
        handoffs,
        passed,
        by=who.actor,
        incoming=_asked(store, who, incoming, passed),
        note=fitting(note),
        channel=channel,
    )


def _to_pass(store: RevocationStore, who: Authority, only: str | None) -> list[Revocation]:
    """None of it is about `who`: whoever is denied or watched was refused already."""
    if only is not None:
        current = store.get(only)
        may_hand_over(store, who, current)
        return [current]
    open_ones = [revocation for revocation in store.open() if revocation.state in OPEN]
    if not open_ones:
        raise Refused("Nothing is open that could be handed over. `/revoke list` shows what waits.")
    return [one for one in open_ones if owned_by(one, (who.actor,))] or open_ones


def may_hand_over(store: RevocationStore, who: Authority, current: Revocation) -> None:
    """Raises Refused where `who` cannot hand this one over, whomever they would ask."""
    may(store, who, current)
    if current.state not in OPEN:
        raise Refused(f"There is nothing to hand over: {outcome(current)}")


def owned_by(revocation: Revocation, people: Sequence[Actor]) -> bool:
    """Whether one of these people is its owner."""
    owner = revocation.owner
    return owner is not None and any(same_person(owner, one) for one in people)


def _asked(
    store: RevocationStore, who: Authority, incoming: Sequence[str], passed: Sequence[Revocation]
) -> tuple[str, ...]:
    others = [one for one in dict.fromkeys(incoming) if one != who.actor.id]
    if incoming and not others:
        raise Refused(
            "You cannot hand over to yourself. `/revoke own R-...` makes you the owner; name somebody else, or nobody: then "
            "any responder may accept."
        )
    if len(others) > MOST_ASKED:
        raise Refused(f"Name {MOST_ASKED} people at most, or nobody: then any responder may accept.")
    for one in others:
        if _PERSON.fullmatch(one) is None:
            raise Refused(f"{inert(one, 60)} is nobody in Slack. Pick the name from Slack's list.")
        can_be_asked(store, Actor(kind="slack", id=one))
        _would_gain(Actor(kind="slack", id=one), passed)
    return tuple(others)


def _would_gain(actor: Actor, passed: Sequence[Revocation]) -> None:
    """Raises Refused where all of it is theirs already: they could not accept it."""
    if all(owned_by(revocation, (actor,)) for revocation in passed):
        raise Refused(f"{mention(actor)} is the owner of all of it already. Name somebody else, or nobody.")


def can_be_asked(store: RevocationStore, actor: Actor) -> None:
    """Raises Refused where a revocation of their own is open: what they accept would not count."""
    if is_denied(store, actor):
        raise Refused(f"{mention(actor)} has an open revocation of their own, so nothing can pass to them.")


def fitting(text: str) -> str:
    """The note without the spaces around it; raises Refused where it is too long."""
    kept = text.strip()
    if len(kept) > NOTE_LIMIT:
        raise Refused(f"That has {len(kept)} characters and {NOTE_LIMIT} fit: cut it short.")
    return kept


def begin_handoff(
    handoffs: HandoffStore,
    revocations: Sequence[Revocation],
    *,
    by: Actor,
    incoming: Sequence[str],
    note: str = "",
    because: str = "",
    channel: str,
) -> Handoff:
    """The record of an offer, which takes these revocations from every older offer. Whoever may is not asked here.

    May run twice: where the same is offered already, and no new note is left, that one is returned.
    """
    passed = sorted(revocations, key=lambda revocation: (revocation.requested_at, revocation.id))
    wanted = Handoff(
        id="",
        revocations=tuple(revocation.id for revocation in passed),
        outgoing=tuple({one.owner.id: one.owner for one in passed if one.owner is not None}.values()),
        incoming=tuple(incoming),
        offered_by=by,
        offered_at=handoffs.now(),
        because=because,
        channel=channel,
    )
    same = next((one for one in offered(handoffs) if _same(one, wanted, by, note)), None)
    wanted = replace(wanted, remarks=_left_before(handoffs, wanted))
    made = same or handoffs.create(lambda fresh, now: _begun(replace(wanted, id=fresh), by, note, now))
    one_offer_each(handoffs)
    return made


def _left_before(handoffs: HandoffStore, wanted: Handoff) -> tuple[Remark, ...]:
    """The notes of what was offered before, declined or not: whoever is next must read them, whoever offers."""
    ours = set(wanted.revocations)
    older = [one for one in handoffs.open() if one.state in WAITS and ours & set(one.revocations)]
    return tuple(sorted({r for one in older for r in one.remarks}, key=lambda remark: remark.at))


def offered(handoffs: HandoffStore) -> list[Handoff]:
    """What waits for somebody to accept, the newest first."""
    waiting = (one for one in handoffs.open() if one.state is HandoffState.OFFERED)
    return sorted(waiting, key=when, reverse=True)


def when(handoff: Handoff) -> tuple[datetime, str]:
    """What tells which of two is newer."""
    return handoff.offered_at, handoff.id


def _same(one: Handoff, wanted: Handoff, by: Actor, note: str) -> bool:
    known = not note or any((remark.by, remark.text) == (by, note) for remark in one.remarks)
    return known and _passes(one) == _passes(wanted)


def _passes(handoff: Handoff) -> tuple[frozenset[str], ...]:
    """What, from whom and to whom."""
    outgoing = frozenset(one.id for one in handoff.outgoing)
    return frozenset(handoff.revocations), outgoing, frozenset(handoff.incoming)


def _begun(wanted: Handoff, by: Actor, note: str, now: datetime) -> ChangeOf[Handoff]:
    remarks = (Remark(by=by, at=now, text=note),) if note else ()
    made = replace(wanted, offered_at=now, remarks=(*wanted.remarks, *remarks)).noting(
        Note(kind="offered", at=now)
    )
    detail = {"revocations": list(made.revocations), "incoming": list(made.incoming)}
    return ChangeOf(record=made, event="offered", actor=by, detail=detail, wakes=(SHOW_HANDOFF,))


def one_offer_each(handoffs: HandoffStore) -> None:
    """No revocation waits in two offers: the newest has it. Level-triggered, so two that begin at once end as one."""
    newest = dict[str, str]()
    for one in offered(handoffs):
        if any(revocation_id in newest for revocation_id in one.revocations):
            handoffs.change(one.id, _narrowed(newest))
        newest = dict.fromkeys(one.revocations, one.id) | newest


def _narrowed(newest: Mapping[str, str]) -> DecideOf[Handoff]:
    def decide(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
        gone = [one for one in current.revocations if one in newest]
        left = tuple(one for one in current.revocations if one not in newest)
        if current.state is not HandoffState.OFFERED or not gone:
            return None
        by = newest[gone[0]]
        detail = {"gone": gone, "to": by}
        if left:
            changed = replace(current, revocations=left)
            return ChangeOf(
                record=changed, event="narrowed", actor=SYSTEM, detail=detail, wakes=(SHOW_HANDOFF,)
            )
        changed = replace(current, state=HandoffState.REPLACED, replaced_by=by)
        changed = changed.noting(Note(kind="replaced", at=now, detail=by))
        return ChangeOf(record=changed, event="replaced", actor=SYSTEM, detail=detail, wakes=(SHOW_HANDOFF,))

    return decide
