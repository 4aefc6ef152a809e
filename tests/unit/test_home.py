"""App Home as a person reads it: golden texts in its states, whose it is, and what Slack takes."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.slack.blocks import check_view
from tests.unit.follow_up_records import DIRECTORY_RULES, TAKEN
from tests.unit.make import BOB, CAROL, RULES, at, denied, followed, requested
from tests.unit.test_answers import OPEN_ONES, RELEASE, TROUBLE, spread
from tests.unit.test_cards import shown
from workers.cards import home, open_list
from workers.cards.home import Now
from workers.domain.actor import SYSTEM, Actor
from workers.domain.handoff import Handoff, HandoffState
from workers.domain.proof import Proof
from workers.domain.revocation import Ratification, Revocation, State
from workers.domain.step import Kind
from workers.ports import Figure, Message

GOLDEN = Path(__file__).parent / "golden_home"
"""Run `GOLDEN=write pytest tests/unit/test_home.py` to write them anew, then read what changed."""

DAVE = Actor(kind="slack", id="U0DAVE0001", name="dave")
TS = "1700000000.000200"
NOON = at(hours=10)

OFFERED = Handoff(
    id="H-AAAAAA",
    revocations=("R-AAAAAA", "R-CCCCCC"),
    outgoing=(CAROL,),
    incoming=(DAVE.id,),
    offered_by=CAROL,
    offered_at=at(hours=9),
    channel="C0SECINC01",
    root_ts=TS,
)
ACCEPTED = replace(
    OFFERED,
    id="H-BBBBBB",
    state=HandoffState.ACCEPTED,
    revocations=("R-BBBBBB",),
    root_ts=None,
    accepted_by=BOB,
    accepted_at=at(hours=9, minutes=5),
)
MINE = [
    followed(DIRECTORY_RULES, TAKEN, id="R-HHHHHH", owner=DAVE),
    denied(
        id="R-JJJJJJ",
        protected=True,
        ratification=Ratification(asked_at=at(minutes=2)),
        requested_at=at(minutes=1),
    ),
    denied(id="R-KKKKKK", state=State.WATCHED, off_at=at(hours=9), requested_at=at(minutes=2)),
]


def now(revocations: list[Revocation], **given: Any) -> Now:
    told: dict[str, Any] = {
        "viewer": DAVE,
        "at": NOON,
        "room": Figure(31, at(hours=9, minutes=59)),
        "workspace": "example",
    }
    return Now(revocations=revocations, **{**told, **given})


def pages() -> Mapping[str, dict[str, Any]]:
    drill = Proof(revocation_id="R-DDDDDD", at=at(hours=-300), by=BOB, to_the_end=True)
    silence = "The workers have not answered since 11:58:00 UTC, so nobody is looked up or denied now."
    held = "R-AAAAAA: Alice Cooper stays denied until two people release them."
    return {
        "quiet": home.page(now([], proven=drill), RULES),
        "several": home.page(now(OPEN_ONES, handoffs=[OFFERED, ACCEPTED]), RULES),
        "yours": home.page(now(MINE, proven=replace(drill, to_the_end=False)), RULES, held),
        "in_trouble": home.page(
            now([], room=None, silence=silence, unreadable=["R-GGGGGG", "<!channel>"]), RULES
        ),
        "no_room": home.page(now([], room=Figure(0, NOON)), RULES),
        "for_others": home.for_others(),
        "records_away": home.unknown(held),
    }


@pytest.mark.parametrize("name", pages())
def test_the_page_reads_as_it_was_reviewed(name: str) -> None:
    page = pages()[name]
    assert check_view(page) == []
    kept, text = (
        GOLDEN / f"{name}.txt",
        shown(Message("", tuple(spread(page["blocks"])))).removeprefix("phone: \n\n"),
    )
    if os.environ.get("GOLDEN") == "write":
        kept.write_text(text)
    assert text == kept.read_text(), f"read it; if it is better, run GOLDEN=write pytest {__file__}"


def test_no_golden_page_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(pages())


def test_two_hundred_open_ones_with_the_longest_names_still_fit_and_the_rest_is_counted() -> None:
    user = replace(OPEN_ONES[0].user, display_name="<" * 200, user_name="&" * 128)  # type: ignore[type-var]
    owners = [Actor(kind="slack", id=f"U0OWNER{n:03}") for n in range(200)]
    many = [replace(OPEN_ONES[0], id=f"R-{n:06}", user=user, owner=owners[n]) for n in range(200)]
    offered = [replace(OFFERED, id=f"H-{n:06}", revocations=(f"R-{n:06}",)) for n in range(200)]
    page = home.page(
        now(many, handoffs=offered, silence="x" * 3000, unreadable=["R-GGGGGG"] * 99), RULES, "y" * 3000
    )
    assert check_view(page) == []
    assert len(page["blocks"]) <= 100
    told = str(page["blocks"])
    assert f"{200 - home.MOST_SHOWN} more; " in told
    assert f"{200 - home.MOST_HANDOFFS} more." in told
    assert "more, of others." in told


def test_yours_stand_first_then_what_whoever_can_may_do() -> None:
    theirs = followed(DIRECTORY_RULES, TAKEN, id="R-MMMMMM", owner=CAROL)
    asked = denied(id="R-NNNNNN", release=RELEASE)
    page = str(home.page(now([theirs, asked, MINE[0]]), RULES)["blocks"])
    order = [page.index("*Yours:*"), page.index("*Whoever can:*"), page.index(f"*<@{CAROL.id}>:*")]
    assert order == sorted(order)


def test_what_is_late_is_called_overdue_in_words_and_what_is_not_is_not() -> None:
    step = followed(DIRECTORY_RULES, TAKEN, owner=DAVE).step(Kind.SESSIONS)
    assert step is not None
    assert step.due_at is not None
    record = followed(DIRECTORY_RULES, TAKEN, owner=DAVE)
    late, early = (str(home.page(now([record], at=when), RULES)) for when in (step.due_at, at(minutes=5)))
    assert "OVERDUE" in late
    assert "OVERDUE" not in early


def test_a_handoff_of_what_the_viewer_may_not_see_is_not_shown() -> None:
    page = home.page(now([], handoffs=[OFFERED]), RULES)
    assert "H-AAAAAA" not in str(page)
    partly = home.page(now(OPEN_ONES[:1], handoffs=[OFFERED]), RULES)
    assert "1 revocation of" in str(partly)
    assert "R-CCCCCC" not in str(partly)


def test_nobody_is_called_denied_where_records_cannot_be_read() -> None:
    page = str(pages()["in_trouble"])
    assert open_list.NOTHING not in page
    assert "<!channel>" not in page


def test_every_second_yes_is_bound_to_what_was_shown() -> None:
    asked = denied(id="R-NNNNNN", release=RELEASE)
    blocks = home.page(now([asked, MINE[1]]), RULES)["blocks"]
    rows = {block["block_id"] for block in blocks if "block_id" in block}
    assert rows == {open_list.approval_row(asked), *(open_list.shown_rows(MINE[1]))}


def test_an_accepted_handoff_names_who_has_it_and_an_offered_one_says_that_nobody_has() -> None:
    told = str(home.page(now(OPEN_ONES, handoffs=[OFFERED, ACCEPTED]), RULES))
    assert f"offered to <@{DAVE.id}>" in told
    assert "NOT accepted yet" in told
    assert f"accepted by <@{BOB.id}>" in told
    open_to_all = replace(OFFERED, incoming=(), offered_by=SYSTEM)
    assert "offered to any responder" in str(home.page(now(OPEN_ONES, handoffs=[open_to_all]), RULES))


def test_names_from_outside_mention_nobody() -> None:
    record = requested(user=None, slack_name="<!channel> *x*", trouble=TROUBLE)
    assert "<!channel>" not in str(home.page(now([record]), RULES))


def test_a_name_made_of_spaces_pushes_nothing_out_of_sight() -> None:
    nameless = Actor(kind="terminal", id="op", name="\u3000" * 9)
    page = home.page(now(OPEN_ONES, handoffs=[replace(ACCEPTED, accepted_by=nameless)]), RULES)
    assert "accepted by (no text) <!date" in str(page)
