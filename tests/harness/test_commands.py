"""The commands: what they do, what they print, and that a refused one leaves nothing behind.

What needs a process of its own runs in one. The rest calls Ape's command in this process, on the
same node.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import ape
import pytest
from ape.logging import logger

from tests.harness.clients import APE, ROOT, Outcome, ask, run_here
from tests.harness.conftest import unused_port
from unbond.book import AddressBook
from unbond.chain import Chain
from unbond.cli.common import console
from unbond.systems import System, system_class, system_names
from unbond.systems.delegated import MIN_STAKE, DelegatedStaking
from unbond.when import DAY, SESSION_START, format_date, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Half of them start processes.
pytestmark = pytest.mark.slow

NETWORK = ("--network", "ethereum:local:foundry")

DELEGATOR = "0x976EA74026E726554dB657fA54763abd0C3a0aa9"
PROVIDER = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"
LOT = (int(DELEGATOR, 16) << 96) + 1
SYSTEMS = [system_class(name) for name in system_names()]
SENDING = ["--account", "--preview"]
UNLOCKS = SESSION_START + 91 * DAY
"""When what is staked in the first week unlocks."""


class Node:
    """An anvil of our own."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url

    def ask(self, method: str, *params: Any) -> Any:
        return ask(self.url, method, *params)

    @property
    def height(self) -> int:
        return int(self.ask("eth_blockNumber"), 16)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def start_node() -> Node:
    anvil = shutil.which("anvil")
    assert anvil
    port = unused_port()
    process = subprocess.Popen([anvil, "--silent", "--port", str(port)])
    node = Node(process, f"http://127.0.0.1:{port}")
    deadline = monotonic() + 20
    while monotonic() < deadline and process.poll() is None:
        try:
            node.ask("eth_chainId")
        except OSError:
            continue
        return node
    node.stop()
    raise RuntimeError("anvil does not start")


@pytest.fixture(scope="module")
def running() -> Iterator[Node]:
    node = start_node()
    yield node
    node.stop()


@pytest.fixture(scope="module")
def first_deployment(
    running: Node, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str]:
    """What is said of a deployment on the node, and the book that it is written down in."""
    book = tmp_path_factory.mktemp("first") / "book.json"
    with pytest.MonkeyPatch.context() as environment:
        environment.chdir(ROOT)
        environment.setenv("APE_FOUNDRY_HOST", running.url)
        environment.setenv("UNBOND_BOOK", str(book))
        told = run_here("deploy", "delegated", "--account", "TEST::0", "--json", *NETWORK).json
    assert isinstance(told, dict)
    return told, book.read_text()


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddressBook:
    monkeypatch.setenv("UNBOND_BOOK", str(tmp_path / "book.json"))
    return AddressBook(tmp_path / "book.json")


@pytest.fixture
def node(
    running: Node,
    first_deployment: object,
    book: AddressBook,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Node]:
    """The node as it was after the first deployment, and an empty book; commands use both."""
    monkeypatch.setenv("APE_FOUNDRY_HOST", running.url)
    snapshot = running.ask("evm_snapshot")
    yield running
    assert running.ask("evm_revert", snapshot)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Outcome]]:
    """Runs ``ape run …`` in this process."""
    monkeypatch.chdir(ROOT)
    # Whatever the terminal in which the tests run.
    monkeypatch.setattr(console, "width", 150)
    level = logger.level
    before = ape.networks.active_provider

    yield run_here
    logger.set_level(level)
    assert ape.networks.active_provider is before


@pytest.fixture
def on_node(here: Callable[..., Outcome], node: Node) -> Callable[..., Outcome]:
    """The same, on the node."""
    return lambda *words: here(*words, *NETWORK)


@pytest.fixture
def deployed(
    node: Node, book: AddressBook, first_deployment: tuple[dict[str, Any], str]
) -> dict[str, Any]:
    """What was said of the first deployment; the book has it."""
    told, text = first_deployment
    book.path.write_text(text)
    return told


