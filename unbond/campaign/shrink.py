"""Making what was found short: fewer moves, less waiting, rounder numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from unbond.campaign.walk import Found, replay
from unbond.systems.base import ArgumentKind

if TYPE_CHECKING:
    from unbond.campaign.arena import Arena


def shrink(
    arena: Arena, found: Found, progress: Callable[[int], None] = lambda length: None
) -> Found:
    """A shortest story that can be found to the same end: there still is a disagreement.

    Args:
        arena: a deployment with the setup of ``found``.
        found: what was found.
        progress: told the number of moves that are left.
    """
    best = replay(arena, found.moves)
    if best is None:
        # It depends on who was looked at when, which is a finding of its own.
        return found
    while True:
        length, text = len(best.moves), best.moves
        best = _without(arena, best, progress)
        best = _sooner(arena, best)
        best = _rounder(arena, best)
        if len(best.moves) == length and best.moves == text:
            return best


def _without(arena: Arena, best: Found, progress: Callable[[int], None]) -> Found:
    """Leave moves out, many at once at first."""
    size = max(1, len(best.moves) // 2)
    while True:
        at = len(best.moves) - 1 - size
        while at > -size:
            start = max(0, at)
            shorter = best.moves[:start] + best.moves[at + size :]
            better = replay(arena, shorter) if len(shorter) < len(best.moves) else None
            if better is not None:
                best = better
                progress(len(best.moves))
                at = min(at, len(best.moves) - 1)
            at -= size
        if size == 1:
            return best
        size = max(1, size // 2)


def _sooner(arena: Arena, best: Found) -> Found:
    """Wait between moves no longer than needed."""
    for index in range(len(best.moves)):
        if index >= len(best.moves):
            break
        earliest = best.moves[index - 1].second + 1 if index else arena.earliest
        # Of waits, the shortest that will do: found as if a longer one always did, too.
        too_early, enough = earliest - 1, best.moves[index].second
        while enough - too_early > 1 and index < len(best.moves):
            middle = earliest if too_early < earliest else (too_early + enough) // 2
            if middle == enough:
                break
            better = _with_second(arena, best, index, middle)
            if better is None:
                too_early = middle
            else:
                best, enough = better, middle
    return best


def _with_second(arena: Arena, best: Found, index: int, second: int) -> Found | None:
    """With the move at ``index`` in an earlier second: all later ones as well, or it alone."""
    cut = best.moves[index].second - second
    earlier = [move._replace(second=move.second - cut) for move in best.moves]
    for moves in (
        (*best.moves[:index], *earlier[index:]),
        (*best.moves[:index], earlier[index], *best.moves[index + 1 :]),
    ):
        found = replay(arena, moves)
        if found is not None:
            return found
    return None


def _rounder(arena: Arena, best: Found) -> Found:
    """Write amounts as round numbers, where that makes no difference."""
    actions = arena.kind.actions()
    for index in range(len(best.moves)):
        if index >= len(best.moves):
            break
        kinds = list(actions[best.moves[index].action].arguments.values())
        for place, kind in enumerate(kinds):
            if kind is not ArgumentKind.AMOUNT or index >= len(best.moves):
                continue
            move = best.moves[index]
            for rounded in _round_numbers(move.arguments[place]):
                arguments = (*move.arguments[:place], rounded, *move.arguments[place + 1 :])
                changed = move._replace(arguments=arguments)
                better = replay(arena, (*best.moves[:index], changed, *best.moves[index + 1 :]))
                if better is not None:
                    best = better
                    break
    return best


def _round_numbers(number: Any) -> Iterator[int]:
    """Numbers that are easier to read than this one, the easiest first."""
    yield from (10**digits for digits in range(18, len(str(number))) if 10**digits < number)
    for digits in range(len(str(number)) - 1, 0, -1):
        unit = 10**digits
        for rounded in (number // unit * unit, -(-number // unit) * unit):
            if rounded != number and rounded:
                yield rounded
