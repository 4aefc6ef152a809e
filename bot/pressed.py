"""What was pressed, read from Slack's payload: which revocation, which step, on which card."""

from collections.abc import Mapping
from typing import Any

from workers.domain.errors import Refused
from workers.domain.revocation import Revocation
from workers.domain.step import Kind
from workers.ports import RevocationStore


class OldCard(Refused):
    """A card whose posting was never recorded, because a process ended in between. It is replaced, not just refused."""


def revocation_id(action: Mapping[str, Any]) -> str:
    selected = action.get("selected_option") or {}
    return str(action.get("value") or selected.get("value") or "")


def row(action: Mapping[str, Any]) -> str:
    """What the row of buttons says it is about; may be anything."""
    return str(action.get("block_id") or "")


def kind(row: str) -> Kind | None:
    """The step that the row is about; None where it names none."""
    return next((kind for kind in Kind if row == f"step.{kind.value}"), None)


def list_seen(row: str) -> int | None:
    """Which list the approver was shown, by its log entry; 0: a request without a list; None: the row does not say."""
    name, _, entry = row.rpartition(".")
    return int(entry) if name.startswith("approval.") and entry.isascii() and entry.isdigit() else None


def revocation(store: RevocationStore, action: Mapping[str, Any], body: Mapping[str, Any]) -> Revocation:
    """The revocation whose button this is, as it is now. Raises OldCard, UnknownRevocation, UnreadableRecord."""
    current = store.get(revocation_id(action))
    on_its_card(current, body)
    return current


def on_its_card(revocation: Revocation, body: Mapping[str, Any]) -> None:
    """Raises OldCard where the click comes neither from the card that the record knows, nor from its thread.

    A card whose posting was not recorded yet has no ts to compare: its channel must do. A direct message from us,
    which asks one person for one thing, is no card, and is as good.
    """
    container, channel = body.get("container") or {}, str((body.get("channel") or {}).get("id"))
    message = body.get("message") or {}
    stamps = {
        container.get("message_ts"),
        container.get("thread_ts"),
        message.get("ts"),
        message.get("thread_ts"),
    }
    if channel.startswith("D"):
        return
    if channel != revocation.channel or (revocation.card_ts is not None and revocation.card_ts not in stamps):
        raise OldCard(
            f"This card of {revocation.id} is out of date. The live one is in <#{revocation.channel}>."
        )


def as_shown(row: str, waiting: str, revocation_id: str) -> None:
    """Raises Refused where the row was shown for another request, or another list, than waits now."""
    if row.startswith("approval.") and row != waiting:
        raise Refused(
            f"What waits for approval in {revocation_id} is no longer what you were shown. Look at the card again."
        )
