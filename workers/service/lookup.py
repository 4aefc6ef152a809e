"""Who somebody without a revocation is and what they can reach, read from AWS and told to one person alone.

What is found goes into the record first and is told then, so that a process that dies in between reads nothing again.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from workers.cards import lookup as cards
from workers.domain import deny_document
from workers.domain.actor import SYSTEM
from workers.domain.errors import (
    AwsRefused,
    AwsUnsettled,
    NotIdentified,
    PolicyRefused,
    SlackAway,
    SlackRefused,
)
from workers.domain.lookup import Lookup, LookupState, lookup_ends_at
from workers.domain.same_person import is_user
from workers.ports import ChangeOf, DecideOf
from workers.service import coverage, few_responders, identification
from workers.service.follow_ups.turn import kept
from workers.service.identification import Found
from workers.service.intake.authority import ABOUT_YOU, is_denied
from workers.service.world import World

logger = logging.getLogger(__name__)

TRY_AGAIN = timedelta(seconds=5)
MOST_TRIES = 4
"""Then whoever asked hears that it could not be read: they wait for it."""

TOO_LATE = "There was no answer within 10 minutes. Type it again."

_UNREADABLE = (AwsRefused, AwsUnsettled, SlackAway, SlackRefused)


def look_up(world: World, lookup_id: str) -> None:
    """Find the answer, record it, tell it. May run at any time and any number of times; told at least once."""
    with world.store.lock(f"look-up-{lookup_id}", wait=timedelta(0)) as lock:
        if lock is None:
            return
        with kept(lock):
            _end(world, lookup_id, _too_late)
            lookup = world.lookups.get(lookup_id)
            if not lookup.ended and not lookup.known:
                world.lookups.change(lookup_id, _read(world, lookup))
                lookup = world.lookups.get(lookup_id)
            if not lookup.ended and lookup.known and lock.extend():
                _tell(world, lookup)


def _end(world: World, lookup_id: str, decide: DecideOf[Lookup]) -> None:
    """Its end; it has neither card nor thread, so nothing waits to be shown."""
    ended = world.lookups.change(lookup_id, decide)
    if ended is not None:
        world.lookups.shown(ended)


def _too_late(current: Lookup, now: datetime) -> ChangeOf[Lookup] | None:
    if current.ended or now < lookup_ends_at(current):
        return None
    changed = replace(current, state=LookupState.FAILED, why=current.why or TOO_LATE)
    return ChangeOf(record=changed, event="lookup_expired", actor=SYSTEM)


def _read(world: World, lookup: Lookup) -> DecideOf[Lookup]:
    """What AWS and Slack say now, as a change of the record."""
    try:
        found = identification.find(world, lookup.target)
    except NotIdentified as nobody:
        return _answered(partial(replace, why=str(nobody)))
    except _UNREADABLE as error:
        return _unread(f"They could not be looked up: {error} Type it again in a minute.")
    if why := _not_to_be_told(world, lookup, found):
        return _answered(partial(replace, why=why))
    return _found(world, lookup, found)


def _not_to_be_told(world: World, lookup: Lookup, found: Found) -> str:
    """They ask about themself by another name, or there is a revocation of this user after all."""
    if is_user(lookup.asked_by, found.user, found.slack.id if found.slack else None):
        return ABOUT_YOU
    same = (r for r in world.store.open() if r.user is not None and r.user.user_id == found.user.user_id)
    known = next(same, None)
    return f"They have a revocation: type `/revoke status {known.id}`." if known else ""


def _found(world: World, lookup: Lookup, found: Found) -> DecideOf[Lookup]:
    reach = coverage.read(world, found.user.user_id)
    if reach.unread and lookup.tries + 1 < MOST_TRIES:
        return _unread(reach.unread[0])
    covered, listed = coverage.read_coverage(world, reach), _listed(world, found)
    slack_id = found.slack.id if found.slack else None
    return _answered(
        partial(
            replace,
            user=found.user,
            slack_name=found.slack.name if found.slack else None,
            protected=identification.is_protected(world.rules, found.user),
            responders_left=few_responders.left(world, slack_id),
            reach=reach,
            coverage=covered,
            listed=listed,
        )
    )


def _listed(world: World, found: Found) -> bool | None:
    try:
        return found.user.user_id in deny_document.parse(world.policy.read().text).user_ids
    except (PolicyRefused, AwsUnsettled):
        return None


def _answered(known: Callable[[Lookup], Lookup]) -> DecideOf[Lookup]:
    def answered(current: Lookup, now: datetime) -> ChangeOf[Lookup] | None:
        if current.ended or current.known:
            return None
        return ChangeOf(record=replace(known(current), again_at=now), event="lookup_read", actor=SYSTEM)

    return answered


def _unread(why: str) -> DecideOf[Lookup]:
    """No answer yet: tried again soon, and after some tries that is the answer."""

    def unread(current: Lookup, now: datetime) -> ChangeOf[Lookup] | None:
        if current.ended or current.known:
            return None
        over = current.tries + 1 >= MOST_TRIES
        changed = replace(current, tries=current.tries + 1, again_at=now + TRY_AGAIN, why=why if over else "")
        return ChangeOf(record=changed, event="lookup_unread", actor=SYSTEM, detail={"cause": why})

    return unread


def _tell(world: World, lookup: Lookup) -> None:
    """To whoever asked, unless they are denied by now: then nobody is told."""
    if is_denied(world.store, lookup.asked_by):
        _end(world, lookup.id, _ended(LookupState.FAILED, "lookup_withheld"))
        return
    try:
        world.channel.tell(lookup.asked_by.id, cards.render(lookup, world.rules))
    except SlackAway as away:
        logger.warning("lookup_not_told", extra={"lookup_id": lookup.id, "cause": str(away)})
        world.lookups.change(lookup.id, _later)
    except SlackRefused as refusal:
        logger.error("lookup_refused", extra={"lookup_id": lookup.id, "code": refusal.code})
        _end(world, lookup.id, _ended(LookupState.FAILED, "lookup_refused"))
    else:
        state = LookupState.FAILED if lookup.why else LookupState.TOLD
        _end(world, lookup.id, _ended(state, "lookup_told"))


def _later(current: Lookup, now: datetime) -> ChangeOf[Lookup] | None:
    if current.ended:
        return None
    changed = replace(current, again_at=now + TRY_AGAIN)
    return ChangeOf(record=changed, event="lookup_not_told", actor=SYSTEM)


def _ended(state: LookupState, event: str) -> DecideOf[Lookup]:
    def ended(current: Lookup, now: datetime) -> ChangeOf[Lookup] | None:
        if current.ended:
            return None
        return ChangeOf(record=replace(current, state=state), event=event, actor=SYSTEM)

    return ended
