"""Begin a handoff: open revocations are offered to whoever is next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from workers.domain.actor import Actor
from workers.domain.handoff import Handoff, HandoffState, Remark
from workers.domain.revocation import Note, Revocation
from workers.ports import SHOW_HANDOFF, ChangeOf, DecideOf, HandoffStore


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
    """Offer them, in the place of every older offer of the same; what exactly this offers already stands. May run twice."""
    held = sorted(revocations, key=lambda one: (one.requested_at, one.id))
    ids = tuple(one.id for one in held)
    outgoing = tuple(dict.fromkeys(one.owner for one in held if one.owner is not None))

    def offered(handoff_id: str, now: datetime) -> ChangeOf[Handoff]:
        made = Handoff(
            id=handoff_id,
            revocations=ids,
            outgoing=outgoing,
            incoming=tuple(incoming),
            offered_by=by,
            offered_at=now,
            because=because,
            channel=channel,
            remarks=(Remark(by=by, at=now, text=note),) if note else (),
            notes=(Note(kind="offered", at=now),),
        )
        return ChangeOf(record=made, event="offered", actor=by, wakes=(SHOW_HANDOFF,))

    wanted = (ids, outgoing, tuple(incoming))
    found = None if note else _standing(handoffs, wanted)
    made = found or handoffs.create(offered)
    for other in handoffs.open():
        if other.state is HandoffState.OFFERED and _age(other) < _age(made):
            handoffs.change(other.id, _narrowed(made, by))
    return made


def _standing(handoffs: HandoffStore, wanted: object) -> Handoff | None:
    offered = (one for one in handoffs.open() if one.state is HandoffState.OFFERED)
    return next((one for one in offered if (one.revocations, one.outgoing, one.incoming) == wanted), None)


def _age(handoff: Handoff) -> tuple[datetime, str]:
    return handoff.offered_at, handoff.id


def _narrowed(newer: Handoff, by: Actor) -> DecideOf[Handoff]:
    def narrowed(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
        left = tuple(one for one in current.revocations if one not in newer.revocations)
        if current.state is not HandoffState.OFFERED or left == current.revocations:
            return None
        changed = replace(current, revocations=left)
        if not left:
            changed = replace(changed, state=HandoffState.REPLACED, replaced_by=newer.id)
            changed = changed.noting(Note(kind="replaced", at=now))
        return ChangeOf(record=changed, event="narrowed", actor=by, wakes=(SHOW_HANDOFF,))

    return narrowed
