"""Liquid staking (document 003): coins in, a token out, and a queue for the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from ape.api.accounts import AccountAPI
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from unbond.amounts import LARGEST, format_amount, parse_amount, parse_share
from unbond.artifacts import container, instance
from unbond.chain import Chain, Contract
from unbond.clock import NEXT_BLOCK, Block
from unbond.errors import Refused
from unbond.positions import Position, PositionState
from unbond.speech import Speaker
from unbond.systems.base import (
    Amount,
    ArgumentKind,
    Coin,
    Event,
    NextStep,
    Number,
    NumberedSystem,
    Party,
    PositionId,
    Receipt,
    Token,
    Unit,
    action,
    question,
)
from unbond.when import DAY, format_duration, parse_duration

if TYPE_CHECKING:
    from typing_extensions import Self

MIN_STAKE = 10**18
"""The least that can be staked, in wei."""
FEE_BPS = 1500
"""The treasury's part of rewards, in 1/10 000 (L-3)."""
PAYOUT_TARGET = 35 * DAY
"""How long a request can be overtaken, in seconds (L-6)."""

_AT_ONCE = 10
"""How many requests are paid at once when nobody says how many."""


Bonds = Annotated[int, ArgumentKind.AMOUNT, Unit("aFTMb")]
Shares = Annotated[int, ArgumentKind.AMOUNT, Unit("aFTMc")]


class PayoutPolicy(IntEnum):
    """In which order requests are paid."""

    FIRST_FIT = 0
    """The oldest that wholly fits (L-5, L-6)."""
    PARTIAL_FIFO = 1
    """Strictly by age, in parts (L-7)."""


@dataclass(frozen=True)
class Request:
    """A burnt amount that waits to be paid (L-4). Amounts in wei, time in Unix time."""

    owner: str
    amount: int
    """What has not been paid."""
    claimable: int
    requested_at: int


@dataclass(frozen=True)
class Ledger:
    """Where the money is, and whose it is, in wei (L-10)."""

    delegated: int
    released: int
    free: int
    set_aside: int
    pool_value: int
    owed: int
    claimable: int


@dataclass(frozen=True)
class Staked(Event):
    """Coins were staked for bonds or certificates."""

    account: str
    token: str
    amount: int
    shares: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"staked {speaker.amount(self.amount)} for {speaker.shares(self.shares)}"


@dataclass(frozen=True)
class ToppedUp(Event):
    """Liquidity was brought for certificates."""

    account: str
    amount: int
    shares: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        amount = speaker.amount(self.amount)
        return f"brought {amount} of liquidity for {speaker.shares(self.shares)}"


@dataclass(frozen=True)
class Converted(Event):
    """Bonds became certificates, or the other way round."""

    account: str
    token: str
    shares: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"converted {speaker.shares(self.shares)}"


@dataclass(frozen=True)
class BondsSent(Event):
    """Bonds changed hands."""

    account: str
    to: str
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"sent {format_amount(self.amount, 'aFTMb')} to {speaker.person(self.to)}"


@dataclass(frozen=True)
class CertificatesSent(Event):
    """Certificates changed hands."""

    account: str
    to: str
    shares: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"sent {format_amount(self.shares, 'aFTMc')} to {speaker.person(self.to)}"


@dataclass(frozen=True)
class Burnt(Event):
    """Shares were burnt; an amount is owed for them."""

    account: str
    request_id: int
    shares: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        shares, amount = speaker.shares(self.shares), speaker.amount(self.amount)
        return f"burnt {shares}; {amount} wait to be paid as {speaker.position(self.request_id)}"


@dataclass(frozen=True)
class Paid(Event):
    """A request was paid to its owner."""

    account: str
    request_id: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"{speaker.person(self.account)} was paid {speaker.amount(self.amount)} "
            f"for {speaker.position(self.request_id)}"
        )


@dataclass(frozen=True)
class SetAside(Event):
    """A request's owner refused the coins, which wait for him now."""

    account: str
    request_id: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return (
            f"{speaker.person(self.account)} refused {speaker.amount(self.amount)} "
            f"for {speaker.position(self.request_id)}, and can claim them"
        )


@dataclass(frozen=True)
class Settled(Event):
    """Requests were served."""

    count: int
    amount: int
    liquidity: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        amount, left = speaker.amount(self.amount), speaker.amount(self.liquidity)
        return f"{amount} paid out, {left} of liquidity left"


@dataclass(frozen=True)
class Claimed(Event):
    """A request was claimed, or as much of it as there was."""

    account: str
    request_id: int
    to: str
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"claimed {speaker.amount(self.amount)} of {speaker.position(self.request_id)}"


