"""Faults to order: the next calls of an operation fail, in one of AWS's or the network's ways."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Any


@dataclass
class Fault:
    """`times` None: until cleared. Exactly one kind:

    `code`: refused, not applied. `drop`: the connection breaks. `hang`: it breaks after these seconds.
    `late`: it breaks at once, and the call lands after these seconds. `applied` goes with drop and hang.
    """

    operation: str
    times: int | None = 1
    code: str | None = None
    message: str = ""
    status: int = 0
    extra: dict[str, Any] = field(default_factory=dict)
    drop: bool = False
    hang: float | None = None
    late: float | None = None
    applied: bool = False


class Faults:
    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, operation: str) -> Fault | None:
        """The fault that is due for this call, used up by one."""
        with self._lock:
            fault = next((f for f in self._waiting if f.operation in (operation, "*")), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                self._waiting = [f for f in self._waiting if f.times != 0]
            return fault

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [vars(fault).copy() for fault in self._waiting]
