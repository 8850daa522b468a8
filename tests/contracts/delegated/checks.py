"""What the tests of delegated staking have in common.

The times of SPEC are written down here a second time, so that a test does not compare the driver's
constants with themselves.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import ape

from unbond.errors import Refused
from unbond.positions import Position, PositionKind, PositionState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unbond.clock import Clock
    from unbond.systems.base import Event, Receipt

DAY = 24 * 60 * 60
W = 7 * DAY
ORIGIN = 1_893_974_400
"""2030-01-07T00:00:00Z, a Monday."""

ANKR = 10**18
MINIMUM = 1000 * ANKR
LARGE = 5000 * ANKR
COMMISSION_BPS = 500
"""The commission of the role ``provider``."""

ZERO_ADDRESS = "0x" + "00" * 20
UNLIMITED = 2**256 - 1

OFFSETS = (0, 1, DAY, 3 * DAY + 12_345, W - 2, W - 1)
"""Seconds into an epoch at which things are worth trying."""

E = TypeVar("E", bound="Event", covariant=True)


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


def id_of(address: str, number: int) -> int:
    """The id of an account's position: its address, followed by a number of 96 bits."""
    return int(address, 16) * 2**96 + number


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is undone afterwards, time included."""
    # Not Ape's own chain.isolate(), which swallows whatever is raised inside, failed checks too.
    snapshot = ape.chain.snapshot()
    try:
        yield
    finally:
        ape.chain.restore(snapshot)


def refusal_of(action: Callable[..., object], *arguments: object) -> Refused | None:
    """What an action is refused with; None if it succeeds."""
    try:
        action(*arguments)
    except Refused as refused:
        return refused
    return None


def check_refused(
    expected: Refused,
    action: Callable[..., object],
    *arguments: object,
    foretold: bool = True,
) -> None:
    """The action is refused with exactly this, and its preview says the same (C-8).

    A preview answers the owner of the position and knows no allowances: what only the action can
    refuse is not ``foretold``.
    """
    assert refusal_of(action, *arguments) == expected
    system = getattr(action, "__self__", None)
    preview = getattr(system, f"preview_{getattr(action, '__name__', '')}", None)
    if foretold and preview is not None:
        assert refusal_of(preview, *arguments[1:]) == expected


def check_opens(
    clock: Clock,
    moment: int,
    expected: Refused,
    action: Callable[..., Receipt[E]],
    *arguments: object,
) -> Receipt[E]:
    """The action is refused until one second before ``moment`` (C-1), and done in that second."""
    if clock.now < moment:
        clock.at(moment - 1)
        check_refused(expected, action, *arguments)
    clock.at(moment)
    receipt = action(*arguments)
    assert receipt.timestamp == moment
    return receipt


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
