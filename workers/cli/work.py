"""`work`: the privileged processes themselves."""

import click

from workers import logs
from workers.cli.terminal import secrets
from workers.settings import WorkerSettings, read


@click.command()
def work() -> None:
    """Run the workers, the scheduler and the reconciler until SIGTERM."""
    from workers import processes

    settings = read(WorkerSettings)
    logs.log_to_stdout(secrets(settings))
    processes.run(settings)
