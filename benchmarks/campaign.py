"""How fast a campaign is: beside the engine alone, beside forge, and how much memory it takes.

All figures are of processor time on one core, medians of some rounds, taken in turns in one run: a
busy machine stretches the clock on the wall, and hardly these.

    .venv/bin/python benchmarks/campaign.py
    .venv/bin/python benchmarks/campaign.py --system delegated --rounds 1 --memory 0
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import click
import solcx
from rich.console import Console
from rich.table import Table

from unbond.campaign.arena import Arena
from unbond.campaign.walk import BLOCK, EPISODE, setup_of, walk_block
from unbond.models import model_names
from unbond.models.base import Move
from unbond.revm import Reverted

HERE = Path(__file__).parent
ROOT = HERE.parent
FORGE = ROOT / "node_modules" / "@foundry-rs" / "forge-linux-amd64" / "bin" / "forge"
HANDLERS = HERE / "forge"
SEED = 0
MARKS = (0, 100_000, 500_000, 1_000_000)
"""After how many steps memory is looked at."""
DEPTH = EPISODE
"""How many calls forge makes from a fresh deployment to the next."""


@dataclass
class Figures:
    """What was measured of one system, in calls or steps a second, a figure for each round."""

    system: str
    campaign: list[float] = field(default_factory=list)
    engine: list[float] = field(default_factory=list)
    forge: list[float] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """The medians."""
        rates = {
            name: statistics.median(values)
            for name in ("campaign", "engine", "forge")
            if (values := getattr(self, name))
        }
        made: dict[str, Any] = {"system": self.system, **rates}
        made["share of the engine"] = rates["campaign"] / rates["engine"]
        if "forge" in rates:
            made["times forge"] = rates["campaign"] / rates["forge"]
        return made


# The campaign, and the engine alone.


def campaign_rate(system: str, number: int, steps: int) -> float:
    """Steps a second, each drawn, done twice, and compared in full."""
    arena = Arena(system, setup_of(system, SEED, number))
    begun = process_time()
    block = walk_block(system, SEED, number, steps=steps, arena=arena)
    seconds = process_time() - begun
    assert block.found is None, block.found
    return block.tally.steps / seconds


def engine_rate(system: str, number: int, steps: int) -> float:
    """Calls a second when the engine is given the same moves, and nobody looks at what it does."""
    arena = Arena(system, setup_of(system, SEED, number))
    episodes = []
    for episode in range(-(-steps // EPISODE)):
        arena.begin()
        random = Random(f"{SEED}/{system}/{number}/{episode}")
        calls = []
        for _ in range(min(EPISODE, steps - episode * EPISODE)):
            move = Move(arena.draws.second(random), *arena.draws.action(random))
            arena.model.do(move)
            calls.append((move.second, arena.address_of(move.sender), *arena.encode(move)))
        episodes.append(calls)
    engine = arena.chain.engine
    evm, wallets = engine.evm, {arena.address_of(one) for one in arena.through}
    seconds = 0.0
    for calls in episodes:
        arena.begin()
        begun = process_time()
        for second, sender, to, data, value in calls:
            engine.set_second(second)
            try:
                if sender in wallets:
                    engine.call_through(sender, to, data, value)
                else:
                    evm.message_call(sender, to, data, value)
            except (RuntimeError, Reverted):
                continue
            finally:
                evm.reset_transient_storage()
        seconds += process_time() - begun
    return steps / seconds


# Beside forge.


class Forge:
    """An invariant test of forge's, with a handler that does what the campaign's draws do."""

    def __init__(self) -> None:
        """Compile it once, into a folder that is removed at the end."""
        self._folder = tempfile.TemporaryDirectory()
        self._run("build")

    def close(self) -> None:
        """Remove what was compiled."""
        self._folder.cleanup()

    def rate(self, calls: int, seed: int) -> float:
        """Calls a second; what starting and deploying cost is taken off."""
        start = self._seconds(1, 1, seed)[0]
        seconds, made = self._seconds(-(-calls // DEPTH), DEPTH, seed)
        return made / (seconds - start)

    def _seconds(self, runs: int, depth: int, seed: int) -> tuple[float, int]:
        before = _children()
        output = self._run(
            *("test", "--json", "--threads", "1", "--fuzz-seed", str(seed)),
            FOUNDRY_INVARIANT_RUNS=str(runs),
            FOUNDRY_INVARIANT_DEPTH=str(depth),
        )
        seconds = _children() - before
        (suite,) = json.loads(output).values()
        (result,) = suite["test_results"].values()
        assert result["status"] == "Success", result
        return seconds, int(result["kind"]["Invariant"]["calls"])

    def _run(self, *words: str, **environment: str) -> str:
        folder = Path(self._folder.name)
        done = subprocess.run(
            [
                *(str(FORGE), *words, "--root", str(HANDLERS), "--offline"),
                *("--use", str(solcx.install.get_executable("0.8.30"))),
                *("--out", str(folder / "out"), "--cache-path", str(folder / "cache")),
            ],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout


def _children() -> float:
    """Processor seconds of all processes that were started and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


