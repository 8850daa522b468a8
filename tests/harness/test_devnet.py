"""The devnet: it starts, stops, remembers, survives, and leaves alone what is not its own.

Nearly all of it runs in processes of their own. What needs nothing deployed is done by a bare
supervisor, which starts in a fraction of the time.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.clients import ROOT, RpcError, ask
from unbond.book import AddressBook
from unbond.cli.devnet import run_devnet
from unbond.devnet import INTERVAL, Devnet, DevnetError, find_running
from unbond.scenario import ScenarioError
from unbond.systems import system_class, system_names
from unbond.when import DAY, SESSION_START, WEEK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.harness.conftest import Devnets

pytestmark = pytest.mark.slow

SUPERVISOR = """
import sys
from pathlib import Path
import unbond.devnet
from unbond.book import AddressBook
from unbond.devnet import Devnet

folder = Path(sys.argv[1])
unbond.devnet.INTERVAL = float(sys.argv[2])
with Devnet(folder, port=0) as devnet:
    devnet.save()
    devnet.announce()
    print(devnet.url, flush=True)
    sys.exit(devnet.watch(AddressBook(folder / "book.json")))
"""
RICH = "0xf39Fd6e51aad88F6F4cE6aB8827279cffFb92266"
SOMEBODY = "0x00000000000000000000000000000000000000aa"


class Bare:
    """A devnet on which nothing is deployed, saved every so many seconds."""

    def __init__(self, folder: Path, interval: float = INTERVAL) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, str(folder), str(interval)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.process.communicate()[1]

    def ask(self, method: str, *parameters: Any) -> Any:
        return ask(self.url, method, *parameters)

    @property
    def height(self) -> int:
        return int(self.ask("eth_blockNumber"), 16)

    @property
    def tip(self) -> dict[str, Any]:
        block = self.ask("eth_getBlockByNumber", "latest", False)
        assert isinstance(block, dict)
        return block

    def pay(self) -> str:
        """Send a coin, and wait until it has landed; returns the transaction's hash."""
        transaction = {"from": RICH, "to": SOMEBODY, "value": "0x1"}
        sent = str(self.ask("eth_sendTransaction", transaction))
        deadline = monotonic() + 20
        while self.ask("eth_getTransactionReceipt", sent) is None:
            assert monotonic() < deadline
        return sent

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; returns the exit code and what was said on standard error."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "devnet"


@pytest.fixture
def bare(folder: Path) -> Iterator[Bare]:
    devnet = Bare(folder)
    yield devnet
    if devnet.process.poll() is None:
        devnet.end()


# What it is.


def test_it_is_a_chain_with_everything_on_it(devnets: Devnets) -> None:
    up = devnets.shared
    told = up.facts
    assert told["url"].startswith("http://127.0.0.1:")
    assert (told["chainId"], told["resumed"], told["seeds"]) == (31337, False, [])
    assert int(up.ask("eth_chainId"), 16) == 31337
    assert sorted(told["deployments"]) == system_names()
    holders = [one["address"] for one in told["accounts"]]
    assert len(set(holders)) == 10
    begin = 0
    for deployment in told["deployments"].values():
        assert up.ask("eth_getCode", deployment["address"], "latest") != "0x"
        staked = deployment["tokens"].get(system_class(deployment["system"]).symbol)
        if staked is not None:
            mints = up.ask("eth_getLogs", {"fromBlock": "0x0", "address": staked, "topics": MINT})
            given = {f"0x{one['topics'][2][-40:]}": int(one["data"], 16) for one in mints}
            assert given == {holder.lower(): 10**24 for holder in holders}
            assert len(mints) == 10
            begin = max(begin, *(int(one["blockNumber"], 16) for one in mints))
    for holder in holders:
        # The deployer has paid for gas, and for what validators pay rewards with.
        assert int(up.ask("eth_getBalance", holder, hex(begin)), 16) > 998_999 * 10**18
    assert find_running(up.folder) is not None
    assert find_running(up.folder / "elsewhere") is None


