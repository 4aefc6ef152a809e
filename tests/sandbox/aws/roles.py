"""What the caller may do: the roles of deploy/aws/roles.yaml, with this organization's ids.

A call that its role does not allow is refused in AWS's words, before anything else. So every test is one of least
privilege. What was asked is noted for the end of the run (tests/rights.py) where PRETEND_AWS_NOTES names a folder.
"""

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.sandbox.aws.answers import Refusal
from tests.sandbox.aws.call import Call
from tests.sandbox.aws.iam import Statement, about, listed, refusal
from tests.sandbox.aws.look_back import STORE_ARN
from tests.sandbox.aws.pretend import MEMBER, PREPARE, WORKER
from tests.sandbox.aws.template import Rendered, load
from tests.sandbox.aws.touched import action, touched
from tests.sandbox.aws.world import World

ROLES = {WORKER: "WorkerRole", PREPARE: "PrepareRole", MEMBER: "WorkerRole"}
FREE = {"sts:GetCallerIdentity"}
"""Needs no right (AWS STS API reference)."""

MANAGEMENT_ONLY = {"sso:ListAccountAssignmentsForPrincipal"}
FILTER = "ApplicationAccount"
FILTERED = {"sso:ListApplications", "sso:ListApplicationAssignmentsForPrincipal"}
"""From a member account AWS wants this filter (IAM Identity Center API reference); with which error is not said."""

NO_POLICY = "p-missing12"


def check(world: World, call: Call) -> None:
    """Raise AWS's refusal of a call that the caller's role does not allow."""
    role = ROLES.get(call.access_key)
    if role is None or world.organizations.org is None:
        return
    refused = _refused(world, call, role)
    if call.access_key != MEMBER:
        _note(role, action(call), refused)
    if refused:
        code = "AuthorizationError" if call.service == "sns" else "AccessDeniedException"
        caller = f"arn:aws:sts::123456789012:assumed-role/{role}/test"
        raise Refusal(code, f"User: {caller} is not authorized to perform: {refused}", 403)
    if call.access_key == MEMBER and action(call) in FILTERED and FILTER not in call.params.get("Filter", {}):
        raise Refusal("ValidationException", f"A filter of {FILTER} is needed from a member account.")


def _refused(world: World, call: Call, role: str) -> str | None:
    if action(call) in FREE:
        return None
    statements = _may(role, action(call), *_ids(world))
    for arn in touched(world, call):
        if why := refusal(statements, action(call), arn):
            return f"{action(call)} on resource: {arn} {why}"
    return _refused_to_a_member(world, call) if call.access_key == MEMBER else None


def _refused_to_a_member(world: World, call: Call) -> str | None:
    """What a member account's role may not, though its own policies allow it.

    Source: IAM Identity Center API reference, ListAccountAssignmentsForPrincipal; AWS Organizations user guide,
    "Delegated administrator for AWS Organizations".
    """
    if action(call) in MANAGEMENT_ONLY:
        return f"{action(call)} outside the management account"
    if call.service != "organizations":
        return None
    for arn in touched(world, call):
        if refusal(delegated(*_ids(world)), action(call), arn):
            return f"{action(call)} on resource: {arn} because no resource-based policy allows it"
    return None


def _ids(world: World) -> tuple[tuple[str, str], ...]:
    organization = world.organizations.org
    given = {
        "ManagementAccountId": organization.master_account_id,
        "OrganizationId": organization.id,
        "DenyPolicyId": world.policy_id or NO_POLICY,
        "IdentityStoreId": world.instance.identity_store_id,
        "InstanceId": world.instance.instance_arn.rpartition("/")[2],
    }
    return tuple(given.items())


@lru_cache(maxsize=64)
def may(role: str, *ids: tuple[str, str]) -> tuple[Statement, ...]:
    """The statements of the role, with every option taken."""
    properties = Rendered(load("roles.yaml"), {**OPTIONS, **dict(ids)}).resources()[role]
    return tuple(s for policy in properties["Policies"] for s in policy["PolicyDocument"]["Statement"])


