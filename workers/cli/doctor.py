"""`doctor`: everything that must be right before an incident, one line each."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from workers import bootstrap
from workers.adapters.redis_connection import at_terminal
from workers.cards.text import plain
from workers.cli import doctor_aws, doctor_follow_ups, doctor_redis, doctor_slack, press_card
from workers.cli.terminal import Terminal, opened
from workers.domain.errors import StoreAway
from workers.service import doctor as checks
from workers.service import write_test
from workers.service.doctor import Check, Finding, Level
from workers.settings import WrongSettings

Checks = Iterator[tuple[str, Check]]


@click.command()
@click.option(
    "--test-card", is_flag=True, help="Post a card with a button that must be pressed within a minute."
)
@click.option("--write-test", is_flag=True, help="Write the Deny policy's own text back into it.")
def doctor(test_card: bool, write_test: bool) -> None:
    """Check the whole installation: ok, WARN or FAIL, what, and what to do. Ends with 1 on any FAIL."""
    failed = False
    for finding in _findings(test_card, write_test):
        click.echo(plain(str(finding), 1000))
        failed = failed or finding.level is Level.FAIL
    sys.exit(1 if failed else 0)


def _findings(test_card: bool, try_to_write: bool) -> Iterator[Finding]:
    try:
        with opened() as at:
            yield checks.ok("settings: read")
            for name, check in _all(at, test_card, try_to_write):
                yield from checks.examine(name, check)
    except WrongSettings as wrong:
        yield from (checks.fail(f"settings: {line.strip()}") for line in str(wrong).splitlines())
    except StoreAway as away:
        yield checks.fail(f"Redis: {away}")


def _all(at: Terminal, test_card: bool, try_to_write: bool) -> Checks:
    world = at.world
    yield "Slack token", lambda: doctor_slack.app(at)
    yield from doctor_slack.people(at)
    yield "people", lambda: checks.enough_people(world)
    yield "incident channel", lambda: checks.incident_channel(world)
    yield from _redis(at)
    yield "witness", lambda: checks.witness(world)
    yield "Deny policy", lambda: checks.deny_policy(world)
    yield "attachment", lambda: checks.attachment(world)
    yield "Identity Center", lambda: doctor_aws.identity_center(at)
    yield "rights", lambda: doctor_aws.rights(at)
    write = write_test.try_write if try_to_write else write_test.remembered
    yield "organizations:UpdatePolicy", lambda: write(world)
    yield "identity source", lambda: checks.identity_source(world)
    yield "follow-ups", lambda: checks.follow_ups(world)
    yield "drills", lambda: checks.drills(world)
    yield "SCIM", lambda: doctor_follow_ups.scim(at)
    yield "look back", lambda: doctor_follow_ups.look_back(at)
    yield "alarm topic", lambda: doctor_aws.alarm_topic(at)
    yield "clocks", lambda: checks.clocks(world, datetime.now(UTC))
    if test_card:
        yield "test card", lambda: checks.try_bot(world, lambda: press_card.press(world))
    else:
        yield "bot", lambda: checks.bot(world)


def _redis(at: Terminal) -> Checks:
    redis = at_terminal(bootstrap.redis_url(at.settings))
    embedded = at.settings.redis_url is None
    yield "Redis", lambda: doctor_redis.server(redis, embedded=embedded)
    yield "workers", lambda: doctor_redis.workers(redis, at.world.store.now())
    yield "scheduler", lambda: doctor_redis.scheduler(redis)
    yield "reconciler", lambda: checks.reconciler(at.world)
