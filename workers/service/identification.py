"""Who is meant: exactly one Identity Center user, or a refusal in words. The user ID is frozen here."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workers.domain.actor import SYSTEM
from workers.domain.errors import AwsRefused, AwsUnsettled, NotIdentified, SlackAway, SlackRefused
from workers.domain.revocation import DirectoryUser, Note, Revocation, State, TargetRef
from workers.domain.rules import Rules
from workers.ports import SHOW, SHOW_FIRST, Change, Decide, Directory, Job, SlackPerson, Wake
from workers.service import intake
from workers.service.world import World

TRY_AGAIN = timedelta(seconds=5)
_UNREADABLE = (AwsRefused, AwsUnsettled, SlackAway, SlackRefused)


@dataclass(frozen=True)
class Found:
    user: DirectoryUser
    slack: SlackPerson | None


def identify(world: World, revocation_id: str) -> None:
    """Find the one user and put the card out. May run any number of times; does nothing once one is found."""
    revocation = world.store.get(revocation_id)
    if revocation.state is not State.REQUESTED or revocation.user is not None:
        return
    try:
        found = find(world, revocation.target)
    except NotIdentified as refusal:
        world.store.change(revocation_id, _refused(str(refusal)))
    except _UNREADABLE as error:
        world.store.change(revocation_id, _still_looking(str(error)))
    else:
        _freeze(world, revocation, found)


def find(world: World, target: TargetRef) -> Found:
    """The one user who is meant. Raises NotIdentified in words, and what the directory and Slack raise."""
    if target.kind == "slack":
        return _from_slack(world, target.value)
    if target.kind == "user_id":
        user = world.directory.by_user_id(target.value)
        if user is None:
            raise NotIdentified(f"Identity Center has no user with the ID {target.value}. Check the ID.")
    else:
        user = _exactly_one(world.directory, target.value)
    return Found(user, _slack_side(world, user))


def _from_slack(world: World, slack_id: str) -> Found:
    person = world.people.person(slack_id)
    if person is None:
        raise NotIdentified("Slack does not know this person. Name them by e-mail or user name instead.")
    if person.is_bot:
        raise NotIdentified(f"{person.name} is a bot, not a person. Name the person behind it.")
    if not person.email:
        raise NotIdentified(
            f"Slack shows no e-mail of {person.name}. Name them by e-mail, user name or user ID instead."
        )
    return Found(_exactly_one(world.directory, person.email), person)


def _exactly_one(directory: Directory, name: str) -> DirectoryUser:
    """The one user whose e-mail or user name is `name`. Raises NotIdentified on none, and on two."""
    matches = {user.user_id: user for user in _answering_to(directory, name)}
    if len(matches) == 1:
        return next(iter(matches.values()))
    if not matches:
        raise NotIdentified(
            f"No Identity Center user has the e-mail or user name {name}. Name them by user name or user ID: "
            "`/revoke USER_NAME` (Identity Center, Users)."
        )
    listed = ", ".join(f"{u.user_name} ({u.user_id})" for u in sorted(matches.values(), key=_user_name))
    raise NotIdentified(
        f"{len(matches)} Identity Center users answer to {name}: {listed}. Name the right one by user ID."
    )


def _user_name(user: DirectoryUser) -> str:
    return user.user_name


def _answering_to(directory: Directory, name: str) -> list[DirectoryUser]:
    """By e-mail, and by user name. The whole directory is read only where AWS's own look-ups find nobody."""
    if "@" not in name:
        return directory.by_user_name(name)
    by_email = directory.by_email(name)
    return [*by_email, *directory.by_user_name(name, as_typed=bool(by_email))]


def _slack_side(world: World, user: DirectoryUser) -> SlackPerson | None:
    """The target's Slack account where there is one: it must have no say. Not finding it stops nothing."""
    try:
        return world.people.by_email(user.email) if user.email else None
    except (SlackAway, SlackRefused):
        return None


