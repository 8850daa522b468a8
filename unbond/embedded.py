"""The embedded chain, eth-tester on py-evm, without what it does over and over for nothing.

Every step of a contract there is a handful of Python calls, so what such a step need not do counts.
Nothing that a contract does, costs or sees changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import eth_hash.auto
from ape_test.accounts import TestAccount
from eth.constants import BLANK_ROOT_HASH, GENESIS_PARENT_HASH
from eth.exceptions import FullStack, InsufficientStack, Revert
from eth.vm.code_stream import CodeStream
from eth.vm.opcode import _FastOpcode
from eth.vm.opcode_values import PUSH1, PUSH32
from eth.vm.spoof import SpoofTransaction
from eth.vm.stack import Stack, to_int
from eth_keys.datatypes import PrivateKey
from eth_tester.backends.pyevm.main import PyEVMBackend
from eth_tester.exceptions import BlockNotFound, TransactionFailed
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.exceptions import ValidationError
from hexbytes import HexBytes
from trie import hexary
from trie.utils import nibbles, nodes

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI
    from ape_test.provider import LocalProvider
    from eth.abc import BlockHeaderAPI, ComputationAPI, LogAPI
    from web3.types import TxParams

_DEEPEST = 1023
"""How many values a stack may hold before one more is pushed."""
_KNOWN_VERSIONS = {"py-evm": "0.12.1b1", "eth-tester": "0.13.0b1"}
"""Those that :func:`hasten` knows."""
_NIBBLES = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))


@dataclass(frozen=True)
class Landed:
    """What came of a transaction."""

    logs: list[dict[str, Any]]
    timestamp: int
    """The second at which it landed, in Unix time."""
    block_number: int
    gas_used: int
    total_fees_paid: int
    """What the sender paid for the gas, in wei of the chain's coin."""
    txn_hash: str


class Reverted(Exception):
    """A contract reverted; nothing was changed."""

    def __init__(self, data: bytes) -> None:
        """Take the revert data."""
        self.data = data
        super().__init__(f"reverted with 0x{data.hex()}")


class Embedded:
    """The chain in this process, spoken to without a node's protocol in between."""

    def __init__(self, provider: LocalProvider) -> None:
        """Speak to the chain of ``provider``."""
        self._provider = provider

    @property
    def _backend(self) -> Any:
        return self._provider.evm_backend

    @cached_property
    def _somebody(self) -> bytes:
        """Who asks when nobody is named: the first test account, as on a node."""
        return bytes(self._backend.get_accounts()[0])

    def header(self, block: int | str) -> BlockHeaderAPI:
        """The header of a block.

        Raises:
            BlockNotFound: when there is no such block.
        """
        chain = self._backend.chain
        if block == "pending":
            return chain.header  # type: ignore[no-any-return]
        if block == "latest":
            block = max(0, chain.header.block_number - 1)
        elif isinstance(block, str) or block >= chain.header.block_number:
            raise BlockNotFound(f"no block {block}")
        return chain.get_canonical_block_header_by_number(block)  # type: ignore[no-any-return]

    def latest(self) -> tuple[int, bool]:
        """The second of the last block, and whether it holds any transaction."""
        header = self.header("latest")
        return header.timestamp, header.transaction_root != BLANK_ROOT_HASH

    def call(self, params: TxParams, block: int | str) -> bytes:
        """What a call returns in a block.

        Raises:
            Reverted: when the contract reverts.
            TransactionFailed: when the EVM ends the call.
        """
        header = self.header(block)
        sender = params.get("from")
        asker = to_canonical_address(sender) if sender else self._somebody
        vm = self._backend.chain.get_vm(at_header=header)
        # A call's fee is checked against the block it is made in. Twice the next block's is over
        # every neighbouring block's.
        unsigned = self._unsigned(params, vm.state.get_nonce(asker), 2 * self._next_fee)
        computation = vm.state.apply_transaction(SpoofTransaction(unsigned, from_=asker))
        if computation.is_success:
            return bytes(computation.output)
        if isinstance(computation.error, Revert):
            raise Reverted(bytes(computation.output))
        raise TransactionFailed(f"execution reverted: {computation.error}")

    def send(self, params: TxParams, sender: AccountAPI) -> Landed | None:
        """Send a test account's transaction, if it succeeds; None if this cannot be told here.

        Raises:
            Reverted: when it would revert; the chain is as it was.
        """
        if not isinstance(sender, TestAccount) or not self._provider.auto_mine:
            return None
        if self._provider.network.gas_limit != "max":
            return None
        chain = self._backend.chain
        before = chain.header
        price = self._next_fee
        nonce = self._backend.get_nonce(to_canonical_address(sender.address), "pending")
        unsigned = self._unsigned(params, nonce, price)
        signed = unsigned.as_signed_transaction(_key_of(sender.private_key))
        try:
            _, receipt, computation = chain.apply_transaction(signed)
        except ValidationError:
            # It cannot even begin. Who asks Ape for it gets Ape's reason.
            return None
        if computation.is_error:
            chain.header = before
            if isinstance(computation.error, Revert):
                raise Reverted(bytes(computation.output))
            return None
        self._provider.tester.ethereum_tester.mine_block()
        return Landed(
            logs=[_plain(log) for log in receipt.logs],
            timestamp=before.timestamp,
            block_number=before.block_number,
            gas_used=receipt.gas_used,
            total_fees_paid=receipt.gas_used * price,
            txn_hash=f"0x{signed.hash.hex()}",
        )

    @property
    def _next_fee(self) -> int:
        """What the next block charges for gas, in wei."""
        return int(self._backend.chain.header.base_fee_per_gas)

    def _unsigned(self, params: TxParams, nonce: int, fee: int) -> Any:
        chain = self._backend.chain
        to = params.get("to")
        return chain.get_transaction_builder().new_unsigned_dynamic_fee_transaction(
            chain_id=chain.chain_id,
            nonce=nonce,
            max_priority_fee_per_gas=0,
            max_fee_per_gas=fee,
            gas=params.get("gas", chain.header.gas_limit),
            to=to_canonical_address(to) if to else b"",
            value=params.get("value", 0),
            data=bytes(HexBytes(params.get("data", b""))),
            access_list=(),
        )


