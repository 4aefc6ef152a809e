"""Somebody in Identity Center, found by a piece of their name. Pure.

What is found proposes a user ID and nothing more: the card shows what AWS says of it before anybody is denied.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest

MOST_USERS = 100_000
"""So many are kept for searching; a bigger directory is searched in part, and that is said."""

_PLAIN = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "þ": "th"})
"""Letters that have no accent to take off, and are typed without."""


@dataclass(frozen=True, slots=True)
class Known:
    """One user as the copy has them."""

    user_id: str
    user_name: str
    display_name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Findable:
    """The same, ready to be searched."""

    known: Known
    texts: tuple[str, ...]
    """User name, e-mail and name, folded."""


def folded(text: str) -> str:
    """Without capitals, accents, and gaps around it."""
    bare = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).split())


def findable(users: Iterable[Known]) -> tuple[Findable, ...]:
    return tuple(Findable(u, tuple(map(folded, (u.user_name, u.email, u.display_name)))) for u in users)


def search(users: Sequence[Findable], query: str, limit: int = 100) -> list[Known]:
    """The best first: exactly so, then beginning so, then a word beginning so, then anywhere; by name among equals.

    Several words must all be there, in any order and field. Nothing typed finds the first by name.
    """
    words = folded(query).split()
    ranked = ((rank, user) for user in users if (rank := _rank(user, words)) is not None)
    best = nsmallest(limit, ranked, key=lambda found: (found[0], found[1].texts[2] or found[1].texts[0]))
    return [user.known for _, user in best]


def _rank(user: Findable, words: list[str]) -> int | None:
    """0 is the best; None: not found."""
    if not words:
        return 0
    whole, everything = " ".join(words), "\n".join(user.texts)
    if any(word not in everything for word in words):
        return None
    if whole in user.texts:
        return 0
    if any(text.startswith(whole) for text in user.texts):
        return 1
    return 2 if all(_begins(word, user.texts) for word in words) else 3


def _begins(word: str, texts: tuple[str, ...]) -> bool:
    return any(text.startswith(word) or f" {word}" in text or f".{word}" in text for text in texts)
