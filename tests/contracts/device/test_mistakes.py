"""Mistakes that real staking contracts made with rewards, dust and keys, tried on devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, id_of, refusal_of
from unbond.errors import ZeroAmount
from unbond.systems.device import (
    DeviceEnded,
    Distributed,
    ExitKind,
    Preview,
    Skipped,
    WithdrawFirst,
    Withdrawn,
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
    check_withdraws,
    claimable,
    closed,
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

# Many deployments and long stories.
pytestmark = pytest.mark.slow

REWARD = 100 * IO


@pytest.mark.rule("D-3", "D-7")
@pytest.mark.case(7)
def test_an_early_wei_lends_its_age_to_nobody(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
) -> None:
    """Case 7: a hundred days of a wei, then the whole requirement and a co-stake."""
    own = staked(device, worker, amount=1)
    clock.travel(days=100)
    with money.rests(device):
        assert device.distribute(rewarder, RIG, REWARD).events == (Skipped(RIG, REWARD),)
    device.stake(worker, RIG, RIG_REQUIRES - 1)
    co = co_staked(device, worker, co_staker)
    assert device.rewards_of(RIG, worker.address) == 0
    left_at = device.unstake(worker, RIG).timestamp
    with money.moves(device, worker=RIG_REQUIRES):
        check_withdraws(clock, device, worker, own, left_at + COOLDOWN)
    with money.moves(device, co_staker=CO_STAKE):
        device.withdraw(co_staker, co)


@pytest.mark.rule("D-3", "D-4", "D-10", "D-11")
@pytest.mark.case(17)
def test_an_exit_worth_nothing_is_withdrawn_like_any_other(
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
    """Case 17: the co-stake alone is enough, so that the overflow is all that the owner has."""
    device.set_requirement(registrar, RIG, BPS, 1)
    assert device.overflow(RIG) == RIG_REQUIRES
    with money.moves(device, worker=RIG_REQUIRES):
        device.withdraw_overflow(worker, RIG)
    assert (device.counted_stake(RIG), device.is_eligible(RIG)) == (CO_STAKE, True)
    assert device.positions_of(worker.address) == [own_stake(RIG, 0)]
    assert refusal_of(device.withdraw_overflow, worker, RIG) == ZeroAmount()
    assert device.distribute(rewarder, RIG, 4).events == (Distributed(RIG, 3, 1),)
    now = clock.now
    assert device.preview_unstake(RIG, 1) == Preview(ExitKind.FULL, 0, now + COOLDOWN, "")

    device.unstake_amount(worker, RIG, 1, ExitKind.FULL)
    opens_at = now + COOLDOWN
    assert refusal_of(device.stake, latecomer, RIG, 1) == WithdrawFirst(exit_id=pair.own)
    with money.rests(device):
        paid = check_withdraws(clock, device, worker, pair.own, opens_at)
    assert paid.events == (Withdrawn(worker.address, pair.own, 0),)
    assert device.positions_of(worker.address) == [closed(pair.own)]
    device.stake(latecomer, RIG, 1)
    with money.moves(device, worker=3, co_staker=CO_STAKE + 1):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
        device.withdraw(co_staker, pair.co)


@pytest.mark.rule("C-4", "D-6", "D-9", "D-10")
@pytest.mark.case(19, 20, 21, 26)
def test_rewards_are_split_once_paid_once_and_never_taken_from_a_stake(
    device: DeviceStaking,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 19, 20, 21 and 26: claims before, between and after partial exits."""
    with money.moves(device, rewarder=-101):
        device.distribute(rewarder, RIG, 101)
    with money.moves(device, worker=76):
        device.claim_rewards(worker, RIG)
    assert refusal_of(device.claim_rewards, worker, RIG) == ZeroAmount()

    # The principal changes in the middle, which moves no reward.
    with money.moves(device, worker=100 * IO):
        device.unstake_amount(worker, RIG, 100 * IO)
    assert refusal_of(device.claim_rewards, worker, RIG) == ZeroAmount()
    assert device.rewards_of(RIG, co_staker.address) == 25
    device.distribute(rewarder, RIG, 3)
    device.distribute(rewarder, RIG, REWARD)
    device.unstake(worker, RIG)
    with money.moves(device, worker=3 + REWARD * 3 // 4, co_staker=25 + REWARD // 4):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
    for person in (worker, co_staker):
        assert refusal_of(device.claim_rewards, person, RIG) == ZeroAmount()
    principal = RIG_REQUIRES - 100 * IO + CO_STAKE
    assert (device.assets(), device.liabilities()) == (principal, principal)


@pytest.mark.rule("C-4", "D-7")
@pytest.mark.case(22)
def test_rewards_that_come_when_nobody_has_staked_are_nobodys_and_not_taken(
    device: DeviceStaking,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    solo: int,
) -> None:
    """Case 22: beside a device that earns, to the wei, also from a single one."""
    with money.moves(device, rewarder=-1):
        receipt = device.distribute_many(rewarder, [CARD, RIG, CARD], [REWARD, 1, 2**255])
    assert receipt.events == (Skipped(CARD, REWARD), Distributed(RIG, 1, 0), Skipped(CARD, 2**255))
    device.stake(co_staker, CARD, CARD_REQUIRES)
    assert device.rewards_of(CARD, co_staker.address) == 0
    co_staked(device, worker, co_staker, amount=1, share=BPS - 1)
    for _ in range(3):
        assert device.distribute(rewarder, RIG, 1).events == (Distributed(RIG, 1, 0),)
    assert device.rewards_of(RIG, worker.address) == 4


@pytest.mark.rule("D-7", "D-9", "D-10", "D-12")
@pytest.mark.case(24)
def test_who_comes_just_before_a_reward_and_leaves_just_after_gains_little(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    solo: int,
) -> None:
    """Case 24: more than is required earns no more, and everybody else has to cool down."""
    device.stake(worker, RIG, 10 * RIG_REQUIRES)
    assert device.distribute(rewarder, RIG, REWARD).events == (Distributed(RIG, REWARD, 0),)
    with money.moves(device, worker=10 * RIG_REQUIRES):
        device.withdraw_overflow(worker, RIG)

    quick = staked(device, latecomer, where=CARD, amount=CARD_REQUIRES)
    co = co_staked(device, worker, co_staker)
    device.distribute_many(rewarder, [RIG, CARD], [REWARD, REWARD])
    left_at = device.unstake(latecomer, CARD).timestamp
    co_left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    device.distribute_many(rewarder, [RIG, CARD], [REWARD, REWARD])
    assert [
        device.rewards_of(where, person.address)
        for where, person in ((RIG, worker), (RIG, co_staker), (CARD, latecomer))
    ] == [2 * REWARD + REWARD * 3 // 4, REWARD // 4, REWARD]
    check_withdraws(clock, device, latecomer, quick, left_at + COOLDOWN)
    check_withdraws(clock, device, co_staker, co, co_left_at + WAIT + COOLDOWN)


@pytest.mark.rule("C-1", "D-3", "D-6", "D-7", "D-9", "D-12")
@pytest.mark.case(25)
def test_rewards_go_on_until_the_second_of_leaving_and_no_longer(
    device: DeviceStaking,
    clock: Clock,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 25: a second before, a second after, through wait and cooldown, and beyond."""

    def earned() -> tuple[int, int]:
        people = (worker.address, co_staker.address)
        before = [device.rewards_of(RIG, person) for person in people]
        device.distribute(rewarder, RIG, 4)
        own, co = (
            device.rewards_of(RIG, person) - held
            for person, held in zip(people, before, strict=True)
        )
        return own, co

    assert earned() == (3, 1)
    co_left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    assert earned() == (4, 0)
    clock.at(co_left_at + WAIT - 1)
    assert earned() == (4, 0)
    assert earned() == (4, 0)
    left_at = device.unstake(worker, RIG).timestamp
    assert earned() == (0, 0)
    for moment in (left_at + COOLDOWN - 1, left_at + COOLDOWN, left_at + 100 * DAY):
        clock.at(moment)
        assert earned() == (0, 0)
    # They waited, and were not lost (D-6).
    assert device.rewards_of(RIG, worker.address) == 15
    assert device.rewards_of(RIG, co_staker.address) == 1


@pytest.mark.rule("C-4", "D-9", "D-13")
@pytest.mark.case(27, 29)
@pytest.mark.parametrize("last", ["worker", "co_staker"])
def test_whoever_is_last_gets_everything_and_no_dust_stays_behind(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    last: str,
) -> None:
    """Cases 27 and 29: shares, stakes and rewards that do not divide evenly."""
    own = staked(device, worker, amount=RIG_REQUIRES + 1)
    co = co_staked(device, worker, co_staker, amount=333 * IO + 7, share=3_333)
    rewards = (1, 2, 3, 10**18 + 1, 7 * IO + 11)
    shares = [reward * 3_333 // BPS for reward in rewards]
    for reward, share in zip(rewards, shares, strict=True):
        assert device.distribute(rewarder, RIG, reward).events == (
            Distributed(RIG, reward - share, share),
        )
    left = device.unstake(worker, RIG).main
    clock.at(left.available_at)

    def everything_of(person: str) -> dict[str, int]:
        account, exit_id = {"worker": (worker, own), "co_staker": (co_staker, co)}[person]
        device.claim_rewards(account, RIG)
        device.withdraw(account, exit_id)
        amounts = {
            "worker": RIG_REQUIRES + 1 + sum(rewards) - sum(shares),
            "co_staker": 333 * IO + 7 + sum(shares),
        }
        return {person: amounts[person]}

    (first,) = {"worker", "co_staker"} - {last}
    held = money.look(device).people
    paid = everything_of(first) | everything_of(last)
    after = money.look(device)
    assert {who: after.people[who] - held[who] for who in paid} == paid
    assert (after.assets, after.liabilities) == (0, 0)


@pytest.mark.rule("C-6", "D-7", "D-15")
@pytest.mark.case(38)
def test_everybody_gets_out_of_a_device_that_was_terminated(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 38: each by his own path, at the usual times, with what he has earned before."""
    device.distribute(rewarder, RIG, REWARD)
    device.terminate_device(registrar, RIG)
    with money.rests(device):
        assert device.distribute(rewarder, RIG, REWARD).events == (Skipped(RIG, REWARD),)
        assert refusal_of(device.stake, worker, RIG, 1) == DeviceEnded(device_id=RIG)

    with money.moves(device, worker=CO_STAKE):
        device.withdraw_overflow(worker, RIG)
    co_left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(co_left_at + WAIT + DAY)
    left_at = device.unstake(worker, RIG).timestamp
    with money.moves(device, worker=REWARD * 3 // 4, co_staker=CO_STAKE + REWARD // 4):
        check_withdraws(clock, device, co_staker, pair.co, co_left_at + WAIT + COOLDOWN)
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
    with money.moves(device, worker=RIG_REQUIRES - CO_STAKE):
        check_withdraws(clock, device, worker, pair.own, left_at + COOLDOWN)
    assert (device.assets(), device.liabilities()) == (0, 0)


@pytest.mark.rule("C-3", "D-4", "D-6", "D-12")
@pytest.mark.case(39)
def test_a_device_that_begins_again_overwrites_nothing_of_before(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Case 39: the same two change places, with exits and rewards of the first time still there."""
    device.distribute(rewarder, RIG, 4)
    device.unstake_co_stake(co_staker, RIG)
    opens_at = device.unstake(worker, RIG).main.available_at
    clock.at(opens_at)
    device.withdraw(worker, pair.own)

    staked(device, co_staker)
    co_staked(device, co_staker, worker, amount=CO_STAKE - 1)
    device.distribute(rewarder, RIG, 8)
    left = device.unstake_co_stake(worker, RIG).main
    second = id_of(worker.address, 2)
    assert left.exit_id == second
    assert device.positions_of(worker.address) == [
        closed(pair.own),
        leaving(second, CO_STAKE - 1, left.available_at, rewards=3 + 2),
    ]
    assert device.positions_of(co_staker.address) == [
        claimable(pair.co, CO_STAKE, opens_at),
        own_stake(RIG, RIG_REQUIRES, rewards=1 + 6),
    ]
    # Who leaves as the owner now shortens the exits of now, not those of then.
    shortened = device.unstake(co_staker, RIG).main.available_at
    assert device.exit_of(second).available_at == shortened < left.available_at
    assert device.exit_of(pair.co).available_at == opens_at
    with money.moves(device, worker=5, co_staker=CO_STAKE + 7):
        device.withdraw(co_staker, pair.co)
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
    clock.at(shortened)
    with money.moves(device, worker=CO_STAKE - 1, co_staker=RIG_REQUIRES):
        device.withdraw(worker, second)
        device.withdraw(co_staker, id_of(co_staker.address, 2))
    assert (device.assets(), device.liabilities()) == (0, 0)
