"""The control API under /_aws/: JSON in, JSON out, one verb for each thing a test or a demo may do."""

import json
import time
import traceback
from typing import Any
from uuid import uuid4

from moto.identitystore.models import Name, User
from werkzeug.wrappers import Request

from tests.sandbox.aws import account_access, applications, identity_store, look_back, sso_admin
from tests.sandbox.aws.answers import Answer, Refusal
from tests.sandbox.aws.faults import Fault
from tests.sandbox.aws.plant import plant
from tests.sandbox.aws.state import state
from tests.sandbox.aws.world import World


class Control:
    """Every public method is a verb; its keyword arguments are the JSON body's."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, environ: dict[str, Any]) -> Answer:
        request = Request(environ)
        verb = request.path.removeprefix("/_aws/").replace("-", "_")
        known = not verb.startswith("_") and verb != "answer" and hasattr(self, verb)
        try:
            if not known:
                return _json({"error": f"no such verb: {verb}"}, 404)
            given = json.loads(request.get_data() or b"{}") | request.args.to_dict()
            with self._world.lock:
                return _json(getattr(self, verb)(**given))
        except Refusal as refusal:
            return _json({"error": f"{refusal.code}: {refusal.message}"}, 400)
        except Exception:
            return _json({"error": traceback.format_exc()}, 500)

    def state(self, journal: int | str = 200) -> Any:
        return state(self._world, int(journal))

    def calls(self, operation: str | None = None) -> Any:
        return [entry for entry in list(self._world.journal) if operation in (None, entry["operation"])]

    def reset_calls(self) -> None:
        self._world.journal.clear()

    def seed(self, **options: Any) -> Any:
        return plant(self._world, **options)

    def plant_history(self, **given: Any) -> None:
        """What CloudTrail Lake and Athena answer next."""
        look_back.plant(self._world, **given)

    def asked_of_history(self) -> Any:
        return look_back.asked(self._world)

    def dials(self, **turned: Any) -> Any:
        for name, value in turned.items():
            if not hasattr(self._world.dials, name):
                raise Refusal("UnknownDial", name)
            setattr(self._world.dials, name, value)
        return vars(self._world.dials)

    def latency(self, ms: int, operation: str = "*") -> None:
        self._world.latency[operation] = ms

    def fault(self, **fault: Any) -> None:
        self._world.faults.add(Fault(**fault))

    def faults(self) -> Any:
        """Those that wait."""
        return self._world.faults.listed()

    def clear_faults(self) -> None:
        self._world.faults.clear()

    def fail_assignments(self, reason: str, times: int = 1) -> None:
        self._world.failing.extend([reason] * times)

    def hang_assignments(self, times: int = 1) -> None:
        """The next assignments made or deleted through the API stay IN_PROGRESS."""
        self._world.hanging += times

    def end_hanging(self) -> None:
        """What stays IN_PROGRESS ends now."""
        for operation in self._world.operations.values():
            operation.due = min(operation.due, time.monotonic())

    def most_outstanding(self) -> int:
        """How many assignments were being made or deleted at a time, at most, since the seed."""
        return self._world.most_outstanding

    def policy_text(self, policy_id: str | None = None) -> str:
        """The text as it stands, whatever readers see of it."""
        return str(self._policy(policy_id).content)

    def edit_policy(self, text: str, policy_id: str | None = None) -> None:
        """Put any text into a policy by hand, unchecked."""
        policy = self._policy(policy_id)
        self._world.wrote(policy.id, policy.content)
        policy.content = text
        self._world.wrote(policy.id, text)

    def attach(self, target_id: str, policy_id: str | None = None) -> None:
        policy_id = self._policy(policy_id).id
        self._world.organizations.attach_policy(PolicyId=policy_id, TargetId=target_id)

    def detach(self, target_id: str, policy_id: str | None = None) -> None:
        policy_id = self._policy(policy_id).id
        self._world.organizations.detach_policy(PolicyId=policy_id, TargetId=target_id)

    def enable_policy_type(self, enabled: bool = True) -> None:
        root = next(unit for unit in self._world.organizations.ou if unit.type == "ROOT")
        root.policy_types = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}] if enabled else []

    def move_account(self, account_id: str, parent_id: str) -> None:
        self._world.organizations.get_account_by_id(account_id).parent_id = parent_id

    def set_status(self, user_id: str, status: str) -> None:
        """What no public API does: disable or enable a user's sign-in."""
        self._world.status[user_id] = status
        self._world.revisions[user_id] = self._world.revisions.get(user_id, 1) + 1

    def add_user(self, user_name: str, display_name: str = "", email: str | None = None) -> str:
        """A new user. Unlike CreateUser, this lets two have one e-mail address."""
        user_id = f"{self._world.instance.identity_store_id.removeprefix('d-')}-{uuid4()}"
        emails = [{"Value": email, "Type": "work", "Primary": True}] if email else None
        given = {"UserId": user_id, "UserName": user_name, "DisplayName": display_name or user_name}
        empty = dict.fromkeys(User._fields, "")
        store = self._world.instance.identity_store_id
        fields = {**empty, **given, "IdentityStoreId": store, "Emails": emails, "Name": Name.from_dict({})}
        self._world.store.users[user_id] = User(**fields)
        return user_id

    def edit_user(self, user_id: str, **changed: Any) -> None:
        """Change UserName, DisplayName or Emails as the directory's admin would."""
        users = self._world.store.users
        users[user_id] = users[user_id]._replace(**changed)

    def delete_user(self, user_id: str) -> None:
        identity_store.remove_user(self._world, user_id)

    def add_group(self, name: str, synced: bool = False) -> str:
        """`synced`: an identity provider owns it."""
        store_id = self._world.instance.identity_store_id
        group_id = str(self._world.identity.create_group(store_id, name, "")[0])
        if synced:
            identity_store.mark_synced(self._world, group_id)
        return group_id

    def delete_group(self, group_id: str) -> None:
        """Its memberships go with it."""
        memberships = self._world.store.group_memberships
        for key in [key for key, row in memberships.items() if row["GroupId"] == group_id]:
            del memberships[key]
        del self._world.store.groups[group_id]

    def delete_permission_set(self, permission_set: str) -> None:
        """It goes, and its assignments with it."""
        sso = self._world.sso
        sso.permission_sets[:] = [s for s in sso.permission_sets if s.permission_set_arn != permission_set]
        rows = sso.account_assignments
        rows[:] = [row for row in rows if row.permission_set_arn != permission_set]

    def sync_back(self, user_id: str, group_id: str) -> str:
        """What an identity provider does at its next sync: the membership is there again, under a new id."""
        self.leave(user_id, group_id)
        return self.join(user_id, group_id)

    def add_application(self, name: str, assignment_required: bool = True, enabled: bool = True) -> str:
        return applications.add(self._world, name, assignment_required=assignment_required, enabled=enabled)

    def delete_application(self, application_arn: str) -> None:
        del self._world.sso_applications[application_arn]

    def assign_application(self, principal_id: str, application_arn: str) -> None:
        kind = "GROUP" if principal_id in self._world.store.groups else "USER"
        assigned = self._world.sso_applications[application_arn].assigned
        if (kind, principal_id) not in assigned:
            assigned.append((kind, principal_id))

    def join(self, user_id: str, group_id: str) -> str:
        store_id = self._world.instance.identity_store_id
        return str(self._world.identity.create_group_membership(store_id, group_id, {"UserId": user_id})[0])

    def leave(self, user_id: str, group_id: str) -> None:
        memberships = self._world.store.group_memberships
        pair = (group_id, user_id)
        for key in [k for k, m in memberships.items() if (m["GroupId"], m["MemberId"]["UserId"]) == pair]:
            del memberships[key]

    def assign(self, principal_id: str, account_id: str, permission_set: str) -> None:
        sso_admin.assign(self._world, self._row(principal_id, account_id, permission_set))

    def unassign(self, principal_id: str, account_id: str, permission_set: str) -> None:
        sso_admin.unassign(self._world, self._row(principal_id, account_id, permission_set))

    def entitle(self, principal_id: str, role_arn: str) -> str:
        """Give an IAM role by account access manager; makes its application where there is none."""
        if not self._world.applications:
            arn = "arn:aws:account-access:us-east-1:123456789012:application/app-0123456789abcdef"
            self._world.applications.append(arn)
        kind = "groupId" if principal_id in self._world.store.groups else "userId"
        held = {"principal": {"identityCenter": {kind: principal_id}}, "roleArn": role_arn}
        return account_access.entitle(self._world, held)

    def _row(self, principal_id: str, account_id: str, permission_set: str) -> dict[str, str]:
        kind = "GROUP" if principal_id in self._world.store.groups else "USER"
        return {
            "TargetId": account_id,
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": permission_set,
            "PrincipalType": kind,
            "PrincipalId": principal_id,
        }

    def _policy(self, policy_id: str | None) -> Any:
        return self._world.organizations.get_policy_by_id(policy_id or self._world.policy_id)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), (("Content-Type", "application/json"),))
