"""ape run travel: move the time of a local chain."""

import click

from unbond.book import AddressBook
from unbond.chain import Chain
from unbond.cli.common import LastingCommand, clean_errors, json_option, print_json
from unbond.cli.outlook import stand_dict, stand_sentence
from unbond.clock import ClockError
from unbond.outlook import Outlook
from unbond.when import format_date, format_moment


@click.command(cls=LastingCommand, short_help="Move the time of a local chain")
@click.argument("duration", required=False)
@click.option("--to", "moment", help="Go to this moment, such as 2030-04-08T00:00:00Z.")
@click.option("--next", "to_next", is_flag=True, help="Go to where something opens next.")
@json_option
@clean_errors
def cli(duration: str | None, moment: str | None, to_next: bool, as_json: bool) -> None:
    """Let the next transaction land a DURATION later, such as 14d or '13d 23h 59m 59s'.

    The duration counts from the last transaction. Going back is refused.
    """
    if [duration is None, moment is None, not to_next].count(False) != 1:
        raise click.UsageError("give one of DURATION, --to and --next")
    chain = Chain()
    clock = chain.clock
    opening = None
    if to_next:
        opening = Outlook(chain, AddressBook()).next_moment()
        if opening is None:
            raise ClockError("nothing here opens by time any more")
    stands = opening[1] if opening else []
    if opening is not None:
        landing = clock.at(opening[0])
    else:
        landing = clock.travel(duration) if duration is not None else clock.at(moment or "")
    if as_json:
        opened = [stand_dict(stand, landing) for stand in stands]
        told = {"time": format_moment(landing), "timestamp": landing}
        print_json({**told, "opens": opened} if to_next else told)
        return
    click.echo(f"the next transaction lands on {format_date(landing)} UTC")
    for stand in stands:
        click.echo(f"then {stand_sentence(stand)}")
