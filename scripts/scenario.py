"""ape run scenario: play scenario files and see what came of them."""

from pathlib import Path

import click

from unbond.cli.common import NetworkCommand, clean_errors, json_option
from unbond.cli.scenarios import play_files, show_timelines


@click.command(cls=NetworkCommand, short_help="Play scenario files")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option("--keep", is_flag=True, help="Leave the chain as the files made it.")
@json_option
@clean_errors
def cli(files: tuple[Path, ...], keep: bool, as_json: bool) -> None:
    """Play scenario FILEs and print a timeline of each: when, who, what, and what came of it.

    Each file is played on the chain as it was before; on a local chain, nothing of it remains. The
    exit code is 1 if anything was not as the file expects, or a file cannot be read.
    """
    show_timelines(play_files(files, keep=keep), as_json=as_json)
