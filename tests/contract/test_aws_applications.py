"""Application assignments of the user, and the applications that need none."""

import pytest

from tests.sandbox.aws import PretendAws
from workers.adapters.aws.applications import ApplicationAssignments, ApplicationsOpenToAll
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.names import Names
from workers.domain.errors import AwsRefused

pytest_plugins = ("tests.sandbox.aws.fixtures",)


@pytest.fixture
def applications(strict_clients, strict_seed, strict_pace) -> ApplicationAssignments:
    center = IdentityCenter(strict_clients)
    return ApplicationAssignments(strict_clients, center, strict_pace, Names(strict_clients, center))


def always() -> bool:
    return True


def assigned(aws: PretendAws) -> set[tuple[str, str]]:
    (mallory,) = (user for user in aws.state(0)["users"] if user["UserName"] == "mallory")
    return {(row["name"], row["PrincipalType"]) for row in mallory["applications"]}


@pytest.mark.parametrize("group_rows", [True, False])
def test_only_what_is_assigned_to_the_user_is_held(applications, strict_aws, strict_seed, group_rows):
    strict_aws.dials(group_rows=group_rows)
    (item,) = applications.held(strict_seed.mallory)
    assert (item.name, item.key, item.accounts) == ("wiki", strict_seed.applications["wiki"], ())


def test_every_page_is_read(applications, strict_aws, strict_seed):
    for number in range(102):
        arn = strict_aws.add_application(f"app {number}")
        strict_aws.assign_application(strict_seed.nina, arn)
    strict_aws.deny("DescribeApplication")
    items = applications.held(strict_seed.nina)
    assert len(items) == 102
    assert all(item.name.startswith("apl-") for item in items)


def test_it_goes_and_the_groups_stays(applications, strict_aws, strict_seed):
    (result,) = applications.remove(applications.held(strict_seed.mallory), always)
    assert result.failed is None
    assert result.request_id
    assert assigned(strict_aws) == {("tracker", "GROUP")}
    assert applications.held(strict_seed.mallory) == []


def test_what_is_gone_already_counts_as_removed(applications, strict_aws, strict_seed):
    items = applications.held(strict_seed.mallory)
    strict_aws.delete_application(strict_seed.applications["wiki"])
    assert [result.failed for result in applications.remove(items, always)] == [None]


def test_it_is_given_back_once_and_counts_when_it_is_there(applications, strict_aws, strict_seed):
    items = applications.held(strict_seed.mallory)
    list(applications.remove(items, always))
    for _ in range(2):
        assert [result.failed for result in applications.give_back(items, always)] == [None]
    assert assigned(strict_aws) == {("wiki", "USER"), ("tracker", "GROUP")}
    assert len(strict_aws.calls("CreateApplicationAssignment")) == 1


def test_an_answer_that_is_lost_counts_once_it_is_there(applications, strict_aws, strict_seed):
    items = applications.held(strict_seed.mallory)
    list(applications.remove(items, always))
    strict_aws.fault("CreateApplicationAssignment", drop=True, applied=True)
    assert [result.failed for result in applications.give_back(items, always)] == [None]


def test_an_application_that_is_gone_is_named(applications, strict_aws, strict_seed):
    items = applications.held(strict_seed.mallory)
    strict_aws.delete_application(strict_seed.applications["wiki"])
    (result,) = applications.give_back(items, always)
    assert result.failed.startswith("wiki: the application is no more")


def test_missing_rights_are_named(applications, strict_aws, strict_seed):
    items = applications.held(strict_seed.mallory)
    strict_aws.deny("DeleteApplicationAssignment")
    with pytest.raises(AwsRefused, match="sso:DeleteApplicationAssignment"):
        list(applications.remove(items, always))
    strict_aws.deny("ListApplicationAssignmentsForPrincipal")
    with pytest.raises(AwsRefused, match="sso:ListApplicationAssignmentsForPrincipal"):
        applications.held(strict_seed.mallory)


def test_a_user_who_is_no_more_has_none(applications, strict_aws, strict_seed):
    strict_aws.delete_user(strict_seed.nina)
    strict_aws.fault("ListApplicationAssignmentsForPrincipal", code="ResourceNotFoundException")
    assert applications.held(strict_seed.nina) == []


def test_enabled_applications_that_need_no_assignment_are_named(strict_clients, strict_aws, strict_seed):
    strict_aws.add_application("another", assignment_required=False)
    opened = ApplicationsOpenToAll(strict_clients, IdentityCenter(strict_clients)).open_to_all()
    assert opened == ["another", "canteen"]


def test_without_the_right_nothing_is_said_to_be_open(strict_clients, strict_aws, strict_seed):
    strict_aws.deny("GetApplicationAssignmentConfiguration")
    with pytest.raises(AwsRefused, match="sso:GetApplicationAssignmentConfiguration"):
        ApplicationsOpenToAll(strict_clients, IdentityCenter(strict_clients)).open_to_all()
