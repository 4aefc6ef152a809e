"""What the use cases work with: the ports, and the rules that the settings give them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.domain.rules import Rules
from workers.domain.step import Kind
from workers.ports import (
    Access,
    Alarm,
    Assignments,
    DenyPolicy,
    Directory,
    DirectoryCopy,
    EventHistory,
    HandoffStore,
    IdentityProvider,
    IncidentChannel,
    LastOfSet,
    LookupStore,
    OpenApplications,
    Organization,
    RevocationStore,
    SlackPeople,
    Witness,
)
from workers.service.roster import Roster
from workers.service.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything the privileged side works with."""

    rules: Rules
    store: RevocationStore
    handoffs: HandoffStore
    lookups: LookupStore
    policy: DenyPolicy
    organization: Organization
    directory: Directory
    assignments: Assignments
    people: SlackPeople
    channel: IncidentChannel
    alarm: Alarm
    access: Mapping[Kind, Access]
    """By the kinds in `workers.domain.step.ACCESS`."""
    witness: Witness
    roster: Roster = field(default_factory=Roster)
    workspace: Workspace = field(default_factory=Workspace)
    last_of_set: LastOfSet
    open_applications: OpenApplications
    provider: IdentityProvider | None = None
    """None: a person disables sign-in."""
    directory_copy: DirectoryCopy | None = None
    """Where the directory is kept for searching; None: it is not."""
    histories: tuple[EventHistory, ...] = ()
    """Where it can be read what a user did; none: a person runs the query."""
