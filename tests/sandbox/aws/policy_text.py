"""What AWS Organizations refuses in the text of a service control policy.

Source: AWS Organizations user guide, "SCP syntax"; IAM user guide, "Grammar of the IAM JSON policy language".
"""

import json
import re
from typing import Any

from tests.sandbox.aws.answers import Refusal

KEYS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?("
    r"String(Not)?Equals(IgnoreCase)?|String(Not)?Like|Numeric(Not)?Equals|Numeric(Less|Greater)Than(Equals)?"
    r"|Date(Not)?Equals|Date(Less|Greater)Than(Equals)?|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like)"
    r")(IfExists)?|Null"
)


def check_policy_text(text: str, limit: int) -> None:
    """Raise the Refusal that AWS would answer with."""
    document = _loaded(text)
    statements = document.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    if not listed or set(document) - {"Version", "Id", "Statement"}:
        raise _malformed("the document must have one or more statements and nothing else")
    if document.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
        raise _malformed("unknown version")
    for statement in listed:
        _check_statement(statement)
    if len(text) > limit:
        message = f"You have exceeded the maximum policy size of {limit} characters."
        reason = {"Reason": "POLICY_CONTENT_LIMIT_EXCEEDED"}
        raise Refusal("ConstraintViolationException", message, extra=reason)


def _loaded(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise _malformed("the text is not JSON") from None
    if not isinstance(document, dict):
        raise _malformed("the text is not an object")
    return document


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _check_statement(statement: Any) -> None:
    if not isinstance(statement, dict) or set(statement) - KEYS:
        raise _malformed("a statement is not an object, or has an unknown element")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise _malformed("Effect must be Allow or Deny")
    for name in ("Action", "Resource"):
        given = [statement[key] for key in (name, f"Not{name}") if key in statement]
        if len(given) != 1 or not _texts(given[0]):
            raise _malformed(f"a statement must have {name} or Not{name}")
    _check_condition(statement.get("Condition", {}))


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, dict):
        raise _malformed("Condition must be an object")
    for operator, operands in condition.items():
        if not OPERATOR.fullmatch(operator) or not isinstance(operands, dict):
            raise _malformed(f"unknown condition operator {operator}")
        if not all(_texts(value) for value in operands.values()):
            raise _malformed("a condition key must have one or more values")


def _texts(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(v, str | bool | int | float) for v in values)


def _malformed(why: str) -> Refusal:
    return Refusal(
        "MalformedPolicyDocumentException",
        f"The provided policy document does not meet the requirements: {why}.",
    )
