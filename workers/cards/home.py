"""App Home: what is denied now, what waits for whom, and whether all of it still works. Pure.

A home view has at most 100 blocks (Slack's page "Block Kit"); what does not fit is counted in words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workers.cards import drill, open_list, phrase
from workers.cards.searching import search_button
from workers.cards.text import (
    Block,
    actions,
    button,
    context,
    header,
    inert,
    local,
    mention,
    mentions,
    section,
)
from workers.domain.actor import Actor
from workers.domain.handoff import Handoff, HandoffState
from workers.domain.open_items import OpenItem, open_items
from workers.domain.proof import LOOK_BACK, Proof
from workers.domain.revocation import Revocation, State
from workers.domain.rules import Rules
from workers.domain.same_person import same_person
from workers.domain.timing import Timing
from workers.ports import Figure

REFRESH = "home_refresh"

MOST_SHOWN, MOST_OWNERS, MOST_OF_ONE, MOST_HANDOFFS = 20, 8, 8, 8

FOR_OTHERS = (
    "Responders deny somebody in every AWS account with `/revoke`, and a second person approves what frees them again. "
    "Only they see here who is denied and what is open. If an account is in the wrong hands, tell a responder now."
)

UNKNOWN = "Redis, where the records are, cannot be reached, so this page cannot say who is denied. Press Refresh in a minute."

UNREAD = "No record that can be read is open."

_NOT_DENIED = (phrase.NOT_YET, phrase.NOT_DENIED)
_COUNTED = ("not denied", "denied", "off the list and watched")


@dataclass(frozen=True, kw_only=True)
class Now:
    """What there is to show to `viewer`. Nothing in it may be about them."""

    viewer: Actor
    at: datetime
    revocations: Sequence[Revocation]
    handoffs: Sequence[Handoff] = ()
    unreadable: Sequence[str] = ()
    """Ids of open records that cannot be read."""
    room: Figure | None = None
    proven: Proof | None = None
    """The last drill."""
    searches: bool = True
    """Whether the viewer may search the directory, and deny whom they find."""
    silence: str = ""
    """What to know where the workers do not answer."""
    workspace: str = ""


def page(now: Now, rules: Rules, said: str = "") -> Block:
    """The home view of a responder or approver; `said`: what became of what they just pressed, mrkdwn."""
    warnings = [section(line) for line in (now.silence, open_list.unread(now.unreadable)) if line]
    return _view(
        *_said(said),
        *warnings,
        actions(*([search_button()] if now.searches else []), _refresh()),
        context(f"As of {local(now.at)}. This page does not change by itself: press Refresh."),
        *_denied(now, rules.timing),
        *_waits(now, rules.timing),
        *_handoffs(now),
        *_policy(now),
        context("In a thread, where no slash command works: mention the bot and say `status`."),
    )


def for_others(said: str = "") -> Block:
    """The home view of anybody else, of whoever is denied too: it tells nothing about anybody."""
    return _view(*_said(said), section(FOR_OTHERS))


def unknown(said: str = "") -> Block:
    """The home view while the records are out of reach."""
    return _view(*_said(said), section(UNKNOWN), actions(_refresh()))


def _view(*blocks: Block) -> Block:
    return {"type": "home", "blocks": list(blocks)}


def _said(sentence: str) -> list[Block]:
    return [section(sentence), {"type": "divider"}] if sentence else []


def _refresh() -> Block:
    return button("Refresh", REFRESH, "now")


def _denied(now: Now, timing: Timing) -> list[Block]:
    """Every open one: who is not denied first, then the denied, the oldest first."""
    if not now.revocations:
        return [header("Denied now"), section(UNREAD if now.unreadable else open_list.NOTHING)]
    ordered = sorted(now.revocations, key=lambda one: (_kind(one), one.requested_at))
    shown = [
        block
        for one in ordered[:MOST_SHOWN]
        for block in open_list.lines(one, timing, now.at, now.workspace, now.viewer.id)
    ]
    left = len(ordered) - MOST_SHOWN
    more = (
        [context(f"{left} more; `/revoke list` shows the oldest, `python -m workers list` all.")]
        if left > 0
        else []
    )
    return [header("Denied now"), context(_count(ordered)), *shown, *more]


def _kind(revocation: Revocation) -> int:
    """Which of `_COUNTED` it is; what is most urgent comes first."""
    if phrase.standing(revocation) in _NOT_DENIED:
        return 0
    return 2 if revocation.state is State.WATCHED else 1


def _count(revocations: Iterable[Revocation]) -> str:
    kinds = [_kind(one) for one in revocations]
    return " · ".join(f"{kinds.count(kind)} {word}" for kind, word in enumerate(_COUNTED) if kind in kinds)


Waiting = tuple[Revocation, OpenItem]


def _waits(now: Now, timing: Timing) -> list[Block]:
    """What waits for people, by whose it is: the viewer's own, what anybody can do, then whose next is most urgent."""
    waiting = [(one, item) for one in now.revocations for item in open_items(one, timing) if item.by_people]
    if not waiting:
        return [header("Waits for whom"), section("Nothing waits for a person.")]
    owned: dict[tuple[int, str], list[Waiting]] = {}
    for entry in sorted(waiting, key=lambda entry: (_whose(entry[1], now.viewer)[0], _due(entry, now.at))):
        owned.setdefault(_whose(entry[1], now.viewer), []).append(entry)
    groups = list(owned.values())
    left = sum(map(len, groups[MOST_OWNERS:]))
    more = [context(f"{left} more, of others.")] if left else []
    return [header("Waits for whom"), *(_of_one(group, now) for group in groups[:MOST_OWNERS]), *more]


