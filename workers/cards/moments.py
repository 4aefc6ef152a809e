"""What is said in the thread, and beside Slack: one sentence for each kind of note. Pure."""

from datetime import timedelta

from workers.cards import (
    acts,
    approval,
    approval_moments,
    checklist,
    doubted,
    drill,
    overdue,
    ownership,
    phrase,
    protection,
    report,
    step_moments,
)
from workers.cards.text import (
    Block,
    actions,
    are_you_sure,
    button,
    context,
    cut,
    in_utc,
    inert,
    mention,
    section,
    utc,
)
from workers.domain import clearance
from workers.domain.audit import Digest
from workers.domain.revocation import Note, Revocation, State
from workers.domain.rules import Rules
from workers.ports import Message

DIGESTED = frozenset({"denied", "denied_again", "off", "break_glass"})
"""The kinds that carry the digest over all logs: each denial and each release."""


def render(revocation: Revocation, note: Note, rules: Rules, digest: Digest | None = None) -> Message:
    """The note as a message; broadcast ones mention the owner, once. Alarms carry the same sentence.

    `digest`: over all logs, read just now; None where it could not be.
    """
    sentence, owner = _sentence(revocation, note, rules), mention(revocation.owner)
    wakes = note.broadcast and revocation.owner is not None and owner not in sentence
    text = f"{revocation.id} · {drill.told(revocation, sentence)}{f' {owner}' if wakes else ''}"
    return Message(
        cut(in_utc(text), 3900), (section(text), *_blocks(revocation, note, rules), *_anchor(note, digest))
    )


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """The same for another place than the revocation's own thread: no button, and nobody is woken anew; mrkdwn."""
    return f"{revocation.id} · {drill.told(revocation, _sentence(revocation, note, rules))}"


def _anchor(note: Note, digest: Digest | None) -> list[Block]:
    """What the logs lead to, in a place that who can write to Redis cannot change."""
    if note.kind not in DIGESTED:
        return []
    if digest is None:
        return [context("The audit digest could not be read.")]
    logs = "one log" if digest.logs == 1 else f"{digest.logs} logs"
    return [context(f"Audit digest {digest} ({digest.entries} entries in {logs})")]


def _blocks(revocation: Revocation, note: Note, rules: Rules) -> list[Block]:
    """What a moment has beside its sentence: the buttons that it asks for, lists, queries to copy."""
    match note.kind:
        case "notice":
            hold = button("Hold 12 h", "revocation_hold", revocation.id)
            until = button("Hold until released", "revocation_hold_until_released", revocation.id)
            return [actions(hold, until)]
        case "expired":
            return [actions(button("Ask again", "step_retry", revocation.id))]
        case "nudge":
            return approval.blocks(revocation, rules, nudge=False)
        case "access_back" | "sign_in_back":
            return [actions(_deny_again(revocation))]
        case kind if kind in doubted.KINDS:
            return doubted.blocks(revocation)
        case kind if kind in overdue.KINDS:
            return overdue.blocks(revocation, note, rules)
        case kind if kind in acts.KINDS:
            return acts.moment_blocks(revocation, note)
        case _:
            return step_moments.blocks(revocation, note, rules)


def _deny_again(revocation: Revocation) -> Block:
    sure = are_you_sure(
        "Deny them again?", "They go back onto the Deny policy at once.", "Deny again", danger=True
    )
    return button("Deny again", "revocation_deny_again", revocation.id, style="danger", confirm=sure)


def _sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    who, detail = phrase.person(revocation), inert(note.detail, 900)
    match note.kind:
        case "denied" | "denied_again":
            again = " again" if note.kind == "denied_again" else ""
            return (
                f"{phrase.DENIED}{again}{phrase.covered(revocation)}: {who}. Written and read back at {utc(note.at)}; "
                f"AWS may take seconds to minutes to enforce it.{_gaps(revocation)}"
            )
        case "not_denied":
            return _not_denied(revocation, who, detail)
        case "removed_by_hand":
            return f"NOT DENIED: somebody else took {who} off the Deny policy. The bot puts the user ID back now."
        case "refused":
            return f"NOT DENIED: {phrase.told(revocation, rules.timing)}"
        case "expired":
            asker = mention(revocation.requested_by)
            return f"{phrase.expired(revocation)} {asker}, ask again if it still matters."
        case "notice":
            return (
                f"{who} comes off the Deny policy {_when(revocation, note, rules)}. "
                f"{_proof(revocation, rules)}{_unattested(revocation)} Press Hold if in doubt."
            )
        case "held":
            return f"Held: {who} stays denied. {detail}"
        case "off":
            return _off(revocation, who, note)
        case _:
            return _quiet(revocation, note, who, detail, rules)


