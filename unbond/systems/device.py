"""Device staking (documents 000 and 001): a cooldown of 14 days, and 7 more for co-stakers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from ape.api.accounts import AccountAPI
from pydantic import BaseModel, BeforeValidator, ConfigDict

from unbond.amounts import parse_share
from unbond.clock import NEXT_BLOCK, Block
from unbond.errors import Refused
from unbond.positions import Position, PositionKind
from unbond.speech import Speaker
from unbond.systems.base import (
    Amount,
    ArgumentKind,
    Bps,
    Event,
    Flag,
    Happening,
    NextStep,
    Number,
    NumberedSystem,
    Party,
    PositionId,
    Receipt,
    action,
    question,
)
from unbond.when import DAY

if TYPE_CHECKING:
    from typing_extensions import Self

    from unbond.chain import Chain

COOLDOWN = 14 * DAY
"""How long an unstaked stake cools down, in seconds (D-3)."""
CO_STAKE_WAIT = 7 * DAY
"""How long a co-staker who leaves first waits before that, in seconds (D-12)."""
BASE_STAKE = 200 * 10**18
"""What one card requires at a multiplier of 1, in wei (D-1)."""
MAX_CO_STAKES = 2
"""How many co-stakes a wallet may have and not have withdrawn (D-8)."""


class ExitKind(IntEnum):
    """What unstaking an amount comes to (D-11)."""

    ANY = 0
    OVERFLOW = 1
    FULL = 2


class DeviceStatus(IntEnum):
    """What a dashboard says of a device (D-16)."""

    @property
    def words(self) -> str:
        """What io.net's dashboard calls it."""
        return _DASHBOARD.get(self, self.name.capitalize())

    UNSTAKED = 0
    INSUFFICIENT = 1
    INSUFFICIENT_WAITING = 2
    SUFFICIENT = 3
    SUFFICIENT_WAITING = 4
    CO_STAKER_UNSTAKED = 5
    IN_COOLDOWN = 6
    CO_STAKER_WITHDRAWN = 7
    OFFER_CLOSED = 8
    TERMINATED = 9


Expected = Annotated[ExitKind, ArgumentKind.CHOICE]

_DASHBOARD = {
    DeviceStatus.INSUFFICIENT: "Insufficient Stake",
    DeviceStatus.INSUFFICIENT_WAITING: "Insufficient Stake (Waiting for Co-Staker)",
    DeviceStatus.SUFFICIENT: "Sufficient State",
    DeviceStatus.SUFFICIENT_WAITING: "Sufficient State (Waiting for Co-Staker)",
    DeviceStatus.CO_STAKER_UNSTAKED: "Co-Staker Unstaked (In Wait Period)",
    DeviceStatus.IN_COOLDOWN: "In Cooldown",
    DeviceStatus.CO_STAKER_WITHDRAWN: "Co-Staker Withdrawn",
    DeviceStatus.OFFER_CLOSED: "Offer Closed",
}


@dataclass(frozen=True)
class DeviceInfo:
    """A device. Amounts in wei."""

    owner: str
    stake: int
    stake_id: int
    requirement: int
    multiplier_bps: int
    cards: int
    rented: bool
    terminated: bool


@dataclass(frozen=True)
class CoStakeInfo:
    """The co-stake and the offer of a device. Amounts in wei, times in Unix time."""

    co_staker: str
    co_stake: int
    co_stake_id: int
    co_share_bps: int
    waiting: int
    waiting_until: int
    offer_open: bool
    offer_nonce: int
    offer_amount: int
    offer_share_bps: int


@dataclass(frozen=True)
class Exit:
    """A stake on its way out. Amount in wei, time in Unix time."""

    owner: str
    device_id: int
    amount: int
    available_at: int
    co_stake: bool


@dataclass(frozen=True)
class Preview:
    """What unstaking an amount would come to (D-11). Amount in wei, time in Unix time."""

    kind: ExitKind
    payout: int
    available_at: int
    blocked_by: str


@dataclass(frozen=True)
class Staked(Event):
    """The owner's stake grew."""

    account: str
    device_id: int
    stake_id: int
    amount: int
    total: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        more = "" if self.total == self.amount else f", {speaker.amount(self.total)} in all"
        return f"staked {speaker.amount(self.amount)} on device {self.device_id}{more}"


@dataclass(frozen=True)
class Unstaked(Event):
    """The owner's whole stake leaves."""

    account: str
    device_id: int
    exit_id: int
    amount: int
    available_at: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"unstaked {speaker.amount(self.amount)} from device {self.device_id}; "
            f"can be withdrawn from {speaker.moment(self.available_at)}"
        )


