"""That a second person is waited for, or few are left, in words. Pure."""

from workers.cards.text import inert, mention
from workers.domain import ratification
from workers.domain.due import expires_at
from workers.domain.revocation import Revocation, State

ENOUGH_RESPONDERS = 2


def waits(revocation: Revocation) -> str:
    """Behind the standing, in lists: `, waits for a second person`, or nothing."""
    if revocation.state is State.REQUESTED and revocation.vote is not None:
        return ", waits for a second person"
    return ", waits to be ratified" if ratification.waits(revocation) else ""


def protected(revocation: Revocation) -> str:
    """What is asked of whoever denies somebody protected; nothing for anybody else."""
    if not revocation.protected:
        return ""
    if revocation.vote is not None:
        return "This is a protected user."
    return (
        "This is a protected user: whoever denies them types the user name. Denied by one person alone, a second one "
        "ratifies it afterwards."
    )


def few_left(revocation: Revocation) -> str:
    """A warning where fewer than two responders can act once this target is denied; else nothing."""
    left = revocation.responders_left
    if left is None or left >= ENOUGH_RESPONDERS:
        return ""
    can = "nobody else can act as a responder" if left == 0 else "only 1 responder can act"
    return (
        f"The target is a responder: with them denied, {can}. Name more in REVOKE_RESPONDERS, and restart the bot and "
        "the workers."
    )


def to_press(revocation: Revocation) -> str:
    """What must happen, and by when, for anybody to be denied; mrkdwn."""
    expires = f"{expires_at(revocation):%H:%M} UTC"
    vote = revocation.vote
    if vote is None:
        return f"Press Deny now before {expires}, or nobody is denied."
    return (
        f"{inert(vote.because, 400)} {mention(vote.by)} pressed Deny now; another responder or an approver must press it "
        f"too before {expires}, or nobody is denied."
    )


def to_ratify(revocation: Revocation) -> str:
    """That it waits to be ratified, for the card's sentence; nothing where it does not. mrkdwn."""
    if not ratification.waits(revocation):
        return ""
    return f"Protected, and confirmed by {mention(revocation.confirmed_by)} alone: waits to be ratified."


def confirmers(revocation: Revocation) -> str:
    """Who confirmed: one, or two; mrkdwn."""
    second = f" and {mention(revocation.seconded_by)}" if revocation.seconded_by else ""
    return f"{mention(revocation.confirmed_by)}{second}"
