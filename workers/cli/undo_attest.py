"""`undo-attest`: an attestation does not count any more."""

import click

from workers.cards.text import plain
from workers.cli import outcome, settling, written
from workers.cli.terminal import opened
from workers.domain.step import ATTESTABLE, Kind
from workers.service import intake


@click.command()
@click.argument("revocation")
@click.argument("step", type=click.Choice([kind.value for kind in ATTESTABLE]))
def undo_attest(revocation: str, step: str) -> None:
    """Take back that STEP of REVOCATION was done: it is open again, and a clean-up or restore that relied on it stops."""
    kind = Kind(step)
    with opened() as at:
        found = written.found(at.world, revocation)
        changed = intake.undo_attest(at.world.store, at.authority(), found.id, kind)
        opened_again = changed.step(kind)
        assert opened_again is not None
        state, why = opened_again.state.words, plain(opened_again.detail)
        click.echo(f"{changed.id}: {step.replace('_', ' ')} is {state}. {why}")
        if not settling.workers_alive(at.world):
            click.echo(outcome.NO_WORKERS)
        settling.tell(at.world, changed.id)
