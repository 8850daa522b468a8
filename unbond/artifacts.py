"""Where the compiled contracts come from: this checkout, or the manifest in the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import ape
from ape.contracts import ContractInstance
from ape.types import AddressType

if TYPE_CHECKING:
    from ape.contracts import ContractContainer
    from ape.managers.project import ProjectManager

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent
MANIFEST = _PACKAGE / "contracts.json"
"""The compiled contracts, in the form of an EthPM manifest; of use in a built package only."""


@cache
def project() -> ProjectManager:
    """The Ape project that holds the contracts of this package, compiled or compilable."""
    if (_CHECKOUT / "ape-config.yaml").is_file():
        local: ProjectManager = ape.project
        return local if local.path == _CHECKOUT else ape.Project(_CHECKOUT)
    packaged: ProjectManager = ape.Project.from_manifest(MANIFEST)
    return packaged


def instance(name: str, address: str) -> ContractInstance:
    """The contract of this name at an address.

    Not ``container(name).at(address)``: Ape would add the ABI of whatever stood at that address
    before, and ask the chain whether it is a proxy.

    Raises:
        LookupError: when there is no such contract.
    """
    return ContractInstance(AddressType(address), container(name).contract_type)


def container(name: str) -> ContractContainer:
    """A contract by name: of this package or, failing that, of the Ape project in use.

    Raises:
        LookupError: when there is no such contract.
    """
    for place in (project(), ape.project):
        found = place.contracts.get(name)
        if found is not None:
            return found
    raise LookupError(f"neither this package nor the project here has a contract {name}")
