"""The simulated validator: who may do what with it, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import refusal_of
from unbond.artifacts import instance
from unbond.chain import Contract
from unbond.errors import Refused
from unbond.systems.liquid import LiquidStaking

from .checks import COIN, PERIOD, RATE

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain


@pytest.fixture
def validator(local_chain: Chain, owner: AccountAPI, delegator: AccountAPI) -> Contract:
    """One whose pool is the delegator, who has delegated five coins."""
    address = LiquidStaking.deploy_validator(local_chain, owner, lockup=PERIOD, rate=RATE)
    validator = Contract(local_chain, instance("LockupValidator", address))
    validator.act("delegate", sender=delegator, value=5 * COIN)
    return validator


@pytest.mark.rule("L-3")
def test_the_first_to_delegate_is_the_pool_and_nobody_else_can_do_anything(
    validator: Contract, delegator: AccountAPI, stranger: AccountAPI
) -> None:
    assert validator.view("pool") == delegator.address
    stranger_is_not = Refused("NotThePool", pool=delegator.address, caller=stranger.address)
    for action, arguments in (("delegate", ()), ("claimRewards", ()), ("release", (1,))):

        def act(action: str = action, arguments: tuple[int, ...] = arguments) -> None:
            validator.act(action, *arguments, sender=stranger)

        assert refusal_of(act) == stranger_is_not
    assert validator.view("principal") == 5 * COIN

    validator.act("delegate", sender=delegator, value=COIN)
    assert validator.view("principal") == 6 * COIN


@pytest.mark.rule("L-3", "L-9")
def test_no_more_is_released_than_was_delegated_and_not_before_the_period_ends(
    local_chain: Chain, validator: Contract, delegator: AccountAPI
) -> None:
    until = validator.view("lockedUntil")
    local_chain.clock.at(until - 1)

    def release(amount: int) -> None:
        validator.act("release", amount, sender=delegator)

    assert refusal_of(release, 5 * COIN) == Refused("LockupRunning", until=until)
    local_chain.clock.at(until)
    too_much = Refused("ExceedsPrincipal", amount=5 * COIN + 1, principal=5 * COIN)
    assert refusal_of(release, 5 * COIN + 1) == too_much

    before = local_chain.balance_of(validator.address)
    release(5 * COIN)
    assert validator.view("principal") == 0
    assert local_chain.balance_of(validator.address) == before - 5 * COIN
