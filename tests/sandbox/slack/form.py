"""The state of a form: what stands in its inputs, as Slack reports it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.sandbox.slack.blocks import interactive
from tests.sandbox.slack.state import CannotAct, Json

EMPTY: dict[str, tuple[str, str, Any]] = {  # type: (key in the state, key of the initial value, when untouched)
    "plain_text_input": ("value", "initial_value", None),
    "email_text_input": ("value", "initial_value", None),
    "url_text_input": ("value", "initial_value", None),
    "number_input": ("value", "initial_value", None),
    "static_select": ("selected_option", "initial_option", None),
    "external_select": ("selected_option", "initial_option", None),
    "radio_buttons": ("selected_option", "initial_option", None),
    "checkboxes": ("selected_options", "initial_options", []),
    "multi_static_select": ("selected_options", "initial_options", []),
    "multi_external_select": ("selected_options", "initial_options", []),
    "users_select": ("selected_user", "initial_user", None),
    "multi_users_select": ("selected_users", "initial_users", []),
    "conversations_select": ("selected_conversation", "initial_conversation", None),
    "multi_conversations_select": ("selected_conversations", "initial_conversations", []),
    "channels_select": ("selected_channel", "initial_channel", None),
    "multi_channels_select": ("selected_channels", "initial_channels", []),
    "datepicker": ("selected_date", "initial_date", None),
    "timepicker": ("selected_time", "initial_time", None),
    "datetimepicker": ("selected_date_time", "initial_date_time", None),
}
ASKED_KINDS = ("external_select", "multi_external_select")
OPTION_KINDS = ("static_select", "radio_buttons", "checkboxes", "multi_static_select")
Given = Mapping[str, Mapping[str, Any]]


def inputs(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Each block with a part that holds a value, and that part."""
    for block in blocks:
        for element in interactive(block):
            if element["type"] in EMPTY:
                yield block, element


def form_state(blocks: list[Json], given: Given) -> Json:
    """`state.values` after a person filled in what is given, the rest as the form came.

    A value may be the element's whole state, or for short its bare value: text, an option's value, an id.
    """
    _refuse_unknown(blocks, given)
    values: Json = {}
    for block, element in inputs(blocks):
        filled = given.get(block["block_id"], {})
        values.setdefault(block["block_id"], {})[element["action_id"]] = _element_state(element, filled)
    return values


def _refuse_unknown(blocks: list[Json], given: Given) -> None:
    there = {(block["block_id"], element["action_id"]) for block, element in inputs(blocks)}
    asked = {(block_id, action_id) for block_id, parts in given.items() for action_id in parts}
    if asked - there:
        raise CannotAct(f"the form has no {sorted(asked - there)}; it has {sorted(there)}")


def _element_state(element: Json, filled: Mapping[str, Any]) -> Json:
    key, initial, untouched = EMPTY[element["type"]]
    value = element.get(initial, untouched)
    if element["action_id"] in filled:
        value = _chosen(element, key, filled[element["action_id"]])
    return {"type": element["type"], key: value}


def _chosen(element: Json, key: str, filled: Any) -> Any:
    value = filled.get(key) if isinstance(filled, Mapping) and "text" not in filled else filled
    if element["type"] in ASKED_KINDS and isinstance(value, str):
        raise CannotAct(f"{element['action_id']} takes an option that the app suggested, not text")
    if element["type"] not in OPTION_KINDS or value is None:
        return value
    if isinstance(value, list):
        return [option_of(element, one) for one in value]
    return option_of(element, value)


def options(element: Json) -> list[Json]:
    grouped = [option for group in element.get("option_groups") or [] for option in group["options"]]
    return [*(element.get("options") or []), *grouped]


def option_of(element: Json, wanted: Any) -> Json:
    value = wanted.get("value") if isinstance(wanted, Mapping) else wanted
    for option in options(element):
        if option["value"] == value:
            return option
    raise CannotAct(f"no option {value!r}; there are {[o['value'] for o in options(element)]}")


def missing(view: Json, values: Json) -> dict[str, str]:
    """What Slack says beside inputs that must be filled in before a form can be sent."""
    words: dict[str, str] = {}
    for block, element in inputs(view["blocks"]):
        if block["type"] == "input":
            value = values[block["block_id"]][element["action_id"]][EMPTY[element["type"]][0]]
            words |= _complaint(block, element, value)
    return words


def _complaint(block: Json, element: Json, value: Any) -> dict[str, str]:
    if not value:
        return {} if block.get("optional") else {block["block_id"]: "This is a required field"}
    if element["type"] == "plain_text_input":
        least, most = element.get("min_length") or 0, element.get("max_length") or 3000
        if not least <= len(value) <= most:
            return {block["block_id"]: f"Must be between {least} and {most} characters"}
    return {}
