"""The documents' worked examples: each goes as its file says, on every engine in the same way."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.conftest import ENGINES
from unbond.scenario import BoundScenario, load_scenario, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.conftest import Engines
    from unbond.timeline import Timeline

# Every scenario on two engines.
pytestmark = pytest.mark.slow

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"
FILES = sorted(SCENARIOS.rglob("*.yaml"))
NETWORKS = {"eth-tester": "ethereum:local:test", "anvil": "ethereum:local:foundry"}

each_file = pytest.mark.parametrize(
    "file",
    [
        pytest.param(
            file,
            id=str(file.relative_to(SCENARIOS)),
            marks=pytest.mark.rule(*load_scenario(file).scenario.rules),
        )
        for file in FILES
    ],
)


@pytest.fixture(scope="session")
def played(engines: Engines) -> Callable[[Path, str], Timeline]:
    """Plays a file on a fresh chain of an engine; once, however many tests look at it."""

    @cache
    def play_file(file: Path, engine: str) -> Timeline:
        with engines.connected(engine) as connected:
            return play(BoundScenario(load_scenario(file)), connected.chain)

    return play_file


def rules_of(file: Path) -> set[str]:
    return set(load_scenario(file).scenario.rules)


@each_file
@pytest.mark.parametrize("engine", ENGINES)
def test_it_goes_as_its_file_expects(
    played: Callable[[Path, str], Timeline], file: Path, engine: str
) -> None:
    timeline = played(file, engine)
    assert [line for entry in timeline.entries for line in entry.differences] == []
    assert timeline.passed
    assert len(timeline.entries) == len(load_scenario(file).scenario.steps)


@each_file
def test_it_goes_the_same_way_on_every_engine(
    played: Callable[[Path, str], Timeline], file: Path
) -> None:
    """Results, events, seconds, errors, positions, balances and gas; only the network differs."""
    told: list[dict[str, Any]] = []
    for engine in ENGINES:
        timeline = played(file, engine).as_dict()
        assert timeline.pop("network") == NETWORKS[engine]
        told.append(timeline)
    assert told[0] == told[1]


@each_file
def test_it_expects_something_and_names_its_document_and_rules(file: Path) -> None:
    scenario = load_scenario(file).scenario
    assert scenario.document
    assert scenario.about
    assert scenario.rules
    assert [rule for rule in scenario.rules if not re.fullmatch(r"[A-Z]-\d+", rule)] == []
    assert len(set(scenario.rules)) == len(scenario.rules)
    assert any(step.expect.model_fields_set for step in scenario.steps)


def test_titles_differ() -> None:
    titles = [load_scenario(file).scenario.title for file in FILES]
    assert len(set(titles)) == len(titles) > 0


def test_together_they_show_every_rule_of_delegated_staking() -> None:
    of_document = [file for file in FILES if load_scenario(file).scenario.document == "002"]
    assert of_document
    shown = set().union(*map(rules_of, of_document))
    assert {f"E-{number}" for number in range(1, 11)} - shown == set()
