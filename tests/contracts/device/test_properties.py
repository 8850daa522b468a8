"""Random stories: whatever people do and whenever they do it, the views tell the truth.

A story is a list of moves, each some time after the one before. A ledger beside the contract keeps
who put in what and when; it is written from the specification, and knows nothing of how the
contract stores it. Before each move it makes a list of what is in the way of it: the contract has
to refuse the move with the first of that, and to do it if there is nothing.

*The truth of previews.* After every move, each thing that people could do next is foretold by a
view and then done, in the same second and as many times over: how much of a stake they might take
out, and every one of their positions.

*The books.* After every move, everybody's money and positions, and all that the contract says of
its devices, are those of the ledger; what it owes is the sum of what is theirs, to the wei.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contracts.checks import DAY, UNLIMITED, ZERO_ADDRESS, id_of, refusal_of, undone
from unbond.clock import LAST_BLOCK
from unbond.codec import MethodCodec
from unbond.errors import (
    BelowMinimum,
    EnforcedPause,
    NotYours,
    Refused,
    UnknownId,
    ZeroAmount,
)
from unbond.positions import Position, PositionKind, PositionState
from unbond.systems.device import (
    AboveMaximum,
    AlreadyWithdrawn,
    CoolingDown,
    CoStaked,
    CoStakeInfo,
    DeviceEnded,
    DeviceInfo,
    DeviceRented,
    DeviceStaking,
    DeviceStatus,
    Exit,
    ExitKind,
    NoOffer,
    NotInitialWallet,
    NotStaked,
    OfferChanged,
    OfferExists,
    OfferOpen,
    OutcomeChanged,
    OverflowWithdrawn,
    OwnOffer,
    Preview,
    TooManyCoStakes,
    WithdrawFirst,
)

from .checks import (
    BASE_STAKE,
    BPS,
    COOLDOWN,
    IO,
    WAIT,
    claimable,
    closed,
    co_stake,
    leaving,
    own_stake,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from tests.contracts.conftest import Money
    from unbond.chain import Contract
    from unbond.clock import Clock
    from unbond.roles import Roles

# Hundreds of actions, each foretold.
pytestmark = pytest.mark.slow

PEOPLE = ("worker", "co_staker", "second_co_staker", "latecomer")
"""All of them own devices, and add to one another's."""

TERMS = {7: (10_000, 1), 8: (2_500, 4), 9: (15_000, 2), 10: (10_000, 1)}
"""The multiplier and the cards of each device to begin with: 200, 800, 600 and 200 IO."""

# What is so by the specification.


@dataclass(eq=False)
class Stake:
    """A stake until it is unstaked, an exit until it is withdrawn. Amounts in wei."""

    owner: str
    identifier: int
    where: int
    amount: int
    share: int | None = None
    """What a co-staker gets of the rewards, in 1/10 000; None for the owner's stake."""
    counts_until: int = 0
    """Of a co-stake that has left: until when it counts (D-12)."""
    available_at: int | None = None
    """From when it can be withdrawn, once it has left."""
    promised: int = 0
    """What that was when it left: never later (C-2)."""
    paid: bool = False


@dataclass(eq=False)
class Device:
    """A device and who has staked there."""

    multiplier: int
    cards: int
    rented: bool = False
    terminated: bool = False
    own: Stake | None = None
    """The owner's, until it is withdrawn (D-4)."""
    co: Stake | None = None
    """A co-stake, until it leaves."""
    waiting: list[Stake] = field(default_factory=list)
    """The co-stakes that left, in the time of this owner."""
    nonce: int = 0
    offer: tuple[int, int] = (0, 0)
    """Amount and share of the last offer."""
    offer_open: bool = False
    offer_closed: bool = False
    """Whether the last one was closed, in the time of this owner."""
    last_co: Stake | None = None
    """Who accepted the last offer, in the time of this owner."""

    @property
    def requirement(self) -> int:
        """What it requires, in wei (D-1)."""
        return BASE_STAKE * max(BPS, self.multiplier) * self.cards // BPS

    @property
    def active(self) -> Stake | None:
        """The owner's stake, unless it has left."""
        return self.own if self.own and self.own.available_at is None else None

    @property
    def owned(self) -> int:
        """What the owner has staked, in wei."""
        return self.active.amount if self.active else 0

    @property
    def added(self) -> int:
        """The co-stake, in wei."""
        return self.co.amount if self.co else 0

    @property
    def overflow(self) -> int:
        """What the owner can take out at once, in wei (D-10)."""
        return min(self.owned, max(self.owned + self.added - self.requirement, 0))

    def waits(self, now: int) -> int:
        """What co-stakes that have left still count, in wei (D-12)."""
        return sum(stake.amount for stake in self.waiting if now < stake.counts_until)

    def counted(self, now: int) -> int:
        """What counts, in wei (D-7)."""
        return self.owned + self.added + self.waits(now)

    def eligible(self, now: int) -> bool:
        """Whether it earns (D-7)."""
        enough = self.counted(now) >= self.requirement
        return self.active is not None and not self.terminated and enough

    def status(self, now: int) -> DeviceStatus:
        """What a dashboard says of it, the first that holds (D-16)."""
        enough = self.counted(now) >= self.requirement
        if self.terminated:
            return DeviceStatus.TERMINATED
        if self.own is None:
            return DeviceStatus.UNSTAKED
        if self.active is None:
            return DeviceStatus.IN_COOLDOWN
        if self.co is None and self.waits(now):
            return DeviceStatus.CO_STAKER_UNSTAKED
        if self.offer_open:
            return DeviceStatus.SUFFICIENT_WAITING if enough else DeviceStatus.INSUFFICIENT_WAITING
        if self.last_co and self.last_co.paid:
            return DeviceStatus.CO_STAKER_WITHDRAWN
        if self.offer_closed:
            return DeviceStatus.OFFER_CLOSED
        return DeviceStatus.SUFFICIENT if enough else DeviceStatus.INSUFFICIENT

    def held_by(self) -> list[Refused]:
        """Why the owner cannot leave now (D-14)."""
        reasons: list[Refused] = [DeviceRented()] if self.rented else []
        if self.offer_open:
            reasons.append(OfferOpen(remaining=0, minimum=self.requirement))
        return reasons


