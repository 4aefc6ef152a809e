"""`python -m workers`: the privileged side."""

import sys

import click

from workers import logs
from workers.settings import WorkerSettings, WrongSettings, read


@click.group()
def main() -> None:
    """The privileged side of the revocation bot."""


def settings_or_exit() -> WorkerSettings:
    """The settings; where some are wrong, all of them are named and the process ends with 2."""
    try:
        return read(WorkerSettings)
    except WrongSettings as wrong:
        click.echo(f"These settings are wrong:\n{wrong}", err=True)
        sys.exit(2)


@main.command()
def work() -> None:
    """Run the workers, the scheduler and the reconciler until SIGTERM."""
    from workers import processes

    settings = settings_or_exit()
    logs.log_to_stdout(secrets(settings))
    try:
        processes.run(settings)
    except WrongSettings as wrong:
        click.echo(f"These settings are wrong:\n{wrong}", err=True)
        sys.exit(2)


def secrets(settings: WorkerSettings) -> list[str]:
    kept = (settings.slack_bot_token, settings.revoke_signing_key, settings.redis_url)
    return [secret.get_secret_value() for secret in kept if secret is not None]


if __name__ == "__main__":
    main()
