"""What a listener may use: the record, Slack's directory, and the rules. No AWS."""

from dataclasses import dataclass

from workers.domain.rules import Rules
from workers.ports import DirectorySearch, HandoffStore, LookupStore, RevocationStore, SlackPeople


@dataclass(frozen=True, kw_only=True)
class Deps:
    store: RevocationStore
    handoffs: HandoffStore
    lookups: LookupStore
    people: SlackPeople
    rules: Rules
    responders: tuple[str, ...]
    approvers: tuple[str, ...]
    directory: DirectorySearch | None = None
    """None: nobody can be searched for."""
