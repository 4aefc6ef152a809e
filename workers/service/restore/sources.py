"""Where each kind of what was taken is read, and made again; sign-in too, as an item among the others."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from workers.domain.errors import ProviderRefused, ProviderUnsettled
from workers.domain.step import Kind
from workers.ports import GoingOn, Item, Result
from workers.service.follow_ups.sign_in import SIGN_IN
from workers.service.world import World

ORDER = (Kind.MEMBERSHIPS, Kind.ASSIGNMENTS, Kind.APPLICATIONS, Kind.ENTITLEMENTS, Kind.SIGN_IN)
"""Sign-in last: nobody signs in to half of what they had."""

READ_BACK_TRIES, READ_BACK_PAUSE = 10, 0.5

NO_WAY = "No way to enable sign-in is set (REVOKE_SCIM_URL). Enable it where it was disabled."
GONE = "The user is no longer in IAM Identity Center. Make the user anew there."
STILL = "The provider took it, but AWS does not say that sign-in is enabled."


class Source(Protocol):
    """The part of `workers.ports.Access` that gives back."""

    def held(self, user_id: str) -> list[Item] | None: ...

    def give_back(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]: ...


def source(world: World, kind: Kind, user_id: str) -> Source:
    return SignIn(world, user_id) if kind is Kind.SIGN_IN else world.access[kind]


@dataclass(frozen=True)
class SignIn:
    """Sign-in, held while AWS says that it is enabled."""

    world: World
    user_id: str

    def held(self, user_id: str) -> list[Item]:
        user = self.world.directory.by_user_id(user_id)
        return [SIGN_IN] if user is not None and user.sign_in == "ENABLED" else []

    def give_back(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        for item in items:
            user, provider = self.world.directory.by_user_id(self.user_id), self.world.provider
            if provider is None or user is None:
                yield Result(item=item, failed=GONE if user is None else NO_WAY)
                continue
            try:
                provider.set_active(user, True)
            except ProviderRefused as refusal:
                yield Result(item=item, failed=str(refusal))
                continue
            yield from self._read_back(item, going_on)

    def _read_back(self, item: Item, going_on: GoingOn) -> Iterator[Result]:
        """Only AWS's own word counts."""
        for _ in range(READ_BACK_TRIES):
            if not going_on():
                return
            if self.held(self.user_id):
                yield Result(item=item)
                return
            time.sleep(READ_BACK_PAUSE)
        raise ProviderUnsettled(STILL)
