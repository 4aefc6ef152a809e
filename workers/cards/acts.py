"""What a revoked responder did in the days before: on the card of their own revocation. Pure."""

from collections.abc import Iterator

from workers.cards import phrase
from workers.cards.step_words import TITLES, title
from workers.cards.text import (
    Block,
    Part,
    actions,
    are_you_sure,
    bullets,
    button,
    inert,
    mention,
    plain,
    plain_section,
)
from workers.domain.revocation import Act, Note, Revocation, State
from workers.domain.rules import Rules
from workers.domain.step import Kind
from workers.domain.timing import ACTS_WITHIN

MOST_SHOWN = 10
"""The newest; the audit has all."""

_OFF = frozenset({State.WATCHED, State.RELEASED, State.CLOSED})

DID = {
    "confirmed": "confirmed the denial of",
    "asked": "asked for the release or restore of",
    "approved": "approved the release or restore of",
    "released": "released, alone at a terminal,",
}


def block_id(revocation_id: str, act: Act) -> str:
    """What a row carries to say on whose card it stands, which revocation it is about, and which attestation of it."""
    kind = act.kind.value if act.undo == "undo_attest" and act.kind else "none"
    return f"act.{revocation_id}.{act.revocation_id}.{kind}"


def blocks(revocation: Revocation) -> list[Block]:
    """Nothing where they did nothing."""
    shown = revocation.acts[:MOST_SHOWN]
    if not shown:
        return []
    head = f"What {revocation.who} did as a responder in the last {ACTS_WITHIN.days} days. Look at each:"
    return [plain_section(head), bullets(*map(_line, shown), *_more(revocation)), *_rows(revocation)]


def _line(act: Act) -> list[Part]:
    what = DID.get(act.did, act.did)
    if act.did == "attested" and act.kind is not None:
        what = f"attested: {TITLES[act.kind].lower()} of"
    undone: list[Part] = [". Undone by ", act.undone_by, "."] if act.undone_by else ["."]
    return [f"{what} {act.who} ({act.revocation_id}), ", act.at, *undone]


def _more(revocation: Revocation) -> Iterator[list[Part]]:
    more = len(revocation.acts) - MOST_SHOWN
    if more > 0:
        yield [f"And at least {more} more; `python -m workers audit export` has all of them."]


def _rows(revocation: Revocation) -> list[Block]:
    """One for each thing that can be undone; a user is denied again by one button, whatever was done to them."""
    rows = dict[str, Block]()
    for act in revocation.acts[:MOST_SHOWN]:
        row = block_id(revocation.id, act)
        if act.undo is not None and act.undone_by is None:
            rows.setdefault(row, actions(_button(act), block_id=row))
    return list(rows.values())


def _button(act: Act) -> Block:
    if act.undo == "undo_attest" and act.kind is not None:
        return _undo_attest(act, act.kind)
    return _again(act.who, act.revocation_id, f"Deny again: {plain(act.who, 40)}")


def _again(name: str, revocation_id: str, label: str) -> Block:
    question = f"Deny {plain(name, 40)} again?"
    sure = are_you_sure(question, "They go back onto the Deny policy at once.", "Deny again", danger=True)
    return button(label, "revocation_deny_again", revocation_id, style="danger", confirm=sure)


def _undo_attest(act: Act, kind: Kind) -> Block:
    step, who = TITLES[kind].lower(), plain(act.who, 40)
    sure = are_you_sure(
        "Undo the attestation?",
        f"The step {step} of {who} is open again. A clean-up or restore that relied on it stops.",
        "Undo attest",
    )
    return button(
        plain(f"Undo attest: {step}, {who}", 75), "step_undo_attest", act.revocation_id, confirm=sure
    )


KINDS = frozenset({"stood_down", "owner_passed", "request_void", "attest_undone"})


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """One of `KINDS` in a sentence; mrkdwn."""
    who, detail = phrase.person(revocation), inert(note.detail, 600)
    match note.kind:
        case "owner_passed":
            owner = mention(revocation.owner)
            return f"{detail}, who owned this or a step of it, is revoked now. The owner of {who} is {owner}."
        case "request_void":
            return f"What {detail} asked for {who}, a release or restore, is void: {detail} is revoked now. Ask for it anew."
        case "attest_undone":
            return _attest_undone(revocation, note, who)
        case _:
            return f"{'Needs you: ' if note.broadcast else ''}{who} acted as a responder before. {detail}"


def _attest_undone(revocation: Revocation, note: Note, who: str) -> str:
    kind, _, why = note.detail.partition(": ")
    off = revocation.state in _OFF
    then = " They are off the Deny policy: press Deny again if in doubt." if off else ""
    return f"Needs you: the step {inert(title(kind), 60).lower()} of {who} is open again. {inert(why, 500)}{then}"


def moment_blocks(revocation: Revocation, note: Note) -> list[Block]:
    """Where the word that let somebody off the list does not count any more, the way back onto it."""
    if note.kind != "attest_undone" or revocation.state not in _OFF:
        return []
    return [actions(_again(revocation.who, revocation.id, "Deny again"))]
