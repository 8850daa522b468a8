"""People with coins enough for the worked example, and a pool in several hands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .checks import COIN, FIRST_FIT
from .desk import Desk, Terms

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain, Contract
    from unbond.roles import Roles
    from unbond.systems.liquid import LiquidStaking


@pytest.fixture(scope="session", autouse=True)
def _coins(local_chain: Chain, roles: Roles, owner: AccountAPI, delegator: AccountAPI) -> None:
    """Test accounts start with 10 000 coins, of which none of them can stake 10 000."""
    for giver in ("registrar", "rewarder", "pauser"):
        for taker in (owner, delegator):
            local_chain.transfer(roles.account(giver), str(taker.address), 3000 * COIN)


@pytest.fixture(scope="session")
def treasury(roles: Roles) -> AccountAPI:
    """The account with the role treasury."""
    return roles.account("treasury")


@pytest.fixture(scope="session")
def till(mocks: Mocks) -> Contract:
    """Looks at a pool's books."""
    return mocks.deploy("Till")


@pytest.fixture
def policy(request: pytest.FixtureRequest) -> int:
    """In which order requests are paid: first fit, if the test does not say otherwise."""
    return int(getattr(request, "param", FIRST_FIT))


@pytest.fixture
def desk(
    local_chain: Chain, roles: Roles, treasury: AccountAPI, till: Contract, policy: int
) -> Desk:
    """A pool with one validator, its powers each in its own hands."""
    return Desk(local_chain, roles, till, policy, Terms())


@pytest.fixture
def liquid(desk: Desk) -> LiquidStaking:
    """The same pool's driver."""
    return desk.liquid