def alone(*words: str | Path) -> Outcome:
    """Run ``ape run …`` in a process of its own."""
    done = subprocess.run(
        [APE, "run", *map(str, words)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


def words_of(text: str) -> str:
    """Help text as one line."""
    return " ".join(text.split())


# The way out, a process for each step.


def test_a_stake_leaves_on_time_and_each_process_finds_what_the_one_before_left(
    on_node: Callable[..., Outcome], node: Node, book: AddressBook
) -> None:
    stake = ("--amount", "1000 ANKR", "--account", "TEST::6", *NETWORK)
    told = alone("deploy", "delegated", "--account", "TEST::0", *NETWORK, "--json").json
    entry = book.deployments(31337)["delegated"]
    assert told == {
        "system": "delegated",
        "address": entry.address,
        "token": entry.constructor[0],
        "chainId": 31337,
        "block": entry.block,
        "recorded": True,
    }

    staked = alone("delegated", "stake", "--provider", "provider", *stake)
    assert staked.code == 0
    assert staked.err == f"approved 1 000 ANKR for {entry.address}\n"
    assert (
        "UTC, delegator: staked 1 000 ANKR with provider as #1; unlocks Mon 2030-04-08"
        in staked.out
    )

    early = alone("delegated", "unstake", "--stake", "1", *stake)
    assert early.complaint == (
        "the contract refused: StillLocked, unlocks at Mon 2030-04-08 00:00:00"
    )

    there = on_node("travel", "--to", "2030-04-08")
    assert (there.code, there.out) == (
        0,
        "the next transaction lands on Mon 2030-04-08 00:00:00 UTC\n",
    )

    unstaked = alone("delegated", "unstake", "--stake", "1", *stake, "--json")
    told = unstaked.json
    receipt = node.ask("eth_getTransactionReceipt", told["txnHash"])
    assert told == {
        "time": "2030-04-08T00:00:00Z",
        "timestamp": UNLOCKS,
        "events": [
            {
                "name": "Unstaked",
                "fields": {
                    "account": DELEGATOR,
                    "stakeId": str(LOT),
                    "ticketId": str(LOT),
                    "amount": str(MIN_STAKE),
                    "availableAt": UNLOCKS + 14 * DAY,
                },
            }
        ],
        "gasUsed": int(receipt["gasUsed"], 16),
        "block": int(receipt["blockNumber"], 16),
        "txnHash": receipt["transactionHash"],
    }


def test_a_node_that_has_stopped(here: Callable[..., Outcome], book: AddressBook) -> None:
    """Ape starts another in its place, on which nothing is deployed."""
    own = start_node()
    environment = pytest.MonkeyPatch()
    environment.setenv("APE_FOUNDRY_HOST", own.url)
    try:
        assert here("deploy", "delegated", "--account", "TEST::0", "--bare", *NETWORK).code == 0
        own.stop()
        complaint = alone("delegated", "status", "TEST::6", *NETWORK).complaint
    finally:
        own.stop()
        environment.undo()
    entry = book.deployments(31337)["delegated"]
    assert complaint.startswith(
        f"{book.path} has 'delegated' at {entry.address} on chain 31337, but"
    )
    assert complaint.endswith(
        "; this chain ends with the command; start one that stays: ape run devnet"
    )


SCENARIO = """\
title: A title
system: delegated
setup: {providers: {node: 0 %}}
funds: {delegator: 1000 ANKR}
steps:
  - at: 2030-01-15
    by: delegator
    do: stake
    with: {provider: node, amount: 1000 ANKR}
    as: lot
    expect:
      event:
        unlocksAt: lot + 90d
"""


def test_a_scenario_that_is_not_as_expected(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(SCENARIO)
    bad.write_text(SCENARIO.replace("90d", "91d"))
    failed = alone("scenario", bad, good)
    assert (failed.code, failed.err) == (1, "")
    assert (
        f"{bad}:13: steps[0].expect.event.unlocksAt: expected unlocksAt lot + 91d, "
        "but it was 2030-04-15T00:00:00Z"
    ) in failed.out.splitlines()
    assert failed.out.splitlines()[-1] == f"1 of 2 not as expected: {bad}"


# Deploying.


def test_deploy_in_words(on_node: Callable[..., Outcome], book: AddressBook) -> None:
    done = on_node("deploy", "delegated", "--account", "TEST::0", "--name", "mine")
    entry = book.deployments(31337)["mine"]
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"DelegatedStaking is at {entry.address}, since {format_date(entry.timestamp)} UTC",
        f"its token ANKR is at {entry.constructor[0]}",
        f"written down as 'mine' in {book.path}",
    ]
    assert on_node("delegated", "status", "TEST::6", "--deployment", "mine").code == 0


@pytest.mark.parametrize(
    ("options", "lock_rewards", "origin"),
    [
        ((), True, SESSION_START),
        (("--open-rewards", "--origin", "2029-12-31"), False, SESSION_START - 7 * DAY),
        (("--lock-rewards", "--bare"), True, SESSION_START),
    ],
)
def test_deploy_options(
    on_node: Callable[..., Outcome],
    book: AddressBook,
    options: tuple[str, ...],
    lock_rewards: bool,
    origin: int,
) -> None:
    told = on_node("deploy", "delegated", "--account", "TEST::3", *options, "--json").json
    entry = book.deployments(31337)["delegated"]
    owner = str(ape.accounts.test_accounts[3].address)
    assert entry.constructor == (told["token"], origin, lock_rewards, owner)
    row = on_node("delegated", "provider-of", "--provider", "provider", "--json")
    held = on_node("delegated", "status", "TEST::9")
    if "--bare" in options:
        assert row.complaint == "the contract refused: UnknownProvider, provider provider"
        assert "holds 0 ANKR" in held.out
    else:
        assert row.json == {
            "active": True,
            "commissionBps": 500,
            "staked": "0",
            "earning": "0",
            "commission": "0",
        }
        assert "holds 1 000 000 ANKR" in held.out


def test_deploy_with_a_token_that_is_there(
    on_node: Callable[..., Outcome], deployed: dict[str, Any], node: Node
) -> None:
    height = node.height
    told = on_node(
        "deploy", "delegated", "--account", "TEST::0", "--token", deployed["token"], "--json"
    ).json
    assert told["token"] == deployed["token"]
    # Nothing but the contract: what is somebody else's is not handed out.
    assert node.height == height + 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--token", "nobody"), "'nobody' is neither an address nor an account's alias"),
        (
            ("--token", DELEGATOR[:-1] + "8"),
            f"'{DELEGATOR[:-1]}8' is no address: its length or its checksum is wrong",
        ),
        (
            ("--origin", "Monday"),
            "'Monday' is no moment; write one like '2030-01-07T00:00:00Z' or '2030-01-07'",
        ),
    ],
)
def test_deploy_with_bad_words_does_nothing(
    on_node: Callable[..., Outcome],
    node: Node,
    book: AddressBook,
    options: tuple[str, ...],
    complaint: str,
) -> None:
    before = node.height
    done = on_node("deploy", "delegated", "--account", "TEST::0", *options)
    assert done.complaint == complaint
    assert node.height == before
    assert not book.path.exists()


def test_a_refused_deployment_is_not_written_down(
    on_node: Callable[..., Outcome], book: AddressBook
) -> None:
    done = on_node("deploy", "delegated", "--account", "TEST::0", "--origin", "2030-01-08")
    assert done.complaint == "the contract refused: OriginNotMonday(origin=1894060800)"
    assert not book.path.exists()


def test_nothing_is_deployed_that_could_not_be_written_down(
    on_node: Callable[..., Outcome], node: Node, book: AddressBook
) -> None:
    book.path.write_text("no book")
    before = node.height
    done = on_node("deploy", "delegated", "--account", "TEST::0")
    assert done.complaint.startswith(f"{book.path} is no address book: Invalid JSON: ")
    assert node.height == before
    assert book.path.read_text() == "no book"


