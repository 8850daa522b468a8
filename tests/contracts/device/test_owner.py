"""The owner of a device: the first stake, more of it, the cooldown, the withdrawal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, UNLIMITED, ZERO_ADDRESS, id_of, refusal_of
from unbond.errors import Refused, UnknownId, ZeroAmount
from unbond.systems.device import (
    AlreadyWithdrawn,
    CoolingDown,
    DeviceInfo,
    DeviceStatus,
    Exit,
    ExitKind,
    NotInitialWallet,
    NotStaked,
    Preview,
    Staked,
    Unstaked,
    WithdrawFirst,
    Withdrawn,
)

from .checks import (
    CARD,
    CARD_REQUIRES,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    check_refused,
    check_withdraws,
    claimable,
    closed,
    leaving,
    own_stake,
    staked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.device import DeviceStaking

# Many of them, with a story each.
pytestmark = pytest.mark.slow


def rig(owner: str = ZERO_ADDRESS, stake: int = 0, stake_id: int = 0) -> DeviceInfo:
    """The rig, which requires 800 IO."""
    return DeviceInfo(owner, stake, stake_id, RIG_REQUIRES, 2_500, 4, False, False)


@pytest.mark.rule("D-2", "D-7")
@pytest.mark.parametrize("amount", [1, RIG_REQUIRES - 1, RIG_REQUIRES, RIG_REQUIRES + 1])
def test_the_first_stake_binds_the_device(
    device: DeviceStaking, money: Money, worker: AccountAPI, stranger: AccountAPI, amount: int
) -> None:
    stake = id_of(worker.address, 1)

    with money.moves(device, worker=-amount):
        receipt = device.stake(worker, RIG, amount)

    assert receipt.events == (Staked(worker.address, RIG, stake, amount, amount),)
    assert device.device_of(RIG) == rig(worker.address, amount, stake)
    assert device.exit_of(stake) == Exit(worker.address, 0, 0, 0, False)
    assert device.positions_of(worker.address) == [own_stake(RIG, amount)]
    assert device.is_eligible(RIG) is (amount >= RIG_REQUIRES)
    check_refused(
        NotInitialWallet(expected=worker.address, caller=stranger.address),
        device.stake,
        stranger,
        RIG,
        RIG_REQUIRES,
    )


@pytest.mark.rule("D-2", "D-7")
def test_the_owner_may_add_and_it_stays_one_stake(
    device: DeviceStaking, clock: Clock, money: Money, worker: AccountAPI
) -> None:
    stake = staked(device, worker, amount=RIG_REQUIRES - 1)
    assert not device.is_eligible(RIG)

    clock.travel(days=100)
    with money.moves(device, worker=-1):
        receipt = device.stake(worker, RIG, 1)
    assert receipt.events == (Staked(worker.address, RIG, stake, 1, RIG_REQUIRES),)
    assert device.is_eligible(RIG)

    with money.moves(device, worker=-5 * IO):
        receipt = device.stake(worker, RIG, 5 * IO)
    assert receipt.events == (Staked(worker.address, RIG, stake, 5 * IO, RIG_REQUIRES + 5 * IO),)
    assert device.device_of(RIG) == rig(worker.address, RIG_REQUIRES + 5 * IO, stake)
    assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES + 5 * IO)]


@pytest.mark.rule("D-2", "C-5")
@pytest.mark.case(9)
def test_nobody_but_the_owner_acts_on_his_stake(
    device: DeviceStaking,
    worker: AccountAPI,
    co_staker: AccountAPI,
    stranger: AccountAPI,
    owner: AccountAPI,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    pauser: AccountAPI,
    solo: int,
) -> None:
    """Case 9: whatever powers the other one has, and for whatever amount."""
    before = device.device_of(RIG), device.positions_of(worker.address)
    for person in (stranger, co_staker, owner, registrar, rewarder, pauser):
        refusal = NotInitialWallet(expected=worker.address, caller=person.address)
        for amount in (0, 1, UNLIMITED):
            check_refused(refusal, device.stake, person, RIG, amount)
            for kind in ExitKind:
                check_refused(
                    refusal, device.unstake_amount, person, RIG, amount, kind, foretold=False
                )
            check_refused(refusal, device.open_offer, person, RIG, amount, 0)
        for action in (device.unstake, device.withdraw_overflow, device.close_offer):
            check_refused(refusal, action, person, RIG, foretold=False)
    assert (device.device_of(RIG), device.positions_of(worker.address)) == before


@pytest.mark.rule("C-12", "D-2")
@pytest.mark.case(13)
def test_nothing_cannot_be_staked(
    device: DeviceStaking, worker: AccountAPI, stranger: AccountAPI
) -> None:
    """Case 13: it would bind the device, for nothing."""
    check_refused(ZeroAmount(), device.stake, worker, RIG, 0)
    assert device.device_of(RIG) == rig()
    assert device.positions_of(worker.address) == []

    staked(device, stranger)
    check_refused(ZeroAmount(), device.stake, stranger, RIG, 0)


@pytest.mark.rule("D-2", "C-4")
@pytest.mark.case(23)
def test_a_stake_too_large_to_keep_is_refused_and_none_is_cut(
    device: DeviceStaking, clock: Clock, money: Money, owner: AccountAPI, worker: AccountAPI
) -> None:
    """Case 23: one wei less is kept, and comes out."""
    largest = 2**96 - 1
    device.token.mint(owner, worker.address, 2**97)
    too_large = "SafeCastOverflowedUintDowncast"
    for amount in (2**96, 2**96 + IO):
        check_refused(Refused(too_large, bits=96, value=amount), device.stake, worker, RIG, amount)

    with money.moves(device, worker=-largest):
        stake = staked(device, worker, amount=largest)
    check_refused(Refused(too_large, bits=96, value=2**96), device.stake, worker, RIG, 1)
    assert device.overflow(RIG) == largest - RIG_REQUIRES
    unstaked_at = device.unstake(worker, RIG).timestamp
    with money.moves(device, worker=largest):
        check_withdraws(clock, device, worker, stake, unstaked_at + COOLDOWN)


@pytest.mark.rule("D-3", "D-7")
@pytest.mark.case(25)
@pytest.mark.parametrize("amount", [1, RIG_REQUIRES, 5 * RIG_REQUIRES])
def test_unstaking_takes_the_whole_stake_which_stops_counting_at_once(
    device: DeviceStaking, clock: Clock, money: Money, worker: AccountAPI, amount: int
) -> None:
    """Case 25: at any time, also in the block after the stake."""
    stake = staked(device, worker, amount=amount)
    available_at = clock.now + COOLDOWN
    assert device.preview_unstake(RIG, UNLIMITED) == Preview(
        ExitKind.FULL, amount, available_at, ""
    )

    with money.rests(device):
        receipt = device.unstake(worker, RIG)

    assert receipt.events == (Unstaked(worker.address, RIG, stake, amount, available_at),)
    assert receipt.timestamp + 14 * DAY == available_at
    assert device.device_of(RIG) == rig(worker.address, 0, stake)
    assert device.exit_of(stake) == Exit(worker.address, RIG, amount, available_at, False)
    assert device.positions_of(worker.address) == [leaving(stake, amount, available_at)]
    assert (device.counted_stake(RIG), device.overflow(RIG)) == (0, 0)
    assert not device.is_eligible(RIG)
    assert device.status_of(RIG) is DeviceStatus.IN_COOLDOWN


@pytest.mark.rule("D-3", "D-5", "C-1")
@pytest.mark.case(8)
def test_a_stake_is_shut_for_fourteen_days_and_then_pays_once(
    device: DeviceStaking, clock: Clock, money: Money, worker: AccountAPI, solo: int
) -> None:
    """Case 8, and the vector of document 000."""
    unstaked_at = device.unstake(worker, RIG).timestamp

    clock.at(unstaked_at + 1_209_599)
    check_refused(CoolingDown(available_at=unstaked_at + 1_209_600), device.withdraw, worker, solo)
    with money.moves(device, worker=RIG_REQUIRES):
        receipt = check_withdraws(clock, device, worker, solo, unstaked_at + 1_209_600)
    assert receipt.events == (Withdrawn(worker.address, solo, RIG_REQUIRES),)

    check_refused(AlreadyWithdrawn(exit_id=solo), device.withdraw, worker, solo)
    assert device.exit_of(solo) == Exit(worker.address, 0, 0, 0, False)
    assert device.positions_of(worker.address) == [closed(solo)]
    assert device.device_of(RIG) == rig()
    assert device.status_of(RIG) is DeviceStatus.UNSTAKED


@pytest.mark.rule("D-5", "C-1")
@pytest.mark.case(8)
def test_an_exit_can_be_withdrawn_from_its_last_second_on_for_ever(
    device: DeviceStaking, clock: Clock, money: Money, worker: AccountAPI, solo: int
) -> None:
    """Case 8: refused in the first second too; a second late, or ten years, is not too late."""
    available_at = device.unstake(worker, RIG).timestamp + COOLDOWN
    check_refused(CoolingDown(available_at=available_at), device.withdraw, worker, solo)
    clock.at(available_at + 1)
    assert device.positions_of(worker.address) == [claimable(solo, RIG_REQUIRES, available_at)]
    clock.travel(days=3650)
    assert device.positions_of(worker.address) == [claimable(solo, RIG_REQUIRES, available_at)]
    with money.moves(device, worker=RIG_REQUIRES):
        device.withdraw(worker, solo)


@pytest.mark.rule("D-5", "C-5")
@pytest.mark.case(9)
def test_only_the_initial_wallet_withdraws(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    stranger: AccountAPI,
    owner: AccountAPI,
    registrar: AccountAPI,
    solo: int,
) -> None:
    """Case 9: before, while and after it can be withdrawn, and when it is no exit yet."""

    def check_others_refused() -> None:
        for person in (stranger, owner, registrar):
            check_refused(
                NotInitialWallet(expected=worker.address, caller=person.address),
                device.withdraw,
                person,
                solo,
                foretold=False,
            )

    check_others_refused()
    available_at = device.unstake(worker, RIG).timestamp + COOLDOWN
    check_others_refused()
    clock.at(available_at)
    check_others_refused()
    device.withdraw(worker, solo)
    check_others_refused()


@pytest.mark.rule("C-12", "D-5")
def test_what_is_no_exit_cannot_be_withdrawn(
    device: DeviceStaking, worker: AccountAPI, stranger: AccountAPI, solo: int
) -> None:
    check_refused(UnknownId(id=solo), device.withdraw, worker, solo, foretold=False)
    for unknown in (
        0,
        RIG,
        id_of(worker.address, 0),
        id_of(worker.address, 2),
        id_of(stranger.address, 1),
        UNLIMITED,
    ):
        refusal = UnknownId(id=unknown)
        check_refused(refusal, device.withdraw, worker, unknown, foretold=False)
        assert refusal_of(device.exit_of, unknown) == refusal


@pytest.mark.rule("D-3", "D-4", "C-1")
@pytest.mark.case(2, 8)
def test_nothing_can_be_done_with_a_device_until_its_old_stake_is_withdrawn(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    stranger: AccountAPI,
    solo: int,
) -> None:
    """Cases 2 and 8: not undone, not begun again; not in the second of its end, nor a year on."""
    available_at = device.unstake(worker, RIG).timestamp + COOLDOWN
    before = device.device_of(RIG)
    refusal = WithdrawFirst(exit_id=solo)
    for moment in (clock.now, available_at - 1, available_at, available_at + 365 * DAY):
        clock.at(moment)
        for person in (worker, stranger):
            for amount in (0, 1, RIG_REQUIRES):
                check_refused(refusal, device.stake, person, RIG, amount)
                check_refused(refusal, device.unstake_amount, person, RIG, amount, ExitKind.ANY)
                check_refused(refusal, device.open_offer, person, RIG, amount, 0)
            for action in (device.unstake, device.withdraw_overflow, device.close_offer):
                check_refused(refusal, action, person, RIG)
        assert device.preview_unstake(RIG, 1) == Preview(ExitKind.ANY, 0, 0, "WithdrawFirst")
        assert device.device_of(RIG) == before
        assert device.exit_of(solo).available_at == available_at
        assert device.status_of(RIG) is DeviceStatus.IN_COOLDOWN


@pytest.mark.rule("D-4", "D-2")
@pytest.mark.case(39)
def test_after_the_withdrawal_any_wallet_may_be_the_first_again(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    worker: AccountAPI,
    stranger: AccountAPI,
    solo: int,
) -> None:
    """Case 39: the old wallet has no claim on it, and the old exit is not overwritten."""
    available_at = device.unstake(worker, RIG).timestamp + COOLDOWN
    clock.at(available_at)
    device.withdraw(worker, solo)

    with money.moves(device, stranger=-RIG_REQUIRES):
        stake = staked(device, stranger)
    assert stake == id_of(stranger.address, 1)
    assert device.device_of(RIG) == rig(stranger.address, RIG_REQUIRES, stake)
    assert device.is_eligible(RIG)
    refusal = NotInitialWallet(expected=stranger.address, caller=worker.address)
    check_refused(refusal, device.stake, worker, RIG, IO)
    check_refused(refusal, device.unstake, worker, RIG, foretold=False)
    check_refused(AlreadyWithdrawn(exit_id=solo), device.withdraw, worker, solo)


@pytest.mark.rule("D-4")
@pytest.mark.case(39)
def test_the_same_wallet_begins_again_with_a_stake_of_its_own(
    device: DeviceStaking, clock: Clock, money: Money, worker: AccountAPI, solo: int
) -> None:
    """Case 39: a new stake has a new id."""
    clock.at(device.unstake(worker, RIG).timestamp + COOLDOWN)
    device.withdraw(worker, solo)

    again = staked(device, worker, amount=5 * IO)
    assert again == id_of(worker.address, 2)
    assert device.positions_of(worker.address) == [closed(solo), own_stake(RIG, 5 * IO)]
    unstaked_at = device.unstake(worker, RIG).timestamp
    with money.moves(device, worker=5 * IO):
        check_withdraws(clock, device, worker, again, unstaked_at + COOLDOWN)


@pytest.mark.rule("D-3", "C-12")
def test_where_nobody_has_staked_nobody_unstakes(
    device: DeviceStaking, clock: Clock, worker: AccountAPI
) -> None:
    refusal = NotStaked(device_id=RIG)

    def check_all_refused() -> None:
        check_refused(refusal, device.unstake, worker, RIG)
        for amount in (0, 1):
            check_refused(refusal, device.unstake_amount, worker, RIG, amount, ExitKind.ANY)
        check_refused(refusal, device.withdraw_overflow, worker, RIG)
        check_refused(refusal, device.open_offer, worker, RIG, IO, 0)
        check_refused(refusal, device.close_offer, worker, RIG)
        check_refused(refusal, device.unstake_co_stake, worker, RIG)

    check_all_refused()
    stake = staked(device, worker)
    clock.at(device.unstake(worker, RIG).timestamp + COOLDOWN)
    device.withdraw(worker, stake)
    check_all_refused()


@pytest.mark.rule("C-3", "D-3")
@pytest.mark.case(2)
def test_exits_of_one_wallet_from_two_devices_know_nothing_of_each_other(
    device: DeviceStaking, clock: Clock, money: Money, worker: AccountAPI, solo: int
) -> None:
    """Case 2: neither a second exit, nor the first one's payment, moves the other."""
    card = staked(device, worker, where=CARD, amount=CARD_REQUIRES)
    first = device.unstake(worker, RIG).timestamp
    clock.travel(days=13)
    second = device.unstake(worker, CARD).timestamp
    assert device.positions_of(worker.address) == [
        leaving(solo, RIG_REQUIRES, first + COOLDOWN),
        leaving(card, CARD_REQUIRES, second + COOLDOWN),
    ]

    with money.moves(device, worker=RIG_REQUIRES):
        check_withdraws(clock, device, worker, solo, first + COOLDOWN)
    assert device.positions_of(worker.address) == [
        closed(solo),
        leaving(card, CARD_REQUIRES, second + COOLDOWN),
    ]
    with money.moves(device, worker=CARD_REQUIRES):
        check_withdraws(clock, device, worker, card, second + COOLDOWN)


@pytest.mark.rule("C-2", "D-3")
@pytest.mark.case(4)
def test_a_running_exit_keeps_its_end(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    pauser: AccountAPI,
    worker: AccountAPI,
    solo: int,
) -> None:
    """Case 4: whatever the registrar says of the device."""
    available_at = device.unstake(worker, RIG).timestamp + COOLDOWN
    device.set_requirement(registrar, RIG, 100_000, 8)
    device.set_rented(registrar, RIG, True)
    device.terminate_device(registrar, RIG)
    device.pause(pauser)
    assert device.positions_of(worker.address) == [leaving(solo, RIG_REQUIRES, available_at)]
    with money.moves(device, worker=RIG_REQUIRES):
        check_withdraws(clock, device, worker, solo, available_at)
