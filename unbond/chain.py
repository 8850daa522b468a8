"""One connected chain: views and actions at exact seconds, on any engine, refusals included.

An action is first asked of the chain as a call at the very second at which it would land. Only
what would succeed is sent, so a refusal costs nothing, changes nothing, and reads the same on
every engine. The embedded chain, where it can be taken back, does it at once instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import ape
from ape.exceptions import APINotImplementedError, ContractLogicError, ProviderError
from eth_abi.exceptions import DecodingError
from eth_tester.exceptions import TransactionFailed
from eth_typing import BlockNumber
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.exceptions import ContractLogicError as Web3ContractLogicError
from web3.exceptions import Web3RPCError
from web3.types import Wei

from unbond.clock import LAST_BLOCK, NEXT_BLOCK, Block, Clock
from unbond.codec import EventCodec, MethodCodec
from unbond.embedded import Embedded, Landed, Reverted
from unbond.errors import ErrorDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ape.api.accounts import AccountAPI
    from ape.api.transactions import ReceiptAPI, TransactionAPI
    from ape.contracts import ContractContainer, ContractInstance
    from ape_ethereum.provider import Web3Provider
    from ape_test.provider import LocalProvider
    from ethpm_types import ContractType
    from ethpm_types.abi import ErrorABI
    from web3.types import TxParams


RICHES = 10**6 * 10**18
"""What each of the usual test accounts has on eth-tester, in wei."""
FOR_GAS = 10 * 10**18
"""What an account keeps to pay for gas, in wei."""


@dataclass(frozen=True)
class Log:
    """An event of a contract, its fields by their Python names."""

    name: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Deployed:
    """A contract as it was deployed."""

    address: str
    arguments: tuple[Any, ...]
    """What its constructor was given."""
    block: int
    timestamp: int
    """When, in Unix time."""
    txn_hash: str


@dataclass(frozen=True)
class Rehearsed:
    """What would come of a transaction that has not been sent."""

    logs: list[dict[str, Any]]
    timestamp: int
    """The second at which it would land, in Unix time."""
    block_number: int
    gas_used: int
    total_fees_paid: int = 0
    txn_hash: str = ""


class Chain:
    """The chain behind a connected provider."""

    _embedded: Embedded | None = None
    """The same chain, if it is in this process and eth-tester's."""

    def __init__(self, provider: Web3Provider | None = None) -> None:
        """Use this provider, or the one that Ape is connected to now."""
        self.provider: Web3Provider = provider or ape.networks.provider
        self._rehearsal: list[dict[str, Any]] | None = None
        if self.provider.name == "test":
            self._embedded = Embedded(cast("LocalProvider", self.provider))

    @property
    def is_local(self) -> bool:
        """Whether this is a chain of one's own, with time that can be moved."""
        return bool(self.provider.network.is_dev)

    @property
    def name(self) -> str:
        """What Ape calls the network, such as ``ethereum:local:test``."""
        return str(self.provider.network_choice)

    @property
    def outlives_command(self) -> bool:
        """Whether the chain goes on when this process ends."""
        # eth-tester lives in this process; a node that Ape started ends with it.
        started_here = getattr(self.provider, "process", None) is not None
        return self.provider.name != "test" and not started_here

    @cached_property
    def clock(self) -> Clock:
        """The chain's clock.

        Raises:
            ClockError: when the chain's time cannot be moved.
        """
        return Clock(self.provider)

    @property
    def url(self) -> str:
        """Where other clients reach it; empty for the embedded chain, which they cannot."""
        return "" if self.provider.name == "test" else str(self.provider.http_uri or "")

    @property
    def chain_id(self) -> int:
        """The number by which networks are told apart."""
        return int(self.provider.chain_id)

    @cached_property
    def identity(self) -> str:
        """The hash of the first block, as ``0x…``: it tells apart two chains with one id."""
        first = self.provider.get_block(0).hash
        return f"0x{bytes(first).hex()}" if first else ""

    @property
    def now(self) -> int:
        """The second of the next transaction or, where nobody knows that, of the last block."""
        return self.clock.now if self.is_local else self.timestamp_of(LAST_BLOCK)

    def code_at(self, address: str) -> bytes:
        """The code at an address; empty if there is none."""
        return bytes(self.provider.web3.eth.get_code(ape.convert(address, ape.types.AddressType)))

    def balance_of(self, address: str, block: Block = NEXT_BLOCK) -> int:
        """What an account holds of the chain's coin, in wei."""
        return int(self.provider.web3.eth.get_balance(to_checksum_address(address), block))

    def snapshot(self) -> Any:
        """What the chain needs to know to go back to the present."""
        return self.provider.snapshot()

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot, which can then be used no more."""
        self.provider.restore(snapshot)

    def enrich(self, account: AccountAPI, amount: int, giver: AccountAPI) -> None:
        """Let an account of a local chain have ``amount`` of its coin, in wei, and some for gas.

        What it lacks is sent by ``giver``. The usual test accounts are as rich on anvil as they are
        on eth-tester, so that both engines send the same.
        """
        self._enrich_usual()
        missing = amount + FOR_GAS - self.balance_of(str(account.address))
        if missing > 0:
            self.transfer(giver, str(account.address), missing)

    def _enrich_usual(self) -> None:
        """Let the usual test accounts have what they have on eth-tester from the beginning."""
        if self.provider.name == "foundry":
            for address in usual_accounts():
                if self.balance_of(address) < RICHES:
                    self.provider.make_request("anvil_setBalance", [address, hex(RICHES)])

    def transfer(self, sender: AccountAPI, to: str, amount: int) -> None:
        """Send ``amount`` wei of the chain's coin to ``to``."""
        sender.transfer(to, amount)

    def timestamp_of(self, block: Block) -> int:
        """The second of a block, in Unix time."""
        if self._embedded is not None:
            return self._embedded.header(block).timestamp
        return int(self.provider.get_block(block).timestamp)

    def call(self, params: TxParams, errors: ErrorDecoder, block: Block) -> bytes:
        """What a call returns in a block.

        Raises:
            Refused: when the contract refuses, with the reason that ``errors`` knows.
        """
        try:
            if self._embedded is not None:
                return self._embedded.call(params, block)
            return bytes(self.provider.web3.eth.call(params, block))
        except Reverted as error:
            raise errors.decode(error.data) from None
        except (TransactionFailed, Web3ContractLogicError, Web3RPCError) as error:
            raise errors.refusal(error) from None

    def try_send(self, params: TxParams, errors: ErrorDecoder, sender: AccountAPI) -> Landed | None:
        """Send a transaction without asking first, where what fails can be taken back.

        Returns None where it cannot; nothing was sent.

        Raises:
            Refused: when the contract refuses; nothing was sent.
        """
        if self._embedded is None:
            return None
        try:
            return self._embedded.send(params, sender)
        except Reverted as error:
            raise errors.decode(error.data) from None

    def view(
        self,
        contract: Contract,
        method: str,
        arguments: tuple[Any, ...],
        *,
        params: TxParams,
        block: Block,
    ) -> bytes:
        """What a contract's method returns or would return in a block.

        Args:
            contract: of which.
            method: its name.
            arguments: what that is called with.
            params: the same as a call: ``to``, ``data``, ``value`` in wei, ``from`` if anybody.
            block: in which to ask.

        Raises:
            Refused: when the contract refuses.
        """
        return self.call(params, contract.errors, block)

    def act(
        self,
        contract: Contract,
        method: str,
        arguments: tuple[Any, ...],
        *,
        sender: AccountAPI,
        params: TxParams,
    ) -> ReceiptAPI | Landed | Rehearsed:
        """Send a transaction, if it would succeed; or only rehearse it, while the chain does so.

        Args:
            contract: to which.
            method: the name of its method.
            arguments: what that is called with.
            sender: who sends it.
            params: the same as a call: ``to``, ``data``, ``value`` in wei, ``from``.

        Raises:
            Refused: when the contract refuses; nothing was sent.
        """
        rehearsed = self.rehearse(params, contract.errors)
        if rehearsed is not None:
            return rehearsed
        landed = self.try_send(params, contract.errors, sender)
        if landed is not None:
            return landed
        contract.methods[method].decode(self.call(params, contract.errors, NEXT_BLOCK))
        try:
            return self.send(contract.instance, method, arguments, sender=sender, params=params)
        except ContractLogicError as error:
            # A live chain moved on between the question and the transaction.
            raise contract.errors.refusal(error.base_err or error) from None

    @contextmanager
    def rehearsing(self) -> Iterator[None]:
        """Let actions be simulated, each a second after the one before, and nothing be sent.

        The embedded chain, which nobody else uses, does them and goes back.
        """
        if self.provider.name == "test":
            with rewound(self):
                yield
            return
        self._rehearsal = []
        try:
            yield
        finally:
            self._rehearsal = None

    def rehearse(self, params: TxParams, errors: ErrorDecoder) -> Rehearsed | None:
        """What would come of a transaction after those rehearsed so far; None if this is earnest.

        Raises:
            LookupError: when the node cannot simulate.
            Refused: when the contract refuses.
        """
        if self._rehearsal is None:
            return None
        call = {name: hex(v) if isinstance(v, int) else v for name, v in params.items()}
        block: dict[str, Any] = {"calls": [call]}
        if self.is_local:
            last = self.provider.get_block(LAST_BLOCK)
            ahead = len(self._rehearsal) + 1
            # The clock's rule: a block a second. Left alone, a node takes its own time.
            block["blockOverrides"] = {
                "number": hex((last.number or 0) + ahead),
                "time": hex(last.timestamp + ahead),
            }
        blocks = [*self._rehearsal, block]
        request = {"blockStateCalls": blocks, "validation": False}
        try:
            answer = self.provider.make_request("eth_simulateV1", [request, LAST_BLOCK])[-1]
        except (APINotImplementedError, ProviderError) as error:
            raise LookupError(f"the node cannot say what would happen: {error}") from None
        (result,) = answer["calls"]
        if int(result["status"], 16) != 1:
            reverted = result.get("error", {}).get("data") or result["returnData"]
            raise errors.decode(bytes(HexBytes(reverted)))
        self._rehearsal = blocks
        return Rehearsed(
            logs=result["logs"],
            timestamp=int(answer["timestamp"], 16),
            block_number=int(answer["number"], 16),
            gas_used=int(result["gasUsed"], 16),
        )

    def send(
        self,
        contract: ContractInstance,
        method: str,
        arguments: tuple[Any, ...],
        *,
        sender: AccountAPI,
        params: TxParams,
    ) -> ReceiptAPI | Rehearsed:
        """Send a transaction that a contract is known to accept.

        Args:
            contract: to which.
            method: the name of its method.
            arguments: what that is called with.
            sender: who sends it.
            params: the same as a call: ``to``, ``data``, ``value`` in wei, ``from``.
        """
        receipt: ReceiptAPI = getattr(contract, method)(
            *arguments, sender=sender, value=params["value"]
        )
        return receipt

    def try_deploy(
        self, kind: ContractContainer, *arguments: Any, sender: AccountAPI
    ) -> TransactionAPI:
        """Ask whether a contract could be deployed; returns the transaction that would do it.

        Raises:
            Refused: when its constructor refuses.
        """
        transaction = self.provider.network.ecosystem.encode_deployment(
            kind.contract_type.get_deployment_bytecode(),
            kind.contract_type.constructor,
            *arguments,
            sender=sender.address,
        )
        errors = ErrorDecoder(kind.contract_type.errors)
        self.call({"from": sender.address, "data": transaction.data}, errors, NEXT_BLOCK)
        return transaction

    def deploy(self, kind: ContractContainer, *arguments: Any, sender: AccountAPI) -> Deployed:
        """Deploy a contract.

        Raises:
            Refused: when its constructor refuses; nothing was sent.
        """
        transaction = self.try_deploy(kind, *arguments, sender=sender)
        try:
            receipt = sender.call(transaction)
        except ContractLogicError as error:
            errors = ErrorDecoder(kind.contract_type.errors)
            raise errors.refusal(error.base_err or error) from None
        block = int(receipt.block_number)
        return Deployed(
            address=str(receipt.contract_address),
            arguments=arguments,
            block=block,
            timestamp=self.timestamp_of(block),
            txn_hash=str(receipt.txn_hash),
        )


