"""The pretend AWS itself: what it refuses that moto lets pass, asked by plain boto3."""

import json
import os
import subprocess
import sys
import time
from urllib.request import urlopen
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from workers.domain.deny_document import EMPTY

pytest_plugins = ("tests.sandbox.aws.fixtures",)


def code(act, *args, **kwargs) -> str:
    with pytest.raises(ClientError) as caught:
        act(*args, **kwargs)
    return caught.value.response["Error"]["Code"]


def scp(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    "text",
    [
        "{nope",
        "[]",
        "{}",
        '{"Version":"2012-10-17","Statement":[]}',
        scp(Effect="Block", Action="*", Resource="*"),
        scp(Effect="Deny", Action="*"),
        scp(Effect="Deny", Action="*", Resource="*", Principal="*"),
        scp(Effect="Deny", Action=[], Resource="*"),
        scp(Effect="Deny", Action="*", Resource="*", Condition={"StringEqual": {"a": "b"}}),
        scp(
            Effect="Deny", Action="*", Resource="*", Condition={"StringEquals": {"identitystore:userId": []}}
        ),
        '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
    ],
)
def test_a_text_outside_the_grammar_is_malformed(strict_seed, strict_clients, text):
    update = strict_clients.organizations_once.update_policy
    assert code(update, PolicyId=strict_seed.policy_id, Content=text) == "MalformedPolicyDocumentException"


def test_a_policy_may_have_exactly_the_limits_characters(strict_aws, strict_seed, strict_clients):
    update, pad = strict_clients.organizations_once.update_policy, 10240 - len(EMPTY)
    update(PolicyId=strict_seed.policy_id, Content=EMPTY + " " * pad)
    with pytest.raises(ClientError) as caught:
        update(PolicyId=strict_seed.policy_id, Content=EMPTY + " " * (pad + 1))
    assert caught.value.response["Reason"] == "POLICY_CONTENT_LIMIT_EXCEEDED"


def test_attaching_twice_and_detaching_what_is_not_attached_are_refused(strict_seed, any_clients):
    organizations, ours = any_clients.organizations_once, {"PolicyId": strict_seed.policy_id}
    assert (
        code(organizations.attach_policy, TargetId=strict_seed.root_id, **ours)
        == "DuplicatePolicyAttachmentException"
    )
    unit = strict_seed.units["Security"]
    assert code(organizations.detach_policy, TargetId=unit, **ours) == "PolicyNotAttachedException"
    assert code(organizations.attach_policy, TargetId="111111111111", **ours) == "TargetNotFoundException"
    assert code(organizations.describe_policy, PolicyId="nope") == "InvalidInputException"


def test_calls_above_awss_rate_are_throttled_only_when_asked(strict_aws, strict_seed, strict_clients):
    read = strict_clients.organizations_once.describe_policy
    for _ in range(5):
        read(PolicyId=strict_seed.policy_id)
    strict_aws.dials(throttle=True)
    read(PolicyId=strict_seed.policy_id)
    read(PolicyId=strict_seed.policy_id)
    assert code(read, PolicyId=strict_seed.policy_id) == "TooManyRequestsException"


def test_every_answer_names_its_request(strict_aws, strict_seed, strict_clients):
    answer = strict_clients.organizations.describe_organization()["ResponseMetadata"]
    (entry,) = strict_aws.calls("DescribeOrganization")
    assert answer["RequestId"] == entry["request_id"]
    assert "date" in answer["HTTPHeaders"]
    assert entry["service"] == "organizations"
    assert entry["status"] == 200
    assert "Boto3" in entry["user_agent"]


def test_users_show_what_moto_does_not_know(strict_seed, strict_clients):
    store = {"IdentityStoreId": strict_seed.identity_store_id}
    user = strict_clients.identity_store.describe_user(**store, UserId=strict_seed.mallory)
    assert len(user["UserId"]) == 47
    assert (user["UserStatus"], user["Revision"]) == ("ENABLED", "1")
    assert user["UserArn"].endswith(strict_seed.mallory)
    (listed,) = (
        u for u in strict_clients.identity_store.list_users(**store)["Users"] if u["UserName"] == "mallory"
    )
    assert listed["UserStatus"] == "ENABLED"


def test_odd_ids_stores_and_filters_are_refused(strict_seed, any_clients):
    store, client = {"IdentityStoreId": strict_seed.identity_store_id}, any_clients.identity_store
    assert code(client.describe_user, **store, UserId="nope") == "ValidationException"
    assert code(client.describe_user, **store, UserId=str(uuid4())) == "ResourceNotFoundException"
    assert code(client.list_users, IdentityStoreId="d-0000000000") == "ResourceNotFoundException"
    odd = [{"AttributePath": "Emails.Value", "AttributeValue": "x"}]
    assert code(client.list_users, **store, Filters=odd) == "ValidationException"
    pages = client.list_users(**store, MaxResults=2)
    assert len(pages["Users"]) == 2
    assert client.list_users(**store, MaxResults=2, NextToken=pages["NextToken"])["Users"] != pages["Users"]


