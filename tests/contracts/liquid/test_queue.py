"""The queue: what a burn fixes, and who is paid when under both policies (L-4 to L-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import UNLIMITED, ZERO_ADDRESS, id_of, refusal_of
from unbond.errors import NotYours, Refused, UnknownId, ZeroAddress, ZeroAmount
from unbond.systems.liquid import (
    AlreadyPaid,
    Burnt,
    Claimed,
    Harvested,
    Paid,
    Request,
    Settled,
    StillWaiting,
)

from .checks import COIN, DAY, FIRST_FIT, PARTIAL_FIFO, TARGET
from .desk import FEE, NET, REWARDS, YEARLY, Desk, check_refused, claimable, closed, waiting

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.clock import Clock
    from unbond.systems.liquid import LiquidStaking

# Many of them, with a story each.
pytestmark = pytest.mark.slow

POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"], indirect=True
)
BY_AGE = pytest.mark.parametrize("policy", [PARTIAL_FIFO], ids=["partial fifo"], indirect=True)


def bring(desk: Desk, owner: AccountAPI, amount: int) -> None:
    """Let the owner bring exactly this much liquidity."""
    shares = desk.liquid.contract.view("previewStake", amount)
    with desk.moves(free=amount, value=amount, shares=shares, owner=-amount):
        desk.liquid.top_up(owner, amount)


@pytest.fixture
def crowd(
    desk: Desk, delegator: AccountAPI, latecomer: AccountAPI, stranger: AccountAPI
) -> tuple[AccountAPI, ...]:
    """The delegator, latecomer and stranger have 305, 30 and 30 of one stake of 365."""
    desk.stake(delegator)
    with desk.rests():
        for taker in (latecomer, stranger):
            desk.give(delegator, taker, 30 * COIN)
    return delegator, latecomer, stranger


def numbers(liquid: LiquidStaking, identifier: int) -> tuple[int, int, int, bool]:
    """What waits and can be claimed of a request, what is ahead, whether it is overdue."""
    found = liquid.request_of(identifier)
    ahead = liquid.queue_ahead(identifier)
    return found.amount, found.claimable, ahead, liquid.is_overdue(identifier)


@pytest.mark.rule("L-4", "L-10")
@pytest.mark.case(19, 25, 44)
@POLICIES
def test_a_burn_fixes_the_amount_whatever_the_rate_does_later(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Cases 19, 25 and 44: what is burnt earns no more, all rewards are those who stay's."""
    early = desk.burn(latecomer, 30 * COIN)
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        assert liquid.harvest(stranger, 0).events == (Harvested(0, REWARDS, FEE, 0),)
    assert liquid.request_of(early).amount == liquid.owed() == 30 * COIN
    assert (liquid.pool_value(), liquid.total_shares()) == (335 * COIN + NET, 335 * COIN)

    # Now a share is worth more; burnt at this rate, whatever comes next.
    late_amount = 30 * COIN * (335 * COIN + NET) // (335 * COIN)
    assert late_amount > 32 * COIN
    with desk.moves(value=-late_amount, owed=late_amount, shares=-30 * COIN):
        burnt = liquid.burn_certificates(stranger, 30 * COIN)
    late = burnt.main.request_id
    assert burnt.events == (Burnt(stranger.address, late, 30 * COIN, late_amount),)
    assert (early, late) == (id_of(latecomer.address, 1), id_of(stranger.address, 2))
    value = liquid.pool_value()
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    assert liquid.pool_value() == value + NET
    assert liquid.request_of(early).amount == 30 * COIN
    assert liquid.request_of(late) == Request(stranger.address, late_amount, 0, burnt.timestamp)

    # A period more, so that there is enough for both.
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(delegator, 0)
    total = 30 * COIN + late_amount
    if liquid.contract.view("policy") == FIRST_FIT:
        with desk.moves(free=-total, owed=-total, latecomer=30 * COIN, stranger=late_amount):
            paid = liquid.settle(delegator, 9)
        left = 3 * NET - total
        assert paid.events == (
            Paid(latecomer.address, early, 30 * COIN),
            Paid(stranger.address, late, late_amount),
            Settled(2, total, left),
        )
    else:
        with desk.moves(free=-total, owed=-total, set_aside=total):
            assert liquid.settle(delegator, 9).events == (Settled(0, total, 3 * NET - total),)
        with desk.moves(set_aside=-total, latecomer=30 * COIN, stranger=late_amount):
            liquid.claim(latecomer, early, latecomer.address)
            liquid.claim(stranger, late, stranger.address)


