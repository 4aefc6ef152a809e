"""A few sentences to say on the phone: to the person, and to their manager. Plain text, to read out.

True for the state the record is in, without technical words and without blame. They say what comes next, and whom to
ask. Pure.
"""

from dataclasses import dataclass

from workers.cards import phrase
from workers.cards.text import plain
from workers.domain.revocation import Revocation, State


@dataclass(frozen=True)
class Spoken:
    """What to say to whom."""

    to_person: str
    to_manager: str


def sentences(revocation: Revocation) -> Spoken:
    """For whoever calls. Of a drill they say so first."""
    stage = _stage(revocation)
    if stage in _NO_CALL:
        return Spoken(_NO_CALL[stage], _NO_CALL[stage])
    told, who = _SAID[stage], plain(revocation.who, 100).strip() or "this person"
    ask = f"If you have a question, ask {_owner(revocation)}."
    drill = "This is an exercise, on a test account. " if revocation.drill else ""
    return Spoken(f"{drill}{told.to_person} {ask}", f"{drill}{told.to_manager.format(who=who)} {ask}")


def _stage(revocation: Revocation) -> str:
    match revocation.state:
        case State.DENIED if phrase.standing(revocation) == phrase.NOT_DENIED or _reaches_nothing(revocation):
            return "under_way"
        case State.DENIED:
            return "held" if phrase.standing(revocation).startswith(phrase.HELD) else "denied"
        case State.CONFIRMED:
            return "under_way"
        case State.RELEASING:
            return "coming_off"
        case State.WATCHED:
            return "watched"
        case State.RELEASED:
            return "false_alarm" if _false_alarm(revocation) else "released"
        case State.CLOSED if revocation.off_at is not None and revocation.refused_because is None:
            return "over"
        case State.CLOSED | State.EXPIRED if revocation.refused_because is not None:
            return "elsewhere"
        case State.REQUESTED | State.REFUSED | State.EXPIRED:
            return "not_yet"
        case _:
            return "nothing"


def _reaches_nothing(revocation: Revocation) -> bool:
    """Whether they stand in the Deny policy, and all that they could reach is open still."""
    coverage = revocation.coverage
    if coverage is None or coverage.unread or revocation.no_mint_at is not None:
        return False
    in_force = coverage.type_enabled and coverage.attached
    return not in_force or (coverage.reachable > 0 and coverage.covered <= 0)


def _false_alarm(revocation: Revocation) -> bool:
    """Whether it was given back and released as one; who asked for it said that it was none."""
    restore = revocation.restore
    return restore is not None and restore.then_release and not (restore.failed or restore.stopped)


_NO_CALL = {
    "not_yet": "Do not call yet: nothing is decided, and nothing has changed for them.",
    "coming_off": "Do not call yet: the block is being taken off right now. Ask for the report again once it is off.",
    "elsewhere": "Do not call on the word of this one: look first how they stand now, with /revoke status.",
}
"""What is said to whoever would call, where there is nothing true to say to anybody else."""

_SAID = {
    "under_way": Spoken(
        "We are switching off your access to our AWS accounts as a precaution, because somebody else may be using it. "
        "This protects you too, and nobody says that you did anything wrong. Please do not sign in to AWS, keep your "
        "computer as it is, and stay reachable. We call you again.",
        "We are switching off the AWS access of {who} as a precaution, because somebody else may be using it. Nobody "
        "says that they did anything wrong. Please plan without their AWS work today. We call you again.",
    ),
    "denied": Spoken(
        "We have switched off your access to our AWS accounts as a precaution, because somebody else may be using it. "
        "This protects you too, and nobody says that you did anything wrong. Unless we find earlier that all is well, it "
        "stays off for at least twelve hours from when we did that. Please do not sign in to AWS, keep your computer as "
        "it is, and tell us what you were working on. We call you again before it comes back.",
        "We have switched off the AWS access of {who} as a precaution, because somebody else may be using it. Nobody "
        "says that they did anything wrong. Unless we find earlier that all is well, it stays off for at least twelve "
        "hours from when we did that. Please plan without their AWS work, and let somebody else take over what cannot "
        "wait.",
    ),
    "held": Spoken(
        "Your access to our AWS accounts is still switched off, and stays so until we are sure that nobody else can use "
        "it. Nobody says that you did anything wrong. Please do not sign in to AWS yet, keep your computer as it is, and "
        "tell us what you need most urgently. We call you again before it comes back.",
        "The AWS access of {who} is still switched off, and stays so until we are sure that nobody else can use it. "
        "Nobody says that they did anything wrong. I cannot give you a time yet. Please let somebody else take over what "
        "cannot wait.",
    ),
    "watched": Spoken(
        "The block on your access to our AWS accounts is off again. Some of your access may still be missing: tell us "
        "what you need, and we look at it together. For a while we keep an eye on it. Please tell us at once if "
        "anything looks strange to you. Thank you for your patience.",
        "The block on the AWS access of {who} is off again. Some of their access may still be missing, and they can ask "
        "for it. For a while we keep an eye on it. They may need a little time to catch up.",
    ),
    "released": Spoken(
        "The block on your access to our AWS accounts is off again. Some of your access may still be missing: try what "
        "you need, and tell us what does not work. Thank you for your patience.",
        "The block on the AWS access of {who} is off again. Some of their access may still be missing, and they can ask "
        "for it. They may need a little time to catch up.",
    ),
    "false_alarm": Spoken(
        "It was a false alarm, and you did nothing wrong. The block on your access to our AWS accounts is off, and what "
        "we had taken away was given back. Try what you need, and tell us what does not work. We are sorry for the "
        "trouble.",
        "It was a false alarm, and {who} did nothing wrong. The block on their AWS access is off, and what we had taken "
        "away was given back. We are sorry for the trouble.",
    ),
    "over": Spoken(
        "The block on your access to our AWS accounts was taken off. If something does not work, tell us. Thank you for "
        "your patience.",
        "The block on the AWS access of {who} was taken off. If something does not work for them, tell us.",
    ),
    "nothing": Spoken(
        "We looked at your access to our AWS accounts, and this has not changed anything for you. You need to do nothing. "
        "If anything looked strange to you lately, please tell us.",
        "We looked at the AWS access of {who}, and this has not changed anything for them. Nothing is needed from you.",
    ),
}


def _owner(revocation: Revocation) -> str:
    """Whoever has it now, by name; nobody is asked to call a bot, nor a terminal."""
    owner = revocation.owner
    name = plain(owner.name, 100).strip() if owner is not None and owner.kind == "slack" else ""
    return name or "the security team"