MINT = [
    # Transfer(address,address,uint256), from nobody.
    "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
    "0x" + "0" * 64,
]


def test_it_listens_on_loopback_only(devnets: Devnets) -> None:
    port = int(devnets.shared.facts["url"].rpartition(":")[2])
    with socket.socket() as other:
        # A socket that listens everywhere would have this address too.
        other.bind(("127.0.0.2", port))


def test_it_is_explorable(devnets: Devnets) -> None:
    """Explorers of the kind of Otterscan, and everything that filters logs, find what they ask."""
    up = devnets.shared
    assert up.ask("ots_getApiLevel") == 8
    (device,) = (up.facts["deployments"]["device"],)
    logs = up.ask("eth_getLogs", {"fromBlock": "0x0", "address": device["address"]})
    # Three devices, and four events of the constructor: the owner and three powers.
    assert len(logs) == 7
    details = up.ask("ots_getTransactionBySenderAndNonce", RICH, 0)
    assert details is not None


# Stopping, and going on.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it_and_nothing_is_lost(folder: Path, number: int) -> None:
    first = Bare(folder)
    first.ask("evm_mine", {"timestamp": SESSION_START - 1})
    sent = first.pay()
    receipt, tip = first.ask("eth_getTransactionReceipt", sent), first.tip
    genesis = first.ask("eth_getBlockByNumber", "0x0", False)
    assert first.end(number) == (0, "")
    with pytest.raises(OSError, match="refused"):
        first.ask("eth_blockNumber")
    assert find_running(folder) is None

    again = Bare(folder)
    try:
        assert again.tip == tip
        assert again.ask("eth_getBlockByNumber", "0x0", False) == genesis
        assert again.ask("eth_getTransactionReceipt", sent) == receipt
        # Its clock goes on at the second after.
        again.pay()
        assert int(again.tip["timestamp"], 16) == int(tip["timestamp"], 16) + 1 == SESSION_START + 1
        assert again.tip["parentHash"] == tip["hash"]
    finally:
        again.end()


def test_a_journey_is_remembered(folder: Path) -> None:
    first = Bare(folder)
    first.ask("evm_mine", {"timestamp": SESSION_START + 14 * DAY - 1})
    first.end()
    again = Bare(folder)
    try:
        pending = again.ask("eth_getBlockByNumber", "pending", False)
        assert int(pending["timestamp"], 16) == SESSION_START + 14 * DAY
    finally:
        again.end()


def test_what_leaves_no_block_is_remembered_too(folder: Path) -> None:
    first = Bare(folder)
    first.ask("anvil_setBalance", SOMEBODY, hex(5))
    first.end()
    again = Bare(folder)
    try:
        assert int(again.ask("eth_getBalance", SOMEBODY, "latest"), 16) == 5
    finally:
        again.end()


def test_a_node_that_is_killed_ends_it_with_one_line(bare: Bare, folder: Path) -> None:
    bare.pay()
    (node,) = children(bare.process.pid)
    os.kill(node, signal.SIGKILL)
    _, said = bare.process.communicate(timeout=30)
    assert bare.process.returncode == 1
    assert said.splitlines()[-1].endswith(
        "anvil has ended; started again, the devnet goes on where it was 2 seconds ago at the most"
    )


def test_a_supervisor_that_is_killed_takes_the_node_with_it(folder: Path) -> None:
    bare = Bare(folder, OFTEN)
    bare.pay()
    height = bare.height
    deadline = monotonic() + 20
    while saved_height(folder) < height:
        assert monotonic() < deadline
    bare.process.kill()
    bare.process.communicate()
    # The lock is free and the port closed as soon as the node has ended; nobody else has to.
    again = Bare(folder)
    assert again.height == height
    again.end()


OFTEN = 0.2
"""How often the state is saved where that need not be waited for, in seconds."""
MOST = 2.0
"""How old what is lost may then be: less than in earnest, for a save has two seconds, not three."""


