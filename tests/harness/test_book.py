"""The address book: the next process finds what is really there, and nothing else."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from unbond.book import DEFAULT_PATH, PATH_VARIABLE, AddressBook, BookError, Deployment, code_hash
from unbond.chain import Chain
from unbond.files import LARGEST
from unbond.systems.delegated import DelegatedStaking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.synchronize import Barrier

    from ape.api.accounts import AccountAPI

    from tests.harness.conftest import Engines


class Elsewhere(Chain):
    """The session's chain, as if it were another in one or the other respect."""

    def __init__(
        self,
        like: Chain,
        *,
        chain_id: int | None = None,
        identity: str | None = None,
        code: bytes | None = None,
        outlives: bool = True,
    ) -> None:
        super().__init__(like.provider)
        self._id = like.chain_id if chain_id is None else chain_id
        self.identity = like.identity if identity is None else identity
        self._code = code
        self._outlives = outlives

    @property
    def chain_id(self) -> int:
        return self._id

    @property
    def outlives_command(self) -> bool:
        return self._outlives

    def code_at(self, address: str) -> bytes:
        return super().code_at(address) if self._code is None else self._code


REMEDY = "deploy with: ape run deploy … --network ethereum:local:test"
OTHER = "0x" + "12" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "down" / "book.json"


@pytest.fixture
def book(path: Path) -> AddressBook:
    return AddressBook(path)


@pytest.fixture
def system(delegated_open: DelegatedStaking) -> DelegatedStaking:
    return delegated_open


@pytest.fixture
def lasting(local_chain: Chain) -> Chain:
    """The session's chain, as if it went on when the process ends."""
    return Elsewhere(local_chain)


def files(path: Path) -> list[str]:
    """What is in the book's folder, but for the lock."""
    return sorted(one.name for one in path.parent.iterdir() if not one.name.endswith(".lock"))


# What is written down.


def test_an_entry_says_what_where_and_how(
    book: AddressBook, system: DelegatedStaking, local_chain: Chain, owner: AccountAPI
) -> None:
    entry = book.record(system)
    receipt = local_chain.provider.get_receipt(entry.txn_hash)
    origin = system.contract.view("origin")
    assert entry.model_dump(exclude={"abi"}) == {
        "system": "delegated",
        "contract": "DelegatedStaking",
        "address": system.address,
        "constructor": (system.token.address, origin, False, str(owner.address)),
        "block": receipt.block_number,
        "timestamp": local_chain.timestamp_of(receipt.block_number),
        "txn_hash": receipt.txn_hash,
        "genesis": local_chain.identity,
        "code_hash": code_hash(local_chain.code_at(system.address)),
    }
    assert receipt.contract_address == system.address
    assert len(entry.genesis) == len(entry.code_hash) == 66


def test_the_abi_is_enough_to_encode_a_call(book: AddressBook, system: DelegatedStaking) -> None:
    entry = book.record(system)
    (stake,) = (one for one in entry.abi if one.get("name") == "stake")
    assert stake["type"] == "function"
    assert stake["stateMutability"] == "nonpayable"
    assert [(one["name"], one["type"]) for one in stake["inputs"]] == [
        ("provider", "address"),
        ("amount", "uint256"),
    ]
    (staked,) = (one for one in entry.abi if one.get("name") == "Staked")
    assert [(one["name"], one["type"], one["indexed"]) for one in staked["inputs"]] == [
        ("account", "address", True),
        ("provider", "address", True),
        ("stakeId", "uint256", True),
        ("amount", "uint256", False),
        ("unlocksAt", "uint64", False),
    ]
    kinds = [one["type"] for one in entry.abi]
    assert {"constructor", "event", "error", "function"} == set(kinds)


def test_the_file_is_keyed_by_chain_and_name(
    book: AddressBook, path: Path, system: DelegatedStaking
) -> None:
    entry = book.record(system)
    other = book.record(system, "mine")
    content = json.loads(path.read_text())
    assert content["version"] == 1
    assert list(content["chains"]) == ["1337"]
    assert list(content["chains"]["1337"]) == ["delegated", "mine"]
    assert content["chains"]["1337"]["mine"]["address"] == system.address
    assert Deployment.model_validate(content["chains"]["1337"]["delegated"]) == entry
    assert book.deployments(1337) == {"delegated": entry, "mine": other}
    assert files(path) == ["book.json"]


def test_what_is_recorded_is_found(
    book: AddressBook, path: Path, system: DelegatedStaking, local_chain: Chain
) -> None:
    entry = book.record(system)
    assert AddressBook(path).find(local_chain, "delegated") == entry


