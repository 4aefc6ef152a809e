"""All pages of an AWS list."""

from collections.abc import Iterator
from typing import Any


def every(client: Any, operation: str, key: str, page: int, **given: Any) -> Iterator[dict[str, Any]]:
    """Each item of every page. An empty page with a token is not the end (Organizations API reference)."""
    pages = client.get_paginator(operation).paginate(**given, PaginationConfig={"PageSize": page})
    for answer in pages:
        yield from answer.get(key, [])
