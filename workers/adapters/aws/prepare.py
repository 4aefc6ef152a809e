"""Making ready what the bot needs in AWS Organizations; run by an operator, never by the bot."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import translated
from workers.adapters.aws.organizations import PAGE, SCP, OrganizationsDenyPolicy
from workers.adapters.aws.paging import every
from workers.domain.deny_document import EMPTY, parse
from workers.domain.errors import AwsRefused

NAME = "revoke-bot-deny"
DESCRIPTION = "Denies IAM Identity Center users whose access is revoked. Kept by revoke-bot."
ENABLE_WITHIN = 60.0


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What should stand. No targets: the organization's root. An id wins over the name."""

    policy_id: str | None = None
    name: str = NAME
    targets: tuple[str, ...] = ()
    enable_policy_type: bool = False


@dataclass(frozen=True)
class Prepared:
    """The Deny policy's id (None while only planned) and, step by step, what is to be done or was done."""

    policy_id: str | None
    steps: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    root: str
    enabled: bool
    policy_id: str | None
    attached: frozenset[str]
    targets: tuple[str, ...]

    @property
    def unattached(self) -> tuple[str, ...]:
        return tuple(target for target in self.targets if target not in self.attached)


def plan(clients: AwsClients, wish: Wish) -> Prepared:
    """Say what `apply` would do; change nothing. Raises PolicyRefused, AwsRefused or AwsUnsettled."""
    found = _look(clients, wish)
    return Prepared(found.policy_id, tuple(_planned(found, wish)))


def apply(clients: AwsClients, wish: Wish) -> Prepared:
    """Create, enable and attach what is missing. Safe to run again; detaches and overwrites nothing.

    Source: AWS Organizations API reference, CreatePolicy, EnablePolicyType, AttachPolicy.
    """
    found = _look(clients, wish)
    if not found.enabled and not wish.enable_policy_type:
        raise AwsRefused("PolicyTypeNotEnabledException", _not_enabled(found.root))
    policy_id = found.policy_id or _create(clients, wish)
    if not found.enabled:
        _enable(clients, found.root)
    for target in found.unattached:
        _attach(clients, policy_id, target)
    return Prepared(policy_id, (*_planned(found, wish), f"Set REVOKE_DENY_POLICIES={policy_id}"))


def _planned(found: _Found, wish: Wish) -> Iterator[str]:
    if found.policy_id is None:
        yield f"Create the service control policy {wish.name}, denying nobody"
    if not found.enabled:
        enable = f"Enable service control policies on the root {found.root}"
        yield enable if wish.enable_policy_type else _not_enabled(found.root)
    for target in found.unattached:
        yield f"Attach {found.policy_id or wish.name} to {target}"
    if found.policy_id and found.enabled and not found.unattached:
        yield f"Nothing: {found.policy_id} stands and is attached to {', '.join(found.targets)}"


def _not_enabled(root: str) -> str:
    return (
        f"Service control policies are not enabled on the root {root}, so no Deny policy can take effect. "
        "Run this again with --enable-policy-type; AWS then attaches a policy that allows all everywhere."
    )


def _look(clients: AwsClients, wish: Wish) -> _Found:
    with translated("read the organization", "organizations"):
        roots = list(every(clients.organizations, "list_roots", "Roots", PAGE))
        policy_id = wish.policy_id or _named(clients, wish.name)
    if not roots:
        raise AwsRefused("root", "AWS lists no root. Run this with the management account's credentials.")
    root = roots[0]
    attached = _targets(clients, policy_id) if policy_id else frozenset()
    return _Found(root["Id"], _is_enabled(root), policy_id, attached, wish.targets or (root["Id"],))


def _named(clients: AwsClients, name: str) -> str | None:
    policies = every(clients.organizations, "list_policies", "Policies", PAGE, Filter=SCP)
    return next((policy["Id"] for policy in policies if policy["Name"] == name), None)


def _targets(clients: AwsClients, policy_id: str) -> frozenset[str]:
    """Where a policy that is really ours is attached already."""
    parse(OrganizationsDenyPolicy(clients, policy_id).read().text)
    with translated("read where the Deny policy is attached", "organizations", for_policy=True):
        listed = every(clients.organizations, "list_targets_for_policy", "Targets", PAGE, PolicyId=policy_id)
        return frozenset(target["TargetId"] for target in listed)


def _is_enabled(root: dict[str, Any]) -> bool:
    return {"Type": SCP, "Status": "ENABLED"} in root.get("PolicyTypes", [])


def _create(clients: AwsClients, wish: Wish) -> str:
    with translated("create the Deny policy", "organizations", for_policy=True):
        answer = clients.organizations_once.create_policy(
            Content=EMPTY, Description=DESCRIPTION, Name=wish.name, Type=SCP
        )
    return str(answer["Policy"]["PolicySummary"]["Id"])


def _enable(clients: AwsClients, root: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Ask AWS to enable service control policies, and wait until it says that it has."""
    deadline = time.monotonic() + ENABLE_WITHIN
    with translated("enable service control policies", "organizations"):
        clients.organizations_once.enable_policy_type(RootId=root, PolicyType=SCP)
        while not any(_is_enabled(r) for r in every(clients.organizations, "list_roots", "Roots", PAGE)):
            if time.monotonic() > deadline:
                raise AwsRefused(
                    "PolicyTypeNotEnabledException", "AWS is still enabling. Run this again later."
                )
            sleep(2)


def _attach(clients: AwsClients, policy_id: str, target: str) -> None:
    with translated(f"attach the Deny policy to {target}", "organizations", for_policy=True):
        try:
            clients.organizations_once.attach_policy(PolicyId=policy_id, TargetId=target)
        except clients.organizations_once.exceptions.DuplicatePolicyAttachmentException:
            return
