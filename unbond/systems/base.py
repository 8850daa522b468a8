"""What all systems have in common: deployment, actions, views, events, a token, and powers."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache, cached_property
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    TypeVar,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from ape.api.accounts import AccountAPI
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from unbond.amounts import format_amount
from unbond.artifacts import container, instance
from unbond.chain import Chain, Contract, Deployed, Log, Rehearsed
from unbond.clock import NEXT_BLOCK, Block
from unbond.codec import camel
from unbond.embedded import Landed
from unbond.fields import is_position
from unbond.positions import Position, PositionKind, PositionState
from unbond.roles import USUAL_ROLES
from unbond.speech import Speaker

if TYPE_CHECKING:
    from ape.api.transactions import ReceiptAPI
    from pydantic import BaseModel
    from typing_extensions import Self


class ArgumentKind(Enum):
    """What an argument of an action is, and so how people write it."""

    AMOUNT = "amount"
    """Wei; people write ``1000 ANKR``."""
    POSITION = "position"
    """The id of a position; people write the name under which a step keeps it, or its number."""
    PARTY = "party"
    """An address; people write a role, an account's alias or an address."""
    BPS = "share"
    """1/10 000; people write ``5 %`` or the number."""
    MOMENT = "moment"
    """A second in Unix time; people write ISO 8601."""
    FLAG = "flag"
    """Yes or no."""
    POWER = "power"
    """The name of a role in the sense of access control, such as ``REWARDER_ROLE``."""
    NUMBER = "number"
    """What counts or names something, such as a device."""
    CHOICE = "choice"
    """A member of an enumeration; people write its name."""


@dataclass(frozen=True)
class Unit:
    """The symbol in which an amount is written, if not in that of what is staked."""

    symbol: str


Amount = Annotated[int, ArgumentKind.AMOUNT]
PositionId = Annotated[int, ArgumentKind.POSITION]
Party = Annotated[str, ArgumentKind.PARTY]
Bps = Annotated[int, ArgumentKind.BPS]
Moment = Annotated[int, ArgumentKind.MOMENT]
Flag = Annotated[bool, ArgumentKind.FLAG]
Power = Annotated[str, ArgumentKind.POWER]
Number = Annotated[int, ArgumentKind.NUMBER]

F = TypeVar("F", bound=Callable[..., Any])

FUNDS = 1_000_000 * 10**18
"""What each of the usual test accounts gets of a token to try things with, in wei."""


@dataclass(frozen=True)
class ActionSpec:
    """An action or a view of a system, as scenario files and commands know it."""

    name: str
    summary: str
    """What it does, in one sentence."""
    arguments: dict[str, ArgumentKind]
    """Its arguments by name, without the sender."""
    optional: frozenset[str]
    """Those that need not be given."""
    choices: dict[str, type[Enum]]
    """What can be chosen, for those that are a choice."""
    units: dict[str, str]
    """The symbols in which amounts are written, where not in that of what is staked."""
    sends: bool
    """Whether it is an action, sent by somebody, or a view."""


def action(method: F) -> F:
    """Mark a method as an action: its first argument is the sender, the others are described."""
    method.__unbond_sends__ = True  # type: ignore[attr-defined]
    return method


def question(method: F) -> F:
    """Mark a method as a view that scenario files and commands may ask."""
    method.__unbond_sends__ = False  # type: ignore[attr-defined]
    return method


@dataclass(frozen=True)
class Event:
    """An event of a contract. Fields are named as in Solidity, in snake case."""

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"{type(self).__name__}, {speaker.fields(vars(self))}"

    @property
    def position(self) -> int | None:
        """The id of the position that came of it, the last one it names; None if it names none."""
        kind: type = type(self)
        name = _position_field(kind)
        return getattr(self, name) if name else None


@dataclass(frozen=True)
class Unchanged(Event):
    """What was asked for was so already; the contract told nothing, as OpenZeppelin's roles do."""

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return "nothing has changed"


@cache
def _position_field(kind: type[Any]) -> str:
    """The name of the field that holds the last position that an event names; empty if none."""
    return next((one.name for one in reversed(fields(kind)) if is_position(one.name)), "")


