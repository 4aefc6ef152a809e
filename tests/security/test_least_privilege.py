"""The shipped roles allow what the code asks of AWS, and nothing beyond.

Three ways: the code's text against the roles; every test's calls against them (the pretend AWS refuses what the roles
do not allow; tests/rights.py fails a run that asked for more, or for less); and somebody else's evaluator.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import cfnlint
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.sandbox.aws import PretendAws, roles
from tests.sandbox.aws.iam import Statement, listed, refusal
from tests.sandbox.aws.pretend import ANYTHING, MEMBER, PREPARE, WORKER
from tests.sandbox.aws.template import DEPLOY, Rendered, load
from tests.sandbox.aws.touched import KINDS
from tests.sandbox.iam_oracle import judge
from tests.sandbox.installation import Installation
from tests.scenarios.steps import current, deny, told
from tests.security.aws_calls import asked
from workers.adapters.aws.clients import aws_clients
from workers.adapters.aws.organizations import OrganizationsDenyPolicy
from workers.domain.errors import PolicyRefused

IDS = {
    "ManagementAccountId": "111122223333",
    "OrganizationId": "o-exampleorgid",
    "DenyPolicyId": "p-examplepolicyid111",
    "IdentityStoreId": "d-1234567890",
    "InstanceId": "ssoins-1234567890abcdef",
}
ALL = {**roles.OPTIONS, **IDS}
LEAST = {
    **IDS,
    "WorkersPrincipal": "arn:aws:iam::111122223333:role/machine",
    "WithPrepareRole": "no",
    **{n: "no" for n in load("roles.yaml")["Parameters"] if n.startswith(("Take", "Give"))},
}
POLICIES = "arn:aws:organizations::111122223333:policy/o-exampleorgid/service_control_policy/"
OURS = POLICIES + "p-examplepolicyid111"
EVERYTHING: Statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def statements(role: str, given: dict[str, str]) -> list[Statement]:
    properties = Rendered(load("roles.yaml"), given).resources()[role]
    return [s for policy in properties["Policies"] for s in policy["PolicyDocument"]["Statement"]]


def allowed(found: list[Statement]) -> set[str]:
    return {action for s in found if s["Effect"] == "Allow" for action in listed(s["Action"])}


WORKER_ROLE, PREPARE_ROLE = statements("WorkerRole", ALL), statements("PrepareRole", ALL)


def figures() -> Iterator[str]:
    """What the roles allow, and what asks for it."""
    calls = asked()
    called = {one.right for one in calls} - roles.FREE
    allows = allowed(WORKER_ROLE) | allowed(PREPARE_ROLE)
    assert called == allows - roles.BY_AWS.keys()
    yield f"{len(calls)} places in the code ask AWS for {len(called)} rights: the two roles allow these"
    yield f"{len(roles.BY_AWS)} more rights are used by AWS with the workers' rights, each by an option that is off at first"
    asked_for = [
        (WORKER_ROLE, a, arn) for a in sorted(allows) for arn in (OURS, POLICIES + "p-x", "arn:aws:any:::x")
    ]
    ours = [refusal(*one) is None for one in asked_for]
    assert judge(asked_for, {}) == ours
    yield f"{len(ours)} questions, {sum(ours)} allowed: Principal Mapper's evaluator says the same"


# the code's text


def test_the_worker_role_allows_exactly_what_the_code_calls() -> None:
    called = {one.right for one in asked() if one.module != "prepare.py"}
    assert called - roles.FREE == allowed(WORKER_ROLE) - roles.BY_AWS.keys()


def test_the_prepare_role_allows_exactly_what_preparing_calls() -> None:
    called = {one.right for one in asked() if one.module == "prepare.py"}
    reads_the_policy = {"organizations:DescribePolicy"}  # by the adapter that the workers use too
    assert called | reads_the_policy == allowed(PREPARE_ROLE)


def test_what_aws_does_with_our_rights_is_named_and_given_only_by_an_option() -> None:
    assert allowed(WORKER_ROLE) >= roles.BY_AWS.keys()
    assert not allowed(statements("WorkerRole", LEAST)) & roles.BY_AWS.keys()


def test_no_statement_allows_a_pattern_of_actions() -> None:
    assert not [action for action in allowed(WORKER_ROLE) | allowed(PREPARE_ROLE) if "*" in action]


# the resources of each call, and what else there is


def reference() -> dict[str, Any]:
    """AWS's Service Authorization Reference, as cfn-lint ships it."""
    path = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_the_resources_of_each_action_are_those_of_awss_reference() -> None:
    services = reference()
    places = {"target": {"account", "organizationalunit", "root"}, "parent": {"organizationalunit", "root"}}
    for action, kinds in KINDS.items():
        service, _, name = action.partition(":")
        known = {kind.lower() for kind in services[service]["Actions"][name.lower()].get("Resources", [])}
        ours = set[str]().union(*(places.get(kind, {kind}) for kind in kinds))
        assert ours == known, action


