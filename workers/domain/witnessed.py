"""What was seen of a revocation before, kept where who can write to Redis cannot: it shows a log that was put back. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from workers.domain.revocation import ENDED, Note, Revocation, State

PUT_BACK = (
    "Its log was put back to an earlier entry, by whoever can write to Redis or by a restored copy of it. "
    "What was pressed since then is lost."
)

NOT_WHOLE = "Its log is not whole: an entry was changed, or is missing. So no release in it is believed."


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One revocation as it was last seen."""

    revocation_id: str
    seq: int
    mac: str
    """The signature of the log entry `seq`."""
    state: State
    user_id: str | None = None
    """Whom it denies; None where it denies nobody."""
    slack_id: str | None = None
    """Who that is in Slack, where that is known."""


def seen(revocation: Revocation) -> Seen:
    """What is to be remembered of this record."""
    denies = revocation.on_the_list and revocation.user is not None
    return Seen(
        revocation_id=revocation.id,
        seq=revocation.seq,
        mac=revocation.mac,
        state=revocation.state,
        user_id=revocation.user.user_id if denies and revocation.user else None,
        slack_id=revocation.target.slack_id if denies else None,
    )


def worth_remembering(revocation: Revocation) -> bool:
    """Whether it denies somebody, or did: a request that nobody confirmed frees and denies nobody."""
    return revocation.on_the_list or revocation.adopted or revocation.confirmed_at is not None


def clearly_older(revocation: Revocation, before: Seen) -> bool:
    """Whether the record alone shows that its log was put back; a longer log must also lead on from `before`."""
    if before.state in ENDED and not revocation.ended:
        return True
    if revocation.seq == before.seq:
        return revocation.mac != before.mac
    return revocation.seq < before.seq


def let_go(before: Seen) -> Seen:
    """A record that is gone, once somebody else's has its user: if it comes back, it denies nobody by itself."""
    return replace(before, state=State.CLOSED, user_id=None, slack_id=None)


def taken_up(revocation: Revocation, before: Seen, in_policy: Collection[str], now: datetime) -> Revocation:
    """The record of a log that was put back, so that nobody comes off and nobody is denied by it.

    Whoever it denied and stands in the policy is held until two people release them, with nothing left of what was
    asked, proven or approved. In any other case the record ends.
    """
    user_id = revocation.user.user_id if revocation.user else None
    if user_id is not None and user_id == before.user_id and user_id in in_policy:
        return held(revocation, now, PUT_BACK)
    return _ended(revocation, before, now)


def held(revocation: Revocation, now: datetime, because: str) -> Revocation:
    """Denied until two people release them, whatever was asked, proven or approved before."""
    why = f"{because} They stay until two people release them."
    return replace(
        _nothing_waits(revocation, now, why),
        state=State.DENIED,
        adopted=True,
        written_at=now,
        hold_open=True,
        held_at=now,
        held_because=why,
        next_read_at=now,
    )


def _ended(revocation: Revocation, before: Seen, now: datetime) -> Revocation:
    if before.user_id is not None:
        why = f"{PUT_BACK} The user is not in the Deny policy. Ask again if they must be denied."
        return replace(_nothing_waits(revocation, now, why), state=State.EXPIRED, refused_because=why)
    why = f"{PUT_BACK} It had ended or was being watched, and denies nobody."
    watched = before.state is State.WATCHED
    return replace(
        _nothing_waits(revocation, now, why),
        state=State.WATCHED if watched else State.CLOSED,
        off_at=revocation.off_at or now,
        refused_because=None if watched else why,
    )


def _nothing_waits(revocation: Revocation, now: datetime, why: str) -> Revocation:
    """Without anything that somebody asked, approved or proved, and with nothing left to tell but this."""
    told = (
        Note(kind="put_back", at=now, broadcast=True, detail=why),
        Note(kind="put_back", at=now, alarm=True, detail=why),
    )
    return replace(
        revocation,
        release=None,
        released_by=(),
        restore=None,
        clean_up_given_by=None,
        proven_at=None,
        notice_at=None,
        no_mint_at=None,
        disabled_since=None,
        trouble=None,
        notes=told,
    )
