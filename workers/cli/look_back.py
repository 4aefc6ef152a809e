"""`look-back`: what the user did before the denial; the query for a person, or the answer."""

import sys
import time
from datetime import UTC, datetime, timedelta

import click

from workers.cards.text import plain
from workers.cli import settling, written
from workers.cli.terminal import Terminal, opened
from workers.domain.errors import Refused
from workers.domain.look_back import WAIT_FOR
from workers.domain.revocation import Revocation
from workers.service import look_back as look_back_
from workers.service.world import World

SLICE = timedelta(seconds=5)


def _since(ctx: click.Context, parameter: click.Parameter, value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None


@click.command("look-back")
@click.argument("revocation")
@click.option("--run", is_flag=True, help="Run the queries now, and print what they find.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d"]),
    callback=_since,
    help="From when, in UTC; otherwise 12 hours before the request.",
)
def look_back(revocation: str, run: bool, since: datetime | None) -> None:
    """Print the query for what the user of REVOCATION did, or run it and print the answer.

    Ends with 1 where a query was to be run and gave no answer.
    """
    with opened() as at:
        found = written.found(at.world, revocation)
        if found.user is None:
            raise Refused(f"It is not known yet whom {found.id} is about.")
        if not run:
            for query in look_back_.queries(at.world, found, since):
                click.echo(f"{query}\n")
            return
        answered = _run(at, found, since)
    sys.exit(0 if answered else 1)


def _run(at: Terminal, found: Revocation, since: datetime | None) -> bool:
    """Whether every place answered."""
    if not at.world.histories:
        raise Refused(
            "There is nothing to run it on. Set REVOKE_TRAIL_TABLE or REVOKE_EVENT_DATA_STORE, or run the printed "
            "query by hand."
        )
    begun = look_back_.look_again(at.world, found.id, at.authority().actor, since)
    assert begun is not None
    click.echo(f"Asking {', '.join(h.place for h in at.world.histories)} ...", err=True)
    ended = _waited(at.world, begun)
    for text in _texts(at.world, begun):
        click.echo("\n".join(plain(line, 1_000, indented=True) for line in text.splitlines()))
    settling.tell(at.world, found.id)
    runs = ended.look_back.runs if ended.look_back else ()
    return all(run.ended_at is not None and not run.failed for run in runs)


def _waited(world: World, begun: Revocation) -> Revocation:
    """The record once all have ended, which they do within a bound; workers may help."""
    end = time.monotonic() + WAIT_FOR.total_seconds() + 60
    while True:
        current = look_back_.go_on(world, begun.id, SLICE)
        if not current.look_back or not current.look_back.under_way or time.monotonic() >= end:
            return current
        time.sleep(0.5)


def _texts(world: World, begun: Revocation) -> list[str]:
    """What was found since then, from the log."""
    entries = [e for e in world.store.log(begun.id) if e["seq"] > begun.seq and e["event"] == "looked_back"]
    return [str(entry["detail"].get("found", "")) for entry in entries]
