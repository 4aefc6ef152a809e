"""What is written at the terminal: a target, a revocation's id, a reason, a user name typed to be sure."""

import re

import click

from workers.domain import target_text
from workers.domain.errors import Refused
from workers.domain.revocation import Revocation, TargetRef
from workers.service import intake
from workers.service.intake import REASON_LIMIT
from workers.service.world import World

_ID = re.compile(r"R-[A-Z0-9]{6}")


def target(ctx: click.Context, parameter: click.Parameter, value: str) -> TargetRef:
    found = target_text.unmistakable(value) or target_text.user_name(value)
    if found is None:
        raise click.BadParameter("give an e-mail, a user name (user:NAME), a user ID, or a session ARN")
    return found


def reason(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    text = value.strip()
    if not text or len(text) > REASON_LIMIT:
        raise click.BadParameter(f"must have 1 to {REASON_LIMIT} characters")
    return text


def found(world: World, text: str) -> Revocation:
    """The revocation with this id, or the latest of this target."""
    if _ID.fullmatch(text.upper()):
        return world.store.get(text.upper())
    wanted = target_text.unmistakable(text) or target_text.user_name(text)
    revocation = intake.find(world.store, wanted) if wanted else None
    if revocation is None:
        raise Refused(f"There is no revocation {text!r}. `python -m workers list --all` shows them.")
    return revocation


def sure(revocation: Revocation, question: str, given: str | None) -> bool:
    """Whether the target's user name was given, or is typed now; nothing at all is typed: no."""
    user = revocation.user
    if user is None:
        return False
    try:
        typed = given if given is not None else click.prompt(question, default="", show_default=False)
    except click.Abort:
        click.echo()
        typed = ""
    return str(typed).strip() == user.user_name
