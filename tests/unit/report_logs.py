"""Logs as the store gives them, made from steps of a story: what a report is read from."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from tests.unit.follow_up_records import DIRECTORY_RULES, NO_ACCESS, RESTORE, STARTED, TAKEN
from tests.unit.make import BOB, CAROL, T0, at, attested, confirmed, coverage, denied, followed, requested
from workers.domain.actor import SYSTEM, Actor
from workers.domain.audit import Digest
from workers.domain.report import Report, report
from workers.domain.revocation import Revocation, State
from workers.domain.step import Kind

_RECORD = TypeAdapter(Revocation)
DIGEST = Digest(132, "8f3a12bc90de41aa", 9)


@dataclass
class Story:
    """One log being written."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    record: Revocation = field(default_factory=requested)

    def then(self, record: Revocation, event: str, by: Actor, when: datetime, **detail: Any) -> "Story":
        self.record = replace(record, seq=len(self.entries) + 1, mac=f"{len(self.entries) + 1:064x}")
        self.entries.append(
            {
                "seq": self.record.seq,
                "at": when.isoformat(),
                "event": event,
                "actor": {"kind": by.kind, "id": by.id, "name": by.name},
                "detail": detail,
                "record": _RECORD.dump_python(self.record, mode="json", exclude={"mac"}),
            }
        )
        return self

    def report(self, when: datetime) -> Report:
        return report(self.entries, self.record, DIRECTORY_RULES.timing, when, DIGEST)


def asked(**given: Any) -> Story:
    story = Story().then(requested(user=None, **given), "requested", BOB, T0)
    story.then(requested(**given), "identified", SYSTEM, at(seconds=0.4))
    return story.then(requested(card_ts="1.0", **given), "card_posted", SYSTEM, at(seconds=1.2), ts="1.0")


def written(**given: Any) -> Story:
    story = asked(**given)
    story.then(confirmed(**given), "confirmed", CAROL, at(minutes=1))
    planned = followed(DIRECTORY_RULES, coverage=coverage(uncovered=("999999999999",)), **given)
    story.then(planned, "written", SYSTEM, at(minutes=1, seconds=3.1), request_id="req-1", recovered=False)
    return story.then(planned, "told_denied", SYSTEM, at(minutes=1, seconds=4))


def gone(**given: Any) -> Story:
    """All access taken away, sessions attested; the owner changed in between."""
    story = written(**given)
    had = {**NO_ACCESS, **STARTED, "coverage": coverage(uncovered=("999999999999",)), **given}
    began = followed(DIRECTORY_RULES, owner=BOB, **given)
    story.then(began, "owned", BOB, at(minutes=5))
    results = [
        {"key": "1", "name": "AdministratorAccess in 111111111111", "request_id": "req-2", "failed": None},
        {
            "key": "2",
            "name": "ReadOnlyAccess in `222222222222`",
            "request_id": None,
            "failed": "AWS said *no*.",
        },
    ]
    story.then(began, "removed", SYSTEM, at(minutes=12), step="assignments", items=results)
    said = {**TAKEN, Kind.SESSIONS: attested()}
    story.then(
        followed(DIRECTORY_RULES, said, owner=BOB, **had), "attested", CAROL, at(minutes=30), step="sessions"
    )
    return story


def stories() -> dict[str, Story]:
    """By the name of the state that each ends in."""
    drill = gone(drill=True)
    false_alarm = gone()
    held = gone()
    return {
        "requested": asked(),
        "confirmed": asked().then(confirmed(), "confirmed", CAROL, at(minutes=1)),
        "denied": gone(),
        "held": held.then(
            replace(held.record, hold_open=True, hold_by=BOB),
            "hold",
            BOB,
            at(hours=2),
            reason="still looking",
        ),
        "watched": _off(gone(), State.WATCHED),
        "released": _off(gone(), State.RELEASED, released_by=(BOB, CAROL)),
        "false_alarm": _off(
            false_alarm,
            State.RELEASED,
            released_by=(BOB, CAROL),
            restore=replace(RESTORE, given=40, ended_at=at(hours=13)),
        ),
        "drill": _off(drill, State.RELEASED, released_by=(BOB, CAROL)),
        "cancelled": asked().then(
            requested(state=State.CANCELLED, cancelled_by=CAROL), "cancelled", CAROL, at(minutes=2)
        ),
        "adopted": Story().then(
            denied(adopted=True, requested_by=SYSTEM, confirmed_by=None, confirmed_at=None, owner=None),
            "adopted",
            SYSTEM,
            at(minutes=1),
        ),
        "joined": asked().then(
            requested(state=State.CLOSED, refused_because="Alice already has R-BBBBBB."),
            "joined",
            SYSTEM,
            at(seconds=2),
        ),
    }


def _off(story: Story, state: State, **given: Any) -> Story:
    record = replace(story.record, state=state, off_at=at(hours=13, minutes=15), **given)
    return story.then(record, "taken_off", SYSTEM, at(hours=13, minutes=15), request_id="req-9")
