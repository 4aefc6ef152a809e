"""Which containments one person confirmed alone, as the signed records say, and which take two people. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from workers.domain.actor import Actor
from workers.domain.caps import Caps, Confirmation, above, longest
from workers.domain.revocation import Revocation, State
from workers.domain.same_person import same_person
from workers.domain.timing import PROTECTED_ALONE_EVERY


def alone(records: Iterable[Revocation]) -> list[Confirmation]:
    """Every containment among `records` that one person confirmed alone, whatever became of it since."""
    return [one for one in map(_alone, records) if one is not None]


def _alone(record: Revocation) -> Confirmation | None:
    if record.confirmed_by is None or record.confirmed_at is None or record.seconded_by is not None:
        return None
    return Confirmation(by=record.confirmed_by, at=record.confirmed_at)


def why_two(
    caps: Caps | None, before: Iterable[Revocation], who: Actor, now: datetime, *, protected: bool
) -> str | None:
    """Why `who` cannot contain one more alone, as a sentence; None: they can. `before`: the others, ended ones too."""
    records = list(before)
    why = _protected_before(records, who, now) if protected else None
    why = why or above(caps, alone(records), who, now)
    return f"{why}: above that it takes two people." if why else None


def _protected_before(records: Iterable[Revocation], who: Actor, now: datetime) -> str | None:
    for record in records:
        one = _alone(record) if record.protected else None
        if one and same_person(one.by, who) and abs(now - one.at) < PROTECTED_ALONE_EVERY:
            return f"{who.name or who.id} alone contained {record.who}, who is protected too, within a day"
    return None


def counts_for(caps: Caps | None, *, protected: bool) -> timedelta | None:
    """How far back `why_two` looks; None: at nothing."""
    spans = [*([longest(caps)] if caps else []), *([PROTECTED_ALONE_EVERY] if protected else [])]
    return max(spans, default=None)


def exceeding(caps: Caps | None, records: Iterable[Revocation], now: datetime) -> Mapping[str, str]:
    """Of those confirmed and never written: the ids that are above a cap after all, each with why, as a sentence.

    Several confirmed at the same time were each counted before the others were there. Whoever is in the policy
    already counts first, then those confirmed at a terminal, which no cap bars, then the others in their order. What
    was done at a terminal afterwards sends nobody back.
    `records`: open and ended, as far back as `counts_for` says.
    """
    every = not_ahead(records, now)
    waiting = [record for record in every if _barred_by_caps(record)]
    kept = [record for record in every if record not in waiting]
    found = dict[str, str]()
    for record in sorted(waiting, key=_order):
        assert record.confirmed_by is not None
        assert record.confirmed_at is not None
        before = [other for other in kept if not _at_terminal_after(other, record)]
        why = why_two(caps, before, record.confirmed_by, record.confirmed_at, protected=record.protected)
        if why is None:
            kept.append(record)
        else:
            found[record.id] = why
    return found


def not_ahead(records: Iterable[Revocation], now: datetime) -> list[Revocation]:
    """The same records; what is dated ahead counts as of now, or a clock that was wrong for a while would hide it."""
    return [
        replace(record, confirmed_at=now) if record.confirmed_at and record.confirmed_at > now else record
        for record in records
    ]


def _at_terminal_after(other: Revocation, record: Revocation) -> bool:
    return not _in_slack(other) and _order(other) > _order(record)


def _barred_by_caps(record: Revocation) -> bool:
    written = record.state is not State.CONFIRMED or record.written_at is not None
    return _alone(record) is not None and not written and _in_slack(record)


def _in_slack(record: Revocation) -> bool:
    return record.confirmed_by is not None and record.confirmed_by.kind == "slack"


def _order(record: Revocation) -> tuple[datetime, str]:
    return (record.confirmed_at or record.requested_at, record.id)
