"""Doctor's checks of what the workers may do in AWS."""

from collections.abc import Iterator

from workers import bootstrap
from workers.adapters.aws.rights import try_reads
from workers.cli.terminal import Terminal
from workers.service.doctor import Finding, fail, ok, warn


def rights(at: Terminal) -> Iterator[Finding]:
    """A line for each right that is missing, and one for all that are there."""
    center = bootstrap.build_center(at.settings, at.clients)
    tried = list(try_reads(at.clients, center, at.settings.policy_id))
    yield from (fail(f"{one.right}: {one.refusal}") for one in tried if one.refusal)
    given = [one.right for one in tried if not one.refusal]
    if given:
        yield ok(f"rights: {len(given)} read calls answered: {', '.join(given)}")


def identity_center(at: Terminal) -> Iterator[Finding]:
    """The one instance, and its identity store can be read."""
    center = bootstrap.build_center(at.settings, at.clients)
    yield ok(f"Identity Center: {center.instance_arn} in {at.clients.region}")
    at.world.directory.by_user_id("00000000-0000-0000-0000-000000000000")
    yield ok(f"identity store: {center.store_id}, readable")


def alarm_topic(at: Terminal) -> Iterator[Finding]:
    if at.settings.revoke_alarm_topic is None:
        yield warn(
            "alarm topic: none, so nobody hears of trouble while Slack is away.", "Set REVOKE_ALARM_TOPIC."
        )
    else:
        yield ok(f"alarm topic: {at.settings.revoke_alarm_topic} (not tried: that would alarm somebody)")
