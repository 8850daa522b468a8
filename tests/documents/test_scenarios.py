"""The documents' worked examples: each goes as its file says, on three engines in the same way.

And on the model of its system, which is the same rules written a second time.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.documents.playing import ALL_ENGINES, play_on, told
from unbond.models import model_names
from unbond.scenario import load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.conftest import Engines
    from unbond.timeline import Timeline

# Every scenario on three engines.
pytestmark = pytest.mark.slow

SCENARIOS = Path(__file__).parent.parent.parent / "scenarios"
FILES = sorted(SCENARIOS.rglob("*.yaml"))
DOCUMENTED = [file for file in FILES if "found" not in file.relative_to(SCENARIOS).parts]
"""Those that work out a document; others were found by campaigns, and kept."""
MODELLED = [file for file in FILES if load_scenario(file).scenario.system in model_names()]


def each(files: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "file",
        [
            pytest.param(
                file,
                id=str(file.relative_to(SCENARIOS)),
                marks=pytest.mark.rule(*load_scenario(file).scenario.rules),
            )
            for file in files
        ],
    )


each_file = each(FILES)


@pytest.fixture(scope="session")
def played(engines: Engines) -> Callable[[Path, str], Timeline]:
    """Plays a file on a fresh chain of an engine; once, however many tests look at it."""

    @cache
    def play_file(file: Path, engine: str) -> Timeline:
        return play_on(engine, file, engines)

    return play_file


def rules_of(file: Path) -> set[str]:
    return set(load_scenario(file).scenario.rules)


@each_file
@pytest.mark.parametrize("engine", ALL_ENGINES)
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
    """Results, events, seconds, errors, positions and balances; only the network differs.

    Gas is the same on two of them: on revm everything stays warm.
    """
    tester, anvil = played(file, "eth-tester"), played(file, "anvil")
    assert told(tester, "eth-tester", gas=True) == told(anvil, "anvil", gas=True)
    revm = played(file, "revm")
    assert told(revm, "revm", gas=False) == told(tester, "eth-tester", gas=False)


@each(MODELLED)
def test_it_goes_the_same_way_on_its_model(
    played: Callable[[Path, str], Timeline], file: Path
) -> None:
    """All but gas; no check is left out."""
    on_model = played(file, "model")
    assert [entry.action for entry in on_model.entries if entry.left_out] == []
    expected = told(played(file, "revm"), "revm", gas=False)
    assert told(on_model, "model", gas=False) == expected


def test_every_model_has_a_file_to_be_checked_by() -> None:
    assert {load_scenario(file).scenario.system for file in MODELLED} == set(model_names())


@each(DOCUMENTED)
def test_it_expects_something_and_names_its_document_and_rules(file: Path) -> None:
    scenario = load_scenario(file).scenario
    assert scenario.document
    assert scenario.about
    assert scenario.rules
    assert [rule for rule in scenario.rules if not re.fullmatch(r"[A-Z]-\d+", rule)] == []
    assert len(set(scenario.rules)) == len(scenario.rules)
    assert any(step.expect.model_fields_set for step in scenario.steps)


def test_titles_differ() -> None:
    titles = [load_scenario(file).scenario.title for file in DOCUMENTED]
    assert len(set(titles)) == len(titles) > 0


def test_together_they_show_every_rule_of_delegated_staking() -> None:
    of_document = [file for file in FILES if load_scenario(file).scenario.document == "002"]
    assert of_document
    shown = set().union(*map(rules_of, of_document))
    assert {f"E-{number}" for number in range(1, 11)} - shown == set()