def test_on_a_chain_that_ends_with_the_command_nothing_is_written_down(
    here: Callable[..., Outcome], book: AddressBook
) -> None:
    told = here("deploy", "delegated", "--account", "TEST::0", "--bare", "--json").json
    assert told["recorded"] is False
    assert not book.path.exists()
    last = here("deploy", "delegated", "--account", "TEST::0", "--bare").out.splitlines()[-1]
    assert last == "this chain ends with this command; nothing was written down"
    complaint = here("delegated", "status", "TEST::6").complaint
    assert complaint == (
        f"{book.path} has no 'delegated' on chain 1337; this chain ends with the command; "
        "start one that stays: ape run devnet"
    )


# Acting and asking.


def stake(run: Callable[..., Outcome], amount: str = "1000 ANKR", *more: str) -> Outcome:
    words = ("--provider", "provider", "--amount", amount, "--account", "TEST::6")
    return run("delegated", "stake", *words, *more)


def allowance(node: Node, deployed: dict[str, Any]) -> int:
    """What the system may take from TEST::6."""
    call = "0xdd62ed3e" + "".join(
        one[2:].rjust(64, "0") for one in (DELEGATOR, deployed["address"])
    )
    return int(node.ask("eth_call", {"to": deployed["token"], "data": call}, "latest"), 16)


def test_nothing_is_recorded_of_a_chain_that_ends_with_the_command(
    here: Callable[..., Outcome],
    book: AddressBook,
    delegated_open: DelegatedStaking,
    tmp_path: Path,
) -> None:
    # A book that says what no command can have found: what this process deployed on its own chain.
    book.record(delegated_open)
    before = book.path.read_bytes()
    done = here("record", "--out", str(tmp_path / "new.yaml"))
    assert done.complaint == (
        "nothing has happened on this chain; this chain ends with the command; start one that "
        "stays: ape run devnet"
    )
    assert not (tmp_path / "new.yaml").exists()
    assert book.path.read_bytes() == before


def test_where_one_system_cannot_be_recorded_none_is(
    on_node: Callable[..., Outcome], deployed: dict[str, Any], tmp_path: Path
) -> None:
    on_node("deploy", "device", "--account", "TEST::0")
    on_node("device", "stake", "--device", "2", "--amount", "800 IO", "--account", "TEST::5")
    amount = ("--provider", "provider", "--amount", "1000 ANKR")
    on_node("delegated", "stake", *amount, "--account", "TEST::6")
    (tmp_path / "out").mkdir()
    obstacle = tmp_path / "out" / "new.device.yaml.new"
    obstacle.mkdir()
    words = ("record", "--out", str(tmp_path / "out" / "new.yaml"))
    done = on_node(*words)
    place = tmp_path / "out" / "new.device.yaml"
    assert done.complaint == f"{place} cannot be written: Is a directory"
    assert list((tmp_path / "out").iterdir()) == [obstacle]
    obstacle.rmdir()
    written = [line.partition(": ")[0] for line in on_node(*words).out.splitlines()]
    assert sorted(written) == sorted(map(str, (tmp_path / "out").iterdir()))
    assert len(written) == 2


