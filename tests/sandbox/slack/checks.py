"""Small checks that combine into the description of a JSON document, reported the way Slack reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """Collects what is wrong with one message or view."""

    surface: str = "message"
    problems: list[str] = field(default_factory=list)

    def error(self, words: str, pointer: str) -> None:
        self.problems.append(f"[ERROR] {words} [json-pointer:{pointer or '/'}]")


Check = Callable[[Report, Any, str], None]
Rule = Callable[[Report, Mapping[str, Any], str], None]


def anything(report: Report, value: Any, pointer: str) -> None:
    """Accepts what this imitation does not look into."""


def boolean(report: Report, value: Any, pointer: str) -> None:
    if not isinstance(value, bool):
        report.error("must provide a boolean", pointer)


def string(most: int, least: int = 1) -> Check:
    def check(report: Report, value: Any, pointer: str) -> None:
        if not isinstance(value, str):
            report.error("must provide a string", pointer)
        elif len(value) < least:
            report.error(f"must be more than {least - 1} characters", pointer)
        elif len(value) > most:
            report.error(f"must be less than {most + 1} characters", pointer)

    return check


def number(least: int, most: int) -> Check:
    def check(report: Report, value: Any, pointer: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report.error("must provide an integer", pointer)
        elif not least <= value <= most:
            report.error(f"must be between {least} and {most}", pointer)

    return check


def choice(*allowed: str) -> Check:
    def check(report: Report, value: Any, pointer: str) -> None:
        if value not in allowed:
            report.error("must be a valid enum value", pointer)

    return check


def items(check_item: Check, most: int, least: int = 1) -> Check:
    def check(report: Report, value: Any, pointer: str) -> None:
        if not isinstance(value, list):
            return report.error("must provide an array", pointer)
        if len(value) < least:
            report.error(f"no fewer than {least} items allowed", pointer)
        if len(value) > most:
            report.error(f"no more than {most} items allowed", pointer)
        for index, item in enumerate(value[:most]):
            check_item(report, item, f"{pointer}/{index}")
        return None

    return check


def shape(fields: Mapping[str, Check], required: str = "", rule: Rule | None = None) -> Check:
    """An object with these fields and no others."""
    needed = required.split()

    def check(report: Report, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            return report.error("must provide an object", pointer)
        for name in needed:
            if value.get(name) is None:
                report.error(f"missing required field: {name}", pointer)
        for name, part in value.items():
            _check_part(report, fields, name, part, pointer)
        if rule:
            rule(report, value, pointer)
        return None

    return check


def _check_part(report: Report, fields: Mapping[str, Check], name: str, part: Any, pointer: str) -> None:
    if name not in fields:
        report.error(f"invalid additional property: {name}", pointer)
    elif part is not None:
        fields[name](report, part, f"{pointer}/{name}")


def by_type(table: Mapping[str, Check]) -> Check:
    def check(report: Report, value: Any, pointer: str) -> None:
        if not isinstance(value, dict):
            return report.error("must provide an object", pointer)
        kind = value.get("type")
        if kind is None:
            report.error("missing required field: type", pointer)
        elif kind not in table:
            report.error(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            table[kind](report, value, pointer)
        return None

    return check
