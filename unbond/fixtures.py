"""Pytest fixtures for any Ape project: a clock, accounts by role, and deployed systems.

Load them with ``pytest_plugins = ["unbond.fixtures"]`` in a ``conftest.py``. They are made once a
session; Ape's isolation gives each test the chain, and the time, as they left it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unbond.chain import Chain
from unbond.roles import WELL_KNOWN, Roles
from unbond.scenario import BoundScenario, load_scenario, play
from unbond.speed import speed_up
from unbond.systems.delegated import DelegatedStaking
from unbond.systems.device import DeviceStaking

if TYPE_CHECKING:
    from collections.abc import Callable

    from ape.api.accounts import AccountAPI

    from unbond.clock import Clock
    from unbond.systems import System
    from unbond.timeline import Timeline


def pytest_configure(config: pytest.Config) -> None:
    """Switch off what nobody asked for, and let the embedded chain run as fast as it can."""
    # The option is :mod:`unbond.pytest`'s.
    speed_up(console_logs=config.getoption("--console-logs", default=False))


@pytest.fixture(scope="session")
def local_chain() -> Chain:
    """The chain of the session."""
    chain = Chain()
    chain.clock.start()
    return chain


@pytest.fixture(scope="session")
def clock(local_chain: Chain) -> Clock:
    """The chain's clock; the session starts at 2030-01-07T00:00:00Z, a Monday."""
    return local_chain.clock


@pytest.fixture(scope="session")
def roles(local_chain: Chain) -> Roles:
    """The accounts by role."""
    return Roles(local_chain)


WORKERS = ("worker", "co_staker", "second_co_staker")
"""Who has to do with devices, besides the well-known roles."""


def _role_fixture(role: str) -> Callable[[Roles], AccountAPI]:
    @pytest.fixture(scope="session", name=role)
    def account(roles: Roles) -> AccountAPI:
        return roles.account(role)

    account.__doc__ = f"The account with the role {role}."
    return account


for _role in (*WELL_KNOWN, *WORKERS):
    globals()[_role] = _role_fixture(_role)


@pytest.fixture(scope="session")
def delegated(local_chain: Chain, roles: Roles) -> DelegatedStaking:
    """Delegated staking with locked rewards, each power in its own hands, everybody funded."""
    return staffed_delegated(local_chain, roles, lock_rewards=True)


@pytest.fixture(scope="session")
def delegated_open(local_chain: Chain, roles: Roles) -> DelegatedStaking:
    """The same with rewards that can be claimed while the lot is locked (E-8)."""
    return staffed_delegated(local_chain, roles, lock_rewards=False)


@pytest.fixture(scope="session")
def device(local_chain: Chain, roles: Roles) -> DeviceStaking:
    """Device staking with :data:`DEVICES`, each power in its own hands, everybody funded."""
    return staffed_device(local_chain, roles)


@pytest.fixture
def play_scenario(local_chain: Chain) -> Callable[[str | Path], Timeline]:
    """Plays a scenario file on the session's chain and returns its timeline."""

    def play_file(path: str | Path) -> Timeline:
        return play(BoundScenario(load_scenario(Path(path))), local_chain)

    return play_file


FUNDS = 1_000_000 * 10**18
"""What everybody who stakes or brings rewards starts with, in wei."""

DEVICES = {7: (10_000, 1), 8: (2_500, 4)}
"""The devices of the fixture ``device``: the multiplier, in 1/10 000, and the cards of each.

They require 200 and 800 IO.
"""

COMMISSION_BPS = 500
"""The commission of the role ``provider``, in 1/10 000."""


def staffed_delegated(chain: Chain, roles: Roles, *, lock_rewards: bool) -> DelegatedStaking:
    """Deploy delegated staking with a provider, its powers handed on, and people with funds."""
    system = DelegatedStaking.deploy(chain, roles.account("owner"), lock_rewards=lock_rewards)
    _staff(system, roles, "delegator", "latecomer", "stranger")
    system.add_provider(roles.account("registrar"), roles.address("provider"), COMMISSION_BPS)
    return system


def staffed_device(chain: Chain, roles: Roles) -> DeviceStaking:
    """Deploy device staking with :data:`DEVICES`, its powers handed on, and people with funds."""
    system = DeviceStaking.deploy(chain, roles.account("owner"))
    _staff(system, roles, *WORKERS, "latecomer", "stranger")
    for device, (multiplier, cards) in DEVICES.items():
        system.register_device(roles.account("registrar"), device, multiplier, cards)
    return system


def _staff(system: System, roles: Roles, *people: str) -> None:
    """Hand the powers on, each to its own holder, and give people and the rewarder funds."""
    owner = roles.account("owner")
    for power in system.powers:
        holder = power.removesuffix("_ROLE").lower()
        system.grant_role(owner, power, roles.address(holder))
        system.revoke_role(owner, power, str(owner.address))
    for role in ("rewarder", *people):
        system.fund(owner, roles.account(role), FUNDS)