@lru_cache(maxsize=1024)
def _may(role: str, asked: str, *ids: tuple[str, str]) -> tuple[Statement, ...]:
    return about(may(role, *ids), asked)


@lru_cache(maxsize=64)
def delegated(*ids: tuple[str, str]) -> tuple[Statement, ...]:
    """What the delegation policy lets the member account do."""
    given = {name: value for name, value in ids if name in ("OrganizationId", "DenyPolicyId")}
    rendered = Rendered(load("delegation.yaml"), {"WorkersAccountId": "444455556666", **given})
    return tuple(rendered.resources()["Delegation"]["Content"]["Statement"])


OPTIONS = {
    "WorkersPrincipal": "arn:aws:iam::123456789012:role/machine",
    "OperatorPrincipal": "arn:aws:iam::123456789012:role/operator",
    "EnablePolicyType": "yes",
    "TakeInManagementAccount": "yes",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:revoke-alarms",
    "IdentityCenterKeyArn": "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "EventDataStoreArn": STORE_ARN,
    "AthenaWorkgroup": "primary",
    "TrailBucket": "amzn-s3-demo-trail",
    "AnswersBucket": "amzn-s3-demo-answers",
}
"""Everything that may be chosen, chosen."""

BY_AWS = {
    "glue:GetDatabase": "Athena reads the table with its caller's rights (Athena user guide)",
    "glue:GetPartitions": "Athena, the same",
    "glue:GetTable": "Athena, the same",
    "iam:DeleteRole": "IAM Identity Center takes roles of the management account away with its caller's rights",
    "iam:DeleteRolePolicy": "IAM Identity Center, the same",
    "iam:DetachRolePolicy": "IAM Identity Center, the same",
    "iam:GetRole": "IAM Identity Center, the same",
    "iam:GetSAMLProvider": "IAM Identity Center, the same",
    "iam:ListAttachedRolePolicies": "IAM Identity Center, the same",
    "iam:ListRolePolicies": "IAM Identity Center, the same",
    "kms:Decrypt": "IAM Identity Center uses its key with its caller's rights (its user guide, baseline KMS key policy)",
    "kms:Encrypt": "IAM Identity Center, the same",
    "kms:GenerateDataKeyWithoutPlaintext": "IAM Identity Center, the same",
    "s3:AbortMultipartUpload": "Athena writes the answers with its caller's rights",
    "s3:GetBucketLocation": "Athena, the same",
    "s3:GetObject": "Athena reads the trail, and the answers, with its caller's rights",
    "s3:ListBucket": "Athena, the same",
    "s3:ListMultipartUploadParts": "Athena, the same",
    "s3:PutObject": "Athena, the same",
}
"""Rights that no call of ours asks for by itself, and why they are needed."""


def allowed(role: str) -> set[str]:
    """The actions that the role allows our own calls, every option taken."""
    ids = {
        "ManagementAccountId": "111122223333",
        "OrganizationId": "o-exampleorgid",
        "DenyPolicyId": "p-examplepolicyid111",
        "IdentityStoreId": "d-1234567890",
        "InstanceId": "ssoins-1234567890abcdef",
    }
    allows = (s for s in may(role, *ids.items()) if s["Effect"] == "Allow")
    return {action for statement in allows for action in listed(statement["Action"])} - BY_AWS.keys()


_noted: set[tuple[Any, ...]] = set()


def _note(role: str, asked: str, refused: str | None) -> None:
    """Once for each kind of answer: who asked for what, in which test."""
    folder = os.environ.get("PRETEND_AWS_NOTES")
    note = (role, asked, refused)
    if folder is None or note in _noted:
        return
    _noted.add(note)
    now = Path(folder) / f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    line = {
        "role": role,
        "action": asked,
        "refused": refused,
        "test": now.read_text() if now.exists() else "",
    }
    with (Path(folder) / f"asked-{os.getpid()}.jsonl").open("a") as notes:
        notes.write(json.dumps(line) + "\n")
