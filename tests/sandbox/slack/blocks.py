"""Block Kit as Slack checks it: `check_message`, `check_view`, and `normalise` for what Slack fills in.

The messages read like Slack's own, with a JSON pointer to the offending part.
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from tests.sandbox.slack.checks import (
    Check,
    Report,
    anything,
    boolean,
    by_type,
    choice,
    items,
    shape,
    string,
)
from tests.sandbox.slack.elements import (
    AS_ACCESSORY,
    AS_INPUT,
    BUTTON,
    ID,
    IMAGE,
    IN_ACTIONS,
    IN_CONTEXT,
    RICH_ELEMENTS,
    plain,
    text,
)

Json = dict[str, Any]
STATUSES = ("pending", "in_progress", "complete", "error")


def check_message(blocks: Any) -> list[str]:
    """All that Slack would refuse in these blocks of a message; empty when it would take them."""
    return _check_blocks(Report("message"), blocks, "/blocks", 50, 0)


def check_view(view: Any) -> list[str]:
    """The same for the `view` argument of views.* and of a view_submission's answer."""
    kind = view.get("type") if isinstance(view, dict) else None
    report = Report(str(kind))
    if kind not in ("modal", "home"):
        report.error("missing required field: type", "/view") if kind is None else report.error(
            f"unsupported type: {kind}", "/view/type"
        )
        return report.problems
    VIEWS[kind](report, view, "/view")
    _check_blocks(report, view.get("blocks"), "/view/blocks", 100, 1 if kind == "modal" else 0)
    return report.problems


def _check_blocks(report: Report, blocks: Any, pointer: str, most: int, least: int) -> list[str]:
    if blocks is None:
        return report.problems
    items(_block, most, least)(report, blocks, pointer)
    if isinstance(blocks, list):
        known = [block for block in blocks if isinstance(block, dict)]
        _unique_block_ids(report, known, pointer)
        _together(report, known, pointer)
    return report.problems


def _unique_block_ids(report: Report, blocks: list[Json], pointer: str) -> None:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id in seen:
            report.error(f"`block_id` {block_id} already exists", f"{pointer}/{index}/block_id")
        seen |= {block_id} if isinstance(block_id, str) else set()


def _together(report: Report, blocks: list[Json], pointer: str) -> None:
    kinds = [block.get("type") for block in blocks]
    if "plan" in kinds and "task_card" in kinds:
        report.error("`plan` and `task_card` may not be used in one message", pointer)
    if kinds.count("table") > 1:
        report.error("only one table is allowed", pointer)
    written = sum(len(str(block.get("text", ""))) for block in blocks if block.get("type") == "markdown")
    if written > 12_000:
        report.error("must be less than 12001 characters", pointer)


def _section_rule(report: Report, block: Mapping[str, Any], pointer: str) -> None:
    if not block.get("text") and not block.get("fields"):
        report.error("must define either `text` or `fields`", pointer)


def _unique_actions(report: Report, block: Mapping[str, Any], pointer: str) -> None:
    seen: set[str] = set()
    elements = block.get("elements")
    for index, element in enumerate(elements if isinstance(elements, list) else []):
        action_id = element.get("action_id") if isinstance(element, dict) else None
        if isinstance(action_id, str) and action_id in seen:
            report.error(f"`action_id` {action_id} already exists", f"{pointer}/elements/{index}/action_id")
        seen |= {action_id} if isinstance(action_id, str) else set()


def _image_rule(report: Report, block: Mapping[str, Any], pointer: str) -> None:
    if not block.get("image_url") and not block.get("slack_file"):
        report.error("must define either `image_url` or `slack_file`", pointer)


def _not_pending(report: Report, block: Mapping[str, Any], pointer: str) -> None:
    if block.get("status") == "pending":
        report.error("must be a valid enum value", f"{pointer}/status")


def _of(fields: Mapping[str, Check]) -> dict[str, Check]:
    return {"type": anything, "block_id": ID, **fields}


RICH_TEXT = shape(_of({"elements": items(RICH_ELEMENTS, 1000)}), "elements")
_SOURCE = shape({"type": choice("url"), "url": string(3000), "text": string(3000)}, "type url text")
TASK = {
    "task_id": string(255),
    "title": string(3000),
    "status": choice(*STATUSES),
    "details": by_type({"rich_text": RICH_TEXT}),
    "output": by_type({"rich_text": RICH_TEXT}),
    "sources": items(_SOURCE, 100, 0),
}
_CELL = by_type(
    {
        "rich_text": RICH_TEXT,
        "raw_text": shape({"type": anything, "text": string(10_000)}, "text"),
        "raw_number": anything,
    }
)