def test_deleting_an_assignment_takes_its_time(strict_aws, strict_seed, strict_clients):
    strict_aws.dials(assignment_ms=200)
    row = {
        "InstanceArn": strict_seed.instance_arn,
        "TargetId": strict_seed.accounts["prod"],
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": strict_seed.permission_sets["AdministratorAccess"],
        "PrincipalType": "USER",
        "PrincipalId": strict_seed.mallory,
    }
    sso = strict_clients.sso_admin
    begun = sso.delete_account_assignment(**row)["AccountAssignmentDeletionStatus"]
    assert begun["Status"] == "IN_PROGRESS"

    def status() -> dict:
        asked = {"AccountAssignmentDeletionRequestId": begun["RequestId"]}
        answer = sso.describe_account_assignment_deletion_status(
            InstanceArn=strict_seed.instance_arn, **asked
        )
        return answer["AccountAssignmentDeletionStatus"]

    assert status()["Status"] == "IN_PROGRESS"
    time.sleep(0.3)
    assert status()["Status"] == "SUCCEEDED"
    strict_aws.fail_assignments("no luck")
    strict_aws.dials(assignment_ms=0)
    row["TargetId"] = strict_seed.accounts["staging"]
    begun = sso.delete_account_assignment(**row)["AccountAssignmentDeletionStatus"]
    assert (status()["Status"], status()["FailureReason"]) == ("FAILED", "no luck")
    left = [r["AccountId"] for r in user_of(strict_aws, "mallory")["assignments"]]
    assert set(left) == {strict_seed.accounts["staging"], strict_seed.accounts["data"]}


def test_an_assignment_under_way_cannot_be_deleted_twice(strict_aws, strict_seed, strict_clients):
    strict_aws.hang_assignments()
    row = {
        "InstanceArn": strict_seed.instance_arn,
        "TargetId": strict_seed.accounts["prod"],
        "TargetType": "AWS_ACCOUNT",
        "PermissionSetArn": strict_seed.permission_sets["AdministratorAccess"],
        "PrincipalType": "USER",
        "PrincipalId": strict_seed.mallory,
    }
    sso, instance = strict_clients.sso_admin_once, strict_seed.instance_arn
    begun = sso.delete_account_assignment(**row)["AccountAssignmentDeletionStatus"]
    assert code(sso.delete_account_assignment, **row) == "ConflictException"
    listed = sso.list_account_assignment_deletion_status(
        InstanceArn=instance, Filter={"Status": "IN_PROGRESS"}
    )
    (shown,) = listed["AccountAssignmentsDeletionStatus"]
    assert (shown["RequestId"], shown["Status"]) == (begun["RequestId"], "IN_PROGRESS")
    assert shown["CreatedDate"] == begun["CreatedDate"]
    strict_aws.end_hanging()
    ended = sso.list_account_assignment_deletion_status(InstanceArn=instance, Filter={"Status": "SUCCEEDED"})
    assert len(ended["AccountAssignmentsDeletionStatus"]) == 1
    created = sso.list_account_assignment_creation_status(InstanceArn=instance)
    assert created["AccountAssignmentsCreationStatus"] == []


def test_everybody_who_has_a_set_in_an_account_is_listed(strict_aws, strict_seed, strict_clients):
    rows = strict_clients.sso_admin.list_account_assignments(
        InstanceArn=strict_seed.instance_arn,
        AccountId=strict_seed.accounts["prod"],
        PermissionSetArn=strict_seed.permission_sets["ReadOnlyAccess"],
    )["AccountAssignments"]
    assert {row["PrincipalId"] for row in rows} == {strict_seed.alice, strict_seed.carol, strict_seed.dan}


def test_a_synced_group_shows_who_owns_it_and_is_put_back(strict_aws, strict_seed, strict_clients):
    group = strict_aws.add_group("synced", synced=True)
    store = {"IdentityStoreId": strict_seed.identity_store_id}
    assert strict_clients.identity_store.describe_group(**store, GroupId=group)["ExternalIds"]
    plain = strict_clients.identity_store.describe_group(**store, GroupId=strict_seed.groups["developers"])
    assert "ExternalIds" not in plain
    strict_aws.sync_back(strict_seed.nina, group)
    assert user_of(strict_aws, "nina")["groups"] == [group]


def user_of(aws, name: str) -> dict:
    return next(user for user in aws.state()["users"] if user["UserName"] == name)


def test_entitlements_can_be_made_and_deleted_twice(strict_aws, strict_seed, strict_clients):
    strict_aws.entitle(strict_seed.alice, "arn:aws:iam::111122223333:role/R")
    client = strict_clients.account_access
    arn = client.list_applications()["applications"][0]["applicationArn"]
    who = {"identityCenter": {"userId": strict_seed.mallory}}
    role = {"principal": who, "roleArn": "arn:aws:iam::111122223333:role/R"}
    made = client.create_entitlement(applicationArn=arn, entitlement={"principalRole": role})["entitlementId"]
    listed = client.list_entitlements(applicationArn=arn, filter={"principalRole": {"principal": who}})
    assert [e["entitlementId"] for e in listed["entitlements"]] == [made]
    for _ in range(2):
        client.delete_entitlement(applicationArn=arn, entitlementId=made)
    assert user_of(strict_aws, "mallory")["entitlements"] == []


def test_accounts_come_with_their_paths(strict_seed, strict_clients):
    accounts = strict_clients.organizations.list_accounts()["Accounts"]
    prod = next(a for a in accounts if a["Id"] == strict_seed.accounts["prod"])
    unit = strict_seed.units["Workloads"]
    expected = "/".join([strict_seed.organization_id, strict_seed.root_id, unit, prod["Id"]]) + "/"
    assert prod["Paths"] == [expected]


def test_the_state_can_be_read_by_any_http_client(strict_aws, strict_seed):
    with urlopen(f"{strict_aws.endpoint_url}/_aws/state") as answer:
        state = json.load(answer)
    assert state["policies"][strict_seed.policy_id]["targets"] == [strict_seed.root_id]
    assert state["organization"]["root"] == strict_seed.root_id


def test_it_runs_alone_seeded_and_says_where(tmp_path):
    command = [sys.executable, "-m", "tests.sandbox.aws", "--seed"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as process:
        url = json.loads(process.stdout.readline())["url"]
        with urlopen(f"{url}/_aws/state") as answer:
            assert json.load(answer)["seeded"]
        process.terminate()
        assert process.wait(timeout=5) == 0
