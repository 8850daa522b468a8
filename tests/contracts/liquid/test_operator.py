"""Liquidity: where it comes from, where it goes, and what happens when nobody minds it (L-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import ZERO_ADDRESS, check_opens, refusal_of
from unbond.errors import (
    BelowMinimum,
    EnforcedPause,
    OwnableUnauthorizedAccount,
    UnknownId,
    ZeroAmount,
)
from unbond.systems.base import power_id
from unbond.systems.liquid import (
    Delegated,
    ExceedsPrincipal,
    Harvested,
    Ledger,
    LessThanAShare,
    LockupRunning,
    Paid,
    Released,
    ReleaseScheduled,
    RequestsWaiting,
    Settled,
    ToppedUp,
)

from .checks import COIN, DAY, FIRST_FIT, MIN_SHARES, PARTIAL_FIFO, PERIOD
from .desk import FEE, NET, REWARDS, YEARLY, Desk, Terms, check_refused

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain, Contract
    from unbond.clock import Clock
    from unbond.roles import Roles
    from unbond.systems.liquid import LiquidStaking

# Many of them, with a story each.
pytestmark = pytest.mark.slow

POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"], indirect=True
)
NOTHING = Ledger(0, 0, 0, 0, 0, 0, 0)


def pay(
    desk: Desk, policy: int, caller: AccountAPI, account: AccountAPI, role: str, amount: int
) -> None:
    """Let the only request be paid, all from rewards."""
    liquid = desk.liquid
    if policy == FIRST_FIT:
        with desk.moves(free=-amount, owed=-amount, **{role: amount}):
            liquid.settle(caller, 1)
        return
    with desk.moves(free=-amount, owed=-amount, set_aside=amount):
        liquid.settle(caller, 1)
    (mine,) = (each.id for each in liquid.positions_of(str(account.address)) if each.amount)
    with desk.moves(set_aside=-amount, **{role: amount}):
        liquid.claim(account, mine, account.address)


# Back to the validators.


@pytest.mark.rule("L-9")
@pytest.mark.case(16)
@POLICIES
def test_liquidity_stays_while_somebody_waits_for_a_wei(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    policy: int,
    operator: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 16: and goes when he has been paid, all of it, whoever says so."""
    with desk.rests():
        assert refusal_of(liquid.redelegate, stranger) == ZeroAmount()
    desk.stake(delegator)
    desk.give(delegator, latecomer, COIN)
    with desk.rests():
        assert refusal_of(liquid.redelegate, stranger) == ZeroAmount()
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    with desk.moves(value=-1, owed=1, shares=-1):
        liquid.burn_certificates(latecomer, 1)
    with desk.rests():
        for person in (stranger, operator, latecomer):
            assert refusal_of(liquid.redelegate, person) == RequestsWaiting(owed=1)
    pay(desk, policy, stranger, latecomer, "latecomer", 1)
    until = desk.until()
    with desk.moves(free=1 - NET, delegated=NET - 1):
        assert liquid.redelegate(stranger).events == (Delegated(0, NET - 1),)
    assert liquid.free_liquidity() == 0
    assert desk.until() == until
    with desk.rests():
        assert refusal_of(liquid.redelegate, stranger) == ZeroAmount()


