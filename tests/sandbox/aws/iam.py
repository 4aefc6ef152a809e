"""Whether IAM statements allow a call: as IAM decides within one account, for what our roles use of its language.

Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements". A statement with anything that is not
known here raises ValueError: guessing would make the check worth nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

KNOWN = {"Sid", "Effect", "Principal", "Action", "Resource", "NotResource", "Condition"}
"""Whom a `Principal` names is not looked at: our one statement with it names the caller's whole account."""

Statement = Mapping[str, Any]
Context = Mapping[str, str]


def refusal(statements: Sequence[Statement], action: str, arn: str, context: Context = {}) -> str | None:  # noqa: B006
    """Why the action on the resource is refused, in AWS's words; None: it is allowed."""
    fitting = [one for one in about(statements, action) if _fits(one, arn, context)]
    if any(one["Effect"] == "Deny" for one in fitting):
        return "with an explicit deny in an identity-based policy"
    if any(one["Effect"] == "Allow" for one in fitting):
        return None
    return f"because no identity-based policy allows the {action} action"


def about(statements: Sequence[Statement], action: str) -> tuple[Statement, ...]:
    """Those that speak of the action."""
    return tuple(one for one in statements if _names(one, action.lower()))


def _names(statement: Statement, action: str) -> bool:
    unknown = statement.keys() - KNOWN
    if unknown or statement["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"a statement that is not understood here: {dict(statement)}")
    return any(_matches(pattern.lower(), action) for pattern in listed(statement["Action"]))


def _fits(statement: Statement, arn: str, context: Context) -> bool:
    return _covers(statement, arn) and _meets(statement.get("Condition", {}), context)


def _covers(statement: Statement, arn: str) -> bool:
    if "NotResource" in statement:
        return not any(_matches(pattern, arn) for pattern in listed(statement["NotResource"]))
    return any(_matches(pattern, arn) for pattern in listed(statement["Resource"]))


def _meets(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    for operator, keys in condition.items():
        if operator != "StringLike":
            raise ValueError(f"a condition that is not understood here: {operator}")
        for key, patterns in keys.items():
            if not any(_matches(pattern, context.get(key, "")) for pattern in listed(patterns)):
                return False
    return True


def listed(value: str | Iterable[str]) -> list[str]:
    """One value or several, as IAM lets either be written."""
    return [value] if isinstance(value, str) else list(value)


def _matches(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char, re.escape(char)) for char in pattern), re.DOTALL)