@dataclass
class Ledger:
    """Who put in what and when. People are named by their roles, amounts are in wei."""

    addresses: dict[str, str]
    devices: dict[int, Device] = field(
        default_factory=lambda: {where: Device(*terms) for where, terms in TERMS.items()}
    )
    stakes: dict[str, list[Stake]] = field(
        default_factory=lambda: {person: [] for person in PEOPLE}
    )
    """Everybody's positions, in the order of their ids."""
    rewards: Counter[tuple[int, str]] = field(default_factory=Counter)
    paused: bool = False
    given: int = 0
    """What was sent in uninvited (C-4)."""
    gained: Counter[str] = field(default_factory=Counter)
    """How much more people hold than before, or less."""

    @property
    def owed(self) -> int:
        """Everything that is somebody's (C-4)."""
        everything = [stake for stakes in self.stakes.values() for stake in stakes]
        return self.rewards.total() + sum(stake.amount for stake in everything)

    def openings(self) -> Iterator[int]:
        """The seconds in which something changes by itself."""
        for stakes in self.stakes.values():
            for stake in stakes:
                if stake.available_at is not None and not stake.paid:
                    yield stake.available_at
                    yield stake.counts_until

    def find(self, identifier: int) -> Stake | None:
        """The position with this id."""
        everything = [stake for stakes in self.stakes.values() for stake in stakes]
        return next((each for each in everything if each.identifier == identifier), None)

    def new_stake(self, who: str, where: int, amount: int, share: int | None) -> Stake:
        """Give somebody one more position."""
        mine = self.stakes[who]
        identifier = id_of(self.addresses[who], len(mine) + 1)
        mine.append(Stake(who, identifier, where, amount, share))
        return mine[-1]

    def held(self, who: str) -> int:
        """How many co-stakes somebody has and has not withdrawn (D-8)."""
        return sum(each.share is not None and not each.paid for each in self.stakes[who])

    # What would be in the way of an action: nothing, or one or more errors.

    def not_owner(self, who: str, where: int) -> list[Refused]:
        """Why somebody cannot act as the owner of a device."""
        own = self.devices[where].own
        if own is None:
            return [NotStaked(device_id=where)]
        if own.available_at is not None:
            return [WithdrawFirst(exit_id=own.identifier)]
        if own.owner != who:
            return [
                NotInitialWallet(expected=self.addresses[own.owner], caller=self.addresses[who])
            ]
        return []

    def against_stake(self, who: str, where: int, amount: int) -> list[Refused]:
        """D-2, D-4, D-15, C-6, C-12."""
        device = self.devices[where]
        reasons: list[Refused] = [EnforcedPause()] if self.paused else []
        if device.terminated:
            reasons.append(DeviceEnded(device_id=where))
        if device.own:
            reasons += self.not_owner(who, where)
        if amount == 0:
            reasons.append(ZeroAmount())
        return reasons

    def against_unstake(self, who: str, where: int) -> list[Refused]:
        """D-3, D-14."""
        return self.not_owner(who, where) + self.devices[where].held_by()

    def against_unstake_amount(
        self, who: str, where: int, amount: int, expected: ExitKind
    ) -> list[Refused]:
        """D-11, D-14."""
        device = self.devices[where]
        reasons = self.not_owner(who, where)
        if amount == 0:
            reasons.append(ZeroAmount())
        kind = ExitKind.OVERFLOW if amount <= device.overflow else ExitKind.FULL
        if expected not in (ExitKind.ANY, kind):
            reasons.append(OutcomeChanged(expected=expected, actual=kind))
        return reasons + (device.held_by() if kind is ExitKind.FULL else [])

    def against_withdraw_overflow(self, who: str, where: int) -> list[Refused]:
        """D-10."""
        nothing: list[Refused] = [] if self.devices[where].overflow else [ZeroAmount()]
        return self.not_owner(who, where) + nothing

    def against_open_offer(self, who: str, where: int, amount: int, share: int) -> list[Refused]:
        """D-8, D-15."""
        device = self.devices[where]
        requirement, half = device.requirement, device.requirement // 2
        reasons = self.not_owner(who, where)
        if device.terminated:
            reasons.append(DeviceEnded(device_id=where))
        if device.offer_open:
            reasons.append(OfferExists(nonce=device.nonce))
        if device.co:
            reasons.append(CoStaked(co_staker=self.addresses[device.co.owner]))
        if amount == 0:
            reasons.append(ZeroAmount())
        if device.owned < requirement:
            reasons.append(BelowMinimum(amount=device.owned, minimum=requirement))
        if amount > half:
            reasons.append(AboveMaximum(amount=amount, maximum=half))
        if share > BPS:
            reasons.append(AboveMaximum(amount=share, maximum=BPS))
        return reasons

    def against_close_offer(self, who: str, where: int) -> list[Refused]:
        """D-8."""
        none: list[Refused] = [] if self.devices[where].offer_open else [NoOffer()]
        return self.not_owner(who, where) + none

    def against_accept_offer(
        self, who: str, where: int, nonce: int, amount: int, share: int
    ) -> list[Refused]:
        """D-8, C-6."""
        device, held = self.devices[where], self.held(who)
        reasons: list[Refused] = [EnforcedPause()] if self.paused else []
        if not device.offer_open or (nonce, (amount, share)) != (device.nonce, device.offer):
            reasons.append(OfferChanged())
        if device.own and device.own.owner == who:
            reasons.append(OwnOffer())
        if held >= 2:
            reasons.append(TooManyCoStakes(held=held, maximum=2))
        return reasons

    def against_unstake_co_stake(self, who: str, where: int) -> list[Refused]:
        """C-12, D-12, D-14."""
        device = self.devices[where]
        if device.co is None:
            return [NotStaked(device_id=where)]
        if device.co.owner != who:
            owner = self.addresses[device.co.owner]
            return [NotYours(owner=owner, caller=self.addresses[who])]
        return [DeviceRented()] if device.rented else []

    def against_withdraw(self, who: str, identifier: int, now: int) -> list[Refused]:
        """C-1, D-5."""
        stake = self.find(identifier)
        if stake is None:
            return [UnknownId(id=identifier)]
        if stake.owner != who:
            owner = self.addresses[stake.owner]
            return [NotInitialWallet(expected=owner, caller=self.addresses[who])]
        if stake.paid:
            return [AlreadyWithdrawn(exit_id=identifier)]
        if stake.available_at is None:
            return [UnknownId(id=identifier)]
        return [CoolingDown(available_at=stake.available_at)] if now < stake.available_at else []

    def against(self, move: Move, now: int) -> list[Refused]:
        """What would be in the way of a move."""
        who, what, arguments = move.who, move.what, move.arguments
        match what:
            case "withdraw":
                return self.against_withdraw(who, arguments[0], now)
            case "claim_rewards":
                return [] if self.rewards[arguments[0], who] else [ZeroAmount()]
            case "distribute_many":
                return [] if all(arguments[1]) else [ZeroAmount()]
            case "set_requirement":
                return [] if arguments[2] else [ZeroAmount()]
            case "set_rented" | "donate":
                return []
            case "terminate_device":
                ended = self.devices[arguments[0]].terminated
                return [DeviceEnded(device_id=arguments[0])] if ended else []
            case "pause":
                return [EnforcedPause()] if self.paused else []
            case "unpause":
                return [] if self.paused else [Refused("ExpectedPause")]
            case _:
                reasons: list[Refused] = getattr(self, f"against_{what}")(who, *arguments)
                return reasons

    # What an action that succeeds does.

    def leave(self, stake: Stake, cools_from: int) -> None:
        """Let a stake leave, to cool down from a second on."""
        stake.available_at = stake.promised = cools_from + COOLDOWN

    def note_full(self, where: int, now: int) -> None:
        """The owner leaves, and the co-stake with him (D-3, D-13)."""
        device = self.devices[where]
        assert device.own is not None
        self.leave(device.own, now)
        if device.co:
            self.leave(device.co, now)
        for stakes in self.stakes.values():
            for stake in stakes:
                # A co-stake that waits, from the time of this owner or an earlier one's: none of
                # those waits still.
                if stake.where == where and stake.available_at and now < stake.counts_until:
                    stake.available_at = min(stake.available_at, now + COOLDOWN)
        device.co = device.last_co = None
        device.waiting = []
        device.offer_closed = False

    def note(self, move: Move, now: int) -> None:
        """Write down a move that was made at ``now``."""
        self.gained[move.who] += self.note_what(move, now)

    def note_what(self, move: Move, now: int) -> int:
        """Write it down; returns how much more its sender holds."""
        who, arguments = move.who, move.arguments
        device = self.devices.get(arguments[0]) if arguments else None
        match move.what:
            case "pause" | "unpause":
                self.paused = move.what == "pause"
            case "donate":
                self.given += arguments[0]
                return -int(arguments[0])
            case "withdraw":
                stake = self.find(arguments[0])
                assert stake is not None
                paid, stake.amount, stake.paid = stake.amount, 0, True
                for each in self.devices.values():
                    each.own = None if each.own is stake else each.own
                return paid
            case "claim_rewards":
                return self.rewards.pop((arguments[0], who))
            case "distribute_many":
                pairs = list(zip(*arguments, strict=True))
                return -sum(self.earn(where, amount, now) for where, amount in pairs)
            case _:
                assert device is not None
                return self.note_on(device, move, now)
        return 0

    def earn(self, where: int, amount: int, now: int) -> int:
        """Note down rewards; returns what is taken for them (D-7, D-9)."""
        device = self.devices[where]
        if not device.eligible(now):
            return 0
        assert device.own is not None
        part = 0
        if device.co:
            assert device.co.share is not None
            part = amount * device.co.share // BPS
            self.rewards[where, device.co.owner] += part
        self.rewards[where, device.own.owner] += amount - part
        return amount

    def note_on(self, device: Device, move: Move, now: int) -> int:
        """Write down a move that is about one device; returns the same."""
        who, arguments, where = move.who, move.arguments, move.arguments[0]
        match move.what:
            case "stake":
                if device.own is None:
                    device.own = self.new_stake(who, where, 0, None)
                device.own.amount += arguments[1]
                return -int(arguments[1])
            case "unstake":
                self.note_full(where, now)
            case "unstake_amount" | "withdraw_overflow":
                amount = arguments[1] if move.what == "unstake_amount" else device.overflow
                assert device.own is not None
                if amount <= device.overflow:
                    device.own.amount -= amount
                    return int(amount)
                self.note_full(where, now)
            case "open_offer":
                device.nonce += 1
                device.offer = arguments[1], arguments[2]
                device.offer_open, device.offer_closed, device.last_co = True, False, None
            case "close_offer":
                device.offer_open, device.offer_closed = False, True
            case "accept_offer":
                device.offer_open = False
                device.co = self.new_stake(who, where, arguments[2], arguments[3])
                device.last_co = device.co
                return -int(arguments[2])
            case "unstake_co_stake":
                assert device.co is not None
                device.co.counts_until = now + WAIT
                self.leave(device.co, now + WAIT)
                device.waiting.append(device.co)
                device.co = None
            case "set_requirement":
                device.multiplier, device.cards = arguments[1:]
            case "set_rented":
                device.rented = arguments[1]
            case "terminate_device":
                device.terminated = True
                device.offer_closed |= device.offer_open
                device.offer_open = False
        return 0

    # What the views have to show.

    def positions(self, who: str, now: int) -> list[Position]:
        """Somebody's positions (C-11)."""
        return [self.position(stake, now) for stake in self.stakes[who]]

    def position(self, stake: Stake, now: int) -> Position:
        """One of them."""
        if stake.paid:
            return closed(stake.identifier)
        device = self.devices[stake.where]
        rewards = self.rewards[stake.where, stake.owner]
        if stake.available_at is not None:
            active = [each for each in (device.active, device.co) if each]
            if any(each.owner == stake.owner for each in active):
                rewards = 0
            shown = claimable if now >= stake.available_at else leaving
            return shown(stake.identifier, stake.amount, stake.available_at, rewards)
        if stake.share is None:
            held = device.held_by()
            blocked_by = held[0].name if held else ""
            return own_stake(stake.where, stake.amount, rewards, blocked_by)
        blocked_by = "DeviceRented" if device.rented else ""
        return co_stake(stake.where, stake.amount, rewards, blocked_by)

    def device_info(self, where: int) -> DeviceInfo:
        """What `devices` has to say."""
        device = self.devices[where]
        return DeviceInfo(
            self.addresses[device.own.owner] if device.own else ZERO_ADDRESS,
            device.owned,
            device.own.identifier if device.own else 0,
            device.requirement,
            device.multiplier,
            device.cards,
            device.rented,
            device.terminated,
        )

    def co_stake_info(self, where: int, now: int) -> CoStakeInfo:
        """What `coStakes` has to say."""
        device, waits = self.devices[where], self.devices[where].waits(now)
        return CoStakeInfo(
            self.addresses[device.co.owner] if device.co else ZERO_ADDRESS,
            device.added,
            device.co.identifier if device.co else 0,
            (device.co.share or 0) if device.co else 0,
            waits,
            max(stake.counts_until for stake in device.waiting) if waits else 0,
            device.offer_open,
            device.nonce,
            *device.offer,
        )


