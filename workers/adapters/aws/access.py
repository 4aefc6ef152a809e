"""All kinds of access that are removed item by item."""

from workers.adapters.aws.applications import ApplicationAssignments
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.direct_assignments import DirectAssignments
from workers.adapters.aws.entitlements import DirectEntitlements
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.memberships import Memberships
from workers.adapters.aws.names import Names
from workers.adapters.aws.pacing import Pace
from workers.domain.step import Kind
from workers.ports import Access


def access(clients: AwsClients, center: IdentityCenter, pace: Pace) -> dict[Kind, Access]:
    """The Access port of each kind in `workers.domain.step.ACCESS`."""
    names = Names(clients, center)
    return {
        Kind.ASSIGNMENTS: DirectAssignments(clients, center, pace, names),
        Kind.MEMBERSHIPS: Memberships(clients, center, pace),
        Kind.APPLICATIONS: ApplicationAssignments(clients, center, pace, names),
        Kind.ENTITLEMENTS: DirectEntitlements(clients, pace, names),
    }
