"""How a revocation stands, in the words that others rely on, and in one sentence."""

from collections.abc import Iterator

from workers.cards import approval, checklist, drill, second_person
from workers.cards.text import inert, mention, utc
from workers.domain import clearance
from workers.domain.revocation import Coverage, Revocation, State
from workers.domain.timing import Timing

NOT_YET, NOT_DENIED, DENIED, HELD = "Not denied yet", "NOT DENIED", "Denied", "Held"

_ENDS = {
    State.WATCHED: "Off the deny list, watched",
    State.RELEASED: "Released",
    State.REFUSED: NOT_DENIED,
    State.CANCELLED: "Cancelled",
    State.EXPIRED: "Expired",
    State.CLOSED: "Closed",
}

_GONE = frozenset({"missing", "removed", "shape"})
"""Troubles of a denied user that mean: the policy does not deny them now, or nobody can tell that it does."""


_GAPS_GO = "There only removing their access helps: see the follow-ups."


def standing(revocation: Revocation) -> str:
    """One of the words of the card's contract, with the coverage where it has gaps."""
    if revocation.state is State.EXPIRED and revocation.refused_because is not None:
        return NOT_DENIED
    if revocation.state in _ENDS:
        return _ENDS[revocation.state]
    if revocation.state is State.REQUESTED:
        return NOT_YET
    if revocation.state is State.CONFIRMED:
        return NOT_DENIED if revocation.trouble else NOT_YET
    if revocation.trouble and revocation.trouble.code in _GONE and revocation.state is not State.RELEASING:
        return NOT_DENIED
    held = revocation.held_because or revocation.hold_until or revocation.hold_open
    return (HELD if held and revocation.state is State.DENIED else DENIED) + covered(revocation)


def covered(revocation: Revocation) -> str:
    """How much of what the target can reach is denied, where that is not all of it."""
    coverage = revocation.coverage
    if revocation.channel_shared:
        return ""
    if coverage is None or coverage.unread:
        return ", coverage unknown"
    return f" in {coverage.covered} of {coverage.reachable} accounts" if coverage.uncovered else ""


def headline(revocation: Revocation) -> str:
    """What the card says in its biggest letters; plain text."""
    word = standing(revocation)
    if word.startswith(HELD):
        word = f"{DENIED}{word.removeprefix(HELD)}, held"
    return f"{word}{drill.mark(revocation)}: {revocation.who}"


def sentence(revocation: Revocation, timing: Timing) -> str:
    """The message's whole text: for phones, notifications and screen readers; mrkdwn, nothing alive from outside."""
    said = drill.told(revocation, told(revocation, timing))
    return f"{revocation.id} · {standing(revocation)}. {said}"


def told(revocation: Revocation, timing: Timing) -> str:
    """What a person must know after the standing; mrkdwn."""
    match revocation.state:
        case State.REQUESTED:
            return _requested(revocation)
        case State.CONFIRMED:
            return _confirmed(revocation)
        case State.DENIED | State.RELEASING:
            return _denied(revocation, timing)
        case State.WATCHED:
            off = f"{person(revocation)} is off the Deny policy since {_off(revocation)}"
            return f"{off}. If access or sign-in comes back, it is told here.{_waits(revocation)}"
        case State.RELEASED:
            off = f"{person(revocation)} is off the Deny policy since {_off(revocation)}{_releasers(revocation)}"
            return f"{off}. What access they have works again.{_waits(revocation)}"
        case State.CANCELLED:
            return (
                f"{mention(revocation.cancelled_by)} pressed Do not deny. {person(revocation)} is not denied."
            )
        case State.EXPIRED:
            return expired(revocation)
        case State.REFUSED:
            return inert(revocation.refused_because or "The target was not identified.", 1000)
        case State.CLOSED:
            why = revocation.refused_because or f"Nothing is left to do for {revocation.who}."
            return f"{inert(why, 1000)}{_waits(revocation)}"


def expired(revocation: Revocation) -> str:
    """Why nobody was denied: nobody confirmed, or there was nothing to confirm yet, or it did not count."""
    if revocation.refused_because is not None:
        return f"{person(revocation)}. {inert(revocation.refused_because, 1000)}"
    if revocation.user is None:
        return f"NOT DENIED: {inert(revocation.who, 100)} could not be looked up within 10 minutes."
    if revocation.vote is not None:
        voter = mention(revocation.vote.by)
        return f"NOT DENIED: {voter} pressed Deny now for {person(revocation)}, and no second person did within 10 minutes."
    return f"NOT DENIED: nobody pressed Deny now for {person(revocation)} within 10 minutes."


def _releasers(revocation: Revocation) -> str:
    names = " and ".join(mention(actor) for actor in revocation.released_by)
    return f", released by {names}" if names else ""


