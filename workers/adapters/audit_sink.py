"""The second sinks: each entry of the log, once more, outside Redis. They tell whether they took it, and never raise."""

import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from workers import lines
from workers.adapters.audit_lines import sink_line
from workers.domain.audit_entry import Line

FILE = "audit.jsonl"
"""In the data directory; what is done at a terminal goes there."""

_STDOUT = 1
_MOST_MISSED = 500


@dataclass(frozen=True)
class StdoutSink:
    """The standard output of this process, among its log lines. What it did not take comes once it takes again."""

    descriptor: int = _STDOUT
    _missed: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_MISSED), repr=False)

    def take(self, line: Line) -> bool:
        text = sink_line(line)
        if not self._write(text):
            self._missed.append(text)
            return False
        with suppress(IndexError):  # none is left, or another thread has it
            while self._write(missed := self._missed.popleft()):
                pass
            self._missed.appendleft(missed)
        return True

    def _write(self, text: str) -> bool:
        return lines.on(self.descriptor).line(text)


@dataclass(frozen=True)
class FileSink:
    """A file that only grows, made anew where it was moved away."""

    path: Path

    def take(self, line: Line) -> bool:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            return lines.Lines(descriptor).line(sink_line(line)) and _kept(descriptor)
        finally:
            os.close(descriptor)


def _kept(descriptor: int) -> bool:
    try:
        os.fsync(descriptor)
    except OSError:
        return False
    return True
