"""The whole of the pretend AWS as one JSON value, for a page that shows it and for tests."""

from typing import Any

from tests.sandbox.aws.identity_store import shown
from tests.sandbox.aws.sso_admin import assignments, groups_of
from tests.sandbox.aws.world import World


def state(world: World, journal: int) -> dict[str, Any]:
    if world.organizations.org is None:
        return {"seeded": False}
    recent = list(world.journal)[-journal:] if journal else []
    return {
        "seeded": True,
        "policy_id": world.policy_id,
        "policies": {policy.id: _policy(policy) for policy in world.organizations.policies},
        "organization": _organization(world),
        "instance_arn": world.instance.instance_arn,
        "identity_store_id": world.instance.identity_store_id,
        "permission_sets": {s.permission_set_arn: s.name for s in world.sso.permission_sets},
        "groups": {group.GroupId: group.DisplayName for group in world.store.groups.values()},
        "users": _users(world),
        "dials": vars(world.dials),
        "faults": world.faults.listed(),
        "journal": recent,
    }


def _policy(policy: Any) -> dict[str, Any]:
    targets = [target.id for target in policy.attachments]
    return {
        "name": policy.name,
        "text": policy.content,
        "targets": targets,
        "aws_managed": policy.aws_managed,
    }


def _organization(world: World) -> dict[str, Any]:
    organization = world.organizations
    root = next(unit for unit in organization.ou if unit.type == "ROOT")
    return {
        "id": organization.org.id,
        "root": root.id,
        "management_account": organization.org.master_account_id,
        "policy_types": root.policy_types,
        "units": [
            {"id": u.id, "name": u.name, "parent": u.parent_id} for u in organization.ou if u is not root
        ],
        "accounts": [
            {"id": a.id, "name": a.name, "parent": a.parent_id, "state": a.state}
            for a in organization.accounts
        ],
    }


def _users(world: World) -> list[dict[str, Any]]:
    rows = assignments(world)
    return [_user(world, user, rows) for user in world.store.users.values()]


def _user(world: World, user: Any, rows: list[dict[str, str]]) -> dict[str, Any]:
    groups = groups_of(world, user.UserId)
    principals = {user.UserId, *groups}
    held = [
        e for e in world.entitlements.values() if principals & set(e["principal"]["identityCenter"].values())
    ]
    return {
        **shown(world, user),
        "UserStatus": world.status.get(user.UserId, "ENABLED"),
        "groups": groups,
        "assignments": [row for row in rows if row["PrincipalId"] in principals],
        "entitlements": held,
        "applications": _applications(world, principals),
    }


def _applications(world: World, principals: set[str]) -> list[dict[str, str]]:
    """The applications that are assigned to one of them."""
    return [
        {"name": application.name, "PrincipalType": kind, "PrincipalId": principal}
        for application in world.sso_applications.values()
        for kind, principal in application.assigned
        if principal in principals
    ]
