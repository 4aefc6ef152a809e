"""The bot's own settings, beside those it shares with the workers."""

from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from workers.settings import CommonSettings


class BotSettings(CommonSettings):
    """An app token means Socket Mode; without one Slack comes by HTTP, signed."""

    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    """After the app token: a field is checked beside those before it."""
    port: Annotated[int, Field(ge=1, le=65535)] = 3000

    @property
    def socket_mode(self) -> bool:
        return self.slack_app_token is not None

    @field_validator("slack_signing_secret")
    @classmethod
    def _signed_without_socket(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("slack_app_token") is None:
            raise ValueError("is required without SLACK_APP_TOKEN (Socket Mode)")
        return value