def _freeze(world: World, revocation: Revocation, found: Found) -> None:
    for other in world.store.open():
        if other.id != revocation.id and _same_user(other, found.user) and _join(world, revocation, other):
            return
    channel, shared = _where(world, revocation, found.slack)

    def identified(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.REQUESTED or current.user is not None:
            return None
        slack_id = found.slack.id if found.slack else current.target.slack_id
        changed = replace(
            current,
            user=found.user,
            protected=is_protected(world.rules, found.user),
            slack_name=found.slack.name if found.slack else None,
            target=replace(current.target, slack_id=slack_id),
            channel=channel,
            channel_shared=shared,
            still_looking=None,
            next_read_at=None,
        )
        wakes = (SHOW_FIRST, Wake(Job.READ_REACH))
        return Change(record=changed, event="identified", actor=SYSTEM, wakes=wakes)

    world.store.change(revocation.id, identified)


def is_protected(rules: Rules, user: DirectoryUser) -> bool:
    """Whether the settings protect this user."""
    listed = {name.casefold() for name in rules.protected}
    return bool(listed & {user.user_id.casefold(), user.user_name.strip().casefold()})


def _same_user(other: Revocation, user: DirectoryUser) -> bool:
    return other.user is not None and other.user.user_id == user.user_id


class _Ended(Exception):
    """The other revocation ended meanwhile, so there is nothing to join."""


def _join(world: World, revocation: Revocation, other: Revocation) -> bool:
    """The user has a revocation already: it gets the reason, and this one ends. False where that one ended first."""
    try:
        world.store.change(other.id, _adding(revocation))
    except _Ended:
        return False

    def joined(current: Revocation, now: datetime) -> Change | None:
        if current.ended:
            return None
        why = f"{other.who} already has {other.id}; the reason was added there."
        changed = replace(current, state=State.CLOSED, refused_because=why)
        return Change(record=changed, event="joined", actor=SYSTEM, detail={"to": other.id}, wakes=(SHOW,))

    world.store.change(revocation.id, joined)
    return True


def _adding(other: Revocation) -> Decide:
    """Adds the reasons that the record does not have yet; a drill that is joined in earnest is none any more."""

    def added(current: Revocation, now: datetime) -> Change | None:
        if not intake.joinable(current, now):
            raise _Ended
        fresh = tuple(reason for reason in other.reasons if reason not in current.reasons)
        changed = intake.in_earnest(current, other.requested_by, now) if not other.drill else current
        if not fresh and changed == current:
            return None
        changed = replace(changed, reasons=(*current.reasons, *fresh))
        by = fresh[0].by if fresh else other.requested_by
        notes = [
            Note(kind="reason_added", at=now, detail=f"{reason.by.name}: {reason.text}") for reason in fresh
        ]
        return Change(record=changed.noting(*notes), event="reason_added", actor=by, wakes=(SHOW,))

    return added


def _where(world: World, revocation: Revocation, slack: SlackPerson | None) -> tuple[str, bool]:
    """The channel for the card, and whether the target reads along there. The target's eyes delay nothing."""
    if slack is None:
        return revocation.channel, False
    channel = revocation.channel
    if channel != world.rules.incident_channel and _reads(world, channel, slack.id):
        channel = world.rules.incident_channel
    return channel, _reads(world, channel, slack.id)


def _reads(world: World, channel: str, slack_id: str) -> bool:
    try:
        return slack_id in world.people.members(channel)
    except (SlackAway, SlackRefused):
        return False


def _refused(why: str) -> Decide:
    def refused(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.REQUESTED or current.user is not None:
            return None
        changed = replace(current, state=State.REFUSED, refused_because=why)
        changed = changed.noting(Note(kind="refused", at=now, broadcast=True))
        return Change(record=changed, event="not_identified", actor=SYSTEM, wakes=(SHOW_FIRST,))

    return refused


def _still_looking(why: str) -> Decide:
    def looking(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.REQUESTED or current.user is not None:
            return None
        changed = replace(current, still_looking=why, next_read_at=now + TRY_AGAIN)
        return Change(record=changed, event="lookup_failed", actor=SYSTEM, wakes=(SHOW_FIRST,))

    return looking
