"""The full figures of this folder, one line each with its seconds; ends with 1 at the first that does not hold.

`python -m tests.security` runs all, `python -m tests.security hostile_policy` those of one file.
"""

import importlib
import pkgutil
import sys
import time
from collections.abc import Callable, Iterator

from tests import security

Figures = Callable[[], Iterator[str]]


def main(wanted: list[str]) -> int:
    for name, figures in _found(wanted):
        try:
            _say(figures)
        except AssertionError as broken:
            print(f"DOES NOT HOLD: {name}: {broken}", flush=True)
            return 1
    return 0


def _found(wanted: list[str]) -> Iterator[tuple[str, Figures]]:
    """Each file's figures, by its name without `test_`; those of tests first."""
    names = [found.name for found in pkgutil.iter_modules(security.__path__) if found.name != "__main__"]
    known = {name.removeprefix("test_"): name for name in names}
    if unknown := set(wanted) - set(known):
        sys.exit(f"No such file: {', '.join(sorted(unknown))}. There are: {', '.join(sorted(known))}.")
    for short, name in sorted(known.items(), key=lambda pair: (not pair[1].startswith("test_"), pair[0])):
        figures = getattr(importlib.import_module(f"{security.__name__}.{name}"), "figures", None)
        if figures is not None and (not wanted or short in wanted):
            yield short, figures


def _say(figures: Figures) -> None:
    begun = time.monotonic()
    for line in figures():
        print(f"{line}  ({time.monotonic() - begun:.1f} s)", flush=True)
        begun = time.monotonic()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
