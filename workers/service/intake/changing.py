"""One change of one record, for a person who waits for the outcome."""

from collections.abc import Iterator
from contextlib import contextmanager

from workers.domain.errors import StoreAway, StoreUnsure
from workers.domain.revocation import Revocation
from workers.ports import Decide, RevocationStore


def changed_by(store: RevocationStore, revocation_id: str, decide: Decide) -> Revocation:
    """The record after `decide`, which either changes it or raises Refused. Raises what the store raises."""
    changed = store.change(revocation_id, decide)
    assert changed is not None
    return changed


@contextmanager
def once_recorded() -> Iterator[None]:
    """For what follows a change: where Redis goes away now, it must not be said that nothing was recorded."""
    try:
        yield
    except StoreAway as away:
        raise StoreUnsure("It was recorded; what follows from it may not be.") from away
