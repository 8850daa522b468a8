"""The end of a lock-up period: rewards, the fee, and the next period (L-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import ZERO_ADDRESS, check_opens, refusal_of
from unbond.errors import NotYours, Refused, UnknownId, ZeroAddress, ZeroAmount
from unbond.systems.liquid import (
    FeesClaimed,
    FeeSetAside,
    Harvested,
    LockupRunning,
    Released,
    ReleaseScheduled,
    Underfunded,
)

from .checks import COIN, DAY, FIRST_FIT, MIN_SHARES, PARTIAL_FIFO, PERIOD
from .desk import FEE, NET, REWARDS, YEARLY, Desk, Terms, check_refused

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain, Contract
    from unbond.clock import Clock
    from unbond.roles import Roles
    from unbond.systems.liquid import LiquidStaking

# Many of them, with a story each.
pytestmark = pytest.mark.slow

POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"], indirect=True
)


@pytest.mark.rule("L-3", "L-10", "C-1")
@pytest.mark.case(8, 20)
@POLICIES
def test_rewards_come_in_the_second_in_which_the_period_ends(
    desk: Desk, liquid: LiquidStaking, clock: Clock, delegator: AccountAPI, stranger: AccountAPI
) -> None:
    """Cases 8 and 20: one coin a day for 35 days, 15 % of it the treasury's, once."""
    with desk.moves(delegated=YEARLY, value=YEARLY, shares=YEARLY, delegator=-YEARLY):
        staked = liquid.stake_for_certificates(delegator, YEARLY)
    until = staked.timestamp + PERIOD
    assert desk.until() == until
    running = LockupRunning(until=until)
    for moment in (clock.now, until - DAY, until - 1):
        clock.at(moment)
        check_refused(running, liquid.harvest, stranger, 0)
    with desk.moves(free=NET, value=NET, treasury=FEE):
        receipt = check_opens(clock, until, running, liquid.harvest, stranger, 0)
    assert receipt.events == (Harvested(0, REWARDS, FEE, 0),)
    assert (liquid.pool_value(), liquid.total_shares()) == (YEARLY + NET, YEARLY)
    assert liquid.free_liquidity() == NET


@pytest.mark.rule("L-3", "C-1")
@pytest.mark.case(8)
@pytest.mark.parametrize("late", [0, 1, 3 * DAY], ids=["at once", "a second late", "3 days late"])
def test_the_next_period_starts_with_the_harvest(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    stranger: AccountAPI,
    late: int,
) -> None:
    """Case 8: not with the end of the one before; what is earned in between is not lost."""
    desk.stake(delegator)
    taken = desk.until() + late
    clock.at(taken)
    rewards = REWARDS + late * COIN // DAY
    fee = rewards * 15 // 100
    assert liquid.contract.view("previewHarvest", 0) == (rewards, fee)
    with desk.moves(free=rewards - fee, value=rewards - fee, treasury=fee):
        receipt = liquid.harvest(stranger, 0)
    assert receipt.events == (Harvested(0, rewards, fee, 0),)
    assert desk.until() == taken + PERIOD

    running = LockupRunning(until=taken + PERIOD)
    check_refused(running, liquid.harvest, stranger, 0)
    clock.at(taken + PERIOD - 1)
    check_refused(running, liquid.harvest, stranger, 0)
    with desk.moves(free=NET, value=NET, treasury=FEE):
        again = check_opens(clock, taken + PERIOD, running, liquid.harvest, stranger, 0)
    assert again.events == (Harvested(0, REWARDS, FEE, 0),)


@pytest.mark.rule("L-3")
@pytest.mark.case(20, 27)
@pytest.mark.parametrize("seconds", [1, 2, 3, 5, 7, 11])
def test_the_fee_is_rounded_in_the_stakers_favour(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    stranger: AccountAPI,
    seconds: int,
) -> None:
    """Cases 20 and 27: to the wei, for rewards of which 15 % are no whole number."""
    desk.stake(delegator)
    clock.at(desk.until() + seconds)
    rewards = YEARLY * (PERIOD + seconds) // (365 * DAY)
    fee, rest = divmod(rewards * 1500, 10_000)
    assert rest != 0
    with desk.moves(free=rewards - fee, value=rewards - fee, treasury=fee):
        assert liquid.harvest(stranger, 0).main == Harvested(0, rewards, fee, 0)


