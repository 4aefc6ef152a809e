"""A Deny policy that somebody edited, in every way that they might: written true, or not written at all.

What is written is judged by an evaluator of its own, which knows nothing of the parser, and a sample of it by Principal
Mapper's. A policy that denies a whole organization must never be our doing.
"""

import json
import random
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.sandbox.scp_oracle import judge
from tests.security.hostile_policies import Json, a_document, an_id, ours, theirs
from workers.domain.deny_document import CONDITION_KEY, PLACEHOLDER, parse
from workers.domain.errors import PolicyRefused

OTHERS = frozenset(str(uuid.UUID(int=random.Random(1).getrandbits(128) + n, version=4)) for n in range(1000))
"""Users of the organization whom nobody denies."""


@dataclass
class Count:
    """How the documents ended."""

    written: int = 0
    refused: int = 0


def tree(text: str) -> Any:
    """The document with its keys in order, twice where they stand twice, and its numbers digit for digit."""
    return json.loads(text, object_pairs_hook=lambda pairs: ("object", pairs), parse_float=Decimal)


def of(pairs: Any, name: str) -> Any:
    return dict(pairs[1])[name]


def mentions(value: Any) -> bool:
    """Whether the user's ID is asked for anywhere in it."""
    if isinstance(value, list | tuple):
        return any(map(mentions, value))
    return isinstance(value, str) and CONDITION_KEY.lower() in value.lower()


def statements(document: Any) -> list[Any]:
    found = of(document, "Statement")
    return found if isinstance(found, list) else [found]


def is_object(value: Any) -> bool:
    return isinstance(value, tuple)


def without_list(statement: Any) -> Any:
    """The statement with nothing in the place of its list."""
    if is_object(statement):
        return ("object", [(k, None if mentions(k) else without_list(v)) for k, v in statement[1]])
    return statement


def with_list(statement: Any) -> list[str]:
    """The list that stands in the statement, wherever it is."""
    (found,) = re.findall(rf"'{CONDITION_KEY}', (\[[^]]*\]|'[^']*')", repr(statement), re.IGNORECASE)
    listed = re.findall(r"'([^']*)'", found)
    assert listed
    return listed


def plain(value: Any) -> Any:
    """The same as ordinary dicts."""
    if is_object(value):
        return {key: plain(inner) for key, inner in value[1]}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def denied_among(statement: Json, users: frozenset[str | None]) -> frozenset[str | None]:
    """Whom a statement on all of AWS denies; None is a request without the key.

    Source: "IAM JSON policy elements: Condition operators" (IAM user guide).
    """
    if statement["Effect"] != "Deny" or "*" not in statement["Action"] or "*" not in statement["Resource"]:
        return frozenset()
    left = users
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            assert key.lower() == CONDITION_KEY.lower()
            listed = [values] if isinstance(values, str) else values
            left = frozenset(user for user in left if holds(operator, listed, user))
    return left


def holds(operator: str, values: list[str], user: str | None) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if user is None:
        return quantifier == "ForAllValues" or name.endswith("IfExists") or "Not" in name
    matches: dict[str, Callable[[str], bool]] = {
        "StringEquals": lambda value: value == user,
        "StringLike": lambda value: fnmatchcase(user, value),
        "StringEqualsIgnoreCase": lambda value: value.lower() == user.lower(),
    }
    found = any(matches[name.removesuffix("IfExists").replace("Not", "")](value) for value in values)
    return found != ("Not" in name)


def written_or_refused(text: str, new: str, count: Count) -> str | None:
    """The text that we would write to deny `new` too, checked; None where it was refused, in a sentence."""
    after = rendered(text, new)
    if isinstance(after, PolicyRefused):
        sentence = str(after)
        assert after.code == "shape", after.code
        assert sentence.endswith("."), sentence
        assert sentence.isprintable(), repr(sentence)
        assert len(sentence) < 400
        count.refused += 1
        return None
    as_it_was_and_one_more(tree(text), tree(after), new)
    after.encode()
    count.written += 1
    return after


def rendered(text: str, new: str) -> str | PolicyRefused:
    try:
        read = parse(text)
        return read.render([*read.user_ids, new])
    except PolicyRefused as refused:
        return refused


