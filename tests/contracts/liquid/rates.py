"""Pools in which a share is worth what a test wants, down to the wei."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from unbond.roles import WELL_KNOWN

from .checks import COIN, FIRST_FIT, MIN_SHARES, Pool

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain
    from unbond.roles import Roles

KEPT = 3 * COIN + 7
"""What the owner stakes before rewards come in."""
POCKET = 100 * COIN
"""What people keep when they lend their coins to a validator."""
TURNS = 20


def gross(net: int) -> int:
    """Rewards of which ``net`` are left after the treasury's 15 %, rounded down."""
    rewards = net * 10_000 // 8_500
    while rewards - rewards * 15 // 100 < net:
        rewards += 1
    return rewards


class RatedPool(Pool):
    """A pool whose only validator brings the rewards that a test chooses.

    The validator is the treasury too, if nobody else is.
    """

    def __init__(
        self,
        chain: Chain,
        owner: AccountAPI,
        mocks: Mocks,
        *,
        policy: int = FIRST_FIT,
        treasury: str | None = None,
    ) -> None:
        """Deploy it."""
        validator = mocks.deploy("ChosenValidator")
        at = treasury or validator.address
        super().__init__(chain, owner, at, policy, validators=[validator])

    def harvest(self, net: int) -> None:
        """Harvest rewards of which ``net`` wei stay in the pool."""
        (validator,) = self.validators
        rewards = gross(net)
        assert rewards - rewards * 15 // 100 == net
        self.chain.transfer(self.owner, validator.address, rewards)
        validator.act("choose", rewards, sender=self.owner)
        self.act(self.owner, "harvest", 0)

    def pay(self, sender: AccountAPI) -> None:
        """Bring back from the validator what is owed, and pay it."""
        missing = self.view("owed") - self.view("freeLiquidity")
        if missing > 0:
            self.act(self.owner, "release", 0, missing)
        self.settle(sender)

    def worth(self) -> Fraction:
        """What a share is worth, in wei and exactly; one wei when there is none."""
        value, shares = self.state()
        return Fraction(value, shares) if shares else Fraction(1)


def _plain(pool: RatedPool, roles: Roles) -> None:
    pool.stake(pool.owner, KEPT)


def _with_rewards(net: int) -> Callable[[RatedPool, Roles], None]:
    def raise_rate(pool: RatedPool, roles: Roles) -> None:
        _plain(pool, roles)
        pool.harvest(net)

    return raise_rate


def _dear(pool: RatedPool, roles: Roles) -> None:
    """A million coins of rewards for as few shares as rewards are given to.

    Nobody here has as many coins. The validator pays the same ones again and again.
    """
    (validator,) = pool.validators
    pool.stake(pool.owner, COIN)
    pool.burn(pool.owner, COIN - MIN_SHARES)
    pool.pay(pool.owner)
    assert pool.state() == (MIN_SHARES, MIN_SHARES)
    for role in WELL_KNOWN:
        account = roles.account(role)
        spare = pool.chain.balance_of(account.address) - POCKET
        pool.chain.transfer(account, validator.address, spare)
    net = (10**9 * MIN_SHARES) // TURNS
    validator.act("turn", pool.address, gross(net) + 1, TURNS, sender=pool.owner)
    value, shares = pool.state()
    assert shares == MIN_SHARES
    assert 10**9 < Fraction(value, shares) < 10**9 + 2


RATES: dict[str, Callable[[RatedPool, Roles], None]] = {
    # What a share is worth, in wei. It never is less than one.
    "one": _plain,
    "a trace more than one": _with_rewards(1),
    "4/3 or so": _with_rewards(COIN + 2),
    "3 or so": _with_rewards(2 * KEPT + 1),
    "1e9 or so": _dear,
}
ALL_RATES = pytest.mark.parametrize("rate", RATES)


def pool_at(
    rate: str, chain: Chain, roles: Roles, mocks: Mocks, *, policy: int = FIRST_FIT
) -> RatedPool:
    """A pool in which a share is worth ``rate``; the owner holds all of them."""
    pool = RatedPool(chain, roles.account("owner"), mocks, policy=policy)
    RATES[rate](pool, roles)
    return pool
