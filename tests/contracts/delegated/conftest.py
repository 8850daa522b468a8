"""More people for delegated staking, and deployments with other tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unbond.systems.delegated import DelegatedStaking

from .checks import LARGE, start_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain
    from unbond.clock import Clock


@pytest.fixture
def generous_provider(
    delegated: DelegatedStaking,
    delegated_open: DelegatedStaking,
    registrar: AccountAPI,
    operator: AccountAPI,
) -> AccountAPI:
    """A second provider in both deployments, who takes no commission."""
    for system in (delegated, delegated_open):
        system.add_provider(registrar, str(operator.address), 0)
    return operator


@pytest.fixture(params=[True, False], ids=["rewards locked", "rewards open"])
def either(
    request: pytest.FixtureRequest,
    delegated: DelegatedStaking,
    delegated_open: DelegatedStaking,
) -> DelegatedStaking:
    """Both deployments, one after the other (E-8)."""
    # Asking for the one that is needed only would hide it from Ape, which would then deploy it
    # inside one test's isolation and lose it with that test.
    return delegated if request.param else delegated_open


@pytest.fixture
def old_lot(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, provider: AccountAPI
) -> int:
    """The delegator's lot of 5000 ANKR, from the first second of epoch 1.

    Now it is the first second of epoch 14, in which it unlocks.
    """
    clock.at(start_of(1))
    lot = delegated.stake(delegator, provider.address, LARGE).main.stake_id
    clock.at(start_of(14))
    return lot


@pytest.fixture
def untouched(local_chain: Chain, owner: AccountAPI) -> DelegatedStaking:
    """A deployment whose owner has kept all roles."""
    return DelegatedStaking.deploy(local_chain, owner)