@pytest.mark.rule("L-4", "L-2")
@pytest.mark.case(19, 44)
@POLICIES
def test_burnt_bonds_are_an_amount_and_burnt_certificates_shares(
    desk: Desk, liquid: LiquidStaking, clock: Clock, delegator: AccountAPI, stranger: AccountAPI
) -> None:
    """Cases 19 and 44: of the same stake, after a harvest, each says what it burns and owes."""
    desk.stake(delegator)
    liquid.certificates_to_bonds(delegator, 100 * COIN)
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    value = YEARLY + NET
    # 50 coins of bonds are fewer shares than 50, rounded up.
    shares = -(-50 * COIN * YEARLY // value)
    assert liquid.contract.view("previewBurnBonds", 50 * COIN) == (shares, 50 * COIN)
    with desk.moves(value=-50 * COIN, owed=50 * COIN, shares=-shares):
        burnt = liquid.burn_bonds(delegator, 50 * COIN)
    first, second = id_of(delegator.address, 1), id_of(delegator.address, 2)
    assert burnt.events == (Burnt(delegator.address, first, shares, 50 * COIN),)
    # 50 coins of certificates are 50 shares, worth more than 50, rounded down.
    value, total = value - 50 * COIN, YEARLY - shares
    amount = 50 * COIN * value // total
    assert amount > 50 * COIN
    with desk.moves(value=-amount, owed=amount, shares=-50 * COIN):
        burnt = liquid.burn_certificates(delegator, 50 * COIN)
    assert burnt.events == (Burnt(delegator.address, second, 50 * COIN, amount),)
    assert liquid.owed() == 50 * COIN + amount
    assert liquid.positions_of(str(delegator.address)) == [
        waiting(first, 50 * COIN),
        waiting(second, amount),
    ]


@pytest.mark.rule("C-12", "L-4")
@pytest.mark.case(13, 17, 28)
@POLICIES
def test_what_nobody_has_cannot_be_burnt(
    desk: Desk,
    liquid: LiquidStaking,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Cases 13, 17 and 28: nothing, a wei more than there is, and all there can be."""
    liquid.certificates_to_bonds(stranger, 30 * COIN)
    with desk.rests():
        for action in (liquid.burn_bonds, liquid.burn_certificates):
            assert refusal_of(action, latecomer, 0) == ZeroAmount()
        for amount in (30 * COIN + 1, 365 * COIN, 366 * COIN):
            assert refusal_of(liquid.burn_certificates, latecomer, amount) == Refused(
                "ERC20InsufficientBalance",
                sender=latecomer.address,
                balance=30 * COIN,
                needed=amount,
            )
            assert refusal_of(liquid.burn_bonds, stranger, amount) == Refused(
                "ERC20InsufficientBalance",
                sender=stranger.address,
                balance=30 * COIN,
                needed=amount,
            )
            # Bonds are no certificates, and the other way round.
            assert refusal_of(liquid.burn_bonds, latecomer, amount) == Refused(
                "ERC20InsufficientBalance", sender=latecomer.address, balance=0, needed=amount
            )
        for action in (liquid.burn_bonds, liquid.burn_certificates):
            assert refusal_of(action, latecomer, UNLIMITED) is not None
        assert liquid.contract.view("lastPlace") == 0
        assert liquid.positions_of(str(latecomer.address)) == []

    # A single wei can be: it is paid, and not in anybody's way.
    with desk.moves(value=-2, owed=2, shares=-2):
        liquid.burn_certificates(latecomer, 1)
        liquid.burn_bonds(stranger, 1)
    bring(desk, owner, COIN)
    first, second = id_of(latecomer.address, 1), id_of(stranger.address, 2)
    if liquid.contract.view("policy") == FIRST_FIT:
        with desk.moves(free=-2, owed=-2, latecomer=1, stranger=1):
            assert liquid.settle(delegator, 2).events == (
                Paid(latecomer.address, first, 1),
                Paid(stranger.address, second, 1),
                Settled(2, 2, COIN - 2),
            )
    else:
        with desk.moves(free=-2, owed=-2, set_aside=2):
            liquid.settle(delegator, 2)
        with desk.moves(set_aside=-2, latecomer=1, stranger=1):
            liquid.claim(latecomer, first, latecomer.address)
            liquid.claim(stranger, second, stranger.address)


@pytest.mark.rule("L-4", "C-5", "C-11")
@pytest.mark.case(14, 39)
@POLICIES
def test_an_old_place_cannot_be_made_larger(
    desk: Desk,
    liquid: LiquidStaking,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Cases 14 and 39: whoever burns again stands at the end once more."""
    first = desk.burn(latecomer, COIN)
    other = desk.burn(stranger, 2 * COIN)
    again = desk.burn(latecomer, 4 * COIN)
    assert [each % 2**96 for each in (first, other, again)] == [1, 2, 3]
    assert liquid.request_of(first).amount == COIN
    assert [liquid.queue_ahead(each) for each in (first, other, again)] == [0, COIN, 3 * COIN]
    assert liquid.positions_of(str(latecomer.address)) == [
        waiting(first, COIN),
        waiting(again, 4 * COIN),
    ]
    assert liquid.positions_of(str(stranger.address)) == [waiting(other, 2 * COIN)]


# First fit.


@pytest.mark.rule("L-5")
@pytest.mark.case(44)
def test_every_request_that_wholly_fits_is_paid_and_the_others_keep_their_places(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Case 44: 29.75 are free; 100 wait, then 10, 15, 20 and 4."""
    large = desk.burn(delegator, 100 * COIN)
    ten = desk.burn(latecomer, 10 * COIN)
    fifteen = desk.burn(stranger, 15 * COIN)
    twenty = desk.burn(latecomer, 20 * COIN)
    four = desk.burn(stranger, 4 * COIN)
    everybody = (large, ten, fifteen, twenty, four)
    ahead = [0, 100, 110, 125, 145]
    assert [liquid.queue_ahead(each) for each in everybody] == [each * COIN for each in ahead]
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(owner, 0)
    # A look at the queue is no payment.
    assert liquid.owed() == 149 * COIN

    with desk.moves(free=-29 * COIN, owed=-29 * COIN, latecomer=10 * COIN, stranger=19 * COIN):
        assert liquid.settle(owner, 100).events == (
            Paid(latecomer.address, ten, 10 * COIN),
            Paid(stranger.address, fifteen, 15 * COIN),
            Paid(stranger.address, four, 4 * COIN),
            Settled(3, 29 * COIN, NET - 29 * COIN),
        )
    assert [numbers(liquid, each)[:3] for each in everybody] == [
        (100 * COIN, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
        (20 * COIN, 0, 100 * COIN),
        (0, 0, 0),
    ]
    assert liquid.positions_of(str(latecomer.address)) == [closed(ten), waiting(twenty, 20 * COIN)]
    assert liquid.positions_of(str(stranger.address)) == [closed(fifteen), closed(four)]
    with desk.rests():
        assert liquid.settle(owner, 100).events == (Settled(0, 0, NET - 29 * COIN),)

    # The oldest is first as soon as it fits, and then the next one does not.
    bring(desk, owner, 119 * COIN - NET + 29 * COIN)
    with desk.moves(free=-100 * COIN, owed=-100 * COIN, delegator=100 * COIN):
        assert liquid.settle(owner, 100).events == (
            Paid(delegator.address, large, 100 * COIN),
            Settled(1, 100 * COIN, 19 * COIN),
        )
    assert liquid.queue_ahead(twenty) == 0


@pytest.mark.rule("L-5")
@pytest.mark.case(8)
@pytest.mark.parametrize("missing", [0, 1])
def test_a_request_fits_to_the_wei(
    desk: Desk,
    liquid: LiquidStaking,
    owner: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
    missing: int,
) -> None:
    """Case 8: exactly the liquidity is paid, a wei more is passed over."""
    exact = desk.burn(latecomer, 5 * COIN)
    bring(desk, owner, 5 * COIN - missing)
    younger = desk.burn(stranger, 1)
    if missing:
        with desk.moves(free=-1, owed=-1, stranger=1):
            assert liquid.settle(stranger, 2).events == (
                Paid(stranger.address, younger, 1),
                Settled(1, 1, 5 * COIN - 2),
            )
        assert numbers(liquid, exact)[:3] == (5 * COIN, 0, 0)
    else:
        with desk.moves(free=-5 * COIN, owed=-5 * COIN, latecomer=5 * COIN):
            assert liquid.settle(stranger, 2).events == (
                Paid(latecomer.address, exact, 5 * COIN),
                Settled(1, 5 * COIN, 0),
            )
        assert numbers(liquid, younger)[:3] == (1, 0, 0)


@pytest.mark.rule("L-5", "C-9", "C-12")
@pytest.mark.case(10, 13)
def test_the_caller_says_how_many_are_paid_at_most(
    desk: Desk,
    liquid: LiquidStaking,
    owner: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Cases 10 and 13: those that are passed over do not count."""
    desk.burn(latecomer, 25 * COIN)
    small = [desk.burn(stranger, COIN) for _ in range(5)]
    bring(desk, owner, 10 * COIN)
    with desk.rests():
        assert refusal_of(liquid.settle, stranger, 0) == ZeroAmount()
    left = 10 * COIN
    for times in (1, 3):
        paid, small = small[:times], small[times:]
        left -= times * COIN
        with desk.moves(free=-times * COIN, owed=-times * COIN, stranger=times * COIN):
            assert liquid.settle(owner, times).events == (
                *(Paid(stranger.address, each, COIN) for each in paid),
                Settled(times, times * COIN, left),
            )
    with desk.moves(free=-COIN, owed=-COIN, stranger=COIN):
        assert liquid.settle(owner, UNLIMITED).main == Settled(1, COIN, 5 * COIN)


@pytest.mark.rule("L-6", "C-1")
@pytest.mark.case(8, 44)
@pytest.mark.parametrize("early", [True, False], ids=["a second before", "in the second"])
def test_nobody_overtakes_a_request_from_its_target_on(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
    early: bool,
) -> None:
    """Cases 8 and 44: 35 days after it was made, to the second; then liquidity gathers for it."""
    large = desk.burn(delegator, 100 * COIN)
    target = liquid.request_of(large).requested_at + TARGET
    small = desk.burn(latecomer, COIN)
    bring(desk, owner, 99 * COIN)
    clock.at(target - early)
    assert liquid.is_overdue(large) is not early
    assert not liquid.is_overdue(small)
    if early:
        with desk.moves(free=-COIN, owed=-COIN, latecomer=COIN):
            assert liquid.settle(stranger, 9).events == (
                Paid(latecomer.address, small, COIN),
                Settled(1, COIN, 98 * COIN),
            )
        # The settlement landed in the last second; the next one can come too late.
        assert liquid.is_overdue(large)
        return

    with desk.rests():
        receipt = liquid.settle(stranger, 9)
    assert (receipt.timestamp, receipt.events) == (target, (Settled(0, 0, 99 * COIN),))
    clock.at(target + 400 * DAY)
    assert liquid.is_overdue(small)
    with desk.rests():
        assert liquid.settle(stranger, 9).events == (Settled(0, 0, 99 * COIN),)
    # It gathers to the wei, and then everybody is paid in the order of age.
    bring(desk, owner, COIN)
    both = desk.burn(stranger, COIN)
    with desk.moves(free=-100 * COIN, owed=-100 * COIN, delegator=100 * COIN):
        assert liquid.settle(stranger, 9).events == (
            Paid(delegator.address, large, 100 * COIN),
            Settled(1, 100 * COIN, 0),
        )
    assert not liquid.is_overdue(large)
    assert liquid.is_overdue(small)
    bring(desk, owner, 2 * COIN)
    with desk.moves(free=-2 * COIN, owed=-2 * COIN, latecomer=COIN, stranger=COIN):
        assert liquid.settle(stranger, 9).events == (
            Paid(latecomer.address, small, COIN),
            Paid(stranger.address, both, COIN),
            Settled(2, 2 * COIN, 0),
        )


@pytest.mark.rule("L-5", "L-6")
@pytest.mark.case(44)
def test_an_overdue_one_that_fits_is_paid_and_one_that_does_not_stops_the_younger(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Case 44: an overdue 10, an overdue 50, and a fresh 1; with 40, then with 9 more than 41."""
    first = desk.burn(latecomer, 10 * COIN)
    second = desk.burn(delegator, 50 * COIN)
    clock.at(liquid.request_of(second).requested_at + TARGET)
    fresh = desk.burn(stranger, COIN)
    assert [liquid.is_overdue(each) for each in (first, second, fresh)] == [True, True, False]
    bring(desk, owner, 40 * COIN)
    with desk.moves(free=-10 * COIN, owed=-10 * COIN, latecomer=10 * COIN):
        assert liquid.settle(owner, 9).events == (
            Paid(latecomer.address, first, 10 * COIN),
            Settled(1, 10 * COIN, 30 * COIN),
        )
    bring(desk, owner, 20 * COIN)
    with desk.moves(free=-50 * COIN, owed=-50 * COIN, delegator=50 * COIN):
        assert liquid.settle(owner, 9).events == (
            Paid(delegator.address, second, 50 * COIN),
            Settled(1, 50 * COIN, 0),
        )

    # The next oldest is not overdue, and is overtaken.
    third = desk.burn(delegator, 5 * COIN)
    with desk.moves(owed=2 * COIN, value=-2 * COIN, shares=-2 * COIN):
        fourth = liquid.burn_certificates(latecomer, 2 * COIN).main.request_id
    bring(desk, owner, 4 * COIN)
    with desk.moves(free=-3 * COIN, owed=-3 * COIN, stranger=COIN, latecomer=2 * COIN):
        assert liquid.settle(owner, 9).events == (
            Paid(stranger.address, fresh, COIN),
            Paid(latecomer.address, fourth, 2 * COIN),
            Settled(2, 3 * COIN, COIN),
        )
    assert liquid.queue_ahead(third) == 0


@pytest.mark.rule("L-6")
@pytest.mark.case(44)
def test_a_younger_one_that_is_not_overdue_is_overtaken_only_behind_those_that_are(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Case 44: the overdue first is paid; of the others, the one that fits."""
    first = desk.burn(delegator, 20 * COIN)
    clock.at(liquid.request_of(first).requested_at + TARGET)
    second = desk.burn(latecomer, 30 * COIN)
    third = desk.burn(stranger, 3 * COIN)
    bring(desk, owner, 25 * COIN)
    with desk.moves(free=-23 * COIN, owed=-23 * COIN, delegator=20 * COIN, stranger=3 * COIN):
        assert liquid.settle(owner, 9).events == (
            Paid(delegator.address, first, 20 * COIN),
            Paid(stranger.address, third, 3 * COIN),
            Settled(2, 23 * COIN, 2 * COIN),
        )
    assert numbers(liquid, second) == (30 * COIN, 0, 0, False)


@pytest.mark.rule("L-5", "L-8", "C-8")
def test_with_first_fit_there_is_nothing_to_claim_for_those_who_take_coins(
    desk: Desk,
    liquid: LiquidStaking,
    owner: AccountAPI,
    latecomer: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Neither before the payment, however much liquidity is here, nor after it."""
    mine = desk.burn(latecomer, COIN)
    nothing = StillWaiting(amount=COIN, liquidity=0)
    check_refused(nothing, liquid.claim, latecomer, mine, latecomer.address)
    bring(desk, owner, 3 * COIN)
    enough = StillWaiting(amount=COIN, liquidity=3 * COIN)
    check_refused(enough, liquid.claim, latecomer, mine, latecomer.address)
    with desk.moves(free=-COIN, owed=-COIN, latecomer=COIN):
        liquid.settle(owner, 1)
    paid = AlreadyPaid(request_id=mine)
    check_refused(paid, liquid.claim, latecomer, mine, latecomer.address)
    assert numbers(liquid, mine) == (0, 0, 0, False)


# By age, in parts.


@BY_AGE
@pytest.mark.rule("L-7", "L-10")
@pytest.mark.case(26, 44)
def test_the_oldest_is_filled_in_parts_and_claims_what_there_is(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Cases 26 and 44: 40 wait, then 1 and 5; 29.75 come in, later 12, and 10 in the end."""
    large = desk.burn(delegator, 40 * COIN)
    small = desk.burn(latecomer, COIN)
    last = desk.burn(stranger, 5 * COIN)
    assert [liquid.queue_ahead(each) for each in (large, small, last)] == [0, 40 * COIN, 41 * COIN]
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(owner, 0)
    with desk.moves(free=-NET, owed=-NET, set_aside=NET):
        assert liquid.settle(stranger, 1).events == (Settled(0, NET, 0),)
    assert numbers(liquid, large)[:3] == (40 * COIN, NET, 0)
    assert numbers(liquid, small)[:3] == (COIN, 0, 40 * COIN - NET)
    assert numbers(liquid, last)[:3] == (5 * COIN, 0, 41 * COIN - NET)
    assert liquid.positions_of(str(delegator.address)) == [claimable(large, 40 * COIN)]
    assert liquid.positions_of(str(latecomer.address)) == [waiting(small, COIN)]
    wait = StillWaiting(amount=COIN, liquidity=0)
    check_refused(wait, liquid.claim, latecomer, small, latecomer.address)

    with desk.moves(set_aside=-NET, delegator=NET):
        assert liquid.claim(delegator, large, delegator.address).events == (
            Claimed(delegator.address, large, delegator.address, NET),
        )
    rest = 40 * COIN - NET
    assert numbers(liquid, large)[:3] == (rest, 0, 0)
    assert liquid.positions_of(str(delegator.address)) == [waiting(large, rest)]
    again = StillWaiting(amount=rest, liquidity=0)
    check_refused(again, liquid.claim, delegator, large, delegator.address)

    # 12 fill the first one's rest, the second, and a part of the third.
    liquidity = 12 * COIN
    bring(desk, owner, liquidity)
    again = StillWaiting(amount=rest, liquidity=liquidity)
    check_refused(again, liquid.claim, delegator, large, delegator.address)
    with desk.moves(free=-liquidity, owed=-liquidity, set_aside=liquidity):
        assert liquid.settle(stranger, 1).events == (Settled(0, liquidity, 0),)
    part = liquidity - rest - COIN
    assert numbers(liquid, large)[:3] == (rest, rest, 0)
    assert numbers(liquid, small)[:3] == (COIN, COIN, 0)
    assert numbers(liquid, last)[:3] == (5 * COIN, part, 0)
    # In whatever order they come for it, to whatever address.
    with desk.moves(set_aside=-part, rewarder=part):
        told = liquid.claim(stranger, last, desk.address("rewarder")).events
    assert told == (Claimed(stranger.address, last, desk.address("rewarder"), part),)
    with desk.moves(set_aside=-COIN, latecomer=COIN):
        liquid.claim(latecomer, small, latecomer.address)

    bring(desk, owner, 10 * COIN)
    with desk.moves(free=part - 5 * COIN, owed=part - 5 * COIN, set_aside=5 * COIN - part):
        settled = liquid.settle(stranger, 1)
    assert settled.events == (Settled(0, 5 * COIN - part, 5 * COIN + part),)
    with desk.moves(set_aside=-rest - 5 * COIN + part, delegator=rest, stranger=5 * COIN - part):
        liquid.claim(stranger, last, stranger.address)
        liquid.claim(delegator, large, delegator.address)
    for owner_, identifier in ((delegator, large), (latecomer, small), (stranger, last)):
        assert numbers(liquid, identifier) == (0, 0, 0, False)
        assert liquid.positions_of(str(owner_.address)) == [closed(identifier)]
        paid = AlreadyPaid(request_id=identifier)
        check_refused(paid, liquid.claim, owner_, identifier, owner_.address)
    with desk.rests():
        assert liquid.settle(stranger, 1).events == (Settled(0, 0, 5 * COIN + part),)


@BY_AGE
@pytest.mark.rule("L-7")
@pytest.mark.case(8, 44)
def test_nobody_is_overtaken_however_small_the_younger_one_is(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Cases 8 and 44: the line is filled to the wei, and waiting long changes nothing."""
    large = desk.burn(delegator, 3 * COIN)
    small = desk.burn(latecomer, 1)
    bring(desk, owner, 3 * COIN - 1)
    with desk.moves(free=1 - 3 * COIN, owed=1 - 3 * COIN, set_aside=3 * COIN - 1):
        liquid.settle(owner, 1)
    clock.at(liquid.request_of(small).requested_at + TARGET)
    assert numbers(liquid, large) == (3 * COIN, 3 * COIN - 1, 0, True)
    assert numbers(liquid, small) == (1, 0, 1, True)
    bring(desk, owner, COIN)
    with desk.moves(free=-2, owed=-2, set_aside=2):
        assert liquid.settle(owner, 1).events == (Settled(0, 2, COIN - 2),)
    assert numbers(liquid, large) == (3 * COIN, 3 * COIN, 0, False)
    assert numbers(liquid, small) == (1, 1, 0, False)


@BY_AGE
@pytest.mark.rule("L-7", "C-12")
@pytest.mark.case(13)
def test_a_fill_covers_all_requests_whatever_number_is_said(
    desk: Desk,
    liquid: LiquidStaking,
    owner: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Case 13: but for none at all, which is refused here as well."""
    mine = [desk.burn(latecomer, COIN) for _ in range(4)]
    bring(desk, owner, 4 * COIN)
    with desk.rests():
        assert refusal_of(liquid.settle, stranger, 0) == ZeroAmount()
    with desk.moves(free=-4 * COIN, owed=-4 * COIN, set_aside=4 * COIN):
        assert liquid.settle(stranger, 1).events == (Settled(0, 4 * COIN, 0),)
    assert [liquid.request_of(each).claimable for each in mine] == [COIN] * 4
    for each in reversed(mine):
        with desk.moves(set_aside=-COIN, latecomer=COIN):
            liquid.claim(latecomer, each, latecomer.address)


@BY_AGE
@pytest.mark.rule("L-7", "C-5", "C-12")
@pytest.mark.case(9)
def test_only_the_owner_claims_and_to_where_he_wants(
    desk: Desk,
    liquid: LiquidStaking,
    owner: AccountAPI,
    operator: AccountAPI,
    pauser: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Case 9."""
    mine = desk.burn(latecomer, COIN)
    for filled in (False, True):
        if filled:
            bring(desk, owner, COIN)
            with desk.moves(free=-COIN, owed=-COIN, set_aside=COIN):
                liquid.settle(stranger, 1)
        with desk.rests():
            for person in (owner, operator, pauser, delegator, stranger):
                for to in (person.address, latecomer.address):
                    assert refusal_of(liquid.claim, person, mine, to) == NotYours(
                        owner=latecomer.address, caller=person.address
                    )
            assert refusal_of(liquid.claim, latecomer, mine, ZERO_ADDRESS) == ZeroAddress()
    with desk.moves(set_aside=-COIN, stranger=COIN):
        liquid.claim(latecomer, mine, stranger.address)


# Views under both policies.


@POLICIES
@pytest.mark.rule("C-12", "C-8")
@pytest.mark.case(39)
def test_an_id_that_never_was_is_unknown(
    desk: Desk,
    liquid: LiquidStaking,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Case 39: somebody else's place under one's own address, the place zero, and what is past."""
    mine = desk.burn(latecomer, COIN)
    where = mine % 2**96
    for identifier in (
        0,
        where,
        id_of(stranger.address, where),
        id_of(latecomer.address, 0),
        id_of(latecomer.address, where + 1),
        id_of(latecomer.address, where + 2**32),
        id_of(latecomer.address, 2**96 - 1),
        2**256 - 1,
    ):
        unknown = UnknownId(id=identifier)
        for question in (liquid.request_of, liquid.queue_ahead, liquid.is_overdue):
            assert refusal_of(question, identifier) == unknown
        for person in (latecomer, stranger):
            check_refused(unknown, liquid.claim, person, identifier, person.address)
    assert liquid.request_of(mine).owner == latecomer.address


@POLICIES
@pytest.mark.rule("L-6", "C-1")
@pytest.mark.case(8)
def test_a_request_is_overdue_after_35_days_whatever_happens_meanwhile(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    pauser: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    crowd: tuple[AccountAPI, ...],
) -> None:
    """Case 8: later requests, harvests, settlements and a pause move nothing."""
    with desk.moves(value=-COIN, owed=COIN, shares=-COIN):
        burnt = liquid.burn_certificates(latecomer, COIN)
    mine, target = burnt.main.request_id, burnt.timestamp + TARGET
    assert liquid.request_of(mine) == Request(latecomer.address, COIN, 0, burnt.timestamp)
    clock.at(burnt.timestamp + 20 * DAY)
    other = desk.burn(latecomer, 2 * COIN)
    with desk.rests():
        liquid.settle(stranger, 5)
        liquid.pause(pauser)
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    assert clock.now < target or not liquid.is_overdue(other)
    if clock.now < target:
        clock.at(target - 1)
        assert not liquid.is_overdue(mine)
    clock.at(target)
    assert liquid.is_overdue(mine)
    assert not liquid.is_overdue(other)
    assert liquid.request_of(mine) == Request(latecomer.address, COIN, 0, burnt.timestamp)