def test_killed_twenty_times_under_load_it_loses_no_more_than_five_seconds(folder: Path) -> None:
    assert 5 - INTERVAL >= MOST - OFTEN
    landed: list[tuple[float, str]] = []
    oldest = 0.0
    devnet = Bare(folder, OFTEN)
    # From at once to long after a second save; and once for longer than anything may be lost.
    for span in (*(turn * 0.025 for turn in range(19)), MOST + 0.5):
        begin = monotonic()
        while not landed or monotonic() < begin + span:
            landed.append((monotonic(), devnet.pay()))
        devnet.process.kill()
        devnet.process.communicate()
        killed = monotonic()
        json.loads(gzip.decompress((folder / "state.gz").read_bytes()))

        devnet = Bare(folder, OFTEN)
        kept = [bool(devnet.ask("eth_getTransactionByHash", sent)) for _, sent in landed]
        # What is lost is the end: nothing is missing in between.
        assert kept == sorted(kept, reverse=True)
        oldest = max([oldest, *(killed - moment for moment, _ in landed[kept.count(True) :])])
        landed = landed[: kept.count(True)]
    devnet.end()
    print(f"{len(landed)} landed, the oldest that was lost {oldest:.2f} s old")
    assert landed
    assert oldest < MOST


def test_two_clients_at_once_lose_nothing_of_each_other(bare: Bare, folder: Path) -> None:
    accounts = bare.ask("eth_accounts")

    def send(account: str) -> None:
        for _ in range(50):
            bare.ask("eth_sendTransaction", {"from": account, "to": SOMEBODY, "value": "0x1"})

    clients = [threading.Thread(target=send, args=(account,)) for account in accounts[:2]]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    deadline = monotonic() + 20
    while int(bare.ask("eth_getBalance", SOMEBODY, "latest"), 16) < 100:
        assert monotonic() < deadline
    times = [
        int(bare.ask("eth_getBlockByNumber", hex(number), False)["timestamp"], 16)
        for number in range(1, bare.height + 1)
    ]
    # Time obeys whoever sends.
    assert {b - a for a, b in pairwise(times)} == {1}


# What is in the way.


def test_a_second_devnet_on_the_same_state(bare: Bare, folder: Path) -> None:
    with pytest.raises(DevnetError) as complaint, Devnet(folder, port=0):
        pass
    assert str(complaint.value) == (
        f"a devnet runs on {folder} already at {bare.url}, process {bare.process.pid}; stop it, "
        "or name another folder with --state"
    )
    # And the first has not noticed.
    bare.pay()
    assert find_running(folder) is not None


def test_a_busy_port(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DevnetError) as complaint, Devnet(folder, port=port):
            pass
    assert str(complaint.value) == (
        f"port {port} of 127.0.0.1 cannot be used: address already in use; stop what listens "
        "there, or choose another with --port"
    )
    # The folder is free again.
    Bare(folder).end()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-9],
        lambda content: content[:100],
        lambda content: b"",
        lambda content: content[:200] + bytes([content[200] ^ 1]) + content[201:],
        lambda content: b"no state",
        lambda content: gzip.compress(b"no state"),
        lambda content: gzip.compress(b"[]"),
        lambda content: gzip.compress(b"{}"),
        lambda content: gzip.compress(b"[" * 100_000),
    ],
    ids=["short", "head", "empty", "a bit", "text", "no JSON", "a list", "nothing in it", "deep"],
)
def test_a_damaged_state_is_said_and_kept(folder: Path, damage: Any) -> None:
    Bare(folder).end()
    file = folder / "state.gz"
    broken = damage(file.read_bytes())
    file.write_bytes(broken)
    with pytest.raises(DevnetError) as complaint, Devnet(folder, port=0):
        pass
    assert str(complaint.value) == (
        f"{file} cannot be read: it is damaged; put back a copy of it, or start anew with --fresh"
    )
    assert file.read_bytes() == broken
    assert find_running(folder) is None


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff",
        b"{}",
        b'{"pid": 1, "url": "file:///etc/passwd"}',
        b'{"pid": 99999999999999999999, "url": "http://127.0.0.1:8545"}',
    ],
    ids=["empty", "not UTF-8", "nothing in it", "no URL", "no process"],
)
def test_what_a_devnet_says_of_itself_is_damaged(folder: Path, said: bytes) -> None:
    folder.mkdir()
    (folder / "running.json").write_bytes(said)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DevnetError) as complaint:
            find_running(folder)
    assert str(complaint.value) == (
        f"a devnet is up, but {folder / 'running.json'} cannot be read: it is damaged; start it "
        "again, or name a network with --network"
    )
    # Without a lock there is no devnet, whatever the file says.
    assert find_running(folder) is None


