"""Whether somebody could press a button of ours. Slack is asked, and waited for one second at most."""

from collections.abc import Iterable, Mapping
from functools import partial

from bot.deps import Deps
from bot.prompt import Prompt, Question, Questions
from workers.cards.text import inert
from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.ports import SlackPerson


def members(deps: Deps, people: Prompt, slack_ids: Iterable[str], what: str) -> list[Actor]:
    """These people; where Slack does not say in time who one of them is, the id has to do.

    Raises Refused where one is no full member here, or nobody that Slack knows; `what` is what they cannot do.
    """
    ids = list(slack_ids)
    questions: Questions = {("person", one): partial(deps.people.person, one) for one in ids}
    answers = people.answers(questions)
    return [_member(one, answers, what) for one in ids]


def _member(slack_id: str, answers: Mapping[Question, SlackPerson | None], what: str) -> Actor:
    if ("person", slack_id) not in answers:
        return Actor(kind="slack", id=slack_id, name=slack_id)
    person = answers["person", slack_id]
    if person is None or person.is_bot or person.deleted or person.is_guest or person.is_stranger:
        name = inert(person.name if person else slack_id, 100)
        raise Refused(f"{name} cannot {what}: only full members of this workspace can.")
    return Actor(kind="slack", id=slack_id, name=person.name, email=person.email or "")
