"""The Deny policy's adapter against the pretend AWS: what it reads, what it sends, and what it says on faults."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.sandbox.aws import PretendAws, Seed
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.organizations import OrganizationsDenyPolicy
from workers.domain.deny_document import EMPTY, parse
from workers.domain.errors import AwsUnsettled, PolicyRefused

pytest_plugins = ("tests.sandbox.aws.fixtures",)


@pytest.fixture
def policy(strict_clients: AwsClients, strict_seed: Seed) -> OrganizationsDenyPolicy:
    assert strict_seed.policy_id is not None
    return OrganizationsDenyPolicy(strict_clients, strict_seed.policy_id)


def denying(*user_ids: str) -> str:
    return parse(EMPTY).render(user_ids)


def test_a_written_text_is_read_back_as_it_was_sent(policy, strict_seed, strict_aws):
    request_id = policy.write(denying(strict_seed.mallory))
    assert policy.read().text == denying(strict_seed.mallory)
    assert strict_aws.denied() == {strict_seed.mallory}
    assert strict_aws.calls("UpdatePolicy")[0]["request_id"] == request_id


def test_a_write_sends_the_content_and_nothing_else(policy, strict_aws):
    policy.write(EMPTY)
    assert set(strict_aws.calls("UpdatePolicy")[0]["params"]) == {"PolicyId", "Content"}


def test_the_time_of_a_read_is_awss_own(policy, strict_aws):
    strict_aws.dials(date_skew_s=-7200)
    behind = datetime.now(UTC) - policy.read().aws_time
    assert abs(behind - timedelta(hours=2)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "code",
    [
        "ConcurrentModificationException",
        "PolicyChangesInProgressException",
        "TooManyRequestsException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "ServiceException",
        "InternalFailure",
        "ServiceUnavailable",
        "ExpiredTokenException",
    ],
)
def test_a_busy_aws_is_unsettled_and_the_write_was_sent_once(policy, strict_aws, strict_seed, code):
    strict_aws.fault("UpdatePolicy", code=code)
    with pytest.raises(AwsUnsettled) as caught:
        policy.write(denying(strict_seed.mallory))
    assert caught.value.code == code
    assert len(strict_aws.calls("UpdatePolicy")) == 1
    assert strict_aws.denied() == set()


@pytest.mark.parametrize("applied", [False, True])
def test_a_broken_connection_is_unsettled_and_the_write_was_sent_once(
    policy, strict_aws, strict_seed, applied
):
    strict_aws.fault("UpdatePolicy", drop=True, applied=applied)
    with pytest.raises(AwsUnsettled):
        policy.write(denying(strict_seed.mallory))
    assert len(strict_aws.calls("UpdatePolicy")) == 1
    assert strict_aws.denied() == ({strict_seed.mallory} if applied else set())


def test_a_silent_aws_ends_the_write_before_the_lock_of_ten_seconds(policy, strict_aws):
    strict_aws.fault("UpdatePolicy", hang=7)
    began = time.monotonic()
    with pytest.raises(AwsUnsettled, match="ReadTimeoutError"):
        policy.write(EMPTY)
    assert time.monotonic() - began < 8
    assert len(strict_aws.calls("UpdatePolicy")) == 1


def test_a_late_write_lands_over_a_newer_one_and_a_read_shows_it(policy, strict_aws, strict_seed):
    strict_aws.fault("UpdatePolicy", late=0.3)
    with pytest.raises(AwsUnsettled):
        policy.write(denying(strict_seed.alice))
    policy.write(denying(strict_seed.mallory))
    time.sleep(0.5)
    assert parse(policy.read().text).user_ids == {strict_seed.alice}


def test_reads_are_sent_once_too(policy, strict_aws):
    strict_aws.fault("DescribePolicy", code="TooManyRequestsException", times=None)
    with pytest.raises(AwsUnsettled):
        policy.read()
    assert len(strict_aws.calls("DescribePolicy")) == 1


def test_two_writes_at_a_time_are_refused_by_aws_and_told_as_unsettled(policy, strict_aws):
    strict_aws.latency(300, "UpdatePolicy")
    with ThreadPoolExecutor() as pool:
        results = [pool.submit(policy.write, EMPTY) for _ in range(2)]
    errors = [result.exception() for result in results]
    assert [type(error) for error in errors if error] == [AwsUnsettled]


def test_a_read_may_be_behind_the_last_write(policy, strict_aws, strict_seed):
    strict_aws.dials(stale_ms=400)
    policy.write(denying(strict_seed.mallory))
    assert parse(policy.read().text).user_ids == set()
    time.sleep(0.5)
    assert parse(policy.read().text).user_ids == {strict_seed.mallory}


@pytest.mark.parametrize("operation", ["DescribePolicy", "UpdatePolicy"])
def test_a_missing_right_is_named(policy, strict_aws, operation):
    strict_aws.deny(operation)
    with pytest.raises(PolicyRefused, match=f"organizations:{operation}") as caught:
        policy.write(EMPTY) if operation == "UpdatePolicy" else policy.read()
    assert caught.value.code == "rights"
    assert len(strict_aws.calls(operation)) == 1


def test_a_policy_that_is_not_there_is_missing(policy, any_clients):
    gone = OrganizationsDenyPolicy(any_clients, "p-gonegone1")
    for act in (gone.read, lambda: gone.write(EMPTY)):
        with pytest.raises(PolicyRefused, match="workers prepare") as caught:
            act()
        assert caught.value.code == "missing"


def test_awss_own_policy_is_never_taken_for_ours(policy, any_clients):
    theirs = OrganizationsDenyPolicy(any_clients, "p-FullAWSAccess")
    for act in (theirs.read, lambda: theirs.write(EMPTY)):
        with pytest.raises(PolicyRefused) as caught:
            act()
        assert caught.value.code == "shape"


def test_a_policy_of_another_type_is_never_taken_for_ours(policy, any_clients):
    tags = any_clients.organizations.create_policy(
        Name="t", Description="t", Type="TAG_POLICY", Content=EMPTY
    )
    with pytest.raises(PolicyRefused, match="not a service control policy"):
        OrganizationsDenyPolicy(any_clients, tags["Policy"]["PolicySummary"]["Id"]).read()


def test_a_text_over_awss_limit_is_full(policy, strict_aws, strict_seed):
    strict_aws.dials(policy_size=200)
    policy.write(EMPTY)
    with pytest.raises(PolicyRefused, match="longer than AWS allows") as caught:
        policy.write(denying(strict_seed.mallory))
    assert caught.value.code == "full"


def test_a_text_that_aws_does_not_take_is_malformed(policy):
    with pytest.raises(PolicyRefused) as caught:
        policy.write("{nope")
    assert caught.value.code == "MalformedPolicyDocumentException"


def test_unknown_credentials_are_a_matter_of_settings(policy, strict_aws):
    strict_aws.fault("UpdatePolicy", code="UnrecognizedClientException")
    with pytest.raises(PolicyRefused, match="credentials") as caught:
        policy.write(EMPTY)
    assert caught.value.code == "settings"


def test_awss_words_are_shortened_and_made_plain(policy, strict_aws):
    hostile = "\x1b[31m\u202eAKIAABCDEFGHIJKLMNOP " + "long " * 500
    strict_aws.fault("UpdatePolicy", code="SomethingNew", message=hostile)
    with pytest.raises(PolicyRefused) as caught:
        policy.write(EMPTY)
    sentence = str(caught.value)
    assert len(sentence) < 450
    assert sentence.isprintable()
    assert "AKIA" not in sentence


def test_foreign_statements_come_back_value_for_value(policy, strict_aws):
    seed = strict_aws.seed(foreign=True)
    mine = OrganizationsDenyPolicy(policy.clients, seed.policy_id)
    before = json.loads(mine.read().text)["Statement"][0]
    mine.write(parse(mine.read().text).render([seed.mallory]))
    assert json.loads(mine.read().text)["Statement"][0] == before


def test_without_any_credentials_the_sentence_says_so(strict_aws: PretendAws, strict_seed, monkeypatch):
    from workers.adapters.aws.clients import aws_clients

    for name, value in strict_aws.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(PolicyRefused, match="credentials") as caught:
        OrganizationsDenyPolicy(aws_clients(), strict_seed.policy_id).read()
    assert caught.value.code == "settings"


def test_an_aws_that_is_not_there_is_unsettled(strict_clients, monkeypatch):
    from workers.adapters.aws.clients import aws_clients

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(AwsUnsettled, match="EndpointConnectionError"):
        OrganizationsDenyPolicy(aws_clients(), "p-examplepolicy").read()
