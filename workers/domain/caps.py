"""How many people may be denied by one click each, before two people must agree. Pure."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.domain.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Cap:
    """At most `most` within any `within`."""

    most: int
    within: timedelta


@dataclass(frozen=True, kw_only=True)
class Caps:
    """`REVOKE_RATE_LIMITS`. Above either, a second person must confirm; nobody is barred from asking."""

    per_person: Cap
    overall: Cap


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """One containment that one person confirmed alone."""

    by: Actor
    at: datetime


def above(caps: Caps | None, before: Iterable[Confirmation], who: Actor, now: datetime) -> str | None:
    """Why one more containment by `who` alone is above a cap, as the head of a sentence; None: it is not.

    `before`: the containments confirmed by one person alone, this one not among them, none of them later than the
    present. Those made at a terminal count too. `now`: when this one is confirmed; where that is past, those since then
    count as far as one span holds them together with it. None as `caps`: there are none.
    """
    if caps is None:
        return None
    recent = list(before)
    mine = [one for one in recent if (one.by.kind, one.by.id) == (who.kind, who.id)]
    if _most(mine, caps.per_person, now) >= caps.per_person.most:
        return f"{who.name or who.id} alone confirmed {caps.per_person.most} in {_span(caps.per_person)}"
    if _most(recent, caps.overall, now) >= caps.overall.most:
        return f"{caps.overall.most} were confirmed by one person alone in {_span(caps.overall)}"
    return None


def longest(caps: Caps) -> timedelta:
    """How far back containments count."""
    return max(caps.per_person.within, caps.overall.within)


def _most(confirmations: Iterable[Confirmation], cap: Cap, now: datetime) -> int:
    """The most of them in any one span of the cap's length that holds `now` too."""
    near = sorted(one.at for one in confirmations if abs(now - one.at) < cap.within)
    starts = [*(at for at in near if at < now), now]
    return max(bisect_left(near, start + cap.within) - bisect_left(near, start) for start in starts)


def _span(cap: Cap) -> str:
    minutes = int(cap.within.total_seconds() // 60)
    if minutes and minutes % 60 == 0:
        return f"{minutes // 60} h"
    return f"{minutes} min" if minutes else f"{int(cap.within.total_seconds())} s"