@dataclass(frozen=True)
class OverflowWithdrawn(Event):
    """Overflow was paid at once."""

    account: str
    device_id: int
    amount: int
    remaining: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"was paid {speaker.amount(self.amount)} of overflow; "
            f"{speaker.amount(self.remaining)} stay on device {self.device_id}"
        )


@dataclass(frozen=True)
class CoUnstaked(Event):
    """The co-stake leaves."""

    account: str
    device_id: int
    exit_id: int
    amount: int
    counts_until: int
    available_at: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"the co-stake of {speaker.person(self.account)}, {speaker.amount(self.amount)}, "
            f"leaves device {self.device_id}; can be withdrawn from "
            f"{speaker.moment(self.available_at)}"
        )


@dataclass(frozen=True)
class WaitEnded(Event):
    """The owner has left while co-stakes waited."""

    device_id: int
    available_at: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"who waited to leave device {self.device_id} can withdraw from "
            f"{speaker.moment(self.available_at)} at the latest"
        )


@dataclass(frozen=True)
class Withdrawn(Event):
    """An exit was paid."""

    account: str
    exit_id: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"withdrew {speaker.amount(self.amount)}"


@dataclass(frozen=True)
class RewardsClaimed(Event):
    """Rewards were paid."""

    account: str
    device_id: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"was paid {speaker.amount(self.amount)} of rewards of device {self.device_id}"


@dataclass(frozen=True)
class Distributed(Event):
    """Rewards came in for a device."""

    device_id: int
    owner_amount: int
    co_staker_amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        share = f", {speaker.amount(self.co_staker_amount)} of it to the co-staker"
        total = speaker.amount(self.owner_amount + self.co_staker_amount)
        return f"device {self.device_id} earned {total}" + (share if self.co_staker_amount else "")


@dataclass(frozen=True)
class Skipped(Event):
    """A device earned nothing."""

    device_id: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"device {self.device_id} is not eligible and earned nothing"


@dataclass(frozen=True)
class OfferOpened(Event):
    """An offer was opened."""

    device_id: int
    nonce: int
    amount: int
    co_share_bps: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"offers {self.co_share_bps / 100:g} % of the rewards of device {self.device_id} "
            f"for {speaker.amount(self.amount)}, as offer {self.nonce}"
        )


@dataclass(frozen=True)
class OfferClosed(Event):
    """An offer was closed without a co-staker."""

    device_id: int
    nonce: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"offer {self.nonce} of device {self.device_id} is closed"


@dataclass(frozen=True)
class OfferAccepted(Event):
    """An offer was accepted."""

    account: str
    device_id: int
    co_stake_id: int
    amount: int
    co_share_bps: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"co-staked {speaker.amount(self.amount)} on device {self.device_id} "
            f"for {self.co_share_bps / 100:g} % of its rewards"
        )


@dataclass(frozen=True)
class DeviceRegistered(Event):
    """A device was registered."""

    device_id: int
    multiplier_bps: int
    cards: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        times = f"{self.multiplier_bps / 10_000:g}"
        return f"device {self.device_id} is registered, {self.cards} cards at × {times}"


@dataclass(frozen=True)
class RequirementChanged(Event):
    """What a device requires has changed."""

    device_id: int
    old_multiplier_bps: int
    old_cards: int
    new_multiplier_bps: int
    new_cards: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        times = f"{self.new_multiplier_bps / 10_000:g}"
        return f"device {self.device_id} has {self.new_cards} cards at × {times} now"


@dataclass(frozen=True)
class RentedChanged(Event):
    """A device is rented in a cluster, or no longer."""

    device_id: int
    old_rented: bool
    new_rented: bool

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        word = "is rented in a cluster" if self.new_rented else "is not rented"
        return f"device {self.device_id} {word}"


@dataclass(frozen=True)
class DeviceTerminated(Event):
    """A device has ended."""

    device_id: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"device {self.device_id} is terminated"


class NotInitialWallet(Refused):
    """The device is bound to another wallet, or the exit belongs to it (D-2, D-5)."""

    expected: str
    caller: str


class WithdrawFirst(Refused):
    """The old stake of this device has to be withdrawn first (D-4)."""

    exit_id: int


class CoolingDown(Refused):
    """The exit cannot be withdrawn before this second (D-5)."""

    available_at: int


class AlreadyWithdrawn(Refused):
    """This exit has been withdrawn."""

    exit_id: int


