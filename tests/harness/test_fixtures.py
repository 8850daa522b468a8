"""The fixtures of the package: here, and in an Ape project that is not this one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unbond.fixtures import COMMISSION_BPS, FUNDS
from unbond.roles import WELL_KNOWN, Roles
from unbond.systems.base import power_id
from unbond.systems.delegated import ProviderInfo
from unbond.when import SESSION_START

if TYPE_CHECKING:
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking

FILES = {
    "ape-config.yaml": "name: theirs\nfoundry:\n  host: auto\n",
    "conftest.py": 'pytest_plugins = ["unbond.fixtures"]\n',
    "test_theirs.py": """
import pytest

from unbond.systems.delegated import Claimed


# Each run would fail if it saw what the other one did.
@pytest.mark.parametrize("run", ["first", "second"])
def test_exit(run, delegated, clock, delegator, provider):
    assert clock.now < 1893974400 + 100
    assert delegated.positions_of(delegator.address) == []
    assert delegated.assets() == 0

    amount = 1000 * 10**18
    lot = delegated.stake(delegator, provider.address, amount).main
    assert clock.travel(weeks=13) > lot.unlocks_at
    ticket = delegated.unstake(delegator, lot.stake_id, amount).main
    clock.at(ticket.available_at)
    receipt = delegated.claim(delegator, ticket.ticket_id)
    assert receipt.timestamp == ticket.available_at
    assert receipt.events == (Claimed(delegator.address, ticket.ticket_id, amount),)


def test_engine(chain, request):
    assert chain.provider.network_choice == request.config.getoption("--network")
""",
}


@pytest.mark.parametrize(
    "network",
    [
        pytest.param("ethereum:local:test", marks=pytest.mark.slow),
        pytest.param("ethereum:local:foundry", marks=pytest.mark.slow),
    ],
)
def test_another_project_can_load_them(tmp_path: Path, network: str) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    # What this run was told is not meant for that one.
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    options = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--network", network)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_each_role_has_an_account_of_its_own(roles: Roles) -> None:
    assert len({roles.address(role) for role in WELL_KNOWN}) == len(WELL_KNOWN)
    assert [roles.name_of(roles.address(role)) for role in WELL_KNOWN] == list(WELL_KNOWN)


def check_powers(deployed: DelegatedStaking, roles: Roles) -> None:
    assert deployed.owner() == roles.address("owner")
    held = {
        power: [
            role
            for role in WELL_KNOWN
            if deployed.contract.view("hasRole", power_id(power), roles.address(role))
        ]
        for power in deployed.powers
    }
    assert held == {
        "REGISTRAR_ROLE": ["registrar"],
        "REWARDER_ROLE": ["rewarder"],
        "PAUSER_ROLE": ["pauser"],
    }
    assert deployed.provider_of(roles.address("provider")) == ProviderInfo(
        active=True, commission_bps=COMMISSION_BPS, staked=0, earning=0, commission=0
    )


@pytest.mark.rule("C-7")
def test_each_power_is_in_its_own_hands(
    delegated: DelegatedStaking, delegated_open: DelegatedStaking, roles: Roles
) -> None:
    assert delegated.contract.view("lockRewards") is True
    assert delegated_open.contract.view("lockRewards") is False
    for deployed in (delegated, delegated_open):
        check_powers(deployed, roles)


def test_people_have_funds(delegated: DelegatedStaking, roles: Roles) -> None:
    token = delegated.token
    funded = {role for role in WELL_KNOWN if token.balance_of(roles.address(role)) == FUNDS}
    assert funded == {"rewarder", "delegator", "latecomer", "stranger"}
    for role in funded:
        assert token.allowance(roles.address(role), delegated.address) == 2**256 - 1


@pytest.mark.parametrize("run", ["first", "second"])
def test_time_is_put_back_after_each_test(clock: Clock, run: str) -> None:
    assert SESSION_START <= clock.now < SESSION_START + 1000
    clock.travel(weeks=13)
