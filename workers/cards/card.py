"""The one live card of a revocation. Pure: a record and the rules in, a message out."""

from datetime import datetime

from workers.cards import (
    acts,
    approval,
    checklist,
    drill,
    phrase,
    protection,
    residuals,
    second_person,
    way_out,
)
from workers.cards.searching import search_button
from workers.cards.text import (
    Block,
    actions,
    are_you_sure,
    button,
    code,
    context,
    fields,
    header,
    inert,
    link,
    local,
    mention,
    plain,
    plain_section,
    section,
)
from workers.domain import clearance, overdue
from workers.domain.revocation import Reach, Revocation, State
from workers.domain.rules import Rules
from workers.domain.user_id import is_user_id
from workers.ports import Message


def render(revocation: Revocation, rules: Rules) -> Message:
    """The card as the record has it."""
    blocks = [
        header(phrase.headline(revocation)),
        *drill.next_step(revocation),
        *_body(revocation, rules),
        *_feet(revocation),
    ]
    return Message(phrase.sentence(revocation, rules.timing), tuple(blocks))


def without_buttons(revocation: Revocation, rules: Rules) -> Message:
    """The card to look at only."""
    message = render(revocation, rules)
    return Message(message.text, tuple(block for block in message.blocks if block["type"] != "actions"))


def _body(revocation: Revocation, rules: Rules) -> list[Block]:
    match revocation.state:
        case State.REQUESTED:
            return _requested(revocation, rules)
        case State.CONFIRMED:
            return _confirmed(revocation, rules)
        case State.DENIED:
            return _denied(revocation, rules)
        case State.RELEASING if revocation.trouble:
            return [_told(revocation, rules), actions(_retry(revocation))]
        case State.EXPIRED:
            return [_told(revocation, rules), actions(button("Ask again", "step_retry", revocation.id))]
        case State.WATCHED | State.RELEASED | State.CLOSED:
            return _off(revocation, rules)
        case State.REFUSED:
            search = actions(search_button(revocation.id))
            return [_told(revocation, rules), *_given_reasons(revocation), search]
        case _:
            return [_told(revocation, rules), *_given_reasons(revocation)]


def _given_reasons(revocation: Revocation) -> list[Block]:
    return [_reasons(revocation)] if revocation.reasons else []


def _told(revocation: Revocation, rules: Rules) -> Block:
    return section(phrase.told(revocation, rules.timing))


def _requested(revocation: Revocation, rules: Rules) -> list[Block]:
    if revocation.user is None:
        return [_told(revocation, rules)]
    return [*_identity(revocation), *_before_denying(revocation, rules), _decide(revocation)]


def who_that_is(revocation: Revocation, rules: Rules) -> list[Block]:
    """Who the one user is, what to know before they are denied, and what they can reach; nothing to press."""
    return [_named(revocation), *_before_denying(revocation, rules)]


def in_words(revocation: Revocation, rules: Rules) -> list[str]:
    """The same but for the name, in sentences, for a message's `text`; mrkdwn."""
    user = revocation.user
    assert user is not None
    sign_in = user.sign_in.lower() if user.sign_in else "not told by AWS"
    told = [f"User ID {inert(user.user_id, 60)}; sign-in {sign_in}."]
    shown = [block["text"]["text"] for block in _before_denying(revocation, rules)]
    return [*told, *(inert(text, 700) for text in shown)]


def _before_denying(revocation: Revocation, rules: Rules) -> list[Block]:
    return [*_warnings(revocation, rules), *protection.before(revocation), *_access(revocation)]


def _identity(revocation: Revocation) -> list[Block]:
    return [_named(revocation), _reasons(revocation)]


def _named(revocation: Revocation) -> Block:
    user = revocation.user
    assert user is not None
    pairs = [
        ("Name", user.display_name or "none"),
        ("User name", user.user_name),
        ("E-mail", user.email or "none"),
        ("User ID", user.user_id),
        ("Sign-in", user.sign_in.lower() if user.sign_in else "not told by AWS"),
    ]
    return fields(pairs)


def _reasons(revocation: Revocation) -> Block:
    given = "; ".join(f"{reason.text} ({reason.by.name})" for reason in revocation.reasons if reason.text)
    return plain_section(f"Reason: {given or 'none given'}")


