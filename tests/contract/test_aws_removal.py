"""Direct account assignments, taken away at AWS's pace: each heard to its end, none asked for twice."""

import time
from collections import Counter
from itertools import pairwise

import pytest

from tests.sandbox.aws import PretendAws, Seed
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.direct_assignments import DirectAssignments
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.names import Names
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.ports import GoingOn, Item

pytest_plugins = ("tests.sandbox.aws.fixtures",)

DELETE = "DeleteAccountAssignment"
DESCRIBE = "DescribeAccountAssignmentDeletionStatus"
LIST = "ListAccountAssignmentDeletionStatus"


@pytest.fixture
def assignments(strict_clients, strict_seed, strict_pace) -> DirectAssignments:
    return made(strict_clients, strict_pace)


def made(clients: AwsClients, pace) -> DirectAssignments:
    center = IdentityCenter(clients)
    return DirectAssignments(clients, center, pace, Names(clients, center))


def always() -> bool:
    return True


def for_seconds(seconds: float) -> GoingOn:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def deleted(aws: PretendAws) -> Counter[str]:
    """How often each account was asked to be taken away, where AWS said yes."""
    calls = aws.calls(DELETE)
    return Counter(call["params"]["TargetId"] for call in calls if call["code"] is None)


def left(aws: PretendAws, user: str = "mallory") -> list[dict]:
    found = next(u for u in aws.state(0)["users"] if u["UserName"] == user)
    return [row for row in found["assignments"] if row["PrincipalType"] == "USER"]


@pytest.mark.parametrize("group_rows", [True, False])
def test_what_is_held_directly_is_named_for_people(assignments, strict_aws, strict_seed, group_rows):
    strict_aws.dials(group_rows=group_rows)
    items = assignments.held(strict_seed.mallory)
    prod, staging = strict_seed.accounts["prod"], strict_seed.accounts["staging"]
    names = {f"AdministratorAccess in prod ({prod})", f"AdministratorAccess in staging ({staging})"}
    assert {item.name for item in items} == names
    assert {item.accounts for item in items} == {(prod,), (staging,)}
    assert all(isinstance(value, str) for item in items for value in item.data.values())


def test_names_that_cannot_be_read_leave_the_numbers(assignments, strict_aws, strict_seed):
    strict_aws.deny("DescribePermissionSet")
    strict_aws.deny("ListAccounts")
    arn, prod = strict_seed.permission_sets["AdministratorAccess"], strict_seed.accounts["prod"]
    assert f"{arn} in {prod}" in {item.name for item in assignments.held(strict_seed.mallory)}


def test_names_are_read_once(assignments, strict_aws, strict_seed):
    for _ in range(3):
        assignments.held(strict_seed.mallory)
    assert len(strict_aws.calls("DescribePermissionSet")) == len(strict_aws.calls("ListAccounts")) == 1


def test_a_user_who_is_no_more_has_nothing(assignments, strict_aws, strict_seed):
    strict_aws.delete_user(strict_seed.mallory)
    missing = {"code": "ResourceNotFoundException", "message": "User not found"}
    strict_aws.fault("ListAccountAssignmentsForPrincipal", **missing)
    assert assignments.held(strict_seed.mallory) == []


def test_a_missing_instance_is_never_read_as_no_access(assignments, strict_aws, strict_seed):
    strict_aws.fault(
        "ListAccountAssignmentsForPrincipal", code="ResourceNotFoundException", message="instance"
    )
    with pytest.raises(AwsRefused):
        assignments.held(strict_seed.mallory)


def test_forty_are_gone_with_never_more_than_fifteen_under_way(strict_clients, strict_aws, strict_pace):
    seed = strict_aws.seed(more_assignments=38)
    assignments = made(strict_clients, strict_pace)
    strict_aws.dials(assignment_ms=1500, throttle=True, group_rows=True)
    items = assignments.held(seed.mallory)
    strict_aws.reset_calls()
    results = list(assignments.remove(items, always))
    assert {result.item.key for result in results} == {item.key for item in items}
    assert len(results) == 40
    assert all(result.failed is None and result.request_id for result in results)
    assert left(strict_aws) == []
    assert strict_aws.most_outstanding() == 15
    assert throttled(strict_aws) == 0
    assert {call["params"]["PrincipalType"] for call in strict_aws.calls(DELETE)} == {"USER"}


def throttled(aws: PretendAws) -> int:
    return sum(call["code"] == "ThrottlingException" for call in aws.calls())


def test_two_hundred_go_near_the_speed_that_awss_limits_allow(strict_clients, strict_aws, strict_pace):
    seed = strict_aws.seed(more_assignments=198)
    assignments = made(strict_clients, strict_pace)
    items = assignments.held(seed.mallory)
    strict_aws.dials(assignment_ms=100, throttle=True)
    strict_aws.reset_calls()
    begun = time.monotonic()
    told = [time.monotonic() - begun for _result in assignments.remove(items, always)]
    assert len(told) == 200
    assert deleted(strict_aws).most_common(1)[0][1] == 1
    assert strict_aws.most_outstanding() <= 15
    assert throttled(strict_aws) <= 2
    # 200 calls at 20 a second are 10 s; the rest is asking how they ended, and a busy machine.
    assert told[-1] < 17
    assert told[0] < 5, "progress shows while others still wait"