def test_a_state_that_anvil_does_not_understand(folder: Path) -> None:
    folder.mkdir()
    strange = gzip.compress(b'{"blocks": 7}')
    (folder / "state.gz").write_bytes(strange)
    with pytest.raises(DevnetError, match=r"anvil does not start: .*state") as complaint:
        Devnet(folder, port=0).__enter__()
    assert "\n" not in str(complaint.value)
    assert (folder / "state.gz").read_bytes() == strange


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DevnetError, match=r"file/devnet/lock cannot be written: Not a directory"):
        Devnet(tmp_path / "file" / "devnet").__enter__()


def test_without_anvil(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DevnetError, match="there is no anvil here; run make setup"):
        Devnet(folder, port=0).__enter__()


def test_a_fresh_one_keeps_what_was_there_aside(folder: Path) -> None:
    with Devnet(folder, port=0) as first:
        first.save()
        assert first.genesis
    before = (folder / "state.gz").read_bytes()
    with Devnet(folder, port=0, fresh=True) as second:
        # Until there is something to keep, nothing is overwritten.
        assert (folder / "state.gz").read_bytes() == before
        second.save()
        assert not second.resumed
        began = second.genesis
        second.ask("anvil_setBalance", SOMEBODY, hex(5))
        second.save()
    assert (folder / "state.gz.before").read_bytes() == before
    with Devnet(folder, port=0) as third:
        assert third.resumed
        assert third.genesis == began
        assert int(third.ask("eth_getBalance", SOMEBODY, "latest"), 16) == 5


def test_the_node_refuses_in_one_line(folder: Path) -> None:
    with Devnet(folder, port=0) as devnet:
        with pytest.raises(DevnetError, match=r"^anvil refuses eth_nothing: "):
            devnet.ask("eth_nothing")
        with pytest.raises(RpcError):
            ask(devnet.url, "eth_nothing")


STORM = """
import signal, sys
from pathlib import Path
from unbond.devnet import Devnet

devnet = Devnet(Path(sys.argv[1]))
for number in (signal.SIGALRM, signal.SIGPROF):
    signal.signal(number, devnet._on_signal)
signal.setitimer(signal.ITIMER_REAL, 0.00005, 0.00005)
signal.setitimer(signal.ITIMER_PROF, 0.00005, 0.00005)
for _ in range(20_000):
    devnet.rest(10)
for timer in (signal.ITIMER_REAL, signal.ITIMER_PROF):
    signal.setitimer(timer, 0)
print(devnet.stopping)
"""


