"""Lines, buttons and moments of a containment that is more than one click: two people, protected users. Pure."""

from workers.cards import phrase, second_person
from workers.cards.text import (
    Block,
    actions,
    are_you_sure,
    button,
    inert,
    local,
    mention,
    mentions,
    plain,
    plain_section,
    section,
)
from workers.domain import ratification
from workers.domain.due import expires_at
from workers.domain.revocation import Note, Revocation, State
from workers.domain.rules import Rules

KINDS = frozenset({"second_needed", "above_cap", "ratify_asked", "ratify_escalated", "ratified"})


def before(revocation: Revocation) -> list[Block]:
    """What whoever is about to press Deny now must know: protected, a second person, few responders left."""
    return [*_protected(revocation), *_second(revocation), *few_left(revocation)]


def _protected(revocation: Revocation) -> list[Block]:
    words = second_person.protected(revocation)
    return [plain_section(words)] if words else []


def _second(revocation: Revocation) -> list[Block]:
    if revocation.vote is None:
        return []
    return [section(second_person.to_press(revocation))]


def few_left(revocation: Revocation) -> list[Block]:
    """A warning where fewer than two responders can act once this target is denied."""
    words = second_person.few_left(revocation)
    return [plain_section(words)] if words else []


def deny_button(revocation: Revocation) -> Block:
    """The button "Deny now", with Slack's question; of a protected user without it, since a form comes instead."""
    label = "Deny now (second person)" if revocation.vote else "Deny now"
    asks = None if revocation.protected and revocation.vote is None else _sure(revocation)
    return button(label, "revocation_confirm", revocation.id, style="danger", confirm=asks)


def _sure(revocation: Revocation) -> Block:
    user = revocation.user
    assert user is not None
    return are_you_sure(
        f"Deny {plain(user.user_name, 90)}?",
        f"{plain(revocation.who, 100)} ({user.user_id}) loses every AWS account under the Deny policy, for 12 hours at least.",
        "Deny now",
        danger=True,
    )


def block_id(revocation_id: str) -> str:
    """The row of "Ratify": told apart from the rows of what else waits for approval."""
    return f"ratify.{revocation_id}"


def ratify(revocation: Revocation, rules: Rules) -> list[Block]:
    """What waits to be ratified, with its button; nothing where nothing does."""
    asked = revocation.ratification
    if asked is None or not ratification.waits(revocation):
        return _ratified(revocation)
    row = button("Ratify", "approval_give", revocation.id, style="primary")
    due = local(ratification.escalates_at(revocation) or asked.asked_at)
    late = "Escalated" if asked.escalated_at else "Escalates"
    when = local(asked.escalated_at) if asked.escalated_at else due
    return [
        section(
            f"{second_person.to_ratify(revocation)} {_ratifiers(revocation, rules)} can. {late} {when}. "
            f"{_meanwhile(revocation)}"
        ),
        actions(row, block_id=block_id(revocation.id)),
    ]


def _ratified(revocation: Revocation) -> list[Block]:
    asked = revocation.ratification
    if asked is None or asked.ratified_at is None:
        return []
    return [section(f"Protected: ratified by {mention(asked.ratified_by)} at {local(asked.ratified_at)}.")]


def _ratifiers(revocation: Revocation, rules: Rules) -> str:
    """The approvers, mentioned: neither who confirmed nor the target; at the head of a sentence."""
    confirmer = revocation.confirmed_by
    barred = (confirmer.id if confirmer else None, revocation.target.slack_id)
    return mentions(tuple(i for i in rules.approvers if i not in barred)) or "A responder"


def _callable(revocation: Revocation, rules: Rules) -> str:
    """Responders and approvers, mentioned: neither who acted already nor the target."""
    acted = revocation.vote.by if revocation.vote else revocation.confirmed_by
    barred = (acted.id if acted else None, revocation.target.slack_id)
    listed = dict.fromkeys((*rules.responders, *rules.approvers))
    return mentions(tuple(i for i in listed if i not in barred)) or "A second person"


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """One of `KINDS` in a sentence; mrkdwn."""
    who = phrase.person(revocation)
    match note.kind:
        case "second_needed":
            return _second_needed(revocation, who, rules)
        case "above_cap":
            by = second_person.confirmers(revocation)
            return (
                f"{by} confirmed the denial of {who}, at a terminal and alone. {inert(note.detail, 500)} Check that it is "
                "meant."
            )
        case "ratified":
            return f"{inert(note.detail, 200)} ratified the denial of {who}."
        case _:
            return _to_ratify(revocation, note, who, rules)


def _second_needed(revocation: Revocation, who: str, rules: Rules) -> str:
    vote = revocation.vote
    if vote is None or revocation.state is not State.REQUESTED:
        return f"A second person was asked for, to deny {who}."
    return (
        f"Needs you: {who} is not denied yet. {inert(vote.because, 500)} {mention(vote.by)} pressed Deny now. "
        f"{_callable(revocation, rules)}: press it on the card too before {expires_at(revocation):%H:%M} UTC, or nobody "
        "is denied."
    )


def _to_ratify(revocation: Revocation, note: Note, who: str, rules: Rules) -> str:
    by = second_person.confirmers(revocation)
    if not ratification.waits(revocation):
        return (
            f"{who} is protected, and {by} alone confirmed the denial. Nothing waits to be ratified any more."
        )
    if note.kind == "ratify_escalated":
        return (
            f"Needs you: nobody ratified within 30 minutes that {by} alone confirmed the denial of {who}, who is protected. "
            f"{_meanwhile(revocation)} {_callable(revocation, rules)}: press Ratify on the card, or ask for a release."
        )
    return (
        f"Needs you: {who} is protected, and {by} alone confirmed the denial. {_ratifiers(revocation, rules)}: look at it, "
        f"and press Ratify on the card within 30 minutes, or ask for a release. {_meanwhile(revocation)}"
    )


def _meanwhile(revocation: Revocation) -> str:
    """That the denial waits for nobody's yes; that they are denied only where that was read back."""
    denied = revocation.state is State.DENIED and phrase.standing(revocation) != phrase.NOT_DENIED
    return "They stay denied meanwhile." if denied else "The denial does not wait for it."
