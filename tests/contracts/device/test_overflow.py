"""Overflow: what of the owner's stake is more than required, and a full unstake by an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import UNLIMITED
from unbond.errors import ZeroAmount
from unbond.positions import Position
from unbond.systems.device import (
    CoUnstaked,
    DeviceStatus,
    Exit,
    ExitKind,
    NotInitialWallet,
    OutcomeChanged,
    OverflowWithdrawn,
    Preview,
    Unstaked,
    WithdrawFirst,
)

from .checks import (
    BPS,
    CO_STAKE,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    WAIT,
    check_refused,
    check_withdraws,
    closed,
    co_stake,
    co_staked,
    leaving,
    own_stake,
    staked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.device import DeviceStaking

    from .conftest import Pair

# Many of them, with a story each.
pytestmark = pytest.mark.slow

OVERFLOWS = {
    # (cards, own stake, co-stake): overflow, all in IO
    (4, 1, 0): 0,
    (4, 799, 0): 0,
    (4, 800, 0): 0,
    (4, 801, 0): 1,
    (4, 2000, 0): 1200,
    (4, 800, 300): 300,
    (4, 800, 400): 400,
    (4, 1000, 400): 600,
    (5, 800, 300): 100,
    (6, 800, 300): 0,
    (65_535, 800, 400): 0,
    (2, 800, 300): 700,
    (2, 800, 400): 800,
    (1, 800, 300): 800,
    (1, 800, 400): 800,
}


@pytest.mark.rule("D-10")
@pytest.mark.case(41)
@pytest.mark.parametrize(("stakes", "overflow"), OVERFLOWS.items(), ids=str)
def test_overflow_is_both_stakes_less_the_requirement(
    device: DeviceStaking,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    stakes: tuple[int, int, int],
    overflow: int,
) -> None:
    """Case 41: never below zero, and never more than the owner's stake; and it is what is paid."""
    cards, own, co = stakes
    staked(device, worker, amount=own * IO)
    if co:
        co_staked(device, worker, co_staker, amount=co * IO)
    device.set_requirement(registrar, RIG, BPS, cards)
    others = device.positions_of(co_staker.address)
    status, eligible = device.status_of(RIG), device.is_eligible(RIG)

    assert device.overflow(RIG) == overflow * IO
    if overflow:
        with money.moves(device, worker=overflow * IO):
            receipt = device.withdraw_overflow(worker, RIG)
        assert receipt.events == (
            OverflowWithdrawn(worker.address, RIG, overflow * IO, (own - overflow) * IO),
        )
    check_refused(ZeroAmount(), device.withdraw_overflow, worker, RIG)

    # No cooldown, no change of status, nothing of the co-staker's.
    assert device.overflow(RIG) == 0
    assert (device.status_of(RIG), device.is_eligible(RIG)) == (status, eligible)
    assert device.positions_of(worker.address) == [own_stake(RIG, (own - overflow) * IO)]
    assert device.positions_of(co_staker.address) == others


