"""Records that take more than one click, as the cards are reviewed with them."""

from typing import Any

from tests.unit.make import BOB, CAROL, at, confirmed, coverage, denied, reach, requested, some_reach
from workers.domain.actor import Actor
from workers.domain.revocation import Ratification, Revocation, State, Vote

AT_TERMINAL = Actor(kind="terminal", id="arn:aws:iam::111122223333:user/ops ops", name="ops at a terminal")

READ: dict[str, Any] = {"reach": some_reach(), "coverage": coverage()}
VOTE = Vote(
    by=BOB,
    at=at(minutes=2),
    because="bob alone confirmed 5 in 10 min: above that it takes two people.",
)
ASKED = Ratification(asked_at=at(minutes=1))
ESCALATED = Ratification(asked_at=at(minutes=1), escalated_at=at(minutes=31))
RATIFIED = Ratification(asked_at=at(minutes=1), ratified_by=BOB, ratified_at=at(minutes=20))


def cards() -> dict[str, Revocation]:
    return {
        "waits_for_a_second_person": requested(**READ, vote=VOTE),
        "waits_for_a_second_person_expired": requested(state=State.EXPIRED, vote=VOTE),
        "confirmed_by_two": confirmed(confirmed_by=BOB, seconded_by=CAROL),
        "protected_waits_for_deny_now": requested(**READ, protected=True),
        "protected_waits_for_a_second_person": requested(**READ, protected=True, vote=VOTE),
        "protected_being_written": confirmed(protected=True, ratification=ASKED),
        "protected_waits_to_be_ratified": denied(**READ, protected=True, ratification=ASKED),
        "protected_escalated": denied(**READ, protected=True, ratification=ESCALATED),
        "protected_ratified": denied(**READ, protected=True, ratification=RATIFIED),
        "the_last_but_one_responder": requested(**READ, responders_left=1),
        "the_last_responder_is_denied": denied(
            reach=reach(at(hours=1)), coverage=coverage(), responders_left=0
        ),
    }


def moments() -> dict[str, tuple[Revocation, str, str]]:
    """Each by name: the record, the note's kind, and its detail."""
    above = "20 were confirmed by one person alone in 1 h: above that it takes two people."
    waiting = denied(protected=True, ratification=ASKED)
    return {
        "second_needed": (requested(vote=VOTE), "second_needed", ""),
        "second_needed_told_late": (denied(confirmed_by=BOB, seconded_by=CAROL), "second_needed", ""),
        "above_cap": (denied(confirmed_by=AT_TERMINAL), "above_cap", above),
        "ratify_asked": (waiting, "ratify_asked", ""),
        "ratify_escalated": (denied(protected=True, ratification=ESCALATED), "ratify_escalated", ""),
        "ratified": (denied(protected=True, ratification=RATIFIED), "ratified", "bob"),
    }
