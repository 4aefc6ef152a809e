"""Somebody is found by a piece of any of their names, as it is typed in a hurry, and the likeliest stands first."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.directory import KnownPeople
from tests.unit.make import ALICE_ID
from workers.domain.directory_search import Known, findable, folded, search


def user(user_name: str, name: str = "", email: str = "") -> Known:
    return Known(ALICE_ID, user_name, name, email)


ALI = user("ali", "Ali Baba", "ali@example.com")
ALICE = user("alice", "Alice Cooper", "alice@example.com")
MALI = user("kmali", "Kamal Mali", "k.mali@example.com")
SALI = user("rosalind", "Rosalind Franklin", "rosalind@example.com")
ZOE = user("zoe.muller", "Zoë Müller", "zoe.mueller@example.com")
STRASSE = user("w.gross", "Weiß Groß", "w.gross@example.com")
EVERYBODY = findable([SALI, MALI, ALICE, ALI, ZOE, STRASSE])


def names(query: str, limit: int = 100) -> list[str]:
    return [found.user_name for found in search(EVERYBODY, query, limit)]


def test_exactly_so_stands_before_beginning_so_before_a_words_beginning_before_anywhere() -> None:
    assert names("ali") == ["ali", "alice", "kmali", "rosalind"]


@pytest.mark.parametrize(
    "query", ["zoe", "ZOË", "muller", "Müller", "MÜLLER zoë", "zoe.m", "mueller@", "zo ller"]
)
def test_accents_capitals_and_order_do_not_matter(query: str) -> None:
    assert names(query) == ["zoe.muller"]


@pytest.mark.parametrize("query", ["gross", "groß", "weiss", "Weiß Groß"])
def test_letters_that_are_typed_otherwise_are_found_either_way(query: str) -> None:
    assert names(query) == ["w.gross"]


def test_every_word_must_be_there() -> None:
    assert names("alice cooper") == ["alice"]
    assert names("alice baba") == []
    assert names("nobody") == []


def test_no_more_than_asked_for_and_nothing_typed_shows_the_first_by_name() -> None:
    assert names("", 2) == ["ali", "alice"]
    assert len(names("e", 3)) == 3


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_a_name_is_found_by_itself_whatever_it_is_made_of(name: str, other: str) -> None:
    found = search(findable([user("x", other), user("y", name)]), name)
    assert not folded(name) or "y" in [one.user_name for one in found]


def test_fifty_thousand_are_searched_well_within_slacks_time() -> None:
    many = findable(
        user(f"user{n}", f"Name{n} Family{n % 977}", f"user{n}@example.com") for n in range(50_000)
    )
    began = time.monotonic()
    for query in ("user4999", "fam", "family97 name", "nobody at all", "e"):
        assert len(search(many, query)) <= 100
    assert time.monotonic() - began < 5 * 1.0


class Copy:
    """A copy whose users the test says."""

    def __init__(self) -> None:
        self.users, self.reads = [ALICE], 0

    def made_at(self) -> None:
        return None

    def keep(self, users: object, at: object) -> None:
        raise NotImplementedError

    def digest(self) -> str | None:
        return str(self.users)

    def read(self) -> list[Known]:
        self.reads += 1
        return list(self.users)


def test_the_copy_is_loaded_only_where_it_changed() -> None:
    copy = Copy()
    people = KnownPeople(copy)
    assert people.find("alice") == []
    people.refresh()
    people.refresh()
    assert (copy.reads, people.find("alice"), people.count()) == (1, [ALICE], 1)
    copy.users = [ALI, ALICE]
    people.refresh()
    assert (copy.reads, people.count()) == (2, 2)
