"""Once a responder is revoked themself: what they did lately is listed, what they owned passes on, what they asked is void.

Level-triggered, and never in the way of a denial: their rights are gone by the record alone.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from workers.cards.acts import MOST_SHOWN
from workers.domain import acts
from workers.domain.actor import SYSTEM, Actor
from workers.domain.actors import actors_in
from workers.domain.errors import UnknownRevocation, UnreadableRecord
from workers.domain.revocation import Act, Note, Revocation
from workers.domain.same_person import is_target, names_of, names_of_target
from workers.ports import SHOW, Change, Decide, Job, Wake
from workers.service import intake
from workers.service.intake.authority import is_denied
from workers.service.world import World

logger = logging.getLogger(__name__)

MOST_KEPT = 50
"""A record goes whole into each entry of its log."""

NAMED = 5
"""So many logs that could not be read are named."""


def stand_down(world: World, revocation_id: str) -> None:
    """List the target's deeds, and pass on what was theirs. Does nothing once that was done. May run at any time, twice too."""
    if not _due(world.store.get(revocation_id)):
        return
    with world.store.lock(f"stand-down-{revocation_id}", wait=timedelta(0)) as lock:
        person = world.store.get(revocation_id)
        if lock is None or not _due(person):
            return
        may_act = _may_act(world, person)
        others = _others(world, person, may_act=may_act)
        _pass_on(world, person, others)
        found, unread = _acts(world, person, others)
        unread += world.store.unreadable() if may_act else []
        world.store.change(revocation_id, _stood_down(world, found, unread))


def _due(person: Revocation) -> bool:
    return person.on_the_list and person.user is not None and person.stood_down_at is None


def _others(world: World, person: Revocation, *, may_act: bool) -> list[Revocation]:
    """The revocations that they may have had a hand in: of a responder all of that time, of others those that name them."""
    touched = {r.id: r for r in [*world.store.open(), *world.store.ended_since(acts.since(person))]}
    touched.pop(person.id, None)
    if may_act:
        return list(touched.values())
    names = names_of_target(person)
    return [r for r in touched.values() if any(names & names_of(actor) for actor in actors_in(r))]


def _may_act(world: World, person: Revocation) -> bool:
    """In doubt they may."""
    slack_id, rules = person.target.slack_id, world.rules
    if slack_id is None:
        return False
    actor, listed = Actor(kind="slack", id=slack_id), {*rules.responders, *rules.approvers}
    return world.roster.is_one_of(world.people, actor, listed) is not False


def _acts(
    world: World, person: Revocation, others: Iterable[Revocation]
) -> tuple[tuple[Act, ...], list[str]]:
    """Newest first; and the ids of the logs that could not be read, or not by this version."""
    found, unread = list[Act](), list[str]()
    for other in others:
        try:
            found += acts.acts_in(world.store.log(other.id), other, person)
        except (UnreadableRecord, UnknownRevocation, LookupError, TypeError, ValueError) as error:
            logger.error("acts_not_read", extra={"revocation_id": other.id, "cause": str(error)})
            unread.append(other.id)
    return tuple(sorted(found, key=lambda act: act.at, reverse=True)), unread


def _stood_down(world: World, found: Sequence[Act], unread: Sequence[str]) -> Decide:
    def decide(current: Revocation, now: datetime) -> Change | None:
        if not current.on_the_list or current.stood_down_at is not None:
            return None
        undone = {(act.revocation_id, act.did, act.kind): act.undone_by for act in current.acts}
        listed = tuple(
            replace(act, undone_by=undone.get((act.revocation_id, act.did, act.kind)))
            for act in found[:MOST_KEPT]
        )
        changed = intake.as_they_stand(world.store, replace(current, acts=listed, stood_down_at=now))
        detail = {"acts": len(found), "unread": list(unread)}
        changed = changed.noting(*_told(changed, len(found), unread, now))
        return Change(record=changed, event="stood_down", actor=SYSTEM, detail=detail, wakes=(SHOW,))

    return decide


def _told(person: Revocation, count: int, unread: Sequence[str], now: datetime) -> list[Note]:
    """Somebody must look where something can be undone, or could not be read."""
    newest = f", the newest {MOST_SHOWN} of them" if count > MOST_SHOWN else ", the newest first"
    listed = [f"What they did in {count} cases is on the card{newest}."] if count > 1 else []
    listed = ["What they did in one case is on the card."] if count == 1 else listed
    missing = [f"The log of {', '.join(unread[:NAMED])} could not be read."] if unread else []
    if not listed and not missing:
        return []
    loud = bool(missing) or any(act.undo for act in person.acts)
    return [Note(kind="stood_down", at=now, broadcast=loud, detail=" ".join([*listed, *missing]))]


def _pass_on(world: World, person: Revocation, others: Iterable[Revocation]) -> None:
    now = world.store.now()
    for other in others:
        wanted = (_void_request(person), _passed(world, person))
        try:
            for decide in [one for one in wanted if one(other, now) is not None]:
                world.store.change(other.id, decide)
        except (UnreadableRecord, UnknownRevocation) as error:
            logger.error("not_passed_on", extra={"revocation_id": other.id, "cause": str(error)})


def _void_request(person: Revocation) -> Decide:
    """What they asked for, and nobody approved yet."""

    def decide(other: Revocation, now: datetime) -> Change | None:
        request = other.release
        if request is None or not is_target(request.asked_by, person):
            return None
        changed = replace(other, release=None).noting(Note(kind="request_void", at=now, detail=person.who))
        wakes = (Wake(Job.FOLLOW_UP), SHOW) if request.gives_back else (SHOW,)
        detail = {"asked_by": request.asked_by.id, "because": person.id}
        return Change(record=changed, event="request_void", actor=SYSTEM, detail=detail, wakes=wakes)

    return decide


def _passed(world: World, person: Revocation) -> Decide:
    """What they own, and the steps that they were given, go to whoever confirmed their own denial."""

    def decide(other: Revocation, now: datetime) -> Change | None:
        steps = tuple(replace(s, assignee=None) if _theirs(s.assignee, person) else s for s in other.steps)
        owner = _next_owner(world, other, person) if _theirs(other.owner, person) else other.owner
        if other.ended or (owner == other.owner and steps == other.steps):
            return None
        changed = replace(other, owner=owner, steps=steps)
        changed = changed.noting(Note(kind="owner_passed", at=now, detail=person.who))
        detail = {
            "from": other.owner.id if other.owner else None,
            "to": owner.id if owner else None,
            "because": person.id,
        }
        return Change(record=changed, event="owner_passed", actor=SYSTEM, detail=detail, wakes=(SHOW,))

    return decide


def _theirs(actor: Actor | None, person: Revocation) -> bool:
    return actor is not None and is_target(actor, person)


def _next_owner(world: World, other: Revocation, person: Revocation) -> Actor | None:
    """Who confirmed; where they have no say there, who did in the other. None: whoever takes it."""
    asked = (person.confirmed_by, person.seconded_by, other.confirmed_by, other.requested_by)
    for actor in asked:
        people = actor is not None and actor.kind != "system" and not is_target(actor, person)
        if actor is not None and people and not is_target(actor, other) and not is_denied(world.store, actor):
            return actor
    return None
