"""The operator's side: `python -m workers ...` as a person types it, over the real Redis, RQ, bot and workers."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.sandbox.aws.pretend import ANYTHING
from tests.sandbox.installation import ALICE, CAROL, ROOT, SEC_INC, Installation
from tests.sandbox.slack.state import Message
from tests.scenarios import steps
from workers.adapters.redis_server import RedisServer
from workers.domain.actor import Actor
from workers.domain.deny_document import EMPTY
from workers.ports import Change
from workers.service import intake
from workers.service.intake import Authority

Completed = subprocess.CompletedProcess[str]

FOURTH = "U0NINA0001"


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """Healthy: bot and workers run, four people are named, and there is an alarm topic."""
    made = Installation.fresh(REVOKE_APPROVERS=f"{ALICE},U0BOB00001,{CAROL},{FOURTH}")
    made.settings["REVOKE_ALARM_TOPIC"] = made.seed.alarm_topic
    made.slack.add_person(FOURTH, "nina", real_name="Nina Approver", email="nina.approver@example.com")
    with made:
        yield made


@pytest.fixture(scope="module")
def _bare() -> Iterator[Installation]:
    made = Installation.fresh()
    yield made
    made.close()


@pytest.fixture
def bare(_bare: Installation) -> Iterator[Installation]:
    """Slack and AWS, but neither bot nor workers: only the terminal."""
    yield _bare
    _bare.slack.back()
    _bare.aws.clear_faults()


@pytest.fixture(scope="module")
def sharon(_bare: Installation) -> tuple[str, str]:
    """Denied once, for the tests that only look at her or leave her denied: user ID and revocation id."""
    return denied(_bare, "sharon")


def revoke(made: Installation, target: str, *, typed: str, reason: str = "key leaked") -> Completed:
    return made.terminal("revoke", target, "--reason", reason, typed=f"{typed}\n")


def denied(made: Installation, name: str) -> tuple[str, str]:
    """Somebody new, denied at the terminal; their user ID, and the revocation's id."""
    user_id = steps.newcomer(made, name)
    answer = revoke(made, name, typed=name)
    assert answer.returncode == 0, answer.stderr
    return user_id, first_id(answer)


def first_id(answer: Completed) -> str:
    return re.findall(r"R-[A-Z0-9]{6}", answer.stdout)[0]


def findings(answer: Completed, word: str) -> list[str]:
    return [line for line in answer.stdout.splitlines() if line.startswith(word)]


def card_of(made: Installation, revocation_id: str) -> Message:
    def find() -> Message | None:
        posted = made.slack.messages(SEC_INC)
        return next((m for m in posted if m.text.startswith(revocation_id) and not m.thread_ts), None)

    return made.until(find)


# doctor, before anything is written


def test_doctor_finds_a_healthy_installation_all_ok(installation: Installation) -> None:
    answer = installation.terminal("doctor", "--write-test")
    assert answer.returncode == 0, answer.stdout
    assert findings(answer, "FAIL") == []
    assert findings(answer, "WARN") == ["WARN bot: never tried. Run `python -m workers doctor --test-card`."]
    assert "ok   responder and approver U0ALICE001: Alice Responder" in answer.stdout
    assert "the Deny policy reaches 5 of 6 accounts" in answer.stdout
    again = installation.terminal("doctor", "--write-test")
    assert "FAIL organizations:UpdatePolicy: the policy was written a moment ago" in again.stdout


# revoke


def test_a_user_is_denied_from_the_terminal_while_slack_is_down_and_no_workers_run(
    bare: Installation,
) -> None:
    bare.slack.outage()
    answer = revoke(bare, "mallory@example.com", typed="mallory")
    assert answer.returncode == 0, answer.stderr
    assert bare.seed.mallory in bare.aws.denied()
    assert "Denied. Mallory Moss" in answer.stdout
    assert "read back at" in answer.stdout


def test_the_card_is_printed_with_identity_and_access_before_the_user_name_is_asked_for(
    bare: Installation,
) -> None:
    answer = revoke(bare, "alice", typed="")
    assert f"User ID: {bare.seed.alice}" in answer.stdout
    assert "Access: 1 account, by 1 direct assignment." in answer.stdout
    assert bare.seed.alice not in bare.aws.denied()