def test_staking_approves_first_and_exactly(
    on_node: Callable[..., Outcome], node: Node, deployed: dict[str, Any]
) -> None:
    before = node.height
    done = stake(on_node, "1000.5 ANKR", "--json")
    assert done.code == 0
    assert done.err == f"approved 1 000.5 ANKR for {deployed['address']}\n"
    (event,) = json.loads(done.out)["events"]
    assert event["fields"]["amount"] == str(MIN_STAKE + 10**18 // 2)
    assert node.height == before + 2
    assert allowance(node, deployed) == 0


def test_what_is_approved_already_is_not_approved_again(
    on_node: Callable[..., Outcome], node: Node, deployed: dict[str, Any]
) -> None:
    delegator = ape.accounts.test_accounts[6]
    with ape.networks.parse_network_choice(NETWORK[1]):
        system = DelegatedStaking.at(Chain(), deployed["address"])
        system.token.approve(delegator, system.address, 3 * MIN_STAKE)
    before = node.height
    done = stake(on_node)
    assert (done.code, done.err) == (0, "")
    assert node.height == before + 1
    assert allowance(node, deployed) == 2 * MIN_STAKE


@pytest.mark.parametrize(
    ("amount", "complaint"),
    [
        ("1000001 ANKR", "delegator holds 1 000 000 ANKR, which is less than 1 000 001 ANKR"),
        (
            "999 ANKR",
            "the contract refused: BelowMinimum, amount 999 ANKR, minimum 1 000 ANKR",
        ),
        ("0", "the contract refused: ZeroAmount"),
    ],
)
def test_a_refused_stake_sends_nothing_and_approves_nothing(
    on_node: Callable[..., Outcome],
    node: Node,
    deployed: dict[str, Any],
    amount: str,
    complaint: str,
) -> None:
    before = node.height
    assert stake(on_node, amount).complaint == complaint
    assert node.height == before
    assert allowance(node, deployed) == 0


def test_status(on_node: Callable[..., Outcome], deployed: dict[str, Any]) -> None:
    nothing = on_node("delegated", "status", "TEST::6")
    assert (nothing.code, nothing.err) == (0, "")
    assert nothing.out.splitlines()[1:] == [
        "holds 1 000 000 ANKR",
        "has nothing in DelegatedStaking",
    ]
    assert on_node("delegated", "status", "TEST::6", "--json").json == []

    stake(on_node)
    on_node("travel", "--to", "2030-01-07T12:00:00Z")
    shown = on_node("delegated", "status", DELEGATOR).out
    assert shown.splitlines()[0] == f"{DELEGATOR} on Mon 2030-01-07 12:00:00 UTC"
    assert shown.splitlines()[1] == "holds 999 000 ANKR"
    assert "#1 1 000 ANKR locked until Mon 2030-04-08 00:00:00 (in 90d 12h) │ StillLocked" in shown
    # A role is an account too, on a local network.
    told = on_node("delegated", "status", "delegator", "--json").json
    assert told == [
        {
            "id": str(LOT),
            "kind": "stake",
            "state": "locked",
            "amount": str(MIN_STAKE),
            "rewards": "0",
            "availableAt": UNLOCKS,
            "blockedBy": "StillLocked",
        }
    ]


def test_rewards_and_claims(on_node: Callable[..., Outcome], deployed: dict[str, Any]) -> None:
    stake(on_node)
    on_node("travel", "7d")
    shared = on_node(
        *("delegated", "distribute", "--provider", PROVIDER, "--amount", "100 ANKR"),
        *("--account", "TEST::0"),
    )
    assert "distributed 100 ANKR to the lots of provider, 5 ANKR of it commission" in shared.out

    rewards = ("delegated", "rewards", "--stake", "1", "--account", "TEST::6")
    assert on_node(*rewards).complaint == (
        "the contract refused: StillLocked, unlocks at Mon 2030-04-08 00:00:00"
    )
    on_node("travel", "--to", "2030-04-08")
    assert (
        "Mon 2030-04-08 00:00:00 UTC, delegator: was paid 95 ANKR of rewards"
        in on_node(*rewards).out
    )

    commission = on_node("delegated", "claim-commission", "--account", "TEST::5")
    assert "was paid 5 ANKR of commission" in commission.out

    # By its id, its number, and its number as people write it.
    for lot in (str(LOT), "1", "#1"):
        told = on_node("delegated", "stake-of", "--stake", lot, "--account", "TEST::6", "--json")
        assert told.json == {
            "owner": DELEGATOR,
            "provider": PROVIDER,
            "amount": str(MIN_STAKE),
            "rewards": "0",
            "epoch": 0,
            "unlocksAt": UNLOCKS,
            "rewardsOpenAt": UNLOCKS,
        }

    unstake = ("delegated", "unstake", "--stake", "1", "--amount", "1000 ANKR")
    assert "claimable from Mon 2030-04-22" in on_node(*unstake, "--account", "TEST::6").out
    claim = ("delegated", "claim", "--ticket", str(LOT), "--account", "TEST::6")
    assert on_node(*claim).complaint == (
        "the contract refused: StillUndelegating, available at Mon 2030-04-22 00:00:00"
    )
    on_node("travel", "--to", "2030-04-22")
    claimed = on_node(*claim)
    assert "Mon 2030-04-22 00:00:00 UTC, delegator: claimed 1 000 ANKR (gas " in claimed.out
    assert "holds 1 000 095 ANKR" in on_node("delegated", "status", "TEST::6").out


def test_views(on_node: Callable[..., Outcome], deployed: dict[str, Any]) -> None:
    stake(on_node, "1500 ANKR")
    row = ("delegated", "provider-row", "--account", "TEST::6", "--provider", "provider")
    assert on_node(*row).out.splitlines() == [
        "total: 1 500 ANKR",
        "unlocked: 0",
        "locked: 1 500 ANKR",
        "status: locked",
    ]
    assert on_node(*row, "--json").json == {
        "total": str(3 * MIN_STAKE // 2),
        "unlocked": "0",
        "locked": str(3 * MIN_STAKE // 2),
        "status": "locked",
    }
    epoch = ("delegated", "epoch-at", "--moment")
    assert on_node(*epoch, "2030-01-13T23:59:59Z").out == "0\n"
    assert on_node(*epoch, "2030-01-14", "--json").json == 1
    assert on_node("delegated", "assets").out == "1 500 ANKR\n"
    assert on_node("delegated", "assets", "--json").json == str(3 * MIN_STAKE // 2)
    assert on_node("delegated", "owner").out == "owner\n"


def test_a_device_from_first_stake_to_withdrawal(
    on_node: Callable[..., Outcome], book: AddressBook
) -> None:
    """What the registrar, the rewarder, the owner and the co-staker of a device do."""

    def device(*words: str, by: str = "") -> Outcome:
        return on_node("device", *words, *(("--account", by) if by else ()))

    assert "its token IO is at" in on_node("deploy", "device", "--account", "TEST::0").out
    assert '"system": "device"' in book.path.read_text()
    two = ("--device", "2")
    told = device("device-of", *two, "--json").json
    assert (told["requirement"], told["cards"], told["owner"]) == (
        str(800 * 10**18),
        4,
        "0x" + "00" * 20,
    )
    offer = ("--amount", "400 IO", "--share", "25 %")
    stake = device("stake", *two, "--amount", "800 IO", by="TEST::5")
    assert "staked 800 IO on device 2 (gas " in stake.out
    assert "approved 800 IO for" in stake.err
    assert "for 400 IO, as offer 1 (gas" in device("open-offer", *two, *offer, by="TEST::5").out
    assert device("status-of", *two).out == "Sufficient State (Waiting for Co-Staker)\n"
    assert device("status-of", *two, "--json").json == "sufficient_waiting"
    shown = device("status", "TEST::5").out
    assert "device 2 800 IO locked by OfferOpen │ OfferOpen" in shown
    accepted = device("accept-offer", *two, "--nonce", "1", *offer, by="TEST::6")
    assert "co-staked 400 IO on device 2 for 25 % of its rewards" in accepted.out

    part = ("--amount", "400 IO", "--expected", "overflow")
    assert "was paid 400 IO of overflow" in device("unstake-amount", *two, *part, by="TEST::5").out
    assert device("unstake-amount", *two, *part, by="TEST::5").complaint == (
        "the contract refused: OutcomeChanged, expected overflow, actual full"
    )
    preview = device("preview-unstake", *two, "--amount", "1 wei")
    assert preview.out.splitlines()[:2] == ["kind: full", "payout: 400 IO"]

    shared = device("distribute", *two, "--amount", "100 IO", by="TEST::0")
    assert "device 2 earned 100 IO, 25 IO of it to the co-staker" in shared.out
    assert device("rewards-of", *two, "--account", "TEST::6").out == "25 IO\n"
    rented = ("set-rented", *two, "--rented")
    assert "is rented in a cluster" in device(*rented, "true", by="TEST::0").out
    assert device("unstake", *two, by="TEST::5").complaint == "the contract refused: DeviceRented"
    device(*rented, "false", by="TEST::0")

    left = device("unstake-co-stake", *two, by="TEST::6").out
    assert "the co-stake of delegator, 400 IO, leaves device 2" in left
    withdraw = ("withdraw", "--exit", "1")
    assert device(*withdraw, by="TEST::6").complaint.startswith(
        "the contract refused: CoolingDown, available at "
    )
    # The travel counts from the unstaking.
    on_node("travel", "21d")
    assert "withdrew 400 IO" in device(*withdraw, by="TEST::6").out
    assert "unstaked 400 IO from device 2" in device("unstake", *two, by="TEST::5").out
    assert "holds 1 000 000 IO" in device("status", "TEST::6").out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("stake", "--device", "seven", "--amount", "1", "--account", "TEST::6"),
            "--device: 'seven' is no whole number that a contract can count",
        ),
        (
            ("stake", "--device", "9" * 5000, "--amount", "1", "--account", "TEST::6"),
            f"--device: '{'9' * 20}…' is no whole number that a contract can count",
        ),
        (
            ("withdraw", "--exit", "9" * 5000, "--account", "TEST::6"),
            f"--exit: '{'9' * 20}…' is no position; give its number, such as 3, or its id",
        ),
        (
            (
                *("unstake-amount", "--device", "1", "--amount", "1"),
                *("--expected", "part", "--account", "TEST::6"),
            ),
            "--expected: there is no 'part'; there is: any, full, overflow",
        ),
        (
            ("stake", "--device", "9", "--amount", "1", "--account", "TEST::6"),
            "the contract refused: UnknownId, id 9",
        ),
    ],
    ids=["a device", "an endless one", "an endless exit", "a choice", "an unknown device"],
)
def test_bad_words_for_a_device(
    on_node: Callable[..., Outcome],
    node: Node,
    book: AddressBook,
    words: tuple[str, ...],
    complaint: str,
) -> None:
    on_node("deploy", "device", "--account", "TEST::0")
    before = node.height
    assert on_node("device", *words).complaint == complaint
    assert node.height == before


def test_a_pool_from_stake_to_payment(on_node: Callable[..., Outcome], book: AddressBook) -> None:
    """What a staker, a stranger and the operator do; the coin of the chain is what is staked."""

    def pool(*words: str, by: str = "") -> Outcome:
        return on_node("liquid", *words, *(("--account", by) if by else ()))

    done = on_node("deploy", "liquid", "--account", "TEST::0")
    assert done.code == 0, done.err
    told = done.out
    assert "LiquidStaking is at 0x" in told
    assert "its token aFTMb is at 0x" in told
    assert "its token aFTMc is at 0x" in told
    staked = pool("stake-for-bonds", "--amount", "100 FTM", by="TEST::6")
    assert "staked 100 FTM for 100 shares; 100 FTM went to validator 0" in staked.out
    assert staked.err == ""
    held = pool("status", "TEST::6").out.splitlines()[1]
    assert held.startswith("holds 9 899.99")
    assert held.endswith("FTM, 100 aFTMb")
    burnt = pool("burn-bonds", "--amount", "0.5 aFTMb", by="TEST::6")
    assert "burnt 0.5 shares; 0.5 FTM wait to be paid as #1" in burnt.out
    assert pool("burn-bonds", "--amount", "1 FTM", by="TEST::6").complaint == (
        "--amount: '1 FTM' is in FTM; here amounts are in aFTMb or wei"
    )
    assert "#1 0.5 FTM leaving │ StillWaiting" in pool("status", "TEST::6").out
    early = pool("harvest", "--validator", "0", by="TEST::8").complaint
    assert early.startswith("the contract refused: LockupRunning, until ")
    on_node("travel", "36d")
    assert "of rewards, " in pool("harvest", "--validator", "0", by="TEST::8").out
    paid = pool("settle", "--requests", "10", by="TEST::8").out
    assert "delegator was paid 0.5 FTM for #1; 0.5 FTM paid out, " in paid
    assert pool("ledger", "--json").json["owed"] == "0"
    assert "went to validator 0" in pool("redelegate", by="TEST::8").out


def test_powers(on_node: Callable[..., Outcome], deployed: dict[str, Any]) -> None:
    power = ("--role", "PAUSER_ROLE", "--holder", "TEST::4", "--account", "TEST::0")
    assert "pauser has PAUSER_ROLE now" in on_node("delegated", "grant-role", *power).out
    assert "new stakes are paused" in on_node("delegated", "pause", "--account", "TEST::4").out
    assert stake(on_node).complaint == "the contract refused: EnforcedPause"
    assert "pauser has PAUSER_ROLE no longer" in on_node("delegated", "revoke-role", *power).out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("stake", "--provider", "provider", "--amount", "1000 FTM", "--account", "TEST::6"),
            "--amount: '1000 FTM' is in FTM; here amounts are in ANKR or wei",
        ),
        (
            ("stake", "--provider", "nobody", "--amount", "1", "--account", "TEST::6"),
            "--provider: 'nobody' is neither an address nor an account's alias",
        ),
        (
            ("stake", "--provider", DELEGATOR[:-1], "--amount", "1", "--account", "TEST::6"),
            f"--provider: '{DELEGATOR[:-1]}' is no address: its length or its checksum is wrong",
        ),
        (
            ("claim", "--ticket", "first", "--account", "TEST::6"),
            "--ticket: 'first' is no position; give its number, such as 3, or its id",
        ),
        (
            ("claim", "--ticket", "9" * 78, "--account", "TEST::6"),
            f"--ticket: '{'9' * 78}' is less or more than a contract can count",
        ),
        (
            ("claim", "--ticket", "7", "--account", "TEST::6"),
            "the contract refused: UnknownId, id #7",
        ),
        (
            ("stake-of", "--stake", "1"),
            "--stake: the number of a position needs --account, whose it is",
        ),
        (
            ("add-provider", "--provider", "TEST::9", "--commission", "5", "--account", "TEST::1"),
            "the contract refused: AccessControlUnauthorizedAccount, account registrar, needed "
            "role REGISTRAR_ROLE",
        ),
        (
            (
                "add-provider",
                "--provider",
                "TEST::9",
                "--commission",
                "5%%",
                "--account",
                "TEST::0",
            ),
            "--commission: '5%%' is no share; write one like '5 %' or 500 for 500/10 000",
        ),
        (
            ("epoch-at", "--moment", "soon"),
            "--moment: 'soon' is no moment; write one like '2030-01-07T00:00:00Z' or '2030-01-07'",
        ),
        (
            ("epoch-at", "--moment", "1900-01-01"),
            "--moment: '1900-01-01' is less or more than a contract can count",
        ),
        (
            (
                *("set-provider-active", "--provider", "provider", "--active", "no"),
                *("--account", "TEST::0"),
            ),
            "--active: 'no' is neither true nor false",
        ),
        (
            ("grant-role", "--role", "PAUSER", "--holder", "TEST::4", "--account", "TEST::0"),
            "--role: 'PAUSER' is no power; there are: REGISTRAR_ROLE, REWARDER_ROLE, PAUSER_ROLE",
        ),
        (("status", "TEST::99"), "'TEST::99' is neither an address nor an account's alias"),
        (
            ("status", "TEST::6", "--deployment", "mine"),
            "{book} has no 'mine' on chain 31337; deploy with: ape run deploy … --network "
            "ethereum:local:foundry",
        ),
    ],
    ids=lambda value: " ".join(value[:4])[:40] if isinstance(value, tuple) else "",
)
def test_bad_words_are_one_line_and_send_nothing(
    on_node: Callable[..., Outcome],
    node: Node,
    book: AddressBook,
    deployed: dict[str, Any],
    words: tuple[str, ...],
    complaint: str,
) -> None:
    before = node.height
    assert on_node("delegated", *words).complaint == complaint.format(book=book.path)
    assert node.height == before


