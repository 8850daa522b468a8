"""Contracts that call a system back when it calls them, with something of everything in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tests.contracts.checks import UNLIMITED, id_of, refusal_of
from tests.contracts.delegated.checks import ANKR, MINIMUM, start_of
from tests.contracts.device.checks import CARD_REQUIRES, CO_SHARE, COOLDOWN, IO, RIG_REQUIRES
from tests.contracts.liquid.checks import COIN, FILL, PERIOD, RATE
from tests.hostile.stages import (
    FUNDS,
    LARGE,
    OTHER,
    OWN,
    SMALL,
    SPARE,
    Cast,
    delegated_of,
    device_of,
)
from unbond.chain import Contract
from unbond.systems.base import System, power_id
from unbond.systems.device import ExitKind
from unbond.systems.liquid import LiquidStaking, PayoutPolicy

if TYPE_CHECKING:
    from ethpm_types.abi import ABIType, MethodABI

    from tests.conftest import Mocks
    from unbond.errors import Refused
    from unbond.positions import Position

TAKES, REFUSES, BURNS_GAS, BOMB = range(4)
"""The manners of ``Puppet``, and of ``Patron``."""

GOVERNANCE = frozenset(
    {
        *("pause", "unpause", "grantRole", "revokeRole", "renounceRole"),
        *("transferOwnership", "acceptOwnership", "renounceOwnership"),
    }
)
"""The functions of every system that are not shut while another one runs: they move no money."""

SOMEBODY = "0x" + "5b" * 20


@dataclass(frozen=True)
class Glance:
    """What the intruder is told by a view in the middle of a call."""

    entrance: str
    """What it has called."""
    view: str
    question: tuple[Any, ...]


class Intruder(ABC):
    """A puppet with a position of each kind and every power, the ownership too."""

    system: System
    puppet: Contract
    works: dict[str, tuple[Any, ...]]
    """Functions, and the arguments with which they do something for the puppet now."""
    powers: dict[str, tuple[Any, ...]]
    """Those that are not shut while another one runs: they move no money."""
    entrances: ClassVar[frozenset[str]]
    """Those that call the puppet while they run, and let it do what it wants."""
    in_and_out: ClassVar[tuple[str, ...]]
    """Some of those: one that brings money in, and one that pays."""
    owed: tuple[int, int]
    """What the other one and the puppet have in the system together with rewards, in wei."""
    other: ClassVar[str]
    """The role of the other one who has money in the system: what there would be to steal."""
    values: ClassVar[dict[str, int]] = {}
    """What has to be sent along, in wei."""

    def __init__(self, cast: Cast) -> None:
        """Let a stranger pull the strings."""
        self.cast = cast
        self._strings = cast.account("stranger")

    @property
    def address(self) -> str:
        """Where the puppet is."""
        return self.puppet.address

    @property
    def methods(self) -> dict[str, MethodABI]:
        """All functions of the system that can change anything, by name."""
        kind = self.system.contract.instance.contract_type
        return {method.name: method for method in kind.mutable_methods}

    @property
    def guarded(self) -> list[str]:
        """Those that nobody may call while another one runs: all but :attr:`powers`."""
        return [name for name in self.methods if name not in self.powers]

    def empower(self) -> None:
        """Give the puppet every power, the ownership too, and let it be offered it once more."""
        owner = self.cast.account("owner")
        for power in self.system.powers:
            self.system.grant_role(owner, power, self.address)
        self.system.transfer_ownership(owner, self.address)
        self.act("acceptOwnership")
        self.act("transferOwnership", self.address)
        role = power_id("PAUSER_ROLE")
        governance: dict[str, tuple[Any, ...]] = {
            "pause": (),
            "unpause": (),
            "grantRole": (role, SOMEBODY),
            "revokeRole": (role, self.address),
            "renounceRole": (role, self.address),
            "transferOwnership": (SOMEBODY,),
            "acceptOwnership": (),
            "renounceOwnership": (),
        }
        assert set(governance) == GOVERNANCE
        self.powers |= governance

    def call_of(self, method: str, *arguments: Any) -> bytes:
        """The data of a call of the system."""
        return bytes(getattr(self.system.contract.instance, method).encode_input(*arguments))

    def ready_call(self, name: str) -> bytes:
        """A call of a function: with arguments that work, or with zeros where none are known."""
        known = self.works | self.powers
        arguments = known.get(name) or [zero_of(each) for each in self.methods[name].inputs]
        return self.call_of(name, *arguments)

    def act(self, method: str, *arguments: Any, value: int = 0) -> None:
        """Let the puppet call the system, and send coins along."""
        data = self.call_of(method, *arguments)
        self.puppet.act("act", self.system.address, data, sender=self._strings, value=value)

    def do(self, name: str) -> None:
        """Let the puppet call a function with arguments that work."""
        self.act(name, *self.works[name], value=self.values.get(name, 0))

    def refusal(self, name: str) -> Refused | None:
        """What that would be refused with now, if it is."""
        data, value = self.ready_call(name), self.values.get(name, 0)
        return refusal_of(
            lambda: self.puppet.view(
                "act", self.system.address, data, sender=self._strings, value=value
            )
        )

    def behave(self, manner: int) -> None:
        """Let the puppet take tokens and coins in this manner from now on."""
        self.puppet.act("behave", manner, sender=self._strings)

    def arm(self, *calls: bytes) -> None:
        """Let the puppet make these calls whenever it is called."""
        self.puppet.act("arm", self.system.address, list(calls), sender=self._strings)

    def attempts(self) -> list[tuple[bool, bytes]]:
        """What the calls came to since the puppet was armed: whether they succeeded, and answers.

        What a puppet saw in a call that failed is forgotten with it.
        """
        return [(succeeded, bytes(answer)) for succeeded, answer in self.puppet.view("attempts")]

    def refusals(self) -> list[Refused | None]:
        """The same, decoded; None for a success."""
        decode = self.system.contract.errors.decode
        return [None if succeeded else decode(answer) for succeeded, answer in self.attempts()]

    def shortfalls(self) -> int:
        """How often the puppet found the system owing more than it had."""
        return int(self.puppet.view("shortfalls"))

    def seen_now(self, glance: Glance) -> tuple[bool, bytes | Refused]:
        """What a view answers when nothing is going on."""
        data = self.call_of(glance.view, *glance.question)
        answer: bytes | None = None

        def ask() -> None:
            nonlocal answer
            answer = bytes(self.puppet.view("act", self.system.address, data))

        refusal = refusal_of(ask)
        if refusal is not None:
            return False, refusal
        assert answer is not None
        return True, answer

    def seen_within(self) -> list[tuple[bool, bytes | Refused]]:
        """What views have answered in the middle of a call."""
        return [
            (succeeded, answer if succeeded else self.system.contract.errors.decode(answer))
            for succeeded, answer in self.attempts()
        ]

    def money(self) -> tuple[object, ...]:
        """Everything that a theft would change."""
        people = (self.address, self.cast.address(self.other))
        return (
            self.system.assets(),
            self.system.liabilities(),
            [self._held(person) for person in people],
            [[_money_of(one) for one in self.system.positions_of(person)] for person in people],
        )

    def _held(self, address: str) -> int:
        """What somebody has of what is staked; of the other one's coins, what gas takes is not."""
        return self.system.token.balance_of(address)

    @abstractmethod
    def glances(self) -> list[Glance]:
        """Views that somebody might price something by."""

    @abstractmethod
    def other_leaves(self) -> int:
        """Let the other one get everything out; returns what it came to, in wei."""

    @abstractmethod
    def leave(self) -> int:
        """Let the puppet get everything out that it can now; returns the same."""


