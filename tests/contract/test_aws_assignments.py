"""What a person may still use to get credentials, read from the pretend AWS."""

import socket

import pytest
from botocore.exceptions import EndpointConnectionError

from workers.adapters.aws.assignments import AwsAssignments
from workers.adapters.aws.clients import aws_clients
from workers.adapters.aws.identity_center import IdentityCenter
from workers.domain.errors import AwsRefused, AwsUnsettled

pytest_plugins = ("tests.sandbox.aws.fixtures",)

ROLE = "arn:aws:iam::111122223333:role/Ops"


@pytest.fixture
def assignments(strict_clients, strict_seed) -> AwsAssignments:
    return AwsAssignments(strict_clients, IdentityCenter(strict_clients))


def test_direct_assignments_are_listed(assignments, strict_seed):
    found = {(row.account_id, row.permission_set_arn) for row in assignments.of("USER", strict_seed.mallory)}
    admin = strict_seed.permission_sets["AdministratorAccess"]
    assert found == {(strict_seed.accounts["prod"], admin), (strict_seed.accounts["staging"], admin)}


def test_a_groups_assignments_are_listed(assignments, strict_seed):
    (row,) = assignments.of("GROUP", strict_seed.groups["developers"])
    assert row.account_id == strict_seed.accounts["data"]


@pytest.mark.parametrize("group_rows", [True, False])
def test_what_reaches_a_user_through_a_group_is_not_counted_as_direct(
    assignments, strict_aws, strict_seed, group_rows
):
    strict_aws.dials(group_rows=group_rows)
    assert len(assignments.of("USER", strict_seed.mallory)) == 2


def test_somebody_without_access_has_none(assignments, strict_seed):
    assert assignments.of("USER", strict_seed.nina) == []


def test_assignments_beyond_the_first_page_count(strict_clients, strict_aws):
    seed = strict_aws.seed(more_assignments=120)
    assignments = AwsAssignments(strict_clients, IdentityCenter(strict_clients))
    assert len(assignments.of("USER", seed.mallory)) == 122


def test_a_missing_right_is_refused_and_never_read_as_no_access(assignments, strict_aws, strict_seed):
    strict_aws.deny("ListAccountAssignmentsForPrincipal")
    with pytest.raises(AwsRefused, match="sso:ListAccountAssignmentsForPrincipal"):
        assignments.of("USER", strict_seed.mallory)


def test_a_busy_identity_center_is_unsettled(assignments, strict_aws, strict_seed):
    strict_aws.fault("ListAccountAssignmentsForPrincipal", code="ThrottlingException", times=None)
    with pytest.raises(AwsUnsettled):
        assignments.of("USER", strict_seed.mallory)


def test_without_applications_account_access_is_not_in_use(assignments, strict_seed):
    assert assignments.entitlements(strict_seed.mallory, []) is None


def test_a_region_without_account_access_is_not_in_use(assignments, strict_aws, strict_seed):
    strict_aws.dials(account_access=False)
    assert assignments.entitlements(strict_seed.mallory, []) is None


def test_entitlements_of_the_user_and_of_the_groups_are_counted_once_each(
    assignments, strict_aws, strict_seed
):
    developers = strict_seed.groups["developers"]
    strict_aws.entitle(strict_seed.mallory, ROLE)
    strict_aws.entitle(developers, ROLE)
    strict_aws.entitle(strict_seed.alice, ROLE)
    assert assignments.entitlements(strict_seed.mallory, [developers]) == 2
    assert assignments.entitlements(strict_seed.mallory, [developers, developers]) == 2
    assert assignments.entitlements(strict_seed.nina, []) == 0


def test_entitlements_beyond_the_first_page_count(assignments, strict_aws, strict_seed):
    for number in range(103):
        strict_aws.entitle(strict_seed.mallory, f"{ROLE}{number}")
    assert assignments.entitlements(strict_seed.mallory, []) == 103


@pytest.mark.parametrize("operation", ["ListApplications", "ListEntitlements"])
def test_a_missing_right_to_account_access_is_refused_by_name(
    assignments, strict_aws, strict_seed, operation
):
    strict_aws.entitle(strict_seed.mallory, ROLE)
    strict_aws.deny(operation)
    with pytest.raises(AwsRefused, match=f"account-access:{operation}"):
        assignments.entitlements(strict_seed.mallory, [])


def test_a_broken_account_access_is_unsettled(assignments, strict_aws, strict_seed):
    strict_aws.fault("ListApplications", code="InternalServerException", status=500, times=None)
    with pytest.raises(AwsUnsettled):
        assignments.entitlements(strict_seed.mallory, [])


@pytest.mark.parametrize(
    ("errno", "in_use_unknown"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True), (None, True)]
)
def test_only_a_host_that_does_not_exist_proves_that_the_region_has_no_account_access(
    strict_clients, errno, in_use_unknown
):
    cause = OSError("refused") if errno is None else socket.gaierror(errno, "resolving")

    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://account-access.example", error=cause)

    clients = aws_clients()
    assignments = AwsAssignments(clients, IdentityCenter(clients))
    clients.account_access.meta.events.register("before-call.account-access.ListApplications", unreachable)
    if in_use_unknown:
        with pytest.raises(AwsUnsettled):
            assignments.entitlements("u", [])
    else:
        assert assignments.entitlements("u", []) is None
