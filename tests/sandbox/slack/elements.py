"""What Slack lets stand inside a block: texts, options, buttons, menus, inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.sandbox.slack.checks import (
    Check,
    Report,
    Rule,
    anything,
    boolean,
    by_type,
    choice,
    items,
    number,
    shape,
    string,
)


def plain(most: int) -> Check:
    return by_type({"plain_text": _plain_shape(most)})


def text(most: int) -> Check:
    return by_type({"plain_text": _plain_shape(most), "mrkdwn": _mrkdwn_shape(most)})


def _plain_shape(most: int) -> Check:
    return shape({"type": anything, "text": string(most), "emoji": boolean}, "text")


def _mrkdwn_shape(most: int) -> Check:
    return shape({"type": anything, "text": string(most), "verbatim": boolean}, "text")


CONFIRM = shape(
    {
        "title": plain(100),
        "text": text(300),
        "confirm": plain(30),
        "deny": plain(30),
        "style": choice("primary", "danger"),
    },
    "title text confirm deny",
)

ID = string(255)


def option(words: Check, **more: Check) -> Check:
    return shape({"text": words, "value": string(150), "description": text(75), **more}, "text value")


def _element(fields: Mapping[str, Check], required: str = "", rule: Rule | None = None) -> Check:
    return shape({"type": anything, "action_id": ID, **fields}, required, rule)


def _options_or_groups(report: Report, value: Mapping[str, Any], pointer: str) -> None:
    given = [name for name in ("options", "option_groups") if value.get(name) is not None]
    if len(given) != 1:
        report.error("must define either `options` or `option_groups`", pointer)


MENU = {"placeholder": plain(150), "confirm": CONFIRM, "focus_on_load": boolean}
MULTI = {**MENU, "max_selected_items": number(1, 100)}
OPTION = option(plain(75))
OPTIONS = {
    "options": items(OPTION, 100),
    "option_groups": items(shape({"label": plain(75), "options": items(OPTION, 100)}, "label options"), 100),
}
CHOICES = option(text(75))
TICKS = {
    "options": items(CHOICES, 10),
    "initial_options": items(CHOICES, 10),
    "confirm": CONFIRM,
    "focus_on_load": boolean,
}
WHEN = {"placeholder": plain(150), "confirm": CONFIRM, "focus_on_load": boolean, "timezone": string(64)}
TYPED = {
    "placeholder": plain(150),
    "dispatch_action_config": anything,
    "focus_on_load": boolean,
}

BUTTON = _element(
    {
        "text": plain(75),
        "value": string(2000, 0),
        "url": string(3000),
        "style": choice("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
    "text",
)
OVERFLOW = _element(
    {"options": items(option(plain(75), url=string(3000)), 5), "confirm": CONFIRM},
    "options",
)
IMAGE = shape(
    {"type": anything, "image_url": string(3000), "alt_text": string(2000), "slack_file": anything},
    "alt_text",
)


def _picker(initial: str) -> dict[str, Check]:
    extra = {"response_url_enabled": boolean, "filter": anything, "default_to_current_conversation": boolean}
    return {**MENU, **({} if initial == "user" else extra), f"initial_{initial}": string(255)}


SELECTS = {
    "static_select": _element({**MENU, **OPTIONS, "initial_option": OPTION}, "", _options_or_groups),
    "external_select": _element({**MENU, "initial_option": OPTION, "min_query_length": number(0, 255)}),
    "users_select": _element(_picker("user")),
    "conversations_select": _element(_picker("conversation")),
    "channels_select": _element(_picker("channel")),
}
MULTI_SELECTS = {
    "multi_static_select": _element(
        {**MULTI, **OPTIONS, "initial_options": items(OPTION, 100)}, "", _options_or_groups
    ),
    "multi_external_select": _element(
        {**MULTI, "initial_options": items(OPTION, 100), "min_query_length": number(0, 255)}
    ),
    "multi_users_select": _element({**MULTI, "initial_users": items(string(255), 100)}),
    "multi_conversations_select": _element(
        {
            **MULTI,
            "initial_conversations": anything,
            "filter": anything,
            "default_to_current_conversation": boolean,
        }
    ),
    "multi_channels_select": _element({**MULTI, "initial_channels": items(string(255), 100)}),
}
PICKED = {
    "checkboxes": _element(TICKS, "options"),
    "radio_buttons": _element(
        {**{k: v for k, v in TICKS.items() if k != "initial_options"}, "initial_option": CHOICES}, "options"
    ),
    "datepicker": _element({**WHEN, "initial_date": string(10, 10)}),
    "timepicker": _element({**WHEN, "initial_time": string(5, 5)}),
    "datetimepicker": _element({**WHEN, "initial_date_time": number(0, 9999999999)}),
}
INPUTS = {
    "plain_text_input": _element(
        {
            **TYPED,
            "initial_value": string(3000, 0),
            "multiline": boolean,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
        }
    ),
    "email_text_input": _element({**TYPED, "initial_value": string(3000, 0)}),
    "url_text_input": _element({**TYPED, "initial_value": string(3000, 0)}),
    "number_input": _element(
        {
            **TYPED,
            "is_decimal_allowed": boolean,
            "initial_value": string(64),
            "min_value": string(64),
            "max_value": string(64),
        },
        "is_decimal_allowed",
    ),
}

IN_ACTIONS = by_type({"button": BUTTON, "overflow": OVERFLOW, **SELECTS, **PICKED})
AS_ACCESSORY = by_type(
    {"button": BUTTON, "overflow": OVERFLOW, "image": IMAGE, **SELECTS, **MULTI_SELECTS, **PICKED}
)
AS_INPUT = by_type({**SELECTS, **MULTI_SELECTS, **PICKED, **INPUTS})
IN_CONTEXT = by_type({"image": IMAGE, "plain_text": _plain_shape(2000), "mrkdwn": _mrkdwn_shape(2000)})

_RUN = shape({"type": anything, "text": string(10_000), "style": anything}, "text")
_LINK = shape(
    {"type": anything, "url": string(3000), "text": string(3000), "unsafe": boolean, "style": anything}, "url"
)


def _reference(name: str) -> Check:
    return shape({"type": anything, name: string(255), "style": anything}, name)


RICH_PARTS = by_type(
    {
        "text": _RUN,
        "link": _LINK,
        "user": _reference("user_id"),
        "usergroup": _reference("usergroup_id"),
        "channel": _reference("channel_id"),
        "broadcast": _reference("range"),
        "emoji": shape(
            {"type": anything, "name": string(255), "unicode": anything, "style": anything}, "name"
        ),
        "date": shape(
            {
                "type": anything,
                "timestamp": number(0, 9999999999),
                "format": string(255),
                "url": string(3000),
                "fallback": string(255),
                "style": anything,
            },
            "timestamp format",
        ),
        "color": _reference("value"),
    }
)
_RICH_RUN = {"type": anything, "elements": items(RICH_PARTS, 1000, 0), "border": anything}
_RICH_SECTION = shape(_RICH_RUN, "elements")
RICH_ELEMENTS = by_type(
    {
        "rich_text_section": _RICH_SECTION,
        "rich_text_quote": _RICH_SECTION,
        "rich_text_preformatted": shape({**_RICH_RUN, "language": string(64)}, "elements"),
        "rich_text_list": shape(
            {
                "type": anything,
                "style": choice("bullet", "ordered"),
                "indent": number(0, 8),
                "offset": number(0, 10_000),
                "border": number(0, 1),
                "elements": items(by_type({"rich_text_section": _RICH_SECTION}), 1000),
            },
            "style elements",
        ),
    }
)
