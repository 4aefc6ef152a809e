"""Which follow-ups a revocation has, which may run now and on what, and when to look again. Pure.

Order and reasons: "Use a Deny policy to revoke active user permissions" (IAM Identity Center user guide).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from workers.domain.revocation import Note, Reach, Revocation, State
from workers.domain.rules import Rules
from workers.domain.step import ACCESS, Kind, Step, StepState
from workers.domain.timing import ATTEST_SOON, ATTEST_WITHIN

COMEBACKS = 3
"""So often access that came back is removed again unasked; then a person must find out who gives it."""

BEHIND = timedelta(seconds=5)
"""So long after a removal ended, a reading that still shows it may come from a server of AWS's that is behind."""

_OPEN_NOW = (Kind.ASSIGNMENTS, Kind.MEMBERSHIPS, Kind.ENTITLEMENTS)
"""What opens accounts, and so matters where the Deny policy does not reach."""

IN_VAIN = "Somebody said that it is disabled, and an hour later AWS still says that it is enabled. Disable it, then press Done."

_SOON = frozenset({Kind.SIGN_IN, Kind.SESSIONS, Kind.SLACK})


class Scope(StrEnum):
    NOTHING = "nothing"
    GAPS = "gaps"
    """Only what opens an account that the Deny policy does not reach."""
    ALL = "all"


def begun(revocation: Revocation, rules: Rules, now: datetime) -> Revocation:
    """The record with its follow-ups, and the time at which they start by themselves; as it was where it has them."""
    if revocation.steps:
        return revocation
    steps = tuple(_planned(kind, rules, now) for kind in order(rules))
    at = now + rules.timing.follow_up_delay if any(map(_by_itself, steps)) else None
    return replace(revocation, steps=steps, follow_ups_at=at)


def _by_itself(step: Step) -> bool:
    return step.state is StepState.WAITING and not step.left_to_people


def order(rules: Rules) -> tuple[Kind, ...]:
    """AWS's order. Disabling a user in IAM Identity Center comes after the sessions: later they cannot be ended there."""
    at_idp = rules.identity_source in ("external", "active_directory") and not rules.disables_sign_in
    last = (Kind.SIGN_IN, Kind.SESSIONS) if at_idp else (Kind.SESSIONS, Kind.SIGN_IN)
    return (*ACCESS, *last, Kind.CREDENTIALS, Kind.SLACK, Kind.DEVICE)


def automated(kind: Kind, rules: Rules) -> bool:
    return kind in ACCESS or (kind is Kind.SIGN_IN and rules.disables_sign_in)


def _planned(kind: Kind, rules: Rules, now: datetime) -> Step:
    if automated(kind, rules):
        return Step(kind=kind, state=StepState.WAITING, left_to_people=kind not in rules.follow_ups)
    due = now + (ATTEST_SOON if kind in _SOON else ATTEST_WITHIN)
    return Step(kind=kind, state=StepState.OPEN, due_at=due)


def suspended(revocation: Revocation) -> bool:
    """Nothing is taken while giving back is asked for or under way."""
    asked = revocation.release is not None and revocation.release.gives_back
    return asked or revocation.giving_back


def started(revocation: Revocation) -> bool:
    return revocation.follow_ups_started_at is not None and revocation.follow_ups_wait is None


def left_to_people(revocation: Revocation, step: Step) -> bool:
    """Whether the step waits for somebody's press: the settings leave it to people, and nobody pressed anything yet."""
    by = revocation.follow_ups_started_by
    pressed = step.asked or (by is not None and by.kind != "system")
    return step.left_to_people and not pressed


def scope(revocation: Revocation, step: Step, rules: Rules) -> Scope:
    """What the step may take away now."""
    if not revocation.on_the_list or suspended(revocation) or step.settled or not automated(step.kind, rules):
        return Scope.NOTHING
    if left_to_people(revocation, step):
        return Scope.NOTHING
    if step.asked or started(revocation):
        return Scope.ALL if _its_turn(revocation, step) else Scope.NOTHING
    gaps = bool(uncovered(revocation)) and revocation.state is State.DENIED and revocation.restore is None
    return Scope.GAPS if gaps and step.kind in _OPEN_NOW else Scope.NOTHING


def _its_turn(revocation: Revocation, step: Step) -> bool:
    sessions = revocation.step(Kind.SESSIONS)
    return step.kind is not Kind.SIGN_IN or step.anyway or sessions is None or sessions.settled


def uncovered(revocation: Revocation) -> frozenset[str]:
    """The accounts that the user can reach and the Deny policy does not, as last read."""
    return frozenset(revocation.coverage.uncovered if revocation.coverage else ())


def may_start(revocation: Revocation, now: datetime) -> bool:
    """Whether the delay is over, and nobody said Wait."""
    waits = revocation.follow_ups_wait is not None or suspended(revocation)
    begun_already = revocation.follow_ups_started_at is not None or not revocation.steps
    due = revocation.follow_ups_at is not None and now >= revocation.follow_ups_at
    return due and revocation.state is State.DENIED and not waits and not begun_already


def next_look_at(revocation: Revocation) -> datetime | None:
    """When a worker must look at the follow-ups; None where they wait for people."""
    if not revocation.on_the_list or suspended(revocation):
        return None
    if not revocation.steps:
        return revocation.follow_ups_started_at
    waits = revocation.follow_ups_wait is not None
    ready = [s for s in revocation.steps if not s.settled and _its_turn(revocation, s)]
    times = [_look_at(revocation, step) for step in ready if step.asked or not waits]
    if revocation.follow_ups_started_at is None and revocation.state is State.DENIED and not waits:
        times.append(revocation.follow_ups_at)
    if revocation.snapshot is None:
        times.append(revocation.written_at or revocation.follow_ups_started_at)
    return min((time for time in times if time is not None), default=None)


