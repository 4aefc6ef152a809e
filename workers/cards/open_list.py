"""One open revocation in a few lines, for whoever must see many at a glance, with the one button that helps most. Pure.

Read on a phone at 3 a.m.: how it stands as a word, who, since when, whose it is, what is open, and when it ends.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from workers.cards import approval, checklist, drill, phrase, protection, second_person
from workers.cards.step_words import title
from workers.cards.text import (
    Block,
    are_you_sure,
    button,
    cut,
    inert,
    local,
    mention,
    plain,
    section,
    utc,
)
from workers.domain import clearance, ratification
from workers.domain.open_items import OpenItem, open_items
from workers.domain.revocation import Revocation, State
from workers.domain.step import ATTESTABLE, StepState
from workers.domain.timing import Timing

WORDS = {
    "confirm": "Deny now",
    "write": "write the Deny policy",
    "ratify": "ratify",
    "approve": "second person",
    "clean_up": "clean-up",
    "give_back": "give back",
    "start": "start the follow-ups",
}
"""What is open, by the name that `workers.domain.open_items` gives it; a follow-up has its own title."""

_WORKSPACE = re.compile(r"[a-z0-9][a-z0-9.-]{0,100}")
_TS = re.compile(r"\d{1,20}\.\d{1,10}")


NOTHING = "Nobody is denied, and nothing waits for confirmation."

_ID = re.compile(r"R-[A-Z0-9]{6}")
"""The index is not signed: only what may be one of ours is spoken of."""

MOST_UNREAD = 10


def unread(ids: Iterable[str]) -> str:
    """What the list cannot say, because these records cannot be read; empty where all can. mrkdwn."""
    ours = [one for one in ids if _ID.fullmatch(one)]
    if not ours:
        return ""
    more = f" and {len(ours) - MOST_UNREAD} more" if len(ours) > MOST_UNREAD else ""
    return (
        f"{', '.join(ours[:MOST_UNREAD])}{more} cannot be read: whoever stands in the Deny policy stays there; anybody else may "
        "be NOT denied. At a terminal: `python -m workers show ID`."
    )


def lines(revocation: Revocation, timing: Timing, now: datetime, workspace: str, viewer: str) -> list[Block]:
    """The revocation as one block, with at most one button; `viewer`: the Slack id of whoever reads it.

    `workspace`: the domain of the Slack workspace, for the link to the card; empty where it is not known.
    """
    block = section(summary(revocation, timing, now, workspace))
    pressable, row = next_button(revocation, viewer)
    if pressable is None:
        return [block]
    return [block | {"accessory": pressable} | ({"block_id": row} if row else {})]


def summary(revocation: Revocation, timing: Timing, now: datetime, workspace: str) -> str:
    """The lines alone; mrkdwn."""
    told = [
        f"{revocation.id} · {phrase.standing(revocation)}{second_person.waits(revocation)} · {phrase.person(revocation)}",
        f"{_capital(when(revocation, local))} · owner {mention(revocation.owner)}",
        *_waits(revocation),
        *_open(revocation, timing, now),
        _ends(revocation, timing),
        card_link(revocation, workspace),
    ]
    return "\n".join(line for line in told if line)


def sentence(revocation: Revocation, timing: Timing, now: datetime) -> str:
    """The same in one line, for notifications and screen readers; mrkdwn."""
    since = when(revocation, utc)
    owner = revocation.owner.name if revocation.owner else "nobody"
    how = f"{phrase.standing(revocation)}{second_person.waits(revocation)}"
    left = _left(revocation, timing)
    what = f" · {_count(left, now)}" if left else ""
    return f"{revocation.id} · {how} · {phrase.person(revocation)} · {since} · owner {inert(owner, 80)}{what}"


def card_link(revocation: Revocation, workspace: str) -> str:
    """Where its card is, to tap; mrkdwn. Where the workspace or the card is not known: the channel.

    Source: Slack's method chat.getPermalink, whose answers have this form.
    """
    link = message_link(revocation.channel, revocation.card_ts, workspace, "Open the card")
    return link or f"Card in <#{revocation.channel}>"


def message_link(channel: str, ts: str | None, workspace: str, label: str) -> str:
    """A link to a message; empty where the workspace or the message is not known. mrkdwn."""
    if _WORKSPACE.fullmatch(workspace) is None or _TS.fullmatch(ts or "") is None:
        return ""
    return f"<https://{workspace}.slack.com/archives/{channel}/p{(ts or '').replace('.', '')}|{label}>"


def when(revocation: Revocation, show: Callable[[datetime], str]) -> str:
    """Since when they stand as they do, or the last that is known; nobody is called denied who is not."""
    if revocation.off_at is not None and not revocation.on_the_list:
        return f"off the list since {show(revocation.off_at)}"
    if revocation.written_at is None:
        return f"asked for {show(revocation.requested_at)}"
    if phrase.standing(revocation) == phrase.NOT_DENIED:
        return f"written to the policy {show(revocation.written_at)}"
    since = "in the policy at least since" if revocation.adopted else "denied since"
    return f"{since} {show(revocation.written_at)}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _waits(revocation: Revocation) -> list[str]:
    request = revocation.release
    if request is None:
        return []
    return [f"{approval.waits(request)} Reason: {inert(request.reason, 200) or 'none given'}"]


def _open(revocation: Revocation, timing: Timing, now: datetime) -> list[str]:
    """How much is open, and what falls due next."""
    left = _left(revocation, timing)
    if not left:
        return ["Nothing else is open"] if revocation.state is State.DENIED else []
    how_many = _count(left, now)
    dated = next((item for item in left if item.due_at is not None), None)
    if dated is None or dated.due_at is None:
        return [f"{how_many}: {_named(left)}"]
    due = f"{'was due' if now >= dated.due_at else 'due'} {local(dated.due_at)}"
    first = f"{_word(dated)}{_whose(revocation, dated)}, {due}"
    if len(left) == 1:
        return [f"{how_many}: {first}"]
    return [f"{how_many}: {_named(left)} · next {first}"]


def _left(revocation: Revocation, timing: Timing) -> list[OpenItem]:
    """Without the clean-up, which has its own line, unless a person must say what becomes of somebody who is held."""
    return [item for item in open_items(revocation, timing) if item.by_people or item.what != "clean_up"]


def _count(left: list[OpenItem], now: datetime) -> str:
    late = sum(item.by_people and item.due_at is not None and now >= item.due_at for item in left)
    return f"{len(left)} open{f', {late} overdue' if late else ''}"


def _named(left: list[OpenItem]) -> str:
    """What waits for people stands first."""
    return ", ".join(_word(item) for item in sorted(left, key=lambda item: not item.by_people))


def _word(item: OpenItem) -> str:
    """Of who is held, what is due is a decision: the clean-up is not."""
    return "hold anew or release" if item.what == "clean_up" else what(item)


def what(item: OpenItem) -> str:
    """The item's name for people."""
    return WORDS.get(item.what) or title(item.what)


