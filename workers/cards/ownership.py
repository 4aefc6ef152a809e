"""What is said where a revocation gets another owner, by a handoff or because somebody took it. Pure."""

from workers.cards import phrase
from workers.cards.text import inert, mention
from workers.domain.revocation import Note, Revocation
from workers.domain.rules import Rules

KINDS = frozenset({"owned", "handed_over"})


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """One of `KINDS` in a sentence; mrkdwn. `detail`: who owned it before; of `handed_over`: by whom, in which handoff."""
    owns = f"{mention(revocation.owner)} is the owner of {phrase.person(revocation)} now"
    detail = inert(note.detail, 300)
    if note.kind == "handed_over":
        return f"{owns}, handed over {detail}."
    before = f"The owner before was {detail}." if detail else "Nobody owned it before."
    return f"{owns}. {before}"
