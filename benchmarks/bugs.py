"""Does the campaign find bugs? Small faults put into our contracts, and how long each one lives.

Every patch in ``benchmarks/bugs`` is applied to the contracts, in memory; the faulty contract takes
the place of the right one, and the campaign walks until it notices, from several seeds.

    .venv/bin/python benchmarks/bugs.py
    .venv/bin/python benchmarks/bugs.py --only ticket-a-second-early --seeds 1

The exit code is 1 if a fault is not found from one of the seeds.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any

import click
import solcx
import yaml
from ethpm_types import ContractType
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from unbond.artifacts import compiled_kinds, replaced
from unbond.campaign.arena import Arena
from unbond.campaign.shrink import shrink
from unbond.campaign.walk import BLOCK, EPISODE, Found, setup_of, walk_block
from unbond.systems import system_class

HERE = Path(__file__).parent
ROOT = HERE.parent
PATCHES = HERE / "bugs"
CONTRACTS = "contracts"


class DoesNotFit(Exception):
    """The contracts no longer have what a patch changes."""


@dataclass(frozen=True)
class Bug:
    """A fault, as a patch describes it."""

    system: str
    name: str
    fault: str
    """What is wrong, in a sentence."""
    family: str
    """What kind of known mistake it is."""
    patch: str

    @classmethod
    def read(cls, path: Path) -> Bug:
        """Read a patch, whose first two lines say what it does."""
        text = path.read_text(encoding="utf-8")
        head = re.match(r"# (.+)\n# Family: (.+)\n", text)
        if head is None:
            raise DoesNotFit(f"{path.name} does not begin with its fault and its family")
        return cls(path.parent.name, path.stem, head[1], head[2], text[head.end() :])

    def sources(self) -> dict[str, str]:
        """All our contracts by path, with the fault in them.

        Raises:
            DoesNotFit: when the contracts have changed where the patch does.
        """
        sources = {
            str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
            for path in sorted((ROOT / CONTRACTS).glob("*/*.sol"))
        }
        for path, before, after in self._changes():
            found = sources.get(path, "").count(before)
            if found != 1:
                raise DoesNotFit(f"{self.name}: {path} has {found} places for a change, not one")
            sources[path] = sources[path].replace(before, after)
        return sources

    def _changes(self) -> Iterator[tuple[str, str, str]]:
        """What takes the place of what, and in which file."""
        for part in re.split(r"^--- a/", self.patch, flags=re.MULTILINE)[1:]:
            names, *hunks = re.split(r"^@@ .*\n", part, flags=re.MULTILINE)
            for hunk in hunks:
                lines = hunk.splitlines(keepends=True)
                before = "".join(line[1:] for line in lines if line[0] != "+")
                after = "".join(line[1:] for line in lines if line[0] != "-")
                yield names.splitlines()[0], before, after

    def compile(self) -> dict[str, ContractType]:
        """The faulty contract of the system, under the name of the right one.

        Raises:
            DoesNotFit: when it does not compile, or not without warnings.
        """
        name = system_class(self.system).contract_name
        source = f"{CONTRACTS}/{self.system}/{name}.sol"
        settings = yaml.safe_load((ROOT / "ape-config.yaml").read_text())["solidity"]
        output = solcx.compile_standard(
            {
                "language": "Solidity",
                "sources": {path: {"content": text} for path, text in self.sources().items()},
                "settings": {
                    "optimizer": {"enabled": True, "runs": 200},
                    "evmVersion": settings["evm_version"],
                    "outputSelection": {source: {name: ["abi", "evm.bytecode.object"]}},
                },
            },
            base_path=ROOT / "node_modules",
            solc_version=settings["version"],
        )
        for message in output.get("errors", []):
            # One warning is always there: about transient storage, in OpenZeppelin's library.
            place = message.get("sourceLocation", {}).get("file", "")
            if message["severity"] == "error" or place in self.sources():
                raise DoesNotFit(f"{self.name}: {message['formattedMessage']}")
        compiled = output["contracts"][source][name]
        bytecode = f"0x{compiled['evm']['bytecode']['object']}"
        return compiled_kinds({name: {"abi": compiled["abi"], "bytecode": bytecode}})


@dataclass
class Hunt:
    """How a fault was found from one seed."""

    seed: int
    steps: int
    """How many moves were compared until it was seen, or in vain."""
    seconds: float
    """Of a processor, for that."""
    moves: int | None = None
    """How many are left of them, once shortened; nothing if it was not found."""
    why: str = ""


@dataclass
class Result:
    """What became of a fault."""

    bug: Bug
    hunts: list[Hunt] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """Whether it was found from every seed."""
        return all(hunt.moves is not None for hunt in self.hunts)

    def median(self, of: str) -> float:
        """The median of a figure over those seeds from which it was found."""
        figures = [getattr(hunt, of) for hunt in self.hunts if hunt.moves is not None]
        return statistics.median(figures) if figures else float("nan")

    def record(self) -> dict[str, Any]:
        """All of it, for other programs."""
        about = asdict(self.bug)
        del about["patch"]
        return {**about, "found": self.found, "hunts": [asdict(hunt) for hunt in self.hunts]}


def bugs() -> list[Bug]:
    """All faults, by system and name."""
    return [Bug.read(path) for path in sorted(PATCHES.glob("*/*.patch"))]


def hunt(bug: Bug, seed: int, steps: int) -> Hunt:
    """Walk as a campaign does, among contracts one of which is faulty, until it is noticed."""
    begun = process_time()
    done = 0
    found: Found | None = None
    for number in count():
        arena = Arena(bug.system, setup_of(bug.system, seed, number))
        length = min(BLOCK * EPISODE, steps - done)
        block = walk_block(bug.system, seed, number, steps=length, arena=arena)
        done += block.tally.steps
        found = block.found
        if found is not None or done >= steps:
            break
    seconds = process_time() - begun
    if found is None:
        return Hunt(seed, done, seconds)
    short = shrink(arena, found)
    return Hunt(seed, done + 1, seconds, len(short.moves), short.why)


def table(results: list[Result]) -> Table:
    """The figures, a line for each fault."""
    made = Table(title="steps and seconds until a fault is found: medians", title_justify="left")
    made.add_column("fault", overflow="fold")
    made.add_column("family", overflow="fold")
    for column in ("found", "steps", "seconds", "moves"):
        made.add_column(column, justify="right")
    for result in results:
        hits = sum(hunt.moves is not None for hunt in result.hunts)
        made.add_row(
            f"{result.bug.system}/{result.bug.name}",
            result.bug.family,
            f"{hits}/{len(result.hunts)}",
            f"{result.median('steps'):.0f}",
            f"{result.median('seconds'):.2f}",
            f"{result.median('moves'):.0f}",
        )
    return made


@click.command(help=__doc__.split("\n\n", maxsplit=1)[0] if __doc__ else "")
@click.option("--only", multiple=True, help="The name of a fault; may be repeated.")
@click.option("--system", multiple=True, help="The name of a system; may be repeated.")
@click.option("--seeds", default=5, show_default=True, help="From how many seeds to look.")
@click.option("--steps", default=100_000, show_default=True, help="When to give up.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def main(
    only: tuple[str, ...], system: tuple[str, ...], seeds: int, steps: int, as_json: bool
) -> None:
    """Look for all of them."""
    chosen = [
        bug
        for bug in bugs()
        if (not only or bug.name in only) and (not system or bug.system in system)
    ]
    unknown = {*only} - {bug.name for bug in chosen}
    if unknown or not chosen:
        raise click.UsageError(f"there is no such fault: {', '.join(sorted(unknown)) or 'none'}")
    results = []
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True) as progress:
        task = progress.add_task("", total=len(chosen) * seeds)
        for bug in chosen:
            progress.update(task, description=f"{bug.system}/{bug.name}")
            result = Result(bug)
            with replaced(bug.compile()):
                for seed in range(seeds):
                    result.hunts.append(hunt(bug, seed, steps))
                    progress.advance(task)
            results.append(result)
            if not errors.is_terminal:
                figures = f"{result.median('steps'):.0f} steps" if result.found else "NOT FOUND"
                errors.print(f"{bug.system}/{bug.name}: {figures}", highlight=False)
    if as_json:
        click.echo(json.dumps([result.record() for result in results], indent=2))
    else:
        Console().print(table(results))
    sys.exit(not all(result.found for result in results))


if __name__ == "__main__":
    main()
