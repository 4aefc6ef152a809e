"""Account access manager, which moto does not have, in memory."""

import re
from typing import Any
from uuid import uuid4

from tests.sandbox.aws.answers import Answer, Refusal
from tests.sandbox.aws.call import Call
from tests.sandbox.aws.moto_app import MotoApp
from tests.sandbox.aws.organizations import Handler
from tests.sandbox.aws.paging import page
from tests.sandbox.aws.world import World

NAMES = ("maxResults", "nextToken")
CREATED = "2026-01-01T00:00:00Z"


def list_applications(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    shown = [
        {"applicationArn": arn, "createdAt": CREATED, "updatedAt": CREATED} for arn in world.applications
    ]
    return page(shown, call.params, "applications", most=100, names=NAMES)


def list_entitlements(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    _check_application(world, call)
    wanted = call.params.get("filter", {}).get("principalRole", {}).get("principal", {}).get("identityCenter")
    shown = [
        {"entitlementId": id_, "entitlement": {"principalRole": _summary(held)}, "createdAt": CREATED}
        for id_, held in world.entitlements.items()
        if wanted in (None, held["principal"]["identityCenter"])
    ]
    return page(shown, call.params, "entitlements", most=100, names=NAMES)


def create_entitlement(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    """Making what is there succeeds, as the API reference says."""
    _check_application(world, call)
    wanted = call.params["entitlement"]["principalRole"]
    who = wanted["principal"]["identityCenter"]
    if not {*world.store.users, *world.store.groups} & set(who.values()):
        raise Refusal("ResourceNotFoundException", "The principal does not exist.", status=404)
    there = next((id_ for id_, held in world.entitlements.items() if held == wanted), None)
    return {"entitlementId": there or entitle(world, wanted)}


def delete_entitlement(world: World, call: Call, moto: MotoApp) -> Answer:
    """Deleting what is not there succeeds, as the API reference says."""
    _check_application(world, call)
    world.entitlements.pop(call.params["entitlementId"], None)
    return Answer(204, b"")


def entitle(world: World, held: dict[str, Any]) -> str:
    entitlement_id = f"ent-{uuid4().hex[:16]}"
    world.entitlements[entitlement_id] = held
    return entitlement_id


def check_offered(world: World, call: Call) -> None:
    """Raise what a Region without the service answers."""
    if not world.dials.account_access:
        raise Refusal("UnknownOperationException", "", status=404)


def _summary(held: dict[str, Any]) -> dict[str, Any]:
    account = re.search(r"arn:[^:]+:iam::(\d{12}):", held["roleArn"])
    return {**held, "account": account[1] if account else "000000000000"}


def _check_application(world: World, call: Call) -> None:
    if call.params.get("applicationArn") not in world.applications:
        raise Refusal("ResourceNotFoundException", "The application does not exist.", status=404)


OPERATIONS: dict[str, Handler] = {
    "ListApplications": list_applications,
    "ListEntitlements": list_entitlements,
    "CreateEntitlement": create_entitlement,
    "DeleteEntitlement": delete_entitlement,
}
