"""Which resources a call touches, by ARN, as AWS looks at them when it decides whether the caller may.

Source: Service Authorization Reference, the "Resource types" of each action;
tests/security/test_least_privilege.py compares this table with it.
"""

import re
from collections.abc import Callable
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID

from tests.sandbox.aws import look_back
from tests.sandbox.aws.call import Call
from tests.sandbox.aws.world import World

Named = Callable[[World, Call], str]

KINDS: dict[str, tuple[str, ...]] = {
    "account-access:CreateEntitlement": ("application",),
    "account-access:DeleteEntitlement": ("application",),
    "account-access:ListApplications": (),
    "account-access:ListEntitlements": ("application",),
    "athena:GetQueryExecution": ("workgroup",),
    "athena:GetQueryResults": ("workgroup",),
    "athena:GetTableMetadata": ("datacatalog",),
    "athena:StartQueryExecution": ("workgroup",),
    "cloudtrail:DescribeQuery": ("eventdatastore",),
    "cloudtrail:GetEventDataStore": ("eventdatastore",),
    "cloudtrail:GetQueryResults": ("eventdatastore",),
    "cloudtrail:StartQuery": ("eventdatastore",),
    "identitystore:CreateGroupMembership": ("identitystore", "group", "user"),
    "identitystore:DeleteGroupMembership": ("identitystore", "group", "groupmembership", "user"),
    "identitystore:DescribeGroup": ("identitystore", "group"),
    "identitystore:DescribeUser": ("identitystore", "user"),
    "identitystore:GetUserId": ("identitystore", "user"),
    "identitystore:ListGroupMembershipsForMember": ("identitystore", "user", "allgroupmemberships"),
    "identitystore:ListUsers": ("identitystore", "allusers"),
    "organizations:AttachPolicy": ("policy", "target"),
    "organizations:CreatePolicy": ("policy",),
    "organizations:DescribeOrganization": (),
    "organizations:DescribePolicy": ("policy",),
    "organizations:EnablePolicyType": ("root",),
    "organizations:ListAccounts": (),
    "organizations:ListAccountsForParent": ("parent",),
    "organizations:ListOrganizationalUnitsForParent": ("parent",),
    "organizations:ListPolicies": (),
    "organizations:ListRoots": (),
    "organizations:ListTargetsForPolicy": ("policy",),
    "organizations:UpdatePolicy": ("policy",),
    "sns:Publish": ("topic",),
    "sso:CreateAccountAssignment": ("instance", "permissionset", "account"),
    "sso:CreateApplicationAssignment": ("application",),
    "sso:DeleteAccountAssignment": ("instance", "permissionset", "account"),
    "sso:DeleteApplicationAssignment": ("application",),
    "sso:DescribeAccountAssignmentCreationStatus": ("instance",),
    "sso:DescribeAccountAssignmentDeletionStatus": ("instance",),
    "sso:DescribeApplication": ("application",),
    "sso:DescribePermissionSet": ("instance", "permissionset"),
    "sso:GetApplicationAssignmentConfiguration": ("application",),
    "sso:ListAccountAssignmentCreationStatus": ("instance",),
    "sso:ListAccountAssignmentDeletionStatus": ("instance",),
    "sso:ListAccountAssignments": ("instance", "permissionset", "account"),
    "sso:ListAccountAssignmentsForPrincipal": ("instance",),
    "sso:ListApplicationAssignmentsForPrincipal": ("instance",),
    "sso:ListApplications": (),
    "sso:ListInstances": (),
    "sts:GetCallerIdentity": (),
}
"""`target` and `parent`: whichever of root, organizational unit and account the call names."""


def touched(world: World, call: Call) -> list[str]:
    """The ARNs that the caller must be allowed to use, every one of them; `*` where the action has no resources."""
    kinds = KINDS.get(action(call), ())
    return [_ARNS[call.service, kind](world, call) for kind in kinds] or ["*"]


def action(call: Call) -> str:
    """IAM's name of the call. The services used here sign with the prefix of their actions."""
    return f"{call.service}:{call.operation}"


def _given(call: Call, *names: str) -> str:
    return next((str(call.params[name]) for name in names if call.params.get(name)), "*")


