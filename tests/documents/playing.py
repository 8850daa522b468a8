"""Playing a scenario on any engine, and what it tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.harness.conftest import ENGINES
from unbond.forecast import model_chain
from unbond.revm import RevmChain
from unbond.scenario import BoundScenario, load_scenario, play

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.conftest import Engines
    from unbond.timeline import Timeline

ALL_ENGINES = (*ENGINES, "revm")
NETWORKS = {
    "eth-tester": "ethereum:local:test",
    "anvil": "ethereum:local:foundry",
    "revm": "revm",
    "model": "model",
}


def play_on(engine: str, file: Path, engines: Engines) -> Timeline:
    """Play a file on a fresh chain of an engine, or on the model."""
    bound = BoundScenario(load_scenario(file))
    if engine == "revm":
        return play(bound, RevmChain())
    if engine == "model":
        chain = model_chain(bound)
        return play(bound, chain, chain.roles)
    with engines.connected(engine) as connected:
        return play(bound, connected.chain)


def told(timeline: Timeline, engine: str, *, gas: bool) -> dict[str, Any]:
    """Everything that a timeline tells but the network, with or without gas."""
    everything = timeline.as_dict()
    assert everything.pop("network") == NETWORKS[engine]
    for step in everything["steps"]:
        used = step.pop("gasUsed") if not gas else step["gasUsed"]
        # The model knows of no gas; elsewhere what was done has used some.
        assert (used > 0) == (engine != "model" and step["event"] is not None)
    return everything
