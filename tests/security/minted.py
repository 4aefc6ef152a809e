"""The histories of minted credentials of `tests/unit/test_minting.py`, in full."""

from collections.abc import Iterator

from tests.unit.test_minting import none_unsafe


def figures() -> Iterator[str]:
    yield none_unsafe(10_000)
