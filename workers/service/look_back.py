"""Looks back at what a denied user did: writes the query for a person, and runs it where a log can be asked."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from workers.domain import look_back as words
from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.domain.look_back import WAIT_FOR, LookBack, Run, Sought
from workers.domain.look_back_query import Table, athena_query, partition_advice, ready
from workers.domain.revocation import Note, Revocation
from workers.ports import SHOW, Change, Decide, EventHistory, Job, Lock, Wake
from workers.service.world import World

logger = logging.getLogger(__name__)

SLICE = timedelta(seconds=20)
"""So long one job waits for answers; then the next one does, so that no worker is kept."""

PAUSE = 1.0
LONGEST_PAUSE = timedelta(seconds=60)


def look_back(world: World, revocation_id: str) -> None:
    """Do what is left of it, once the user was denied. May run at any time and twice: what was done is not done again."""
    _go_on(world, revocation_id, SLICE)


def catch_up(world: World, revocation_id: str) -> None:
    """What the job would do, where it was lost; waits for no answer."""
    revocation = world.store.get(revocation_id)
    due = words.due_at(revocation.look_back, revocation.written_at)
    if revocation.on_the_list and due is not None and world.store.now() >= due:
        _go_on(world, revocation_id, timedelta(0))


def look_again(
    world: World, revocation_id: str, by: Actor, since: datetime | None = None
) -> Revocation | None:
    """Ask anew, up to now, whatever was asked before, and do not wait; None where the user is not known yet."""
    return world.store.change(revocation_id, _begun(world, by, since, anew=True))


def go_on(world: World, revocation_id: str, wait: timedelta) -> Revocation:
    """Wait for answers this long, and return the record."""
    _go_on(world, revocation_id, wait)
    return world.store.get(revocation_id)


def queries(world: World, revocation: Revocation, since: datetime | None = None) -> list[str]:
    """The ready queries: one for each log that is set, and one with a placeholder where none is."""
    who = _sought(revocation, world.store.now(), since)
    return [_ready(who)] if not world.histories else [h.ready(who) for h in world.histories]


def _go_on(world: World, revocation_id: str, wait: timedelta) -> None:
    with world.store.lock(f"look-back-{revocation_id}", wait=timedelta(0)) as lock:
        if lock is None:
            return
        world.store.change(revocation_id, _begun(world, SYSTEM, None, anew=False))
        end = time.monotonic() + wait.total_seconds()
        while _once(world, lock, revocation_id) and time.monotonic() < end:
            time.sleep(PAUSE)
        world.store.change(revocation_id, _later)


def _begun(world: World, by: Actor, since: datetime | None, *, anew: bool) -> Decide:
    """The window and the runs, and the queries for people: recorded before anything is asked."""
    tokens = [secrets.token_hex(16) for _ in world.histories]

    def begin(current: Revocation, now: datetime) -> Change | None:
        known = current.user is not None and (anew or current.written_at is not None)
        if not known or (current.look_back is not None and not anew):
            return None
        who = _sought(current, now, since)
        places = zip(world.histories, tokens, strict=True)
        runs = tuple(Run(place=history.place, token=token, at=now) for history, token in places)
        begun = LookBack(since=who.since, until=who.until, runs=runs, again_at=now if runs else None)
        texts = [h.ready(who) for h in world.histories] or [_ready(who)]
        changed = replace(current, look_back=begun)
        if not anew:
            changed = changed.noting(*_told(current, "look_back", now, texts))
        wakes = (SHOW, Wake(Job.LOOK_BACK)) if anew else (SHOW,)
        return Change(record=changed, event="look_back", actor=by, detail={"queries": texts}, wakes=wakes)

    return begin


def _sought(revocation: Revocation, now: datetime, since: datetime | None) -> Sought:
    assert revocation.user is not None
    names = (revocation.user.user_name, revocation.user.email)
    return words.sought(revocation.user.user_id, names, revocation.requested_at, now, since)


def _recorded(revocation: Revocation) -> Sought:
    """With the window as recorded: the same token must come with the same words."""
    assert revocation.look_back is not None
    return _sought(revocation, revocation.look_back.until, revocation.look_back.since)


def _ready(who: Sought) -> str:
    """For a person, who must put the table's name in."""
    return ready(athena_query(who, Table()), words.ONLY_ITS_OWN, "For Athena.", *partition_advice(who))


def _told(revocation: Revocation, kind: str, now: datetime, texts: list[str]) -> list[Note]:
    """Where the target reads along, what is known of them goes to the requester alone, or stays at the terminal."""
    if not revocation.channel_shared:
        return [Note(kind=kind, at=now, detail=text) for text in texts]
    asker = revocation.requested_by
    return [Note(kind=kind, at=now, detail=text, to=asker.id) for text in texts if asker.kind == "slack"]


