"""Somebody denied is kept so for longer."""

from dataclasses import replace
from datetime import datetime

from workers.domain import clearance
from workers.domain.errors import Refused
from workers.domain.revocation import Note, Revocation, State
from workers.domain.timing import Timing
from workers.ports import SHOW, Change, RevocationStore
from workers.service.intake.authority import Authority, may
from workers.service.intake.changing import changed_by
from workers.service.intake.outcome import outcome


def hold(
    store: RevocationStore,
    who: Authority,
    revocation_id: str,
    timing: Timing,
    *,
    until_released: bool = False,
) -> Revocation:
    """Keep the user denied one hold longer than now promised, or until people release. Never shortens."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        by_proof = current.state is State.RELEASING and not current.released_by
        if not current.on_the_list and not by_proof:
            raise Refused(f"There is nothing to hold: {outcome(current)}")
        changed = replace(clearance.unnoticed(current), hold_by=who.actor, held_at=now, proven_at=None)
        changed = replace(changed, state=State.DENIED) if by_proof else changed
        if until_released:
            changed = replace(
                changed,
                hold_open=True,
                held_because=f"{who.actor.name} holds them until two people release them.",
            )
        else:
            promised = clearance.promised_at(current, timing)
            base = max(filter(None, [now, current.hold_until, promised and promised - timing.margin]))
            because = current.held_because if current.hold_open else None
            changed = replace(changed, hold_until=base + timing.hold, held_because=because)
        changed = changed.noting(Note(kind="hold", at=now, detail=who.actor.name))
        return Change(record=changed, event="hold", actor=who.actor, wakes=(SHOW,))

    return changed_by(store, revocation_id, decide)
