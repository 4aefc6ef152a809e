"""What Slack says of our token. Source: Slack API reference, auth.test; the scopes are in a header of every answer."""

from dataclasses import dataclass

from workers.adapters.slack_calls import slack_answers, web_client


@dataclass(frozen=True, kw_only=True)
class SlackApp:
    team: str
    name: str
    scopes: frozenset[str]


def slack_app(token: str, url: str) -> SlackApp:
    """Raises SlackAway or SlackRefused."""
    with slack_answers():
        answer = web_client(token, url, timeout=5).auth_test()
    headers = {str(name).lower(): value for name, value in answer.headers.items()}
    granted = headers.get("x-oauth-scopes", "")
    text = granted[0] if isinstance(granted, list) else granted
    return SlackApp(
        team=str(answer.get("team")),
        name=str(answer.get("user")),
        scopes=frozenset(scope.strip() for scope in str(text).split(",") if scope.strip()),
    )
