"""Providers: added by the registrar, active or not, paid their commission."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import ZERO_ADDRESS, check_refused, id_of, refusal_of
from unbond.errors import ZeroAddress, ZeroAmount
from unbond.systems.delegated import (
    Claimed,
    CommissionClaimed,
    CommissionTooHigh,
    Distributed,
    ProviderActiveChanged,
    ProviderAdded,
    ProviderExists,
    ProviderInactive,
    ProviderInfo,
    RewardsClaimed,
    Staked,
    UnknownProvider,
    Unstaked,
)

from .checks import ANKR, COMMISSION_BPS, MINIMUM, commission_of, net, start_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking


@pytest.mark.rule("E-7", "E-10")
@pytest.mark.parametrize("commission_bps", [0, 1, 2999, 3000])
def test_a_provider_is_added_active_with_its_commission(
    delegated: DelegatedStaking,
    registrar: AccountAPI,
    stranger: AccountAPI,
    commission_bps: int,
) -> None:
    receipt = delegated.add_provider(registrar, stranger.address, commission_bps)

    assert receipt.events == (ProviderAdded(stranger.address, commission_bps),)
    assert delegated.provider_of(stranger.address) == ProviderInfo(
        active=True, commission_bps=commission_bps, staked=0, earning=0, commission=0
    )


@pytest.mark.rule("C-12", "E-7")
def test_a_provider_is_not_added_twice_nor_without_address_nor_with_too_much(
    delegated: DelegatedStaking,
    registrar: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
) -> None:
    add = delegated.add_provider
    check_refused(ZeroAddress(), add, registrar, ZERO_ADDRESS, 0)
    check_refused(ProviderExists(provider=provider.address), add, registrar, provider.address, 0)
    for commission_bps in (3001, 10_000, 65_536, 2**256 - 1):
        check_refused(
            CommissionTooHigh(commission_bps=commission_bps, maximum=3000),
            add,
            registrar,
            stranger.address,
            commission_bps,
        )
    assert delegated.provider_of(provider.address).commission_bps == COMMISSION_BPS
    assert refusal_of(delegated.provider_of, stranger.address) == UnknownProvider(
        provider=stranger.address
    )


@pytest.mark.rule("C-12")
def test_who_is_no_provider_is_refused_as_one_everywhere(
    delegated: DelegatedStaking,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    unknown = UnknownProvider(provider=stranger.address)
    check_refused(unknown, delegated.stake, delegator, stranger.address, MINIMUM)
    check_refused(unknown, delegated.distribute, rewarder, stranger.address, ANKR)
    check_refused(unknown, delegated.set_provider_active, registrar, stranger.address, False)
    check_refused(unknown, delegated.claim_commission, stranger)
    assert refusal_of(delegated.provider_of, stranger.address) == unknown


@pytest.mark.rule("C-7", "E-10")
def test_switching_a_provider_tells_the_old_and_the_new_value(
    delegated: DelegatedStaking, registrar: AccountAPI, provider: AccountAPI
) -> None:
    for old, new in ((True, False), (False, False), (False, True), (True, True)):
        receipt = delegated.set_provider_active(registrar, provider.address, new)
        assert receipt.events == (ProviderActiveChanged(provider.address, old, new),)
        assert delegated.provider_of(provider.address) == ProviderInfo(
            active=new, commission_bps=COMMISSION_BPS, staked=0, earning=0, commission=0
        )


@pytest.mark.rule("E-10", "C-8")
@pytest.mark.case(38)
def test_an_inactive_provider_takes_no_new_stake_and_every_exit_stays_open(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Case 38: a provider leaves with principal inside; nothing of it is lost or stuck."""
    clock.at(start_of(1))
    amount, reward = 4 * MINIMUM, 40_000 * ANKR
    lot = delegated.stake(delegator, provider.address, amount).main.stake_id
    clock.at(start_of(2))
    delegated.distribute(rewarder, provider.address, reward)
    delegated.set_provider_active(registrar, provider.address, False)
    inactive = ProviderInactive(provider=provider.address)

    # What is no exit: a new stake, and rewards as a new stake.
    for wrong in (0, MINIMUM - 1, MINIMUM):
        check_refused(inactive, delegated.stake, delegator, provider.address, wrong)
    clock.at(start_of(14))
    check_refused(inactive, delegated.restake_rewards, delegator, lot)

    # What is: rewards, a part, the rest, the tickets, the commission. It still earns, too.
    with money.moves(delegated, delegator=net(reward)):
        assert delegated.claim_rewards(delegator, lot).events == (
            RewardsClaimed(delegator.address, lot, net(reward)),
        )
    with money.moves(delegated, rewarder=-reward):
        assert delegated.distribute(rewarder, provider.address, reward).events == (
            Distributed(provider.address, 14, reward, commission_of(reward)),
        )
    part = id_of(delegator.address, 2)
    with money.moves(delegated, delegator=net(reward)):
        assert delegated.unstake(delegator, lot, MINIMUM).events == (
            Unstaked(delegator.address, lot, part, MINIMUM, start_of(16)),
            RewardsClaimed(delegator.address, lot, net(reward)),
        )
    with money.rests(delegated):
        delegated.unstake(delegator, lot, amount - MINIMUM)
    with money.moves(delegated, provider=2 * commission_of(reward)):
        assert delegated.claim_commission(provider).events == (
            CommissionClaimed(provider.address, 2 * commission_of(reward)),
        )
    clock.at(start_of(16))
    with money.moves(delegated, delegator=amount):
        assert delegated.claim(delegator, part).events == (
            Claimed(delegator.address, part, MINIMUM),
        )
        delegated.claim(delegator, lot)
    assert (delegated.assets(), delegated.liabilities()) == (0, 0)


