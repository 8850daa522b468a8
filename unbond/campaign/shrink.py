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
    """Take the waiting out between moves, where it is not needed."""
    for index in range(len(best.moves)):
        if index >= len(best.moves):
            break
        earliest = best.moves[index - 1].second + 1 if index else arena.earliest
        gap = best.moves[index].second - earliest
        if gap <= 0:
            continue
        for cut in (gap, gap - gap % 86_400, gap - gap % 3600):
            moved = tuple(
                move._replace(second=move.second - cut) if place >= index else move
                for place, move in enumerate(best.moves)
            )
            only = tuple(
                move._replace(second=move.second - cut) if place == index else move
                for place, move in enumerate(best.moves)
            )
            better = cut and (replay(arena, moved) or replay(arena, only))
            if better:
                best = better
                break
    return best


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
    for digits in range(len(str(number)) - 1, 0, -1):
        unit = 10**digits
        for rounded in (number // unit * unit, -(-number // unit) * unit):
            if rounded != number and rounded:
                yield rounded
