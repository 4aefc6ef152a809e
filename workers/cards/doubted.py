"""What is said where a record, a confirmation or a release is not believed. Pure."""

from workers.cards import phrase
from workers.cards.text import Block, actions, button, inert, mentions
from workers.domain.revocation import Note, Revocation, State
from workers.domain.rules import Rules

KINDS = ("put_back", "confirmation_void", "release_void")


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """Who is meant, how they stand now, why, and who should look."""
    who, detail = phrase.person(revocation), inert(note.detail, 900)
    everybody = mentions(rules.responders)
    match note.kind:
        case "confirmation_void":
            return f"NOT DENIED: {who}. {detail} {everybody}, one of you must ask again if it still matters."
        case "release_void":
            return f"{who} stays denied. {detail}"
        case _:
            return f"{_standing(revocation)}: {who}. {detail} {everybody}"


def _standing(revocation: Revocation) -> str:
    return phrase.NOT_DENIED if revocation.state is State.EXPIRED else phrase.standing(revocation)


def blocks(revocation: Revocation) -> list[Block]:
    ask = revocation.state is State.EXPIRED
    return [actions(button("Ask again", "step_retry", revocation.id))] if ask else []
