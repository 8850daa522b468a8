"""Rewards: who earns them from when to when, when they can leave, and where each wei goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, check_opens, check_refused, id_of
from unbond.errors import BelowMinimum, ZeroAmount
from unbond.systems.delegated import (
    AlreadyUnstaked,
    Distributed,
    NothingStaked,
    ProviderInfo,
    RewardsClaimed,
    RewardsRestaked,
    Stake,
    Staked,
    StillLocked,
    Unstaked,
)

from .checks import (
    ANKR,
    COMMISSION_BPS,
    MINIMUM,
    OFFSETS,
    W,
    closed,
    commission_of,
    leaving,
    locked,
    net,
    start_of,
    unlock_of,
    unlocked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking

# Many of them, with a story each.
pytestmark = pytest.mark.slow

REWARD = 2000 * ANKR
"""Leaves 1900 ANKR after a commission of 5 %."""


def rewards_of(system: DelegatedStaking, *lots: int) -> list[int]:
    """What these lots have earned and not been paid, in wei."""
    return [system.stake_of(lot).rewards for lot in lots]


# From when to when a lot earns.


@pytest.mark.rule("E-7", "C-1")
@pytest.mark.case(6, 8, 22)
@pytest.mark.parametrize("offset", OFFSETS)
def test_a_lot_earns_from_the_first_second_of_the_next_epoch(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
    offset: int,
) -> None:
    """Cases 6 and 22: until then nobody earns and nothing is taken; then nothing is lost."""
    clock.at(start_of(1) + offset)
    lot = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id

    for moment in (start_of(1) + offset + 1, start_of(2) - 1):
        if clock.now <= moment < start_of(2):
            clock.at(moment)
            check_refused(NothingStaked(), delegated.distribute, rewarder, provider.address, REWARD)
            assert delegated.provider_of(provider.address) == ProviderInfo(
                True, COMMISSION_BPS, staked=MINIMUM, earning=0, commission=0
            )
    clock.at(start_of(2))
    assert delegated.provider_of(provider.address) == ProviderInfo(
        True, COMMISSION_BPS, staked=MINIMUM, earning=MINIMUM, commission=0
    )
    with money.moves(delegated, rewarder=-REWARD):
        receipt = delegated.distribute(rewarder, provider.address, REWARD)

    assert receipt.events == (Distributed(provider.address, 2, REWARD, commission_of(REWARD)),)
    assert rewards_of(delegated, lot) == [net(REWARD)]
    assert delegated.positions_of(delegator.address) == [
        locked(lot, MINIMUM, start_of(14), rewards=net(REWARD))
    ]
    assert delegated.provider_of(provider.address) == ProviderInfo(
        True, COMMISSION_BPS, MINIMUM, MINIMUM, commission_of(REWARD)
    )


@pytest.mark.rule("E-7")
@pytest.mark.case(6, 24)
@pytest.mark.parametrize("seconds_left", [2, DAY, W])
def test_a_lot_staked_before_a_distribution_of_the_same_epoch_gets_none_of_it(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    seconds_left: int,
) -> None:
    """Cases 6 and 24: down to a stake two seconds, and a reward one second, before the end."""
    clock.at(start_of(1))
    early = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(4) - seconds_left)
    late = delegated.stake(latecomer, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(4) - 1)
    delegated.distribute(rewarder, provider.address, REWARD)
    assert rewards_of(delegated, early, late) == [net(REWARD), 0]

    assert clock.now == start_of(4)
    assert rewards_of(delegated, early, late) == [net(REWARD), 0]
    delegated.distribute(rewarder, provider.address, REWARD)
    assert rewards_of(delegated, early, late) == [net(REWARD) * 3 // 2, net(REWARD) // 2]


@pytest.mark.rule("E-7")
@pytest.mark.case(6)
def test_a_lot_staked_in_the_last_second_of_an_epoch_earns_nothing_of_it(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Case 6, with the reward a second before the stake, and the next one a second after."""
    clock.at(start_of(1))
    early = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(4) - 2)
    delegated.distribute(rewarder, provider.address, REWARD)
    late = delegated.stake(latecomer, provider.address, MINIMUM)
    assert late.timestamp == start_of(4) - 1
    assert rewards_of(delegated, early, late.main.stake_id) == [net(REWARD), 0]

    delegated.distribute(rewarder, provider.address, REWARD)
    assert rewards_of(delegated, early, late.main.stake_id) == [
        net(REWARD) * 3 // 2,
        net(REWARD) // 2,
    ]


