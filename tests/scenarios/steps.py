"""What people do in the scenarios, in their words."""

import json
from typing import Any

from tests.sandbox.installation import ALICE, PATIENCE, SEC_INC, Installation
from tests.sandbox.slack.state import Message


def newcomer(installation: Installation, name: str) -> str:
    """Somebody new in Identity Center, without any access; returns the user ID."""
    return installation.aws.add_user(name, name.capitalize(), f"{name}@example.com")


def ask(installation: Installation, text: str, *, user: str = ALICE, channel: str = SEC_INC) -> Message:
    """Type `/revoke text` and wait for the new card, wherever it is posted; returns it with its buttons."""
    before = set(_cards(installation))
    answer = installation.slack.command(user, channel, f"/revoke {text}")
    assert answer.ok, (answer.error, answer.status, answer.body)
    fresh = installation.until(lambda: set(_cards(installation)) - before)
    return current(installation, *min(fresh))


def deny(installation: Installation, text: str, *, user: str = ALICE) -> Message:
    """Ask, press Deny now, and wait until the card says how it ended."""
    card = ask(installation, text, user=user)
    press(installation, card, "revocation_confirm", user=user)
    return installation.until(lambda: standing(installation, card, "Denied", "Held", "NOT DENIED"))


def press(installation: Installation, card: Message, action_id: str, *, user: str = ALICE) -> Any:
    """Wait until the button is on the card, and press it."""

    def shown() -> bool:
        return action_id in actions(current(installation, card.channel, card.ts))

    installation.until(shown)
    answer = installation.slack.click(user, card.channel, card.ts, action_id)
    assert answer.ok, (answer.error, answer.status, answer.body)
    return answer


def current(installation: Installation, channel: str, ts: str) -> Message:
    return installation.slack.message(channel, ts)


def standing(installation: Installation, card: Message, *words: str) -> Message | None:
    """The card, once it says one of these."""
    message = current(installation, card.channel, card.ts)
    return message if any(f" · {word}" in message.text for word in words) else None


def becomes(installation: Installation, card: Message, *words: str, timeout: float = PATIENCE) -> Message:
    return installation.until(lambda: standing(installation, card, *words), timeout)


def actions(message: Message) -> set[str]:
    return {
        str(element["action_id"])
        for block in message.blocks
        for element in block.get("elements", [])
        if "action_id" in element
    }


def thread(installation: Installation, card: Message) -> list[str]:
    return [
        message.text for message in installation.slack.thread(card.channel, card.ts) if message.ts != card.ts
    ]


def told(installation: Installation, card: Message, words: str, timeout: float = PATIENCE) -> Message:
    """The thread's message with these words, once it is there."""

    def find() -> Message | None:
        found = installation.slack.thread(card.channel, card.ts)
        return next((m for m in found if words in m.text and m.ts != card.ts), None)

    return installation.until(find, timeout)


def whispered(installation: Installation, user: str, words: str, timeout: float = PATIENCE) -> str:
    """What this person alone was told, once it holds these words."""

    def find() -> str | None:
        texts = [ephemeral.text for ephemeral in installation.slack.ephemerals(user)]
        return next((text for text in reversed(texts) if words in text), None)

    return installation.until(find, timeout)


def revocation_id(card: Message) -> str:
    return card.text.split(" · ")[0]


def shown_text(message: Message) -> str:
    """Everything that the card's blocks say."""
    return json.dumps(message.blocks, ensure_ascii=False)


def _cards(installation: Installation) -> list[tuple[str, str]]:
    state = installation.slack
    found = []
    for channel in ("C0SECINC01", "C0GENERAL1", "C0PRIVATE1"):
        try:
            found += [(channel, m.ts) for m in state.messages(channel) if m.thread_ts in (None, m.ts)]
        except LookupError:
            continue
    return found


def shows(installation: Installation, card: Message, words: str, timeout: float = PATIENCE) -> Message:
    """The card, once its blocks say these words."""

    def there() -> Message | None:
        message = current(installation, card.channel, card.ts)
        return message if words in shown_text(message) else None

    return installation.until(there, timeout)


def form(installation: Installation, user: str) -> dict[str, Any]:
    """The form in front of somebody, once it is there."""
    return installation.until(lambda: installation.slack.view(user))


def direct(installation: Installation, user: str, words: str) -> Message:
    """The direct message with these words, once it is there."""

    def find() -> Message | None:
        found = installation.slack.direct_messages(user)
        return next((m for m in reversed(found) if words in m.text and m.user != user), None)

    return installation.until(find)


def press_step(
    installation: Installation, card: Message, action_id: str, kind: str, *, user: str = ALICE
) -> None:
    """Wait until this follow-up's row has the button, and press it there."""
    row = f"step.{kind}"

    def shown() -> bool:
        blocks = current(installation, card.channel, card.ts).blocks
        return any(
            block.get("block_id") == row
            and any(element.get("action_id") == action_id for element in block.get("elements", []))
            for block in blocks
        )

    installation.until(shown)
    answer = installation.slack.click(user, card.channel, card.ts, action_id, block_id=row)
    assert answer.ok, (answer.error, answer.status, answer.body)


def attest(installation: Installation, card: Message, kind: str, *, user: str = ALICE) -> None:
    """Press Done at this step, and send the form as it came."""
    press_step(installation, card, "step_attest", kind, user=user)
    view = form(installation, user)
    answer = installation.slack.submit(user, view["id"])
    assert answer.ok, (answer.error, answer.status, answer.body)


def access_of(installation: Installation, user_id: str) -> dict[str, Any]:
    """What AWS holds of this user now: `assignments` (their own), `groups`, `entitlements`, `UserStatus`."""
    user = next(user for user in installation.aws.state()["users"] if user["UserId"] == user_id)
    own = [row for row in user["assignments"] if row["PrincipalType"] == "USER"]
    return {**user, "assignments": own}
