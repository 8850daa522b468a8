"""Numbers at the edge of what storage holds: refused, never cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import check_refused, id_of, refusal_of
from unbond.errors import Refused
from unbond.systems.delegated import ProviderInfo

from .checks import MINIMUM, locked, start_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking

ALL_THAT_FITS = 2**104 - 1
"""The most that lots of one provider hold together, in wei."""


def too_large(bits: int, value: int) -> Refused:
    """What does not fit into so many bits."""
    return Refused("SafeCastOverflowedUintDowncast", bits=bits, value=value)


@pytest.mark.rule("C-4", "E-7")
@pytest.mark.case(23)
def test_more_than_fits_cannot_be_staked(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    generous_provider: AccountAPI,
) -> None:
    """Case 23: neither in one lot nor in the sum, and what fits can leave again."""
    delegated.token.mint(owner, delegator.address, 2**105)
    clock.at(start_of(1))
    refused = too_large(104, ALL_THAT_FITS + 1)
    assert refusal_of(delegated.stake, delegator, provider.address, ALL_THAT_FITS + 1) == refused

    delegated.stake(latecomer, provider.address, MINIMUM)
    clock.at(start_of(2))
    rest = ALL_THAT_FITS - MINIMUM
    # What earns and what does not yet are counted together.
    assert refusal_of(delegated.stake, delegator, provider.address, rest + 1) == refused
    with money.moves(delegated, delegator=-rest):
        delegated.stake(delegator, provider.address, rest)
    lot = id_of(delegator.address, 1)
    assert delegated.positions_of(delegator.address) == [locked(lot, rest, start_of(15))]
    assert refusal_of(delegated.stake, latecomer, provider.address, MINIMUM) == too_large(
        104, ALL_THAT_FITS + MINIMUM
    )
    # Another provider has room of its own.
    delegated.stake(latecomer, generous_provider.address, MINIMUM)

    clock.at(start_of(3))
    delegated.distribute(rewarder, provider.address, MINIMUM)
    assert delegated.provider_of(provider.address).earning == ALL_THAT_FITS
    clock.at(start_of(15))
    delegated.unstake(delegator, lot, rest)
    clock.at(start_of(17))
    with money.moves(delegated, delegator=rest):
        delegated.claim(delegator, lot)


@pytest.mark.rule("C-4", "E-7", "E-9")
@pytest.mark.case(22, 23)
def test_more_than_fits_cannot_be_distributed_and_exits_do_not_mind(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    generous_provider: AccountAPI,
) -> None:
    """Cases 22 and 23: one lot of 1000 tokens, so that a thousand wei are one part of the index."""
    most = (2**88 - 1) * 1000
    delegated.token.mint(owner, rewarder.address, 2 * most)
    clock.at(start_of(1))
    lot = delegated.stake(delegator, generous_provider.address, MINIMUM).main.stake_id
    clock.at(start_of(2))
    distribute = delegated.distribute
    check_refused(
        too_large(88, 2**88), distribute, rewarder, generous_provider.address, most + 1000
    )
    distribute(rewarder, generous_provider.address, most)
    # Less than a part can still be carried, a whole one not.
    distribute(rewarder, generous_provider.address, 999)
    check_refused(too_large(88, 2**88), distribute, rewarder, generous_provider.address, 1)
    assert delegated.provider_of(generous_provider.address) == ProviderInfo(
        True, 0, MINIMUM, MINIMUM, 0
    )

    clock.at(start_of(14))
    with money.moves(delegated, delegator=most):
        delegated.unstake(delegator, lot, MINIMUM)
    clock.at(start_of(16))
    with money.moves(delegated, delegator=MINIMUM):
        delegated.claim(delegator, lot)