def test_a_wrong_user_name_denies_nobody_and_the_right_one_does_at_the_next_run(bare: Installation) -> None:
    user_id = steps.newcomer(bare, "wanda")
    wrong = revoke(bare, "wanda", typed="wnada")
    assert (wrong.returncode, user_id in bare.aws.denied()) == (1, False)
    assert "NOT DENIED: that is not the user name" in wrong.stdout
    right = bare.terminal("revoke", user_id, "--reason", "key leaked", "--yes-user-name", "wanda")
    assert (right.returncode, user_id in bare.aws.denied()) == (0, True)


def test_a_session_arn_of_an_alert_is_a_target(bare: Installation) -> None:
    user_id = steps.newcomer(bare, "sessa")
    arn = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/sessa"
    assert revoke(bare, arn, typed="sessa").returncode == 0
    assert user_id in bare.aws.denied()


def test_whoever_is_denied_already_gets_the_reason_added_without_being_asked_again(
    bare: Installation, sharon: tuple[str, str]
) -> None:
    revocation_id = sharon[1]
    again = bare.terminal("revoke", "sharon@example.com", "--reason", "a second key")
    assert again.returncode == 0
    assert f"already has {revocation_id}" in again.stdout
    assert "Reason: key leaked (" in again.stdout
    assert "; a second key (" in again.stdout


def test_somebody_taken_off_the_policy_by_hand_is_put_back_by_asking_again(
    bare: Installation, sharon: tuple[str, str]
) -> None:
    user_id = sharon[0]
    bare.aws.edit_policy(EMPTY)
    again = bare.terminal("revoke", "sharon", "--reason", "still")
    assert (again.returncode, user_id in bare.aws.denied()) == (0, True)


def test_a_policy_that_cannot_be_written_is_told_as_not_denied_with_the_way_by_hand(
    bare: Installation,
) -> None:
    user_id = steps.newcomer(bare, "norma")
    bare.aws.deny("UpdatePolicy")
    answer = revoke(bare, "norma", typed="norma")
    assert answer.returncode == 1
    assert "NOT DENIED: Norma" in answer.stdout
    assert "organizations:UpdatePolicy" in answer.stdout
    assert f"service-control-policy/{bare.seed.policy_id}" in answer.stdout
    assert f"aws organizations update-policy --policy-id {bare.seed.policy_id}" in answer.stdout
    assert user_id in answer.stdout