# What stories are made of.


@dataclass(frozen=True)
class Move:
    """Something that somebody does."""

    who: str
    what: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line of a story, before it is known who can do what.

    All are places in a list, counted around, from a place that is another one in each line.
    """

    when: int
    what: int
    which: int
    possible: bool
    """Whether it is something that can be done, if there is such a thing."""


def opening_after(now: int, ledger: Ledger) -> int:
    """The next second in which something opens."""
    return min((moment for moment in ledger.openings() if moment > now + 1), default=now + 1)


WHENS: dict[str, Callable[[int, Ledger], int]] = {
    "at once": lambda now, ledger: now,
    "a second before the next opening": lambda now, ledger: opening_after(now, ledger) - 1,
    "at the next opening": opening_after,
    "a second after the next opening": lambda now, ledger: opening_after(now, ledger) + 1,
    "some days later": lambda now, ledger: now + 3 * DAY + 12_345,
}

WEIGHTS = {
    "accept_offer": 8,
    "unstake_co_stake": 5,
    "withdraw": 4,
    "open_offer": 5,
    "distribute_many": 3,
    "stake": 4,
    "unstake_amount": 2,
    "claim_rewards": 2,
    "set_requirement": 2,
    "unpause": 8,
    "set_rented": 1,
    "withdraw_overflow": 2,
    "unstake": 2,
    "close_offer": 2,
    "pause": 1,
    "donate": 1,
    "terminate_device": 1,
}
"""What people do, and how often, if it can be done."""

WHEN_PLACES = (0, 3, 0, 2, 0, 1, 0, 4)
"""Half of all things are done at once."""

lines = st.builds(
    Line,
    st.integers(0, len(WHEN_PLACES) - 1),
    st.integers(0, 9999),
    st.integers(0, 9999),
    st.sampled_from([True, True, True, False]),
)


def ways(what: str, ledger: Ledger) -> Iterator[Move]:
    """Ways to do something: sensible ones, and some that never work."""
    if what in ("pause", "unpause"):
        yield Move("pauser", what)
        return
    if what == "donate":
        yield Move("stranger", "donate", (1,))
        yield Move("stranger", "donate", (500 * IO,))
        return
    for where, device in ledger.devices.items():
        yield from registrar_ways(what, where, device)
        requirement, half = device.requirement, device.requirement // 2
        if what == "distribute_many":
            for amounts in ((100 * IO, 7), (1234 * IO + 567, 3333), (1, 1), (5, 0)):
                yield Move("rewarder", what, ((where, 7), amounts))
        for who in PEOPLE:
            if what == "stake":
                short = max(requirement - device.owned, 0)
                sizes = {short, requirement, half, requirement + half, 1, 0}
                yield from (Move(who, what, (where, size)) for size in sorted(sizes))
            elif what == "unstake_amount":
                over = device.overflow
                for size in sorted({0, 1, over, over + 1, device.owned, device.owned + 1}):
                    yield from (Move(who, what, (where, size, kind)) for kind in ExitKind)
            elif what == "open_offer":
                for size, share in ((half, 2_500), (half // 3, 3_333), (half, BPS), (1, 0)):
                    yield Move(who, what, (where, size, share))
                for size, share in ((half + 1, 2_500), (0, 2_500), (half, BPS + 1)):
                    yield Move(who, what, (where, size, share))
            elif what == "accept_offer":
                nonce, (size, share) = device.nonce, device.offer
                yield Move(who, what, (where, nonce, size, share))
                yield Move(who, what, (where, nonce + 1, size, share))
                yield Move(who, what, (where, nonce, size + 1, share))
                yield Move(who, what, (where, nonce, size, max(share, 1) - 1))
            elif what in (
                "unstake",
                "withdraw_overflow",
                "close_offer",
                "unstake_co_stake",
                "claim_rewards",
            ):
                yield Move(who, what, (where,))
    if what == "withdraw":
        for who in PEOPLE:
            for other, stakes in ledger.stakes.items():
                yield from (Move(who, what, (stake.identifier,)) for stake in stakes)
                yield Move(who, what, (id_of(ledger.addresses[other], len(stakes) + 1),))


def registrar_ways(what: str, where: int, device: Device) -> Iterator[Move]:
    """Ways for the registrar to do something."""
    if what == "set_requirement":
        multiplier, cards = TERMS[where]
        for changed in ((multiplier, cards), (multiplier, cards + 1), (13_333, cards), (0, 1)):
            if changed != (device.multiplier, device.cards):
                yield Move("registrar", what, (where, *changed))
        yield Move("registrar", what, (where, multiplier, 0))
    elif what == "set_rented":
        yield Move("registrar", what, (where, not device.rented))
    elif what == "terminate_device" and where == 9:
        yield Move("registrar", what, (where,))


@dataclass
class Story:
    """A story as it is told, on the chain and in the ledger."""

    system: DeviceStaking
    clock: Clock
    roles: Roles
    ledger: Ledger
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What was done, and how it went: the name of the error, or nothing."""
    moves: list[Move] = field(default_factory=list)

    def again(self) -> Story:
        """The same story so far, to be told on in another way.

        One block later: what is undone within cannot be undone to the block to which the whole is.
        """
        self.clock.at(self.clock.now + 1)
        ledger = copy.deepcopy(self.ledger)
        return Story(self.system, self.clock, self.roles, ledger, self.told, list(self.moves))

    def choose(self, line: Line) -> Move:
        """What a line comes to, as things stand."""
        now, place = self.clock.now, len(self.moves)
        moves = {
            what: [
                move
                for move in ways(what, self.ledger)
                if (not self.ledger.against(move, now)) is line.possible
            ]
            for what in WEIGHTS
        }
        whats = [what for what, weight in WEIGHTS.items() for _ in range(weight) if moves[what]]
        chosen = moves[whats[(line.what + 7 * place) % len(whats)]]
        return chosen[(line.which + 13 * place) % len(chosen)]

    def tell(self, line: Line) -> None:
        """Make a move, and see that it goes as the ledger says."""
        place = WHEN_PLACES[(line.when + len(self.moves)) % len(WHEN_PLACES)]
        self.clock.at(list(WHENS.values())[place](self.clock.now, self.ledger))
        self.make(self.choose(line))

    def make(self, move: Move) -> None:
        """Make this move."""
        now = self.clock.now
        reasons = self.ledger.against(move, now)
        self.moves.append(move)
        refusal = refusal_of(self.do, move)
        assert (move, refusal) == (move, reasons[0] if reasons else None)
        self.told[move.what, refusal.name if refusal else ""] += 1
        if refusal is None:
            assert self.system.chain.timestamp_of(LAST_BLOCK) == now
            self.ledger.note(move, now)

    def do(self, move: Move) -> None:
        """Do it on the chain."""
        sender = self.roles.account(move.who)
        if move.what == "donate":
            self.system.token.transfer(sender, self.system.address, *move.arguments)
        else:
            getattr(self.system, move.what)(sender, *move.arguments)