def zero_of(kind: ABIType) -> Any:
    """The least value of a type."""
    name = str(kind.type)
    if name.endswith("[]"):
        return []
    if name == "address":
        return "0x" + "00" * 20
    if name == "bool":
        return False
    if name.startswith("bytes"):
        return bytes(int(name.removeprefix("bytes") or 0))
    return 0


def _money_of(position: Position) -> tuple[object, ...]:
    """What of a position is money, and when it is due."""
    return (
        position.id,
        position.kind,
        position.amount,
        position.rewards,
        position.available_at,
    )


def _puppet_of(system: System, mocks: Mocks) -> Contract:
    """A puppet that knows the errors of a system and its own."""
    kind = system.contract.instance.contract_type
    return mocks.deploy("Puppet", kind.errors)


class DelegatedIntruder(Intruder):
    """Epoch 16: an unlocked lot (1), a matured ticket (2), a younger lot (3), with rewards.

    The puppet is the provider too, and has a commission. The delegator has a lot as large as the
    first one.
    """

    entrances = frozenset(
        {"stake", "unstake", "claim", "claimRewards", "distribute", "claimCommission"}
    )
    in_and_out = ("stake", "claim")
    owed = (5800 * ANKR, 10_200 * ANKR)
    other = "delegator"

    def __init__(self, cast: Cast, mocks: Mocks) -> None:
        """Let both stake, and distribute 10 000."""
        super().__init__(cast)
        token = mocks.deploy("HookedToken")
        system = self.system = self._system = delegated_of(cast, token)
        self.puppet = _puppet_of(system, mocks)
        owner, self._delegator = cast.account("owner"), cast.account("delegator")
        lot, ticket = id_of(self.address, 1), id_of(self.address, 2)
        self.powers = {"addProvider": (SOMEBODY, 0), "setProviderActive": (self.address, False)}
        self.works = {
            "stake": (self.address, MINIMUM),
            "unstake": (lot, MINIMUM),
            "claim": (ticket,),
            "claimRewards": (lot,),
            "restakeRewards": (lot,),
            "distribute": (self.address, 2 * MINIMUM),
            "claimCommission": (),
        }
        self.empower()
        _allow(self)
        self.act("addProvider", self.address, 500)
        system.fund(owner, self._delegator, FUNDS)
        cast.clock.at(start_of(1))
        system.stake(self._delegator, self.address, 2 * MINIMUM)
        self.act("stake", self.address, 3 * MINIMUM)
        cast.clock.at(start_of(14))
        self.act("unstake", lot, MINIMUM)
        self.act("stake", self.address, MINIMUM)
        cast.clock.at(start_of(16))
        self.act("distribute", self.address, 10 * MINIMUM)
        token.act("tell", self.address, sender=self._strings)

    def glances(self) -> list[Glance]:
        """Payments as they are previewed, and what is shown of positions."""
        lot, ticket = id_of(self.address, 1), id_of(self.address, 2)
        return [
            Glance("claim", "previewClaim", (ticket,)),
            Glance("claim", "tickets", (ticket,)),
            Glance("claimRewards", "previewClaimRewards", (lot,)),
            Glance("unstake", "stakes", (lot,)),
            Glance("unstake", "positionsOf", (self.address, 0, 9)),
            Glance("claimCommission", "providers", (self.address,)),
        ]

    def other_leaves(self) -> int:
        """2000 with 3800 of rewards."""
        system, lot = self._system, id_of(self._delegator.address, 1)
        before = system.token.balance_of(self._delegator.address)
        left = system.unstake(self._delegator, lot, 2 * MINIMUM).main
        self.cast.clock.at(left.available_at)
        system.claim(self._delegator, lot)
        return system.token.balance_of(self._delegator.address) - before

    def leave(self) -> int:
        """2000, 1000 and 1000 with 3800 and 1900 of rewards, and 500 of commission."""
        before = self._held(self.address)
        lot, ticket, young = (id_of(self.address, number) for number in (1, 2, 3))
        self.act("claim", ticket)
        self.act("claimCommission")
        self.act("unstake", lot, 2 * MINIMUM)
        self.cast.clock.at(start_of(27))
        self.act("unstake", young, MINIMUM)
        self.cast.clock.at(start_of(29))
        self.act("claim", lot)
        self.act("claim", young)
        return self._held(self.address) - before


