"""Flows per second under ``ape test``: this project beside a stock Ape install, in one run.

One flow: snapshot, stake, a refused unstake, 13 weeks, unstake, 2 weeks, claim, two views, revert.

The stock install is an environment of its own from the same lock, without ``coincurve``, which Ape
does not ask for. It is made in ``benchmarks/.stock`` when it is not there.

    .venv/bin/python benchmarks/flows.py
    FLOWS=100 .venv/bin/python benchmarks/flows.py
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sizes import size

HERE = Path(__file__).parent
ROOT = HERE.parent
STOCK = HERE / ".stock"
NETWORKS = {"eth-tester": "ethereum:local:test", "anvil": "ethereum:local:foundry"}
FLOWS = size("FLOWS", 30)
"""How many times a flow is run."""
TRANSACTIONS = 4
SDISTS = "lazyasd,python-baseconv,varint"


def stock_python() -> Path:
    """The interpreter of the stock install, which is made if it is not there."""
    python = STOCK / "bin" / "python"
    done = STOCK / "done"
    if done.exists():
        return python
    print("making a stock Ape install (a minute) …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(STOCK)], check=True)
    lock = (ROOT / "requirements.lock").read_text()
    without = re.sub(r"^coincurve==(?:.*\\\n)*.*\n", "", lock, flags=re.MULTILINE)
    filtered = STOCK / "stock.lock"
    filtered.write_text(without)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    only = ["--only-binary", ":all:", "--no-binary", SDISTS]
    subprocess.run([*pip, *only, "-r", str(filtered)], check=True)
    done.touch()
    return python


def measure(python: Path, test: str, network: str, *plugins: str) -> float:
    """Flows per second, by the median flow, with these pytest plugins."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "seconds.json"
        subprocess.run(
            [
                *(str(python.with_name("ape")), "test", f"benchmarks/flows/{test}"),
                *("--network", network, "-q", "-p", "no:randomly", "-p", "no:cacheprovider"),
                *("-p", "no:xdist", "--import-mode=prepend", "--no-header"),
                *(word for plugin in plugins for word in ("-p", plugin)),
            ],
            check=True,
            cwd=ROOT,
            env={**os.environ, "FLOWS": str(FLOWS), "FLOW_RESULT": str(result)},
            stdout=subprocess.DEVNULL,
        )
        return 1 / statistics.median(json.loads(result.read_text()))


def main() -> None:
    """Measure all, one after another, and print a table."""
    ours = Path(sys.executable)
    rows = [
        ("stock Ape install", stock_python(), "test_plain.py", ()),
        ("this project's install, the same test", ours, "test_plain.py", ("unbond.fixtures",)),
        ("this project's driver and fixtures", ours, "test_driver.py", ("unbond.fixtures",)),
    ]
    table = Table("`ape test`, one core", *(f"{n}: flows/s" for n in NETWORKS), "transactions/s")
    first: dict[str, float] = {}
    for title, python, test, plugins in rows:
        cells, rates = [], []
        for network in NETWORKS.values():
            rate = measure(python, test, network, *plugins)
            ratio = rate / first.setdefault(network, rate)
            cells.append(f"{rate:.1f} (× {ratio:.2f})")
            rates.append(f"{rate * TRANSACTIONS:.0f}")
        table.add_row(title, *cells, " / ".join(rates))
    Console().print(table)


if __name__ == "__main__":
    main()
