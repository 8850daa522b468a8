"""Delegated staking (document 002): a lock of 12 epochs, then an undelegation of one."""

from __future__ import annotations

from collections.abc import Callable
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
    Bps,
    Event,
    Flag,
    Moment,
    NextStep,
    NumberedSystem,
    Party,
    PositionId,
    Receipt,
    action,
    question,
)
from unbond.when import DAY, WEEK

if TYPE_CHECKING:
    from typing_extensions import Self

    from unbond.chain import Chain

EPOCH = WEEK
"""The length of an epoch, in seconds (E-1)."""
LOCK_EPOCHS = 12
"""How many whole epochs a lot is locked after its own (E-2)."""
UNDELEGATE_EPOCHS = 1
"""How many whole epochs a ticket waits after its own (E-4)."""
MIN_STAKE = 1000 * 10**18
"""The least that can be staked, or stay in a lot, in wei (E-3)."""

_FIRST_MONDAY = 4 * DAY


class RowStatus(IntEnum):
    """What one provider's row says of an account's lots (E-6)."""

    NONE = 0
    LOCKED = 1
    PARTIALLY_UNLOCKED = 2
    UNLOCKED = 3


@dataclass(frozen=True)
class Stake:
    """A lot: one staking transaction (E-2). Amounts in wei, times in Unix time."""

    owner: str
    provider: str
    amount: int
    rewards: int
    epoch: int
    unlocks_at: int
    rewards_open_at: int


@dataclass(frozen=True)
class Ticket:
    """An unstaked amount on its way (E-4). Amount in wei, time in Unix time."""

    owner: str
    amount: int
    available_at: int


@dataclass(frozen=True)
class ProviderInfo:
    """A provider. Amounts in wei."""

    active: bool
    commission_bps: int
    staked: int
    earning: int
    commission: int


@dataclass(frozen=True)
class ProviderRow:
    """What an account has staked with one provider, in wei (E-6)."""

    total: int
    unlocked: int
    locked: int
    status: RowStatus


@dataclass(frozen=True)
class Staked(Event):
    """A new lot."""

    account: str
    provider: str
    stake_id: int
    amount: int
    unlocks_at: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"staked {speaker.amount(self.amount)} with {speaker.person(self.provider)} "
            f"as {speaker.position(self.stake_id)}; unlocks {speaker.moment(self.unlocks_at)}"
        )


@dataclass(frozen=True)
class Unstaked(Event):
    """A lot, or a part of it, became a ticket."""

    account: str
    stake_id: int
    ticket_id: int
    amount: int
    available_at: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"unstaked {speaker.amount(self.amount)} of {speaker.position(self.stake_id)}; "
            f"claimable from {speaker.moment(self.available_at)}"
        )


@dataclass(frozen=True)
class Claimed(Event):
    """A ticket was paid."""

    account: str
    ticket_id: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"claimed {speaker.amount(self.amount)}"


@dataclass(frozen=True)
class RewardsClaimed(Event):
    """A lot's rewards were paid."""

    account: str
    stake_id: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"was paid {speaker.amount(self.amount)} of rewards"


@dataclass(frozen=True)
class RewardsRestaked(Event):
    """A lot's rewards became a new lot."""

    account: str
    stake_id: int
    new_stake_id: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"restaked {speaker.amount(self.amount)} of rewards"


@dataclass(frozen=True)
class Distributed(Event):
    """Rewards came in."""

    provider: str
    epoch: int
    amount: int
    commission: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"distributed {speaker.amount(self.amount)} to the lots of "
            f"{speaker.person(self.provider)}, {speaker.amount(self.commission)} of it commission"
        )


@dataclass(frozen=True)
class CommissionClaimed(Event):
    """A provider was paid its commission."""

    provider: str
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"was paid {speaker.amount(self.amount)} of commission"


@dataclass(frozen=True)
class ProviderAdded(Event):
    """A provider was added."""

    provider: str
    commission_bps: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"{speaker.person(self.provider)} is a provider now"


@dataclass(frozen=True)
class ProviderActiveChanged(Event):
    """A provider takes new stakes from now on, or no longer."""

    provider: str
    old_active: bool
    new_active: bool

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        word = "takes new stakes" if self.new_active else "takes no new stakes"
        return f"{speaker.person(self.provider)} {word}"


class StillLocked(Refused):
    """The lot, or its rewards, cannot leave before this second (E-3, E-8)."""

    unlocks_at: int


class StillUndelegating(Refused):
    """The ticket cannot be claimed before this second (E-4)."""

    available_at: int


class RemainderBelowMinimum(Refused):
    """What would stay in the lot is under the minimum and not nothing, both in wei (E-3)."""

    remainder: int
    minimum: int


class ExceedsStake(Refused):
    """More was asked for than is in the lot, both in wei."""

    amount: int
    staked: int


