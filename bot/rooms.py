"""Which channel a revocation's card goes to. Slack is asked, but not waited for."""

from dataclasses import dataclass, field
from functools import partial

from bot.deps import Deps
from bot.prompt import Prompt
from workers.ports import SlackRoom


@dataclass(frozen=True)
class Rooms:
    """Decides by design: where it was typed, if only the right people read there; else the incident channel."""

    deps: Deps
    prompt: Prompt = field(default_factory=Prompt)

    def for_card(self, typed_in: str, targets: frozenset[str]) -> str:
        """The channel id. Any doubt, and any delay, means the incident channel. Never raises."""
        incident = self.deps.rules.incident_channel
        if typed_in in (incident, ""):
            return incident
        people = self.deps.people
        answers = self.prompt.answers(
            {
                ("room", typed_in): partial(people.room, typed_in),
                ("members", typed_in): partial(people.members, typed_in),
            }
        )
        room, members = answers.get(("room", typed_in)), answers.get(("members", typed_in))
        fit = room is not None and members is not None and _fits(room) and not targets & members
        return typed_in if fit else incident


def _fits(room: SlackRoom) -> bool:
    return room.is_private and room.is_member and not room.is_shared and not room.is_archived
