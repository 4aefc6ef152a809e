"""Text from outside is shown as text: it mentions nobody, links nowhere, formats nothing and hides nothing.

Every record is rendered twice, with hostile and with harmless texts in all its fields. What is alive (by the model in
`slack_model.py`, which knows nothing of how we escape) must be the same: our own mentions, times, links and buttons.
"""

import importlib
import inspect
import pkgutil
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

import bot
from tests.sandbox.slack.api_chat import LONGEST_BLOCKS, _length
from tests.sandbox.slack.blocks import check_message, check_view
from tests.security.filling import Filler, note_kinds, parameters
from tests.security.hostile_texts import hostile, twins
from tests.security.slack_model import Live, of_blocks, of_message
from workers import cards
from workers.cards import moments
from workers.domain.revocation import Revocation
from workers.domain.rules import Rules
from workers.ports import Message

NOT_RENDERERS = {
    "workers.cards.text",
    "bot.__main__",
    "bot.process",
    "bot.app",
    "bot.settings",
    "bot.serving",
}
OURS_ALONE = {
    **{"sentence": "Nothing changed.", "by": "U0BOB00001", "callback_id": "deny_form", "silence": None},
    **{"workspace": "example", "viewer": "U0BOB00001", "said": ""},
}
"""Parameters that are no text from outside."""

MAY_END_EARLY = {"bot.replies.asked"}
"""What shows several cards, as many as Slack takes at once."""

Renderer = Callable[..., Any]


@dataclass
class Tally:
    """What was rendered, and with how many texts."""

    texts: int = 0
    messages: int = 0
    renderers: set[str] = field(default_factory=set)


def renderers() -> list[Renderer]:
    """Every public function of the cards and the bot that makes a message, a reply, a form or a part of them."""
    found = []
    for package in (cards, bot):
        for module_ in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if module_.name not in NOT_RENDERERS and not module_.ispkg:
                module = importlib.import_module(module_.name)
                found += [
                    f for _, f in inspect.getmembers(module, inspect.isfunction) if _renders(f, module_.name)
                ]
    return found


def _renders(function: Renderer, module: str) -> bool:
    public = function.__module__ == module and not function.__name__.startswith("_")
    made = str(inspect.signature(function).return_annotation)
    shown = any(name in made for name in ("Message", "dict[str, typing.Any]", "Block"))
    asked = str([*parameters(function).values()])
    return (
        public
        and shown
        and any(name in asked for name in ("Revocation", "Asked", "Step", "Diff", "Handoff", "home.Now"))
    )


def rendered(function: Renderer, seed: int, texts: Callable[[], str]) -> Any:
    """What it makes of a record of this seed; None where no such record can be."""
    filler = Filler(seed, texts)
    given = {
        name: OURS_ALONE[name] if name in OURS_ALONE else filler.value(kind)
        for name, kind in parameters(function).items()
    }
    made = function(**given)
    return list(made) if isinstance(made, Iterator) else made


def compared(name: str, make: Callable[[Callable[[], str]], Any], r: random.Random, tally: Tally) -> None:
    """Render with hostile and with harmless texts; what is alive must be the same, and Slack must take it."""
    used: list[str] = []

    def next_text() -> str:
        used.append(hostile(r))
        return used[-1]

    try:
        made = make(next_text)
    except AssertionError:  # a record that the product never makes, whatever is written in it
        with pytest.raises(AssertionError):
            make(lambda: "harmless")
        return
    harmless = make(twins(used).__next__)
    lost = Counter[Live]() if name in MAY_END_EARLY else alive(harmless) - alive(made)
    difference = alive(made) - alive(harmless), lost
    assert difference == (Counter(), Counter()), f"{name}: {difference} of {made!r:.6000} from {used!r:.3000}"
    taken_by_slack(name, made)
    tally.texts += len(used)
    tally.messages += 1
    tally.renderers.add(name)


def alive(made: Any) -> Counter[Live]:
    if isinstance(made, Message):
        return of_message(made.text, made.blocks, parsed=False)
    if isinstance(made, dict) and "response_type" in made:
        return of_message(made["text"], made.get("blocks"), parsed=True)
    return Counter(of_blocks(made))


def taken_by_slack(name: str, made: Any) -> None:
    """In the judgement of the pretend workspace, which checks blocks as Slack does."""
    if isinstance(made, dict) and made.get("type") in ("modal", "home"):
        assert check_view(made) == [], name
        return
    if isinstance(made, Message):
        assert len(made.text) <= 3900, name
    blocks = as_blocks(made)
    assert check_message(blocks[:50]) == [], name
    assert len(blocks) <= 50, f"{name}: {len(blocks)} blocks"
    assert _length(blocks) <= LONGEST_BLOCKS, f"{name}: {_length(blocks)} characters"


def as_blocks(made: Any) -> list[Any]:
    """The blocks of a message or a reply, or what is to be part of one; buttons in a row of their own."""
    found = made.blocks if isinstance(made, Message) else made
    found = list(found.get("blocks", [found]) if isinstance(found, dict) else found)
    buttons = [part for part in found if part["type"] in ("button", "overflow")]
    return [{"type": "actions", "elements": buttons}] if buttons else found


def fuzzed(records: int, seed: int = 4) -> Tally:
    """So many records, each in every card, note, reply and form, every time with other texts in all its fields."""
    r, tally, kinds, makers = random.Random(seed), Tally(), note_kinds(), renderers()
    for record in range(records):
        for function in makers:
            name = f"{function.__module__}.{function.__name__}"
            compared(name, partial(rendered, function, record), r, tally)
        for kind in kinds:
            compared(f"note {kind}", partial(_note, kind, record), r, tally)
    return tally


def _note(kind: str, seed: int, texts: Callable[[], str]) -> Message:
    filler = Filler(seed, texts)
    revocation, rules = filler.value(Revocation), filler.value(Rules)
    return moments.render(revocation, filler.note_of(kind), rules)


def test_nothing_comes_alive_in_any_card_note_reply_or_form() -> None:
    tally = fuzzed(6)
    assert {
        "workers.cards.card.render",
        "bot.replies.listed",
        "bot.modals.attest",
        "workers.cards.home.page",
        "note denied",
    } <= tally.renderers


def figures() -> Iterator[str]:
    tally = fuzzed(60)
    assert tally.texts > 10_000
    kinds = len([name for name in tally.renderers if name.startswith("note ")])
    yield (
        f"{tally.texts:,} fuzzed texts in {tally.messages:,} messages, forms and replies "
        f"({len(tally.renderers) - kinds} renderers, {kinds} kinds of notes): 0 live tokens"
    )
