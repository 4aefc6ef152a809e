"""Pages with tokens, and the limits on them."""

import base64
from typing import Any

from tests.sandbox.aws.answers import Refusal


def page(
    items: list[Any],
    params: dict[str, Any],
    key: str,
    *,
    most: int,
    bad: str = "ValidationException",
    names: tuple[str, str] = ("MaxResults", "NextToken"),
    empty_first: bool = False,
) -> dict[str, Any]:
    """The page of `items` that `params` ask for. `empty_first`: a first page with only a token."""
    limit_name, token_name = names
    size, start = int(params.get(limit_name, most)), _start(params.get(token_name), bad)
    if not 1 <= size <= most:
        raise Refusal(bad, f"{limit_name} must be between 1 and {most}")
    if empty_first and params.get(token_name) is None:
        return {key: [], token_name: _token(0)}
    answer: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        answer[token_name] = _token(start + size)
    return answer


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"from:{start}".encode()).decode()


def _start(token: str | None, bad: str) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("from:"))
    except ValueError:
        raise Refusal(bad, "The token is not valid") from None
