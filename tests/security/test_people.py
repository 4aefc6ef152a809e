"""Who may: responders and approvers who are full members here. Everybody else is told so, and nothing is recorded."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from slack_bolt import BoltContext
from slack_bolt.request.internals import build_context

from bot import origin
from bot.guard import OURSELVES
from bot.origin import NO_MEMBER, OTHER_WORKSPACE
from bot.prompt import LIFETIMES, Prompt
from tests.sandbox.slack.seed import ALICE, BOB, CAROL, DAN, EVE, EXT, SEC_INC, SEC_ONCALL
from tests.sandbox.slack.state import Json
from tests.security import everything
from tests.security.door import RULES, Door, door
from workers.adapters import slack_people
from workers.domain.errors import SlackAway
from workers.domain.rules import Rules
from workers.ports import OurApp, SlackPerson
from workers.service.intake.authority import UNSURE

PLAIN, SINGLE, ROBOT, OTHER, GROUPED = "U0PLAIN001", "U0SINGLE01", "U0ROBOT001", "U0OTHER001", "U0GROUPED1"
SLACKBOT, UNKNOWN = "USLACKBOT", "U0UNKNOWN1"
ELSEWHERE = "T0OTHER001"

OUTSIDE: dict[str, tuple[str, str]] = {
    "guest": (EVE, NO_MEMBER),
    "single-channel guest": (SINGLE, NO_MEMBER),
    "Slack Connect stranger": (EXT, OTHER_WORKSPACE),
    "bot user": (ROBOT, NO_MEMBER),
    "deactivated user": (DAN, NO_MEMBER),
    "other workspace's user": (OTHER, OTHER_WORKSPACE),
    "Slackbot": (SLACKBOT, NO_MEMBER),
    "nobody that Slack knows": (UNKNOWN, NO_MEMBER),
}
"""They are turned away at the door even where the settings name them."""

TURNED_AWAY = tuple(user for user, _ in OUTSIDE.values())


def figures() -> Iterator[str]:
    yield matrix(shares=1)


NAMING_ALL = replace(
    RULES, responders=(ALICE, BOB, *TURNED_AWAY), approvers=(ALICE, BOB, CAROL, *TURNED_AWAY)
)
GROUP_TOO = replace(RULES, responders=(ALICE, SEC_ONCALL), approvers=(ALICE, CAROL))


@contextmanager
def peopled(*, rules: Rules | None = None, learnt: bool = True) -> Iterator[Door]:
    """The demo's people, and those of whom it has none; Alice and Bob are responders, Carol an approver alone."""
    with door(rules=rules or NAMING_ALL, learnt=False) as made:
        slack = made.slack
        slack.add_person(PLAIN, "plain", email="Plain.Member@Example.COM")
        slack.add_person(SINGLE, "single", is_ultra_restricted=True)
        slack.add_person(ROBOT, "robot", is_bot=True)
        slack.add_person(OTHER, "other", team_id=ELSEWHERE)
        slack.add_person(SLACKBOT, "slackbot")
        slack.add_person(GROUPED, "grouped")
        slack.add_group(SEC_ONCALL, "sec-oncall", [GROUPED, EVE])
        if learnt:
            made.learn()
        yield made


def matrix(shares: int) -> str:
    """Each kind of person times every command, button and form: whoever may not is told so, and nothing changes.

    `shares`: of several, each kind from outside sends one, and the kinds together all.
    """
    tried = 0
    with peopled() as made:
        requests = _requests(made)
        for turn, (user, sentence) in enumerate(OUTSIDE.values()):
            tried += _turned_away(made, user, sentence, requests[turn % shares :: shares])
        elsewhere = _elsewhere(made)
        for turn, (user, _) in enumerate(OUTSIDE.values()):
            tried += _kept_out(made, user, elsewhere[turn % shares :: shares])
        before = made.done()
        for request in elsewhere:
            assert made.http(request(PLAIN)).status == 200
        _nothing_happened(made, before, PLAIN)
        tried += _has_no_say(made, requests)
        tried += _has_a_say(made, [*requests, *elsewhere])
    kinds = len(OUTSIDE) + 3
    count = len(requests) + len(elsewhere)
    return f"{kinds} kinds of people times {count} commands, mentions, buttons and forms ({tried} requests): only members pass"


