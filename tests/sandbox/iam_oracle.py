"""Somebody else's judgement of IAM statements: Principal Mapper's evaluator (see `tests/sandbox/oracle.py`)."""

from collections.abc import Sequence
from typing import Any

from tests.sandbox.oracle import answer, verdicts_of

Case = tuple[Sequence[Any], str, str]
"""The statements of a role's policies, an action, and the ARN that it is asked for."""


def judge(cases: Sequence[Case], context: dict[str, str]) -> list[bool]:
    """Whether each is allowed."""
    cases_ = [[list(statements), *rest] for statements, *rest in cases]
    return verdicts_of("tests.sandbox.iam_oracle", {"cases": cases_, "context": context})


def _verdicts(asked: dict[str, Any]) -> list[bool]:
    return [_allowed(*case, asked["context"]) for case in asked["cases"]]


def _allowed(statements: list[Any], action: str, resource: str, context: dict[str, str]) -> bool:
    from principalmapper.common import Node, Policy
    from principalmapper.querying.query_interface import local_check_authorization

    arn = "arn:aws:iam::123456789012:role/worker"
    policies = [Policy(arn, "worker", {"Version": "2012-10-17", "Statement": statements})]
    node = Node(arn, "AROAEXAMPLE", policies, None, {}, None, 0, False, False, None, False, None)
    return bool(local_check_authorization(node, action, resource, context))


if __name__ == "__main__":
    answer(_verdicts)
