"""Notes what each transaction of a test run costs, on whatever chain Ape is connected to."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ape
from ape.managers.chain import TransactionHistory
from hexbytes import HexBytes

from unbond.coverage.traces import shape, without_hash
from unbond.embedded import Embedded, Landed
from unbond.gas.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ape.api.transactions import ReceiptAPI
    from ape.managers.project import ProjectManager
    from ethpm_types import ContractType

CONSTRUCTOR = "constructor"
NOT_NAMED = "fallback"
"""What a transaction is to that calls no function by name: ``receive`` or ``fallback``."""


class GasError(Exception):
    """Gas was noted in a way that makes no figure; the message says why."""


@dataclass
class Costs:
    """What transactions cost, by who sent them: a test, or a fixture that outlives it.

    A fixture is set up once in each process and, when Ape goes back to before it, again. Its
    transactions are counted once all the same.
    """

    by_sender: dict[str, list[tuple[str, str, int]]] = field(default_factory=dict)
    """Contract, function and gas of each transaction, by the name of the test or the fixture."""
    named: dict[str, int] = field(default_factory=dict)
    """The figures that tests gave a name, in gas."""

    def name(self, sentence: str, gas: int) -> None:
        """Give a figure a name.

        Raises:
            GasError: when there is another figure of that name.
        """
        before = self.named.setdefault(sentence, gas)
        if before != gas:
            raise GasError(f'two figures are called "{sentence}": {before} and {gas} gas')

    def add(self, other: Costs) -> None:
        """Take in what another process noted.

        Raises:
            GasError: when it gave another figure the same name.
        """
        for sender, costs in other.by_sender.items():
            self.by_sender.setdefault(sender, costs)
        for sentence, gas in other.named.items():
            self.name(sentence, gas)

    def snapshot(self) -> Snapshot:
        """The figures of all transactions together."""
        costs: dict[tuple[str, str], list[int]] = {}
        for transactions in self.by_sender.values():
            for contract, function, gas in transactions:
                costs.setdefault((contract, function), []).append(gas)
        return Snapshot.of(costs, self.named)

    def dump(self) -> list[Any]:
        """The same in lists, numbers and text, for another process."""
        return [
            [[sender, [list(cost) for cost in costs]] for sender, costs in self.by_sender.items()],
            [list(pair) for pair in self.named.items()],
        ]

    @classmethod
    def load(cls, dumped: list[Any]) -> Costs:
        """What :meth:`dump` gave."""
        by_sender = {sender: [tuple(cost) for cost in costs] for sender, costs in dumped[0]}
        return cls(by_sender, dict(dumped[1]))


class Ledger:
    """Listens to the transactions of this process from :meth:`start` on."""

    def __init__(self) -> None:
        """Listen to nothing yet."""
        self.costs = Costs()
        self._senders: list[str | None] = []
        self._sums: list[list[int]] = []
        self._kinds: dict[tuple[str, bytes], ContractType | None] = {}

    def start(self) -> None:
        """Listen, for as long as the process lives."""
        append, send = TransactionHistory.append, Embedded.send

        def noted_append(history: TransactionHistory, txn_receipt: ReceiptAPI) -> None:
            append(history, txn_receipt)
            # One that waits to be mined has no figure yet.
            if not txn_receipt.failed and txn_receipt.block_number >= 0:
                self._note_receipt(txn_receipt)

        def noted_send(embedded: Embedded, params: Any, sender: Any) -> Landed | None:
            landed = send(embedded, params, sender)
            if landed is not None:
                data = bytes(HexBytes(params.get("data", b"")))
                self._note(str(params["to"]), data, landed.gas_used)
            return landed

        TransactionHistory.append = noted_append  # type: ignore[method-assign,assignment]
        Embedded.send = noted_send  # type: ignore[method-assign,assignment]

    @contextmanager
    def sender(self, name: str | None) -> Iterator[None]:
        """What is sent inside is a test's or a fixture's; None if it is not to be noted."""
        self._senders.append(name)
        if name is not None:
            self.costs.by_sender.pop(name, None)
        try:
            yield
        finally:
            self._senders.pop()

    @contextmanager
    def named(self, sentence: str) -> Iterator[None]:
        """Call the sum of what the transactions inside cost by a name.

        Raises:
            GasError: when there is no transaction, or another figure of that name.
        """
        costs: list[int] = []
        self._sums.append(costs)
        try:
            yield
        finally:
            self._sums.pop()
        if not costs:
            raise GasError(f'there was no transaction to call "{sentence}"')
        self.costs.name(sentence, sum(costs))

    def _note_receipt(self, receipt: ReceiptAPI) -> None:
        transaction = receipt.transaction
        if receipt.contract_address:
            self._note(str(receipt.contract_address), None, receipt.gas_used)
        elif transaction.receiver:
            self._note(str(transaction.receiver), bytes(transaction.data), receipt.gas_used)

    def _note(self, address: str, data: bytes | None, gas: int) -> None:
        """Note a transaction to a contract; ``data`` is None if it deployed it."""
        for costs in self._sums:
            costs.append(gas)
        sender = self._senders[-1] if self._senders else None
        if sender is None or _is_drawn():
            return
        kind = self._kind(address)
        if kind is None or not kind.name:
            return
        function = CONSTRUCTOR if data is None else _function(kind, data)
        self.costs.by_sender.setdefault(sender, []).append((kind.name, function, gas))

    def _kind(self, address: str) -> ContractType | None:
        """The contract at an address, which after a snapshot may be another than before."""
        code = bytes(ape.chain.provider.get_code(ape.types.AddressType(address)))
        if not code:
            return None
        key = address, code
        if key not in self._kinds:
            known = self._of_project.get(_likeness(code))
            # A proxy, or a contract of another project: perhaps Ape knows it.
            self._kinds[key] = known or ape.chain.contracts.get(ape.types.AddressType(address))
        return self._kinds[key]

    @cached_property
    def _of_project(self) -> dict[bytes, ContractType]:
        project: ProjectManager = ape.project
        kinds = {}
        for container in project.contracts.values():
            kind = container.contract_type
            if kind.runtime_bytecode and kind.runtime_bytecode.bytecode:
                kinds[_likeness(bytes(HexBytes(kind.runtime_bytecode.bytecode)))] = kind
        return kinds


def _is_drawn() -> bool:
    """Whether Hypothesis draws what is done now, which is never the same twice."""
    hypothesis = sys.modules.get("hypothesis")
    return hypothesis is not None and bool(hypothesis.currently_in_test_context())


def _likeness(code: bytes) -> bytes:
    return without_hash(shape(code))


def _function(kind: ContractType, data: bytes) -> str:
    if data[:4] not in kind.methods:
        return NOT_NAMED
    return str(kind.methods[data[:4]].selector)
