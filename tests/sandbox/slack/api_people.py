"""users.*, usergroups.* and conversations.*: who is who and where."""

from __future__ import annotations

from collections.abc import Sequence

from tests.sandbox.slack.arguments import Arguments, Refused, page
from tests.sandbox.slack.people import Group, Person
from tests.sandbox.slack.reach import channel_to_read, need_scope, open_direct
from tests.sandbox.slack.state import Json, Message, State


def users_info(state: State, args: Arguments) -> Json:
    person = state.people.get(args.required("user"))
    if person is None:
        raise Refused("user_not_found")
    return {"user": _shown(state, person)}


def users_lookup_by_email(state: State, args: Arguments) -> Json:
    email = args.required("email").lower()
    for person in state.people.values():
        if (person.email or "").lower() == email and not person.deleted and not person.is_stranger:
            return {"user": _shown(state, person)}
    raise Refused("users_not_found")


def users_list(state: State, args: Arguments) -> Json:
    people, metadata = page(args, list(state.people.values()), 1000)
    members = [_shown(state, person) for person in people]
    return {"members": members, "cache_ts": int(state.clock()), **metadata}


def _shown(state: State, person: Person) -> Json:
    return person.as_api("users:read.email" in state.manifest.scopes)


def usergroups_list(state: State, args: Arguments) -> Json:
    users, count = args.flag("include_users"), args.flag("include_count")
    return {"usergroups": [g.as_api(state.team_id, users, count) for g in state.groups.values()]}


def usergroups_users_list(state: State, args: Arguments) -> Json:
    group: Group | None = state.groups.get(args.required("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    active = [u for u in group.members if u in state.people and not state.people[u].deleted]
    return {"users": active}


def conversations_info(state: State, args: Arguments) -> Json:
    channel = channel_to_read(state, args.required("channel"), "read")
    count = {"num_members": len(channel.members)} if args.flag("include_num_members") else {}
    return {"channel": channel.as_api(state.bot_user_id, state.team_id) | count}


def conversations_members(state: State, args: Arguments) -> Json:
    channel = channel_to_read(state, args.required("channel"), "read")
    members, metadata = page(args, channel.members, 1000)
    return {"members": members, **metadata}


def conversations_open(state: State, args: Arguments) -> Json:
    users = args.names("users")
    if args.text("channel") in state.channels:
        return {"channel": {"id": args.text("channel")}, "no_op": True, "already_open": True}
    if not users:
        raise Refused("users_list_not_supplied")
    if len(users) > 1:
        need_scope(state, "mpim:write")
    return {"channel": {"id": open_direct(state, users[0], "user_not_found").id}}


def conversations_history(state: State, args: Arguments) -> Json:
    channel = channel_to_read(state, args.required("channel"), "history")
    roots = [
        m for m in state.listed(channel.id) if not m.thread_ts or m.thread_ts == m.ts or m.reply_broadcast
    ]
    return _messages(state, args, _between(args, roots)[::-1])


def conversations_replies(state: State, args: Arguments) -> Json:
    channel = channel_to_read(state, args.required("channel"), "history")
    ts = args.required("ts")
    if state.find(channel.id, ts) is None:
        raise Refused("thread_not_found")
    thread = [m for m in state.listed(channel.id) if ts in (m.ts, m.thread_ts)]
    return _messages(state, args, _between(args, thread))


def _between(args: Arguments, messages: Sequence[Message]) -> list[Message]:
    oldest, latest = args.text("oldest") or "0", args.text("latest") or "9999999999"
    ends = (oldest, latest) if args.flag("inclusive") else ()
    return [m for m in messages if float(oldest) < float(m.ts) < float(latest) or m.ts in ends]


def _messages(state: State, args: Arguments, messages: list[Message]) -> Json:
    some, metadata = page(args, messages, 999)
    with_metadata = args.flag("include_all_metadata")
    more = bool(metadata["response_metadata"]["next_cursor"])
    shown = [state.message_as_api(m, with_metadata) for m in some]
    return {"messages": shown, "has_more": more, **(metadata if more else {})}
