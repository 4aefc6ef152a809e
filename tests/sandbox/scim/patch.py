"""What a PATCH of a user asks for, read as strictly as AWS reads it.

Source: IAM Identity Center SCIM developer guide, PatchUser ("Not supported", "Constraints").
"""

import json
from typing import Any

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Invalid(Exception):
    """AWS would answer 400; the text is the detail."""


def wanted_state(text: bytes) -> bool:
    """Whether the user shall be active. Of all attributes this server knows `active` alone."""
    (operation,) = _operations(text)
    op = str(operation.get("op", "")).lower()
    if operation.get("path") != "active":
        raise Invalid("This pretend server changes the attribute active alone.")
    if op == "remove":
        raise Invalid("Remove operation is not supported for the attribute active.")
    if op not in ("add", "replace"):
        raise Invalid("Operation must be add, replace or remove.")
    return _flag(operation.get("value"))


def _operations(text: bytes) -> list[dict[str, Any]]:
    try:
        body = json.loads(text)
    except ValueError:
        raise Invalid("Request is unparsable, syntactically incorrect, or violates schema.") from None
    if not isinstance(body, dict) or body.get("schemas") != [PATCH]:
        raise Invalid("Request is unparsable, syntactically incorrect, or violates schema.")
    operations = body.get("Operations")
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise Invalid("Operations are required.")
    if len(operations) != 1:
        raise Invalid("Multiple operations on the attribute active are not supported.")
    return operations


def _flag(value: Any) -> bool:
    """AWS's own example sends the word in quotes."""
    if value in ("true", "false"):
        return bool(value == "true")
    if isinstance(value, bool):
        return value
    raise Invalid("Value of the attribute active must be true or false.")
