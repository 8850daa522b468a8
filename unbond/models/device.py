"""Device staking (documents 000 and 001): chapter D of the specification, in plain integers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from unbond.models.base import (
    CLAIMABLE,
    CLOSED,
    CO_STAKE,
    EXIT,
    LEAVING,
    LOCKED,
    NUMBER_BITS,
    STAKE,
    UNLOCKED,
    Draws,
    Model,
    Move,
    Outcome,
    Refusal,
    Row,
    amount_near,
    law,
    pick,
)

if TYPE_CHECKING:
    from random import Random

    from typing_extensions import Self

COOLDOWN = 1_209_600
"""How long an unstaked stake cools down, in seconds (D-3)."""
CO_STAKE_WAIT = 604_800
"""How long a co-staker who leaves first waits before that, in seconds (D-12)."""
BASE_STAKE = 200 * 10**18
"""What one card requires at a multiplier of 1, in wei (D-1)."""
MAX_CO_STAKES = 2
"""How many co-stakes a wallet may have and not have withdrawn (D-8)."""

ANY, OVERFLOW, FULL = range(3)
"""What unstaking an amount comes to (D-11)."""

(
    UNSTAKED,
    INSUFFICIENT,
    INSUFFICIENT_WAITING,
    SUFFICIENT,
    SUFFICIENT_WAITING,
    CO_STAKER_UNSTAKED,
    IN_COOLDOWN,
    CO_STAKER_WITHDRAWN,
    OFFER_CLOSED,
    TERMINATED,
) = range(10)
"""What a dashboard says of a device (D-16)."""

_WHOLE = 10_000
"""All of the rewards, and a multiplier of 1."""
_NUMBER = (1 << NUMBER_BITS) - 1
"""The part of a position's id that numbers it."""
_STAKE_BITS, _MULTIPLIER_BITS, _CARDS_BITS = 96, 24, 16
"""How large an owner's stake, a multiplier and a number of cards can be."""


@dataclass(slots=True, eq=False)
class Stake:
    """What somebody put in on a device, until it is withdrawn; then what is left of it."""

    id: int
    account: int
    device: Device
    amount: int
    share: int = -1
    """A co-staker's part of the rewards, in 1/10 000; -1 for the owner's stake."""
    counts_until: int = 0
    """Of a co-stake whose owner left first: until when it counts (D-12)."""
    available_at: int = 0
    """From when it can be withdrawn; 0 while it has not been unstaked."""
    closed: Row | None = None
    """What it is shown as once it has been withdrawn."""


@dataclass(slots=True, eq=False)
class Device:
    """A device: who has staked there, and what was offered."""

    id: int
    multiplier: int
    """In 1/10 000."""
    cards: int
    rented: bool = False
    terminated: bool = False
    own: Stake | None = None
    """The owner's, until it is withdrawn (D-4)."""
    co: Stake | None = None
    """The co-stake, until it is unstaked."""
    waiting: list[Stake] = field(default_factory=list)
    """The co-stakes that left before this owner; those whose wait is over may be among them."""
    nonce: int = 0
    """The number of the last offer."""
    offer: tuple[int, int] = (0, 0)
    """Its amount in wei, and the co-staker's part in 1/10 000."""
    is_open: bool = False
    """Whether it can be accepted."""
    was_closed: bool = False
    """Whether it was closed by this owner."""
    accepted: Stake | None = None
    """The co-stake that accepted it, of this owner."""
    rewards: dict[int, int] = field(default_factory=dict)
    """What accounts have earned here and not claimed, in wei."""

    @property
    def requirement(self) -> int:
        """What it requires, in wei (D-1)."""
        return BASE_STAKE * max(_WHOLE, self.multiplier) * self.cards // _WHOLE

    @property
    def active(self) -> Stake | None:
        """The owner's stake, unless it has been unstaked."""
        own = self.own
        return None if own is None or own.available_at else own

    @property
    def overflow(self) -> int:
        """What the owner can take out at once, in wei (D-10)."""
        own, co = self.active, self.co
        if own is None:
            return 0
        together = own.amount + co.amount if co else own.amount
        return min(own.amount, max(0, together - self.requirement))

    @property
    def blocked(self) -> str:
        """The error that keeps the owner from leaving, if any (D-14)."""
        return "DeviceRented" if self.rented else "OfferOpen" if self.is_open else ""

    def waits(self, now: int) -> int:
        """What counts of the co-stakes that wait, in wei (D-12)."""
        return sum([one.amount for one in self.waiting if now < one.counts_until])

    def counted(self, now: int) -> int:
        """What counts toward the requirement, in wei (D-7)."""
        own, co = self.active, self.co
        here = (own.amount if own else 0) + (co.amount if co else 0)
        return here + self.waits(now) if self.waiting else here

    def earns(self, now: int) -> bool:
        """Whether it is eligible (D-7)."""
        if self.terminated or self.active is None:
            return False
        return self.counted(now) >= self.requirement


