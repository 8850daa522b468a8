"""Listens to py-evm in this process: which jumps a contract takes, and where it ends.

Between two jumps instructions follow one another, so the jumps taken are all there is to know; and
noting each costs next to nothing. What is executed for other reasons than that a test asked for
it is not counted: estimates of gas, Ape's replays of a transaction, and eth-tester's of the last
block when it goes back to a snapshot.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ape.api.transactions import ReceiptAPI
from ape_test.provider import LocalProvider
from eth.vm import forks
from eth.vm.computation import BaseComputation
from eth.vm.opcode_values import JUMP, JUMPI
from eth_tester.backends.pyevm.main import PyEVMBackend

from unbond.coverage.traces import Traces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eth.abc import ComputationAPI


class Recorder:
    """What contracts do on py-evm from :meth:`start` on."""

    def __init__(self) -> None:
        """Listen to nothing yet."""
        self._traces = Traces()
        self._by_fixture: dict[str, Traces] = {}
        self._jumps: list[tuple[int, int]] = []
        self._ignoring = 0

    def start(self) -> None:
        """Listen, for as long as the process lives."""
        for table in _tables():
            for instruction in (JUMP, JUMPI):
                table[instruction] = _Noted(table[instruction], self, sure=instruction == JUMP)
        self._listen_to_frames()
        for kind, name in (
            (PyEVMBackend, "estimate_gas"),
            (PyEVMBackend, "revert_to_snapshot"),
            (ReceiptAPI, "show_debug_logs"),
        ):
            setattr(kind, name, self._ignored(getattr(kind, name)))
        self._ignore_replays()

    def note(self, origin: int, target: int) -> None:
        """A jump was taken."""
        self._jumps.append((origin, target))

    def total(self) -> Traces:
        """All that was executed."""
        whole = Traces()
        for traces in (self._traces, *self._by_fixture.values()):
            whole.add(traces)
        return whole

    @contextmanager
    def fixture(self, name: str) -> Iterator[None]:
        """What is executed inside is a fixture's that outlives a test.

        It is set up once in each process and, when Ape goes back to before it, again; it counts
        once.
        """
        outer = self._traces
        self._traces = self._by_fixture[name] = Traces()
        try:
            yield
        finally:
            self._traces = outer

    def dump(self) -> list[Any]:
        """What was executed in this process, in lists, numbers and bytes, for another one."""
        fixtures = [[name, traces.dump()] for name, traces in self._by_fixture.items()]
        return [self._traces.dump(), fixtures]

    def add(self, dumped: list[Any]) -> None:
        """Count in what another process has dumped."""
        self._traces.add(Traces.load(dumped[0]))
        for name, traces in dumped[1]:
            self._by_fixture.setdefault(name, Traces.load(traces))

    @contextmanager
    def ignoring(self) -> Iterator[None]:
        """Do not count what is executed inside."""
        self._ignoring += 1
        try:
            yield
        finally:
            self._ignoring -= 1

    def _ignored(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def ignored(*arguments: Any, **named: Any) -> Any:
            with self.ignoring():
                return function(*arguments, **named)

        return ignored

    def _ignore_replays(self) -> None:
        """While Ape sends a transaction, a call is its own search for why that failed."""
        send, call = LocalProvider.send_transaction, PyEVMBackend.call
        sending = 0

        def send_transaction(provider: LocalProvider, txn: Any) -> Any:
            nonlocal sending
            sending += 1
            try:
                return send(provider, txn)
            finally:
                sending -= 1

        def call_while_sending(*arguments: Any, **named: Any) -> Any:
            if not sending:
                return call(*arguments, **named)
            with self.ignoring():
                return call(*arguments, **named)

        LocalProvider.send_transaction = send_transaction  # type: ignore[method-assign,assignment]
        PyEVMBackend.call = call_while_sending

    def _listen_to_frames(self) -> None:
        apply: Any = vars(BaseComputation)["apply_computation"].__func__

        def apply_computation(
            cls: type[BaseComputation], state: Any, message: Any, *rest: Any, **named: Any
        ) -> ComputationAPI:
            outer = self._jumps
            jumps = self._jumps = []
            try:
                computation: ComputationAPI = apply(cls, state, message, *rest, **named)
            finally:
                self._jumps = outer
            code = message.code
            if code and not self._ignoring:
                # Where the code ended by running out of it, that was at its last byte.
                end = min(computation.code.program_counter, len(code)) - 1
                self._traces.frame(code, deploys=message.is_create, jumps=jumps, end=end)
            return computation

        BaseComputation.apply_computation = classmethod(apply_computation)  # type: ignore[assignment]


class _Noted:
    """A jump that tells the recorder when it is taken."""

    def __init__(self, jump: Any, recorder: Recorder, *, sure: bool) -> None:
        self.mnemonic = jump.mnemonic
        self.gas_cost = jump.gas_cost
        self._jump = jump
        self._recorder = recorder
        self._sure = sure
        """Whether it always jumps. One that may not, and went on, was not taken."""

    def __call__(self, computation: ComputationAPI) -> Any:
        code = computation.code
        after = code.program_counter
        try:
            self._jump(computation)
        except BaseException:
            # A jump to nowhere has moved already; it ends the frame here.
            code.program_counter = after
            raise
        target = code.program_counter
        if self._sure or target != after:
            self._recorder.note(after - 1, target)


def _tables() -> Iterator[dict[int, Any]]:
    """The tables of instructions of all versions of the EVM that py-evm has, each once."""
    seen: set[int] = set()
    vms = (value for value in vars(forks).values() if hasattr(value, "get_state_class"))
    for vm in vms:
        table = vm.get_state_class().computation_class.opcodes
        if id(table) not in seen:
            seen.add(id(table))
            yield table