class DeviceIntruder(Intruder):
    """The puppet owns the small device, with 50 of overflow (1), and has left the other one (2).

    It owns a device with an open offer (3), and has a co-stake of 100 on the worker's large device
    (4), with rewards for both. On his spare device the worker offers the same again.
    """

    entrances = frozenset(
        {
            "stake",
            "unstakeAmount",
            "withdrawOverflow",
            "acceptOffer",
            "withdraw",
            "claimRewards",
            "distribute",
        }
    )
    in_and_out = ("acceptOffer", "withdraw")
    owed = (1075 * IO, 775 * IO)
    other = "worker"

    def __init__(self, cast: Cast, mocks: Mocks) -> None:
        """Let both stake, and distribute 200."""
        super().__init__(cast)
        token = mocks.deploy("HookedToken")
        system = self.system = self._system = device_of(cast, token)
        self.puppet = _puppet_of(system, mocks)
        owner, self._worker = cast.account("owner"), cast.account("worker")
        share = 100 * IO
        self.powers = {
            "registerDevice": (99, 10_000, 1),
            "setRequirement": (SPARE, 160_000, 8),
            "setRented": (SPARE, True),
            "terminateDevice": (SPARE,),
        }
        self.works = {
            "stake": (SMALL, IO),
            "unstake": (SMALL,),
            "unstakeAmount": (SMALL, 50 * IO, ExitKind.OVERFLOW),
            "withdrawOverflow": (SMALL,),
            "openOffer": (SMALL, IO, CO_SHARE),
            "closeOffer": (OWN,),
            "acceptOffer": (SPARE, 1, share, CO_SHARE),
            "unstakeCoStake": (LARGE,),
            "withdraw": (id_of(self.address, 2),),
            "claimRewards": (SMALL,),
            "distribute": ([SMALL, LARGE], [share, share]),
        }
        self.empower()
        _allow(self)
        system.fund(owner, self._worker, FUNDS)
        self.act("stake", SMALL, 250 * IO)
        self.act("stake", OTHER, share)
        self.act("unstake", OTHER)
        self.act("stake", OWN, CARD_REQUIRES)
        self.act("openOffer", OWN, share, CO_SHARE)
        system.stake(self._worker, LARGE, RIG_REQUIRES)
        system.open_offer(self._worker, LARGE, share, CO_SHARE)
        self.act("acceptOffer", LARGE, 1, share, CO_SHARE)
        system.stake(self._worker, SPARE, CARD_REQUIRES)
        system.open_offer(self._worker, SPARE, share, CO_SHARE)
        self.act("distribute", [SMALL, LARGE], [share, share])
        cast.clock.travel(seconds=COOLDOWN)
        token.act("tell", self.address, sender=self._strings)

    def glances(self) -> list[Glance]:
        """Payments as they are shown by devices, exits and positions."""
        return [
            Glance("withdraw", "exits", (id_of(self.address, 2),)),
            Glance("withdraw", "devices", (OTHER,)),
            Glance("claimRewards", "positionsOf", (self.address, 0, 9)),
            Glance("claimRewards", "rewardsOf", (SMALL, self.address)),
            Glance("withdrawOverflow", "overflow", (SMALL,)),
            Glance("unstakeAmount", "positionsOf", (self.address, 0, 9)),
        ]

    def other_leaves(self) -> int:
        """800 and 200 with 75 of rewards; the co-stake leaves too."""
        system, worker = self._system, self._worker
        before = system.token.balance_of(worker.address)
        system.close_offer(worker, SPARE)
        system.unstake(worker, SPARE)
        self.cast.clock.at(system.unstake(worker, LARGE).main.available_at)
        for number in (1, 2):
            system.withdraw(worker, id_of(worker.address, number))
        system.claim_rewards(worker, LARGE)
        return system.token.balance_of(worker.address) - before

    def leave(self) -> int:
        """250, 100, 200 and 100 with 100 and 25 of rewards."""
        before = self._held(self.address)
        self.act("withdraw", id_of(self.address, 2))
        self.act("withdrawOverflow", SMALL)
        for where in (SMALL, LARGE):
            self.act("claimRewards", where)
        self.act("closeOffer", OWN)
        for where in (SMALL, OWN):
            self.act("unstake", where)
        self.cast.clock.travel(seconds=COOLDOWN)
        for number in (1, 3, 4):
            self.act("withdraw", id_of(self.address, number))
        return self._held(self.address) - before


