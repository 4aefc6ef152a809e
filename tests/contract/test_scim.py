"""SCIM over real HTTP: what is sent, what counts as a yes, and what a person is told otherwise."""

import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sandbox.scim import PretendScim
from workers.adapters import scim as adapter
from workers.adapters.scim import NOBODY, PATCH, Scim
from workers.domain.errors import ProviderRefused, ProviderUnsettled
from workers.domain.revocation import DirectoryUser

pytest_plugins = ("tests.sandbox.aws.fixtures",)


@pytest.fixture(scope="module")
def server(strict_aws):
    with PretendScim(strict_aws) as started:
        yield started


@pytest.fixture
def scim(server, strict_seed):
    server.clear_faults()
    server.reset_calls()
    return Scim(server.url, server.token)


@pytest.fixture
def mallory(strict_seed):
    return DirectoryUser(user_id=strict_seed.mallory, user_name="mallory")


def status_of(server, user):
    users = server.aws.state(journal=0)["users"]
    return next(u["UserStatus"] for u in users if u["UserId"] == user.user_id)


def test_a_user_is_disabled_and_enabled_again(scim, server, mallory):
    scim.set_active(mallory, False)
    assert status_of(server, mallory) == "DISABLED"
    scim.set_active(mallory, True)
    assert status_of(server, mallory) == "ENABLED"


def test_disabling_twice_is_a_yes_twice(scim, server, mallory):
    scim.set_active(mallory, False)
    scim.set_active(mallory, False)
    assert status_of(server, mallory) == "DISABLED"


def test_what_is_sent_is_the_developer_guides_example(scim, server, mallory):
    scim.set_active(mallory, False)
    (call,) = server.calls()
    assert (call.method, call.user_id) == ("PATCH", mallory.user_id)
    assert json.loads(call.body) == {
        "schemas": [PATCH],
        "Operations": [{"op": "replace", "path": "active", "value": "false"}],
    }


REFUSALS = {
    400: "SCIM refused (400: Pretend trouble.). A person must do it",
    401: "The SCIM token is not accepted: make a new one in IAM Identity Center, Settings, Automatic provisioning",
    403: "SCIM does not let the workers do this (403). Check in IAM Identity Center, Settings",
    404: "SCIM knows no user ",
    405: "SCIM refused (405",
    307: "SCIM sends elsewhere (307), which is not followed. Correct REVOKE_SCIM_URL.",
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_no_is_told_with_what_a_person_must_do(scim, server, mallory, status):
    server.fault("status", status=status)
    with pytest.raises(ProviderRefused) as refused:
        scim.set_active(mallory, False)
    assert str(refused.value).startswith(REFUSALS[status])
    assert len(server.calls()) == 1
    assert status_of(server, mallory) == "ENABLED"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_what_may_go_better_later_is_unsettled_and_sent_once(scim, server, mallory, status):
    server.fault("status", status=status)
    with pytest.raises(ProviderUnsettled, match=f"{status}.*tried again"):
        scim.set_active(mallory, False)
    assert len(server.calls()) == 1


def test_the_rest_that_scim_asks_for_is_said(scim, server, mallory):
    server.fault("status", status=429, retry_after=30)
    with pytest.raises(ProviderUnsettled, match="too many requests; it asks for 30 s of rest"):
        scim.set_active(mallory, False)


@pytest.mark.parametrize("kind", ["drop", "drop_after", "garbled"])
def test_an_answer_that_is_lost_or_unreadable_is_no_yes_and_no_no(scim, server, mallory, kind):
    server.fault(kind)
    with pytest.raises(ProviderUnsettled, match="tried again"):
        scim.set_active(mallory, False)
    assert status_of(server, mallory) == ("ENABLED" if kind == "drop" else "DISABLED")
    scim.set_active(mallory, False)
    assert status_of(server, mallory) == "DISABLED"


def test_a_slow_answer_is_not_waited_for_without_end(scim, server, mallory, monkeypatch):
    monkeypatch.setattr(adapter, "WAITS", adapter.urllib3.Timeout(connect=2, read=0.2))
    server.fault("slow", seconds=1.5)
    began = time.monotonic()
    with pytest.raises(ProviderUnsettled, match="ReadTimeoutError"):
        scim.set_active(mallory, False)
    assert time.monotonic() - began < 1


def test_the_waits_end_before_a_lock_does():
    assert (adapter.WAITS.connect_timeout, adapter.WAITS.read_timeout) == (2, 5)


def test_nobody_at_the_address_is_unsettled(mallory):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/t/scim/v2"
        with pytest.raises(ProviderUnsettled):
            Scim(url, "a-token-of-no-use").set_active(mallory, False)


def test_a_user_who_is_still_active_after_a_yes_is_a_refusal(scim, server, mallory):
    server.fault("still_active")
    with pytest.raises(ProviderRefused, match="still active"):
        scim.set_active(mallory, False)


def test_a_yes_without_effect_is_believed_here_and_only_awss_status_tells(scim, server, mallory):
    server.fault("no_effect")
    scim.set_active(mallory, False)
    assert status_of(server, mallory) == "ENABLED"


def test_an_unknown_user_is_named(scim):
    gone = DirectoryUser(user_id="90677c608a-0000-0000-0000-000000000000", user_name="gone")
    with pytest.raises(ProviderRefused, match=gone.user_id):
        scim.set_active(gone, False)


def test_a_token_that_was_rotated_away_is_not_accepted(server, mallory):
    before = server.token
    server.new_token()
    with pytest.raises(ProviderRefused, match="token is not accepted"):
        Scim(server.url, before).set_active(mallory, False)


def test_another_instances_address_is_a_token_that_is_not_accepted(server, mallory):
    other = server.url.replace("11111111111-", "22222222222-")
    with pytest.raises(ProviderRefused, match="REVOKE_SCIM_URL must be of the same instance"):
        Scim(other, server.token).set_active(mallory, False)


def test_a_redirect_does_not_carry_the_token_away(scim, server, mallory):
    server.fault("status", status=302)
    with pytest.raises(ProviderRefused, match="not followed"):
        scim.set_active(mallory, False)
    assert len(server.calls()) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_the_token_is_in_no_sentence_and_no_repr(scim, server, mallory, status):
    server.fault("status", status=status, detail=f"Bearer {server.token}\u202e\n" * 50)
    with pytest.raises((ProviderRefused, ProviderUnsettled)) as refused:
        scim.set_active(mallory, False)
    assert server.token not in f"{refused.value} {scim!r}"
    assert "\u202e" not in str(refused.value)
    assert len(str(refused.value)) < 400


@contextmanager
def self_signed(directory):
    """A port with real TLS, and what was read from it after a handshake that succeeded."""
    context, seen = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(certificate(directory))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            try:
                with context.wrap_socket(listening.accept()[0], server_side=True) as peer:
                    seen.append(peer.recv(4096))
            except OSError:
                pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], seen
        thread.join(5)


