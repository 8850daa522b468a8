"""Rewards: which devices earn, how they are split, and that they wait until they are claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import ZERO_ADDRESS, refusal_of, undone
from unbond.errors import Refused, UnknownId, ZeroAmount
from unbond.systems.device import (
    Distributed,
    LengthMismatch,
    RewardsClaimed,
    Skipped,
)

from .checks import (
    BPS,
    CARD,
    CARD_REQUIRES,
    CO_STAKE,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    WAIT,
    check_refused,
    claimable,
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

REWARD = 100 * IO

SPLITS = {
    # (amount in wei, the co-staker's share in 1/10 000): (owner's part, co-staker's part)
    (10_000, 2_500): (7_500, 2_500),
    (10_001, 2_500): (7_501, 2_500),
    (10_003, 2_500): (7_503, 2_500),
    (3, 2_500): (3, 0),
    (1, 9_999): (1, 0),
    (9_999, 1): (9_999, 0),
    (10_000, 1): (9_999, 1),
    (19_999, 1): (19_998, 1),
    (1, BPS): (0, 1),
    (REWARD + 1, BPS): (0, REWARD + 1),
    (REWARD + 1, 0): (REWARD + 1, 0),
    (REWARD + 1, 3_333): (REWARD + 1 - 33_330_000_000_000_000_000, 33_330_000_000_000_000_000),
}


def shown_eligible(device: DeviceStaking, rewarder: AccountAPI, money: Money) -> bool:
    """Whether the rig earns now; what the view says and what a distribution does agree."""
    eligible = device.is_eligible(RIG)
    with undone(), money.moves(device, **({"rewarder": -REWARD} if eligible else {})):
        receipt = device.distribute(rewarder, RIG, REWARD)
        assert isinstance(receipt.main, Distributed if eligible else Skipped)
    return eligible


@pytest.mark.rule("D-7", "D-9")
def test_a_device_without_a_co_staker_earns_for_its_owner(
    device: DeviceStaking, money: Money, rewarder: AccountAPI, worker: AccountAPI, solo: int
) -> None:
    with money.moves(device, rewarder=-REWARD):
        receipt = device.distribute(rewarder, RIG, REWARD)
    assert receipt.events == (Distributed(RIG, REWARD, 0),)
    assert device.rewards_of(RIG, worker.address) == REWARD
    assert device.rewards_of(CARD, worker.address) == 0
    assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES, REWARD)]

    with money.moves(device, worker=REWARD):
        claimed = device.claim_rewards(worker, RIG)
    assert claimed.events == (RewardsClaimed(worker.address, RIG, REWARD),)
    assert device.rewards_of(RIG, worker.address) == 0
    assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES)]


@pytest.mark.rule("D-9")
@pytest.mark.case(27, 29)
@pytest.mark.parametrize(("given", "parts"), SPLITS.items(), ids=str)
def test_a_co_staker_gets_his_share_rounded_down_and_the_owner_the_rest(
    device: DeviceStaking,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    solo: int,
    given: tuple[int, int],
    parts: tuple[int, int],
) -> None:
    """Cases 27 and 29: to the wei, with nothing left behind."""
    amount, share = given
    co_staked(device, worker, co_staker, share=share)

    with money.moves(device, rewarder=-amount):
        receipt = device.distribute(rewarder, RIG, amount)
    assert receipt.events == (Distributed(RIG, *parts),)
    assert device.positions_of(worker.address) == [own_stake(RIG, RIG_REQUIRES, parts[0])]
    assert device.positions_of(co_staker.address) == [co_stake(RIG, CO_STAKE, parts[1])]

    changes = zip(("worker", "co_staker"), parts, strict=True)
    with money.moves(device, **{role: part for role, part in changes if part}):
        for person, part in zip((worker, co_staker), parts, strict=True):
            if part:
                device.claim_rewards(person, RIG)
            check_refused(ZeroAmount(), device.claim_rewards, person, RIG)


@pytest.mark.rule("D-9")
@pytest.mark.case(22)
def test_each_distribution_is_rounded_by_itself(
    device: DeviceStaking,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 22: of 3 wei a quarter is nothing, however often."""
    for _ in range(4):
        device.distribute(rewarder, RIG, 3)
    device.distribute_many(rewarder, [RIG, RIG], [7, 1])
    assert device.rewards_of(RIG, worker.address) == 4 * 3 + 6 + 1
    assert device.rewards_of(RIG, co_staker.address) == 1