class DeviceModel(Model):
    """The rules of device staking."""

    system = "device"
    actions = (
        "stake",
        "unstake",
        "unstake_amount",
        "withdraw_overflow",
        "open_offer",
        "close_offer",
        "accept_offer",
        "unstake_co_stake",
        "withdraw",
        "claim_rewards",
        "distribute",
        "register_device",
        "set_requirement",
        "set_rented",
        "terminate_device",
    )
    powers = ("REGISTRAR_ROLE", "REWARDER_ROLE", "PAUSER_ROLE")
    answers: ClassVar = {
        "overflow": "overflow",
        "countedStake": "counted_stake",
        "isEligible": "is_eligible",
        "statusOf": "status_of",
        "previewUnstake": "preview_unstake",
        "rewardsOf": "rewards_of",
    }
    payments: ClassVar = {"Withdrawn": (2, 3)}

    def __init__(self, address: int, owner: int) -> None:
        """Model a deployment without devices."""
        super().__init__(address, owner)
        self.devices: dict[int, Device] = {}
        self.stakes: dict[int, list[Stake]] = {}
        """What accounts have put in, the oldest first: their ids number them from 1 on."""
        self.owed = 0

    @classmethod
    def establish(cls, setup: Any, find: Callable[[str], int], *, address: int, now: int) -> Self:
        """The model of a system with the devices that ``setup`` names."""
        owner = find("owner")
        model = cls(address, owner)
        model.now = now
        for device, terms in setup.devices.items():
            model.register_device(owner, device, terms.multiplier, terms.cards)
        return model

    # Owner.

    def stake(self, sender: int, device: int, amount: int) -> tuple[int, ...]:
        """Stake on a device, which the first stake binds to its wallet (D-2, D-4)."""
        self.need_open()
        found = self._known(device)
        if found.terminated:
            raise Refusal("DeviceEnded", device)
        own = found.own
        if own is not None:
            self._need_owner_of(own, sender)
        if amount == 0:
            raise Refusal("ZeroAmount")
        total = own.amount + amount if own else amount
        money = self.money[0]
        if amount <= min(money.of(sender), money.allowed.get(sender, 0)):
            # Otherwise the token has the first word.
            _need_fit(_STAKE_BITS, total)
        money.take(sender, self.address, amount)
        self.owed += amount
        if own is None:
            own = found.own = self._open_stake(sender, found)
        own.amount = total
        self.tell("Staked", sender, device, own.id, amount, total)
        return ()

    def unstake(self, sender: int, device: int) -> tuple[int]:
        """Unstake the owner's whole stake, and the co-stake with it (D-3, D-13)."""
        found, own = self._owned(sender, device)
        return (self._leave(found, own),)

    def unstake_amount(
        self, sender: int, device: int, amount: int, expected: int = ANY
    ) -> tuple[int, int]:
        """Pay overflow at once; if the amount is more than that, unstake everything (D-11)."""
        found, own = self._owned(sender, device)
        if amount == 0:
            raise Refusal("ZeroAmount")
        kind = OVERFLOW if amount <= found.overflow else FULL
        if expected not in (ANY, kind):
            raise Refusal("OutcomeChanged", expected, kind)
        if kind == FULL:
            return FULL, self._leave(found, own)
        self._pay_overflow(own, amount)
        return OVERFLOW, 0

    def withdraw_overflow(self, sender: int, device: int) -> tuple[int, ...]:
        """Pay all overflow at once (D-10)."""
        found, own = self._owned(sender, device)
        amount = found.overflow
        if amount == 0:
            raise Refusal("ZeroAmount")
        self._pay_overflow(own, amount)
        return ()

    def open_offer(self, sender: int, device: int, amount: int, share: int) -> tuple[int, ...]:
        """Offer a co-staker to add an amount for a share of the rewards (D-8)."""
        found, own = self._owned(sender, device)
        if found.terminated:
            raise Refusal("DeviceEnded", device)
        if found.is_open:
            raise Refusal("OfferExists", found.nonce)
        if found.co:
            raise Refusal("CoStaked", found.co.account)
        if amount == 0:
            raise Refusal("ZeroAmount")
        requirement = found.requirement
        if own.amount < requirement:
            raise Refusal("BelowMinimum", own.amount, requirement)
        if amount > requirement // 2:
            raise Refusal("AboveMaximum", amount, requirement // 2)
        if share > _WHOLE:
            raise Refusal("AboveMaximum", share, _WHOLE)
        found.nonce += 1
        found.offer = amount, share
        found.is_open, found.was_closed, found.accepted = True, False, None
        self.tell("OfferOpened", device, found.nonce, amount, share)
        return ()

    def close_offer(self, sender: int, device: int) -> tuple[int, ...]:
        """Close the offer, which nobody has accepted (D-8)."""
        found, _ = self._owned(sender, device)
        if not found.is_open:
            raise Refusal("NoOffer")
        self._close_offer(found)
        return ()

    # Co-staker.

    def accept_offer(
        self, sender: int, device: int, nonce: int, amount: int, share: int
    ) -> tuple[int, ...]:
        """Accept an offer, whose terms are repeated (D-8)."""
        self.need_open()
        found = self._known(device)
        own = found.active
        repeated = (nonce, (amount, share)) == (found.nonce, found.offer)
        if own is None or not found.is_open or not repeated:
            raise Refusal("OfferChanged")
        if sender == own.account:
            raise Refusal("OwnOffer")
        held = self._co_stakes(sender)
        if held >= MAX_CO_STAKES:
            raise Refusal("TooManyCoStakes", held, MAX_CO_STAKES)
        self.money[0].take(sender, self.address, amount)
        self.owed += amount
        co = found.co = found.accepted = self._open_stake(sender, found, amount, share)
        found.is_open = False
        self.tell("OfferAccepted", sender, device, co.id, amount, share)
        self.touched.add(own.account)
        return ()

    def unstake_co_stake(self, sender: int, device: int) -> tuple[int]:
        """Unstake the co-stake before the owner: it waits first (D-12)."""
        found = self._known(device)
        co = found.co
        if co is None:
            raise Refusal("NotStaked", device)
        if sender != co.account:
            raise Refusal("NotYours", co.account, sender)
        if found.rented:
            raise Refusal("DeviceRented")
        found.co = None
        # Those whose wait is over need not be looked at any more.
        found.waiting = [one for one in found.waiting if self.now < one.counts_until]
        found.waiting.append(co)
        co.counts_until = self.now + CO_STAKE_WAIT
        self.deadlines.append(co.counts_until)
        self._cool(co, co.counts_until)
        self.tell("CoUnstaked", sender, device, co.id, co.amount, co.counts_until, co.available_at)
        return (co.id,)

    # Both.

    def withdraw(self, sender: int, exit: int) -> tuple[int, ...]:  # noqa: A002
        """Be paid what has cooled down (D-5)."""
        account = self.owner_of(exit)
        if sender != account:
            raise Refusal("NotInitialWallet", account, sender)
        found = self.stakes[account][(exit & _NUMBER) - 1]
        if found.closed:
            raise Refusal("AlreadyWithdrawn", exit)
        if not found.available_at:
            raise Refusal("UnknownId", exit)
        if self.now < found.available_at:
            raise Refusal("CoolingDown", found.available_at)
        found.closed = Row(exit, EXIT, CLOSED, 0, 0, 0, "AlreadyWithdrawn")
        if found.device.own is found:
            found.device.own = None
        self.tell("Withdrawn", sender, exit, found.amount)
        self._pay(sender, found.amount)
        return ()

    def claim_rewards(self, sender: int, device: int) -> tuple[int, ...]:
        """Be paid the sender's rewards from a device (D-6)."""
        amount = self._known(device).rewards.pop(sender, 0)
        if amount == 0:
            raise Refusal("ZeroAmount")
        self.tell("RewardsClaimed", sender, device, amount)
        self._pay(sender, amount)
        return ()

    # Rewarder.

    def distribute(self, sender: int, device: int, amount: int) -> tuple[int, ...]:
        """Bring in rewards for a device, if it is eligible (D-7)."""
        return self.distribute_many(sender, (device,), (amount,))

    def distribute_many(
        self, sender: int, devices: Sequence[int], amounts: Sequence[int]
    ) -> tuple[int, ...]:
        """Bring in rewards for devices, in wei; those that are not eligible are skipped."""
        self.need("REWARDER_ROLE", sender)
        if len(devices) != len(amounts):
            raise Refusal("LengthMismatch", len(devices), len(amounts))
        lots = []
        for device, amount in zip(devices, amounts, strict=True):
            found = self._known(device)
            if amount == 0:
                raise Refusal("ZeroAmount")
            lots.append((found, amount, found.earns(self.now)))
        total = sum([amount for _, amount, earns in lots if earns])
        if total:
            self.money[0].take(sender, self.address, total)
            self.owed += total
        for found, amount, earns in lots:
            if earns:
                self._earn(found, amount)
            else:
                self.tell("Skipped", found.id, amount)
        return ()

    # Registrar.

    def register_device(
        self, sender: int, device: int, multiplier: int, cards: int
    ) -> tuple[int, ...]:
        """Register a device (D-1)."""
        self.need("REGISTRAR_ROLE", sender)
        if device in self.devices:
            raise Refusal("DeviceExists", device)
        _need_terms(multiplier, cards)
        self.devices[device] = Device(device, multiplier, cards)
        self.tell("DeviceRegistered", device, multiplier, cards)
        return ()

    def set_requirement(
        self, sender: int, device: int, multiplier: int, cards: int
    ) -> tuple[int, ...]:
        """Change what a device requires (D-1)."""
        self.need("REGISTRAR_ROLE", sender)
        found = self._known(device)
        _need_terms(multiplier, cards)
        self.tell("RequirementChanged", device, found.multiplier, found.cards, multiplier, cards)
        found.multiplier, found.cards = multiplier, cards
        return ()

    def set_rented(self, sender: int, device: int, rented: bool) -> tuple[int, ...]:
        """Say that a device is rented in a cluster, or no longer (D-14)."""
        self.need("REGISTRAR_ROLE", sender)
        found = self._known(device)
        self.tell("RentedChanged", device, found.rented, rented)
        found.rented = rented
        self._touch(found)
        return ()

    def terminate_device(self, sender: int, device: int) -> tuple[int, ...]:
        """End a device for ever, and an open offer with it (D-15)."""
        self.need("REGISTRAR_ROLE", sender)
        found = self._known(device)
        if found.terminated:
            raise Refusal("DeviceEnded", device)
        found.terminated = True
        self.tell("DeviceTerminated", device)
        if found.is_open:
            self._close_offer(found)
        self._touch(found)
        return ()

    # What there is to see.

    def positions(self, account: int) -> list[Row]:
        """All stakes, co-stakes and exits of ``account`` (C-11)."""
        rows = []
        now = self.now
        for one in self.stakes.get(account, ()):
            if one.closed:
                rows.append(one.closed)
                continue
            device = one.device
            rewards = device.rewards.get(account, 0)
            opens = one.available_at
            if opens:
                # Rewards are shown with what the account still has there.
                here = device.active, device.co
                if rewards and any(stake and stake.account == account for stake in here):
                    rewards = 0
                state, blocked = (CLAIMABLE, "") if now >= opens else (LEAVING, "CoolingDown")
                rows.append(Row(one.id, EXIT, state, one.amount, rewards, opens, blocked))
                continue
            if one.share < 0:
                kind, blocked = STAKE, device.blocked
            else:
                kind, blocked = CO_STAKE, "DeviceRented" if device.rented else ""
            state = LOCKED if blocked else UNLOCKED
            rows.append(Row(device.id, kind, state, one.amount, rewards, 0, blocked))
        return rows

    def assets(self) -> int:
        """What the system holds of the token."""
        return self.money[0].of(self.address)

    def liabilities(self) -> int:
        """Everything that came in and has not been paid out."""
        return self.owed

    def overflow(self, device: int) -> int:
        """What the owner can take out at once, in wei (D-10)."""
        return self._known(device).overflow

    def counted_stake(self, device: int) -> int:
        """What counts toward the requirement, in wei (D-7)."""
        return self._known(device).counted(self.now)

    def is_eligible(self, device: int) -> bool:
        """Whether the device earns (D-7)."""
        return self._known(device).earns(self.now)

    def status_of(self, device: int) -> int:
        """What a dashboard says of the device: the first that holds (D-16)."""
        found = self._known(device)
        if found.terminated:
            return TERMINATED
        if found.own is None:
            return UNSTAKED
        if found.active is None:
            return IN_COOLDOWN
        if found.co is None and found.waits(self.now):
            return CO_STAKER_UNSTAKED
        enough = found.counted(self.now) >= found.requirement
        if found.is_open:
            return SUFFICIENT_WAITING if enough else INSUFFICIENT_WAITING
        if found.accepted and found.accepted.closed:
            return CO_STAKER_WITHDRAWN
        if found.was_closed:
            return OFFER_CLOSED
        return SUFFICIENT if enough else INSUFFICIENT

    def preview_unstake(self, device: int, amount: int) -> tuple[int, int, int, str]:
        """What unstaking an amount would come to: kind, wei paid, second, error (D-11)."""
        found = self.devices.get(device)
        if found is None:
            return ANY, 0, 0, "UnknownId"
        own = found.own
        if own is None:
            return ANY, 0, 0, "NotStaked"
        if own.available_at:
            return ANY, 0, 0, "WithdrawFirst"
        if amount == 0:
            return ANY, 0, 0, "ZeroAmount"
        if amount <= found.overflow:
            return OVERFLOW, amount, self.now, ""
        return FULL, own.amount, self.now + COOLDOWN, found.blocked

    def rewards_of(self, device: int, account: int) -> int:
        """What an account can claim from a device, in wei (D-6)."""
        return self._known(device).rewards.get(account, 0)

    def check_laws(self, outcome: Outcome) -> None:
        """What is owed is somebody's (C-4); D-8 and D-10 hold after what they are about."""
        staked = sum(
            [one.amount for mine in self.stakes.values() for one in mine if not one.closed]
        )
        earned = sum([sum(one.rewards.values()) for one in self.devices.values()])
        law(self.owed == staked + earned, "books", self.owed, staked, earned)
        for fact in outcome.events:
            if fact[0] == "OverflowWithdrawn":
                device = self.devices[fact[2]]
                remains = device.counted(self.now) - device.waits(self.now)
                short = device.requirement - remains
                law(short <= 0, "D-10: overflow left a device short", device.id, short)
            elif fact[0] == "OfferAccepted":
                held = self._co_stakes(fact[1])
                law(held <= MAX_CO_STAKES, "D-8: too many co-stakes", fact[1], held)

    def views_after(self, move: Move) -> list[tuple[str, tuple[int, ...]]]:
        """What the device counts and pays out: it shows only in what others may do with it."""
        if not move.arguments or move.arguments[0] not in self.devices:
            return []
        device = (move.arguments[0],)
        return [("countedStake", device), ("overflow", device), ("isEligible", device)]

    # Rules.

    def _co_stakes(self, account: int) -> int:
        """How many co-stakes an account has and has not withdrawn (D-8)."""
        mine = self.stakes.get(account, ())
        return len([one for one in mine if one.share >= 0 and not one.closed])

    def _known(self, device: int) -> Device:
        found = self.devices.get(device)
        if found is None:
            raise Refusal("UnknownId", device)
        return found

    def _need_owner_of(self, own: Stake, sender: int) -> None:
        """Refuse to act on an owner's stake that has left, or for another wallet (D-2, D-4)."""
        if own.available_at:
            raise Refusal("WithdrawFirst", own.id)
        if sender != own.account:
            raise Refusal("NotInitialWallet", own.account, sender)

    def _owned(self, sender: int, device: int) -> tuple[Device, Stake]:
        """A device whose owner the sender is, and his stake."""
        found = self._known(device)
        own = found.own
        if own is None:
            raise Refusal("NotStaked", device)
        self._need_owner_of(own, sender)
        return found, own

    def _open_stake(self, account: int, device: Device, amount: int = 0, share: int = -1) -> Stake:
        new = Stake(self.next_id(account), account, device, amount, share)
        self.stakes.setdefault(account, []).append(new)
        return new

    def _cool(self, stake: Stake, since: int) -> None:
        stake.available_at = since + COOLDOWN
        self.deadlines.append(stake.available_at)

    def _leave(self, device: Device, own: Stake) -> int:
        """The owner leaves, and everybody with him (D-3, D-13); returns the id of his exit."""
        if device.rented:
            raise Refusal("DeviceRented")
        if device.is_open:
            # Nothing would remain (D-14).
            raise Refusal("OfferOpen", 0, device.requirement)
        now, co = self.now, device.co
        self._touch(device)
        self._cool(own, now)
        end = own.available_at
        self.tell("Unstaked", own.account, device.id, own.id, own.amount, end)
        if co:
            self._cool(co, now)
            self.tell("CoUnstaked", co.account, device.id, co.id, co.amount, now, end)
        waits = [one for one in device.waiting if now < one.counts_until]
        for one in waits:
            one.available_at = min(one.available_at, end)
            self.touched.add(one.account)
        if waits:
            self.tell("WaitEnded", device.id, end)
        device.co = device.accepted = None
        device.was_closed = False
        device.waiting = []
        return own.id

    def _pay_overflow(self, own: Stake, amount: int) -> None:
        own.amount -= amount
        self.tell("OverflowWithdrawn", own.account, own.device.id, amount, own.amount)
        self._pay(own.account, amount)

    def _close_offer(self, device: Device) -> None:
        device.is_open, device.was_closed = False, True
        self.tell("OfferClosed", device.id, device.nonce)

    def _earn(self, device: Device, amount: int) -> None:
        """Split rewards between the owner and the co-staker (D-9)."""
        own, co, rewards = device.active, device.co, device.rewards
        assert own is not None
        part = amount * co.share // _WHOLE if co else 0
        if co and part:
            rewards[co.account] = rewards.get(co.account, 0) + part
        rewards[own.account] = rewards.get(own.account, 0) + amount - part
        self.tell("Distributed", device.id, amount - part, part)
        self._touch(device)

    def _touch(self, device: Device) -> None:
        """The positions of a device's owner and co-staker may have changed."""
        for one in (device.own, device.co):
            if one:
                self.touched.add(one.account)

    def _pay(self, account: int, amount: int) -> None:
        self.owed -= amount
        self.money[0].move(self.address, account, amount)


def _need_fit(bits: int, value: int) -> None:
    """Refuse a number that is too large to be kept."""
    if value >> bits:
        raise Refusal("SafeCastOverflowedUintDowncast", bits, value)


def _need_terms(multiplier: int, cards: int) -> None:
    """Refuse what no device can require."""
    if cards == 0:
        raise Refusal("ZeroAmount")
    _need_fit(_MULTIPLIER_BITS, multiplier)
    _need_fit(_CARDS_BITS, cards)


class DeviceDraws(Draws):
    """What workers, co-stakers and role holders try next."""

    system = "device"
    people = ("owner", "worker", "second worker", "co-staker", "second co-staker", "stranger")
    funds: ClassVar = {
        "owner": 10**30,
        "worker": 8000 * 10**18,
        "second worker": 5000 * 10**18 + 1,
        "co-staker": 3000 * 10**18,
        "second co-staker": 1500 * 10**18 + 7,
        "stranger": 250 * 10**18,
    }
    model: DeviceModel

    @classmethod
    def setup(cls, random: Random) -> dict[str, Any]:
        """Three to five devices that people can afford."""
        count = random.randrange(3, 6)
        return {
            "devices": {
                str(device): dict(zip(("multiplier", "cards"), _terms(random), strict=True))
                for device in range(1, count + 1)
            }
        }

    def action(self, random: Random) -> tuple[int, str, tuple[Any, ...]]:
        """Who does what next."""
        model = self.model
        if random.random() < 0.1:
            # What would keep everybody from going on does not last.
            for power in model.powers:
                if not model.holders[power]:
                    return model.owner, "grant_role", (power, random.choice(self.accounts))
            if model.paused:
                return self.holder(random, "PAUSER_ROLE"), "unpause", ()
        name = pick(random, _WEIGHTS)
        living = sum([not one.terminated for one in model.devices.values()])
        if living < 3 and (name == "terminate_device" or random.random() < 0.2):
            name = "register_device"
        elif random.random() < 0.1 and any(one.waits(model.now) for one in model.devices.values()):
            # What somebody's wait is for, or what ends it.
            name = random.choice(("unstake", "stake", "open_offer", "accept_offer"))
        if name == "common":
            return self.common_action(random)
        if name == "withdraw":
            return self._withdraw(random)
        devices = self._fitting(name)
        if not devices and random.random() < 0.9:
            # Rather something that can be done.
            name = pick(random, _WEIGHTS[:3])
            devices = self._fitting(name)
        if name in ("unstake", "open_offer") and random.random() < 0.5:
            # While somebody waits.
            devices = [one for one in devices if one.waits(model.now)] or devices
        if not devices or random.random() < 0.06:
            devices = list(model.devices.values())
        device = random.choice(devices)
        sender, arguments = self._details(random, name, device)
        if random.random() < 0.03:
            sender = random.choice(self.accounts)
        identifier = device.id
        if name == "register_device" and random.random() < 0.9:
            identifier = len(model.devices) + 1
        elif random.random() < 0.02:
            # A device that is none.
            identifier = 0
        return sender, name, (identifier, *arguments)

    def _fitting(self, name: str) -> list[Device]:
        """The devices with which it can be done."""
        return [one for one in self.model.devices.values() if self._fits(name, one)]

    def _fits(self, name: str, one: Device) -> bool:
        own = one.active
        if name == "stake":
            return not one.terminated and (one.own is None or own is not None)
        if name == "accept_offer":
            return one.is_open
        if name == "unstake_co_stake":
            return one.co is not None and not one.rented
        if name == "claim_rewards":
            return bool(one.rewards)
        if name == "distribute":
            return one.earns(self.model.now)
        if name == "set_requirement":
            return one.own is not None
        if name == "register_device":
            return True
        if name in ("set_rented", "terminate_device"):
            return not one.terminated
        if own is None:
            return False
        if name == "unstake":
            return not one.blocked
        if name == "close_offer":
            return one.is_open
        if name == "open_offer":
            idle = not one.is_open and one.co is None and not one.terminated
            return idle and own.amount >= one.requirement
        return one.overflow > 0

    def _details(self, random: Random, name: str, device: Device) -> tuple[int, tuple[Any, ...]]:
        """Who does it with a device, and what is to be said besides."""
        if name in ("register_device", "set_requirement"):
            terms = random.choice(_IMPOSSIBLE) if random.random() < 0.04 else _terms(random)
            return self.holder(random, "REGISTRAR_ROLE"), terms
        if name == "set_rented":
            # Not for long.
            rented = random.random() < (0.1 if device.rented else 0.6)
            return self.holder(random, "REGISTRAR_ROLE"), (rented,)
        if name == "terminate_device":
            return self.holder(random, "REGISTRAR_ROLE"), ()
        if name == "distribute":
            amount = amount_near(random, 1, 10**18, random.randrange(10**20), 10**21)
            return self.holder(random, "REWARDER_ROLE"), (amount,)
        if name == "stake":
            return self._stake(random, device)
        if name == "accept_offer":
            return self._accept(random, device)
        if name == "unstake_co_stake":
            return device.co.account if device.co else random.choice(self.accounts), ()
        if name == "claim_rewards":
            earners = tuple(device.rewards) if random.random() < 0.9 else self.accounts
            return random.choice(earners or self.accounts), ()
        # What only the owner can do.
        own = device.own
        sender = own.account if own else random.choice(self.accounts)
        if name == "open_offer":
            half = device.requirement // 2
            share = random.choice((0, 1, 2500, 3333, _WHOLE, random.randrange(_WHOLE + 2)))
            return sender, (amount_near(random, half, half // 2), share)
        if name == "unstake_amount":
            return sender, self._part(random, device)
        return sender, ()

    def _stake(self, random: Random, device: Device) -> tuple[int, tuple[int]]:
        own = device.active
        sender = own.account if own else random.choice(self.accounts)
        held = self.model.money[0].of(sender)
        if own is None and held < BASE_STAKE and random.random() < 0.8:
            # Rather somebody who can.
            sender = self.find("worker")
            held = self.model.money[0].of(sender)
        if random.random() < 0.04:
            return sender, (random.choice((held, held + 1, 1 << _STAKE_BITS)),)
        # What is missing, all that is required, or some more.
        requirement = device.requirement
        missing = max(0, requirement - own.amount) if own else requirement
        marks = (missing, missing, requirement) if missing else (requirement // 8,)
        return sender, (amount_near(random, *([one for one in marks if one <= held] or [held])),)

    def _part(self, random: Random, device: Device) -> tuple[int, int]:
        """Mostly some of the overflow: what is more takes everything."""
        over = device.overflow
        own = device.active.amount if device.active else 0
        amount = amount_near(random, *((over, over // 2, over // 3) if over else (own,)))
        if random.random() < 0.15:
            amount = random.choice((own, own + 1, over + 1))
        fit = OVERFLOW if amount <= over else FULL
        return amount, random.choice((ANY, ANY, fit, fit, OVERFLOW, FULL))

    def _accept(self, random: Random, device: Device) -> tuple[int, tuple[int, int, int]]:
        terms = [device.nonce, *device.offer]
        if random.random() < 0.12:
            changed = random.randrange(3)
            terms[changed] = max(0, terms[changed] + random.choice((-1, 1)))
        nonce, amount, share = terms
        money = self.model.money[0]
        owner = device.own.account if device.own else 0
        others = [one for one in self.accounts if one != owner and money.of(one) >= amount]
        wrong = not others or random.random() < 0.08
        return random.choice(self.accounts if wrong else others), (nonce, amount, share)

    def _withdraw(self, random: Random) -> tuple[int, str, tuple[int]]:
        model = self.model
        leaving = [
            one
            for account in self.accounts
            for one in model.stakes.get(account, ())
            if one.available_at and not one.closed
        ]
        if random.random() < 0.6:
            # What has matured is soon fetched.
            leaving = [one for one in leaving if one.available_at <= model.now + 1] or leaving
        if leaving and random.random() < 0.9:
            identifier = random.choice(leaving).id
        else:
            # A stake, what was withdrawn, and what never was.
            account = random.choice(self.accounts)
            number = random.randrange(model.last_number.get(account, 0) + 2)
            identifier = account << NUMBER_BITS | number
        sender = identifier >> NUMBER_BITS
        if random.random() < 0.04:
            sender = random.choice(self.accounts)
        return sender, "withdraw", (identifier,)


def _terms(random: Random) -> tuple[int, int]:
    """A multiplier and a number of cards that people can afford."""
    return random.choice((0, 2500, 9999, 10_000, 10_001, 13_333, 15_000)), random.randrange(1, 4)


_IMPOSSIBLE = ((10_000, 0), (1 << _MULTIPLIER_BITS, 1), (10_000, 1 << _CARDS_BITS))
"""Multipliers and numbers of cards that are refused."""

_WEIGHTS = (
    ("stake", 36),
    ("open_offer", 24),
    ("distribute", 24),
    ("accept_offer", 28),
    ("unstake", 5),
    ("unstake_amount", 12),
    ("withdraw_overflow", 6),
    ("close_offer", 4),
    ("unstake_co_stake", 14),
    ("withdraw", 30),
    ("claim_rewards", 12),
    ("register_device", 2),
    ("set_requirement", 6),
    ("set_rented", 8),
    ("terminate_device", 1),
    ("common", 4),
)
"""The first three can nearly always be done."""