class NotStaked(Refused):
    """Nobody has staked there."""

    device_id: int


class DeviceRented(Refused):
    """The device is rented in a cluster (D-14)."""


class OfferOpen(Refused):
    """With the offer open, the stake cannot fall under the minimum, both in wei (D-14)."""

    remaining: int
    minimum: int


class OfferExists(Refused):
    """An offer is open already."""

    nonce: int


class NoOffer(Refused):
    """No offer is open."""


class OfferChanged(Refused):
    """The offer is not, or no longer, the one that was repeated (D-8)."""


class OwnOffer(Refused):
    """The owner cannot accept his own offer (D-8)."""


class CoStaked(Refused):
    """There is a co-staker already."""

    co_staker: str


class TooManyCoStakes(Refused):
    """The wallet has as many co-stakes as it may have (D-8)."""

    held: int
    maximum: int


class OutcomeChanged(Refused):
    """Unstaking this amount would come to something else than was expected (D-11)."""

    expected: ExitKind
    actual: ExitKind


class AboveMaximum(Refused):
    """The amount, or share, is over the maximum."""

    amount: int
    maximum: int


class DeviceExists(Refused):
    """The device is registered already."""

    device_id: int


class DeviceEnded(Refused):
    """The device has ended (D-15)."""

    device_id: int


class LengthMismatch(Refused):
    """The two lists have to be of one length."""

    devices: int
    amounts: int


