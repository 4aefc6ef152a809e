"""One kind of access is removed: recorded before, removed item by item, recorded after, read back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workers.domain import follow_ups
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.domain.follow_ups import Scope
from workers.domain.revocation import Revocation
from workers.domain.step import Kind
from workers.ports import Decide, Item, Lock, Result
from workers.service import believing
from workers.service.follow_ups import recording
from workers.service.follow_ups.starting import JOB_OF
from workers.service.follow_ups.turn import Turn, kept
from workers.service.world import World

NO_END = "AWS has not told how it ended. It is asked again; look in IAM Identity Center if this stays."
STILL_LISTED = "AWS said that all of it is gone, and still lists some. It is read and removed again."

TELL_EVERY = timedelta(seconds=1)
"""A card changes at most once a second, so counting more finely would only fill the log."""


def remove(world: World, revocation_id: str, kind: Kind) -> None:
    """Remove what the user holds of this kind, as far as it may go now. May run at any time, and twice.

    Whatever ended before is read from AWS, not remembered: a run that was killed is continued by the next one.
    """
    with world.store.lock(f"{kind}-{revocation_id}", wait=timedelta(0)) as lock:
        revocation = believing.get(world, revocation_id)
        scope = _scope(world, revocation, kind)
        if lock is None or scope is Scope.NOTHING or revocation.snapshot is None:
            return
        run = _Run(world, lock, revocation_id, kind, scope)
        timing = world.rules.timing
        try:
            with kept(lock):
                run.run(revocation)
        except AwsRefused as error:
            world.store.change(revocation_id, recording.failed(kind, timing, str(error)))
        except AwsUnsettled as error:
            world.store.change(revocation_id, recording.later(kind, timing, str(error)))


def _scope(world: World, revocation: Revocation, kind: Kind) -> Scope:
    step = revocation.step(kind)
    if step is None or revocation.user is None:
        return Scope.NOTHING
    return follow_ups.scope(revocation, step, world.rules)


@dataclass
class _Run:
    world: World
    lock: Lock
    revocation_id: str
    kind: Kind
    scope: Scope
    _untold: list[Result] = field(default_factory=list)
    _told_at: datetime | None = None

    def run(self, revocation: Revocation) -> None:
        held = self._held(revocation)
        if held is None:
            self._record(recording.not_in_use(self.kind))
        elif not held:
            self._nothing_left()
        elif self._record(recording.running(self.kind, held, self.world.rules, self.scope)):
            self._settle(revocation, held, self._removed(held))

    def _held(self, revocation: Revocation) -> list[Item] | None:
        """What is to go: all of it, or only what opens an account that the Deny policy does not reach."""
        assert revocation.user is not None
        held = self.world.access[self.kind].held(revocation.user.user_id)
        if held is None or self.scope is Scope.ALL:
            return held
        gaps = follow_ups.uncovered(revocation)
        return [item for item in held if gaps & set(item.accounts)]

    def _removed(self, held: Sequence[Item]) -> list[Result]:
        """The results that AWS told; recorded also where the run breaks off in between."""
        ended = list[Result]()
        turn = Turn.starting(self.world, self.lock, self._unchanged)
        try:
            for result in self.world.access[self.kind].remove(held, turn):
                ended.append(result)
                self._tell(result)
        finally:
            self._flush()
        return ended

    def _unchanged(self) -> bool:
        return _scope(self.world, self.world.store.get(self.revocation_id), self.kind) is self.scope

    def _settle(self, revocation: Revocation, held: Sequence[Item], ended: Sequence[Result]) -> None:
        if any(result.failed for result in ended):
            self._record(recording.items_failed(self.kind, self.world.rules.timing, ended))
        elif not self._unchanged():
            self._record(recording.stopped(self.kind))
        elif len(ended) == len(held):
            self._read_back(revocation)
        elif not ended:
            self._record(recording.later(self.kind, self.world.rules.timing, NO_END))
        else:
            self._record(recording.more(self.kind, JOB_OF[self.kind]))

    def _read_back(self, revocation: Revocation) -> None:
        if self._held(revocation):
            self._record(recording.later(self.kind, self.world.rules.timing, STILL_LISTED))
        else:
            self._nothing_left()

    def _nothing_left(self) -> None:
        if self.scope is Scope.ALL:
            self._record(recording.done(self.kind, residual=self._residual()))
        else:
            self._record(recording.gaps_closed(self.kind))

    def _residual(self) -> list[str]:
        if self.kind is not Kind.APPLICATIONS:
            return []
        open_ = self.world.open_applications.open_to_all()
        return [f"{name} needs no assignment: whoever can sign in can open it." for name in open_]

    def _tell(self, result: Result) -> None:
        self._untold.append(result)
        now = self.world.store.now()
        if self._told_at is None or now - self._told_at >= TELL_EVERY:
            self._told_at = now
            self._flush()

    def _flush(self) -> None:
        if self._untold:
            self._record(recording.progress(self.kind, self._untold))
            self._untold = []

    def _record(self, decide: Decide) -> bool:
        return self.world.store.change(self.revocation_id, decide) is not None
