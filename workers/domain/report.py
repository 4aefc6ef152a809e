"""What one revocation's log says when it is read as a whole: what happened, who did it, how long it took.

Pure; times are aware UTC. Every figure is the difference of two times that the log holds; where it holds only one of
them, or they do not follow each other, the figure is unknown and stays so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from workers.domain.actor import SYSTEM, Actor
from workers.domain.audit import Digest
from workers.domain.open_items import OpenItem, open_items
from workers.domain.revocation import Revocation
from workers.domain.step import StepState
from workers.domain.timing import Timing

Entry = Mapping[str, Any]
"""One entry of a log, as `Records.log` returns it."""

_BOOKKEEPING = frozenset(
    {
        *("woken", "reach_read_again", "step_goes_on", "step_unsettled", "restore_goes_on"),
        *("responders_counted", "acts_read"),
        *("look_back_started", "look_back_unsettled", "look_back_waits"),
    }
)
"""Nothing of these is news to anybody who reads what happened."""

_DEEDS = frozenset(
    {
        *("requested", "confirm_voted", "confirmed", "seconded", "cancelled", "retried", "ratified"),
        *("hold", "break_glass", "clean_up_given"),
        *("release_asked", "false_alarm_asked", "restore_asked"),
        *("release_approved", "false_alarm_approved", "restore_approved"),
        *("release_refused", "false_alarm_refused", "restore_refused", "clean_up_refused"),
        *("attested", "attest_undone", "assigned", "disable_anyway", "step_retried"),
        *("follow_ups_started", "follow_ups_wait", "act_undone"),
    }
)
"""What somebody decided or did, and answers for; owners are told apart."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One item that was taken or given back; `failed` is AWS's sentence where it was not."""

    name: str
    request_id: str = ""
    failed: str = ""


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One entry of the log."""

    seq: int
    at: datetime
    by: Actor
    event: str
    step: str = ""
    """The kind of the follow-up that it is about."""
    reason: str = ""
    request_id: str = ""
    """AWS's, as evidence."""
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Span:
    """From one time of the log to another; None: the log does not hold it."""

    what: str
    begins: datetime | None
    ends: datetime | None

    @property
    def took(self) -> timedelta | None:
        """How long; None where that is not known. Never negative."""
        if self.begins is None or self.ends is None or self.ends < self.begins:
            return None
        return self.ends - self.begins


@dataclass(frozen=True, kw_only=True)
class Passing:
    """It got another owner; None: nobody."""

    at: datetime
    before: Actor | None
    after: Actor | None
    by: Actor


@dataclass(frozen=True, kw_only=True)
class Report:
    revocation: Revocation
    """As it stood at the log's entry `revocation.seq`, the head of the log then; `revocation.mac` is its signature."""
    made_at: datetime
    happenings: tuple[Happening, ...]
    left_out: int
    """How many entries only keep the books: they are in the log, and not here."""
    spans: tuple[Span, ...]
    """To the denial, to the last access gone, to the end."""
    steps: tuple[Span, ...]
    """From the denial to each follow-up's end, in their order; `what` is its kind."""
    passings: tuple[Passing, ...]
    open: tuple[OpenItem, ...]
    digest: Digest | None = None
    """What all logs led to when this was made; None where it could not be read."""

    @property
    def deeds(self) -> tuple[Happening, ...]:
        """What people did, the oldest first."""
        return tuple(h for h in self.happenings if h.event in _DEEDS and h.by.kind != SYSTEM.kind)

    def span(self, what: str) -> Span:
        """The one of this name. Raises KeyError where there is none."""
        return {span.what: span for span in (*self.spans, *self.steps)}[what]


def report(
    log: Sequence[Entry], revocation: Revocation, timing: Timing, at: datetime, digest: Digest | None = None
) -> Report:
    """`log`: verified, and at least up to the entry that `revocation` was read from; what came later is left out."""
    entries = [entry for entry in log if entry["seq"] <= revocation.seq]
    told = [entry for entry in entries if not keeps_books(entry["event"])]
    return Report(
        revocation=revocation,
        made_at=at,
        happenings=tuple(_happening(entry) for entry in told),
        left_out=len(entries) - len(told),
        spans=tuple(_spans(entries, revocation)),
        steps=tuple(_steps(entries, revocation)),
        passings=tuple(_passings(entries)),
        open=open_items(revocation, timing),
        digest=digest,
    )


