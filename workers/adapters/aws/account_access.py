"""Entitlements of account access manager: IAM roles given to people outside permission sets."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import code_of, status_of, translated
from workers.adapters.aws.paging import every
from workers.settings import is_loopback

PAGE = 100


@dataclass(frozen=True)
class AccessEntitlements:
    """Source: Account Access API reference, ListApplications and ListEntitlements."""

    clients: AwsClients

    def count(self, user_id: str, group_ids: Sequence[str]) -> int | None:
        """How many entitlements reach the user or one of the groups; None where the service is not in use."""
        with translated("read the person's account access entitlements", "account-access"):
            applications = self._applications()
            if not applications:
                return None
            principals = [{"userId": user_id}, *({"groupId": group_id} for group_id in group_ids)]
            return len({id_ for arn in applications for who in principals for id_ in self._ids(arn, who)})

    def _applications(self) -> list[str]:
        try:
            found = list(every(self.clients.account_access, "list_applications", "applications", PAGE))
        except ClientError as error:
            if not self._not_offered(error):
                raise
            return []
        except EndpointConnectionError as error:
            if not _no_such_host(error):
                raise
            return []
        return [application["applicationArn"] for application in found]

    def _not_offered(self, error: ClientError) -> bool:
        """Whether the endpoint does not know the operation: no error that the service itself would give."""
        client = self.clients.account_access
        modelled = client.meta.service_model.operation_model("ListApplications").error_shapes
        unknown = code_of(error) not in {shape.name for shape in modelled}
        return unknown and (status_of(error) in (404, 501) or self._is_stand_in(error))

    def _is_stand_in(self, error: ClientError) -> bool:
        """A server on this machine that fails without AWS's request id: moto, asked what it does not know."""
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        signed = any(name.startswith("x-amzn-requestid") for name in headers)
        return is_loopback(self.clients.account_access.meta.endpoint_url) and not signed

    def _ids(self, application_arn: str, principal: dict[str, str]) -> list[str]:
        found = every(
            self.clients.account_access,
            "list_entitlements",
            "entitlements",
            PAGE,
            applicationArn=application_arn,
            filter={"principalRole": {"principal": {"identityCenter": principal}}},
        )
        return [entitlement["entitlementId"] for entitlement in found]


def _no_such_host(error: EndpointConnectionError) -> bool:
    """Whether the Region has no such endpoint. A network that is down is no proof of that."""
    cause: Any = error.kwargs.get("error")
    while cause is not None and not isinstance(cause, socket.gaierror):
        cause = cause.__cause__ or cause.__context__
    return cause is not None and cause.errno == socket.EAI_NONAME