E = TypeVar("E", bound=Event)
E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True)
class Receipt(Generic[E_co]):
    """What came of an action."""

    main: E_co
    """The event that tells what was asked for."""
    events: tuple[Event, ...]
    """All events of the system, in order."""
    timestamp: int
    """The second at which it landed, in Unix time."""
    gas_used: int
    fee: int
    """What the sender paid for the gas, in wei of the chain's coin."""
    block: int
    txn_hash: str


@dataclass(frozen=True)
class Happening:
    """An event that is in the chain."""

    event: Event
    timestamp: int
    """The second at which it happened, in Unix time."""
    block: int
    txn_hash: str


@dataclass(frozen=True)
class NextStep:
    """What can be done about a position so that its owner gets nearer to being paid."""

    action: str
    arguments: Mapping[str, int | str | bool]
    by: str = ""
    """The account that has to do it; empty for the position's owner."""
    opens_at: int = 0
    """The second from which it can be done, in Unix time; 0 if that is the position's own."""


class Coin:
    """The coin of the chain, where it is what is staked."""

    def __init__(self, chain: Chain, symbol: str) -> None:
        """Call the coin of ``chain`` by this symbol."""
        self._chain = chain
        self.symbol = symbol

    def balance_of(self, account: str, block: Block = NEXT_BLOCK) -> int:
        """What ``account`` holds, in wei."""
        return self._chain.balance_of(account, block)


class Token:
    """The token of a system, minted at will by its owner on chains of one's own."""

    def __init__(self, chain: Chain, address: str, symbol: str) -> None:
        """Wrap the token at ``address``."""
        self.symbol = symbol
        self.contract = Contract(chain, instance("StakeToken", address))

    @property
    def address(self) -> str:
        """Where it is."""
        return self.contract.address

    def balance_of(self, account: str, block: Block = NEXT_BLOCK) -> int:
        """What ``account`` holds, in wei."""
        return int(self.contract.view("balanceOf", account, block=block))

    def allowance(self, owner: str, spender: str) -> int:
        """What ``spender`` may take from ``owner``, in wei."""
        return int(self.contract.view("allowance", owner, spender))

    def mint(self, sender: AccountAPI, to: str, amount: int) -> None:
        """Make ``amount`` wei of new tokens for ``to``; only the token's owner can."""
        self.contract.act("mint", to, amount, sender=sender)

    def approve(self, sender: AccountAPI, spender: str, amount: int) -> None:
        """Let ``spender`` take up to ``amount`` wei from the sender."""
        self.contract.act("approve", spender, amount, sender=sender)

    def transfer(self, sender: AccountAPI, to: str, amount: int) -> None:
        """Send ``amount`` wei to ``to``."""
        self.contract.act("transfer", to, amount, sender=sender)