def test_every_action_that_is_allowed_is_in_that_table() -> None:
    assert allowed(WORKER_ROLE) | allowed(PREPARE_ROLE) <= KINDS.keys() | roles.BY_AWS.keys()


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("organizations:UpdatePolicy", POLICIES + "p-another1"),
        ("organizations:UpdatePolicy", OURS.replace("o-exampleorgid", "o-anotherorgid")),
        ("organizations:UpdatePolicy", OURS.replace("service_control_policy", "tag_policy")),
        ("organizations:UpdatePolicy", OURS + "x"),
        ("organizations:DescribePolicy", "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"),
        ("sso:DeleteAccountAssignment", "arn:aws:sso:::instance/ssoins-another000000000"),
        ("sso:DeleteAccountAssignment", "arn:aws:sso:::permissionSet/ssoins-another000000000/ps-1"),
        ("sso:CreateAccountAssignment", "arn:aws:sso:::instance/ssoins-another000000000"),
        ("sso:DeleteApplicationAssignment", "arn:aws:sso::1:application/ssoins-another000000000/apl-1"),
        ("identitystore:DeleteGroupMembership", "arn:aws:identitystore::111122223333:identitystore/d-0000000000"),
        ("sns:Publish", "arn:aws:sns:us-east-1:123456789012:another"),
    ],
)  # fmt: skip
def test_the_workers_may_not_touch_what_is_not_theirs(action: str, arn: str) -> None:
    assert refusal(WORKER_ROLE, action, arn)


def test_the_workers_may_write_their_one_policy() -> None:
    assert refusal(WORKER_ROLE, "organizations:UpdatePolicy", OURS) is None


@pytest.mark.parametrize(
    "action",
    [
        "organizations:AttachPolicy",
        "organizations:DetachPolicy",
        "organizations:CreatePolicy",
        "organizations:DeletePolicy",
        "organizations:DisablePolicyType",
        "organizations:EnablePolicyType",
        "organizations:LeaveOrganization",
        "organizations:MoveAccount",
        "organizations:PutResourcePolicy",
        "organizations:DeleteResourcePolicy",
        "organizations:RegisterDelegatedAdministrator",
        "organizations:RemoveAccountFromOrganization",
        "organizations:CloseAccount",
        "organizations:TagResource",
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "iam:CreateRole",
        "iam:PassRole",
        "iam:AttachRolePolicy",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "sts:AssumeRole",
        "sts:AssumeRoleWithWebIdentity",
        "sso:CreatePermissionSet",
        "sso:PutInlinePolicyToPermissionSet",
        "sso:AttachManagedPolicyToPermissionSet",
        "sso:UpdatePermissionSet",
        "sso:DeletePermissionSet",
        "sso:CreateInstance",
        "sso:DeleteInstance",
        "identitystore:CreateUser",
        "identitystore:UpdateUser",
        "identitystore:DeleteUser",
        "identitystore:CreateGroup",
        "sso-directory:CreateBearerToken",
    ],
)
def test_some_things_stay_forbidden_whatever_else_is_attached_to_the_role(action: str) -> None:
    refused = refusal([*WORKER_ROLE, EVERYTHING], action, "arn:aws:any:::thing")
    assert refused is not None
    assert "explicit deny" in refused


def test_no_other_policy_is_written_whatever_else_is_attached_to_the_role() -> None:
    assert "explicit deny" in str(
        refusal([*WORKER_ROLE, EVERYTHING], "organizations:UpdatePolicy", POLICIES + "p-x")
    )


@pytest.mark.parametrize("action", ["UpdatePolicy", "DetachPolicy", "DeletePolicy", "DisablePolicyType"])
def test_preparing_overwrites_and_detaches_nothing_whatever_else_is_attached(action: str) -> None:
    refused = refusal([*PREPARE_ROLE, EVERYTHING], f"organizations:{action}", OURS)
    assert "explicit deny" in str(refused)


