"""A handoff: its message, which lists every revocation that it passes on, and what is said in the thread below. Pure.

Whoever a revocation is about may read along here: the gaps are never listed.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from workers.cards import moments, open_list
from workers.cards.text import (
    Block,
    actions,
    button,
    cut,
    fitting,
    header,
    in_utc,
    inert,
    local,
    mention,
    mentions,
    section,
)
from workers.domain.actor import Actor
from workers.domain.handoff import NOTE_LIMIT, WAITS, Declined, Handoff, HandoffState, Remark
from workers.domain.open_items import open_items
from workers.domain.revocation import Note, Revocation
from workers.domain.rules import Rules
from workers.ports import Message

MOST_REMARKS = 5
MOMENT_LIMIT = 2000


def root(
    handoff: Handoff, revocations: Sequence[Revocation], rules: Rules, now: datetime, workspace: str
) -> Message:
    """The message; one that was replaced lists nothing.

    `revocations`: those of its own that can be read, ended ones too; `workspace`: as in `open_list.lines`.
    """
    replaced = handoff.state is HandoffState.REPLACED
    shown = [] if replaced else [_without_gaps(revocation) for revocation in revocations]
    head = [
        header(
            f"{_status(handoff)}: handoff of {_count(handoff)}" if handoff.revocations else _status(handoff)
        ),
        section(_who(handoff)),
        *_said(handoff),
        *([] if replaced else _unread(handoff, revocations)),
    ]
    listed = [section(open_list.summary(one, rules.timing, now, workspace)) for one in shown]
    text = in_utc(_sentence(handoff, shown, rules, now))
    return Message(cut(text, 3900), _fitted(head, listed, _buttons(handoff, shown, rules)))


def note(handoff: Handoff, note: Note, rules: Rules) -> Message:
    """A note of the handoff, for its thread."""
    text = cut(f"{handoff.id} · {_told(handoff, note, rules)}", 2900)
    return Message(in_utc(text), (section(text),))


def moment(revocation: Revocation, note: Note, rules: Rules) -> str:
    """What a revocation's own thread was just told, for the thread of its handoff; mrkdwn, nothing alive from outside."""
    if note.kind == "coverage_lost":
        note = replace(note, detail="some of the accounts")
    return cut(
        moments.sentence(_without_gaps(revocation), replace(note, broadcast=False), rules), MOMENT_LIMIT
    )


def _without_gaps(revocation: Revocation) -> Revocation:
    """As it is told where the target reads along."""
    return replace(revocation, channel_shared=True)


def _status(handoff: Handoff) -> str:
    """As a word; plain text."""
    match handoff.state:
        case HandoffState.ACCEPTED if handoff.accepted_by is not None:
            return f"Accepted by {handoff.accepted_by.name or handoff.accepted_by.id}"
        case HandoffState.REPLACED:
            return f"Replaced by {handoff.replaced_by}"
        case state:
            return state.value.capitalize()


def _count(handoff: Handoff) -> str:
    count = len(handoff.revocations)
    return "one revocation" if count == 1 else f"{count} revocations"


def _sentence(handoff: Handoff, revocations: Sequence[Revocation], rules: Rules, now: datetime) -> str:
    """The message's whole text, for phones; the revocations in a line of its own each."""
    word = inert(_status(handoff), 120)
    lines = "".join(f"\n{open_list.sentence(one, rules.timing, now)}" for one in revocations)
    return f"{handoff.id} · {word}. {_who(handoff)}{_last_remark(handoff)}{lines}"


def _last_remark(handoff: Handoff) -> str:
    return f" {_remark(handoff.remarks[-1])}" if handoff.remarks else ""


def _who(handoff: Handoff) -> str:
    """Who hands over to whom, and whose it is until then; mrkdwn."""
    match handoff.state:
        case HandoffState.REPLACED:
            return f"{handoff.replaced_by} passes on what stood here."
        case state if state in WAITS:
            return f"{_offer(handoff)} {_asks(handoff)} {_still(handoff)}"
        case _ if handoff.accepted_by is not None and handoff.accepted_at is not None:
            by = mention(handoff.accepted_by)
            return f"{_count(handoff).capitalize()}, from {_owners(handoff.outgoing)} to {by}, {local(handoff.accepted_at)}."
        case _:
            return "Nobody accepted; who owns what is below."