# Memory.


def memory(system: str, steps: int, tell: Callable[[int, float], None]) -> None:
    """Walk in this process and tell the largest it has been, in MB, at some marks."""
    marks = [mark for mark in MARKS if mark <= steps]
    done = 0
    for number in count():
        arena = Arena(system, setup_of(system, SEED, number))
        while marks and done >= marks[0]:
            tell(marks.pop(0), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        if not marks:
            return
        length = min(BLOCK * EPISODE, marks[0] - done)
        walk_block(system, SEED, number, steps=length, arena=arena)
        done += length


def memory_apart(system: str, steps: int) -> dict[int, float]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--system", system, "--only-memory", str(steps)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {int(mark): float(size) for mark, size in map(str.split, done.stdout.splitlines())}


# All together.


@click.command(help=__doc__.split("\n\n", maxsplit=1)[0] if __doc__ else "")
@click.option("--system", multiple=True, help="The name of a system; may be repeated.")
@click.option("--rounds", default=3, show_default=True, help="Of which the medians are taken.")
@click.option("--steps", default=20_000, show_default=True, help="In each round.")
@click.option("--memory", "longest", default=MARKS[-1], show_default=True, help="Steps for it.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
@click.option("--only-memory", type=int, hidden=True)
def main(
    system: tuple[str, ...],
    rounds: int,
    steps: int,
    longest: int,
    as_json: bool,
    only_memory: int | None,
) -> None:
    """Measure all, in turns."""
    systems = list(system) or model_names()
    if only_memory is not None:
        memory(systems[0], only_memory, lambda mark, size: click.echo(f"{mark} {size:.0f}"))
        return
    figures = [Figures(name) for name in systems]
    forge = Forge() if "delegated" in systems and FORGE.exists() else None
    for number in range(rounds):
        for one in figures:
            click.echo(f"{one.system}, round {number + 1} …", err=True)
            one.campaign.append(campaign_rate(one.system, number, steps))
            one.engine.append(engine_rate(one.system, number, steps))
            if forge is not None and one.system == "delegated":
                one.forge.append(forge.rate(steps, number + 1))
    if forge is not None:
        forge.close()
    records = [one.record() for one in figures]
    if longest:
        for record in records:
            click.echo(f"{record['system']}, memory …", err=True)
            record["MB"] = memory_apart(record["system"], longest)
    load = os.getloadavg()[0]
    if as_json:
        click.echo(json.dumps({"load": load, "systems": records}, indent=2))
    else:
        _print(records, load)


def _print(records: list[dict[str, Any]], load: float) -> None:
    table = Table(title=f"a second of one core (load {load:.1f})", title_justify="left")
    table.add_column("")
    for record in records:
        table.add_column(record["system"], justify="right")
    rows = (
        ("campaign: compared steps", "campaign", "{:.0f}"),
        ("engine alone: calls", "engine", "{:.0f}"),
        ("share of the engine", "share of the engine", "{:.0%}"),
        ("forge: calls", "forge", "{:.0f}"),
        ("campaign beside forge", "times forge", "× {:.2f}"),
    )
    for title, key, form in rows:
        cells = [form.format(record[key]) if key in record else "–" for record in records]
        table.add_row(title, *cells)
    for mark in MARKS:
        sizes = [record.get("MB", {}).get(mark) for record in records]
        if any(sizes):
            table.add_row(f"MB after {mark} steps", *(f"{size or 0:.0f}" for size in sizes))
    Console().print(table)


if __name__ == "__main__":
    main()