@pytest.fixture
def opening(device: DeviceStaking, clock: Clock, roles: Roles) -> Story:
    """How every story begins: the rig has a co-stake, as has the device of one card, which is
    rented; another one had one, which waits, and looks for the next; and of the last one the owner
    has left in such a wait."""
    for where in (9, 10):
        device.register_device(roles.account("registrar"), where, *TERMS[where])
    people = (*PEOPLE, "stranger", "rewarder", "registrar", "pauser")
    addresses = {person: roles.address(person) for person in people}
    story = Story(device, clock, roles, Ledger(addresses))
    for move in (
        Move("worker", "stake", (8, 800 * IO)),
        Move("worker", "open_offer", (8, 300 * IO, 2_500)),
        Move("co_staker", "accept_offer", (8, 1, 300 * IO, 2_500)),
        Move("latecomer", "stake", (7, 250 * IO)),
        Move("latecomer", "open_offer", (7, 50 * IO, 9_999)),
        Move("worker", "accept_offer", (7, 1, 50 * IO, 9_999)),
        Move("worker", "stake", (9, 600 * IO)),
        Move("worker", "open_offer", (9, 200 * IO, 3_333)),
        Move("second_co_staker", "accept_offer", (9, 1, 200 * IO, 3_333)),
        Move("second_co_staker", "unstake_co_stake", (9,)),
        Move("worker", "open_offer", (9, 100 * IO, BPS)),
        Move("latecomer", "stake", (10, 200 * IO)),
        Move("latecomer", "open_offer", (10, 50 * IO, 0)),
        Move("second_co_staker", "accept_offer", (10, 1, 50 * IO, 0)),
        Move("second_co_staker", "unstake_co_stake", (10,)),
        Move("latecomer", "unstake", (10,)),
        Move("registrar", "set_rented", (7, True)),
        Move("rewarder", "distribute_many", ((8, 7), (100 * IO + 1, 7))),
    ):
        story.make(move)
    story.told.clear()
    return story


