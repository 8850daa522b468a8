"""What an account has in a system, in the one shape that all systems share (C-11)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class PositionKind(IntEnum):
    """What a position is; the numbers are those of the contracts."""

    STAKE = 0
    CO_STAKE = 1
    EXIT = 2


class PositionState(IntEnum):
    """Where a position stands; the numbers are those of the contracts."""

    CLOSED = 0
    LOCKED = 1
    UNLOCKED = 2
    LEAVING = 3
    CLAIMABLE = 4


@dataclass(frozen=True)
class Position:
    """One thing an account has in a system."""

    id: int
    """What the system's actions take to act on it."""
    kind: PositionKind
    state: PositionState
    amount: int
    """The principal in it, in wei."""
    rewards: int
    """What it has earned and not been paid, in wei."""
    available_at: int
    """The second at which it opens, in Unix time; 0 if nothing in it opens by time."""
    blocked_by: str
    """The name of the error that acting on it now would give; empty if it would succeed."""
