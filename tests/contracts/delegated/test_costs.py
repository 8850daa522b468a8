"""What actions cost, in gas: the same however many lots and epochs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import UNLIMITED, id_of, undone
from unbond.systems.delegated import ProviderRow, RowStatus

from .checks import ANKR, MINIMUM, start_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Contract
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking

# A thousand lots.
pytestmark = pytest.mark.slow

MANY = 1000
AT_ONCE = 250
"""How many lots fit into one block."""
REWARD = 20_000 * ANKR


@pytest.fixture
def crowd(mocks: Mocks, delegated: DelegatedStaking, owner: AccountAPI) -> Contract:
    """A contract that stakes as often as one likes, with enough tokens for that."""
    puppet = mocks.deploy("Puppet", delegated.contract.instance.contract_type.errors)
    delegated.token.mint(owner, puppet.address, 2 * MANY * MINIMUM)
    approve = delegated.token.contract.instance.approve.encode_input(delegated.address, UNLIMITED)
    puppet.act("act", delegated.token.address, bytes(approve), sender=owner)
    return puppet


@pytest.mark.rule("C-9", "E-7")
@pytest.mark.case(10, 12)
def test_actions_cost_the_same_with_one_lot_and_with_a_thousand(
    delegated: DelegatedStaking,
    crowd: Contract,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Cases 10 and 12: of one account, and so of the provider; for that account and for others."""
    handlers = delegated.contract.instance
    lot = id_of(crowd.address, 1)

    def cost(method: str, *arguments: object) -> int:
        data = bytes(getattr(handlers, method).encode_input(*arguments))
        return int(crowd.act("act", delegated.address, data, sender=stranger).gas_used)

    def costs(number: int) -> dict[str, int]:
        clock.at(start_of(1))
        mine = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
        stake = bytes(handlers.stake.encode_input(provider.address, MINIMUM))
        for done in range(0, number, AT_ONCE):
            times = min(AT_ONCE, number - done)
            crowd.instance.repeat(delegated.address, stake, times, sender=stranger)
        clock.at(start_of(14))
        total = number * MINIMUM
        row = delegated.provider_row(crowd.address, provider.address)
        assert row == ProviderRow(total, total, 0, RowStatus.UNLOCKED)
        assert len(delegated.positions_of(crowd.address)) == number
        found = {
            "distribute": delegated.distribute(rewarder, provider.address, REWARD).gas_used,
            "claim rewards": cost("claimRewards", lot),
            "stake": cost("stake", provider.address, MINIMUM),
            "claim rewards, other": delegated.claim_rewards(delegator, mine).gas_used,
            "stake, other": delegated.stake(delegator, provider.address, MINIMUM).gas_used,
        }
        delegated.distribute(rewarder, provider.address, REWARD)
        found["unstake"] = cost("unstake", lot, MINIMUM)
        found["unstake, other"] = delegated.unstake(delegator, mine, MINIMUM).gas_used
        clock.at(start_of(16))
        found["claim"] = cost("claim", lot)
        found["claim, other"] = delegated.claim(delegator, mine).gas_used
        return found

    with undone():
        few = costs(1)
    with undone():
        many = costs(MANY)

    assert many == few


@pytest.mark.rule("E-7", "C-9")
@pytest.mark.case(10)
def test_claiming_costs_the_same_after_one_epoch_and_after_a_year(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Case 10: 52 epochs with a distribution in each."""
    clock.at(start_of(1))
    lot = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    delegated.stake(latecomer, provider.address, MINIMUM)

    def costs(epochs: int) -> tuple[int, int]:
        for epoch in range(14, 14 + epochs):
            clock.at(start_of(epoch))
            delegated.distribute(rewarder, provider.address, 2000 * ANKR)
        rewards = delegated.claim_rewards(delegator, lot)
        assert rewards.main.amount == epochs * 950 * ANKR
        delegated.distribute(rewarder, provider.address, 2000 * ANKR)
        return rewards.gas_used, delegated.unstake(delegator, lot, MINIMUM).gas_used

    with undone():
        after_one = costs(1)
    with undone():
        after_a_year = costs(52)

    assert after_a_year == after_one
