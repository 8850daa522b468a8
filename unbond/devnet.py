"""A local chain that stays: anvil under supervision, its state kept in a folder.

The whole state is asked of anvil every :data:`INTERVAL` seconds and put in place at once, so that
the file is always one that can be loaded; anvil's own ``--state`` writes over the file that it will
need. The clock goes on where it was: what a fresh anvil does not know of it is set before it mines.
"""

from __future__ import annotations

import ctypes
import fcntl
import gzip
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import from_json

from unbond.book import AddressBook, BookError, Deployment
from unbond.files import read_file, write_file
from unbond.when import format_date

if TYPE_CHECKING:
    from types import FrameType

    from typing_extensions import Self

DEFAULT_FOLDER = Path(".unbond") / "devnet"
"""Where the devnet is kept, below the folder in which a command runs."""

FOLDER_VARIABLE = "UNBOND_DEVNET"
"""The environment variable that names another place."""

HOST: Final = "127.0.0.1"
"""The only address on which it listens."""

CHAIN_ID = 31337
"""The number of the chain, the one that development chains usually have."""

COINS = 1_000_000
"""How much of the chain's coin each of the ten usual test accounts starts with, in whole coins."""

INTERVAL = 2.0
"""How often the state is saved, in seconds; a save must be over before five of them have passed."""

NETWORK = "ethereum:local:foundry"
"""What Ape calls the network."""

_PATIENCE = 30.0
"""How long to wait for a process to start or to end, in seconds."""


class DevnetError(Exception):
    """The devnet cannot start or go on; what was kept of it has not been touched."""


class Running(BaseModel):
    """A devnet that is up, as other processes find it."""

    pid: int = Field(gt=0, lt=2**31)
    """The process that supervises it."""
    url: str = Field(pattern=r"^http://127\.0\.0\.1:[0-9]{1,5}$")
    """Where clients reach it."""


def folder_of(folder: Path | None = None) -> Path:
    """The folder of a devnet: this one, or the one that ``UNBOND_DEVNET`` names, or the default."""
    return folder or Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)