def test_no_deny_takes_away_what_is_allowed() -> None:
    denies = [statement for statement in WORKER_ROLE if statement["Effect"] == "Deny"]
    for statement in (s for s in WORKER_ROLE if s["Effect"] == "Allow"):
        for action in listed(statement["Action"]):
            for arn in listed(statement["Resource"]):
                assert refusal([*denies, EVERYTHING], action, arn) is None, (action, arn)


def test_somebody_elses_evaluator_judges_every_right_alike() -> None:
    pytest.importorskip("principalmapper", reason="the independent evaluator comes with the dev extra")
    context = {"kms:ViaService": "sso.us-east-1.amazonaws.com"}
    arns = sorted(
        {arn for s in WORKER_ROLE for name in ("Resource", "NotResource") for arn in listed(s.get(name, ()))}
    )
    things = [arn.replace("*", "x") for arn in arns] + [POLICIES + "p-x", "arn:aws:iam::111122223333:role/x"]
    actions = sorted(
        allowed(WORKER_ROLE) | {"iam:CreateRole", "organizations:DetachPolicy", "sts:AssumeRole"}
    )
    cases = [(s, a, t) for s in (WORKER_ROLE, [*WORKER_ROLE, EVERYTHING]) for a in actions for t in things]
    ours = [refusal(found, action, arn, context) is None for found, action, arn in cases]
    assert judge(cases, context) == ours
    assert {True, False} == set(ours)


# the template


SIDS = {
    "TakeAssignments": {"TakeAssignments"},
    "TakeMemberships": {"TakeThemOutOfGroups"},
    "TakeApplications": {"TakeTheirApplications"},
    "TakeEntitlements": {"TakeTheirAccountAccess"},
    "GiveAssignmentsBack": {"GiveAssignmentsBack"},
    "GiveMembershipsBack": {"GiveMembershipsBack"},
    "GiveApplicationsBack": {"GiveApplicationsBack"},
    "GiveEntitlementsBack": {"GiveAccountAccessBack"},
    "TakeInManagementAccount": {"TakeAwayTheRoleOfAPermissionSet", "SeeTheSignInProvider"},
    "AlarmTopicArn": {"TellSomebodyBesideSlack"},
    "IdentityCenterKeyArn": {"UseTheKeyOfIdentityCenter"},
    "EventDataStoreArn": {"AskTheEventDataStore"},
    "AthenaWorkgroup": {"AskAthena", "ReadTheTable", "ReadTheTrailAndTheAnswers", "WriteTheAnswers"},
}


@pytest.mark.parametrize("option", SIDS)
def test_an_option_that_is_not_taken_leaves_out_its_statements_and_no_other(option: str) -> None:
    off = "no" if "AllowedValues" in load("roles.yaml")["Parameters"][option] else ""

    def sids(given: dict[str, str]) -> set[str]:
        return {s["Sid"] for s in statements("WorkerRole", given) if s["Effect"] == "Allow"}

    assert sids(ALL) - sids({**ALL, option: off}) == SIDS[option]


def test_the_operations_page_says_of_every_statement_and_every_option_what_it_is_for() -> None:
    text = (DEPLOY.parents[1] / "docs/operations.md").read_text()
    needed = {*IDS, "WorkersPrincipal", "WorkersPrincipalType", "OperatorPrincipal"}
    sids = {s["Sid"] for given in (ALL, LEAST) for s in statements("WorkerRole", given)}
    for name in sids | {s["Sid"] for s in PREPARE_ROLE} | (load("roles.yaml")["Parameters"].keys() - needed):
        assert f"`{name}`" in text, name


def test_every_option_of_the_workers_is_tried_above() -> None:
    every = {s["Sid"] for s in WORKER_ROLE if s["Effect"] == "Allow"}
    least = {s["Sid"] for s in statements("WorkerRole", LEAST) if s["Effect"] == "Allow"}
    assert every - least == set[str]().union(*SIDS.values())


def test_with_the_least_options_the_workers_can_change_the_deny_policy_and_nothing_else() -> None:
    words = ("Describe", "Get", "List")
    assert [
        a
        for a in sorted(allowed(statements("WorkerRole", LEAST)))
        if not a.partition(":")[2].startswith(words)
    ] == ["organizations:UpdatePolicy"]


