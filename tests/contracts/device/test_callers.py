"""Who acts is the caller, and not whoever began the transaction: a wallet that is a contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import id_of, refusal_of, wallet_of
from unbond.errors import NotYours
from unbond.systems.device import (
    CoUnstaked,
    ExitKind,
    NotInitialWallet,
    OfferAccepted,
    OverflowWithdrawn,
    Preview,
    RewardsClaimed,
    Staked,
    TooManyCoStakes,
    Unstaked,
    Withdrawn,
)

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
    co_staked,
    staked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.systems.device import DeviceStaking
    from unbond.wallets import StubbornWallet

FUNDS = 10_000 * IO
REWARD = 100 * IO


@pytest.fixture
def wallet(
    local_chain: Chain, device: DeviceStaking, owner: AccountAPI, worker: AccountAPI
) -> StubbornWallet:
    """A wallet of the worker's, who begins all its transactions."""
    return wallet_of(worker, local_chain, device, owner, FUNDS)


@pytest.mark.rule("C-5", "D-8", "D-9", "D-12")
@pytest.mark.case(9)
def test_a_wallet_may_accept_the_offer_of_its_keeper(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    rewarder: AccountAPI,
    wallet: StubbornWallet,
) -> None:
    there = str(wallet.address)
    staked(device, worker)
    begun = device.token.balance_of(str(worker.address))
    nonce = device.open_offer(worker, RIG, CO_STAKE, CO_SHARE).main.nonce
    co = id_of(there, 1)
    assert device.accept_offer(wallet, RIG, nonce, CO_STAKE, CO_SHARE).events == (
        OfferAccepted(there, RIG, co, CO_STAKE, CO_SHARE),
    )
    assert device.co_stake_of(RIG).co_staker == there
    device.distribute(rewarder, RIG, REWARD)
    theirs = REWARD * CO_SHARE // 10_000
    assert device.claim_rewards(wallet, RIG).events == (RewardsClaimed(there, RIG, theirs),)
    not_his = NotYours(owner=there, caller=str(worker.address))
    assert refusal_of(device.unstake_co_stake, worker, RIG) == not_his
    left = device.unstake_co_stake(wallet, RIG)
    waits_until = left.timestamp + WAIT
    end = waits_until + COOLDOWN
    assert left.events == (CoUnstaked(there, RIG, co, CO_STAKE, waits_until, end),)
    clock.at(end)
    assert device.withdraw(wallet, co).events == (Withdrawn(there, co, CO_STAKE),)
    assert device.token.balance_of(there) == FUNDS + theirs
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
    there = str(wallet.address)
    his = staked(device, worker)
    begun = device.token.balance_of(str(worker.address))
    not_its = NotInitialWallet(expected=str(worker.address), caller=there)
    for action, arguments in (
        (device.stake, (RIG, RIG_REQUIRES)),
        (device.unstake, (RIG,)),
        (device.unstake_amount, (RIG, 1, ExitKind.ANY)),
        (device.withdraw_overflow, (RIG,)),
        (device.open_offer, (RIG, CO_STAKE, CO_SHARE)),
        (device.close_offer, (RIG,)),
        (device.withdraw, (his,)),
    ):
        assert refusal_of(action, wallet, *arguments) == not_its

    own, total = id_of(there, 1), 2 * CARD_REQUIRES
    assert device.stake(wallet, CARD, total).events == (Staked(there, CARD, own, total, total),)
    assert device.device_of(CARD).owner == there
    device.open_offer(wallet, CARD, CARD_REQUIRES // 2, CO_SHARE)
    device.close_offer(wallet, CARD)
    device.distribute(rewarder, CARD, REWARD)
    assert device.claim_rewards(wallet, CARD).events == (RewardsClaimed(there, CARD, REWARD),)
    assert device.unstake_amount(wallet, CARD, 1, ExitKind.OVERFLOW).events == (
        OverflowWithdrawn(there, CARD, 1, total - 1),
    )
    assert device.withdraw_overflow(wallet, CARD).events == (
        OverflowWithdrawn(there, CARD, CARD_REQUIRES - 1, CARD_REQUIRES),
    )
    left = device.unstake(wallet, CARD)
    end = left.timestamp + COOLDOWN
    assert left.events == (Unstaked(there, CARD, own, CARD_REQUIRES, end),)
    clock.at(end)
    not_his = NotInitialWallet(expected=there, caller=str(worker.address))
    assert refusal_of(device.withdraw, worker, own) == not_his
    assert device.withdraw(wallet, own).events == (Withdrawn(there, own, CARD_REQUIRES),)
    assert device.token.balance_of(there) == FUNDS + REWARD
    assert device.token.balance_of(str(worker.address)) == begun


@pytest.mark.rule("C-5", "D-8", "D-12")
@pytest.mark.case(9)
def test_a_wallet_and_its_keeper_may_have_two_co_stakes_each(
    device: DeviceStaking,
    registrar: AccountAPI,
    worker: AccountAPI,
    latecomer: AccountAPI,
    wallet: StubbornWallet,
) -> None:
    """And neither unstakes the other's."""
    there, keeper = str(wallet.address), str(worker.address)
    extra = (9, 10, 11)
    for where in extra:
        device.register_device(registrar, where, 10_000, 1)
    for where in (CARD, *extra):
        staked(device, latecomer, where=where, amount=CARD_REQUIRES)
    for person, places in ((worker, (CARD, 9)), (wallet, (10, 11))):
        for where in places:
            co_staked(device, latecomer, person, where=where, amount=IO)
    staked(device, latecomer)
    nonce = device.open_offer(latecomer, RIG, IO, CO_SHARE).main.nonce
    for person in (worker, wallet):
        refusal = refusal_of(device.accept_offer, person, RIG, nonce, IO, CO_SHARE)
        assert refusal == TooManyCoStakes(held=2, maximum=2)
    not_its = NotYours(owner=keeper, caller=there)
    assert refusal_of(device.unstake_co_stake, wallet, CARD) == not_its
    not_his = NotYours(owner=there, caller=keeper)
    assert refusal_of(device.unstake_co_stake, worker, 11) == not_his


@pytest.mark.rule("C-8", "C-12", "D-11")
def test_nothing_to_unstake_is_shown_as_refused(device: DeviceStaking, solo: int) -> None:
    assert device.preview_unstake(RIG, 0) == Preview(ExitKind.ANY, 0, 0, "ZeroAmount")
    assert device.preview_unstake(CARD, 1) == Preview(ExitKind.ANY, 0, 0, "NotStaked")
