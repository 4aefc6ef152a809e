"""What only the person who typed sees. Pure."""

from typing import Any

from bot.command_text import HELP
from workers.cards import card as cards
from workers.cards import phrase, second_person
from workers.cards.text import context, cut, fitting, inert, section, utc
from workers.domain.revocation import Revocation
from workers.domain.rules import Rules
from workers.ports import Message
from workers.service.intake import Asked

Reply = dict[str, Any]

STORE_AWAY = (
    "NOT DENIED: Redis cannot be reached, so nothing was recorded and nobody was denied. Try again in a minute. "
    "If it must be now: add the user ID to the Deny policy in the AWS Organizations console, or run "
    "`python -m workers revoke USER_NAME --reason ...` once Redis answers."
)


STORE_UNSURE = (
    "Redis did not answer in time, so it is not sure that this was recorded. Look at the card, or at `/revoke list`; "
    "doing it again does no harm."
)


def say(sentence: str) -> Reply:
    """One sentence; mrkdwn. In a block, for of a bare text Slack makes links and mentions by itself."""
    return {"text": sentence, "blocks": [section(sentence)], "response_type": "ephemeral"}


def help_() -> Reply:
    return {"text": HELP, "blocks": [section(HELP)], "response_type": "ephemeral"}


def asked(revocations: list[Asked], reason: str, rules: Rules, silence: str | None) -> Reply:
    """One line for each target; where somebody is denied already, their card to look at; and what is amiss."""
    fresh = [one.revocation for one in revocations if not one.joined]
    lines = [_looking(fresh)] if fresh else []
    known = [one.revocation for one in revocations if one.joined]
    lines.extend(_known(revocation, reason) for revocation in known)
    if silence is not None:
        lines.append(silence)
    blocks = [section(line) for line in lines]
    for revocation in known[:3]:
        blocks.extend(cards.without_buttons(revocation, rules).blocks)  # type: ignore[arg-type]
    return {"text": "\n".join(lines), "blocks": fitting(blocks), "response_type": "ephemeral"}


def _looking(revocations: list[Revocation]) -> str:
    names = ", ".join(_name(revocation) for revocation in revocations)
    where = ", ".join(sorted({f"<#{revocation.channel}>" for revocation in revocations}))
    cards_ = "The card" if len(revocations) == 1 else "The cards"
    return f"Looking up {names}. Nothing is denied yet. {cards_} will be in {where}."


def _name(revocation: Revocation) -> str:
    target = revocation.target
    return f"<@{target.value}>" if target.kind == "slack" else inert(target.value, 100)


def _known(revocation: Revocation, reason: str) -> str:
    added = "; your reason was added" if reason else ""
    how = f"{phrase.standing(revocation)}{second_person.waits(revocation)}"
    card = f"Its card is in <#{revocation.channel}>{added}."
    return f"{inert(revocation.who, 100)} already has {revocation.id}: {how}. {card}"


def listed(revocations: list[Revocation], rules: Rules) -> Reply:
    if not revocations:
        return say("Nobody is denied, and nothing waits for confirmation.")
    lines = [_line(revocation, rules) for revocation in sorted(revocations, key=_since)]
    blocks = [section(line) for line in lines[:40]]
    more = (
        [context(f"{len(lines) - 40} more; `python -m workers list` shows all.")] if len(lines) > 40 else []
    )
    return {"text": cut("\n".join(lines), 3900), "blocks": [*blocks, *more], "response_type": "ephemeral"}


def _line(revocation: Revocation, rules: Rules) -> str:
    since = f"since {utc(revocation.written_at or revocation.requested_at)}"
    owner = revocation.owner.name if revocation.owner else "nobody"
    how = f"{phrase.standing(revocation)}{second_person.waits(revocation)}"
    return f"{revocation.id} · {how} · {phrase.person(revocation)} · {since} · owner {inert(owner, 80)}"


def _since(revocation: Revocation) -> str:
    return revocation.requested_at.isoformat()


def card(revocation: Revocation, rules: Rules) -> Reply:
    message: Message = cards.without_buttons(revocation, rules)
    return {"text": message.text, "blocks": list(message.blocks), "response_type": "ephemeral"}


def held(revocation: Revocation, rules: Rules) -> Reply:
    return say(
        f"{revocation.id}: {inert(revocation.who, 100)} stays denied {phrase.hold_end(revocation, rules.timing)}."
    )
