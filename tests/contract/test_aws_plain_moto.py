"""The adapters against moto's own server, without our layer: nothing of ours is needed for them to work."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer
from redis import Redis

from workers.adapters.aws.access import access
from workers.adapters.aws.applications import ApplicationsOpenToAll
from workers.adapters.aws.assignments import AwsAssignments
from workers.adapters.aws.clients import AwsClients, aws_clients
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.identity_store import IdentityStoreDirectory
from workers.adapters.aws.last_of_set import LastAssignments
from workers.adapters.aws.organizations import OrganizationsDenyPolicy, OrganizationsTree
from workers.adapters.aws.pacing import Pace
from workers.adapters.aws.prepare import Wish, apply
from workers.adapters.redis_connection import hasty
from workers.adapters.redis_server import RedisServer
from workers.domain.deny_document import parse
from workers.domain.step import Kind


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def clients(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> AwsClients:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "pretend")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return aws_clients()


@pytest.fixture
def center(clients: AwsClients) -> IdentityCenter:
    return IdentityCenter(clients)


def add_user(clients, center, name: str, *emails: str) -> str:
    given = {"Emails": [{"Value": email, "Primary": True} for email in emails]} if emails else {}
    names = {"UserName": name, "DisplayName": name, "Name": {"GivenName": name, "FamilyName": name}}
    return clients.identity_store.create_user(IdentityStoreId=center.store_id, **names, **given)["UserId"]


def test_a_policy_is_prepared_written_and_found_attached(clients):
    clients.organizations.create_organization(FeatureSet="ALL")
    member = clients.organizations.create_account(AccountName="a", Email="a@example.com")
    prepared = apply(clients, Wish(enable_policy_type=True))
    policy = OrganizationsDenyPolicy(clients, prepared.policy_id)
    user_id = "1234567890-12345678-1234-1234-1234-123456789012"
    assert policy.write(parse(policy.read().text).render([user_id]))
    assert parse(policy.read().text).user_ids == {user_id}
    read = OrganizationsTree(clients).attachment(prepared.policy_id)
    assert read.type_enabled
    assert read.covered == {member["CreateAccountStatus"]["AccountId"]}


def test_people_are_found_though_somebody_has_no_e_mail(clients, center):
    add_user(clients, center, "aaa-no-mail")
    bob = add_user(clients, center, "bob", "Bob@Example.com")
    directory = IdentityStoreDirectory(clients, center)
    (by_email,) = directory.by_email("bob@example.com")
    (by_name,) = directory.by_user_name("BOB")
    assert by_email == by_name == directory.by_user_id(bob)
    assert by_email.sign_in is None
    assert directory.by_email("nobody@example.com") == []


def test_two_users_with_one_e_mail_are_both_found(clients, center):
    twins = {add_user(clients, center, name, "twin@example.com") for name in ("twin1", "twin2")}
    found = IdentityStoreDirectory(clients, center).by_email("twin@example.com")
    assert {user.user_id for user in found} == twins


def test_access_is_read_and_account_access_is_not_in_use(clients, center):
    carol = add_user(clients, center, "carol", "carol@example.com")
    group = clients.identity_store.create_group(IdentityStoreId=center.store_id, DisplayName="g")["GroupId"]
    clients.identity_store.create_group_membership(
        IdentityStoreId=center.store_id, GroupId=group, MemberId={"UserId": carol}
    )
    made = clients.sso_admin.create_permission_set(Name="Admin", InstanceArn=center.instance_arn)
    permission_set = made["PermissionSet"]["PermissionSetArn"]
    for kind, principal in (("USER", carol), ("GROUP", group)):
        clients.sso_admin.create_account_assignment(
            InstanceArn=center.instance_arn,
            TargetId="111122223333",
            TargetType="AWS_ACCOUNT",
            PermissionSetArn=permission_set,
            PrincipalType=kind,
            PrincipalId=principal,
        )
    assignments = AwsAssignments(clients, center)
    assert IdentityStoreDirectory(clients, center).group_ids(carol) == [group]
    assert [row.account_id for row in assignments.of("USER", carol)] == ["111122223333"]
    assert [row.permission_set_arn for row in assignments.of("GROUP", group)] == [permission_set]
    assert assignments.entitlements(carol, [group]) is None


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.ensure()
    yield hasty(server.url)
    server.stop()


def test_access_is_taken_and_given_back(clients, center, redis):
    dora = add_user(clients, center, "dora", "dora@example.com")
    group = clients.identity_store.create_group(IdentityStoreId=center.store_id, DisplayName="ops")["GroupId"]
    clients.identity_store.create_group_membership(
        IdentityStoreId=center.store_id, GroupId=group, MemberId={"UserId": dora}
    )
    made = clients.sso_admin.create_permission_set(Name="Ops", InstanceArn=center.instance_arn)
    for account in ("111122223333", "444455556666"):
        clients.sso_admin.create_account_assignment(
            InstanceArn=center.instance_arn,
            TargetId=account,
            TargetType="AWS_ACCOUNT",
            PermissionSetArn=made["PermissionSet"]["PermissionSetArn"],
            PrincipalType="USER",
            PrincipalId=dora,
        )
    kinds = access(clients, center, Pace(redis))
    names = {"Ops in 111122223333", "Ops in 444455556666"}
    for kind, expected in ((Kind.ASSIGNMENTS, names), (Kind.MEMBERSHIPS, {"ops"})):
        items = kinds[kind].held(dora)
        assert {item.name for item in items} == expected
        assert {result.failed for result in kinds[kind].remove(items, lambda: True)} == {None}
        assert kinds[kind].held(dora) == []
        assert {result.failed for result in kinds[kind].give_back(items, lambda: True)} == {None}
        assert {item.key for item in kinds[kind].held(dora)} == {item.key for item in items}
    assert kinds[Kind.APPLICATIONS].held(dora) is None
    assert kinds[Kind.ENTITLEMENTS].held(dora) is None
    assert ApplicationsOpenToAll(clients, center).open_to_all() == []
    last = LastAssignments(clients, center, Pace(redis)).last(
        kinds[Kind.ASSIGNMENTS].held(dora), lambda: True
    )
    assert [is_last for _, is_last in last] == [True, True]
