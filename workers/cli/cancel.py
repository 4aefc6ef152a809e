"""`cancel`: drop a request that nobody confirmed."""

import click

from workers.cards import phrase
from workers.cli import settling, written
from workers.cli.speech import readable
from workers.cli.terminal import opened
from workers.service import intake


@click.command()
@click.argument("revocation")
def cancel(revocation: str) -> None:
    """Drop REVOCATION before it is confirmed. Whoever is denied is released instead."""
    with opened() as at:
        found = written.found(at.world, revocation)
        cancelled = intake.cancel(at.world.store, at.authority(), found.id)
        click.echo(f"{cancelled.id} · Cancelled. {readable(phrase.person(cancelled))} is not denied by it.")
        settling.tell(at.world, cancelled.id)
