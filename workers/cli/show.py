"""`show`: one revocation, and its whole log, every signature and link checked."""

from datetime import datetime
from typing import Any

import click

from workers.cards.text import plain, utc
from workers.cli import as_json, written
from workers.cli.speech import card_text, name_of
from workers.cli.terminal import opened
from workers.domain.actor import Actor


@click.command()
@click.argument("revocation")
@click.option("--json", "as_json_", is_flag=True, help="For scripts.")
def show(revocation: str, as_json_: bool) -> None:
    """Show REVOCATION (R-XXXXXX, or its target) and its verified log.

    Ends with 1 where an entry is not ours, was changed, or does not follow the one before it.
    """
    with opened() as at:
        found = written.found(at.world, revocation)
        log = at.world.store.log(found.id)
    if as_json_:
        as_json.say({"revocation": as_json.fields(found), "log": log})
        return
    click.echo(card_text(found, at.world.rules))
    click.echo(f"\nLog of {found.id}, {len(log)} entries, every signature and link checked:")
    for entry in log:
        click.echo(_line(entry))


def _line(entry: dict[str, Any]) -> str:
    at = utc(datetime.fromisoformat(entry["at"]))
    who = name_of(Actor(**entry["actor"]))
    request_id = (entry.get("detail") or {}).get("request_id")
    asked = f" · AWS request id {plain(str(request_id), 100)}" if request_id else ""
    return f"{at} · {who} · {plain(entry['event'], 60)}{_why(entry)}{asked}"


def _why(entry: dict[str, Any]) -> str:
    """The reason that was given with this step."""
    record, detail = entry["record"], entry.get("detail") or {}
    reasons = {
        "requested": (record.get("reasons") or [{}])[-1].get("text"),
        "reason_added": (record.get("reasons") or [{}])[-1].get("text"),
        "release_asked": (record.get("release") or {}).get("reason"),
    }
    why = reasons.get(entry["event"]) or detail.get("reason")
    return f" · reason: {plain(str(why), 500)}" if why else ""
