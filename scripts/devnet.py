"""ape run devnet: all systems on a local chain that remembers."""

from pathlib import Path

import click

from unbond.cli.common import clean_errors, json_option
from unbond.cli.devnet import run_devnet


@click.command(short_help="A local chain that remembers, with everything deployed")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8545,
    show_default=True,
    help="Where to listen; 0 for any free one.",
)
@click.option("--fresh", is_flag=True, help="Begin a new chain.")
@click.option(
    "--seed-with",
    "seeds",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Play a scenario into a new chain first; may be given more than once.",
)
@click.option(
    "--state",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Where the chain is kept, if not in .unbond/devnet or where UNBOND_DEVNET says.",
)
@json_option
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND…]")
@clean_errors
def cli(
    port: int,
    fresh: bool,
    seeds: tuple[Path, ...],
    state: Path | None,
    as_json: bool,
    command: tuple[str, ...],
) -> None:
    """Keep a local chain up on which every system is deployed, until Ctrl-C.

    The first time, all systems are deployed, with providers, devices and tokens for the ten usual
    test accounts, and written down in the address book. Started again, the chain goes on where it
    was: it is saved every two seconds, so that even kill -9 loses no more than the last five.

    With a COMMAND, the chain stays up until that has ended, and the exit code is the command's.
    UNBOND_RPC_URL tells it where the chain is.

    Scenarios are played in the order given, each whole weeks later if its time is over by then.
    """
    raise SystemExit(
        run_devnet(
            port=port, fresh=fresh, seeds=seeds, state=state, as_json=as_json, command=command
        )
    )
