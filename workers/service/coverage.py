"""What the target can still reach, and which of it the Deny policy reaches; read from AWS, never assumed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from workers.domain import follow_ups, reading
from workers.domain.actor import SYSTEM
from workers.domain.errors import AwsRefused, AwsUnsettled, SlackAway, SlackRefused
from workers.domain.revocation import Coverage, DirectoryUser, Note, Reach, Revocation, State
from workers.domain.step import Kind, StepState
from workers.ports import SHOW, Assignment, Change, Job, Wake
from workers.service import few_responders
from workers.service.world import World

_UNREADABLE = (AwsRefused, AwsUnsettled)

UNCHANGED = 4
"""A reading that found nothing new is recorded this seldom: the log is kept whole, and must not drown in them."""


def read_reach(world: World, revocation_id: str) -> None:
    """Read reach and coverage into the record. May run at any time and any number of times."""
    revocation = world.store.get(revocation_id)
    if revocation.user is None or revocation.ended:
        return
    reach = read(world, revocation.user.user_id)
    coverage = read_coverage(world, reach)
    slack_id = None if revocation.target.slack_id else _slack_id(world, revocation.user)
    described = _described(world, revocation.user) if revocation.adopted else None

    def have_read(current: Revocation, now: datetime) -> Change | None:
        if current.user is None or current.ended:
            return None
        changed = reading.taken_in(current, reach, now)
        changed = replace(changed, coverage=_kept(coverage, current.coverage))
        changed = replace(changed, next_read_at=now + world.rules.timing.read_again)
        changed = changed.noting(*_news(current, changed, now))
        if slack_id is not None and current.target.slack_id is None:
            target = replace(current.target, slack_id=slack_id)
            changed = replace(changed, target=target, stood_down_at=None)
        if described is not None and described != current.user:
            changed = replace(changed, user=described, stood_down_at=None)
        if not _same(current, changed):
            change = Change(record=changed, event="reach_read", actor=SYSTEM, wakes=(SHOW,))
            return waking(current, change)
        if (
            current.reach
            and reach.read_at - current.reach.read_at < UNCHANGED * world.rules.timing.read_again
        ):
            return None
        return Change(record=changed, event="reach_read_again", actor=SYSTEM)

    if world.store.change(revocation_id, have_read) is None:
        world.store.read_again(revocation_id, world.rules.timing.read_again)
    if revocation.reach is None:
        few_responders.count(world, revocation_id)


def waking(before: Revocation, change: Change | None) -> Change | None:
    """The same change, which also wakes the follow-ups where a reading found work for them."""
    if change is None or not _work(before, change.record):
        return change
    return replace(change, wakes=(*change.wakes, Wake(Job.FOLLOW_UP)))


def _work(before: Revocation, after: Revocation) -> bool:
    gaps = follow_ups.uncovered(after) - follow_ups.uncovered(before)
    return after.state is State.DENIED and bool(gaps or reading.reopened(before, after))


def _kept(fresh: Coverage, before: Coverage | None) -> Coverage:
    """A reading that failed leaves the gaps that were seen, so that a new one is still news afterwards."""
    return replace(fresh, uncovered=before.uncovered) if fresh.unread and before else fresh


def _slack_id(world: World, user: DirectoryUser) -> str | None:
    """The target's Slack account, where it could not be told before: it must have no say."""
    try:
        person = world.people.by_email(user.email) if user.email else None
    except (SlackAway, SlackRefused):
        return None
    return person.id if person else None


def _described(world: World, user: DirectoryUser) -> DirectoryUser | None:
    try:
        return world.directory.by_user_id(user.user_id)
    except _UNREADABLE:
        return None


def read(world: World, user_id: str) -> Reach:
    """The access of this user right now. Never raises for AWS: what could not be read is in `unread`."""
    at, unread = world.store.now(), list[str]()
    direct, through, entitlements, groups = list[Assignment](), list[Assignment](), None, list[str]()
    sign_in, opened = None, set[str]()
    try:
        user = world.directory.by_user_id(user_id)
        sign_in = user.sign_in if user else None
        groups = world.directory.group_ids(user_id) if user else []
        direct = world.assignments.of("USER", user_id)
        through = [a for group in groups for a in world.assignments.of("GROUP", group)]
        entitlements = world.assignments.entitlements(user_id, groups)
        opened = _opened_by_entitlements(world, user_id, entitlements or 0)
    except _UNREADABLE as error:
        unread.append(str(error))
    return Reach(
        read_at=at,
        accounts=tuple(sorted(opened | {assignment.account_id for assignment in [*direct, *through]})),
        direct=len(direct),
        through_groups=len(through),
        groups=len(groups),
        entitlements=entitlements,
        sign_in=sign_in,
        unread=tuple(unread),
    )


def _opened_by_entitlements(world: World, user_id: str, count: int) -> set[str]:
    """The accounts behind the entitlements; the groups are read anew only where they have some of them."""
    direct = world.access[Kind.ENTITLEMENTS].held(user_id) or [] if count else []
    groups = world.access[Kind.MEMBERSHIPS].held(user_id) or [] if len(direct) < count else []
    return {account for item in [*direct, *groups] for account in item.accounts if account}


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
    if before.state is State.WATCHED and _sign_in_came_back(before, after):
        yield Note(kind="sign_in_back", at=now, broadcast=True)
    if before.state is State.DENIED and before.coverage:
        lost = set(after.coverage.uncovered if after.coverage else ()) - set(before.coverage.uncovered)
        if lost:
            yield _about_gaps(
                after, Note(kind="coverage_lost", at=now, broadcast=True, detail=", ".join(sorted(lost)))
            )
    if after.channel_shared and after.coverage and after.coverage.uncovered and before.coverage is None:
        yield _about_gaps(after, Note(kind="gaps", at=now))


def _about_gaps(revocation: Revocation, note: Note) -> Note:
    """Where the target reads along, the gaps go to the requester alone."""
    if not revocation.channel_shared:
        return note
    if revocation.requested_by.kind != "slack":
        return Note(kind="gaps_withheld", at=note.at)
    return replace(note, to=revocation.requested_by.id, broadcast=False)


def _came_back(before: Revocation, after: Revocation) -> bool:
    """By what was seen, not by what was proven: a reading that failed in between must hide nothing."""
    return _seen(after.reach) and not _seen(before.reach)


def _sign_in_came_back(before: Revocation, after: Revocation) -> bool:
    """It was disabled when it was last told; where a reading failed in between, the follow-up's step remembers it."""
    was, now = before.reach and before.reach.sign_in, after.reach and after.reach.sign_in
    step = before.step(Kind.SIGN_IN)
    remembered = was is None and step is not None and step.state is StepState.DONE
    return now == "ENABLED" and (was == "DISABLED" or remembered)


def _seen(reach: Reach | None) -> bool:
    return reach is not None and bool(reach.direct or reach.through_groups or reach.entitlements)


def _same(before: Revocation, after: Revocation) -> bool:
    """Whether a reading changed nothing but its own time."""
    return _timeless(before) == _timeless(after)


def _timeless(revocation: Revocation) -> Revocation:
    epoch = revocation.requested_at
    reach = replace(revocation.reach, read_at=epoch) if revocation.reach else None
    coverage = replace(revocation.coverage, read_at=epoch) if revocation.coverage else None
    return replace(revocation, reach=reach, coverage=coverage, next_read_at=None)
