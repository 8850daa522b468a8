"""Where the compiled contracts come from: this checkout, or the manifest in the package."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ape
from ape.contracts import ContractContainer, ContractInstance
from ape.types import AddressType
from ethpm_types import ContractType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ape.managers.project import ProjectManager

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent
MANIFEST = _PACKAGE / "contracts.json"
"""The compiled contracts, in the form of an EthPM manifest; of use in a built package only."""

_replacements: ContextVar[Mapping[str, ContractContainer]] = ContextVar("_replacements")


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

    Inside of :func:`replaced`, what was put in its place.

    Raises:
        LookupError: when there is no such contract.
    """
    replacement = _replacements.get({}).get(name)
    if replacement is not None:
        return replacement
    for place in (project(), ape.project):
        found = place.contracts.get(name)
        if found is not None:
            return found
    raise LookupError(f"neither this package nor the project here has a contract {name}")


def compiled_kinds(compiled: Mapping[str, Mapping[str, Any]]) -> dict[str, ContractType]:
    """Compiled contracts by name, as :func:`replaced` takes them.

    Args:
        compiled: of each its ``abi``, and its ``bytecode`` for deployment, as ``0x…``.
    """
    return {
        name: ContractType.model_validate(
            {
                "contractName": name,
                "abi": one["abi"],
                "deploymentBytecode": {"bytecode": one["bytecode"]},
            }
        )
        for name, one in compiled.items()
    }


@contextmanager
def replaced(kinds: Mapping[str, ContractType]) -> Iterator[None]:
    """Put other compiled contracts in the place of ours, for as long as the block lasts.

    Whatever is deployed or attached to inside of it is of these kinds; what was made before stays
    what it is. Blocks can be nested, and a thread's are its own.

    Args:
        kinds: what takes a contract's place, by the name of that contract. One that nobody has a
            name for yet can be added in this way, too.
    """
    added = {name: ContractContainer(kind) for name, kind in kinds.items()}
    token = _replacements.set({**_replacements.get({}), **added})
    try:
        yield
    finally:
        _replacements.reset(token)
