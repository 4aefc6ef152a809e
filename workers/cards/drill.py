"""What tells a drill from an incident, and what to do next in one. Pure."""

from workers.cards import span_words
from workers.cards.text import Block, section
from workers.domain.report import Report
from workers.domain.revocation import Note, Revocation, State
from workers.domain.rules import Rules
from workers.ports import Message

KINDS = frozenset({"drill_done"})


def mark(revocation: Revocation) -> str:
    """Behind a standing or a heading: ` (drill)`, or nothing."""
    return " (drill)" if revocation.drill else ""


def name(revocation: Revocation) -> str:
    """The target by their shortest true name, marked where it is a drill; as it came, to be made harmless."""
    return f"{revocation.who}{mark(revocation)}"


def within(revocation: Revocation) -> str:
    """Before the names of the target, inside their brackets."""
    return "drill, " if revocation.drill else ""


def told(revocation: Revocation, text: str) -> str:
    """A sentence that a phone shows: it says that it is a drill, where it does not yet."""
    return f"Drill. {text}" if revocation.drill and "(drill, " not in text else text


def next_step(revocation: Revocation) -> list[Block]:
    """One line on the card: what to do now; nothing where it is no drill."""
    if not revocation.drill:
        return []
    if revocation.state in (State.WATCHED, State.RELEASED):
        how_long = f"The thread says how long each part took; `/revoke report {revocation.id}` has it all."
        return [section(f"Drill done. {how_long}")]
    do = _next(revocation)
    return [section(f"Drill, next: {do}")] if do else []


def _next(revocation: Revocation) -> str:
    match revocation.state:
        case State.REQUESTED if revocation.user is None:
            return "wait until the test user is found."
        case State.REQUESTED:
            return "press Deny now."
        case State.CONFIRMED:
            return (
                "wait for the header to say Denied. Where it does not, you have found what the drill is for."
            )
        case State.DENIED if revocation.giving_back:
            return "wait until everything is given back and they are off the list."
        case State.DENIED if revocation.release is not None:
            return "a second person presses Approve."
        case State.DENIED:
            return "use AWS as the test user and watch it refused. Then press False alarm, and ask a second person."
        case State.RELEASING:
            return "wait until they are read back as gone."
        case State.EXPIRED | State.CANCELLED | State.REFUSED:
            return "nothing was proven. Type `/revoke drill` again."
        case _:
            return ""


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """That it is over, where nobody can say how long it took."""
    return "Drill done: they are off the list, read back."


_TOLD = {
    "confirmed_to_written": "written and read back {} after Deny now",
    "asked_to_written": "{} after it was asked for",
    "asked_to_no_access": "all access gone {} after it was asked for",
    "written_to_off": "off the list {} after the denial",
}


def done(report: Report) -> Message:
    """How long each part took, once they are off the list; nothing of a part that was not walked."""
    took = {span.what: span_words.took(span.took) for span in report.spans if span.took is not None}
    told = "; ".join(words.format(took[what]) for what, words in _TOLD.items() if what in took)
    parts = [f" {span_words.line(step)}." for step in report.steps if step.took is not None]
    told = f"Drill done: {told}.{''.join(parts)}"
    return Message(f"{report.revocation.id} · {told}", (section(told),))