@pytest.mark.rule("D-11", "D-10")
@pytest.mark.case(41)
@pytest.mark.parametrize("expected", [ExitKind.ANY, ExitKind.OVERFLOW])
@pytest.mark.parametrize("amount", [1, CO_STAKE // 2, CO_STAKE - 1, CO_STAKE])
def test_up_to_the_overflow_is_paid_at_once(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
    amount: int,
    expected: ExitKind,
) -> None:
    """Case 41: 800 IO required, 800 own, 300 of a co-staker; exactly the overflow too."""
    remaining = RIG_REQUIRES - amount
    assert device.preview_unstake(RIG, amount) == Preview(ExitKind.OVERFLOW, amount, clock.now, "")

    with money.moves(device, worker=amount):
        receipt = device.unstake_amount(worker, RIG, amount, expected)

    assert receipt.events == (OverflowWithdrawn(worker.address, RIG, amount, remaining),)
    assert device.device_of(RIG).stake == remaining
    assert device.overflow(RIG) == CO_STAKE - amount
    assert device.counted_stake(RIG) == remaining + CO_STAKE
    assert device.is_eligible(RIG)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT
    assert device.positions_of(worker.address) == [own_stake(RIG, remaining)]
    assert device.positions_of(co_staker.address) == [co_stake(RIG, CO_STAKE)]


@pytest.mark.rule("D-11", "D-13")
@pytest.mark.case(41)
@pytest.mark.parametrize("expected", [ExitKind.ANY, ExitKind.FULL])
@pytest.mark.parametrize(
    "amount", [CO_STAKE + 1, RIG_REQUIRES, RIG_REQUIRES + 1, UNLIMITED], ids=hex
)
def test_one_wei_more_is_a_full_unstake(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
    amount: int,
    expected: ExitKind,
) -> None:
    """Case 41: everything leaves and the device stops, even if more is named than there is."""
    now, end = clock.now, clock.now + COOLDOWN
    assert device.preview_unstake(RIG, amount) == Preview(ExitKind.FULL, RIG_REQUIRES, end, "")

    with money.rests(device):
        receipt = device.unstake_amount(worker, RIG, amount, expected)

    assert receipt.events == (
        Unstaked(worker.address, RIG, pair.own, RIG_REQUIRES, end),
        CoUnstaked(co_staker.address, RIG, pair.co, CO_STAKE, now, end),
    )
    assert not device.is_eligible(RIG)
    assert device.status_of(RIG) is DeviceStatus.IN_COOLDOWN
    assert device.positions_of(worker.address) == [leaving(pair.own, RIG_REQUIRES, end)]
    assert device.positions_of(co_staker.address) == [leaving(pair.co, CO_STAKE, end)]


@pytest.mark.rule("D-11")
@pytest.mark.case(41)
def test_what_would_come_to_something_else_than_expected_is_refused(
    device: DeviceStaking, money: Money, worker: AccountAPI, pair: Pair
) -> None:
    """Case 41: either way, on both sides of the boundary."""
    before = device.positions_of(worker.address)
    with money.rests(device):
        for amount in (1, CO_STAKE):
            check_refused(
                OutcomeChanged(expected=ExitKind.FULL, actual=ExitKind.OVERFLOW),
                device.unstake_amount,
                worker,
                RIG,
                amount,
                ExitKind.FULL,
                foretold=False,
            )
        for amount in (CO_STAKE + 1, RIG_REQUIRES, UNLIMITED):
            check_refused(
                OutcomeChanged(expected=ExitKind.OVERFLOW, actual=ExitKind.FULL),
                device.unstake_amount,
                worker,
                RIG,
                amount,
                ExitKind.OVERFLOW,
                foretold=False,
            )
    assert device.positions_of(worker.address) == before


@pytest.mark.rule("D-11", "D-10")
@pytest.mark.case(41)
def test_a_requirement_raised_after_the_quote_does_not_turn_it_into_a_full_unstake(
    device: DeviceStaking, money: Money, registrar: AccountAPI, worker: AccountAPI, pair: Pair
) -> None:
    """Case 41: unless whoever sends it wants whatever it comes to."""
    assert device.preview_unstake(RIG, CO_STAKE).kind is ExitKind.OVERFLOW
    device.set_requirement(registrar, RIG, BPS, 5)

    check_refused(
        OutcomeChanged(expected=ExitKind.OVERFLOW, actual=ExitKind.FULL),
        device.unstake_amount,
        worker,
        RIG,
        CO_STAKE,
        ExitKind.OVERFLOW,
        foretold=False,
    )
    # What still is overflow is paid as such.
    with money.moves(device, worker=100 * IO):
        receipt = device.unstake_amount(worker, RIG, 100 * IO, ExitKind.OVERFLOW)
    assert receipt.events == (OverflowWithdrawn(worker.address, RIG, 100 * IO, 700 * IO),)

    with money.rests(device):
        whole = device.unstake_amount(worker, RIG, CO_STAKE, ExitKind.ANY)
    assert isinstance(whole.main, Unstaked)
    assert whole.main.amount == 700 * IO


@pytest.mark.rule("D-11", "D-10")
@pytest.mark.case(41)
def test_a_requirement_lowered_after_the_quote_does_not_turn_it_into_a_payment(
    device: DeviceStaking, money: Money, registrar: AccountAPI, worker: AccountAPI, pair: Pair
) -> None:
    """Case 41: who wants to leave with everything is told."""
    assert device.preview_unstake(RIG, CO_STAKE + 1).kind is ExitKind.FULL
    device.set_requirement(registrar, RIG, BPS, 3)

    check_refused(
        OutcomeChanged(expected=ExitKind.FULL, actual=ExitKind.OVERFLOW),
        device.unstake_amount,
        worker,
        RIG,
        CO_STAKE + 1,
        ExitKind.FULL,
        foretold=False,
    )
    with money.moves(device, worker=CO_STAKE + 1):
        device.unstake_amount(worker, RIG, CO_STAKE + 1, ExitKind.ANY)
    assert device.overflow(RIG) == 200 * IO - 1


@pytest.mark.rule("D-11", "D-10", "D-12")
@pytest.mark.case(41)
def test_a_co_staker_who_leaves_after_the_quote_takes_his_part_of_the_overflow_along(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 41: in the wait his stake counts toward the requirement, but is no overflow."""
    device.stake(worker, RIG, 100 * IO)
    assert device.overflow(RIG) == 400 * IO
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp

    for moment in (clock.now, left_at + WAIT - 1, left_at + WAIT):
        clock.at(moment)
        assert device.overflow(RIG) == 100 * IO
        check_refused(
            OutcomeChanged(expected=ExitKind.OVERFLOW, actual=ExitKind.FULL),
            device.unstake_amount,
            worker,
            RIG,
            100 * IO + 1,
            ExitKind.OVERFLOW,
            foretold=False,
        )
    with money.moves(device, worker=100 * IO):
        device.withdraw_overflow(worker, RIG)
    assert device.is_eligible(RIG)


@pytest.mark.rule("D-10", "D-11")
@pytest.mark.case(41)
def test_overflow_in_parts_comes_to_the_same(
    device: DeviceStaking, clock: Clock, money: Money, worker: AccountAPI, pair: Pair
) -> None:
    """Case 41: and then one wei is a full unstake."""
    with money.moves(device, worker=CO_STAKE):
        device.unstake_amount(worker, RIG, 1, ExitKind.OVERFLOW)
        device.unstake_amount(worker, RIG, CO_STAKE - 3, ExitKind.OVERFLOW)
        device.unstake_amount(worker, RIG, 1, ExitKind.ANY)
        device.withdraw_overflow(worker, RIG)
    assert device.overflow(RIG) == 0
    remaining = RIG_REQUIRES - CO_STAKE
    assert device.preview_unstake(RIG, 1) == Preview(
        ExitKind.FULL, remaining, clock.now + COOLDOWN, ""
    )

    unstaked_at = device.unstake_amount(worker, RIG, 1, ExitKind.ANY).timestamp
    with money.moves(device, worker=remaining):
        check_withdraws(clock, device, worker, pair.own, unstaked_at + COOLDOWN)


@pytest.mark.rule("D-10", "D-11", "D-4")
@pytest.mark.case(17, 41)
def test_an_owner_whose_whole_stake_was_overflow_can_still_leave(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    stranger: AccountAPI,
    solo: int,
) -> None:
    """Cases 17 and 41: an exit worth nothing does not stand in the way for ever."""
    co = co_staked(device, worker, co_staker, amount=400 * IO)
    device.set_requirement(registrar, RIG, BPS, 1)
    with money.moves(device, worker=RIG_REQUIRES):
        device.unstake_amount(worker, RIG, RIG_REQUIRES, ExitKind.OVERFLOW)
    assert device.positions_of(worker.address) == [own_stake(RIG, 0)]
    check_refused(
        NotInitialWallet(expected=worker.address, caller=stranger.address),
        device.stake,
        stranger,
        RIG,
        IO,
    )

    with money.rests(device):
        receipt = device.unstake(worker, RIG)
    end = receipt.timestamp + COOLDOWN
    assert receipt.main == Unstaked(worker.address, RIG, solo, 0, end)
    assert device.exit_of(solo) == Exit(worker.address, RIG, 0, end, False)
    with money.rests(device):
        check_withdraws(clock, device, worker, solo, end)
    assert device.positions_of(worker.address) == [closed(solo)]
    with money.moves(device, co_staker=400 * IO):
        device.withdraw(co_staker, co)
    staked(device, stranger)


@pytest.mark.rule("D-10", "D-11", "C-12")
@pytest.mark.case(13)
def test_there_is_no_overflow_of_nothing(
    device: DeviceStaking, worker: AccountAPI, solo: int
) -> None:
    """Case 13: no amount, or nothing to pay."""
    for kind in ExitKind:
        check_refused(ZeroAmount(), device.unstake_amount, worker, RIG, 0, kind)
    check_refused(ZeroAmount(), device.withdraw_overflow, worker, RIG)


@pytest.mark.rule("D-10", "D-4")
def test_there_is_no_overflow_of_what_has_left(
    device: DeviceStaking, clock: Clock, registrar: AccountAPI, worker: AccountAPI
) -> None:
    stake = staked(device, worker, amount=5 * RIG_REQUIRES)
    end = device.unstake(worker, RIG).timestamp + COOLDOWN
    device.set_requirement(registrar, RIG, BPS, 1)
    for moment in (clock.now, end):
        clock.at(moment)
        assert device.overflow(RIG) == 0
        refusal = WithdrawFirst(exit_id=stake)
        check_refused(refusal, device.withdraw_overflow, worker, RIG)
        check_refused(refusal, device.unstake_amount, worker, RIG, 1, ExitKind.OVERFLOW)


@pytest.mark.rule("D-10", "C-5")
@pytest.mark.case(9)
def test_the_overflow_is_the_owners_alone(
    device: DeviceStaking, worker: AccountAPI, co_staker: AccountAPI, pair: Pair
) -> None:
    """Case 9: the co-staker, without whom there would be none, has no part in it."""
    refusal = NotInitialWallet(expected=worker.address, caller=co_staker.address)
    check_refused(refusal, device.withdraw_overflow, co_staker, RIG)
    check_refused(refusal, device.unstake_amount, co_staker, RIG, 1, ExitKind.ANY, foretold=False)


@pytest.mark.rule("C-3", "D-10")
@pytest.mark.case(2)
def test_taking_overflow_moves_no_exit(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 2: the co-staker's, which waits."""
    device.stake(worker, RIG, 100 * IO)
    device.unstake_co_stake(co_staker, RIG)
    before: list[Position] = device.positions_of(co_staker.address)
    clock.travel(days=1)
    device.withdraw_overflow(worker, RIG)
    assert device.positions_of(co_staker.address) == before
