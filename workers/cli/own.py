"""`own`: become the owner of a revocation."""

import click

from workers.cards import drill
from workers.cards.text import plain
from workers.cli import settling, written
from workers.cli.terminal import opened
from workers.service import intake


@click.command()
@click.argument("revocation")
def own(revocation: str) -> None:
    """Become the owner of REVOCATION, at once, without asking whoever is."""
    with opened() as at:
        found = written.found(at.world, revocation)
        owned = intake.own(at.world.store, at.authority(), found.id)
        click.echo(f"{owned.id} · {plain(drill.name(owned), 100)}: you are the owner now.")
        settling.tell(at.world, owned.id)
