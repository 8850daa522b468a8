"""What stands in the way of an exit: a cluster that rents the device, an open offer; an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import UNLIMITED, undone
from unbond.systems.device import (
    CoUnstaked,
    DeviceEnded,
    DeviceRented,
    DeviceStatus,
    DeviceTerminated,
    ExitKind,
    OfferChanged,
    OfferClosed,
    OfferOpen,
    OutcomeChanged,
    OverflowWithdrawn,
    Preview,
    RentedChanged,
    Skipped,
    Unstaked,
)

from .checks import (
    BPS,
    CO_SHARE,
    CO_STAKE,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    WAIT,
    check_refused,
    check_withdraws,
    co_stake,
    leaving,
    no_co_stake,
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


@pytest.mark.rule("D-14", "C-7", "C-8")
@pytest.mark.case(42)
def test_while_the_device_is_rented_neither_party_can_unstake(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 42: rented one block before the exit; for as long as it lasts, and no longer."""
    with money.rests(device):
        receipt = device.set_rented(registrar, RIG, True)
        assert receipt.events == (RentedChanged(RIG, False, True),)
        assert device.device_of(RIG).rented
        for _ in range(2):
            check_refused(DeviceRented(), device.unstake, worker, RIG)
            for expected in (ExitKind.ANY, ExitKind.FULL):
                for amount in (CO_STAKE + 1, UNLIMITED):
                    check_refused(
                        DeviceRented(), device.unstake_amount, worker, RIG, amount, expected
                    )
            check_refused(DeviceRented(), device.unstake_co_stake, co_staker, RIG)
            assert device.preview_unstake(RIG, UNLIMITED) == Preview(
                ExitKind.FULL, RIG_REQUIRES, clock.now + COOLDOWN, "DeviceRented"
            )
            assert device.positions_of(worker.address) == [
                own_stake(RIG, RIG_REQUIRES, blocked_by="DeviceRented")
            ]
            assert device.positions_of(co_staker.address) == [
                co_stake(RIG, CO_STAKE, blocked_by="DeviceRented")
            ]
            clock.travel(days=1000)

        receipt = device.set_rented(registrar, RIG, False)
        assert receipt.events == (RentedChanged(RIG, True, False),)
        assert not device.device_of(RIG).rented
        assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES)]
        assert device.positions_of(co_staker.address) == [co_stake(RIG, CO_STAKE)]
        device.unstake_co_stake(co_staker, RIG)
        device.unstake(worker, RIG)


@pytest.mark.rule("D-14", "C-7")
def test_that_a_device_is_rented_can_be_said_again(
    device: DeviceStaking, registrar: AccountAPI
) -> None:
    for old, new in ((False, False), (False, True), (True, True), (True, False)):
        receipt = device.set_rented(registrar, RIG, new)
        assert receipt.events == (RentedChanged(RIG, old, new),)


@pytest.mark.rule("D-14", "D-10", "D-11", "D-7")
def test_overflow_and_rewards_are_not_blocked_while_the_device_is_rented(
    device: DeviceStaking,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    pair: Pair,
) -> None:
    device.set_rented(registrar, RIG, True)
    with money.moves(device, worker=IO):
        receipt = device.unstake_amount(worker, RIG, IO, ExitKind.ANY)
    assert receipt.events == (OverflowWithdrawn(worker.address, RIG, IO, RIG_REQUIRES - IO),)
    with money.moves(device, worker=CO_STAKE - IO):
        device.withdraw_overflow(worker, RIG)
    assert device.is_eligible(RIG)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT

    # More can come in, and be earned and claimed.
    with money.moves(device, worker=-IO + 75 * IO, rewarder=-100 * IO):
        device.stake(worker, RIG, IO)
        device.distribute(rewarder, RIG, 100 * IO)
        device.claim_rewards(worker, RIG)


@pytest.mark.rule("D-14", "C-2")
@pytest.mark.case(4, 42)
def test_being_rented_later_does_not_touch_exits_that_run(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 4 and 42: nor do the requirement or the end of the device."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(left_at + WAIT)
    unstaked_at = device.unstake(worker, RIG).timestamp
    device.set_rented(registrar, RIG, True)
    device.set_requirement(registrar, RIG, 10 * BPS, 8)
    assert device.positions_of(worker.address) == [
        leaving(pair.own, RIG_REQUIRES, unstaked_at + COOLDOWN)
    ]

    with money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, pair.co, left_at + WAIT + COOLDOWN)
    device.terminate_device(registrar, RIG)
    with money.moves(device, worker=RIG_REQUIRES):
        device.withdraw(worker, pair.own)