class Contract:
    """A contract on a chain, with its codecs prepared once."""

    def __init__(
        self, chain: Chain, instance: ContractInstance, *others: Iterable[ErrorABI]
    ) -> None:
        """Wrap ``instance``; ``others`` are errors of contracts that it calls."""
        self.chain = chain
        self.instance = instance
        self.address: str = str(instance.address)
        kind: ContractType = instance.contract_type
        self._methods = {
            abi.name: MethodCodec(abi) for abi in (*kind.view_methods, *kind.mutable_methods)
        }
        self._events = {codec.topic: codec for codec in map(EventCodec, kind.events)}
        self.errors = ErrorDecoder([*kind.errors, *(e for errors in others for e in errors)])

    @property
    def methods(self) -> Mapping[str, MethodCodec]:
        """The codecs of its methods by name."""
        return self._methods

    def view(
        self,
        method: str,
        *arguments: Any,
        sender: AccountAPI | None = None,
        value: int = 0,
        block: Block = NEXT_BLOCK,
    ) -> Any:
        """What ``method`` returns or would return, at the second of the next transaction.

        Args:
            method: its name.
            *arguments: plain values; addresses as text.
            sender: who asks.
            value: what would be sent along, in wei of the chain's own coin.
            block: another block in which to ask.

        Raises:
            Refused: when the contract refuses.
        """
        params = self._params(method, arguments, sender, value)
        raw = self.chain.view(self, method, arguments, params=params, block=block)
        return self._methods[method].decode(raw)

    def _params(
        self, method: str, arguments: tuple[Any, ...], sender: AccountAPI | None, value: int
    ) -> TxParams:
        params: TxParams = {
            "to": self.instance.address,
            "data": HexBytes(self._methods[method].encode(arguments)),
            "value": Wei(value),
        }
        if sender is not None:
            params["from"] = sender.address
        return params

    def act(
        self, method: str, *arguments: Any, sender: AccountAPI, value: int = 0
    ) -> ReceiptAPI | Landed | Rehearsed:
        """Send a transaction, if it would succeed; or only rehearse it, while the chain does so.

        Raises:
            Refused: when the contract refuses; nothing was sent.
        """
        params = self._params(method, arguments, sender, value)
        return self.chain.act(self, method, arguments, sender=sender, params=params)

    def logs(self, receipt: ReceiptAPI | Landed | Rehearsed) -> Iterator[Log]:
        """The events of this contract in a receipt, in order."""
        return self.read_logs(receipt.logs)

    def read_logs(self, logs: Iterable[Mapping[str, Any]]) -> Iterator[Log]:
        """The events of this contract among the logs of any, in order."""
        for log in logs:
            if str(log["address"]).lower() == self.address.lower():
                decoded = self._decoded(log)
                if decoded is not None:
                    yield decoded

    def read_call(self, data: bytes) -> tuple[str, list[Any]] | None:
        """The method that a transaction's data calls, and its arguments; None if there is none."""
        for codec in self._methods.values():
            if codec.selector == data[:4]:
                with suppress(DecodingError):
                    return codec.abi.name, codec.decode_arguments(data)
        return None

    def history(self, first: int = 0) -> Iterator[tuple[Log, int, int, str]]:
        """Its events since the block ``first``: each with its block, its second and its hash."""
        seconds: dict[int, int] = {}
        for log in self.chain.provider.web3.eth.get_logs(
            {"address": self.instance.address, "fromBlock": BlockNumber(first)}
        ):
            decoded = self._decoded(log)
            if decoded is None:
                continue
            block = int(log["blockNumber"])
            if block not in seconds:
                # Not every node tells it with the log.
                told: Any = log.get("blockTimestamp")
                seconds[block] = _number(told) if told else self.chain.timestamp_of(block)
            yield decoded, block, seconds[block], f"0x{bytes(log['transactionHash']).hex()}"

    def _decoded(self, log: Mapping[str, Any]) -> Log | None:
        """A log as an event; None if the contract does not declare it."""
        topics = [bytes(HexBytes(topic)) for topic in log["topics"]]
        codec = self._events.get(topics[0]) if topics else None
        if codec is None:
            return None
        return Log(codec.name, codec.decode(topics, bytes(HexBytes(log["data"]))))


def usual_accounts() -> list[str]:
    """The addresses of the ten usual test accounts, in their order."""
    tests = ape.accounts.test_accounts
    return [str(tests[index].address) for index in range(tests.number_of_accounts)]


@contextmanager
def rewound(chain: Chain) -> Iterator[None]:
    """Give the chain, and its time, back as they were."""
    snapshot = chain.snapshot()
    try:
        yield
    finally:
        chain.restore(snapshot)


def _number(value: int | str) -> int:
    return int(value, 16) if isinstance(value, str) else int(value)
