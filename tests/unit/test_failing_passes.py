"""A pass that fails for long is told beside Slack: nobody looks into a log at night."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workers import processes
from workers.adapters.witness import FileWitness
from workers.domain.errors import StoreAway


class Alarms(list[str]):
    def raise_alarm(self, subject: str, text: str) -> bool:
        self.append(text)
        return True


def passes(directory: Path, outcomes: list[bool]) -> list[str]:
    """Run one loop with these outcomes; returns the alarms."""
    alarms, stop, left = Alarms(), threading.Event(), list(outcomes)
    world: Any = SimpleNamespace(witness=FileWitness(directory), alarm=alarms)

    def settle_policy(_: Any) -> None:
        went_well = left.pop(0)
        if not left:
            stop.set()
        if not went_well:
            raise StoreAway("Redis could not be reached.")

    pass_: Callable[[Any], None] = settle_policy
    processes._loop(stop, 0.01, pass_, world)
    return alarms


def test_a_pass_that_fails_on_is_told_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "FAILING_FOR", 0.02)
    [said] = passes(tmp_path, [False] * 12)
    assert "settle_policy" in said
    assert "may NOT be denied" in said
    assert passes(tmp_path, [False] * 12) == []


def test_a_pass_that_fails_now_and_then_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "FAILING_FOR", 0.2)
    assert passes(tmp_path, [False, True] * 20) == []
