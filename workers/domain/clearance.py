"""The 12-hour rule: when a user ID may come off the Deny policy. Pure.

Source: "Use a Deny policy to revoke active user permissions" (IAM Identity Center user guide): the user ID stays
at least 12 hours, and any other corrective action comes first. A role session lasts at most 12 hours, so the
clock starts when the user can get no new credentials, not when the policy was written. Either of two proofs will do:
no access is left; or nobody can sign in, and the portal sessions are ended.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from workers.domain import follow_ups
from workers.domain.revocation import Reach, Revocation
from workers.domain.rules import Rules
from workers.domain.step import Kind, Step, StepState
from workers.domain.timing import ATTEST_SOON, CLOCKS_AGREE, Timing

UNSEEN = timedelta(hours=2)
"""If nothing was read for so long, nobody knows what came and went: both clocks start anew. A reading that found
nothing new is recorded about once an hour, so it cannot be much less. `REVOKE_TIME_SCALE` leaves it alone."""

_OPENS = (Kind.ASSIGNMENTS, Kind.MEMBERSHIPS, Kind.ENTITLEMENTS)


class Verdict(StrEnum):
    OFF = "off"
    """Proven, and nothing else is needed: take the user ID off the list."""
    ASK = "ask"
    """Proven; somebody must still say yes."""
    LATER = "later"
    """Proven; not at this hour."""
    HELD = "held"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    verdict: Verdict
    gates: tuple[str, ...] = ()
    """Why they are held, each a sentence that says how to mend it."""


def judge(revocation: Revocation, rules: Rules, now: datetime, aws_time: datetime | None) -> Judgement:
    """Whether a denied user's ID comes off the list now, unasked. The one place that decides.

    `revocation.reach` must have been read just now.
    """
    mode = mode_gate(rules)
    gates = (*((mode,) if mode else ()), *red_gates(revocation, rules.timing, now, aws_time))
    if gates:
        return Judgement(verdict=Verdict.HELD, gates=gates)
    if not allowed_hour(rules, now):
        return Judgement(verdict=Verdict.LATER)
    waits = rules.clean_up == "ask" and revocation.clean_up_given_by is None
    return Judgement(verdict=Verdict.ASK if waits else Verdict.OFF)


def with_reach(revocation: Revocation, reach: Reach) -> Revocation:
    """The record after reading the target's access: each of the two clocks starts, runs on, or is stopped.

    A clock starts at the first reading that shows its good news (no access left; sign-in disabled), and any reading
    that shows the contrary, or cannot tell, stops it: what a reading could not see may have been open just then, and
    a portal session that began there lives up to 90 days, while starting anew costs at most one hold. So does a time
    without any reading (`UNSEEN`). Good news older than what the record has starts nothing: two readers may end in
    the other order than they began.
    """
    no_access = reach.none_left and not _removing(revocation)
    old = revocation.reach is not None and reach.read_at < revocation.reach.read_at
    changed = replace(
        revocation,
        reach=revocation.reach if old and reach.none_left else reach,
        no_mint_at=_clock(revocation, revocation.no_mint_at, reach, good=no_access),
        disabled_since=_clock(revocation, revocation.disabled_since, reach, good=reach.sign_in == "DISABLED"),
    )
    changed = _sessions_doubted(changed, reach)
    return unnoticed(changed) if _proof_fell(revocation, changed) else changed


def _removing(revocation: Revocation) -> bool:
    """Whether AWS was asked to remove access and has not said yet that every removal succeeded."""
    steps = [step for step in map(revocation.step, _OPENS) if step is not None]
    return revocation.follow_ups_wait is None and any(s.state is StepState.RUNNING for s in steps)


def _clock(revocation: Revocation, since: datetime | None, reach: Reach, *, good: bool) -> datetime | None:
    if not good:
        return None
    before = revocation.reach
    if before is not None and reach.read_at < before.read_at:
        return since
    return reach.read_at if _unseen(revocation, reach) else since or reach.read_at


def _unseen(revocation: Revocation, reach: Reach) -> bool:
    return revocation.reach is not None and reach.read_at - revocation.reach.read_at > UNSEEN


def _sessions_doubted(revocation: Revocation, reach: Reach) -> Revocation:
    """Ended sessions count as open again where sign-in was not known to be shut within an hour of their end."""
    sessions, since = _sessions_ended(revocation), revocation.disabled_since
    if sessions is None or sessions.attested is None or since is None or not revocation.on_the_list:
        return revocation
    if since - sessions.attested.done_at <= ATTEST_SOON:
        return revocation
    return revocation.with_step(
        replace(
            sessions,
            state=StepState.OPEN,
            attested=None,
            ended_at=None,
            due_at=reach.read_at,
            detail=f"Sign-in is known to be disabled only since {since:%Y-%m-%d %H:%M} UTC, over an hour after they "
            "were ended, so there may be a session from between. Look in CloudTrail for a sign-in. If there is one: "
            "enable sign-in, end the sessions, disable it again. Then say that it is done.",
        )
    )


def _proof_fell(before: Revocation, after: Revocation) -> bool:
    """Whether a notice, or a yes, that was given before may have been given for a proof that no longer stands."""
    if not (before.notice_at or before.clean_up_given_by or before.release or before.notes):
        return False
    if before.no_mint_at is None and before.disabled_since is None:
        return True
    access = _fell(before.no_mint_at, after.no_mint_at)
    sign_in = _fell(before.disabled_since, after.disabled_since)
    if sign_in and not access and after.no_mint_at is not None and before.disabled_since is not None:
        return before.disabled_since < after.no_mint_at
    return access or sign_in


def _fell(before: datetime | None, after: datetime | None) -> bool:
    return before is not None and (after is None or after > before)


def unnoticed(revocation: Revocation) -> Revocation:
    """The record without the clean-up notice, given or to be given, and without the yes to an earlier proof."""
    notes = tuple(note for note in revocation.notes if note.kind != "notice")
    asked = revocation.release is not None and revocation.release.asked_by.kind == "system"
    release = None if asked else revocation.release
    return replace(revocation, notice_at=None, notes=notes, release=release, clean_up_given_by=None)


def no_mint_since(revocation: Revocation, timing: Timing) -> datetime | None:
    """Since when the user could get no new credentials in any account: by the earlier of the two proofs.

    None while neither runs. May lie in the future: ended sessions go on for a while.
    """
    both = (revocation.no_mint_at, _shut_at(revocation, timing))
    return min((time for time in both if time is not None), default=None)


def _shut_at(revocation: Revocation, timing: Timing) -> datetime | None:
    """When, by the second proof, nobody can sign in and the ended sessions are over.

    Counted from when somebody said that the sessions were ended, not from when they say it was done: that is never
    too early if they are ended at all, however wrong the time they claim. AWS has them ended first and sign-in
    disabled after that (in its own directory), and who signs in between the two is not seen. Where over an hour
    (`ATTEST_SOON`) lies between, or sign-in was out of sight since, what was attested no longer counts: see `with_reach`.
    """
    sessions = _sessions_ended(revocation)
    if revocation.disabled_since is None or sessions is None or sessions.attested is None:
        return None
    return max(revocation.disabled_since, sessions.attested.at) + timing.sessions_end


def _sessions_ended(revocation: Revocation) -> Step | None:
    """The step of the portal sessions, if somebody attested it."""
    return revocation.step(Kind.SESSIONS) if _attested(revocation, Kind.SESSIONS) else None


def unattested(revocation: Revocation) -> tuple[Kind, ...]:
    """Of ended sessions and reset credentials, what nobody attested: through these the user may come back."""
    asked = (Kind.SESSIONS, Kind.CREDENTIALS)
    return tuple(kind for kind in asked if not _attested(revocation, kind))


def _attested(revocation: Revocation, kind: Kind) -> bool:
    step = revocation.step(kind)
    return step is not None and step.state is StepState.ATTESTED and step.attested is not None


def eligible_at(revocation: Revocation, timing: Timing) -> datetime | None:
    """The earliest time at which the ID may come off by itself; None while that is not in sight."""
    no_mint = no_mint_since(revocation, timing)
    if revocation.written_at is None or no_mint is None or revocation.hold_open:
        return None
    latest = max(revocation.written_at, no_mint) + timing.hold
    if revocation.hold_until is not None:
        latest = max(latest, revocation.hold_until)
    return latest + timing.margin


def off_at(revocation: Revocation, timing: Timing) -> datetime | None:
    """When the ID comes off: never before everyone had the whole notice."""
    earliest = eligible_at(revocation, timing)
    if earliest is None or revocation.notice_at is None:
        return None
    return max(earliest, revocation.notice_at + timing.notice)


def next_step_at(revocation: Revocation, timing: Timing) -> datetime | None:
    """When the clean-up must next look: for the notice, to take the ID off, or to say that it is held.

    None while it waits for a person: looking again would read all of the target's access at every pass.
    """
    asked = revocation.release is not None and revocation.release.asked_by.kind == "system"
    waits = bool(revocation.hold_open or revocation.held_because or asked or follow_ups.suspended(revocation))
    if revocation.written_at is None or waits:
        return None
    earliest = eligible_at(revocation, timing)
    if earliest is not None:
        return off_at(revocation, timing) or earliest - timing.notice
    return revocation.written_at + timing.hold + timing.margin


def promised_at(revocation: Revocation, timing: Timing) -> datetime | None:
    """The time before which the ID surely stays, for people; None before it was written."""
    if revocation.written_at is None:
        return None
    latest = max(revocation.written_at + timing.hold, revocation.hold_until or revocation.written_at)
    return eligible_at(revocation, timing) or latest + timing.margin


def allowed_hour(rules: Rules, now: datetime) -> bool:
    """Whether the settings let somebody come off at this hour of the day."""
    if rules.clean_up_hours is None:
        return True
    start, end = rules.clean_up_hours
    return start <= now.hour < end if start <= end else now.hour >= start or now.hour < end


def mode_gate(rules: Rules) -> str | None:
    if rules.clean_up in ("when_proven", "ask"):
        return None
    return "REVOKE_CLEAN_UP is `never`: they stay until two people release them."


def red_gates(revocation: Revocation, timing: Timing, now: datetime, aws_time: datetime | None) -> list[str]:
    """Why the ID may not come off now, each a sentence that says how to mend it; empty: proven.

    `revocation.reach` must have been read just now.
    """
    access = access_gate(revocation)
    gates = [
        access,
        None if access else _time_gate(revocation, timing, now),
        _hold_gate(revocation),
        _restore_gate(revocation),
        _clock_gate(now, aws_time),
    ]
    return [gate for gate in gates if gate is not None]


def access_gate(revocation: Revocation) -> str | None:
    """Why the target may still get credentials; None: by one proof or the other they cannot, or soon can not."""
    reach = revocation.reach
    if reach is None:
        return "What access is left has not been read yet."
    if reach.sign_in == "DISABLED" and revocation.disabled_since and _sessions_ended(revocation):
        return None
    if reach.unread:
        why = f"What access is left could not be read: {'; '.join(reach.unread)}"
        return f"{why} It is read again by itself; or {_other_way(revocation)}."
    if not reach.none_left:
        return f"Access is left: {left(reach)}. {_one_way(revocation)}; or {_other_way(revocation)}."
    if revocation.no_mint_at is None:
        return "Access is being removed right now; it counts once AWS says that every removal succeeded."
    return None


def _one_way(revocation: Revocation) -> str:
    started = follow_ups.started(revocation)
    return "The follow-ups remove it" if started else "Start the follow-ups, which remove it"


def _other_way(revocation: Revocation) -> str:
    """What is missing of the second proof, in words."""
    sessions = "end the portal sessions and say so on the card"
    if _attested(revocation, Kind.SESSIONS):
        return "disable sign-in"
    if revocation.disabled_since is not None:
        return sessions
    return "disable sign-in and end the portal sessions"


def left(reach: Reach) -> str:
    """The access that is left, in words."""
    counts = [
        (reach.direct, "direct assignment"),
        (reach.through_groups, "assignment through groups"),
        (reach.entitlements or 0, "account-access entitlement"),
    ]
    return ", ".join(f"{n} {_plural(word, n)}" for n, word in counts if n) or "none"


def _plural(word: str, count: int) -> str:
    return (
        word
        if count == 1
        else word.replace("assignment", "assignments").replace("entitlement", "entitlements")
    )


def _time_gate(revocation: Revocation, timing: Timing, now: datetime) -> str | None:
    when = off_at(revocation, timing)
    if when is None and not revocation.hold_open:
        return "The clean-up notice has not reached the channel yet."
    return None if when is None or now >= when else f"It is not {when:%Y-%m-%d %H:%M:%S} UTC yet."


def _hold_gate(revocation: Revocation) -> str | None:
    return "Somebody asked to hold it until it is released." if revocation.hold_open else None


def _restore_gate(revocation: Revocation) -> str | None:
    """What gives access back while a proof says that none is left would make the proof worthless."""
    if not follow_ups.suspended(revocation):
        return None
    return "A restore is asked for or under way. Approve or refuse it; until it has ended nobody comes off by proof."


def _clock_gate(now: datetime, aws_time: datetime | None) -> str | None:
    if aws_time is None:
        return "AWS told no time to compare Redis's clock with."
    gap: timedelta = abs(now - aws_time)
    if gap <= CLOCKS_AGREE:
        return None
    most = CLOCKS_AGREE.total_seconds()
    return f"Redis's clock and AWS's are over {most:.0f} s apart. Set the clock of the Redis machine."