def _offer(handoff: Handoff) -> str:
    owners, by, count = _owners(handoff.outgoing), handoff.offered_by, _count(handoff)
    if by.kind == "system":
        have_it = f"{owners} should hand over {count}." if handoff.outgoing else f"Without an owner: {count}."
        return f"{inert(handoff.because, 400)} {have_it}"
    if handoff.outgoing == (by,):
        return f"{mention(by)} hands over {count}."
    return f"{mention(by)} hands over {count} of {owners}."


def _asks(handoff: Handoff) -> str:
    if handoff.state is HandoffState.RETURNED:
        return "Everybody who was asked declined; who can take it after all may still accept."
    if not handoff.incoming:
        return "Any responder may accept; the first one takes all."
    first = "; the first to accept takes all" if len(handoff.asked) > 1 else ""
    others = " Any responder may accept, too." if handoff.open_to_all else ""
    return f"Asked: {mentions(handoff.asked) or 'nobody is left'}{first}.{others}"


def _still(handoff: Handoff) -> str:
    if not handoff.outgoing:
        return "Until it is accepted nobody owns them."
    stay = "stay the owners" if len(handoff.outgoing) > 1 else "stays the owner"
    return f"Until it is accepted, {_owners(handoff.outgoing)} {stay}."


def _owners(outgoing: Sequence[Actor]) -> str:
    return ", ".join(mention(actor) for actor in outgoing) or "nobody"


def _said(handoff: Handoff) -> list[Block]:
    """What the outgoing left for the next, and why others declined; the newest of each."""
    remarks = [_remark(one) for one in handoff.remarks[-MOST_REMARKS:]]
    more = len(handoff.remarks) - len(remarks)
    earlier = [f"{more} earlier notes are in the thread."] if more else []
    declined = [_declined(one) for one in handoff.declined[-MOST_REMARKS:]]
    return [section(line) for line in [*earlier, *remarks, *declined]]


def _remark(remark: Remark) -> str:
    return f"Note of {mention(remark.by)}: {inert(remark.text, NOTE_LIMIT)}"


def _declined(declined: Declined) -> str:
    return f"{mention(declined.by)} declined: {inert(declined.reason, 400) or 'no reason given'}"


def _unread(handoff: Handoff, revocations: Sequence[Revocation]) -> list[Block]:
    read = {revocation.id for revocation in revocations}
    words = open_list.unread(one for one in handoff.revocations if one not in read)
    return [section(words)] if words else []


def _buttons(handoff: Handoff, revocations: Sequence[Revocation], rules: Rules) -> list[Block]:
    if handoff.state not in WAITS:
        return []
    label = "I have it" if _one_thing(handoff, revocations, rules) else "Accept"
    accept = button(label, "handoff_accept", handoff.id, style="primary")
    if handoff.state is HandoffState.RETURNED:
        return [actions(accept)]
    decline = button("Decline", "handoff_decline", handoff.id)
    return [actions(accept, decline, button("Add a note", "handoff_note", handoff.id))]


def _one_thing(handoff: Handoff, revocations: Sequence[Revocation], rules: Rules) -> bool:
    """The clean-up is not counted: it is the bot's."""
    if len(handoff.revocations) != 1 or len(revocations) != 1:
        return False
    left = [item for item in open_items(revocations[0], rules.timing) if item.what != "clean_up"]
    return len(left) <= 1


def _fitted(head: list[Block], listed: list[Block], tail: list[Block]) -> tuple[Block, ...]:
    """As many revocations as one message may have beside the rest, and how many more there are."""
    for count in range(len(listed), -1, -1):
        more = len(listed) - count
        rest = [section(f"And {more} more; `/revoke list` shows all.")] if more else []
        blocks = [*head, *listed[:count], *rest, *tail]
        if len(fitting(blocks)) == len(blocks):
            return tuple(blocks)
    return tuple(fitting([*head[:2], *tail]))


