"""The command group: every refusal is one sentence on stderr, and an exit code."""

import sys
from typing import Any

import click
from dotenv import load_dotenv

from workers.cli import screen
from workers.cli.approve import approve, refuse
from workers.cli.attest import attest
from workers.cli.audit import audit
from workers.cli.cancel import cancel
from workers.cli.doctor import doctor
from workers.cli.follow_ups import follow_ups
from workers.cli.hold import hold
from workers.cli.listing import list_
from workers.cli.look_back import look_back
from workers.cli.own import own
from workers.cli.prepare import prepare
from workers.cli.ratify import ratify
from workers.cli.reconcile import reconcile
from workers.cli.release import release
from workers.cli.report import report
from workers.cli.restore import false_alarm, restore
from workers.cli.revoke import revoke
from workers.cli.show import show
from workers.cli.snapshot import snapshot
from workers.cli.speech import readable
from workers.cli.undo_attest import undo_attest
from workers.cli.work import work
from workers.domain.errors import RevocationError
from workers.settings import WrongSettings


class Spoken(click.Group):
    """Ends with 2 where settings are wrong, naming all of them, and with 1 where it was refused."""

    def invoke(self, ctx: click.Context) -> Any:
        with screen.only_text():
            return self._spoken(ctx)

    def _spoken(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WrongSettings as wrong:
            click.echo(f"These settings are wrong:\n{wrong}", err=True)
            sys.exit(2)
        except RevocationError as refusal:
            click.echo(readable(str(refusal)), err=True)
            sys.exit(1)


@click.group(cls=Spoken)
def main() -> None:
    """The privileged side of the revocation bot."""
    load_dotenv(".env")  # boto3 reads AWS_* from the environment alone


COMMANDS = (
    work,
    revoke,
    list_,
    show,
    report,
    audit,
    look_back,
    snapshot,
    hold,
    own,
    follow_ups,
    attest,
    undo_attest,
    false_alarm,
    restore,
    release,
    approve,
    refuse,
    ratify,
    cancel,
    reconcile,
    prepare,
    doctor,
)

for command in COMMANDS:
    main.add_command(command)