def test_a_name_is_given_to_the_last_who_takes_it(
    book: AddressBook, system: DelegatedStaking, local_chain: Chain, owner: AccountAPI
) -> None:
    book.record(system, "mine")
    book.record(system, "other")
    later = DelegatedStaking.deploy(local_chain, owner)
    entry = book.record(later, "mine")
    assert book.find(local_chain, "mine") == entry
    assert book.find(local_chain, "other").address == system.address
    assert entry.address == later.address != system.address


def test_only_what_was_deployed_here_can_be_recorded(
    book: AddressBook, path: Path, system: DelegatedStaking, local_chain: Chain
) -> None:
    found = DelegatedStaking.at(local_chain, system.address)
    with pytest.raises(ValueError, match="only a system that was deployed here"):
        book.record(found)
    assert not path.exists()


def on(chain: Chain, system: DelegatedStaking) -> DelegatedStaking:
    """The same deployment, as if made on that chain."""
    there = DelegatedStaking(chain, system.contract, system.token)
    there.deployed = system.deployed
    return there


def test_chains_with_other_ids_have_pages_of_their_own(
    book: AddressBook, system: DelegatedStaking, local_chain: Chain
) -> None:
    entry = book.record(system)
    elsewhere = Elsewhere(local_chain, chain_id=1, identity=OTHER)
    there = book.record(on(elsewhere, system))
    assert there.genesis == OTHER
    assert book.deployments(1337) == {"delegated": entry}
    assert book.deployments(1) == {"delegated": there}
    assert book.deployments(5) == {}
    assert book.find(local_chain, "delegated") == entry
    assert book.find(elsewhere, "delegated") == there


def test_a_new_chain_with_the_same_id_drops_what_was_on_the_old_one(
    book: AddressBook, system: DelegatedStaking, local_chain: Chain
) -> None:
    book.record(system, "first")
    book.record(system, "second")
    book.record(on(Elsewhere(local_chain, chain_id=1), system), "elsewhere")
    there = book.record(on(Elsewhere(local_chain, identity=OTHER), system), "third")
    assert book.deployments(1337) == {"third": there}
    assert list(book.deployments(1)) == ["elsewhere"]


# Where the book is.


def test_the_place_of_the_book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(PATH_VARIABLE, raising=False)
    assert AddressBook().path == DEFAULT_PATH == Path(".unbond/address-book.json")
    monkeypatch.setenv(PATH_VARIABLE, "")
    assert AddressBook().path == DEFAULT_PATH
    monkeypatch.setenv(PATH_VARIABLE, str(tmp_path / "mine.json"))
    assert AddressBook().path == tmp_path / "mine.json"
    assert AddressBook(tmp_path / "other.json").path == tmp_path / "other.json"


# What is not there is said, not followed.


def test_nothing_of_that_name(
    book: AddressBook, path: Path, system: DelegatedStaking, lasting: Chain
) -> None:
    with pytest.raises(BookError) as error:
        book.find(lasting, "delegated")
    assert str(error.value) == f"{path} has no 'delegated' on chain 1337; {REMEDY}"
    assert not path.exists()
    book.record(system)
    with pytest.raises(BookError, match=f"{path} has no 'mine' on chain 1337; "):
        book.find(lasting, "mine")


def test_a_chain_that_ends_with_the_command_is_said_to(
    book: AddressBook, local_chain: Chain
) -> None:
    with pytest.raises(BookError) as error:
        book.find(local_chain, "delegated")
    assert str(error.value).endswith(
        "; this chain ends with the command; start one that stays: ape run devnet"
    )


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        pytest.param({"code": b""}, "there is no code at that address now", id="no code"),
        pytest.param({"code": b"\x00"}, "there is other code at that address now", id="other code"),
        pytest.param(
            {"identity": OTHER},
            "that was another chain with this id, which began with block {genesis:.10}… and not "
            "0x12121212…",
            id="other chain",
        ),
        pytest.param(
            {"identity": OTHER, "code": b""},
            "that was another chain with this id, which began with block {genesis:.10}… and not "
            "0x12121212…",
            id="other chain, no code",
        ),
    ],
)
def test_stale(
    book: AddressBook,
    path: Path,
    system: DelegatedStaking,
    local_chain: Chain,
    how: dict[str, Any],
    reason: str,
) -> None:
    entry = book.record(system)
    before = path.read_bytes()
    with pytest.raises(BookError) as error:
        book.find(Elsewhere(local_chain, **how), "delegated")
    assert str(error.value) == (
        f"{path} has 'delegated' at {system.address} on chain 1337, but "
        f"{reason.format(genesis=entry.genesis)}; {REMEDY}"
    )
    assert path.read_bytes() == before
    assert book.deployments(1337) == {"delegated": entry}


