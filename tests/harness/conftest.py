"""Chains of their own, beside the session's: eth-tester and anvil, each fresh for each test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import ape
import pytest
from ape.contracts import ContractContainer, ContractInstance
from ape.types import AddressType
from ape_foundry.provider import FoundryProvider
from ape_test.provider import LocalProvider
from ethpm_types import ContractType

from tests.harness.clients import APE, ROOT, Outcome, RunningDevnet
from unbond.chain import Chain, Contract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ape.api.accounts import AccountAPI

    from unbond.clock import Clock

ENGINES = ("eth-tester", "anvil")

Provider: TypeAlias = LocalProvider | FoundryProvider


class Engine:
    """A chain on which nothing has happened yet, and to which Ape is connected."""

    def __init__(self, name: str, provider: Provider) -> None:
        self.name = name
        self.provider = provider
        self.chain = Chain(provider)

    @property
    def clock(self) -> Clock:
        return self.chain.clock

    @property
    def accounts(self) -> list[AccountAPI]:
        return list(ape.accounts.test_accounts)

    def transact(self) -> int:
        """Send a transaction; returns the second at which it landed."""
        sender, other = self.accounts[:2]
        receipt = sender.transfer(other, 1)
        assert receipt.block_number == self.height
        return self.chain.timestamp_of(receipt.block_number)

    @property
    def height(self) -> int:
        """The number of the last block."""
        return self.provider.get_block("latest").number or 0

    def deploy_code(self, runtime: str, *abi: dict[str, object]) -> Contract:
        """Deploy a contract that consists of these bytes, in hex."""
        return deploy_code(self.chain, runtime, *abi)


def deploy_code(chain: Chain, runtime: str, *abi: dict[str, object]) -> Contract:
    """Deploy a contract that consists of these bytes, in hex."""
    size = len(runtime) // 2
    # PUSH the code, store it at the end of the first word, and return that end.
    creation = f"{0x5F + size:02x}{runtime}5f5260{size:02x}60{32 - size:02x}f3"
    kind = ContractType.model_validate(
        {"abi": list(abi), "deploymentBytecode": {"bytecode": f"0x{creation}"}}
    )
    container = ContractContainer(kind)
    there = chain.deploy(container, sender=ape.accounts.test_accounts[0])
    return Contract(chain, ContractInstance(AddressType(there.address), kind))


class Engines:
    """The chains, started when first asked for and put back after each use."""

    def __init__(self) -> None:
        self._started: dict[str, Provider] = {}

    def _provider(self, name: str) -> Provider:
        if name not in self._started:
            self._started[name] = self._start(name)
        return self._started[name]

    def _start(self, name: str) -> Provider:
        if name == "anvil":
            return start_anvil()
        provider = ape.networks.ethereum.local.get_provider("test")
        assert isinstance(provider, LocalProvider)
        provider.connect()  # type: ignore[no-untyped-call]
        return provider

    @contextmanager
    def connected(self, name: str) -> Iterator[Engine]:
        """Let Ape be connected to a fresh chain for a while."""
        provider = self._provider(name)
        before = ape.networks.active_provider
        ape.networks.active_provider = provider
        fresh = provider.snapshot()
        try:
            yield Engine(name, provider)
        finally:
            provider.restore(fresh)
            if name == "anvil":
                # This setting is no part of a snapshot.
                provider.make_request("anvil_removeBlockTimestampInterval", [])
            ape.networks.active_provider = before

    def stop(self) -> None:
        # Not eth-tester: disconnecting one of them drops the snapshots of all.
        if "anvil" in self._started:
            self._started["anvil"].disconnect()  # type: ignore[no-untyped-call]


def start_anvil() -> FoundryProvider:
    """Start an anvil that is nobody else's."""
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        for _ in range(5):
            # Ape's own choice of a port is a random number, which pytest-randomly makes the same
            # in all workers.
            provider = ape.networks.ethereum.local.get_provider(
                "foundry", provider_settings={"host": f"http://127.0.0.1:{unused_port()}"}
            )
            assert isinstance(provider, FoundryProvider)
            provider.connect()  # type: ignore[no-untyped-call]
            if provider.process is not None and provider.process.poll() is None:
                return provider
            provider.disconnect()  # type: ignore[no-untyped-call]
    finally:
        # Ape takes them; then pytest could no longer be interrupted properly.
        for one, handler in handlers.items():
            signal.signal(one, handler)
    raise RuntimeError("anvil does not start")


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    started = Engines()
    yield started
    started.stop()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, engines: Engines) -> Iterator[Engine]:
    with engines.connected(request.param) as connected:
        yield connected


class Devnets:
    """Devnets in processes of their own, all stopped in the end."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self._folders = folders
        self._started: list[RunningDevnet] = []

    @cached_property
    def shared(self) -> RunningDevnet:
        """One for tests that only look, or do not mind what others have done."""
        return self.start()

    def start(
        self, folder: Path | None = None, book: Path | None = None, *words: str
    ) -> RunningDevnet:
        """Start one on a folder, a new one if not given."""
        place = self._folders.mktemp("devnet")
        up = RunningDevnet(folder or place / "devnet", book or place / "book.json", *words)
        self._started.append(up)
        return up

    def run(self, *words: str, folder: Path, book: Path) -> subprocess.CompletedProcess[str]:
        """Run one that ends by itself."""
        names = {"UNBOND_DEVNET": str(folder), "UNBOND_BOOK": str(book)}
        return subprocess.run(
            [APE, "run", "devnet", "--port", "0", *words],
            cwd=ROOT,
            env={**os.environ, **names},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def fail(self, *words: str, folder: Path) -> str:
        """The complaint of one that cannot start."""
        done = self.run(*words, folder=folder, book=self._folders.mktemp("book") / "book.json")
        return Outcome(done.returncode, done.stdout, done.stderr).complaint

    def stop(self) -> None:
        for one in self._started:
            if one.process.poll() is None:
                one.stop()


@pytest.fixture(scope="session")
def devnets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devnets]:
    started = Devnets(tmp_path_factory)
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _no_devnet_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands in tests never find the one that the user may have up."""
    monkeypatch.setenv("UNBOND_DEVNET", str(tmp_path / "no-devnet"))


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    return unused_port()
