"""The report in Slack: its summary as a message, and its text where Slack takes no files. Pure."""

from collections.abc import Iterator
from operator import itemgetter

from workers.cards import by_phone, drill, open_list, phrase, span_words
from workers.cards.event_words import words
from workers.cards.text import Block, code, context, cut, header, inert, local, mention, section, utc
from workers.domain.report import Happening, Report
from workers.domain.revocation import Note, Revocation
from workers.domain.rules import Rules
from workers.ports import Document, Message

KINDS = frozenset({"report", "report_files"})
"""The notes that stand for the two parts of a report; each is told at least once."""

MOST_LINES = 15
MOST_TEXT = 9000
"""Well within the 13,200 characters that one message may have."""


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """What is said of it in one sentence, where the report itself is not."""
    return f"A report on {phrase.person(revocation)} was asked for."


def summary(report: Report, rules: Rules) -> Message:
    """What most people want of it: how it stands, how long it took, who did what, what is open, what to say."""
    revocation = report.revocation
    stands = f"{phrase.standing(revocation)}: {phrase.person(revocation)}"
    contained = span_words.line(report.span("asked_to_written"))
    return Message(
        cut(f"{revocation.id} · Report. {stands}. {contained}.", 3900),
        (
            header(f"Report{drill.mark(revocation)}: {revocation.who}"),
            section(f"{revocation.id} · {stands}. Owner {mention(revocation.owner)}."),
            section(_listed("How long it took", _durations(report))),
            section(_listed("Who did what", _deeds(report))),
            section(_listed("Still open", _open(report))),
            *_phone(revocation),
            context(*_evidence(report)),
        ),
    )


def alone(report: Report, rules: Rules) -> Message:
    """The summary for one person, because the target reads the channel."""
    summed = summary(report, rules)
    where = f"The target can read the channel, so this is for you alone. The whole: {_terminal(report)}"
    return Message(cut(f"{summed.text} {where}", 3900), (*summed.blocks, section(where)))


def not_made(revocation: Revocation, note: Note, rules: Rules, cause: str | None) -> Message:
    """Why nothing is said of its log: it cannot be read whole, or (None) we broke; what is known all the same is said."""
    known = f" {drill.sentence(revocation, note, rules)}" if note.kind in drill.KINDS else ""
    who = phrase.person(revocation)
    none = "are no files of the report" if note.kind == "report_files" else "is no report"
    broke = (
        f"Something broke over the log of {who}, so there {none}. "
        f"At a terminal: `python -m workers show {revocation.id}`."
    )
    unread = f"The log of {who} cannot be read whole, so there is no report. {inert(cause or '', 300)}"
    told = f"{broke if cause is None else unread}{known}"
    return Message(f"{revocation.id} · {told}", (section(told),))


def documents(report: Report, markdown: str, json: str) -> tuple[Document, ...]:
    name = f"report-{report.revocation.id}"
    return Document(f"{name}.md", markdown), Document(f"{name}.json", json)


def instead_of_files(report: Report, markdown: str, cause: str) -> Message:
    """The Markdown as text, as much as one message takes, and where the rest is."""
    left = len(markdown) - MOST_TEXT
    much = f"Here are the first {MOST_TEXT} of {len(markdown)} characters" if left > 0 else "Here is its text"
    hint = " Add the scope files:write to the app and install it again." if cause == "missing_scope" else ""
    told = (
        f"Slack did not take the files of the report on {phrase.person(report.revocation)} ({inert(cause, 80)}).{hint} "
        f"{much}; the whole: {_terminal(report)}"
    )
    return Message(f"{report.revocation.id} · {told}", (section(told), code(markdown[:MOST_TEXT])))


def _terminal(report: Report) -> str:
    return f"`python -m workers report {report.revocation.id}` at a terminal."


def _durations(report: Report) -> Iterator[str]:
    yield from map(span_words.line, report.spans)
    yield from (span_words.line(span) for span in report.steps if span.took is not None)


def _deeds(report: Report) -> Iterator[str]:
    deeds = [(deed.at, _deed(deed)) for deed in report.deeds]
    owners = [
        (p.at, f"{local(p.at)} owner: {mention(p.before)}, then {mention(p.after)}") for p in report.passings
    ]
    yield from (line for _, line in sorted([*deeds, *owners], key=itemgetter(0)))


def _deed(deed: Happening) -> str:
    return f"{local(deed.at)} {mention(deed.by)} {inert(words(deed), 150)}{_why(deed)}"


def _why(happening: Happening) -> str:
    return f": {inert(happening.reason, 100)}" if happening.reason else ""


def _open(report: Report) -> Iterator[str]:
    for item in report.open:
        due = f", due {local(item.due_at)}" if item.due_at else ""
        yield f"{open_list.what(item)}, {mention(item.owner)}{due}"


def _phone(revocation: Revocation) -> Iterator[Block]:
    said = by_phone.sentences(revocation)
    yield section(f"*To say to the person, by phone*\n{inert(said.to_person, 1500)}")
    if said.to_manager != said.to_person:
        yield section(f"*To say to their manager*\n{inert(said.to_manager, 1500)}")


def _evidence(report: Report) -> Iterator[str]:
    digest = f"Audit digest {report.digest}" if report.digest else "The audit digest could not be read"
    yield f"{digest} · log entry {report.revocation.seq} · made {utc(report.made_at)} · times by Redis's clock"


def _listed(heading: str, lines: Iterator[str]) -> str:
    """As many lines as fit, none of them cut; how many more the file has."""
    listed = list(lines)
    shown = [f"• {line}" for line in listed[:MOST_LINES]]
    while len("\n".join(shown)) > 2700:
        shown.pop()
    more = len(listed) - len(shown)
    return "\n".join([f"*{heading}*", *(shown or ["Nothing."]), *([f"And {more} more."] if more else [])])