@pytest.mark.rule("D-7")
@pytest.mark.case(28)
def test_devices_that_are_not_eligible_are_skipped_and_take_no_tokens(
    device: DeviceStaking,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    latecomer: AccountAPI,
    solo: int,
) -> None:
    """Case 28: one wei short, left, ended, never staked; the others in the list are paid."""
    short, left, ended, bare = 9, 10, 11, 12
    for where in (short, left, ended, bare):
        device.register_device(registrar, where, BPS, 1)
    staked(device, latecomer, where=short, amount=CARD_REQUIRES - 1)
    for where in (left, ended, CARD):
        staked(device, latecomer, where=where, amount=CARD_REQUIRES)
    device.unstake(latecomer, left)
    device.terminate_device(registrar, ended)

    devices = [short, RIG, left, ended, CARD, bare, RIG]
    amounts = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
    with money.moves(device, rewarder=-1_010_010):
        receipt = device.distribute_many(rewarder, devices, amounts)
    assert receipt.events == (
        Skipped(short, 1),
        Distributed(RIG, 10, 0),
        Skipped(left, 100),
        Skipped(ended, 1_000),
        Distributed(CARD, 10_000, 0),
        Skipped(bare, 100_000),
        Distributed(RIG, 1_000_000, 0),
    )
    assert device.rewards_of(RIG, worker.address) == 1_000_010
    assert device.rewards_of(CARD, latecomer.address) == 10_000
    for where in (short, left, ended, bare):
        assert device.rewards_of(where, latecomer.address) == 0
        assert device.rewards_of(where, ZERO_ADDRESS) == 0


@pytest.mark.rule("D-7")
def test_for_skipped_devices_no_tokens_are_needed(
    device: DeviceStaking, money: Money, rewarder: AccountAPI
) -> None:
    device.token.approve(rewarder, device.address, 0)
    with money.rests(device):
        receipt = device.distribute_many(rewarder, [RIG, CARD], [REWARD, 2**255])
    assert receipt.events == (Skipped(RIG, REWARD), Skipped(CARD, 2**255))


@pytest.mark.rule("D-7", "C-12")
@pytest.mark.case(13)
def test_a_distribution_with_a_fault_in_it_is_refused_whole(
    device: DeviceStaking, money: Money, rewarder: AccountAPI, worker: AccountAPI, solo: int
) -> None:
    """Case 13: wherever the fault stands, and whether the device is eligible or not."""
    refusals = {
        ((RIG,), ()): LengthMismatch(devices=1, amounts=0),
        ((), (1,)): LengthMismatch(devices=0, amounts=1),
        ((RIG, CARD), (1, 1, 1)): LengthMismatch(devices=2, amounts=3),
        ((RIG,), (0,)): ZeroAmount(),
        ((RIG, CARD), (1, 0)): ZeroAmount(),
        ((CARD, RIG), (0, 1)): ZeroAmount(),
        ((RIG, 99), (1, 1)): UnknownId(id=99),
        ((99, RIG), (1, 1)): UnknownId(id=99),
    }
    with money.rests(device):
        for (devices, amounts), refusal in refusals.items():
            check_refused(refusal, device.distribute_many, rewarder, devices, amounts)
    assert device.rewards_of(RIG, worker.address) == 0