def keeps_books(event: str) -> bool:
    """Whether an entry of this kind tells nobody anything new."""
    return event in _BOOKKEEPING or event.startswith(("told_", "dropped_"))


def reason_of(entry: Entry) -> str:
    """The reason that was given with this step, by whoever took it; empty where none was."""
    record, detail = entry["record"], entry.get("detail") or {}
    if str(entry["event"]).endswith("_approved"):
        return str(detail.get("approvers_reason") or "")
    given = (record.get("reasons") or [{}])[-1].get("text")
    release = (record.get("release") or {}).get("reason")
    reasons = {"requested": given, "reason_added": given, "release_asked": release}
    return str(reasons.get(entry["event"]) or detail.get("reason") or "")


def _happening(entry: Entry) -> Happening:
    detail = entry.get("detail") or {}
    return Happening(
        seq=entry["seq"],
        at=_at(entry),
        by=Actor(**entry["actor"]),
        event=_event(entry),
        step=str(detail.get("step") or ""),
        reason=reason_of(entry),
        request_id=str(detail.get("request_id") or ""),
        pieces=tuple(_pieces(detail.get("items"))),
    )


def _event(entry: Entry) -> str:
    """The second yes of two is recorded as the confirmation, which it is; here it has its own name."""
    second = entry["event"] == "confirmed" and entry["record"].get("seconded_by")
    return "seconded" if second else str(entry["event"])


def _pieces(items: Any) -> Iterator[Piece]:
    """What AWS answered for each item; what was only about to be done is no evidence."""
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping) and {"name", "failed"} <= item.keys():
            yield Piece(
                name=str(item["name"]),
                request_id=str(item.get("request_id") or ""),
                failed=str(item["failed"] or ""),
            )


def _spans(entries: Sequence[Entry], revocation: Revocation) -> Iterator[Span]:
    written, off = _written(entries, revocation), _last(entries, "taken_off")
    # What the product itself found was asked for by nobody.
    asked = None if revocation.requested_by.kind == SYSTEM.kind else revocation.requested_at
    confirmed, card = _last(entries, "confirmed", until=written), _first(entries, "card_posted")
    yield Span(what="asked_to_card", begins=asked, ends=card)
    yield Span(what="card_to_confirmed", begins=card, ends=confirmed)
    yield Span(what="confirmed_to_written", begins=confirmed, ends=written)
    yield Span(what="asked_to_written", begins=asked, ends=written)
    yield Span(what="asked_to_no_access", begins=asked, ends=_no_access(entries))
    yield Span(what="written_to_off", begins=written, ends=off)


def _steps(entries: Sequence[Entry], revocation: Revocation) -> Iterator[Span]:
    """Where the service is not in use, nothing was done, and so nothing took time."""
    written = _written(entries, revocation)
    for step in revocation.steps:
        done = step.settled and step.state is not StepState.NOT_IN_USE
        yield Span(what=step.kind.value, begins=written, ends=step.ended_at if done else None)


def _written(entries: Sequence[Entry], revocation: Revocation) -> datetime | None:
    """When the denial was read back first; of an ID that was found in the policy, nobody knows."""
    return None if revocation.adopted else _first(entries, "written")


def _no_access(entries: Sequence[Entry]) -> datetime | None:
    """Since when no access was left, the last time that this was so: access may have come back in between."""
    since = [entry["record"].get("no_mint_at") for entry in entries]
    return next((_time(text) for text in reversed(since) if text), None)


def _passings(entries: Sequence[Entry]) -> Iterator[Passing]:
    before: Mapping[str, str] | None = None
    for number, entry in enumerate(entries):
        after = entry["record"].get("owner")
        if number and _id(after) != _id(before):
            yield Passing(
                at=_at(entry), before=_actor(before), after=_actor(after), by=Actor(**entry["actor"])
            )
        before = after


def _id(owner: Mapping[str, str] | None) -> tuple[str, str] | None:
    return (owner["kind"], owner["id"]) if owner else None


def _actor(owner: Mapping[str, Any] | None) -> Actor | None:
    return Actor(**owner) if owner else None


def _first(entries: Sequence[Entry], event: str) -> datetime | None:
    return next((_at(entry) for entry in entries if entry["event"] == event), None)


def _last(entries: Sequence[Entry], event: str, until: datetime | None = None) -> datetime | None:
    times = (_at(entry) for entry in reversed(entries) if entry["event"] == event)
    return next((time for time in times if until is None or time <= until), None)


def _at(entry: Entry) -> datetime:
    return _time(entry["at"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