Request = Callable[[str], Json]


def _requests(made: Door) -> list[Request]:
    """Every command, button and form, as a request that anybody can be made to send."""
    texts = [partial(_command, made, text) for text in everything.texts(made)]
    forms = [partial(_form, made, view) for view in everything.views(made)]
    clicks = [
        partial(_as, made, click)
        for action_id in everything.actions()
        for click in everything.clicks(made, action_id, ALICE)
    ]
    return [*texts, *clicks, *forms]


def _elsewhere(made: Door) -> list[Request]:
    """Every word as a mention, App Home, and every button pressed there."""
    events = [*everything.mentions(made, ALICE), *everything.at_home(made, ALICE)]
    return [partial(_by, made, payload) for payload in events]


def _by(made: Door, payload: Json, user: str) -> Json:
    """The same by somebody else."""
    if "event" not in payload:
        return _as(made, payload, user)
    event = {**payload["event"], "user": user, "user_team": made.person(_known(made, user)).team_id}
    return {**payload, "event": event, "event_id": secrets.token_hex(8)}


def _kept_out(made: Door, user: str, requests: list[Request]) -> int:
    """No listener hears of it, and nobody else reads anything: what is told is told to them, or not at all."""
    before, passed = made.done(), len(made.passed)
    for request in requests:
        assert made.http(request(user)).status == 200
    assert len(made.passed) == passed
    _nothing_happened(made, before, user)
    return len(requests)


def _nothing_happened(made: Door, before: Json, user: str) -> None:
    after = made.done()
    direct = {
        m.ts for c, by_ts in made.slack.state.messages.items() if c.startswith("D") for m in by_ts.values()
    }
    assert after["redis"] == before["redis"]
    said, then = after["messages"].items(), before["messages"].items()
    assert {one for one in said if one[0] not in direct} == {one for one in then if one[0] not in direct}
    assert "Mallory" not in made.home(user)


def _command(made: Door, text: str, user: str) -> Json:
    return made.command(_known(made, user), text) | {"user_id": user}


def _form(made: Door, view: Json, user: str) -> Json:
    return _as(made, everything.sent(made, ALICE, view), user)


def _as(made: Door, payload: Json, user: str) -> Json:
    """The same, done by somebody else, by a trigger and a response_url of their own."""
    person = made.person(_known(made, user))
    theirs = {"id": user, "username": person.name, "name": person.name, "team_id": person.team_id}
    url = (
        {"response_url": made.slack.state.new_response_url(SEC_INC, user)}
        if "response_url" in payload
        else {}
    )
    return {**payload, "user": theirs, "trigger_id": made.slack.state.new_trigger(user), **url}


def _known(made: Door, user: str) -> str:
    return user if user in made.slack.state.people else PLAIN


def _turned_away(made: Door, user: str, sentence: str, requests: list[Request]) -> int:
    """At the door, by this sentence; no listener hears of it."""
    before, passed = made.done(), len(made.passed)
    quiet = 0
    for request in requests:
        payload = request(user)
        answer = made.http(payload)
        assert answer.status == 200
        if "command" in payload:
            assert answer.body == sentence
        elif payload["type"] == "view_submission":
            assert sentence in _beside_fields(answer.body), answer
        else:
            quiet += 1
    assert len(made.passed) == passed
    told = made.slack.wait_for(lambda: len(t := made.told(user)) >= quiet and t, 10)
    assert (len(told), set(told)) == (quiet, {sentence})
    after = made.done()
    assert (after["redis"], after["messages"]) == (before["redis"], before["messages"])
    return len(requests)


