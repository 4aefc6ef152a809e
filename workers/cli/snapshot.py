"""`snapshot`: what the user had, what was taken, and what was given back, as JSON."""

from typing import Any

import click

from workers.cli import as_json, written
from workers.cli.terminal import opened
from workers.domain.revocation import Revocation
from workers.service.follow_ups import items
from workers.service.restore import taken


@click.command()
@click.argument("revocation")
def snapshot(revocation: str) -> None:
    """Print what the user of REVOCATION had before anything was taken, and what is taken now.

    Each item is whole: enough to give it back by hand. `null` where no snapshot was taken yet. Needs Redis alone.
    """
    with opened() as at:
        found = written.found(at.world, revocation)
        as_json.say(exported(found, at.world.store.log(found.id)))


def exported(found: Revocation, log: taken.Log) -> dict[str, Any]:
    """`taken` is what was taken, or about to be, and not given back since."""
    kept = found.snapshot
    return {
        "revocation": found.id,
        "user_id": found.user.user_id if found.user else None,
        "snapshot_at": kept.at.isoformat() if kept else None,
        "snapshot": log[kept.entry - 1]["detail"] if kept else None,
        "taken": {kind.value: items.listed(of_kind.values()) for kind, of_kind in taken.taken(log).items()},
        "given_back": [
            {"at": entry["at"], **entry["detail"]} for entry in log if entry["event"] == "given_back"
        ],
    }