@pytest.mark.rule("L-3", "L-1")
def test_every_period_makes_a_share_worth_more(
    desk: Desk, liquid: LiquidStaking, clock: Clock, delegator: AccountAPI, stranger: AccountAPI
) -> None:
    """Certificates stay as many as they are, bonds grow; what is not delegated earns nothing."""
    desk.stake(delegator)
    half = YEARLY // 2
    with desk.rests():
        liquid.certificates_to_bonds(delegator, half)
    for period in (1, 2, 3):
        clock.at(desk.until())
        with desk.moves(free=NET, value=NET, treasury=FEE):
            liquid.harvest(stranger, 0)
        value = YEARLY + period * NET
        assert liquid.pool_value() == value
        assert liquid.contract.view("sharesToAmount", half) == value // 2
        assert desk.bonds.view("balanceOf", delegator.address) == value // 2
        assert desk.certificates.view("balanceOf", delegator.address) == half
    assert liquid.free_liquidity() == 3 * NET


@pytest.mark.rule("L-3")
def test_neither_a_stake_nor_a_request_nor_liquidity_moves_the_period(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """A later stake earns from when it came, and the end stays where it was."""
    desk.stake(delegator)
    until = desk.until()
    clock.at(until - 10 * DAY)
    desk.stake(latecomer)
    with desk.moves(free=COIN, value=COIN, shares=COIN, latecomer=-COIN):
        liquid.top_up(latecomer, COIN)
    desk.burn(delegator, COIN)
    with desk.moves(free=-COIN, owed=-COIN, delegator=COIN):
        liquid.settle(stranger, 1)
    with desk.moves(free=COIN, value=COIN, shares=COIN, latecomer=-COIN):
        liquid.top_up(latecomer, COIN)
    with desk.moves(free=-COIN, delegated=COIN):
        redelegated = liquid.redelegate(stranger)
    with desk.rests():
        liquid.schedule_release(operator, 0, COIN)
        liquid.schedule_release(operator, 0, 0)
    assert desk.until() == until
    clock.at(until)
    # Rounded down each time that the principal changes.
    late = until - redelegated.timestamp
    rewards = REWARDS + 10 * COIN + COIN * late // (365 * DAY)
    found = liquid.contract.view("previewHarvest", 0)[0]
    assert rewards - 3 <= found <= rewards
    fee = found * 15 // 100
    with desk.moves(free=found - fee, value=found - fee, treasury=fee):
        liquid.harvest(stranger, 0)
    assert desk.until() == until + PERIOD


@pytest.mark.rule("L-3", "C-1", "C-12")
@pytest.mark.case(8, 39)
def test_each_validator_has_a_period_of_its_own(
    local_chain: Chain,
    roles: Roles,
    till: Contract,
    clock: Clock,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 8 and 39: 7, 14 and 35 days; stakes go to one after the other."""
    days = (35, 7, 14)
    desk = Desk(local_chain, roles, till, FIRST_FIT, *(Terms(period=n * DAY) for n in days))
    liquid = desk.liquid
    starts = []
    for index in range(3):
        with desk.moves(delegated=YEARLY, value=YEARLY, shares=YEARLY, delegator=-YEARLY):
            starts.append(liquid.stake_for_certificates(delegator, YEARLY).timestamp)
        assert desk.validators[index].view("principal") == YEARLY
    ends = [start + n * DAY for start, n in zip(starts, days, strict=True)]
    assert [desk.until(index) for index in range(3)] == ends
    for unknown in (3, 2**256 - 1):
        check_refused(UnknownId(id=unknown), liquid.harvest, stranger, unknown)

    for index in (1, 2, 0):
        ends = [desk.until(each) for each in range(3)]
        rewards, fee = days[index] * COIN, days[index] * COIN * 15 // 100
        running = LockupRunning(until=ends[index])
        with desk.moves(free=rewards - fee, value=rewards - fee, treasury=fee):
            receipt = check_opens(clock, ends[index], running, liquid.harvest, stranger, index)
        assert receipt.events == (Harvested(index, rewards, fee, 0),)
        ends[index] += days[index] * DAY
        assert [desk.until(each) for each in range(3)] == ends
        check_refused(LockupRunning(until=ends[index]), liquid.harvest, stranger, index)

    # The fourth stake goes to the first validator again.
    shares = YEARLY * liquid.total_shares() // liquid.pool_value()
    with desk.moves(delegated=YEARLY, value=YEARLY, shares=shares, delegator=-YEARLY):
        liquid.stake_for_bonds(delegator, YEARLY)
    assert [each.view("principal") for each in desk.validators] == [2 * YEARLY, YEARLY, YEARLY]


@pytest.mark.rule("L-3", "C-12")
@pytest.mark.case(17)
def test_nobody_starts_a_period_for_nothing(
    local_chain: Chain,
    roles: Roles,
    till: Contract,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 17: before the first stake, without a rate, and when all has been taken."""
    desk = Desk(local_chain, roles, till, FIRST_FIT, Terms(), Terms(rate=0))
    liquid = desk.liquid
    for index in (0, 1):
        check_refused(ZeroAmount(), liquid.harvest, stranger, index)
        assert desk.until(index) == 0
    desk.stake(delegator)
    desk.stake(delegator)
    until = desk.until(1)
    check_refused(LockupRunning(until=until), liquid.harvest, stranger, 1)
    clock.at(until)
    check_refused(ZeroAmount(), liquid.harvest, stranger, 1)
    # The period has ended and stays ended: the principal can come back at any time.
    assert desk.until(1) == until
    with desk.moves(delegated=-YEARLY, released=YEARLY):
        assert liquid.release(operator, 1, YEARLY).events == (Released(1, YEARLY),)

    with desk.moves(delegated=-YEARLY, released=YEARLY):
        liquid.release(operator, 0, YEARLY)
    rewards = liquid.contract.view("previewHarvest", 0)[0]
    fee = rewards * 15 // 100
    with desk.moves(free=rewards - fee, value=rewards - fee, treasury=fee):
        liquid.harvest(stranger, 0)
    clock.at(desk.until())
    check_refused(ZeroAmount(), liquid.harvest, stranger, 0)


@pytest.mark.rule("L-3", "L-9")
@pytest.mark.case(12, 21, 38)
def test_a_validator_that_lacks_the_coins_pays_when_it_has_them(
    local_chain: Chain,
    roles: Roles,
    till: Contract,
    clock: Clock,
    owner: AccountAPI,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 12, 21 and 38: a wei short; principal neither pays for it nor is locked in by it."""
    desk = Desk(local_chain, roles, till, FIRST_FIT, Terms(funds=REWARDS - 1))
    liquid = desk.liquid
    desk.stake(delegator)
    until = desk.until()
    clock.at(until)
    short = Underfunded(rewards=REWARDS, funds=REWARDS - 1)
    with desk.rests():
        assert refusal_of(liquid.harvest, stranger, 0) == short
    with desk.rests():
        liquid.schedule_release(operator, 0, COIN)
    # Nor does what is scheduled come out of a harvest that fails.
    with desk.rests():
        refused = refusal_of(liquid.harvest, stranger, 0)
        assert refused == Underfunded(
            rewards=YEARLY * (clock.now - until + PERIOD) // (365 * DAY), funds=REWARDS - 1
        )
    assert desk.until() == until
    assert liquid.contract.view("validators", 0)[1:] == (YEARLY, COIN)
    with desk.moves(delegated=-YEARLY + 1, released=YEARLY - 1):
        liquid.release(operator, 0, YEARLY - 1)

    clock.at(until + DAY)
    rewards, funds = liquid.contract.view("previewHarvest", 0)[0], REWARDS - 1
    local_chain.transfer(owner, desk.validators[0].address, rewards + COIN - funds)
    rewards = liquid.contract.view("previewHarvest", 0)[0]
    fee = rewards * 15 // 100
    net = rewards - fee
    with desk.moves(delegated=-1, released=1, free=net, value=net, treasury=fee):
        assert liquid.harvest(stranger, 0).events == (
            ReleaseScheduled(0, COIN, 0),
            Released(0, 1),
            Harvested(0, rewards, fee, 0),
        )


@pytest.mark.rule("L-3", "L-8", "C-5", "C-12")
@pytest.mark.case(11)
@pytest.mark.parametrize("manner", [1, 2, 3], ids=["refuses", "burns gas", "long reason"])
@POLICIES
def test_a_treasury_that_takes_no_coins_stops_no_harvest(
    local_chain: Chain,
    roles: Roles,
    till: Contract,
    mocks: Mocks,
    clock: Clock,
    owner: AccountAPI,
    operator: AccountAPI,
    delegator: AccountAPI,
    treasury: AccountAPI,
    stranger: AccountAPI,
    manner: int,
    policy: int,
) -> None:
    """Case 11: its fees wait for it, whatever else is paid, and go where it says."""
    patron = mocks.deploy("Patron")
    desk = Desk(local_chain, roles, till, policy, Terms(), treasury=patron.address)
    liquid = desk.liquid
    errors = liquid.contract.instance.contract_type.errors
    patron = type(patron)(local_chain, patron.instance, errors)

    def claim_fees(to: str) -> None:
        data = bytes(liquid.contract.instance.claimFees.encode_input(to))
        patron.act("act", liquid.address, data, 0, sender=stranger)

    patron.act("behave", manner, sender=stranger)
    desk.stake(delegator)
    for period in (1, 2):
        clock.at(desk.until())
        with desk.moves(free=NET, set_aside=FEE, value=NET):
            assert liquid.harvest(stranger, 0).events == (
                Harvested(0, REWARDS, FEE, 0),
                FeeSetAside(FEE),
            )
        assert liquid.contract.view("claimableFees") == period * FEE

    # Nobody's request is paid from it, and it is never delegated.
    with desk.moves(free=-2 * NET, delegated=2 * NET):
        liquid.redelegate(stranger)
    for person in (owner, operator, treasury, stranger):
        assert refusal_of(liquid.claim_fees, person, stranger.address) == NotYours(
            owner=patron.address, caller=person.address
        )
    assert refusal_of(claim_fees, ZERO_ADDRESS) == ZeroAddress()
    if manner != 2:  # it would burn all the gas that there is
        assert refusal_of(claim_fees, patron.address) == Refused(
            "PaymentRefused", to=patron.address
        )
    with desk.moves(set_aside=-2 * FEE, treasury=2 * FEE):
        claim_fees(str(treasury.address))
    assert liquid.contract.view("claimableFees") == 0
    assert refusal_of(claim_fees, str(treasury.address)) == ZeroAmount()

    # As soon as it takes coins again it gets them at once.
    patron.act("behave", 0, sender=stranger)
    clock.at(desk.until())
    had = local_chain.balance_of(patron.address)
    rewards = liquid.contract.view("previewHarvest", 0)[0]
    fee = rewards * 15 // 100
    with desk.moves(free=rewards - fee, value=rewards - fee):
        assert liquid.harvest(stranger, 0).events == (Harvested(0, rewards, fee, 0),)
    assert local_chain.balance_of(patron.address) - had == fee


@pytest.mark.rule("L-3")
def test_a_treasury_claims_what_it_refused_and_says_so(
    local_chain: Chain,
    roles: Roles,
    till: Contract,
    mocks: Mocks,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    patron = mocks.deploy("Patron")
    desk = Desk(local_chain, roles, till, FIRST_FIT, Terms(), treasury=patron.address)
    liquid = desk.liquid
    patron.act("behave", 1, sender=stranger)
    desk.stake(delegator)
    clock.at(desk.until())
    with desk.moves(free=NET, set_aside=FEE, value=NET):
        liquid.harvest(stranger, 0)
    data = bytes(liquid.contract.instance.claimFees.encode_input(latecomer.address))
    with desk.moves(set_aside=-FEE, latecomer=FEE):
        receipt = patron.act("act", liquid.address, data, 0, sender=stranger)
    told = liquid.receipt(FeesClaimed, receipt)
    assert told.events == (FeesClaimed(latecomer.address, FEE),)


@pytest.mark.rule("L-3", "L-1")
@pytest.mark.case(18, 22)
@pytest.mark.parametrize("left", [0, 1, MIN_SHARES - 1, MIN_SHARES])
def test_rewards_belong_to_shares_if_there_are_enough_of_them(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    treasury: AccountAPI,
    stranger: AccountAPI,
    left: int,
) -> None:
    """Cases 18 and 22: one share under the minimum they are the treasury's, as certificates."""
    desk.stake(delegator)
    desk.burn(delegator, YEARLY - left)
    clock.at(desk.until())
    shares = 0 if left == MIN_SHARES else NET
    with desk.moves(free=NET, value=NET, shares=shares, treasury=FEE):
        assert liquid.harvest(stranger, 0).events == (Harvested(0, REWARDS, FEE, shares),)
    assert desk.certificates.view("balanceOf", treasury.address) == shares
    assert liquid.contract.view("sharesToAmount", left) == (left if shares else left + NET)


@pytest.mark.rule("L-3", "L-9")
@POLICIES
def test_a_harvest_takes_back_what_is_scheduled_once(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """The last word counts; so that nobody who harvests in the first second keeps principal in."""

    def scheduled() -> int:
        return int(liquid.contract.view("validators", 0)[2])

    desk.stake(delegator)
    with desk.rests():
        for old, new in ((0, 5 * COIN), (5 * COIN, 0), (0, 7 * COIN), (7 * COIN, 65 * COIN)):
            assert liquid.schedule_release(operator, 0, new).events == (
                ReleaseScheduled(0, old, new),
            )
            assert scheduled() == new
    clock.at(desk.until() - 1)
    check_refused(LockupRunning(until=desk.until()), liquid.harvest, stranger, 0)
    assert scheduled() == 65 * COIN
    with desk.moves(delegated=-65 * COIN, released=65 * COIN, free=NET, value=NET, treasury=FEE):
        clock.at(desk.until())
        assert liquid.harvest(stranger, 0).events == (
            ReleaseScheduled(0, 65 * COIN, 0),
            Released(0, 65 * COIN),
            Harvested(0, REWARDS, FEE, 0),
        )
    assert scheduled() == 0

    # What was taken back earns no more, and the next harvest takes nothing back.
    clock.at(desk.until())
    rewards = 300 * COIN * PERIOD // (365 * DAY)
    fee = rewards * 15 // 100
    with desk.moves(free=rewards - fee, value=rewards - fee, treasury=fee):
        assert liquid.harvest(stranger, 0).events == (Harvested(0, rewards, fee, 0),)


@pytest.mark.rule("L-3", "L-9")
@pytest.mark.case(17, 23)
@pytest.mark.parametrize("wanted", [YEARLY, YEARLY + 1, 2**256 - 1])
def test_no_more_is_taken_back_than_there_is(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    wanted: int,
) -> None:
    """Cases 17 and 23: all of it, however much was scheduled; and for nobody, none."""
    with desk.rests():
        assert refusal_of(liquid.schedule_release, operator, 1, 0) == UnknownId(id=1)
        # Also before anything has been delegated.
        assert liquid.schedule_release(operator, 0, wanted).events == (
            ReleaseScheduled(0, 0, wanted),
        )
    desk.stake(delegator)
    clock.at(desk.until())
    with desk.moves(delegated=-YEARLY, released=YEARLY, free=NET, value=NET, treasury=FEE):
        assert liquid.harvest(stranger, 0).events == (
            ReleaseScheduled(0, wanted, 0),
            Released(0, YEARLY),
            Harvested(0, REWARDS, FEE, 0),
        )