def test_before_there_is_a_policy_there_is_no_role_for_the_workers() -> None:
    assert set(Rendered(load("roles.yaml"), {**ALL, "DenyPolicyId": ""}).resources()) == {"PrepareRole"}


def test_once_prepared_the_prepare_role_can_go() -> None:
    assert set(Rendered(load("roles.yaml"), {**ALL, "WithPrepareRole": "no"}).resources()) == {"WorkerRole"}


def test_each_role_is_taken_on_by_whom_the_parameters_name_alone() -> None:
    made = Rendered(load("roles.yaml"), ALL).resources()
    for role, principal in (("WorkerRole", "machine"), ("PrepareRole", "operator")):
        (statement,) = made[role]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"AWS": f"arn:aws:iam::123456789012:role/{principal}"}
        assert statement["Action"] == "sts:AssumeRole"


def test_a_service_may_be_named_instead() -> None:
    service = {"WorkersPrincipal": "ecs-tasks.amazonaws.com", "WorkersPrincipalType": "Service"}
    made = Rendered(load("roles.yaml"), {**ALL, **service}).resources()["WorkerRole"]
    (statement,) = made["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}


def test_the_policies_are_not_longer_than_a_role_may_have() -> None:
    """IAM counts 10,240 characters of inline policies, white space left out (IAM user guide, "IAM and AWS STS quotas")."""
    for properties in Rendered(load("roles.yaml"), ALL).resources().values():
        texts = [
            json.dumps(policy["PolicyDocument"], separators=(",", ":")) for policy in properties["Policies"]
        ]
        assert sum(map(len, texts)) < 10_240 - 1_000  # longer names than the examples' have room


@mock_aws
def test_cloudformation_makes_of_the_template_what_is_tried_here() -> None:
    """Moto's CloudFormation reads the template by itself."""
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in ALL.items()]
    stack = boto3.client("cloudformation", region_name="us-east-1")
    stack.create_stack(
        StackName="revoke-bot",
        TemplateBody=(DEPLOY / "roles.yaml").read_text(),
        Parameters=parameters,
        Capabilities=["CAPABILITY_IAM"],
    )
    assert _inline_policies() == {"worker": WORKER_ROLE, "prepare": PREPARE_ROLE}


def _inline_policies() -> dict[str, list[Statement]]:
    iam, found = boto3.client("iam"), {}
    for role in iam.list_roles()["Roles"]:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            # Moto keeps what CloudFormation gives it as Python shows it.
            found[name] = ast.literal_eval(str(policy))["Statement"]
    return found


def test_the_lint_knows_every_action_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "roles.yaml"
    wrong.write_text((DEPLOY / "roles.yaml").read_text().replace("- sso:ListInstances", "- sso:ListInstance"))
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(wrong)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "listinstance" in done.stdout.lower()


def test_the_delegation_allows_one_member_account_what_the_role_has_on_the_organization() -> None:
    given = {
        "WorkersAccountId": "444455556666",
        "OrganizationId": "o-exampleorgid",
        "DenyPolicyId": "p-12345678",
    }
    (resource,) = Rendered(load("delegation.yaml"), given).resources().values()
    found = resource["Content"]["Statement"]
    assert {json.dumps(s["Principal"]) for s in found} == {'{"AWS": "arn:aws:iam::444455556666:root"}'}
    assert allowed(found) == {a for a in allowed(WORKER_ROLE) if a.startswith("organizations:")}
    writes = [s for s in found if "organizations:UpdatePolicy" in s["Action"]]
    assert [s["Resource"].rpartition("/")[2] for s in writes] == ["p-12345678"]


# what the pretend AWS makes of it


