"""`ratify`: the second person's yes to a protected user's denial, at a terminal."""

import click

from workers.cards import drill, phrase
from workers.cards.text import plain
from workers.cli import settling, written
from workers.cli.speech import card_text
from workers.cli.terminal import opened
from workers.service import intake


@click.command()
@click.argument("revocation")
def ratify(revocation: str) -> None:
    """Say yes to the denial of a protected user that one person confirmed alone in REVOCATION.

    The denial does not wait for it. Where nobody does within 30 minutes, the channel and the alarm call once more.
    """
    with opened() as at:
        found = written.found(at.world, revocation)
        click.echo(card_text(found, at.world.rules))
        ratified = intake.ratify(at.world.store, at.authority(), found.id)
        click.echo(
            f"{ratified.id}: ratified. {phrase.standing(ratified)}: {plain(drill.name(ratified), 100)}."
        )
        settling.tell(at.world, ratified.id)