_CALLS = frozenset({"offered", "reminder", "escalated"})


def _told(handoff: Handoff, note: Note, rules: Rules) -> str:
    match note.kind:
        case kind if kind in _CALLS and handoff.state not in WAITS:
            return "Was offered. Nobody is asked any more; the message above says how it stands."
        case "offered":
            return f"{_call(handoff, rules)}{_wish(handoff)}"
        case "accepted":
            after = f" {inert(note.detail, 200)}" if note.detail else ""
            before = f" from {_owners(handoff.outgoing)}" if handoff.outgoing else ""
            return f"{mention(handoff.accepted_by)} accepted, and takes over {_ids(handoff)}{before}.{after}"
        case "declined":
            left = mentions(handoff.asked)
            return f"{_latest_decline(handoff, note)}{f' Still asked: {left}.' if left else ''}"
        case "returned":
            whose = (
                _still(handoff) if handoff.outgoing else f"{mentions(rules.responders)}: nobody owns them."
            )
            return f"{_latest_decline(handoff, note)} Nobody who was asked is left. {whose}"
        case "remark":
            return _remark_told(handoff, note)
        case "moment":
            return note.detail
        case _:
            return _by_itself(handoff, note, rules)


def _by_itself(handoff: Handoff, note: Note, rules: Rules) -> str:
    """What no person did."""
    detail = inert(note.detail, 1500)
    match note.kind:
        case "replaced":
            return f"{handoff.replaced_by} passes these on now. Accept there."
        case "reminder":
            return f"{_reminded(handoff, rules)} {_still(handoff)}"
        case "escalated":
            on_call = (rules.on_call_group,) if rules.on_call_group else ()
            called = mentions(tuple(dict.fromkeys((*rules.responders, *on_call))))
            return f"Needs you: nobody accepted. {called}: any responder may accept above. {_still(handoff)}"
        case "incoming_gone":
            return f"{detail} They are not asked any more."
        case "passed":
            who = _owners(handoff.outgoing) if handoff.outgoing else mentions(rules.responders)
            return f"{who}, {mention(handoff.accepted_by)}: not all of it passed on. {detail}"
        case "narrowed":
            return f"{detail}. It is not handed over here any more."
        case "closed":
            return f"Closed. {detail}"
        case kind:
            return f"{inert(kind, 40)} {detail}"


def _call(handoff: Handoff, rules: Rules) -> str:
    if handoff.incoming:
        return f"{mentions(handoff.asked) or 'Nobody is left'}: you are asked to take this over. Accept or decline above."
    return f"{mentions(rules.responders)}: somebody must take this over. Any responder may accept above."


def _reminded(handoff: Handoff, rules: Rules) -> str:
    if handoff.incoming:
        return f"{mentions(handoff.asked)}: nobody accepted yet. Accept above, or decline with a reason."
    return f"{mentions(rules.responders)}: nobody accepted yet. Any responder may accept above."


def _wish(handoff: Handoff) -> str:
    """Of whoever owned them, once, where none left a note."""
    if handoff.remarks or not handoff.outgoing:
        return ""
    return f" {_owners(handoff.outgoing)}: leave a note for the next, press Add a note."


def _ids(handoff: Handoff) -> str:
    return ", ".join(handoff.revocations[:20]) + (" and more" if len(handoff.revocations) > 20 else "")


def _latest_decline(handoff: Handoff, note: Note) -> str:
    found = _of(handoff.declined, note)
    return f"{_declined(found)}." if found else "Somebody declined."


def _remark_told(handoff: Handoff, note: Note) -> str:
    found = _of(handoff.remarks, note)
    return _remark(found) if found else "Somebody left a note."


Words = TypeVar("Words", Declined, Remark)


def _of(given: Sequence[Words], note: Note) -> Words | None:
    """The one that the note tells of: they were made at the same time."""
    return next((one for one in given if one.at == note.at), given[-1] if given else None)
