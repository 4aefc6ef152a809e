"""The Access port for group memberships."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from workers.adapters.aws.account_access import AccessEntitlements, account_of
from workers.adapters.aws.assignment_calls import NOT_FOUND
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.each import WIDTH, each
from workers.adapters.aws.failures import code_of, plain, translated
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.identity_store import IdentityStoreDirectory
from workers.adapters.aws.pacing import Pace, identity_store_lane
from workers.adapters.aws.sso_admin import AccountAssignments
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.ports import GoingOn, Item, Result

REMEDY = "Press Retry, or take the person out of the group where the group is kept."
REMEDY_BACK = "Put the person into the group where it is kept, where that is still right."
NAME_LIMIT = 100

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Memberships:
    """Identity Center's groups do not nest. A membership that is made again has a new id, so the group is the key.

    Source: Identity Store API reference, ListGroupMembershipsForMember, DescribeGroup (`ExternalIds`: "identifiers
    issued to this resource by an external identity provider"), DeleteGroupMembership, CreateGroupMembership.
    """

    clients: AwsClients
    center: IdentityCenter
    pace: Pace

    def held(self, user_id: str) -> list[Item] | None:
        rows = IdentityStoreDirectory(self.clients, self.center).memberships(user_id)
        applications = self._applications()
        with ThreadPoolExecutor(WIDTH) as pool:
            return list(pool.map(lambda row: self._item(user_id, row, applications), rows.items()))

    def remove(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        turn = partial(self.pace.take, identity_store_lane("DeleteGroupMembership"))
        yield from each(items, self._delete, my_turn=turn, going_on=going_on, remedy=REMEDY)

    def give_back(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        turn = partial(self.pace.take, identity_store_lane("CreateGroupMembership"))
        yield from each(items, self._create, my_turn=turn, going_on=going_on, remedy=REMEDY_BACK)

    def _applications(self) -> list[str]:
        """Account access applications; a missing right for them must not keep anybody in a group."""
        try:
            return AccessEntitlements(self.clients).applications()
        except AwsRefused as error:
            log.warning("what groups reach by account access is left out", extra={"cause": str(error)})
            return []

    def _item(self, user_id: str, membership: tuple[str, str], applications: list[str]) -> Item:
        group_id, membership_id = membership
        group = self._group(group_id)
        data = {"group_id": group_id, "membership_id": membership_id, "user_id": user_id}
        return Item(
            key=group_id,
            name=plain(str(group.get("DisplayName") or group_id), NAME_LIMIT),
            accounts=tuple(sorted(self._accounts(group_id, applications))),
            data=data,
            synced=bool(group.get("ExternalIds")),
        )

    def _group(self, group_id: str) -> dict[str, Any]:
        """What is told of the group; nothing where it cannot be read, which is no reason to stay in it."""
        try:
            with translated("read the person's groups", "identitystore"):
                answer: dict[str, Any] = self.clients.identity_store.describe_group(
                    IdentityStoreId=self.center.store_id, GroupId=group_id
                )
        except (AwsRefused, AwsUnsettled) as error:
            log.warning("a group could not be read", extra={"group": group_id, "cause": str(error)})
            return {}
        return answer

    def _accounts(self, group_id: str, applications: list[str]) -> set[str]:
        assigned = AccountAssignments(self.clients, self.center).of("GROUP", group_id)
        roles = self._roles(group_id, applications)
        return ({row.account_id for row in assigned} | {account_of(role) for role in roles}) - {""}

    def _roles(self, group_id: str, applications: list[str]) -> list[str]:
        try:
            held = AccessEntitlements(self.clients).held(applications, {"groupId": group_id})
        except AwsRefused as error:
            log.warning("what a group reaches by account access is left out", extra={"cause": str(error)})
            return []
        return [row.role for row in held]

    def _delete(self, item: Item) -> Result:
        request_id = self._deleted(item.data["membership_id"])
        if request_id is None:
            return self._delete_anew(item)
        return Result(item=item, request_id=request_id)

    def _delete_anew(self, item: Item) -> Result:
        """Its id is no more: it is gone, or an identity provider made it again under another id."""
        directory = IdentityStoreDirectory(self.clients, self.center)
        membership_id = directory.memberships(item.data["user_id"]).get(item.data["group_id"])
        return Result(item=item, request_id=self._deleted(membership_id) if membership_id else None)

    def _deleted(self, membership_id: str) -> str | None:
        """AWS's request id; None where there is no such membership."""
        with translated("remove group memberships", "identitystore"):
            try:
                answer = self.clients.identity_store_once.delete_group_membership(
                    IdentityStoreId=self.center.store_id, MembershipId=membership_id
                )
            except ClientError as error:
                if code_of(error) != NOT_FOUND or error.response.get("ResourceType") == "IDENTITY_STORE":
                    raise
                return None
        return str(answer["ResponseMetadata"]["RequestId"])

    def _create(self, item: Item) -> Result:
        with translated("give back group memberships", "identitystore"):
            try:
                answer = self.clients.identity_store_once.create_group_membership(
                    IdentityStoreId=self.center.store_id,
                    GroupId=item.data["group_id"],
                    MemberId={"UserId": item.data["user_id"]},
                )
            except ClientError as error:
                return _there_already(item, error)
        return Result(item=item, request_id=str(answer["ResponseMetadata"]["RequestId"]))


def _there_already(item: Item, error: ClientError) -> Result:
    """A membership that is there counts as given back; what it needs may be no more. Raises what it is not."""
    if code_of(error) == "ConflictException" and error.response.get("Reason") != "CONCURRENT_MODIFICATION":
        return Result(item=item)
    if code_of(error) != NOT_FOUND or error.response.get("ResourceType") == "IDENTITY_STORE":
        raise error
    gone = "user" if error.response.get("ResourceType") == "USER" else "group"
    raise AwsRefused(NOT_FOUND, f"the {gone} is no more in the identity store.")