def test_missing_and_unknown_options(on_node: Callable[..., Outcome]) -> None:
    missing = on_node("delegated", "stake", "--provider", "provider", "--account", "TEST::6")
    assert missing.usage == "Error: Missing option '--amount'."
    unknown = on_node("delegated", "stake", "--amuont", "1", "--account", "TEST::6")
    assert unknown.usage.startswith("Error: No such option: --amuont")
    nobody = on_node("delegated", "pause", "--account", "nobody")
    assert "'nobody' not found" in nobody.usage
    # Nobody is there to be asked.
    silent = on_node("delegated", "pause")
    assert silent.usage == "Error: Missing option '--account'. Give an alias, or TEST::n."
    assert silent.out == ""
    odd = on_node("delegated", "pause", "--account", "TEST::²")
    assert odd.usage == "Error: Invalid value for '--account': there is no account 'TEST::²'."


def test_networks_that_are_none_are_listed_in_one_line(here: Callable[..., Outcome]) -> None:
    done = here("status", "--network", "ethereum:mars")
    assert done.usage.startswith(
        "Error: Invalid value for '--network': No network in 'ethereum' named 'mars'. Options: "
    )
    assert "local mainnet" in done.usage


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("http://127.0.0.1:99999", "Port out of range 0-65535"),
        ("x", "Failed to connect to remote Anvil node at 'x'."),
    ],
)
def test_a_node_of_which_the_environment_speaks_nonsense(
    here: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch, host: str, complaint: str
) -> None:
    monkeypatch.setenv("APE_FOUNDRY_HOST", host)
    assert here("status", *NETWORK).complaint == complaint


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--minutes", "nan"), "Error: Invalid value for '--minutes': nan is no number."),
        (
            ("--minutes", "inf"),
            "Error: Invalid value for '--minutes': inf is not in the range 0<x<=525600.",
        ),
        (
            ("--jobs", "1025"),
            "Error: Invalid value for '--jobs': 1025 is not in the range 1<=x<=1024.",
        ),
    ],
)
def test_campaigns_without_an_end(
    here: Callable[..., Outcome], words: tuple[str, ...], complaint: str
) -> None:
    assert here("campaign", "--steps", "1", *words).usage == complaint


