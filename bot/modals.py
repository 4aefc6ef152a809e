"""The forms that a button or a command opens, and what was filled in. Pure.

A form carries the record's id and the step in `private_metadata`; who may do it is decided when it is sent.
What is left empty means the default, so every field of every form may be absent.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workers.cards import drill
from workers.cards.checklist import summed, taken, unattested
from workers.cards.step_words import TITLES
from workers.cards.text import Block, bullets, plain, plain_section, section
from workers.domain.directory_search import Known
from workers.domain.handoff import NOTE_LIMIT, Handoff
from workers.domain.revocation import Revocation
from workers.domain.step import Kind, Step
from workers.service.intake import MOST_ASKED, REASON_LIMIT

ATTEST, ASSIGN = "attest_form", "assign_form"
FALSE_ALARM, RESTORE = "false_alarm_form", "restore_form"
DENY, DENY_AGAIN = "deny_form", "deny_again_form"

HAND_OVER, DECLINE, NOTE = "handoff_start_form", "handoff_decline_form", "handoff_note_form"

SEARCH, PERSON = "search_form", "person"

NOTHING_LOST = "nothing_lost"
ONLY_THIS = "only_this"

View = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A form as it came back: what it is about, and what was filled in, by block; empty: the default."""

    record_id: str
    kind: Kind | None
    values: Mapping[str, Any]
    inputs: tuple[str, ...]
    """The blocks beside which an error can be shown."""

    def text(self, block: str) -> str:
        return str(self.values.get(block) or "").strip()

    def time(self, block: str) -> datetime | None:
        value = self.values.get(block)
        return datetime.fromtimestamp(int(value), tz=UTC) if value else None

    def at_field(self, block: str, sentence: str) -> dict[str, str]:
        """The sentence beside this field, or the first that the form has."""
        return {block if block in self.inputs else self.inputs[0]: sentence}


def attest(revocation: Revocation, steps: Sequence[Step], chosen: Kind | None, by: str) -> View:
    """The form "Done". With several steps and none chosen it asks which; `by` is who opened it."""
    about = TITLES[chosen] if chosen else "A step"
    return _form(
        ATTEST,
        "Done",
        "Say that it is done",
        revocation,
        [
            plain_section(
                f"{about} of {drill.name(revocation)}. You say that it is done; your name is recorded."
            ),
            *([] if chosen else [_which(steps)]),
            _input("done_by", "Done by", {"type": "users_select", "initial_user": by}),
            _input(
                "done_by_name",
                "Or by somebody who is not in Slack",
                {"type": "plain_text_input", "max_length": 120},
            ),
            _input("done_at", "When", {"type": "datetimepicker"}, hint="Empty: just now."),
            _input(
                "link",
                "Link to a ticket or a proof",
                {"type": "plain_text_input", "max_length": 500},
            ),
        ],
        step=chosen or steps[0].kind,
    )


def assign(revocation: Revocation, steps: Sequence[Step], chosen: Kind | None) -> View:
    """The form "Assign": to anybody in Slack; they get a direct message, and may attest this step only."""
    about = TITLES[chosen] if chosen else "A step"
    return _form(
        ASSIGN,
        "Assign",
        "Assign",
        revocation,
        [
            plain_section(
                f"{about} of {drill.name(revocation)}. They get a direct message with a Done button, for this step only. They "
                "need not be a responder."
            ),
            *([] if chosen else [_which(steps)]),
            _input("assignee", "Who does it", {"type": "users_select"}, optional=False),
        ],
        step=chosen or steps[0].kind,
    )


def false_alarm(revocation: Revocation, reason: str = "") -> View:
    """The form "False alarm": everything that it undoes, before anybody asks for it."""
    return _form(
        FALSE_ALARM,
        "False alarm",
        "Ask for it",
        revocation,
        [
            plain_section(
                f"It was a false alarm: {drill.name(revocation)} gets back what was taken, and then comes off the Deny policy. A "
                "second person approves exactly the list that the card will show."
            ),
            bullets(
                [f"Off the Deny policy: {_user(revocation)}."],
                [f"To give back, as far as recorded: {summed(taken(revocation))}."],
                ["What is there again already stays as it is. What people did by hand, people must undo."],
            ),
            _reason(reason),
        ],
    )


