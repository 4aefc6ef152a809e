"""One change of one record, for a person who waits for the outcome."""

from workers.domain.revocation import Revocation
from workers.ports import Decide, RevocationStore


def changed_by(store: RevocationStore, revocation_id: str, decide: Decide) -> Revocation:
    """The record after `decide`, which either changes it or raises Refused. Raises what the store raises."""
    changed = store.change(revocation_id, decide)
    assert changed is not None
    return changed
