"""What doctor finds: checks through the ports, each of which only reads. A check that breaks is a finding, too."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workers.domain import deny_document, target_text
from workers.domain.errors import RevocationError, SlackRefused
from workers.domain.follow_ups import automated
from workers.domain.proof import LOOK_BACK
from workers.domain.step import Kind
from workers.domain.timing import CLOCKS_AGREE
from workers.ports import Attachment, SlackPerson, SlackRoom
from workers.service import intake
from workers.service.world import World

logger = logging.getLogger(__name__)

RECONCILED_WITHIN = timedelta(seconds=30)
BOT_TRIED = "bot_tried"
FEW_LEFT = 10
ENOUGH_PEOPLE = 4


class Level(StrEnum):
    OK = "ok"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line: how it is, what was looked at, and what to do."""

    level: Level
    what: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.level:<4} {self.what}{f' {self.do}' if self.do else ''}"


Check = Callable[[], Iterable[Finding]]


def ok(what: str) -> Finding:
    return Finding(Level.OK, what)


def warn(what: str, do: str) -> Finding:
    return Finding(Level.WARN, what, do)


_LATER = " It is tried again."
"""True of the workers; doctor looks once."""


def fail(what: str, do: str = "") -> Finding:
    if what.endswith(_LATER):
        return Finding(Level.FAIL, what.removesuffix(_LATER), do or "Run doctor again in a minute.")
    return Finding(Level.FAIL, what, do)


def examine(name: str, check: Check) -> Iterator[Finding]:
    """Everything that `check` finds, as it finds it. Never raises."""
    try:
        yield from check()
    except RevocationError as error:
        yield fail(f"{name}: {error}")
    except Exception as error:
        logger.debug("check_broke", exc_info=True)
        yield fail(f"{name}: this check broke ({type(error).__name__}).", "It is a bug; please report it.")


def person(world: World, roles: str, slack_id: str) -> Iterator[Finding]:
    """The name beside one Slack id of the settings; members, for a user group."""
    if slack_id.startswith("S"):
        yield _group(world, roles, slack_id)
        return
    found = world.people.person(slack_id)
    if found is None:
        yield fail(f"{roles} {slack_id}: Slack knows nobody by this id.", "Correct the setting.")
    elif why := _unfit(found):
        yield fail(f"{roles} {slack_id}: {found.name} {why} and may do nothing.", "Take the id out.")
    else:
        yield ok(f"{roles} {slack_id}: {found.name}")


def _group(world: World, roles: str, group_id: str) -> Finding:
    members = sorted(world.people.group(group_id))
    if not members:
        return fail(f"{roles} {group_id}: a user group without members.", "Add people to it in Slack.")
    found = [world.people.person(member) for member in members[:20]]
    names = ", ".join(one.name for one in found if one is not None)
    return ok(f"{roles} {group_id}: a user group of {len(members)}: {names}")


def _unfit(found: SlackPerson) -> str | None:
    if found.deleted:
        return "is deactivated"
    if found.is_bot:
        return "is a bot"
    return "is a guest or of another workspace" if found.is_guest or found.is_stranger else None


def enough_people(world: World) -> Iterator[Finding]:
    """A release takes two, and neither may be the target nor asleep."""
    named = {*world.rules.responders, *world.rules.approvers}
    people = {one for one in named if not one.startswith("S")}
    for group in sorted(named - people):
        people |= world.people.group(group)
    if len(people) >= ENOUGH_PEOPLE:
        yield ok(f"people: {len(people)} responders and approvers together")
        return
    yield warn(
        f"people: only {len(people)} responders and approvers together.",
        f"Name {ENOUGH_PEOPLE} or more: a release takes two, the target is neither, and one is away.",
    )


