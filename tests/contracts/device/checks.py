"""What the tests of device staking have in common.

The times and sums of SPEC are written down here a second time, so that a test does not compare the
driver's constants with themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.checks import DAY, UNLIMITED, ZERO_ADDRESS, refusal_of
from unbond.positions import Position, PositionKind, PositionState
from unbond.systems.device import CoolingDown, CoStakeInfo, DeviceStaking, Withdrawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from ape.api.accounts import AccountAPI

    from unbond.clock import Clock
    from unbond.errors import Refused
    from unbond.systems.base import Receipt

COOLDOWN = 14 * DAY
WAIT = 7 * DAY

IO = 10**18
BASE_STAKE = 200 * IO
BPS = 10_000

CARD = 7
"""The smaller device of the fixture ``device``: one card."""
CARD_REQUIRES = 200 * IO
RIG = 8
"""The larger one: four cards at a quarter, which counts as a whole."""
RIG_REQUIRES = 800 * IO

CO_STAKE = 300 * IO
"""What the co-staker of the fixture ``pair`` puts in."""
CO_SHARE = 2_500
"""What he gets of the rewards, in 1/10 000."""

OFFSETS = (1, 2, 3 * DAY + 12_345, WAIT - 2, WAIT - 1)
"""Seconds into a wait at which things are worth trying: 1 is the first block after its start."""


def staked(
    device: DeviceStaking,
    worker: AccountAPI,
    *,
    where: int = RIG,
    amount: int = RIG_REQUIRES,
) -> int:
    """Let ``worker`` stake on a device; returns the id of his stake."""
    return device.stake(worker, where, amount).main.stake_id


def co_staked(
    device: DeviceStaking,
    worker: AccountAPI,
    co_staker: AccountAPI,
    *,
    where: int = RIG,
    amount: int = CO_STAKE,
    share: int = CO_SHARE,
) -> int:
    """Let ``worker`` offer and ``co_staker`` accept; returns the id of the co-stake."""
    nonce = device.open_offer(worker, where, amount, share).main.nonce
    return device.accept_offer(co_staker, where, nonce, amount, share).main.co_stake_id


def check_refused(
    expected: Refused,
    action: Callable[..., object],
    *arguments: object,
    foretold: bool = True,
) -> None:
    """The action is refused with exactly this, and a view names the same error (C-8).

    The views answer the owner of the device or exit: what others are refused with is not
    ``foretold``.
    """
    assert refusal_of(action, *arguments) == expected
    system = getattr(action, "__self__", None)
    if not foretold or not isinstance(system, DeviceStaking):
        return
    match action.__name__, arguments:
        # However large the overflow is, this is more.
        case "unstake", (_, int(where)):
            assert system.preview_unstake(where, UNLIMITED).blocked_by == expected.name
        case "unstake_amount", (_, int(where), int(amount)):
            assert system.preview_unstake(where, amount).blocked_by == expected.name
        case "withdraw", (account, int(identifier)):
            assert _shown(system, account, identifier).blocked_by == expected.name


def check_withdraws(
    clock: Clock, device: DeviceStaking, account: AccountAPI, exit_id: int, moment: int
) -> Receipt[Withdrawn]:
    """The exit is shut until one second before ``moment`` (C-1), and paid in that second.

    Each time, all views of it agree.
    """
    amount = device.exit_of(exit_id).amount
    assert device.exit_of(exit_id).available_at == moment
    if clock.now < moment:
        clock.at(moment - 1)
        shown = _shown(device, account, exit_id)
        assert (shown.state, shown.amount) == (PositionState.LEAVING, amount)
        check_refused(CoolingDown(available_at=moment), device.withdraw, account, exit_id)
    clock.at(moment)
    shown = _shown(device, account, exit_id)
    assert (shown.state, shown.amount) == (PositionState.CLAIMABLE, amount)
    receipt = device.withdraw(account, exit_id)
    assert receipt.timestamp == moment
    return receipt


def _shown(device: DeviceStaking, account: object, exit_id: int) -> Position:
    """The exit as its account's positions show it."""
    positions = device.positions_of(str(getattr(account, "address", "")))
    (shown,) = (each for each in positions if each.id == exit_id)
    return shown


def no_co_stake(
    offer_nonce: int = 0, offer_amount: int = 0, offer_share_bps: int = 0
) -> CoStakeInfo:
    """A device without co-stake, wait or open offer; the last offer's terms stay."""
    return CoStakeInfo(
        ZERO_ADDRESS, 0, 0, 0, 0, 0, False, offer_nonce, offer_amount, offer_share_bps
    )


def own_stake(where: int, amount: int, rewards: int = 0, blocked_by: str = "") -> Position:
    """An owner's stake."""
    state = PositionState.LOCKED if blocked_by else PositionState.UNLOCKED
    return Position(where, PositionKind.STAKE, state, amount, rewards, 0, blocked_by)


def co_stake(where: int, amount: int, rewards: int = 0, blocked_by: str = "") -> Position:
    """A co-stake."""
    state = PositionState.LOCKED if blocked_by else PositionState.UNLOCKED
    return Position(where, PositionKind.CO_STAKE, state, amount, rewards, 0, blocked_by)


def leaving(identifier: int, amount: int, available_at: int, rewards: int = 0) -> Position:
    """An exit that waits or cools down."""
    return Position(
        identifier,
        PositionKind.EXIT,
        PositionState.LEAVING,
        amount,
        rewards,
        available_at,
        "CoolingDown",
    )


def claimable(identifier: int, amount: int, available_at: int, rewards: int = 0) -> Position:
    """An exit that can be withdrawn."""
    return Position(
        identifier, PositionKind.EXIT, PositionState.CLAIMABLE, amount, rewards, available_at, ""
    )


def closed(identifier: int) -> Position:
    """What is left of an exit that was paid."""
    return Position(
        identifier, PositionKind.EXIT, PositionState.CLOSED, 0, 0, 0, "AlreadyWithdrawn"
    )