class DeviceSetup(BaseModel):
    """A device as a scenario file describes it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    cards: int = 1
    multiplier: Annotated[int, BeforeValidator(parse_share)] = 10_000
    """In 1/10 000 or as ``100 %``."""


def _device_id(name: str) -> int:
    """The id of a device, which a file writes as the name of a field."""
    if not name.isdecimal():
        raise ValueError(f"'{name}' is no device: a device's id is a whole number")
    return int(name)


class Setup(BaseModel):
    """What a scenario file can say of the deployment."""

    model_config = ConfigDict(extra="forbid", strict=True)

    devices: dict[Annotated[int, BeforeValidator(_device_id)], DeviceSetup] = {1: DeviceSetup()}
    """Devices by their ids."""


class DeviceStaking(NumberedSystem):
    """A deployed ``DeviceStaking``. Amounts are in wei, times in Unix time."""

    name = "device"
    contract_name = "DeviceStaking"
    symbol = "IO"
    powers = ("REGISTRAR_ROLE", "REWARDER_ROLE", "PAUSER_ROLE")
    setup_model = Setup
    furnished = ("devices",)
    showcase: ClassVar = {
        "devices": {
            "1": {"cards": 1},
            "2": {"cards": 4, "multiplier": "25 %"},
            "3": {"cards": 8, "multiplier": "1000 %"},
        }
    }
    event_types = (
        Staked,
        Unstaked,
        OverflowWithdrawn,
        CoUnstaked,
        WaitEnded,
        Withdrawn,
        RewardsClaimed,
        Distributed,
        Skipped,
        OfferOpened,
        OfferClosed,
        OfferAccepted,
        DeviceRegistered,
        RequirementChanged,
        RentedChanged,
        DeviceTerminated,
    )

    @classmethod
    def deploy(cls, chain: Chain, owner: AccountAPI, *, token: str | None = None) -> Self:
        """Deploy the system, owned by ``owner``, who starts with all powers.

        Args:
            chain: where.
            owner: who deploys and owns it.
            token: the address of what is staked; a new test token, owned by ``owner``, if missing.

        Raises:
            Refused: when the contract refuses these arguments.
        """
        return cls._deploy(chain, owner, token)

    @classmethod
    def establish(
        cls, chain: Chain, owner: AccountAPI, setup: Any, find: Callable[[str], AccountAPI]
    ) -> Self:
        """Deploy the system with the devices that ``setup`` names."""
        system = cls.deploy(chain, owner)
        system.furnish(owner, setup, find)
        return system

    def furnish(self, owner: AccountAPI, setup: Any, find: Callable[[str], AccountAPI]) -> None:
        """Register the devices that ``setup`` names."""
        for device, terms in setup.devices.items():
            self.register_device(owner, device, terms.multiplier, terms.cards)

    def recorded_setup(
        self, actions: list[tuple[str, dict[str, Any]]], name: Callable[[str], str]
    ) -> tuple[dict[str, Any], int]:
        """The devices that were registered first."""
        made = [what for _, what in takewhile(lambda one: one[0] == "register_device", actions)]
        devices = {
            str(what["device"]): {"cards": what["cards"], "multiplier": what["multiplier"]}
            for what in made
        }
        return {"devices": devices}, len(made)

    def next_step(self, position: Position) -> NextStep:
        """Unstake what is on a device, or one's part of it; withdraw what has left.

        An open offer is closed before that; that a device is rented ends when a registrar says so.
        """
        if position.kind is PositionKind.EXIT:
            return NextStep("withdraw", {"exit": position.id})
        if position.blocked_by == "DeviceRented":
            return NextStep("set_rented", {"device": position.id, "rented": False}, by=self.owner())
        if position.blocked_by == "OfferOpen":
            return NextStep("close_offer", {"device": position.id})
        own = position.kind is PositionKind.STAKE
        return NextStep("unstake" if own else "unstake_co_stake", {"device": position.id})

    def waits_for(self, position: Position) -> str:
        """The end of a rental, or of an offer (D-14)."""
        ends = {
            DeviceRented.__name__: "the end of the device's rental",
            OfferOpen.__name__: "the offer to be closed or accepted",
        }
        return ends.get(position.blocked_by) or super().waits_for(position)

    def since(self, position: Position, history: list[Happening]) -> int | None:
        """The second since which a position has been what it is; a stake has its device's id."""
        told = []
        for one in history:
            event = one.event
            if position.kind is PositionKind.EXIT:
                opened = isinstance(event, Unstaked | CoUnstaked) and event.exit_id == position.id
            elif position.kind is PositionKind.CO_STAKE:
                opened = isinstance(event, OfferAccepted) and event.device_id == position.id
            else:
                # What was added later does not count.
                opened = (
                    isinstance(event, Staked)
                    and event.device_id == position.id
                    and event.total == event.amount
                )
            if opened:
                told.append(one.timestamp)
        return told[-1] if told else None

    # Owner.

    @action
    def stake(self, sender: AccountAPI, device: Number, amount: Amount) -> Receipt[Staked]:
        """Stake on a device; the first stake binds it to the sender."""
        return self._act(Staked, "stake", device, amount, sender=sender)

    @action
    def unstake(self, sender: AccountAPI, device: Number) -> Receipt[Unstaked]:
        """Unstake the owner's whole stake, and the co-stake with it."""
        return self._act(Unstaked, "unstake", device, sender=sender)

    @action
    def unstake_amount(
        self, sender: AccountAPI, device: Number, amount: Amount, expected: Expected = ExitKind.ANY
    ) -> Receipt[OverflowWithdrawn | Unstaked]:
        """Take out overflow at once; or, if it is more than that, unstake everything."""
        return self._act(
            (OverflowWithdrawn, Unstaked), "unstakeAmount", device, amount, expected, sender=sender
        )

    @action
    def withdraw_overflow(self, sender: AccountAPI, device: Number) -> Receipt[OverflowWithdrawn]:
        """Take out all overflow at once."""
        return self._act(OverflowWithdrawn, "withdrawOverflow", device, sender=sender)

    @action
    def open_offer(
        self, sender: AccountAPI, device: Number, amount: Amount, share: Bps
    ) -> Receipt[OfferOpened]:
        """Offer a co-staker to add an amount for a share of the rewards."""
        return self._act(OfferOpened, "openOffer", device, amount, share, sender=sender)

    @action
    def close_offer(self, sender: AccountAPI, device: Number) -> Receipt[OfferClosed]:
        """Close the offer, while nobody has accepted it."""
        return self._act(OfferClosed, "closeOffer", device, sender=sender)

    # Co-staker.

    @action
    def accept_offer(
        self, sender: AccountAPI, device: Number, nonce: Number, amount: Amount, share: Bps
    ) -> Receipt[OfferAccepted]:
        """Accept an offer, whose terms are repeated."""
        return self._act(OfferAccepted, "acceptOffer", device, nonce, amount, share, sender=sender)

    @action
    def unstake_co_stake(self, sender: AccountAPI, device: Number) -> Receipt[CoUnstaked]:
        """Unstake the sender's co-stake."""
        return self._act(CoUnstaked, "unstakeCoStake", device, sender=sender)

    # Both.

    @action
    def withdraw(self, sender: AccountAPI, exit: PositionId) -> Receipt[Withdrawn]:  # noqa: A002
        """Withdraw what has cooled down."""
        return self._act(Withdrawn, "withdraw", exit, sender=sender)

    @action
    def claim_rewards(self, sender: AccountAPI, device: Number) -> Receipt[RewardsClaimed]:
        """Claim the sender's rewards from a device."""
        return self._act(RewardsClaimed, "claimRewards", device, sender=sender)

    # Rewarder.

    @action
    def distribute(
        self, sender: AccountAPI, device: Number, amount: Amount
    ) -> Receipt[Distributed | Skipped]:
        """Bring in rewards for a device, if it is eligible."""
        return self.distribute_many(sender, [device], [amount])

    def distribute_many(
        self, sender: AccountAPI, devices: Sequence[int], amounts: Sequence[int]
    ) -> Receipt[Distributed | Skipped]:
        """Bring in rewards for devices, amounts in wei; those that are not eligible are skipped.

        Raises:
            ValueError: when no device is named.
            Refused: when the contract refuses.
        """
        if not (devices or amounts):
            raise ValueError("there is no device to bring in rewards for")
        return self._act(
            (Distributed, Skipped), "distribute", list(devices), list(amounts), sender=sender
        )

    # Registrar.

    @action
    def register_device(
        self, sender: AccountAPI, device: Number, multiplier: Bps, cards: Number
    ) -> Receipt[DeviceRegistered]:
        """Register a device."""
        return self._act(
            DeviceRegistered, "registerDevice", device, multiplier, cards, sender=sender
        )

    @action
    def set_requirement(
        self, sender: AccountAPI, device: Number, multiplier: Bps, cards: Number
    ) -> Receipt[RequirementChanged]:
        """Change what a device requires."""
        return self._act(
            RequirementChanged, "setRequirement", device, multiplier, cards, sender=sender
        )

    @action
    def set_rented(
        self, sender: AccountAPI, device: Number, rented: Flag
    ) -> Receipt[RentedChanged]:
        """Say that a device is rented in a cluster, or no longer."""
        return self._act(RentedChanged, "setRented", device, rented, sender=sender)

    @action
    def terminate_device(self, sender: AccountAPI, device: Number) -> Receipt[DeviceTerminated]:
        """End a device for ever; nothing is unstaked."""
        return self._act(DeviceTerminated, "terminateDevice", device, sender=sender)

    # Views.

    @question
    def preview_unstake(
        self, device: Number, amount: Amount, *, block: Block = NEXT_BLOCK
    ) -> Preview:
        """What unstaking an amount would come to (D-11)."""
        kind, payout, available_at, blocked_by = self.contract.view(
            "previewUnstake", device, amount, block=block
        )
        name = self.contract.errors.name_of(blocked_by)
        return Preview(ExitKind(kind), payout, available_at, name)

    @question
    def overflow(self, device: Number, *, block: Block = NEXT_BLOCK) -> int:
        """What of the owner's stake is more than required, in wei (D-10)."""
        return int(self.contract.view("overflow", device, block=block))

    @question
    def counted_stake(self, device: Number, *, block: Block = NEXT_BLOCK) -> int:
        """What counts toward the requirement, in wei (D-7)."""
        return int(self.contract.view("countedStake", device, block=block))

    @question
    def is_eligible(self, device: Number, *, block: Block = NEXT_BLOCK) -> bool:
        """Whether the device earns (D-7)."""
        return bool(self.contract.view("isEligible", device, block=block))

    @question
    def status_of(self, device: Number, *, block: Block = NEXT_BLOCK) -> DeviceStatus:
        """What a dashboard says of the device (D-16)."""
        return DeviceStatus(self.contract.view("statusOf", device, block=block))

    @question
    def rewards_of(self, device: Number, account: Party, *, block: Block = NEXT_BLOCK) -> int:
        """What an account can claim from a device, in wei (D-6)."""
        return int(self.contract.view("rewardsOf", device, account, block=block))

    @question
    def device_of(self, device: Number, *, block: Block = NEXT_BLOCK) -> DeviceInfo:
        """A device."""
        return DeviceInfo(*self.contract.view("devices", device, block=block))

    @question
    def co_stake_of(self, device: Number, *, block: Block = NEXT_BLOCK) -> CoStakeInfo:
        """The co-stake and the offer of a device."""
        return CoStakeInfo(*self.contract.view("coStakes", device, block=block))

    @question
    def exit_of(self, exit: PositionId, *, block: Block = NEXT_BLOCK) -> Exit:  # noqa: A002
        """An exit."""
        return Exit(*self.contract.view("exits", exit, block=block))

    def name_of(self, position: Position) -> str:
        """What people call a position: a stake by its device, an exit by its number."""
        if position.kind is PositionKind.EXIT:
            return super().name_of(position)
        stake = "co-stake on " if position.kind is PositionKind.CO_STAKE else ""
        return f"{stake}device {position.id}"