class LiquidIntruder(Intruder):
    """The puppet holds 90 certificates and 10 bonds, and a request of 10 that has been filled.

    It is the treasury too, and has a fee to claim. The delegator holds 100 certificates. The second
    lock-up period has just ended. What the puppet is sent with little gas is no entrance: it cannot
    do anything with it.
    """

    entrances = frozenset({"claim", "claimFees"})
    in_and_out = ("claim", "claimFees")
    other = "delegator"
    values: ClassVar[dict[str, int]] = {
        "stakeForBonds": COIN,
        "stakeForCertificates": COIN,
        "topUp": COIN,
    }

    def __init__(self, cast: Cast, mocks: Mocks) -> None:
        """Let both stake, and harvest once."""
        super().__init__(cast)
        chain, owner = cast.chain, cast.account("owner")
        bare = mocks.deploy("Puppet")
        self._delegator = cast.account("delegator")
        validator = LiquidStaking.deploy_validator(
            chain, owner, lockup=PERIOD, rate=RATE, funds=FILL
        )
        system = self.system = self._system = LiquidStaking.deploy(
            chain,
            owner,
            validators=[validator],
            policy=PayoutPolicy.PARTIAL_FIFO,
            treasury=bare.address,
        )
        errors = system.contract.instance.contract_type.errors
        self.puppet = Contract(chain, bare.instance, errors)
        request = id_of(self.address, 1)
        self.powers = {}
        self.works = {
            "stakeForBonds": (),
            "stakeForCertificates": (),
            "bondsToCertificates": (1,),
            "certificatesToBonds": (1,),
            "burnBonds": (1,),
            "burnCertificates": (1,),
            "claim": (request, self.address),
            "claimFees": (self.address,),
            "harvest": (0,),
            "settle": (1,),
            "redelegate": (),
            "topUp": (),
            "release": (0, 1),
            "scheduleRelease": (0, 1),
        }
        self.empower()
        self.act("stakeForCertificates", value=100 * COIN)
        self.act("stakeForBonds", value=10 * COIN)
        system.stake_for_certificates(self._delegator, 100 * COIN)
        self.act("burnCertificates", 10 * COIN)
        self.behave(REFUSES)
        cast.clock.travel(seconds=PERIOD)
        harvested = system.harvest(self._delegator, 0).main
        value = 200 * COIN + harvested.rewards - harvested.fee
        self.owed = value // 2, value - value // 2 + 10 * COIN + harvested.fee
        self.behave(TAKES)
        system.settle(self._delegator, 1)
        cast.clock.travel(seconds=PERIOD)

    def _held(self, address: str) -> int:
        """The puppet's coins; the other one pays for gas with his, which are left out."""
        return self.cast.chain.balance_of(address) if address == self.address else 0

    def money(self) -> tuple[object, ...]:
        """Everything that a theft would change, shares too."""
        return (*super().money(), self._system.ledger(), self._system.total_shares())

    def glances(self) -> list[Glance]:
        """The books and the rate, and what can be claimed."""
        request = id_of(self.address, 1)
        return [
            Glance("claim", "previewClaim", (request,)),
            Glance("claim", "positionsOf", (self.address, 0, 9)),
            Glance("claim", "ledger", ()),
            Glance("claim", "sharesToAmount", (COIN,)),
            Glance("claimFees", "claimableFees", ()),
            Glance("claimFees", "ledger", ()),
        ]

    def _bring_what_lacks(self) -> None:
        """Release what the queue waits for and rewards do not pay."""
        self.act("release", 0, self._system.owed() - self._system.free_liquidity())

    def other_leaves(self) -> int:
        """What 100 certificates are worth, from the head of the queue."""
        system, holder = self._system, self._delegator
        burnt = system.burn_certificates(holder, 100 * COIN).main
        self._bring_what_lacks()
        system.settle(holder, 1)
        claimed = system.claim(holder, burnt.request_id, SOMEBODY).main
        assert self.cast.chain.balance_of(SOMEBODY) == claimed.amount == burnt.amount
        return burnt.amount

    def leave(self) -> int:
        """The fee, the request, and what 90 certificates and 10 bonds are worth."""
        before, bonds = self._held(self.address), 10 * COIN
        self.act("claim", id_of(self.address, 1), self.address)
        self.act("claimFees", self.address)
        self.act("bondsToCertificates", bonds)
        self.act("burnCertificates", 100 * COIN)
        self._bring_what_lacks()
        self.act("settle", 1)
        place = self._system.contract.view("lastPlace")
        self.act("claim", id_of(self.address, place), self.address)
        return self._held(self.address) - before


def _allow(intruder: DelegatedIntruder | DeviceIntruder) -> None:
    """Give the puppet tokens, and let the system take them."""
    token, owner = intruder.system.token, intruder.cast.account("owner")
    token.mint(owner, intruder.address, FUNDS)
    data = bytes(token.contract.instance.approve.encode_input(intruder.system.address, UNLIMITED))
    stranger = intruder.cast.account("stranger")
    intruder.puppet.act("act", token.address, data, sender=stranger)


class _Made(Protocol):
    """How an intruder is made."""

    def __call__(self, cast: Cast, mocks: Mocks) -> Intruder: ...


INTRUDERS: dict[str, _Made] = {
    "delegated": DelegatedIntruder,
    "device": DeviceIntruder,
    "liquid": LiquidIntruder,
}
"""By the name of the system."""
