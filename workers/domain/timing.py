"""Every wait of the product, by name and with its reason."""

from dataclasses import dataclass
from datetime import timedelta

LONGEST_ROLE_SESSION = timedelta(hours=12)
"""AWS caps a permission set's session at 12 hours (IAM Identity Center user guide, "Set session duration")."""

CONFIRM_WITHIN = timedelta(minutes=10)
"""An unconfirmed request expires, loudly, after this."""

WRITE_WITHIN = timedelta(seconds=60)
"""A confirmed user who is not read back in the Deny policy after this is told as NOT DENIED."""

APPROVE_WITHIN = timedelta(hours=24)
"""A release waits this long for its second person."""

RATIFY_WITHIN = timedelta(minutes=30)
"""A second person says yes to a protected user's denial by then, or it is escalated; denied all the while."""

PROTECTED_ALONE_EVERY = timedelta(days=1)
"""One person alone contains one protected user in this time; a further one takes two people."""

RELEASE_WITHIN = timedelta(hours=1)
"""An approved release that could not be carried out within this is asked for anew."""

ACTS_WITHIN = timedelta(days=7)
"""So far back a revoked responder's deeds are listed, to be undone."""

ATTEST_SOON = timedelta(hours=1)
"""By then a person should have ended sessions, sign-in and Slack: through these the attacker comes back."""

ATTEST_WITHIN = timedelta(hours=4)
"""By then a person should have done the rest of the checklist."""

SESSIONS_END_WITHIN = timedelta(minutes=60)
"""After sessions are ended in the console, a CLI session may go on this long (design section 6)."""

STEP_ALIVE = timedelta(seconds=12)
"""A running follow-up that gave no sign of life for this long is taken up by somebody else; over a lock's life."""

WATCH_FOR = timedelta(days=90)
"""The longest portal session that AWS allows."""

CLOCKS_AGREE = timedelta(seconds=60)
"""Nothing is taken off the list while Redis's clock is further than this from AWS's."""


@dataclass(frozen=True)
class Timing:
    """The long waits. `scaled` shortens exactly these, for drills on loopback."""

    hold: timedelta = LONGEST_ROLE_SESSION
    margin: timedelta = timedelta(minutes=15)
    notice: timedelta = timedelta(minutes=30)
    read_again: timedelta = timedelta(minutes=15)
    follow_up_delay: timedelta = timedelta(minutes=10)
    sessions_end: timedelta = SESSIONS_END_WITHIN

    def scaled(self, scale: float) -> "Timing":
        """The same waits divided by `scale`."""
        return Timing(
            hold=self.hold / scale,
            margin=self.margin / scale,
            notice=self.notice / scale,
            read_again=self.read_again / scale,
            follow_up_delay=self.follow_up_delay / scale,
            sessions_end=self.sessions_end / scale,
        )
