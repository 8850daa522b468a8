"""What this package counts of the corpus, in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from tests.instruments.calls import deeds
from tests.instruments.forge import CORPUS, Tracefile, Ways, read_lcov

_PLAY = Path(__file__).parent / "play.py"

BranchCounts = dict[int, list[tuple[str, tuple[int, ...]]]]
"""The kinds of the branches and how often each way was taken, by line."""


@dataclass(frozen=True)
class Counted:
    """What was counted, by file."""

    lcov: dict[str, Tracefile]
    functions: dict[str, dict[str, int]]
    """How often each was entered, by its line and name."""
    statements: dict[str, dict[int, list[int]]]
    """How often each was executed, by line."""
    branches: dict[str, BranchCounts]
    untold: dict[str, list[int]]
    recognised: int
    foreign: int

    def ways_beside(self, forges: Tracefile, file: str) -> dict[int, Ways]:
        """The ways that forge's report has as well, as it has them: what fails comes first."""
        found: dict[int, Ways] = {}
        for line, row in self.branches[file].items():
            both = [ways[::-1] if kind == "require" else ways for kind, ways in row]
            if line in forges.ways:
                found[line] = tuple(chain(*both))[: len(forges.ways[line])]
        return found


def played(folder: Path, *, optimize: bool) -> Counted:
    """Play the calls on a copy of the corpus, and count."""
    project = folder / "corpus"
    shutil.copytree(CORPUS, project, ignore=shutil.ignore_patterns(".*"))
    config = project / "ape-config.yaml"
    if optimize:
        config.write_text(config.read_text().replace("optimize: false", "optimize: true"))
    result = folder / "result.json"
    done = subprocess.run(
        [sys.executable, str(_PLAY), str(project), str(result)],
        input=json.dumps([asdict(deed) for deed in deeds()]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return _counted(json.loads(result.read_text()))


def _counted(found: dict[str, Any]) -> Counted:
    counted = Counted(
        read_lcov(found["lcov"]), {}, {}, {}, {}, found["recognised"], found["foreign"]
    )
    for file in found["files"]:
        name = Path(file["path"]).name
        counted.functions[name] = {
            f"{one['line']} {one['name']}": one["hits"] for one in file["functions"]
        }
        statements: dict[int, list[int]] = defaultdict(list)
        for one in file["statements"]:
            statements[one["line"]].append(one["hits"])
        counted.statements[name] = dict(statements)
        branches: BranchCounts = defaultdict(list)
        for one in file["branches"]:
            branches[one["line"]].append((one["kind"], tuple(hits for _, hits in one["ways"])))
        counted.branches[name] = dict(branches)
        counted.untold[name] = file["untold"]
    return counted