EVERYWHERE: dict[str, Check] = {
    "section": shape(
        _of(
            {
                "text": text(3000),
                "fields": items(text(2000), 10),
                "accessory": AS_ACCESSORY,
                "expand": boolean,
            }
        ),
        "",
        _section_rule,
    ),
    "header": shape(_of({"text": plain(150)}), "text"),
    "divider": shape(_of({})),
    "context": shape(_of({"elements": items(IN_CONTEXT, 10)}), "elements"),
    "actions": shape(_of({"elements": items(IN_ACTIONS, 25)}), "elements", _unique_actions),
    "image": shape(
        _of(
            {
                "image_url": string(3000),
                "slack_file": anything,
                "alt_text": string(2000),
                "title": plain(2000),
            }
        ),
        "alt_text",
        _image_rule,
    ),
    "input": shape(
        _of(
            {
                "label": plain(2000),
                "element": AS_INPUT,
                "hint": plain(2000),
                "optional": boolean,
                "dispatch_action": boolean,
            }
        ),
        "label element",
    ),
    "rich_text": RICH_TEXT,
    "video": anything,
}
MESSAGES_ONLY: dict[str, Check] = {
    "plan": shape(
        _of(
            {
                "title": string(3000),
                "tasks": items(by_type({"task_card": shape(_of(TASK), "task_id title")}), 50),
            }
        ),
        "title",
    ),
    "task_card": shape(_of(TASK), "task_id title status", _not_pending),
    "table": shape(_of({"rows": items(items(_CELL, 20), 100), "column_settings": anything}), "rows"),
    "markdown": shape(_of({"text": string(12_000)}), "text"),
    "card": shape(
        _of(
            {
                "title": text(150),
                "subtitle": text(150),
                "body": text(200),
                "actions": items(BUTTON, 3),
                "icon": IMAGE,
                "hero_image": IMAGE,
            }
        )
    ),
    "carousel": anything,
    "container": anything,
    "context_actions": anything,
    "file": anything,
}
MODALS_ONLY: dict[str, Check] = {
    "alert": shape(
        _of({"text": text(200), "level": choice("default", "info", "warning", "error", "success")}), "text"
    ),
}
SURFACES: dict[str, dict[str, Check]] = {
    "message": EVERYWHERE | MESSAGES_ONLY,
    "modal": EVERYWHERE | MODALS_ONLY,
    "home": EVERYWHERE,
}


def _block(report: Report, value: Any, pointer: str) -> None:
    by_type(SURFACES[report.surface])(report, value, pointer)


def _modal_rule(report: Report, view: Mapping[str, Any], pointer: str) -> None:
    blocks = view.get("blocks")
    kinds = [b.get("type") for b in blocks if isinstance(b, dict)] if isinstance(blocks, list) else []
    if "input" in kinds and not view.get("submit"):
        report.error("missing required field: submit", pointer)


_VIEW = {
    "type": anything,
    "blocks": anything,
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}
VIEWS = {
    "home": shape(_VIEW, "blocks"),
    "modal": shape(
        {
            **_VIEW,
            "title": plain(24),
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
        "title blocks",
        _modal_rule,
    ),
}


def normalise(blocks: list[Json]) -> list[Json]:
    """The blocks as Slack hands them back: ids made up where none were given, defaults filled in."""
    return [_filled({"block_id": secrets.token_urlsafe(4), **copy.deepcopy(block)}) for block in blocks]


def _filled(block: Json) -> Json:
    for element in interactive(block):
        element.setdefault("action_id", secrets.token_urlsafe(4))
    for part in _texts(block):
        part.setdefault("emoji" if part["type"] == "plain_text" else "verbatim", part["type"] == "plain_text")
    return block


def interactive(block: Json) -> list[Json]:
    """The buttons, menus and inputs of one block."""
    if block.get("type") == "section":
        found = [block.get("accessory")]
    elif block.get("type") == "input":
        found = [block.get("element")]
    else:
        found = [*(block.get("elements") or []), *(block.get("actions") or [])]
        found = found if block.get("type") in ("actions", "card", "context_actions") else []
    return [element for element in found if isinstance(element, dict) and element.get("type") != "image"]


def _texts(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        if node.get("type") in ("plain_text", "mrkdwn"):
            yield node
        for part in node.values():
            yield from _texts(part)
    elif isinstance(node, list):
        for part in node:
            yield from _texts(part)
