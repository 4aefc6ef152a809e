"""Redis with a clock that can be moved, as a process of its own that can be killed and started again."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[3]


class MovedRedis:
    """Keeps its data, its address and its place in time over a kill and a new start."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._pids: list[int] = []
        self._port = 0
        self.ahead = 0
        """Seconds by which its clock is ahead of this machine's."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> "MovedRedis":
        given = {"--directory": self._directory, "--port": self._port, "--ahead": self.ahead}
        words = [str(word) for pair in given.items() for word in pair]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sandbox.clock", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is not for Redis: whoever uses it must end first
        )
        told = json.loads(self._line())
        self._port, self._pids = int(told["url"].rpartition(":")[2].split("/")[0]), told["pids"]
        return self

    def move(self, ahead: int) -> None:
        """Put the clock this many seconds ahead of the machine's; returns once it is there."""
        self.ahead = ahead
        if self.running:
            assert self._process is not None
            assert self._process.stdin is not None
            self._process.stdin.write(b"%d\n" % ahead)
            self._process.stdin.flush()
            self._line()

    def kill(self) -> None:
        """kill -9, of the server first."""
        for pid in reversed(self._pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._end()

    def stop(self) -> None:
        """Let it write everything and end."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._end()

    def __enter__(self) -> "MovedRedis":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _end(self) -> None:
        if self._process is not None:
            self._process.wait(20)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
        self._process, self._pids = None, []

    def _line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Redis did not start; see {self._directory}/redis.log")
        return line
