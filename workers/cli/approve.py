"""`approve` and `refuse`: the second person's answer to what waits, at a terminal."""

import sys
from collections.abc import Iterable

import click

from workers.cards import drill
from workers.cards.text import plain
from workers.cli import giving_back, outcome, settling, written
from workers.cli.speech import card_text
from workers.cli.terminal import Terminal, opened
from workers.domain.errors import Refused
from workers.domain.revocation import ReleaseRequest, Revocation, State
from workers.service import clean_up, intake


@click.command()
@click.argument("revocation")
@click.option("--reason", default="", help="Why; it goes on the record.")
@click.option("--yes-user-name", metavar="NAME", help="The user name, instead of typing it when asked.")
def approve(revocation: str, reason: str, yes_user_name: str | None) -> None:
    """Be the second person for what waits on REVOCATION: a release, a restore, or both. It is carried out at once.

    Ends with 0 only when all of it was done.
    """
    with opened() as at:
        found = written.found(at.world, revocation)
        request = _request(found)
        _show(_lines(at, found, request))
        if written.sure(found, f"Type the user name ({plain(_name(found))}) to approve", yes_user_name):
            done = _approved(at, found, request, reason)
        else:
            click.echo(f"Nothing changed: that is not the user name of {plain(found.who)}.")
            done = False
    sys.exit(0 if done else 1)


def _request(found: Revocation) -> ReleaseRequest:
    if found.release is None:
        raise Refused(f"Nothing about {found.who} waits for approval in {found.id}.")
    return found.release


def _lines(at: Terminal, found: Revocation, request: ReleaseRequest) -> Iterable[str]:
    if request.gives_back:
        return giving_back.request_lines(at.world, found, request)
    asker = plain(request.asked_by.name, 100)
    return (
        f"{found.id}: {asker} asks to take {plain(drill.name(found), 100)} off the deny list.",
        f"Reason: {plain(request.reason, 500) or 'none given'}",
    )


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _name(found: Revocation) -> str:
    return found.user.user_name if found.user else found.who


def _approved(at: Terminal, found: Revocation, request: ReleaseRequest, reason: str) -> bool:
    """Exactly what was shown, or nothing."""
    seen = request.diff.entry if request.diff else 0
    approved = intake.approve(at.world.store, at.authority(), found.id, reason, list_seen=seen)
    return carried_out(at, approved, request)


def carried_out(at: Terminal, approved: Revocation, request: ReleaseRequest) -> bool:
    """Do at once what was approved; whether it was done."""
    if request.gives_back:
        return giving_back.carried_out(at, approved)
    if approved.state is State.RELEASING:
        return outcome.taken_off(at.world, approved.id)
    return _clean_up_given(at, approved)


def _clean_up_given(at: Terminal, approved: Revocation) -> bool:
    """The clean-up had asked; its gates are read now, and have the last word."""
    clean_up.clean_up(at.world, approved.id)
    ended = at.world.store.get(approved.id)
    click.echo(card_text(ended, at.world.rules))
    settling.tell(at.world, approved.id)
    return not ended.on_the_list


@click.command()
@click.argument("revocation")
def refuse(revocation: str) -> None:
    """Refuse what waits for a second person on REVOCATION, or take back what you asked for. All stays as it is."""
    with opened() as at:
        found = written.found(at.world, revocation)
        refused = intake.refuse(at.world.store, at.authority(), found.id)
        stays = " stays denied" if refused.on_the_list else ": nothing changed"
        click.echo(f"{refused.id}: refused. {plain(drill.name(refused), 100)}{stays}.")
        settling.tell(at.world, refused.id)
