"""`prepare`: the Deny policy made, enabled and attached; by a plan first."""

import click

from workers import logs
from workers.adapters.aws import prepare as prepare_
from workers.adapters.aws.clients import aws_clients
from workers.adapters.aws.prepare import NAME, Wish
from workers.settings import WorkerSettings, WrongSettings, read

OTHERS = """\
From now on the bot alone changes the policy's content. Others must leave it be:
  Terraform, where it manages this policy:   lifecycle { ignore_changes = [content] }
  CloudFormation, Control Tower (Customizations, landing zone):   leave this policy out, do not deploy over it or
  detach it. Ten policies fit directly on one target, and Control Tower's own count."""


@click.command()
@click.option("--apply", "apply_", is_flag=True, help="Do it; without this, only the plan is printed.")
@click.option("--name", default=NAME, show_default=True, help="The policy's name.")
@click.option("--policy-id", metavar="p-...", help="A policy that stands already; wins over the name.")
@click.option(
    "--target", "targets", multiple=True, metavar="ID", help="Root, OU or account; default: the root."
)
@click.option(
    "--enable-policy-type", is_flag=True, help="Enable service control policies where they are not."
)
def prepare(
    apply_: bool, name: str, policy_id: str | None, targets: tuple[str, ...], enable_policy_type: bool
) -> None:
    """Create and attach the Deny policy, denying nobody yet. Safe to run again; overwrites and detaches nothing.

    Needs only AWS credentials of the management account; no other setting.
    """
    logs.log_to_stderr([])
    wish = Wish(policy_id=policy_id, name=name, targets=targets, enable_policy_type=enable_policy_type)
    clients = aws_clients()
    done = prepare_.apply(clients, wish) if apply_ else prepare_.plan(clients, wish)
    click.echo("Done:" if apply_ else "Plan (nothing is changed without --apply):")
    for step in done.steps:
        click.echo(f"  {step}")
    _say_setting(done.policy_id)
    click.echo(OTHERS)


def _say_setting(policy_id: str | None) -> None:
    if policy_id is None:
        return
    click.echo(f"The setting: REVOKE_DENY_POLICIES={policy_id}")
    now = _set_now()
    if now not in (None, policy_id):
        click.echo(f"  It is {now} now: change it, or prepare that one with --policy-id {now}.")


def _set_now() -> str | None:
    try:
        return read(WorkerSettings).policy_id
    except WrongSettings:
        return None
