"""What is overdue, told in the thread: to whoever has it, then to the group. Pure."""

from collections.abc import Iterable, Iterator

from workers.cards import phrase
from workers.cards.open_list import what
from workers.cards.text import Block, actions, button, inert, local, mention, mentions
from workers.domain import overdue
from workers.domain.open_items import OpenItem
from workers.domain.revocation import Note, Revocation
from workers.domain.rules import Rules
from workers.domain.step import ATTESTABLE

KINDS = (overdue.KIND,)

_TO_DO = {
    "clean_up": "say what becomes of them (Hold 12 h, or Release)",
    "start": "press Start now on the card, or ask for a release",
}


def _called(revocation: Revocation, note: Note, rules: Rules) -> str:
    """The group that hears of what its owner did not do: who is on call, else the responders, less the target; mrkdwn.

    Nobody is mentioned by what stays in the thread: the group was called just before, see `workers.service.overdue`.
    """
    if not note.broadcast:
        return "Whoever is on call" if rules.on_call_group else "Any responder"
    group = (rules.on_call_group,) if rules.on_call_group else rules.responders
    return mentions(tuple(one for one in group if one != revocation.target.slack_id)) or "A responder"


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """Who must do what, and since when it is due; mrkdwn."""
    who, told = phrase.person(revocation), overdue.read(note)
    late = overdue.still_open(revocation, note, rules.timing)
    if not late:
        return f"What was overdue for {who} is done, or waits again."
    mine = [item for item in late if item.what in told.owners]
    ours = [item for item in late if item.what in told.group]
    return " ".join(
        (f"Needs you: overdue for {who}.", *_owners(mine), *_group(revocation, ours, note, rules))
    )


def others(count: int) -> str:
    """What else is late, where one message calls for all of it."""
    if not count:
        return ""
    more = "One more revocation has" if count == 1 else f"{count} more revocations have"
    return f"{more} something overdue: type `/revoke list`."


def _owners(late: list[OpenItem]) -> Iterator[str]:
    for owner in dict.fromkeys(item.owner for item in late):
        yield f"{mention(owner)}: {_listed(item for item in late if item.owner == owner)}."


def _group(revocation: Revocation, late: list[OpenItem], note: Note, rules: Rules) -> Iterator[str]:
    """Whoever has it now may not be who was told: it may have passed on since."""
    if not late:
        return
    owners = list(dict.fromkeys(mention(item.owner) for item in late if item.owner is not None))
    have = "has" if len(owners) == 1 else "have"
    told = f" {', '.join(owners)} {have} it, and it is still open." if owners else " Nobody owns it."
    yield f"{_called(revocation, note, rules)}: {_listed(late)}.{told} One of you: do it, or take it over."


def _listed(late: Iterable[OpenItem]) -> str:
    return "; ".join(
        f"{inert(_named(item), 160)}, was due {local(item.due_at)}" for item in late if item.due_at
    )


def _named(item: OpenItem) -> str:
    to_do = _TO_DO.get(item.what)
    return f"{what(item)}: {to_do}" if to_do else what(item)


def blocks(revocation: Revocation, note: Note, rules: Rules) -> list[Block]:
    """The button that says that it is done, where a person's word counts."""
    late = {item.what for item in overdue.still_open(revocation, note, rules.timing)}
    done = [kind for kind in ATTESTABLE if kind.value in late]
    return [actions(button("Done", "step_attest", revocation.id))] if done else []
