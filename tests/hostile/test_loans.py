"""Coins that are there for a moment only: on loan for a transaction, or brought for two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import refusal_of
from tests.contracts.liquid.checks import COIN, FIRST_FIT, PARTIAL_FIFO
from tests.contracts.liquid.desk import FEE, NET, YEARLY, Desk
from unbond.systems.liquid import Paid, Settled, SharesJustMade

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.clock import Clock
    from unbond.systems.liquid import LiquidStaking

# Many deployments.
pytestmark = pytest.mark.slow

POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"], indirect=True
)
LOAN = 5000 * COIN


@pytest.mark.rule("L-3", "L-9")
@pytest.mark.case(24)
@pytest.mark.systems("liquid")
@POLICIES
@pytest.mark.parametrize("stakes", [False, True], ids=["brought", "staked"])
def test_coins_on_loan_for_a_transaction_have_no_part_in_a_harvest(
    desk: Desk,
    liquid: LiquidStaking,
    mocks: Mocks,
    clock: Clock,
    policy: int,
    owner: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    stakes: bool,
) -> None:
    """Case 24: in, harvest, and out with what was brought, all at once, for nearly all rewards."""
    desk.stake(delegator)
    borrower = mocks.deploy("Borrower", liquid.contract.instance.contract_type.errors)
    clock.at(desk.until())
    parts = policy == PARTIAL_FIFO
    with desk.rests():
        refusal = refusal_of(
            lambda: borrower.act("borrow", liquid.address, stakes, parts, sender=owner, value=LOAN)
        )
        assert refusal == SharesJustMade()
    # In a transaction of its own it is everybody's, and all rewards are whose coins were at work.
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    with desk.moves(free=rewards - fee, value=rewards - fee, treasury=fee):
        liquid.harvest(stranger, 0)
    assert liquid.contract.view("sharesToAmount", YEARLY) == YEARLY + rewards - fee


@pytest.mark.rule("L-3", "L-5", "L-9")
@pytest.mark.case(24)
@pytest.mark.systems("liquid")
def test_coins_of_ones_own_brought_for_two_transactions_have(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 24: as many coins as the pool has, and half of the rewards; a loan cannot do that."""
    desk.stake(delegator)
    clock.at(desk.until())
    with desk.moves(free=YEARLY, value=YEARLY, shares=YEARLY, stranger=-YEARLY):
        liquid.top_up(stranger, YEARLY)
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    net = rewards - fee
    with desk.moves(free=net, value=net, treasury=fee):
        liquid.harvest(stranger, 0)
    mine = desk.burn(stranger, YEARLY)
    got = YEARLY + net // 2
    with desk.moves(free=-got, owed=-got, stranger=got):
        assert liquid.settle(stranger, 1).events == (
            Paid(stranger.address, mine, got),
            Settled(1, got, YEARLY + net - got),
        )


@pytest.mark.rule("L-5", "L-6", "L-10")
@pytest.mark.case(44)
@pytest.mark.systems("liquid")
def test_liquidity_that_waits_for_a_large_request_can_be_had_until_that_is_overdue(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 44: who stakes as much and burns it at once has turned it back into principal."""
    desk.stake(delegator)
    clock.at(desk.until() - 1)
    large = desk.burn(delegator, 100 * COIN)
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    value, shares = liquid.pool_value(), liquid.total_shares()
    bought = NET * shares // value
    with desk.moves(delegated=NET, value=NET, shares=bought, stranger=-NET):
        liquid.stake_for_certificates(stranger, NET)
    mine = desk.burn(stranger, bought)
    with desk.moves(free=-NET + 1, owed=-NET + 1, stranger=NET - 1):
        assert liquid.settle(stranger, 9).events == (
            Paid(stranger.address, mine, NET - 1),
            Settled(1, NET - 1, 1),
        )
    # A period later the large one is overdue: what comes in then stays for it.
    clock.at(desk.until())
    liquid.harvest(stranger, 0)
    assert liquid.is_overdue(large)
    liquid.stake_for_certificates(stranger, COIN)
    theirs = desk.burn(stranger, COIN // 2)
    with desk.rests():
        assert liquid.settle(stranger, 9).main.count == 0
    assert liquid.request_of(theirs).amount > 0
