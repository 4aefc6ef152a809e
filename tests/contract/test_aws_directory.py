"""Finding exactly one person in the pretend identity store."""

from uuid import uuid4

import pytest

from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.identity_store import IdentityStoreDirectory
from workers.domain.errors import AwsRefused, AwsUnsettled

pytest_plugins = ("tests.sandbox.aws.fixtures",)


@pytest.fixture
def directory(strict_clients, strict_seed) -> IdentityStoreDirectory:
    return IdentityStoreDirectory(strict_clients, IdentityCenter(strict_clients))


def ids(users) -> list[str]:
    return [user.user_id for user in users]


def test_an_e_mail_finds_its_one_user_with_all_that_is_known(directory, strict_seed):
    (user,) = directory.by_email("mallory@example.com")
    assert user.user_id == strict_seed.mallory
    assert (user.user_name, user.display_name) == ("mallory", "Mallory Moss")
    assert (user.email, user.sign_in) == ("mallory@example.com", "ENABLED")


def test_an_ordinary_hit_reads_three_times_at_most(directory, strict_aws):
    directory.by_email("alice@example.com")
    strict_aws.reset_calls()
    directory.by_email("mallory@example.com")
    assert [call["operation"] for call in strict_aws.calls()] == ["GetUserId", "DescribeUser", "ListUsers"]


@pytest.mark.parametrize("typed", ["MALLORY@example.com", " mallory@Example.com "])
def test_letter_case_in_what_was_typed_does_not_matter(directory, strict_seed, typed):
    assert ids(directory.by_email(typed)) == [strict_seed.mallory]
    assert ids(directory.by_user_name(typed.split("@")[0])) == [strict_seed.mallory]


def test_letter_case_in_the_directory_does_not_matter(directory, strict_aws):
    user_id = strict_aws.add_user("ErinE", "Erin", "Erin.E@Example.com")
    assert ids(directory.by_email("erin.e@example.com")) == [user_id]
    assert ids(directory.by_user_name("erine")) == [user_id]


def test_a_user_beyond_the_first_page_is_found_whatever_the_case(directory, strict_aws):
    strict_aws.seed(more_users=220)
    (user,) = directory.by_email("User0219@example.com")
    assert user.user_name == "user0219"
    user_id = strict_aws.add_user("Zoe", "Zoe", "Zoe@Example.com")
    assert ids(directory.by_email("zoe@example.com")) == [user_id]


def test_two_users_with_one_e_mail_are_both_returned(directory, strict_aws, strict_seed):
    twin = strict_aws.add_user("mallory2", "Mallory Moss", "mallory@example.com")
    assert set(ids(directory.by_email("mallory@example.com"))) == {strict_seed.mallory, twin}


def test_two_users_whose_e_mails_differ_in_case_are_both_returned(directory, strict_aws, strict_seed):
    twin = strict_aws.add_user("mallory2", "Mallory Moss", "Mallory@Example.com")
    assert set(ids(directory.by_email("mallory@example.com"))) == {strict_seed.mallory, twin}


def test_looking_for_a_second_match_never_stops_a_first(directory, strict_aws, strict_seed):
    strict_aws.deny("ListUsers")
    assert ids(directory.by_email("mallory@example.com")) == [strict_seed.mallory]


def test_a_display_name_or_a_part_of_an_address_finds_nobody(directory):
    assert directory.by_email("Mallory Moss") == []
    assert directory.by_email("mallory") == []
    assert directory.by_user_name("Mallory Moss") == []
    assert directory.by_user_name("mall") == []
    assert directory.by_email("") == []


def test_a_look_alike_letter_finds_nobody(directory):
    assert directory.by_email("m\u0430llory@example.com") == []


def test_a_sharp_s_is_not_two_of_them(directory, strict_aws):
    strict_aws.add_user("strasse", "S", "strasse@example.com")
    assert directory.by_email("stra\u00dfe@example.com") == []


def test_a_user_without_an_e_mail_is_found_by_user_name(directory, strict_aws):
    user_id = strict_aws.add_user("robot", "Robot")
    (user,) = directory.by_user_name("robot")
    assert (user.user_id, user.email) == (user_id, None)


