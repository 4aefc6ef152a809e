"""Checked again right before the policy is written: who confirmed, how many by one click each, who let go.

Nothing bars a first containment: only what is certain stops one, and a doubt never does. For whoever comes off it is the
other way round: they come off only where nothing is in doubt.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from workers.domain.actor import SYSTEM, Actor
from workers.domain.confirmations import counts_for, exceeding
from workers.domain.errors import PolicyRefused, RevocationError, UnreadableRecord
from workers.domain.revocation import Note, Revocation, State, TargetRef
from workers.domain.timing import CLOCKS_AGREE, RELEASE_WITHIN
from workers.domain.witnessed import NOT_WHOLE, held
from workers.ports import SHOW, Addition, Change, Decide
from workers.service import believing, intake, trouble
from workers.service.intake.authority import is_denied
from workers.service.world import World

logger = logging.getLogger(__name__)

PROOF_LASTS = timedelta(seconds=60)
"""How long the gates that were read green are good for."""

Log = Sequence[Mapping[str, Any]]

LONG_AGO = timedelta(days=1)
"""A confirmation this old that was never written counts as if it were given now: it may be one that was kept and put back."""


UNSURE = "Slack does not say now who is an approver, so the release waits, for an hour at most."

# ---------------------------------------------------------------- first containments


def confirmed(
    world: World, records: Iterable[Revocation], in_policy: Collection[str], now: datetime
) -> list[Revocation]:
    """The records, less what must not be written after all: that waits for a second person, or ends, loudly."""
    meant = {addition.revocation_id for addition in world.witness.additions(now - LONG_AGO)}

    def new(record: Revocation) -> bool:
        """Whether it would put somebody in: what was begun is not asked about again."""
        first = record.state is State.CONFIRMED and record.written_at is None and record.id not in meant
        return first and record.user is not None and record.user.user_id not in in_policy

    records = believing.each(records, lambda record: _authorised(world, record) if new(record) else None)
    above = _above(world, records, [record for record in records if new(record)], now)
    records = believing.each(records, lambda record: _second(world, record, above))
    for record in records:
        if new(record) and record.confirmed_by is not None:
            world.witness.adding(_addition(record, record.confirmed_by, now))
    return records


def _authorised(world: World, record: Revocation) -> Revocation | None:
    """None: whoever confirmed may do so still, or nobody can tell."""
    rules, by = world.rules, record.confirmed_by
    if by is not None and world.roster.is_one_of(world.people, by, rules.responders) is False:
        return believing.change(world, record.id, _void(by, "responder"))
    second, listed = record.seconded_by, {*rules.responders, *rules.approvers}
    if second is not None and world.roster.is_one_of(world.people, second, listed) is False:
        return believing.change(world, record.id, _void(second, "responder or approver"))
    return None


def _void(who: Actor, role: str) -> Decide:
    why = f"{who.name or who.id} confirmed it and is no {role} by the workers' settings now, so that does not count."

    def decide(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.CONFIRMED or current.written_at is not None:
            return None
        changed = replace(
            current,
            state=State.EXPIRED,
            refused_because=why,
            confirmed_by=None,
            confirmed_at=None,
            ratification=None,
            trouble=None,
        )
        changed = changed.noting(
            Note(kind="confirmation_void", at=now, broadcast=True, detail=why),
            Note(kind="confirmation_void", at=now, alarm=True, detail=why),
        )
        detail = {"confirmed_by": who.id}
        return Change(record=changed, event="confirmation_void", actor=SYSTEM, detail=detail, wakes=(SHOW,))

    return decide


def _above(
    world: World, records: Iterable[Revocation], new: Iterable[Revocation], now: datetime
) -> Mapping[str, str]:
    """Those above a cap, each with why. What cannot be counted stops nobody."""
    caps, asked = world.rules.caps, list(new)
    span = counts_for(caps, protected=any(record.protected for record in asked)) if asked else None
    if span is None:
        return {}
    try:
        counted = {r.id: r for r in [*world.store.ended_since(now - span), *records]}
    except RevocationError as error:
        logger.warning("caps_not_counted", extra={"cause": str(error)})
        return {}
    gone = [
        _gone(a) for a in world.witness.additions(now - span) if a.alone and a.revocation_id not in counted
    ]
    return exceeding(caps, [*gone, *(_as_of_now(record, now) for record in counted.values())], now)


def _as_of_now(record: Revocation, now: datetime) -> Revocation:
    at = record.confirmed_at
    waits = record.state is State.CONFIRMED and record.written_at is None
    return replace(record, confirmed_at=now) if waits and at is not None and now - at > LONG_AGO else record


def _gone(addition: Addition) -> Revocation:
    """What counts of a containment whose record is no more."""
    return Revocation(
        id=addition.revocation_id,
        state=State.CLOSED,
        target=TargetRef(kind="user_id", value="somebody whose record is gone"),
        requested_by=addition.by,
        requested_at=addition.at,
        channel="",
        confirmed_by=addition.by,
        confirmed_at=addition.at,
        protected=addition.protected,
    )


def _second(world: World, record: Revocation, above: Mapping[str, str]) -> Revocation | None:
    if record.id not in above:
        return None
    try:
        return intake.needs_second(world.store, record.id, above[record.id])
    except UnreadableRecord as error:
        logger.error("record_left_alone", extra={"revocation_id": record.id, "cause": str(error)})
        return None


def _addition(record: Revocation, by: Actor, now: datetime) -> Addition:
    at = _as_of_now(record, now).confirmed_at or now
    alone = record.seconded_by is None
    return Addition(revocation_id=record.id, by=by, at=at, alone=alone, protected=record.protected)


# ---------------------------------------------------------------- who comes off


def coming_off(
    world: World,
    records: Iterable[Revocation],
    still_in: Callable[[Revocation], bool],
    aws_time: datetime | None,
) -> list[Revocation]:
    """The records, of which none that is RELEASING is in doubt: a void release is denied as before, and a doubtful one too.

    `still_in`: whether the policy may still deny this one; a release that was carried out needs no further yes.
    """

    def checked(record: Revocation) -> list[Revocation]:
        if record.state is not State.RELEASING or not still_in(record):
            return [record]
        return (_release if record.released_by else _proof)(world, record, aws_time)

    return [kept for record in records for kept in checked(record)]


def _proof(world: World, record: Revocation, aws_time: datetime | None) -> list[Revocation]:
    """What was proven and could not be taken off at once is denied as before: access may have come back since."""
    if _whole_log(world, record) is None:
        return _kept(world, record)
    lapsed = believing.change(world, record.id, _proof_lapsed(aws_time))
    return [record if lapsed is None else lapsed]


def _proof_lapsed(aws_time: datetime | None) -> Decide:
    def decide(current: Revocation, now: datetime) -> Change | None:
        at = current.proven_at
        fresh = at is not None and abs(now - at) < PROOF_LASTS
        if at is not None and aws_time is not None:
            fresh = fresh and aws_time - at < PROOF_LASTS + CLOCKS_AGREE
        if current.state is not State.RELEASING or current.released_by or fresh:
            return None
        changed = replace(current, state=State.DENIED, notice_at=None, proven_at=None)
        return Change(record=changed, event="proof_lapsed", actor=SYSTEM, wakes=(SHOW,))

    return decide


def _release(world: World, record: Revocation, aws_time: datetime | None) -> list[Revocation]:
    log = _whole_log(world, record)
    if log is None:
        return _kept(world, record)
    why = _too_old(world, log, aws_time) or _no_say(world, record)
    if why is not None:
        void = believing.change(
            world, record.id, _release_void(record, f"The release is void: {why} Ask for it anew.")
        )
        return [void] if void is not None else _not_now(record)
    if any(_may(world, record, who) is None for who in record.released_by):
        trouble.record(world, record.id, PolicyRefused("approvers", UNSURE))
        return _not_now(record)
    return [record]


def _too_old(world: World, log: Log, aws_time: datetime | None) -> str | None:
    """By both clocks: a release that was kept, and put back, must not be good for ever."""
    others = [n for n, entry in enumerate(log) if entry["record"]["state"] != State.RELEASING]
    at = datetime.fromisoformat(log[max(others, default=-1) + 1]["at"])
    late = world.store.now() - at > RELEASE_WITHIN
    late = late or (aws_time is not None and aws_time - at > RELEASE_WITHIN + CLOCKS_AGREE)
    return f"it was approved at {at:%Y-%m-%d %H:%M} UTC and not carried out within an hour." if late else None


def _no_say(world: World, record: Revocation) -> str | None:
    for who in record.released_by:
        if _is_denied(world, who):
            return f"{who.name or who.id} has an open revocation of their own and has no say."
        if _may(world, record, who) is False:
            return f"{who.name or who.id} may not release anybody any more."
    return None


def _is_denied(world: World, who: Actor) -> bool:
    """By the records, and by what was seen of those that somebody hides."""
    seen = (one for one in world.witness.seen().values() if one.user_id is not None)
    return is_denied(world.store, who) or any(who.kind == "slack" and one.slack_id == who.id for one in seen)


def _may(world: World, record: Revocation, who: Actor) -> bool | None:
    """The second of two must be an approver still, the first one that or a responder."""
    second = len(record.released_by) > 1 and who == record.released_by[-1]
    listed = {*world.rules.approvers, *(() if second else world.rules.responders)}
    return world.roster.is_one_of(world.people, who, listed)


def _release_void(record: Revocation, why: str) -> Decide:
    def decide(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.RELEASING or current.released_by != record.released_by:
            return None
        changed = replace(current, state=State.DENIED, released_by=(), release=None, trouble=None)
        changed = changed.noting(
            Note(kind="release_void", at=now, broadcast=True, detail=why),
            Note(kind="release_void", at=now, alarm=True, detail=why),
        )
        return Change(record=changed, event="release_void", actor=SYSTEM, detail={"why": why}, wakes=(SHOW,))

    return decide


def _not_now(record: Revocation) -> list[Revocation]:
    """In this pass they are denied as before; the release stays, and is looked at again by the next."""
    return [replace(record, state=State.DENIED)]


def _whole_log(world: World, record: Revocation) -> Log | None:
    """What takes somebody off must have a whole log behind it; what keeps them on needs only its own signature."""
    try:
        return world.store.log(record.id)
    except UnreadableRecord as error:
        logger.error("release_not_believed", extra={"revocation_id": record.id, "cause": str(error)})
        return None


def _kept(world: World, record: Revocation) -> list[Revocation]:
    stays = believing.change(world, record.id, _not_whole)
    return [stays] if stays is not None else _not_now(record)


def _not_whole(current: Revocation, now: datetime) -> Change | None:
    if current.state is not State.RELEASING:
        return None
    return Change(record=held(current, now, NOT_WHOLE), event="log_not_whole", actor=SYSTEM, wakes=(SHOW,))
