"""The organization that tests and the demo start from."""

import json
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

from tests.sandbox.aws.seed_data import Seed
from tests.sandbox.aws.world import REGION, World
from workers.domain.deny_document import EMPTY

PEOPLE = {
    "mallory": "Mallory Moss",
    "alice": "Alice Archer",
    "bob": "Bob Berg",
    "carol": "Carol Chen",
    "dan": "Dan Diaz",
    "nina": "Nina Novak",
}
UNITS = {"Workloads": ("prod", "staging", "data"), "Security": ("log-archive", "audit")}
SETS = ("AdministratorAccess", "ReadOnlyAccess")
FOREIGN = {
    "Sid": "KeepRegions",
    "Effect": "Deny",
    "Action": "ec2:*",
    "Resource": "*",
    "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-central-1"]}},
}


def plant(
    world: World,
    *,
    policy: bool = True,
    attached: bool = True,
    policy_type: bool = True,
    foreign: bool = False,
    management_assignment: bool = False,
    more_users: int = 0,
    more_assignments: int = 0,
) -> dict[str, Any]:
    """Forget what was, make the organization, and return the Seed as a dict.

    `foreign`: somebody else's statements beside ours. `management_assignment`: Mallory has the management
    account too. `more_users`, `more_assignments`: enough to need more than one page.
    """
    world.reset()
    organization = _organization(world, policy_type)
    instance = _instance(world)
    people = _people(world, more_users)
    _access(world, organization["accounts"], instance["permission_sets"], people)
    _more_access(world, organization, instance["permission_sets"], people, more_assignments)
    if management_assignment:
        row = (people["users"]["mallory"], organization["management_account"])
        _control(world).assign(*row, instance["permission_sets"]["AdministratorAccess"])
    world.policy_id = _policy(world, foreign) if policy else None
    if world.policy_id and attached:
        world.organizations.attach_policy(PolicyId=world.policy_id, TargetId=organization["root_id"])
    applications = _applications(world, people)
    topic = get_backend("sns")[DEFAULT_ACCOUNT_ID][REGION].create_topic("revoke-alarms")
    return asdict(
        Seed(
            **organization,
            **instance,
            **people,
            applications=applications,
            policy_id=world.policy_id,
            alarm_topic=topic.arn,
        )
    )


def _control(world: World) -> Any:
    from tests.sandbox.aws.control import Control

    return Control(world)


def _organization(world: World, policy_type: bool) -> dict[str, Any]:
    backend = world.organizations
    made = backend.create_organization(region=REGION, FeatureSet="ALL")["Organization"]
    root = backend.ou[0]
    if policy_type:
        root.add_policy_type("SERVICE_CONTROL_POLICY")
    units, accounts = {}, {}
    for unit_name, account_names in UNITS.items():
        unit = backend.create_organizational_unit(Name=unit_name, ParentId=root.id)["OrganizationalUnit"]
        units[unit_name] = unit["Id"]
        for name in account_names:
            created = backend.create_account(AccountName=name, Email=f"{name}@example.com")
            accounts[name] = created["CreateAccountStatus"]["AccountId"]
            backend.get_account_by_id(accounts[name]).parent_id = unit["Id"]
    return {
        "organization_id": made["Id"],
        "root_id": root.id,
        "management_account": made["MasterAccountId"],
        "units": units,
        "accounts": accounts,
    }


def _instance(world: World) -> dict[str, Any]:
    """AWS's forms of the ids, where moto's are other."""
    instance = world.instance
    instance.identity_store_id = f"d-{uuid4().hex[:10]}"
    number = f"ssoins-{uuid4().hex[:16]}"
    instance.instance_arn = f"arn:aws:sso:::instance/{number}"
    sets = {}
    for name in SETS:
        made = world.sso.create_permission_set(name, name, instance.instance_arn, "PT1H", "", [])
        found = next(s for s in world.sso.permission_sets if s.permission_set_arn == made["PermissionSetArn"])
        found.permission_set_arn = f"arn:aws:sso:::permissionSet/{number}/ps-{uuid4().hex[:16]}"
        sets[name] = found.permission_set_arn
    return {
        "instance_arn": instance.instance_arn,
        "identity_store_id": instance.identity_store_id,
        "permission_sets": sets,
    }


def _people(world: World, more: int) -> dict[str, dict[str, str]]:
    control = _control(world)
    users = {name: control.add_user(name, display, f"{name}@example.com") for name, display in PEOPLE.items()}
    for number in range(more):
        control.add_user(f"user{number:04}", f"User {number}", f"user{number:04}@example.com")
    return {"users": users, "groups": {"developers": control.add_group("developers")}}


def _access(world: World, accounts: Any, sets: Any, people: Any) -> None:
    """Mallory: two accounts directly, one through the group. Nina: none. The others: something ordinary."""
    control, users, developers = _control(world), people["users"], people["groups"]["developers"]
    for account in ("prod", "staging"):
        control.assign(users["mallory"], accounts[account], sets["AdministratorAccess"])
    control.assign(developers, accounts["data"], sets["ReadOnlyAccess"])
    for member in ("mallory", "bob"):
        control.join(users[member], developers)
    for name in ("alice", "carol", "dan"):
        control.assign(users[name], accounts["prod"], sets["ReadOnlyAccess"])


def _more_access(world: World, organization: Any, sets: Any, people: Any, more: int) -> None:
    control = _control(world)
    for number in range(more):
        created = world.organizations.create_account(
            AccountName=f"more{number}", Email=f"more{number}@example.com"
        )
        account_id = created["CreateAccountStatus"]["AccountId"]
        world.organizations.get_account_by_id(account_id).parent_id = organization["units"]["Workloads"]
        control.assign(people["users"]["mallory"], account_id, sets["ReadOnlyAccess"])


def _applications(world: World, people: Any) -> dict[str, str]:
    """Mallory is assigned to the wiki, the developers to the tracker; the canteen is open to all."""
    control = _control(world)
    arns = {
        "wiki": control.add_application("wiki"),
        "tracker": control.add_application("tracker"),
        "canteen": control.add_application("canteen", assignment_required=False),
        "old-canteen": control.add_application("old-canteen", assignment_required=False, enabled=False),
    }
    control.assign_application(people["users"]["mallory"], arns["wiki"])
    control.assign_application(people["groups"]["developers"], arns["tracker"])
    return arns


def _policy(world: World, foreign: bool) -> str:
    document = json.loads(EMPTY)
    if foreign:
        document["Statement"] = [FOREIGN, *document["Statement"]]
    made = world.organizations.create_policy(
        Name="revoke-bot-deny",
        Description="Denies users whose access is revoked.",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps(document, separators=(",", ":")),
    )
    return str(made["Policy"]["PolicySummary"]["Id"])
