"""Who sits at the terminal: the AWS caller and the user of this machine, whatever the environment claims."""

import os
import pwd

import click

from workers.adapters.aws.caller import caller_arn
from workers.adapters.aws.clients import AwsClients
from workers.cli.time_box import within
from workers.domain.actor import Actor
from workers.service.intake import Authority

STS_WITHIN = 3.0


def authority(clients: AwsClients) -> Authority:
    """May do what a responder and an approver may: whoever holds the records' key could write them anyway.

    Where AWS does not say who is calling, the OS user stands alone, and that is said.
    """
    user = os_user()
    arn = within(STS_WITHIN, lambda: caller_arn(clients))
    if arn is None:
        click.echo(
            f"AWS does not say whose credentials these are; the record will name {user} alone.", err=True
        )
    actor = Actor(kind="terminal", id=f"{arn} {user}" if arn else user, name=f"{user} at a terminal")
    return Authority(actor=actor, responder=True, approver=True)


def os_user() -> str:
    """The user that this process runs as, as one word."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid-{os.getuid()}"
    return "_".join(name.split())