class System(ABC):
    """A staking system on a chain. Subclasses are the only place that encodes its calls."""

    name: ClassVar[str]
    """What scenario files, commands and the address book call it."""
    contract_name: ClassVar[str]
    """Its contract's name."""
    symbol: ClassVar[str]
    """The symbol of what is staked."""
    other_symbols: ClassVar[tuple[str, ...]] = ()
    """The symbols of what else people may hold of it."""
    powers: ClassVar[tuple[str, ...]]
    """The roles, in the sense of access control, that it uses."""
    setup_model: ClassVar[type[BaseModel]]
    """What a scenario file can say of its deployment."""
    event_types: ClassVar[tuple[type[Event], ...]]
    """Its events."""
    furnished: ClassVar[tuple[str, ...]] = ()
    """The fields of the setup, all of them mappings, that :meth:`furnish` adds one by one."""
    showcase: ClassVar[dict[str, Any]] = {}
    """How it is set up on a chain to try things on, as a scenario file would say it."""
    command_names: ClassVar[dict[str, str]] = {}
    """What commands call an action, where that is not its own name with dashes."""

    registry: ClassVar[dict[str, type[System]]] = {}
    """The systems that have been imported, by name."""

    def __init_subclass__(cls) -> None:
        """Make a system known by its name."""
        if inspect.isabstract(cls):
            return
        known = System.registry.setdefault(cls.name, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"there is a system called '{cls.name}' already: {known}")

    def __init__(self, chain: Chain, contract: Contract, *money: Coin | Token) -> None:
        """Drive the system at ``contract``; what is staked comes first of the ``money`` it uses."""
        self.chain = chain
        self.contract = contract
        self.money = {one.symbol: one for one in money}
        """What people hold that has to do with the system, by symbol."""
        self.deployed: Deployed | None = None
        """How it was deployed, if by this object."""

    @classmethod
    def at(cls, chain: Chain, address: str) -> Self:
        """Drive the system that is deployed at ``address`` already."""
        token_errors = container("StakeToken").contract_type.errors
        contract = Contract(chain, instance(cls.contract_name, address), token_errors)
        return cls(chain, contract, Token(chain, contract.view("token"), cls.symbol))

    @classmethod
    @abstractmethod
    def establish(
        cls, chain: Chain, owner: AccountAPI, setup: Any, find: Callable[[str], AccountAPI]
    ) -> Self:
        """Deploy the system as a scenario's ``setup`` says; ``find`` gives a role's account."""

    @property
    def address(self) -> str:
        """Where the contract is."""
        return self.contract.address

    @property
    def token(self) -> Token:
        """The token that is staked.

        Raises:
            LookupError: when what is staked is the coin of the chain.
        """
        staked = self.money[self.symbol]
        if isinstance(staked, Coin):
            raise LookupError(f"{self.symbol} is the coin of the chain, and no token")
        return staked

    @classmethod
    @cache
    def actions(cls) -> dict[str, ActionSpec]:
        """What can be done with, and asked of, the system, by name."""
        specs = {}
        for name, method in inspect.getmembers(cls, inspect.isfunction):
            sends = getattr(method, "__unbond_sends__", None)
            if sends is None:
                continue
            hints = get_type_hints(method, include_extras=True)
            hints.pop("return", None)
            kinds = {
                argument: kind
                for argument, hint in hints.items()
                if get_origin(hint) is Annotated
                for kind in get_args(hint)[1:]
                if isinstance(kind, ArgumentKind)
            }
            parameters = inspect.signature(method).parameters
            specs[name] = ActionSpec(
                name=name,
                summary=(inspect.getdoc(method) or "").partition("\n")[0],
                arguments=kinds,
                optional=frozenset(
                    argument
                    for argument in kinds
                    if parameters[argument].default is not inspect.Parameter.empty
                ),
                choices={
                    argument: get_args(hints[argument])[0]
                    for argument, kind in kinds.items()
                    if kind is ArgumentKind.CHOICE
                },
                units={
                    argument: unit.symbol
                    for argument in kinds
                    for unit in get_args(hints[argument])[1:]
                    if isinstance(unit, Unit)
                },
                sends=sends,
            )
        return specs

    # Views that every system has.

    def positions_of(
        self, account: str, *, block: Block = NEXT_BLOCK, page: int = 200
    ) -> list[Position]:
        """All positions of ``account``, the oldest first, closed ones included (C-11).

        Args:
            account: whose.
            block: the block in which to look; the second of the next transaction if not given.
            page: how many to ask for at once.
        """
        positions: list[Position] = []
        while True:
            rows = self.contract.view("positionsOf", account, len(positions), page, block=block)
            positions += [
                Position(
                    identifier,
                    PositionKind(kind),
                    PositionState(state),
                    amount,
                    rewards,
                    available_at,
                    self.contract.errors.name_of(blocked_by),
                )
                for identifier, kind, state, amount, rewards, available_at, blocked_by in rows
            ]
            if len(rows) < page:
                return positions

    @question
    def assets(self, *, block: Block = NEXT_BLOCK) -> int:
        """What the system holds, in wei (C-4)."""
        return int(self.contract.view("assets", block=block))

    @question
    def liabilities(self, *, block: Block = NEXT_BLOCK) -> int:
        """What the system owes, in wei (C-4)."""
        return int(self.contract.view("liabilities", block=block))

    def position_name(self, identifier: int) -> str:
        """What people call the position with this id; here the id."""
        return str(identifier)

    def position_id(self, account: str, number: int) -> int:
        """The id of what ``account`` calls its position ``number``; here the number itself."""
        return number

    def name_of(self, position: Position) -> str:
        """What people call a position."""
        return self.position_name(position.id)

    def next_step(self, position: Position) -> NextStep | None:
        """What is done next about a position, now or when it opens; here nothing is known.

        Args:
            position: one that is not closed.
        """
        return None

    def next_steps(self, positions: Sequence[Position]) -> Sequence[NextStep | None]:
        """What is done next about each of these positions, which are not closed."""
        return [self.next_step(position) for position in positions]

    def waits_for(self, position: Position) -> str:
        """What has to happen before a position can be acted on that time alone does not open."""
        return f"what {position.blocked_by} says"

    def history(self, first: int = 0) -> list[Happening]:
        """What has happened in the system since the block ``first``, the oldest first."""
        return [
            Happening(self.event_of(log), timestamp, block, txn_hash)
            for log, block, timestamp, txn_hash in self.contract.history(first)
        ]

    @classmethod
    def action_of(
        cls, method: str, values: list[Any], value: int = 0
    ) -> tuple[str, dict[str, Any]] | None:
        """The action that a call of the contract is, and its arguments; None if it is none.

        Args:
            method: the name of the contract's method.
            values: what it is called with.
            value: what is sent along, in wei of the chain's coin.
        """
        spec = next(
            (one for one in cls.actions().values() if one.sends and camel(one.name) == method),
            None,
        )
        if spec is None:
            return None
        # One of a list, where the contract takes many.
        plain = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in values]
        names = list(spec.arguments)
        amounts = [n for n, kind in spec.arguments.items() if kind is ArgumentKind.AMOUNT]
        if amounts and len(names) == len(plain) + 1:
            # What is sent along is the amount; that may be nothing.
            plain.insert(names.index(amounts[0]), value)
        if len(names) != len(plain) or any(isinstance(one, list) for one in plain):
            return None
        found = dict(zip(names, plain, strict=True))
        return spec.name, {
            name: spec.choices[name](one) if name in spec.choices else one
            for name, one in found.items()
        }

    @property
    def doors(self) -> dict[str, Contract]:
        """The contracts, by address, that people call to do an action; here the system's own."""
        return {self.address: self.contract}

    def action_at(
        self, door: str, method: str, values: list[Any], value: int = 0
    ) -> tuple[str, dict[str, Any]] | None:
        """The same for a call of the contract at ``door``, which is one of the :attr:`doors`."""
        return self.action_of(method, values, value)

    def recorded_setup(
        self, actions: list[tuple[str, dict[str, Any]]], name: Callable[[str], str]
    ) -> tuple[dict[str, Any], int]:
        """The ``setup`` that gives this system, and how many of the owner's ``actions`` it does.

        Args:
            actions: what the owner did first, by name and with arguments as a file has them.
            name: gives the role of an address.
        """
        return {}, 0

    def since(self, position: Position, history: list[Happening]) -> int | None:
        """The second since which a position has been what it is; None if that is not known.

        A stake is since it was first told of, an exit since it was last.

        Args:
            position: one that is not closed.
            history: what has happened in the system to its owner, the oldest first.
        """
        told = [one.timestamp for one in history if one.event.position == position.id]
        return told[-1 if position.kind is PositionKind.EXIT else 0] if told else None

    def fund(self, minter: AccountAPI, account: AccountAPI, amount: int) -> None:
        """Give ``account`` what is staked, ``amount`` in wei.

        Tokens are new, and the system may take any number of them. Coins come from ``minter``, if
        the account has too few.
        """
        if isinstance(self.money[self.symbol], Coin):
            self.chain.enrich(account, amount, minter)
            return
        self.token.mint(minter, str(account.address), amount)
        self.token.approve(account, self.address, 2**256 - 1)

    def furnish(  # noqa: B027 - a system may have nothing to add
        self, owner: AccountAPI, setup: Any, find: Callable[[str], AccountAPI]
    ) -> None:
        """Add what a scenario's ``setup`` says, beyond how the contract was constructed."""

    @classmethod
    def on_show(cls, chain: Chain, owner: AccountAPI, find: Callable[[str], AccountAPI]) -> Self:
        """Deploy the system on a chain of one's own so that it can be tried at once.

        It is set up as its :attr:`showcase` says, and everybody can stake: see :meth:`share_out`.
        """
        system = cls.establish(chain, owner, cls.showcase_setup(), find)
        system.share_out(owner, find)
        return system

    @classmethod
    def showcase_setup(cls) -> Any:
        """The showcase, read."""
        return cls.setup_model.model_validate(cls.showcase)

    def share_out(self, owner: AccountAPI, find: Callable[[str], AccountAPI]) -> None:
        """Give :data:`FUNDS` of what is staked to each of the ten usual test accounts.

        The system may not take any of it yet: that is for each account to allow.
        """
        for role in USUAL_ROLES:
            if isinstance(self.money[self.symbol], Coin):
                self.chain.enrich(find(role), 0, owner)
            else:
                self.token.mint(owner, str(find(role).address), FUNDS)

    def format_amount(self, wei: int) -> str:
        """An amount of what is staked, for people."""
        return format_amount(wei, self.symbol)

    # Powers that every system has (C-6, C-7).

    @action
    def pause(self, sender: AccountAPI) -> Receipt[Paused]:
        """Stop new stakes."""
        return self._act(Paused, "pause", sender=sender)

    @action
    def unpause(self, sender: AccountAPI) -> Receipt[Unpaused]:
        """Let new stakes in again."""
        return self._act(Unpaused, "unpause", sender=sender)

    @action
    def grant_role(self, sender: AccountAPI, role: Power, holder: Party) -> Receipt[RoleGranted]:
        """Give a power to an account; only the owner can."""
        return self._act(RoleGranted, "grantRole", power_id(role), holder, sender=sender)

    @action
    def revoke_role(self, sender: AccountAPI, role: Power, holder: Party) -> Receipt[RoleRevoked]:
        """Take a power from an account; only the owner can."""
        return self._act(RoleRevoked, "revokeRole", power_id(role), holder, sender=sender)

    @action
    def transfer_ownership(
        self, sender: AccountAPI, new_owner: Party
    ) -> Receipt[OwnershipTransferStarted]:
        """Offer the ownership to an account, which has to accept it."""
        return self._act(OwnershipTransferStarted, "transferOwnership", new_owner, sender=sender)

    @action
    def accept_ownership(self, sender: AccountAPI) -> Receipt[OwnershipTransferred]:
        """Accept the ownership that was offered."""
        return self._act(OwnershipTransferred, "acceptOwnership", sender=sender)

    @question
    def owner(self) -> str:
        """The owner's address."""
        return str(self.contract.view("owner"))

    # For subclasses.

    @classmethod
    def _deploy(cls, chain: Chain, owner: AccountAPI, token: str | None, *arguments: Any) -> Self:
        """Deploy the contract for a token, a new one if missing, with ``owner`` as its admin."""
        kind = container(cls.contract_name)
        address = str(owner.address)
        if token is None:
            # What the contract refuses is found before a token is there for nothing.
            chain.try_deploy(kind, address, *arguments, address, sender=owner)
            token = chain.deploy(
                container("StakeToken"), cls.symbol, cls.symbol, address, sender=owner
            ).address
        deployed = chain.deploy(kind, token, *arguments, address, sender=owner)
        system = cls.at(chain, deployed.address)
        system.deployed = deployed
        return system

    def _act(
        self,
        main: type[E] | tuple[type[E], ...],
        method: str,
        *arguments: Any,
        sender: AccountAPI,
        value: int = 0,
    ) -> Receipt[E]:
        """Send a transaction whose purpose is told by the event ``main``, or by one of several."""
        receipt = self.contract.act(method, *arguments, sender=sender, value=value)
        return self.receipt(main, receipt)

    def receipt(
        self, main: type[E] | tuple[type[E], ...], receipt: ReceiptAPI | Landed | Rehearsed
    ) -> Receipt[E]:
        """Decode a transaction's receipt to typed events, of which ``main`` is the purpose."""
        events = tuple(self.event_of(log) for log in self.contract.logs(receipt))
        purpose = [event for event in events if isinstance(event, main)]
        if not purpose:
            # A power that somebody has already, or never had.
            nothing = Unchanged()
            return self._receipt_with(cast("E", nothing), (*events, nothing), receipt)
        return self._receipt_with(purpose[-1], events, receipt)

    def _receipt_with(
        self, main: E, events: tuple[Event, ...], receipt: ReceiptAPI | Landed | Rehearsed
    ) -> Receipt[E]:
        return Receipt(
            main=main,
            events=events,
            timestamp=(
                receipt.timestamp
                if isinstance(receipt, Landed | Rehearsed)
                else self.chain.timestamp_of(receipt.block_number)
            ),
            gas_used=int(receipt.gas_used),
            fee=int(receipt.total_fees_paid),
            block=int(receipt.block_number),
            txn_hash=str(receipt.txn_hash),
        )

    @cached_property
    def _event_classes(self) -> dict[str, type[Event]]:
        return {kind.__name__: kind for kind in (*_COMMON_EVENTS, *self.event_types)}

    def event_of(self, log: Log) -> Event:
        """An event of the contract, typed."""
        return self._event_classes[log.name](**log.fields)