def incident_channel(world: World) -> Iterator[Finding]:
    """Private, not shared, not archived, and the bot is in it."""
    channel = world.rules.incident_channel
    try:
        room = world.people.room(channel)
    except SlackRefused as refusal:
        if refusal.code not in ("channel_not_found", "not_in_channel"):
            raise
        yield fail(
            f"incident channel: {refusal}",
            f"Invite the bot to {channel}, or correct REVOKE_INCIDENT_CHANNEL.",
        )
        return
    shown = f"incident channel {room.id} (#{room.name})"
    wrong = list(_wrong(room))
    yield from (fail(f"{shown} {what}", do) for what, do in wrong)
    if not wrong:
        yield ok(f"{shown}: private, not shared, and the bot is in it")


def _wrong(room: SlackRoom) -> Iterator[tuple[str, str]]:
    if not room.is_private:
        yield "is public: anybody reads who is suspected.", "Make it private."
    if room.is_shared:
        yield "is shared with another workspace.", "Name a channel that is not in REVOKE_INCIDENT_CHANNEL."
    if room.is_archived:
        yield "is archived.", "Name another in REVOKE_INCIDENT_CHANNEL."
    if not room.is_member:
        yield "does not have the bot in it.", "Type /invite @ and the bot's name there."


def deny_policy(world: World) -> Iterator[Finding]:
    """It is there, its shape is ours, and there is room in it."""
    text = world.policy.read().text
    document = deny_document.parse(text)
    yield ok(
        f"Deny policy {world.policy.policy_id}: there, and its shape is ours; {len(document.user_ids)} denied"
    )
    if not document.has_placeholder:
        yield warn("Deny policy: the placeholder is missing.", "It is put back by the next write.")
    left = deny_document.room(text, world.rules.policy_size)
    shown = f"room: {left} more users of {world.rules.policy_size} characters"
    if left == 0:
        yield fail(f"{shown}.", "Release somebody, or raise REVOKE_POLICY_SIZE.")
    elif left < FEW_LEFT:
        yield warn(f"{shown}.", "Release somebody, or raise REVOKE_POLICY_SIZE.")
    else:
        yield ok(shown)


def attachment(world: World) -> Iterator[Finding]:
    """Policy type enabled, and which accounts the policy reaches."""
    found = world.organization.attachment(world.policy.policy_id)
    if found.type_enabled:
        yield ok("service control policies: enabled in this organization")
    else:
        yield fail(
            "service control policies: not enabled, so nobody can be denied.",
            "Run `python -m workers prepare --enable-policy-type --apply`.",
        )
    yield _reach(found)


def _reach(found: Attachment) -> Finding:
    others = found.accounts - {found.management_account}
    shown = (
        f"attachment: the Deny policy reaches {len(found.covered)} of {len(found.accounts)} accounts; the management "
        f"account {found.management_account} never"
    )
    missing = sorted(others - found.covered)
    if not found.covered:
        return fail(f"{shown}. It is attached nowhere.", "Run `python -m workers prepare --apply`.")
    if missing:
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        return warn(
            f"{shown}; nor {', '.join(missing[:10])}{more}.", "Attach it to the root, or know why not."
        )
    return ok(shown)


def identity_source(world: World) -> Iterator[Finding]:
    """It is told, and SCIM fits to it.

    Source: IAM Identity Center user guide, "Provision users and groups from an external identity provider using SCIM".
    """
    source = world.rules.identity_source
    if source is None:
        yield warn(
            "identity source: not set, so the checklist cannot say where sign-in is disabled.",
            "Set REVOKE_IDENTITY_SOURCE to directory, external or active_directory.",
        )
    elif world.rules.disables_sign_in and source != "external":
        yield warn(
            f"identity source: {source}, but SCIM comes with an external identity provider alone.",
            "Take REVOKE_SCIM_URL and REVOKE_SCIM_TOKEN out, or correct REVOKE_IDENTITY_SOURCE.",
        )
    else:
        yield ok(f"identity source: {source}")


def follow_ups(world: World) -> Iterator[Finding]:
    """Which run by themselves, and when."""
    alone = [kind.value for kind in Kind if kind in world.rules.follow_ups and automated(kind, world.rules)]
    if not alone:
        yield warn("follow-ups: none runs by itself.", "Somebody must press each; see REVOKE_FOLLOW_UPS.")
        return
    delay = world.rules.timing.follow_up_delay.total_seconds()
    yield ok(f"follow-ups: {', '.join(alone)} run by themselves {delay:g} s after the denial")


