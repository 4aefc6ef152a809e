import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.installation import Installation
from tests.sandbox.scripted import Scripted, scripted

pytest_plugins = ("tests.rights",)


def pytest_configure() -> None:
    """What is imported is no garbage; looking for it there again and again would take a good part of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Scripted]:
    """A world whose AWS does what the test says."""
    with scripted(tmp_path) as made:
        yield made


@pytest.fixture
def scim(tmp_path: Path) -> Iterator[Scripted]:
    """The same, with a way to disable sign-in."""
    with scripted(tmp_path, provider=True) as made:
        yield made


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """Bot and workers as they run, over pretend Slack and AWS; shared by a file's tests, each with its own target."""
    with Installation.fresh() as made:
        made.slack.add_channel("C0PRIVATE1", "inc-42", members=["U0ALICE001", "U0BOB00001"], is_private=True)
        yield made


@pytest.fixture(autouse=True)
def _calm(request: pytest.FixtureRequest) -> Iterator[None]:
    """No fault outlives its test, and no form stays before anybody."""
    yield
    if "installation" in request.fixturenames:
        made: Installation = request.getfixturevalue("installation")
        made.aws.clear_faults()
        made.aws.latency(0)
        made.slack.clear_faults()
        made.slack.back()
        made.slack.leave_forms()
