"""The approved list is given back, item by item, with each one's result; then the false alarm is released."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workers.domain.errors import AwsRefused, AwsUnsettled, ProviderRefused, ProviderUnsettled
from workers.domain.revocation import Restore, Revocation
from workers.domain.step import Kind
from workers.domain.timing import RELEASE_WITHIN
from workers.ports import Change, Decide, Item, Lock, Result
from workers.service import second_sink
from workers.service.follow_ups.turn import Turn
from workers.service.intake.authority import is_denied
from workers.service.intake.giving_back import denied_by_another
from workers.service.restore import recording, taken
from workers.service.restore.sources import ORDER, source
from workers.service.world import World

MOST_ATTEMPTS = 12
"""Runs on end in which nothing moved, over some ten minutes; what is left then has failed."""

TELL_EVERY = timedelta(seconds=1)

NO_END = "AWS told no end of it. Look in IAM Identity Center, and give it back by hand."

_REFUSED = (AwsRefused, ProviderRefused)
_UNSETTLED = (AwsUnsettled, ProviderUnsettled)


def give_back(world: World, lock: Lock, revocation: Revocation) -> None:
    """Give back what of the approved list is still missing, as far as this run comes.

    Read anew each time: what somebody gave back by hand is left alone, and a run that was killed is continued.
    """
    assert revocation.restore is not None
    assert revocation.user is not None
    restore, log = revocation.restore, world.store.log(revocation.id)
    stopped = _stopped(world, revocation)
    if not stopped and not second_sink.may_give_back(world, revocation.id):
        return
    run = _Run(
        world=world,
        revocation_id=revocation.id,
        user_id=revocation.user.user_id,
        restore=restore,
        lists=taken.listed(log, restore.diff.entry),
        before=taken.outcome(log, restore.diff.entry),
        turn=Turn.starting(world, lock, lambda: _goes_on(world, revocation.id, restore)),
    )
    if stopped or run.all_done():
        _end(run, stopped)


def _goes_on(world: World, revocation_id: str, restore: Restore) -> bool:
    running = recording.running(world.store.get(revocation_id), restore)
    return running is not None and not running.stopped and not _no_say(world, running)


def _stopped(world: World, revocation: Revocation) -> str:
    """Why nothing more may be given back; empty where it may."""
    restore, other = revocation.restore, denied_by_another(world.store, revocation)
    assert restore is not None
    if restore.stopped:
        return restore.stopped
    if world.store.now() - max(restore.approved_at, restore.again_at or restore.approved_at) > RELEASE_WITHIN:
        return "Stopped, because nobody carried it on for over an hour. Ask anew for what is missing."
    if other is not None:
        return (
            f"Stopped, because {other.id} denies {revocation.who} now. Ask again once that one is released."
        )
    return _no_say(world, restore)


def _no_say(world: World, restore: Restore) -> str:
    """Why the two who asked for it do not count any more; empty where they do."""
    for person in (restore.asked_by, restore.approved_by):
        if is_denied(world.store, person):
            why = f"{person.name} has an open revocation of their own and has no say"
            return f"Stopped, because {why}. Ask anew, with two others."
    return ""


@dataclass
class _Run:
    world: World
    revocation_id: str
    user_id: str
    restore: Restore
    lists: dict[Kind, list[Item]]
    before: taken.Outcome
    turn: Turn
    moved: bool = False
    _untold: list[Result] = field(default_factory=list)
    _told_at: datetime | None = None

    def all_done(self) -> bool:
        """Go through the kinds in order; True once nothing of the list is left to give back."""
        left = dict[Kind, str]()
        for kind in ORDER:
            why = self._kind(kind) if kind in self.lists else None
            left |= {kind: why} if why is not None else {}
        if left and self._too_often():
            for kind, why in left.items():
                self._give_up(kind, why)
            return True
        if left:
            self._record(recording.again(self.restore, progressed=self.moved))
        return not left

    def _too_often(self) -> bool:
        return not self.moved and self.restore.attempts + 1 >= MOST_ATTEMPTS

    def _kind(self, kind: Kind) -> str | None:
        """Give back what is missing of this kind. None: nothing is left; else why something is."""
        try:
            missing = self._missing(kind)
            if not missing:
                return None
            if not self.turn() or not self._record(recording.intent(self.restore, kind, missing)):
                return NO_END
            if not self.world.store.on_both(self.revocation_id):
                return second_sink.SENTENCE
            return self._made(kind, missing)
        except _REFUSED as error:
            self._give_up(kind, str(error))
            return None
        except _UNSETTLED as error:
            return str(error)

    def _missing(self, kind: Kind) -> list[Item]:
        """What has no outcome and is not there. What a killed run gave back before it could say so is recorded now."""
        open_ = [item for item in self.lists[kind] if not self.before.ended(kind, item)]
        if not open_:
            return []
        held = {item.key for item in source(self.world, kind, self.user_id).held(self.user_id) or ()}
        ours = [i for i in open_ if i.key in held and (kind, i.key) in self.before.intended]
        if ours:
            self._tell_all(kind, [Result(item=item) for item in ours])
        return [item for item in open_ if item.key not in held]

    def _made(self, kind: Kind, missing: Sequence[Item]) -> str | None:
        ended = set[str]()
        try:
            for result in source(self.world, kind, self.user_id).give_back(missing, self.turn):
                ended.add(result.item.key)
                self._tell(kind, result)
        finally:
            self._flush(kind)
        return None if ended >= {item.key for item in missing} else NO_END

    def _give_up(self, kind: Kind, why: str) -> None:
        """What of this kind has no outcome by now has failed; what is there needs none."""
        log = self.world.store.log(self.revocation_id)
        known = taken.outcome(log, self.restore.diff.entry)
        held = self._held_if_told(kind)
        open_ = [i for i in self.lists[kind] if not known.ended(kind, i) and i.key not in held]
        if open_:
            self._tell_all(kind, [Result(item=item, failed=why) for item in open_])

    def _held_if_told(self, kind: Kind) -> set[str]:
        try:
            return {item.key for item in source(self.world, kind, self.user_id).held(self.user_id) or ()}
        except (*_REFUSED, *_UNSETTLED):
            return set()

    def _tell_all(self, kind: Kind, results: Sequence[Result]) -> None:
        self._untold.extend(results)
        self._flush(kind)

    def _tell(self, kind: Kind, result: Result) -> None:
        self._untold.append(result)
        now = self.world.store.now()
        if self._told_at is None or now - self._told_at >= TELL_EVERY:
            self._told_at = now
            self._flush(kind)

    def _flush(self, kind: Kind) -> None:
        if self._untold:
            self.moved = True
            self._record(recording.progress(self.restore, kind, self._untold))
            self._untold = []

    def _record(self, decide: Decide) -> bool:
        return self.world.store.change(self.revocation_id, decide) is not None


def _end(run: _Run, stopped: str) -> None:
    world, log = run.world, run.world.store.log(run.revocation_id)
    doubts = [] if stopped else _beyond(run, log)
    tally = _tally(run, log, whole=not stopped)

    def decide(current: Revocation, now: datetime) -> Change | None:
        stays = stopped
        if run.restore.then_release and current.on_the_list:
            stays = stays or _stopped(world, current) or _held(world, current)
        return recording.end(run.restore, tally, doubts, stays)(current, now)

    world.store.change(run.revocation_id, decide)


def _tally(run: _Run, log: taken.Log, *, whole: bool) -> recording.Tally:
    """`whole`: the list was gone through, so that what has no outcome was there already."""
    outcome = taken.outcome(log, run.restore.diff.entry)
    open_ = [(k, i) for k, of_kind in run.lists.items() for i in of_kind if not outcome.ended(k, i)]
    there = {kind for kind, _ in open_} if whole else set[Kind]()
    there |= taken.there(log, run.restore.diff.entry)
    given = Counter(kind for kind, _ in outcome.given)
    return recording.Tally(
        given={kind: given[kind] for kind in ORDER if kind in given or kind in there},
        failed=tuple(outcome.failed.values()),
        there=len(open_) if whole else 0,
    )


def _held(world: World, current: Revocation) -> str:
    """Somebody pressed Hold after the false alarm was approved: in doubt the user stays denied."""
    restore = current.restore
    if restore is None or not restore.then_release:
        return ""
    since = world.store.log(current.id)[restore.diff.entry :]
    approved = [n for n, entry in enumerate(since) if entry["event"] == "false_alarm_approved"]
    holds = [entry for entry in since[approved[-1] if approved else 0 :] if entry["event"] == "hold"]
    if not holds:
        return ""
    return f"{holds[-1]['actor']['name']} pressed Hold meanwhile, so {current.who} stays denied. Ask for a release."


def _beyond(run: _Run, log: taken.Log) -> list[str]:
    """What is missing and was not on the list: a removal that AWS had begun before the list was read."""
    names = list[str]()
    try:
        for kind, took in taken.taken(log).items():
            held = {i.key for i in source(run.world, kind, run.user_id).held(run.user_id) or ()}
            on_list = {item.key for item in run.lists.get(kind, ())}
            names += [item.name for key, item in took.items() if key not in held | on_list]
    except (*_REFUSED, *_UNSETTLED) as error:
        return [f"Whether more is missing could not be read: {error}"]
    if not names:
        return []
    return [f"Missing too, and not on the approved list: {', '.join(names[:5])}. Ask for another restore."]
