"""Somebody else's judgement of a service control policy: Principal Mapper's evaluator (see `tests/sandbox/oracle.py`)."""

import json
from collections.abc import Sequence
from typing import Any

from tests.sandbox.oracle import answer, verdicts_of

Case = tuple[str, str | None]
"""A policy's text, and the user ID of the session that asks; None: a request without the key."""

ASKED = (("ec2:RunInstances", "*"), ("s3:GetObject", "arn:aws:s3:::bucket/object"), ("iam:CreateUser", "*"))


def denies(policy_text: str, user_id: str | None) -> bool:
    """Whether the policy denies this user everything that is asked. Slow: prefer `judge` for many."""
    return judge([(policy_text, user_id)])[0]


def judge(cases: Sequence[Case], key: str = "identitystore:UserId") -> list[bool]:
    """`denies` for each case, in one process. Raises where the evaluator finds only some calls denied."""
    return verdicts_of("tests.sandbox.scp_oracle", {"key": key, "cases": list(cases)})


def _verdicts(asked: dict[str, Any]) -> list[bool]:
    node = _somebody()
    return [_verdict(node, text, user_id, asked["key"]) for text, user_id in asked["cases"]]


def _somebody() -> Any:
    """A role that its own policies allow everything."""
    from principalmapper.common import Node, Policy

    arn = (
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"
    )
    policies = [Policy(arn, "all", _allow_all())]
    return Node(arn, "AROAEXAMPLE", policies, None, {}, None, 0, False, False, None, False, None)


def _allow_all() -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def _verdict(node: Any, text: str, user_id: str | None, key: str) -> bool:
    from principalmapper.common import Policy
    from principalmapper.querying.query_interface import local_check_authorization_full

    arn = "arn:aws:organizations::111122223333:policy/o-example/service_control_policy/p-{}"
    full = Policy(arn.format("FullAWSAccess"), "FullAWSAccess", _allow_all())
    groups = [[full, Policy(arn.format("denydeny"), "deny", json.loads(text))]]
    context = {} if user_id is None else {key: user_id}
    allowed = {
        local_check_authorization_full(node, action, resource, context, None, None, groups, None)
        for action, resource in ASKED
    }
    if len(allowed) != 1:
        raise SystemExit("the policy denies some calls and allows others")
    return not allowed.pop()


if __name__ == "__main__":
    answer(_verdicts)
