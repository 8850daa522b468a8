"""A chain without an EVM: where a system's contract would be, there is its model.

Drivers and scenarios use it like any other chain, so what they tell of it is what should happen.
It knows the system, the token that is staked, and wallets that refuse coins; nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import rlp
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from unbond.chain import RICHES, Contract, Deployed, Rehearsed, usual_accounts
from unbond.clock import NEXT_BLOCK, Block
from unbond.codec import EventWords, word
from unbond.errors import ErrorDecoder, Refused, Unanswered
from unbond.inprocess import OwnChain
from unbond.models import model_for
from unbond.models.base import Model, Money, Move, Refusal, Row
from unbond.systems.base import ArgumentKind, System, power_name

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI
    from ape.contracts import ContractContainer
    from pydantic import BaseModel
    from web3.types import TxParams


class ModelChain(OwnChain):
    """A chain on which one system can be deployed, whose contract is its model."""

    model: Model
    """The system's, once that is deployed."""

    def __init__(self, kind: type[System], setup: BaseModel) -> None:
        """Wait for a system of this kind to be deployed as ``setup`` says.

        Raises:
            LookupError: when there is no model of it.
        """
        super().__init__()
        self._model_kind = model_for(kind.name)
        self._kind = kind
        # The rest of it is done by the driver, an action each.
        self._setup = setup.model_copy(update={field: {} for field in kind.furnished})
        self._coins = Money()
        self._coins.held = {_number(address): RICHES for address in usual_accounts()}
        self._coin: int | None = None
        self._system = ""
        self._token = ""
        self._tokens: dict[str, int] = {}
        self._events: dict[str, EventWords] = {}

    @property
    def name(self) -> str:
        """What timelines call it."""
        return "model"

    # Coins.

    def balance_of(self, address: str, block: Block = NEXT_BLOCK) -> int:
        """What an account holds of the coin, in wei."""
        if self._coin is None:
            return self._coins.of(_number(address))
        return self.model.balances(_number(address))[self._coin]

    def transfer(self, sender: AccountAPI, to: str, amount: int) -> None:
        """Send ``amount`` wei of the coin to ``to``."""
        self.clock.tick()
        self._count(sender)
        self._coins.move(_number(str(sender.address)), _number(to), amount)

    def _enrich_usual(self) -> None:
        """Nothing to do: they are."""

    # Deployments.

    def try_deploy(self, kind: ContractContainer, *arguments: Any, sender: AccountAPI) -> Any:
        """Let everything be deployed."""

    def deploy(self, kind: ContractContainer, *arguments: Any, sender: AccountAPI) -> Deployed:
        """Note a contract; it has the address that it would have elsewhere.

        Raises:
            Refused: when the model refuses to be set up like this.
        """
        contract = kind.contract_type
        address = _address_of(str(sender.address), self._sent_by(sender))
        if contract.name == self._kind.contract_name:
            self._events = {abi.name: EventWords(abi) for abi in contract.events}
            self._establish(address, ErrorDecoder(contract.errors))
        elif contract.name == "StakeToken":
            self._token = address
        second = self.clock.tick()
        self._count(sender)
        self._blocks += 1
        return Deployed(address, arguments, self._blocks, second, "")

    def _establish(self, address: str, errors: ErrorDecoder) -> None:
        try:
            self.model = self._model_kind.establish(
                self._setup,
                lambda role: _number(self.roles.address(role)),
                address=_number(address),
                now=self.clock.now,
            )
        except Refusal as refusal:
            raise _refused(refusal, errors) from None
        self._system = address
        for place, view in enumerate(self.model.tokens):
            if not view:
                self._coin = place
                for account, amount in self._coins.held.items():
                    self.model.fund(account, amount)
                self._coins = self.model.money[place]
            elif place == 0:
                self._tokens[self._token] = place
            else:
                # Those that the system deploys itself, in this order.
                self._tokens[_address_of(address, len(self._tokens) + 1)] = place

    # Actions.

    def act(
        self,
        contract: Contract,
        method: str,
        arguments: tuple[Any, ...],
        *,
        sender: AccountAPI,
        params: TxParams,
    ) -> Rehearsed:
        """Do it by the model.

        Raises:
            Refused: when the model refuses; nothing happened.
            Unanswered: when this is nothing that a model does.
        """
        by = _number(str(sender.address))
        logs: list[dict[str, Any]] = []
        if contract.address == self._system:
            logs = self._do(contract, method, arguments, by, int(params["value"]))
        elif contract.address == self._token and method in _TOKEN_ACTIONS:
            _TOKEN_ACTIONS[method](self.model.money[0], by, arguments)
        elif method == "setRefuses":
            self._refuse(_number(contract.address), *arguments)
        else:
            raise Unanswered(f"no model does '{method}'")
        second = self.clock.tick()
        self._count(sender)
        self._blocks += 1
        return Rehearsed(logs=logs, timestamp=second, block_number=self._blocks, gas_used=0)

    def _do(
        self, contract: Contract, method: str, arguments: tuple[Any, ...], sender: int, value: int
    ) -> list[dict[str, Any]]:
        found = self._kind.action_of(method, list(arguments), value)
        model = self.model
        if found is None or found[0] not in (*model.actions, *model.common_actions):
            raise Unanswered(f"the model of {self._kind.name} does not know '{method}'")
        action, named = found
        spec = self._kind.actions()[action]
        numbers = tuple(_plain(spec.arguments[name], one) for name, one in named.items())
        outcome = model.do(Move(self.clock.now, sender, action, numbers))
        if outcome.refusal is not None:
            raise _refused(outcome.refusal, contract.errors)
        told = [self._events[fact[0]].log(fact) for fact in outcome.events]
        return [{"address": contract.address, "topics": one, "data": data} for one, data in told]

    def _refuse(self, wallet: int, refuses: bool) -> None:
        refusing: set[int] = getattr(self.model, "refusing", set())
        (refusing.add if refuses else refusing.discard)(wallet)

    # Views.

    def view(
        self,
        contract: Contract,
        method: str,
        arguments: tuple[Any, ...],
        *,
        params: TxParams,
        block: Block,
    ) -> bytes:
        """What the model says.

        Raises:
            Refused: when the model refuses.
            Unanswered: when it cannot say that.
        """
        self.model.now = self.timestamp_of(block)
        place = self._tokens.get(contract.address)
        if place is not None and method == "balanceOf":
            return word(self.model.balances(_number(arguments[0]))[place])
        if place is not None and method == "allowance":
            return word(self.model.money[place].allowed.get(_number(arguments[0]), 0))
        if contract.address != self._system:
            raise Unanswered(f"no model answers '{method}'")
        if method == "positionsOf":
            account, first, count = arguments
            rows = self.model.positions(_number(account))[first : first + count]
            return word(32) + word(len(rows)) + _words(rows, contract.errors)
        if method in self.model.tokens:
            place = self.model.tokens.index(method)
            return word(_number(next(one for one, at in self._tokens.items() if at == place)))
        return self._answer(contract, method, arguments)

    def _answer(self, contract: Contract, method: str, arguments: tuple[Any, ...]) -> bytes:
        if not self.model.can_answer(method):
            raise Unanswered(f"the model of {self._kind.name} does not answer '{method}'")
        numbers = [_number(one) if isinstance(one, str) else one for one in arguments]
        try:
            answer = self.model.answer(method, numbers)
        except Refusal as refusal:
            raise _refused(refusal, contract.errors) from None
        return _words([answer], contract.errors)


