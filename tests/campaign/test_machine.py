"""The same moves drawn by Hypothesis, which shortens what it finds in its own way.

The small form runs with the suite. A longer one: ``HYPOTHESIS_PROFILE=long`` in the environment.
"""

from __future__ import annotations

import os
from functools import cache
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from unbond.campaign.arena import Arena
from unbond.campaign.invariants import Watch
from unbond.campaign.walk import setup_of
from unbond.models import model_names
from unbond.models.base import Move

pytestmark = pytest.mark.slow

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SETTINGS = settings(
    max_examples=500 if LONG else 6,
    stateful_step_count=150 if LONG else 40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    derandomize=not LONG,
    database=None,
)

RANDOMS = st.randoms(use_true_random=False)


@cache
def _arena(system: str, number: int) -> Arena:
    return Arena(system, setup_of(system, "machine", number))


class Machine(RuleBasedStateMachine):
    """One episode. Every move is drawn from the model's state, by choices that shrink."""

    system = ""

    @initialize(number=st.integers(0, 3))
    def deploy(self, number: int) -> None:
        """Begin with one of a few deployments."""
        self.arena = _arena(self.system, number)
        self.arena.begin()
        self.watch = Watch(self.arena.model, self.arena.people.values())

    @rule(random=RANDOMS)
    def move(self, random: Random) -> None:
        """Somebody does something, some time later."""
        draws = self.arena.draws
        move = Move(draws.second(random), *draws.action(random))
        outcome = self.arena.step(move, everybody=True)
        self.watch.after(move, outcome, self.arena.seen)


@pytest.mark.rule("C-1", "C-2", "C-3", "C-4")
@pytest.mark.parametrize("system", model_names())
def test_machine(system: str) -> None:
    kind = type(f"{system.title()}Machine", (Machine,), {"system": system})
    run_state_machine_as_test(kind, settings=SETTINGS)