def test_a_campaign_that_could_not_write_down_what_it_finds(
    here: Callable[..., Outcome], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    done = here("campaign", "--steps", "1", "--jobs", "1", "--out", str(file / "found"))
    assert done.complaint == f"{file / 'found'} cannot be written: {file} is no folder"


def test_no_validator_is_deployed_for_a_pool_with_bad_words(
    on_node: Callable[..., Outcome], node: Node, book: AddressBook
) -> None:
    before = node.height
    done = on_node("deploy", "liquid", "--account", "TEST::0", "--treasury", "nobody")
    assert done.complaint == "'nobody' is neither an address nor an account's alias"
    assert node.height == before


def test_a_deployment_of_another_system_is_not_driven_as_this_one(
    on_node: Callable[..., Outcome], book: AddressBook, deployed: dict[str, Any]
) -> None:
    book.path.write_text(
        book.path.read_text().replace('"system": "delegated"', '"system": "liquid"')
    )
    complaint = on_node("delegated", "status", "TEST::6").complaint
    assert complaint == "'delegated' is a deployment of liquid, not of delegated"


# Time.


def test_travel(on_node: Callable[..., Outcome], node: Node, deployed: dict[str, Any]) -> None:
    last = int(node.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    done = on_node("travel", "13d 23h 59m 59s")
    assert (done.code, done.err) == (0, "")
    stake(on_node)
    height = node.height
    # The approval is the next transaction, the stake the one after it.
    approval = int(node.ask("eth_getBlockByNumber", hex(height - 1), False)["timestamp"], 16)
    assert approval == last + 14 * DAY - 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("--to", "2029-01-01"),
            "cannot go back to 2029-01-01T00:00:00Z: the next transaction lands at ",
        ),
        (("later",), "'later' is no duration; write one like '14d' or '13d 23h 59m 59s'"),
        (("99999999d",), "cannot go to second "),
        (("--to", "noon"), "'noon' is no moment; "),
    ],
)
def test_journeys_that_cannot_be(
    on_node: Callable[..., Outcome],
    node: Node,
    deployed: dict[str, Any],
    words: tuple[str, ...],
    complaint: str,
) -> None:
    before = node.height
    assert on_node("travel", *words).complaint.startswith(complaint)
    assert node.height == before


