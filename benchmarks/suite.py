"""How long a small project's tests take: a stock Ape install beside this one, in one run.

The project is ``benchmarks/suite``: a hundred tests of four transactions each, with Ape's own
objects only. The stock install is that of ``flows.py``.

    .venv/bin/python benchmarks/suite.py
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

from flows import NETWORKS, stock_python
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
PROJECT = HERE / "suite"
OPTIONS = {
    "nothing asked for": (),
    "--fast": ("--fast",),
    "--fast --sol-coverage": ("--fast", "--sol-coverage"),
    "--fast --gas-snapshot": ("--fast", "--gas-snapshot"),
}
QUIET = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly")
PARTS = {
    "EVM and state (py-evm)": ("eth", "rlp", "trie", "eth_hash", "eth_rlp"),
    "node (eth-tester)": ("eth_tester",),
    "protocol (web3, JSON forms)": ("web3", "eth_abi", "eth_utils", "cytoolz", "toolz"),
    "Ape": ("ape", "ape_test", "ape_ethereum", "ape_solidity", "ethpm_types", "evm_trace"),
    "models (pydantic)": ("pydantic", "pydantic_core", "pydantic_settings", "eth_pydantic_types"),
    "signatures": ("eth_keys", "coincurve", "eth_account"),
}


def seconds(python: Path, network: str, *options: str) -> float:
    """How long the tests took, by pytest's own account."""
    done = subprocess.run(
        [
            *(str(python.with_name("ape")), "test", "--network", network),
            *(*QUIET, "-o", "addopts=", *options),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    told = re.search(r"(\d+) passed in ([\d.]+)s", done.stdout)
    if done.returncode or told is None:
        raise SystemExit(f"the suite failed:\n{done.stdout}{done.stderr}")
    return float(told[2])


def main() -> None:
    """Measure all, in turns, and print tables."""
    parser = argparse.ArgumentParser(description="How long a small project's tests take.")
    parser.add_argument("--rounds", type=int, default=3, help="How often; medians are shown.")
    parser.add_argument("--network", choices=NETWORKS, help="Only on this one.")
    parser.add_argument("--profile", action="store_true", help="Where the time goes, instead.")
    chosen = parser.parse_args()
    if chosen.profile:
        profile()
        return
    ours, stock = Path(sys.executable), stock_python()
    rows = [("stock Ape install", stock, ()), *((name, ours, o) for name, o in OPTIONS.items())]
    columns = [
        (f"{name}, {way}", network, processes)
        for name, network in NETWORKS.items()
        if chosen.network in (None, name)
        for way, processes in (("one process", ("-n", "0")), ("-n auto", ("-n", "auto")))
    ]
    times: dict[tuple[str, str], list[float]] = {}
    for number in range(chosen.rounds):
        for title, python, options in rows:
            for column, network, processes in columns:
                if "--sol-coverage" in options and "foundry" in network:
                    continue
                took = seconds(python, network, *processes, *options)
                times.setdefault((title, column), []).append(took)
                print(f"round {number + 1}: {title}, {column}: {took:.1f} s", file=sys.stderr)
    table = Table("100 tests, seconds", *(column for column, _, _ in columns))
    for title, _, _ in rows:
        cells = []
        for column, _, _ in columns:
            if (title, column) not in times:
                cells.append("–")
                continue
            took = statistics.median(times[title, column])
            before = statistics.median(times[rows[0][0], column])
            cells.append(f"{took:.1f} (× {before / took:.2f})")
        table.add_row(title, *cells)
    Console(width=140).print(table)


def profile() -> None:
    """Run the suite in this process and say which part of it took how much of the time."""
    import pytest

    os.chdir(PROJECT)
    profiler = cProfile.Profile()
    profiler.enable()
    code = pytest.main([*QUIET, "-o", "addopts=", "--fast", "-n", "0"])
    profiler.disable()
    if code:
        raise SystemExit(int(code))
    spent: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        spent[_part(file)] += own
    whole = sum(spent.values())
    table = Table("part", "share of the time")
    for part, own in spent.most_common():
        table.add_row(part, f"{own / whole:.0%}")
    Console().print(table)


def _part(file: str) -> str:
    package = re.search(r"site-packages/(\w+)", file)
    if package is None:
        return "this package" if "/unbond/" in file else "Python itself, built-in functions"
    return next((part for part, names in PARTS.items() if package[1] in names), "pytest and others")


if __name__ == "__main__":
    main()