class Asker:
    """Asks the contract many questions at once, at the second of the next transaction."""

    def __init__(self, system: DeviceStaking, questions: Contract) -> None:
        """Ask by way of the mock ``questions``."""
        self._questions = questions
        self.target = system.address
        views = system.contract.instance.contract_type.view_methods
        self._codecs = {abi.name: MethodCodec(abi) for abi in views}

    def ask(self, *questions: tuple[Any, ...]) -> list[Any]:
        """The answers to views, each given by its name and its arguments."""
        data = [
            (self.target, bytes(self._codecs[name].encode(arguments)))
            for name, *arguments in questions
        ]
        answers = self._questions.view("ask", data)
        return [
            self._codecs[name].decode(answer)
            for (name, *_), answer in zip(questions, answers, strict=True)
        ]


@pytest.fixture
def asker(device: DeviceStaking, mocks: Mocks) -> Asker:
    """Asks many questions at once."""
    return Asker(device, mocks.deploy("Questions"))


def told_by(max_examples: int) -> settings:
    """How stories are made: the same ones every time, and few of them."""
    return settings(
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=max_examples,
        # Not "explain", which traces every line that is run.
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow],
    )


# The truth of previews.


@dataclass
class Probe:
    """Looks at what people could do next, and then does it."""

    story: Story
    asker: Asker
    said: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a preview said what."""
    shown: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a position showed what."""

    def device(self, where: int) -> None:
        """Whatever the owner of a device might take out comes to what was said of it."""
        story, system = self.story, self.story.system
        info, over, status = self.asker.ask(
            ("devices", where), ("overflow", where), ("statusOf", where)
        )
        owner, own = info[0], info[1]
        # Where nobody has staked, one is as good as the other.
        who = next((who for who in PEOPLE if story.roles.address(who) == owner), "worker")
        account = story.roles.account(who)
        held = system.token.balance_of(str(account.address))
        wanted = {0, 1, over - 1, over, over + 1, own - 1, own, own + 1, 2**96, UNLIMITED}
        amounts = sorted(wanted - {-1})
        answers = self.asker.ask(*(("previewUnstake", where, amount) for amount in amounts))
        now = story.clock.now
        for amount, (kind, payout, available_at, selector) in zip(amounts, answers, strict=True):
            blocked_by = system.contract.errors.name_of(selector)
            said = Preview(ExitKind(kind), payout, available_at, blocked_by)
            self.said[said.kind.name, blocked_by] += 1
            if blocked_by or amount in (over, over + 1, UNLIMITED):
                with undone():
                    self.unstake(account, where, amount, said, held)
            else:
                # What is done for the amounts beside it, is asked for this one.
                expected = ExitKind.OVERFLOW if amount <= over else ExitKind.FULL
                done = system.contract.view(
                    "unstakeAmount", where, amount, ExitKind.ANY, sender=account
                )
                assert (said.kind, done[0]) == (expected, expected)
                full = expected is ExitKind.FULL
                assert said.payout == (own if full else amount)
                assert said.available_at == now + (COOLDOWN if full else 0)
        with undone():
            self.overflow(account, where, over, status, held)

    def unstake(
        self, account: AccountAPI, where: int, amount: int, said: Preview, held: int
    ) -> None:
        """Unstaking comes to exactly what was said, error or money and second."""
        system = self.story.system
        address = str(account.address)
        if said.blocked_by:
            refusal = refusal_of(system.unstake_amount, account, where, amount)
            assert refusal is not None
            assert refusal.name == said.blocked_by
            return
        done = system.unstake_amount(account, where, amount)
        main = done.main
        if isinstance(main, OverflowWithdrawn):
            assert said == Preview(ExitKind.OVERFLOW, amount, done.timestamp, "")
            assert system.token.balance_of(address) - held == amount
            return
        assert said == Preview(ExitKind.FULL, main.amount, main.available_at, "")
        assert said.available_at == done.timestamp + COOLDOWN
        if amount == UNLIMITED:
            leaves = Exit(address, where, said.payout, said.available_at, False)
            assert system.exit_of(main.exit_id) == leaves
            self.story.clock.at(said.available_at - 1)
            early = refusal_of(system.withdraw, account, main.exit_id)
            assert early == CoolingDown(available_at=said.available_at)
            self.story.clock.at(said.available_at)
            system.withdraw(account, main.exit_id)
            assert system.token.balance_of(address) - held == said.payout

    def overflow(self, account: AccountAPI, where: int, over: int, status: int, held: int) -> None:
        """All overflow is paid at once, changes no status, and leaves none; if there is any."""
        system = self.story.system
        if over:
            main = system.withdraw_overflow(account, where).main
            assert main.amount == over == system.token.balance_of(str(account.address)) - held
            assert self.asker.ask(("overflow", where), ("statusOf", where)) == [0, status]
        else:
            refusal = refusal_of(system.withdraw_overflow, account, where)
            assert refusal is not None
            blocked_by = system.preview_unstake(where, 1).blocked_by
            not_active = blocked_by in ("NotStaked", "WithdrawFirst")
            assert refusal.name == (blocked_by if not_active else "ZeroAmount")

    def positions(self) -> None:
        """Acting on each of everybody's positions is refused as it says, or succeeds."""
        system, people = self.story.system, self.story.ledger.addresses
        answers = self.asker.ask(*(("positionsOf", people[who], 0, 99) for who in PEOPLE))
        for who, rows in zip(PEOPLE, answers, strict=True):
            for identifier, kind, _, _, _, _, selector in rows:
                blocked_by = system.contract.errors.name_of(selector)
                method = {
                    PositionKind.STAKE: "unstake",
                    PositionKind.CO_STAKE: "unstakeCoStake",
                    PositionKind.EXIT: "withdraw",
                }[PositionKind(kind)]
                account = self.story.roles.account(who)
                refusal = refusal_of(
                    partial(system.contract.view, method, identifier, sender=account)
                )
                assert blocked_by == (refusal.name if refusal else "")
                self.shown[method, blocked_by] += 1


