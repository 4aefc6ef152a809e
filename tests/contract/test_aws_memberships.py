"""Group memberships: read with what they open, taken away, given back."""

import pytest

from tests.sandbox.aws import PretendAws
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.memberships import Memberships
from workers.domain.errors import AwsRefused, AwsUnsettled

pytest_plugins = ("tests.sandbox.aws.fixtures",)

ROLE = "arn:aws:iam::999922223333:role/Ops"


@pytest.fixture
def memberships(strict_clients, strict_seed, strict_pace) -> Memberships:
    return Memberships(strict_clients, IdentityCenter(strict_clients), strict_pace)


def always() -> bool:
    return True


def groups(aws: PretendAws, user: str = "mallory") -> list[str]:
    return next(u for u in aws.state(0)["users"] if u["UserName"] == user)["groups"]


def group_rows(aws: PretendAws) -> list[dict]:
    return [
        row
        for user in aws.state(0)["users"]
        for row in user["assignments"]
        if row["PrincipalType"] == "GROUP"
    ]


def test_a_membership_is_named_by_its_group_with_the_accounts_it_opens(memberships, strict_aws, strict_seed):
    developers = strict_seed.groups["developers"]
    strict_aws.entitle(developers, ROLE)
    (item,) = memberships.held(strict_seed.mallory)
    assert (item.key, item.name, item.synced) == (developers, "developers", False)
    assert set(item.accounts) == {strict_seed.accounts["data"], "999922223333"}


def test_a_group_that_an_identity_provider_owns_is_told_apart(memberships, strict_aws, strict_seed):
    synced = strict_aws.add_group("from the idp", synced=True)
    strict_aws.join(strict_seed.mallory, synced)
    assert {item.name: item.synced for item in memberships.held(strict_seed.mallory)} == {
        "developers": False,
        "from the idp": True,
    }


def test_many_groups_are_all_held(memberships, strict_aws, strict_seed):
    for number in range(12):
        strict_aws.join(strict_seed.nina, strict_aws.add_group(f"g{number}"))
    assert {item.name for item in memberships.held(strict_seed.nina)} == {f"g{n}" for n in range(12)}


def test_a_user_who_is_no_more_has_none(memberships, strict_aws, strict_seed):
    strict_aws.delete_user(strict_seed.mallory)
    assert memberships.held(strict_seed.mallory) == []


def test_a_group_that_cannot_be_read_goes_by_its_id(memberships, strict_aws, strict_seed):
    strict_aws.deny("DescribeGroup")
    strict_aws.deny("ListApplications")
    (item,) = memberships.held(strict_seed.mallory)
    assert item.name == strict_seed.groups["developers"]


def test_a_missing_right_to_account_access_keeps_nobody_in_a_group(memberships, strict_aws, strict_seed):
    strict_aws.entitle(strict_seed.groups["developers"], ROLE)
    strict_aws.deny("ListEntitlements")
    (item,) = memberships.held(strict_seed.mallory)
    assert item.accounts == (strict_seed.accounts["data"],)


def test_what_a_group_opens_is_never_guessed(memberships, strict_aws, strict_seed):
    strict_aws.deny("ListAccountAssignmentsForPrincipal")
    with pytest.raises(AwsRefused, match="sso:ListAccountAssignmentsForPrincipal"):
        memberships.held(strict_seed.mallory)


def test_the_membership_goes_and_the_groups_own_access_stays(memberships, strict_aws, strict_seed):
    before = len(group_rows(strict_aws))
    (result,) = memberships.remove(memberships.held(strict_seed.mallory), always)
    assert result.failed is None
    assert result.request_id
    assert groups(strict_aws) == []
    assert groups(strict_aws, "bob") == [strict_seed.groups["developers"]]
    assert len(group_rows(strict_aws)) == before - 1, "Bob still sees the group's row"
    assert strict_aws.calls("DeleteAccountAssignment") == []


def test_what_is_gone_already_counts_as_removed(memberships, strict_aws, strict_seed):
    items = memberships.held(strict_seed.mallory)
    strict_aws.leave(strict_seed.mallory, strict_seed.groups["developers"])
    assert [result.failed for result in memberships.remove(items, always)] == [None]


def test_one_that_was_made_again_meanwhile_goes_too(memberships, strict_aws, strict_seed):
    items = memberships.held(strict_seed.mallory)
    strict_aws.sync_back(strict_seed.mallory, strict_seed.groups["developers"])
    assert [result.failed for result in memberships.remove(items, always)] == [None]
    assert groups(strict_aws) == []


def test_it_is_the_same_item_after_it_was_made_again(memberships, strict_aws, strict_seed):
    (before,) = memberships.held(strict_seed.mallory)
    strict_aws.sync_back(strict_seed.mallory, strict_seed.groups["developers"])
    (after,) = memberships.held(strict_seed.mallory)
    assert after.key == before.key
    assert after.data != before.data


def test_throttling_is_tried_again(memberships, strict_aws, strict_seed):
    strict_aws.fault("DeleteGroupMembership", code="ThrottlingException", times=2)
    assert [r.failed for r in memberships.remove(memberships.held(strict_seed.mallory), always)] == [None]


def test_a_removal_that_aws_refuses_is_a_sentence(memberships, strict_aws, strict_seed):
    strict_aws.fault("DeleteGroupMembership", code="ValidationException", message="odd")
    (result,) = memberships.remove(memberships.held(strict_seed.mallory), always)
    assert result.failed.startswith(
        "developers: AWS refused to remove group memberships (ValidationException: odd)."
    )
    assert "Press Retry" in result.failed


def test_a_missing_right_is_named(memberships, strict_aws, strict_seed):
    strict_aws.deny("DeleteGroupMembership")
    with pytest.raises(AwsRefused, match="identitystore:DeleteGroupMembership"):
        list(memberships.remove(memberships.held(strict_seed.mallory), always))


def test_no_answer_in_time_is_unsettled(memberships, strict_aws, strict_seed, monkeypatch):
    monkeypatch.setattr("workers.adapters.aws.attempts.TRIES", 1)
    strict_aws.fault("DeleteGroupMembership", drop=True)
    with pytest.raises(AwsUnsettled):
        list(memberships.remove(memberships.held(strict_seed.mallory), always))


def test_it_is_given_back_once_and_counts_when_it_is_there(memberships, strict_aws, strict_seed):
    items = memberships.held(strict_seed.mallory)
    list(memberships.remove(items, always))
    for _ in range(2):
        assert [result.failed for result in memberships.give_back(items, always)] == [None]
    assert groups(strict_aws) == [strict_seed.groups["developers"]]


def test_a_group_that_is_gone_is_named(memberships, strict_aws, strict_seed):
    items = memberships.held(strict_seed.mallory)
    strict_aws.delete_group(strict_seed.groups["developers"])
    (result,) = memberships.give_back(items, always)
    assert result.failed.startswith("developers: the group is no more in the identity store.")


def test_a_user_who_is_gone_is_named(memberships, strict_aws, strict_seed):
    items = memberships.held(strict_seed.mallory)
    strict_aws.delete_user(strict_seed.mallory)
    (result,) = memberships.give_back(items, always)
    assert "the user is no more" in result.failed