class NumberedSystem(System):
    """A system that numbers the positions of each account 1, 2, 3 … for itself.

    An id is the account's address followed by that number in 96 bits.
    """

    _NUMBER_BITS = 96

    def position_name(self, identifier: int) -> str:
        """What people call the position with this id: its number for its owner."""
        account, number = divmod(identifier, 1 << self._NUMBER_BITS)
        # What has no account in it is no position: somebody asked for an id that never was.
        return f"#{number}" if account else str(number)

    def position_id(self, account: str, number: int) -> int:
        """The id of the position that ``account`` calls ``number``."""
        return (int(account, 16) << self._NUMBER_BITS) | number

    def owner_of(self, identifier: int) -> str:
        """The address of the account whose position has this id."""
        return str(to_checksum_address((identifier >> self._NUMBER_BITS).to_bytes(20, "big")))


def power_id(name: str) -> bytes:
    """What the contracts call the power ``name``, such as ``REWARDER_ROLE``."""
    return keccak(text=name)


@dataclass(frozen=True)
class Paused(Event):
    """New stakes are stopped."""

    account: str

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return "new stakes are paused"


@dataclass(frozen=True)
class Unpaused(Event):
    """New stakes are open again."""

    account: str

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return "new stakes are open again"


def power_name(identifier: bytes) -> str:
    """The name of a power; of one that no system here has, its id as ``0x…``."""
    powers = {power for system in System.registry.values() for power in system.powers}
    names = {power_id(power): power for power in powers}
    return names.get(identifier, f"0x{identifier.hex()}")


