"""Which accounts the Deny policy reaches, read from the pretend AWS."""

import pytest

from tests.sandbox.aws import PretendAws, Seed
from workers.adapters.aws.organizations import OrganizationsTree
from workers.domain.errors import AwsRefused, AwsUnsettled

pytest_plugins = ("tests.sandbox.aws.fixtures",)


@pytest.fixture
def tree(strict_clients) -> OrganizationsTree:
    return OrganizationsTree(strict_clients)


def move_to(aws: PretendAws, seed: Seed, *targets: str) -> None:
    aws.detach(seed.root_id)
    for target in targets:
        aws.attach(target)


def test_from_the_root_it_reaches_all_but_the_management_account(tree, strict_seed):
    read = tree.attachment(strict_seed.policy_id)
    assert read.type_enabled
    assert read.management_account == strict_seed.management_account
    assert read.covered == set(strict_seed.accounts.values())
    assert read.accounts == read.covered | {strict_seed.management_account}


@pytest.mark.parametrize("paths", [True, False])
def test_from_a_unit_it_reaches_the_accounts_below(tree, strict_aws, strict_seed, paths):
    strict_aws.dials(paths=paths)
    move_to(strict_aws, strict_seed, strict_seed.units["Security"])
    below = {strict_seed.accounts["log-archive"], strict_seed.accounts["audit"]}
    assert tree.attachment(strict_seed.policy_id).covered == below


@pytest.mark.parametrize("paths", [True, False])
def test_from_a_unit_it_reaches_nested_units_too(tree, strict_aws, strict_seed, any_clients, paths):
    strict_aws.dials(paths=paths)
    parent, prod = strict_seed.units["Security"], strict_seed.accounts["prod"]
    made = any_clients.organizations.create_organizational_unit(ParentId=parent, Name="deep")
    strict_aws.ask("move_account", account_id=prod, parent_id=made["OrganizationalUnit"]["Id"])
    move_to(strict_aws, strict_seed, parent)
    assert prod in tree.attachment(strict_seed.policy_id).covered


@pytest.mark.parametrize("paths", [True, False])
def test_attached_to_one_account_it_reaches_that_one(tree, strict_aws, strict_seed, paths):
    strict_aws.dials(paths=paths)
    move_to(strict_aws, strict_seed, strict_seed.accounts["data"])
    assert tree.attachment(strict_seed.policy_id).covered == {strict_seed.accounts["data"]}


def test_attached_to_the_management_account_it_reaches_nobody(tree, strict_aws, strict_seed):
    move_to(strict_aws, strict_seed, strict_seed.management_account)
    assert tree.attachment(strict_seed.policy_id).covered == set()


def test_attached_nowhere_it_reaches_nobody(tree, strict_aws, strict_seed):
    strict_aws.detach(strict_seed.root_id)
    assert tree.attachment(strict_seed.policy_id).covered == set()


def test_an_empty_first_page_is_not_the_end(tree, strict_aws, strict_seed):
    strict_aws.dials(empty_first_page=True)
    assert tree.attachment(strict_seed.policy_id).covered == set(strict_seed.accounts.values())


def test_accounts_and_targets_beyond_the_first_page_count(tree, strict_aws):
    seed = strict_aws.seed(more_assignments=45)
    accounts = tree.attachment(seed.policy_id).covered
    assert len(accounts) == 50
    strict_aws.detach(seed.root_id)
    for account in accounts:
        strict_aws.attach(account)
    assert tree.attachment(seed.policy_id).covered == accounts


def test_with_paths_a_whole_organization_takes_few_calls(tree, strict_aws, strict_seed):
    tree.attachment(strict_seed.policy_id)
    assert len(strict_aws.calls()) <= 4


def test_a_policy_type_that_is_off_shows(tree, strict_aws, strict_seed):
    strict_aws.enable_policy_type(False)
    assert not tree.attachment(strict_seed.policy_id).type_enabled


@pytest.mark.parametrize(
    "operation", ["ListTargetsForPolicy", "ListRoots", "ListAccounts", "DescribeOrganization"]
)
def test_a_missing_right_is_refused_by_name(tree, strict_aws, strict_seed, operation):
    strict_aws.deny(operation)
    with pytest.raises(AwsRefused, match=f"organizations:{operation}"):
        tree.attachment(strict_seed.policy_id)


def test_a_read_is_repeated_three_times_before_it_is_unsettled(tree, strict_aws, strict_seed):
    strict_aws.fault("ListAccounts", code="TooManyRequestsException", times=2)
    assert tree.attachment(strict_seed.policy_id).accounts
    strict_aws.reset_calls()
    strict_aws.fault("ListAccounts", code="TooManyRequestsException", times=None)
    with pytest.raises(AwsUnsettled):
        tree.attachment(strict_seed.policy_id)
    assert len(strict_aws.calls("ListAccounts")) == 3
