"""The pretend AWS for tests and the demo: a process of its own, and its control API as methods."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from tests.sandbox.aws.seed_data import Seed

ROOT = Path(__file__).parents[3]
PLACEHOLDER = "Add user ID here"

WORKER, PREPARE, MEMBER, ANYTHING = (
    f"AKIAPRETEND{rest:0<9}" for rest in ("", "PREPARE", "MEMBER", "ANYTHING")
)
"""Access key ids: the role for the workers, that for `prepare`, the workers' in a member account, and all rights."""


class PretendAws:
    """Start it, seed it, point boto3 at it with `env()`. Usable as a context manager."""

    def __init__(self, url: str | None = None) -> None:
        """`url`: use one that runs already, started by another process."""
        self._url = url
        self._process: subprocess.Popen[bytes] | None = None
        self._open = build_opener(ProxyHandler({})).open

    def start(self) -> "PretendAws":
        command = [sys.executable, "-m", "tests.sandbox.aws", "--port", "0", "--with-parent"]
        # The open pipe is what tells the server that its parent lives.
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the pretend AWS did not start (exit code {self._process.wait()})")
        self._url = json.loads(line)["url"]
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def __enter__(self) -> "PretendAws":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def endpoint_url(self) -> str:
        assert self._url is not None, "start() first"
        return self._url

    def env(self, access_key: str = WORKER) -> dict[str, str]:
        """What a process needs to take this for AWS. The key id decides which role's rights it has."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": "pretend",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def ask(self, verb: str, **given: Any) -> Any:
        """Any verb of the control API."""
        body = json.dumps(given).encode()
        request = Request(f"{self.endpoint_url}/_aws/{verb}", data=body, method="POST")
        try:
            with self._open(request, timeout=30) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise RuntimeError(f"{verb}: {error.read().decode()}") from None

    def seed(self, **options: Any) -> Seed:
        """Forget everything and make the usual organization; options: see plant()."""
        return Seed.of(self.ask("seed", **options))

    def state(self, journal: int = 200) -> dict[str, Any]:
        return self.ask("state", journal=journal)

    def policy_text(self, policy_id: str | None = None) -> str:
        return str(self.ask("policy_text", policy_id=policy_id))

    def denied(self, policy_id: str | None = None) -> set[str]:
        """The user IDs that the policy, as it stands, denies everything."""
        statements = json.loads(self.policy_text(policy_id))["Statement"]
        listed = statements if isinstance(statements, list) else [statements]
        found: set[str] = set()
        for statement in (s for s in listed if s.get("Effect") == "Deny"):
            for key, values in statement.get("Condition", {}).get("StringEquals", {}).items():
                if key.lower() == "identitystore:userid":
                    found.update([values] if isinstance(values, str) else values)
        return found - {PLACEHOLDER}

    def edit_policy(self, text: str, policy_id: str | None = None) -> None:
        self.ask("edit_policy", text=text, policy_id=policy_id)

    def attach(self, target_id: str, policy_id: str | None = None) -> None:
        self.ask("attach", target_id=target_id, policy_id=policy_id)

    def detach(self, target_id: str, policy_id: str | None = None) -> None:
        self.ask("detach", target_id=target_id, policy_id=policy_id)

    def enable_policy_type(self, enabled: bool = True) -> None:
        self.ask("enable_policy_type", enabled=enabled)

    def set_status(self, user_id: str, status: str) -> None:
        self.ask("set_status", user_id=user_id, status=status)

    def add_user(self, user_name: str, display_name: str = "", email: str | None = None) -> str:
        return str(self.ask("add_user", user_name=user_name, display_name=display_name, email=email))

    def edit_user(self, user_id: str, **changed: Any) -> None:
        self.ask("edit_user", user_id=user_id, **changed)

    def delete_user(self, user_id: str) -> None:
        self.ask("delete_user", user_id=user_id)

    def add_group(self, name: str, *, synced: bool = False) -> str:
        """`synced`: an identity provider owns it."""
        return str(self.ask("add_group", name=name, synced=synced))

    def delete_group(self, group_id: str) -> None:
        self.ask("delete_group", group_id=group_id)

    def sync_back(self, user_id: str, group_id: str) -> None:
        """The identity provider puts the membership back, under a new id."""
        self.ask("sync_back", user_id=user_id, group_id=group_id)

    def delete_permission_set(self, permission_set: str) -> None:
        self.ask("delete_permission_set", permission_set=permission_set)

    def add_application(self, name: str, *, assignment_required: bool = True, enabled: bool = True) -> str:
        return str(
            self.ask("add_application", name=name, assignment_required=assignment_required, enabled=enabled)
        )

    def delete_application(self, application_arn: str) -> None:
        self.ask("delete_application", application_arn=application_arn)

    def assign_application(self, principal_id: str, application_arn: str) -> None:
        self.ask("assign_application", principal_id=principal_id, application_arn=application_arn)

    def join(self, user_id: str, group_id: str) -> None:
        self.ask("join", user_id=user_id, group_id=group_id)

    def leave(self, user_id: str, group_id: str) -> None:
        self.ask("leave", user_id=user_id, group_id=group_id)

    def assign(self, principal_id: str, account_id: str, permission_set: str) -> None:
        """Give a user or a group an account, at once."""
        self.ask("assign", principal_id=principal_id, account_id=account_id, permission_set=permission_set)

    def unassign(self, principal_id: str, account_id: str, permission_set: str) -> None:
        self.ask("unassign", principal_id=principal_id, account_id=account_id, permission_set=permission_set)

    def entitle(self, principal_id: str, role_arn: str) -> str:
        return str(self.ask("entitle", principal_id=principal_id, role_arn=role_arn))

    def fault(self, operation: str, **kind: Any) -> None:
        """The next calls of `operation` fail; kinds: see Fault."""
        self.ask("fault", operation=operation, **kind)

    def deny(self, operation: str) -> None:
        """Take the right to `operation` away until clear_faults()."""
        message = "You don't have permissions to access this resource."
        self.fault(operation, times=None, code="AccessDeniedException", message=message)

    def clear_faults(self) -> None:
        self.ask("clear_faults")

    def fail_assignments(self, reason: str, times: int = 1) -> None:
        """The next assignments made or deleted through the API end FAILED."""
        self.ask("fail_assignments", reason=reason, times=times)

    def hang_assignments(self, times: int = 1) -> None:
        """The next assignments made or deleted through the API stay IN_PROGRESS until end_hanging()."""
        self.ask("hang_assignments", times=times)

    def end_hanging(self) -> None:
        self.ask("end_hanging")

    def most_outstanding(self) -> int:
        """How many assignments were being made or deleted at a time, at most, since the seed."""
        return int(self.ask("most_outstanding"))

    def latency(self, ms: int, operation: str = "*") -> None:
        self.ask("latency", ms=ms, operation=operation)

    def dials(self, **turned: Any) -> dict[str, Any]:
        """Turn dials (see Dials); returns all of them."""
        return self.ask("dials", **turned)

    def calls(self, operation: str | None = None) -> list[dict[str, Any]]:
        return self.ask("calls", operation=operation)

    def reset_calls(self) -> None:
        self.ask("reset_calls")

    def alarms(self) -> list[dict[str, str]]:
        """What was published to SNS: Subject and Message."""
        wanted = ("Subject", "Message")
        return [{name: call["params"].get(name, "") for name in wanted} for call in self.calls("Publish")]