def _warnings(revocation: Revocation, rules: Rules) -> list[Block]:
    user, blocks = revocation.user, list[Block]()
    assert user is not None
    names = {user.display_name.casefold(), user.user_name.casefold()}
    if revocation.slack_name and revocation.slack_name.casefold() not in names:
        blocks.append(
            plain_section(
                f"Names differ: Slack says {revocation.slack_name}, the directory {user.display_name}."
            )
        )
    marked = {name.casefold() for name in rules.break_glass}
    if marked & {user.user_id.casefold(), user.user_name.casefold()}:
        blocks.append(
            plain_section("This is a break-glass user: denying them may lock you out of an emergency way in.")
        )
    if revocation.channel_shared:
        blocks.append(
            plain_section("The target can read this channel, so gaps are told to the requester alone.")
        )
    return blocks


def _access(revocation: Revocation) -> list[Block]:
    if revocation.reach is None or revocation.coverage is None:
        return [plain_section("Access and coverage: still reading.")]
    blocks = [plain_section(f"Access: {_reach(revocation.reach)}")]
    gaps = phrase.gaps(revocation.coverage)
    if gaps and not revocation.channel_shared:
        blocks.append(plain_section(gaps))
    return blocks


def _reach(reach: Reach) -> str:
    if reach.unread:
        return f"could not be read: {'; '.join(reach.unread)}"
    if reach.none_left:
        return "no access to any account is left."
    accounts = f"{len(reach.accounts)} account{'' if len(reach.accounts) == 1 else 's'}"
    return f"{accounts}, by {clearance.left(reach)}."


def _decide(revocation: Revocation) -> Block:
    return actions(
        protection.deny_button(revocation), button("Do not deny", "revocation_cancel", revocation.id)
    )


def _confirmed(revocation: Revocation, rules: Rules) -> list[Block]:
    if revocation.trouble:
        return _not_denied(revocation, rules)
    by = second_person.confirmers(revocation)
    at = local(revocation.confirmed_at) if revocation.confirmed_at else ""
    return [
        *_identity(revocation),
        section(f"Confirmed by {by} at {at}. Not denied yet: the Deny policy is being written."),
        *protection.ratify(revocation, rules),
        *acts.blocks(revocation),
        *(_follow_ups(revocation, rules) if revocation.steps else []),
    ]


def _not_denied(revocation: Revocation, rules: Rules) -> list[Block]:
    assert revocation.trouble is not None
    assert revocation.user is not None
    policy, user_id = revocation.policy_id or "", revocation.user.user_id
    return [
        plain_section(revocation.trouble.sentence),
        plain_section(
            "It is tried again by itself. To do it by hand, with rights on the management account:"
        ),
        *([code(way_out.command(policy, user_id))] if policy and is_user_id(user_id) else []),
        actions(
            _retry(revocation),
            *([link("Open the policy in AWS", "open_policy", way_out.console(policy))] if policy else []),
        ),
        *_identity(revocation),
        *protection.ratify(revocation, rules),
        *acts.blocks(revocation),
        *_follow_ups(revocation, rules),
    ]


def _retry(revocation: Revocation) -> Block:
    return button("Retry", "step_retry", revocation.id, style="primary")


def _denied(revocation: Revocation, rules: Rules) -> list[Block]:
    if revocation.trouble and phrase.standing(revocation) == phrase.NOT_DENIED:
        return _not_denied(revocation, rules)
    assert revocation.written_at is not None
    # Of one that was found there, nobody knows when it was written.
    how = "Found in" if revocation.adopted else "Written to"
    written = (
        f"{how} the Deny policy and read back at {local(revocation.written_at)}. "
        "AWS may take seconds to minutes to enforce it."
    )
    return [
        section(written),
        *_trouble(revocation),
        *_identity(revocation),
        *_access(revocation),
        _until(revocation, rules),
        *protection.few_left(revocation),
        *protection.ratify(revocation, rules),
        *approval.blocks(revocation, rules),
        _denied_buttons(revocation),
        *acts.blocks(revocation),
        *_follow_ups(revocation, rules),
    ]


def _follow_ups(revocation: Revocation, rules: Rules) -> list[Block]:
    """The checklist, what is given back, and in one line what none of it reaches."""
    short = [context(residuals.IN_SHORT)] if revocation.steps and not revocation.channel_shared else []
    return [*approval.restoring(revocation), *checklist.blocks(revocation, rules), *short]


