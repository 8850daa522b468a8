"""What the tests of delegated staking have in common.

The times of SPEC are written down here a second time, so that a test does not compare the driver's
constants with themselves.
"""

from __future__ import annotations

from tests.contracts.checks import DAY
from unbond.positions import Position, PositionKind, PositionState

W = 7 * DAY
ORIGIN = 1_893_974_400
"""2030-01-07T00:00:00Z, a Monday."""

ANKR = 10**18
MINIMUM = 1000 * ANKR
LARGE = 5000 * ANKR
COMMISSION_BPS = 500
"""The commission of the role ``provider``."""

OFFSETS = (0, 1, DAY, 3 * DAY + 12_345, W - 2, W - 1)
"""Seconds into an epoch at which things are worth trying."""


def start_of(epoch: int) -> int:
    """The first second of an epoch."""
    return ORIGIN + epoch * W


def offset_of(moment: int) -> int:
    """How many seconds of its epoch are over at ``moment``."""
    return (moment - ORIGIN) % W


def unlock_of(staked_at: int) -> int:
    """When a lot staked at ``staked_at`` unlocks: 13 W - o later."""
    return staked_at + 13 * W - offset_of(staked_at)


def payday_of(unstaked_at: int) -> int:
    """When what was unstaked at ``unstaked_at`` can be claimed: 2 W - o later."""
    return unstaked_at + 2 * W - offset_of(unstaked_at)


def commission_of(amount: int, bps: int = COMMISSION_BPS) -> int:
    """The provider's part of a distribution, rounded down."""
    return amount * bps // 10_000


def net(amount: int, bps: int = COMMISSION_BPS) -> int:
    """What a distribution leaves for the lots."""
    return amount - commission_of(amount, bps)


def locked(identifier: int, amount: int, unlocks_at: int, rewards: int = 0) -> Position:
    """A lot that cannot leave yet."""
    return Position(
        identifier,
        PositionKind.STAKE,
        PositionState.LOCKED,
        amount,
        rewards,
        unlocks_at,
        "StillLocked",
    )


def unlocked(identifier: int, amount: int, unlocks_at: int, rewards: int = 0) -> Position:
    """A lot that can leave."""
    return Position(
        identifier, PositionKind.STAKE, PositionState.UNLOCKED, amount, rewards, unlocks_at, ""
    )


def leaving(identifier: int, amount: int, available_at: int) -> Position:
    """A ticket that waits."""
    return Position(
        identifier,
        PositionKind.EXIT,
        PositionState.LEAVING,
        amount,
        0,
        available_at,
        "StillUndelegating",
    )


def claimable(identifier: int, amount: int, available_at: int) -> Position:
    """A ticket that can be claimed."""
    return Position(
        identifier, PositionKind.EXIT, PositionState.CLAIMABLE, amount, 0, available_at, ""
    )


def closed(identifier: int) -> Position:
    """What is left of a ticket that was paid."""
    return Position(identifier, PositionKind.EXIT, PositionState.CLOSED, 0, 0, 0, "AlreadyClaimed")
