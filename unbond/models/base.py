"""What all models have in common: an outcome for every action, powers, a token, and positions.

A model is the rules of one system written a second time, from the specification, in plain integers.
It knows nothing of contracts, chains or encodings: accounts are numbers (an address read as one),
powers and errors are names, amounts are wei, times are seconds in Unix time. For every action it
says what comes of it: the values returned and the events, or the error with its numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from random import Random

    from typing_extensions import Self

UNLIMITED = 2**256 - 1
"""An allowance that is never used up, and the largest number a contract can hold."""

NUMBER_BITS = 96
"""Bits of a position's id that number it; those above are its account."""

POWERS = {
    "REGISTRAR_ROLE": 0xEDCC084D3DCD65A1F7F23C65C46722FACA6953D28E43150A467CF43E5C309238,
    "REWARDER_ROLE": 0xBEEC13769B5F410B0584F69811BFD923818456D5EDCF426B0E31CF90EED7A3F6,
    "OPERATOR_ROLE": 0x97667070C54EF182B0F5858B034BEAC1B6F3089AA2D3188BB1E8929F4FA9B929,
    "PAUSER_ROLE": 0x65D7A28E3265B37A6474929F336521B332C1681B933F6CB9F3376673440D862A,
}
"""What contracts call the powers."""

STAKE, CO_STAKE, EXIT = range(3)
"""What a position is."""

CLOSED, LOCKED, UNLOCKED, LEAVING, CLAIMABLE = range(5)
"""Where a position stands."""

Fact: TypeAlias = tuple[Any, ...]
"""An event: its name, then its fields as numbers, in the order in which it declares them."""


class Row(NamedTuple):
    """A position (C-11), as all systems show it."""

    id: int
    kind: int
    state: int
    amount: int
    rewards: int
    available_at: int
    blocked_by: str
    """The name of the error that acting on it now would give; empty if it would succeed."""


class Refusal(Exception):
    """An action would be refused: the name of the custom error, and its numbers in order."""

    def __init__(self, name: str, *numbers: int) -> None:
        """Name the error."""
        super().__init__(name, numbers)
        self.name = name
        self.numbers = numbers

    def __eq__(self, other: object) -> bool:
        """Two refusals are equal when name and numbers are."""
        return isinstance(other, Refusal) and self.args == other.args

    def __hash__(self) -> int:
        """Hash by name and numbers."""
        return hash(self.args)


class Broken(Exception):
    """An invariant does not hold: the rules themselves would be wrong."""


def law(holds: bool, name: str, *numbers: object) -> None:
    """Let this be so.

    Raises:
        Broken: when it is not, with the law's name and the numbers that show it.
    """
    if not holds:
        raise Broken(f"{name}: {', '.join(map(str, numbers))}")


class Outcome(NamedTuple):
    """What comes of an action."""

    returned: tuple[int, ...]
    """What the contract's method returns."""
    events: tuple[Fact, ...]
    """The system's events, in order."""
    refusal: Refusal | None
    """Why nothing came of it; then there is neither of the others."""


class Move(NamedTuple):
    """A timed action: who does what in which second."""

    second: int
    sender: int
    action: str
    arguments: tuple[Any, ...]
    """In the order in which the system's action takes them; powers by name, all else numbers."""


class Money:
    """A token, or the coin of a chain: who holds how much, in wei."""

    def __init__(self) -> None:
        """Begin with nobody holding anything."""
        self.held: dict[int, int] = {}
        self.allowed: dict[int, int] = {}
        """What the system may take from each."""

    def of(self, account: int) -> int:
        """What ``account`` holds."""
        return self.held.get(account, 0)

    def move(self, sender: int, to: int, amount: int) -> None:
        """Move what ``sender`` has; the caller knows that it is enough."""
        held = self.held
        held[sender] = held.get(sender, 0) - amount
        held[to] = held.get(to, 0) + amount

    def take(self, owner: int, system: int, amount: int) -> None:
        """Let the system take ``amount`` from ``owner``.

        Raises:
            Refusal: as an OpenZeppelin token does.
        """
        allowed = self.allowed.get(owner, 0)
        if allowed < amount:
            raise Refusal("ERC20InsufficientAllowance", system, allowed, amount)
        held = self.held.get(owner, 0)
        if held < amount:
            raise Refusal("ERC20InsufficientBalance", owner, held, amount)
        if allowed != UNLIMITED:
            self.allowed[owner] = allowed - amount
        self.move(owner, system, amount)


