"""What was read from the Deny policy goes into the records: written, missing, taken off."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from workers.domain import clearance, follow_ups
from workers.domain.actor import SYSTEM
from workers.domain.deny_document import DenyDocument
from workers.domain.deny_plan import DenyPlan, user_id_of
from workers.domain.revocation import Note, Revocation, State, Trouble
from workers.ports import SHOW, Change, Decide, Job, Wake
from workers.service import believing
from workers.service.world import World


def settle(
    world: World,
    wants: DenyPlan,
    records: Iterable[Revocation],
    document: DenyDocument,
    request_id: str | None,
    aws_time: datetime | None,
) -> list[Revocation]:
    """Put into the records what was read back; returns those that changed. `records`: all that are believed."""
    changed = list[Revocation | None]()
    for revocation in wants.must:
        news = revocation.state is State.CONFIRMED or revocation.trouble or revocation in wants.missing
        if news and user_id_of(revocation) in document.user_ids:
            changed.append(believing.change(world, revocation.id, _written(world, request_id, aws_time)))
    for revocation in records:
        if revocation.state is not State.RELEASING:
            continue
        if user_id_of(revocation) in wants.wanted:
            changed.append(believing.change(world, revocation.id, _overtaken))
        elif user_id_of(revocation) not in document.user_ids:
            changed.append(believing.change(world, revocation.id, _taken_off(world, request_id)))
    return [revocation for revocation in changed if revocation is not None]


def _overtaken(current: Revocation, now: datetime) -> Change | None:
    """Somebody denied the user anew before this one had taken them off."""
    if current.state is not State.RELEASING:
        return None
    why = f"{current.who} was denied anew meanwhile, so this one has nothing left to take off."
    changed = replace(current, state=State.CLOSED, refused_because=why, trouble=None)
    return Change(record=changed, event="overtaken", actor=SYSTEM, wakes=(SHOW,))


def _written(world: World, request_id: str | None, aws_time: datetime | None) -> Decide:
    def written(current: Revocation, now: datetime) -> Change | None:
        if not current.on_the_list or (current.state is State.DENIED and current.trouble is None):
            return None
        first = current.written_at is None
        was_off = current.trouble is not None and current.trouble.code in ("removed", "missing")
        changed = replace(
            current,
            state=State.DENIED,
            # By the later of two clocks: if one is behind, the 12 hours must not begin before they did.
            written_at=current.written_at or max(now, aws_time or now),
            policy_id=world.policy.policy_id,
            request_id=request_id or current.request_id,
            trouble=None,
            next_read_at=now,
            notes=tuple(note for note in current.notes if note.kind != "not_denied"),
        )
        if first and not current.adopted:
            changed = follow_ups.begun(changed, world.rules, now)
        if first or was_off:
            changed = changed.noting(Note(kind="denied" if first else "denied_again", at=now, broadcast=True))
        if first:
            changed = changed.noting(*_residuals(changed, now))
        due = clearance.next_step_at(changed, world.rules.timing)
        after = (Job.READ_REACH, Job.FOLLOW_UP, Job.LOOK_BACK, Job.STAND_DOWN)
        wakes = (SHOW, *(Wake(job) for job in after), *([Wake(Job.CLEAN_UP, due)] if due else []))
        detail = {"request_id": request_id, "recovered": request_id is None}
        return Change(record=changed, event="written", actor=SYSTEM, detail=detail, wakes=wakes)

    return written


def _residuals(revocation: Revocation, now: datetime) -> Iterator[Note]:
    """What the deny leaves; where the target reads along, it is told to the requester alone."""
    asker = revocation.requested_by
    if not revocation.channel_shared:
        yield Note(kind="residuals", at=now)
    elif asker.kind == "slack":
        yield Note(kind="residuals", at=now, to=asker.id)


def _taken_off(world: World, request_id: str | None) -> Decide:
    def taken_off(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.RELEASING:
            return None
        by_people = bool(current.released_by)
        changed = replace(
            current,
            state=State.RELEASED if by_people else State.WATCHED,
            off_at=now,
            trouble=None,
            request_id=request_id or current.request_id,
            next_read_at=now + world.rules.timing.read_again,
        )
        changed = changed.noting(Note(kind="off", at=now, broadcast=True))
        if changed.drill:
            changed = changed.noting(Note(kind="drill_done", at=now))
        return Change(
            record=changed,
            event="taken_off",
            actor=SYSTEM,
            detail={"request_id": request_id},
            wakes=(SHOW,),
        )

    return taken_off


def say_missing(world: World, wants: DenyPlan, fresh: bool) -> None:
    """Our ID was taken off by somebody else: recorded and told before it is put back."""
    for revocation in wants.missing if fresh else ():
        believing.change(world, revocation.id, _missing)


def _missing(current: Revocation, now: datetime) -> Change | None:
    if current.state is not State.DENIED or current.trouble:
        return None
    why = "Its user ID was taken off the Deny policy by somebody else. It is being put back."
    changed = replace(current, trouble=Trouble(code="removed", sentence=why, since=now))
    changed = changed.noting(
        Note(kind="removed_by_hand", at=now, broadcast=True), Note(kind="removed_by_hand", at=now, alarm=True)
    )
    return Change(record=changed, event="found_missing", actor=SYSTEM, wakes=(SHOW,))
