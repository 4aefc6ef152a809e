"""`restore` and `false-alarm`: ask for the way back; a second person approves the list that is shown."""

import click

from workers.cli import giving_back, written
from workers.cli.terminal import opened
from workers.service import intake


@click.command()
@click.argument("revocation")
@click.option("--reason", required=True, callback=written.reason, help="Why; it goes on the record.")
@click.option(
    "--nothing-lost", is_flag=True, help="A false alarm, nothing was lost: sessions and credentials may stay."
)
def restore(revocation: str, reason: str, nothing_lost: bool) -> None:
    """Ask to give back what was taken from the user of REVOCATION. Takes nobody off the deny list."""
    with opened() as at:
        found = written.found(at.world, revocation)
        asked = intake.ask_restore(
            at.world.store, at.authority(), found.id, reason, nothing_lost=nothing_lost
        )
        giving_back.waits(at, asked)


@click.command("false-alarm")
@click.argument("revocation")
@click.option("--reason", required=True, callback=written.reason, help="Why; it goes on the record.")
def false_alarm(revocation: str, reason: str) -> None:
    """Ask for both: give back what was taken from the user of REVOCATION, then off the deny list."""
    with opened() as at:
        found = written.found(at.world, revocation)
        asked = intake.ask_false_alarm(at.world.store, at.authority(), found.id, reason)
        giving_back.waits(at, asked)
