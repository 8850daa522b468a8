"""What a deployment refuses, and how it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import ZERO_ADDRESS, refusal_of
from unbond.artifacts import container
from unbond.errors import Refused, UnknownId, ZeroAddress
from unbond.systems.base import power_id
from unbond.systems.device import DeviceStaking

from .checks import BASE_STAKE, CARD, COOLDOWN, WAIT

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain


@pytest.mark.rule("C-12")
def test_there_has_to_be_a_token_and_an_owner(
    local_chain: Chain, device: DeviceStaking, owner: AccountAPI
) -> None:
    kind = container("DeviceStaking")

    def deploy(token: str, admin: str) -> object:
        return local_chain.deploy(kind, token, admin, sender=owner)

    assert refusal_of(deploy, ZERO_ADDRESS, owner.address) == ZeroAddress()
    assert refusal_of(deploy, device.token.address, ZERO_ADDRESS) == Refused(
        "OwnableInvalidOwner", owner=ZERO_ADDRESS
    )


@pytest.mark.rule("C-4", "C-7")
def test_a_deployment_starts_empty_and_in_one_hand(
    local_chain: Chain, device: DeviceStaking, owner: AccountAPI, stranger: AccountAPI
) -> None:
    """Also when its token is in use by another one."""
    fresh = DeviceStaking.deploy(local_chain, owner, token=device.token.address)

    assert (fresh.owner(), fresh.token.address) == (owner.address, device.token.address)
    assert (fresh.assets(), fresh.liabilities()) == (0, 0)
    assert fresh.contract.view("paused") is False
    assert fresh.powers == ("REGISTRAR_ROLE", "REWARDER_ROLE", "PAUSER_ROLE")
    for power in fresh.powers:
        assert fresh.contract.view("hasRole", power_id(power), owner.address)
        assert not fresh.contract.view("hasRole", power_id(power), stranger.address)
    assert not fresh.contract.view("hasRole", power_id("OPERATOR_ROLE"), owner.address)
    # Another deployment's devices are not its own.
    assert refusal_of(fresh.device_of, CARD) == UnknownId(id=CARD)
    assert fresh.positions_of(str(owner.address)) == []


@pytest.mark.rule("D-1", "D-3", "D-8", "D-12")
def test_the_constants_are_those_of_the_documents(device: DeviceStaking) -> None:
    constants = ("COOLDOWN", "CO_STAKE_WAIT", "BASE_STAKE", "MAX_CO_STAKES")
    assert [device.contract.view(name) for name in constants] == [COOLDOWN, WAIT, BASE_STAKE, 2]
