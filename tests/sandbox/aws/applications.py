"""Applications of IAM Identity Center, which moto does not have, in memory."""

from typing import Any
from uuid import uuid4

from tests.sandbox.aws.answers import Refusal
from tests.sandbox.aws.call import Call
from tests.sandbox.aws.moto_app import MotoApp
from tests.sandbox.aws.organizations import Handler
from tests.sandbox.aws.paging import page
from tests.sandbox.aws.sso_admin import groups_of
from tests.sandbox.aws.world import Application, World


def list_applications(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    shown = [_shown(arn, application) for arn, application in world.sso_applications.items()]
    return page(shown, call.params, "Applications", most=100)


def describe_application(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    return _shown(call.params["ApplicationArn"], _found(world, call))


def assignment_configuration(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    return {"AssignmentRequired": _found(world, call).assignment_required}


def list_for_principal(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    """With the dial `group_rows`, a user's list holds what reaches the user through groups too."""
    principals = [(call.params["PrincipalType"], call.params["PrincipalId"])]
    if world.dials.group_rows and principals[0][0] == "USER":
        principals += [("GROUP", group) for group in groups_of(world, principals[0][1])]
    rows = [
        {"ApplicationArn": arn, "PrincipalType": kind, "PrincipalId": principal}
        for arn, application in world.sso_applications.items()
        for kind, principal in application.assigned
        if (kind, principal) in principals
    ]
    return page(rows, call.params, "ApplicationAssignments", most=100)


def create_assignment(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    assigned, who = _found(world, call).assigned, _principal(call)
    principals = world.store.users if who[0] == "USER" else world.store.groups
    if who[1] not in principals:
        raise Refusal("ResourceNotFoundException", "The principal does not exist.")
    if who in assigned:
        raise Refusal("ConflictException", "The application assignment exists.")
    assigned.append(who)
    return {}


def delete_assignment(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    assigned, who = _found(world, call).assigned, _principal(call)
    if who not in assigned:
        raise Refusal("ResourceNotFoundException", "The application assignment does not exist.")
    assigned.remove(who)
    return {}


def add(world: World, name: str, *, assignment_required: bool = True, enabled: bool = True) -> str:
    number = world.instance.instance_arn.rpartition("/")[2]
    arn = f"arn:aws:sso::123456789012:application/{number}/apl-{uuid4().hex[:16]}"
    world.sso_applications[arn] = Application(name, enabled, assignment_required)
    return arn


def _found(world: World, call: Call) -> Application:
    found = world.sso_applications.get(call.params["ApplicationArn"])
    if found is None:
        raise Refusal("ResourceNotFoundException", "The application does not exist.")
    return found


def _principal(call: Call) -> tuple[str, str]:
    return str(call.params["PrincipalType"]), str(call.params["PrincipalId"])


def _shown(arn: str, application: Application) -> dict[str, Any]:
    status = "ENABLED" if application.enabled else "DISABLED"
    return {"ApplicationArn": arn, "Name": application.name, "Status": status}


OPERATIONS: dict[str, Handler] = {
    "ListApplications": list_applications,
    "DescribeApplication": describe_application,
    "GetApplicationAssignmentConfiguration": assignment_configuration,
    "ListApplicationAssignmentsForPrincipal": list_for_principal,
    "CreateApplicationAssignment": create_assignment,
    "DeleteApplicationAssignment": delete_assignment,
}
