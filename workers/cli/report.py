"""`report`: one revocation as a whole, for the file of the incident."""

import click

from workers.cards import by_phone
from workers.cards.report_json import as_json
from workers.cards.report_markdown import markdown
from workers.cli import as_json as scripts
from workers.cli import written
from workers.cli.terminal import opened
from workers.service import reporting


@click.command()
@click.argument("revocation")
@click.option("--json", "as_json_", is_flag=True, help="For scripts.")
@click.option("--phone", is_flag=True, help="Only the sentences to say on the phone.")
def report(revocation: str, as_json_: bool, phone: bool) -> None:
    """Print the report on REVOCATION (R-XXXXXX, or its target) as Markdown: times, people, timeline, evidence.

    Ends with 1 where an entry of its log is not ours, was changed, or does not follow the one before it.
    """
    with opened() as at:
        found = written.found(at.world, revocation)
        made = reporting.made(at.world, found)
    if as_json_:
        scripts.say(as_json(made))
    elif phone:
        said = by_phone.sentences(found)
        click.echo(f"To the person:\n{said.to_person}\n\nTo their manager:\n{said.to_manager}")
    else:
        click.echo(markdown(made, at.world.rules), nl=False)
