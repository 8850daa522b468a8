"""ape run status: everything that people have in every system."""

import click

from unbond.book import AddressBook
from unbond.chain import Chain
from unbond.cli.common import LastingCommand, clean_errors, json_option, print_json
from unbond.cli.outlook import show_stands, stand_dict
from unbond.cli.systems import party
from unbond.outlook import Outlook


@click.command(cls=LastingCommand, short_help="What people have in every system, and when it opens")
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT…]")
@json_option
@clean_errors
def cli(accounts: tuple[str, ...], as_json: bool) -> None:
    """Show every position of every system that the address book has on the network.

    What it is, since when, when it opens, what stands in the way, and what its owner does next.
    With ACCOUNTs (addresses, aliases, TEST::n or, locally, roles) only theirs.
    """
    wanted = [party(account) for account in accounts]
    chain = Chain()
    stands = Outlook(chain, AddressBook()).stands(wanted)
    if as_json:
        print_json([stand_dict(stand, chain.now) for stand in stands])
    else:
        show_stands(stands, chain)
