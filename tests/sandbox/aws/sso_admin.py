"""IAM Identity Center's assignments, asynchronous as on AWS."""

import time
from typing import Any
from uuid import uuid4

from moto.ssoadmin.models import AccountAssignment

from tests.sandbox.aws.answers import Refusal
from tests.sandbox.aws.call import Call
from tests.sandbox.aws.moto_app import MotoApp
from tests.sandbox.aws.organizations import Handler
from tests.sandbox.aws.paging import page
from tests.sandbox.aws.world import REGION, Operation, World

FIELDS = ("TargetId", "TargetType", "PermissionSetArn", "PrincipalType", "PrincipalId")
OUTSTANDING = 15


def list_instances(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    """The one instance, in its own Region only."""
    shown = [{**world.instance.to_json(), "PrimaryRegion": REGION}] if call.region == REGION else []
    return page(shown, call.params, "Instances", most=100)


def list_for_principal(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    principals = [(call.params["PrincipalType"], call.params["PrincipalId"])]
    if world.dials.group_rows and principals[0][0] == "USER":
        principals += [("GROUP", group) for group in groups_of(world, principals[0][1])]
    wanted = call.params.get("Filter", {}).get("AccountId")
    rows = [row for row in assignments(world) if (row["PrincipalType"], row["PrincipalId"]) in principals]
    kept = [row for row in rows if wanted in (None, row["AccountId"])]
    return page(kept, call.params, "AccountAssignments", most=100)


def assignments(world: World) -> list[dict[str, str]]:
    settle(world)
    return [
        {
            "AccountId": row.target_id,
            "PermissionSetArn": row.permission_set_arn,
            "PrincipalId": row.principal_id,
            "PrincipalType": row.principal_type,
        }
        for row in world.sso.account_assignments
    ]


def groups_of(world: World, user_id: str) -> list[str]:
    memberships = world.store.group_memberships.values()
    return [m["GroupId"] for m in memberships if m["MemberId"]["UserId"] == user_id]


def create_assignment(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    if call.params["PermissionSetArn"] not in {s.permission_set_arn for s in world.sso.permission_sets}:
        raise Refusal("ResourceNotFoundException", "The permission set does not exist.")
    principals = world.store.users if call.params["PrincipalType"] == "USER" else world.store.groups
    if call.params["PrincipalId"] not in principals:
        raise Refusal("ResourceNotFoundException", "The principal does not exist.")
    return {"AccountAssignmentCreationStatus": _start(world, call, "create")}


def delete_assignment(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    if not _rows(world, call.params):
        raise Refusal("ResourceNotFoundException", "The account assignment does not exist.")
    return {"AccountAssignmentDeletionStatus": _start(world, call, "delete")}


def creation_status(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    found = _operation(world, call.params["AccountAssignmentCreationRequestId"], "create")
    return {"AccountAssignmentCreationStatus": found}


def deletion_status(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    found = _operation(world, call.params["AccountAssignmentDeletionRequestId"], "delete")
    return {"AccountAssignmentDeletionStatus": found}


def settle(world: World) -> None:
    """Let every operation whose time has come take effect."""
    with world.lock:
        for operation in world.operations.values():
            if not operation.settled and operation.due <= time.monotonic():
                operation.settled = True
                if operation.failure is None:
                    _take_effect(world, operation)


def assign(world: World, row: dict[str, str]) -> None:
    """Make an assignment at once; one that stands is left alone."""
    if not _rows(world, row):
        new = AccountAssignment(world.instance.instance_arn, *(row[name] for name in FIELDS))
        world.sso.account_assignments.append(new)


def unassign(world: World, row: dict[str, str]) -> None:
    for found in _rows(world, row):
        world.sso.account_assignments.remove(found)


def check_instance(world: World, call: Call) -> None:
    given = call.params.get("InstanceArn")
    if given is not None and given != world.instance.instance_arn:
        raise Refusal("ResourceNotFoundException", "The instance does not exist.")


def _start(world: World, call: Call, kind: str) -> dict[str, Any]:
    settle(world)
    if sum(not operation.settled for operation in world.operations.values()) >= OUTSTANDING:
        raise Refusal("ThrottlingException", "Too many outstanding asynchronous operations")
    row = {name: str(call.params[name]) for name in FIELDS}
    failure = world.failing.popleft() if world.failing else None
    due = time.monotonic() + world.dials.assignment_ms / 1000
    operation = Operation(kind, str(uuid4()), row, due, failure)
    world.operations[operation.request_id] = operation
    return {"Status": "IN_PROGRESS", "RequestId": operation.request_id, **row}


def _operation(world: World, request_id: str, kind: str) -> dict[str, Any]:
    settle(world)
    found = world.operations.get(request_id)
    if found is None or found.kind != kind:
        raise Refusal("ResourceNotFoundException", "The operation does not exist.")
    if not found.settled:
        return {"Status": "IN_PROGRESS", "RequestId": request_id, **found.row}
    end = {"Status": "FAILED", "FailureReason": found.failure} if found.failure else {"Status": "SUCCEEDED"}
    return {**end, "RequestId": request_id, **found.row}


def _take_effect(world: World, operation: Operation) -> None:
    if operation.kind == "create":
        assign(world, operation.row)
    else:
        unassign(world, operation.row)


def _rows(world: World, row: dict[str, Any]) -> list[AccountAssignment]:
    wanted = tuple(row[name] for name in FIELDS)
    return [found for found in world.sso.account_assignments if _fields(found) == wanted]


def _fields(row: AccountAssignment) -> tuple[str, ...]:
    return (row.target_id, row.target_type, row.permission_set_arn, row.principal_type, row.principal_id)


OPERATIONS: dict[str, Handler] = {
    "ListInstances": list_instances,
    "ListAccountAssignmentsForPrincipal": list_for_principal,
    "CreateAccountAssignment": create_assignment,
    "DeleteAccountAssignment": delete_assignment,
    "DescribeAccountAssignmentCreationStatus": creation_status,
    "DescribeAccountAssignmentDeletionStatus": deletion_status,
}