@pytest.mark.rule("D-7", "D-12", "C-1")
@pytest.mark.case(8, 25)
def test_a_device_stops_earning_by_time_alone_when_a_wait_ends(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 8 and 25: nothing is sent between the co-staker's exit and the distribution."""
    device.withdraw_overflow(worker, RIG)
    waits_until = device.unstake_co_stake(co_staker, RIG).timestamp + WAIT

    for moment, eligible in (
        (clock.now, True),
        (waits_until - 1, True),
        (waits_until, False),
        (waits_until + 1, False),
        (waits_until + COOLDOWN, False),
    ):
        clock.at(moment)
        assert shown_eligible(device, rewarder, money) is eligible


@pytest.mark.rule("D-7", "D-12")
def test_a_device_that_is_topped_up_in_the_wait_does_not_stop(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    device.withdraw_overflow(worker, RIG)
    waits_until = device.unstake_co_stake(co_staker, RIG).timestamp + WAIT
    for missing in (1, 0):
        with undone():
            device.stake(worker, RIG, CO_STAKE - missing)
            clock.at(waits_until)
            assert shown_eligible(device, rewarder, money) is (missing == 0)


@pytest.mark.rule("D-3", "D-7", "D-13", "D-15")
@pytest.mark.case(25)
def test_a_device_stops_earning_in_the_block_of_its_exit(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    pair: Pair,
) -> None:
    """Case 25: and earns again in that in which it has enough; being rented changes nothing."""
    device.set_rented(registrar, RIG, True)
    assert shown_eligible(device, rewarder, money)
    device.set_rented(registrar, RIG, False)
    with undone():
        device.terminate_device(registrar, RIG)
        assert not shown_eligible(device, rewarder, money)

    # A co-stake that counts is no stake of the owner's.
    device.unstake_co_stake(co_staker, RIG)
    unstaked_at = device.unstake(worker, RIG).timestamp
    assert not shown_eligible(device, rewarder, money)
    clock.at(unstaked_at + COOLDOWN)
    assert not shown_eligible(device, rewarder, money)
    device.withdraw(worker, pair.own)
    assert not shown_eligible(device, rewarder, money)
    device.stake(latecomer, RIG, RIG_REQUIRES - 1)
    assert not shown_eligible(device, rewarder, money)
    device.stake(latecomer, RIG, 1)
    assert shown_eligible(device, rewarder, money)


@pytest.mark.rule("D-9", "D-12", "D-13")
@pytest.mark.case(24, 25)
def test_a_co_staker_who_has_left_earns_nothing_from_that_block_on(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 24 and 25: in the wait he counts, and the owner gets all; what he has earned is his."""
    device.distribute(rewarder, RIG, REWARD)
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    for moment in (clock.now, left_at + WAIT - 1, left_at + WAIT, left_at + WAIT + COOLDOWN):
        clock.at(moment)
        receipt = device.distribute(rewarder, RIG, REWARD)
        assert receipt.events == (Distributed(RIG, REWARD, 0),)
        assert device.rewards_of(RIG, co_staker.address) == REWARD // 4

    with money.moves(device, worker=4 * REWARD + 3 * REWARD // 4, co_staker=REWARD // 4):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)


@pytest.mark.rule("D-9", "D-8")
@pytest.mark.case(24)
def test_a_co_staker_earns_from_the_block_in_which_he_has_come(
    device: DeviceStaking,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    solo: int,
) -> None:
    """Case 24: nothing of what came before; and of two, the one who is there."""
    device.distribute(rewarder, RIG, REWARD)
    device.open_offer(worker, RIG, CO_STAKE, 2_500)
    device.distribute(rewarder, RIG, REWARD)
    assert device.rewards_of(RIG, worker.address) == 2 * REWARD

    device.accept_offer(co_staker, RIG, 1, CO_STAKE, 2_500)
    device.distribute(rewarder, RIG, REWARD)
    device.unstake_co_stake(co_staker, RIG)
    co_staked(device, worker, second_co_staker, share=5_000)
    device.distribute(rewarder, RIG, REWARD)

    assert device.rewards_of(RIG, co_staker.address) == REWARD // 4
    assert device.rewards_of(RIG, second_co_staker.address) == REWARD // 2
    assert device.rewards_of(RIG, worker.address) == 3 * REWARD + REWARD // 4


@pytest.mark.rule("D-7")
@pytest.mark.parametrize("stake", [CARD_REQUIRES, 2 * CARD_REQUIRES, 1000 * CARD_REQUIRES])
def test_more_stake_than_required_earns_no_more(
    device: DeviceStaking,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    latecomer: AccountAPI,
    stake: int,
) -> None:
    staked(device, worker, where=CARD, amount=stake)
    staked(device, latecomer)
    with money.moves(device, rewarder=-2 * REWARD):
        receipt = device.distribute_many(rewarder, [CARD, RIG], [REWARD, REWARD])
    assert receipt.events == (Distributed(CARD, REWARD, 0), Distributed(RIG, REWARD, 0))
    assert device.rewards_of(CARD, worker.address) == REWARD


@pytest.mark.rule("D-6", "D-10")
@pytest.mark.case(21)
def test_rewards_are_not_compounded(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 21: of the same token as the stakes, but no stake, no overflow, and no part of exits."""
    device.withdraw_overflow(worker, RIG)
    device.distribute(rewarder, RIG, 5000 * IO)
    clock.travel(days=365)
    assert device.device_of(RIG).stake == RIG_REQUIRES - CO_STAKE
    assert device.co_stake_of(RIG).co_stake == CO_STAKE
    assert device.counted_stake(RIG) == RIG_REQUIRES
    assert device.overflow(RIG) == 0
    check_refused(ZeroAmount(), device.withdraw_overflow, worker, RIG)

    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(left_at + WAIT)
    assert not device.is_eligible(RIG)
    unstaked_at = device.unstake(worker, RIG).timestamp
    clock.at(unstaked_at + COOLDOWN)
    with money.moves(device, worker=RIG_REQUIRES - CO_STAKE, co_staker=CO_STAKE):
        device.withdraw(worker, pair.own)
        device.withdraw(co_staker, pair.co)
    with money.moves(device, worker=3750 * IO, co_staker=1250 * IO):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
    assert device.liabilities() == 0


@pytest.mark.rule("D-6", "C-3")
@pytest.mark.case(3, 26)
def test_rewards_can_be_claimed_while_one_stays_leaves_and_has_left(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 3 and 26: once, and no lock is moved by it."""
    device.distribute(rewarder, RIG, REWARD)
    device.unstake_co_stake(co_staker, RIG)
    unstaked_at = device.unstake(worker, RIG).timestamp
    end = unstaked_at + COOLDOWN

    parts = {
        "worker": (worker, pair.own, RIG_REQUIRES, 75 * IO),
        "co_staker": (co_staker, pair.co, CO_STAKE, 25 * IO),
    }
    for moment, shape in ((clock.now, leaving), (end - 2, leaving), (end, claimable)):
        clock.at(moment)
        for role, (person, stake, amount, part) in parts.items():
            assert device.positions_of(person.address) == [shape(stake, amount, end, part)]
            with undone():
                with money.moves(device, **{role: part}):
                    receipt = device.claim_rewards(person, RIG)
                assert receipt.events == (RewardsClaimed(person.address, RIG, part),)
                check_refused(ZeroAmount(), device.claim_rewards, person, RIG)
                assert device.positions_of(person.address) == [shape(stake, amount, end)]

    clock.at(end)
    device.withdraw(worker, pair.own)
    device.withdraw(co_staker, pair.co)
    clock.travel(days=1000)
    # They show with nothing then, but are there.
    assert device.positions_of(worker.address) == [closed(pair.own)]
    with money.moves(device, worker=75 * IO, co_staker=25 * IO):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)


@pytest.mark.rule("D-6", "D-4", "C-5")
@pytest.mark.case(9, 26)
def test_rewards_stay_with_who_earned_them_when_the_device_changes_hands(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    stranger: AccountAPI,
    latecomer: AccountAPI,
    solo: int,
) -> None:
    """Cases 9 and 26: the new owner gets his own only, and nobody else gets any."""
    device.distribute(rewarder, RIG, REWARD)
    clock.at(device.unstake(worker, RIG).timestamp + COOLDOWN)
    device.withdraw(worker, solo)
    staked(device, latecomer)
    check_refused(ZeroAmount(), device.claim_rewards, latecomer, RIG)
    device.distribute(rewarder, RIG, 7)

    check_refused(ZeroAmount(), device.claim_rewards, stranger, RIG)
    with money.moves(device, latecomer=7):
        device.claim_rewards(latecomer, RIG)
    with money.moves(device, worker=REWARD):
        device.claim_rewards(worker, RIG)


@pytest.mark.rule("D-6")
def test_rewards_of_two_devices_are_claimed_apart(
    device: DeviceStaking, money: Money, rewarder: AccountAPI, worker: AccountAPI, solo: int
) -> None:
    staked(device, worker, where=CARD, amount=CARD_REQUIRES)
    device.distribute_many(rewarder, [RIG, CARD, RIG], [1, 20, 300])
    assert device.positions_of(worker.address) == [
        own_stake(RIG, RIG_REQUIRES, 301),
        own_stake(CARD, CARD_REQUIRES, 20),
    ]
    with money.moves(device, worker=20):
        device.claim_rewards(worker, CARD)
    check_refused(ZeroAmount(), device.claim_rewards, worker, CARD)
    with money.moves(device, worker=301):
        device.claim_rewards(worker, RIG)


@pytest.mark.rule("D-6", "D-7")
@pytest.mark.case(21, 28)
def test_what_cannot_be_brought_in_is_not_credited(
    device: DeviceStaking, money: Money, rewarder: AccountAPI, worker: AccountAPI, solo: int
) -> None:
    """Cases 21 and 28: rewards come from the rewarder's own tokens, never from stakes."""
    needed = device.token.balance_of(rewarder.address) + 1
    with money.rests(device):
        refusal = refusal_of(device.distribute, rewarder, RIG, needed)
    assert refusal == Refused(
        "ERC20InsufficientBalance", sender=rewarder.address, balance=needed - 1, needed=needed
    )
    assert device.rewards_of(RIG, worker.address) == 0
