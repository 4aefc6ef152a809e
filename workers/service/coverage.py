"""What the target can still reach, and which of it the Deny policy reaches; read from AWS, never assumed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from workers.domain import clearance
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.domain.revocation import SYSTEM, Coverage, Note, Reach, Revocation, State
from workers.ports import SHOW, Assignment, Change
from workers.service.world import World

_UNREADABLE = (AwsRefused, AwsUnsettled)


def read_reach(world: World, revocation_id: str) -> None:
    """Read reach and coverage into the record. May run at any time and any number of times."""
    revocation = world.store.get(revocation_id)
    if revocation.user is None or revocation.ended:
        return
    reach = read(world, revocation.user.user_id)
    coverage = read_coverage(world, reach)

    def have_read(current: Revocation, now: datetime) -> Change | None:
        if current.user is None or current.ended:
            return None
        changed = replace(clearance.with_reach(current, reach), coverage=coverage)
        changed = replace(changed, next_read_at=now + world.rules.timing.read_again)
        changed = changed.noting(*_news(current, changed, now))
        if _same(current, changed):
            return _quietly(changed)
        return Change(revocation=changed, event="reach_read", actor=SYSTEM, wakes=(SHOW,))

    world.store.change(revocation_id, have_read)


def read(world: World, user_id: str) -> Reach:
    """The access of this user right now. Never raises for AWS: what could not be read is in `unread`."""
    at, unread = world.store.now(), list[str]()
    direct, through, entitlements, groups = list[Assignment](), list[Assignment](), None, list[str]()
    sign_in = None
    try:
        user = world.directory.by_user_id(user_id)
        sign_in = user.sign_in if user else None
        groups = world.directory.group_ids(user_id) if user else []
        direct = world.assignments.of("USER", user_id)
        through = [a for group in groups for a in world.assignments.of("GROUP", group)]
        entitlements = world.assignments.entitlements(user_id, groups)
    except _UNREADABLE as error:
        unread.append(str(error))
    return Reach(
        read_at=at,
        accounts=tuple(sorted({assignment.account_id for assignment in [*direct, *through]})),
        direct=len(direct),
        through_groups=len(through),
        groups=len(groups),
        entitlements=entitlements,
        sign_in=sign_in,
        unread=tuple(unread),
    )


def read_coverage(world: World, reach: Reach) -> Coverage:
    """Which of the accounts in `reach` the Deny policy reaches. Never raises for AWS."""
    at = world.store.now()
    try:
        attachment = world.organization.attachment(world.policy.policy_id)
    except _UNREADABLE as error:
        return Coverage(read_at=at, reachable=len(reach.accounts), unread=(str(error),))
    effective = attachment.covered if attachment.type_enabled else frozenset()
    return Coverage(
        read_at=at,
        attached=bool(attachment.covered),
        type_enabled=attachment.type_enabled,
        reachable=len(reach.accounts),
        uncovered=tuple(account for account in reach.accounts if account not in effective),
        management_account=attachment.management_account,
        unread=reach.unread,
    )


def _news(before: Revocation, after: Revocation, now: datetime) -> Iterable[Note]:
    """What somebody must be told about the difference between two readings."""
    if before.state is State.WATCHED and _came_back(before, after):
        yield Note(kind="access_back", at=now, broadcast=True)
    if before.state is State.DENIED and before.coverage and not before.coverage.unread:
        lost = set(after.coverage.uncovered if after.coverage else ()) - set(before.coverage.uncovered)
        if lost:
            yield Note(kind="coverage_lost", at=now, broadcast=True, detail=", ".join(sorted(lost)))
    if after.channel_shared and after.coverage and after.coverage.uncovered and before.coverage is None:
        to = after.requested_by.id if after.requested_by.kind == "slack" else None
        yield Note(kind="gaps", at=now, to=to) if to else Note(kind="gaps_withheld", at=now)


def _came_back(before: Revocation, after: Revocation) -> bool:
    was_none = before.reach is not None and before.reach.none_left
    is_some = after.reach is not None and not after.reach.none_left and not after.reach.unread
    return was_none and is_some


def _same(before: Revocation, after: Revocation) -> bool:
    """Whether a reading changed nothing but its own time."""
    return _timeless(before) == _timeless(after)


def _timeless(revocation: Revocation) -> Revocation:
    epoch = revocation.requested_at
    reach = replace(revocation.reach, read_at=epoch) if revocation.reach else None
    coverage = replace(revocation.coverage, read_at=epoch) if revocation.coverage else None
    return replace(revocation, reach=reach, coverage=coverage, next_read_at=None)


def _quietly(changed: Revocation) -> Change:
    return Change(revocation=changed, event="reach_read_again", actor=SYSTEM)
