"""How it ended, read from the record; and where it did not, the way by hand."""

import logging
from collections.abc import Callable

import click

from workers.cards import phrase, way_out
from workers.cli import settling
from workers.cli.speech import readable
from workers.domain.errors import RevocationError
from workers.domain.revocation import Revocation, State
from workers.domain.rules import Rules
from workers.service.world import World

logger = logging.getLogger(__name__)

NO_CLEAR_ANSWER = "AWS gave no clear answer within a minute."
NO_WORKERS = (
    "No workers run: the policy is not watched, and what is left to do waits. Start `python -m workers work`."
)


def contained(world: World, revocation_id: str) -> bool:
    """Contain now, and say how that ended; True: denied, read back."""
    return _said(world, revocation_id, settling.settle)


def reread(world: World, revocation_id: str) -> bool:
    """The same for somebody who is denied already: the policy is read, and put right where it differs."""
    return _said(world, revocation_id, settling.settle_anew)


def _said(world: World, revocation_id: str, settle: Callable[[World, str], Revocation]) -> bool:
    try:
        ended = settle(world, revocation_id)
    except RevocationError:
        raise
    except Exception as error:  # a bug of ours must not hide the way by hand
        logger.exception("containment_broke", extra={"revocation_id": revocation_id})
        ended = world.store.get(revocation_id)
        by_hand(world.policy.policy_id, ended, f"Something broke here ({type(error).__name__}).")
        return False
    done = _say_denied(world, ended)
    _afterwards(world, revocation_id)
    return done


def _say_denied(world: World, ended: Revocation) -> bool:
    if phrase.standing(ended).startswith((phrase.DENIED, phrase.HELD)):
        _say_standing(ended, world.rules)
        return True
    by_hand(world.policy.policy_id, ended, ended.trouble.sentence if ended.trouble else NO_CLEAR_ANSWER)
    return False


def taken_off(world: World, revocation_id: str) -> bool:
    """Take a released user off now, and say how that ended; True: off, read back."""
    ended = settling.settle(world, revocation_id)
    if ended.state is State.RELEASING:
        cause = ended.trouble.sentence if ended.trouble else NO_CLEAR_ANSWER
        click.echo(f"STILL DENIED: {readable(phrase.person(ended))} {cause} The workers try again.")
    else:
        _say_standing(ended, world.rules)
    _afterwards(world, revocation_id)
    return ended.state is State.RELEASED


def _say_standing(ended: Revocation, rules: Rules) -> None:
    click.echo(readable(phrase.sentence(ended, rules.timing)))
    gaps = phrase.gaps(ended.coverage) if ended.coverage and ended.on_the_list else None
    if gaps:
        click.echo(gaps)
    if ended.state is State.RELEASED and ended.off_at:
        click.echo(f"Read back as gone at {ended.off_at:%Y-%m-%d %H:%M:%S} UTC.")
    if ended.request_id:
        click.echo(f"AWS request id: {ended.request_id}")


def _afterwards(world: World, revocation_id: str) -> None:
    if not settling.workers_alive(world):
        click.echo(NO_WORKERS)
    settling.tell(world, revocation_id)


def by_hand(policy_id: str, revocation: Revocation, cause: str) -> None:
    """NOT DENIED, why, and what to do without us."""
    click.echo(f"NOT DENIED: {readable(phrase.person(revocation))}. {readable(cause)}")
    commands(policy_id, revocation.user.user_id if revocation.user else None)


def commands(policy_id: str, user_id: str | None) -> None:
    """The console's page, and the command where the user ID is known."""
    click.echo("By hand, with rights on the management account:")
    click.echo(f"  {way_out.console(policy_id)}")
    if user_id is not None:
        click.echo(f"  {way_out.command(policy_id, user_id)}")
    else:
        click.echo("  Add the user ID (Identity Center, Users) to the list beside the placeholder.")