def certificate(directory):
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scim")]),
    )
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(hours=1))
    made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    shape = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, shape, serialization.NoEncryption())
    (directory / "scim.pem").write_bytes(secret + made)
    return directory / "scim.pem"


def test_a_certificate_that_nobody_vouches_for_gets_no_token(mallory, tmp_path):
    """Real TLS, with a certificate that signed itself."""
    with self_signed(tmp_path) as (port, seen), pytest.raises(ProviderRefused, match="not trusted"):
        Scim(f"https://127.0.0.1:{port}/t/scim/v2", "a-token-of-no-use").set_active(mallory, False)
    assert seen == []


def test_a_proxy_of_the_environment_is_used_but_never_for_this_machine(scim, server, mallory, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://somebody:p%40ss@127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    scim.set_active(mallory, False)

    far = Scim("https://scim.us-east-1.amazonaws.com/t/scim/v2", "a-token-of-no-use")
    with pytest.raises(ProviderUnsettled) as unsettled:
        far.set_active(mallory, False)
    assert "ProxyError" in str(unsettled.value)
    assert "p@ss" not in str(unsettled.value)


def test_trying_the_token_changes_nothing_and_asks_for_nobody(scim, server, mallory):
    scim.try_token()
    (call,) = server.calls()
    assert (call.method, call.user_id, call.status) == ("GET", NOBODY, 404)


def test_a_wrong_token_is_found_by_trying_it(server, scim):
    with pytest.raises(ProviderRefused, match="token is not accepted"):
        Scim(server.url, "not-the-token-at-all").try_token()


def test_an_address_where_no_scim_answers_is_found_by_trying_it(server, scim):
    server.fault("nobody_there")
    with pytest.raises(ProviderRefused, match="is not SCIM"):
        scim.try_token()


BAD_BODIES = {
    "no schemas": {"Operations": [{"op": "replace", "path": "active", "value": "false"}]},
    "two operations": {
        "schemas": [PATCH],
        "Operations": [{"op": "replace", "path": "active", "value": "false"}] * 2,
    },
    "remove": {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "active"}]},
    "no value": {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active"}]},
    "another attribute": {
        "schemas": [PATCH],
        "Operations": [{"op": "replace", "path": "title", "value": "x"}],
    },
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=list(BAD_BODIES))
def test_the_pretend_server_is_as_strict_as_awss(server, scim, mallory, body):
    answer = scim._send("PATCH", mallory.user_id, body)
    assert answer.status == 400
    assert status_of(server, mallory) == "ENABLED"


def test_the_pretend_server_turns_away_a_patch_that_does_not_say_who_sends_it(
    server, scim, mallory, monkeypatch
):
    headers = {**scim._headers(), "User-Agent": ""}
    monkeypatch.setattr(Scim, "_headers", lambda _: headers)
    with pytest.raises(ProviderRefused, match="403"):
        scim.set_active(mallory, False)
