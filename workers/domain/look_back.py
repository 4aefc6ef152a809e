"""What a user did before the denial: who and when is looked for, what was found, and the sentences on it. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.domain.errors import AwsRefused
from workers.domain.look_back_query import MATTERS, SHARED_NAMES
from workers.domain.timing import LONGEST_ROLE_SESSION

BEFORE = LONGEST_ROLE_SESSION
"""So long before the request the window begins: when the session began is not known."""

JOB_LATE = timedelta(seconds=10)
"""A look back that was not begun so long after the denial has lost its job."""

WAIT_FOR = timedelta(minutes=15)
"""A query that takes longer is left alone, and that is said."""

NAMED, COUNTED, PLACES = 10, 8, 10
"""How many things that matter, kinds of calls, and accounts are named; the rest is counted."""

LONGEST_NAME = 128

CLI = "python -m workers look-back"
DELAY = (
    "CloudTrail tells within about 5 minutes on average, and does not promise it, so the last minutes may be "
    "missing: look again later with `{again} --run`."
)
ONLY_ITS_OWN = (
    "Nothing was run: no trail table and no event data store is set. Without one there is only LookupEvents, which "
    "sees one account and one Region at a time."
)


@dataclass(frozen=True, kw_only=True)
class Sought:
    """Whose events, from when (inclusive) to when (exclusive). `names` may name their role sessions."""

    user_id: str
    names: tuple[str, ...] = ()
    since: datetime
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Found:
    """One row of an answer: calls of one kind, in one account and Region.

    `how` is `user` (the user's own session), `key` (a session or key that they made), or `any`: then the row counts
    whatever anybody did there, and stands only for that place being looked at.
    """

    account: str
    region: str
    service: str
    event: str
    error: str
    subject: str
    how: str
    events: int
    first: str
    last: str


def found_in(columns: Mapping[str, str]) -> Found:
    """A row by the names of its columns. Raises AwsRefused where it is not a row of our query."""
    try:
        count = int(columns["events"])
        texts = {name: _line(columns[name]) for name in _TEXTS}
    except (KeyError, TypeError, ValueError) as error:
        raise AwsRefused("shape", "The answer is not one to this query. Run the query by hand.") from error
    return Found(
        **texts, events=count, first=columns.get("first_at") or "", last=columns.get("last_at") or ""
    )


def _line(text: str | None) -> str:
    """In one line: a name with line breaks must not look like another finding."""
    return " ".join((text or "").split())


_TEXTS = ("account", "region", "service", "event", "error", "subject", "how")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One query at one place that keeps events. The start is recorded before it is asked for."""

    place: str
    token: str
    """Unique to this run; where the place knows tokens, a second start with it starts nothing."""
    at: datetime
    query_id: str | None = None
    cause: str = ""
    """Why AWS gave no clear answer the last time; it is tried again."""
    ended_at: datetime | None = None
    failed: str = ""
    """Why there is no answer, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class LookBack:
    since: datetime
    until: datetime
    runs: tuple[Run, ...] = ()
    again_at: datetime | None = None
    """When a worker must look at the runs; None where all have ended."""

    @property
    def under_way(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if run.ended_at is None)


def sought(
    user_id: str,
    names: Iterable[str | None],
    requested_at: datetime,
    now: datetime,
    since: datetime | None = None,
) -> Sought:
    """Role sessions carry the user name or the e-mail. A name that nobody could read in a query is left out."""
    kept = (name.strip() for name in names if name)
    shown = (name for name in kept if name and name.isprintable() and len(name) <= LONGEST_NAME)
    begins = since or requested_at - BEFORE
    return Sought(user_id=user_id, names=tuple(dict.fromkeys(shown)), since=begins, until=now)


def due_at(look_back: LookBack | None, written_at: datetime | None) -> datetime | None:
    """When somebody must look at it, whatever became of its job; None where nothing waits."""
    if look_back is not None:
        return look_back.again_at
    return written_at + JOB_LATE if written_at is not None else None


def findings(who: Sought, place: str, rows: Sequence[Found]) -> list[str]:
    """What was found, a line each; what comes from the events is outside text."""
    theirs = [row for row in rows if row.how != "any"]
    window = f"{place}, {_utc(who.since)} to {_utc(who.until)}"
    if not theirs:
        return [f"{window}: no event of this user. That is no proof that nothing was done."]
    total, refused = sum(row.events for row in theirs), sum(row.events for row in theirs if _denied(row))
    return [
        f"{window}: {_plural(total, 'call')}, {refused} of them denied: {_counted(theirs)}.",
        *_named([row for row in theirs if row.event in MATTERS and not row.error]),
        f"Their calls were made in {_places(theirs)}.",
    ]


def looked_at(rows: Sequence[Found], expected: Iterable[str], scope: str, revocation_id: str) -> list[str]:
    """Which accounts and Regions the answer rests on, and which not. `expected`: accounts that should be there."""
    anybody = [row for row in rows if row.how == "any"]
    missing = sorted(set(expected) - {row.account for row in anybody})
    seen = f"Looked at, because events of anybody in this window are there: {_places(anybody)}."
    if not anybody:
        seen = "Looked at: nothing, as far as can be told: there is no event of anybody in this window."
    unseen = (
        f"Not looked at, because no event of anybody is there: {_plural(len(missing), 'account')} ({_some(missing)}), "
        "and every other Region."
        if missing
        else "Not looked at: every other Region. Each account that the bot knows of has events there."
    )
    return [seen, unseen, scope, DELAY.format(again=f"{CLI} {revocation_id}")]


def not_looked_at(place: str, why: str, revocation_id: str) -> list[str]:
    """The lines for a place that gave no answer."""
    return [
        f"{place}: nothing was looked at, in no account and no Region. {why}",
        "The query is ready for a person; LookupEvents would see one account and one Region at a time.",
        f"To try it again: `{CLI} {revocation_id} --run`.",
    ]


def given_up(run: Run) -> str:
    why = f" {run.cause}" if run.cause else ""
    return f"There was no answer within 15 minutes; the query's id is {run.query_id or 'not known'}.{why}"


def _denied(row: Found) -> bool:
    return bool(re.search(r"AccessDenied|Unauthorized", row.error))


def _named(matter: Sequence[Found]) -> list[str]:
    if not matter:
        return ["None of the calls that matter most succeeded."]
    told = [f"{_thing(row)}." for row in sorted(matter, key=_weight)[:NAMED]]
    more = len(matter) - len(told)
    return [*told, *([f"And {more} more that matter; run the query to see them."] if more else [])]


def _weight(row: Found) -> tuple[int, str]:
    """What leaves a way back in before what only moved on, oldest first."""
    return MATTERS.index(row.event), row.first


def _thing(row: Found) -> str:
    subject = f" for {_cut(row.subject, 80)}" if row.subject else ""
    times = f" {row.events} times" if row.events > 1 else ""
    by = " by a session or key that they made" if row.how == "key" else ""
    event = f"{row.event} ({row.service.split('.')[0]})" if row.event in SHARED_NAMES else row.event
    return f"{event}{subject} in account {row.account} ({row.region}){times} at {_time(row.first)}{by}"


def _counted(rows: Sequence[Found]) -> str:
    counts = Counter[str]()
    for row in rows:
        counts[_cut(row.event, 60)] += row.events
    told = [f"{event} {count}" for event, count in counts.most_common(COUNTED)]
    more = len(counts) - len(told)
    return ", ".join(told) + (f" and {more} more kinds" if more else "")


def _places(rows: Iterable[Found]) -> str:
    accounts = sorted({row.account for row in rows})
    regions = sorted({row.region for row in rows})
    return f"{_plural(len(accounts), 'account')} ({_some(accounts)}), {_plural(len(regions), 'Region')} ({_some(regions)})"


def _some(names: Sequence[str]) -> str:
    more = len(names) - PLACES
    return ", ".join(_cut(name, 40) for name in names[:PLACES]) + (f" and {more} more" if more > 0 else "")


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _utc(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _time(text: str) -> str:
    """Athena and CloudTrail Lake write times in two ways; shown in one."""
    return f"{_cut(text, 30)[:19].replace('T', ' ')} UTC" if text else "an unknown time"
