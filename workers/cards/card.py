"""The one live card of a revocation. Pure: a record and the rules in, a message out."""

from workers.cards import phrase, way_out
from workers.cards.text import (
    Block,
    actions,
    are_you_sure,
    button,
    code,
    context,
    fields,
    header,
    link,
    local,
    mention,
    mentions,
    plain,
    plain_section,
    section,
)
from workers.domain import clearance
from workers.domain.revocation import Reach, Revocation, State
from workers.domain.rules import Rules
from workers.domain.user_id import is_user_id
from workers.ports import Message


def render(revocation: Revocation, rules: Rules) -> Message:
    """The card as the record has it."""
    blocks = [header(phrase.headline(revocation)), *_body(revocation, rules), *_feet(revocation)]
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
            return _confirmed(revocation)
        case State.DENIED:
            return _denied(revocation, rules)
        case State.RELEASING if revocation.trouble:
            return [_told(revocation, rules), actions(_retry(revocation))]
        case State.EXPIRED:
            return [_told(revocation, rules), actions(button("Ask again", "step_retry", revocation.id))]
        case _:
            return [_told(revocation, rules), *([_reasons(revocation)] if revocation.reasons else [])]


def _told(revocation: Revocation, rules: Rules) -> Block:
    return section(phrase.told(revocation, rules.timing))


def _requested(revocation: Revocation, rules: Rules) -> list[Block]:
    if revocation.user is None:
        return [_told(revocation, rules)]
    return [*_identity(revocation), *_warnings(revocation, rules), *_access(revocation), _decide(revocation)]


def _identity(revocation: Revocation) -> list[Block]:
    user = revocation.user
    assert user is not None
    pairs = [
        ("Name", user.display_name or "none"),
        ("User name", user.user_name),
        ("E-mail", user.email or "none"),
        ("User ID", user.user_id),
        ("Sign-in", user.sign_in.lower() if user.sign_in else "not told by AWS"),
    ]
    return [fields(pairs), _reasons(revocation)]


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
    user = revocation.user
    assert user is not None
    sure = are_you_sure(
        f"Deny {plain(user.user_name, 90)}?",
        f"{plain(revocation.who, 100)} ({user.user_id}) loses every AWS account under the Deny policy, for 12 hours at least.",
        "Deny now",
        danger=True,
    )
    return actions(
        button("Deny now", "revocation_confirm", revocation.id, style="danger", confirm=sure),
        button("Do not deny", "revocation_cancel", revocation.id),
    )


def _confirmed(revocation: Revocation) -> list[Block]:
    by = mention(revocation.confirmed_by)
    at = local(revocation.confirmed_at) if revocation.confirmed_at else ""
    blocks = [
        *_identity(revocation),
        section(f"Confirmed by {by} at {at}. Not denied yet: the Deny policy is being written."),
    ]
    return _not_denied(revocation) if revocation.trouble else blocks


def _not_denied(revocation: Revocation) -> list[Block]:
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
    ]


def _retry(revocation: Revocation) -> Block:
    return button("Retry", "step_retry", revocation.id, style="primary")


def _denied(revocation: Revocation, rules: Rules) -> list[Block]:
    if revocation.trouble and phrase.standing(revocation) == phrase.NOT_DENIED:
        return _not_denied(revocation)
    assert revocation.written_at is not None
    written = (
        f"Written to the Deny policy and read back at {local(revocation.written_at)}. "
        "AWS may take seconds to minutes to enforce it."
    )
    return [
        section(written),
        *_trouble(revocation),
        *_identity(revocation),
        *_access(revocation),
        _until(revocation, rules),
        *_release(revocation, rules),
        _denied_buttons(revocation),
    ]


def _trouble(revocation: Revocation) -> list[Block]:
    """What keeps the policy from being checked or changed, for somebody who was denied before."""
    if revocation.trouble is None:
        return []
    return [plain_section(f"Trouble: {revocation.trouble.sentence}"), actions(_retry(revocation))]


def _until(revocation: Revocation, rules: Rules) -> Block:
    if why := phrase.held(revocation):
        return plain_section(f"Held: {why}")
    promised = clearance.promised_at(revocation, rules.timing)
    until = f" at least until {local(promised)}" if promised else ""
    stays = f"{phrase.stays(revocation)}{until}."
    if revocation.hold_until and revocation.hold_by:
        stays = f"Held by {mention(revocation.hold_by)}. {stays}"
    if revocation.no_mint_at is None:
        return section(f"{stays} {_wanted(revocation)}")
    return section(
        f"{stays} No access is left since {local(revocation.no_mint_at)}; the clock runs from then."
    )


def _wanted(revocation: Revocation) -> str:
    """What a person must do before the clock can run."""
    reach = revocation.reach
    if reach is None or reach.unread or reach.none_left:
        return "The 12 hours count once it is read that no access is left."
    return f"Remove in IAM Identity Center: {clearance.left(reach)}. Only then do the 12 hours count."


def _release(revocation: Revocation, rules: Rules) -> list[Block]:
    request = revocation.release
    if request is None:
        return []
    who = mentions(
        tuple(i for i in rules.approvers if i not in (request.asked_by.id, revocation.target.slack_id))
    )
    sure = are_you_sure(
        "Take them off the list?",
        f"{revocation.who} can use AWS again, with whatever access they have.",
        "Approve",
    )
    asked = f"{mention(request.asked_by)} asked at {local(request.asked_at)} to take them off the list."
    return [
        section(f"{asked} It waits for a second person: {who or 'an approver'}."),
        plain_section(f"Reason for the release: {request.reason or 'none given'}"),
        actions(
            button("Approve release", "approval_give", revocation.id, style="primary", confirm=sure),
            button("Refuse", "approval_refuse", revocation.id),
        ),
    ]


def _denied_buttons(revocation: Revocation) -> Block:
    sure = are_you_sure(
        "Ask for a release?", "A second person must approve before they come off the list.", "Ask for it"
    )
    more = {
        "type": "overflow",
        "action_id": "revocation_hold_until_released",
        "options": [{"text": {"type": "plain_text", "text": "Hold until released"}, "value": revocation.id}],
    }
    ask = [] if revocation.release else [button("Release", "revocation_release", revocation.id, confirm=sure)]
    return actions(button("Hold 12 h", "revocation_hold", revocation.id), *ask, more)


def _feet(revocation: Revocation) -> list[Block]:
    asked = (
        f"{revocation.id} · asked for by {mention(revocation.requested_by)} {local(revocation.requested_at)}"
    )
    owner = f"Owner: {mention(revocation.owner)}" if revocation.owner else "No owner yet"
    return [context(asked, owner)]