@pytest.mark.rule("C-8", "C-11", "D-3", "D-5", "D-10", "D-11", "D-14")
@pytest.mark.case(8, 41, 42)
def test_what_a_view_says_of_the_next_second_comes_true(opening: Story, asker: Asker) -> None:
    """Cases 8, 41 and 42: for every device, and amounts on both sides of where it turns."""
    probe = Probe(opening, asker)

    @told_by(max_examples=4)
    @given(story_lines=st.lists(lines, min_size=12, max_size=12))
    def tell(story_lines: list[Line]) -> None:
        with undone():
            probe.story = opening.again()
            for number, line in enumerate(story_lines):
                probe.story.tell(line)
                probe.device(list(TERMS)[number % len(TERMS)])
                probe.positions()

    tell()
    assert set(probe.said) >= {
        ("OVERFLOW", ""),
        ("FULL", ""),
        ("FULL", "DeviceRented"),
        ("FULL", "OfferOpen"),
        ("ANY", "WithdrawFirst"),
        ("ANY", "ZeroAmount"),
    }
    assert set(probe.shown) >= {
        ("unstake", ""),
        ("unstake", "DeviceRented"),
        ("unstake", "OfferOpen"),
        ("unstakeCoStake", ""),
        ("unstakeCoStake", "DeviceRented"),
        ("withdraw", ""),
        ("withdraw", "CoolingDown"),
        ("withdraw", "AlreadyWithdrawn"),
    }


