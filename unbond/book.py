"""The address book: where systems are deployed, kept in a file for the next process."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from unbond.files import read_file, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unbond.chain import Chain
    from unbond.systems import System

DEFAULT_PATH = Path(".unbond") / "address-book.json"
"""Where the book is kept, below the folder in which a command runs."""

PATH_VARIABLE = "UNBOND_BOOK"
"""The environment variable that names another place."""


class BookError(Exception):
    """The address book cannot be read, or what it says is not true of the connected chain."""


class Deployment(BaseModel):
    """One deployed system."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str
    """The system's name, as :func:`unbond.systems.system_class` takes it."""
    contract: str
    address: str = Field(pattern=r"^0x[0-9a-fA-F]{40}$")
    constructor: tuple[str | int | bool | tuple[str, ...], ...]
    """The constructor's arguments."""
    block: int = Field(ge=0)
    timestamp: int = Field(ge=0)
    """When it was deployed, in Unix time."""
    txn_hash: str
    genesis: str
    """The hash of the chain's first block: two chains with one id differ in it."""
    code_hash: str
    """The hash of the code that was deployed."""
    abi: tuple[dict[str, Any], ...]


class _Pages(BaseModel):
    """The file: deployments by chain id, and by the name under which they were recorded."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    chains: dict[int, dict[str, Deployment]] = {}


class AddressBook:
    """Deployments in a file, keyed by chain id and name.

    Every change is written whole and put in place at once: a reader sees the old book or the new.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Use the book at ``path``, or where ``UNBOND_BOOK`` says, or below this folder."""
        self.path = path or Path(os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)

    def record(self, system: System, name: str | None = None) -> Deployment:
        """Write down where ``system`` was just deployed, in place of what had its name.

        Deployments on an earlier chain with the same id are dropped: that chain is gone.

        Raises:
            BookError: when the book cannot be read or written.
            ValueError: when ``system`` was not deployed by this process.
        """
        deployed = system.deployed
        if deployed is None:
            raise ValueError("only a system that was deployed here can be recorded")
        chain = system.chain
        entry = Deployment(
            system=system.name,
            contract=system.contract_name,
            address=deployed.address,
            constructor=deployed.arguments,
            block=deployed.block,
            timestamp=deployed.timestamp,
            txn_hash=deployed.txn_hash,
            genesis=chain.identity,
            code_hash=code_hash(chain.code_at(deployed.address)),
            abi=tuple(
                abi.model_dump(mode="json", by_alias=True, exclude_none=True)
                for abi in system.contract.instance.contract_type.abi
            ),
        )
        self.adopt(chain.chain_id, {name or system.name: entry})
        return entry

    def adopt(self, chain_id: int, entries: dict[str, Deployment]) -> None:
        """Write down deployments on one chain, by name, in place of what had these names.

        Deployments on an earlier chain with the same id are dropped: that chain is gone.

        Raises:
            BookError: when the book cannot be read or written.
        """
        beginnings = {entry.genesis for entry in entries.values()}
        with self._locked():
            pages = self._read()
            kept = pages.chains.get(chain_id, {})
            pages.chains[chain_id] = {
                **{n: e for n, e in kept.items() if e.genesis in beginnings},
                **entries,
            }
            self._write(pages)

    def find(self, chain: Chain, name: str) -> Deployment:
        """The deployment recorded under ``name`` for ``chain``, if it is really there.

        Raises:
            BookError: when there is none, when it was on another chain with the same id, or when
                there is other code, or none, at its address now.
        """
        entry = self._read().chains.get(chain.chain_id, {}).get(name)
        if entry is None:
            raise BookError(
                f"{self.path} has no '{name}' on chain {chain.chain_id}; {way_to_deploy(chain)}"
            )
        where = f"{self.path} has '{name}' at {entry.address} on chain {chain.chain_id}, but"
        remedy = way_to_deploy(chain)
        if entry.genesis != chain.identity:
            raise BookError(
                f"{where} that was another chain with this id, which began with block "
                f"{entry.genesis[:10]}… and not {chain.identity[:10]}…; {remedy}"
            )
        code = chain.code_at(entry.address)
        if not code:
            raise BookError(f"{where} there is no code at that address now; {remedy}")
        if code_hash(code) != entry.code_hash:
            raise BookError(f"{where} there is other code at that address now; {remedy}")
        return entry

    def prepare(self) -> None:
        """Make sure, before anything is deployed, that it can be recorded.

        Raises:
            BookError: when the book cannot be read, or nothing can be written where it is.
        """
        with self._locked():
            self._read()

    def deployments(self, chain_id: int, genesis: str | None = None) -> dict[str, Deployment]:
        """What is recorded for a chain id, by name, whether or not it is still there.

        Args:
            chain_id: the number of the chain.
            genesis: the hash of its first block, to tell it from others with this number.

        Raises:
            BookError: when the book cannot be read.
        """
        recorded = self._read().chains.get(chain_id, {})
        return {
            name: entry
            for name, entry in recorded.items()
            if genesis is None or entry.genesis == genesis
        }

    def _read(self) -> _Pages:
        try:
            return _Pages.model_validate_json(read_file(self.path).decode())
        except FileNotFoundError:
            return _Pages()
        except OSError as error:
            raise BookError(f"{self.path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise BookError(f"{self.path} is no address book: it is not UTF-8") from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise BookError(
                f"{self.path} is no address book: {f'{place}: ' if place else ''}{first['msg']}; "
                "mend it or move it away"
            ) from None

    def _write(self, pages: _Pages) -> None:
        text = json.dumps(pages.model_dump(mode="json"), indent=1) + "\n"
        try:
            write_file(self.path, text.encode())
        except OSError as error:
            raise BookError(f"{self.path} cannot be written: {error.strerror}") from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from changing the book meanwhile."""
        lock = self.path.with_name(f".{self.path.name}.lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = lock.open("w")
        except OSError as error:
            raise BookError(f"{self.path} cannot be written: {error.strerror}") from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def code_hash(code: bytes) -> str:
    """What a deployment remembers of its code, as ``0x…``."""
    return f"0x{keccak(code).hex()}"


def way_to_deploy(chain: Chain) -> str:
    """What to do where nothing is deployed."""
    if not chain.outlives_command:
        return "this chain ends with the command; start one that stays: ape run devnet"
    return f"deploy with: ape run deploy … --network {chain.name}"
