"""`show`: one revocation, and its whole log, every signature and link checked."""

import click

from workers.cli import as_json, story, written
from workers.cli.speech import card_text
from workers.cli.terminal import opened


@click.command()
@click.argument("revocation")
@click.option("--json", "as_json_", is_flag=True, help="For scripts.")
def show(revocation: str, as_json_: bool) -> None:
    """Show REVOCATION (R-XXXXXX, or its target) and its verified log.

    Ends with 1 where an entry is not ours, was changed, or does not follow the one before it.
    """
    with opened() as at:
        found = written.found(at.world, revocation)
        log = at.world.store.log(found.id)
    if as_json_:
        as_json.say({"revocation": as_json.fields(found), "log": log})
        return
    click.echo(card_text(found, at.world.rules))
    click.echo(f"\nLog of {found.id}, {len(log)} entries, every signature and link checked:")
    for entry in log:
        click.echo(story.line(entry))