def test_a_storm_of_signals_is_no_deadlock(tmp_path: Path) -> None:
    """A handler that is interrupted by another does not wait for itself."""
    done = subprocess.run(
        [sys.executable, "-c", STORM, tmp_path], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


# The command.


def test_it_goes_on_and_the_book_finds_it_again(devnets: Devnets) -> None:
    first = devnets.start()
    token = first.facts["deployments"]["delegated"]["tokens"]["ANKR"]
    # transfer(address,uint256)
    data = f"0xa9059cbb{SOMEBODY[2:].rjust(64, '0')}{7:064x}"
    first.ask("eth_sendTransaction", {"from": RICH, "to": token, "data": data})
    deadline = monotonic() + 20
    while first.balance(token, SOMEBODY) != 7:
        assert monotonic() < deadline
    before = AddressBook(first.book).deployments(31337)
    # Another chain with this id drops what the book has of this one.
    other = first.book.with_name("other.json")
    other.write_text('{"version": 1, "chains": {}}')
    other.replace(first.book)
    _, err, code = first.stop(signal.SIGINT)
    assert (code, err) == (0, "")

    again = devnets.start(first.folder, first.book)
    assert again.facts["resumed"] is True
    assert again.facts["deployments"] == first.facts["deployments"]
    assert again.balance(token, SOMEBODY) == 7
    assert AddressBook(first.book).deployments(31337) == before
    assert again.run("delegated", "assets").out == "0\n"
    again.stop()

    fresh = devnets.start(first.folder, first.book, "--fresh")
    assert fresh.facts["resumed"] is False
    token = fresh.facts["deployments"]["delegated"]["tokens"]["ANKR"]
    assert fresh.balance(token, SOMEBODY) == 0
    now = AddressBook(first.book).deployments(31337)
    assert set(now) == set(before)
    fresh.stop()


def test_seeded_with_scenarios(devnets: Devnets, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [
        str(ROOT / "scenarios" / name) for name in ("delegated/two-lots.yaml", "device/solo.yaml")
    ]
    words = [word for file in files for word in ("--seed-with", file)]
    up = devnets.start(None, None, *words)
    assert {"two-lots", "solo", *system_names()} == set(up.facts["deployments"])
    first, second = up.facts["seeds"]
    assert first == {"deployment": "two-lots", "file": files[0], "later": 0}
    assert (second["deployment"], second["file"]) == ("solo", files[1])
    # The first has gone on until spring.
    assert second["later"] >= 12 * WEEK
    place = up.facts["deployments"]["two-lots"]
    assert up.balance(place["tokens"]["ANKR"], place["address"]) == 1000 * 10**18
    up.stop()
    # On a chain that has begun, they could not come first.
    monkeypatch.setenv("UNBOND_BOOK", str(up.book))
    with pytest.raises(DevnetError) as complaint:
        begin(up.folder, seeds=[Path(file) for file in files])
    assert str(complaint.value) == (
        f"the chain in {up.folder} has begun already; --seed-with needs --fresh"
    )


def begin(folder: Path, *, seeds: Sequence[Path] = (), command: Sequence[str] = ()) -> None:
    """What the command does, here."""
    run_devnet(port=0, fresh=False, seeds=seeds, state=folder, as_json=True, command=command)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "{file}: there is no such file"),
        ("title: A title\nsystem: delegated\n", "{file}:1: steps: is missing"),
    ],
    ids=["no file", "no steps"],
)
def test_a_seed_that_cannot_be_read(tmp_path: Path, text: str | None, complaint: str) -> None:
    file = tmp_path / "seed.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ScenarioError) as error:
        begin(tmp_path / "devnet", seeds=[file])
    assert str(error.value) == complaint.format(file=file)
    # Nothing has been begun.
    assert not (tmp_path / "devnet").exists()


def test_with_a_command_it_ends_with_that(devnets: Devnets, tmp_path: Path) -> None:
    folder = tmp_path / "devnet"
    words = ["--fresh", "--", "sh", "-c", 'echo "$UNBOND_RPC_URL" "$UNBOND_BOOK"; exit 7']
    done = devnets.run(*words, folder=folder, book=tmp_path / "book.json")
    assert (done.returncode, done.stderr) == (7, "")
    url, book = done.stdout.split()
    assert url.startswith("http://127.0.0.1:")
    assert Path(book) == tmp_path / "book.json"
    assert set(AddressBook(Path(book)).deployments(31337)) == set(system_names())
    with pytest.raises(DevnetError) as missing:
        begin(tmp_path / "another", command=["no-such-command"])
    assert str(missing.value) == "no-such-command cannot be started: there is no such command"
    assert not (tmp_path / "another").exists()


def children(process: int) -> list[int]:
    """The ids of a process's children."""
    told = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(one) for one in told.split()]


def saved_height(folder: Path) -> int:
    state = json.loads(gzip.decompress((folder / "state.gz").read_bytes()))
    number = state["best_block_number"]
    return int(number, 16) if isinstance(number, str) else int(number)
