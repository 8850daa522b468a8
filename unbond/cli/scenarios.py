"""Playing scenario files and showing what came of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from unbond.chain import Chain, rewound
from unbond.cli.common import console, print_json
from unbond.scenario import BoundScenario, ScenarioError, load_scenario, play
from unbond.speed import stop_replay
from unbond.timeline import Timeline


def bind_files(files: Sequence[Path]) -> list[BoundScenario]:
    """Read and check scenario files.

    Raises:
        ScenarioError: with the problems of all files.
    """
    bound, problems = [], []
    for file in files:
        try:
            bound.append(BoundScenario(load_scenario(file)))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return bound


def play_files(files: Sequence[Path], *, keep: bool = False) -> list[Timeline]:
    """Play scenario files one after another, each on the chain as it was before the first.

    Every file is read and checked before the first is played.

    Args:
        files: what to play.
        keep: leave the chain as the files made it, and play each where the one before ended.

    Raises:
        ScenarioError: with the problems of all files.
    """
    runs = bind_files(files)
    chain = Chain()
    timelines = []
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    stop_replay()
    with progress:
        for run in runs:
            task = progress.add_task(run.scenario.title, total=len(run.scenario.steps))

            def show(done: int, total: int, task: object = task) -> None:
                progress.update(task, completed=done, total=total)  # type: ignore[arg-type]

            if keep:
                timelines.append(play(run, chain, progress=show))
            else:
                with rewound(chain):
                    timelines.append(play(run, chain, progress=show))
            progress.remove_task(task)
    return timelines


def show_timelines(timelines: list[Timeline], *, as_json: bool) -> None:
    """Print timelines; leave with exit code 1 if something was not as expected."""
    if as_json:
        print_json([timeline.as_dict() for timeline in timelines])
    else:
        for timeline in timelines:
            console.print(*timeline.render(), sep="\n")
            console.print()
    conclude(timelines, aloud=not as_json)


def conclude(timelines: list[Timeline], *, aloud: bool) -> None:
    """Leave with exit code 1 if something was not as expected; say so in a line, if ``aloud``."""
    failed = [timeline.file for timeline in timelines if not timeline.passed]
    if aloud:
        words = f"{len(failed)} of {len(timelines)} not as expected: {', '.join(failed)}"
        console.print(words if failed else f"all {len(timelines)} as expected")
    if failed:
        raise SystemExit(1)
