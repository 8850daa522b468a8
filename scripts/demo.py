"""ape run demo: the documents' exits, worked out on a chain."""

from pathlib import Path

import click

from unbond.cli.common import NetworkCommand, clean_errors, json_option
from unbond.cli.scenarios import play_files, show_timelines
from unbond.scenario import load_scenario

SCENARIOS = Path(__file__).parent.parent / "scenarios"


@click.command(cls=NetworkCommand, short_help="Play the worked examples")
@json_option
@clean_errors
def cli(as_json: bool) -> None:
    """Play every worked example under scenarios/ and print its timeline.

    Weeks pass in a second. The exit code is 1 if anything was not as the examples expect.
    """
    show_timelines(play_files(sorted(SCENARIOS.rglob("*.yaml"), key=_place)), as_json=as_json)


def _place(file: Path) -> tuple[str, Path]:
    """Documents in their order, and the files of each by name."""
    return load_scenario(file).scenario.document or "", file
