from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.chromium import chromium
from tests.browser.visitor import HALF_A_MINUTE, Visitor
from tests.sandbox.installation import ALICE
from tests.sandbox.playground.playground import Playground

Visitors = Callable[..., Visitor]


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    with Playground.fresh() as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=HALF_A_MINUTE)
    with chromium() as made:
        yield made


@pytest.fixture
def visit(playground: Playground, browser: Browser) -> Iterator[Visitors]:
    """A window of its own for each visitor. Fails where the page broke, or complained in the console."""
    complaints: list[str] = []
    pages: list[Page] = []

    def visitor(user: str = ALICE, *, channel: str = "C0SECINC01", **window: object) -> Visitor:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **window})  # type: ignore[arg-type]
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.extend(_complaint(said)))
        pages.append(page)
        return Visitor(page, playground.url, user).arrive(channel)

    yield visitor
    for page in pages:
        page.context.close()
    assert complaints == []


@pytest.fixture
def alice(visit: Visitors) -> Visitor:
    return visit()


@pytest.fixture(autouse=True)
def _mended(playground: Playground) -> Iterator[None]:
    """Nothing that a test broke outlives it."""
    yield
    for switch in playground.switches.as_json():
        if switch["on"]:
            playground.switches.turn(switch["name"], False)


def _complaint(said: ConsoleMessage) -> list[str]:
    return [said.text] if said.type == "error" else []