def as_it_was_and_one_more(before: Any, after: Any, new: str) -> None:
    """Value for value and in order what it was, with the one ID more; and who is denied is exactly the list."""
    beside = [(k, v) for k, v in before[1] if k != "Statement"]
    assert len({k for k, _ in before[1]}) == len(before[1]), "a key that stood twice was read"
    assert [(k, v) for k, v in after[1] if k != "Statement"] == beside
    was, is_ = statements(before), statements(after)
    mine = [index for index, statement in enumerate(was) if mentions(statement)]
    assert len(mine) == 1, "not one statement of ours"
    assert len(was) == len(is_)
    assert not mentions(beside)
    assert [s for i, s in enumerate(is_) if i != mine[0]] == [s for i, s in enumerate(was) if i != mine[0]]
    assert without_list(is_[mine[0]]) == without_list(was[mine[0]])
    listed = set(with_list(was[mine[0]])) - {PLACEHOLDER} | {new}
    assert with_list(is_[mine[0]]) == [*sorted(listed), PLACEHOLDER]
    denied = denied_among(plain(is_[mine[0]]), frozenset({*OTHERS, *listed, None, "", "*", "Add user ID"}))
    assert denied == listed, "somebody else is denied"


def hostile(count: int, seed: int = 20_260_101) -> tuple[Count, list[str]]:
    """So many documents, each checked; and some of the texts that were written."""
    r, ended, kept = random.Random(seed), Count(), list[str]()
    for number in range(count):
        text = a_document(r)
        try:
            after = written_or_refused(text, an_id(r), ended)
        except Exception as error:
            raise AssertionError(
                f"document {number}: {type(error).__name__}: {error}: {text[:2000]!r}"
            ) from error
        if after is not None and len(kept) < 400 and _evaluable(after):
            kept.append(after)
    return ended, kept


def _evaluable(text: str) -> bool:
    """Whether Principal Mapper can judge it: what stands beside ours is of the usual form."""
    usual = {"Effect", "Action", "Resource"}
    beside = [s for s in json.loads(text)["Statement"] if CONDITION_KEY.lower() not in json.dumps(s).lower()]
    return all(set(s) == usual and isinstance(s["Action"], str) for s in beside)


def judged(texts: list[str]) -> int:
    """How many verdicts of Principal Mapper agree, all or none: each list's first and last, five others, and no key."""
    others, cases, expected = sorted(OTHERS)[:5], list[tuple[str, str | None]](), list[bool]()
    for text in texts:
        (mine,) = (s for s in json.loads(text)["Statement"] if "Condition" in s)
        ((listed),) = mine["Condition"]["StringEquals"].values()
        for user, denied in [(listed[0], True), (listed[-2], True), *((o, False) for o in [*others, None])]:
            cases.append((text, user))
            expected.append(denied)
    assert judge(cases) == expected
    return len(cases)


def test_a_policy_that_somebody_edited_is_written_true_or_refused_in_a_sentence() -> None:
    ended, _ = hostile(2_000)
    assert ended.written > 400
    assert ended.refused > 400


def test_what_was_written_denies_the_list_alone_in_the_judgement_of_somebody_elses_evaluator() -> None:
    pytest.importorskip("principalmapper", reason="the independent evaluator comes with the dev extra")
    _, texts = hostile(300, seed=7)
    assert judged(texts[:40]) == 320


def test_ten_megabytes_of_policy_are_read_or_refused_in_seconds() -> None:
    many = json.dumps(
        {"Statement": [theirs(random.Random(n)) for n in range(70_000)] + [ours(random.Random(3))]}
    )
    assert len(many) > 5_000_000
    count = Count()
    for text in (
        many,
        "[" * 10_000_000,
        '{"a":' * 2_000_000,
        '"' + "\\u0000" * 1_600_000 + '"',
        "9" * 10_000_000,
    ):
        written_or_refused(text, an_id(random.Random(4)), count)
    assert count.refused >= 4


@pytest.mark.parametrize(
    "number", ["1.0000000000000000001", "0.1000000000000000055511151231257827", "1e-400"]
)
def test_a_number_that_would_lose_digits_is_refused(number: str) -> None:
    text = json.dumps({"Statement": [ours(random.Random(1))]})[:-1] + f',"n":{number}}}'
    with pytest.raises(PolicyRefused, match="number"):
        parse(text)


@pytest.mark.parametrize(
    "operator", ["StringNotEquals", "StringLike", "ForAllValues:StringEquals", "StringEqualsIfExists"]
)
def test_the_evaluator_would_notice_a_statement_that_denies_everybody_or_the_workers(operator: str) -> None:
    statement = ours(random.Random(1))
    statement["Condition"] = {operator: {CONDITION_KEY: ["*"]}}
    assert denied_among(statement, frozenset({*OTHERS, None})) - {"*"}


def figures() -> Iterator[str]:
    ended, texts = hostile(50_000)
    yield f"50,000 hostile documents: {ended.written:,} written true, {ended.refused:,} refused in a sentence, 0 wrong"
    yield f"Principal Mapper on {len(texts)} of those written: {judged(texts):,} verdicts, all as meant"
