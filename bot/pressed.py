"""What was pressed, read from Slack's payload: which revocation, which step, on which card."""

import re
from collections.abc import Mapping
from typing import Any

from bot.origin import part
from workers.domain.errors import Refused, UnknownRevocation
from workers.domain.handoff import Handoff
from workers.domain.revocation import Revocation
from workers.domain.step import Kind
from workers.ports import HandoffStore, RevocationStore

_ACT = re.compile(r"act\.(R-[A-Z0-9]{6})\.R-[A-Z0-9]{6}\.([a-z_]+)")
"""A row about what somebody did: on whose card, in which revocation, and which attestation or `none`."""

_HANDOFF = re.compile(r"H-[A-Z0-9]{6}")


class OldCard(Refused):
    """A card whose posting was never recorded, because a process ended in between. It is replaced, not just refused."""


def revocation_id(action: Mapping[str, Any]) -> str:
    selected = action.get("selected_option") or {}
    return str(action.get("value") or selected.get("value") or "")


def row(action: Mapping[str, Any]) -> str:
    """What the row of buttons says it is about; may be anything. An answer that holds several says `row@ID`."""
    return str(action.get("block_id") or "").partition("@")[0]


def privately(body: Mapping[str, Any]) -> bool:
    """Whether it was pressed where one person alone sees it: in an answer, or in App Home.

    Slack signs that it was; only we send such.
    """
    return part(body, "container").get("is_ephemeral") is True or at_home(body)


def at_home(body: Mapping[str, Any]) -> bool:
    """Whether it was pressed in App Home. Source: Slack's page "block_actions payload", `container` and `view`."""
    return part(body, "container").get("type") == "view" and part(body, "view").get("type") == "home"


def as_answered(action: Mapping[str, Any], rows: frozenset[str], revocation_id: str) -> None:
    """Raises Refused where a second yes comes from an answer that showed something else than waits now.

    An answer stays as it was sent, and so does App Home, unlike the card, so its row must be one of `rows` to the letter.
    """
    if str(action.get("block_id") or "") not in rows:
        raise Refused(
            f"What waits in {revocation_id} is no longer what was shown here. Look at its card, or type `/revoke list` "
            "again."
        )


def kind(row: str) -> Kind | None:
    """The step that the row is about; None where it names none."""
    act = _ACT.fullmatch(row)
    named = act[2] if act else row.removeprefix("step.") if row.startswith("step.") else ""
    return next((kind for kind in Kind if named == kind.value), None)


def card_of(row: str) -> str | None:
    """The revocation on whose card the row lists a deed of its target; None for any other row."""
    act = _ACT.fullmatch(row)
    return act[1] if act else None


def list_seen(row: str) -> int | None:
    """Which list the approver was shown, by its log entry; 0: a request without a list; None: the row does not say."""
    name, _, entry = row.rpartition(".")
    return int(entry) if name.startswith("approval.") and entry.isascii() and entry.isdigit() else None


def revocation(store: RevocationStore, action: Mapping[str, Any], body: Mapping[str, Any]) -> Revocation:
    """The revocation whose button this is, as it is now. Raises OldCard, UnknownRevocation, UnreadableRecord."""
    current = store.get(revocation_id(action))
    about = row(action)
    card = card_of(about)
    if card is None:
        on_its_card(current, body)
    else:
        _on_the_card_of(store.get(card), current, kind(about), body)
    return current


def _on_the_card_of(
    theirs: Revocation, other: Revocation, kind: Kind | None, body: Mapping[str, Any]
) -> None:
    """For what a revoked responder did, the same of their own card: and only where it lists that deed."""
    on_its_card(theirs, body)
    deeds = [act for act in theirs.acts if act.revocation_id == other.id and kind in (None, act.kind)]
    if not deeds or str((body.get("channel") or {}).get("id")) != theirs.channel:
        raise OldCard(f"This card of {theirs.id} is out of date. The live one is in <#{theirs.channel}>.")


def on_its_card(revocation: Revocation, body: Mapping[str, Any]) -> None:
    """Raises OldCard where the click comes neither from the card that the record knows, nor from its thread.

    A card whose posting was not recorded yet has no ts to compare: its channel must do. A direct message from us,
    which asks one person for one thing, is no card, and is as good; so is an answer that one person alone sees.
    """
    if not _comes_from(revocation.channel, revocation.card_ts, body):
        raise OldCard(
            f"This card of {revocation.id} is out of date. The live one is in <#{revocation.channel}>."
        )


def handoff(handoffs: HandoffStore, action: Mapping[str, Any], body: Mapping[str, Any]) -> Handoff:
    """The handoff whose button this is, as it is now: pressed on its own message or in its thread, or in an answer of ours.

    Raises OldCard, UnknownRevocation, UnreadableRecord.
    """
    named = revocation_id(action)
    if _HANDOFF.fullmatch(named) is None:
        raise UnknownRevocation("There is no such handoff. `/revoke handoff` begins one.")
    current = handoffs.get(named)
    if not _comes_from(current.channel, current.root_ts, body):
        raise OldCard(f"This message of {named} is out of date. The live one is in <#{current.channel}>.")
    return current


def _comes_from(channel: str, ts: str | None, body: Mapping[str, Any]) -> bool:
    """Whether it was pressed on this message or in its thread, in a direct message, or in a private answer."""
    container, pressed_in = body.get("container") or {}, str((body.get("channel") or {}).get("id"))
    message = body.get("message") or {}
    stamps = {
        container.get("message_ts"),
        container.get("thread_ts"),
        message.get("ts"),
        message.get("thread_ts"),
    }
    if pressed_in.startswith("D") or privately(body):
        return True
    return pressed_in == channel and (ts is None or ts in stamps)


def as_shown(row: str, waiting: str, revocation_id: str) -> None:
    """Raises Refused where the row was shown for another request, or another list, than waits now."""
    if row.startswith("approval.") and row != waiting:
        raise Refused(
            f"What waits for approval in {revocation_id} is no longer what you were shown. Look at the card again."
        )
