"""What the image promises, tried without an engine: no root, nothing to write to but one folder, and no shell.

tests/architecture/test_image.py reads the Dockerfile and the compose file; here both processes really run so.
"""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
import yaml

from tests.sandbox import jail
from tests.sandbox.installation import Installation
from tests.scenarios.steps import deny

ROOT = Path(__file__).parents[2]
CODE = sorted((*(ROOT / "bot").rglob("*.py"), *(ROOT / "workers").rglob("*.py")))


def jailed(command: list[str], data: Path) -> list[str]:
    root = data.with_name(f"{data.name}-root")
    root.mkdir(exist_ok=True)
    seen = {"read": jail.python_and_code(ROOT), "write": {"/data": str(data)}}
    spec = {"root": str(root), **seen, "command": command}
    return [sys.executable, str(Path(jail.__file__)), json.dumps(spec)]


def inside(data: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """Run Python code in the jail."""
    env = {"PATH": f"{sys.prefix}/bin", "HOME": "/data"}
    command = jailed([sys.executable, "-c", code], data)
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one folder that can be written to; skips where no jail can be made."""
    made = tmp_path_factory.mktemp("data")
    os.chmod(made, 0o700)
    if os.getuid() != 0 or inside(made, "").returncode == jail.CANNOT:
        pytest.skip("only root on Linux can make a jail; `make image-check` tries a part of it")
    os.chown(made, jail.UID, jail.UID)
    return made


class Jailed(Installation):
    """The bot and the workers run in it."""

    def _start(self, name: str, arguments: list[str], env: dict[str, str]) -> None:
        log: IO[bytes] = (self.directory / f"{name}.log").open("ab")
        place = {
            "PATH": f"{sys.prefix}/bin",
            "PYTHONPATH": str(ROOT),
            "HOME": "/data",
            "REVOKE_DATA_DIR": "/data",
        }
        self.processes[name] = subprocess.Popen(
            jailed([sys.executable, *arguments], self.directory),
            env=env | place | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def running(data: Path) -> Iterator[Installation]:
    with Jailed.fresh(directory=data, debug=False) as made:
        yield made


def test_somebody_is_denied_by_processes_that_have_no_shell_no_root_and_no_disk_but_one_folder(
    running: Installation,
) -> None:
    deny(running, "@mallory key leaked")
    assert running.aws.denied() == {running.seed.users["mallory"]}


def test_both_are_that_user(running: Installation) -> None:
    for pid in (*running.pids.values(), *running.children("workers")):
        status = Path(f"/proc/{pid}/status").read_text()
        words = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert words["Uid"].split() == [str(jail.UID)] * 4
        assert int(words["CapEff"], 16) == int(words["CapPrm"], 16) == 0
        assert words["NoNewPrivs"].strip() == "1"


def test_the_bot_stops_and_starts_again_there(running: Installation) -> None:
    assert running.stop("bot") == 0
    running.start_bot()


def test_there_is_no_shell_in_the_jail_and_nothing_else_can_be_written(data: Path) -> None:
    done = inside(
        data,
        """
import os, pathlib, shutil
assert os.getuid() == 10001
assert not any(map(shutil.which, ("sh", "bash", "dash", "busybox")))
assert not any(map(os.path.exists, ("/bin/sh", "/usr/bin/sh", "/bin/bash", "/etc/passwd")))
for place in ("/", "/usr/lib", os.path.dirname(os.__file__)):
    try:
        pathlib.Path(place, "x").write_text("x")
    except OSError:
        continue
    raise SystemExit(f"{place} can be written to")
pathlib.Path("/data/x").write_text("x")
pathlib.Path("/data/x").unlink()
""",
    )
    assert done.returncode == 0, done.stderr


FORBIDDEN = {
    "os": {"system", "popen", "fork", "forkpty"},
    "subprocess": {"run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"},
    "asyncio": {"create_subprocess_shell", "create_subprocess_exec"},
}


def test_no_code_starts_a_shell_and_one_place_starts_a_program() -> None:
    """Redis, by a list of words, without a shell."""
    found = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (name := _starts(node)):
                found.append((path.relative_to(ROOT).as_posix(), name))
                assert not [word for word in node.keywords if word.arg == "shell"]
                assert isinstance(node.args[0], ast.List)
    assert found == [("workers/adapters/redis_server.py", "subprocess.Popen")]


def _starts(call: ast.Call) -> str | None:
    match call.func:
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            starts = name.startswith(("exec", "spawn", "posix_spawn")) and module == "os"
            if starts or name in FORBIDDEN.get(module, ()) or (module, name) == ("subprocess", "Popen"):
                return f"{module}.{name}"
    return None


def test_nothing_is_taken_out_of_those_modules_by_another_name() -> None:
    """Otherwise the test above would not see it."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.module not in ("os", "subprocess", "pty"), path
            if isinstance(node, ast.Import):
                assert not [a for a in node.names if a.name in ("os", "subprocess", "pty") and a.asname], path


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def test_the_workers_folder_outlasts_their_container_and_the_bot_has_none() -> None:
    services = compose()["services"]
    assert services["workers"]["volumes"] == ["workers:/data"]
    assert "volumes" not in services["bot"]
    assert "workers" in compose()["volumes"]


def test_the_workers_folder_is_theirs_alone_in_the_image() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "install -d -m 0700 /data" in text
    assert "--chown=10001:10001 /data /data" in text
    assert f"USER {jail.UID}" in text