LOOK = """
import ape
from unbond.book import code_hash, AddressBook
from unbond.chain import Chain
from unbond.systems.delegated import DelegatedStaking

with ape.networks.parse_network_choice(
    "ethereum:local:foundry", provider_settings={{"host": {host!r}}}
):
    chain = Chain()
    entry = AddressBook().find(chain, "mine")
    print(entry.model_dump_json())
    print(DelegatedStaking.at(chain, entry.address).contract.view("lockRewards"))
"""


def test_a_second_process_finds_it_on_a_real_node_until_it_is_gone(
    book: AddressBook, path: Path, engines: Engines
) -> None:
    with engines.connected("anvil") as engine:
        start = engine.provider.snapshot()
        deployed = DelegatedStaking.deploy(engine.chain, engine.accounts[0], lock_rewards=False)
        entry = book.record(deployed, "mine")
        done = subprocess.run(
            [sys.executable, "-c", LOOK.format(host=engine.provider.uri)],
            env={**os.environ, PATH_VARIABLE: str(path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        found, locked = done.stdout.splitlines()
        assert Deployment.model_validate_json(found) == entry
        assert locked == "False"

        engine.provider.restore(start)
        with pytest.raises(BookError, match="there is no code at that address now"):
            book.find(engine.chain, "mine")


# A file that is no book.


def entry_with(system: DelegatedStaking, **changes: Any) -> str:
    fields = {
        "system": "delegated",
        "contract": "DelegatedStaking",
        "address": system.address,
        "constructor": [],
        "block": 1,
        "timestamp": 2,
        "txn_hash": "0x",
        "genesis": "0x",
        "code_hash": "0x",
        "abi": [],
    } | changes
    return json.dumps({"version": 1, "chains": {"1337": {"delegated": fields}}})


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        pytest.param(lambda _: b"", "Invalid JSON: EOF while parsing a value", id="empty"),
        pytest.param(lambda book: book[: len(book) // 2], "Invalid JSON: EOF", id="cut short"),
        pytest.param(lambda book: book[:-3], "Invalid JSON: EOF", id="without an end"),
        pytest.param(lambda book: book + b"}", "Invalid JSON: trailing characters", id="too much"),
        pytest.param(lambda _: b"addresses:\n- 0x0\n", "Invalid JSON: ", id="no JSON"),
        pytest.param(lambda _: b"[]", "Input should be an object", id="a list"),
        pytest.param(lambda _: b"\xff\xfe", "it is not UTF-8", id="not UTF-8"),
        pytest.param(
            lambda book: book.replace(b'"version": 1', b'"version": 2'),
            "version: Input should be 1",
            id="another version",
        ),
        pytest.param(
            lambda book: book.replace(b'"version": 1', b'"version": 1, "more": 1'),
            "more: Extra inputs are not permitted",
            id="an unknown field",
        ),
        pytest.param(
            lambda book: book.replace(b'"address"', b'"adress"'),
            "chains.1337.delegated.address: Field required",
            id="a misspelt field",
        ),
        pytest.param(
            lambda book: book.replace(b'"block": ', b'"block": "x", "was": '),
            "chains.1337.delegated.block: Input should be a valid integer",
            id="text as number",
        ),
        pytest.param(
            lambda book: book.replace(b'"address": "0x', b'"address": "0'),
            "chains.1337.delegated.address: String should match pattern",
            id="no address",
        ),
        pytest.param(
            lambda book: book.replace(b'"block": ', b'"block": -'),
            "chains.1337.delegated.block: Input should be greater than or equal to 0",
            id="a block before the first",
        ),
        pytest.param(
            lambda book: book.replace(b'"1337"', b'"here"'),
            "chains.here.[key]: Input should be a valid integer",
            id="no chain id",
        ),
    ],
)
def test_a_damaged_file_is_said_to_be_in_one_line_and_left_alone(
    book: AddressBook,
    path: Path,
    system: DelegatedStaking,
    lasting: Chain,
    spoil: Callable[[bytes], bytes],
    complaint: str,
) -> None:
    book.record(system)
    damaged = spoil(path.read_bytes())
    path.write_bytes(damaged)
    uses: list[Callable[[], object]] = [
        lambda: book.find(lasting, "delegated"),
        lambda: book.deployments(1337),
        lambda: book.record(system),
        book.prepare,
    ]
    for use in uses:
        with pytest.raises(BookError) as error:
            use()
        assert str(error.value).startswith(f"{path} is no address book: {complaint}")
        assert "\n" not in str(error.value)
        assert path.read_bytes() == damaged
        assert files(path) == ["book.json"]


def test_a_folder_in_its_place(
    book: AddressBook, path: Path, system: DelegatedStaking, lasting: Chain
) -> None:
    path.mkdir(parents=True)
    (path / "kept").touch()
    uses: list[Callable[[], object]] = [
        lambda: book.find(lasting, "delegated"),
        lambda: book.record(system),
    ]
    for use in uses:
        with pytest.raises(BookError) as error:
            use()
        assert str(error.value) == f"{path} cannot be read: Is a directory"
    assert files(path) == ["book.json"]
    assert [one.name for one in path.iterdir()] == ["kept"]


@pytest.mark.parametrize("endless", [True, False])
def test_a_file_larger_than_any_book(
    book: AddressBook, path: Path, system: DelegatedStaking, lasting: Chain, endless: bool
) -> None:
    path.parent.mkdir(parents=True)
    if endless:
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(b" " * LARGEST + b"{")
    uses: list[Callable[[], object]] = [
        lambda: book.find(lasting, "delegated"),
        lambda: book.record(system),
        book.prepare,
    ]
    for use in uses:
        with pytest.raises(BookError) as error:
            use()
        assert str(error.value) == f"{path} cannot be read: File too large"
    assert files(path) == ["book.json"]
    assert path.is_symlink() or path.stat().st_size == LARGEST + 1


def test_a_book_may_be_as_large_as_any_file(book: AddressBook, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b" " * (LARGEST - 2) + b"{}")
    book.prepare()


def test_a_file_in_the_place_of_its_folder(
    book: AddressBook, path: Path, system: DelegatedStaking
) -> None:
    path.parent.parent.mkdir(parents=True)
    path.parent.write_text("not a folder")
    uses: list[Callable[[], object]] = [lambda: book.record(system), book.prepare]
    for use in uses:
        with pytest.raises(BookError) as error:
            use()
        assert str(error.value) == f"{path} cannot be written: File exists"
    with pytest.raises(BookError) as error:
        book.deployments(1337)
    assert str(error.value) == f"{path} cannot be read: Not a directory"
    assert path.parent.read_text() == "not a folder"


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file can grow, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_cannot_be_written_leaves_the_book_as_it_was(
    book: AddressBook,
    path: Path,
    system: DelegatedStaking,
    request: pytest.FixtureRequest,
) -> None:
    entry = book.record(system)
    before = path.read_bytes()
    request.getfixturevalue("full_disk")
    with pytest.raises(BookError) as error:
        book.record(system, "mine")
    assert str(error.value) == f"{path} cannot be written: File too large"
    assert path.read_bytes() == before
    assert files(path) == ["book.json"]
    assert book.deployments(1337) == {"delegated": entry}


@pytest.mark.parametrize("call", ["replace", "open"])
def test_a_place_that_may_not_be_written_to(
    book: AddressBook,
    path: Path,
    system: DelegatedStaking,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    book.record(system)
    before = path.read_bytes()

    # Permissions do not stop everybody: root may write anywhere.
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, call, forbidden)
    with pytest.raises(BookError) as error:
        book.record(system, "mine")
    monkeypatch.undo()
    assert str(error.value) == f"{path} cannot be written: Permission denied"
    assert path.read_bytes() == before
    assert files(path) == ["book.json"]


def test_a_book_that_does_not_exist_yet_can_be_prepared_for(book: AddressBook, path: Path) -> None:
    book.prepare()
    assert path.parent.is_dir()
    assert files(path) == []


def test_an_unreadable_entry_of_another_chain_is_not_passed_over(
    book: AddressBook, path: Path, system: DelegatedStaking, lasting: Chain
) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(entry_with(system, surprise=1))
    with pytest.raises(BookError, match="surprise: Extra inputs are not permitted"):
        book.find(lasting, "delegated")


# Several processes at once.

WRITERS = 4
NAMES = 4


def write_names(path: Path, system: DelegatedStaking, writer: int, start: Barrier) -> None:
    start.wait(30)
    for number in range(NAMES):
        AddressBook(path).record(system, f"writer {writer}, name {number}")


def test_nothing_is_lost_when_several_write_at_once(
    book: AddressBook, path: Path, system: DelegatedStaking
) -> None:
    context = multiprocessing.get_context("fork")
    start = context.Barrier(WRITERS + 1)
    writers = [
        context.Process(target=write_names, args=(path, system, writer, start))
        for writer in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    start.wait(30)
    seen = 0
    for writer in writers:
        while writer.exitcode is None:
            # A reader never sees half a book, and never less than before.
            now = len(book.deployments(1337))
            assert now >= seen
            seen = now
            writer.join(0.01)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    expected = {f"writer {w}, name {n}" for w in range(WRITERS) for n in range(NAMES)}
    assert set(book.deployments(1337)) == expected
    assert files(path) == ["book.json"]
