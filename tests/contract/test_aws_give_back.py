"""Direct account assignments given back: what is missing is made, what cannot be made is named."""

import time

import pytest

from tests.sandbox.aws import PretendAws
from workers.adapters.aws.direct_assignments import DirectAssignments
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.names import Names
from workers.domain.errors import AwsRefused

pytest_plugins = ("tests.sandbox.aws.fixtures",)

CREATE = "CreateAccountAssignment"


@pytest.fixture
def assignments(strict_clients, strict_seed, strict_pace) -> DirectAssignments:
    center = IdentityCenter(strict_clients)
    return DirectAssignments(strict_clients, center, strict_pace, Names(strict_clients, center))


@pytest.fixture
def taken(assignments, strict_aws, strict_seed):
    """Mallory's two assignments, which are gone."""
    items = assignments.held(strict_seed.mallory)
    for item in items:
        strict_aws.unassign(strict_seed.mallory, item.data["account_id"], item.data["permission_set_arn"])
    return items


def always() -> bool:
    return True


def made(aws: PretendAws) -> int:
    return sum(call["code"] is None for call in aws.calls(CREATE))


def test_what_was_taken_is_there_again(assignments, strict_aws, strict_seed, taken):
    strict_aws.dials(assignment_ms=300)
    results = list(assignments.give_back(taken, always))
    assert [result.failed for result in results] == [None, None]
    assert assignments.held(strict_seed.mallory) == taken


def test_what_is_there_already_is_not_made_again(assignments, strict_aws, strict_seed):
    items = assignments.held(strict_seed.mallory)
    assert [result.failed for result in assignments.give_back(items, always)] == [None, None]
    assert made(strict_aws) == 0


def test_a_killed_run_is_resumed_without_a_second_request(assignments, strict_aws, taken):
    strict_aws.dials(assignment_ms=1500)
    end = time.monotonic() + 0.7
    assert list(assignments.give_back(taken, lambda: time.monotonic() < end)) == []
    results = list(assignments.give_back(taken, always))
    assert [result.failed for result in results] == [None, None]
    assert made(strict_aws) == 2


def test_a_permission_set_that_is_gone_is_named(assignments, strict_aws, strict_seed, taken):
    strict_aws.delete_permission_set(strict_seed.permission_sets["AdministratorAccess"])
    for result in assignments.give_back(taken, always):
        assert "the permission set is no more" in result.failed
        assert result.failed.startswith("AdministratorAccess in ")
        assert "Give it back in IAM Identity Center" in result.failed


def test_a_user_who_is_gone_is_named(assignments, strict_aws, strict_seed, taken):
    strict_aws.delete_user(strict_seed.mallory)
    assert all("the user is no more" in result.failed for result in assignments.give_back(taken, always))


def test_an_account_that_aws_does_not_find_is_named(assignments, strict_aws, taken):
    strict_aws.fault(CREATE, code="ResourceNotFoundException", times=None)
    for result in assignments.give_back(taken, always):
        assert f"AWS does not find the account {result.item.data['account_id']}." in result.failed


def test_what_aws_fails_to_make_is_told_with_its_reason(assignments, strict_aws, taken):
    strict_aws.fail_assignments("The role could not be made", times=2)
    for result in assignments.give_back(taken, always):
        assert "AWS has not given it back, and says: The role could not be made." in result.failed


def test_a_missing_right_is_named(assignments, strict_aws, taken):
    strict_aws.deny(CREATE)
    with pytest.raises(AwsRefused, match=f"sso:{CREATE}"):
        list(assignments.give_back(taken, always))
