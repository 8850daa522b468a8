"""The command ``campaign``: its report, the same for any number of jobs, and its ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ape_run._cli import cli as ape_run
from click.testing import CliRunner

import unbond.cli.campaign as command
from tests.harness.clients import APE, ROOT
from unbond.campaign import run
from unbond.campaign.run import Report
from unbond.campaign.walk import Found, Tally, setup_of
from unbond.models import model_names
from unbond.models.base import Move

if TYPE_CHECKING:
    from pathlib import Path

    from unbond.campaign.arena import Arena

pytestmark = pytest.mark.slow


def test_the_same_seed_is_the_same_campaign_for_any_number_of_jobs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Blocks of 500 moves, so that two jobs have something to do.
    monkeypatch.setattr(run, "BLOCK", 2)
    told: list[int] = []
    alone, together = (
        run.run_campaign(
            ["delegated"],
            seed=5,
            steps=1200,
            jobs=jobs,
            progress=lambda done: told.append(done["delegated"]),
        )
        for jobs in (1, 2)
    )
    assert (alone.jobs, together.jobs) == (1, 2)
    for report in (alone, together):
        assert (report.seed, report.interrupted, report.found) == (5, False, None)
        assert report.seconds > 0
        assert report.steps == 1200
    assert alone.tallies == together.tallies
    assert told[-1] == 1200
    tally = alone.tallies["delegated"]
    assert tally.done.total() + tally.refused.total() == 1200
    assert tally.refused["unstake", "StillLocked"] > 0


def test_it_tells_programs() -> None:
    done = subprocess.run(
        [APE, "run", "campaign", "--json", "--steps", "50", "--seed", "5", "--jobs", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["seed"], told["jobs"], told["found"]) == (5, 1, None)
    assert {name: tally["steps"] for name, tally in told["systems"].items()} == dict.fromkeys(
        model_names(), 50
    )


def test_an_interrupt_ends_it_with_the_report_so_far() -> None:
    running = subprocess.Popen(
        [APE, "run", "campaign", "--system", "delegated", "--minutes", "30", "--seed", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "seed 1\n"
    # As a terminal does it: to all processes of the group.
    os.killpg(running.pid, signal.SIGINT)
    told, _ = running.communicate(timeout=120)
    assert running.returncode == 130, told
    assert "Traceback" not in told
    assert "ended early after" in told
    assert told.endswith("contract and model agree\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--steps", "0"), "Invalid value for '--steps': 0 is not in the range x>=1."),
        (("--minutes", "0"), "Invalid value for '--minutes': 0.0 is not in the range 0<x<=525600."),
        (("--system", "bank"), "Invalid value for '--system': 'bank' is not"),
    ],
)
def test_bad_input(words: tuple[str, ...], complaint: str) -> None:
    done = CliRunner().invoke(ape_run, ["campaign", *words])
    assert done.exit_code == 2
    assert complaint in " ".join(done.output.split())


class TestFinding:
    """A disagreement: written down, named, and no success."""

    @pytest.fixture(autouse=True)
    def _found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        setup = setup_of("delegated", 1, 0)

        def walk(systems: list[str], *, begun: Any, **_: Any) -> Report:
            assert systems == ["delegated"]
            begun()
            stranger = int("0x" + "ab" * 20, 16)
            found = Found("delegated", setup, (Move(1893978000, stranger, "pause", ()),), "why: so")
            tally = Tally(3, Counter({"stake": 2}), Counter({("claim", "UnknownId"): 1}))
            return Report(9, {"delegated": tally}, found, seconds=2.0, jobs=2)

        def leave(arena: Arena, found: Found, progress: Any) -> Found:
            progress(1)
            # By whom it was done is not known to a new deployment.
            (move,) = found.moves
            return Found(
                found.system,
                found.setup,
                (move._replace(sender=arena.people["stranger"]),),
                found.why,
            )

        monkeypatch.setattr(command, "run_campaign", walk)
        monkeypatch.setattr(command, "shrink", leave)

    def run(self, folder: Path, *, as_json: bool) -> None:
        with pytest.raises(SystemExit) as ended:
            command.campaign(
                ["delegated"],
                seed=9,
                steps=3,
                minutes=None,
                jobs=2,
                everybody=False,
                folder=folder,
                as_json=as_json,
            )
        assert ended.value.code == 1

    def test_told_to_people(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.run(tmp_path, as_json=False)
        (file,) = tmp_path.iterdir()
        told = capsys.readouterr().out
        assert told.startswith("seed 9\ndelegated: 3 steps\n")
        assert "compared 3 steps in 2.0 s, 2 a second with 2 jobs; seed 9" in told
        assert "they disagree: why: so" in told
        assert f"see it with: ape run scenario {file}" in " ".join(told.split())
        (step,) = yaml.safe_load(file.read_text())["steps"]
        assert step["expect"]["refused"] == {
            "AccessControlUnauthorizedAccount": {"account": "stranger"}
        }

    def test_told_to_programs(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.run(tmp_path, as_json=True)
        (file,) = tmp_path.iterdir()
        assert json.loads(capsys.readouterr().out) == {
            "seed": 9,
            "seconds": 2.0,
            "jobs": 2,
            "interrupted": False,
            "systems": {
                "delegated": {
                    "steps": 3,
                    "done": {"stake": 2},
                    "refused": [{"action": "claim", "error": "UnknownId", "times": 1}],
                }
            },
            "found": {"why": "why: so", "file": str(file)},
        }