def drills(world: World) -> Iterator[Finding]:
    """When a drill last proved the Deny policy, and that there is somebody to drill with."""
    user = world.rules.drill_user
    if user is None:
        yield ok(
            "drills: no test user; name one in REVOKE_DRILL_USER, and `/revoke drill` proves that it works"
        )
    else:
        yield _drill_user(world, user)
    now = world.store.now()
    proof = intake.last_drill(world.store, now)
    if proof is not None:
        end = "" if proof.to_the_end else ", and they are not off the list yet"
        shown = f"Deny policy last proven by a drill {proof.at:%Y-%m-%d} ({proof.revocation_id}){end}"
        yield warn(f"{shown}: overdue.", "Type `/revoke drill`.") if proof.overdue(now) else ok(shown)
    elif user is not None:
        days = LOOK_BACK.days
        yield warn(f"Deny policy: not proven by a drill within {days} days.", "Type `/revoke drill`.")


def _drill_user(world: World, user: str) -> Finding:
    target = target_text.unmistakable(user) or target_text.user_name(user)
    if target is not None and target.kind == "user_id":
        found = [one for one in [world.directory.by_user_id(target.value)] if one is not None]
    else:
        found = world.directory.by_user_name(target.value if target is not None else user)
    if len(found) == 1:
        return ok(f"drills: the test user is {found[0].user_name} ({found[0].user_id})")
    return warn(
        f"drills: Identity Center has {len(found) or 'no'} user{'s' if found else ''} {user}.",
        "Correct REVOKE_DRILL_USER, or make the user.",
    )


def clocks(world: World, host: datetime) -> Iterator[Finding]:
    """Redis, AWS and this host agree on the time."""
    redis, aws = world.store.now(), world.policy.read().aws_time
    if aws is None:
        yield warn("clocks: AWS told no time.", "Nothing comes off by itself while that is so.")
        return
    times = {"Redis": redis, "AWS": aws, "this host": host}
    apart = max(times.values()) - min(times.values())
    shown = f"clocks: Redis, AWS and this host are {apart.total_seconds():.0f} s apart"
    if apart <= CLOCKS_AGREE:
        yield ok(shown)
    else:
        each = ", ".join(f"{name} {time:%H:%M:%S}" for name, time in times.items())
        yield fail(f"{shown} ({each}).", "Set the one that is wrong.")


def witness(world: World) -> Iterator[Finding]:
    """What was seen of the records is kept beside the workers, where who can write to Redis cannot reach it."""
    count = len(world.witness.seen())
    if world.witness.lasting:
        yield ok(f"witness: what was seen of {count} revocations is kept outside Redis")
    else:
        yield fail(
            "witness: REVOKE_DATA_DIR cannot be written, so what was seen is forgotten with each process.",
            "Make it a directory of the workers' user on a local disk; until then, who can write to Redis can put old "
            "records back.",
        )


def reconciler(world: World) -> Iterator[Finding]:
    last, now = world.store.marked("reconciled"), world.store.now()
    if last is None or now - last > RECONCILED_WITHIN:
        when = f"last passed {last:%Y-%m-%d %H:%M:%S} UTC" if last else "never passed"
        yield fail(f"reconciler: {when}.", "Start `python -m workers work`.")
    else:
        yield ok(f"reconciler: passed {(now - last).total_seconds():.0f} s ago")


def bot(world: World) -> Iterator[Finding]:
    """When a press on a test card last arrived: nothing else shows that the bot answers."""
    last = world.store.marked(BOT_TRIED)
    if last is None:
        yield warn("bot: never tried.", "Run `python -m workers doctor --test-card`.")
    else:
        yield ok(f"bot: a test card was pressed {last:%Y-%m-%d %H:%M} UTC")


def try_bot(world: World, press: Check) -> Iterator[Finding]:
    """`press` a test card, and remember that it worked."""
    for finding in press():
        yield finding
        if finding.level is Level.OK:
            world.store.mark(BOT_TRIED)
