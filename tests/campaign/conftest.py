"""A deployment of each system to walk on; a walk begins anew each time, so tests share them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from unbond.campaign.arena import Arena
from unbond.campaign.walk import setup_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def arena_of() -> Callable[[str], Arena]:
    """Gives the arena of a system, always deployed in the same way."""

    @cache
    def find(system: str) -> Arena:
        return Arena(system, setup_of(system, "tests", 0))

    return find
