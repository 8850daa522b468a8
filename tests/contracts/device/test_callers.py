"""Who acts is the caller, and not whoever began the transaction: a wallet that is a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import refusal_of
from unbond.errors import NotYours
from unbond.systems.device import ExitKind, NotInitialWallet, Preview
from unbond.wallets import StubbornWallet

from .checks import (
    CARD,
    CARD_REQUIRES,
    CO_SHARE,
    CO_STAKE,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    WAIT,
    staked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.systems.device import DeviceStaking

FUNDS = 10_000 * IO
REWARD = 100 * IO


@pytest.fixture
def wallet(
    local_chain: Chain, device: DeviceStaking, owner: AccountAPI, worker: AccountAPI
) -> StubbornWallet:
    """A wallet of the worker's, who begins all its transactions."""
    made = StubbornWallet.open(local_chain, worker)
    # A node asks whoever calls for gas.
    local_chain.transfer(owner, str(made.address), 10 * IO)
    device.fund(owner, made, FUNDS)
    return made


@pytest.mark.rule("C-5", "D-8", "D-9", "D-12")
@pytest.mark.case(9)
def test_a_wallet_may_accept_the_offer_of_its_keeper(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    rewarder: AccountAPI,
    wallet: StubbornWallet,
) -> None:
    staked(device, worker)
    begun = device.token.balance_of(str(worker.address))
    nonce = device.open_offer(worker, RIG, CO_STAKE, CO_SHARE).main.nonce
    accepted = device.accept_offer(wallet, RIG, nonce, CO_STAKE, CO_SHARE).main
    assert accepted.account == wallet.address
    assert device.co_stake_of(RIG).co_staker == wallet.address
    device.distribute(rewarder, RIG, REWARD)
    theirs = REWARD * CO_SHARE // 10_000
    assert device.claim_rewards(wallet, RIG).main.amount == theirs
    not_his = NotYours(owner=str(wallet.address), caller=str(worker.address))
    assert refusal_of(device.unstake_co_stake, worker, RIG) == not_his
    left = device.unstake_co_stake(wallet, RIG)
    exit_id = left.main.exit_id
    clock.at(left.timestamp + WAIT + COOLDOWN)
    device.withdraw(wallet, exit_id)
    assert device.token.balance_of(str(wallet.address)) == FUNDS + theirs
    assert device.token.balance_of(str(worker.address)) == begun


@pytest.mark.rule("C-5", "D-2", "D-5")
@pytest.mark.case(9)
def test_a_wallet_is_an_owner_of_its_own(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    rewarder: AccountAPI,
    wallet: StubbornWallet,
) -> None:
    staked(device, worker)
    begun = device.token.balance_of(str(worker.address))
    not_its = NotInitialWallet(expected=str(worker.address), caller=str(wallet.address))
    for action, arguments in (
        (device.stake, (RIG, RIG_REQUIRES)),
        (device.unstake, (RIG,)),
        (device.unstake_amount, (RIG, 1, ExitKind.ANY)),
        (device.withdraw_overflow, (RIG,)),
        (device.open_offer, (RIG, CO_STAKE, CO_SHARE)),
        (device.close_offer, (RIG,)),
    ):
        assert refusal_of(action, wallet, *arguments) == not_its

    own = device.stake(wallet, CARD, 2 * CARD_REQUIRES).main
    assert own.account == wallet.address
    assert device.device_of(CARD).owner == wallet.address
    device.open_offer(wallet, CARD, CARD_REQUIRES // 2, CO_SHARE)
    device.close_offer(wallet, CARD)
    device.distribute(rewarder, CARD, REWARD)
    assert device.claim_rewards(wallet, CARD).main.amount == REWARD
    device.unstake_amount(wallet, CARD, 1, ExitKind.OVERFLOW)
    assert device.withdraw_overflow(wallet, CARD).main.amount == CARD_REQUIRES - 1
    left = device.unstake(wallet, CARD)
    clock.at(left.timestamp + COOLDOWN)
    not_his = NotInitialWallet(expected=str(wallet.address), caller=str(worker.address))
    assert refusal_of(device.withdraw, worker, left.main.exit_id) == not_his
    device.withdraw(wallet, left.main.exit_id)
    assert device.token.balance_of(str(wallet.address)) == FUNDS + REWARD
    assert device.token.balance_of(str(worker.address)) == begun


@pytest.mark.rule("C-8", "C-12", "D-11")
def test_nothing_to_unstake_is_shown_as_refused(device: DeviceStaking, solo: int) -> None:
    assert device.preview_unstake(RIG, 0) == Preview(ExitKind.ANY, 0, 0, "ZeroAmount")