def test_the_next_opening(
    on_node: Callable[..., Outcome], node: Node, book: AddressBook, deployed: dict[str, Any]
) -> None:
    assert on_node("travel", "--next").complaint == "nothing here opens by time any more"
    stake(on_node)
    on_node("deploy", "device", "--account", "TEST::0")
    on_device = ("--device", "1", "--account", "TEST::7")
    on_node("device", "stake", *on_device, "--amount", "200 IO")
    left = on_node("device", "unstake", *on_device, "--json").json
    opens = left["timestamp"] + 14 * DAY
    first = on_node("travel", "--next")
    assert (first.code, first.out.splitlines()) == (
        0,
        [
            f"the next transaction lands on {format_date(opens)} UTC",
            "then latecomer can withdraw #1 of device: 200 IO",
        ],
    )
    # What is open already is not what opens next, whether or not somebody takes it.
    told = on_node("travel", "--next", "--json").json
    assert (told["time"], told["timestamp"]) == ("2030-04-08T00:00:00Z", UNLOCKS)
    (opened,) = told["opens"]
    assert (opened["account"], opened["deployment"], opened["name"]) == (
        DELEGATOR,
        "delegated",
        "#1",
    )
    assert on_node("delegated", "unstake", *UNSTAKE).code == 0


UNSTAKE = ("--stake", "1", "--amount", "1000 ANKR", "--account", "TEST::6")


# What everybody has.


def test_status_of_everything(
    on_node: Callable[..., Outcome], book: AddressBook, deployed: dict[str, Any]
) -> None:
    empty = on_node("status")
    assert (empty.code, empty.out.splitlines()[-1]) == (0, "nobody has anything anywhere")
    assert on_node("status", "--json").json == []
    on_node("deploy", "device", "--account", "TEST::0", "--name", "devices")
    staked = json.loads(stake(on_node, "1000 ANKR", "--json").out)
    two = ("--device", "2", "--deployment", "devices")
    offer = ("--amount", "400 IO", "--share", "25 %")
    began = json.loads(
        on_node(
            *("device", "stake", *two, "--amount", "800 IO", "--account", "TEST::7", "--json")
        ).out
    )
    on_node("device", "stake", *two, "--amount", "1 IO", "--account", "TEST::7")
    on_node("device", "open-offer", *two, *offer, "--account", "TEST::7")
    joined = json.loads(
        on_node(
            *("device", "accept-offer", *two, *offer, "--nonce", "1"),
            *("--account", "TEST::6", "--json"),
        ).out
    )

    everything = on_node("status", "--json").json
    short = [
        (one["deployment"], one["name"], one["state"], one["since"], one["opens"])
        for one in everything
    ]
    assert sorted(short) == [
        ("delegated", "#1", "locked", staked["time"], "2030-04-08T00:00:00Z"),
        ("devices", "co-stake on device 2", "unlocked", joined["time"], None),
        # What was added to it later changes nothing.
        ("devices", "device 2", "unlocked", began["time"], None),
    ]
    assert {one["name"]: one["next"]["command"] for one in everything} == {
        "#1": ("ape run delegated unstake --stake 1 --amount '1000 ANKR' --account TEST::6"),
        "co-stake on device 2": (
            "ape run device unstake-co-stake --device 2 --deployment devices --account TEST::6"
        ),
        "device 2": "ape run device unstake --device 2 --deployment devices --account TEST::7",
    }
    assert all(one["opensIn"] == 0 for one in everything if one["opens"] is None)
    mine = on_node("status", "latecomer", "--json").json
    assert mine == [one for one in everything if one["name"] == "device 2"]
    # The command that it names is one that works, and then something else is next.
    on_node("device", "unstake", *two, "--account", "TEST::7")
    shown = on_node("status", "TEST::7").out
    assert "device withdraw --exit 1" in shown
    assert "CoolingDown" in shown
    assert on_node("status", "nobody").complaint == (
        "'nobody' is neither an address nor an account's alias"
    )


def test_status_where_nothing_is_deployed(
    on_node: Callable[..., Outcome], book: AddressBook
) -> None:
    assert on_node("status").complaint == (
        f"{book.path} has nothing on chain 31337; deploy with: ape run deploy … --network "
        "ethereum:local:foundry"
    )


# Previews.


def test_a_preview_says_what_would_happen_and_sends_nothing(
    on_node: Callable[..., Outcome], node: Node, deployed: dict[str, Any]
) -> None:
    before = node.height
    told = stake(on_node, "1000 ANKR", "--preview")
    assert told.err == f"would approve 1 000 ANKR for {deployed['address']}\n"
    note, sentence = told.out.splitlines()
    assert note == "nothing was sent; this would happen:"
    promised = json.loads(stake(on_node, "1000 ANKR", "--preview", "--json").out)
    assert promised.pop("preview") is True
    assert promised.pop("txnHash") is None
    assert node.height == before
    assert allowance(node, deployed) == 0

    done = stake(on_node, "1000 ANKR", "--json")
    # Every number of it was right, gas included.
    came = json.loads(done.out)
    assert came.pop("txnHash")
    assert came == promised
    assert format_date(came["timestamp"]) in sentence
    assert "delegator: staked 1 000 ANKR with provider as #1" in sentence
    assert f"(gas {came['gasUsed']})" in sentence
    assert "in 90d" in sentence


def test_a_preview_of_what_would_be_refused(
    on_node: Callable[..., Outcome], node: Node, deployed: dict[str, Any]
) -> None:
    stake(on_node)
    before = node.height
    refused = on_node("delegated", "unstake", *UNSTAKE, "--preview")
    assert refused.complaint == (
        "the contract refused: StillLocked, unlocks at Mon 2030-04-08 00:00:00"
    )
    poor = stake(on_node, "1000000 ANKR", "--preview")
    assert poor.complaint == ("delegator holds 999 000 ANKR, which is less than 1 000 000 ANKR")
    assert node.height == before
    on_node("travel", "--to", "2030-04-08")
    there = node.height
    would = on_node("delegated", "unstake", *UNSTAKE, "--preview")
    assert "claimable from Mon 2030-04-22 00:00:00, in 14d" in would.out
    assert node.height == there


