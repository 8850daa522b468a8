"""A chain in the process: the revm engine, with the clock that all local chains have.

There are no signatures, no fees and no blocks to speak of, so an action takes microseconds. What it
says of gas is of no use (everything stays warm); take gas from eth-tester or anvil.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyrevm
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from unbond.chain import FOR_GAS, Deployed, Rehearsed, usual_accounts
from unbond.clock import NEXT_BLOCK, Block
from unbond.codec import encode_values
from unbond.errors import ErrorDecoder, Refused
from unbond.inprocess import OwnChain

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI
    from ape.contracts import ContractContainer, ContractInstance
    from web3.types import TxParams

GAS_LIMIT = 30_000_000
"""What a transaction may use."""

_OWNER = keccak(text="owner()")[:4]
_EXECUTE = keccak(text="execute(address,uint256,bytes)")[:4]

ANYBODY = "0x" + "00" * 19 + "01"
"""Who asks views that do not care who asks."""


class Reverted(Exception):
    """A call reverted."""

    def __init__(self, data: bytes) -> None:
        """Keep the bytes with which it did."""
        super().__init__(data)
        self.data = data

    def __str__(self) -> str:
        return f"0x{self.data.hex()}"


class Halted(Exception):
    """The engine ended a call: no gas, no such instruction, not enough coins."""


class Revm:
    """The engine: accounts, contracts, and the second in which things happen."""

    code_limit: int | None = None
    """How many bytes of code a contract may have; as many as on any chain if missing."""

    def __init__(self) -> None:
        """Begin with nobody having anything."""
        cfg = pyrevm.CfgEnv(limit_contract_code_size=self.code_limit)
        self.evm = pyrevm.EVM(env=pyrevm.Env(cfg=cfg)) if self.code_limit else pyrevm.EVM()

    def set_second(self, second: int) -> None:
        """Let what follows happen in ``second``, in Unix time."""
        self.evm.set_block_env(pyrevm.BlockEnv(timestamp=second, number=1, gas_limit=GAS_LIMIT))

    def deploy(self, sender: str, code: bytes) -> str:
        """Deploy a contract; returns its address.

        Raises:
            Reverted: when its constructor does.
        """
        try:
            return str(to_checksum_address(self.evm.deploy(sender, code)))
        except RuntimeError as error:
            raise _failure(error) from None
        finally:
            self.evm.reset_transient_storage()

    def set_nonce(self, account: str, sent: int) -> None:
        """Let an account have sent this much: the engine counts no calls, only deployments."""
        known = self.evm.basic(account)
        if known.nonce != sent:
            info = pyrevm.AccountInfo(nonce=sent, balance=known.balance)  # type: ignore[call-arg]
            self.evm.insert_account_info(account, info)

    def call(self, sender: str, to: str, data: bytes, value: int = 0) -> bytes:
        """Call a contract, or send coins in wei; what it does stays.

        Raises:
            Reverted: when it does; then nothing stays.
            Halted: when the engine ends it.
        """
        evm = self.evm
        try:
            return bytes(evm.message_call(sender, to, data, value, GAS_LIMIT))
        except RuntimeError as error:
            raise _failure(error) from None
        finally:
            evm.reset_transient_storage()

    def is_contract(self, address: str) -> bool:
        """Whether there is code at an address, so that nothing can be sent from it."""
        return bool(self.evm.get_code(address))

    def call_through(self, wallet: str, to: str, data: bytes, value: int = 0) -> bytes:
        """Let a wallet that is a contract make a call, as its owner tells it.

        Raises:
            Reverted: as :meth:`call`.
            Halted: as :meth:`call`.
        """
        keeper = f"0x{self.call(ANYBODY, wallet, _OWNER)[12:].hex()}"
        # By hand, because a campaign does it a million times: three values, then the bytes.
        head = bytes.fromhex(f"{to[2:]:0>64}") + b"".join(map(_word, (value, 96, len(data))))
        answer = self.call(keeper, wallet, _EXECUTE + head + data + bytes(-len(data) % 32))
        return answer[64 : 64 + int.from_bytes(answer[32:64], "big")]

    def logs(self) -> list[tuple[str, list[bytes], bytes]]:
        """What the last call told: the address, the topics and the data of each log."""
        result = self.evm.result
        return [(one.address, *one.data) for one in result.logs] if result else []

    def gas_used(self) -> int:
        """What the last call used, with everything warm."""
        result = self.evm.result
        return int(result.gas_used) if result else 0


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _failure(error: RuntimeError) -> Reverted | Halted:
    """What the engine's text says; it has no other form."""
    text = str(error)
    if text.startswith("Revert"):
        return Reverted(bytes.fromhex(text[text.index("0x") + 2 : -2]))
    return Halted(text)


def _named(error: Halted, errors: ErrorDecoder) -> Refused:
    """A halt by the name that it has on every engine; one that no other engine tells, as it is."""
    try:
        return errors.refusal(error)
    except Halted:
        return Refused(str(error))


