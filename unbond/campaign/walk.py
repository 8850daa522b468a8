"""Episodes: moves drawn one after another from a seed, each done and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from unbond.campaign.arena import Arena, Disagreement
from unbond.campaign.invariants import Watch
from unbond.models import draws_for
from unbond.models.base import Broken, Move

if TYPE_CHECKING:
    from collections.abc import Callable

EPISODE = 250
"""Moves from a fresh deployment to the next."""
BLOCK = 8
"""Episodes with one setup: what one job does at a time."""


@dataclass
class Tally:
    """How often what was done, and what came of it."""

    steps: int = 0
    done: Counter[str] = field(default_factory=Counter)
    """How often each action succeeded."""
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each action was refused with each error."""

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.steps += other.steps
        self.done.update(other.done)
        self.refused.update(other.refused)


@dataclass(frozen=True)
class Found:
    """A disagreement, or a broken invariant, and how to get there."""

    system: str
    setup: dict[str, Any]
    moves: tuple[Move, ...]
    """From the fresh deployment on; the last one shows it."""
    why: str


@dataclass
class Block:
    """What came of one job's portion."""

    system: str
    number: int
    tally: Tally
    found: Found | None = None


def setup_of(system: str, seed: int | str, number: int) -> dict[str, Any]:
    """How the system is deployed in a block of a campaign."""
    return draws_for(system).setup(Random(f"{seed}/{system}/{number}"))


def walk_block(
    system: str,
    seed: int | str,
    number: int,
    *,
    steps: int = BLOCK * EPISODE,
    everybody: bool = False,
    arena: Arena | None = None,
    stop: Callable[[], bool] = lambda: False,
    told: Callable[[int], None] = lambda steps: None,
) -> Block:
    """Walk a block: the same moves for the same seed and number.

    Args:
        system: its name.
        seed: the campaign's.
        number: which block of it.
        steps: how many moves at most.
        everybody: look at all positions of all people after every move.
        arena: where, if not in a new one.
        stop: asked between episodes whether to end early.
        told: told after each episode how many moves it had.
    """
    arena = arena or Arena(system, setup_of(system, seed, number))
    block = Block(system, number, Tally())
    for episode in range(-(-steps // EPISODE)):
        if stop():
            break
        random = Random(f"{seed}/{system}/{number}/{episode}")
        before = block.tally.steps
        length = min(EPISODE, steps - before)
        block.found = walk(arena, random, length, block.tally, everybody=everybody)
        told(block.tally.steps - before)
        if block.found is not None:
            break
    return block


def walk(
    arena: Arena, random: Random, length: int, tally: Tally, *, everybody: bool = False
) -> Found | None:
    """Walk one episode from a fresh deployment on; returns what was found, if anything.

    Args:
        arena: where.
        random: from which the moves are drawn.
        length: how many moves.
        tally: counts what came of them.
        everybody: look at all positions of all people after every move, and not after the last one
            only.
    """
    arena.begin()
    watch = Watch(arena.model, arena.people.values())
    draws, moves = arena.draws, []
    done, refused = tally.done, tally.refused
    last = length - 1
    for index in range(length):
        move = Move(draws.second(random), *draws.action(random))
        moves.append(move)
        try:
            outcome = arena.step(move, everybody=everybody or index == last)
            watch.after(move, outcome, arena.seen)
        except (Disagreement, Broken) as error:
            return Found(arena.name, arena.setup, tuple(moves), str(error))
        tally.steps += 1
        if outcome.refusal is None:
            done[move.action] += 1
        else:
            refused[move.action, outcome.refusal.name] += 1
    return None


def replay(arena: Arena, moves: Iterator[Move] | tuple[Move, ...]) -> Found | None:
    """Do given moves from a fresh deployment on, and look at everybody after each."""
    arena.begin()
    watch = Watch(arena.model, arena.people.values())
    so_far: list[Move] = []
    for move in moves:
        so_far.append(move)
        try:
            outcome = arena.step(move, everybody=True)
            watch.after(move, outcome, arena.seen)
        except (Disagreement, Broken) as error:
            return Found(arena.name, arena.setup, tuple(so_far), str(error))
    return None
