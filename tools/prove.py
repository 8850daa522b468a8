"""Prove what is said of the contracts, over their bytecode: ``make prove``.

Every function ``check_…`` of ``proofs/*.t.sol`` is run by halmos with symbols for all that it
draws, so that what it asserts holds for everything at once. And every patch in ``proofs/broken``
puts a fault into the contracts that one of the proofs, after which it is named, has to find: a
proof that would pass whatever the contracts do is no proof.

A proof that runs out of time counts as failed, and so does one of which every path is refused, or
a loop was cut off.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "proofs"
BROKEN = PROOFS / "broken"
AUDIT = ROOT / ".venv" / "audit" / "bin"
MODULES = ROOT / "node_modules"
FORGE = MODULES / "@foundry-rs" / "forge-linux-amd64" / "bin"

PATIENCE = 1800
"""Seconds after which a run of halmos is given up."""

FEW = 4
"""How many proofs halmos is given at once: each time, the contracts are compiled anew."""

VERDICTS = {0: "proved", 1: "counterexample", 2: "timeout", 3: "stuck", 4: "vacuous", 5: "error"}
"""What halmos's exit code of one proof says."""


class Unable(Exception):
    """What is needed to prove anything is not there, or does not work, in one line."""


@dataclass(frozen=True)
class Proof:
    """A function ``check_…`` of a file in ``proofs/``."""

    system: str
    name: str
    claim: str
    """What it says, in a sentence that begins with the rules."""

    @property
    def what(self) -> str:
        """How it is called in tables."""
        return f"{self.system}/{self.name}"


@dataclass(frozen=True)
class Verdict:
    """What halmos found out of one proof."""

    result: str
    seconds: float

    @classmethod
    def read(cls, record: dict[str, Any]) -> Verdict:
        """Read it out of halmos's JSON. A pass with a loop cut off is none."""
        result = VERDICTS.get(record["exitcode"], "error")
        if result == "proved" and record.get("num_bounded_loops"):
            result = "loop cut off"
        return cls(result, (record.get("time") or [0.0])[0])


@dataclass
class Row:
    """A proof, and what became of the faults that it has to find."""

    proof: Proof
    verdict: Verdict
    refuted: dict[str, Verdict]
    """What it said of each of its broken contracts, by the name of the patch."""

    @property
    def ok(self) -> bool:
        """Whether it holds, and fails on every broken contract, of which there is one at least."""
        found = all(one.result == "counterexample" for one in self.refuted.values())
        return self.verdict.result == "proved" and bool(self.refuted) and found

    @property
    def broken(self) -> str:
        """What became of the broken contracts, in a few words."""
        if not self.refuted:
            return "no broken contract"
        missed = [
            f"{name}: {one.result}"
            for name, one in self.refuted.items()
            if one.result != "counterexample"
        ]
        return ", ".join(missed) if missed else f"{len(self.refuted)} refuted"

    def record(self) -> dict[str, Any]:
        """It for other programs."""
        seconds = self.verdict.seconds + sum(one.seconds for one in self.refuted.values())
        detail = f"{self.proof.claim} [{seconds:.1f} s; broken: {self.broken}]"
        return {
            "what": self.proof.what,
            "result": self.verdict.result,
            "ok": self.ok,
            "detail": detail,
        }


def proofs(folder: Path = PROOFS) -> list[Proof]:
    """All proofs of a folder, by system and in the order in which they stand.

    Raises:
        Unable: A proof does not say what it proves.
    """
    found = []
    for path in sorted(folder.glob("*.t.sol")):
        system = path.name.removesuffix(".t.sol").lower()
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"((?:    ///.*\n)*)    function check_(\w+)\(", text):
            said = re.sub(r"\s*/// @custom:.*", "", match[1])
            claim = re.sub(r"\s*///\s*(@notice )?", " ", said).strip()
            if not claim:
                raise Unable(f"{path.name}: check_{match[2]} does not say what it proves")
            found.append(Proof(system, match[2], claim))
    return found


def patches(system: str, name: str, folder: Path = BROKEN) -> list[Path]:
    """The broken contracts that a proof has to find, ``name.patch`` or ``name.2.patch``."""
    return sorted(
        path for path in (folder / system).glob("*.patch") if path.name.split(".")[0] == name
    )


def strays(known: list[Proof], folder: Path = BROKEN) -> list[str]:
    """Patches that belong to no proof."""
    names = {(one.system, one.name) for one in known}
    return [
        f"{path.parent.name}/{path.name}"
        for path in sorted(folder.glob("*/*.patch"))
        if (path.parent.name, path.name.split(".")[0]) not in names
    ]


