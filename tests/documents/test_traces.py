"""What campaigns draw, played as scenarios: the same on every engine, and on the model."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.documents.playing import ALL_ENGINES, play_on, told
from unbond.campaign.arena import Arena
from unbond.campaign.found import write_found
from unbond.campaign.walk import Found, setup_of
from unbond.models import model_names
from unbond.models.base import Move

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.conftest import Engines

pytestmark = pytest.mark.slow

LENGTH = 40


@pytest.mark.rule("C-1", "C-2", "C-3", "C-4")
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("system", model_names())
def test_a_trace_goes_the_same_way_everywhere(
    engines: Engines, tmp_path: Path, system: str, seed: int
) -> None:
    arena = Arena(system, setup_of(system, "traces", seed))
    random = Random(f"{system}/{seed}")
    moves: list[Move] = []
    done = 0
    while len(moves) < LENGTH:
        move = Move(arena.draws.second(random), *arena.draws.action(random))
        done += arena.step(move).refusal is None
        moves.append(move)
    assert done > LENGTH / 5
    # Its file expects of each step what the model said; of the last, everybody's positions too.
    found = Found(system, arena.setup, tuple(moves), "a trace: nothing is wrong")
    file = write_found(arena, found, tmp_path)
    timelines = {engine: play_on(engine, file, engines) for engine in (*ALL_ENGINES, "model")}
    for engine, timeline in timelines.items():
        differences = [line for entry in timeline.entries for line in entry.differences]
        assert (engine, differences) == (engine, [])
        assert len(timeline.entries) == LENGTH
    tester, anvil, revm, model = (
        told(timeline, engine, gas=False) for engine, timeline in timelines.items()
    )
    assert tester == anvil == revm
    assert {entry.action for entry in timelines["model"].entries if entry.left_out} <= {
        *("send_bonds", "send_certificates")
    }
    if not any(entry.left_out for entry in timelines["model"].entries):
        assert model == revm
    gas = [
        [entry.gas_used for entry in timelines[engine].entries]
        for engine in ("eth-tester", "anvil")
    ]
    assert gas[0] == gas[1]
