"""What a deployment refuses, and how it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, ZERO_ADDRESS, refusal_of
from unbond.artifacts import container
from unbond.errors import Refused, ZeroAddress
from unbond.systems.base import power_id
from unbond.systems.delegated import DelegatedStaking, OriginInFuture, OriginNotMonday

from .checks import ORIGIN, W, start_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain
    from unbond.clock import Clock


@pytest.mark.rule("E-1")
@pytest.mark.parametrize("beside", [-1, 1, DAY, -DAY, 4 * DAY, 3600])
def test_epochs_begin_on_a_monday_at_midnight(
    local_chain: Chain, delegated: DelegatedStaking, owner: AccountAPI, beside: int
) -> None:
    origin = ORIGIN - W + beside

    def deploy() -> object:
        return DelegatedStaking.deploy(
            local_chain, owner, token=delegated.token.address, origin=origin
        )

    assert refusal_of(deploy) == OriginNotMonday(origin=origin)


@pytest.mark.rule("E-1", "C-1")
@pytest.mark.case(8)
def test_epochs_do_not_begin_in_the_future(
    local_chain: Chain, delegated: DelegatedStaking, clock: Clock, owner: AccountAPI
) -> None:
    origin = start_of(3)

    def deploy() -> DelegatedStaking:
        return DelegatedStaking.deploy(
            local_chain, owner, token=delegated.token.address, origin=origin
        )

    clock.at(origin - 1)
    assert refusal_of(deploy) == OriginInFuture(origin=origin, current_time=origin - 1)
    clock.at(origin)
    assert deploy().epoch_at(origin) == 0


@pytest.mark.rule("E-1")
@pytest.mark.parametrize("origin", [4 * DAY, ORIGIN - 52 * W])
def test_epochs_may_have_begun_long_ago(
    local_chain: Chain,
    delegated: DelegatedStaking,
    clock: Clock,
    owner: AccountAPI,
    origin: int,
) -> None:
    """1970-01-05 was a Monday too."""
    system = DelegatedStaking.deploy(
        local_chain, owner, token=delegated.token.address, origin=origin
    )
    now = clock.at(start_of(5) + 7)
    assert system.contract.view("origin") == origin
    assert system.epoch_at(now) == (now - origin) // W


@pytest.mark.rule("C-12")
def test_there_has_to_be_a_token_and_an_owner(
    local_chain: Chain, delegated: DelegatedStaking, owner: AccountAPI
) -> None:
    kind = container("DelegatedStaking")

    def deploy(token: str, admin: str) -> object:
        return local_chain.deploy(kind, token, ORIGIN, True, admin, sender=owner)

    assert refusal_of(deploy, ZERO_ADDRESS, owner.address) == ZeroAddress()
    assert refusal_of(deploy, delegated.token.address, ZERO_ADDRESS) == Refused(
        "OwnableInvalidOwner", owner=ZERO_ADDRESS
    )


@pytest.mark.rule("C-4", "C-7", "E-8")
def test_a_deployment_starts_empty_and_in_one_hand(
    untouched: DelegatedStaking, owner: AccountAPI, stranger: AccountAPI
) -> None:
    assert untouched.owner() == owner.address
    assert (untouched.assets(), untouched.liabilities()) == (0, 0)
    assert untouched.contract.view("paused") is False
    assert untouched.contract.view("lockRewards") is True
    for power in untouched.powers:
        assert untouched.contract.view("hasRole", power_id(power), owner.address)
        assert not untouched.contract.view("hasRole", power_id(power), stranger.address)


@pytest.mark.rule("E-8")
def test_both_readings_of_claim_your_rewards_are_deployed(
    delegated: DelegatedStaking, delegated_open: DelegatedStaking
) -> None:
    assert delegated.contract.view("lockRewards") is True
    assert delegated_open.contract.view("lockRewards") is False