# The books.

OF_DEVICES = ("devices", "coStakes", "countedStake", "overflow", "isEligible", "statusOf")


@dataclass
class Audit:
    """Compares everything that the contract says with the ledger."""

    story: Story
    asker: Asker
    money: Money
    held: dict[str, int]
    """What everybody held before all this."""
    seen: Counter[str] = field(default_factory=Counter)
    """How often things stood as stories should have them: a co-stake in its wait counted, or made
    the device earn; a stake was less than required; an exit was to end sooner than it had been to
    when it began; and each status and state."""

    def books(self, devices: Sequence[int], people: Sequence[str]) -> None:
        """What it owes in all, and what it says of these devices and people."""
        ledger, now = self.story.ledger, self.story.clock.now
        answers = iter(
            self.asker.ask(
                ("liabilities",),
                *((view, where) for where in devices for view in OF_DEVICES),
                *(("positionsOf", ledger.addresses[who], 0, 99) for who in people),
            )
        )
        assert next(answers) == ledger.owed
        for where in devices:
            device = ledger.devices[where]
            self.seen["waits"] += device.waits(now) != 0
            self.seen["lent"] += device.eligible(now) and device.waits(now) != 0
            self.seen["short"] += device.active is not None and not device.eligible(now)
            self.seen["status " + device.status(now).name] += 1
            assert DeviceInfo(*next(answers)) == ledger.device_info(where)
            assert CoStakeInfo(*next(answers)) == ledger.co_stake_info(where, now)
            assert next(answers) == device.counted(now)
            assert next(answers) == device.overflow
            assert next(answers) == device.eligible(now)
            assert DeviceStatus(next(answers)) == device.status(now)
        for who in people:
            self.positions(who, next(answers), now)

    def positions(self, who: str, rows: list[Any], now: int) -> None:
        """Somebody's positions, none of which opens later than it was to when it began (C-2)."""
        name_of = self.story.system.contract.errors.name_of
        shown = [
            Position(
                identifier,
                PositionKind(kind),
                PositionState(state),
                amount,
                rewards,
                available_at,
                name_of(blocked_by),
            )
            for identifier, kind, state, amount, rewards, available_at, blocked_by in rows
        ]
        assert shown == self.story.ledger.positions(who, now)
        for position, stake in zip(shown, self.story.ledger.stakes[who], strict=True):
            assert stake.paid or position.available_at <= stake.promised
            self.seen["sooner"] += not stake.paid and position.available_at < stake.promised
            self.seen[position.kind.name + " " + position.state.name] += 1

    def balances(self) -> None:
        """What the contract has, and everybody else."""
        ledger, books = self.story.ledger, self.money.look(self.story.system)
        assert (books.assets, books.liabilities) == (ledger.owed + ledger.given, ledger.owed)
        assert books.people == {who: self.held[who] + ledger.gained[who] for who in self.held}