def _audit_waits(revocation: Revocation, note: Note, rules: Rules) -> str:
    who, detail = phrase.person(revocation), inert(note.detail, 900)
    return (
        f"Needs you: what was taken from {who} is not given back yet. {detail} It is tried again by itself."
    )


_ELSEWHERE = {
    "audit_waits": _audit_waits,
    **dict.fromkeys(approval_moments.KINDS, approval_moments.sentence),
    **dict.fromkeys(protection.KINDS, protection.sentence),
    **dict.fromkeys(doubted.KINDS, doubted.sentence),
    **dict.fromkeys(acts.KINDS, acts.sentence),
    **dict.fromkeys(ownership.KINDS, ownership.sentence),
    **dict.fromkeys(overdue.KINDS, overdue.sentence),
    **dict.fromkeys(drill.KINDS, drill.sentence),
    "not_a_drill": lambda revocation, note, rules: (
        f"No drill any more: {inert(note.detail, 100)} asked in earnest that {phrase.person(revocation)} be denied."
    ),
    **dict.fromkeys(report.KINDS, report.sentence),
}
"""Who says the notes of these kinds."""


def _quiet(revocation: Revocation, note: Note, who: str, detail: str, rules: Rules) -> str:
    """The notes that wake nobody, and the rare ones."""
    match note.kind:
        case "reason_added":
            return f"Reason added by {detail}"
        case "hold":
            return f"{detail} holds {who} {phrase.hold_end(revocation, rules.timing)}."
        case "adopted":
            return f"Held: {who} stands in the Deny policy, and no record says why. They stay until two people release them."
        case "terminal_vote":
            votes = f"One of the two votes for {who} was given at a terminal: {detail or _names(revocation)}"
            return f"{votes}. Check that they are two people."
        case "break_glass":
            return f"Break-glass release of {who} at a terminal by {_names(revocation)}: {detail}"
        case "access_back":
            return (
                f"Access came back: {who} is off the Deny policy and can reach AWS again. Press Deny again if that is "
                "not meant."
            )
        case "sign_in_back":
            return (
                f"Sign-in came back: {who} is off the Deny policy, and AWS says that sign-in is enabled again. Press Deny "
                "again if that is not meant."
            )
        case "coverage_lost":
            return f"The Deny policy no longer reaches {detail}, where {who} has access."
        case "gaps":
            return f"{who}:{_all_gaps(revocation)}"
        case "gaps_withheld":
            return "The target can read this channel; the gaps are shown at the terminal only."
        case kind if kind in _ELSEWHERE:
            return _ELSEWHERE[kind](revocation, note, rules)
        case _:
            return step_moments.sentence(revocation, note, rules)


def _proof(revocation: Revocation, rules: Rules) -> str:
    """Which of the two proofs the notice rests on."""
    since = clearance.no_mint_since(revocation, rules.timing)
    if since is None or since == revocation.no_mint_at:
        return "No access is left."
    return "Sign-in is disabled, and the sessions are ended."


def _unattested(revocation: Revocation) -> str:
    missing = checklist.unattested(revocation)
    return f" Nobody attested: {missing}. They are watched afterwards." if missing else ""


def _not_denied(revocation: Revocation, who: str, detail: str) -> str:
    """The policy could not be read or written; who stood in it before is not said to be out of it."""
    if revocation.state is State.RELEASING:
        return f"Needs you: {who} is still denied, because the release could not be written. {detail}"
    if revocation.state is State.DENIED and phrase.standing(revocation) != phrase.NOT_DENIED:
        return (
            f"Needs you: the Deny policy cannot be checked or changed now. {who} stood in it when it was "
            f"last read. {detail}"
        )
    return f"NOT DENIED: {who}. {detail} The card shows how to do it by hand, and has Retry."


def _gaps(revocation: Revocation) -> str:
    return "" if revocation.channel_shared else _all_gaps(revocation)


def _all_gaps(revocation: Revocation) -> str:
    gaps = phrase.gaps(revocation.coverage) if revocation.coverage else None
    return f" {inert(gaps, 900)}" if gaps else ""


def _when(revocation: Revocation, note: Note, rules: Rules) -> str:
    """Never a time that passed while Slack was away: the notice counts from when it was posted."""
    eligible = clearance.eligible_at(revocation, rules.timing)
    least = _span(rules.timing.notice)
    at = utc(max(eligible or note.at, note.at + rules.timing.notice))
    return f"at {at}, or {least} after this message if that is later"


def _span(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds / 60:.0f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"


def _off(revocation: Revocation, who: str, note: Note) -> str:
    why = (
        f"released by {_names(revocation)}"
        if revocation.released_by
        else "proven: no new credentials could be got for the whole hold"
    )
    return f"{phrase.standing(revocation)}: {who} is off the Deny policy, read back at {utc(note.at)}; {why}."


def _names(revocation: Revocation) -> str:
    return " and ".join(mention(actor) for actor in revocation.released_by)
