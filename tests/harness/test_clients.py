"""Clients that we did not write use a devnet: cast, and viem with the module that was exported."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.clients import ROOT, RpcError, RunningDevnet
from unbond.when import DAY, WEEK

if TYPE_CHECKING:
    from tests.harness.conftest import Devnets

pytestmark = pytest.mark.slow

NODE_MODULES = ROOT / "node_modules"
PROVIDER = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"
# Two of the usual test accounts, whose keys everybody knows.
LATECOMER = "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"
DELEGATOR_KEY = "0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"
AMOUNT = 1000 * 10**18
CAST = NODE_MODULES / ".bin/cast"
POSITION = "(uint256,uint8,uint8,uint256,uint256,uint64,bytes4)[]"
POSITIONS_OF = f"positionsOf(address,uint256,uint256)({POSITION})"


def setup_facts(name: str) -> dict[str, Any]:
    """What set-up remembers of a step."""
    stamp = json.loads((ROOT / ".venv/setup" / f"{name}.json").read_text())
    facts = stamp["facts"]
    assert isinstance(facts, dict)
    return facts


@pytest.fixture(scope="module")
def exported(devnets: Devnets, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "here"
    done = devnets.shared.run("export", "--out", str(folder))
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == sorted(
        str(path) for path in folder.rglob("*") if path.is_file()
    )
    return folder


@pytest.fixture(scope="module")
def program(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client in TypeScript, checked strictly together with the exported module."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "unbond.ts").write_text((exported / "unbond.ts").read_text())
    (folder / "client.ts").write_text((ROOT / "tests/clients/client.ts").read_text())
    options = {"strict": True, "skipLibCheck": True, "module": "nodenext", "types": []}
    (folder / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": {**options, "target": "es2022", "lib": ["es2022", "dom"]}})
    )
    checked = subprocess.run(
        [setup_facts("node")["node"], NODE_MODULES / "typescript/bin/tsc"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert checked.returncode == 0, checked.stdout
    return folder / "client.js"


def viem(program: Path, key: str) -> dict[str, Any]:
    """What the client did."""
    done = subprocess.run(
        [setup_facts("node")["node"], program, key, PROVIDER],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


class Cast:
    """The command ``cast``, on a devnet."""

    def __init__(self, devnet: RunningDevnet, addresses: dict[str, Any]) -> None:
        self._url = devnet.url
        self.delegated = addresses["contracts"]["delegated"]["address"]
        self.token = addresses["contracts"]["delegatedAnkr"]["address"]

    def __call__(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Let it do something that may fail."""
        return subprocess.run(
            [CAST, *words],
            env={**os.environ, "ETH_RPC_URL": self._url},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def send(self, to: str, signature: str, *arguments: str) -> dict[str, Any]:
        """Send a transaction of an account whose key the node has; returns its receipt."""
        call = (to, signature, *arguments, "--from", LATECOMER)
        # An estimate is exact for its own second, so this asks for a quarter more, as wallets do.
        gas = int(self("estimate", *call)) * 5 // 4
        receipt = json.loads(self("send", *call, "--unlocked", "--json", "--gas-limit", str(gas)))
        assert int(receipt["status"], 16) == 1
        return dict(receipt)

    def position_after(self, receipt: dict[str, Any]) -> list[str]:
        """The last position in a transaction's block: its fields in their order, as text."""
        # In that block, since somebody else may let time pass.
        block = str(int(receipt["blockNumber"], 16))
        words = (self.delegated, POSITIONS_OF, LATECOMER, "0", "100")
        shown = self("call", *words, "--block", block)
        # People are shown large numbers twice: 1000 [1e3].
        plain = re.sub(r" \[[^]]*\]", "", shown)
        rows: list[str] = re.findall(r"\(([^()]*)\)", plain)
        return rows[-1].split(", ")

    @property
    def now(self) -> int:
        return int(self("block", "latest", "--field", "timestamp"))

    def wait(self, until: int) -> None:
        while self.now < until:
            gone = self.run("rpc", "evm_mine", json.dumps({"timestamp": until}))
            # Somebody else may have been faster.
            assert gone.returncode == 0 or self.now >= until, gone.stderr


@pytest.fixture
def cast(devnets: Devnets, exported: Path) -> Cast:
    assert CAST.exists(), "set-up installs cast where there is one: Linux and macOS"
    return Cast(devnets.shared, json.loads((exported / "addresses.json").read_text()))


def leave_with_cast(cast: Cast) -> None:
    def balance() -> int:
        return int(cast("call", cast.token, "balanceOf(address)(uint256)", LATECOMER).split()[0])

    before = balance()
    cast.send(cast.token, "approve(address,uint256)", cast.delegated, str(AMOUNT))
    receipt = cast.send(cast.delegated, "stake(address,uint256)", PROVIDER, str(AMOUNT))
    assert balance() == before - AMOUNT
    stake, kind, state, amount, _, opens, blocked = cast.position_after(receipt)
    assert (kind, state, amount) == ("0", "1", str(AMOUNT))
    # What stands in the way is an error's selector; cast knows its own way to it.
    assert blocked == cast("sig", "StillLocked(uint64)")
    cast.wait(int(opens))
    receipt = cast.send(cast.delegated, "unstake(uint256,uint256)", stake, str(AMOUNT))
    ticket, kind, state, amount, _, opens, _ = cast.position_after(receipt)
    assert (kind, state, amount) == ("2", "3", str(AMOUNT))
    cast.wait(int(opens))
    receipt = cast.send(cast.delegated, "claim(uint256)", ticket)
    assert cast.position_after(receipt)[2] == "0"
    assert balance() == before


def check_viem(told: dict[str, Any]) -> None:
    assert told["locked"] == {"id": told["lot"], "state": 1, "amount": str(AMOUNT)}
    assert told["early"] == "StillLocked"
    assert told["unlocksAt"] % WEEK == 4 * DAY
    assert told["availableAt"] >= told["unlocksAt"] + 7 * DAY
    assert told["closed"] == 0
    assert told["lost"] == "0"


def test_the_exported_files(devnets: Devnets, exported: Path) -> None:
    up = devnets.shared
    addresses = json.loads((exported / "addresses.json").read_text())
    assert (addresses["chainId"], addresses["url"]) == (31337, up.url)
    assert addresses["genesis"] == up.ask("eth_getBlockByNumber", "0x0", False)["hash"]
    for name, one in addresses["contracts"].items():
        assert up.ask("eth_getCode", one["address"], "latest") != "0x", name
        abi = json.loads((exported / "abis" / f"{one['contract']}.json").read_text())
        assert any(item["type"] == "function" for item in abi)
    for name, deployment in up.facts["deployments"].items():
        assert addresses["contracts"][name]["address"] == deployment["address"]
    # A page can read why its token refuses.
    errors = {
        item["name"]
        for item in json.loads((exported / "abis/DelegatedStaking.json").read_text())
        if item["type"] == "error"
    }
    assert {"StillLocked", "ERC20InsufficientAllowance"} <= errors


def test_a_folder_that_cannot_be_written(devnets: Devnets, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = devnets.shared.run("export", "--out", str(tmp_path / "file"))
    assert told.complaint == f"{tmp_path / 'file'} cannot be written: File exists"


@pytest.mark.parametrize("there", [True, False])
def test_where_one_file_cannot_be_written_none_is_changed(
    devnets: Devnets, exported: Path, tmp_path: Path, there: bool
) -> None:
    folder = tmp_path / "here"
    if there:
        shutil.copytree(exported, folder)
        for path in folder.rglob("*.json"):
            path.write_text("of an earlier chain")
        (folder / "unbond.ts").unlink()
    # The last of them all to be written.
    obstacle = folder / "abis" / sorted(path.name for path in (exported / "abis").iterdir())[-1]
    obstacle.unlink(missing_ok=True)
    obstacle.mkdir(parents=True)
    before = {path: path.is_dir() or path.read_text() for path in folder.rglob("*")}
    told = devnets.shared.run("export", "--out", str(folder))
    assert told.complaint == f"{obstacle} cannot be written: Is a directory"
    assert {path: path.is_dir() or path.read_text() for path in folder.rglob("*")} == before


def test_viem_leaves_a_stake(program: Path) -> None:
    check_viem(viem(program, DELEGATOR_KEY))


def test_cast_leaves_a_stake(cast: Cast) -> None:
    leave_with_cast(cast)


def test_an_estimate_is_exact_for_its_second(devnets: Devnets, cast: Cast) -> None:
    """What the page about front-ends says of margins."""
    cast.send(cast.token, "approve(address,uint256)", cast.delegated, str(3 * AMOUNT))
    call = (cast.delegated, "stake(address,uint256)", PROVIDER, str(AMOUNT))
    cast.send(*call)
    estimated = int(cast("estimate", *call, "--from", LATECOMER))
    # A new epoch begins.
    devnets.shared.ask("evm_mine", {"timestamp": cast.now + WEEK})
    exact = ("--unlocked", "--from", LATECOMER, "--gas-limit", str(estimated), "--json")
    failed = json.loads(cast.run("send", *call, *exact).stdout)
    assert int(failed["status"], 16) == 0
    used = int(cast.send(*call)["gasUsed"], 16)
    assert used - estimated == 789


def test_both_at_once(program: Path, cast: Cast) -> None:
    with ThreadPoolExecutor() as clients:
        one = clients.submit(viem, program, DELEGATOR_KEY)
        other = clients.submit(leave_with_cast, cast)
        check_viem(one.result())
        other.result()


def test_what_other_clients_did_is_in_the_status(devnets: Devnets, cast: Cast) -> None:
    cast.send(cast.token, "approve(address,uint256)", cast.delegated, str(AMOUNT))
    receipt = cast.send(cast.delegated, "stake(address,uint256)", PROVIDER, str(AMOUNT))
    shown = devnets.shared.run("status", "latecomer", "--json").json
    newest = shown[-1]
    assert (newest["state"], newest["amount"]) == ("locked", str(AMOUNT))
    block = devnets.shared.ask("eth_getBlockByNumber", receipt["blockNumber"], False)
    assert newest["since"] is not None
    assert newest["opensIn"] == newest["availableAt"] - int(block["timestamp"], 16) - 1


def test_time_goes_only_where_it_is_told(devnets: Devnets) -> None:
    """What the page about front-ends says of the ways in which clients move time."""
    up = devnets.shared

    def now() -> int:
        return int(up.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    up.ask("evm_mine")
    start = now()
    up.ask("evm_mine", {"timestamp": start + 100})
    assert now() == start + 100
    up.ask("evm_setNextBlockTimestamp", start + 200)
    up.ask("evm_mine")
    assert now() == start + 200
    # A wish to add seconds is not heard: blocks are a second apart.
    up.ask("evm_increaseTime", 1000)
    up.ask("evm_mine")
    assert now() == start + 201
    with pytest.raises(RpcError):
        up.ask("evm_setNextBlockTimestamp", start)
