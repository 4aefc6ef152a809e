"""Sign-in is disabled where the settings name a way, and only AWS's own word turns it green."""

import time
from datetime import timedelta

from workers.domain import follow_ups
from workers.domain.errors import AwsRefused, AwsUnsettled, ProviderRefused, ProviderUnsettled
from workers.domain.follow_ups import Scope
from workers.domain.revocation import DirectoryUser, Revocation
from workers.domain.step import Kind
from workers.ports import IdentityProvider, Item, Lock, Result
from workers.service import believing
from workers.service.follow_ups import recording
from workers.service.world import World

SIGN_IN = Item(key="sign_in", name="Sign-in")
"""Disabled by us, and so to be enabled by a restore."""

READ_BACK_TRIES, READ_BACK_PAUSE = 5, 0.5

GONE = "The user is no longer in IAM Identity Center."
STILL = "The provider took it, but AWS still says that sign-in is enabled. It is read and tried again."
UNTOLD = (
    "AWS does not tell whether sign-in is disabled. Look in IAM Identity Center, Users; what AWS does not say cannot "
    "count for the 12 hours."
)


def disable_sign_in(world: World, revocation_id: str) -> None:
    """Disable it if it is this step's turn, and read it back. May run at any time, and twice."""
    with world.store.lock(f"{Kind.SIGN_IN}-{revocation_id}", wait=timedelta(0)) as lock:
        revocation = believing.get(world, revocation_id)
        if lock is None or world.provider is None or not _turn(world, revocation):
            return
        timing = world.rules.timing
        try:
            _disable(world, lock, revocation, world.provider)
        except (AwsRefused, ProviderRefused) as error:
            world.store.change(revocation_id, recording.failed(Kind.SIGN_IN, timing, str(error)))
        except (AwsUnsettled, ProviderUnsettled) as error:
            world.store.change(revocation_id, recording.later(Kind.SIGN_IN, timing, str(error)))


def _turn(world: World, revocation: Revocation) -> bool:
    step = revocation.step(Kind.SIGN_IN)
    return step is not None and follow_ups.scope(revocation, step, world.rules) is Scope.ALL


def _disable(world: World, lock: Lock, revocation: Revocation, provider: IdentityProvider) -> None:
    assert revocation.user is not None
    user = world.directory.by_user_id(revocation.user.user_id)
    if user is None or user.sign_in == "DISABLED":
        world.store.change(revocation.id, recording.done(Kind.SIGN_IN, detail="" if user else GONE))
        return
    if world.store.change(revocation.id, recording.running(Kind.SIGN_IN, [SIGN_IN], world.rules, Scope.ALL)):
        provider.set_active(user, False)
        _read_back(world, lock, revocation.id, user)


def _read_back(world: World, lock: Lock, revocation_id: str, user: DirectoryUser) -> None:
    told = False
    for _ in range(READ_BACK_TRIES):
        if not lock.extend():
            return
        after = world.directory.by_user_id(user.user_id)
        if after is None or after.sign_in == "DISABLED":
            world.store.change(revocation_id, recording.progress(Kind.SIGN_IN, [Result(item=SIGN_IN)]))
            world.store.change(revocation_id, recording.done(Kind.SIGN_IN))
            return
        told = after.sign_in is not None
        time.sleep(READ_BACK_PAUSE)
    raise ProviderUnsettled(STILL if told else UNTOLD)
