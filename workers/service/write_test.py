"""Whether the Deny policy can be written, tried by sending back the very text that stands in it."""

from collections.abc import Iterator
from datetime import timedelta

from workers.domain import deny_document
from workers.domain.deny_plan import STALE_READS, plan
from workers.domain.errors import Refused
from workers.ports import Lock
from workers.service.containment import LOCK_WAIT, POLICY_LOCK
from workers.service.doctor import Finding, ok, warn
from workers.service.world import World

MARK = "write_tested"


def remembered(world: World) -> Iterator[Finding]:
    """When it was last tried."""
    last = world.store.marked(MARK)
    if last is None:
        yield warn("organizations:UpdatePolicy: never tried.", "Run `python -m workers doctor --write-test`.")
    else:
        yield ok(f"organizations:UpdatePolicy: tried {last:%Y-%m-%d %H:%M} UTC")


def try_write(world: World) -> Iterator[Finding]:
    """Write the identical text, inside the policy's lock, and read it back.

    Not while the policy changes: a read from before our last write, sent back, would un-deny somebody.
    """
    with world.store.lock(POLICY_LOCK, wait=LOCK_WAIT) as lock:
        if lock is None:
            raise Refused("the policy's lock is taken. Try again.")
        text = _settled_text(world)
        _write(world, lock, text)
        same = world.policy.read().text == text
    if not same:
        raise Refused("what was read back differs from what was sent. Run `python -m workers reconcile`.")
    world.store.mark(MARK)
    yield ok("organizations:UpdatePolicy: tried now, with the identical text")


def _settled_text(world: World) -> str:
    now, last = world.store.now(), world.store.marked("policy_written")
    if last is not None and now - last < STALE_READS + timedelta(seconds=5):
        raise Refused("the policy was written a moment ago. Try again in a minute.")
    text = world.policy.read().text
    document = deny_document.parse(text)
    wants = plan(document, world.store.open(), world.store.ended(50), now)
    if wants.wanted - document.user_ids or wants.off & document.user_ids:
        raise Refused("the policy does not equal the records yet. Try again in a minute.")
    return text


def _write(world: World, lock: Lock, text: str) -> None:
    world.store.mark("policy_written")
    if not lock.extend():
        raise Refused("the policy's lock was lost. Try again.")
    world.policy.write(text)
