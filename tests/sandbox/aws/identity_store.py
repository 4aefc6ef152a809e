"""The identity store, stricter than moto and with what moto does not know of users."""

import re
from typing import Any
from uuid import uuid4

from tests.sandbox.aws.answers import Answer, Refusal
from tests.sandbox.aws.call import Call
from tests.sandbox.aws.moto_app import MotoApp
from tests.sandbox.aws.organizations import Handler
from tests.sandbox.aws.paging import page
from tests.sandbox.aws.world import World

ID = r"([0-9a-f]{10}-|)[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}"
ARN = re.compile(r"^arn:aws[a-z-]*:identitystore:::(user|group|membership)/")


def get_user_id(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    """Exact letter case, as moto has it; AWS does not document whether case counts."""
    unique = call.params.get("AlternateIdentifier", {}).get("UniqueAttribute", {})
    path, value = unique.get("AttributePath"), unique.get("AttributeValue")
    if path not in ("userName", "emails.value"):
        raise Refusal("ValidationException", f"The attribute {path} is not a unique attribute")
    for user in world.store.users.values():
        values = [user.UserName] if path == "userName" else [e.get("Value") for e in user.Emails or []]
        if value in values:
            return {"UserId": user.UserId, "IdentityStoreId": _store(world), "UserArn": _arn(user.UserId)}
    raise _missing("USER", str(value))


def describe_user(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    user = world.store.users.get(_id(call, "UserId"))
    if user is None:
        raise _missing("USER", call.params["UserId"])
    return shown(world, user)


def list_users(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    users = [shown(world, user) for user in world.store.users.values()]
    for wish in call.params.get("Filters", []):
        if wish.get("AttributePath") != "UserName":
            raise Refusal("ValidationException", f"The filter {wish.get('AttributePath')} is not supported")
        users = [user for user in users if user["UserName"] == wish.get("AttributeValue")]
    return page(users, call.params, "Users", most=100)


def create_user(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    """As moto's, but with an ID of 47 characters, and e-mail addresses unique."""
    mails = {mail.get("Value") for mail in call.params.get("Emails") or []}
    taken = {mail.get("Value") for user in world.store.users.values() for mail in user.Emails or []}
    if mails & taken:
        extra = {"Reason": "UNIQUENESS_CONSTRAINT_VIOLATION"}
        raise Refusal("ConflictException", "Duplicate Email", extra=extra)
    created = moto.ask(call).json
    return {**created, "UserId": give_long_id(world, created["UserId"])}


def give_long_id(world: World, user_id: str) -> str:
    """Rename a user of moto to the ID form of stores made today: the store's id stands before the UUID."""
    long_id = f"{_store(world).removeprefix('d-')}-{uuid4()}"
    world.store.users[long_id] = world.store.users.pop(user_id)._replace(UserId=long_id)
    return long_id


def delete_user(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    remove_user(world, _id(call, "UserId"))
    return {}


def remove_user(world: World, user_id: str) -> None:
    """A deleted user leaves its groups; its account assignments stay behind."""
    if world.store.users.pop(user_id, None) is None:
        raise _missing("USER", user_id)
    memberships = world.store.group_memberships
    for key in [k for k, m in memberships.items() if m["MemberId"]["UserId"] == user_id]:
        del memberships[key]


def list_group_memberships_for_member(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    user_id = ARN.sub("", str(call.params.get("MemberId", {}).get("UserId")))
    _check_id(user_id)
    if user_id not in world.store.users:
        raise _missing("USER", user_id)
    rows = [m for m in world.store.group_memberships.values() if m["MemberId"]["UserId"] == user_id]
    return page(rows, call.params, "GroupMemberships", most=100)


def describe_group(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    """`ExternalIds` only where an identity provider put the group there."""
    group = world.store.groups.get(_id(call, "GroupId"))
    if group is None:
        raise _missing("GROUP", call.params["GroupId"])
    shown = {
        "GroupId": group.GroupId,
        "IdentityStoreId": _store(world),
        "GroupArn": f"arn:aws:identitystore:::group/{group.GroupId}",
        "Revision": "1",
        "DisplayName": group.DisplayName,
        "ExternalIds": group.ExternalIds,
    }
    return {name: value for name, value in shown.items() if value}


def mark_synced(world: World, group_id: str) -> None:
    """From now on an identity provider owns the group."""
    external = [{"Issuer": "https://idp.example.com", "Id": f"ext-{group_id}"}]
    world.store.groups[group_id] = world.store.groups[group_id]._replace(ExternalIds=external)


def create_group_membership(world: World, call: Call, moto: MotoApp) -> Answer:
    pair = (call.params.get("GroupId"), call.params.get("MemberId"))
    if pair[0] not in world.store.groups:
        raise _missing("GROUP", str(pair[0]))
    if call.params.get("MemberId", {}).get("UserId") not in world.store.users:
        raise _missing("USER", str(call.params.get("MemberId")))
    if any((m["GroupId"], m["MemberId"]) == pair for m in world.store.group_memberships.values()):
        extra = {"Reason": "UNIQUENESS_CONSTRAINT_VIOLATION"}
        raise Refusal("ConflictException", "Member and Group relationship already exists.", extra=extra)
    return moto.ask(call)


def delete_group_membership(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    if world.store.group_memberships.pop(_id(call, "MembershipId"), None) is None:
        raise _missing("GROUP_MEMBERSHIP", call.params["MembershipId"])
    return {}


def shown(world: World, user: Any) -> dict[str, Any]:
    """A user as DescribeUser and ListUsers show it."""
    status = {"UserStatus": world.status.get(user.UserId, "ENABLED")} if world.dials.user_status else {}
    fields: dict[str, Any] = {
        "UserId": user.UserId,
        "IdentityStoreId": _store(world),
        "UserArn": _arn(user.UserId),
        "Revision": str(world.revisions.get(user.UserId, 1)),
        "UserName": user.UserName,
        "DisplayName": user.DisplayName,
        "Emails": user.Emails,
        **status,
    }
    return {name: value for name, value in fields.items() if value}


def check_store(world: World, call: Call) -> None:
    """Raise AWS's refusal of a store that is not there; moto would make one up."""
    store_id = str(call.params.get("IdentityStoreId"))
    if not re.fullmatch(r"d-[0-9a-f]{10}|[A-Fa-f0-9-]{36}", store_id):
        raise Refusal("ValidationException", "IdentityStoreId does not match the required pattern")
    if store_id != _store(world):
        raise _missing("IDENTITY_STORE", store_id)


def _store(world: World) -> str:
    return str(world.instance.identity_store_id)


def _arn(user_id: str) -> str:
    return f"arn:aws:identitystore:::user/{user_id}"


def _id(call: Call, name: str) -> str:
    bare = ARN.sub("", str(call.params.get(name)))
    _check_id(bare)
    return bare


def _check_id(value: str) -> None:
    if not re.fullmatch(ID, value):
        raise Refusal("ValidationException", "The ID does not match the required pattern")


def _missing(kind: str, resource_id: str) -> Refusal:
    extra = {"ResourceType": kind, "ResourceId": resource_id}
    return Refusal("ResourceNotFoundException", f"{kind} not found.", extra=extra)


OPERATIONS: dict[str, Handler] = {
    "GetUserId": get_user_id,
    "DescribeUser": describe_user,
    "ListUsers": list_users,
    "CreateUser": create_user,
    "DeleteUser": delete_user,
    "ListGroupMembershipsForMember": list_group_memberships_for_member,
    "DescribeGroup": describe_group,
    "CreateGroupMembership": create_group_membership,
    "DeleteGroupMembership": delete_group_membership,
}
