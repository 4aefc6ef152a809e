"""The follow-ups begin: planned, the snapshot taken, started when their time has come, each woken by its own job."""

from dataclasses import replace
from datetime import datetime

from workers.domain import follow_ups
from workers.domain.actor import SYSTEM
from workers.domain.due import JOB_LATE
from workers.domain.revocation import Note, Revocation, State
from workers.domain.step import Kind
from workers.ports import SHOW, Change, Decide, Job, Wake
from workers.service.follow_ups import snapshot
from workers.service.world import World

JOB_OF = {
    Kind.ASSIGNMENTS: Job.REMOVE_ASSIGNMENTS,
    Kind.MEMBERSHIPS: Job.REMOVE_MEMBERSHIPS,
    Kind.APPLICATIONS: Job.REMOVE_APPLICATIONS,
    Kind.ENTITLEMENTS: Job.REMOVE_ENTITLEMENTS,
    Kind.SIGN_IN: Job.DISABLE_SIGN_IN,
}


def follow_up(world: World, revocation_id: str) -> None:
    """Do what is due for the follow-ups as a whole. May run at any time, and any number of times."""
    revocation = world.store.get(revocation_id)
    if not revocation.on_the_list or revocation.user is None:
        return
    world.store.change(revocation_id, _begun(world))
    if not world.store.get(revocation_id).steps:
        return
    snapshot.take(world, revocation_id)
    world.store.change(revocation_id, _started)
    world.store.change(revocation_id, _woken(world))
    snapshot.look_up_last(world, revocation_id)


def _begun(world: World) -> Decide:
    """Where the denial did not plan them: somebody removes access anyway, or starts them for an adopted user."""

    def begun(current: Revocation, now: datetime) -> Change | None:
        if current.steps or not current.on_the_list or current.follow_ups_started_at is None:
            return None
        changed = follow_ups.begun(current, world.rules, now)
        return Change(record=changed, event="follow_ups_planned", actor=SYSTEM, wakes=(SHOW,))

    return begun


def _started(current: Revocation, now: datetime) -> Change | None:
    if not follow_ups.may_start(current, now):
        return None
    changed = replace(current, follow_ups_started_at=now, follow_ups_started_by=SYSTEM)
    changed = changed.noting(Note(kind="follow_ups_started", at=now, detail=SYSTEM.name))
    return Change(record=changed, event="follow_ups_started", actor=SYSTEM, wakes=(SHOW,))


def _woken(world: World) -> Decide:
    def woken(current: Revocation, now: datetime) -> Change | None:
        if current.snapshot is None or current.state not in (State.DENIED, State.CONFIRMED):
            return None
        changed = follow_ups.woken(current, world.rules, now, JOB_LATE)
        if changed == current:
            return None
        kinds = follow_ups.to_wake(current, world.rules, now)
        wakes = tuple(Wake(JOB_OF[kind]) for kind in kinds)
        return Change(record=changed, event="woken", actor=SYSTEM, detail={"steps": list(kinds)}, wakes=wakes)

    return woken
