"""ape run forecast: when everybody in a scenario can be paid, by the model alone."""

from pathlib import Path

import click

from unbond.cli.common import clean_errors, json_option


@click.command(short_help="When everybody in a scenario can be paid")
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@json_option
@clean_errors
def cli(files: tuple[Path, ...], as_json: bool) -> None:
    """Say when each position that scenario FILEs leave open can be paid.

    Who has what at the end, when it opens, in how long after the end, what stands in the way then,
    and what to do then. It is the model of the system that answers: no network is touched, and none
    is started.

    The exit code is 1 if anything was not as a file expects, or a file cannot be read.
    """
    from unbond.cli.forecasts import forecast_files, show_forecasts

    show_forecasts(forecast_files(files), as_json=as_json)
