"""ape run export: ABIs and addresses for other clients."""

from pathlib import Path

import click

from unbond.book import AddressBook
from unbond.chain import Chain
from unbond.cli.common import LastingCommand, clean_errors
from unbond.export import contracts_of, write_export
from unbond.outlook import Outlook


@click.command(cls=LastingCommand, short_help="Write ABIs and addresses for other clients")
@click.option(
    "--out",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where to write them.",
)
@clean_errors
def cli(folder: Path) -> None:
    """Write the ABIs and addresses of what the address book has on the network.

    addresses.json and abis/*.json are for any client. unbond.ts is a module of typed constants that
    viem and wagmi take as they are; it has the chain as well.
    """
    chain = Chain()
    outlook = Outlook(chain, AddressBook())
    contracts = [
        contract
        for name, entry in outlook.entries.items()
        for contract in contracts_of(name, entry, outlook.systems[name])
    ]
    try:
        files = write_export(folder, chain, chain.url, contracts)
    except OSError as error:
        raise ValueError(f"{error.filename} cannot be written: {error.strerror}") from None
    for path in files:
        click.echo(path)
