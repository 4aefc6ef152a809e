"""The report as a Markdown file. Pure.

What came from outside stands in code spans: there Markdown links nothing, mentions nobody and runs no HTML
(CommonMark, "Code spans"). A span cannot be left, for no backtick stays in it.
"""

import re
from collections.abc import Iterable, Iterator
from operator import itemgetter

from workers.cards import by_phone, open_list, phrase, residuals, span_words
from workers.cards.bare import bare
from workers.cards.event_words import words
from workers.cards.step_words import title
from workers.cards.text import LOOKALIKES, plain, utc
from workers.domain.actor import Actor
from workers.domain.report import Happening, Passing, Piece, Report
from workers.domain.revocation import Revocation
from workers.domain.rules import Rules
from workers.domain.step import Step


def markdown(report: Report, rules: Rules) -> str:
    """The whole file, ending in a newline. Times in UTC."""
    parts = (
        _head(report),
        _list("How long it took", _durations(report)),
        _list("Who did what", _people(report)),
        _list("Follow-ups", _steps(report)),
        _list("What the Deny policy reaches", _coverage(report.revocation)),
        _list("Still open", _open(report)),
        _list("Not reached by any of it", residuals.SENTENCES if report.revocation.steps else ()),
        _phone(report.revocation),
        _timeline(report),
        _list("Evidence", _evidence(report)),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def code(text: str, limit: int = 500) -> str:
    """`text` as a code span on one line; empty text is said to be none."""
    line = plain(text, limit).replace("`", LOOKALIKES["`"]).strip()
    return f"`{line}`" if line else "none"


def _head(report: Report) -> list[str]:
    revocation, user = report.revocation, report.revocation.user
    drill = ["", "**This was a drill, on the test user.**"] if revocation.drill else []
    names = f", user name {code(user.user_name)}, user ID {code(user.user_id)}" if user else ""
    mail = f", e-mail {code(user.email)}" if user and user.email else ""
    reasons = [f"{code(r.text)} ({_who(r.by)}, {utc(r.at)})" for r in revocation.reasons if r.text]
    trouble = [f"- Trouble: {code(revocation.trouble.sentence, 900)}"] if revocation.trouble else []
    return [
        f"# {'Drill: report' if revocation.drill else 'Report'} on {revocation.id}",
        *drill,
        "",
        f"- Who: {code(revocation.who)}{names}{mail}",
        f"- Stands: {phrase.standing(revocation)}",
        *trouble,
        f"- Owner: {_who(revocation.owner)}",
        f"- Reason: {'; '.join(reasons) or 'none given'}",
        f"- Made: {utc(report.made_at)}, from {len(report.happenings) + report.left_out} log entries",
    ]


def _durations(report: Report) -> Iterator[str]:
    yield from (span_words.line(span) for span in report.spans)


def _people(report: Report) -> Iterator[str]:
    """What each did, and who owned it, by time."""
    deeds = [(deed.at, _happened(deed)) for deed in report.deeds]
    owners = [(passing.at, _passing(passing)) for passing in report.passings]
    yield from (line for _, line in sorted([*deeds, *owners], key=itemgetter(0)))


def _passing(passing: Passing) -> str:
    return (
        f"{utc(passing.at)} · {_who(passing.by)} · owner: {_who(passing.before)}, then {_who(passing.after)}"
    )


def _steps(report: Report) -> Iterator[str]:
    for step in report.revocation.steps:
        after = report.span(step.kind.value).took
        when = f", {span_words.took(after)} after the denial" if after is not None else ""
        yield f"{title(step.kind)}: {step.state.words}{_counts(step)}{when}{_attested(step)}"
        yield from (f"{title(step.kind)} leaves: {code(left, 900)}" for left in step.residual)
        if step.detail and not step.settled:
            yield f"{title(step.kind)}: {code(step.detail, 900)}"


def _counts(step: Step) -> str:
    return f", {step.gone} of {step.total}" if step.total else ""


def _attested(step: Step) -> str:
    said = step.attested
    if said is None:
        return ""
    link = f", {code(said.link)}" if said.link else ""
    return f", attested by {_who(said.by)}: done by {code(said.done_by, 200)} at {utc(said.done_at)}{link}"


def _coverage(revocation: Revocation) -> Iterator[str]:
    coverage = revocation.coverage
    if coverage is None:
        yield "It was not read."
        return
    gaps = phrase.gaps(coverage)
    yield f"Read {utc(coverage.read_at)}: {coverage.covered} of {coverage.reachable} accounts that they could reach"
    if gaps:
        yield code(gaps, 2000)


def _open(report: Report) -> Iterator[str]:
    for item in report.open:
        due = f", due {utc(item.due_at)}" if item.due_at else ""
        yield f"{open_list.what(item)}: {_who(item.owner)}{due}"


def _phone(revocation: Revocation) -> list[str]:
    said = by_phone.sentences(revocation)
    return [
        "## By phone",
        "",
        "To the person:",
        "",
        f"> {_prose(said.to_person)}",
        "",
        "To their manager:",
        "",
        f"> {_prose(said.to_manager)}",
    ]


def _prose(sentence: str) -> str:
    """Our own words with names in them: nothing that a name holds becomes a link, a mention, HTML or a format.

    Source: CommonMark, "Backslash escapes". An `@` is read by some viewers after that, so it is written out.
    """
    return _ALIVE.sub(r"\\\g<0>", sentence.replace("@", "(at)"))


_ALIVE = re.compile(r"[\\`*_{}\[\]<>()#+!|~&:/]|\.(?=\S)")


def _timeline(report: Report) -> list[str]:
    left = report.left_out
    entries = "One entry that only keeps" if left == 1 else f"{left} entries that only keep"
    note = f"{entries} the books: `python -m workers show {report.revocation.id}` has all."
    return [*_list("Timeline", _lines(report.happenings)), *(["", note] if left else [])]


def _lines(happenings: Iterable[Happening]) -> Iterator[str]:
    for happening in happenings:
        yield _happened(happening)
        yield from (f"    - {_piece(piece)}" for piece in happening.pieces)


def _happened(happening: Happening) -> str:
    reason = f" · reason: {code(happening.reason)}" if happening.reason else ""
    asked = f" · AWS request id {code(happening.request_id, 100)}" if happening.request_id else ""
    return f"{utc(happening.at)} · {_who(happening.by)} · {bare(words(happening))}{reason}{asked}"


def _piece(piece: Piece) -> str:
    asked = f" · AWS request id {code(piece.request_id, 100)}" if piece.request_id else ""
    failed = f" · failed: {code(piece.failed)}" if piece.failed else ""
    return f"{code(piece.name)}{asked}{failed}"


def _evidence(report: Report) -> Iterator[str]:
    revocation, digest = report.revocation, report.digest
    yield f"This log's last entry: {revocation.seq}, signature {code(revocation.mac)}"
    if digest is None:
        yield "The audit digest could not be read."
    else:
        yield f"Audit digest: {code(str(digest))} over {digest.entries} entries"
        yield f"To check both: `python -m workers audit verify --digest {digest}`"
    yield "Times: by Redis's clock, as each entry was recorded; what somebody attests was done when they say"
    yield f"Policy: {code(revocation.policy_id or '')}, last AWS request id {code(revocation.request_id or '')}"


def _list(heading: str, lines: Iterable[str]) -> list[str]:
    listed = [line if line.startswith("    - ") else f"- {line}" for line in lines]
    return [f"## {heading}", "", *(listed or ["Nothing."])]


def _who(actor: Actor | None) -> str:
    if actor is None:
        return "nobody"
    if actor.kind == "system":
        return "the bot"
    return f"{code(actor.name, 100)} ({code(actor.id, 200)})" if actor.name else code(actor.id, 200)