class Model(ABC):
    """The rules of one system. Each of its :attr:`actions` is a method that takes the sender first.

    An action that would be refused raises :class:`Refusal` before it has changed anything.
    """

    system: ClassVar[str]
    """The name of the system."""
    actions: ClassVar[tuple[str, ...]]
    """The names of its own actions; to these come :attr:`common_actions`."""
    common_actions: ClassVar[tuple[str, ...]] = (
        "pause",
        "unpause",
        "grant_role",
        "revoke_role",
        "transfer_ownership",
        "accept_ownership",
    )
    powers: ClassVar[tuple[str, ...]]
    """The powers it uses."""
    tokens: ClassVar[tuple[str, ...]] = ("token",)
    """For each kind of :attr:`money` the view of the contract that says which token it is; empty
    for the coin of the chain."""
    answers: ClassVar[dict[str, str]] = {}
    """The contract's views that it can answer, besides those that all systems have, each with the
    attribute that is the answer, or the method that gives it: one that takes numbers, and returns
    what the contract does, as numbers in order."""
    common_answers: ClassVar[dict[str, str]] = {
        "assets": "assets",
        "liabilities": "liabilities",
        "owner": "owner",
        "pendingOwner": "next_owner",
        "paused": "paused",
    }
    """The same for the views that all systems have."""
    payments: ClassVar[dict[str, tuple[int, int]]]
    """The events that pay principal: where among an event's fields the position's id and the
    amount stand."""

    registry: ClassVar[dict[str, type[Model]]] = {}
    """The models that have been imported, by the name of their system."""

    def __init_subclass__(cls) -> None:
        """Make a model known by its system's name."""
        Model.registry[cls.system] = cls

    def __init__(self, address: int, owner: int) -> None:
        """Model the system at ``address``, which ``owner`` has just deployed."""
        self.address = address
        self.now = 0
        """The second of the action that is being done."""
        self.owner = owner
        self.next_owner = 0
        self.holders: dict[str, set[int]] = {power: {owner} for power in self.powers}
        self.paused = False
        self.money: tuple[Money, ...] = (Money(),)
        """What people hold that has to do with the system; what is staked comes first."""
        self.last_number: dict[int, int] = {}
        """How many positions each account has ever had."""
        self.deadlines: list[int] = []
        """Seconds at which something opens or ends; past ones may be among them."""
        self.touched: set[int] = set()
        """Whose positions the last action may have changed, besides the sender's."""
        self._events: list[Fact] = []
        self._methods: dict[str, Callable[..., tuple[int, ...]]] = {
            name: getattr(self, name) for name in (*self.actions, *self.common_actions)
        }

    @classmethod
    @abstractmethod
    def establish(cls, setup: Any, find: Callable[[str], int], *, address: int, now: int) -> Self:
        """The model of a freshly deployed system.

        Args:
            setup: what a scenario's ``setup`` says, read.
            find: gives the account of a role; that of the role ``owner`` deploys.
            address: where the system is.
            now: the second in which it was deployed, in Unix time.
        """

    def fund(self, account: int, amount: int) -> None:
        """Give ``account`` what is staked, ``amount`` in wei; the system may take any of it."""
        staked = self.money[0]
        staked.held[account] = staked.of(account) + amount
        staked.allowed[account] = UNLIMITED

    def do(self, move: Move) -> Outcome:
        """Do an action; says what came of it."""
        self.now = move.second
        self._events.clear()
        self.touched.clear()
        try:
            returned = self._methods[move.action](move.sender, *move.arguments)
        except Refusal as refusal:
            return Outcome((), (), refusal)
        return Outcome(returned, tuple(self._events), None)

    # What there is to see, in the second ``now``.

    def views_after(self, move: Move) -> Iterable[tuple[str, tuple[int, ...]]]:
        """What else to look at after an action: views that answer with numbers, and arguments.

        Args:
            move: the action that was done.
        """
        return ()

    def can_answer(self, view: str) -> bool:
        """Whether it knows the contract's view of this name."""
        return view in self.answers or view in self.common_answers

    def answer(self, view: str, arguments: Iterable[int]) -> Any:
        """What the contract's view says in the second ``now``: a number, or several in order.

        Of an error it is the name, where the contract tells the selector.

        Args:
            view: its name, one that :meth:`can_answer` knows.
            arguments: what it is asked with.

        Raises:
            Refusal: when the view refuses to answer.
        """
        found = getattr(self, self.answers.get(view) or self.common_answers[view])
        return found(*arguments) if callable(found) else found

    @abstractmethod
    def positions(self, account: int) -> list[Row]:
        """All positions of ``account``, the oldest first, closed ones included (C-11)."""

    @abstractmethod
    def assets(self) -> int:
        """What the system holds, in wei (C-4)."""

    @abstractmethod
    def liabilities(self) -> int:
        """What the system owes, in wei (C-4)."""

    def balances(self, account: int) -> tuple[int, ...]:
        """What ``account`` holds of all :attr:`money`, in wei."""
        return tuple([one.of(account) for one in self.money])

    def check_laws(self, outcome: Outcome) -> None:  # noqa: B027 - a system may have none
        """Check what has to hold of this system in particular after an action.

        Args:
            outcome: what came of it.

        Raises:
            Broken: with a sentence that says what does not hold.
        """

    # For rules.

    def tell(self, name: str, *fields: int) -> None:
        """Note an event."""
        self._events.append((name, *fields))

    def next_id(self, account: int) -> int:
        """A new id for a position of ``account``."""
        number = self.last_number[account] = self.last_number.get(account, 0) + 1
        return account << NUMBER_BITS | number

    def owner_of(self, identifier: int) -> int:
        """Whose id this is.

        Raises:
            Refusal: ``UnknownId``, when it was never given out (C-12).
        """
        account, number = identifier >> NUMBER_BITS, identifier & ((1 << NUMBER_BITS) - 1)
        if not 0 < number <= self.last_number.get(account, 0):
            raise Refusal("UnknownId", identifier)
        return account

    def need(self, power: str, sender: int) -> None:
        """Refuse everybody without a power (C-7)."""
        if sender not in self.holders[power]:
            raise Refusal("AccessControlUnauthorizedAccount", sender, POWERS[power])

    def need_owner(self, sender: int) -> None:
        """Refuse everybody but the owner (C-7)."""
        if sender != self.owner:
            raise Refusal("OwnableUnauthorizedAccount", sender)

    def need_open(self) -> None:
        """Refuse new stakes while they are paused (C-6)."""
        if self.paused:
            raise Refusal("EnforcedPause")

    # Powers that every system has (C-6, C-7).

    def pause(self, sender: int) -> tuple[int, ...]:
        """Stop new stakes."""
        self.need("PAUSER_ROLE", sender)
        self.need_open()
        self.paused = True
        self.tell("Paused", sender)
        return ()

    def unpause(self, sender: int) -> tuple[int, ...]:
        """Let new stakes in again."""
        self.need("PAUSER_ROLE", sender)
        if not self.paused:
            raise Refusal("ExpectedPause")
        self.paused = False
        self.tell("Unpaused", sender)
        return ()

    def grant_role(self, sender: int, power: str, holder: int) -> tuple[int, ...]:
        """Give a power to an account."""
        self.need_owner(sender)
        holders = self.holders.setdefault(power, set())
        if holder not in holders:
            holders.add(holder)
            self.tell("RoleGranted", POWERS[power], holder, sender)
        return ()

    def revoke_role(self, sender: int, power: str, holder: int) -> tuple[int, ...]:
        """Take a power from an account."""
        self.need_owner(sender)
        holders = self.holders.setdefault(power, set())
        if holder in holders:
            holders.remove(holder)
            self.tell("RoleRevoked", POWERS[power], holder, sender)
        return ()

    def transfer_ownership(self, sender: int, new_owner: int) -> tuple[int, ...]:
        """Offer the ownership to an account."""
        self.need_owner(sender)
        self.next_owner = new_owner
        self.tell("OwnershipTransferStarted", sender, new_owner)
        return ()

    def accept_ownership(self, sender: int) -> tuple[int, ...]:
        """Accept the ownership that was offered."""
        if sender != self.next_owner:
            raise Refusal("OwnableUnauthorizedAccount", sender)
        self.next_owner = 0
        self.tell("OwnershipTransferred", self.owner, sender)
        self.owner = sender
        return ()


