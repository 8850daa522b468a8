"""Scenarios: lists of timed actions with what is expected of them, in YAML files."""

from unbond.scenario.bind import BoundScenario
from unbond.scenario.load import Problem, ScenarioError, ScenarioFile, load_scenario
from unbond.scenario.model import Expectation, ExpectedPosition, Scenario, Step
from unbond.scenario.play import play

__all__ = [
    "BoundScenario",
    "Expectation",
    "ExpectedPosition",
    "Problem",
    "Scenario",
    "ScenarioError",
    "ScenarioFile",
    "Step",
    "load_scenario",
    "play",
]
