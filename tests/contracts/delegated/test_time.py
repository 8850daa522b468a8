"""When things open: epochs, the lock of a lot, the wait of a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, check_opens, check_refused, id_of, refusal_of
from unbond.errors import Refused
from unbond.systems.delegated import (
    Claimed,
    Staked,
    StillLocked,
    StillUndelegating,
    Unstaked,
)

from .checks import (
    MINIMUM,
    OFFSETS,
    ORIGIN,
    W,
    claimable,
    closed,
    leaving,
    locked,
    payday_of,
    start_of,
    unlock_of,
    unlocked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking

VECTORS = {
    # offset into the epoch: (lock, wait), in seconds
    0: (91 * DAY, 14 * DAY),
    DAY: (90 * DAY, 13 * DAY),
    W - 1: (84 * DAY + 1, 7 * DAY + 1),
}


@pytest.mark.rule("E-1")
def test_epochs_are_weeks_from_the_origin(delegated: DelegatedStaking) -> None:
    assert delegated.contract.view("origin") == ORIGIN
    assert delegated.contract.view("EPOCH") == W
    for epoch in (0, 1, 2, 13, 52, 5_000):
        first = ORIGIN + epoch * 604_800
        assert delegated.epoch_start(epoch) == first
        assert delegated.epoch_at(first) == epoch
        assert delegated.epoch_at(first + 1) == epoch
        assert delegated.epoch_at(first + W - 1) == epoch
        assert delegated.epoch_at(first + W) == epoch + 1


@pytest.mark.rule("E-1")
def test_there_is_no_epoch_before_the_origin(delegated: DelegatedStaking) -> None:
    assert delegated.epoch_at(ORIGIN) == 0
    assert refusal_of(delegated.epoch_at, ORIGIN - 1) == Refused("Panic", code=0x11)


@pytest.mark.rule("E-1")
def test_epochs_stay_where_they_are_as_time_goes_by(
    delegated: DelegatedStaking, clock: Clock
) -> None:
    before = [delegated.epoch_start(epoch) for epoch in range(30)]

    clock.at(start_of(20) + 12_345)

    assert [delegated.epoch_start(epoch) for epoch in range(30)] == before
    assert before == [start_of(epoch) for epoch in range(30)]


@pytest.mark.rule("E-2", "E-4")
def test_the_constants_are_those_of_the_specification(delegated: DelegatedStaking) -> None:
    constants = ("EPOCH", "LOCK_EPOCHS", "UNDELEGATE_EPOCHS", "MIN_STAKE", "MAX_COMMISSION_BPS")
    assert [delegated.contract.view(name) for name in constants] == [604_800, 12, 1, 10**21, 3000]


@pytest.mark.rule("C-1", "E-2", "E-3")
@pytest.mark.case(8)
@pytest.mark.parametrize("offset", VECTORS)
@pytest.mark.parametrize("later", [0, 1, W + 5])
def test_a_lot_unlocks_13_weeks_less_its_offset_after_it_was_staked(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    provider: AccountAPI,
    offset: int,
    later: int,
) -> None:
    """The vectors of the lock: 91 days, 90 days, 84 days and a second."""
    staked_at = clock.at(start_of(1) + offset)
    unlocks_at = staked_at + VECTORS[offset][0]
    lot = id_of(delegator.address, 1)

    with money.moves(delegated, delegator=-MINIMUM):
        receipt = delegated.stake(delegator, provider.address, MINIMUM)
    assert receipt.events == (
        Staked(delegator.address, provider.address, lot, MINIMUM, unlocks_at),
    )

    clock.at(unlocks_at - 1)
    check_refused(StillLocked(unlocks_at=unlocks_at), delegated.unstake, delegator, lot, MINIMUM)
    assert delegated.positions_of(delegator.address) == [locked(lot, MINIMUM, unlocks_at)]

    unstaked_at = clock.at(unlocks_at + later)
    assert delegated.positions_of(delegator.address) == [unlocked(lot, MINIMUM, unlocks_at)]
    with money.rests(delegated):
        left = delegated.unstake(delegator, lot, MINIMUM)
    assert left.timestamp == unstaked_at
    assert left.events == (Unstaked(delegator.address, lot, lot, MINIMUM, payday_of(unstaked_at)),)


@pytest.mark.rule("C-1", "E-4")
@pytest.mark.case(8)
@pytest.mark.parametrize("offset", VECTORS)
@pytest.mark.parametrize("later", [0, 1, W + 5])
def test_a_ticket_opens_2_weeks_less_its_offset_after_it_was_unstaked(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    provider: AccountAPI,
    offset: int,
    later: int,
) -> None:
    """The vectors of the wait: Monday 14 days, Tuesday 13, the last second 7 days and one."""
    clock.at(start_of(1))
    lot = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    unstaked_at = clock.at(start_of(14) + offset)
    available_at = unstaked_at + VECTORS[offset][1]

    receipt = delegated.unstake(delegator, lot, MINIMUM)
    assert receipt.events == (Unstaked(delegator.address, lot, lot, MINIMUM, available_at),)

    clock.at(available_at - 1)
    check_refused(StillUndelegating(available_at=available_at), delegated.claim, delegator, lot)
    assert delegated.positions_of(delegator.address) == [leaving(lot, MINIMUM, available_at)]

    clock.at(available_at + later)
    assert delegated.positions_of(delegator.address) == [claimable(lot, MINIMUM, available_at)]
    assert delegated.preview_claim(lot) == MINIMUM
    with money.moves(delegated, delegator=MINIMUM):
        paid = delegated.claim(delegator, lot)
    assert paid.timestamp == available_at + later
    assert paid.events == (Claimed(delegator.address, lot, MINIMUM),)
    assert delegated.positions_of(delegator.address) == [closed(lot)]


@pytest.mark.rule("E-2", "E-4")
@pytest.mark.parametrize("offset", VECTORS)
def test_from_stake_to_money_takes_until_epoch_15_after(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    provider: AccountAPI,
    offset: int,
) -> None:
    staking_epoch = 3
    staked_at = clock.at(start_of(staking_epoch) + offset)
    before = money.look(delegated)
    lot = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    unlocks_at = unlock_of(staked_at)
    money_at = start_of(staking_epoch + 15)

    check_opens(
        clock,
        unlocks_at,
        StillLocked(unlocks_at=unlocks_at),
        delegated.unstake,
        delegator,
        lot,
        MINIMUM,
    )
    check_opens(
        clock, money_at, StillUndelegating(available_at=money_at), delegated.claim, delegator, lot
    )

    assert money.look(delegated) == before


@pytest.mark.slow
@pytest.mark.rule("C-1", "E-2", "E-4")
def test_every_part_of_an_epoch_locks_and_waits_as_the_formulas_say(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, provider: AccountAPI
) -> None:
    """At 552 seconds across one epoch: lock = 13 W - o, wait = 2 W - o."""
    clock.at(start_of(1))
    lot = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    # Evenly, but on odd seconds too; and every second around both ends and the first midnight.
    around = [o for edge in (0, DAY, W) for o in range(edge - 9, edge + 10) if 0 <= o < W]
    offsets = sorted({*range(0, W, W // 514 + 1), *around})
    assert len(offsets) >= 500

    for offset in offsets:
        now = clock.at(start_of(20) + offset)
        locked_for = delegated.preview_stake(provider.address, MINIMUM) - now
        waits_for = delegated.preview_unstake(lot, MINIMUM)[1] - now
        assert (offset, locked_for, waits_for) == (offset, 13 * W - offset, 2 * W - offset)


@pytest.mark.rule("C-1", "C-3", "E-2", "E-4")
def test_lots_staked_all_over_an_epoch_leave_as_the_formulas_say(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, provider: AccountAPI
) -> None:
    """Really staked, unstaked at the same offset 13 epochs later, and claimed: to the second."""
    lots = {}
    for offset in OFFSETS:
        clock.at(start_of(1) + offset)
        staked = delegated.stake(delegator, provider.address, MINIMUM)
        assert staked.main.unlocks_at == staked.timestamp + 13 * W - offset == start_of(14)
        lots[offset] = staked.main.stake_id

    clock.at(start_of(14) - 1)
    for lot in lots.values():
        check_refused(
            StillLocked(unlocks_at=start_of(14)), delegated.unstake, delegator, lot, MINIMUM
        )

    for offset, lot in lots.items():
        clock.at(start_of(14) + offset)
        left = delegated.unstake(delegator, lot, MINIMUM)
        assert left.main.available_at == left.timestamp + 2 * W - offset == start_of(16)

    clock.at(start_of(16) - 1)
    for lot in lots.values():
        check_refused(StillUndelegating(available_at=start_of(16)), delegated.claim, delegator, lot)
    clock.at(start_of(16))
    for lot in lots.values():
        assert delegated.claim(delegator, lot).events == (Claimed(delegator.address, lot, MINIMUM),)