@cache
def bugs() -> ModuleType:
    """The module that reads such patches for the campaign's benchmark."""
    spec = importlib.util.spec_from_file_location("bugs", ROOT / "benchmarks" / "bugs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def workshop(system: str, patch: Path | None = None) -> Iterator[Path]:
    """A folder with the proofs of a system and the contracts, faulty if there is a patch.

    Raises:
        Unable: The contracts have changed where the patch does.
    """
    with tempfile.TemporaryDirectory(prefix="unbond-proofs-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "contracts", folder / "contracts", ignore=lambda *_: [".cache"])
        (folder / "node_modules").symlink_to(MODULES)
        (folder / "proofs").mkdir()
        for one in ("foundry.toml", "Proof.sol", f"{system.capitalize()}.t.sol"):
            shutil.copy(PROOFS / one, folder / "proofs" / one)
        if patch is not None:
            try:
                sources = bugs().Bug.read(patch).sources()
            except bugs().DoesNotFit as error:
                raise Unable(str(error)) from None
            for path, text in sources.items():
                (folder / path).write_text(text, encoding="utf-8")
        yield folder


def run(folder: Path, system: str, names: list[str], *words: str) -> dict[str, Verdict]:
    """Let halmos prove some proofs of a system; those of which it says nothing ran out of time.

    Raises:
        Unable: It does not get as far as to prove anything.
    """
    answer = folder / "answer.json"
    solver = f"{AUDIT / 'python'} {PROOFS / 'solver.py'}"
    command = [
        *(str(AUDIT / "halmos"), "--root", str(folder / "proofs"), "--no-status"),
        *("--contract", f"{system.capitalize()}Proofs"),
        *("--match-test", rf"^check_({'|'.join(names)})\("),
        *("--solver-command", solver, "--solver-threads", "1"),
        *("--solver-timeout-assertion", "300s", "--json-output", str(answer), *words),
    ]
    environment = {
        **os.environ,
        "PATH": f"{FORGE}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "FOUNDRY_SOLC": str(compiler()),
    }
    began = time.monotonic()
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return dict.fromkeys(names, Verdict("timeout", time.monotonic() - began))
    if not answer.exists() or not (verdicts := read(json.loads(answer.read_text()))):
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        cause = next((line for line in lines if "rror" in line), (lines or ["it says nothing"])[-1])
        raise Unable(f"halmos proves nothing of {system}: {cause.strip()}")
    return {name: verdicts.get(name, Verdict("timeout", 0.0)) for name in names}


def read(answer: dict[str, Any]) -> dict[str, Verdict]:
    """What halmos's JSON says of each proof, by its name without ``check_``."""
    return {
        record["name"].split("(")[0].removeprefix("check_"): Verdict.read(record)
        for records in answer["test_results"].values()
        for record in records
    }


def compiler() -> Path:
    """The Solidity compiler that set-up put where py-solc-x finds it."""
    import solcx

    return Path(solcx.install.get_executable("0.8.30"))


@dataclass(frozen=True)
class Task:
    """A run of halmos: some proofs of a system, or one of them on a broken contract."""

    system: str
    names: tuple[str, ...]
    patch: Path | None = None

    def __str__(self) -> str:
        return f"{self.system}: {self.patch.name if self.patch else ', '.join(self.names)} …"


def tasks(chosen: list[Proof]) -> list[Task]:
    """What is to be run: proofs, a few of a system at a time, and then their broken contracts."""
    made = []
    for system in dict.fromkeys(one.system for one in chosen):
        names = [one.name for one in chosen if one.system == system]
        made += [Task(system, tuple(names[i : i + FEW])) for i in range(0, len(names), FEW)]
    return made + [
        Task(one.system, (one.name,), patch)
        for one in chosen
        for patch in patches(one.system, one.name)
    ]


def prove(chosen: list[Proof], jobs: int, tell: Callable[[str], None]) -> list[Row]:
    """Prove the chosen proofs, and refute their broken contracts, so many at a time.

    Raises:
        Unable: One of them does not get as far as to prove anything.
    """
    rows = {(one.system, one.name): Row(one, Verdict("error", 0.0), {}) for one in chosen}

    def work(task: Task) -> tuple[Task, dict[str, Verdict]]:
        tell(str(task))
        words = ("--early-exit",) if task.patch else ()
        with workshop(task.system, task.patch) as folder:
            return task, run(folder, task.system, list(task.names), *words)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            for task, said in pool.map(work, tasks(chosen)):
                for name in task.names:
                    row = rows[task.system, name]
                    if task.patch:
                        row.refuted[task.patch.stem] = said[name]
                    else:
                        row.verdict = said[name]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return list(rows.values())


def table(rows: list[Row]) -> Table:
    """All proofs, a line each."""
    made = Table(title="proofs over the bytecode", title_justify="left")
    for column in ("system", "proof", "rules and claim"):
        made.add_column(column, overflow="fold")
    made.add_column("result")
    made.add_column("seconds", justify="right")
    made.add_column("broken variant", overflow="fold")
    for row in rows:
        made.add_row(
            row.proof.system,
            row.proof.name,
            row.proof.claim,
            row.verdict.result,
            f"{row.verdict.seconds:.1f}",
            row.broken,
        )
    return made


def report(rows: list[Row], seconds: float) -> dict[str, Any]:
    """All of it for other programs."""
    return {
        "name": "proofs",
        "ok": bool(rows) and all(row.ok for row in rows),
        "seconds": round(seconds, 1),
        "rows": [row.record() for row in rows],
    }


@click.command(help=__doc__.split("\n\n", maxsplit=1)[0] if __doc__ else "")
@click.option("--only", multiple=True, help="A proof, as system/name; may be repeated.")
@click.option("--system", multiple=True, help="A system; may be repeated.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default=True,
    help="How many are proved at a time.",
)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where to.")
def main(only: tuple[str, ...], system: tuple[str, ...], jobs: int, file: Path | None) -> None:
    """Prove all, print a table, and end with 0 only if everything holds."""
    began = time.monotonic()
    errors = Console(stderr=True)
    try:
        if not (AUDIT / "halmos").exists() or not (FORGE / "forge").exists():
            raise Unable("halmos or forge is not installed here; run make prove")
        known = proofs()
        if stray := strays(known):
            raise Unable(f"proofs/broken has patches of no proof: {', '.join(stray)}")
        chosen = [
            one
            for one in known
            if (not only or one.what in only) and (not system or one.system in system)
        ]
        if not chosen:
            raise Unable("there is no such proof")
        rows = prove(chosen, jobs, lambda line: errors.print(line, highlight=False))
    except Unable as error:
        raise click.ClickException(str(error)) from None
    made = report(rows, time.monotonic() - began)
    if file is not None:
        file.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    Console().print(table(rows))
    sys.exit(not made["ok"])


if __name__ == "__main__":
    main()