def _whose(revocation: Revocation, item: OpenItem) -> str:
    """Whoever has it, where that is not the owner of all; mrkdwn."""
    if item.owner is None:
        return f" (any of the {item.group})"
    return "" if item.owner == revocation.owner else f" ({mention(item.owner)})"


def _ends(revocation: Revocation, timing: Timing) -> str:
    """When they come off the list by themselves."""
    if revocation.state is not State.DENIED or phrase.standing(revocation) == phrase.NOT_DENIED:
        return ""
    if why := phrase.held(revocation):
        return f"Held: {inert(why, 300)}"
    off = clearance.off_at(revocation, timing) or clearance.eligible_at(revocation, timing)
    if off is not None:
        return f"{phrase.stays(revocation)} at least until {local(off)}"
    promised = clearance.promised_at(revocation, timing)
    least = f", not before {local(promised)}" if promised else ""
    return f"Clean-up not in sight{least}: it is not proven that they can get no new credentials"


class Next(NamedTuple):
    """A button, or none; and the row that says what it is about, empty where the button says it."""

    button: Block | None
    row: str = ""


def next_button(revocation: Revocation, viewer: str) -> Next:
    """What whoever looks at it most likely does next; none where that is nothing, or must be read first."""
    match revocation.state:
        case State.REQUESTED:
            return Next(_to_deny(revocation, viewer))
        case State.CONFIRMED | State.RELEASING:
            return Next(_button(revocation, "Retry", "step_retry") if revocation.trouble else None)
        case State.DENIED:
            return _second_yes(revocation, viewer) or _denied(revocation)
        case State.WATCHED if _by_hand(revocation):
            return Next(_button(revocation, "Done", "step_attest"))
        case State.WATCHED | State.RELEASED:
            return Next(None if revocation.giving_back else _deny_again(revocation))
        case State.EXPIRED:
            return Next(_button(revocation, "Ask again", "step_retry"))
        case _:
            return Next(None)