def _off(revocation: Revocation, rules: Rules) -> list[Block]:
    """Off the list: what nobody attested yet, and the way back onto it."""
    watched = revocation.state is State.WATCHED
    return [
        _told(revocation, rules),
        *_given_reasons(revocation),
        *approval.blocks(revocation, rules),
        *approval.restoring(revocation),
        *(_still_open(revocation, rules) if watched else []),
        *checklist.settled(revocation),
        *_off_buttons(revocation),
    ]


def _still_open(revocation: Revocation, rules: Rules) -> list[Block]:
    missing = checklist.unattested(revocation)
    said = [section(f"Nobody attested yet: {missing}. Until then they are watched.")] if missing else []
    return [*said, *checklist.by_hand(revocation, rules)]


def _off_buttons(revocation: Revocation) -> list[Block]:
    sure = are_you_sure(
        f"Deny {plain(revocation.who, 90)} again?",
        "They go back onto the Deny policy at once.",
        "Deny again",
        danger=True,
    )
    was_denied = revocation.state is not State.CLOSED
    again = button("Deny again", "revocation_deny_again", revocation.id, style="danger", confirm=sure)
    row = [*([again] if was_denied else []), *checklist.restore_button(revocation)]
    return [actions(*row)] if row else []


def _trouble(revocation: Revocation) -> list[Block]:
    """What keeps the policy from being checked or changed, for somebody who was denied before."""
    if revocation.trouble is None:
        return []
    return [
        plain_section(f"Trouble: {revocation.trouble.sentence} It is tried again by itself."),
        actions(_retry(revocation)),
    ]


def _until(revocation: Revocation, rules: Rules) -> Block:
    if why := phrase.held(revocation):
        late = (
            " OVERDUE: say what becomes of them."
            if overdue.clean_up_is_overdue(revocation, rules.timing)
            else ""
        )
        return plain_section(f"Held: {why}{late}")
    promised = clearance.promised_at(revocation, rules.timing)
    until = f" at least until {local(promised)}" if promised else ""
    stays = f"{phrase.stays(revocation)}{until}."
    if revocation.hold_until and revocation.hold_by:
        stays = f"Held by {mention(revocation.hold_by)}. {stays}"
    since = clearance.no_mint_since(revocation, rules.timing)
    if since is None:
        return section(f"{stays} {_wanted(revocation)}")
    return section(f"{stays} {_proof(revocation, since)} {local(since)}; the clock runs from then.")


def _proof(revocation: Revocation, since: datetime) -> str:
    """Which of the two proofs the clock rests on."""
    if since == revocation.no_mint_at:
        return "No access is left since"
    return "Sign-in is disabled and the sessions are ended, as of"


def _wanted(revocation: Revocation) -> str:
    """What a person must do before the clock can run."""
    reach = revocation.reach
    if reach is None or reach.unread or reach.none_left:
        return "The 12 hours count once it is read that no access is left."
    return f"Access is left: {clearance.left(reach)}. Only once it is gone do the 12 hours count."


def _denied_buttons(revocation: Revocation) -> Block:
    sure = are_you_sure(
        "Ask for a release?", "A second person must approve before they come off the list.", "Ask for it"
    )
    more = {
        "type": "overflow",
        "action_id": "revocation_hold_until_released",
        "options": [{"text": {"type": "plain_text", "text": "Hold until released"}, "value": revocation.id}],
    }
    free = revocation.release is None and not revocation.giving_back
    ask = [
        button("Release", "revocation_release", revocation.id, confirm=sure),
        button("False alarm", "revocation_false_alarm", revocation.id),
    ]
    return actions(button("Hold 12 h", "revocation_hold", revocation.id), *(ask if free else []), more)


def _feet(revocation: Revocation) -> list[Block]:
    asked = (
        f"{revocation.id} · asked for by {mention(revocation.requested_by)} {local(revocation.requested_at)}"
    )
    owner = f"Owner: {mention(revocation.owner)}" if revocation.owner else "No owner yet"
    return [context(asked, owner), *_ownership(revocation)]


def _ownership(revocation: Revocation) -> list[Block]:
    """Below the owner's name, while somebody must see to it."""
    if revocation.ended or revocation.state is State.REQUESTED:
        return []
    return [
        actions(
            button("Hand over", "handoff_start", revocation.id),
            button("I own this now", "revocation_own", revocation.id),
        )
    ]