def _look_at(revocation: Revocation, step: Step) -> datetime | None:
    """When this step must be looked at. One that may run and was never woken, or was stopped, is due at once."""
    under_way = step.state in (StepState.WAITING, StepState.RUNNING)
    if step.again_at is not None or not under_way or left_to_people(revocation, step):
        return step.again_at
    return revocation.follow_ups_started_at


def seen(revocation: Revocation, reach: Reach, now: datetime) -> Revocation:
    """The record after a reading of the user's access: what is proven turns green, what came back is open again."""
    changed = revocation
    for step in revocation.steps:
        changed = changed.with_step(_after(revocation, step, reach, now))
    sign_in = changed.step(Kind.SIGN_IN)
    before = revocation.step(Kind.SIGN_IN)
    if before is not None and before.state is StepState.DONE and sign_in is not None and not sign_in.settled:
        return sessions_again(changed, now)
    return changed


def _after(revocation: Revocation, step: Step, reach: Reach, now: datetime) -> Step:
    if step.kind is Kind.SIGN_IN:
        return _sign_in(step, reach, now)
    stale = step.ended_at is None or reach.read_at <= step.ended_at + BEHIND
    if step.state is not StepState.DONE or stale or not _left(step.kind, reach):
        return step
    return _came_back(step, _left(step.kind, reach), now)


def _left(kind: Kind, reach: Reach) -> int:
    """How much of this kind a reading found; applications are not read there."""
    if reach.unread:
        return 0
    entitlements = reach.entitlements or 0
    found = {Kind.ASSIGNMENTS: reach.direct, Kind.MEMBERSHIPS: reach.groups}
    return found.get(kind, entitlements if kind is Kind.ENTITLEMENTS and not reach.groups else 0)


def _came_back(step: Step, count: int, now: datetime) -> Step:
    again = replace(step, ended_at=None, comebacks=step.comebacks + 1, total=step.gone + count)
    if again.comebacks > COMEBACKS:
        why = f"It came back {again.comebacks} times: somebody or something gives it again. Find out who, then Retry."
        return replace(again, state=StepState.FAILED, detail=why, due_at=now + ATTEST_SOON)
    return replace(again, state=StepState.WAITING, detail="It came back.", again_at=now)


def _sign_in(step: Step, reach: Reach, now: datetime) -> Step:
    if reach.sign_in == "DISABLED" and step.state is not StepState.DONE:
        return replace(step, state=StepState.DONE, ended_at=now, detail="", again_at=None)
    if reach.sign_in == "ENABLED" and not step.settled and _said_in_vain(step, reach):
        return replace(step, attested=None, detail=IN_VAIN, due_at=now)
    if reach.sign_in == "ENABLED" and step.settled and _read_after(step, reach):
        why = "AWS says that sign-in is enabled. Disable it again, and find out who enabled it."
        # What the bot disabled once, it disables again; what a person did, a person does again.
        again = StepState.WAITING if step.started_at is not None else StepState.OPEN
        return replace(step, state=again, ended_at=None, detail=why, due_at=now, attested=None)
    return step


def _said_in_vain(step: Step, reach: Reach) -> bool:
    """An identity provider's sync takes its time; after an hour something is wrong."""
    return step.attested is not None and reach.read_at - step.attested.at > ATTEST_SOON


def _read_after(step: Step, reach: Reach) -> bool:
    return step.ended_at is not None and reach.read_at > step.ended_at


def sessions_again(revocation: Revocation, now: datetime) -> Revocation:
    """Sign-in was open again, so there may be a new portal session: what was attested no longer holds."""
    sessions = revocation.step(Kind.SESSIONS)
    if sessions is None or not sessions.settled:
        return revocation
    why = "Sign-in was enabled again since, so there may be a new session. End them again."
    return revocation.with_step(
        replace(sessions, state=StepState.OPEN, detail=why, attested=None, ended_at=None, due_at=now)
    )


def news(before: Revocation, after: Revocation, now: datetime) -> Iterable[Note]:
    """What the channel must hear about the difference that a reading made for the follow-ups."""
    for step in after.steps:
        old = before.step(step.kind)
        if old is not None and old.settled and not step.settled and step.kind in (*ACCESS, Kind.SIGN_IN):
            yield Note(kind="came_back", at=now, broadcast=True, detail=step.kind.value)
        if step.detail == IN_VAIN and old is not None and old.detail != IN_VAIN:
            yield Note(kind="step_failed", at=now, broadcast=True, detail=f"{step.kind}: {IN_VAIN}")


def to_wake(revocation: Revocation, rules: Rules, now: datetime) -> tuple[Kind, ...]:
    """The follow-ups that a worker should run now. One that failed waits for its time, or for Retry."""
    ready = [step for step in revocation.steps if scope(revocation, step, rules) is not Scope.NOTHING]
    return tuple(step.kind for step in ready if _ready(step, now))


def _ready(step: Step, now: datetime) -> bool:
    if step.again_at is not None:
        return now >= step.again_at
    return step.state in (StepState.WAITING, StepState.RUNNING)


def woken(revocation: Revocation, rules: Rules, now: datetime, late: timedelta) -> Revocation:
    """The record once those were woken: each is looked at again if its job has not run by then."""
    waking = to_wake(revocation, rules, now)
    for step in revocation.steps:
        if step.kind in waking:
            revocation = revocation.with_step(replace(step, again_at=now + late))
        elif step.again_at is not None and step.again_at <= now:
            revocation = revocation.with_step(replace(step, again_at=None))
    return revocation


def backoff(attempts: int) -> timedelta:
    """How long after a try without a clear answer the next one comes."""
    return timedelta(seconds=min(60, 2 ** min(attempts, 6)))