@pytest.mark.rule("L-7", "L-9")
@pytest.mark.parametrize("policy", [PARTIAL_FIFO], ids=["partial fifo"], indirect=True)
def test_what_has_been_filled_is_nobodys_liquidity(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """It waits for its owner for as long as he likes, while all the rest is delegated."""
    desk.stake(delegator)
    desk.give(delegator, latecomer, 5 * COIN)
    mine = desk.burn(latecomer, 5 * COIN)
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    with desk.moves(free=-5 * COIN, owed=-5 * COIN, set_aside=5 * COIN):
        liquid.settle(stranger, 1)
    with desk.moves(free=5 * COIN - NET, delegated=NET - 5 * COIN):
        liquid.redelegate(stranger)
    desk.burn(delegator, 100 * COIN)
    with desk.rests():
        assert liquid.settle(stranger, 1).events == (Settled(0, 0, 0),)
    clock.at(desk.until() + 1000 * DAY)
    with desk.moves(set_aside=-5 * COIN, latecomer=5 * COIN):
        liquid.claim(latecomer, mine, latecomer.address)


@pytest.mark.rule("L-9")
def test_what_goes_back_goes_to_the_validator_whose_turn_it_is(
    local_chain: Chain,
    roles: Roles,
    till: Contract,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Released principal and rewards together, in one piece."""
    desk = Desk(local_chain, roles, till, FIRST_FIT, Terms(), Terms(), Terms(period=DAY))
    liquid = desk.liquid
    desk.stake(delegator)
    clock.at(desk.until())
    with desk.moves(delegated=-65 * COIN, released=65 * COIN):
        liquid.release(operator, 0, 65 * COIN)
    amounts = [300 * COIN, 65 * COIN, 0]
    with desk.moves(delegated=65 * COIN, released=-65 * COIN):
        assert liquid.redelegate(stranger).events == (Delegated(1, 65 * COIN),)
    assert [each.view("principal") for each in desk.validators] == amounts
    with desk.moves(delegated=-COIN, released=COIN):
        liquid.release(operator, 0, COIN)
    found = liquid.contract.view("previewHarvest", 0)[0]
    net = found - found * 15 // 100
    with desk.moves(free=net, value=net, treasury=found * 15 // 100):
        liquid.harvest(stranger, 0)
    with desk.moves(delegated=COIN + net, released=-COIN, free=-net):
        assert liquid.redelegate(stranger).events == (Delegated(2, COIN + net),)
    amounts = [299 * COIN, 65 * COIN, COIN + net]
    assert [each.view("principal") for each in desk.validators] == amounts


# Liquidity for certificates.


@pytest.mark.rule("L-9", "L-1", "L-10")
@pytest.mark.case(44)
@POLICIES
def test_liquidity_is_brought_at_the_present_rate(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    policy: int,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    rewarder: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 44: anybody can; it pays the backlog and is not delegated meanwhile."""
    desk.stake(delegator)
    with desk.moves(free=2 * COIN, value=2 * COIN, shares=2 * COIN, stranger=-2 * COIN):
        brought = liquid.top_up(stranger, 2 * COIN)
    assert brought.events == (ToppedUp(stranger.address, 2 * COIN, 2 * COIN),)
    with desk.moves(free=-2 * COIN, delegated=2 * COIN):
        liquid.redelegate(stranger)
    clock.at(desk.until())
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    net = rewards - fee
    with desk.moves(free=net, value=net, treasury=fee):
        liquid.harvest(stranger, 0)

    value, total = 367 * COIN + net, 367 * COIN
    shares = 60 * COIN * total // value
    assert shares < 56 * COIN
    assert liquid.contract.view("previewStake", 60 * COIN) == shares
    with desk.moves(free=60 * COIN, value=60 * COIN, shares=shares, rewarder=-60 * COIN):
        brought = liquid.top_up(rewarder, 60 * COIN)
    assert brought.events == (ToppedUp(rewarder.address, 60 * COIN, shares),)
    assert desk.certificates.view("balanceOf", rewarder.address) == shares
    # It is worth what was brought, but for the rounding, which is the pool's.
    worth = liquid.contract.view("sharesToAmount", shares)
    assert 60 * COIN - 2 <= worth <= 60 * COIN
    # And is taken out like any other stake, from the very liquidity that it was.
    with desk.moves(value=-worth, owed=worth, shares=-shares):
        liquid.burn_certificates(rewarder, shares)
    pay(desk, policy, latecomer, rewarder, "rewarder", worth)


@pytest.mark.rule("L-9", "C-6", "C-12")
@pytest.mark.case(13)
def test_liquidity_has_the_minimum_of_a_stake(
    desk: Desk,
    liquid: LiquidStaking,
    pauser: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 13: and a pause stops it, since it is one."""
    with desk.rests():
        check_refused(ZeroAmount(), liquid.top_up, stranger, 0)
        for amount in (1, COIN - 1):
            below = BelowMinimum(amount=amount, minimum=COIN)
            check_refused(below, liquid.top_up, stranger, amount)
    with desk.moves(free=COIN, value=COIN, shares=COIN, stranger=-COIN):
        liquid.top_up(stranger, COIN)
    with desk.rests():
        liquid.pause(pauser)
        for amount in (0, COIN - 1, COIN):
            check_refused(EnforcedPause(), liquid.top_up, stranger, amount)


# Principal, at the end of a period.


@pytest.mark.rule("L-9", "C-1", "C-12")
@pytest.mark.case(8, 38)
def test_principal_comes_back_at_a_periods_end_only(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 8 and 38: until the next period starts, in as many parts as the operator wants."""
    desk.stake(delegator)
    until = desk.until()
    running = LockupRunning(until=until)
    for amount in (0, 1, YEARLY, YEARLY + 1):
        assert refusal_of(liquid.release, operator, 0, amount) == running
    assert refusal_of(liquid.release, operator, 1, 1) == UnknownId(id=1)
    with desk.moves(delegated=-COIN, released=COIN):
        receipt = check_opens(clock, until, running, liquid.release, operator, 0, COIN)
    assert receipt.events == (Released(0, COIN),)
    with desk.rests():
        assert refusal_of(liquid.release, operator, 0, 0) == ZeroAmount()
        for amount in (364 * COIN + 1, 2**96, 2**256 - 1):
            assert refusal_of(liquid.release, operator, 0, amount) == ExceedsPrincipal(
                amount=amount, principal=364 * COIN
            )
    clock.at(until + 10 * DAY)
    with desk.moves(delegated=-3 * COIN, released=3 * COIN):
        liquid.release(operator, 0, COIN)
        liquid.release(operator, 0, 2 * COIN)
    assert desk.until() == until

    rewards, fee = liquid.contract.view("previewHarvest", 0)
    with desk.moves(free=rewards - fee, value=rewards - fee, treasury=fee):
        harvested = liquid.harvest(stranger, 0)
    until = harvested.timestamp + PERIOD
    running = LockupRunning(until=until)
    assert refusal_of(liquid.release, operator, 0, COIN) == running
    with desk.moves(delegated=-361 * COIN, released=361 * COIN):
        check_opens(clock, until, running, liquid.release, operator, 0, 361 * COIN)
    with desk.rests():
        assert refusal_of(liquid.release, operator, 0, 1) == ExceedsPrincipal(amount=1, principal=0)


@pytest.mark.rule("L-5", "L-9", "L-10")
def test_rewards_are_spent_before_principal(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """29.75 of the one, 20 of the other; a request for 35 takes all of the first."""
    desk.stake(delegator)
    first = desk.burn(delegator, 10 * COIN)
    second = desk.burn(delegator, 25 * COIN)
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    clock.at(desk.until())
    with desk.moves(delegated=-20 * COIN, released=20 * COIN):
        liquid.release(operator, 0, 20 * COIN)
    with desk.moves(free=-10 * COIN, owed=-10 * COIN, delegator=10 * COIN):
        assert liquid.settle(stranger, 1).events == (
            Paid(delegator.address, first, 10 * COIN),
            Settled(1, 10 * COIN, NET + 10 * COIN),
        )
    rest = NET - 10 * COIN
    with desk.moves(free=-rest, released=rest - 25 * COIN, owed=-25 * COIN, delegator=25 * COIN):
        assert liquid.settle(stranger, 1).events == (
            Paid(delegator.address, second, 25 * COIN),
            Settled(1, 25 * COIN, NET + 20 * COIN - 35 * COIN),
        )


# Without an operator.


@pytest.mark.rule("L-3", "L-5", "L-6", "L-7", "L-9")
@pytest.mark.case(44)
@POLICIES
def test_strangers_keep_the_queue_alive_while_the_operator_sleeps(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    policy: int,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 44: 80 coins and then 20 of 365 are paid from the rewards of four periods alone.

    First fit pays the small one of 20 at once and the large one when 80 have gathered; by age in
    parts, three periods go to the large one.
    """
    desk.stake(delegator)
    desk.give(delegator, latecomer, 20 * COIN)
    large = desk.burn(delegator, 80 * COIN)
    small = desk.burn(latecomer, 20 * COIN)
    free = 0
    paid_in: dict[int, int] = {}
    owed = 100 * COIN
    for period in range(1, 5):
        clock.at(desk.until())
        with desk.moves(free=NET, value=NET, treasury=FEE):
            liquid.harvest(stranger, 0)
        free += NET
        if policy == FIRST_FIT:
            # What fits: the small one in the first period, the large one in the last.
            expected = {1: 20 * COIN, 4: 80 * COIN}.get(period, 0)
            people = {1: {"latecomer": expected}, 4: {"delegator": expected}}.get(period, {})
            with desk.moves(free=-expected, owed=-expected, **people):
                liquid.settle(stranger, 9)
        else:
            expected = min(free, owed)
            with desk.moves(free=-expected, owed=-expected, set_aside=expected):
                liquid.settle(stranger, 9)
        free -= expected
        owed -= expected
        for identifier in (large, small):
            found = liquid.request_of(identifier)
            if found.amount == found.claimable:
                paid_in.setdefault(identifier, period)
    assert owed == liquid.owed() == 0
    assert paid_in == ({large: 4, small: 1} if policy == FIRST_FIT else {large: 3, small: 4})
    if policy == PARTIAL_FIFO:
        with desk.moves(set_aside=-100 * COIN, delegator=80 * COIN, latecomer=20 * COIN):
            liquid.claim(delegator, large, delegator.address)
            liquid.claim(latecomer, small, latecomer.address)
    # And what is left goes to work again, without him.
    with desk.moves(free=-free, delegated=free):
        liquid.redelegate(stranger)
    assert free == 4 * NET - 100 * COIN


@pytest.mark.rule("L-4", "L-9", "L-10")
@pytest.mark.case(17, 27, 29)
@POLICIES
def test_in_a_run_on_the_pool_everybody_gets_everything_to_the_last_wei(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    policy: int,
    operator: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    treasury: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 17, 27 and 29: at an awkward rate, bonds and certificates; the books end empty."""
    desk.stake(delegator)
    thirds = YEARLY // 3
    with desk.rests():
        desk.give(delegator, latecomer, thirds)
        desk.give(delegator, stranger, thirds + 1)
        liquid.certificates_to_bonds(latecomer, thirds)
    clock.at(desk.until() + 1)
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    with desk.moves(free=rewards - fee, value=rewards - fee, treasury=fee):
        liquid.harvest(operator, 0)

    people = {"delegator": delegator, "latecomer": latecomer, "stranger": stranger}
    value = liquid.pool_value()
    assert value == YEARLY + rewards - fee
    amounts: dict[str, int] = {}
    requests: dict[str, int] = {}
    for role, person in people.items():
        bonds = desk.bonds.view("balanceOf", person.address)
        shares = desk.certificates.view("balanceOf", person.address)
        amounts[role] = bonds or liquid.contract.view("sharesToAmount", shares)
        if bonds:
            gone = desk.bonds.view("sharesOf", person.address)
            with desk.moves(value=-bonds, owed=bonds, shares=-gone):
                requests[role] = liquid.burn_bonds(person, bonds).main.request_id
        else:
            requests[role] = desk.burn(person, shares)
    # Nobody is left, and nothing that is not owed: the last one out has what others rounded off.
    assert sum(amounts.values()) == value == liquid.owed()
    assert (liquid.pool_value(), liquid.total_shares()) == (0, 0)
    clock.at(desk.until())
    with desk.moves(delegated=-YEARLY, released=YEARLY):
        liquid.release(operator, 0, YEARLY)
    free = rewards - fee
    if policy == FIRST_FIT:
        with desk.moves(free=-free, released=-YEARLY, owed=-value, **amounts):
            assert liquid.settle(operator, 3).events == (
                *(Paid(people[role].address, requests[role], amounts[role]) for role in people),
                Settled(3, value, 0),
            )
    else:
        with desk.moves(free=-free, released=-YEARLY, owed=-value, set_aside=value):
            liquid.settle(operator, 3)
        for role, person in people.items():
            with desk.moves(set_aside=-amounts[role], **{role: amounts[role]}):
                liquid.claim(person, requests[role], person.address)
    assert liquid.ledger() == NOTHING

    # What it still earned while they waited is the treasury's, to take out like anybody else.
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    net = rewards - fee
    with desk.moves(free=net, value=net, shares=net, treasury=fee):
        assert liquid.harvest(operator, 0).events == (Harvested(0, rewards, fee, net),)
    last = desk.burn(treasury, net)
    if policy == FIRST_FIT:
        with desk.moves(free=-net, owed=-net, treasury=net):
            liquid.settle(operator, 1)
    else:
        with desk.moves(free=-net, owed=-net, set_aside=net):
            liquid.settle(operator, 1)
        with desk.moves(set_aside=-net, treasury=net):
            liquid.claim(treasury, last, treasury.address)
    assert liquid.ledger() == NOTHING
    assert desk.chain.balance_of(liquid.address) == 0

    # And the next one starts as the first one did.
    desk.stake(latecomer, COIN)
    assert desk.certificates.view("balanceOf", latecomer.address) == COIN


@pytest.mark.rule("L-9", "L-1")
@pytest.mark.case(17, 18)
def test_a_share_dearer_than_the_minimum_is_refused_and_not_taken_for_nothing(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 17 and 18: as dear as rewards can make a share, a stake still buys some."""
    desk.stake(delegator)
    desk.burn(delegator, YEARLY - MIN_SHARES)
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        assert liquid.harvest(stranger, 0).events == (Harvested(0, REWARDS, FEE, 0),)
    # As many shares as there may be at least now share 29.75 coins.
    shares = COIN * MIN_SHARES // (MIN_SHARES + NET)
    assert shares > 10**13
    assert refusal_of(liquid.top_up, stranger, COIN - 1) == BelowMinimum(
        amount=COIN - 1, minimum=COIN
    )
    with desk.moves(free=COIN, value=COIN, shares=shares, stranger=-COIN):
        assert liquid.top_up(stranger, COIN).events == (ToppedUp(stranger.address, COIN, shares),)
    assert not isinstance(refusal_of(liquid.top_up, stranger, COIN), LessThanAShare)


@pytest.mark.rule("C-7", "L-9")
def test_what_the_operator_does_tells_the_old_value_and_the_new_one(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
) -> None:
    """Also when they are the same; the only setter moves no coins and no wait."""
    desk.stake(delegator)
    mine = desk.burn(delegator, COIN)
    before = liquid.request_of(mine), desk.until()
    with desk.rests():
        for old, new in ((0, 0), (0, COIN), (COIN, COIN), (COIN, 2**256 - 1), (2**256 - 1, 0)):
            assert liquid.schedule_release(operator, 0, new).events == (
                ReleaseScheduled(0, old, new),
            )
    assert (liquid.request_of(mine), desk.until()) == before
    clock.at(desk.until())
    with desk.moves(delegated=-COIN, released=COIN):
        assert liquid.release(operator, 0, COIN).events == (Released(0, COIN),)


@pytest.mark.rule("C-7")
@pytest.mark.case(44)
def test_without_an_owner_and_an_operator_money_still_leaves(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 44: an ownership given up is nobody's; an offer that was open is gone with it."""
    liquid.transfer_ownership(owner, stranger.address)
    liquid.contract.act("renounceOwnership", sender=owner)
    liquid.contract.act(
        "renounceRole", power_id("OPERATOR_ROLE"), operator.address, sender=operator
    )
    assert liquid.owner() == ZERO_ADDRESS
    for person in (owner, stranger):
        assert refusal_of(liquid.accept_ownership, person) == OwnableUnauthorizedAccount(
            account=person.address
        )
    desk.stake(delegator)
    desk.burn(delegator, COIN)
    clock.at(desk.until())
    liquid.harvest(stranger, 0)
    with desk.moves(free=-COIN, owed=-COIN, delegator=COIN):
        liquid.settle(stranger, 1)