def restore(revocation: Revocation, reason: str = "") -> View:
    """The form "Restore": gives back what was taken; takes nobody off the list."""
    off = "They stay denied." if revocation.on_the_list else "They are off the Deny policy."
    return _form(
        RESTORE,
        "Restore",
        "Ask for it",
        revocation,
        [
            plain_section(
                f"{drill.name(revocation)} gets back what was taken, and no more. {off} A second person approves exactly "
                "the list that the card will show."
            ),
            bullets(
                [f"To give back, as far as recorded: {summed(taken(revocation))}."],
                ["What is there again already stays as it is."],
            ),
            *_tick(revocation),
            _reason(reason),
        ],
    )


def _tick(revocation: Revocation) -> list[Block]:
    """Needed while whoever has the key could use what is given back."""
    missing = unattested(revocation)
    if not missing:
        return []
    element = {"type": "checkboxes", "options": [_option("False alarm, nothing was lost", NOTHING_LOST)]}
    return [
        _input(NOTHING_LOST, f"Nobody attested: {missing}", element, hint="Without the tick it is refused.")
    ]


def user_name(callback_id: str, revocation: Revocation) -> View:
    """The form in which a protected user's name is typed before they are denied."""
    return _form(
        callback_id,
        "Deny",
        "Deny now",
        revocation,
        [
            plain_section(
                f"{drill.name(revocation)} is protected. You deny them alone, or as the first of two where that is above a "
                "cap: then nobody is denied before the second presses too. Alone: all approvers are called, and another person "
                "ratifies it within 30 minutes, or it is escalated. The denial does not wait for that."
            ),
            _input(
                "user_name",
                "Type the user name",
                {"type": "plain_text_input", "max_length": 150},
                optional=False,
                hint=f"As the card shows it: {revocation.user.user_name if revocation.user else revocation.who}",
            ),
        ],
    )


def hand_over(revocation: Revocation, *, choose: bool) -> View:
    """The form "Hand over": to whom, with which note; `choose`: whether only this one may pass, too."""
    next_: Block = {"type": "multi_users_select", "max_selected_items": MOST_ASKED}
    return _form(
        HAND_OVER,
        "Hand over",
        "Offer it",
        revocation,
        [
            plain_section(
                "What you own is offered, or all that is open where you own nothing. Whoever is the owner now stays so until "
                "somebody accepts."
            ),
            *([_which_revocations(revocation)] if choose else []),
            _input("next", "Who is next", next_, hint="Empty: any responder may accept."),
            _input("note", "What they should know", _long(NOTE_LIMIT)),
        ],
    )


def _which_revocations(revocation: Revocation) -> Block:
    options = [
        _option("What I own, or all that is open", "all"),
        _option(f"Only {revocation.id}: {drill.name(revocation)}", ONLY_THIS),
    ]
    return _input(
        "which", "What", {"type": "radio_buttons", "options": options, "initial_option": options[0]}
    )


def decline(handoff: Handoff) -> View:
    """The form "Decline": why not."""
    return _form(
        DECLINE,
        "Decline",
        "Decline",
        handoff,
        [
            plain_section(
                "You do not become the owner. Once everybody who was asked declined, it goes back."
            ),
            _input("reason", "Why not", _long(NOTE_LIMIT), optional=False),
        ],
    )


def note(handoff: Handoff) -> View:
    """The form "Note": what whoever is next should know."""
    return _form(
        NOTE,
        "Note",
        "Leave it",
        handoff,
        [
            plain_section("It stands in the thread of the handoff, with your name."),
            _input("note", "What they should know", _long(NOTE_LIMIT), optional=False),
        ],
    )


def search(channel: str, reason: str = "", *, searchable: bool, hint: str) -> View:
    """The form "Revoke": whom, searched or typed, and why. `channel`: where it was asked for."""
    element: Block = {"type": "external_select", "min_query_length": 2}
    element["placeholder"] = _words("Two letters or more", 150)
    pick = (
        [_input(PERSON, "Search the directory", element, hint=hint)] if searchable else [plain_section(hint)]
    )
    typed: Block = {"type": "plain_text_input", "max_length": 300}
    label = "Or type it: user name, e-mail or user ID" if searchable else "User name, e-mail or user ID"
    return {
        "type": "modal",
        "callback_id": SEARCH,
        "private_metadata": json.dumps({"channel": channel}),
        "title": _words("Revoke", 24),
        "submit": _words("Find them", 24),
        "close": _words("Back", 24),
        "blocks": [
            plain_section(
                "Whom? A card shows who it is. Nobody is denied before somebody presses Deny now there."
            ),
            *pick,
            _input("typed", label, typed, optional=searchable),
            _reason(reason),
        ],
    }