class SystemSpeaker(Speaker):
    """Names amounts in tokens, positions as their owners do, and powers by name."""

    def __init__(self, system: System) -> None:
        """Speak of this system."""
        self._system = system

    def amount(self, wei: int) -> str:
        """An amount of what is staked."""
        return self._system.format_amount(wei)

    def position(self, identifier: int) -> str:
        """What its owner calls a position."""
        return self._system.position_name(identifier)

    def power(self, identifier: bytes) -> str:
        """The name of a role in the sense of access control."""
        return power_name(identifier)


@dataclass(frozen=True)
class RoleGranted(Event):
    """A power was given."""

    role: bytes
    account: str
    sender: str

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"{speaker.person(self.account)} has {speaker.power(self.role)} now"


@dataclass(frozen=True)
class RoleRevoked(Event):
    """A power was taken."""

    role: bytes
    account: str
    sender: str

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"{speaker.person(self.account)} has {speaker.power(self.role)} no longer"


@dataclass(frozen=True)
class RoleAdminChanged(Event):
    """Who gives a power has changed; never happens here."""

    role: bytes
    previous_admin_role: bytes
    new_admin_role: bytes


@dataclass(frozen=True)
class OwnershipTransferStarted(Event):
    """The ownership was offered."""

    previous_owner: str
    new_owner: str

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"ownership offered to {speaker.person(self.new_owner)}"


@dataclass(frozen=True)
class OwnershipTransferred(Event):
    """The ownership changed hands."""

    previous_owner: str
    new_owner: str

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"{speaker.person(self.new_owner)} is the owner now"


_COMMON_EVENTS: tuple[type[Event], ...] = (
    Paused,
    Unpaused,
    RoleGranted,
    RoleRevoked,
    RoleAdminChanged,
    OwnershipTransferStarted,
    OwnershipTransferred,
)
