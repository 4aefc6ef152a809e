"""What goes to a terminal is text: whatever names and errors hold, no colour, cursor or title is set by it."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

from workers.cards.text import visible


@contextmanager
def only_text() -> Iterator[None]:
    """Within this, stdout and stderr take text alone; what nobody sees, or a terminal obeys, comes as an escape.

    The escape is JSON's, so that JSON that is printed still says the same.
    """
    with redirect_stdout(_Text(sys.stdout)), redirect_stderr(_Text(sys.stderr)):
        yield


class _Text(io.TextIOBase):
    """A stream around a stream. It has no bytes below it, or click would write past it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 still shows the rest

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError("text alone")  # click asks so whether there are bytes to write to
        self._stream.write("".join(c if c in "\n\t" or visible(c) else json.dumps(c)[1:-1] for c in text))
        return len(text)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()
