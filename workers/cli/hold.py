"""`hold`: keep a user denied for longer."""

import click

from workers.cards import drill, phrase
from workers.cards.text import plain
from workers.cli import settling, written
from workers.cli.terminal import opened
from workers.service import intake


@click.command()
@click.argument("revocation")
@click.option("--until-released", is_flag=True, help="Until two people release it, not 12 hours more.")
def hold(revocation: str, until_released: bool) -> None:
    """Keep the user of REVOCATION denied one hold longer than promised now."""
    with opened() as at:
        store, timing = at.world.store, at.world.rules.timing
        found = written.found(at.world, revocation)
        held = intake.hold(store, at.authority(), found.id, timing, until_released=until_released)
        click.echo(
            f"{held.id} · Held. {plain(drill.name(held), 100)} stays denied {phrase.hold_end(held, timing)}."
        )
        settling.tell(at.world, held.id)
