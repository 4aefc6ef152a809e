"""The Deny policy's text: found, read and rendered; never guessed.

Ours is the one statement of the shape on the AWS page "Use a Deny policy to revoke active user permissions"
(IAM Identity Center user guide). Everything else in the document belongs to somebody else.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workers.domain.errors import PolicyRefused
from workers.domain.user_id import is_user_id

PLACEHOLDER = "Add user ID here"
CONDITION_KEY = "identitystore:userId"

ROOM = "room"
"""The name under which it is kept how many more user IDs fit, as of the last reading."""

DEEPEST = 30
"""No policy nests deeper than this; what does is not read, so that it cannot exhaust the stack."""

EMPTY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": ["*"],
                "Resource": "*",
                "Condition": {"StringEquals": {CONDITION_KEY: [PLACEHOLDER]}},
            }
        ],
    },
    separators=(",", ":"),
)


@dataclass(frozen=True)
class DenyDocument:
    """A parsed Deny policy: the whole document, where our statement is in it, and whom it denies."""

    document: dict[str, Any]
    index: int
    user_ids: frozenset[str]
    has_placeholder: bool

    def render(self, user_ids: Iterable[str]) -> str:
        """The whole policy, minified, denying exactly `user_ids` (sorted) and always the placeholder.

        Foreign statements keep their values and order. Raises PolicyRefused on anything that is not a user ID.
        """
        wanted = sorted(set(user_ids))
        for user_id in wanted:
            if not is_user_id(user_id):
                raise PolicyRefused("shape", f"{user_id!r} is not a user ID, so it was not written.")
        statements = _statements(self.document)
        ours = _with_values(statements[self.index], [*wanted, PLACEHOLDER])
        changed = [*statements[: self.index], ours, *statements[self.index + 1 :]]
        return _minified({**self.document, "Statement": changed})

    def room(self, limit: int) -> int:
        """How many more user IDs of 47 characters fit, as it would be written, under this limit of characters."""
        return room(self.render(self.user_ids), limit)


def parse(text: str) -> DenyDocument:
    """Read a policy's text; raise PolicyRefused (code `shape`) unless it holds exactly one statement of ours."""
    document = _load(text)
    statements = _statements(document)
    ours = [index for index, statement in enumerate(statements) if _is_ours(statement)]
    beside = {name: value for name, value in document.items() if name != "Statement"}
    if _uses_our_key(beside):
        raise _refuse(f"a use of {CONDITION_KEY} outside of the statements in it")
    strangers = [i for i, s in enumerate(statements) if i not in ours and _uses_our_key(s)]
    if strangers:
        raise _refuse(f"statement {strangers[0] + 1} uses {CONDITION_KEY} in a way the bot does not know")
    if len(ours) != 1:
        found = "no statement" if not ours else f"{len(ours)} statements"
        raise _refuse(f"{found} of the Deny statement's exact shape in it, where there must be one")
    values = _values(statements[ours[0]])
    ids = frozenset(value for value in values if value != PLACEHOLDER)
    return DenyDocument(document, ours[0], ids, PLACEHOLDER in values)


def room(text: str, limit: int) -> int:
    """How many more user IDs of 47 characters fit into a policy of this text and character limit."""
    return max(0, (limit - len(text)) // (47 + len('"",')))


def _refuse(why: str) -> PolicyRefused:
    return PolicyRefused(
        "shape", f"The Deny policy was not written: there is {why}. Restore the AWS page's statement."
    )


def _load(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_kept)
    except (ValueError, RecursionError) as error:
        raise _refuse(f"text in it that is not plain JSON ({error})") from error
    if not isinstance(document, dict):
        raise _refuse("no JSON object in it")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _kept(text: str) -> float:
    """The number, where writing it again gives the same one, digit for digit."""
    number = float(text)
    if not math.isfinite(number) or Decimal(repr(number)) != Decimal(text):
        raise ValueError("a number has too many digits to be kept")
    return number


def _minified(document: dict[str, Any]) -> str:
    """As short as it gets; half a surrogate pair stays an escape, because it cannot be sent or stored."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    statements = document.get("Statement")
    listed: list[Any] = statements if isinstance(statements, list) else [statements]
    if not all(isinstance(statement, dict) for statement in listed):
        raise _refuse("a statement in it that is not a JSON object")
    return listed


def _is_ours(statement: dict[str, Any]) -> bool:
    """Exactly Deny, `*` on `*`, and one StringEquals on our key; a Sid may stand beside."""
    keys = set(statement) - {"Sid"}
    return (
        keys == {"Effect", "Action", "Resource", "Condition"}
        and statement["Effect"] == "Deny"
        and statement["Action"] in ("*", ["*"])
        and statement["Resource"] in ("*", ["*"])
        and isinstance(statement.get("Sid", ""), str)
        and _condition_values(statement["Condition"]) is not None
    )


def _condition_values(condition: Any) -> list[str] | None:
    """The values under StringEquals on our key, or None where the condition is anything else."""
    if not isinstance(condition, dict) or list(condition) != ["StringEquals"]:
        return None
    operands = condition["StringEquals"]
    if not isinstance(operands, dict) or len(operands) != 1:
        return None
    ((key, value),) = operands.items()
    values = [value] if isinstance(value, str) else value
    if key.lower() != CONDITION_KEY.lower() or not isinstance(values, list) or not values:
        return None
    known = all(isinstance(v, str) and (v == PLACEHOLDER or is_user_id(v)) for v in values)
    return values if known else None


def _values(statement: dict[str, Any]) -> list[str]:
    values = _condition_values(statement["Condition"])
    assert values is not None
    return values


def _with_values(statement: dict[str, Any], values: list[str]) -> dict[str, Any]:
    (key,) = statement["Condition"]["StringEquals"]
    return {**statement, "Condition": {"StringEquals": {key: values}}}


def _uses_our_key(value: Any, depth: int = 0) -> bool:
    """Whether our condition key stands anywhere in `value`, in any case, as a key or inside a text."""
    if depth > DEEPEST:
        raise _refuse("something nested too deep to be a policy in it")
    if isinstance(value, dict):
        return any(_uses_our_key(part, depth + 1) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(_uses_our_key(inner, depth + 1) for inner in value)
    return isinstance(value, str) and CONDITION_KEY.lower() in value.lower()
