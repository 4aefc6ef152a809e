"""`follow-ups`: start them now, or let them wait."""

from collections.abc import Callable

import click

from workers.cards import drill
from workers.cards.text import plain
from workers.cli import outcome, settling, written
from workers.cli.terminal import opened
from workers.domain.revocation import Revocation
from workers.ports import RevocationStore
from workers.service import intake
from workers.service.intake import Authority

UseCase = Callable[[RevocationStore, Authority, str], Revocation]


@click.group("follow-ups")
def follow_ups() -> None:
    """Start the follow-ups of a revocation now, or let them wait."""


@follow_ups.command()
@click.argument("revocation")
def start(revocation: str) -> None:
    """Start now, whatever the delay and whoever said wait. The workers take the access away."""
    _do(revocation, intake.start_follow_ups, "the follow-ups were started")


@follow_ups.command()
@click.argument("revocation")
def wait(revocation: str) -> None:
    """Take nothing more away until somebody starts them. What AWS is removing already goes on."""
    _do(revocation, intake.wait_follow_ups, "nothing more is taken away until somebody starts the follow-ups")


def _do(revocation: str, use_case: UseCase, said: str) -> None:
    with opened() as at:
        found = written.found(at.world, revocation)
        changed = use_case(at.world.store, at.authority(), found.id)
        click.echo(f"{changed.id}: {said} ({plain(drill.name(changed), 100)}).")
        if not settling.workers_alive(at.world):
            click.echo(outcome.NO_WORKERS)
        settling.tell(at.world, changed.id)
