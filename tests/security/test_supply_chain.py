"""What is installed is what was locked, and what is known against it is asked about, all of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))

LOCK = """\
# via uv
alpha==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via beta
beta[extra]==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:bb
Gamma_Ray==3.0 ; python_full_version < '3.12' \\
    --hash=sha256:cc
gamma-ray==3.1 ; python_full_version >= '3.12' \\
    --hash=sha256:dd
"""

STUB = """\
#!{python}
import json, re, sys
given = dict(zip(sys.argv, sys.argv[1:]))
assert "--strict" in sys.argv and "--require-hashes" in sys.argv and "--disable-pip" in sys.argv
text = open(given["--requirement"]).read()
assert ";" not in text and "--hash=sha256:" in text, text
rows = [{{"name": n.lower(), "version": v, "vulns": []}} for n, v in re.findall(r"^([\\w-]+)(?:\\[.*?\\])?==(\\S+)", text, re.M)]
assert len({{row["name"] for row in rows}}) == len(rows), "a package twice"
{meddle}
json.dump({{"dependencies": rows, "fixes": []}}, open(given["--output"], "w"))
"""


def checked(tmp_path: Path, meddle: str = "") -> tuple[int, str]:
    """The exit code and the words of the check, with a pip-audit that answers as told."""
    stub, lock = tmp_path / "pip-audit", tmp_path / "requirements.lock"
    stub.write_text(STUB.format(python=sys.executable, meddle=meddle))
    stub.chmod(0o755)
    lock.write_text(LOCK)
    command = [sys.executable, str(ROOT / ".ci/vulnerabilities.py"), str(stub), "pypi", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_every_lock_pins_one_version_of_each_package_by_hash_and_names_no_other_source() -> None:
    assert {"requirements.lock", "requirements-dev.lock", "requirements-audit.lock"} <= {
        p.name for p in LOCKS
    }
    for lock in LOCKS:
        lines = [line for line in lock.read_text().splitlines() if line and not line.lstrip().startswith("#")]
        for line in lines:
            assert re.fullmatch(
                r"[a-z0-9][\w.-]*(\[[\w,-]+\])?==[\w.!+-]+( ; [^\\]+)? \\", line
            ) or re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), f"{lock.name}: {line}"
        starts = [number for number, line in enumerate(lines) if not line.startswith(" ")]
        assert all(number + 1 not in starts and number + 1 < len(lines) for number in starts), lock.name


@pytest.mark.parametrize("name", ["Makefile", "Dockerfile", ".ci/image-check"])
def test_nothing_is_installed_but_by_hash_or_by_exact_version(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    installs = [line for line in text.splitlines() if " pip install " in line]
    assert installs
    for line in installs:
        assert "--require-hashes" in line or re.search(r" [\w-]+==[\d.]+$", line.strip()), line


def test_every_lock_is_asked_about() -> None:
    assert "pip-audit $(or $(SERVICE),pypi) requirements*.lock" in (ROOT / "Makefile").read_text()


def test_packages_without_known_vulnerabilities_pass_whatever_system_they_are_for(tmp_path: Path) -> None:
    code, said = checked(tmp_path)
    assert (code, "4 of 4 packages checked" in said) == (0, True), said


def test_a_known_vulnerability_is_named_and_fails(tmp_path: Path) -> None:
    found = '[r for r in rows if r["name"] == "beta"][:1]'
    code, said = checked(
        tmp_path, f'for r in {found}: r["vulns"] = [{{"id": "PYSEC-1", "fix_versions": ["2.1"]}}]'
    )
    assert code == 1
    assert "beta 2.0: PYSEC-1, mended in 2.1" in said


@pytest.mark.parametrize(
    "meddle",
    [
        'rows = [r for r in rows if r["name"] != "alpha"]',
        'rows = [r | {"skip_reason": "odd"} if r["name"] == "alpha" else r for r in rows]',
        '[r.update(version="1.1") for r in rows if r["name"] == "alpha"]',
    ],
    ids=["left out", "skipped", "another version"],
)
def test_a_package_that_was_not_asked_about_is_named_and_fails(tmp_path: Path, meddle: str) -> None:
    code, said = checked(tmp_path, meddle)
    assert code == 1
    assert "alpha 1.0 was not checked" in said


def test_a_service_that_does_not_answer_fails_and_is_said_in_words(tmp_path: Path) -> None:
    code, said = checked(tmp_path, 'sys.exit("ConnectionError: no such host")')
    assert code == 1
    assert (
        "not checked, because pypi could not be asked, or not about all. ConnectionError: no such host"
        in said
    )