def _beside_fields(body: str) -> list[str]:
    return list(json.loads(body)["errors"].values())


def _has_no_say(made: Door, requests: list[Request]) -> int:
    """A full member without rights: an assignee might be one, so the use cases decide, and record nothing."""
    before = made.done()
    for request in requests:
        payload = request(PLAIN)
        answer = made.http(payload)
        assert answer.status == 200
        if "command" in payload and payload["text"]:
            assert answer.body, payload
    after = made.done()
    assert after["redis"] == before["redis"]
    assert after["messages"] == before["messages"]
    assert after["views"].get(PLAIN) is None, "and no form opens"
    said = made.told(PLAIN)
    clicks = [request for request in requests if request(PLAIN).get("type") == "block_actions"]
    links, refresh = 2, 1
    assert len(said) >= len(clicks) - links - refresh
    return len(requests)


def _has_a_say(made: Door, requests: list[Request]) -> int:
    """A responder and an approver get to every listener."""
    for user in (CAROL, BOB):
        passed = len(made.passed)
        for request in requests:
            assert made.http(request(user)).status == 200
        assert made.passed[passed:] == [user] * len(requests)
    assert not {NO_MEMBER, OTHER_WORKSPACE} & {*made.told(BOB), *made.told(CAROL)}
    return 2 * len(requests)


def test_only_members_with_rights_pass() -> None:
    assert "only members pass" in matrix(shares=3)


def _try(made: Door, user: str, text: str = "list") -> str:
    """What somebody hears who types this."""
    return made.http(made.command(user, text)).body


LISTED = "Nobody is denied"


def test_an_approver_has_no_say_in_what_is_a_responders() -> None:
    with peopled() as made:
        record, card = everything.fresh(made, everything.PLACES["approval_give"][0].record)
        row = everything.PLACES["approval_give"][0].row(record)
        for action_id in ("revocation_hold", "follow_ups_wait", "step_assign"):
            before = made.redis.xlen(f"revoke:log:{record.id}"), made.store.get(record.id)
            made.http(made.click(CAROL, card, made.button(action_id, record.id)))
            assert (made.redis.xlen(f"revoke:log:{record.id}"), made.store.get(record.id)) == before
        made.slack.wait_for(lambda: [t for t in made.told(CAROL) if "Only a responder" in t][2:], 5)
        made.http(made.click(CAROL, card, made.button("approval_give", record.id, row)))
        assert [actor.id for actor in made.store.get(record.id).released_by] == [BOB, CAROL]


def test_whoever_is_in_the_group_may_and_a_minute_after_they_left_it_may_not() -> None:
    with peopled(rules=GROUP_TOO) as made:
        assert LISTED in _try(made, GROUPED)
        made.slack.set_group(SEC_ONCALL, [])
        made.now[0] += LIFETIMES["group"] + 1
        assert "Only responders and approvers" in _try(made, GROUPED)


def test_a_group_that_cannot_be_read_gives_nobody_rights_after_a_minute() -> None:
    with peopled(rules=GROUP_TOO) as made:
        assert LISTED in _try(made, GROUPED)
        made.slack.fault("usergroups.users.list", "http_500", times=None)
        made.now[0] += LIFETIMES["group"] - 5
        assert LISTED in _try(made, GROUPED), "known within the minute"
        made.now[0] += 6
        assert _try(made, GROUPED) == UNSURE
        assert LISTED in _try(made, ALICE), "named by her id"
        assert "`python -m workers revoke" in UNSURE
        made.slack.clear_faults()
        assert LISTED in _try(made, GROUPED), "another try is looked at"


def test_a_group_that_is_no_more_gives_nobody_rights() -> None:
    with peopled(rules=GROUP_TOO) as made:
        assert LISTED in _try(made, GROUPED)
        made.slack.fault("usergroups.users.list", "error:no_such_subteam", times=None)
        made.now[0] += LIFETIMES["group"] + 1
        assert _try(made, GROUPED) == UNSURE