def _whose(item: OpenItem, viewer: Actor) -> tuple[int, str]:
    if item.owner is None:
        return 1, ""
    return (0, "") if same_person(item.owner, viewer) else (2, item.owner.id)


def _due(entry: Waiting, now: datetime) -> datetime:
    return entry[1].due_at or now.replace(year=9999)


def _of_one(waiting: Sequence[Waiting], now: Now) -> Block:
    """What one person has open, or whoever can; the most urgent first."""
    rank, _ = _whose(waiting[0][1], now.viewer)
    name = ("Yours", "Whoever can", mention(waiting[0][1].owner))[rank]
    late = sum(_overdue(item, now.at) for _, item in waiting)
    told = [f"*{name}:* {len(waiting)} open{f', {late} overdue' if late else ''}"]
    told += [_line(one, item, now.at) for one, item in waiting[:MOST_OF_ONE]]
    if len(waiting) > MOST_OF_ONE:
        told.append(f"and {len(waiting) - MOST_OF_ONE} more")
    return section("\n".join(told))


def _line(revocation: Revocation, item: OpenItem, now: datetime) -> str:
    what = "approve" if item.what == "approve" else open_list.what(item)
    return f"{what[:1].upper()}{what[1:]} · {revocation.id} {inert(drill.name(revocation), 80)} · {_when(item, now)}"


def _when(item: OpenItem, now: datetime) -> str:
    if item.due_at is None:
        return "no due time"
    return f"{'OVERDUE since' if _overdue(item, now) else 'due'} {local(item.due_at)}"


def _overdue(item: OpenItem, now: datetime) -> bool:
    return item.due_at is not None and now >= item.due_at


def _handoffs(now: Now) -> list[Block]:
    """Each handoff that passes on something that the viewer sees."""
    seen = {one.id for one in now.revocations}
    theirs = [(one, [id_ for id_ in one.revocations if id_ in seen]) for one in now.handoffs]
    told = [_handoff(one, ids, now.workspace) for one, ids in theirs if ids]
    if not told:
        return []
    left = len(told) - MOST_HANDOFFS
    more = [context(f"{left} more.")] if left > 0 else []
    return [header("Handoffs"), *(section(line) for line in told[:MOST_HANDOFFS]), *more]


def _handoff(handoff: Handoff, ids: Sequence[str], workspace: str) -> str:
    outgoing = ", ".join(mention(one) for one in handoff.outgoing) or "nobody"
    what = f"{len(ids)} revocation{'s' if len(ids) > 1 else ''} of {outgoing}"
    thread = open_list.message_link(handoff.channel, handoff.root_ts, workspace, "Open its thread")
    return f"{handoff.id} · {what} · {_passed(handoff)}\n{thread or f'Its thread is in <#{handoff.channel}>'}"


def _passed(handoff: Handoff) -> str:
    """Who has it: nobody is owner by it before they accepted."""
    if handoff.state is HandoffState.ACCEPTED:
        at = f" {local(handoff.accepted_at)}" if handoff.accepted_at else ""
        return f"accepted by {mention(handoff.accepted_by)}{at}"
    asked = "any responder" if handoff.open_to_all else mentions(handoff.asked) or "nobody who is left"
    return f"offered to {asked} {local(handoff.offered_at)}, NOT accepted yet"


def _policy(now: Now) -> list[Block]:
    return [header("The Deny policy"), section(f"{_room(now.room)}\n{_proven(now.proven, now.at)}")]


def _room(figure: Figure | None) -> str:
    if figure is None:
        return "How much room is left is not known: the workers have not read the policy yet."
    if figure.value == 0:
        return f"NO ROOM for another user ID, as of {local(figure.at)}. Release somebody, or raise REVOKE_POLICY_SIZE."
    return f"Room for {figure.value} more user ID{'s' if figure.value > 1 else ''}, as of {local(figure.at)}."


def _proven(proof: Proof | None, now: datetime) -> str:
    if proof is None:
        return f"Not proven by a drill within {LOOK_BACK.days} days. `/revoke drill` does it."
    end = "" if proof.to_the_end else ", and they are not off the list yet"
    late = " Overdue: type `/revoke drill`." if proof.overdue(now) else ""
    return f"Last proven by a drill {local(proof.at)} ({proof.revocation_id}){end}.{late}"