def test_a_killed_run_is_resumed_without_a_second_request(strict_clients, strict_aws, strict_pace):
    seed = strict_aws.seed(more_assignments=28)
    strict_aws.dials(assignment_ms=2500)
    assignments = made(strict_clients, strict_pace)
    items = assignments.held(seed.mallory)
    strict_aws.reset_calls()
    before = list(assignments.remove(items, for_seconds(1.0)))
    under_way = deleted(strict_aws)
    assert before == []
    assert len(under_way) == 15
    again = made(strict_clients, strict_pace)
    after = list(again.remove(again.held(seed.mallory), always))
    assert len(after) == 30
    assert all(result.failed is None for result in after)
    assert set(deleted(strict_aws).values()) == {1}
    assert not any(call["code"] == "ConflictException" for call in strict_aws.calls(DELETE))
    assert strict_aws.most_outstanding() == 15


def test_an_answer_that_is_lost_leads_to_no_second_request(assignments, strict_aws, strict_seed):
    strict_aws.dials(assignment_ms=800)
    items = assignments.held(strict_seed.mallory)
    strict_aws.fault(DELETE, drop=True, applied=True, times=2)
    results = list(assignments.remove(items, always))
    assert [result.failed for result in results] == [None, None]
    assert len(strict_aws.calls(DELETE)) == 2


def test_what_another_run_began_is_found_after_a_conflict(
    assignments, strict_aws, strict_seed, strict_clients
):
    strict_aws.dials(assignment_ms=1200)
    (item, *_) = assignments.held(strict_seed.mallory)
    going_on = after_first_call(strict_aws, LIST, lambda: begin_by_hand(strict_clients, strict_seed, item))
    (result,) = assignments.remove([item], going_on)
    assert result.failed is None
    assert sum(call["code"] is None for call in strict_aws.calls(DELETE)) == 1


def after_first_call(aws: PretendAws, operation: str, act) -> GoingOn:
    """While the removal looks for what is under way, somebody else begins one."""
    aws.latency(400, operation)
    asked = []

    def going_on() -> bool:
        if aws.calls(operation) and not asked:
            asked.append(True)
            time.sleep(0.45)
            aws.latency(0, operation)
            act()
        return True

    return going_on


def begin_by_hand(clients: AwsClients, seed: Seed, item: Item) -> None:
    clients.sso_admin.delete_account_assignment(
        InstanceArn=seed.instance_arn,
        TargetId=item.data["account_id"],
        TargetType="AWS_ACCOUNT",
        PermissionSetArn=item.data["permission_set_arn"],
        PrincipalType="USER",
        PrincipalId=item.data["user_id"],
    )


def test_what_failed_is_told_with_awss_reason_and_what_to_do(assignments, strict_aws, strict_seed):
    strict_aws.fail_assignments("Received a 403 status error: <!channel>\n not authorized to iam:DeleteRole.")
    results = list(assignments.remove(assignments.held(strict_seed.mallory), always))
    (failed,) = [result.failed for result in results if result.failed]
    assert failed.startswith("AdministratorAccess in ")
    assert "Received a 403 status error: <!channel> not authorized to iam:DeleteRole. Press Retry" in failed
    assert len(left(strict_aws)) == 1


def test_what_stays_in_progress_for_ever_ends_as_a_sentence(assignments, strict_aws, strict_seed):
    strict_aws.hang_assignments()
    items = assignments.held(strict_seed.mallory)
    early = list(assignments.remove(items, for_seconds(1.5)))
    assert [result.failed for result in early] == [None]
    strict_aws.dials(date_skew_s=601)
    (late,) = assignments.remove(assignments.held(strict_seed.mallory), always)
    assert "over 10 minutes" in late.failed
    assert "Press Retry, or remove it in IAM Identity Center" in late.failed
    assert set(deleted(strict_aws).values()) == {1}
    strict_aws.end_hanging()
    assert assignments.held(strict_seed.mallory) == []


def test_it_becomes_stuck_within_a_run_too(assignments, strict_aws, strict_seed):
    strict_aws.hang_assignments(2)
    begun = time.monotonic()

    def going_on() -> bool:
        if time.monotonic() - begun > 1:
            strict_aws.dials(date_skew_s=700)
        return True

    results = list(assignments.remove(assignments.held(strict_seed.mallory), going_on))
    assert ["over 10 minutes" in result.failed for result in results] == [True, True]


