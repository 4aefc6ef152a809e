"""The bot's own settings, beside those it shares with the workers."""

from typing import Annotated

from pydantic import Field, SecretStr

from workers.settings import CommonSettings


class BotSettings(CommonSettings):
    """An app token means Socket Mode; without one Slack comes by HTTP, signed."""

    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 3000

    @property
    def socket_mode(self) -> bool:
        return self.slack_app_token is not None

    def _problems(self) -> list[str]:
        problems = super()._problems()
        if self.slack_app_token is None and self.slack_signing_secret is None:
            problems.append("SLACK_SIGNING_SECRET: is required without SLACK_APP_TOKEN (Socket Mode)")
        return problems
