"""`audit`: the log of everything, exported, checked and read. Needs neither Slack nor AWS; a file needs no Redis either."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from redis.exceptions import RedisError

from workers import bootstrap
from workers.adapters import audit_lines
from workers.adapters.audit_log import AuditLog
from workers.adapters.redis_connection import at_terminal
from workers.adapters.redis_journal import Export
from workers.adapters.signing_key import known_key
from workers.cards.text import utc
from workers.cli import story
from workers.cli.terminal import redis_kept_up
from workers.domain import audit as digests
from workers.domain.audit import Digest
from workers.domain.audit_copies import Copies
from workers.domain.audit_entry import BadEntry, Line, opened
from workers.domain.audit_trail import Scope, Trail, check_digest
from workers.domain.errors import Refused, StoreAway
from workers.settings import RecordSettings, read

Lines = Callable[[], Iterator[Line]]
"""The same lines again at each call."""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _time(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("give a time such as 2026-11-24T02:00:00Z") from None
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).isoformat()


def _stated(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> dict[int, Digest]:
    found = {value: digests.stated(value) for value in values}
    wrong = [value for value, digest in found.items() if digest is None]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r} does not look like 132:8f3a12bc90de41aa")
    posted = [digest for digest in found.values() if digest is not None]
    if len({digest.entries for digest in posted}) < len(posted):
        raise click.BadParameter("two of them cover the same number of entries, so one of them is wrong")
    return {digest.entries: digest for digest in posted}


@click.group()
def audit() -> None:
    """Export, check and read the log of everything. Needs the signing key; neither Slack nor AWS."""


@audit.command()
@click.option("--since", metavar="TIME", callback=_time, help="Entries from then on (2026-11-24T02:00:00Z).")
@click.option("--id", "log", metavar="R-XXXXXX", help="One revocation's entries alone.")
def export(since: str | None, log: str | None) -> None:
    """Print every entry as one line of JSON, in the order of writing. Redirect it into a file."""
    with _connected() as (exported, _):
        for text in exported().texts(Scope(id=log.upper() if log else None, since=since)):
            _out(text)


@audit.command()
@click.argument("files", nargs=-1, type=_FILE)
@click.option(
    "--digest",
    "posted",
    metavar="N:HEX",
    multiple=True,
    callback=_stated,
    help="One that the channel was told.",
)
def verify(files: tuple[Path, ...], posted: dict[int, Digest]) -> None:
    """Check the log in Redis, or FILES: an export, and what bot and workers wrote to their standard output.

    Ends with 1 at the first entry that is not as it was written, and names it. Beside an export, every entry that
    a standard output has must be in the export too.
    """
    if not files:
        with _connected() as (exported, log):
            _whole("Redis", log, Scope(), posted, lambda: _numbered(exported().lines(Scope())))
        return
    _files(files, posted, AuditLog(known_key(read(RecordSettings))))


@audit.command()
@click.argument("revocation")
@click.option(
    "--from",
    "files",
    multiple=True,
    type=_FILE,
    help="An export, or what a process wrote to its standard output.",
)
def show(revocation: str, files: tuple[Path, ...]) -> None:
    """Print the whole story of REVOCATION (R-XXXXXX) from Redis, or from files."""
    wanted = revocation.upper()
    if files:
        log = AuditLog(known_key(read(RecordSettings)))
        _tell(wanted, log, (line for file in files for line in _of_file(file, log)))
        return
    with _connected() as (exported, log):
        _tell(wanted, log, exported().lines(Scope(id=wanted)))


# ---------------------------------------------------------------- what is read


@contextmanager
def _connected() -> Iterator[tuple[Callable[[], Export], AuditLog]]:
    """Each call of what is yielded reads anew."""
    settings = read(RecordSettings)
    log = AuditLog(known_key(settings))
    with redis_kept_up(settings):
        redis = at_terminal(bootstrap.redis_url(settings))
        try:
            yield lambda: Export(redis, log), log
        except RedisError as error:
            raise StoreAway("Redis, where the logs are, could not be reached, or broke off.") from error


def _texts(file: Path) -> Iterator[str]:
    """The lines of a file; a line ends at a line feed and nowhere else."""
    with file.open("rb") as opened_:
        for raw in opened_:
            yield raw.decode(errors="replace").removesuffix("\n")


def _of_file(file: Path, log: AuditLog) -> Iterator[Line]:
    """The entries of an export or of an output. Raises BadEntry."""
    texts = _texts(file)
    first = next(texts, "")
    if audit_lines.is_export(first):
        audit_lines.header(first, log.is_ours)
        yield from audit_lines.exported(texts, 2)
    else:
        yield from audit_lines.sunk(_texts(file))


def _numbered(lines: Iterable[Line]) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        yield replace(line, number=number)


# ---------------------------------------------------------------- checking


@contextmanager
def _found_in(place: str) -> Iterator[None]:
    try:
        yield
    except BadEntry as bad:
        raise Refused(f"{place}: the first bad entry is {bad}") from bad


def _files(files: Iterable[Path], posted: dict[int, Digest], log: AuditLog) -> None:
    exports = [file for file in files if audit_lines.is_export(next(_texts(file), ""))]
    if len(exports) > 1:
        raise Refused(f"{exports[0].name} and {exports[1].name} are both exports. Give one of them.")
    if posted and not exports:
        raise Refused("A digest is over an export. Give one, or none of the files to check what Redis has.")
    trail = _export(exports[0], posted, log) if exports else None
    outputs = [file for file in files if file not in exports]
    if outputs:
        _outputs(outputs, log, trail)


def _export(file: Path, posted: dict[int, Digest], log: AuditLog) -> Trail:
    with _found_in(file.name):
        begin = audit_lines.header(next(_texts(file)), log.is_ours)
    if posted and not begin.scope.whole:
        raise Refused(
            "A digest is over all logs, and this export holds a part. Export without --id and --since."
        )
    click.echo(f"{file.name}: an export of {_utc(begin.at)}{_of(begin.scope)}.")
    own = {begin.digest.entries: begin.digest} if begin.scope.whole else {}
    clash = posted.get(begin.digest.entries)
    if clash is not None and own and clash.hex != begin.digest.hex:
        raise Refused(
            f"{file.name}: it was made of {begin.digest}, and you gave {clash}: entries were taken out before."
        )
    return _whole(file.name, log, begin.scope, posted, lambda: _of_file(file, log), own)


def _whole(
    place: str,
    log: AuditLog,
    scope: Scope,
    posted: dict[int, Digest],
    lines: Lines,
    own: dict[int, Digest] | None = None,
) -> Trail:
    """Check all of an export, twice where it names a digest itself: at the time it may be known only later."""
    trail, last = Trail(log.is_ours, scope, {**posted, **(own or {})}), 1
    with _found_in(place):
        for line in lines():
            trail.take(line)
            last = line.number
        found = trail.end(last)
        if trail.claimed is not None and scope.whole:
            check_digest(trail.claimed, lines())
    _say_checked(place, trail, found)
    for digest in posted.values():
        click.echo(f"Digest {digest}, as you gave it: agrees.")
    if trail.claimed is not None and scope.whole:
        click.echo(f"Digest {trail.claimed}, the last one that was posted, as the log says: agrees.")
    return trail


def _say_checked(place: str, trail: Trail, found: Digest | None) -> None:
    click.echo(
        f"{place}: {trail.entries} entries in {_logs(len(trail.logs))}{_span(trail.first_at, trail.last_at)}. "
        "Every signature, link and place in the journal is as it was written."
    )
    if trail.before_the_journal:
        click.echo(f"{trail.before_the_journal} of them are of a version that kept no journal.")
    if found is not None:
        click.echo(
            f"Digest at the end: {found}. Compare it, or an earlier one by --digest, with what the channel was told."
        )


def _outputs(files: Sequence[Path], log: AuditLog, trail: Trail | None) -> None:
    """What several processes wrote is one log: one of them wrote what another one's entry follows."""
    copies = Copies(log.is_ours)
    with _found_in("The outputs"):
        for file in files:
            before = copies.taken
            for line in audit_lines.sunk(_texts(file)):
                copies.take(replace(line, place=file.name))
            if copies.taken == before:
                raise Refused(f"{file.name}: no entry of an audit log is in it.")
        copies.end()
        if trail is not None and trail.scope.whole:
            copies.all_in(trail.logs, trail.n)
    _say_copies(" and ".join(file.name for file in files), copies, trail)


