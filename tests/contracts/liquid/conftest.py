"""People with coins enough for the worked example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .checks import COIN

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.roles import Roles


@pytest.fixture(scope="session", autouse=True)
def _coins(roles: Roles, owner: AccountAPI, delegator: AccountAPI) -> None:
    """Test accounts start with 10 000 coins, of which none of them can stake 10 000."""
    for giver in ("registrar", "rewarder", "pauser"):
        for taker in (owner, delegator):
            roles.account(giver).transfer(taker, 3000 * COIN)