@lru_cache(maxsize=64)
def _key_of(private_key: str) -> PrivateKey:
    return PrivateKey(bytes.fromhex(private_key.removeprefix("0x")))


def _plain(log: LogAPI) -> dict[str, Any]:
    return {
        "address": to_checksum_address(log.address),
        "topics": [topic.to_bytes(32, "big") for topic in log.topics],
        "data": log.data,
    }


def hasten() -> bool:
    """Let py-evm in this process remember what it would find out again at each step.

    What it remembers are functions of bytes: where a contract's code may be jumped to, what a node
    of the state's tree says, and which way a key takes through it. The stack no longer checks the
    kind of what py-evm's own instructions put there, and hashes are taken natively. And going back
    to a snapshot, which each test does, no longer executes the block of it once more.

    This goes into what py-evm and eth-tester keep to themselves, so it is done for the versions it
    was written for only; any other is left as it is, and the answer is False.
    """
    if any(version(name) != known for name, known in _KNOWN_VERSIONS.items()):
        return False
    PyEVMBackend.revert_to_snapshot = _revert_to_snapshot
    _FastOpcode.__call__ = _step  # type: ignore[method-assign]
    Stack.push_int = Stack.push_bytes = _push  # type: ignore[method-assign]
    Stack.pop_ints = _pop_ints  # type: ignore[method-assign]
    CodeStream.is_valid_opcode = _is_valid_opcode  # type: ignore[method-assign]
    nibbles.bytes_to_nibbles = hexary.bytes_to_nibbles = _bytes_to_nibbles
    hexary.decode_node = _decode_node
    try:
        from eth_hash.backends.pysha3 import keccak256
    except ImportError:
        return True
    eth_hash.auto.keccak.hasher = keccak256  # type: ignore[assignment]
    return True


def _revert_to_snapshot(self: PyEVMBackend, snapshot: bytes) -> None:
    chain = self.chain
    header = chain.get_block_header_by_hash(snapshot)
    database = chain.chaindb
    database._set_as_canonical_chain_head(database.db, header, GENESIS_PARENT_HASH)
    if header.block_number:
        # What comes after that block. All that it did is in the database already.
        chain.header = chain.ensure_header()
    else:
        self.chain = chain.from_genesis_header(database.db, header)


def _step(self: _FastOpcode, computation: ComputationAPI) -> Any:
    meter = computation._gas_meter
    cost = self.gas_cost
    if cost > meter.gas_remaining:
        # It says what is missing.
        meter.consume_gas(cost, self.mnemonic)
    meter.gas_remaining -= cost
    return self.logic_fn(computation)


def _push(self: Stack, value: int | bytes) -> None:
    if len(self.values) > _DEEPEST:
        raise FullStack("Stack limit reached")
    self._append(value)


def _pop_ints(self: Stack, num_items: int) -> tuple[int, ...]:
    values = self.values
    if num_items > len(values):
        raise InsufficientStack(f"Wanted {num_items} stack items, only had {len(values)}")
    taken = values[: -num_items - 1 : -1]
    del values[-num_items:]
    return tuple([value if type(value) is int else to_int(value) for value in taken])


def _is_valid_opcode(self: CodeStream, position: int) -> bool:
    code = self._raw_code_bytes
    return position < len(code) and _instructions(code)[position] == 1


@lru_cache(maxsize=256)
def _instructions(code: bytes) -> bytes:
    """A one for each byte that is an instruction, a zero for what a push carries."""
    marks = bytearray(len(code))
    position = 0
    while position < len(code):
        marks[position] = 1
        instruction = code[position]
        position += instruction - PUSH1 + 2 if PUSH1 <= instruction <= PUSH32 else 1
    return bytes(marks)


@lru_cache(maxsize=1 << 15)
def _bytes_to_nibbles(value: bytes) -> tuple[int, ...]:
    return tuple(value.hex().encode().translate(_NIBBLES))


def _decode_node(encoded: bytes | list[Any]) -> Any:
    # The tree changes the lists that it gets.
    return _copied(_decoded(encoded)) if isinstance(encoded, bytes) else encoded


@lru_cache(maxsize=1 << 15)
def _decoded(encoded: bytes) -> Any:
    return nodes.decode_node(encoded)


def _copied(node: Any) -> Any:
    if not isinstance(node, list):
        return node
    return [_copied(part) if isinstance(part, list) else part for part in node]