def find_running(folder: Path | None = None) -> Running | None:
    """The devnet that is up and ready on a folder, if one is.

    Raises:
        DevnetError: when one is up, and what it says of itself cannot be read.
    """
    place = folder_of(folder)
    try:
        with (place / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_running(place)
    except OSError:
        pass
    return None


def _read_running(place: Path) -> Running | None:
    """What a devnet says of itself; None if it says nothing, as while it starts.

    Raises:
        DevnetError: when that cannot be read.
    """
    path = place / "running.json"
    try:
        return Running.model_validate_json(read_file(path))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise DevnetError(
            f"a devnet is up, but {path} cannot be read: {reason}; start it again, or name a "
            "network with --network"
        ) from None


class Devnet:
    """One devnet, from start to stop; a context manager."""

    def __init__(
        self, folder: Path | None = None, *, port: int = 8545, fresh: bool = False
    ) -> None:
        """Prepare to start.

        Args:
            folder: where it is kept, if not where ``UNBOND_DEVNET`` says.
            port: on which to listen; 0 for any that is free.
            fresh: begin a new chain, and keep what was there as ``state.gz.before``.
        """
        self.folder = folder_of(folder)
        self.port = port
        self.fresh = fresh
        self.resumed = False
        """Whether it goes on with a chain that was there before."""
        self._woken: SimpleQueue[None] = SimpleQueue()
        """Something for each signal: there may be something to do before the next save is due."""
        self.stopping = False
        """Whether somebody asked this process to end."""
        self._node: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._saved = b""
        self._entries: dict[str, Deployment] = {}

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://{HOST}:{self.port}"

    @property
    def state_file(self) -> Path:
        """Where the state is kept: what anvil dumps, compressed, so that damage is noticed."""
        return self.folder / "state.gz"

    # Starting and stopping.

    def __enter__(self) -> Self:
        """Start the node.

        Raises:
            DevnetError: when another devnet uses the folder, the port is taken, the state cannot be
                read, or anvil does not start.
        """
        self._take_lock()
        try:
            self.resumed = not self.fresh and self._unpack()
            self._start_node()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the node, by its process id; the state is saved by :meth:`save`, not here."""
        node = self._node
        if node is not None and node.poll() is None:
            node.terminate()
            try:
                node.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                node.kill()
                node.wait()
        self._node = None
        if self._lock is not None:
            shutil.rmtree(self._cache, ignore_errors=True)
        (self.folder / "running.json").unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self.stopping = True
        # A handler can be interrupted by another: only this may be. An event's lock would be
        # waited for by the one that holds it.
        self._woken.put(None)

    def rest(self, seconds: float) -> None:
        """Wait until a signal comes, or came since the last rest; or so many seconds."""
        with suppress(Empty):
            self._woken.get(timeout=seconds)
        while not self._woken.empty():
            self._woken.get()

    def _take_lock(self) -> None:
        path = self.folder / "lock"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise DevnetError(f"{path} cannot be written: {error.strerror}") from None
        deadline = time.monotonic() + 5
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                try:
                    other = _read_running(self.folder)
                except DevnetError:
                    other = None
                # The node of a devnet that was killed holds the lock until it has ended as well.
                if (other is None or not _alive(other.pid)) and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                os.close(self._lock)
                self._lock = None
                who = f" at {other.url}, process {other.pid}" if other else ""
                raise DevnetError(
                    f"a devnet runs on {self.folder} already{who}; stop it, or name another "
                    "folder with --state"
                ) from None
        (self.folder / "running.json").unlink(missing_ok=True)

    def announce(self) -> None:
        """Let other processes find it: everything is there, and a signal stops it cleanly."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, self._on_signal)
        told = Running(pid=os.getpid(), url=self.url).model_dump_json()
        write_file(self.folder / "running.json", told.encode())

    def _unpack(self) -> bool:
        """Put the saved state where anvil reads it; returns whether there is one.

        Raises:
            DevnetError: when the file is damaged.
        """
        try:
            text = gzip.decompress(self.state_file.read_bytes())
            # json has no limit of its own to how deep lists may stand in each other.
            from_json(text)["blocks"]
        except FileNotFoundError:
            return False
        except (
            *(OSError, EOFError, zlib.error),
            *(ValueError, KeyError, TypeError),
        ) as error:
            reason = getattr(error, "strerror", None) or "it is damaged"
            raise DevnetError(
                f"{self.state_file} cannot be read: {reason}; put back a copy of it, or start anew "
                "with --fresh"
            ) from None
        write_file(self._loading, text)
        return True

    @property
    def _cache(self) -> Path:
        """Where anvil puts states of earlier blocks, which it cannot use again."""
        return self.folder / "cache"

    @property
    def _loading(self) -> Path:
        return self.folder / "loading.json"

    def _start_node(self) -> None:
        anvil = shutil.which("anvil")
        if anvil is None:
            raise DevnetError("there is no anvil here; run make setup")
        self.port = _claim(self.port)
        # Of one that was killed.
        shutil.rmtree(self._cache, ignore_errors=True)
        command = [
            anvil,
            "--silent",
            *("--host", HOST, "--port", str(self.port), "--chain-id", str(CHAIN_ID)),
            *("--accounts", "10", "--balance", str(COINS), "--cache-path", str(self._cache)),
            # Nothing lands before the clock has been set.
            "--no-mining",
        ]
        if self.resumed:
            command += ["--load-state", str(self._loading)]
        assert self._lock is not None
        try:
            log = (self.folder / "anvil.log").open("wb")
            self._node = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # Ctrl-C is for the supervisor; and the lock is held for as long as the node lives.
                start_new_session=True,
                pass_fds=[self._lock],
                preexec_fn=_die_with_parent,
            )
            log.close()
        except OSError as error:
            raise DevnetError(f"{anvil} cannot be started: {error.strerror}") from None
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self.ask("eth_chainId")
                break
            except OSError:
                if self._node.poll() is not None or time.monotonic() > deadline:
                    raise DevnetError(f"anvil does not start{self._last_words()}") from None
                # There is nothing to wait for but the port.
                time.sleep(0.01)
        self._loading.unlink(missing_ok=True)
        if self.resumed:
            # What was loaded has blocks, but anvil's clock begins with this machine's.
            self.ask("evm_setTime", self._last_block()[1])
        self.ask("anvil_setBlockTimestampInterval", 1)
        self.ask("evm_setAutomine", True)

    def _last_words(self) -> str:
        """What the node said before it ended, to end a complaint with."""
        said = (self.folder / "anvil.log").read_text(errors="replace").split()
        return f": {' '.join(said)}" if said else ""

    # While it runs.

    def ask(self, method: str, *parameters: Any) -> Any:
        """What the node answers.

        Raises:
            OSError: when it cannot be reached.
            DevnetError: when it refuses.
        """
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_PATIENCE)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = json.load(connection.getresponse())
        except (http.client.HTTPException, ValueError) as error:
            raise ConnectionError(str(error)) from None
        finally:
            connection.close()
        if "error" in answer:
            raise DevnetError(f"anvil refuses {method}: {answer['error']['message']}")
        return answer["result"]

    def save(self) -> None:
        """Keep the state as it is now: the file has the old one or the new, never a part.

        Raises:
            OSError: when the node cannot be reached, or the file cannot be written.
        """
        dumped = bytes.fromhex(self.ask("anvil_dumpState").removeprefix("0x"))
        if dumped != self._saved:
            if self.fresh and self.state_file.exists():
                self.state_file.replace(self.state_file.with_name("state.gz.before"))
            self.fresh = False
            write_file(self.state_file, dumped)
            self._saved = dumped

    def watch(self, book: AddressBook, child: subprocess.Popen[bytes] | None = None) -> int:
        """Save the state again and again, until asked to stop or until ``child`` has ended.

        Args:
            book: of which the entries of this chain are kept with it.
            child: a process that is to be ended when this one is asked to stop.

        Returns:
            The child's exit code; 0 without one.

        Raises:
            DevnetError: when the node has ended by itself.
        """
        assert self._node is not None
        while True:
            if self._node.poll() is not None:
                raise DevnetError(
                    f"anvil has ended{self._last_words()}; started again, the devnet goes on where "
                    f"it was {INTERVAL:g} seconds ago at the most"
                )
            # Asked before saving: what landed until then is kept.
            ending = self.stopping or (child is not None and child.poll() is not None)
            try:
                self.save()
                self.keep_entries(book)
            except (BookError, OSError) as error:
                if self._node.poll() is None:
                    # A full disk, say: there is time to make room.
                    print(f"not everything can be kept: {error}", file=sys.stderr, flush=True)
            if ending:
                break
            self.rest(INTERVAL)
        if child is None:
            return 0
        if child.poll() is None:
            child.terminate()
        return child.wait()

    def keep_entries(self, book: AddressBook) -> None:
        """Keep what the book has of this chain: another chain with its id drops it there.

        Raises:
            BookError: when one of the two cannot be read, or the copy cannot be written.
        """
        entries = book.deployments(CHAIN_ID, self.genesis)
        if entries and entries != self._entries:
            AddressBook(self.folder / "address-book.json").adopt(CHAIN_ID, entries)
            self._entries = entries

    def restore_entries(self, book: AddressBook) -> None:
        """Give the book back what it had of this chain.

        Raises:
            BookError: when one of the two cannot be read, or the book cannot be written.
        """
        kept = AddressBook(self.folder / "address-book.json")
        entries = kept.deployments(CHAIN_ID, self.genesis)
        if entries != book.deployments(CHAIN_ID, self.genesis):
            book.adopt(CHAIN_ID, entries)

    @cached_property
    def genesis(self) -> str:
        """The hash of the first block, as ``0x…``: it is the same after a restart."""
        return str(self.ask("eth_getBlockByNumber", "0x0", False)["hash"])

    @property
    def when(self) -> str:
        """Where the chain is: its block and its time."""
        number, timestamp = self._last_block()
        return f"block {number}, {format_date(timestamp)} UTC"

    def _last_block(self) -> tuple[int, int]:
        """Its number and its second."""
        block = self.ask("eth_getBlockByNumber", "latest", False)
        return int(block["number"], 16), int(block["timestamp"], 16)


def _claim(port: int) -> int:
    """A port on which nobody listens: this one or, for 0, any.

    Raises:
        DevnetError: when somebody listens there.
    """
    with socket.socket() as probe:
        # As anvil does it: what was used a moment ago can be used again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise DevnetError(
                f"port {port} of {HOST} cannot be used: {reason.lower()}; stop what listens there, "
                "or choose another with --port"
            ) from None
        return int(probe.getsockname()[1])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _die_with_parent() -> None:
    """Let the kernel end this process when its parent ends, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@contextmanager
def ape_at(url: str) -> Iterator[None]:
    """Let Ape's local network be the node at ``url``."""
    before = os.environ.get("APE_FOUNDRY_HOST")
    os.environ["APE_FOUNDRY_HOST"] = url
    try:
        yield
    finally:
        del os.environ["APE_FOUNDRY_HOST"]
        if before is not None:
            os.environ["APE_FOUNDRY_HOST"] = before