def test_the_groups_are_read_before_anybody_needs_them() -> None:
    """The running bot refreshes every 45 seconds, so that nobody waits for a group that is a minute old."""
    with peopled(rules=GROUP_TOO) as made:
        _try(made, GROUPED)
        for _ in range(3):
            made.now[0] += 45
            made.gate.refresh()
            made.slack.wait_for(lambda: made.gate.prompt._age(("group", SEC_ONCALL)) < 40, 5)
        calls = len(made.slack.calls("usergroups.users.list"))
        assert LISTED in _try(made, GROUPED)
        assert len(made.slack.calls("usergroups.users.list")) == calls


def test_an_approver_who_may_be_a_responder_by_a_group_hears_why_not_now() -> None:
    with peopled(rules=GROUP_TOO) as made:
        made.slack.fault("usergroups.users.list", "http_500", times=None)
        made.now[0] += LIFETIMES["group"] + 1
        assert UNSURE in _try(made, CAROL, "somebody leaked")
        assert LISTED in _try(made, CAROL), "what is an approver's is still theirs"


def test_somebody_named_by_id_is_let_in_while_slack_says_nothing() -> None:
    """A doubt must not bar a first denial."""
    with peopled(learnt=False) as made:
        made.slack.outage()
        assert "Looking up" in _try(made, BOB, "somebody leaked")
        assert [r.requested_by.id for r in made.store.open()] == [BOB]


def test_somebody_by_a_group_is_let_in_while_slack_does_not_say_who_they_are() -> None:
    with peopled(rules=GROUP_TOO) as made:
        made.slack.fault("users.info", "http_500", times=None)
        assert "Looking up" in _try(made, GROUPED, "somebody leaked")


def test_a_guest_in_the_group_is_known_as_one_for_a_quarter_of_an_hour() -> None:
    with peopled(rules=GROUP_TOO) as made:
        assert _try(made, EVE) == NO_MEMBER
        made.slack.fault("users.info", "http_500", times=None)
        made.now[0] += 600
        assert _try(made, EVE) == NO_MEMBER


def test_who_becomes_a_guest_is_out_within_a_minute() -> None:
    with peopled() as made:
        assert LISTED in _try(made, BOB)
        made.slack.change_person(BOB, is_restricted=True)
        made.now[0] += 61
        assert _try(made, BOB) == NO_MEMBER


def test_the_e_mail_is_recorded_with_who_asked() -> None:
    with peopled(rules=replace(RULES, responders=(PLAIN,))) as made:
        _try(made, PLAIN, "somebody leaked")
        (record,) = made.store.open()
        assert (record.requested_by.id, record.requested_by.email) == (PLAIN, "plain.member@example.com")


def test_a_click_that_carries_another_team_is_turned_away() -> None:
    with peopled() as made:
        record, card = everything.fresh(made, everything.PLACES["approval_give"][0].record)
        payload = made.click(ALICE, card, made.button("revocation_hold", record.id))
        payload["user"]["team_id"] = ELSEWHERE
        made.http(payload)
        assert made.slack.wait_for(lambda: made.told(ALICE), 5) == [OTHER_WORKSPACE]
        assert made.passed == []


HERE, ORG, SISTER = "T0HERE0001", "E0ORG00001", "T0SISTER01"
OF_ORG = OurApp(app_id="A1", team_id=HERE, enterprise_id=ORG)
FOR_ORG = OurApp(app_id="A1", team_id=ORG, enterprise_id=ORG, org_wide=True)


