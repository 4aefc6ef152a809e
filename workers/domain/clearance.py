"""The 12-hour rule: when a user ID may come off the Deny policy. Pure.

Source: "Use a Deny policy to revoke active user permissions" (IAM Identity Center user guide): the user ID stays
at least 12 hours, and any other corrective action comes first. A role session lasts at most 12 hours, so the
clock starts when the user can get no new credentials, not when the policy was written.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from workers.domain.revocation import Reach, Revocation
from workers.domain.timing import CLOCKS_AGREE, Timing


def with_reach(revocation: Revocation, reach: Reach) -> Revocation:
    """The record after reading the target's access: the clock starts, runs on, or is stopped.

    It starts at the first reading that finds no access left, and any reading that finds some, or cannot
    tell, stops it: the next start is counted from anew. Good news older than what the record has starts nothing:
    two readers may end in the other order than they began.
    """
    if reach.none_left and revocation.reach is not None and reach.read_at < revocation.reach.read_at:
        return revocation
    if not reach.none_left:
        return replace(revocation, reach=reach, no_mint_at=None, notice_at=None, clean_up_given_by=None)
    return replace(revocation, reach=reach, no_mint_at=revocation.no_mint_at or reach.read_at)


def eligible_at(revocation: Revocation, timing: Timing) -> datetime | None:
    """The earliest time at which the ID may come off by itself; None while that is not in sight."""
    if revocation.written_at is None or revocation.no_mint_at is None or revocation.hold_open:
        return None
    latest = max(revocation.written_at + timing.hold, revocation.no_mint_at + timing.hold)
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
    if revocation.written_at is None or revocation.hold_open or revocation.held_because or asked:
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


def red_gates(revocation: Revocation, timing: Timing, now: datetime, aws_time: datetime | None) -> list[str]:
    """Why the ID may not come off now, each a sentence that says how to mend it; empty: proven.

    `revocation.reach` must have been read just now, inside the policy's lock.
    """
    access = access_gate(revocation)
    gates = [
        access,
        None if access else _time_gate(revocation, timing, now),
        _hold_gate(revocation),
        _clock_gate(now, aws_time),
    ]
    return [gate for gate in gates if gate is not None]


def access_gate(revocation: Revocation) -> str | None:
    """Why the target may still get credentials; None: proven that none can be got."""
    reach = revocation.reach
    if reach is None:
        return "What access is left has not been read yet."
    if reach.unread:
        return f"What access is left could not be read: {'; '.join(reach.unread)}"
    if not reach.none_left:
        return f"Access is left: {left(reach)}. Remove it in IAM Identity Center; it is read again by itself."
    return None


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


def _clock_gate(now: datetime, aws_time: datetime | None) -> str | None:
    if aws_time is None:
        return "AWS told no time to compare Redis's clock with."
    gap: timedelta = abs(now - aws_time)
    if gap <= CLOCKS_AGREE:
        return None
    most = CLOCKS_AGREE.total_seconds()
    return f"Redis's clock and AWS's are over {most:.0f} s apart. Set the clock of the Redis machine."
