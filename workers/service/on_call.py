"""Who is on call, as a Slack user group says it: where that changes, what is open is offered to whoever came.

Nothing is decided by the group: an offer changes no owner, and who accepts is checked like anybody.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import SlackAway, SlackRefused
from workers.domain.handoff import HandoffState
from workers.domain.revocation import Revocation
from workers.ports import SlackPerson
from workers.service import believing, intake
from workers.service.intake.authority import OPEN, is_denied
from workers.service.world import World

logger = logging.getLogger(__name__)

READ_EVERY = timedelta(seconds=45)


def keep(world: World) -> None:
    """Read the group where that is due. Slack not answering changes nothing."""
    group = world.rules.on_call_group
    if group is None or not world.store.first_sight(f"on-call-{group}", READ_EVERY):
        return
    try:
        look(world, group)
    except (SlackAway, SlackRefused) as error:
        logger.warning("group_not_read", extra={"group": group, "cause": str(error)})


def look(world: World, group: str) -> None:
    """Offer what is open where the members changed. May run twice; raises SlackAway or SlackRefused."""
    now = world.people.group(group)
    before = world.store.remembered_members(group)
    if now == before:
        return
    if before is not None:
        _offer(world, now, before)
    # Only then: whoever dies in between offers the same once more, which changes nothing.
    world.store.remember_members(group, now)


def _offer(world: World, now: frozenset[str], before: frozenset[str]) -> None:
    """To those who came. Where none did, only what those who left still own needs somebody."""
    waiting = [one for one in _waiting(world) if _owner(one) not in now]
    came = _able(world, now - before) if waiting else []
    if not came:
        waiting = [one for one in waiting if _owner(one) in before]
    if not waiting:
        return
    asked = came or _able(world, now)
    intake.begin_handoff(
        world.handoffs,
        waiting,
        by=SYSTEM,
        incoming=[person.id for person in asked],
        because=_because(came, waiting),
        channel=world.rules.incident_channel,
    )


def _waiting(world: World) -> list[Revocation]:
    """What is open, and not accepted by somebody who only becomes its owner now."""
    passing = {
        revocation_id
        for handoff in world.handoffs.open()
        if handoff.state is HandoffState.ACCEPTED and handoff.passed_at is None
        for revocation_id in handoff.revocations
    }
    found = believing.read(world).records
    return [one for one in found if one.state in OPEN and one.id not in passing]


def _owner(revocation: Revocation) -> str | None:
    owner = revocation.owner
    return owner.id if owner is not None and owner.kind == "slack" else None


def _able(world: World, slack_ids: frozenset[str]) -> list[SlackPerson]:
    """Those of them who may take something over, by id. Raises SlackAway or SlackRefused."""
    people = [world.people.person(one) for one in sorted(slack_ids)]
    return [one for one in people if one is not None and not _barred(world, one)]


def _barred(world: World, person: SlackPerson) -> bool:
    """No person, not here any more, or denied: which whoever an open revocation is about is."""
    actor = Actor(kind="slack", id=person.id, email=person.email or "")
    return person.deleted or person.is_bot or is_denied(world.store, actor)


def _because(came: Sequence[SlackPerson], waiting: Sequence[Revocation]) -> str:
    names = [one.name for one in came]
    left = sorted({one.owner.name or one.owner.id for one in waiting if one.owner is not None})
    who = f"{', '.join(names)} came" if names else f"{', '.join(left)} left"
    return f"The on-call group changed: {who}."