@pytest.mark.parametrize(
    ("ours", "team", "theirs", "teams", "sentence"),
    [
        (OF_ORG, HERE, HERE, (), None),
        (OF_ORG, HERE, ORG, (), None),
        (OF_ORG, HERE, SISTER, (SISTER, HERE), None),
        (OF_ORG, HERE, SISTER, (SISTER,), OTHER_WORKSPACE),
        (OF_ORG, HERE, ELSEWHERE, (), OTHER_WORKSPACE),
        (OF_ORG, SISTER, HERE, (), OTHER_WORKSPACE),
        (FOR_ORG, SISTER, SISTER, (SISTER,), None),
        (FOR_ORG, SISTER, ELSEWHERE, (), OTHER_WORKSPACE),
        (None, HERE, HERE, (), None),
        (None, HERE, ELSEWHERE, (), OTHER_WORKSPACE),
    ],
)
def test_on_enterprise_grid_the_workspace_counts_and_not_the_organization(
    ours: OurApp | None, team: str, theirs: str, teams: tuple[str, ...], sentence: str | None
) -> None:
    body = {
        "type": "block_actions",
        "api_app_id": "A1",
        "team": {"id": team, "enterprise_id": ORG},
        "enterprise": {"id": ORG},
        "user": {"id": "U1", "team_id": theirs},
    }
    context = build_context(BoltContext(), body)
    person = SlackPerson(id="U1", name="u", email=None, team_id=theirs, teams=frozenset(teams))
    found = origin.misdirected(body, context, ours) or origin.not_of_here(body, context, ours, person)
    assert found == sentence


def test_the_app_is_learnt_from_slack_even_where_it_will_not_tell_all() -> None:
    with door(learnt=False) as made:
        assert made.people.ourselves() == OurApp(
            app_id="A0SANDBOX1", team_id="T0SANDBOX1", workspace="sandbox"
        )
        made.slack.fault("bots.info", "error:missing_scope")
        assert made.people.ourselves().app_id is None
        made.slack.fault("bots.info", "http_500")
        with pytest.raises(SlackAway):
            made.people.ourselves()


def test_which_app_we_are_is_asked_until_it_is_known() -> None:
    with door(learnt=False) as made:
        made.slack.fault("bots.info", "error:missing_scope")
        made.learn()
        assert made.gate.prompt.known(OURSELVES) == OurApp(
            app_id=None, team_id="T0SANDBOX1", workspace="sandbox"
        )
        made.gate.refresh()
        made.slack.wait_for(lambda: made.gate.prompt.known(OURSELVES).app_id, 5)
        calls = len(made.slack.calls("auth.test"))
        made.gate.refresh()
        time.sleep(0.2)
        assert len(made.slack.calls("auth.test")) == calls


@pytest.mark.parametrize(
    ("told", "is_bot"),
    [
        ({"is_bot": True}, True),
        ({"is_workflow_bot": True}, True),
        ({"id": "USLACKBOT"}, True),
        ({"is_app_user": True}, False),
        ({}, False),
    ],
)
def test_what_slack_says_of_a_bot(told: Json, is_bot: bool) -> None:
    """Source: Slack API reference, "User object": is_app_user says that somebody authorized the calling app."""
    assert slack_people._person({"id": "U1", **told}).is_bot is is_bot


def test_an_answer_is_as_old_as_its_question() -> None:
    now, group = [0.0], ("group", "S1")
    prompt = Prompt(clock=lambda: now[0])

    def slowly() -> frozenset[str]:
        now[0] += 50
        return frozenset({"U1"})

    assert prompt.answers({group: slowly}) == {group: frozenset({"U1"})}
    now[0] += LIFETIMES["group"] - 49
    assert prompt.known(group) is None


def test_a_late_answer_does_not_undo_a_newer_one() -> None:
    prompt, go, group = Prompt(within=0.05), threading.Event(), ("group", "S1")

    def late() -> str:
        go.wait(5)
        return "old"

    assert prompt.answers({group: late}) == {}
    assert prompt.answers({group: lambda: "new"}) == {group: "new"}
    go.set()
    time.sleep(0.1)
    assert prompt.known(group) == "new"
