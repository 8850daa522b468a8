"""Running a campaign and showing what came of it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from unbond.campaign.arena import Arena
from unbond.campaign.found import write_found
from unbond.campaign.run import Report, interruptible, run_campaign
from unbond.campaign.shrink import shrink
from unbond.campaign.walk import Found
from unbond.cli.common import console, print_json


def campaign(
    systems: list[str],
    *,
    seed: int,
    steps: int | None,
    minutes: float | None,
    jobs: int,
    everybody: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Run a campaign and show its report.

    Leaves with exit code 1 if something was found, with 130 if somebody ended it.

    Args:
        systems: their names.
        seed: from which everything is drawn.
        steps: how many moves of each system, if bounded.
        minutes: how long at most, if bounded.
        jobs: how many processes walk.
        everybody: look at all positions of all people after every move.
        folder: where a finding is written.
        as_json: print JSON instead of tables.
    """
    with interruptible():
        report = _run(
            systems,
            seed=seed,
            steps=steps,
            minutes=minutes,
            jobs=jobs,
            everybody=everybody,
            tell=not as_json,
        )
    file = _write(report.found, folder) if report.found else None
    if as_json:
        print_json(_as_dict(report, file))
    else:
        _show(report, file)
    if report.found:
        raise SystemExit(1)
    if report.interrupted:
        # As a shell tells it.
        raise SystemExit(130)


def _bars(*columns: Any) -> Progress:
    return Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _run(
    systems: list[str],
    *,
    seed: int,
    steps: int | None,
    minutes: float | None,
    jobs: int,
    everybody: bool,
    tell: bool,
) -> Report:
    bars = _bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:>12,.0f} steps {task.speed:>8,.0f}/s"),
        TimeElapsedColumn(),
    )
    with bars:
        tasks = {system: bars.add_task(system, total=steps) for system in systems}

        def begun() -> None:
            if tell:
                console.print(f"seed {seed}")

        def show(done: dict[str, int]) -> None:
            for system, number in done.items():
                bars.update(tasks[system], completed=number)

        return run_campaign(
            systems,
            seed=seed,
            steps=steps,
            minutes=minutes,
            jobs=jobs,
            everybody=everybody,
            begun=begun,
            progress=show,
        )


def _write(found: Found, folder: Path) -> Path:
    """Shrink what was found and write it down."""
    with _bars(TextColumn("shrinking: {task.completed} moves are left")) as bars:
        task = bars.add_task("", completed=len(found.moves))
        arena = Arena(found.system, found.setup)
        short = shrink(arena, found, lambda length: bars.update(task, completed=length))
        return write_found(arena, short, folder)


def _show(report: Report, file: Path | None) -> None:
    for system, tally in report.tallies.items():
        table = Table(title=f"{system}: {tally.steps:,} steps", title_justify="left")
        table.add_column("action")
        table.add_column("done", justify="right")
        table.add_column("refused", justify="right")
        table.add_column("with")
        refused: dict[str, Counter[str]] = {}
        for (action, error), times in tally.refused.items():
            refused.setdefault(action, Counter())[error] += times
        for action in sorted({*tally.done, *refused}):
            errors = refused.get(action, Counter())
            table.add_row(
                action,
                f"{tally.done[action]:,}",
                f"{errors.total():,}",
                ", ".join(f"{error} {times:,}" for error, times in errors.most_common()),
            )
        console.print(table)
    words = "ended early after" if report.interrupted else "compared"
    speed = report.steps / report.seconds if report.seconds else 0
    console.print(
        f"{words} {report.steps:,} steps in {report.seconds:.1f} s, {speed:,.0f} a second "
        f"with {report.jobs} jobs; seed {report.seed}"
    )
    if report.found is None:
        console.print("contract and model agree")
    else:
        console.print(f"they disagree: {report.found.why}")
        console.print(f"shortened and written down; see it with: ape run scenario {file}")


def _as_dict(report: Report, file: Path | None) -> dict[str, Any]:
    return {
        "seed": report.seed,
        "seconds": round(report.seconds, 3),
        "jobs": report.jobs,
        "interrupted": report.interrupted,
        "systems": {
            system: {
                "steps": tally.steps,
                "done": dict(sorted(tally.done.items())),
                "refused": [
                    {"action": action, "error": error, "times": times}
                    for (action, error), times in sorted(tally.refused.items())
                ],
            }
            for system, tally in report.tallies.items()
        },
        "found": None if report.found is None else {"why": report.found.why, "file": str(file)},
    }
