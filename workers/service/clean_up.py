"""The delayed clean-up: gives notice, proves, takes the user ID off; or holds it and says why."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from workers.domain import clearance, follow_ups, reading
from workers.domain.actor import SYSTEM
from workers.domain.clearance import Verdict
from workers.domain.due import watch_until
from workers.domain.errors import AwsUnsettled, PolicyRefused
from workers.domain.revocation import Note, Reach, ReleaseRequest, Revocation, State
from workers.domain.timing import WATCH_FOR
from workers.ports import SHOW, Change, Decide
from workers.service import containment, coverage, second_sink
from workers.service.intake.waiting import drop_lapsed
from workers.service.world import World

logger = logging.getLogger(__name__)


def clean_up(world: World, revocation_id: str) -> None:
    """Do what is due for a denied user's end. May run early, late, twice or never; the record's times decide."""
    world.store.change(revocation_id, drop_lapsed)
    world.store.change(revocation_id, _void_notice)
    revocation = world.store.get(revocation_id)
    now = world.store.now()
    if revocation.state is not State.DENIED or not _due(world, revocation, now):
        return
    if clearance.off_at(revocation, world.rules.timing) is None:
        world.store.change(revocation_id, _notice_or_hold(world))
    elif clearance.allowed_hour(world.rules, now):
        _take_off_if_proven(world, revocation_id)


def _due(world: World, revocation: Revocation, now: datetime) -> bool:
    if revocation.held_because:
        return not revocation.hold_open and not follow_ups.suspended(revocation)
    when = clearance.next_step_at(revocation, world.rules.timing)
    return when is not None and now >= when


def _notice_or_hold(world: World) -> Decide:
    """Say when it will come off, while people can still stop it; or that it is held, and why."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.DENIED or not _due(world, current, now):
            return None
        eligible = clearance.eligible_at(current, world.rules.timing)
        if eligible is None:
            return _held(current, now, [clearance.access_gate(current) or "No access was left just now."])
        if mode := clearance.mode_gate(world.rules):
            return _held(current, now, [mode])
        if now < eligible - world.rules.timing.notice or _waiting(current, "notice"):
            return None
        changed = replace(current, held_because=None).noting(Note(kind="notice", at=now, broadcast=True))
        return Change(record=changed, event="notice_due", actor=SYSTEM, wakes=(SHOW,))

    return decide


def _waiting(revocation: Revocation, kind: str) -> bool:
    return any(note.kind == kind for note in revocation.notes)


def _held(current: Revocation, now: datetime, gates: Sequence[str]) -> Change | None:
    why = " ".join(gates)
    if current.held_because == why:
        return None
    # A notice that was given for a proof that failed is no notice for the next one.
    changed = replace(clearance.unnoticed(current), held_because=why, held_at=now).noting(
        Note(kind="held", at=now, broadcast=True, detail=why)
    )
    detail = {"gates": list(gates)}
    return Change(record=changed, event="held", actor=SYSTEM, detail=detail, wakes=(SHOW,))


def _void_notice(current: Revocation, now: datetime) -> Change | None:
    """While somebody asks to give access back, or that is under way, nobody comes off by proof: a new notice after."""
    changed = clearance.unnoticed(current)
    if not follow_ups.suspended(current) or current.state is not State.DENIED or changed == current:
        return None
    return Change(record=changed, event="notice_void", actor=SYSTEM, wakes=(SHOW,))


def _take_off_if_proven(world: World, revocation_id: str) -> None:
    """Read every gate live; all green: off the list, read back.

    Under a lock of this revocation's own: under the policy's, its many reads would delay somebody's first denial.
    What changes meanwhile is seen, because the decision is taken on the record as it is then.
    """
    with world.store.lock(f"clean-up-{revocation_id}", wait=timedelta(0)) as lock:
        user = world.store.get(revocation_id).user
        if lock is None or user is None or _waits_for_people(world, revocation_id):
            return
        reach, aws_time = coverage.read(world, user.user_id), _aws_time(world)
        recorded = world.store.on_both(revocation_id)
        if world.store.change(revocation_id, _decide_off(world, reach, aws_time, recorded=recorded)):
            containment.contain(world, revocation_id)


def _waits_for_people(world: World, revocation_id: str) -> bool:
    """In mode `ask` with a release waiting: reading every gate at each pass would change nothing."""
    record = world.store.get(revocation_id)
    return world.rules.clean_up == "ask" and record.clean_up_given_by is None and record.release is not None


def _aws_time(world: World) -> datetime | None:
    """AWS's clock; None, which is a red gate, where the policy cannot be read."""
    try:
        return world.policy.read().aws_time
    except (PolicyRefused, AwsUnsettled) as error:
        logger.warning("policy_unreadable", extra={"cause": str(error)})
        return None


def _decide_off(world: World, reach: Reach, aws_time: datetime | None, *, recorded: bool) -> Decide:
    """`recorded`: whether the second sink of the log takes entries now."""

    def decide(record: Revocation, now: datetime) -> Change | None:
        if record.state is not State.DENIED or not _due(world, record, now):
            return None
        current = reading.taken_in(record, reach, now)
        judgement = clearance.judge(current, world.rules, now, aws_time)
        if judgement.verdict is Verdict.HELD:
            return coverage.waking(record, _held(current, now, judgement.gates))
        if judgement.verdict is Verdict.ASK:
            return _ask(current, now)
        if judgement.verdict is Verdict.OFF and not recorded:
            return coverage.waking(record, _held(current, now, [second_sink.SENTENCE]))
        return _proven(current, now) if judgement.verdict is Verdict.OFF else None

    return decide


def _proven(current: Revocation, now: datetime) -> Change:
    changed = replace(current, state=State.RELEASING, held_because=None, release=None, proven_at=now)
    return Change(record=changed, event="proven", actor=SYSTEM, wakes=(SHOW,))


def _ask(current: Revocation, now: datetime) -> Change | None:
    if current.release is not None:
        return None
    request = ReleaseRequest(asked_by=SYSTEM, asked_at=now, reason="Proven safe; REVOKE_CLEAN_UP is `ask`.")
    changed = replace(current, release=request).noting(Note(kind="approval_asked", at=now, broadcast=True))
    return Change(record=changed, event="clean_up_asked", actor=SYSTEM, wakes=(SHOW,))


def watch_ends(world: World, revocation_id: str) -> None:
    """A watched user is let go once sessions and credentials are attested, or after `WATCH_FOR`."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        until = watch_until(current)
        if current.state is not State.WATCHED or until is None or now < until:
            return None
        changed = replace(current, state=State.CLOSED, refused_because=_why_it_ends(current))
        return Change(record=changed, event="watch_ended", actor=SYSTEM, wakes=(SHOW,))

    world.store.change(revocation_id, decide)


def _why_it_ends(current: Revocation) -> str:
    if not clearance.unattested(current):
        return (
            "Ended sessions and reset credentials are both attested, so there is nothing left to watch for."
        )
    return f"Watched for {WATCH_FOR.days} days: no portal session from before lives longer."