@pytest.mark.rule("D-14", "D-12")
@pytest.mark.case(42)
def test_a_wait_goes_on_while_the_device_is_rented(
    device: DeviceStaking,
    clock: Clock,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 42: the co-staker is on his way, the owner cannot follow and changes nothing for him."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    device.set_rented(registrar, RIG, True)
    check_refused(DeviceRented(), device.unstake, worker, RIG)
    clock.at(left_at + WAIT - 1)
    assert device.counted_stake(RIG) == RIG_REQUIRES + CO_STAKE
    clock.at(left_at + WAIT)
    assert device.counted_stake(RIG) == RIG_REQUIRES
    check_withdraws(clock, device, co_staker, pair.co, left_at + WAIT + COOLDOWN)


@pytest.mark.rule("D-14", "D-11", "C-8")
@pytest.mark.parametrize("surplus", [0, 1, 50 * IO])
def test_while_an_offer_is_open_the_stake_cannot_fall_below_the_minimum(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    surplus: int,
) -> None:
    """Down to exactly the minimum it can."""
    stake = staked(device, worker, amount=RIG_REQUIRES + surplus)
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    refusal = OfferOpen(remaining=0, minimum=RIG_REQUIRES)
    if surplus:
        with money.moves(device, worker=surplus):
            receipt = device.unstake_amount(worker, RIG, surplus, ExitKind.ANY)
        assert receipt.events == (OverflowWithdrawn(worker.address, RIG, surplus, RIG_REQUIRES),)
        assert device.status_of(RIG) is DeviceStatus.SUFFICIENT_WAITING

    with money.rests(device):
        check_refused(refusal, device.unstake, worker, RIG)
        for expected in (ExitKind.ANY, ExitKind.FULL):
            for amount in (1, RIG_REQUIRES, UNLIMITED):
                check_refused(refusal, device.unstake_amount, worker, RIG, amount, expected)
    assert device.preview_unstake(RIG, 1) == Preview(
        ExitKind.FULL, RIG_REQUIRES, clock.now + COOLDOWN, "OfferOpen"
    )
    assert device.positions_of(worker.address) == [
        own_stake(RIG, RIG_REQUIRES, blocked_by="OfferOpen")
    ]

    device.close_offer(worker, RIG)
    assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES)]
    left = device.unstake(worker, RIG)
    assert left.events == (
        Unstaked(worker.address, RIG, stake, RIG_REQUIRES, left.timestamp + COOLDOWN),
    )


@pytest.mark.rule("D-14", "D-8")
def test_an_offer_that_was_accepted_blocks_nobody(
    device: DeviceStaking, worker: AccountAPI, co_staker: AccountAPI, pair: Pair
) -> None:
    assert not device.co_stake_of(RIG).offer_open
    device.unstake_co_stake(co_staker, RIG)
    device.unstake(worker, RIG)


@pytest.mark.rule("D-14", "D-12")
def test_an_open_offer_does_not_block_a_co_stake_that_waits(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    check_refused(OfferOpen(remaining=0, minimum=RIG_REQUIRES), device.unstake, worker, RIG)
    with money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, pair.co, left_at + WAIT + COOLDOWN)


@pytest.mark.rule("D-14", "D-11", "C-8")
def test_of_several_refusals_the_first_is_given(
    device: DeviceStaking, registrar: AccountAPI, worker: AccountAPI, solo: int
) -> None:
    """That it would come to something else, then that it is rented, then that an offer is open."""
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    device.set_rented(registrar, RIG, True)
    check_refused(
        OutcomeChanged(expected=ExitKind.OVERFLOW, actual=ExitKind.FULL),
        device.unstake_amount,
        worker,
        RIG,
        1,
        ExitKind.OVERFLOW,
        foretold=False,
    )
    check_refused(DeviceRented(), device.unstake_amount, worker, RIG, 1, ExitKind.FULL)
    check_refused(DeviceRented(), device.unstake, worker, RIG)
    assert device.positions_of(worker.address) == [
        own_stake(RIG, RIG_REQUIRES, blocked_by="DeviceRented")
    ]
    device.set_rented(registrar, RIG, False)
    check_refused(OfferOpen(remaining=0, minimum=RIG_REQUIRES), device.unstake, worker, RIG)


