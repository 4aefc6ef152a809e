"""At the end of a run: whatever was asked of the pretend AWS, the shipped roles allow it; and a whole run uses them up.

The pretend AWS refuses what a role does not allow, but code that goes on without an answer could hide that. So
each process notes what was asked, and the one that runs the others reads the notes.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = "PRETEND_AWS_NOTES"
_mine = pytest.StashKey[Path]()
_found = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[_mine] = Path(tempfile.mkdtemp(prefix="pretend-aws-notes-"))
        os.environ[FOLDER] = str(config.stash[_mine])


def pytest_unconfigure(config: pytest.Config) -> None:
    if folder := config.stash.get(_mine, None):
        shutil.rmtree(folder, ignore_errors=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """So that a note can name the test."""
    if folder := os.environ.get(FOLDER):
        name = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
        (Path(folder) / name).write_text(item.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    folder = session.config.stash.get(_mine, None)
    if folder is None:
        return
    notes = list(_notes(folder))
    wrong = [*_refused(notes), *(_unused(notes) if _whole(session) else ())]
    session.config.stash[_found] = wrong
    if wrong and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if wrong := config.stash.get(_found, []):
        terminalreporter.section("the roles of deploy/aws/roles.yaml", red=True)
        for line in wrong:
            terminalreporter.write_line(line)


def _notes(folder: Path) -> Iterator[dict[str, str]]:
    for file in sorted(folder.glob("asked-*.jsonl")):
        yield from map(json.loads, file.read_text().splitlines())


def _refused(notes: list[dict[str, str]]) -> Iterator[str]:
    for note in notes:
        if note["refused"]:
            yield f"FAILED {note['role']} may not: {note['refused']} (asked for in {note['test']})"


def _unused(notes: list[dict[str, str]]) -> Iterator[str]:
    """A right that the whole suite never asks for is one too many, or lacks its test."""
    from tests.sandbox.aws.roles import ROLES, allowed

    asked = {(note["role"], note["action"]) for note in notes}
    for role in sorted(set(ROLES.values())):
        for action in sorted(allowed(role)):
            if (role, action) not in asked:
                yield f"FAILED {role} allows {action}, and no test asked for it"


def _whole(session: pytest.Session) -> bool:
    """Whether every test ran, and none failed for another reason."""
    options, config = session.config.option, session.config
    chosen = (
        options.keyword
        or options.markexpr
        or getattr(options, "lf", False)
        or options.collectonly
        or options.deselect
    )
    from_paths = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return from_paths and not chosen and not session.testsfailed