def person(known: Known) -> Block:
    """One of the directory's users to pick; the value is the user ID."""
    name = f"{known.display_name} ({known.user_name})" if known.display_name else known.user_name
    option = _option(name if plain(name, 75).strip() else known.user_id, known.user_id)
    mail = plain(known.email, 75).strip()
    return option | ({"description": _words(mail, 75)} if mail else {})


@dataclass(frozen=True, kw_only=True)
class Searched:
    """The search form as it came back."""

    channel: str
    picked: str
    typed: str
    reason: str
    at: str
    """The block beside which an error is shown."""


def searched(view: Mapping[str, Any]) -> Searched:
    """What was sent. Raises ValueError where it is no form of ours."""
    about = json.loads(str(view.get("private_metadata") or "{}"))
    state = (view.get("state") or {}).get("values") or {}
    values = {block: _value(element) for block, parts in state.items() for element in parts.values()}
    inputs = [b["block_id"] for b in view.get("blocks") or [] if b["type"] == "input"]
    given = {name: str(values.get(name) or "").strip() for name in (PERSON, "typed", "reason")}
    at = "typed" if given["typed"] and not given[PERSON] else inputs[0]
    return Searched(
        channel=str(about.get("channel") or ""),
        picked=given[PERSON],
        typed=given["typed"],
        reason=given["reason"][:REASON_LIMIT],
        at=at,
    )


def answered(sentence: str, title: str = "Revoke") -> View:
    """What takes the place of a form that is about no one record, once it was sent; mrkdwn."""
    return {
        "type": "modal",
        "title": _words(title, 24),
        "close": _words("Close", 24),
        "blocks": [section(sentence)],
    }


def said(about: Revocation, sentence: str) -> View:
    """What takes a form's place once it was sent; mrkdwn."""
    return {
        "type": "modal",
        "title": _words(about.id, 24),
        "close": _words("Close", 24),
        "blocks": [section(sentence)],
    }


def sent(view: Mapping[str, Any]) -> Sent:
    """What was sent. Raises ValueError where it is no form of ours."""
    about = json.loads(str(view.get("private_metadata") or "{}"))
    state = (view.get("state") or {}).get("values") or {}
    values = {block: _value(element) for block, parts in state.items() for element in parts.values()}
    kind = values.get("step") or about.get("step")
    return Sent(
        record_id=str(about["id"]),
        kind=Kind(kind) if kind else None,
        values=values,
        inputs=tuple(b["block_id"] for b in view.get("blocks") or [] if b["type"] == "input"),
    )


def _value(element: Mapping[str, Any]) -> Any:
    """What stands in one field, whatever its type; None where nothing does."""
    if (options := element.get("selected_options")) is not None:
        return ",".join(option["value"] for option in options)
    if (people := element.get("selected_users")) is not None:
        return ",".join(people)
    if (option := element.get("selected_option")) is not None:
        return option["value"]
    for key in ("value", "selected_user", "selected_date_time"):
        if element.get(key):
            return element[key]
    return None


def _form(
    callback_id: str,
    name: str,
    submit: str,
    about: Revocation | Handoff,
    blocks: list[Block],
    *,
    step: Kind | None = None,
) -> View:
    """`step` is the one that counts where the form does not say another."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": json.dumps({"id": about.id} | ({"step": step.value} if step else {})),
        "title": _words(f"{name} {about.id}", 24),
        "submit": _words(submit, 24),
        "close": _words("Back", 24),
        "blocks": blocks,
    }


def _which(steps: Sequence[Step]) -> Block:
    options = [_option(TITLES[step.kind], step.kind.value) for step in steps]
    element = {"type": "radio_buttons", "options": options, "initial_option": options[0]}
    return _input("step", "Which step", element, optional=False)


def _reason(given: str) -> Block:
    element = _long(REASON_LIMIT)
    return _input("reason", "Reason", element | ({"initial_value": given[:REASON_LIMIT]} if given else {}))


def _input(block: str, label: str, element: Block, *, optional: bool = True, hint: str = "") -> Block:
    return {
        "type": "input",
        "block_id": block,
        "label": _words(label, 2000),
        "element": {**element, "action_id": block},
        "optional": optional,
    } | ({"hint": _words(hint, 2000)} if hint else {})


def _long(limit: int) -> Block:
    return {"type": "plain_text_input", "max_length": limit, "multiline": True}


def _option(words: str, value: str) -> Block:
    return {"text": _words(words, 75), "value": value}


def _words(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": plain(text, limit), "emoji": False}


def _user(revocation: Revocation) -> str:
    user = revocation.user
    return f"{user.user_name} ({user.user_id})" if user else revocation.who
