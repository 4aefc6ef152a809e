"""What no file of the repository may hold."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = {"__pycache__", "build", "dist", "node_modules", "var"}
LOCKS = ("requirements.lock", "requirements-dev.lock")

WHERE_FROM = re.compile(
    r"(?<!emit-)(?<!extra-)index-ur[l]|--extra-index-ur[l]|--find-link[s]|://\S+\.(?:whl|tar\.gz)\b|://\S+/[s]imple\b"
)
"""An address, or an option that gives one, to download packages from."""

SECRET = re.compile(
    r"\bxox[abp]-\d{6,}-|\bxapp-\d-[A-Z0-9]{6,}-\d|\bAKIA(?!PRETEND|[A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*KEY"
)


def files() -> list[Path]:
    """What is in git, or would be with `git add`; without git, what lies here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0 and listed.stdout:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not hidden(path)]
    return [path for path in found if path.is_file()]


def hidden(path: Path) -> bool:
    folders = path.relative_to(ROOT).parts[:-1]
    return any(part in LEFT_OUT or (part.startswith(".") and part != ".ci") for part in folders)


def lines(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files()
        for number, line in enumerate(lines(path), start=1)
        if pattern.search(line)
    ]


def test_no_file_says_where_packages_are_downloaded_from() -> None:
    assert found(WHERE_FROM) == []


def test_lock_files_name_no_address_and_hash_everything() -> None:
    for name in LOCKS:
        text = (ROOT / name).read_text()
        pinned = re.findall(r"^[a-z0-9][\w.\[\]-]*==\S+", text, re.MULTILINE)
        entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
        assert "://" not in text
        assert len(pinned) == len(entries) > 10
        assert all("--hash=sha256:" in entry for entry in entries)


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, wanted in zip(
        LOCKS, (project["dependencies"], project["optional-dependencies"]["dev"]), strict=True
    ):
        locked = re.findall(r"^([\w-]+)(?:\[.*?\])?==", (ROOT / name).read_text(), re.MULTILINE)
        names = {re.split(r"[^\w-]", requirement)[0].lower() for requirement in wanted}
        assert names <= {one.lower() for one in locked}


def test_no_file_holds_a_secret() -> None:
    assert found(SECRET) == []
