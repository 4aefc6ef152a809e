"""Why the Deny policy is not as the records want it: recorded, told, and after a minute alarmed."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from workers.domain.actor import SYSTEM
from workers.domain.errors import AwsUnsettled, PolicyRefused, StoreAway
from workers.domain.revocation import Note, Revocation, State, Trouble
from workers.domain.timing import WRITE_WITHIN
from workers.ports import SHOW, Change, Decide
from workers.service import believing
from workers.service.world import World

logger = logging.getLogger(__name__)


def refuse_left_out(world: World, left_out: Iterable[Revocation]) -> None:
    full = PolicyRefused(
        "full",
        f"The Deny policy is full ({world.rules.policy_size} characters). Release somebody, or raise "
        "REVOKE_POLICY_SIZE if your organization allows more.",
    )
    for revocation in left_out:
        record(world, revocation.id, full)


def record(world: World, revocation_id: str, error: PolicyRefused | AwsUnsettled) -> None:
    """Into this one record, where it has one that can be read."""
    believing.change(world, revocation_id, _troubled(world, error))


def record_for_all(world: World, error: PolicyRefused | AwsUnsettled) -> None:
    try:
        for revocation in world.store.open():
            if revocation.on_the_list or revocation.state is State.RELEASING:
                record(world, revocation.id, error)
    except StoreAway:
        logger.exception("trouble_not_recorded")


def _troubled(world: World, error: PolicyRefused | AwsUnsettled) -> Decide:
    """Records why the policy was not written; told at once where trying again will not help."""
    final = isinstance(error, PolicyRefused)

    def troubled(current: Revocation, now: datetime) -> Change | None:
        if current.state is State.DENIED and not final:
            return None
        since = current.confirmed_at or now
        overdue = current.state is State.CONFIRMED and now - since >= WRITE_WITHIN
        if not final and not overdue:
            return None
        return _not_denied(_at(world, current), now, error.code, str(error), overdue=overdue)

    return troubled


def tell_overdue(world: World, revocation_id: str) -> None:
    """A confirmed user who is not read back after 60 s is told as NOT DENIED, whatever the cause."""

    def overdue(current: Revocation, now: datetime) -> Change | None:
        late = current.confirmed_at is not None and now - current.confirmed_at >= WRITE_WITHIN
        if current.state is not State.CONFIRMED or not late:
            return None
        known = current.trouble
        code = known.code if known else "slow"
        sentence = known.sentence if known else "The Deny policy was not read back with the user ID in it."
        return _not_denied(_at(world, current), now, code, sentence, overdue=True)

    believing.change(world, revocation_id, overdue)


def _at(world: World, current: Revocation) -> Revocation:
    """The record, naming the policy for whoever must write it by hand."""
    return replace(current, policy_id=world.policy.policy_id)


def _not_denied(
    current: Revocation, now: datetime, code: str, sentence: str, *, overdue: bool
) -> Change | None:
    news = current.trouble is None or current.trouble.code != code
    alarm = overdue and not current.alarmed
    if not news and not alarm:
        return None
    changed = replace(
        current,
        trouble=Trouble(code=code, sentence=sentence, since=now) if news else current.trouble,
        alarmed=current.alarmed or alarm,
    )
    if news:
        changed = changed.noting(Note(kind="not_denied", at=now, broadcast=True, detail=sentence))
    if alarm:
        changed = changed.noting(Note(kind="not_denied", at=now, alarm=True, detail=sentence))
    return Change(record=changed, event="not_written", actor=SYSTEM, detail={"code": code}, wakes=(SHOW,))
