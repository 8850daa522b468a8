"""The embedded chain is quicker than eth-tester left alone; nothing else about it is different."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from ape.api.transactions import ReceiptAPI
from eth.exceptions import FullStack, InsufficientStack
from eth.vm.code_stream import CodeStream
from eth.vm.stack import Stack
from eth_tester.backends.pyevm.main import PyEVMBackend
from eth_tester.exceptions import BlockNotFound
from hypothesis import given
from hypothesis import strategies as st
from trie import hexary
from trie.utils import nibbles, nodes

from unbond import embedded
from unbond.chain import Chain, rewound
from unbond.clock import LAST_BLOCK, NEXT_BLOCK
from unbond.embedded import Landed, hasten
from unbond.errors import Refused
from unbond.systems.delegated import DelegatedStaking
from unbond.wallets import StubbornWallet

if TYPE_CHECKING:
    from types import ModuleType

    from ape.api.accounts import AccountAPI

    from tests.harness.conftest import Engine, Engines

TOKEN = 10**18

words = st.one_of(st.integers(0, 2**256 - 1), st.binary(max_size=32))


@cache
def as_it_comes(name: str) -> ModuleType:
    """A module of py-evm as it is before anything is changed."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def _hastened() -> None:
    hasten()


def story(chain: Chain, people: list[AccountAPI]) -> list[object]:
    """What comes of a few actions, refused ones among them, and what the chain is then."""
    owner, node, me = people[:3]
    chain.clock.start()
    system = DelegatedStaking.deploy(chain, owner)
    system.add_provider(owner, str(node.address), 500)
    system.fund(owner, me, 5000 * TOKEN)
    system.fund(owner, owner, 70 * TOKEN)
    lot = system.stake(me, str(node.address), 5000 * TOKEN)
    told: list[object] = [lot]
    for refused in (
        lambda: system.unstake(me, lot.main.stake_id, 5000 * TOKEN),
        lambda: system.stake(me, str(node.address), 1),
        lambda: system.stake(owner, str(owner.address), 1000 * TOKEN),
    ):
        height = chain.timestamp_of(LAST_BLOCK)
        with pytest.raises(Refused) as refusal:
            refused()
        told.append((refusal.value, refusal.value.fields))
        assert chain.timestamp_of(LAST_BLOCK) == height
    chain.clock.travel(weeks=1)
    told.append(system.distribute(owner, str(node.address), 70 * TOKEN))
    chain.clock.at(lot.main.unlocks_at)
    told.append(system.unstake(me, lot.main.stake_id, 5000 * TOKEN))
    told.append(system.positions_of(str(me.address)))
    told += [chain.balance_of(str(person.address)) for person in people]
    told.append(bytes(chain.provider.web3.eth.get_block("latest")["stateRoot"]))
    return told


def without_hash(told: list[object]) -> list[object]:
    """The same without the hashes of transactions, which are signed for another limit of gas."""
    return [{**vars(one), "txn_hash": ""} if hasattr(one, "txn_hash") else one for one in told]