def _once(world: World, lock: Lock, revocation_id: str) -> bool:
    """Look once at each run that is under way; whether one still is, and is worth waiting for right now."""
    by_place = {history.place: history for history in world.histories}
    current = world.store.get(revocation_id)
    calm = True
    for run in current.look_back.under_way if current.look_back else ():
        if not lock.extend():
            return False
        try:
            _look(world, revocation_id, run, by_place.get(run.place))
        except AwsRefused as refused:
            _end(world, revocation_id, run, failed=str(refused))
        except AwsUnsettled as unsettled:
            calm = False
            _unsettled(world, revocation_id, run, str(unsettled))
    after = world.store.get(revocation_id).look_back
    return calm and after is not None and bool(after.under_way)


def _look(world: World, revocation_id: str, run: Run, history: EventHistory | None) -> None:
    """Raises AwsRefused or AwsUnsettled."""
    if history is None:
        _end(world, revocation_id, run, failed="The settings name it no longer.")
    elif world.store.now() - run.at > WAIT_FOR:
        _end(world, revocation_id, run, failed=words.given_up(run))
    elif run.query_id is None:
        _start(world, revocation_id, run, history)
    elif history.ended(run.query_id):
        _answered(world, revocation_id, run, history)


def _start(world: World, revocation_id: str, run: Run, history: EventHistory) -> None:
    who = _recorded(world.store.get(revocation_id))
    query_id = history.start(who, run.token)
    _change(world, revocation_id, run, "look_back_started", lambda r: replace(r, query_id=query_id, cause=""))


def _answered(world: World, revocation_id: str, run: Run, history: EventHistory) -> None:
    assert run.query_id is not None
    revocation, rows = world.store.get(revocation_id), history.rows(run.query_id)
    who = _recorded(revocation)
    looked = words.looked_at(rows, _accounts(world, revocation), _scope(history, who), revocation_id)
    _end(world, revocation_id, run, found=[*words.findings(who, history.place, rows), *looked])


def _scope(history: EventHistory, who: Sought) -> str:
    """What the place collects is worth a sentence, and no reason to lose the answer."""
    try:
        return history.scope(who)
    except (AwsRefused, AwsUnsettled) as error:
        return f"What is collected there could not be read: {error}"


def _accounts(world: World, revocation: Revocation) -> frozenset[str]:
    """The accounts of the organization; where those cannot be read, the ones that the user could reach."""
    try:
        return world.organization.attachment(world.policy.policy_id).accounts
    except (AwsRefused, AwsUnsettled):
        return frozenset(revocation.reach.accounts if revocation.reach else ())


def _unsettled(world: World, revocation_id: str, run: Run, why: str) -> None:
    """It is tried again later, and what AWS said last is kept for whom it must be told in the end."""
    if why != run.cause:
        _change(world, revocation_id, run, "look_back_unsettled", lambda r: replace(r, cause=why))


def _end(world: World, revocation_id: str, run: Run, *, found: Sequence[str] = (), failed: str = "") -> None:
    logger.info(
        "look_back_ended", extra={"revocation_id": revocation_id, "place": run.place, "failed": failed}
    )
    text = "\n".join(found or words.not_looked_at(run.place, failed, revocation_id))

    def ended(current: Revocation, now: datetime) -> Change | None:
        changed = _with_run(current, run, lambda r: replace(r, ended_at=now, failed=failed))
        if changed is None:
            return None
        changed = changed.noting(*_told(changed, "looked_back", now, [text]))
        detail = {"place": run.place, "query_id": run.query_id, "found": text}
        return Change(record=changed, event="looked_back", actor=SYSTEM, detail=detail, wakes=(SHOW,))

    world.store.change(revocation_id, ended)


def _change(world: World, revocation_id: str, run: Run, event: str, to: Callable[[Run], Run]) -> None:
    def decide(current: Revocation, now: datetime) -> Change | None:
        changed = _with_run(current, run, to)
        if changed is None:
            return None
        detail = {"place": run.place, "query_id": to(run).query_id, "cause": to(run).cause}
        return Change(record=changed, event=event, actor=SYSTEM, detail=detail)

    world.store.change(revocation_id, decide)


def _with_run(current: Revocation, run: Run, to: Callable[[Run], Run]) -> Revocation | None:
    """The record with this run changed; None where it ended, or another look back took its place."""
    back = current.look_back
    if back is None or run.token not in [r.token for r in back.under_way]:
        return None
    runs = tuple(to(r) if r.token == run.token else r for r in back.runs)
    under_way = any(r.ended_at is None for r in runs)
    return replace(current, look_back=replace(back, runs=runs, again_at=back.again_at if under_way else None))


def _later(current: Revocation, now: datetime) -> Change | None:
    """Answers that are not there yet are looked for again, ever less often."""
    back = current.look_back
    if back is None or not back.under_way or (back.again_at is not None and back.again_at > now):
        return None
    waited = now - min(run.at for run in back.under_way)
    again = now + min(max(waited / 2, timedelta(seconds=5)), LONGEST_PAUSE)
    return Change(
        record=replace(current, look_back=replace(back, again_at=again)),
        event="look_back_waits",
        actor=SYSTEM,
        wakes=(Wake(Job.LOOK_BACK, again),),
    )
