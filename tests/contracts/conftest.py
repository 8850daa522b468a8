"""What the tests of all systems share: everybody's money."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from unbond.clock import LAST_BLOCK
from unbond.fixtures import WORKERS
from unbond.roles import WELL_KNOWN, Roles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Mocks
    from unbond.chain import Contract
    from unbond.systems.base import System


@dataclass(frozen=True)
class Books:
    """Who holds how much of a system's token, in wei."""

    assets: int
    liabilities: int
    people: dict[str, int]


class Money:
    """Everybody's money. People are named by their roles, amounts are in wei."""

    def __init__(self, bookkeeper: Contract, roles: Roles) -> None:
        """Look with ``bookkeeper`` at the money of all who have a role."""
        self._bookkeeper = bookkeeper
        self._addresses = {role: roles.address(role) for role in (*WELL_KNOWN, *WORKERS)}

    def look(self, system: System) -> Books:
        """Who holds how much now."""
        assets, liabilities, balances = self._bookkeeper.view(
            "look", system.address, list(self._addresses.values()), block=LAST_BLOCK
        )
        assert assets >= liabilities
        return Books(assets, liabilities, dict(zip(self._addresses, balances, strict=True)))

    @contextmanager
    def moves(self, system: System, *, owed: int | None = None, **changes: int) -> Iterator[None]:
        """What happens inside changes people's balances by exactly ``changes``, nobody else's.

        The system's own balance changes by what people gave or got, and what it owes by ``owed``;
        by the same, if that is not given.
        """
        before = self.look(system)
        yield
        after = self.look(system)
        moved = {role: after.people[role] - held for role, held in before.people.items()}
        assert {role: change for role, change in moved.items() if change} == changes
        assert after.assets - before.assets == -sum(changes.values())
        expected = -sum(changes.values()) if owed is None else owed
        assert after.liabilities - before.liabilities == expected

    @contextmanager
    def rests(self, system: System) -> Iterator[None]:
        """What happens inside moves no money."""
        with self.moves(system):
            yield


@pytest.fixture(scope="session")
def money(mocks: Mocks, roles: Roles) -> Money:
    """Everybody's money."""
    return Money(mocks.deploy("Bookkeeper"), roles)
