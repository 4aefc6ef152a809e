"""The hours that a visitor lets pass: Redis's clock, AWS's and Slack's, all by the same step."""

import time
from threading import Event, Lock, Thread

from redis.exceptions import RedisError

from tests.sandbox.clock import MovedRedis
from tests.sandbox.installation import Installation
from workers.domain.errors import StoreAway

HOUR = 3600
SETTLES_WITHIN = 4.0
"""Seconds that the bot gets for what has become due, before the next hour passes."""


class Hours:
    """Lets hours pass one by one, and the bot look at AWS after each.

    At once would not do: the bot takes a time in which nobody looked for a time in which anything may have
    happened, and begins to count anew.
    """

    def __init__(self, installation: Installation, redis: MovedRedis) -> None:
        self._installation, self._redis = installation, redis
        self._lock, self._stop = Lock(), Event()
        self._thread: Thread | None = None
        self.left = 0
        """How many hours are still to pass."""

    @property
    def ahead(self) -> int:
        return self._redis.ahead

    def now(self) -> float:
        return time.time() + self.ahead

    def pass_by(self, hours: int) -> None:
        """Returns at once; the hours pass in a thread of their own."""
        with self._lock:
            self.left = min(self.left + max(hours, 0), 24)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="hours", daemon=True)
                self._thread.start()
        self._told()

    def stop(self) -> None:
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join(2 * SETTLES_WITHIN)

    def _run(self) -> None:
        while self._next() and not self._stop.is_set():
            self._until_settled()
            self.move(self.ahead + HOUR)
            self._told()
            self._until_settled()

    def _next(self) -> bool:
        with self._lock:
            if self.left == 0:
                self._thread = None
            self.left = max(self.left - 1, 0)
            running = self._thread is not None
        self._told()
        return running

    def move(self, ahead: int) -> None:
        """Put all three clocks this many seconds ahead; AWS's first, because what is due is due by Redis's."""
        slack = self._installation.slack
        self._installation.aws.dials(date_skew_s=ahead)
        self._redis.move(ahead)
        slack.state.clock = lambda: time.time() + ahead
        slack.clock_skew = -ahead  # the bot compares the stamp on a request with its machine's clock

    def _until_settled(self) -> None:
        """Wait until nothing is due and every card is up to date; not longer than it may take."""
        end = time.monotonic() + SETTLES_WITHIN
        while time.monotonic() < end and not self._stop.is_set() and self._works():
            if self._settled():
                return
            time.sleep(0.05)

    def _works(self) -> bool:
        return "workers" in self._installation.processes and self._redis.running

    def _settled(self) -> bool:
        try:
            store = self._installation.store
            return not store.due(store.now()) and not store.untold()
        except (StoreAway, RedisError, OSError):
            return False

    def _told(self) -> None:
        self._installation.slack.state.changed("demo")