@dataclass(frozen=True)
class Harvested(Event):
    """Rewards came from a validator."""

    validator_index: int
    rewards: int
    fee: int
    treasury_shares: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        rewards, fee = speaker.amount(self.rewards), speaker.amount(self.fee)
        return f"validator {self.validator_index} paid {rewards} of rewards, {fee} of it the fee"


@dataclass(frozen=True)
class FeeSetAside(Event):
    """The treasury refused a fee, which waits for it now."""

    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"the treasury refused {speaker.amount(self.amount)}, and can claim them"


@dataclass(frozen=True)
class FeesClaimed(Event):
    """The treasury claimed what it had refused."""

    to: str
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"claimed {speaker.amount(self.amount)} of fees"


@dataclass(frozen=True)
class Delegated(Event):
    """Coins went to a validator."""

    validator_index: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"{speaker.amount(self.amount)} went to validator {self.validator_index}"


@dataclass(frozen=True)
class Released(Event):
    """Principal came back from a validator."""

    validator_index: int
    amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        return f"{speaker.amount(self.amount)} came back from validator {self.validator_index}"


@dataclass(frozen=True)
class ReleaseScheduled(Event):
    """What the next harvest of a validator releases has changed."""

    validator_index: int
    old_amount: int
    new_amount: int

    def sentence(self, speaker: Speaker) -> str:
        """The event as people tell it."""
        amount = speaker.amount(self.new_amount)
        return f"the next harvest of validator {self.validator_index} releases {amount}"


class LockupRunning(Refused):
    """The validator's lock-up period runs until this second (L-3)."""

    until: int


class StillWaiting(Refused):
    """Nothing of the request can be claimed, both in wei (L-8)."""

    amount: int
    liquidity: int


class AlreadyPaid(Refused):
    """The request has been paid."""

    request_id: int


class LessThanAShare(Refused):
    """Nothing would be given for the amount, in wei (L-1)."""

    amount: int
    share_value: int


class SharesJustMade(Refused):
    """Shares have been made in the same transaction, which has no part in a harvest (L-3)."""


class RequestsWaiting(Refused):
    """Liquidity stays while this much is owed, in wei (L-9)."""

    owed: int


class ExceedsPrincipal(Refused):
    """The validator has less than that, both in wei."""

    amount: int
    principal: int


class PaymentRefused(Refused):
    """The receiver refuses coins (L-8)."""

    to: str


class GasTooLow(Refused):
    """A receiver might not get the gas that is promised to it (L-8)."""

    left: int
    needed: int


class ValidatorCount(Refused):
    """A pool has between one validator and this many."""

    count: int
    maximum: int


class DuplicateValidator(Refused):
    """The validator was named twice."""

    validator: str


class Uninvited(Refused):
    """Coins come in by staking, or from validators when they are asked (C-4)."""

    sender: str


class Underfunded(Refused):
    """Nobody has paid in the coins for a simulated validator's rewards, both in wei."""

    rewards: int
    funds: int


