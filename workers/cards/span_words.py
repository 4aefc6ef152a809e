"""How long something took, in words. Pure."""

from datetime import timedelta

from workers.cards.step_words import title
from workers.domain.report import Span

UNKNOWN = "not in the record"

NAMES = {
    "asked_to_card": "Asked for, to the card posted",
    "card_to_confirmed": "Card posted, to Deny now",
    "confirmed_to_written": "Deny now, to written and read back",
    "asked_to_written": "Time to contain: asked for, to written and read back",
    "asked_to_no_access": "Asked for, to all access gone",
    "written_to_off": "Written, to off the list",
}


def took(time: timedelta | None) -> str:
    """In the two largest units that say something; never a guess where it is not known."""
    if time is None:
        return UNKNOWN
    seconds = time.total_seconds()
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next(number for number, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def line(span: Span) -> str:
    """One line of a list."""
    return f"{NAMES.get(span.what) or f'Denied, to {title(span.what)} done'}: {took(span.took)}"
