"""The README's table of settings is the code's, name for name and default for default; its commands exist."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.settings import BotSettings
from workers.cli.root import main
from workers.domain.caps import Cap, Caps
from workers.settings import CommonSettings, WorkerSettings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (both|bot|workers) \| (.+?) \| .+ \|$", re.MULTILINE)
UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def written() -> dict[str, tuple[str, str]]:
    """From the README: the setting's name, who reads it, and its default."""
    return {name: (who, default) for name, who, default in ROW.findall(README)}


def coded() -> dict[str, tuple[str, str]]:
    """The same from the settings classes."""
    common, found = set(CommonSettings.model_fields), {}
    for who, kind in (("bot", BotSettings), ("workers", WorkerSettings)):
        for name, field in kind.model_fields.items():
            found[name.upper()] = ("both" if name in common else who, default_of(field))
    return found


def default_of(field: FieldInfo) -> str:
    return "required" if field.default is PydanticUndefined else shown(field.default)


def shown(default: Any) -> str:
    match default:
        case None | ():
            return "none"
        case Caps():
            return f"`{_limit(default.per_person)},{_limit(default.overall)}`"
        case timedelta():
            seconds = int(default.total_seconds())
            unit, size = next((unit, size) for unit, size in UNITS if seconds % size == 0)
            # Hours are how people speak of the hold, even where days would divide it.
            return f"`{seconds // 3600}h`" if unit == "d" else f"`{seconds // size}{unit}`"
        case tuple():
            return f"`{','.join(default)}`"
        case float():
            return f"`{default:g}`"
        case bool():
            return f"`{str(default).lower()}`"
        case _:
            return f"`{default}`"


def _limit(cap: Cap) -> str:
    return f"{cap.most}/{shown(cap.within).strip('`')}"


def test_the_settings_table_is_the_codes() -> None:
    assert written() == coded()


def test_no_setting_stands_twice() -> None:
    names = [name for name, _, _ in ROW.findall(README)]
    assert len(names) == len(set(names))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    assert set(re.findall(r"`make ([a-z-]+)", page.read_text())) <= targets()


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """Links, and paths in code marks that begin with a folder of ours."""
    text = page.read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", text)
    paths = re.findall(r"`((?:bot|workers|tests|docs|env|\.ci)/[\w./-]+)`", text)
    missing = [link for link in links if not (page.parent / link).exists()]
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert missing == []


@pytest.fixture(scope="module")
def every_test() -> set[str]:
    sources = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    return set(re.findall(r"^ *def (test_\w+)", sources, re.MULTILINE))


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_that_a_page_names_exists(page: Path, every_test: set[str]) -> None:
    assert set(re.findall(r"\b(test_\w+)\b(?!\.py)", page.read_text())) <= every_test


def test_every_decision_says_the_same_four_things() -> None:
    for page in sorted((ROOT / "docs/decisions").glob("*.md")):
        headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "Check"], page


def test_every_command_of_the_workers_that_a_page_names_exists() -> None:
    for page in DOCS:
        named = set(re.findall(r"python -m workers ([a-z][a-z-]*)", page.read_text()))
        assert named <= set(main.commands), page