def _mint(token: Money, sender: int, arguments: tuple[Any, ...]) -> None:
    to, amount = arguments
    token.held[_number(to)] = token.of(_number(to)) + amount


def _approve(token: Money, sender: int, arguments: tuple[Any, ...]) -> None:
    token.allowed[sender] = arguments[1]


_TOKEN_ACTIONS = {"mint": _mint, "approve": _approve}


def _number(address: str) -> int:
    return int(address, 16)


def _address_of(creator: str, sent: int) -> str:
    """Where a contract is whose creator had sent, or if a contract created, this much before."""
    encoded = rlp.encode([bytes.fromhex(creator[2:]), sent])
    return str(to_checksum_address(keccak(encoded)[12:]))


def _plain(kind: ArgumentKind, value: Any) -> Any:
    """An argument of a driver as models take it."""
    if kind is ArgumentKind.PARTY:
        return _number(value)
    return power_name(value) if kind is ArgumentKind.POWER else value


def _refused(refusal: Refusal, errors: ErrorDecoder) -> Refused:
    """A refusal as the contract would give it."""
    return errors.decode(errors.selectors[refusal.name] + b"".join(map(word, refusal.numbers)))


def _words(values: Iterable[Any], errors: ErrorDecoder) -> bytes:
    """Values as a contract returns them; texts are names of errors, which it gives as selectors."""
    parts = []
    for value in values:
        if isinstance(value, tuple | Row):
            parts.append(_words(value, errors))
        elif isinstance(value, str):
            parts.append((errors.selectors[value] if value else bytes(4)) + bytes(28))
        else:
            parts.append(word(value))
    return b"".join(parts)