def test_what_others_left_hanging_does_not_stop_a_removal(strict_clients, strict_aws, strict_pace):
    seed = strict_aws.seed(more_assignments=13)
    assignments = made(strict_clients, strict_pace)
    items = assignments.held(seed.mallory)
    strict_aws.hang_assignments(14)
    list(assignments.remove(items[:14], for_seconds(1.5)))
    (result,) = assignments.remove(items[14:], always)
    assert result.failed is None


def test_what_is_gone_already_counts_as_removed(assignments, strict_aws, strict_seed):
    items = assignments.held(strict_seed.mallory)
    for item in items:
        strict_aws.unassign(strict_seed.mallory, item.data["account_id"], item.data["permission_set_arn"])
    assert [result.failed for result in assignments.remove(items, always)] == [None, None]


def test_a_busy_account_and_throttling_are_tried_again(assignments, strict_aws, strict_seed):
    strict_aws.fault(DELETE, code="ConflictException", times=1)
    strict_aws.fault(DELETE, code="ThrottlingException", times=2)
    strict_aws.fault(DESCRIBE, code="ThrottlingException", times=1)
    strict_aws.fault(LIST, code="ThrottlingException", times=1)
    results = list(assignments.remove(assignments.held(strict_seed.mallory), always))
    assert [result.failed for result in results] == [None, None]
    assert left(strict_aws) == []


def test_what_stays_busy_until_the_run_ends_is_not_told(assignments, strict_aws, strict_seed):
    strict_aws.fault(DELETE, code="ConflictException", times=None)
    assert list(assignments.remove(assignments.held(strict_seed.mallory), for_seconds(1.0))) == []


def test_what_was_tried_often_enough_ends_the_run_as_unsettled(
    assignments, strict_aws, strict_seed, monkeypatch
):
    monkeypatch.setattr("workers.adapters.aws.attempts.TRIES", 2)
    (item, _) = assignments.held(strict_seed.mallory)
    strict_aws.fault(DELETE, code="InternalServerException", status=500, times=None)
    with pytest.raises(AwsUnsettled):
        list(assignments.remove([item], always))


def test_a_missing_right_ends_the_run_and_is_named(strict_clients, strict_aws, strict_pace):
    seed = strict_aws.seed(more_assignments=20)
    assignments = made(strict_clients, strict_pace)
    items = assignments.held(seed.mallory)
    strict_aws.reset_calls()
    strict_aws.deny(DELETE)
    with pytest.raises(AwsRefused, match="sso:DeleteAccountAssignment"):
        list(assignments.remove(items, always))
    assert len(strict_aws.calls(DELETE)) < 8
    strict_aws.clear_faults()
    strict_aws.deny(DESCRIBE)
    with pytest.raises(AwsRefused, match=f"sso:{DESCRIBE}"):
        list(assignments.remove(items[:2], always))


def test_one_that_may_not_be_removed_does_not_keep_the_others(assignments, strict_aws, strict_seed):
    items = assignments.held(strict_seed.mallory)
    message = "You don't have permissions to access this resource."
    strict_aws.fault(DELETE, code="AccessDeniedException", message=message, times=1)
    results = list(assignments.remove(items, always))
    assert sorted(result.failed is None for result in results) == [False, True]
    assert "sso:DeleteAccountAssignment" in next(result.failed for result in results if result.failed)


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "AccessDeniedException", "message": "no"},
        {"code": "InternalServerException", "status": 500},
        {"code": "UnknownOperationException", "status": 404},
    ],
)
def test_without_awss_list_of_requests_each_is_asked_about(assignments, strict_aws, strict_seed, fault):
    strict_aws.dials(assignment_ms=500)
    strict_aws.fault(LIST, times=None, **fault)
    results = list(assignments.remove(assignments.held(strict_seed.mallory), always))
    assert [result.failed for result in results] == [None, None]
    assert left(strict_aws) == []


def test_the_callers_lock_is_kept_alive_while_aws_hangs(assignments, strict_aws, strict_seed):
    strict_aws.latency(1500, DELETE)
    asked: list[float] = []

    def going_on() -> bool:
        asked.append(time.monotonic())
        return True

    list(assignments.remove(assignments.held(strict_seed.mallory), going_on))
    assert max(b - a for a, b in pairwise(asked)) < 0.5


def test_a_run_that_must_end_begins_nothing_more(strict_clients, strict_aws, strict_pace):
    seed = strict_aws.seed(more_assignments=40)
    assignments = made(strict_clients, strict_pace)
    items = assignments.held(seed.mallory)
    list(assignments.remove(items, for_seconds(0.6)))
    time.sleep(0.2)
    begun = len(strict_aws.calls(DELETE))
    time.sleep(0.5)
    assert 0 < begun == len(strict_aws.calls(DELETE)) < 42


def test_a_deleted_users_leftovers_can_be_removed(assignments, strict_aws, strict_seed):
    strict_aws.delete_user(strict_seed.mallory)
    items = assignments.held(strict_seed.mallory)
    assert len(items) == 2
    assert [result.failed for result in assignments.remove(items, always)] == [None, None]
