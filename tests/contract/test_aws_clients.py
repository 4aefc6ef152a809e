"""The clients themselves: endpoints, Regions, the alarm, and who is calling."""

import logging

import pytest

from workers.adapters.aws.caller import caller_arn
from workers.adapters.aws.clients import aws_clients, check_loopback
from workers.adapters.aws.sns import SnsAlarm
from workers.domain.errors import AwsRefused
from workers.settings import WrongSettings

pytest_plugins = ("tests.sandbox.aws.fixtures",)


def test_all_clients_of_the_pretend_aws_stay_on_this_machine(strict_clients):
    check_loopback(strict_clients)


def test_one_service_pointed_elsewhere_is_noticed(strict_clients, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_IDENTITYSTORE", "https://identitystore.example.com")
    with pytest.raises(WrongSettings, match=r"identitystore\.example\.com"):
        check_loopback(aws_clients())


def test_without_an_endpoint_the_real_aws_is_noticed(strict_clients, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(WrongSettings, match=r"amazonaws\.com"):
        check_loopback(aws_clients())


def test_without_a_region_it_is_us_east_1(strict_clients, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    assert aws_clients().region == "us-east-1"


def test_a_topic_is_published_to_in_its_own_region(strict_clients):
    clients = aws_clients(alarm_topic="arn:aws:sns:eu-west-1:111122223333:alarms")
    assert clients.sns.meta.region_name == "eu-west-1"
    assert clients.organizations.meta.region_name == "us-east-1"


def test_an_alarm_reaches_its_topic(strict_aws, strict_seed, strict_clients):
    SnsAlarm(strict_clients, strict_seed.alarm_topic).raise_alarm("R-ABC123 · NOT DENIED\nnow", "Mallory: é")
    assert strict_aws.alarms() == [{"Subject": "R-ABC123 ? NOT DENIED now", "Message": "Mallory: é"}]


def test_an_alarm_that_fails_is_logged_and_raises_nothing(strict_aws, strict_seed, strict_clients, caplog):
    strict_aws.deny("Publish")
    SnsAlarm(strict_clients, strict_seed.alarm_topic).raise_alarm("NOT DENIED", "text")
    assert "did not reach" in caplog.text


def test_an_alarm_without_a_topic_is_logged(strict_clients, caplog):
    with caplog.at_level(logging.ERROR):
        SnsAlarm(strict_clients).raise_alarm("NOT DENIED", "text")
    assert "ALARM: NOT DENIED" in caplog.text


def test_the_caller_is_named(strict_clients, strict_seed):
    assert caller_arn(strict_clients).startswith("arn:aws:sts::123456789012:")


def test_an_unknown_caller_is_refused(strict_aws, strict_clients, strict_seed):
    strict_aws.fault("GetCallerIdentity", code="InvalidClientTokenId", status=403)
    with pytest.raises(AwsRefused, match="credentials"):
        caller_arn(strict_clients)
