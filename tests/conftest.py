"""What all tests share: the fixtures of the package itself, and contracts that only tests use."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import ape
import pytest
from ape.contracts import ContractInstance
from ape.types import AddressType
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from unbond.artifacts import compiled_kinds, replaced
from unbond.chain import Chain, Contract

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ethpm_types.abi import ErrorABI

pytest_plugins = ["unbond.fixtures", "pytester"]

# What is drawn would depend on the numbers in all modules that happen to be loaded: on what else a
# process has tested, and on every change of ours.
providers._get_local_constants = Constants


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let contracts and the engine below them be others."""
    parser.addoption(
        "--contracts", metavar="FILE", help="Put compiled contracts in the place of ours (JSON)."
    )
    parser.addoption(
        "--on-revm", action="store_true", help="Run what can be run there on revm, and fast."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Put in their place what was asked for."""
    file = config.getoption("--contracts", default=None)
    if file is not None:
        stack = ExitStack()
        compiled = json.loads(Path(file).read_text(encoding="utf-8"))
        stack.enter_context(replaced(compiled_kinds(compiled)))
        config.add_cleanup(stack.close)
    if config.getoption("--on-revm", default=False):
        from tests import onrevm

        config.pluginmanager.register(onrevm, "on revm")


class Mocks:
    """Deploys the contracts of ``tests/mocks`` by name."""

    def __init__(self, chain: Chain) -> None:
        """Deploy to ``chain``."""
        self._chain = chain
        self._project = ape.Project(Path(__file__).parent / "mocks")

    def deploy(self, name: str, *errors: Iterable[ErrorABI]) -> Contract:
        """Deploy a mock; ``errors`` are those of contracts that it calls."""
        deployer = ape.accounts.test_accounts[0]
        kind = self._project.contracts[name]
        there = self._chain.deploy(kind, sender=deployer)
        # Not what Ape remembers of that address, which may be another contract's ABI.
        instance = ContractInstance(AddressType(there.address), kind.contract_type)
        return Contract(self._chain, instance, *errors)


@pytest.fixture(scope="session")
def mocks(local_chain: Chain) -> Mocks:
    """The contracts that only tests use."""
    return Mocks(local_chain)
