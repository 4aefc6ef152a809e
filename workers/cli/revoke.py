"""`revoke`: deny a user from a terminal, whether or not Slack answers and workers run."""

import sys
import time

import click

from workers import bootstrap
from workers.adapters.aws.identity_store import IdentityStoreDirectory
from workers.cards import phrase
from workers.cli import outcome, settling, written
from workers.cli.speech import card_text, readable
from workers.cli.terminal import Terminal, opened
from workers.cli.time_box import within
from workers.domain.actor import SYSTEM
from workers.domain.due import expires_at
from workers.domain.errors import Refused, StoreAway
from workers.domain.revocation import Revocation, State, TargetRef
from workers.ports import Directory
from workers.service import coverage, identification, intake
from workers.service.intake import Authority, Request
from workers.service.world import World
from workers.settings import WorkerSettings, read

LOOK_UP_FOR = 15.0
READ_REACH_WITHIN = 6.0


@click.command()
@click.argument("target", callback=written.target)
@click.option("--reason", required=True, callback=written.reason, help="Why; it goes on the record.")
@click.option(
    "--yes-user-name", metavar="NAME", help="The target's user name, instead of typing it when asked."
)
def revoke(target: TargetRef, reason: str, yes_user_name: str | None) -> None:
    """Deny TARGET in every AWS account under the Deny policy.

    TARGET is an e-mail, a user name, an Identity Center user ID, or the session ARN of an alert. Works while
    Slack is away and no workers run. Ends with 0 only when the user ID was read back in the policy.
    """
    try:
        with opened() as at:
            denied = _deny(at, target, reason, yes_user_name)
    except StoreAway as away:
        _without_records(away, target)
        denied = False
    sys.exit(0 if denied else 1)


def _deny(at: Terminal, target: TargetRef, reason: str, typed: str | None) -> bool:
    world, who = at.world, at.authority()
    _expire_old(world)
    request = Request(targets=(target,), reason=reason, channel=world.rules.incident_channel)
    (asked,) = intake.ask(world.store, who, request)
    revocation = _followed(world, _identified(world, asked.revocation.id))
    if revocation.state is State.REQUESTED and revocation.user is not None:
        return _asked_to_be_sure(at, who, revocation, typed)
    if revocation.on_the_list:
        return _known(world, revocation)
    _not_found(world, revocation)
    return False


def _expire_old(world: World) -> None:
    """Without workers nobody else ends a request whose time is over, and it would be in the way."""
    for revocation in world.store.open():
        if revocation.state is State.REQUESTED:
            intake.expire(world.store, revocation.id, SYSTEM)


def _identified(world: World, revocation_id: str) -> Revocation:
    end = time.monotonic() + LOOK_UP_FOR
    while True:
        identification.identify(world, revocation_id)
        current = world.store.get(revocation_id)
        waiting = current.state is State.REQUESTED and current.user is None
        if not waiting or time.monotonic() >= end:
            return current
        click.echo(f"Still looking up {current.who}: {current.still_looking}", err=True)
        time.sleep(1)


def _followed(world: World, revocation: Revocation) -> Revocation:
    """The revocation that this one joined because the user had one already; else itself."""
    if revocation.state is not State.CLOSED:
        return revocation
    joined = [entry for entry in world.store.log(revocation.id) if entry["event"] == "joined"]
    return world.store.get(joined[-1]["detail"]["to"]) if joined else revocation


def _asked_to_be_sure(at: Terminal, who: Authority, revocation: Revocation, typed: str | None) -> bool:
    world = at.world
    click.echo("Reading access and coverage ...", err=True)
    within(READ_REACH_WITHIN, lambda: coverage.read_reach(world, revocation.id))
    click.echo(card_text(world.store.get(revocation.id), world.rules))
    assert revocation.user is not None
    question = f"Type the user name ({revocation.user.user_name}) to deny this user now"
    if not written.sure(revocation, question, typed):
        _other_name(revocation)
        settling.tell(world, revocation.id)
        return False
    _confirm(world, who, revocation.id)
    return outcome.contained(world, revocation.id)


def _other_name(revocation: Revocation) -> None:
    until = f"{expires_at(revocation):%H:%M} UTC"
    click.echo(
        f"NOT DENIED: that is not the user name of {revocation.who}. {revocation.id} waits for confirmation until "
        f"{until}; run this again, or `python -m workers cancel {revocation.id}`."
    )


def _confirm(world: World, who: Authority, revocation_id: str) -> None:
    """Confirm; where somebody was quicker, theirs counts. The user name was typed."""
    user = world.store.get(revocation_id).user
    typed = user.user_name if user else None
    try:
        intake.confirm(world.store, who, revocation_id, world.rules.caps, user_name=typed)
    except Refused as refusal:
        if not world.store.get(revocation_id).on_the_list:
            raise
        click.echo(readable(str(refusal)))
    _say_loud(world, revocation_id)


def _say_loud(world: World, revocation_id: str) -> None:
    """What the channel is told beside the denial, for whoever types."""
    confirmed = world.store.get(revocation_id)
    above = next((note.detail for note in confirmed.notes if note.kind == "above_cap"), None)
    if above is not None:
        click.echo(
            f"{readable(above)} At a terminal it goes ahead; the channel is told, and REVOKE_ALARM_TOPIC where it is set."
        )
    if confirmed.ratification is not None:
        click.echo(
            f"{readable(confirmed.who)} is protected: somebody else must ratify this within 30 minutes, on the card or with "
            f"`python -m workers ratify {revocation_id}`. The denial does not wait for it."
        )


def _known(world: World, revocation: Revocation) -> bool:
    """Denied, or confirmed, already: the policy is read again, so that what is said is so now."""
    click.echo(card_text(revocation, world.rules))
    click.echo(f"{revocation.who} already has {revocation.id}; your reason was added.")
    return outcome.reread(world, revocation.id)


def _not_found(world: World, revocation: Revocation) -> None:
    target = revocation.target
    cause = revocation.refused_because or revocation.still_looking or phrase.standing(revocation)
    click.echo(f"{revocation.id} · NOT DENIED: {readable(cause)}")
    if revocation.state is State.REQUESTED:
        outcome.commands(world.policy.policy_id, target.value if target.kind == "user_id" else None)
    settling.tell(world, revocation.id)


def _without_records(away: StoreAway, target: TargetRef) -> None:
    """Redis is away: nothing can be recorded here, but AWS may still tell the user ID for the way by hand."""
    settings = read(WorkerSettings)
    click.echo(f"NOT DENIED as far as is known: {away} Try again in a minute; if it must be now:", err=True)
    outcome.commands(settings.policy_id, _user_id(settings, target))


def _user_id(settings: WorkerSettings, target: TargetRef) -> str | None:
    if target.kind == "user_id":
        return target.value
    clients = bootstrap.build_clients(settings)
    directory = IdentityStoreDirectory(clients, bootstrap.build_center(settings, clients))
    found = within(LOOK_UP_FOR, lambda: _ids(directory, target.value)) or set()
    return next(iter(found)) if len(found) == 1 else None


def _ids(directory: Directory, name: str) -> set[str]:
    return {user.user_id for user in [*directory.by_email(name), *directory.by_user_name(name)]}
