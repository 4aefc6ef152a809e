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


def list_assignments(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    """Everybody who has one permission set in one account."""
    wanted = (call.params["AccountId"], _set(world, call).permission_set_arn)
    rows = [row for row in assignments(world) if (row["AccountId"], row["PermissionSetArn"]) == wanted]
    return page(rows, call.params, "AccountAssignments", most=100)


def describe_permission_set(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    found = _set(world, call)
    shown = {"Name": found.name, "PermissionSetArn": found.permission_set_arn, "SessionDuration": "PT1H"}
    return {"PermissionSet": shown}


def _set(world: World, call: Call) -> Any:
    wanted = call.params["PermissionSetArn"]
    found = next((s for s in world.sso.permission_sets if s.permission_set_arn == wanted), None)
    if found is None:
        raise Refusal("ResourceNotFoundException", "The permission set does not exist.")
    return found


def create_assignment(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    _set(world, call)
    if call.params["TargetId"] not in {account.id for account in world.organizations.accounts}:
        raise Refusal("ResourceNotFoundException", "The account does not exist.")
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


def list_creations(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    return _listed(world, call, "create", "AccountAssignmentsCreationStatus")


def list_deletions(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    return _listed(world, call, "delete", "AccountAssignmentsDeletionStatus")


def _listed(world: World, call: Call, kind: str, key: str) -> dict[str, Any]:
    """In no order that means anything: AWS documents none."""
    if not world.dials.deletion_listing:
        raise Refusal("UnknownOperationException", "", status=404)
    settle(world)
    wanted = call.params.get("Filter", {}).get("Status")
    found = sorted((o for o in world.operations.values() if o.kind == kind), key=lambda o: o.request_id)
    rows = [
        {"Status": _status(o), "RequestId": o.request_id, "CreatedDate": o.created.timestamp()}
        for o in found
        if wanted in (None, _status(o))
    ]
    return page(rows, call.params, key, most=100)


def _status(operation: Operation) -> str:
    if not operation.settled:
        return "IN_PROGRESS"
    return "FAILED" if operation.failure else "SUCCEEDED"


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
    row = {name: str(call.params[name]) for name in FIELDS}
    outstanding = [operation for operation in world.operations.values() if not operation.settled]
    if any(operation.row == row for operation in outstanding):
        raise Refusal("ConflictException", "A change of this account assignment is in progress.")
    if len(outstanding) >= OUTSTANDING:
        raise Refusal("ThrottlingException", "Too many outstanding asynchronous operations")
    world.most_outstanding = max(world.most_outstanding, len(outstanding) + 1)
    failure = world.failing.popleft() if world.failing else None
    operation = Operation(kind, str(uuid4()), row, _due(world), world.now(), failure)
    world.operations[operation.request_id] = operation
    return _shown(operation)


def _due(world: World) -> float:
    if world.hanging:
        world.hanging -= 1
        return float("inf")
    return time.monotonic() + world.dials.assignment_ms / 1000


def _shown(operation: Operation) -> dict[str, Any]:
    created = {"RequestId": operation.request_id, "CreatedDate": operation.created.timestamp()}
    reason = {"FailureReason": operation.failure} if operation.settled and operation.failure else {}
    return {"Status": _status(operation), **created, **reason, **operation.row}


def _operation(world: World, request_id: str, kind: str) -> dict[str, Any]:
    settle(world)
    found = world.operations.get(request_id)
    if found is None or found.kind != kind:
        raise Refusal("ResourceNotFoundException", "The operation does not exist.")
    return _shown(found)


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
    "ListAccountAssignments": list_assignments,
    "DescribePermissionSet": describe_permission_set,
    "CreateAccountAssignment": create_assignment,
    "DeleteAccountAssignment": delete_assignment,
    "DescribeAccountAssignmentCreationStatus": creation_status,
    "DescribeAccountAssignmentDeletionStatus": deletion_status,
    "ListAccountAssignmentCreationStatus": list_creations,
    "ListAccountAssignmentDeletionStatus": list_deletions,
}
