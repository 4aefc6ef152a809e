"""The command that the card prints for a person to run by hand, run as it stands, with `aws` replaced."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.make import ALICE_ID, BOB_ID
from workers.cards.way_out import command, console
from workers.domain.deny_document import CONDITION_KEY, EMPTY, PLACEHOLDER, parse

POLICY = "p-examplepolicyid111"

AWS = """#!/bin/sh
case "$2" in
  describe-policy) cat "$STUB/policy.json" ;;
  update-policy) printf %s "$6" > "$STUB/written.json" ;;
esac
printf '%s\\n' "$*" >> "$STUB/calls"
"""

OTHERS = {
    "Sid": "Guard",
    "Effect": "Deny",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"a": "b"}},
}


def ours(value: Any) -> dict[str, Any]:
    condition = {"StringEquals": {CONDITION_KEY: value}}
    return {"Effect": "Deny", "Action": ["*"], "Resource": "*", "Condition": condition}


def policy(value: Any, *more: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*more, ours(value)]}


def by_hand(folder: Path, text: str, user_id: str = ALICE_ID) -> str:
    """Runs the printed command with /bin/sh; returns the policy that AWS was given."""
    (folder / "bin").mkdir()
    (folder / "bin" / "aws").write_text(AWS)
    (folder / "bin" / "aws").chmod(0o755)
    (folder / "policy.json").write_text(text + "\n")
    env = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "STUB": str(folder)}
    subprocess.run(["/bin/sh", "-euc", command(POLICY, user_id)], env=env, check=True, timeout=10)
    calls = (folder / "calls").read_text()
    assert calls.startswith(f"organizations describe-policy --policy-id {POLICY} --query Policy.Content")
    assert f"organizations update-policy --policy-id {POLICY} --content" in calls
    return (folder / "written.json").read_text()


@pytest.mark.parametrize(
    ("text", "before"),
    [
        pytest.param(EMPTY, set(), id="as prepared"),
        pytest.param(json.dumps(policy(PLACEHOLDER)), set(), id="the placeholder alone"),
        pytest.param(json.dumps(policy(PLACEHOLDER), separators=(",", ":")), set(), id="alone, minified"),
        pytest.param(json.dumps(policy([PLACEHOLDER])), set(), id="in a list"),
        pytest.param(json.dumps(policy([BOB_ID, PLACEHOLDER])), {BOB_ID}, id="after another id"),
        pytest.param(json.dumps(policy([PLACEHOLDER, BOB_ID])), {BOB_ID}, id="before another id"),
        pytest.param(json.dumps(policy(PLACEHOLDER), indent=4), set(), id="alone, printed wide"),
        pytest.param(
            json.dumps(policy([BOB_ID, PLACEHOLDER]), indent=2), {BOB_ID}, id="a list, printed wide"
        ),
        pytest.param(json.dumps(policy([BOB_ID, PLACEHOLDER], OTHERS), indent=2), {BOB_ID}, id="with others"),
        pytest.param(json.dumps(policy([ALICE_ID, PLACEHOLDER])), {ALICE_ID}, id="already in"),
    ],
)
def test_the_printed_command_adds_the_id_and_changes_nothing_else(
    tmp_path: Path, text: str, before: set[str]
) -> None:
    written = by_hand(tmp_path, text)

    document = parse(written)
    assert document.user_ids == before | {ALICE_ID}
    assert document.has_placeholder
    old, new = json.loads(text), json.loads(written)
    assert new["Statement"][:-1] == old["Statement"][:-1]
    assert set(new) == set(old)


def test_the_console_link_opens_this_policy() -> None:
    assert console(POLICY).endswith("/policies/service-control-policy/p-examplepolicyid111")
