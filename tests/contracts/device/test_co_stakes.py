"""Who leaves first: a co-staker's wait and cooldown, and an owner who takes the co-stake along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, ZERO_ADDRESS, id_of, undone
from unbond.clock import LAST_BLOCK
from unbond.errors import NotYours
from unbond.systems.device import (
    AlreadyWithdrawn,
    CoolingDown,
    CoStakeInfo,
    CoUnstaked,
    DeviceStatus,
    Exit,
    NotInitialWallet,
    NotStaked,
    Unstaked,
    WaitEnded,
    WithdrawFirst,
    Withdrawn,
)

from .checks import (
    CO_SHARE,
    CO_STAKE,
    COOLDOWN,
    IO,
    OFFSETS,
    RIG,
    RIG_REQUIRES,
    WAIT,
    check_refused,
    check_withdraws,
    claimable,
    closed,
    co_stake,
    co_staked,
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


@pytest.mark.rule("D-12", "D-7")
def test_a_co_staker_who_leaves_first_waits_and_then_cools_down(
    device: DeviceStaking,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    with money.rests(device):
        receipt = device.unstake_co_stake(co_staker, RIG)

    waits_until = receipt.timestamp + 7 * DAY
    end = receipt.timestamp + 21 * DAY
    assert receipt.events == (
        CoUnstaked(co_staker.address, RIG, pair.co, CO_STAKE, waits_until, end),
    )
    assert device.exit_of(pair.co) == Exit(co_staker.address, RIG, CO_STAKE, end, True)
    assert device.co_stake_of(RIG) == CoStakeInfo(
        ZERO_ADDRESS, 0, 0, 0, CO_STAKE, waits_until, False, 1, CO_STAKE, CO_SHARE
    )
    assert device.counted_stake(RIG) == RIG_REQUIRES + CO_STAKE
    assert device.status_of(RIG) is DeviceStatus.CO_STAKER_UNSTAKED
    assert device.positions_of(co_staker.address) == [leaving(pair.co, CO_STAKE, end)]
    assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES)]


@pytest.mark.rule("D-12", "D-5", "C-1")
@pytest.mark.case(8)
def test_a_co_stake_that_left_first_is_shut_for_twenty_one_days_and_then_pays_once(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 8, and the vector of document 001."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    end = left_at + 1_814_400
    for moment in (left_at + WAIT, left_at + COOLDOWN, left_at + 1_814_399):
        clock.at(moment)
        check_refused(CoolingDown(available_at=end), device.withdraw, co_staker, pair.co)

    with money.moves(device, co_staker=CO_STAKE):
        receipt = check_withdraws(clock, device, co_staker, pair.co, end)
    assert receipt.events == (Withdrawn(co_staker.address, pair.co, CO_STAKE),)
    check_refused(AlreadyWithdrawn(exit_id=pair.co), device.withdraw, co_staker, pair.co)
    assert device.exit_of(pair.co) == Exit(co_staker.address, 0, 0, 0, False)
    assert device.positions_of(co_staker.address) == [closed(pair.co)]
    assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES)]


@pytest.mark.rule("D-12", "D-7", "C-1")
@pytest.mark.case(8, 25)
def test_a_co_stake_counts_to_the_last_second_of_its_wait(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 8 and 25: nothing has to be sent for it to end."""
    device.withdraw_overflow(worker, RIG)
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp

    for moment in (clock.now, left_at + WAIT // 2, left_at + WAIT - 1):
        clock.at(moment)
        assert device.counted_stake(RIG) == RIG_REQUIRES
        assert device.is_eligible(RIG)
        info = device.co_stake_of(RIG)
        assert (info.waiting, info.waiting_until) == (CO_STAKE, left_at + WAIT)
    for moment in (left_at + WAIT, left_at + WAIT + COOLDOWN):
        clock.at(moment)
        assert device.counted_stake(RIG) == RIG_REQUIRES - CO_STAKE
        assert not device.is_eligible(RIG)
        assert device.co_stake_of(RIG) == no_co_stake(1, CO_STAKE, CO_SHARE)


@pytest.mark.rule("D-12")
def test_in_the_wait_the_owner_can_top_up(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    device.withdraw_overflow(worker, RIG)
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(left_at + WAIT - 1)
    device.stake(worker, RIG, CO_STAKE)
    assert clock.now == left_at + WAIT
    assert device.is_eligible(RIG)
    assert device.counted_stake(RIG) == RIG_REQUIRES


@pytest.mark.rule("D-12", "D-7", "D-8")
def test_in_the_wait_another_co_staker_can_come(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """For the rest of it both count; the exit of the first is as it was."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(left_at + 2 * DAY)
    co = co_staked(device, worker, second_co_staker, amount=100 * IO, share=5_000)

    assert device.co_stake_of(RIG) == CoStakeInfo(
        second_co_staker.address,
        100 * IO,
        co,
        5_000,
        CO_STAKE,
        left_at + WAIT,
        False,
        2,
        100 * IO,
        5_000,
    )
    assert device.overflow(RIG) == 100 * IO
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT
    clock.at(left_at + WAIT - 1)
    assert device.counted_stake(RIG) == RIG_REQUIRES + CO_STAKE + 100 * IO
    clock.at(left_at + WAIT)
    assert device.counted_stake(RIG) == RIG_REQUIRES + 100 * IO
    with money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, pair.co, left_at + WAIT + COOLDOWN)
    assert device.positions_of(second_co_staker.address) == [co_stake(RIG, 100 * IO)]


@pytest.mark.rule("D-12", "C-5", "C-12")
@pytest.mark.case(9)
def test_nobody_but_the_co_staker_acts_on_his_co_stake(
    device: DeviceStaking,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    stranger: AccountAPI,
    registrar: AccountAPI,
    pair: Pair,
) -> None:
    """Case 9: before he leaves, and afterwards."""
    others = (worker, second_co_staker, stranger, registrar)
    for person in others:
        check_refused(
            NotYours(owner=co_staker.address, caller=person.address),
            device.unstake_co_stake,
            person,
            RIG,
        )
    device.unstake_co_stake(co_staker, RIG)
    for person in others:
        check_refused(
            NotInitialWallet(expected=co_staker.address, caller=person.address),
            device.withdraw,
            person,
            pair.co,
            foretold=False,
        )


@pytest.mark.rule("D-12", "C-12")
@pytest.mark.case(2)
def test_a_co_stake_leaves_once(
    device: DeviceStaking, clock: Clock, worker: AccountAPI, co_staker: AccountAPI, solo: int
) -> None:
    """Case 2: a second try neither pays nor waits anew."""
    refusal = NotStaked(device_id=RIG)
    check_refused(refusal, device.unstake_co_stake, co_staker, RIG)
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    check_refused(refusal, device.unstake_co_stake, co_staker, RIG)
    device.accept_offer(co_staker, RIG, 1, CO_STAKE, CO_SHARE)

    co = id_of(co_staker.address, 1)
    end = device.unstake_co_stake(co_staker, RIG).main.available_at
    for moment in (clock.now, end - COOLDOWN, end):
        clock.at(moment)
        for person in (co_staker, worker):
            check_refused(refusal, device.unstake_co_stake, person, RIG)
        assert device.exit_of(co).available_at == end


@pytest.mark.rule("D-13", "D-3")
@pytest.mark.case(42)
def test_an_owner_who_leaves_first_takes_the_co_stake_along(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 42: both go straight into their 14 days."""
    with money.rests(device):
        receipt = device.unstake(worker, RIG)

    now, end = receipt.timestamp, receipt.timestamp + COOLDOWN
    assert receipt.events == (
        Unstaked(worker.address, RIG, pair.own, RIG_REQUIRES, end),
        CoUnstaked(co_staker.address, RIG, pair.co, CO_STAKE, now, end),
    )
    assert device.co_stake_of(RIG) == no_co_stake(1, CO_STAKE, CO_SHARE)
    assert device.counted_stake(RIG) == 0
    assert device.status_of(RIG) is DeviceStatus.IN_COOLDOWN
    assert device.exit_of(pair.co) == Exit(co_staker.address, RIG, CO_STAKE, end, True)
    assert device.positions_of(co_staker.address) == [leaving(pair.co, CO_STAKE, end)]
    check_refused(NotStaked(device_id=RIG), device.unstake_co_stake, co_staker, RIG)

    with undone(), money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, pair.co, end)
    with money.moves(device, worker=RIG_REQUIRES):
        check_withdraws(clock, device, worker, pair.own, end)


@pytest.mark.rule("D-13", "C-2")
@pytest.mark.case(42)
@pytest.mark.parametrize("offset", OFFSETS)
def test_an_owner_who_leaves_during_the_wait_ends_it(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
    offset: int,
) -> None:
    """Case 42: from the first block of the wait to its last second, never for the worse."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(left_at + offset)
    end = left_at + offset + COOLDOWN

    with money.rests(device):
        receipt = device.unstake(worker, RIG)

    assert receipt.events == (
        Unstaked(worker.address, RIG, pair.own, RIG_REQUIRES, end),
        WaitEnded(RIG, end),
    )
    assert end < left_at + WAIT + COOLDOWN
    assert device.counted_stake(RIG) == 0
    assert device.co_stake_of(RIG) == no_co_stake(1, CO_STAKE, CO_SHARE)
    assert device.positions_of(co_staker.address) == [leaving(pair.co, CO_STAKE, end)]
    with undone(), money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, pair.co, end)
    with money.moves(device, worker=RIG_REQUIRES):
        check_withdraws(clock, device, worker, pair.own, end)


@pytest.mark.rule("D-13", "C-2", "C-3")
@pytest.mark.case(42)
@pytest.mark.parametrize("offset", [WAIT, WAIT + 1, WAIT + COOLDOWN - 1])
def test_an_owner_who_leaves_after_the_wait_changes_nothing_for_the_co_staker(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
    offset: int,
) -> None:
    """Case 42: his own 14 days, which would end later, are not the co-staker's."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    end = left_at + WAIT + COOLDOWN
    clock.at(left_at + offset)

    receipt = device.unstake(worker, RIG)

    own_end = left_at + offset + COOLDOWN
    assert own_end >= end
    assert receipt.events == (Unstaked(worker.address, RIG, pair.own, RIG_REQUIRES, own_end),)
    with undone(), money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, pair.co, end)
    with money.moves(device, worker=RIG_REQUIRES):
        check_withdraws(clock, device, worker, pair.own, own_end)


@pytest.mark.rule("D-13", "C-2")
@pytest.mark.case(42)
@pytest.mark.parametrize("withdrawn", [True, False], ids=["withdrawn", "not withdrawn"])
def test_an_exit_that_has_ended_stays_ended_when_the_owner_leaves(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
    withdrawn: bool,
) -> None:
    """Case 42."""
    end = device.unstake_co_stake(co_staker, RIG).main.available_at
    clock.at(end)
    if withdrawn:
        device.withdraw(co_staker, pair.co)
    before = device.positions_of(co_staker.address)
    assert before == [closed(pair.co) if withdrawn else claimable(pair.co, CO_STAKE, end)]

    device.unstake(worker, RIG)

    assert device.positions_of(co_staker.address) == before


@pytest.mark.rule("D-12", "D-7", "C-1")
def test_each_of_several_waiting_co_stakes_counts_until_its_own_wait_ends(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    latecomer: AccountAPI,
    pair: Pair,
) -> None:
    """A later co-staker of one wei ends nobody's wait."""
    amounts = [CO_STAKE, 1, 100 * IO]
    left = [device.unstake_co_stake(co_staker, RIG).timestamp]
    for after, person, amount in ((3, second_co_staker, amounts[1]), (5, latecomer, amounts[2])):
        clock.at(left[0] + after * DAY)
        co_staked(device, worker, person, amount=amount)
        left.append(device.unstake_co_stake(person, RIG).timestamp)

    assert device.counted_stake(RIG) == RIG_REQUIRES + sum(amounts)
    for index, moment in enumerate(left):
        clock.at(moment + WAIT - 1)
        info = device.co_stake_of(RIG)
        assert (info.waiting, info.waiting_until) == (sum(amounts[index:]), left[-1] + WAIT)
        clock.at(moment + WAIT)
        assert device.co_stake_of(RIG).waiting == sum(amounts[index + 1 :])
        assert device.counted_stake(RIG) == RIG_REQUIRES + sum(amounts[index + 1 :])
    assert device.co_stake_of(RIG) == no_co_stake(3, amounts[2], CO_SHARE)


@pytest.mark.rule("D-12", "D-7", "C-1")
@pytest.mark.case(8)
@pytest.mark.parametrize("left", [1, 0], ids=["its last second", "just over"])
def test_a_wait_that_is_about_to_end_counts_beside_one_that_begins(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    pair: Pair,
    left: int,
) -> None:
    """Case 8: in the very block in which the other one leaves."""
    ends_at = device.unstake_co_stake(co_staker, RIG).timestamp + WAIT
    co_staked(device, worker, second_co_staker, amount=IO)
    clock.at(ends_at - left)
    device.unstake_co_stake(second_co_staker, RIG)
    counted = RIG_REQUIRES + IO
    assert device.counted_stake(RIG, block=LAST_BLOCK) == counted + left * CO_STAKE
    assert device.counted_stake(RIG) == counted


@pytest.mark.rule("D-12", "D-13", "D-4")
def test_what_waited_for_one_owner_never_counts_for_the_next(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    pair: Pair,
) -> None:
    device.unstake_co_stake(co_staker, RIG)
    co_staked(device, worker, second_co_staker)
    device.unstake_co_stake(second_co_staker, RIG)
    left = device.unstake(worker, RIG).main
    assert device.counted_stake(RIG) == 0
    clock.at(left.available_at)
    device.withdraw(worker, left.exit_id)

    # The next owner, with two waits at once of his own.
    staked(device, latecomer)
    for person in (stranger, worker):
        co_staked(device, latecomer, person, amount=IO)
        device.unstake_co_stake(person, RIG)
    assert device.counted_stake(RIG) == RIG_REQUIRES + 2 * IO


@pytest.mark.rule("D-13", "D-12", "C-2")
@pytest.mark.case(42)
def test_an_owner_who_leaves_ends_the_waits_that_run_and_no_others(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    latecomer: AccountAPI,
    pair: Pair,
) -> None:
    """Case 42: of three who came one after the other, the first has waited to the end."""
    first_left = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(first_left + 3 * DAY)
    second = co_staked(device, worker, second_co_staker)
    second_left = device.unstake_co_stake(second_co_staker, RIG).timestamp
    clock.at(first_left + 5 * DAY)
    third = co_staked(device, worker, latecomer)
    third_left = device.unstake_co_stake(latecomer, RIG).timestamp
    assert device.exit_of(second).available_at == second_left + WAIT + COOLDOWN
    assert device.exit_of(third).available_at == third_left + WAIT + COOLDOWN

    left_at = clock.at(first_left + 8 * DAY)
    receipt = device.unstake(worker, RIG)

    end = left_at + COOLDOWN
    assert receipt.events == (
        Unstaked(worker.address, RIG, pair.own, RIG_REQUIRES, end),
        WaitEnded(RIG, end),
    )
    with money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, pair.co, first_left + WAIT + COOLDOWN)
    with money.moves(device, second_co_staker=CO_STAKE):
        check_withdraws(clock, device, second_co_staker, second, end)
    assert device.positions_of(latecomer.address) == [claimable(third, CO_STAKE, end)]


