"""Scenarios one after another on one chain: each goes as on a fresh one, whole weeks later."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.clients import ROOT
from unbond.cli.devnet import run_devnet
from unbond.devnet import DevnetError
from unbond.roles import Roles
from unbond.scenario import BoundScenario, load_scenario, play
from unbond.scenario.play import room_for
from unbond.when import DAY, HOUR, SESSION_START, WEEK

if TYPE_CHECKING:
    from tests.harness.conftest import Engines
    from unbond.timeline import Timeline

FILES = [
    "delegated/tuesday.yaml",
    "device/solo.yaml",
    "delegated/rewards-open.yaml",
    "liquid/three-validators.yaml",
]


def bound(name: str) -> BoundScenario:
    return BoundScenario(load_scenario(ROOT / "scenarios" / name))


def written(folder: Path, *at: str) -> BoundScenario:
    """A scenario whose steps are at these moments."""
    steps = "".join(f"  - {{at: {one}, check: assets}}\n" for one in at)
    file = folder / "scenario.yaml"
    file.write_text(f"title: A title\nsystem: delegated\nsteps:\n{steps}")
    return BoundScenario(load_scenario(file))


def told(timeline: Timeline, later: int) -> list[Any]:
    """What happened, as if so many seconds sooner; without ids, in which accounts are."""
    return [
        (
            entry.timestamp - later,
            entry.action,
            (entry.refused or {}).get("name"),
            sorted(
                (
                    held.name,
                    held.position.amount,
                    held.position.state,
                    held.position.available_at - later if held.position.available_at else 0,
                )
                for held in entry.holdings
            ),
            entry.balances,
        )
        for entry in timeline.entries
    ]


@pytest.mark.slow
def test_each_goes_as_on_a_fresh_chain(engines: Engines) -> None:
    alone = []
    for name in FILES:
        with engines.connected("eth-tester") as fresh:
            alone.append(told(play(bound(name), fresh.chain), 0))
    together, shifts = [], []
    with engines.connected("eth-tester") as shared:
        shared.clock.start()
        for name in FILES:
            later = room_for(bound(name), shared.clock.now)
            timeline = play(bound(name), shared.chain, Roles(shared.chain), later=later)
            assert timeline.passed, [entry.differences for entry in timeline.entries]
            together.append(told(timeline, later))
            shifts.append(later)
    assert together == alone
    # The first as its file says, and the others after it.
    assert shifts[0] == 0
    assert shifts == sorted(set(shifts))
    assert all(one % WEEK == 0 for one in shifts)


@pytest.mark.parametrize(
    ("first", "now", "weeks"),
    [
        # On a fresh chain, everything fits.
        ("2030-01-07T00:00:10Z", SESSION_START, 0),
        # A minute has passed: too late for that one, early enough for another.
        ("2030-01-07T00:00:10Z", SESSION_START + 60, 1),
        ("2030-01-07T01:01:00Z", SESSION_START + 60, 0),
        ("2030-01-07T01:00:59Z", SESSION_START + 60, 1),
        # What is left of a week is used, if the first moment is still to come in it.
        ("2030-01-10", SESSION_START + 5 * WEEK + 2 * DAY, 5),
        ("2030-01-10", SESSION_START + 5 * WEEK + 3 * DAY - HOUR + 1, 6),
        ("2030-01-22", SESSION_START + 5 * WEEK + 6 * DAY, 5),
    ],
)
def test_it_is_as_few_weeks_later_as_possible(
    tmp_path: Path, first: str, now: int, weeks: int
) -> None:
    assert room_for(written(tmp_path, first, "2030-06-01"), now) == weeks * WEEK


def test_two_files_of_one_name(tmp_path: Path) -> None:
    files = [tmp_path / folder / "monday.yaml" for folder in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.write_text((ROOT / "scenarios/delegated/monday.yaml").read_text())
    assert complaint(tmp_path, *files) == (
        f"{files[1]} would be the deployment 'monday', as {files[0]} is; rename it"
    )


def test_a_file_with_the_name_of_a_system(tmp_path: Path) -> None:
    file = tmp_path / "device.yaml"
    assert complaint(tmp_path, file) == (
        f"{file} would be the deployment 'device', as a system is; rename it"
    )


def test_files_that_are_taken_for_a_command(tmp_path: Path) -> None:
    other = "scenarios/device/solo.yaml"
    assert complaint(tmp_path, ROOT / "scenarios/delegated/monday.yaml", command=[other]) == (
        f"{other} cannot be started: it is no command; give each scenario its own --seed-with"
    )


def complaint(folder: Path, *seeds: Path, command: tuple[str, ...] | list[str] = ()) -> str:
    """What is said before anything has begun."""
    with pytest.raises(DevnetError) as error:
        run_devnet(
            port=0, fresh=False, seeds=seeds, state=folder / "d", as_json=False, command=command
        )
    assert not (folder / "d").exists()
    return str(error.value)
