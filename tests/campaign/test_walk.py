"""Walks: contract and model agree, and the same seed is the same walk."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from unbond.campaign.arena import Arena
from unbond.campaign.walk import EPISODE, Tally, replay, setup_of, walk, walk_block
from unbond.models import model_for, model_names
from unbond.models.base import Move, Outcome
from unbond.systems import system_class, system_names

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

SYSTEMS = model_names()


def test_every_system_has_a_model() -> None:
    assert system_names() == SYSTEMS


@pytest.mark.rule("C-1", "C-2", "C-3", "C-4", "C-5", "C-12")
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("system", SYSTEMS)
def test_contract_and_model_agree(system: str, seed: int) -> None:
    """Two deployments of each system, each with two episodes of its own."""
    block = walk_block(system, "suite", seed, steps=2 * EPISODE)
    assert block.found is None, block.found.why
    assert block.tally.steps == 2 * EPISODE
    # It is no walk of refusals only.
    assert block.tally.done.total() > 0.3 * block.tally.steps
    assert block.tally.done.total() + block.tally.refused.total() == block.tally.steps


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_same_seed_is_the_same_walk(system: str, arena_of: Callable[[str], Arena]) -> None:
    arena = arena_of(system)

    def moves(seed: int) -> list[Move]:
        """The moves of an episode, in which nothing is found."""
        made: list[Move] = []

        def note(move: Move, everybody: bool = False) -> Outcome:
            made.append(move)
            return Arena.step(arena, move, everybody)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arena, "step", note)
            assert walk(arena, Random(seed), 60, Tally()) is None
        return made

    first = moves(1)
    assert len(first) == 60
    assert moves(1) == first
    assert moves(2) != first


def test_everybody_is_looked_at_after_every_move_if_asked(
    arena_of: Callable[[str], Arena],
) -> None:
    arena = arena_of("delegated")
    seen: list[set[int]] = []

    def note(move: Move, everybody: bool = False) -> Outcome:
        outcome = Arena.step(arena, move, everybody)
        seen.append(set(arena.seen))
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arena, "step", note)
        assert walk(arena, Random(1), 30, Tally(), everybody=True) is None
        assert walk(arena, Random(1), 30, Tally()) is None
    all_of_them = set(arena.people.values())
    assert seen[:30] == [all_of_them] * 30
    # Otherwise at the end.
    assert seen[-1] == all_of_them
    assert all_of_them not in seen[30:-1]


def test_setups_differ_by_block_and_not_by_chance() -> None:
    setups = [setup_of("delegated", 1, number) for number in range(20)]
    assert setups == [setup_of("delegated", 1, number) for number in range(20)]
    assert {setup["lock_rewards"] for setup in setups} == {True, False}


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_episode_can_be_replayed(system: str, arena_of: Callable[[str], Arena]) -> None:
    arena = arena_of(system)
    arena.begin()
    random = Random(3)
    moves = []
    for _ in range(40):
        moves.append(Move(arena.draws.second(random), *arena.draws.action(random)))
        arena.step(moves[-1])
    assert replay(arena, tuple(moves)) is None


def test_actions_of_models_are_those_of_drivers() -> None:
    for name in SYSTEMS:
        model = model_for(name)
        known = {one for one, spec in system_class(name).actions().items() if spec.sends}
        assert {*model.actions, *model.common_actions} == known
        assert set(model.powers) == set(system_class(name).powers)
