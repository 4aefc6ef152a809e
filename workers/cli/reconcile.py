"""`reconcile`: one pass that makes AWS and Slack equal the records; or only what it would find."""

import sys

import click

from workers.cards.text import plain
from workers.cli.terminal import opened
from workers.domain import deny_document
from workers.domain.deny_plan import DenyPlan, plan, user_id_of
from workers.domain.errors import AwsUnsettled, PolicyRefused
from workers.domain.revocation import Revocation
from workers.service import containment, handing_over
from workers.service import reconcile as reconcile_
from workers.service.world import World

EQUAL = "The policy equals the records"


@click.command()
@click.option("--dry-run", is_flag=True, help="Only print where the records and the policy differ.")
def reconcile(dry_run: bool) -> None:
    """Make the Deny policy and the cards equal the records, once. Safe at any time, workers or not.

    Ends with 1 where they differ after the pass.
    """
    with opened() as at:
        equal = _say_differences(at.world)
        if not dry_run:
            _pass(at.world)
            click.echo("After this pass:")
            equal = _say_differences(at.world)
    sys.exit(0 if equal or dry_run else 1)


def _say_differences(world: World) -> bool:
    """Whether the policy was read and equals the records."""
    try:
        lines = differences(world)
    except (PolicyRefused, AwsUnsettled) as error:
        click.echo(f"The policy cannot be compared: {error}")
        return False
    for line in lines:
        click.echo(line)
    return lines[0].startswith(EQUAL)


def _pass(world: World) -> None:
    containment.contain(world)
    reconcile_.settle_policy(world)
    reconcile_.alert(world)
    reconcile_.do_due(world)
    handing_over.keep(world)
    reconcile_.tell_untold(world)


def differences(world: World) -> list[str]:
    """Where the policy is not what the records want, one line each. Raises PolicyRefused, AwsUnsettled."""
    document = deny_document.parse(world.policy.read().text)
    open_ones = world.store.open()
    wants = plan(document, open_ones, world.store.ended(50), world.store.now())
    lines = [
        *_to_add(wants, document.user_ids),
        *(f"To take off: {_name(open_ones, user_id)}" for user_id in sorted(wants.off & document.user_ids)),
        *(f"In the policy without a record, kept: {user_id}" for user_id in sorted(wants.orphans)),
    ]
    if not document.has_placeholder:
        lines.append("The placeholder is missing, and is put back")
    return lines or [f"{EQUAL}: {len(document.user_ids)} denied."]


def _to_add(wants: DenyPlan, there: frozenset[str]) -> list[str]:
    missing = {revocation.id for revocation in wants.missing}
    return [
        f"To add: {_named(r)}{', taken off by somebody else' if r.id in missing else ''}"
        for r in wants.must
        if user_id_of(r) not in there
    ]


def _name(revocations: list[Revocation], user_id: str) -> str:
    for revocation in revocations:
        if revocation.user is not None and revocation.user.user_id == user_id:
            return _named(revocation)
    return user_id


def _named(revocation: Revocation) -> str:
    return f"{revocation.id} {plain(revocation.who, 100)} {user_id_of(revocation)}"