@pytest.mark.rule("E-7")
@pytest.mark.case(24)
def test_lots_between_the_distributions_of_an_epoch_get_none_of_them(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    early = delegated.stake(delegator, provider.address, 2 * MINIMUM).main.stake_id
    clock.at(start_of(2))
    delegated.distribute(rewarder, provider.address, REWARD)
    between = delegated.stake(latecomer, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(2) + DAY)
    delegated.distribute(rewarder, provider.address, REWARD)
    after = delegated.stake(stranger, provider.address, MINIMUM).main.stake_id
    delegated.distribute(rewarder, provider.address, REWARD)
    # An epoch without a distribution changes nothing.
    clock.at(start_of(4) + 1)
    lots = (early, between, after)
    assert rewards_of(delegated, *lots) == [3 * net(REWARD), 0, 0]

    delegated.distribute(rewarder, provider.address, REWARD)
    assert rewards_of(delegated, *lots) == [
        3 * net(REWARD) + net(REWARD) // 2,
        net(REWARD) // 4,
        net(REWARD) // 4,
    ]


@pytest.mark.rule("E-7")
def test_a_lot_of_an_epoch_without_distribution_gets_none_of_the_earlier_ones(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    early = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(2))
    delegated.distribute(rewarder, provider.address, REWARD)
    clock.at(start_of(5))
    late = delegated.stake(latecomer, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(7))
    assert rewards_of(delegated, early, late) == [net(REWARD), 0]


@pytest.mark.rule("E-7", "C-3")
def test_a_stake_does_not_hold_up_those_of_the_epoch_before(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    early = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(2))
    late = delegated.stake(latecomer, provider.address, MINIMUM).main.stake_id
    assert delegated.provider_of(provider.address) == ProviderInfo(
        True, COMMISSION_BPS, staked=2 * MINIMUM, earning=MINIMUM, commission=0
    )
    delegated.distribute(rewarder, provider.address, REWARD)
    assert rewards_of(delegated, early, late) == [net(REWARD), 0]


@pytest.mark.rule("E-7", "E-9")
@pytest.mark.case(25)
def test_an_unstaked_lot_stops_earning_that_second(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Case 25: not a second longer, and not one less."""
    clock.at(start_of(1))
    leaver = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    stayer = delegated.stake(latecomer, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(15) + DAY)
    delegated.distribute(rewarder, provider.address, REWARD)
    with money.moves(delegated, delegator=net(REWARD) // 2):
        assert delegated.unstake(delegator, leaver, MINIMUM).events == (
            Unstaked(delegator.address, leaver, leaver, MINIMUM, start_of(17)),
            RewardsClaimed(delegator.address, leaver, net(REWARD) // 2),
        )
    assert delegated.provider_of(provider.address) == ProviderInfo(
        True, COMMISSION_BPS, MINIMUM, MINIMUM, commission_of(REWARD)
    )
    delegated.distribute(rewarder, provider.address, REWARD)

    assert rewards_of(delegated, leaver, stayer) == [0, net(REWARD) * 3 // 2]
    check_refused(AlreadyUnstaked(stake_id=leaver), delegated.claim_rewards, delegator, leaver)
    clock.at(start_of(17))
    with money.moves(delegated, delegator=MINIMUM):
        delegated.claim(delegator, leaver)


@pytest.mark.rule("E-7")
@pytest.mark.case(17, 22)
def test_when_the_last_lot_has_left_a_distribution_is_refused(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Cases 17 and 22: no division by zero when everything is leaving, and no reward for nobody."""
    nobody = NothingStaked()
    check_refused(nobody, delegated.distribute, rewarder, provider.address, REWARD)
    clock.at(start_of(1))
    lot = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(14))
    delegated.unstake(delegator, lot, MINIMUM)
    check_refused(nobody, delegated.distribute, rewarder, provider.address, REWARD)
    # A new lot waits for its epoch, as the first one did.
    delegated.stake(delegator, provider.address, MINIMUM)
    check_refused(nobody, delegated.distribute, rewarder, provider.address, REWARD)
    clock.at(start_of(15))
    delegated.distribute(rewarder, provider.address, REWARD)


@pytest.mark.rule("E-7", "C-12")
@pytest.mark.case(13)
def test_nothing_cannot_be_distributed(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    check_refused(ZeroAmount(), delegated.distribute, rewarder, provider.address, 0)
    clock.at(start_of(1))
    delegated.stake(delegator, provider.address, MINIMUM)
    clock.at(start_of(2))
    check_refused(ZeroAmount(), delegated.distribute, rewarder, provider.address, 0)


# How a distribution is shared.


@pytest.mark.rule("E-7")
def test_lots_share_by_what_is_in_them(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    small = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    large = delegated.stake(latecomer, provider.address, 7 * MINIMUM).main.stake_id
    larger = delegated.stake(delegator, provider.address, 8 * MINIMUM).main.stake_id
    clock.at(start_of(2))
    delegated.distribute(rewarder, provider.address, 3200 * ANKR)

    assert rewards_of(delegated, small, large, larger) == [190 * ANKR, 1330 * ANKR, 1520 * ANKR]
    assert delegated.provider_of(provider.address).commission == 160 * ANKR


@pytest.mark.rule("E-7")
def test_each_provider_has_rewards_of_its_own(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    generous_provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    here = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    there = delegated.stake(latecomer, generous_provider.address, 5 * MINIMUM).main.stake_id
    clock.at(start_of(2))
    delegated.distribute(rewarder, provider.address, REWARD)
    assert rewards_of(delegated, here, there) == [net(REWARD), 0]
    assert delegated.distribute(rewarder, generous_provider.address, REWARD).events == (
        Distributed(generous_provider.address, 2, REWARD, 0),
    )
    assert rewards_of(delegated, here, there) == [net(REWARD), REWARD]


@pytest.mark.rule("E-7")
@pytest.mark.case(20)
@pytest.mark.parametrize(
    ("commission_bps", "amount", "commission"),
    [
        (0, 10_000, 0),
        (1, 9_999, 0),
        (1, 10_000, 1),
        (1, 19_999, 1),
        (500, 19, 0),
        (500, 20, 1),
        (3000, 3, 0),
        (3000, 4, 1),
        (3000, 10**21, 3 * 10**20),
    ],
)
def test_the_commission_is_rounded_down(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    commission_bps: int,
    amount: int,
    commission: int,
) -> None:
    delegated.add_provider(registrar, stranger.address, commission_bps)
    clock.at(start_of(1))
    delegated.stake(delegator, stranger.address, MINIMUM)
    clock.at(start_of(2))
    with money.moves(delegated, rewarder=-amount):
        receipt = delegated.distribute(rewarder, stranger.address, amount)
    assert receipt.events == (Distributed(stranger.address, 2, amount, commission),)
    assert delegated.provider_of(stranger.address).commission == commission


@pytest.mark.rule("E-7")
@pytest.mark.case(22, 29)
def test_what_a_division_leaves_over_is_shared_with_the_next_distribution(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    generous_provider: AccountAPI,
) -> None:
    """Cases 22 and 29: one reward after another, each too small to be counted, and none is lost.

    With 1000 ANKR in lots, what is counted is whole thousands of wei.
    """
    clock.at(start_of(1))
    lot = delegated.stake(delegator, generous_provider.address, MINIMUM).main.stake_id
    clock.at(start_of(2))
    seen = []
    for _ in range(5):
        delegated.distribute(rewarder, generous_provider.address, 400)
        seen += rewards_of(delegated, lot)
    assert seen == [0, 0, 1000, 1000, 2000]


@pytest.mark.rule("E-7", "C-4")
@pytest.mark.case(27, 29)
def test_three_uneven_lots_lose_less_than_a_wei_each_and_the_last_one_can_leave(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    generous_provider: AccountAPI,
) -> None:
    """Cases 27 and 29: shares are rounded down, so that there is always enough for the last one."""
    amounts = {
        delegator: MINIMUM + 1,
        latecomer: 3 * MINIMUM + 7,
        stranger: 10**4 * MINIMUM // 300 + 11,
    }
    clock.at(start_of(1))
    lots = {
        person: delegated.stake(person, generous_provider.address, amount).main.stake_id
        for person, amount in amounts.items()
    }
    clock.at(start_of(2))
    total, index, carry, given = sum(amounts.values()), 0, 0, 0
    for reward in (1, 10**18 + 1, 7 * 10**20 + 3, 999):
        delegated.distribute(rewarder, generous_provider.address, reward)
        given += reward
        more, carry = divmod(reward * 10**18 + carry, total)
        index += more
    shares = {person: amount * index // 10**18 for person, amount in amounts.items()}
    assert rewards_of(delegated, *lots.values()) == list(shares.values())

    clock.at(start_of(14))
    for role, person in (
        ("delegator", delegator),
        ("latecomer", latecomer),
        ("stranger", stranger),
    ):
        with money.moves(delegated, **{role: shares[person]}):
            delegated.unstake(person, lots[person], amounts[person])
    left_over = given - sum(shares.values())
    assert delegated.liabilities() == total + left_over
    assert 0 <= left_over <= len(lots) + carry // 10**18
    clock.at(start_of(16))
    for person, lot in lots.items():
        delegated.claim(person, lot)
    assert delegated.assets() == delegated.liabilities() == left_over


# When rewards can leave.


@pytest.mark.rule("E-8", "C-1", "C-8")
@pytest.mark.case(3, 8)
@pytest.mark.parametrize("offset", OFFSETS)
def test_locked_rewards_open_with_their_lot(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
    offset: int,
) -> None:
    staked_at = clock.at(start_of(1) + offset)
    lot = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    unlocks_at = unlock_of(staked_at)
    # Before there are any, too.
    check_refused(StillLocked(unlocks_at=unlocks_at), delegated.claim_rewards, delegator, lot)
    clock.at(start_of(3))
    delegated.distribute(rewarder, provider.address, REWARD)
    assert delegated.stake_of(lot).rewards_open_at == unlocks_at

    with money.moves(delegated, delegator=net(REWARD)):
        receipt = check_opens(
            clock,
            unlocks_at,
            StillLocked(unlocks_at=unlocks_at),
            delegated.claim_rewards,
            delegator,
            lot,
        )
    assert receipt.events == (RewardsClaimed(delegator.address, lot, net(REWARD)),)
    assert delegated.positions_of(delegator.address) == [unlocked(lot, MINIMUM, unlocks_at)]


@pytest.mark.rule("E-8", "C-1", "C-3", "C-8")
@pytest.mark.case(3, 8)
@pytest.mark.parametrize("offset", OFFSETS)
def test_open_rewards_can_leave_from_the_epoch_after_the_first_one_earned(
    delegated_open: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
    offset: int,
) -> None:
    """Case 3: and taking them does not restart the lock."""
    staked_at = clock.at(start_of(1) + offset)
    lot = delegated_open.stake(delegator, provider.address, MINIMUM).main.stake_id
    unlocks_at = unlock_of(staked_at)
    clock.at(start_of(2))
    delegated_open.distribute(rewarder, provider.address, REWARD)
    assert delegated_open.stake_of(lot) == Stake(
        delegator.address, provider.address, MINIMUM, net(REWARD), 1, unlocks_at, start_of(3)
    )

    with money.moves(delegated_open, delegator=net(REWARD)):
        receipt = check_opens(
            clock,
            start_of(3),
            StillLocked(unlocks_at=start_of(3)),
            delegated_open.claim_rewards,
            delegator,
            lot,
        )
    assert receipt.events == (RewardsClaimed(delegator.address, lot, net(REWARD)),)

    assert delegated_open.stake_of(lot) == Stake(
        delegator.address, provider.address, MINIMUM, 0, 1, unlocks_at, start_of(3)
    )
    check_opens(
        clock,
        unlocks_at,
        StillLocked(unlocks_at=unlocks_at),
        delegated_open.unstake,
        delegator,
        lot,
        MINIMUM,
    )


@pytest.mark.rule("E-8", "E-7", "C-12")
@pytest.mark.case(13, 26)
def test_rewards_are_paid_once(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    lot = either.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(14))
    # Without rewards there is nothing to claim.
    check_refused(ZeroAmount(), either.claim_rewards, delegator, lot)
    check_refused(ZeroAmount(), either.restake_rewards, delegator, lot)
    either.distribute(rewarder, provider.address, REWARD)
    assert either.preview_claim_rewards(lot) == net(REWARD)
    with money.moves(either, delegator=net(REWARD)):
        either.claim_rewards(delegator, lot)
    check_refused(ZeroAmount(), either.claim_rewards, delegator, lot)
    with money.rests(either):
        either.unstake(delegator, lot, MINIMUM)


@pytest.mark.rule("C-3", "E-8")
@pytest.mark.case(3)
def test_claiming_one_lots_rewards_leaves_the_other_lots_as_they_are(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    first = either.stake(delegator, provider.address, MINIMUM).main.stake_id
    second = either.stake(delegator, provider.address, MINIMUM).main.stake_id
    third = either.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(14))
    either.unstake(delegator, third, MINIMUM)
    either.distribute(rewarder, provider.address, REWARD)

    with money.moves(either, delegator=net(REWARD) // 2):
        either.claim_rewards(delegator, first)

    assert either.positions_of(delegator.address) == [
        unlocked(first, MINIMUM, start_of(14)),
        unlocked(second, MINIMUM, start_of(14), rewards=net(REWARD) // 2),
        leaving(third, MINIMUM, start_of(16)),
    ]


# Unstaking pays them.


@pytest.mark.rule("E-9")
@pytest.mark.case(21, 26)
def test_unstaking_a_part_pays_the_rewards_of_the_whole_lot_once(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Cases 21 and 26: rewards once, and principal stays principal."""
    clock.at(start_of(1))
    lot = either.stake(delegator, provider.address, 4 * MINIMUM).main.stake_id
    others = either.stake(latecomer, provider.address, 4 * MINIMUM).main.stake_id
    clock.at(start_of(14))
    either.distribute(rewarder, provider.address, REWARD)
    half = net(REWARD) // 2
    part = id_of(delegator.address, 2)
    assert either.preview_unstake(lot, MINIMUM) == (half, start_of(16))

    with money.moves(either, delegator=half):
        receipt = either.unstake(delegator, lot, MINIMUM)
    assert receipt.events == (
        Unstaked(delegator.address, lot, part, MINIMUM, start_of(16)),
        RewardsClaimed(delegator.address, lot, half),
    )
    assert either.positions_of(delegator.address) == [
        unlocked(lot, 3 * MINIMUM, start_of(14)),
        leaving(part, MINIMUM, start_of(16)),
    ]
    check_refused(ZeroAmount(), either.claim_rewards, delegator, lot)

    # The rest goes on earning, as what it is now: three of seven parts.
    either.distribute(rewarder, provider.address, 1400 * ANKR * 20 // 19)
    assert rewards_of(either, lot, others) == [600 * ANKR, half + 800 * ANKR]
    with money.moves(either, delegator=600 * ANKR):
        either.unstake(delegator, lot, 3 * MINIMUM)
    clock.at(start_of(16))
    with money.moves(either, delegator=4 * MINIMUM):
        either.claim(delegator, lot)
        either.claim(delegator, part)


@pytest.mark.rule("E-9")
@pytest.mark.case(17)
def test_unstaking_without_rewards_pays_none_and_says_none(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    lot = either.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(14))
    assert either.preview_unstake(lot, MINIMUM) == (0, start_of(16))
    with money.rests(either):
        assert either.unstake(delegator, lot, MINIMUM).events == (
            Unstaked(delegator.address, lot, lot, MINIMUM, start_of(16)),
        )


@pytest.mark.rule("E-8", "E-9")
def test_rewards_taken_before_the_unlock_are_not_paid_again_at_the_exit(
    delegated_open: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    lot = delegated_open.stake(delegator, provider.address, MINIMUM).main.stake_id
    for epoch in (3, 4):
        clock.at(start_of(epoch))
        delegated_open.distribute(rewarder, provider.address, REWARD)
        with money.moves(delegated_open, delegator=net(REWARD)):
            delegated_open.claim_rewards(delegator, lot)
    delegated_open.distribute(rewarder, provider.address, 20 * ANKR)
    clock.at(start_of(14))
    with money.moves(delegated_open, delegator=19 * ANKR):
        delegated_open.unstake(delegator, lot, MINIMUM)


# Restaking them.


@pytest.mark.rule("E-10", "E-8", "C-1", "C-3")
def test_restaked_rewards_are_a_new_lot_with_its_own_lock(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Restaking opens when claiming does; the old lot's lock stays where it was."""
    opens_at = start_of(14) if either.contract.view("lockRewards") else start_of(3)
    restaking_epoch = either.epoch_at(opens_at)
    clock.at(start_of(1) + DAY)
    old = either.stake(delegator, provider.address, 2 * MINIMUM).main.stake_id
    clock.at(start_of(2))
    either.distribute(rewarder, provider.address, REWARD)
    new, unlocks_at = id_of(delegator.address, 2), start_of(restaking_epoch + 13)

    with money.rests(either):
        receipt = check_opens(
            clock,
            opens_at,
            StillLocked(unlocks_at=opens_at),
            either.restake_rewards,
            delegator,
            old,
        )
    assert receipt.events == (
        Staked(delegator.address, provider.address, new, net(REWARD), unlocks_at),
        RewardsRestaked(delegator.address, old, new, net(REWARD)),
    )
    assert receipt.main == receipt.events[1]
    assert either.stake_of(new) == Stake(
        owner=delegator.address,
        provider=provider.address,
        amount=net(REWARD),
        rewards=0,
        epoch=restaking_epoch,
        unlocks_at=unlocks_at,
        rewards_open_at=unlocks_at if opens_at == start_of(14) else start_of(5),
    )
    assert (either.stake_of(old).rewards, either.stake_of(old).unlocks_at) == (0, start_of(14))

    # It earns from the next epoch on, as every lot does.
    total = 2 * MINIMUM + net(REWARD)
    assert either.provider_of(provider.address) == ProviderInfo(
        True, COMMISSION_BPS, total, 2 * MINIMUM, commission_of(REWARD)
    )
    either.distribute(rewarder, provider.address, 20 * ANKR)
    assert rewards_of(either, old, new) == [19 * ANKR, 0]
    clock.at(start_of(restaking_epoch + 1))
    either.distribute(rewarder, provider.address, total * 20 // 19)
    assert rewards_of(either, old, new) == [19 * ANKR + 2 * MINIMUM, net(REWARD)]

    check_opens(
        clock,
        unlocks_at,
        StillLocked(unlocks_at=unlocks_at),
        either.unstake,
        delegator,
        new,
        net(REWARD),
    )


@pytest.mark.rule("E-10", "C-12")
@pytest.mark.parametrize("reward", [1591, 20 * ANKR, MINIMUM - 1])
def test_rewards_under_the_minimum_cannot_be_restaked(
    either: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    generous_provider: AccountAPI,
    reward: int,
) -> None:
    clock.at(start_of(1))
    # 1591 divides 10^21 - 1, so that a lot of 1591 ANKR can earn the minimum less one wei.
    lot = either.stake(delegator, generous_provider.address, 1591 * ANKR).main.stake_id
    clock.at(start_of(14))
    either.distribute(rewarder, generous_provider.address, reward)
    earned = reward // 1591 * 1591
    assert rewards_of(either, lot) == [earned]

    check_refused(
        BelowMinimum(amount=earned, minimum=MINIMUM), either.restake_rewards, delegator, lot
    )


@pytest.mark.rule("E-10", "C-1")
def test_rewards_of_exactly_the_minimum_can_be_restaked(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    generous_provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    lot = either.stake(delegator, generous_provider.address, MINIMUM).main.stake_id
    clock.at(start_of(14))
    either.distribute(rewarder, generous_provider.address, MINIMUM)
    assert either.preview_restake_rewards(lot) == (MINIMUM, start_of(27))

    with money.rests(either):
        new = either.restake_rewards(delegator, lot).main.new_stake_id

    assert either.positions_of(delegator.address) == [
        unlocked(lot, MINIMUM, start_of(14)),
        locked(new, MINIMUM, start_of(27)),
    ]


@pytest.mark.rule("E-10", "E-9")
@pytest.mark.case(26)
def test_restaked_rewards_are_not_paid_as_well(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    lot = either.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(14))
    either.distribute(rewarder, provider.address, REWARD)
    new = either.restake_rewards(delegator, lot).main.new_stake_id
    check_refused(ZeroAmount(), either.restake_rewards, delegator, lot)
    check_refused(ZeroAmount(), either.claim_rewards, delegator, lot)
    with money.rests(either):
        either.unstake(delegator, lot, MINIMUM)
    clock.at(start_of(27))
    either.unstake(delegator, new, net(REWARD))
    clock.at(start_of(29))
    with money.moves(either, delegator=MINIMUM + net(REWARD)):
        either.claim(delegator, lot)
        either.claim(delegator, new)
    with money.moves(either, provider=commission_of(REWARD)):
        either.claim_commission(provider)
    assert (either.assets(), either.liabilities()) == (0, 0)
    assert either.positions_of(delegator.address) == [closed(lot), closed(new)]
