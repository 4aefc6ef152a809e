"""`attest`: say that a step no API can do was done."""

from datetime import UTC, datetime

import click

from workers.cards.text import plain, utc
from workers.cli import outcome, settling, written
from workers.cli.terminal import opened
from workers.domain.revocation import Revocation
from workers.domain.step import ATTESTABLE, Kind
from workers.service import intake
from workers.service.intake import Statement


def _at(ctx: click.Context, parameter: click.Parameter, value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value else None


@click.command()
@click.argument("revocation")
@click.argument("step", type=click.Choice([kind.value for kind in ATTESTABLE]))
@click.option("--done-by", default="", help="Who did it; otherwise you.")
@click.option(
    "--done-at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]),
    callback=_at,
    help="When, in UTC; otherwise now.",
)
@click.option("--link", default="", help="A ticket, or what shows it.")
def attest(revocation: str, step: str, done_by: str, done_at: datetime | None, link: str) -> None:
    """Say that STEP of REVOCATION was done. It goes on the record with your name."""
    said = Statement(done_by=done_by, done_at=done_at, link=link, by_hand=True)
    with opened() as at:
        found = written.found(at.world, revocation)
        changed = intake.attest(at.world.store, at.authority(), found.id, Kind(step), said)
        click.echo(_line(changed, Kind(step)))
        if not settling.workers_alive(at.world):
            click.echo(outcome.NO_WORKERS)
        settling.tell(at.world, changed.id)


def _line(changed: Revocation, kind: Kind) -> str:
    step = changed.step(kind)
    assert step is not None
    assert step.attested is not None
    said = f"{plain(step.attested.done_by, 120)} at {utc(step.attested.done_at)}"
    waits = f" {step.detail}" if step.detail else ""
    return f"{changed.id}: {kind.value.replace('_', ' ')} attested, done by {said}.{waits}"