def test_a_user_id_or_its_arn_finds_its_user(directory, strict_seed):
    for form in (strict_seed.mallory, f"arn:aws:identitystore:::user/{strict_seed.mallory}"):
        assert directory.by_user_id(form).user_id == strict_seed.mallory


def test_an_unknown_or_odd_user_id_finds_nobody(directory, strict_aws):
    assert directory.by_user_id(str(uuid4())) is None
    strict_aws.reset_calls()
    assert directory.by_user_id("nope") is None
    assert strict_aws.calls() == []


def test_a_deleted_user_is_gone_and_in_no_group(directory, strict_aws, strict_seed):
    strict_aws.delete_user(strict_seed.mallory)
    assert directory.by_user_id(strict_seed.mallory) is None
    assert directory.by_email("mallory@example.com") == []
    assert directory.group_ids(strict_seed.mallory) == []


def test_a_disabled_sign_in_shows_and_an_untold_one_is_none(directory, strict_aws, strict_seed):
    strict_aws.set_status(strict_seed.mallory, "DISABLED")
    assert directory.by_user_id(strict_seed.mallory).sign_in == "DISABLED"
    strict_aws.dials(user_status=False)
    assert directory.by_user_id(strict_seed.mallory).sign_in is None


def test_groups_are_listed_over_all_pages(directory, strict_aws, strict_seed):
    assert directory.group_ids(strict_seed.mallory) == [strict_seed.groups["developers"]]
    for number in range(105):
        strict_aws.join(strict_seed.mallory, strict_aws.add_group(f"g{number}"))
    assert len(directory.group_ids(strict_seed.mallory)) == 106


def test_a_lookup_that_breaks_inside_aws_falls_back_to_reading_all_users(directory, strict_aws, strict_seed):
    strict_aws.fault("GetUserId", code="InternalServerException", times=None)
    assert ids(directory.by_email("mallory@example.com")) == [strict_seed.mallory]


def test_a_throttled_lookup_is_unsettled(directory, strict_aws):
    strict_aws.fault("GetUserId", code="ThrottlingException", times=None)
    with pytest.raises(AwsUnsettled):
        directory.by_email("mallory@example.com")
    assert strict_aws.calls("ListUsers") == []


@pytest.mark.parametrize("operation", ["GetUserId", "DescribeUser"])
def test_a_missing_right_is_refused_by_name(directory, strict_aws, operation):
    strict_aws.deny(operation)
    with pytest.raises(AwsRefused, match=f"identitystore:{operation}"):
        directory.by_email("mallory@example.com")


def test_a_locked_key_is_named_beside_the_right(directory, strict_aws, strict_seed):
    extra = {"Reason": "KMS_ACCESS_DENIED"}
    strict_aws.fault("DescribeUser", code="AccessDeniedException", extra=extra)
    with pytest.raises(AwsRefused, match="kms:Decrypt"):
        directory.by_user_id(strict_seed.mallory)


def test_a_wrong_identity_store_is_refused_and_is_no_missing_user(any_clients, strict_seed):
    center = IdentityCenter(any_clients, given_store_id="d-0000000000")
    with pytest.raises(AwsRefused):
        IdentityStoreDirectory(any_clients, center).by_email("mallory@example.com")


def test_no_instance_in_the_region_is_refused_with_what_to_set(
    strict_aws, strict_clients, strict_seed, monkeypatch
):
    from workers.adapters.aws.clients import aws_clients

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    elsewhere = IdentityCenter(aws_clients())
    with pytest.raises(AwsRefused, match="REVOKE_IDENTITY_STORE_ID and REVOKE_SSO_INSTANCE_ARN"):
        _ = elsewhere.store_id


def test_the_instance_of_the_settings_needs_no_call(strict_clients, strict_seed, strict_aws):
    center = IdentityCenter(strict_clients, strict_seed.identity_store_id, strict_seed.instance_arn)
    assert (center.store_id, center.instance_arn) == (strict_seed.identity_store_id, strict_seed.instance_arn)
    assert strict_aws.calls() == []
