"""The operator's preparation: the Deny policy created, attached, and nothing else touched."""

import pytest

from workers.adapters.aws.prepare import NAME, Wish, apply, plan
from workers.domain.deny_document import EMPTY
from workers.domain.errors import AwsRefused, PolicyRefused

pytest_plugins = ("tests.sandbox.aws.fixtures",)

WRITES = {"CreatePolicy", "AttachPolicy", "EnablePolicyType", "UpdatePolicy", "DetachPolicy", "DeletePolicy"}


def writes(aws) -> list[str]:
    return [call["operation"] for call in aws.calls() if call["operation"] in WRITES]


def test_a_plan_says_what_is_missing_and_changes_nothing(strict_aws, prepare_clients):
    seed = strict_aws.seed(policy=False)
    strict_aws.reset_calls()
    planned = plan(prepare_clients, Wish())
    assert planned.policy_id is None
    assert planned.steps == (
        f"Create the service control policy {NAME}, denying nobody",
        f"Attach {NAME} to {seed.root_id}",
    )
    assert writes(strict_aws) == []


def test_it_creates_the_policy_denying_nobody_and_attaches_it_to_the_root(strict_aws, prepare_clients):
    seed = strict_aws.seed(policy=False)
    done = apply(prepare_clients, Wish())
    made = strict_aws.state()["policies"][done.policy_id]
    assert (made["text"], made["targets"]) == (EMPTY, [seed.root_id])
    assert done.steps[-1] == f"Set REVOKE_DENY_POLICIES={done.policy_id}"


def test_a_second_run_changes_nothing(strict_aws, prepare_clients):
    strict_aws.seed(policy=False)
    first = apply(prepare_clients, Wish())
    strict_aws.reset_calls()
    second = apply(prepare_clients, Wish())
    assert second.policy_id == first.policy_id
    assert second.steps[0].startswith("Nothing:")
    assert writes(strict_aws) == []


def test_named_targets_are_attached_and_none_is_detached(strict_aws, prepare_clients, strict_seed):
    unit = strict_seed.units["Security"]
    apply(prepare_clients, Wish(targets=(unit,)))
    targets = strict_aws.state()["policies"][strict_seed.policy_id]["targets"]
    assert set(targets) == {strict_seed.root_id, unit}
    assert writes(strict_aws) == ["AttachPolicy"]


def test_the_policy_type_is_enabled_only_when_asked(strict_aws, prepare_clients):
    strict_aws.seed(policy=False, policy_type=False)
    strict_aws.reset_calls()
    with pytest.raises(AwsRefused, match="--enable-policy-type"):
        apply(prepare_clients, Wish())
    assert writes(strict_aws) == []
    done = apply(prepare_clients, Wish(enable_policy_type=True))
    assert writes(strict_aws) == ["CreatePolicy", "EnablePolicyType", "AttachPolicy"]
    assert done.policy_id


def test_people_already_denied_stay_denied(strict_aws, prepare_clients, strict_seed):
    text = EMPTY.replace('["Add', f'["{strict_seed.mallory}","Add')
    strict_aws.edit_policy(text)
    apply(prepare_clients, Wish())
    assert strict_aws.policy_text() == text


def test_a_policy_of_that_name_with_another_shape_is_refused_and_left_alone(
    strict_aws, prepare_clients, strict_seed
):
    strict_aws.edit_policy('{"Version":"2012-10-17","Statement":[]}')
    with pytest.raises(PolicyRefused) as caught:
        apply(prepare_clients, Wish())
    assert caught.value.code == "shape"
    assert writes(strict_aws) == []


def test_a_missing_right_is_named(strict_aws, prepare_clients):
    strict_aws.seed(policy=False)
    strict_aws.deny("CreatePolicy")
    with pytest.raises(PolicyRefused, match="organizations:CreatePolicy"):
        apply(prepare_clients, Wish())


def test_a_target_with_ten_policies_is_told_in_awss_words(
    strict_aws, prepare_clients, any_clients, strict_seed
):
    for number in range(9):
        made = any_clients.organizations.create_policy(
            Name=f"n{number}", Description="", Type="SERVICE_CONTROL_POLICY", Content=EMPTY
        )
        policy_id = made["Policy"]["PolicySummary"]["Id"]
        strict_aws.attach(strict_seed.units["Security"], policy_id)
    with pytest.raises(PolicyRefused, match="Too many policies"):
        apply(prepare_clients, Wish(targets=(strict_seed.units["Security"],)))