def _policy(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return PayoutPolicy[value.upper().replace(" ", "_")]
    except KeyError:
        raise ValueError(f"'{value}' is neither 'first fit' nor 'partial fifo'") from None


def _funds(value: object) -> object:
    return parse_amount(value, "FTM") if isinstance(value, str) else value


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


class ValidatorTerms(BaseModel):
    """What a scenario file says of a simulated validator."""

    model_config = ConfigDict(extra="forbid")

    lockup: Annotated[int, BeforeValidator(_duration)] = 35 * DAY
    """How long a lock-up period lasts, in seconds."""
    rate: Annotated[int, BeforeValidator(parse_share)] = 1000
    """What principal earns in 365 days, in 1/10 000."""
    funds: Annotated[int, BeforeValidator(_funds)] = 1000 * 10**18
    """What it has to pay rewards with, in wei."""


class Setup(BaseModel):
    """What a scenario file says of the deployment."""

    model_config = ConfigDict(extra="forbid")

    policy: Annotated[PayoutPolicy, BeforeValidator(_policy)] = PayoutPolicy.FIRST_FIT
    validators: list[ValidatorTerms] = Field(default_factory=lambda: [ValidatorTerms()])
    treasury: str = "treasury"
    """The role that gets the fees."""


Sent = TypeVar("Sent", BondsSent, CertificatesSent)


class LiquidStaking(NumberedSystem):
    """Liquid staking on a chain."""

    name = "liquid"
    contract_name = "LiquidStaking"
    symbol = "FTM"
    other_symbols = ("aFTMb", "aFTMc")
    powers = ("OPERATOR_ROLE", "PAUSER_ROLE")
    setup_model = Setup
    event_types: ClassVar = (
        Staked,
        ToppedUp,
        Converted,
        Burnt,
        Paid,
        SetAside,
        Settled,
        Claimed,
        Harvested,
        FeeSetAside,
        FeesClaimed,
        Delegated,
        Released,
        ReleaseScheduled,
    )

    @classmethod
    def at(cls, chain: Chain, address: str) -> Self:
        """Drive the system that is deployed at ``address`` already."""
        others = ("LockupValidator", "BondToken", "CertificateToken")
        errors = [container(name).contract_type.errors for name in others]
        contract = Contract(chain, instance(cls.contract_name, address), *errors)
        return cls(
            chain,
            contract,
            Coin(chain, cls.symbol),
            Token(chain, contract.view("bonds"), "aFTMb"),
            Token(chain, contract.view("certificates"), "aFTMc"),
        )

    @classmethod
    def deploy(
        cls,
        chain: Chain,
        owner: AccountAPI,
        *,
        validators: list[str],
        policy: PayoutPolicy = PayoutPolicy.FIRST_FIT,
        treasury: str | None = None,
    ) -> Self:
        """Deploy the system, owned by ``owner``, who starts with all powers.

        Args:
            chain: where.
            owner: who deploys and owns it.
            validators: the addresses of the validators.
            policy: in which order requests are paid.
            treasury: who gets the fees; the owner if missing.

        Raises:
            Refused: when the contract refuses these arguments.
        """
        address = str(owner.address)
        deployed = chain.deploy(
            container(cls.contract_name),
            validators,
            int(policy),
            treasury or address,
            address,
            sender=owner,
        )
        system = cls.at(chain, deployed.address)
        system.deployed = deployed
        return system

    @classmethod
    def deploy_validator(
        cls, chain: Chain, owner: AccountAPI, *, lockup: int, rate: int, funds: int = 0
    ) -> str:
        """Deploy a simulated validator and pay in ``funds`` wei for rewards; returns its address.

        Args:
            chain: where.
            owner: who deploys it and pays.
            lockup: how long a lock-up period lasts, in seconds.
            rate: what principal earns in 365 days, in 1/10 000.
            funds: in wei.
        """
        kind = container("LockupValidator")
        address = chain.deploy(kind, lockup, rate, sender=owner).address
        if funds:
            chain.transfer(owner, address, funds)
        return address

    @classmethod
    def establish(
        cls, chain: Chain, owner: AccountAPI, setup: Any, find: Callable[[str], AccountAPI]
    ) -> Self:
        """Deploy the system with the validators that ``setup`` describes."""
        validators = [
            cls.deploy_validator(
                chain, owner, lockup=terms.lockup, rate=terms.rate, funds=terms.funds
            )
            for terms in setup.validators
        ]
        treasury = str(find(setup.treasury).address)
        return cls.deploy(
            chain, owner, validators=validators, policy=setup.policy, treasury=treasury
        )

    def _token(self, symbol: str) -> Token:
        token = self.money[symbol]
        assert isinstance(token, Token)
        return token

    @property
    def doors(self) -> dict[str, Contract]:
        """The contracts, by address, that people call to do an action: the pool and its tokens."""
        tokens = {"aFTMb": "BondToken", "aFTMc": "CertificateToken"}
        addresses = {self._token(symbol).address: kind for symbol, kind in tokens.items()}
        return super().doors | {
            address: Contract(self.chain, instance(kind, address))
            for address, kind in addresses.items()
        }

    def action_at(
        self, door: str, method: str, values: list[Any], value: int = 0
    ) -> tuple[str, dict[str, Any]] | None:
        """What a call of the pool, or a transfer of one of its tokens, does."""
        if door == self.address:
            return self.action_of(method, values, value)
        if method != "transfer":
            return None
        to, number = values
        if door == self._token("aFTMb").address:
            return "send_bonds", {"to": to, "amount": number}
        return "send_certificates", {"to": to, "shares": number}

    def recorded_setup(
        self, actions: list[tuple[str, dict[str, Any]]], name: Callable[[str], str]
    ) -> tuple[dict[str, Any], int]:
        """The policy, the treasury, and the validators with all the coins for rewards they got."""
        paid: dict[int, int] = {}
        for one in self.history():
            if isinstance(one.event, Harvested):
                index = one.event.validator_index
                paid[index] = paid.get(index, 0) + one.event.rewards
        validators = []
        for index in range(self.contract.view("validatorCount")):
            address, principal, _ = self.contract.view("validators", index)
            there = Contract(self.chain, instance("LockupValidator", address))
            funds = self.chain.balance_of(address) - principal + paid.get(index, 0)
            validators.append(
                {
                    "lockup": format_duration(there.view("lockupPeriod")),
                    "rate": there.view("yearlyRateBps"),
                    "funds": format_amount(funds, self.symbol),
                }
            )
        policy = PayoutPolicy(self.contract.view("policy"))
        return {
            "policy": policy.name.lower().replace("_", " "),
            "treasury": name(self.contract.view("treasury")),
            "validators": validators,
        }, 0

    def next_step(self, position: Position) -> NextStep:
        """Claim what is there; else see to it that requests are paid, which anybody can."""
        return self.next_steps([position])[0]

    def next_steps(self, positions: Sequence[Position]) -> list[NextStep]:
        """What is done next about each of these requests.

        What is claimable is claimed. For the others, requests are paid where that pays any; else
        rewards are taken from a validator, as soon as a lock-up period has ended. Where a validator
        cannot pay its rewards, the operator takes back principal.
        """
        prospects = _Prospects(self)
        return [
            NextStep("claim", {"request": one.id, "to": self.owner_of(one.id)})
            if one.state is PositionState.CLAIMABLE
            else prospects.next_for(one.amount)
            for one in positions
        ]

    def waits_for(self, position: Position) -> str:
        """Coins, for a request that nothing has been kept for."""
        if position.blocked_by == StillWaiting.__name__:
            return "coins, which a harvest, a release or a top-up brings, and settling"
        return super().waits_for(position)

    # Staker.

    @action
    def stake_for_bonds(self, sender: AccountAPI, amount: Amount) -> Receipt[Staked]:
        """Stake for bonds, whose balance grows."""
        return self._act(Staked, "stakeForBonds", sender=sender, value=amount)

    @action
    def stake_for_certificates(self, sender: AccountAPI, amount: Amount) -> Receipt[Staked]:
        """Stake for certificates, whose value grows."""
        return self._act(Staked, "stakeForCertificates", sender=sender, value=amount)

    @action
    def bonds_to_certificates(self, sender: AccountAPI, shares: Shares) -> Receipt[Converted]:
        """Make bonds certificates."""
        return self._act(Converted, "bondsToCertificates", shares, sender=sender)

    @action
    def certificates_to_bonds(self, sender: AccountAPI, shares: Shares) -> Receipt[Converted]:
        """Make certificates bonds."""
        return self._act(Converted, "certificatesToBonds", shares, sender=sender)

    @action
    def send_bonds(self, sender: AccountAPI, to: Party, amount: Bonds) -> Receipt[BondsSent]:
        """Send bonds to somebody."""
        return self._send(BondsSent, "aFTMb", to, amount, sender)

    @action
    def send_certificates(
        self, sender: AccountAPI, to: Party, shares: Shares
    ) -> Receipt[CertificatesSent]:
        """Send certificates to somebody."""
        return self._send(CertificatesSent, "aFTMc", to, shares, sender)

    def _send(
        self, event: type[Sent], symbol: str, to: str, number: int, sender: AccountAPI
    ) -> Receipt[Sent]:
        token = self._token(symbol).contract
        receipt = token.act("transfer", to, number, sender=sender)
        # What is sent is told by the token alone.
        giver, taker, moved = next(iter(token.logs(receipt))).fields.values()
        told = event(giver, taker, moved)
        return self._receipt_with(told, (told,), receipt)

    @action
    def burn_bonds(self, sender: AccountAPI, amount: Bonds) -> Receipt[Burnt]:
        """Burn bonds for an amount of coins."""
        return self._act(Burnt, "burnBonds", amount, sender=sender)

    @action
    def burn_certificates(self, sender: AccountAPI, shares: Shares) -> Receipt[Burnt]:
        """Burn certificates for what they are worth."""
        return self._act(Burnt, "burnCertificates", shares, sender=sender)

    @action
    def claim(self, sender: AccountAPI, request: PositionId, to: Party) -> Receipt[Claimed]:
        """Claim what there is for a request."""
        return self._act(Claimed, "claim", request, to, sender=sender)

    # Anyone.

    @action
    def harvest(self, sender: AccountAPI, validator: Number) -> Receipt[Harvested]:
        """Take the rewards of a validator whose lock-up period has ended."""
        return self._act(Harvested, "harvest", validator, sender=sender)

    @action
    def settle(self, sender: AccountAPI, requests: Number) -> Receipt[Settled]:
        """Pay requests with the liquidity that is here."""
        return self._act(Settled, "settle", requests, sender=sender)

    @action
    def redelegate(self, sender: AccountAPI) -> Receipt[Delegated]:
        """Delegate all liquidity, when nobody waits."""
        return self._act(Delegated, "redelegate", sender=sender)

    @action
    def top_up(self, sender: AccountAPI, amount: Amount) -> Receipt[ToppedUp]:
        """Bring liquidity for certificates."""
        return self._act(ToppedUp, "topUp", sender=sender, value=amount)

    # Treasury and operator.

    @action
    def claim_fees(self, sender: AccountAPI, to: Party) -> Receipt[FeesClaimed]:
        """Claim the fees that the treasury refused."""
        return self._act(FeesClaimed, "claimFees", to, sender=sender)

    @action
    def release(self, sender: AccountAPI, validator: Number, amount: Amount) -> Receipt[Released]:
        """Take back principal from a validator whose lock-up period has ended."""
        return self._act(Released, "release", validator, amount, sender=sender)

    @action
    def schedule_release(
        self, sender: AccountAPI, validator: Number, amount: Amount
    ) -> Receipt[ReleaseScheduled]:
        """Let the next harvest of a validator take back principal first."""
        return self._act(ReleaseScheduled, "scheduleRelease", validator, amount, sender=sender)

    # Views.

    @question
    def pool_value(self, *, block: Block = NEXT_BLOCK) -> int:
        """What all shares are worth, in wei."""
        return int(self.contract.view("poolValue", block=block))

    @question
    def total_shares(self, *, block: Block = NEXT_BLOCK) -> int:
        """How many shares there are."""
        return int(self.contract.view("totalShares", block=block))

    @question
    def free_liquidity(self, *, block: Block = NEXT_BLOCK) -> int:
        """What is here to pay requests with, in wei."""
        return int(self.contract.view("freeLiquidity", block=block))

    @question
    def owed(self, *, block: Block = NEXT_BLOCK) -> int:
        """What requests wait for, in wei."""
        return int(self.contract.view("owed", block=block))

    @question
    def request_of(self, request: PositionId, *, block: Block = NEXT_BLOCK) -> Request:
        """A request."""
        return Request(*self.contract.view("requests", request, block=block))

    @question
    def queue_ahead(self, request: PositionId, *, block: Block = NEXT_BLOCK) -> int:
        """What older requests wait for, in wei."""
        return int(self.contract.view("queueAhead", request, block=block))

    @question
    def is_overdue(self, request: PositionId, *, block: Block = NEXT_BLOCK) -> bool:
        """Whether nobody may overtake the request any more (L-6)."""
        return bool(self.contract.view("isOverdue", request, block=block))

    @question
    def ledger(self, *, block: Block = NEXT_BLOCK) -> Ledger:
        """Where the money is, and whose it is (L-10)."""
        return Ledger(*self.contract.view("ledger", block=block))


class _Prospects:
    """What can be done at this second for those whose requests wait."""

    def __init__(self, system: LiquidStaking) -> None:
        self.system = system
        self.view = system.contract.view

    def next_for(self, amount: int) -> NextStep:
        """What brings the payment of a request of ``amount`` wei nearer."""
        if amount <= self.payable or self.source is None:
            return NextStep("settle", {"requests": _AT_ONCE})
        return self.source

    @cached_property
    def payable(self) -> int:
        """The largest request that settling now may pay, whole or in part, in wei; 0 for none."""
        try:
            _, paid = self.view("settle", _AT_ONCE)
        except Refused:
            paid = 0
        if not paid:
            return 0
        in_parts = self.view("policy") == PayoutPolicy.PARTIAL_FIFO
        return LARGEST if in_parts else self.system.free_liquidity()

    @cached_property
    def source(self) -> NextStep | None:
        """What brings liquidity first; None if no validator has anything."""
        found = []
        for index in range(self.view("validatorCount")):
            address, principal, _ = self.view("validators", index)
            if principal:
                validator = Contract(self.system.chain, instance("LockupValidator", address))
                found.append((int(validator.view("lockedUntil")), index, int(principal)))
        now = self.system.chain.now
        for opens_at, index, _ in sorted(found):
            if opens_at > now or self._pays(index):
                return NextStep("harvest", {"validator": index}, opens_at=opens_at)
        if not found:
            return None
        opens_at, index, principal = min(found)
        lacking = self.system.owed() - self.system.free_liquidity()
        arguments = {"validator": index, "amount": min(lacking, principal)}
        return NextStep("release", arguments, by=self.system.owner(), opens_at=opens_at)

    def _pays(self, index: int) -> bool:
        """Whether a validator whose lock-up period has ended can pay its rewards."""
        try:
            self.view("harvest", index)
        except Refused:
            return False
        return True
