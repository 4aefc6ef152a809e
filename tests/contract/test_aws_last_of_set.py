"""Whether a permission set's role goes with an assignment."""

import time

import pytest

from workers.adapters.aws.direct_assignments import DirectAssignments
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.last_of_set import LastAssignments
from workers.adapters.aws.names import Names
from workers.adapters.aws.pacing import SSO_ADMIN
from workers.domain.errors import AwsRefused

pytest_plugins = ("tests.sandbox.aws.fixtures",)


@pytest.fixture
def items(strict_clients, strict_seed, strict_pace):
    center = IdentityCenter(strict_clients)
    names = Names(strict_clients, center)
    return DirectAssignments(strict_clients, center, strict_pace, names).held(strict_seed.mallory)


@pytest.fixture
def last(strict_clients, strict_seed, strict_pace) -> LastAssignments:
    return LastAssignments(strict_clients, IdentityCenter(strict_clients), strict_pace)


def always() -> bool:
    return True


def test_an_assignment_is_the_last_when_nobody_else_has_it_there(last, strict_aws, strict_seed, items):
    prod, staging = strict_seed.accounts["prod"], strict_seed.accounts["staging"]
    admin = strict_seed.permission_sets["AdministratorAccess"]
    strict_aws.assign(strict_seed.groups["developers"], prod, admin)
    found = {item.accounts[0]: is_last for item, is_last in last.last(items, always)}
    assert found == {prod: False, staging: True}


def test_a_set_that_is_gone_is_no_last_one(last, strict_aws, strict_seed, items):
    strict_aws.delete_permission_set(strict_seed.permission_sets["AdministratorAccess"])
    assert [is_last for _, is_last in last.last(items, always)] == [False, False]


def test_it_ends_when_told(last, items):
    assert list(last.last(items, lambda: False)) == []


def test_throttling_is_tried_again_and_a_missing_right_is_named(last, strict_aws, items):
    strict_aws.fault("ListAccountAssignments", code="ThrottlingException")
    assert len(list(last.last(items, always))) == 2
    strict_aws.deny("ListAccountAssignments")
    with pytest.raises(AwsRefused, match="sso:ListAccountAssignments"):
        list(last.last(items, always))


def test_it_waits_while_a_removal_needs_the_calls(last, strict_aws, strict_pace, items):
    for _ in range(8):
        strict_pace.wait(SSO_ADMIN)
    strict_aws.reset_calls()
    end = time.monotonic() + 0.4

    def going_on() -> bool:
        strict_pace.take(SSO_ADMIN)
        return time.monotonic() < end

    assert list(last.last(items, going_on)) == []
    assert strict_aws.calls("ListAccountAssignments") == []