def test_without_redis_the_way_by_hand_names_the_user_id_that_aws_tells(
    bare: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bare.settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    answer = revoke(bare, "bob", typed="bob")
    assert answer.returncode == 1
    assert "NOT DENIED as far as is known: Redis" in answer.stderr
    assert f'"{bare.seed.bob}"' in answer.stdout
    assert "Traceback" not in answer.stderr


def test_a_prompt_survives_that_whoever_ran_the_embedded_redis_goes_away(bare: Installation) -> None:
    user_id = steps.newcomer(bare, "prona")
    other = RedisServer(bare.directory)
    other.ensure()
    command = [sys.executable, "-u", "-m", "workers", "revoke", "prona", "--reason", "key leaked"]
    with subprocess.Popen(
        command, env=bare.workers_env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as terminal:
        assert terminal.stdout is not None
        while not terminal.stdout.readline().startswith(b"Access:"):
            assert terminal.poll() is None
        other.stop()
        said, _ = terminal.communicate(b"prona\n", timeout=30)
    assert (terminal.returncode, user_id in bare.aws.denied()) == (0, True), said


def test_an_unknown_target_is_refused_in_words(bare: Installation) -> None:
    answer = revoke(bare, "nobody-of-that-name", typed="x")
    assert answer.returncode == 1
    assert (
        "NOT DENIED: No Identity Center user has the e-mail or user name nobody-of-that-name" in answer.stdout
    )


def test_the_terminal_works_beside_running_workers_and_the_channel_sees_it(
    installation: Installation,
) -> None:
    user_id, revocation_id = denied(installation, "wilma")
    assert user_id in installation.aws.denied()
    card = steps.becomes(installation, card_of(installation, revocation_id), "Denied")
    assert "at a terminal" in steps.shown_text(card)


# list, show, hold, cancel


def test_open_revocations_are_listed_one_line_each_and_ended_ones_only_when_asked(
    bare: Installation, sharon: tuple[str, str]
) -> None:
    open_id = sharon[1]
    steps.newcomer(bare, "listb")
    ended_id = first_id(revoke(bare, "listb", typed="no"))
    assert bare.terminal("cancel", ended_id).returncode == 0
    now, ever = bare.terminal("list").stdout, bare.terminal("list", "--all", "--json").stdout
    assert [line for line in now.splitlines() if line.startswith(f"{open_id} · ")]
    assert ended_id not in now
    standing = {one["id"]: one["standing"] for one in json.loads(ever)}
    assert (open_id in standing, standing[ended_id]) == (True, "Cancelled")


def test_the_whole_log_is_shown_with_who_when_what_and_awss_request_id(
    bare: Installation, sharon: tuple[str, str]
) -> None:
    revocation_id = sharon[1]
    answer = bare.terminal("show", revocation_id)
    lines = answer.stdout.splitlines()
    assert any("every signature and link checked" in line for line in lines)
    assert any(
        "UTC · " in line and "at a terminal (arn:aws:" in line and "· confirmed" in line for line in lines
    )
    assert any("· written · AWS request id " in line for line in lines)
    whole = json.loads(bare.terminal("show", revocation_id, "--json").stdout)
    assert whole["revocation"]["standing"] in ("Denied", "Held")
    assert [entry["seq"] for entry in whole["log"]] == list(range(1, len(whole["log"]) + 1))


def test_a_log_that_was_tampered_with_is_refused(bare: Installation) -> None:
    _, revocation_id = denied(bare, "tampa")
    server = RedisServer(bare.directory)
    server.ensure()
    first = bare.redis.xrange(f"revoke:log:{revocation_id}", count=1)[0][0]
    bare.redis.xdel(f"revoke:log:{revocation_id}", first)
    server.stop()
    answer = bare.terminal("show", revocation_id)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "its log has" in answer.stderr


def test_who_owns_it_at_a_terminal_is_its_owner(bare: Installation, sharon: tuple[str, str]) -> None:
    _, revocation_id = sharon
    server = RedisServer(bare.directory)
    server.ensure()
    bobs = Change(
        record=replace(bare.store.get(revocation_id), owner=Actor(kind="slack", id="U0BOB00001", name="bob")),
        event="set_up",
        actor=Actor(kind="system", id="test"),
    )
    bare.store.change(revocation_id, lambda current, now: bobs)
    server.stop()
    for _ in range(2):
        assert "you are the owner now" in bare.terminal("own", revocation_id.lower()).stdout
    whole = json.loads(bare.terminal("show", revocation_id, "--json").stdout)
    assert [entry["event"] for entry in whole["log"]].count("owned") == 1


def test_a_hold_is_told_with_its_end(bare: Installation, sharon: tuple[str, str]) -> None:
    revocation_id = sharon[1]
    assert "Held. Sharon stays denied until 2" in bare.terminal("hold", revocation_id).stdout
    answer = bare.terminal("hold", revocation_id.lower(), "--until-released")
    assert "stays denied until two people release them" in answer.stdout


# release


def test_a_vote_at_the_terminal_and_one_in_slack_release_a_user(installation: Installation) -> None:
    user_id, revocation_id = denied(installation, "relma")
    asked = installation.terminal("release", revocation_id, "--reason", "it was a drill")
    assert asked.returncode == 0
    assert "stays denied until a second person approves" in asked.stdout
    card = card_of(installation, revocation_id)
    steps.press(installation, card, "approval_give", user=CAROL)
    steps.becomes(installation, card, "Released")
    assert user_id not in installation.aws.denied()


def test_a_release_asked_for_in_slack_is_approved_at_the_terminal(installation: Installation) -> None:
    user_id, revocation_id = denied(installation, "rosa")
    steps.press(installation, card_of(installation, revocation_id), "revocation_release")
    installation.until(lambda: installation.store.get(revocation_id).release)
    answer = installation.terminal("release", revocation_id, "--reason", "yes")
    assert answer.returncode == 0
    assert "Released. Rosa" in answer.stdout
    assert "Read back as gone at" in answer.stdout
    assert user_id not in installation.aws.denied()


def test_the_same_terminal_never_counts_twice_even_when_aws_no_longer_says_who_it_is(
    bare: Installation,
) -> None:
    user_id, revocation_id = denied(bare, "samea")
    assert bare.terminal("release", revocation_id, "--reason", "one").returncode == 0
    second = bare.terminal("release", revocation_id, "--reason", "two")
    bare.aws.deny("GetCallerIdentity")
    third = bare.terminal("release", revocation_id, "--reason", "three")
    assert [second.returncode, third.returncode] == [1, 1]
    assert "another approver must give the second yes" in third.stderr
    assert "AWS does not say whose credentials these are" in third.stderr
    assert user_id in bare.aws.denied()


def test_a_break_glass_release_is_loud(installation: Installation) -> None:
    user_id, revocation_id = denied(installation, "glenn")
    answer = installation.terminal(
        "release", revocation_id, "--reason", "wrong person", "--break-glass", typed="glenn\n"
    )
    assert answer.returncode == 0, answer.stderr
    assert "Read back as gone at" in answer.stdout
    assert user_id not in installation.aws.denied()
    alarms = installation.until(
        lambda: [a for a in installation.aws.alarms() if revocation_id in a["Subject"]]
    )
    assert "Break-glass release of Glenn" in alarms[0]["Message"]
    assert (
        "wrong person" in steps.told(installation, card_of(installation, revocation_id), "Break-glass").text
    )


def test_a_break_glass_release_with_a_wrong_user_name_changes_nothing(
    bare: Installation, sharon: tuple[str, str]
) -> None:
    user_id, revocation_id = sharon
    answer = bare.terminal("release", revocation_id, "--reason", "x", "--break-glass", typed="glenn\n")
    assert (answer.returncode, user_id in bare.aws.denied()) == (1, True)


# follow-ups, the way back


@pytest.fixture(scope="module")
def cleared(installation: Installation) -> tuple[str, str, str]:
    """Denied, and the one assignment removed by the workers: user ID, revocation id, account."""
    account = installation.seed.accounts["prod"]
    user_id = steps.newcomer(installation, "faye")
    installation.aws.assign(user_id, account, installation.seed.permission_sets["ReadOnlyAccess"])
    answer = revoke(installation, "faye", typed="faye")
    assert answer.returncode == 0, answer.stderr
    started = installation.terminal("follow-ups", "start", first_id(answer))
    assert "the follow-ups were started (Faye)" in started.stdout
    installation.until(lambda: not held(installation, user_id))
    return user_id, first_id(answer), account


def held(made: Installation, user_id: str) -> list[str]:
    """The accounts that are assigned to this user directly."""
    users = made.aws.state()["users"]
    rows = [row for user in users for row in user["assignments"]]
    return [row["AccountId"] for row in rows if row["PrincipalId"] == user_id]


def by_carol(made: Installation) -> Authority:
    return Authority(actor=Actor(kind="slack", id=CAROL, name="carol"), responder=True, approver=True)


def test_the_snapshot_is_exported_whole_with_what_is_taken(
    installation: Installation, cleared: tuple[str, str, str]
) -> None:
    user_id, revocation_id, account = cleared
    exported = json.loads(installation.terminal("snapshot", revocation_id).stdout)
    assert (exported["revocation"], exported["user_id"]) == (revocation_id, user_id)
    [had] = exported["snapshot"]["assignments"]
    [taken] = exported["taken"]["assignments"]
    assert had["key"] == taken["key"]
    assert (taken["accounts"], exported["given_back"]) == ([account], [])


def test_a_restore_needs_sessions_and_credentials_attested_or_the_tick(
    installation: Installation, cleared: tuple[str, str, str]
) -> None:
    answer = installation.terminal("restore", cleared[1], "--reason", "needed")
    assert answer.returncode == 1
    assert "Nobody attested sessions and credentials yet" in answer.stderr


def test_the_terminal_lists_what_would_be_given_back_and_can_take_the_asking_back(
    installation: Installation, cleared: tuple[str, str, str]
) -> None:
    user_id, revocation_id, account = cleared
    asked = installation.terminal("false-alarm", revocation_id, "--reason", "it was a drill")
    assert asked.returncode == 0, asked.stderr
    assert "To give back: 1; there already: 0." in asked.stdout
    assert re.search(rf"^  assignments: .*{account}", asked.stdout, re.MULTILINE)
    alone = installation.terminal("approve", revocation_id, "--yes-user-name", "faye")
    assert (alone.returncode, "another approver must give the second yes" in alone.stderr) == (1, True)
    vote = installation.terminal("release", revocation_id, "--reason", "x")
    assert (vote.returncode, f"`python -m workers approve {revocation_id}`" in vote.stderr) == (1, True)
    assert "refused. Faye stays denied." in installation.terminal("refuse", revocation_id).stdout
    assert (held(installation, user_id), user_id in installation.aws.denied()) == ([], True)


def test_a_false_alarm_approved_at_the_terminal_is_given_back_and_then_let_go(
    installation: Installation, cleared: tuple[str, str, str]
) -> None:
    user_id, revocation_id, account = cleared
    store = installation.store
    intake.ask_false_alarm(store, by_carol(installation), revocation_id, "it was a drill")
    installation.until(lambda: store.get(revocation_id).release.diff, 20)  # type: ignore[union-attr]
    wrong = installation.terminal("approve", revocation_id, typed="fay\n")
    assert (wrong.returncode, "Nothing changed" in wrong.stdout) == (1, True)
    answer = installation.terminal("approve", revocation_id, "--reason", "seen", typed="faye\n")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Released. Faye" in answer.stdout
    assert (held(installation, user_id), user_id in installation.aws.denied()) == ([account], False)


def test_the_way_back_works_while_no_workers_run(bare: Installation) -> None:
    user_id, revocation_id = denied(bare, "wyatt")
    server = RedisServer(bare.directory)
    server.ensure()
    intake.ask_false_alarm(bare.store, by_carol(bare), revocation_id, "the wrong one")
    server.stop()
    answer = bare.terminal("approve", revocation_id, "--yes-user-name", "wyatt")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "To give back: 0; there already: 0." in answer.stdout
    assert "No workers run" in answer.stdout
    assert user_id not in bare.aws.denied()


def test_without_workers_follow_ups_are_told_to_wait_for_them(
    bare: Installation, sharon: tuple[str, str]
) -> None:
    waits = bare.terminal("follow-ups", "wait", sharon[1])
    assert "nothing more is taken away until somebody starts the follow-ups (Sharon)" in waits.stdout
    again = bare.terminal("follow-ups", "wait", sharon[1])
    assert (again.returncode, "pressed Wait already" in again.stderr) == (1, True)
    assert "No workers run" in bare.terminal("follow-ups", "start", sharon[1]).stdout


def test_a_step_is_attested_with_who_did_it_and_when(bare: Installation, sharon: tuple[str, str]) -> None:
    early = bare.terminal("attest", sharon[1], "device", "--done-at", "2020-01-01T00:00")
    assert (early.returncode, "before this revocation was asked for" in early.stderr) == (1, True)
    answer = bare.terminal("attest", sharon[1], "device", "--done-by", "Idris")
    assert answer.returncode == 0, answer.stderr
    assert "device attested, done by Idris at 2" in answer.stdout
    again = bare.terminal("attest", sharon[1], "device")
    assert (again.returncode, "said so already" in again.stderr) == (1, True)


def test_a_restore_of_nothing_is_refused_in_words(bare: Installation, sharon: tuple[str, str]) -> None:
    answer = bare.terminal("restore", sharon[1], "--reason", "x", "--nothing-lost")
    assert (answer.returncode, "Nothing was taken from Sharon" in answer.stderr) == (1, True)


# reconcile, prepare


def test_a_dry_run_prints_the_difference_and_the_pass_mends_it(
    bare: Installation, sharon: tuple[str, str]
) -> None:
    user_id, revocation_id = sharon
    bare.aws.edit_policy(EMPTY)
    dry = bare.terminal("reconcile", "--dry-run")
    assert f"To add: {revocation_id} Sharon {user_id}, taken off by somebody else" in dry.stdout
    assert bare.aws.denied() == set()
    mended = bare.terminal("reconcile")
    assert "The policy equals the records" in mended.stdout
    assert user_id in bare.aws.denied()


def test_a_policy_of_another_shape_is_named_and_stays_as_it_is(bare: Installation) -> None:
    before = bare.aws.policy_text()
    strange = EMPTY.replace("StringEquals", "StringLike")
    bare.aws.edit_policy(strange)
    answer = bare.terminal("reconcile")
    assert (answer.returncode, bare.aws.policy_text()) == (1, strange)
    assert "Deny policy was not written" in answer.stdout
    bare.aws.edit_policy(before)


def test_preparing_plans_then_applies_then_finds_nothing_to_do() -> None:
    made = Installation.fresh(aws_seed={"policy": False})
    try:
        plan = made.terminal("prepare")
        assert "Create the service control policy revoke-bot-deny" in plan.stdout
        applied = made.terminal("prepare", "--apply")
        made_id = next(iter(set(made.aws.state()["policies"]) - {"p-FullAWSAccess", "p-RCPFullAWSAccess"}))
        assert f"REVOKE_DENY_POLICIES={made_id}" in applied.stdout
        assert "lifecycle { ignore_changes = [content] }" in applied.stdout
        assert f"Nothing: {made_id} stands" in made.terminal("prepare", "--apply").stdout
        assert made.aws.policy_text(made_id) == EMPTY
    finally:
        made.close()


# settings


def test_wrong_settings_are_all_named_and_end_with_two(
    bare: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bare.settings, "REVOKE_DENY_POLICIES", "one,two")
    monkeypatch.setitem(bare.settings, "REVOKE_HOLD", "1h")
    answer = bare.terminal("list")
    assert answer.returncode == 2
    assert {"REVOKE_DENY_POLICIES", "REVOKE_HOLD"} <= set(answer.stderr.replace(":", " ").split())


# doctor


def test_doctor_fails_on_a_policy_that_is_attached_nowhere(bare: Installation) -> None:
    bare.aws.detach(bare.seed.root_id)
    answer = bare.terminal("doctor")
    bare.aws.attach(bare.seed.root_id)
    assert answer.returncode == 1
    assert any("attached nowhere" in line and "prepare --apply" in line for line in findings(answer, "FAIL"))


def test_doctor_fails_on_a_public_incident_channel(
    bare: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bare.settings, "REVOKE_INCIDENT_CHANNEL", "C0GENERAL1")
    answer = bare.terminal("doctor")
    assert any("#general) is public" in line and "private" in line for line in findings(answer, "FAIL"))


def test_doctor_fails_on_a_policy_id_that_does_not_exist(
    bare: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bare.settings, "REVOKE_DENY_POLICIES", "p-wrongwrong")
    monkeypatch.setitem(bare.settings, "AWS_ACCESS_KEY_ID", ANYTHING)
    answer = bare.terminal("doctor")
    assert answer.returncode == 1
    assert any(
        line.startswith("FAIL Deny policy") and "does not exist" in line for line in findings(answer, "FAIL")
    )
    assert "Traceback" not in answer.stderr


def test_doctor_fails_on_workers_that_do_not_run_and_on_a_right_that_is_missing(bare: Installation) -> None:
    bare.aws.deny("ListTargetsForPolicy")
    lines = "\n".join(findings(bare.terminal("doctor"), "FAIL"))
    assert "worker of contain" in lines
    assert "organizations:ListTargetsForPolicy: " in lines


def test_the_test_card_is_ok_once_its_button_is_pressed(installation: Installation) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(installation.terminal, "doctor", "--test-card")
        card = installation.until(lambda: _test_card(installation))
        installation.slack.click(CAROL, SEC_INC, card.ts, "doctor_test")
        answer = running.result(30)
    assert "ok   test card" in answer.stdout
    assert "it worked" in installation.slack.message(SEC_INC, card.ts).text


def _test_card(made: Installation) -> Message | None:
    return next((m for m in made.slack.messages(SEC_INC) if "This is a test by" in m.text), None)