class AlreadyUnstaked(Refused):
    """Nothing of this lot is left to unstake."""

    stake_id: int


class AlreadyClaimed(Refused):
    """This ticket has been paid."""

    ticket_id: int


class NothingStaked(Refused):
    """No lot of this provider earns at this second (E-7)."""


class UnknownProvider(Refused):
    """There is no such provider."""

    provider: str


class ProviderExists(Refused):
    """The provider is there already."""

    provider: str


class ProviderInactive(Refused):
    """The provider takes no new stakes (E-10)."""

    provider: str


class CommissionTooHigh(Refused):
    """The commission is over the maximum, both in 1/10 000."""

    commission_bps: int
    maximum: int


class OriginNotMonday(Refused):
    """Epochs begin on a Monday at 00:00 UTC; this second is not one."""

    origin: int


class OriginInFuture(Refused):
    """Epochs cannot begin in the future."""

    origin: int
    current_time: int


class Setup(BaseModel):
    """What a scenario file can say of the deployment."""

    model_config = ConfigDict(extra="forbid", strict=True)

    lock_rewards: bool = True
    """Whether rewards are locked as long as their lot (E-8)."""
    providers: dict[str, Annotated[int, BeforeValidator(parse_share)]] = {"provider": 0}
    """Roles that are providers, with their commission in 1/10 000 or as ``5 %``."""


def monday_of(moment: int) -> int:
    """The Monday 00:00 UTC at or before ``moment``, in Unix time."""
    return moment - (moment - _FIRST_MONDAY) % EPOCH


