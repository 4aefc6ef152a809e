"""The rights the workers need, each tried by a read that changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workers.adapters.aws.account_access import AccessEntitlements
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import DENIED, translated
from workers.adapters.aws.identity_center import IdentityCenter
from workers.domain.errors import AwsRefused, AwsUnsettled

NOBODY = "00000000-0000-0000-0000-000000000000"
"""No user has this ID. AWS looks at rights before it looks for the user."""

Call = Callable[[], Any]


@dataclass(frozen=True)
class Tried:
    """`refusal` says what to do; None: AWS answered."""

    right: str
    refusal: str | None


def try_reads(clients: AwsClients, center: IdentityCenter, policy_id: str) -> Iterator[Tried]:
    """Each read call that the workers make, made once. Never raises for AWS."""
    calls = {
        **_organization(clients, policy_id),
        **_identity_store(clients, center),
        **_assignments(clients, center),
    }
    for right, call in calls.items():
        yield Tried(right, _refusal(right, call))


def _refusal(right: str, call: Call) -> str | None:
    """Only a missing right, unknown credentials and no answer count: `not found` is an answer."""
    service, _, operation = right.partition(":")
    try:
        with translated(f"call {operation}", service):
            call()
    except AwsRefused as error:
        return str(error) if error.code in DENIED or error.code in ("settings", "instance") else None
    except AwsUnsettled as error:
        return str(error)
    return None


def _organization(clients: AwsClients, policy_id: str) -> dict[str, Call]:
    aws = clients.organizations
    return {
        "organizations:DescribeOrganization": aws.describe_organization,
        "organizations:ListRoots": aws.list_roots,
        "organizations:ListAccounts": lambda: aws.list_accounts(MaxResults=1),
        "organizations:DescribePolicy": lambda: aws.describe_policy(PolicyId=policy_id),
        "organizations:ListTargetsForPolicy": lambda: aws.list_targets_for_policy(PolicyId=policy_id),
    }


def _identity_store(clients: AwsClients, center: IdentityCenter) -> dict[str, Call]:
    aws = clients.identity_store
    name = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": "revoke-bot-doctor"}}
    return {
        "identitystore:ListUsers": lambda: aws.list_users(IdentityStoreId=center.store_id, MaxResults=1),
        "identitystore:GetUserId": lambda: aws.get_user_id(
            IdentityStoreId=center.store_id, AlternateIdentifier=name
        ),
        "identitystore:DescribeUser": lambda: aws.describe_user(
            IdentityStoreId=center.store_id, UserId=NOBODY
        ),
        "identitystore:ListGroupMembershipsForMember": lambda: aws.list_group_memberships_for_member(
            IdentityStoreId=center.store_id, MemberId={"UserId": NOBODY}
        ),
    }


def _assignments(clients: AwsClients, center: IdentityCenter) -> dict[str, Call]:
    return {
        "sso:ListInstances": lambda: clients.sso_admin.list_instances(MaxResults=1),
        "sso:ListAccountAssignmentsForPrincipal": lambda: (
            clients.sso_admin.list_account_assignments_for_principal(
                InstanceArn=center.instance_arn, PrincipalId=NOBODY, PrincipalType="USER", MaxResults=1
            )
        ),
        "account-access:ListApplications": lambda: AccessEntitlements(clients).count(NOBODY, []),
        "sts:GetCallerIdentity": clients.sts.get_caller_identity,
    }