class Draws(ABC):
    """What people plausibly, or with hostile intent, try next with one system.

    Everything is drawn from the model's present state with a ``random.Random``, so that a plain
    seeded loop and Hypothesis can both use it.
    """

    system: ClassVar[str]
    """The name of the system."""
    people: ClassVar[tuple[str, ...]]
    """The roles that act; ``owner`` is among them."""
    funds: ClassVar[dict[str, int]]
    """What roles hold of what is staked at the beginning, in wei."""
    refusing: ClassVar[tuple[str, ...]] = ()
    """Those of them that act through a wallet which takes no coins."""

    registry: ClassVar[dict[str, type[Draws]]] = {}
    """The draws that have been imported, by the name of their system."""

    def __init_subclass__(cls) -> None:
        """Make draws known by their system's name."""
        Draws.registry[cls.system] = cls

    def __init__(self, model: Any, find: Callable[[str], int]) -> None:
        """Draw for this model's system; ``find`` gives the account of a role."""
        self.model = model
        self.accounts = tuple(find(role) for role in self.people)
        self.find = find

    @classmethod
    @abstractmethod
    def setup(cls, random: Random) -> dict[str, Any]:
        """How the system is deployed this time, as a scenario file would say it."""

    @abstractmethod
    def action(self, random: Random) -> tuple[int, str, tuple[Any, ...]]:
        """Who does what next: the sender, the action and its arguments."""

    def second(self, random: Random) -> int:
        """When: the next second, somewhat later, or around what opens next.

        One second before, at and after an opening are each as likely.
        """
        earliest = int(self.model.now) + 1
        kind = random.random()
        if kind < 0.4:
            return earliest
        if kind < 0.75:
            ahead = self._openings(earliest)
            if ahead:
                return max(earliest, random.choice(ahead[:3]) + random.randrange(-1, 2))
        return earliest + random.choice(LEAPS)

    def _openings(self, earliest: int) -> list[int]:
        """What opens from ``earliest`` on, the soonest first."""
        ahead = sorted({one for one in self.model.deadlines if one >= earliest - 1})
        # What is over will never be drawn again.
        self.model.deadlines[:] = ahead
        return ahead

    def holder(self, random: Random, power: str) -> int:
        """Mostly somebody who has a power; otherwise anybody."""
        holders = self.model.holders[power]
        if holders and random.random() < 0.9:
            return int(random.choice(sorted(holders)))
        return random.choice(self.accounts)

    def common_action(self, random: Random) -> tuple[int, str, tuple[Any, ...]]:
        """Somebody uses, or misuses, a power that every system has."""
        model = self.model
        name = random.choice(("pause", "unpause", "unpause", "grant", "revoke", "offer", "accept"))
        if name in ("pause", "unpause"):
            return self.holder(random, "PAUSER_ROLE"), name, ()
        sender = model.owner if random.random() < 0.8 else random.choice(self.accounts)
        somebody = random.choice(self.accounts)
        if name == "offer":
            return sender, "transfer_ownership", (somebody,)
        if name == "accept":
            return model.next_owner or sender, "accept_ownership", ()
        power = random.choice(model.powers)
        return sender, f"{name}_role", (power, somebody)


LEAPS = (1, 60, 3600, 86_399, 86_400, 86_401, 3 * 86_400, 7 * 86_400, 10 * 86_400, 14 * 86_400)
"""Seconds by which time goes on when nothing in particular is waited for."""


def amount_near(random: Random, *marks: int) -> int:
    """A mark, one wei less or more, nothing, one wei, or anything up to the largest mark."""
    mark = random.choice(marks)
    kind = random.random()
    if kind < 0.45:
        return mark
    if kind < 0.55:
        return mark + 1
    if kind < 0.65:
        return max(0, mark - 1)
    if kind < 0.7:
        return random.randrange(2)
    return random.randrange(max(marks) + 1)


def pick(random: Random, weights: tuple[tuple[str, int], ...]) -> str:
    """One of the names, each as often as it weighs."""
    names, sums = _summed(weights)
    return random.choices(names, cum_weights=sums)[0]


@cache
def _summed(weights: tuple[tuple[str, int], ...]) -> tuple[list[str], list[int]]:
    """Names, and what they weigh together with all before them."""
    return [name for name, _ in weights], list(accumulate(weight for _, weight in weights))
