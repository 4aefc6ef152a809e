"""The demo's clock and switches, without a browser: what the page's buttons set off."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.sandbox.installation import ALICE, SEC_INC
from tests.sandbox.playground.playground import Playground
from tests.scenarios.steps import becomes, deny, newcomer, press, shows

HOUR = 3600


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    with Playground.fresh() as made:
        yield made


def ask(playground: Playground, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(playground.url + path, data, {"Content-Type": "application/json"}), timeout=30) as a:
        return json.load(a)


def passed(playground: Playground, hours: int) -> None:
    wanted = ask(playground, "_demo/state")["clock"]["ahead"] + hours * HOUR
    ask(playground, "_demo/clock", {"hours": hours})
    playground.installation.until(
        lambda: (c := ask(playground, "_demo/state")["clock"])["ahead"] == wanted and not c["left"], 90
    )


def test_in_thirteen_hours_that_are_let_pass_the_clean_up_gives_notice_and_takes_off_with_proof(
    playground: Playground,
) -> None:
    installation = playground.installation
    target = newcomer(installation, "opal")
    card = deny(installation, "opal key leaked")
    press(installation, card, "follow_ups_start")
    shows(installation, card, "the bot's part is done")
    passed(playground, 12)
    assert target in installation.aws.denied()
    installation.until(
        lambda: any("comes off" in m.text for m in installation.slack.thread(SEC_INC, card.ts))
    )
    passed(playground, 1)
    becomes(installation, card, "Off the deny list, watched")
    assert target not in installation.aws.denied()


def test_hours_in_which_no_worker_looked_prove_nothing(playground: Playground) -> None:
    installation = playground.installation
    target = newcomer(installation, "ruby")
    card = deny(installation, "ruby key leaked")
    ask(playground, "_demo/switch/workers_killed", {"on": True})
    passed(playground, 12)
    passed(playground, 1)
    ask(playground, "_demo/switch/workers_killed", {"on": False})
    shows(installation, card, "No access is left since")
    assert target in installation.aws.denied()


def test_each_switch_says_that_it_is_on_and_can_be_switched_off_again(playground: Playground) -> None:
    for switch in ask(playground, "_demo/state")["switches"]:
        if not switch["once"]:
            for on in (True, False):
                ask(playground, f"_demo/switch/{switch['name']}", {"on": on})
                shown = {s["name"]: s["on"] for s in ask(playground, "_demo/state")["switches"]}
                assert shown[switch["name"]] is on, switch["name"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("_demo/clock", {"hours": 10**9}, 400),
        ("_demo/switch/nothing", {"on": True}, 404),
        ("_aws/nothing", {}, 400),
    ],
)
def test_what_there_is_not_is_refused(
    playground: Playground, path: str, body: dict[str, object], status: int
) -> None:
    with pytest.raises(HTTPError) as refused:
        ask(playground, path, body)
    assert refused.value.code == status


def test_a_page_from_elsewhere_is_not_listened_to(playground: Playground) -> None:
    headers = {"Origin": "https://evil.example", "Content-Type": "application/json"}
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{playground.url}_demo/clock", b'{"hours": 1}', headers), timeout=5)
    assert refused.value.code == 403


def test_a_person_of_the_page_may_act_as_in_slack(playground: Playground) -> None:
    answer = ask(playground, "_sim/command", {"user": ALICE, "channel": SEC_INC, "text": "/revoke help"})
    assert answer["result"]["ok"]
