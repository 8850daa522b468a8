"""What a deployment refuses, and how a pool begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import ZERO_ADDRESS, refusal_of
from unbond.artifacts import container
from unbond.errors import (
    Refused,
    ZeroAddress,
)
from unbond.systems.base import power_id
from unbond.systems.liquid import (
    DuplicateValidator,
    Ledger,
    LiquidStaking,
    PayoutPolicy,
    ValidatorCount,
)

from .checks import COIN, DAY, FIRST_FIT, MIN_SHARES, PARTIAL_FIFO

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain

# Many of them, with a story each.
pytestmark = pytest.mark.slow


# Deployments.


def validators(chain: Chain, owner: AccountAPI, count: int) -> list[str]:
    """Addresses of as many simulated validators, of which only the first is there."""
    there = LiquidStaking.deploy_validator(chain, owner, lockup=DAY, rate=1)
    return [there, *("0x" + f"{n:040x}" for n in range(1000, 999 + count))][:count]


@pytest.mark.rule("C-12", "C-7")
@pytest.mark.case(39)
def test_a_deployment_needs_a_treasury_an_owner_and_different_validators(
    local_chain: Chain, owner: AccountAPI, treasury: AccountAPI
) -> None:
    """Case 39: from one to sixteen of them, none twice."""
    kind = container("LiquidStaking")
    (one,) = validators(local_chain, owner, 1)
    to, admin = str(treasury.address), str(owner.address)

    def deploy(chosen: list[str], policy: int, to: str, admin: str) -> object:
        return local_chain.try_deploy(kind, chosen, policy, to, admin, sender=owner)

    assert refusal_of(deploy, [one], FIRST_FIT, ZERO_ADDRESS, admin) == ZeroAddress()
    assert refusal_of(deploy, [one], FIRST_FIT, to, ZERO_ADDRESS) == Refused(
        "OwnableInvalidOwner", owner=ZERO_ADDRESS
    )
    for count in (0, 17, 18):
        chosen = validators(local_chain, owner, count)
        assert refusal_of(deploy, chosen, FIRST_FIT, to, admin) == ValidatorCount(
            count=count, maximum=16
        )
    for count in (1, 16):
        chosen = validators(local_chain, owner, count)
        assert refusal_of(deploy, chosen, PARTIAL_FIFO, to, admin) is None
    assert refusal_of(deploy, [one, ZERO_ADDRESS], FIRST_FIT, to, admin) == ZeroAddress()
    chosen = validators(local_chain, owner, 3)
    twice = DuplicateValidator(validator=chosen[0])
    assert refusal_of(deploy, [*chosen, chosen[0]], FIRST_FIT, to, admin) == twice
    # There are two policies.
    assert refusal_of(deploy, [one], 2, to, admin) is not None


@pytest.mark.rule("C-4", "C-7", "L-1")
@pytest.mark.parametrize("policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"])
def test_a_deployment_starts_empty_and_in_one_hand(
    local_chain: Chain, owner: AccountAPI, treasury: AccountAPI, stranger: AccountAPI, policy: int
) -> None:
    chosen = validators(local_chain, owner, 2)
    fresh = LiquidStaking.deploy(
        local_chain,
        owner,
        validators=chosen,
        policy=PayoutPolicy(policy),
        treasury=str(treasury.address),
    )
    view = fresh.contract.view
    assert (fresh.owner(), view("treasury"), view("policy")) == (
        owner.address,
        treasury.address,
        policy,
    )
    assert fresh.ledger() == Ledger(0, 0, 0, 0, 0, 0, 0)
    assert (fresh.assets(), fresh.liabilities(), fresh.total_shares()) == (0, 0, 0)
    assert (view("lastPlace"), view("claimableFees"), view("paused")) == (0, 0, False)
    assert view("validatorCount") == 2
    assert [view("validators", index) for index in (0, 1)] == [(each, 0, 0) for each in chosen]
    assert (view("sharesToAmount", 7), view("amountToShares", 7)) == (7, 7)
    assert fresh.powers == ("OPERATOR_ROLE", "PAUSER_ROLE")
    for power in fresh.powers:
        assert view("hasRole", power_id(power), owner.address)
        assert not view("hasRole", power_id(power), stranger.address)
    for power in ("REGISTRAR_ROLE", "REWARDER_ROLE"):
        assert not view("hasRole", power_id(power), owner.address)
    assert fresh.positions_of(str(owner.address)) == []


@pytest.mark.rule("L-3", "L-6")
def test_the_constants_are_those_of_the_documents(liquid: LiquidStaking) -> None:
    constants = {
        "MIN_STAKE": COIN,
        "FEE_BPS": 1500,
        "PAYOUT_TARGET": 35 * DAY,
        "MIN_SHARES": MIN_SHARES,
        "MAX_VALIDATORS": 16,
        "SEND_GAS": 50_000,
    }
    assert {name: liquid.contract.view(name) for name in constants} == constants
