"""Giving back here and now, whether or not workers run: the list in words, and each end."""

import time
from collections.abc import Iterator

import click

from workers.cards import drill
from workers.cards.text import plain
from workers.cli import outcome, settling
from workers.cli.terminal import Terminal
from workers.domain.revocation import Diff, ReleaseRequest, Restore, Revocation, State
from workers.service import restore as restore_
from workers.service.restore import taken
from workers.service.world import World

READ_FOR = 30.0
GIVE_BACK_FOR = 600.0
PAUSE = 0.5

IS_READ = "The list of what would be given back is not read yet; the workers read it."


def waits(at: Terminal, asked: Revocation) -> None:
    """Read the list now, and say what waits for whom."""
    record = _with_list(at.world, asked)
    if record.release is None:
        click.echo(_latest(record, "restored") or f"{record.id}: nothing waits any more.")
    else:
        for line in request_lines(at.world, record, record.release):
            click.echo(line)
        click.echo(
            f"It waits for a second person: {', '.join(at.world.rules.approvers)} on the card in Slack, or"
        )
        click.echo(f"somebody else at a terminal: `python -m workers approve {record.id}`.")
    _without_workers(at.world, record)


def _with_list(world: World, asked: Revocation) -> Revocation:
    end, record = time.monotonic() + READ_FOR, asked
    while _unread(record) and time.monotonic() < end:
        restore_.restore(world, record.id)
        record = world.store.get(record.id)
        if _unread(record):
            time.sleep(PAUSE)
    return record


def _unread(record: Revocation) -> bool:
    return record.release is not None and record.release.diff is None


def request_lines(world: World, record: Revocation, request: ReleaseRequest) -> Iterator[str]:
    """What would be given back, whole: every item, and what a person must undo."""
    what = (
        "give back what was taken, and then take off the deny list"
        if _both(request)
        else "give back what was taken"
    )
    yield f"{record.id}: {plain(request.asked_by.name, 100)} asks to {what}: {plain(drill.name(record), 100)}."
    yield f"Reason: {plain(request.reason, 500) or 'none given'}"
    if request.diff is None:
        yield f"{IS_READ} {plain(request.trouble, 300)}".strip()
        return
    yield from list_lines(world, record.id, request.diff)


def _both(request: ReleaseRequest) -> bool:
    return request.what == "false_alarm"


def list_lines(world: World, revocation_id: str, diff: Diff) -> Iterator[str]:
    yield f"To give back: {diff.count}; there already: {diff.there}."
    for kind, items in taken.listed(world.store.log(revocation_id), diff.entry).items():
        for item in items:
            yield f"  {kind.value.replace('_', ' ')}: {plain(item.name, 300)}"
    for sentence in diff.by_hand:
        yield f"By hand: {plain(sentence, 500)}"


def carried_out(at: Terminal, approved: Revocation) -> bool:
    """Give back now, then release where that was approved; whether all of it worked."""
    record = _ended(at.world, approved)
    restore = record.restore
    assert restore is not None
    if restore.ended_at is None:
        click.echo(f"{_count(restore)} given back so far. It goes on by itself while workers run.")
        _without_workers(at.world, record)
        return False
    click.echo(_latest(record, "restored", "restore_failed") or f"{_count(restore)} given back.")
    if restore.then_release and record.state in (State.RELEASING, State.RELEASED):
        return outcome.taken_off(at.world, record.id) and not restore.failed
    _without_workers(at.world, record)
    return not restore.failed and not (restore.then_release and record.on_the_list)


def _ended(world: World, record: Revocation) -> Revocation:
    end = time.monotonic() + GIVE_BACK_FOR
    restore_.restore(world, record.id)
    while True:
        record = world.store.get(record.id)
        if record.restore is None or record.restore.ended_at is not None or time.monotonic() >= end:
            return record
        click.echo(f"{_count(record.restore)} given back ...", err=True)
        time.sleep(PAUSE)
        restore_.catch_up(world, record.id)


def _count(restore: Restore) -> str:
    return f"{restore.given} of {restore.diff.count}"


def _latest(record: Revocation, *kinds: str) -> str:
    """What the channel is about to be told; a worker may have told it already."""
    found = [note.detail for note in record.notes if note.kind in kinds]
    return plain(f"{record.id}: {found[-1]}", 2000) if found else ""


def _without_workers(world: World, record: Revocation) -> None:
    if not settling.workers_alive(world):
        click.echo(outcome.NO_WORKERS)
    settling.tell(world, record.id)
