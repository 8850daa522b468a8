"""ape run travel: move the time of a local chain."""

import click

from unbond.chain import Chain
from unbond.cli.common import LastingCommand, clean_errors
from unbond.when import format_date


@click.command(cls=LastingCommand, short_help="Move the time of a local chain")
@click.argument("duration", required=False)
@click.option("--to", "moment", help="Go to this moment, such as 2030-04-08T00:00:00Z.")
@clean_errors
def cli(duration: str | None, moment: str | None) -> None:
    """Let the next transaction land a DURATION later, such as 14d or '13d 23h 59m 59s'.

    The duration counts from the last transaction. Going back is refused.
    """
    if (duration is None) == (moment is None):
        raise click.UsageError("give a DURATION or --to, and not both")
    clock = Chain().clock
    landing = clock.travel(duration) if duration is not None else clock.at(moment or "")
    click.echo(f"the next transaction lands on {format_date(landing)} UTC")
