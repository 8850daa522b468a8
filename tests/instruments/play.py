"""Plays the table of calls on Ape's chain and writes what was reached, as JSON.

A process of its own: what listens to py-evm does so for as long as the process lives.

    python play.py FOLDER RESULT < TABLE
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ape
from ape.types import HexBytes
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from unbond.coverage.compiled import compile_project, solidity
from unbond.coverage.measure import Measured, measure
from unbond.coverage.recorder import Recorder
from unbond.coverage.report import lcov

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI
    from ape.managers.project import ProjectManager

GAS = 10_000_000
Argument = int | str


@dataclass(frozen=True)
class Deed:
    """A contract is deployed, or called."""

    name: str
    """Of the instance that is made or called."""
    contract: str
    """What is deployed; empty for a call."""
    signature: str
    """The function, or in brackets the constructor's types; empty where only coins are sent."""
    arguments: tuple[Argument, ...]
    """An address is given by the name of the instance, and bytes that are no call in hex."""
    value: int
    fails: bool

    @property
    def types(self) -> list[str]:
        """Of the arguments."""
        inside = self.signature.partition("(")[2].rstrip(")")
        return inside.split(",") if inside else []


class Player:
    """Does what the table says."""

    def __init__(self, project: ProjectManager, account: AccountAPI) -> None:
        """Send everything from one account."""
        self._project = project
        self._account = account
        self._there: dict[str, str] = {}

    def link(self, *libraries: str) -> None:
        """Deploy libraries, for those that are linked to them."""
        for name in libraries:
            library = self._account.deploy(self._project.contracts[name])
            ape.compilers.solidity.add_library(library, project=self._project)

    def do(self, deed: Deed) -> None:
        """Deploy or call, and see that it fails if it is to fail."""
        values = [
            self._there[str(value)] if kind == "address" else value
            for kind, value in zip(deed.types, deed.arguments, strict=False)
        ]
        data = encode(deed.types, values)
        fields: dict[str, Any] = {}
        if deed.contract:
            kind = self._project.contracts[deed.contract].contract_type
            data = kind.get_deployment_bytecode() + data
        else:
            fields["receiver"] = self._there[deed.name]
            if deed.signature:
                data = keccak(deed.signature.encode())[:4] + data
            elif deed.arguments:
                data = bytes.fromhex(str(deed.arguments[0]))
        ecosystem = self._account.provider.network.ecosystem
        transaction = ecosystem.create_transaction(
            data=HexBytes(data), value=deed.value, gas_limit=GAS, **fields
        )
        transaction.raise_on_revert = False
        receipt = self._account.call(transaction)
        assert receipt.failed == deed.fails, f"{deed} did not {'' if deed.fails else 'not '}fail"
        if deed.contract and not deed.fails:
            self._there[deed.name] = str(receipt.contract_address)


def play(folder: Path, deeds: list[Deed]) -> Measured:
    """What the calls reach of the project in a folder."""
    project = ape.Project(folder)
    recorder = Recorder()
    recorder.start()
    with ape.networks.ethereum.local.use_provider("test"):
        player = Player(project, ape.accounts.test_accounts[0])
        player.link("Lists")
        for deed in deeds:
            player.do(deed)
    texts = {str(path.relative_to(project.path)): path.read_text() for path in solidity(project)}
    return measure(compile_project(project), recorder.total(), texts)


if __name__ == "__main__":
    found = play(Path(sys.argv[1]), [Deed(**one) for one in json.load(sys.stdin)])
    Path(sys.argv[2]).write_text(json.dumps({"lcov": lcov(found), **asdict(found)}))