@pytest.mark.rule("D-13", "D-12")
@pytest.mark.case(42)
def test_an_owner_who_leaves_takes_along_one_co_staker_and_ends_the_wait_of_another(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 42: all three can be paid in the same second."""
    device.unstake_co_stake(co_staker, RIG)
    clock.travel(days=1)
    second = co_staked(device, worker, second_co_staker)
    clock.travel(days=1)

    receipt = device.unstake(worker, RIG)

    now, end = receipt.timestamp, receipt.timestamp + COOLDOWN
    assert receipt.events == (
        Unstaked(worker.address, RIG, pair.own, RIG_REQUIRES, end),
        CoUnstaked(second_co_staker.address, RIG, second, CO_STAKE, now, end),
        WaitEnded(RIG, end),
    )
    for moment in (end - 1, end):
        clock.at(moment)
        shape = claimable if moment == end else leaving
        assert device.positions_of(worker.address) == [shape(pair.own, RIG_REQUIRES, end)]
        assert device.positions_of(co_staker.address) == [shape(pair.co, CO_STAKE, end)]
        assert device.positions_of(second_co_staker.address) == [shape(second, CO_STAKE, end)]


@pytest.mark.rule("D-13", "D-12", "C-2")
@pytest.mark.case(42)
def test_one_person_who_comes_back_in_his_wait_has_two_exits(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 42: each with its own end, and both cut short by the owner."""
    first_left = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(first_left + 2 * DAY)
    again = co_staked(device, worker, co_staker, amount=100 * IO)
    clock.at(first_left + 4 * DAY)
    second_left = device.unstake_co_stake(co_staker, RIG).timestamp
    assert device.positions_of(co_staker.address) == [
        leaving(pair.co, CO_STAKE, first_left + WAIT + COOLDOWN),
        leaving(again, 100 * IO, second_left + WAIT + COOLDOWN),
    ]

    clock.at(first_left + 6 * DAY)
    end = device.unstake(worker, RIG).timestamp + COOLDOWN
    assert device.positions_of(co_staker.address) == [
        leaving(pair.co, CO_STAKE, end),
        leaving(again, 100 * IO, end),
    ]
    clock.at(end)
    with money.moves(device, co_staker=CO_STAKE + 100 * IO):
        device.withdraw(co_staker, again)
        device.withdraw(co_staker, pair.co)


@pytest.mark.rule("D-13", "D-4", "C-2")
@pytest.mark.case(42)
@pytest.mark.parametrize("offset", [3 * DAY, WAIT, WAIT + COOLDOWN], ids=str)
def test_a_later_owner_never_moves_an_older_exit(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    latecomer: AccountAPI,
    pair: Pair,
    offset: int,
) -> None:
    """Case 42: whether the first owner left in the wait, or after it, or after the exit's end."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(left_at + offset)
    own_end = device.unstake(worker, RIG).timestamp + COOLDOWN
    end = min(own_end, left_at + WAIT + COOLDOWN)
    clock.at(own_end)
    device.withdraw(worker, pair.own)

    own = staked(device, latecomer)
    co = co_staked(device, latecomer, second_co_staker)
    assert device.positions_of(co_staker.address) == [claimable(pair.co, CO_STAKE, end)]
    device.unstake_co_stake(second_co_staker, RIG)
    clock.travel(days=1)
    later_end = device.unstake(latecomer, RIG).timestamp + COOLDOWN

    assert device.positions_of(co_staker.address) == [claimable(pair.co, CO_STAKE, end)]
    assert device.positions_of(second_co_staker.address) == [leaving(co, CO_STAKE, later_end)]
    assert device.positions_of(latecomer.address) == [leaving(own, RIG_REQUIRES, later_end)]
    with money.moves(device, co_staker=CO_STAKE):
        device.withdraw(co_staker, pair.co)


@pytest.mark.rule("D-13", "D-4", "C-2")
@pytest.mark.case(42)
@pytest.mark.parametrize("owners", [1, 2, 3])
def test_an_earlier_owners_leaving_does_not_end_a_later_wait(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    latecomer: AccountAPI,
    owners: int,
) -> None:
    """Case 42: the later co-staker has his 21 days, and leaves no sooner than they end."""
    for _ in range(owners):
        own, before = staked(device, worker), co_staked(device, worker, co_staker)
        device.unstake_co_stake(co_staker, RIG)
        clock.at(device.unstake(worker, RIG).timestamp + COOLDOWN)
        device.withdraw(worker, own)
        device.withdraw(co_staker, before)

    staked(device, latecomer)
    co = co_staked(device, latecomer, second_co_staker)
    left_at = device.unstake_co_stake(second_co_staker, RIG).timestamp
    with money.moves(device, second_co_staker=CO_STAKE):
        check_withdraws(clock, device, second_co_staker, co, left_at + WAIT + COOLDOWN)


@pytest.mark.rule("D-4", "D-13")
def test_the_co_staker_need_not_withdraw_for_the_device_to_be_free(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    pair: Pair,
) -> None:
    """Nor does his withdrawal free it."""
    end = device.unstake(worker, RIG).timestamp + COOLDOWN
    clock.at(end)
    with money.moves(device, co_staker=CO_STAKE):
        device.withdraw(co_staker, pair.co)
    check_refused(WithdrawFirst(exit_id=pair.own), device.stake, latecomer, RIG, RIG_REQUIRES)
    device.withdraw(worker, pair.own)
    own = staked(device, latecomer)
    device.open_offer(latecomer, RIG, CO_STAKE, 0)
    co = device.accept_offer(co_staker, RIG, 2, CO_STAKE, 0).main.co_stake_id
    later_end = device.unstake(latecomer, RIG).timestamp + COOLDOWN

    clock.at(later_end)
    device.withdraw(latecomer, own)
    staked(device, worker)
    assert device.positions_of(co_staker.address) == [
        closed(pair.co),
        claimable(co, CO_STAKE, later_end),
    ]
    with money.moves(device, co_staker=CO_STAKE):
        device.withdraw(co_staker, co)
