"""What a pause stops, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import check_refused, id_of
from unbond.errors import EnforcedPause, Refused
from unbond.systems.base import Paused, Unpaused
from unbond.systems.delegated import (
    Claimed,
    CommissionClaimed,
    ProviderAdded,
    RewardsClaimed,
    Unstaked,
)

from .checks import ANKR, MINIMUM, commission_of, net, start_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking

REWARD = 2000 * ANKR


@pytest.mark.rule("C-6", "C-8")
def test_a_pause_stops_stakes_until_it_ends(
    either: DelegatedStaking,
    clock: Clock,
    pauser: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    assert either.pause(pauser).events == (Paused(pauser.address),)
    check_refused(EnforcedPause(), either.pause, pauser)
    for amount in (0, MINIMUM - 1, MINIMUM):
        check_refused(EnforcedPause(), either.stake, delegator, provider.address, amount)
    assert either.unpause(pauser).events == (Unpaused(pauser.address),)
    check_refused(Refused("ExpectedPause"), either.unpause, pauser)
    either.stake(delegator, provider.address, MINIMUM)


@pytest.mark.rule("C-6", "E-10")
@pytest.mark.case(40)
def test_money_leaves_while_the_system_is_paused(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    pauser: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Case 40: everything but a stake goes on, and restaking is a stake."""
    clock.at(start_of(1))
    lot = either.stake(delegator, provider.address, 2 * MINIMUM).main.stake_id
    clock.at(start_of(2))
    either.distribute(rewarder, provider.address, REWARD)
    either.pause(pauser)

    clock.at(start_of(14))
    check_refused(EnforcedPause(), either.restake_rewards, delegator, lot)
    with money.moves(either, delegator=net(REWARD)):
        assert either.claim_rewards(delegator, lot).events == (
            RewardsClaimed(delegator.address, lot, net(REWARD)),
        )
    with money.moves(either, rewarder=-REWARD):
        either.distribute(rewarder, provider.address, REWARD)
    part = id_of(delegator.address, 2)
    with money.moves(either, delegator=net(REWARD)):
        assert either.unstake(delegator, lot, MINIMUM).events == (
            Unstaked(delegator.address, lot, part, MINIMUM, start_of(16)),
            RewardsClaimed(delegator.address, lot, net(REWARD)),
        )
    either.unstake(delegator, lot, MINIMUM)
    with money.moves(either, provider=2 * commission_of(REWARD)):
        assert either.claim_commission(provider).events == (
            CommissionClaimed(provider.address, 2 * commission_of(REWARD)),
        )
    assert either.add_provider(registrar, stranger.address, 0).events == (
        ProviderAdded(stranger.address, 0),
    )
    clock.at(start_of(16))
    with money.moves(either, delegator=2 * MINIMUM):
        assert either.claim(delegator, part).events == (Claimed(delegator.address, part, MINIMUM),)
        either.claim(delegator, lot)
    assert (either.assets(), either.liabilities()) == (0, 0)
