"""Somebody else's judgement of IAM statements: Principal Mapper's evaluator, in a process of its own.

Principal Mapper (AGPL) is a test tool here: run beside the project, never shipped or imported by it.
"""

import collections
import collections.abc
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

Case = tuple[Sequence[Any], str, str]
"""The statements of a role's policies, an action, and the ARN that it is asked for."""


def judge(cases: Sequence[Case], context: dict[str, str]) -> list[bool]:
    """Whether each is allowed."""
    asked = json.dumps(
        {"cases": [[list(statements), *rest] for statements, *rest in cases], "context": context}
    )
    command = [sys.executable, __file__]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False, timeout=110)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [bool(verdict) for verdict in json.loads(done.stdout)]


def _main() -> None:
    # Principal Mapper was written for a Python whose `collections` still had these.
    for name in ("Mapping", "MutableMapping", "Sequence", "Iterable", "Callable"):
        setattr(collections, name, getattr(collections.abc, name))
    asked = json.load(sys.stdin)
    json.dump([_allowed(*case, asked["context"]) for case in asked["cases"]], sys.stdout)


def _allowed(statements: list[Any], action: str, resource: str, context: dict[str, str]) -> bool:
    from principalmapper.common import Node, Policy
    from principalmapper.querying.query_interface import local_check_authorization

    arn = "arn:aws:iam::123456789012:role/worker"
    policies = [Policy(arn, "worker", {"Version": "2012-10-17", "Statement": statements})]
    node = Node(arn, "AROAEXAMPLE", policies, None, {}, None, 0, False, False, None, False, None)
    return bool(local_check_authorization(node, action, resource, context))


if __name__ == "__main__":
    _main()
