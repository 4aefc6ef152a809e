"""Which IAM Identity Center instance, and which identity store, the bot works in."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import translated
from workers.adapters.aws.paging import every
from workers.domain.errors import AwsRefused


@dataclass(frozen=True)
class IdentityCenter:
    """The instance of the settings, or the only one that AWS lists; found at first use, then kept.

    Source: IAM Identity Center API reference, ListInstances.
    """

    clients: AwsClients
    given_store_id: str | None = None
    given_instance_arn: str | None = None

    @property
    def store_id(self) -> str:
        return self.given_store_id or str(self._found["IdentityStoreId"])

    @property
    def instance_arn(self) -> str:
        return self.given_instance_arn or str(self._found["InstanceArn"])

    @cached_property
    def _found(self) -> dict[str, Any]:
        with translated("find the IAM Identity Center instance", "sso"):
            listed = list(every(self.clients.sso_admin, "list_instances", "Instances", 10))
        fitting = [instance for instance in listed if self._fits(instance)]
        if len(fitting) != 1:
            raise AwsRefused("instance", self._not_one(len(fitting)))
        return fitting[0]

    def _fits(self, instance: dict[str, Any]) -> bool:
        store = self.given_store_id in (None, instance.get("IdentityStoreId"))
        return store and self.given_instance_arn in (None, instance.get("InstanceArn"))

    def _not_one(self, count: int) -> str:
        found = (
            f"{count} fitting IAM Identity Center instances"
            if count
            else "no fitting IAM Identity Center instance"
        )
        return (
            f"AWS lists {found} in {self.clients.region}, where there must be one. "
            "Set REVOKE_IDENTITY_STORE_ID and REVOKE_SSO_INSTANCE_ARN, and AWS_DEFAULT_REGION to its own Region."
        )
