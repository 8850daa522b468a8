"""The benchmarks run, at the smallest size; what they measure is not asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
@pytest.mark.parametrize("flow", ["test_plain.py", "test_driver.py"])
def test_a_flow_runs(flow: str, tmp_path: Path) -> None:
    result = tmp_path / "seconds.json"
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("ape")), "test", f"benchmarks/flows/{flow}", "-q"),
            *("-p", "no:cacheprovider", "--import-mode=prepend", "-p", "unbond.fixtures"),
        ],
        cwd=ROOT,
        env={**os.environ, "FLOWS": "2", "FLOW_RESULT": str(result)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(result.read_text())) == 2


@pytest.mark.slow
def test_the_suite_passes() -> None:
    ape = str(Path(sys.executable).with_name("ape"))
    done = subprocess.run(
        [ape, "test", "-q", "-k", "[7]", "-p", "no:cacheprovider", "--fast"],
        cwd=ROOT / "benchmarks/suite",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed, 99 deselected" in done.stdout


@pytest.mark.slow
def test_gas_of_the_queue_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/payouts.py"],
        cwd=ROOT,
        env={**os.environ, "WAITING": "1,3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for action in ("1 waiting", "3 waiting", "request, again", "nothing fits", "claim"):
        assert action in done.stdout


@pytest.mark.slow
def test_gas_is_printed_for_every_action() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/gas.py"],
        cwd=ROOT,
        env={**os.environ, "LOTS": "2"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    delegated = ("stake, one more", "unstake, a part", "claim rewards", "distribute, again")
    for action in (*delegated, "unstake co-stake", "withdraw overflow", "accept offer"):
        assert action in done.stdout


@pytest.mark.slow
def test_the_speed_of_a_campaign_is_printed() -> None:
    small = ["--system", "delegated", "--rounds", "1", "--steps", "500", "--memory", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "benchmarks/campaign.py", *small],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (figures,) = json.loads(done.stdout)["systems"]
    for name in ("campaign", "engine", "forge", "share of the engine", "times forge"):
        assert figures[name] > 0
    assert list(figures["MB"]) == ["0"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "variable", "text", "shown"),
    [
        ("flows.py", "FLOWS", "many", "many"),
        ("flows.py", "FLOWS", "0", "0"),
        ("gas.py", "LOTS", "1e3", "1e3"),
        ("gas.py", "LOTS", "9" * 5000, f"{'9' * 20}…"),
        ("payouts.py", "WAITING", "1,,3", ""),
        ("payouts.py", "WAITING", "1,1000001", "1000001"),
    ],
    ids=["no number", "none", "a float", "endless", "a gap", "too many"],
)
def test_sizes_that_are_none_are_said_in_one_line(
    program: str, variable: str, text: str, shown: str
) -> None:
    done = subprocess.run(
        [sys.executable, f"benchmarks/{program}"],
        cwd=ROOT,
        env={**os.environ, variable: text},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    expected = f"{variable}: '{shown}' is no whole number from 1 to 1000000, such as 30\n"
    assert done.stderr == expected
