"""Roles given to the user directly by account access manager."""

import pytest

from workers.adapters.aws.entitlements import DirectEntitlements
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.names import Names
from workers.domain.errors import AwsRefused

pytest_plugins = ("tests.sandbox.aws.fixtures",)

ROLE = "arn:aws:iam::999922223333:role/team/Ops"


@pytest.fixture
def entitlements(strict_clients, strict_seed, strict_pace) -> DirectEntitlements:
    return DirectEntitlements(
        strict_clients, strict_pace, Names(strict_clients, IdentityCenter(strict_clients))
    )


def always() -> bool:
    return True


def test_without_an_application_or_the_service_it_is_not_in_use(entitlements, strict_aws, strict_seed):
    assert entitlements.held(strict_seed.mallory) is None
    strict_aws.dials(account_access=False)
    assert entitlements.held(strict_seed.mallory) is None


def test_only_the_users_own_are_held(entitlements, strict_aws, strict_seed):
    strict_aws.entitle(strict_seed.groups["developers"], ROLE)
    assert entitlements.held(strict_seed.mallory) == []
    strict_aws.entitle(strict_seed.mallory, ROLE)
    (item,) = entitlements.held(strict_seed.mallory)
    assert item.name == "role Ops in 999922223333"
    assert item.accounts == ("999922223333",)
    assert all(isinstance(value, str) for value in item.data.values())


def test_they_go_the_groups_stay_and_they_come_back_as_the_same(entitlements, strict_aws, strict_seed):
    strict_aws.entitle(strict_seed.groups["developers"], ROLE)
    for number in range(3):
        strict_aws.entitle(strict_seed.mallory, f"{ROLE}{number}")
    items = entitlements.held(strict_seed.mallory)
    results = list(entitlements.remove(items, always))
    assert [(result.failed, bool(result.request_id)) for result in results] == [(None, True)] * 3
    assert entitlements.held(strict_seed.mallory) == []
    for _ in range(2):
        assert [result.failed for result in entitlements.give_back(items, always)] == [None] * 3
    after = entitlements.held(strict_seed.mallory)
    assert {item.key for item in after} == {item.key for item in items}
    (mallory,) = (user for user in strict_aws.state(0)["users"] if user["UserName"] == "mallory")
    assert len(mallory["entitlements"]) == 4


def test_what_cannot_be_given_back_is_a_sentence(entitlements, strict_aws, strict_seed):
    strict_aws.entitle(strict_seed.mallory, ROLE)
    items = entitlements.held(strict_seed.mallory)
    strict_aws.delete_user(strict_seed.mallory)
    (result,) = entitlements.give_back(items, always)
    assert result.failed.startswith(
        "role Ops in 999922223333: the application of account access manager, the role or"
    )


def test_missing_rights_are_named(entitlements, strict_aws, strict_seed):
    strict_aws.entitle(strict_seed.mallory, ROLE)
    items = entitlements.held(strict_seed.mallory)
    strict_aws.deny("DeleteEntitlement")
    with pytest.raises(AwsRefused, match="account-access:DeleteEntitlement"):
        list(entitlements.remove(items, always))
    strict_aws.deny("CreateEntitlement")
    with pytest.raises(AwsRefused, match="account-access:CreateEntitlement"):
        list(entitlements.give_back(items, always))


def test_a_change_in_progress_is_tried_again(entitlements, strict_aws, strict_seed):
    strict_aws.entitle(strict_seed.mallory, ROLE)
    strict_aws.fault("DeleteEntitlement", code="ConflictException", status=409)
    results = list(entitlements.remove(entitlements.held(strict_seed.mallory), always))
    assert [result.failed for result in results] == [None]
