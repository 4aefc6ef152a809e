"""What is said in the thread, and beside Slack: one sentence for each kind of note. Pure."""

from datetime import timedelta

from workers.cards import phrase
from workers.cards.text import actions, button, inert, mention, mentions, section, utc
from workers.domain import clearance
from workers.domain.revocation import Note, Revocation, State
from workers.domain.rules import Rules
from workers.ports import Message


def render(revocation: Revocation, note: Note, rules: Rules) -> Message:
    """The note as a message; broadcast ones mention the owner, once. Alarms carry the same sentence."""
    sentence, owner = _sentence(revocation, note, rules), mention(revocation.owner)
    wakes = note.broadcast and revocation.owner is not None and owner not in sentence
    text = f"{revocation.id} · {sentence}{f' {owner}' if wakes else ''}"
    blocks = [section(text)]
    if note.kind == "notice":
        blocks.append(
            actions(
                button("Hold 12 h", "revocation_hold", revocation.id),
                button("Hold until released", "revocation_hold_until_released", revocation.id),
            )
        )
    if note.kind == "expired":
        blocks.append(actions(button("Ask again", "step_retry", revocation.id)))
    return Message(text, tuple(blocks))


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
                "No access is left. Press Hold if in doubt."
            )
        case "held":
            return f"Held: {who} stays denied. {detail}"
        case "off":
            return _off(revocation, who, note)
        case "approval_asked":
            return _approval(revocation, who, rules)
        case _:
            return _quiet(revocation, note, who, detail, rules)


def _quiet(revocation: Revocation, note: Note, who: str, detail: str, rules: Rules) -> str:
    """The notes that wake nobody, and the rare ones."""
    match note.kind:
        case "reason_added":
            return f"Reason added by {detail}"
        case "hold":
            return f"{detail} holds {who} {phrase.hold_end(revocation, rules.timing)}."
        case "approval_refused":
            return f"{detail} refused the release; {who} stays denied."
        case "approval_lapsed":
            return f"The release was not approved within 24 hours; {who} stays denied."
        case "adopted":
            return f"Held: {who} stands in the Deny policy, and no record says why. They stay until two people release them."
        case "terminal_vote":
            votes = f"One of the two votes to release {who} was given at a terminal: {_names(revocation)}"
            return f"{votes}. Check that they are two people."
        case "break_glass":
            return f"Break-glass release of {who} at a terminal by {_names(revocation)}: {detail}"
        case "access_back":
            return f"Access came back: {who} can reach AWS again. Run /revoke again if that is not meant."
        case "coverage_lost":
            return f"The Deny policy no longer reaches {detail}, where {who} has access."
        case "gaps":
            return f"{who}:{_all_gaps(revocation)}"
        case "gaps_withheld":
            return "The target can read this channel; the gaps are shown at the terminal only."
        case newer:
            return f"{inert(newer, 40)}: {who}. {detail}"


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
        else "proven: no access was left for the whole hold"
    )
    return f"{phrase.standing(revocation)}: {who} is off the Deny policy, read back at {utc(note.at)}; {why}."


def _approval(revocation: Revocation, who: str, rules: Rules) -> str:
    request = revocation.release
    asker = mention(request.asked_by) if request else "Somebody"
    barred = (request.asked_by.id if request else None, revocation.target.slack_id)
    can = mentions(tuple(i for i in rules.approvers if i not in barred))
    return f"Needs you: {asker} asks to release {who}. {can or 'An approver'} can approve it on the card."


def _names(revocation: Revocation) -> str:
    return " and ".join(mention(actor) for actor in revocation.released_by)
