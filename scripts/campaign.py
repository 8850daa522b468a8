"""ape run campaign: try to make contracts and models disagree."""

import os
import secrets
from math import isnan
from pathlib import Path

import click

from unbond.cli.common import clean_errors, json_option
from unbond.models import model_names

LONGEST = 365 * 24 * 60
"""For how long a campaign may go on, in minutes."""


def _number(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
    if value is not None and isnan(value):
        raise click.BadParameter("nan is no number.")
    return value


@click.command(short_help="Try to make contracts and models disagree")
@click.option(
    "--system",
    "systems",
    multiple=True,
    type=click.Choice(model_names()),
    help="Only this system; may be given several times.  [default: all]",
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    help="How many moves of each system.  [default: 100000, if no --minutes are given]",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, LONGEST, min_open=True),
    callback=_number,
    help="How long at most, in minutes.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="From which all is drawn: the same seed, the same moves.  [default: a new one]",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    default=os.cpu_count() or 1,
    show_default="one a core",
    help="How many processes do it.",
)
@click.option(
    "--everybody",
    is_flag=True,
    help="Look at all positions of all people after every move; slower.",
)
@click.option(
    "--out",
    "folder",
    default=Path("scenarios/found"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where a disagreement is written to, as a scenario file.",
)
@json_option
@clean_errors
def cli(
    systems: tuple[str, ...],
    steps: int | None,
    minutes: float | None,
    seed: int | None,
    jobs: int,
    everybody: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Draw timed moves, plausible and hostile, and let contract and model both do them.

    After each move everything that there is to see is compared, to the wei and the second. The
    contract runs in this process; no network is needed. A disagreement is shortened and
    written down as a scenario file, and the exit code is 1. Ctrl-C ends it with the report so far.
    """
    from unbond.cli.campaign import campaign

    _prepare(folder)
    campaign(
        list(systems) or model_names(),
        seed=secrets.randbelow(10**9) if seed is None else seed,
        steps=100_000 if steps is None and minutes is None else steps,
        minutes=minutes,
        jobs=jobs,
        everybody=everybody,
        folder=folder,
        as_json=as_json,
    )


def _prepare(folder: Path) -> None:
    """Make sure, before hours have passed, that a finding can be written down.

    Raises:
        ValueError: when it cannot.
    """
    place = folder.absolute()
    while not place.is_dir() and place != place.parent:
        if os.path.lexists(place):
            raise ValueError(f"{folder} cannot be written: {place} is no folder")
        place = place.parent
    if not os.access(place, os.W_OK):
        raise ValueError(f"{folder} cannot be written: Permission denied")