class DelegatedStaking(NumberedSystem):
    """A deployed ``DelegatedStaking``. Amounts are in wei, times in Unix time."""

    name = "delegated"
    contract_name = "DelegatedStaking"
    symbol = "ANKR"
    powers = ("REGISTRAR_ROLE", "REWARDER_ROLE", "PAUSER_ROLE")
    setup_model = Setup
    furnished = ("providers",)
    showcase: ClassVar = {"providers": {"provider": "5 %"}}
    command_names: ClassVar = {"claim_rewards": "rewards", "restake_rewards": "restake"}
    event_types = (
        Staked,
        Unstaked,
        Claimed,
        RewardsClaimed,
        RewardsRestaked,
        Distributed,
        CommissionClaimed,
        ProviderAdded,
        ProviderActiveChanged,
    )

    @classmethod
    def deploy(
        cls,
        chain: Chain,
        owner: AccountAPI,
        *,
        token: str | None = None,
        origin: int | None = None,
        lock_rewards: bool = True,
    ) -> Self:
        """Deploy the system, owned by ``owner``, who starts with all powers.

        Args:
            chain: where.
            owner: who deploys and owns it.
            token: the address of what is staked; a new test token, owned by ``owner``, if missing.
            origin: the first second of epoch 0; the present week's Monday if missing.
            lock_rewards: whether rewards are locked as long as their lot (E-8).

        Raises:
            Refused: when the contract refuses these arguments.
        """
        if origin is None:
            origin = monday_of(chain.now)
        return cls._deploy(chain, owner, token, origin, lock_rewards)

    @classmethod
    def establish(
        cls, chain: Chain, owner: AccountAPI, setup: Any, find: Callable[[str], AccountAPI]
    ) -> Self:
        """Deploy the system with the providers that ``setup`` names."""
        system = cls.deploy(chain, owner, lock_rewards=setup.lock_rewards)
        system.furnish(owner, setup, find)
        return system

    def furnish(self, owner: AccountAPI, setup: Any, find: Callable[[str], AccountAPI]) -> None:
        """Add the providers that ``setup`` names."""
        for role, commission_bps in setup.providers.items():
            self.add_provider(owner, str(find(role).address), commission_bps)

    def recorded_setup(
        self, actions: list[tuple[str, dict[str, Any]]], name: Callable[[str], str]
    ) -> tuple[dict[str, Any], int]:
        """The providers that were added first, and whether rewards are locked."""
        added = [what for _, what in takewhile(lambda one: one[0] == "add_provider", actions)]
        setup: dict[str, Any] = {} if self.contract.view("lockRewards") else {"lock_rewards": False}
        setup["providers"] = {what["provider"]: what["commission"] for what in added}
        return setup, len(added)

    def next_step(self, position: Position) -> NextStep:
        """Unstake a lot, whole; claim a ticket."""
        if position.kind is PositionKind.EXIT:
            return NextStep("claim", {"ticket": position.id})
        return NextStep("unstake", {"stake": position.id, "amount": position.amount})

    # Staker.

    @action
    def stake(self, sender: AccountAPI, provider: Party, amount: Amount) -> Receipt[Staked]:
        """Stake with a provider as a new lot."""
        return self._act(Staked, "stake", provider, amount, sender=sender)

    @action
    def unstake(self, sender: AccountAPI, stake: PositionId, amount: Amount) -> Receipt[Unstaked]:
        """Unstake an unlocked lot or a part of it; its rewards are paid at once."""
        return self._act(Unstaked, "unstake", stake, amount, sender=sender)

    @action
    def claim(self, sender: AccountAPI, ticket: PositionId) -> Receipt[Claimed]:
        """Claim what was unstaked."""
        return self._act(Claimed, "claim", ticket, sender=sender)

    @action
    def claim_rewards(self, sender: AccountAPI, stake: PositionId) -> Receipt[RewardsClaimed]:
        """Claim the rewards of a lot."""
        return self._act(RewardsClaimed, "claimRewards", stake, sender=sender)

    @action
    def restake_rewards(self, sender: AccountAPI, stake: PositionId) -> Receipt[RewardsRestaked]:
        """Make the rewards of a lot a new lot."""
        return self._act(RewardsRestaked, "restakeRewards", stake, sender=sender)

    # Provider and rewarder.

    @action
    def distribute(
        self, sender: AccountAPI, provider: Party, amount: Amount
    ) -> Receipt[Distributed]:
        """Bring in rewards for the lots of a provider that earn now."""
        return self._act(Distributed, "distribute", provider, amount, sender=sender)

    @action
    def claim_commission(self, sender: AccountAPI) -> Receipt[CommissionClaimed]:
        """Claim the commission of the sender, a provider."""
        return self._act(CommissionClaimed, "claimCommission", sender=sender)

    # Registrar.

    @action
    def add_provider(
        self, sender: AccountAPI, provider: Party, commission: Bps
    ) -> Receipt[ProviderAdded]:
        """Add a provider, with a commission that never changes."""
        return self._act(ProviderAdded, "addProvider", provider, commission, sender=sender)

    @action
    def set_provider_active(
        self, sender: AccountAPI, provider: Party, active: Flag
    ) -> Receipt[ProviderActiveChanged]:
        """Let a provider take new stakes, or no longer."""
        return self._act(
            ProviderActiveChanged, "setProviderActive", provider, active, sender=sender
        )

    # Views.

    @question
    def epoch_at(self, moment: Moment) -> int:
        """The number of the epoch that holds a moment (E-1)."""
        return int(self.contract.view("epochAt", moment))

    def epoch_start(self, epoch: int) -> int:
        """The first second of an epoch (E-1)."""
        return int(self.contract.view("epochStart", epoch))

    @question
    def stake_of(self, stake: PositionId, *, block: Block = NEXT_BLOCK) -> Stake:
        """A lot."""
        return Stake(*self.contract.view("stakes", stake, block=block))

    @question
    def ticket_of(self, ticket: PositionId, *, block: Block = NEXT_BLOCK) -> Ticket:
        """A ticket."""
        return Ticket(*self.contract.view("tickets", ticket, block=block))

    @question
    def provider_of(self, provider: Party, *, block: Block = NEXT_BLOCK) -> ProviderInfo:
        """A provider."""
        return ProviderInfo(*self.contract.view("providers", provider, block=block))

    @question
    def provider_row(
        self, account: Party, provider: Party, *, block: Block = NEXT_BLOCK
    ) -> ProviderRow:
        """What an account has staked with one provider (E-6)."""
        row = self.contract.view("providerRow", account, provider, block=block)
        total, unlocked, locked, status = row
        return ProviderRow(total, unlocked, locked, RowStatus(status))

    def preview_stake(self, provider: str, amount: int) -> int:
        """When a lot staked now would unlock.

        Raises:
            Refused: as :meth:`stake` would be.
        """
        return int(self.contract.view("previewStake", provider, amount))

    def preview_unstake(self, stake: int, amount: int) -> tuple[int, int]:
        """The rewards that unstaking now would pay, and when the ticket could be claimed.

        Raises:
            Refused: as :meth:`unstake` by the owner would be.
        """
        rewards, available_at = self.contract.view("previewUnstake", stake, amount)
        return rewards, available_at

    def preview_claim(self, ticket: int) -> int:
        """What claiming now would pay.

        Raises:
            Refused: as :meth:`claim` by the owner would be.
        """
        return int(self.contract.view("previewClaim", ticket))

    def preview_claim_rewards(self, stake: int) -> int:
        """The rewards that claiming now would pay.

        Raises:
            Refused: as :meth:`claim_rewards` by the owner would be.
        """
        return int(self.contract.view("previewClaimRewards", stake))

    def preview_restake_rewards(self, stake: int) -> tuple[int, int]:
        """The amount of the lot that restaking now would open, and when it would unlock.

        Raises:
            Refused: as :meth:`restake_rewards` by the owner would be.
        """
        amount, unlocks_at = self.contract.view("previewRestakeRewards", stake)
        return amount, unlocks_at