@pytest.mark.rule("D-15", "D-7", "C-7")
@pytest.mark.case(38)
def test_a_device_that_ends_earns_nothing_and_unstakes_nobody(
    device: DeviceStaking,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 38: the money inside stays where it was."""
    device.distribute(rewarder, RIG, 100 * IO)
    with money.rests(device):
        receipt = device.terminate_device(registrar, RIG)
    assert receipt.events == (DeviceTerminated(RIG),)
    assert device.device_of(RIG).terminated
    assert device.status_of(RIG) is DeviceStatus.TERMINATED
    assert not device.is_eligible(RIG)
    assert device.counted_stake(RIG) == RIG_REQUIRES + CO_STAKE
    assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES, 75 * IO)]
    assert device.positions_of(co_staker.address) == [co_stake(RIG, CO_STAKE, 25 * IO)]

    with money.rests(device):
        earned = device.distribute(rewarder, RIG, IO)
    assert earned.events == (Skipped(RIG, IO),)
    # What was earned before stays theirs.
    with money.moves(device, worker=75 * IO, co_staker=25 * IO):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)


@pytest.mark.rule("D-15", "D-12", "D-13", "D-10")
@pytest.mark.case(38)
@pytest.mark.parametrize("first", ["owner", "co-staker"])
def test_from_a_device_that_has_ended_each_leaves_by_his_own_path(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
    first: str,
) -> None:
    """Case 38: overflow at once, 14 days from the owner's exit, 21 for a co-staker who is first."""
    device.terminate_device(registrar, RIG)
    with money.moves(device, worker=CO_STAKE):
        device.withdraw_overflow(worker, RIG)
    own = RIG_REQUIRES - CO_STAKE

    if first == "owner":
        receipt = device.unstake(worker, RIG)
        end = receipt.timestamp + COOLDOWN
        assert receipt.events == (
            Unstaked(worker.address, RIG, pair.own, own, end),
            CoUnstaked(co_staker.address, RIG, pair.co, CO_STAKE, end - COOLDOWN, end),
        )
        with undone(), money.moves(device, worker=own):
            check_withdraws(clock, device, worker, pair.own, end)
    else:
        left_at = device.unstake_co_stake(co_staker, RIG).timestamp
        end = left_at + WAIT + COOLDOWN
        assert device.positions_of(worker.address) == [own_stake(RIG, own)]
    assert device.status_of(RIG) is DeviceStatus.TERMINATED
    with money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, pair.co, end)


@pytest.mark.rule("D-15", "D-14")
def test_the_end_of_a_device_closes_its_offer(
    device: DeviceStaking,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    solo: int,
) -> None:
    """So that it does not hold the owner back."""
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    receipt = device.terminate_device(registrar, RIG)
    assert receipt.events == (DeviceTerminated(RIG), OfferClosed(RIG, 1))
    assert device.co_stake_of(RIG) == no_co_stake(1, CO_STAKE, CO_SHARE)
    check_refused(OfferChanged(), device.accept_offer, co_staker, RIG, 1, CO_STAKE, CO_SHARE)
    device.unstake(worker, RIG)


@pytest.mark.rule("D-15", "D-4")
def test_a_device_ends_once_and_for_ever(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    latecomer: AccountAPI,
    solo: int,
) -> None:
    refusal = DeviceEnded(device_id=RIG)
    device.terminate_device(registrar, RIG)

    def check_over() -> None:
        check_refused(refusal, device.terminate_device, registrar, RIG)
        for person in (worker, latecomer):
            check_refused(refusal, device.stake, person, RIG, RIG_REQUIRES)
        assert device.status_of(RIG) is DeviceStatus.TERMINATED

    check_over()
    unstaked_at = device.unstake(worker, RIG).timestamp
    check_over()
    with money.moves(device, worker=RIG_REQUIRES):
        check_withdraws(clock, device, worker, solo, unstaked_at + COOLDOWN)
    check_over()