class RevmChain(OwnChain):
    """A chain that lives in this process and is driven like any other."""

    def __init__(self) -> None:
        """Begin with the usual test accounts having nothing."""
        super().__init__()
        self.engine = Revm()

    @property
    def name(self) -> str:
        """What timelines call it."""
        return "revm"

    def code_at(self, address: str) -> bytes:
        """The code at an address; empty if there is none."""
        return bytes(self.engine.evm.get_code(address) or b"")

    def balance_of(self, address: str, block: Block = NEXT_BLOCK) -> int:
        """What an account holds of the coin, in wei."""
        return int(self.engine.evm.get_balance(address))

    def enrich(self, account: AccountAPI, amount: int, giver: AccountAPI) -> None:
        """Let an account have at least ``amount`` of the coin, in wei, out of nothing.

        It takes the second that it takes elsewhere, where the usual test accounts are rich and all
        others are sent what they lack.
        """
        address = str(account.address)
        held = self.balance_of(address)
        if held < amount + FOR_GAS and address not in usual_accounts():
            self.clock.tick()
            self._count(giver)
        if held < amount:
            self.engine.evm.set_balance(address, amount)

    def transfer(self, sender: AccountAPI, to: str, amount: int) -> None:
        """Send ``amount`` wei of the coin to ``to``; what the sender lacks comes out of nothing."""
        address = str(sender.address)
        if self.balance_of(address) < amount:
            self.engine.evm.set_balance(address, amount)
        self.engine.set_second(self.clock.tick())
        self.engine.call(address, to, b"", amount)
        self._count(sender)

    def snapshot(self) -> Any:
        """What the chain needs to know to go back to the present."""
        return self.engine.evm.snapshot(), self.clock.last, self.clock.full, dict(self._sent)

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot, which can then be used no more."""
        checkpoint, self.clock.last, self.clock.full, self._sent = snapshot
        self.engine.evm.revert(checkpoint)

    def call(self, params: TxParams, errors: ErrorDecoder, block: Block) -> bytes:
        """What a call returns in the last block or in the next.

        Raises:
            Refused: when the contract refuses, with the reason that ``errors`` knows.
        """
        self.engine.set_second(self.timestamp_of(block))
        checkpoint = self.engine.evm.snapshot()
        try:
            return self._call(params, errors)
        finally:
            self.engine.evm.revert(checkpoint)

    def _call(self, params: TxParams, errors: ErrorDecoder) -> bytes:
        sender = str(params.get("from", ANYBODY))
        data, value = bytes(params["data"]), int(params.get("value", 0))  # type: ignore[arg-type]
        to = str(params["to"])
        try:
            if self.engine.is_contract(sender):
                return self.engine.call_through(sender, to, data, value)
            return self.engine.call(sender, to, data, value)
        except Reverted as error:
            raise errors.decode(error.data) from None
        except Halted as error:
            raise _named(error, errors) from None

    def send(
        self,
        contract: ContractInstance,
        method: str,
        arguments: tuple[Any, ...],
        *,
        sender: AccountAPI,
        params: TxParams,
    ) -> Rehearsed:
        """Do what a transaction would do."""
        self.engine.set_second(self.clock.tick())
        self._call(params, ErrorDecoder(contract.contract_type.errors))
        logs = [
            {"address": address, "topics": topics, "data": data}
            for address, topics, data in self.engine.logs()
        ]
        self._count(sender)
        self._blocks += 1
        return Rehearsed(
            logs=logs,
            timestamp=self.clock.last,
            block_number=self._blocks,
            gas_used=self.engine.gas_used(),
        )

    def try_deploy(self, kind: ContractContainer, *arguments: Any, sender: AccountAPI) -> Any:
        """Ask whether a contract could be deployed.

        Raises:
            Refused: when its constructor refuses.
        """
        self.engine.set_second(self.clock.now)
        checkpoint = self.engine.evm.snapshot()
        try:
            self._create(kind, arguments, sender)
        finally:
            self.engine.evm.revert(checkpoint)

    def deploy(self, kind: ContractContainer, *arguments: Any, sender: AccountAPI) -> Deployed:
        """Deploy a contract.

        Raises:
            Refused: when its constructor refuses; nothing happened.
        """
        self.try_deploy(kind, *arguments, sender=sender)
        self.engine.set_second(self.clock.tick())
        address = self._create(kind, arguments, sender)
        self._count(sender)
        self._blocks += 1
        return Deployed(address, arguments, self._blocks, self.clock.last, "")

    def _create(
        self, kind: ContractContainer, arguments: tuple[Any, ...], sender: AccountAPI
    ) -> str:
        contract = kind.contract_type
        constructor = contract.constructor
        code = bytes(contract.get_deployment_bytecode() or b"")
        self.engine.set_nonce(str(sender.address), self._sent_by(sender))
        try:
            return self.engine.deploy(
                str(sender.address), code + encode_values(constructor.inputs, arguments)
            )
        except Reverted as error:
            raise ErrorDecoder(contract.errors).decode(error.data) from None