def _organizations(world: World, kind: str, rest: str) -> str:
    organization = world.organizations.org
    return f"arn:aws:organizations::{organization.master_account_id}:{kind}/{organization.id}/{rest}"


def _policy(world: World, call: Call) -> str:
    policy_id = _given(call, "PolicyId")
    for policy in world.organizations.policies:
        if policy.id == policy_id and policy.aws_managed:
            return f"arn:aws:organizations::aws:policy/service_control_policy/{policy_id}"
    return _organizations(world, "policy", f"service_control_policy/{policy_id}")


def _place(world: World, call: Call) -> str:
    place = _given(call, "RootId", "TargetId", "ParentId")
    kinds = {"r-": "root", "ou": "ou"}
    return _organizations(world, kinds.get(place[:2], "account"), place)


def _store(world: World, call: Call) -> str:
    account = world.organizations.org.master_account_id
    return f"arn:aws:identitystore::{account}:identitystore/{_given(call, 'IdentityStoreId')}"


def _user(world: World, call: Call) -> str:
    member = call.params.get("MemberId") or _membership(world, call).get("MemberId", {})
    return f"arn:aws:identitystore:::user/{_bare(call.params.get('UserId') or member.get('UserId') or '*')}"


def _group(world: World, call: Call) -> str:
    found = call.params.get("GroupId") or _membership(world, call).get("GroupId") or "*"
    return f"arn:aws:identitystore:::group/{_bare(found)}"


def _membership(world: World, call: Call) -> dict[str, Any]:
    return dict(world.store.group_memberships.get(_bare(_given(call, "MembershipId")), {}))


def _bare(value: str) -> str:
    return re.sub(r"^arn:[^:]+:identitystore:::\w+/", "", value)


def _fixed(arn: str) -> Named:
    return lambda world, call: arn


def _param(*names: str) -> Named:
    return lambda world, call: _given(call, *names)


def _account(world: World, call: Call) -> str:
    return f"arn:aws:sso:::account/{_given(call, 'TargetId', 'AccountId')}"


def _event_data_store(world: World, call: Call) -> str:
    """A query is looked at as one of its store."""
    named = re.search(r"\bFROM\s+([\w-]+)", _given(call, "QueryStatement"))
    store = named[1] if named else _given(call, "EventDataStore")
    if call.operation in ("DescribeQuery", "GetQueryResults"):
        return look_back.STORE_ARN
    prefix = look_back.STORE_ARN.removesuffix(look_back.STORE_ID)
    return store if store.startswith("arn:") else prefix + store


def _workgroup(world: World, call: Call) -> str:
    name = _given(call, "WorkGroup")
    return f"arn:aws:athena:us-east-1:{DEFAULT_ACCOUNT_ID}:workgroup/{'primary' if name == '*' else name}"


_ARNS: dict[tuple[str, str], Named] = {
    ("account-access", "application"): _param("applicationArn"),
    ("athena", "datacatalog"): _fixed(
        f"arn:aws:athena:us-east-1:{DEFAULT_ACCOUNT_ID}:datacatalog/AwsDataCatalog"
    ),
    ("athena", "workgroup"): _workgroup,
    ("cloudtrail", "eventdatastore"): _event_data_store,
    ("identitystore", "allgroupmemberships"): _fixed("arn:aws:identitystore:::membership/*"),
    ("identitystore", "allusers"): _fixed("arn:aws:identitystore:::user/*"),
    ("identitystore", "group"): _group,
    ("identitystore", "groupmembership"): lambda world, call: (
        f"arn:aws:identitystore:::membership/{_bare(_given(call, 'MembershipId'))}"
    ),
    ("identitystore", "identitystore"): _store,
    ("identitystore", "user"): _user,
    ("organizations", "parent"): _place,
    ("organizations", "policy"): _policy,
    ("organizations", "root"): _place,
    ("organizations", "target"): _place,
    ("sns", "topic"): _param("TopicArn"),
    ("sso", "account"): _account,
    ("sso", "application"): _param("ApplicationArn"),
    ("sso", "instance"): _param("InstanceArn"),
    ("sso", "permissionset"): _param("PermissionSetArn"),
}
