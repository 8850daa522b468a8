"""All that speaks for or against the contracts in one go, and one table: ``make audit``.

Each part is a command of its own that says the same with ``--json``: what attackers try, proofs,
static analysis, malformed input, and mutants. Proofs and mutants use every core, so the others,
two at a time, stand between them. What a part prints is kept in ``.build/audit``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".build" / "audit"
PATIENCE = 1800
"""Seconds after which a part is given up."""


@dataclass(frozen=True)
class Part:
    """One part of the audit."""

    title: str
    file: str
    """What its log and its report are called."""
    command: tuple[str, ...]
    """What runs it; the path of the report comes after it."""


@dataclass(frozen=True)
class Report:
    """What came of one part."""

    title: str
    ok: bool
    seconds: float
    rows: list[dict[str, Any]] = field(default_factory=list)
    """What was looked at: ``what``, ``result``, ``ok`` and ``detail`` of each."""
    complaint: str = ""
    """Why there are no rows, where there are none."""


PYTHON = sys.executable
FIRST = Part("proofs", "proofs", (PYTHON, "tools/prove.py", "--json"))
BETWEEN = (
    Part("bad input", "input", (PYTHON, "-m", "tools.badinput", "--json")),
    Part("static analysis", "analysis", (PYTHON, "tools/analyze.py", "--json")),
    Part(
        "hostile hands",
        "hostile",
        (PYTHON, "-m", "pytest", "tests/hostile", "-q", "-p", "no:cacheprovider", "--junitxml"),
    ),
)
LAST = Part("mutants", "mutants", (PYTHON, "-m", "tools.mutation", "--json"))
AT_A_TIME = 2


def run(part: Part) -> Report:
    """Run one part to its end."""
    report = LOGS / f"{part.file}.{'xml' if part.file == 'hostile' else 'json'}"
    report.unlink(missing_ok=True)
    begun = time.monotonic()
    with (LOGS / f"{part.file}.log").open("w") as log:
        try:
            done = subprocess.run(
                [*part.command, str(report)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            return Report(part.title, False, PATIENCE, complaint="did not end")
    took = time.monotonic() - begun
    if not report.exists():
        return Report(part.title, False, took, complaint=f"ended with {done.returncode}")
    rows = read(report)
    # A part that fails says so twice; one of both is enough.
    ok = done.returncode == 0 and bool(rows) and all(row["ok"] for row in rows)
    return Report(part.title, ok, took, rows)


def read(report: Path) -> list[dict[str, Any]]:
    """What a part looked at, one by one."""
    if report.suffix == ".json":
        rows: list[dict[str, Any]] = json.loads(report.read_text())["rows"]
        return rows
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        detail = bad[0].get("message", "").splitlines()[:1] if bad else []
        found.append(
            {
                "what": f"{case.get('classname', '').replace('.', '/')}: {case.get('name')}",
                "result": bad[0].tag if bad else "passed",
                "ok": not bad,
                "detail": "".join(detail),
            }
        )
    return found


def table(reports: Sequence[Report]) -> Table:
    """One line for each part, and under it what is wrong with it."""
    shown = Table("part", "looked at", "fine", "minutes", "result", title="Audit")
    for report in reports:
        fine = sum(1 for row in report.rows if row["ok"])
        minutes = f"{report.seconds / 60:.1f}"
        result = "fine" if report.ok else f"not fine {report.complaint}".strip()
        shown.add_row(report.title, str(len(report.rows)), str(fine), minutes, result)
        for row in report.rows:
            if not row["ok"]:
                what = f"{row['what']}: {row['result']} {row['detail']}".strip()
                shown.add_row("", what, "", "", "not fine")
    return shown


@click.command(help=__doc__)
@click.option("--json", "file", type=click.Path(dir_okay=False), help="Write the table there, too.")
def main(file: str | None) -> None:
    """Run all parts, print the table, and end with 0 if everything is fine."""
    LOGS.mkdir(parents=True, exist_ok=True)
    console = Console()
    begun = time.monotonic()
    with console.status(f"audit: what is going on is in {LOGS.relative_to(ROOT)} …"):
        reports = [run(FIRST)]
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            reports += pool.map(run, BETWEEN)
        reports.append(run(LAST))
    console.print(table(reports))
    ok = all(report.ok for report in reports)
    seconds = time.monotonic() - begun
    console.print(f"{'everything is fine' if ok else 'not fine'}; {seconds / 60:.1f} minutes")
    if file:
        rows = [{"what": one.title, "ok": one.ok, "rows": one.rows} for one in reports]
        told = {"name": "audit", "ok": ok, "seconds": seconds, "rows": rows}
        Path(file).write_text(json.dumps(told, indent=1) + "\n")
    raise SystemExit(0 if ok else 1)


if __name__ == "__main__":
    main()
