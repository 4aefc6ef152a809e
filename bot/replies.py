"""What only the person who typed sees. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.command_text import HELP
from workers.cards import card as cards
from workers.cards import drill, open_list, phrase, second_person
from workers.cards.searching import search_button
from workers.cards.text import (
    Block,
    actions,
    are_you_sure,
    button,
    context,
    cut,
    fitting,
    inert,
    mention,
    mentions,
    section,
)
from workers.domain.actor import Actor
from workers.domain.handoff import Handoff
from workers.domain.lookup import Lookup
from workers.domain.revocation import Revocation, State, TargetRef
from workers.domain.rules import Rules
from workers.domain.same_person import same_person
from workers.ports import Message
from workers.service.intake import Asked
from workers.service.intake.authority import OPEN

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
    all_ = _deny_all([one.revocation for one in revocations])
    return {
        "text": "\n".join(lines),
        "blocks": [*fitting(blocks)[: 50 - len(all_)], *all_],
        "response_type": "ephemeral",
    }


def _looking(revocations: list[Revocation]) -> str:
    names = ", ".join(_name(revocation) for revocation in revocations)
    where = ", ".join(sorted({f"<#{revocation.channel}>" for revocation in revocations}))
    cards_ = "The card" if len(revocations) == 1 else "The cards"
    return f"Looking up {names}. Nothing is denied yet. {cards_} will be in {where}."


def _name(revocation: Revocation) -> str:
    return f"{_target(revocation.target)}{drill.mark(revocation)}"


def _target(target: TargetRef) -> str:
    return f"<@{target.value}>" if target.kind == "slack" else inert(target.value, 100)


def _known(revocation: Revocation, reason: str) -> str:
    added = "; your reason was added" if reason else ""
    how = f"{phrase.standing(revocation)}{second_person.waits(revocation)}"
    card = f"Its card is in <#{revocation.channel}>{added}."
    return f"{inert(drill.name(revocation), 100)} already has {revocation.id}: {how}. {card}"


def listed(
    revocations: list[Revocation],
    unreadable: list[str],
    rules: Rules,
    now: datetime,
    workspace: str,
    viewer: str,
    *,
    hands_over: bool = False,
    offers: Sequence[Handoff] = (),
) -> Reply:
    """Every open one, the oldest first, each with the button that helps most; see `workers.cards.open_list.lines`.

    `hands_over`: whether the viewer may hand over what is open. `offers`: what waits for the viewer to accept.
    """
    unread = open_list.unread(unreadable)
    if not revocations:
        return say(unread or open_list.NOTHING)
    ordered = sorted(revocations, key=_since)
    sentences = (open_list.sentence(revocation, rules.timing, now) for revocation in ordered)
    offered = [_offered(handoff) for handoff in offers[:MOST_OFFERS]]
    text = "\n".join([*([unread] if unread else []), *offered, *sentences])
    blocks = [
        block
        for revocation in ordered[:MOST_LISTED]
        for block in open_list.lines(revocation, rules.timing, now, workspace, viewer)
    ]
    left = len(ordered) - MOST_LISTED
    more = [context(f"{left} more; `python -m workers list` shows all.")] if left > 0 else []
    last = [*more, *(_hand_over(ordered) if hands_over else [])]
    first = [block for handoff in offers[:MOST_OFFERS] for block in _to_accept(handoff, viewer)]
    return {
        "text": cut(text, 3900),
        "blocks": [
            *([section(unread)] if unread else []),
            *first,
            section(f"{len(ordered)} open"),
            *blocks,
            *last,
        ],
        "response_type": "ephemeral",
    }


MOST_LISTED = 20
"""So many that the answer stays within what Slack takes, whatever their names are."""


MOST_OFFERS = 2


def _offered(handoff: Handoff) -> str:
    whose = " and ".join(map(mention, handoff.outgoing)) or mention(handoff.offered_by)
    return f"{handoff.id} · {whose} would hand over to you: {_named(handoff, [])}"


def _to_accept(handoff: Handoff, viewer: str) -> list[Block]:
    accept = button("Accept", "handoff_accept", handoff.id, style="primary")
    decline = [button("Decline", "handoff_decline", handoff.id)] if viewer in handoff.asked else []
    return [section(_offered(handoff)), actions(accept, *decline)]


HAND_OVER_ALL = "handoff_all"
"""The row of the button that hands over more than the one revocation that it carries."""


def _hand_over(revocations: list[Revocation]) -> list[Block]:
    passing = next((revocation for revocation in revocations if revocation.state in OPEN), None)
    if passing is None:
        return []
    return [actions(button("Hand over", "handoff_start", passing.id), block_id=HAND_OVER_ALL)]


def _since(revocation: Revocation) -> str:
    return revocation.requested_at.isoformat()


def status(
    revocation: Revocation, before: list[Revocation], rules: Rules, workspace: str, viewer: str
) -> Reply:
    """The card to look at, what this person most likely does next, and what was before, the newest first."""
    message: Message = cards.without_buttons(revocation, rules)
    where = open_list.card_link(revocation, workspace)
    was = [section(f"Before:\n{open_list.was(before)}")] if before else []
    blocks = [*message.blocks[: 48 - len(was)], *_next(revocation, viewer), context(where), *was][:50]
    return {"text": message.text, "blocks": blocks, "response_type": "ephemeral"}


def changed(sentence: str, revocation: Revocation, workspace: str, viewer: str) -> Reply:
    """What was done, where its card is, and what this person most likely does next."""
    blocks = [
        section(sentence),
        context(open_list.card_link(revocation, workspace)),
        *_after(revocation, viewer),
    ]
    return {"text": sentence, "blocks": blocks, "response_type": "ephemeral"}


def _after(revocation: Revocation, viewer: str) -> list[Block]:
    """Whoever asked for a release calls the second person; whoever held them needs no second hold."""
    request = revocation.release
    if request is not None and request.asked_by.id == viewer and not request.gives_back:
        return [actions(button("Nudge", "approval_nudge", revocation.id))]
    pressable, _ = open_list.next_button(revocation, viewer)
    again = pressable is not None and pressable["action_id"] == "revocation_hold"
    return [] if again else _next(revocation, viewer)


def _next(revocation: Revocation, viewer: str) -> list[Block]:
    pressable, row = open_list.next_button(revocation, viewer)
    return [actions(pressable, block_id=row)] if pressable is not None else []


def report_asked(revocation: Revocation, silence: str | None) -> Reply:
    """Where the report comes; and what is amiss."""
    where = (
        "comes to you as a direct message, because the target can read the channel"
        if revocation.channel_shared
        else f"comes into the thread of its card in <#{revocation.channel}>, with two files"
    )
    said = f"{revocation.id}: the report on {inert(drill.name(revocation), 100)} {where}."
    return say(f"{said} {silence}" if silence else said)


def held(revocation: Revocation, rules: Rules) -> str:
    """Until when, in one sentence; mrkdwn."""
    who = f"{inert(drill.name(revocation), 100)}"
    return f"{revocation.id}: {who} stays denied {phrase.hold_end(revocation, rules.timing)}."


def handed_over(handoff: Handoff, passed: list[Revocation], giver: Actor) -> Reply:
    """What was offered to whom, whose it is until then, where its thread is; and a note to leave where none was."""
    sentence = _offer(handoff, passed, giver)
    note = [] if handoff.remarks else [actions(button("Leave a note", "handoff_note", handoff.id))]
    return {"text": sentence, "blocks": [section(sentence), *note], "response_type": "ephemeral"}


MOST_NAMED = 10


def _offer(handoff: Handoff, passed: list[Revocation], giver: Actor) -> str:
    whom = mentions(handoff.incoming) or "any responder"
    told = [
        f"Offered to {whom}: {_named(handoff, passed)}.",
        _until_accepted(handoff, giver),
        f"The thread of {handoff.id} is in <#{handoff.channel}>.",
    ]
    return "\n".join(told)


def _named(handoff: Handoff, passed: list[Revocation]) -> str:
    names = {revocation.id: f" ({inert(drill.name(revocation), 80)})" for revocation in passed}
    shown = [f"{one}{names.get(one, '')}" for one in handoff.revocations[:MOST_NAMED]]
    left = len(handoff.revocations) - len(shown)
    return f"{', '.join(shown)}{f' and {left} more' if left else ''}"


def _until_accepted(handoff: Handoff, giver: Actor) -> str:
    owners = handoff.outgoing
    if not owners:
        return "Nobody owns it until somebody accepts."
    if all(same_person(owner, giver) for owner in owners):
        return "You stay the owner until somebody accepts."
    stay = "stays the owner" if len(owners) == 1 else "stay the owners"
    return f"{' and '.join(map(mention, owners))} {stay} until somebody accepts."


def accepted(handoff: Handoff) -> str:
    """What whoever accepted is told alone; mrkdwn."""
    return (
        f"You accepted {handoff.id}: {_named(handoff, [])}. What is open of it is yours. Its thread is in "
        f"<#{handoff.channel}>."
    )


def owned(revocation: Revocation, before: Actor | None) -> str:
    """Whose it is now, and whose it was; mrkdwn."""
    was = f" {mention(before)} owned it before." if before is not None and before != revocation.owner else ""
    return f"You own {revocation.id} ({inert(drill.name(revocation), 100)}) now.{was}"


def not_found(sentence: str) -> Reply:
    """That nobody was found, with the form that searches the directory."""
    return {
        "text": sentence,
        "blocks": [section(sentence), actions(search_button())],
        "response_type": "ephemeral",
    }


def looked_up(lookup: Lookup) -> Reply:
    """That the answer comes, and where; with the form that searches, should nobody be found by that name."""
    looking = f"Looking {_target(lookup.target)} up; the answer comes as a direct message."
    return not_found(f"There is no revocation of this person. {looking}")


DENY_ALL = "revocations_confirm_all"
MOST_AT_ONCE = 50
"""So many are denied by one click before its time is over; also what fits into a button."""


def _deny_all(revocations: list[Revocation]) -> list[Block]:
    """One button for all that wait for Deny now, where that are several."""
    waiting = [revocation for revocation in revocations if revocation.state is State.REQUESTED][:MOST_AT_ONCE]
    if len(waiting) < 2:
        return []
    ids = " ".join(revocation.id for revocation in waiting)
    sure = are_you_sure(
        f"Deny all {len(waiting)} now?",
        "Look at their cards first. Each loses every AWS account under the Deny policy, for 12 hours at least. Who is "
        "protected, not found, or above a cap is not denied by this; the answer names them.",
        "Deny all now",
        danger=True,
    )
    return [actions(button("Deny all now", DENY_ALL, ids, style="danger", confirm=sure))]


def all_denied(outcomes: list[str]) -> str:
    """What became of each, one line each; mrkdwn."""
    return cut("\n".join(outcomes), 2900)
