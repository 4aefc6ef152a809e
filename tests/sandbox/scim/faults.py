"""Faults to order: the next calls go wrong, in one of SCIM's or the network's ways."""

from dataclasses import dataclass, field
from threading import Lock

KINDS = ("status", "slow", "drop", "drop_after", "no_effect", "still_active", "garbled", "nobody_there")


@dataclass
class Fault:
    """`times` None: until cleared.

    `status`: refused with this one, not applied. `slow`: answered after these `seconds`. `drop`: the connection breaks, not
    applied; `drop_after`: applied. `no_effect`: a yes, but the user's status stays. `still_active`: 200, and the user is as
    before. `garbled`: applied, and the answer is no JSON. `nobody_there`: what answers is no SCIM.
    """

    kind: str
    times: int | None = 1
    status: int = 500
    retry_after: int | None = None
    seconds: float = 0.0
    detail: str = "Pretend trouble."


@dataclass
class Faults:
    _waiting: list[Fault] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            raise ValueError(f"no such fault: {fault.kind}; there are {', '.join(KINDS)}")
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self) -> Fault | None:
        """The fault that is due for this call, used up by one."""
        with self._lock:
            fault = next(iter(self._waiting), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                self._waiting = [f for f in self._waiting if f.times != 0]
            return fault
