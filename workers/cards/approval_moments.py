"""What is said about what waits for a second person, and about what was given back. Pure."""

from workers.cards import approval, phrase
from workers.cards.text import inert, mention
from workers.domain.revocation import Note, Revocation
from workers.domain.rules import Rules

KINDS = frozenset(
    {"approval_asked", "approval_refused", "approval_lapsed", "nudge", "restored", "restore_failed"}
)


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """One of `KINDS` in a sentence; mrkdwn."""
    who = phrase.person(revocation)
    match note.kind:
        case "approval_asked":
            return _approval(revocation, who, rules)
        case "nudge":
            return _nudge(revocation, who)
        case "approval_refused":
            by = inert(note.detail, 200)
            return f"{by} refused the release or restore that was asked for; {_as_before(revocation, who)}"
        case "approval_lapsed":
            return f"The release or restore was not approved within 24 hours; {_as_before(revocation, who)}"
        case "restore_failed":
            return _restore_failed(revocation, who, note.detail)
        case _:
            return _restored(revocation, who, note.detail)


def _nudge(revocation: Revocation, who: str) -> str:
    request = revocation.release
    if request is None:
        return f"What was asked for {who} does not wait any more."
    asks = f"{mention(request.asked_by)} asks {approval.wanted(request, who)}."
    return f"Needs you: {asks} You can be the second person: approve or refuse below."


def _as_before(revocation: Revocation, who: str) -> str:
    return f"{who} stays denied." if revocation.on_the_list else f"for {who} nothing changes."


def _restored(revocation: Revocation, who: str, said: str) -> str:
    """In the words of whoever gave it back, or of the record where there are none."""
    restore = revocation.restore
    if said or restore is None:
        return f"{who}: {inert(said, 1800) or 'given back.'}"
    by_hand = inert(" ".join(restore.diff.by_hand), 800)
    undo = f" By hand: {by_hand}" if by_hand else ""
    return f"{who}: {approval.progress(restore)}{undo}"


def _restore_failed(revocation: Revocation, who: str, said: str) -> str:
    restore = revocation.restore
    if said or restore is None:
        return f"Needs you: {who}: {inert(said, 1800) or 'not all could be given back.'}"
    why = inert(" ".join(restore.failed), 900)
    return f"Needs you: {who}: {approval.progress(restore)} {why}"


def _approval(revocation: Revocation, who: str, rules: Rules) -> str:
    request = revocation.release
    if request is None:
        return f"What was asked for {who} does not wait any more."
    asks = f"{mention(request.asked_by)} asks {approval.wanted(request, who)}."
    return f"Needs you: {asks} {approval.can_approve(revocation, rules)} can approve it on the card."