def _say_copies(place: str, copies: Copies, trail: Trail | None) -> None:
    both = " All of them are in the export, or newer." if trail is not None and trail.scope.whole else ""
    click.echo(
        f"{place}: {copies.entries} entries in {_logs(copies.logs)}{_span(copies.first_at, copies.last_at)}. "
        f"Every signature and link is as it was written.{both}"
    )
    if copies.begun_in_the_middle:
        click.echo(f"The beginning of {_logs(copies.begun_in_the_middle)} is not here.")


def _logs(count: int) -> str:
    return "one log" if count == 1 else f"{count} logs"


def _of(scope: Scope) -> str:
    return (f", of {scope.id} alone" if scope.id else "") + (
        f", since {_utc(scope.since)}" if scope.since else ""
    )


def _span(first: str, last: str) -> str:
    return f", from {_utc(first)} to {_utc(last)}" if first and last else ""


def _utc(at: str) -> str:
    return utc(datetime.fromisoformat(at).astimezone(UTC))


# ---------------------------------------------------------------- telling


def _tell(wanted: str, log: AuditLog, lines: Iterable[Line]) -> None:
    copies, said = Copies(log.is_ours), dict[int, dict[str, Any]]()
    with _found_in(wanted):
        for line in lines:
            if _may_be_of(line, wanted):
                entry = opened(line, log.is_ours)
                if entry.id == wanted:
                    copies.take(line)
                    said[entry.seq] = entry.said
        copies.end()
    if not said:
        raise Refused(f"There is no entry of {wanted} here.")
    for text in _story(said):
        click.echo(text)


def _may_be_of(line: Line, wanted: str) -> bool:
    return line.log == wanted if line.log is not None else f'"{wanted}"' in (line.text or "")


def _story(said: dict[int, dict[str, Any]]) -> Iterator[str]:
    first, last = min(said), max(said)
    yield from story.people(said[last]["record"])
    begins = "" if first == 1 else f" Its beginning is not here: entry {first} is the first."
    yield f"{len(said)} entries, every signature and link checked.{begins}"
    for seq in sorted(said):
        yield f"{seq:>4}  {story.line(said[seq])}"
        yield from (f"      {piece}" for piece in story.evidence(said[seq]))


def _out(text: str) -> None:
    """As it is: it is ASCII, and a long export must not be looked at letter by letter."""
    try:
        print(text, file=sys.__stdout__)
    except OSError as error:
        raise Refused(f"The export is not whole: {error.strerror}.") from error
