"""Entitlements of account access manager: IAM roles given to people outside permission sets."""

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import translated
from workers.adapters.aws.offered import not_offered
from workers.adapters.aws.paging import every

PAGE = 100
TRIED = "read the person's account access entitlements"


@dataclass(frozen=True)
class Entitlement:
    """One role given to one user or group."""

    id: str
    application_arn: str
    principal: Mapping[str, str]
    """`userId` or `groupId`, and the id."""
    role: str


@dataclass(frozen=True)
class AccessEntitlements:
    """Source: Account Access API reference, ListApplications and ListEntitlements."""

    clients: AwsClients

    def count(self, user_id: str, group_ids: Sequence[str]) -> int | None:
        """How many entitlements reach the user or one of the groups; None where the service is not in use."""
        applications = self.applications()
        if not applications:
            return None
        principals = [{"userId": user_id}, *({"groupId": group_id} for group_id in group_ids)]
        return len({row.id for who in principals for row in self.held(applications, who)})

    def applications(self) -> list[str]:
        """The applications that hold entitlements; none where the service is not in use or not offered."""
        with translated(TRIED, "account-access"):
            try:
                found = list(every(self.clients.account_access, "list_applications", "applications", PAGE))
            except ClientError as error:
                if not not_offered(self.clients.account_access, "ListApplications", error):
                    raise
                return []
            except EndpointConnectionError as error:
                if not _no_such_host(error):
                    raise
                return []
        return [application["applicationArn"] for application in found]

    def held(self, application_arns: Sequence[str], principal: dict[str, str]) -> list[Entitlement]:
        """What AWS lists for the principal, `userId` or `groupId`."""
        with translated(TRIED, "account-access"):
            return [row for arn in application_arns for row in self._rows(arn, principal)]

    def _rows(self, application_arn: str, principal: dict[str, str]) -> list[Entitlement]:
        found = every(
            self.clients.account_access,
            "list_entitlements",
            "entitlements",
            PAGE,
            applicationArn=application_arn,
            filter={"principalRole": {"principal": {"identityCenter": principal}}},
        )
        return [_entitlement(application_arn, row) for row in found]


def account_of(role_arn: str) -> str:
    """The account of an IAM role's ARN; empty where it is no such ARN."""
    parts = role_arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def _entitlement(application_arn: str, row: dict[str, Any]) -> Entitlement:
    given = row["entitlement"].get("principalRole", {})
    principal = given.get("principal", {}).get("identityCenter", {})
    return Entitlement(row["entitlementId"], application_arn, principal, given.get("roleArn", ""))


def _no_such_host(error: EndpointConnectionError) -> bool:
    """Whether the Region has no such endpoint. A network that is down is no proof of that."""
    cause: Any = error.kwargs.get("error")
    while cause is not None and not isinstance(cause, socket.gaierror):
        cause = cause.__cause__ or cause.__context__
    return cause is not None and cause.errno == socket.EAI_NONAME
