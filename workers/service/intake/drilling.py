"""A drill: the whole way on the test user of the settings, and when one last proved that it works."""

from datetime import datetime

from workers.domain import target_text
from workers.domain.errors import Refused
from workers.domain.proof import LOOK_BACK, Proof, last_proven
from workers.ports import RevocationStore
from workers.service.intake.asking import Asked, Request, ask
from workers.service.intake.authority import Authority, must_be_responder

NO_USER = (
    "There is no test user, so there can be no drill. Name one in REVOKE_DRILL_USER (a user name or a user ID of "
    "Identity Center, of nobody who works), for the bot and the workers, and restart both."
)


def drill(store: RevocationStore, who: Authority, user: str | None, reason: str, *, channel: str) -> Asked:
    """A revocation of the test user, marked as a drill; the open one where there is one. `user`: from the settings.

    Raises Refused.
    """
    must_be_responder(store, who)
    target = (target_text.unmistakable(user) or target_text.user_name(user)) if user else None
    if target is None:
        raise Refused(NO_USER)
    [asked] = ask(store, who, Request(targets=(target,), reason=reason, channel=channel, drill=True))
    return asked


def last_drill(store: RevocationStore, now: datetime) -> Proof | None:
    """The newest drill whose denial was written and read back; None where there is none within `LOOK_BACK`."""
    return last_proven([*store.open(), *store.ended_since(now - LOOK_BACK)])
