"""How many responders are left to act, were this target denied. Delays nothing: it is read after the access."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import SlackAway, SlackRefused
from workers.domain.revocation import Revocation
from workers.ports import SHOW, Change
from workers.service.intake.authority import is_denied
from workers.service.world import World

MOST_ASKED = 10
"""Of so many Slack is asked whether they are active members; with more, two are left in any case that matters."""


def count(world: World, revocation_id: str) -> None:
    """Put it into the record of a target who is a responder; None stays where Slack does not say. May run twice."""
    others = left(world, world.store.get(revocation_id).target.slack_id)
    if others is None:
        return

    def counted(current: Revocation, now: datetime) -> Change | None:
        if current.ended or current.responders_left == others:
            return None
        changed = replace(current, responders_left=others)
        return Change(record=changed, event="responders_counted", actor=SYSTEM, wakes=(SHOW,))

    world.store.change(revocation_id, counted)


def left(world: World, target: str | None) -> int | None:
    """How many others can act where `target`, a Slack id, is a responder; None: they are none, or Slack does not say."""
    if target is None:
        return None
    try:
        named = {one for listed in world.rules.responders for one in _people(world, listed)}
        if target not in named:
            return None
        others = [one for one in sorted(named - {target}) if not is_denied(world.store, _actor(one))]
        return sum(1 for one in others[:MOST_ASKED] if _active(world, one)) + len(others[MOST_ASKED:])
    except (SlackAway, SlackRefused):
        return None


def _people(world: World, listed: str) -> Iterator[str]:
    """The people behind an id in `REVOKE_RESPONDERS`."""
    yield from world.people.group(listed) if listed.startswith("S") else (listed,)


def _active(world: World, slack_id: str) -> bool:
    person = world.people.person(slack_id)
    return person is not None and not (
        person.deleted or person.is_bot or person.is_guest or person.is_stranger
    )


def _actor(slack_id: str) -> Actor:
    return Actor(kind="slack", id=slack_id)
