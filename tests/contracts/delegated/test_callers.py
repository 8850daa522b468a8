"""Who acts is the caller, and not whoever began the transaction: a wallet that is a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import id_of, refusal_of, wallet_of
from unbond.errors import NotYours
from unbond.systems.delegated import (
    Claimed,
    CommissionClaimed,
    RewardsClaimed,
    RewardsRestaked,
    Staked,
    Unstaked,
)

from .checks import ANKR, COMMISSION_BPS, LARGE, MINIMUM, commission_of, net, start_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking
    from unbond.wallets import StubbornWallet

REWARD = 2000 * ANKR
FUNDS = 10_000 * ANKR


@pytest.fixture
def wallet(
    local_chain: Chain, delegated: DelegatedStaking, owner: AccountAPI, delegator: AccountAPI
) -> StubbornWallet:
    """A wallet of the delegator's, who begins all its transactions."""
    return wallet_of(delegator, local_chain, delegated, owner, FUNDS)


@pytest.mark.rule("C-5", "E-2", "E-4", "E-7", "E-9", "E-10")
@pytest.mark.case(9)
def test_a_wallet_does_everything_for_itself(
    delegated: DelegatedStaking,
    clock: Clock,
    owner: AccountAPI,
    registrar: AccountAPI,
    delegator: AccountAPI,
    wallet: StubbornWallet,
) -> None:
    """It stakes, provides and rewards; every event names it, and its keeper has no part in it."""
    there = str(wallet.address)
    begun = delegated.token.balance_of(str(delegator.address))
    delegated.grant_role(owner, "REWARDER_ROLE", there)
    delegated.add_provider(registrar, there, COMMISSION_BPS)
    clock.at(start_of(1))
    lot, other = id_of(there, 1), id_of(there, 2)
    assert delegated.stake(wallet, there, LARGE).events == (
        Staked(there, there, lot, LARGE, start_of(14)),
    )
    clock.at(start_of(14))
    delegated.distribute(wallet, there, REWARD)
    assert delegated.restake_rewards(wallet, lot).events == (
        Staked(there, there, other, net(REWARD), start_of(27)),
        RewardsRestaked(there, lot, other, net(REWARD)),
    )
    delegated.distribute(wallet, there, REWARD)
    paid = RewardsClaimed(there, lot, net(REWARD))
    assert delegated.claim_rewards(wallet, lot).events == (paid,)
    delegated.distribute(wallet, there, REWARD)
    assert delegated.unstake(wallet, lot, LARGE).events == (
        Unstaked(there, lot, lot, LARGE, start_of(16)),
        paid,
    )
    assert delegated.claim_commission(wallet).events == (
        CommissionClaimed(there, 3 * commission_of(REWARD)),
    )
    clock.at(start_of(16))
    assert delegated.claim(wallet, lot).events == (Claimed(there, lot, LARGE),)
    assert delegated.token.balance_of(there) == FUNDS - net(REWARD)
    assert delegated.token.balance_of(str(delegator.address)) == begun


@pytest.mark.rule("C-5", "C-12")
@pytest.mark.case(9)
def test_a_wallet_and_its_keeper_have_nothing_in_common(
    delegated: DelegatedStaking,
    provider: AccountAPI,
    delegator: AccountAPI,
    wallet: StubbornWallet,
) -> None:
    """Neither acts on what is the other's, and a refusal names who tried."""
    for holder, other in ((delegator, wallet), (wallet, delegator)):
        lot = delegated.stake(holder, str(provider.address), MINIMUM).main.stake_id
        refusal = NotYours(owner=str(holder.address), caller=str(other.address))
        assert refusal_of(delegated.unstake, other, lot, MINIMUM) == refusal
        for action in (delegated.claim, delegated.claim_rewards, delegated.restake_rewards):
            assert refusal_of(action, other, lot) == refusal
