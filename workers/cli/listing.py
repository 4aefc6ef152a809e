"""`list`: who is denied, and what waits."""

import click

from workers.cards import open_list, phrase, second_person
from workers.cards.text import plain, utc
from workers.cli import as_json
from workers.cli.speech import readable
from workers.cli.terminal import opened
from workers.domain.revocation import Revocation

LATEST = 50


@click.command("list")
@click.option("--all", "ended_too", is_flag=True, help=f"The latest {LATEST} that ended, too.")
@click.option("--json", "as_json_", is_flag=True, help="For scripts.")
def list_(ended_too: bool, as_json_: bool) -> None:
    """Show the open revocations, one line each, oldest first."""
    with opened() as at:
        found = [*at.world.store.open(), *(at.world.store.ended(LATEST) if ended_too else [])]
        unread = open_list.unread(at.world.store.unreadable())
    found.sort(key=lambda revocation: revocation.requested_at)
    if unread:
        click.echo(readable(unread), err=True)
    if as_json_:
        as_json.say(as_json.fields(revocation) for revocation in found)
        return
    for revocation in found:
        click.echo(_line(revocation))
    if not (found or unread):
        click.echo(open_list.NOTHING)


def _line(revocation: Revocation) -> str:
    owner = plain(revocation.owner.name, 80) if revocation.owner else "nobody"
    person = readable(phrase.person(revocation))
    how = f"{phrase.standing(revocation)}{second_person.waits(revocation)}"
    return f"{revocation.id} · {how} · {person} · {open_list.when(revocation, utc)} · owner {owner}"
