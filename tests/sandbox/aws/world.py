"""Everything the pretend AWS remembers beside moto, and the way to moto."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock, RLock
from typing import Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal.models import moto_api_backend

from tests.sandbox.aws.answers import Refusal
from tests.sandbox.aws.call import Call
from tests.sandbox.aws.faults import Faults
from tests.sandbox.aws.throttling import Throttle

REGION = "us-east-1"


@dataclass
class Dials:
    """What a test may turn. Times in milliseconds."""

    policy_size: int = 10240
    stale_ms: int = 0
    assignment_ms: int = 0
    throttle: bool = False
    paths: bool = True
    user_status: bool = True
    group_rows: bool = False
    empty_first_page: bool = False
    account_access: bool = True
    deletion_listing: bool = True
    date_skew_s: float = 0.0


@dataclass
class Operation:
    """An account assignment being made or taken away."""

    kind: str
    request_id: str
    row: dict[str, str]
    due: float
    created: datetime
    failure: str | None = None
    settled: bool = False


@dataclass
class Application:
    """An application of IAM Identity Center, and who is assigned to it: principal type and id."""

    name: str
    enabled: bool
    assignment_required: bool
    assigned: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class World:
    dials: Dials = field(default_factory=Dials)
    faults: Faults = field(default_factory=Faults)
    throttle: Throttle = field(default_factory=Throttle)
    lock: RLock = field(default_factory=RLock)
    journal: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=20_000))
    latency: dict[str, int] = field(default_factory=dict)
    policy_id: str | None = None
    texts: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    status: dict[str, str] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    failing: deque[str] = field(default_factory=deque)
    hanging: int = 0
    most_outstanding: int = 0
    applications: list[str] = field(default_factory=list)
    entitlements: dict[str, dict[str, Any]] = field(default_factory=dict)
    sso_applications: dict[str, Application] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _busy_lock: Lock = field(default_factory=Lock)

    def reset(self) -> None:
        """Forget everything, moto's part too; the journal stays."""
        moto_api_backend.reset()
        fresh, kept = World(), {"lock", "journal", "_busy", "_busy_lock"}
        for name, value in vars(fresh).items():
            if name not in kept:
                setattr(self, name, value)

    @property
    def organizations(self) -> Any:
        return get_backend("organizations")[DEFAULT_ACCOUNT_ID]["aws"]

    @property
    def identity(self) -> Any:
        return get_backend("identitystore")[DEFAULT_ACCOUNT_ID][REGION]

    @property
    def sso(self) -> Any:
        return get_backend("ssoadmin")[DEFAULT_ACCOUNT_ID][REGION]

    @property
    def instance(self) -> Any:
        return self.sso.instances[0]

    @property
    def store(self) -> Any:
        """Users, groups and memberships of the one identity store."""
        from moto.identitystore.models import IdentityStoreData

        return self.identity.identity_stores.setdefault(self.instance.identity_store_id, IdentityStoreData())

    def now(self) -> datetime:
        """AWS's clock."""
        return datetime.fromtimestamp(time.time() + self.dials.date_skew_s, UTC)

    def wait(self, call: Call) -> None:
        time.sleep(self.latency.get(call.operation, self.latency.get("*", 0)) / 1000)

    @contextmanager
    def alone(self, call: Call) -> Iterator[None]:
        """Two overlapping UpdatePolicy calls on one policy: AWS refuses the second."""
        if call.operation != "UpdatePolicy":
            yield
            return
        policy_id = str(call.params.get("PolicyId"))
        self._enter(policy_id)
        try:
            yield
        finally:
            with self._busy_lock:
                self._busy.discard(policy_id)

    def _enter(self, policy_id: str) -> None:
        with self._busy_lock:
            if policy_id in self._busy:
                message = "The target of the operation is currently being modified by a different request."
                raise Refusal("ConcurrentModificationException", message)
            self._busy.add(policy_id)

    def wrote(self, policy_id: str, text: str) -> None:
        """Remember when a policy's text changed, for stale reads."""
        self.texts[policy_id].append((time.monotonic(), text))

    def visible(self, policy_id: str, text: str) -> str:
        """The text a reader sees: `stale_ms` behind, as other endpoints of AWS may be."""
        horizon = time.monotonic() - self.dials.stale_ms / 1000
        known = self.texts.get(policy_id, [])
        if not self.dials.stale_ms or not known:
            return text
        return next((old for at, old in reversed(known) if at <= horizon), known[0][1])
