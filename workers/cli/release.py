"""`release`: one of the two votes that take a user off the list; or alone, by break-glass, and loudly."""

import sys

import click

from workers.cards.text import plain
from workers.cli import outcome, settling, written
from workers.cli.speech import card_text
from workers.cli.terminal import Terminal, opened
from workers.domain.revocation import Revocation, State
from workers.service import clean_up, intake
from workers.service.intake import Authority


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
    store, who = at.world.store, at.authority()
    if found.release is None:
        asked = intake.ask_release(store, who, found.id, reason)
        click.echo(_waits(at, asked))
        settling.tell(at.world, found.id)
        return True
    approved = intake.approve_release(store, who, found.id, reason)
    if approved.state is State.RELEASING:
        return outcome.taken_off(at.world, found.id)
    return _clean_up_given(at, approved)


def _waits(at: Terminal, asked: Revocation) -> str:
    who = ", ".join(at.world.rules.approvers)
    return (
        f"{asked.id}: {plain(asked.who)} stays denied until a second person approves: on the card in Slack ({who}), "
        "or at a terminal as somebody else."
    )


def _clean_up_given(at: Terminal, approved: Revocation) -> bool:
    """The clean-up had asked; its gates are read now, and have the last word."""
    clean_up.clean_up(at.world, approved.id)
    ended = at.world.store.get(approved.id)
    click.echo(card_text(ended, at.world.rules))
    settling.tell(at.world, approved.id)
    return not ended.on_the_list


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