@pytest.fixture(scope="module")
def unnoted_aws() -> Iterator[PretendAws]:
    """Its refusals are meant, and are not the run's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PRETEND_AWS_NOTES", raising=False)
        aws = PretendAws().start()
    yield aws
    aws.stop()


def code(aws: PretendAws, access_key: str, service: str, operation: str, **given: Any) -> str:
    """AWS's error code; empty where it does it."""
    session = boto3.session.Session(access_key, "pretend", region_name="us-east-1")
    client = session.client(service, endpoint_url=aws.endpoint_url)
    try:
        getattr(client, operation)(**given)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_in_every_test_a_call_beyond_the_role_is_refused(unnoted_aws: PretendAws) -> None:
    seed = unnoted_aws.seed()
    ours = {"PolicyId": seed.policy_id}
    detach = ("organizations", "detach_policy")
    assert code(unnoted_aws, WORKER, *detach, **ours, TargetId=seed.root_id) == "AccessDeniedException"
    assert code(unnoted_aws, PREPARE, *detach, **ours, TargetId=seed.root_id) == "AccessDeniedException"
    update = {**ours, "Content": unnoted_aws.policy_text()}
    assert code(unnoted_aws, PREPARE, "organizations", "update_policy", **update) == "AccessDeniedException"
    assert code(unnoted_aws, WORKER, "organizations", "update_policy", **update) == ""
    assert code(unnoted_aws, WORKER, "iam", "create_user", UserName="x") == "AccessDeniedException"
    assert code(unnoted_aws, ANYTHING, *detach, **ours, TargetId=seed.root_id) == ""


def test_a_policy_beside_ours_is_refused_to_the_workers(unnoted_aws: PretendAws) -> None:
    unnoted_aws.seed()
    read = ("organizations", "describe_policy")
    assert code(unnoted_aws, WORKER, *read, PolicyId="p-FullAWSAccess") == "AccessDeniedException"


def test_a_policy_id_that_the_role_does_not_name_is_told_apart_from_a_right_that_is_missing(
    unnoted_aws: PretendAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    unnoted_aws.seed()
    for name, value in unnoted_aws.env().items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PolicyRefused, match="on the policy that REVOKE_DENY_POLICIES names") as caught:
        OrganizationsDenyPolicy(aws_clients(), "p-wrongwrong").read()
    assert caught.value.code == "rights"


def test_a_member_accounts_role_may_do_what_is_delegated(unnoted_aws: PretendAws) -> None:
    seed = unnoted_aws.seed()
    update = {"PolicyId": seed.policy_id, "Content": unnoted_aws.policy_text()}
    assert code(unnoted_aws, MEMBER, "organizations", "update_policy", **update) == ""
    assert (
        code(unnoted_aws, MEMBER, "organizations", "list_policies", Filter="TAG_POLICY")
        == "AccessDeniedException"
    )


HIDES_IT = """
import contextlib

def test_goes_on_without_an_answer(strict_seed, strict_clients):
    with contextlib.suppress(Exception):
        strict_clients.organizations.delete_policy(PolicyId=strict_seed.policy_id)
"""


def test_a_run_fails_and_names_the_test_where_a_refusal_was_hidden(tmp_path: Path) -> None:
    (tmp_path / "test_hidden.py").write_text(HIDES_IT)
    plugins = ("-p", "tests.rights", "-p", "tests.sandbox.aws.fixtures")
    command = [sys.executable, "-m", "pytest", *plugins, "-n", "1", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(
        command, cwd=DEPLOY.parents[1], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 1, done.stdout
    assert "1 passed" in done.stdout
    assert "WorkerRole may not: organizations:DeletePolicy" in done.stdout
    assert "asked for in test_hidden.py::test_goes_on_without_an_answer" in done.stdout


# outside the management account


@pytest.fixture(scope="module")
def in_a_member_account() -> Iterator[Installation]:
    with Installation.fresh(REVOKE_TIME_SCALE="8640", AWS_ACCESS_KEY_ID=MEMBER) as made:
        yield made


def test_in_a_member_account_users_are_denied_and_held_because_their_access_cannot_be_read(
    in_a_member_account: Installation,
) -> None:
    made = in_a_member_account
    card = deny(made, "@mallory key leaked")
    assert made.seed.users["mallory"] in made.aws.denied()
    held = told(made, card, "What access is left could not be read", timeout=40)
    assert "sso:ListAccountAssignmentsForPrincipal" in held.text
    assert "AWS allows this call from the management account alone" in held.text
    assert made.seed.users["mallory"] in made.aws.denied()
    assert "could not be read" in str(current(made, card.channel, card.ts).blocks)
    for step in ("Account assignments", "Group memberships", "Application assignments"):
        assert "failed" in told(made, card, f"Needs you: {step} of").text


def test_in_a_member_account_doctor_says_so(in_a_member_account: Installation) -> None:
    answer = in_a_member_account.terminal("doctor")
    assert answer.returncode == 1
    assert "sso:ListAccountAssignmentsForPrincipal" in answer.stdout
    assert "AWS allows this call from the management account alone" in answer.stdout
