"""ape run record: what happened on a chain, as a scenario."""

from pathlib import Path

import click

from unbond.book import AddressBook, way_to_deploy
from unbond.chain import Chain
from unbond.cli.common import LastingCommand, clean_errors
from unbond.cli.systems import name_option
from unbond.files import write_files
from unbond.outlook import Outlook
from unbond.scenario.record import record


@click.command(cls=LastingCommand, short_help="Write down what happened as a scenario")
@click.option(
    "--out",
    "file",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The scenario file to write; it must not be there yet.",
)
@click.option("--title", default="Recorded", show_default=True, help="The scenario's title.")
@name_option
@clean_errors
def cli(file: Path, title: str, deployment: str | None) -> None:
    """Write what happened to a system, by whatever client, as a scenario file.

    Every transaction becomes a step at its second, with the event that came of it, or the refusal,
    as what is expected. Where several systems were used, each gets a file with its name in FILE's.
    Played on a fresh chain, a file gives the same timeline.
    """
    chain = Chain()
    outlook = Outlook(chain, AddressBook())
    if not chain.outlives_command:
        raise LookupError(f"nothing has happened on this chain; {way_to_deploy(chain)}")
    if deployment is not None and deployment not in outlook.systems:
        raise LookupError(
            f"there is no deployment '{deployment}'; there are: {', '.join(outlook.systems)}"
        )
    names = [deployment] if deployment is not None else list(outlook.systems)
    recordings = {}
    for name in names:
        recording = record(outlook.systems[name], outlook.entries[name])
        for notice in recording.notices:
            click.echo(f"{name}: {notice}", err=True)
        if recording.steps:
            recordings[name] = recording
    if not recordings:
        raise LookupError("nothing has happened here that a scenario could tell")
    places = {
        name: file if len(recordings) == 1 else file.with_name(f"{file.stem}.{name}{file.suffix}")
        for name in recordings
    }
    for place in places.values():
        if place.exists():
            raise ValueError(f"{place} is there already; name another file")
    try:
        write_files(
            {place: recordings[name].text(title).encode() for name, place in places.items()}
        )
    except OSError as error:
        raise ValueError(f"{error.filename} cannot be written: {error.strerror}") from None
    for name, place in places.items():
        steps = len(recordings[name].steps)
        click.echo(f"{place}: {steps} steps of {name}; play it with: ape run scenario {place}")
