"""People and systems under attack; each test says of which systems it speaks.

``@pytest.mark.systems("delegated", "device")`` runs a test once for each of them, if it asks for
the fixture ``system_name`` itself or by way of another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.conftest import money
from tests.contracts.liquid.conftest import desk, liquid, policy, till, treasury
from tests.hostile.intruders import INTRUDERS, Intruder
from tests.hostile.stages import STAGES, Cast, Stage

if TYPE_CHECKING:
    from tests.conftest import Mocks
    from unbond.chain import Chain, Contract
    from unbond.clock import Clock
    from unbond.roles import Roles

__all__ = ["desk", "liquid", "money", "policy", "till", "treasury"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each system that its mark names."""
    mark = metafunc.definition.get_closest_marker("systems")
    if mark is not None and "system_name" in metafunc.fixturenames:
        metafunc.parametrize("system_name", mark.args)


@pytest.fixture
def people(local_chain: Chain, clock: Clock, roles: Roles) -> Cast:
    """Everybody by role, and the chain on which they act."""
    return Cast(local_chain, clock, roles)


@pytest.fixture
def wayward_token(mocks: Mocks) -> Contract:
    """A token that still behaves."""
    return mocks.deploy("WaywardToken")


@pytest.fixture
def stage(people: Cast, system_name: str, wayward_token: Contract) -> Stage:
    """A system of the wayward token, with people in every state in it."""
    return STAGES[system_name](people, wayward_token)


@pytest.fixture
def intruder(people: Cast, mocks: Mocks, system_name: str) -> Intruder:
    """A contract with something of everything in a system, which calls it when it can."""
    return INTRUDERS[system_name](people, mocks)