@pytest.mark.rule(
    *("C-1", "C-2", "C-3", "C-4", "C-5", "C-6", "C-11", "D-1", "D-2", "D-4", "D-6", "D-7", "D-8"),
    *("D-9", "D-10", "D-11", "D-12", "D-13", "D-14", "D-15", "D-16"),
)
@pytest.mark.case(2, 3, 4, 8, 21, 25, 27, 29)
def test_whatever_people_do_the_books_are_right(opening: Story, asker: Asker, money: Money) -> None:
    """Cases 2, 3, 4, 8, 21, 25, 27 and 29."""
    before = money.look(opening.system).people
    held = {who: amount - opening.ledger.gained[who] for who, amount in before.items()}

    audit = Audit(opening, asker, money, held)

    @told_by(max_examples=3)
    @given(story_lines=st.lists(lines, min_size=36, max_size=36))
    def tell(story_lines: list[Line]) -> None:
        with undone():
            audit.story = opening.again()
            for number, line in enumerate(story_lines):
                audit.story.tell(line)
                # By turns: what went wrong stays wrong.
                where = list(TERMS)[number % len(TERMS)]
                audit.books([where], [PEOPLE[number % len(PEOPLE)]])
                if number % 9 == 8:
                    audit.balances()
            audit.books(list(TERMS), PEOPLE)

    tell()
    # Of what is done seldom, something may be missing.
    done = {what for what, refusal in opening.told if not refusal}
    assert done >= {what for what, weight in WEIGHTS.items() if weight > 2}
    assert len(done) >= len(WEIGHTS) - 2
    assert len({refusal for _, refusal in opening.told if refusal}) >= 6
    for seen in (
        "waits",
        "lent",
        "short",
        "sooner",
        "CO_STAKE LOCKED",
        "CO_STAKE UNLOCKED",
        "EXIT LEAVING",
        "EXIT CLAIMABLE",
        "EXIT CLOSED",
        "status IN_COOLDOWN",
        "status UNSTAKED",
        "status TERMINATED",
    ):
        assert audit.seen[seen] > 0, seen
