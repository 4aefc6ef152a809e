"""How often something is done, whoever asks for it. Pure but for the clock of the process."""

import time
from collections.abc import Callable


def every(seconds: float, do: Callable[[], None]) -> Callable[[], None]:
    """`do`, at most once in `seconds`."""
    last = [-seconds]

    def paced() -> None:
        if time.monotonic() - last[0] >= seconds:
            last[0] = time.monotonic()
            do()

    return paced
