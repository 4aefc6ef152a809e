"""Principal Mapper's evaluator, asked in a process of its own.

Principal Mapper (AGPL) is a test tool here: run beside the project, never shipped or imported by it.
"""

import collections
import collections.abc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def verdicts_of(module: str, asked: dict[str, Any]) -> list[bool]:
    """What `module`, run by itself, answers to what is asked. Raises RuntimeError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(asked),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [bool(verdict) for verdict in json.loads(done.stdout)]


def answer(judge: Callable[[dict[str, Any]], list[bool]]) -> None:
    """Answer what `verdicts_of` asks, with `judge`, in which Principal Mapper may be imported."""
    # It was written for a Python whose `collections` still had these.
    for name in ("Mapping", "MutableMapping", "Sequence", "Iterable", "Callable"):
        setattr(collections, name, getattr(collections.abc, name))
    json.dump(judge(json.load(sys.stdin)), sys.stdout)