def test_a_story_is_the_same_as_through_ape(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engines.connected("eth-tester") as engine:
        with rewound(engine.chain):
            quick = story(engine.chain, engine.accounts)
        through_ape = Chain(engine.provider)
        monkeypatch.setattr(through_ape, "_embedded", None)
        monkeypatch.setattr(through_ape.clock, "_embedded", None)
        assert without_hash(story(through_ape, engine.accounts)) == without_hash(quick)


def test_going_back_to_a_snapshot_is_the_same_as_by_executing_its_block_again(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engines.connected("eth-tester") as engine:
        original = as_it_comes("eth_tester.backends.pyevm.main").PyEVMBackend.revert_to_snapshot
        told = []
        # Before the first block it is done in the same way by both.
        engine.accounts[2].transfer(engine.accounts[3], TOKEN)
        for back in (PyEVMBackend.revert_to_snapshot, original):
            monkeypatch.setattr(PyEVMBackend, "revert_to_snapshot", back)
            first = engine.chain.snapshot()
            engine.accounts[0].transfer(engine.accounts[1], TOKEN)
            second = engine.chain.snapshot()
            story(engine.chain, engine.accounts)
            engine.chain.restore(second)
            told.append(look_at(engine))
            engine.accounts[1].transfer(engine.accounts[2], TOKEN)
            told.append(look_at(engine))
            engine.chain.restore(first)
            told.append(look_at(engine))
        assert told[:3] == told[3:]


def look_at(engine: Engine) -> list[object]:
    """What a chain is: its last block, the time of the next one, and what people have."""
    latest = engine.chain.provider.web3.eth.get_block("latest")
    seen: list[object] = [latest["number"], latest["timestamp"], bytes(latest["stateRoot"])]
    seen.append(engine.chain.timestamp_of(NEXT_BLOCK))
    seen.append(len(latest["transactions"]))
    return seen + [engine.chain.balance_of(str(one.address)) for one in engine.accounts]


def test_who_is_no_test_account_sends_through_ape(engines: Engines) -> None:
    with engines.connected("eth-tester") as engine:
        keeper = engine.accounts[0]
        wallet = StubbornWallet.open(engine.chain, keeper)
        keeper.transfer(wallet, TOKEN)
        system = DelegatedStaking.deploy(engine.chain, keeper)
        system.contract.act("transferOwnership", str(wallet.address), sender=keeper)
        assert isinstance(system.contract.act("pause", sender=keeper), Landed)
        receipt = system.contract.act("acceptOwnership", sender=wallet)
        assert isinstance(receipt, ReceiptAPI)
        assert system.owner() == wallet.address


def test_a_view_sees_its_block(engines: Engines) -> None:
    with engines.connected("eth-tester") as engine:
        owner, node = engine.accounts[:2]
        chain = engine.chain
        system = DelegatedStaking.deploy(chain, owner)
        held = []
        for _ in range(2):
            with rewound(chain):
                for amount in (0, 5, 7):
                    if amount:
                        system.token.mint(owner, str(node.address), amount)
                    first = system.token.balance_of(str(node.address))
                    assert system.token.balance_of(str(node.address)) == first
                    assert system.token.balance_of(str(node.address), LAST_BLOCK) == first
                    held.append(first)
            held.append(system.token.balance_of(str(node.address), NEXT_BLOCK))
        assert held == [0, 5, 12, 0] * 2


@pytest.mark.parametrize("block", [10**6, "safe"])
def test_a_block_that_is_not_there(engines: Engines, block: Any) -> None:
    with engines.connected("eth-tester") as engine, pytest.raises(BlockNotFound):
        engine.chain.timestamp_of(block)


class TestHasten:
    def test_an_unknown_version_is_left_as_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedded, "version", lambda name: f"{name} of tomorrow")
        before = Stack.push_int
        try:
            Stack.push_int = None  # type: ignore[assignment,method-assign]
            hasten()
            assert Stack.push_int is None
        finally:
            Stack.push_int = before  # type: ignore[method-assign]

    @given(st.binary(max_size=120), st.integers(0, 130))
    def test_where_code_may_be_jumped_to(self, code: bytes, position: int) -> None:
        original = as_it_comes("eth.vm.code_stream").CodeStream(code)
        assert CodeStream(code).is_valid_opcode(position) == original.is_valid_opcode(position)

    @given(st.lists(words, max_size=6), st.integers(1, 7))
    def test_what_is_taken_from_the_stack(self, values: list[Any], number: int) -> None:
        ours, original = Stack(), as_it_comes("eth.vm.stack").Stack()
        for value in values:
            for stack in (ours, original):
                (stack.push_int if isinstance(value, int) else stack.push_bytes)(value)
        if number > len(values):
            for stack in (ours, original):
                with pytest.raises(InsufficientStack):
                    stack.pop_ints(number)
        else:
            assert ours.pop_ints(number) == original.pop_ints(number)
        assert ours.values == original.values

    def test_how_deep_a_stack_is(self) -> None:
        stack = Stack()
        for value in range(1024):
            stack.push_int(value)
        with pytest.raises(FullStack):
            stack.push_int(0)

    @given(st.binary(max_size=40))
    def test_which_way_a_key_takes(self, key: bytes) -> None:
        assert nibbles.bytes_to_nibbles(key) == tuple(nibbles._bytes_to_nibbles(key))

    def test_what_a_node_says_is_not_changed_by_who_asked(self) -> None:
        inner = [b"\x20key", b"value"]
        encoded = nodes.rlp.encode([inner, *[b""] * 15, b"here"])
        first = hexary.decode_node(encoded)
        first[0][1] = b"other"
        first[16] = b""
        assert hexary.decode_node(encoded) == nodes.decode_node(encoded)
        assert hexary.decode_node(b"") == nodes.decode_node(b"")
        assert hexary.decode_node(inner) is inner
