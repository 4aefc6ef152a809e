"""Everything that `make demo` runs, in one object that can be started, disturbed and stopped."""

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.sandbox.aws.pretend import PretendAws
from tests.sandbox.aws.seed_data import Seed
from tests.sandbox.clock import MovedRedis
from tests.sandbox.installation import Installation, free_port
from tests.sandbox.playground.doors import Doors
from tests.sandbox.playground.hours import Hours
from tests.sandbox.playground.switches import Switches
from tests.sandbox.playground.watch import Watch
from tests.sandbox.slack.seed import seed_demo
from tests.sandbox.slack.workspace import SlackWorkspace

DRILL_USER = "testuser"


@dataclass
class Playground:
    """Start it with `with`; the page is at `url`. No wait of the product is shortened: the clock can be moved."""

    installation: Installation
    redis: MovedRedis
    hours: Hours
    switches: Switches
    watch: Watch
    _closed: bool = field(default=False)

    @classmethod
    def fresh(cls, *, port: int = 0, directory: Path | None = None) -> "Playground":
        """Pretend Slack, pretend AWS and Redis are up, and the page answers; bot and workers are not started."""
        directory = directory or Path(tempfile.mkdtemp(prefix="revoke-demo-"))
        slack, redis, aws = SlackWorkspace(port=port), MovedRedis(directory), PretendAws()
        _together(redis.start, aws.start)
        seed_demo(slack)
        seed = aws.seed(management_assignment=False)
        _drill_user(aws, seed)
        installation = Installation(
            slack=slack,
            aws=aws,
            seed=seed,
            directory=directory,
            settings={"REDIS_URL": redis.url, "REVOKE_DRILL_USER": DRILL_USER},
            port=free_port(),
            debug=False,
        )
        hours = Hours(installation, redis)
        switches = Switches(installation, redis)
        watch = Watch(aws, slack)
        made = cls(installation, redis, hours, switches, watch)
        slack.more_routes += Doors(made).routes()
        slack.start()
        slack.events_url = f"http://127.0.0.1:{installation.port}/slack/events"
        return made

    @property
    def url(self) -> str:
        return f"{self.installation.slack.base_url}/"

    def start(self) -> "Playground":
        self.watch.start()
        _together(self.installation.start_workers, self.installation.start_bot)
        return self

    def close(self) -> None:
        """Stop everything, Redis after those who use it. A second call changes nothing."""
        if self._closed:
            return
        self._closed = True
        self.hours.stop()
        self.watch.stop()
        try:
            self.installation.close()
        finally:
            for name in list(self.installation.processes):
                self.installation.kill(name)
            self.redis.stop()

    def __enter__(self) -> "Playground":
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()


def _drill_user(aws: PretendAws, seed: Seed) -> None:
    """With one assignment and on no list, as the README asks for."""
    user = aws.add_user(DRILL_USER, "Test User", f"{DRILL_USER}@example.com")
    aws.assign(user, seed.accounts["staging"], seed.permission_sets["ReadOnlyAccess"])


def _together(*starts: Callable[[], object]) -> None:
    """Each takes seconds, and mostly waits. Raises what the first of them raised, after all have ended."""
    with ThreadPoolExecutor(len(starts)) as pool:
        for started in [pool.submit(start) for start in starts]:
            started.result()
