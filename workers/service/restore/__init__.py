"""What the follow-ups took is given back: first the list is read and approved, then exactly that is made again."""

from datetime import timedelta

from workers.service import believing
from workers.service.follow_ups.turn import kept
from workers.service.intake.waiting import drop_lapsed
from workers.service.restore.due import next_look_at
from workers.service.restore.giving import give_back
from workers.service.restore.reading import read, wanted
from workers.service.world import World

__all__ = ["catch_up", "next_look_at", "restore"]


def restore(world: World, revocation_id: str) -> None:
    """Read what would be given back, where that waits for it; or give back what was approved, for some 25 seconds.

    May run at any time, and twice, and be killed in the middle: the next run goes on from what AWS and the log say.
    """
    with world.store.lock(f"restore-{revocation_id}", wait=timedelta(0)) as lock:
        if lock is None:
            return
        world.store.change(revocation_id, drop_lapsed)
        revocation = believing.get(world, revocation_id)
        believing.follow(world, [revocation])
        with kept(lock):
            if wanted(revocation):
                read(world, revocation)
            elif revocation.giving_back:
                give_back(world, lock, revocation)
                believing.follow(world, [world.store.get(revocation_id)])


def catch_up(world: World, revocation_id: str) -> None:
    """The reconciler's part: run it where its time has come, whatever became of its job."""
    when = next_look_at(world.store.get(revocation_id))
    if when is not None and world.store.now() >= when:
        restore(world, revocation_id)
