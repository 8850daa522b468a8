"""Look for known mistakes in the contracts without running them: ``make analyze``.

Slither and forge's linter read the contracts as they are compiled. A finding of Slither's of high,
medium or low impact has to be fixed, or explained in ``audit/explained.json`` by detector and
place. One that is not explained fails, and so does an explanation of something that is no longer
found. Forge's linter has to be silent; ``audit/foundry.toml`` says which of its lints are not
asked, and why.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "audit" / "foundry.toml"
EXPLAINED = ROOT / "audit" / "explained.json"
AUDIT = ROOT / ".venv" / "audit" / "bin"
MODULES = ROOT / "node_modules"
FORGE = MODULES / "@foundry-rs" / "forge-linux-amd64" / "bin" / "forge"

IMPACTS = ("High", "Medium", "Low")
"""Of which findings somebody has to do something about."""

PATIENCE = 600
"""Seconds after which a tool is given up."""


class Unable(Exception):
    """What is needed to analyze anything is not there, or does not work, in one line."""


@dataclass(frozen=True)
class Row:
    """A finding, or an explanation of none."""

    what: str
    result: str
    ok: bool
    detail: str


def key(finding: dict[str, Any]) -> str:
    """A finding's detector and place, which stay when lines move."""
    elements = finding["elements"]
    if not elements:
        return str(finding["check"])
    parts = [elements[0]["name"]]
    parent = elements[0].get("type_specific_fields", {}).get("parent")
    while parent and parent["type"] in ("contract", "function"):
        parts.append(parent["name"])
        parent = parent.get("type_specific_fields", {}).get("parent")
    return f"{finding['check']} {'.'.join(reversed(parts))}"


def is_ours(finding: dict[str, Any]) -> bool:
    """Whether a finding is about a file of ours, or about nothing in particular."""
    places = [one["source_mapping"]["filename_relative"] for one in finding["elements"]]
    return not places or any("node_modules" not in place for place in places)


def judge(answer: dict[str, Any], explained: dict[str, str]) -> list[Row]:
    """What Slither's JSON comes to, beside what is explained.

    Raises:
        Unable: Slither did not finish.
    """
    if not answer.get("success"):
        raise Unable(f"slither failed: {str(answer.get('error')).strip().splitlines()[-1]}")
    found = {
        key(one): one
        for one in answer["results"].get("detectors", [])
        if one["impact"] in IMPACTS and is_ours(one)
    }
    rows = []
    for name, one in sorted(found.items()):
        reason = explained.get(name, "").strip()
        detail = reason or one["description"].strip().splitlines()[0]
        result = "explained" if reason else f"{one['impact'].lower()}, not explained"
        rows.append(Row(name, result, bool(reason), detail))
    for name in sorted({*explained} - {*found}):
        detail = "take it out of audit/explained.json"
        rows.append(Row(name, "no longer found", False, detail))
    return rows


def lints(output: str) -> list[Row]:
    """What forge's linter says, a row each; one row if it is silent."""
    found = re.findall(r"^(\w+)\[([\w-]+)\]: (.+)\n\s*(?:-->|╭▸) (\S+)", output, re.MULTILINE)
    rows = [
        Row(f"forge lint {name}", level, False, f"{place}: {text}")
        for level, name, text, place in found
    ]
    if not rows and re.search(r"^(error|warning|note)\[", output, re.MULTILINE):
        rows = [Row("forge lint", "not understood", False, output.strip().splitlines()[0])]
    return rows or [Row("forge lint", "silent", True, "")]


def call(folder: Path, *command: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run a tool in a folder; return what it prints.

    Raises:
        Unable: It fails, or takes too long.
    """
    from solcx.install import get_executable

    environment = {
        **os.environ,
        "PATH": f"{FORGE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "FOUNDRY_SOLC": str(get_executable("0.8.30")),
        "NO_COLOR": "1",
    }
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unable(f"{Path(command[0]).name} did not end within {PATIENCE} s") from None
    output = done.stdout + done.stderr
    if done.returncode not in codes:
        lines = [line for line in output.splitlines() if line.strip()]
        cause = next((line for line in lines if "rror" in line), (lines or ["no reason"])[-1])
        raise Unable(f"{Path(command[0]).name} failed: {cause.strip()}")
    return output


def analyze() -> list[Row]:
    """Run both tools over a copy of the contracts.

    Raises:
        Unable: One of them does not work.
    """
    try:
        explained: dict[str, str] = json.loads(EXPLAINED.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unable(f"audit/explained.json is no JSON: {error}") from None
    with tempfile.TemporaryDirectory(prefix="unbond-analyze-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "contracts", folder / "contracts", ignore=lambda *_: [".cache"])
        (folder / "node_modules").symlink_to(MODULES)
        (folder / "audit").mkdir()
        shutil.copy(CONFIG, folder / "audit")
        where = folder / "audit"
        rows = lints(call(where, str(FORGE), "lint", codes=(0, 1)))
        call(where, str(FORGE), "build", "--build-info")
        call(
            where,
            *(str(AUDIT / "slither"), ".", "--ignore-compile", "--json", "answer.json"),
            codes=(0, 1, 255),
        )
        answer = where / "answer.json"
        if not answer.exists():
            raise Unable("slither says nothing")
        return judge(json.loads(answer.read_text(encoding="utf-8")), explained) + rows


def report(rows: list[Row], seconds: float) -> dict[str, Any]:
    """All of it for other programs."""
    return {
        "name": "analysis",
        "ok": bool(rows) and all(row.ok for row in rows),
        "seconds": round(seconds, 1),
        "rows": [vars(row) for row in rows],
    }


def table(rows: list[Row]) -> Table:
    """All findings, a line each."""
    made = Table(title="static analysis", title_justify="left")
    made.add_column("finding", overflow="fold")
    made.add_column("result")
    made.add_column("why", overflow="fold")
    for row in rows:
        made.add_row(row.what, row.result, row.detail)
    return made


@click.command(help=__doc__.split("\n\n", maxsplit=1)[0] if __doc__ else "")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where to.")
def main(file: Path | None) -> None:
    """Analyze, print a table, and end with 0 only if nothing is left to do."""
    began = time.monotonic()
    try:
        if not (AUDIT / "slither").exists() or not FORGE.exists():
            raise Unable("slither or forge is not installed here; run make analyze")
        rows = analyze()
    except Unable as error:
        raise click.ClickException(str(error)) from None
    made = report(rows, time.monotonic() - began)
    if file is not None:
        file.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    Console().print(table(rows))
    sys.exit(not made["ok"])


if __name__ == "__main__":
    main()
