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
"""No user, group or request has this ID. AWS looks at rights before it looks for what is named."""

NO_ACCOUNT = "000000000000"

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
        **_requests(clients, center),
        **_applications(clients, center),
        "account-access:ListApplications": lambda: AccessEntitlements(clients).count(NOBODY, []),
        "sts:GetCallerIdentity": clients.sts.get_caller_identity,
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
        "identitystore:DescribeGroup": lambda: aws.describe_group(
            IdentityStoreId=center.store_id, GroupId=NOBODY
        ),
    }


def _assignments(clients: AwsClients, center: IdentityCenter) -> dict[str, Call]:
    aws = clients.sso_admin
    return {
        "sso:ListInstances": lambda: aws.list_instances(MaxResults=1),
        "sso:ListAccountAssignmentsForPrincipal": lambda: aws.list_account_assignments_for_principal(
            InstanceArn=center.instance_arn, PrincipalId=NOBODY, PrincipalType="USER", MaxResults=1
        ),
        "sso:ListAccountAssignments": lambda: aws.list_account_assignments(
            InstanceArn=center.instance_arn, AccountId=NO_ACCOUNT, PermissionSetArn=_no_set(center)
        ),
        "sso:DescribePermissionSet": lambda: aws.describe_permission_set(
            InstanceArn=center.instance_arn, PermissionSetArn=_no_set(center)
        ),
    }


def _requests(clients: AwsClients, center: IdentityCenter) -> dict[str, Call]:
    aws = clients.sso_admin
    return {
        "sso:ListAccountAssignmentDeletionStatus": lambda: aws.list_account_assignment_deletion_status(
            InstanceArn=center.instance_arn, MaxResults=1
        ),
        "sso:DescribeAccountAssignmentDeletionStatus": lambda: (
            aws.describe_account_assignment_deletion_status(
                InstanceArn=center.instance_arn, AccountAssignmentDeletionRequestId=NOBODY
            )
        ),
        "sso:ListAccountAssignmentCreationStatus": lambda: aws.list_account_assignment_creation_status(
            InstanceArn=center.instance_arn, MaxResults=1
        ),
        "sso:DescribeAccountAssignmentCreationStatus": lambda: (
            aws.describe_account_assignment_creation_status(
                InstanceArn=center.instance_arn, AccountAssignmentCreationRequestId=NOBODY
            )
        ),
    }


def _applications(clients: AwsClients, center: IdentityCenter) -> dict[str, Call]:
    aws = clients.sso_admin
    return {
        "sso:ListApplicationAssignmentsForPrincipal": lambda: aws.list_application_assignments_for_principal(
            InstanceArn=center.instance_arn, PrincipalId=NOBODY, PrincipalType="USER", MaxResults=1
        ),
        "sso:ListApplications": lambda: aws.list_applications(InstanceArn=center.instance_arn, MaxResults=1),
        "sso:DescribeApplication": lambda: aws.describe_application(ApplicationArn=_no_application(center)),
        "sso:GetApplicationAssignmentConfiguration": lambda: aws.get_application_assignment_configuration(
            ApplicationArn=_no_application(center)
        ),
    }


def _no_set(center: IdentityCenter) -> str:
    """The ARN of a permission set that is not there."""
    head, _, instance = center.instance_arn.rpartition(":")
    return f"{head}:{instance.replace('instance/', 'permissionSet/')}/ps-0000000000000000"


def _no_application(center: IdentityCenter) -> str:
    """The ARN of an application that is not there."""
    partition, instance = center.instance_arn.split(":")[1], center.instance_arn.rpartition("/")[2]
    return f"arn:{partition}:sso::{NO_ACCOUNT}:application/{instance}/apl-0000000000000000"
