"""Account assignments of IAM Identity Center."""

from dataclasses import dataclass
from typing import Any

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import translated
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.paging import every
from workers.ports import Assignment

PAGE = 100


@dataclass(frozen=True)
class AccountAssignments:
    """Source: IAM Identity Center API reference, ListAccountAssignmentsForPrincipal (management account)."""

    clients: AwsClients
    center: IdentityCenter

    def of(self, principal_type: str, principal_id: str) -> list[Assignment]:
        """The assignments made to exactly this principal; what reaches it through a group is left out."""
        with translated("read the person's account assignments", "sso"):
            rows = self._rows(principal_type, principal_id)
        return [
            Assignment(account_id=row["AccountId"], permission_set_arn=row["PermissionSetArn"])
            for row in rows
            if (row.get("PrincipalType"), row.get("PrincipalId")) == (principal_type, principal_id)
        ]

    def _rows(self, principal_type: str, principal_id: str) -> list[dict[str, Any]]:
        return list(
            every(
                self.clients.sso_admin,
                "list_account_assignments_for_principal",
                "AccountAssignments",
                PAGE,
                InstanceArn=self.center.instance_arn,
                PrincipalId=principal_id,
                PrincipalType=principal_type,
            )
        )
