"""Takes each guard of `mutants.py` out, one at a time, in a copy of the project, and runs the test that must notice."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.security.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", "docs")


def figures() -> Iterator[str]:
    """Raises AssertionError naming every guard whose loss nobody noticed."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = SimpleQueue[Path]()
        for number in range(AT_ONCE):
            copies.put(Path(shutil.copytree(ROOT, Path(folder) / str(number), ignore=_LEFT_OUT)))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            noticed = list(pool.map(lambda mutant: _noticed(copies, mutant), MUTANTS))
    lost = [mutant for mutant, seen in zip(MUTANTS, noticed, strict=True) if not seen]
    assert not lost, "\n".join(f"not noticed: {m.path}: {m.old.strip()!r} by {m.test}" for m in lost)
    yield f"{len(MUTANTS)} guards taken out one at a time: {len(MUTANTS)} noticed by their tests"


def _noticed(copies: "SimpleQueue[Path]", mutant: Mutant) -> bool:
    """Whether the test fails without the guard, because it fails and not because it could not run."""
    copy = copies.get()
    path = copy / mutant.path
    whole = path.read_text()
    try:
        path.write_text(whole.replace(mutant.old, mutant.new))
        return _run(copy, mutant.test) == 1
    finally:
        path.write_text(whole)
        copies.put(copy)


def _run(copy: Path, test: str) -> int:
    """Pytest's own exit code: 1 means that tests ran and failed."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n", "0", test]
    return subprocess.run(command, cwd=copy, capture_output=True, timeout=300, check=False).returncode