def person(revocation: Revocation) -> str:
    """Who the target is, by every name that matters; mrkdwn."""
    user = revocation.user
    if user is None:
        return f"{inert(revocation.who, 100)}{drill.mark(revocation)}"
    drill_ = drill.within(revocation)
    name = f"{inert(user.display_name, 100)} " if user.display_name else ""
    mail = f", {inert(user.email, 100)}" if user.email else ""
    return f"{name}({drill_}user name {inert(user.user_name, 100).strip() or user.user_id}{mail})"


def reason(revocation: Revocation) -> str:
    """Why, in the words of those who asked, the first of them first; the card has them whole."""
    return inert("; ".join(r.text for r in revocation.reasons), 700) or "no reason given"


def _requested(revocation: Revocation) -> str:
    if revocation.user is None:
        why = f" {inert(revocation.still_looking, 600)}" if revocation.still_looking else ""
        return f"Still looking up {inert(revocation.who, 100)}.{why}"
    asked = f"Asked for by {mention(revocation.requested_by)}: {reason(revocation)}."
    knows = (second_person.protected(revocation), second_person.few_left(revocation))
    return " ".join(
        filter(None, (f"{person(revocation)}. {asked}", *knows, second_person.to_press(revocation)))
    )


def _confirmed(revocation: Revocation) -> str:
    by = f"Confirmed by {second_person.confirmers(revocation)}"
    if revocation.trouble is None:
        return f"{person(revocation)}. {by}; the Deny policy is being written."
    return f"{person(revocation)}. {by}, but: {inert(revocation.trouble.sentence, 600)} It is tried again by itself."


def _denied(revocation: Revocation, timing: Timing) -> str:
    held_now = standing(revocation).startswith(HELD)
    parts = [f"{person(revocation)} stays denied." if held_now else f"{person(revocation)}."]
    if revocation.state is State.RELEASING:
        parts.append(f"Still denied; being taken off the Deny policy now{_releasers(revocation)}.")
    elif standing(revocation) != NOT_DENIED:
        parts.extend(_stays(revocation, timing))
    if revocation.trouble:
        parts.append(f"Trouble: {inert(revocation.trouble.sentence, 600)} It is tried again by itself.")
    parts.append(_waits(revocation).strip())
    parts.append(second_person.to_ratify(revocation))
    parts.append(second_person.few_left(revocation))
    if revocation.state is State.DENIED:
        parts.append(checklist.in_short(revocation))
    return " ".join(filter(None, parts))


def _waits(revocation: Revocation) -> str:
    """What waits for a second person, or is being given back."""
    request, restore = revocation.release, revocation.restore
    waiting = f" {approval.waits(request)}" if request else ""
    giving = restore is not None and restore.ended_at is None
    return f"{waiting} {approval.progress(restore)}" if restore and giving else waiting


def _stays(revocation: Revocation, timing: Timing) -> Iterator[str]:
    if why := held(revocation):
        yield inert(why, 900)
    if revocation.written_at:
        how = "Found in the policy" if revocation.adopted else "Written"
        yield f"{how} and read back at {utc(revocation.written_at)}; AWS may take seconds to minutes to enforce it."
    if why is not None:
        return
    if promised := clearance.promised_at(revocation, timing):
        yield f"{stays(revocation)} at least until {utc(promised)}."


def stays(revocation: Revocation) -> str:
    asked = revocation.release is not None and revocation.release.what != "restore"
    return "Unless it is released: stays denied" if asked else "Stays denied"


def held(revocation: Revocation) -> str | None:
    """Why the user stays denied without an end in sight; None where there is one."""
    if revocation.hold_open and not revocation.held_because:
        return "They stay until two people release them."
    return revocation.held_because


def hold_end(revocation: Revocation, timing: Timing) -> str:
    """Until when a hold keeps them, as the card says it."""
    promised = clearance.promised_at(revocation, timing)
    if revocation.hold_open or promised is None:
        return "until two people release them"
    return f"until {utc(promised)} at least"


def _off(revocation: Revocation) -> str:
    return utc(revocation.off_at) if revocation.off_at else "now"


def gaps(coverage: Coverage) -> str | None:
    """What the Deny policy does not reach, said plainly; None where nothing is known to be missing."""
    if coverage.unread:
        return f"Coverage could not be read: {'; '.join(coverage.unread)}"
    if not coverage.type_enabled:
        return "NOT EFFECTIVE: service control policies are not enabled in this organization."
    if not coverage.attached:
        return "NOT EFFECTIVE: the Deny policy is attached to no account."
    if not coverage.uncovered:
        return None
    listed = [_account(account, coverage) for account in coverage.uncovered[:20]]
    more = f" and {len(coverage.uncovered) - 20} more" if len(coverage.uncovered) > 20 else ""
    return f"The Deny policy does NOT reach: {', '.join(listed)}{more}. {_GAPS_GO}"


def _account(account: str, coverage: Coverage) -> str:
    return f"{account} (management account)" if account == coverage.management_account else account