@pytest.mark.rule("E-10")
def test_a_provider_made_active_again_takes_stakes_again(
    delegated: DelegatedStaking,
    clock: Clock,
    registrar: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
    generous_provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    delegated.set_provider_active(registrar, provider.address, False)
    # The others go on.
    delegated.stake(delegator, generous_provider.address, MINIMUM)
    delegated.set_provider_active(registrar, provider.address, True)

    assert delegated.stake(delegator, provider.address, MINIMUM).events == (
        Staked(
            delegator.address,
            provider.address,
            id_of(delegator.address, 2),
            MINIMUM,
            start_of(14),
        ),
    )


@pytest.mark.rule("E-7")
@pytest.mark.case(20)
def test_a_provider_claims_its_commission_once(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Case 20: the commission is taken once, when rewards come in."""
    clock.at(start_of(1))
    delegated.stake(delegator, provider.address, MINIMUM)
    check_refused(ZeroAmount(), delegated.claim_commission, provider)
    clock.at(start_of(2))
    delegated.distribute(rewarder, provider.address, 1000 * ANKR)
    delegated.distribute(rewarder, provider.address, 600 * ANKR)
    info = delegated.provider_of(provider.address)
    assert info == ProviderInfo(True, COMMISSION_BPS, MINIMUM, MINIMUM, 80 * ANKR)

    with money.moves(delegated, provider=80 * ANKR):
        receipt = delegated.claim_commission(provider)

    assert receipt.events == (CommissionClaimed(provider.address, 80 * ANKR),)
    assert delegated.provider_of(provider.address).commission == 0
    check_refused(ZeroAmount(), delegated.claim_commission, provider)
    assert delegated.stake_of(id_of(delegator.address, 1)).rewards == 1520 * ANKR


@pytest.mark.rule("C-5", "E-7")
def test_a_provider_cannot_claim_anothers_commission(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
    generous_provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    delegated.stake(delegator, provider.address, MINIMUM)
    clock.at(start_of(2))
    delegated.distribute(rewarder, provider.address, ANKR)

    check_refused(ZeroAmount(), delegated.claim_commission, generous_provider)
    assert delegated.provider_of(provider.address).commission == commission_of(ANKR)
