"""AWS Organizations, stricter than moto."""

import re
from collections.abc import Callable
from typing import Any

from tests.sandbox.aws.answers import Answer, Refusal
from tests.sandbox.aws.call import Call
from tests.sandbox.aws.moto_app import MotoApp
from tests.sandbox.aws.paging import page
from tests.sandbox.aws.policy_text import check_policy_text
from tests.sandbox.aws.world import World

Handler = Callable[[World, Call, MotoApp], dict[str, Any] | Answer]

SCP = "SERVICE_CONTROL_POLICY"
PAGE = 20
ATTACHMENTS = 10


def update_policy(world: World, call: Call, moto: MotoApp) -> Answer:
    policy = _policy(world, call)
    if policy.aws_managed:
        message = "You specified a policy that is managed by AWS and can't be modified."
        raise _invalid(message, "IMMUTABLE_POLICY")
    text = call.params.get("Content")
    if text is not None:
        check_policy_text(text, world.dials.policy_size)
    world.wrote(policy.id, policy.content)
    answer = moto.ask(call)
    world.wrote(policy.id, policy.content)
    return answer


def describe_policy(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    policy = _policy(world, call)
    answer = moto.ask(call).json
    answer["Policy"]["Content"] = world.visible(policy.id, policy.content)
    return answer


def create_policy(world: World, call: Call, moto: MotoApp) -> Answer:
    check_policy_text(call.params.get("Content", ""), world.dials.policy_size)
    return moto.ask(call)


def delete_policy(world: World, call: Call, moto: MotoApp) -> Answer:
    if _policy(world, call).attachments:
        raise Refusal("PolicyInUseException", "The policy is attached to one or more entities.")
    return moto.ask(call)


def attach_policy(world: World, call: Call, moto: MotoApp) -> Answer:
    policy, target = _policy(world, call), _target(world, call)
    if not _type_enabled(world):
        raise Refusal("PolicyTypeNotEnabledException", "The policy type is not enabled for the root.")
    if policy in target.attached_policies:
        raise Refusal("DuplicatePolicyAttachmentException", "The policy is already attached to the target.")
    if sum(attached.type == policy.type for attached in target.attached_policies) >= ATTACHMENTS:
        extra = {"Reason": "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"}
        raise Refusal("ConstraintViolationException", "Too many policies are attached.", extra=extra)
    return moto.ask(call)


def detach_policy(world: World, call: Call, moto: MotoApp) -> Answer:
    if _policy(world, call) not in _target(world, call).attached_policies:
        raise Refusal("PolicyNotAttachedException", "The policy isn't attached to the target.")
    return moto.ask(call)


def list_targets_for_policy(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    kinds = {"r-": "ROOT", "ou": "ORGANIZATIONAL_UNIT"}
    targets = [
        {"TargetId": t.id, "Arn": t.arn, "Name": t.name, "Type": kinds.get(t.id[:2], "ACCOUNT")}
        for t in _policy(world, call).attachments
    ]
    first = world.dials.empty_first_page
    return page(targets, call.params, "Targets", most=PAGE, bad="InvalidInputException", empty_first=first)


def list_accounts(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    accounts = [described(world, account) for account in world.organizations.accounts]
    return page(accounts, call.params, "Accounts", most=PAGE, bad="InvalidInputException")


def list_accounts_for_parent(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    world.organizations.validate_parent_id(call.params["ParentId"])
    below = [a for a in world.organizations.accounts if a.parent_id == call.params["ParentId"]]
    accounts = [described(world, account) for account in below]
    return page(accounts, call.params, "Accounts", most=PAGE, bad="InvalidInputException")


def described(world: World, account: Any) -> dict[str, Any]:
    """An account as ListAccounts shows it, with its path from the root."""
    shown = account.describe()
    return {**shown, "Paths": [path_of(world, account)]} if world.dials.paths else shown


def path_of(world: World, account: Any) -> str:
    parents = {unit.id: unit.parent_id for unit in world.organizations.ou}
    steps, parent = [account.id], account.parent_id
    while parent:
        steps.append(parent)
        parent = parents.get(parent)
    return "/".join([world.organizations.org.id, *reversed(steps)]) + "/"


def _policy(world: World, call: Call) -> Any:
    policy_id = str(call.params.get("PolicyId"))
    if not re.fullmatch(r"p-[0-9a-zA-Z_]{8,128}", policy_id):
        raise _invalid("You provided a value that does not match the required pattern.", "INVALID_PATTERN")
    for policy in world.organizations.policies:
        if policy.id == policy_id:
            return policy
    raise Refusal("PolicyNotFoundException", "We can't find a policy with the PolicyId that you specified.")


def _target(world: World, call: Call) -> Any:
    target_id = str(call.params.get("TargetId"))
    if not re.fullmatch(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|\d{12}", target_id):
        raise _invalid(
            "You provided a value that does not match the required pattern.", "INVALID_PATTERN_TARGET_ID"
        )
    for target in (*world.organizations.ou, *world.organizations.accounts):
        if target.id == target_id:
            return target
    raise Refusal("TargetNotFoundException", "We can't find a root, OU, or account with the given TargetId.")


def _type_enabled(world: World) -> bool:
    root = next(unit for unit in world.organizations.ou if unit.type == "ROOT")
    return any(kind["Type"] == SCP for kind in root.policy_types)


def _invalid(message: str, reason: str) -> Refusal:
    return Refusal("InvalidInputException", message, extra={"Reason": reason})


OPERATIONS: dict[str, Handler] = {
    "UpdatePolicy": update_policy,
    "DescribePolicy": describe_policy,
    "CreatePolicy": create_policy,
    "DeletePolicy": delete_policy,
    "AttachPolicy": attach_policy,
    "DetachPolicy": detach_policy,
    "ListTargetsForPolicy": list_targets_for_policy,
    "ListAccounts": list_accounts,
    "ListAccountsForParent": list_accounts_for_parent,
}
