"""Every refusal the product speaks: one sentence that says what is wrong, one that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager


class RevocationError(Exception):
    """Base of all refusals. `str(error)` is fit for a person and holds no secret."""


class Refused(RevocationError):
    """The request cannot be done as asked; nothing was changed. Its sentence is mrkdwn: names in it are inert."""


class UnknownRevocation(RevocationError):
    """No revocation has this id."""


class UnreadableRecord(RevocationError):
    """A record whose signature or version is not ours: it is held, never acted on."""


REFUSALS = (Refused, UnknownRevocation, UnreadableRecord)
"""What a person hears as an answer to what they asked for; anything else is a fault."""


class StoreAway(RevocationError):
    """Redis could not be reached, so nothing was recorded."""


class StoreUnsure(StoreAway):
    """Redis was asked to record, and did not answer in time: it may have recorded. Doing it again does no harm."""


@contextmanager
def once_recorded() -> Iterator[None]:
    """For what follows a change: where Redis goes away now, it must not be said that nothing was recorded."""
    try:
        yield
    except StoreAway as away:
        raise StoreUnsure("It was recorded; what follows from it may not be.") from away


class NotIdentified(RevocationError):
    """The target is not exactly one Identity Center user."""


class PolicyRefused(RevocationError):
    """The Deny policy must not, or can not, be written: a person has to act.

    `code` is short and stable: `shape`, `full`, `rights`, `missing`, `settings` or AWS's own error code.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class AwsUnsettled(RevocationError):
    """AWS gave no clear answer (throttled, busy, timed out): read again, then try again.

    `code` is AWS's error code, or the name of the transport error.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class AwsRefused(RevocationError):
    """AWS said no to a read (rights, unknown instance ...); trying again will not help by itself."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class ProviderUnsettled(RevocationError):
    """The place where sign-in is disabled (SCIM, an IdP) gave no clear answer: read the status, then try again."""


class ProviderRefused(RevocationError):
    """The place where sign-in is disabled said no; the sentence says what a person must do."""


class SlackAway(RevocationError):
    """Slack did not take a message, or did not say so. `retry_after` seconds, where Slack named them."""

    def __init__(self, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class SlackRefused(RevocationError):
    """Slack said no, and will again: `code` is Slack's own (`channel_not_found`, `invalid_blocks` ...)."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Slack refused: {code}.")
        self.code = code
