"""What the use cases work with: the ports, and the rules that the settings give them."""

from dataclasses import dataclass

from workers.domain.rules import Rules
from workers.ports import (
    Alarm,
    Assignments,
    DenyPolicy,
    Directory,
    IncidentChannel,
    Organization,
    RevocationStore,
    SlackPeople,
)


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything the privileged side works with."""

    rules: Rules
    store: RevocationStore
    policy: DenyPolicy
    organization: Organization
    directory: Directory
    assignments: Assignments
    people: SlackPeople
    channel: IncidentChannel
    alarm: Alarm