@pytest.mark.parametrize("words", [(), ("1d", "--to", "2031-01-01"), ("1d", "--next")])
def test_a_journey_needs_one_goal(on_node: Callable[..., Outcome], words: tuple[str, ...]) -> None:
    assert on_node("travel", *words).usage == "Error: give one of DURATION, --to and --next"


# Scenarios.


def test_several_files_with_a_broken_one_among_them_play_nothing(
    on_node: Callable[..., Outcome], node: Node, tmp_path: Path
) -> None:
    good, broken, missing = (tmp_path / name for name in ("a.yaml", "b.yaml", "c.yaml"))
    good.write_text(SCENARIO)
    broken.write_text(SCENARIO.replace("title", "titel").replace("funds", "fund"))
    before = node.height
    done = on_node("scenario", str(good), str(broken), str(missing))
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        f"Error: {broken}:1: title: is missing",
        f"{broken}:1: titel: there is no such field; did you mean 'title'?",
        f"{broken}:4: fund: there is no such field; did you mean 'funds'?",
        f"{missing}: there is no such file",
    ]
    assert node.height == before


def test_nothing_of_a_scenario_remains_but_with_keep(
    on_node: Callable[..., Outcome], node: Node, tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(SCENARIO)
    before = node.height
    done = on_node("scenario", str(file), str(file))
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "all 2 as expected"
    assert node.height == before
    assert on_node("scenario", str(file), "--keep").code == 0
    assert int(node.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16) == (
        parse_moment("2030-01-15")
    )
    # There is no way back.
    again = on_node("scenario", str(file), "--keep")
    assert again.complaint.startswith(
        f"{file}:6: steps[0].at: cannot go back to 2030-01-15T00:00:00Z: "
    )


def test_differences_in_json(here: Callable[..., Outcome], tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(SCENARIO.replace("90d", "91d"))
    done = here("scenario", str(bad), "--json")
    assert (done.code, done.err) == (1, "")
    (timeline,) = json.loads(done.out)
    assert timeline["passed"] is False
    assert timeline["steps"][0]["differences"] == [
        f"{bad}:13: steps[0].expect.event.unlocksAt: expected unlocksAt lot + 91d, but it was "
        "2030-04-15T00:00:00Z"
    ]


def test_demo(here: Callable[..., Outcome]) -> None:
    timelines = here("demo", "--json").json
    files = sorted((one["document"], one["file"]) for one in timelines)
    assert [(one["document"], one["file"]) for one in timelines] == files
    assert sorted(file for _, file in files) == sorted(
        str(file) for file in (ROOT / "scenarios").rglob("*.yaml")
    )
    assert {"000", "001", "002"} <= {document for document, _ in files}
    assert all(one["passed"] for one in timelines)
    assert set(timelines[0]) == {
        "file",
        "title",
        "document",
        "rules",
        "network",
        "passed",
        "steps",
    }
    assert set(timelines[0]["steps"][0]) == {
        "step",
        "time",
        "timestamp",
        "by",
        "action",
        "what",
        "result",
        "event",
        "refused",
        "returned",
        "gasUsed",
        "positions",
        "balances",
        "differences",
    }


# Help.


@pytest.mark.parametrize("kind", SYSTEMS, ids=lambda kind: kind.name)
def test_the_list_of_commands(here: Callable[..., Outcome], kind: type[System]) -> None:
    listed = here(kind.name, "--help").out
    for spec in kind.actions().values():
        name = kind.command_names.get(spec.name, spec.name.replace("_", "-"))
        assert f"  {name} " in listed
    assert "  status " in listed
    every = here("--help").out
    for name in (kind.name, "demo", "deploy", "devnet", "forecast", "scenario", "status", "travel"):
        assert f"  {name} " in every


@pytest.mark.parametrize(
    ("kind", "spec"),
    [(kind, spec) for kind in SYSTEMS for spec in kind.actions().values()],
    ids=lambda value: value.name,
)
def test_help_of_a_command_says_what_it_does_and_takes(
    here: Callable[..., Outcome], kind: type[System], spec: Any
) -> None:
    name = kind.command_names.get(spec.name, spec.name.replace("_", "-"))
    done = here(kind.name, name, "--help")
    text = words_of(done.out)
    assert done.code == 0
    assert spec.summary in text
    for argument, kind in spec.arguments.items():
        assert f"--{argument.replace('_', '-')} {kind.name}" in text
    wanted = ["--network", "--deployment", "--json", *(SENDING if spec.sends else [])]
    assert [option for option in wanted if option not in text] == []


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (
            ("deploy", "delegated"),
            [
                *("--account", "--name", "--token", "--origin", "--lock-rewards / --open-rewards"),
                *("--bare", "--json", "--network"),
            ],
        ),
        (("deploy", "device"), ["--account", "--name", "--token", "--bare", "--json"]),
        (("delegated", "status"), ["ACCOUNT", "--deployment", "--json", "--network"]),
        (("travel",), ["[DURATION]", "--to", "--next", "--json", "--network"]),
        (("export",), ["--out", "--network"]),
        (("record",), ["--out", "--title", "--deployment", "--network"]),
        (("status",), ["[ACCOUNT…]", "--json", "--network"]),
        (("devnet",), ["--port", "--fresh", "--seed-with", "--state", "--json", "COMMAND"]),
        (("scenario",), ["FILE…", "--keep", "--json", "--network"]),
        (("forecast",), ["FILE…", "--json", "no network is touched"]),
        (("demo",), ["--json", "--network"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_help_of_the_other_commands(
    here: Callable[..., Outcome], words: tuple[str, ...], options: list[str]
) -> None:
    done = here(*words, "--help")
    assert done.code == 0
    assert [option for option in options if option not in words_of(done.out)] == []