def _to_deny(revocation: Revocation, viewer: str) -> Block | None:
    voted = revocation.vote is not None and revocation.vote.by.id == viewer
    return None if revocation.user is None or voted else protection.deny_button(revocation)


def _second_yes(revocation: Revocation, viewer: str) -> Next | None:
    """Where one is waited for, and this viewer may be the one who gives it."""
    request, confirmer = revocation.release, revocation.confirmed_by
    if revocation.trouble:
        return None
    if ratification.waits(revocation) and (confirmer is None or confirmer.id != viewer):
        ratify = button("Ratify", "approval_give", revocation.id, style="primary")
        return Next(ratify, protection.block_id(revocation.id))
    row = approval_row(revocation)
    return Next(_approve(revocation), row) if row and request and request.asked_by.id != viewer else None


def _denied(revocation: Revocation) -> Next:
    hold = None if revocation.hold_open else _button(revocation, "Hold 12 h", "revocation_hold")
    failed = next((step for step in revocation.steps if step.state is StepState.FAILED), None)
    if revocation.trouble:
        return Next(_button(revocation, "Retry", "step_retry"))
    if revocation.notice_at is not None and hold is not None:
        return Next(hold)
    if failed is not None:
        row = f"{checklist.block_id(failed.kind)}@{revocation.id}"
        return Next(_button(revocation, "Retry", "step_retry"), row)
    return Next(_button(revocation, "Done", "step_attest") if _by_hand(revocation) else hold)


def approval_row(revocation: Revocation) -> str:
    """What an Approve outside the card carries: which request was shown, and when it was asked.

    Empty where nothing waits, or a list belongs to it, which must be read before anybody approves it.
    """
    request = revocation.release
    if request is None or request.gives_back:
        return ""
    return f"{approval.block_id(request)}@{revocation.id}.{int(request.asked_at.timestamp())}"


def shown_rows(revocation: Revocation) -> frozenset[str]:
    """The rows with which a second yes outside the card may come now."""
    return frozenset({approval_row(revocation), protection.block_id(revocation.id)} - {""})


def _approve(revocation: Revocation) -> Block:
    sure = are_you_sure(
        "Take them off the list?",
        f"{plain(revocation.who, 150)} can use AWS again, with whatever access they have.",
        "Approve",
    )
    return button("Approve release", "approval_give", revocation.id, style="primary", confirm=sure)


def _by_hand(revocation: Revocation) -> bool:
    return any(step.kind in ATTESTABLE and step.state is StepState.OPEN for step in revocation.steps)


def _deny_again(revocation: Revocation) -> Block:
    sure = are_you_sure(
        f"Deny {plain(revocation.who, 90)} again?",
        "They go back onto the Deny policy at once.",
        "Deny again",
        danger=True,
    )
    return button("Deny again", "revocation_deny_again", revocation.id, style="danger", confirm=sure)


def _button(revocation: Revocation, label: str, action_id: str) -> Block:
    return button(label, action_id, revocation.id)


def was(revocations: list[Revocation]) -> str:
    """What ended, one short line each; mrkdwn."""
    return cut("\n".join(_ended(revocation) for revocation in revocations), 2900)


def _ended(revocation: Revocation) -> str:
    return f"{revocation.id} · {phrase.standing(revocation)}{drill.mark(revocation)} · asked for {local(revocation.requested_at)}"
