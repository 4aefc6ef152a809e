"""`release`: one of the two votes that take a user off the list; or alone, by break-glass, and loudly."""

import sys

import click

from workers.cards import drill
from workers.cards.text import plain
from workers.cli import outcome, settling, written
from workers.cli.approve import carried_out
from workers.cli.speech import card_text
from workers.cli.terminal import Terminal, opened
from workers.domain.errors import Refused
from workers.domain.revocation import Revocation
from workers.service import intake
from workers.service.intake import Authority
from workers.service.intake.waiting import lapsed


@click.command()
@click.argument("revocation")
@click.option("--reason", required=True, callback=written.reason, help="Why; it goes on the record.")
@click.option("--break-glass", is_flag=True, help="Alone, without a second person. Everybody is told.")
@click.option(
    "--yes-user-name", metavar="NAME", help="With --break-glass: the user name, instead of typing it."
)
def release(revocation: str, reason: str, break_glass: bool, yes_user_name: str | None) -> None:
    """Ask that the user of REVOCATION comes off the deny list, or approve what somebody else asked for.

    The same AWS caller or the same user of this machine never counts as two people.
    """
    with opened() as at:
        found = written.found(at.world, revocation)
        done = _alone(at, found, reason, yes_user_name) if break_glass else _vote(at, found, reason)
    sys.exit(0 if done else 1)


def _vote(at: Terminal, found: Revocation, reason: str) -> bool:
    store, who, request = at.world.store, at.authority(), found.release
    if request is None or lapsed(request, store.now()):
        asked = intake.ask_release(store, who, found.id, reason)
        click.echo(_waits(at, asked))
        settling.tell(at.world, found.id)
        return True
    if request.gives_back:
        raise Refused(
            f"{request.asked_by.name} asked to give back what was taken. `python -m workers approve {found.id}` shows "
            f"the list and approves it; `python -m workers refuse {found.id}` makes room for a release."
        )
    approved = intake.approve(store, who, found.id, reason, list_seen=0)
    return carried_out(at, approved, request)


def _waits(at: Terminal, asked: Revocation) -> str:
    who = ", ".join(at.world.rules.approvers)
    return (
        f"{asked.id}: {plain(drill.name(asked))} stays denied until a second person approves: on the card in Slack ({who}), "
        "or at a terminal as somebody else."
    )


def _alone(at: Terminal, found: Revocation, reason: str, typed: str | None) -> bool:
    click.echo(
        "BREAK-GLASS RELEASE: one person, no second. The channel and the alarm topic are told.", err=True
    )
    click.echo(card_text(found, at.world.rules))
    name = found.user.user_name if found.user else found.who
    if not written.sure(
        found, f"Type the user name ({plain(name)}) to take this user off the deny list", typed
    ):
        click.echo(f"Nothing changed: that is not the user name of {plain(found.who)}.")
        return False
    return _broken(at, at.authority(), found, reason)


def _broken(at: Terminal, who: Authority, found: Revocation, reason: str) -> bool:
    intake.break_glass(at.world.store, who, found.id, reason)
    return outcome.taken_off(at.world, found.id)
