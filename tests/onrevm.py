"""The contract tests on revm, where most of them take a hundredth of the time: ``-p tests.onrevm``.

What needs a node (gas, blocks, calls out of the middle of a transaction) fails here and is run on
eth-tester; who asks for this plugin knows which tests those are, by running the right contracts.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from unbond.chain import RICHES, usual_accounts
from unbond.revm import RevmChain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unbond.clock import Block


class _Provider:
    """As much of a provider as the tests of contracts ask for."""

    def __init__(self, chain: RevmChain) -> None:
        self._chain = chain
        self._looks = count()
        nothing: dict[str, Any] = {"transactions": []}
        eth = SimpleNamespace(block_number=0, get_block=lambda number: nothing)
        self.web3 = SimpleNamespace(eth=eth)

    def get_block(self, block: Block) -> Any:
        """A block; none has the same hash, so nothing is remembered by it."""
        # Nobody pays for gas here, so what somebody paid since a block is nothing.
        return SimpleNamespace(
            hash=next(self._looks).to_bytes(32, "big"), timestamp=self._chain.timestamp_of(block)
        )

    def get_balance(self, address: str) -> int:
        return self._chain.balance_of(address)

    def snapshot(self) -> Any:
        return self._chain.snapshot()

    def restore(self, snapshot: Any) -> None:
        self._chain.restore(snapshot)


class TestedChain(RevmChain):
    """A chain on revm, with rich test accounts."""

    def __init__(self) -> None:
        """Begin with the usual test accounts as rich as on eth-tester."""
        super().__init__()
        self.provider = _Provider(self)  # type: ignore[assignment]
        for account in usual_accounts():
            self.engine.evm.set_balance(account, RICHES)


class Fixtures:
    """What takes the place of the fixtures for a node."""

    def __init__(self) -> None:
        """Begin with an empty chain."""
        self.chain = TestedChain()

    @pytest.fixture(scope="session")
    def local_chain(self) -> TestedChain:
        """The chain of the session."""
        return self.chain

    @pytest.fixture(autouse=True)
    def _as_it_was(self) -> Iterator[None]:
        snapshot = self.chain.snapshot()
        yield
        self.chain.restore(snapshot)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Put the chain in the place of Ape's, before a test module looks."""
    from tests.contracts import checks

    fixtures = Fixtures()

    @contextmanager
    def undone() -> Iterator[None]:
        snapshot = fixtures.chain.snapshot()
        try:
            yield
        finally:
            fixtures.chain.restore(snapshot)

    checks.undone = undone
    session.config.pluginmanager.register(fixtures, "fixtures on revm")
