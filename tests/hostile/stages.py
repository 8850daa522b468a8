"""Systems that hold a token of a test's choice, with people in every state in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tests.contracts.checks import id_of, refusal_of
from tests.contracts.delegated.checks import ANKR, ORIGIN, start_of
from tests.contracts.device.checks import CO_SHARE, IO
from unbond.chain import Contract
from unbond.systems.base import Token
from unbond.systems.delegated import DelegatedStaking
from unbond.systems.device import DeviceStaking, ExitKind

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.errors import Refused
    from unbond.roles import Roles
    from unbond.systems.base import System

FUNDS = 100_000 * 10**18
"""What everybody starts with, in wei."""

SMALL, LARGE, OTHER, SPARE, OWN = 7, 8, 9, 10, 11
"""Devices: the large one requires 800, all others 200."""


@dataclass(frozen=True)
class Cast:
    """Everybody by role, and the chain on which they act."""

    chain: Chain
    clock: Clock
    roles: Roles

    def account(self, role: str) -> AccountAPI:
        """The account with this role."""
        return self.roles.account(role)

    def address(self, role: str) -> str:
        """Its address."""
        return self.roles.address(role)


@dataclass(frozen=True)
class Deed:
    """Something that a person does, which moves tokens of his or to him."""

    who: str
    amount: int
    """How much, in wei: what he brings, or gets."""
    action: Callable[..., object]
    arguments: tuple[Any, ...]

    def do(self) -> None:
        """Do it."""
        self.action(*self.arguments)

    def refusal(self) -> Refused | None:
        """What it is refused with, if it is."""
        return refusal_of(self.action, *self.arguments)


@dataclass(frozen=True)
class Step:
    """What somebody does to get his money out; ``opens_at`` a second, 0 if it is open now."""

    who: str
    opens_at: int
    action: Callable[..., object]
    arguments: tuple[Any, ...]


def known(chain: Chain, plain: DelegatedStaking | DeviceStaking, token: Contract) -> Contract:
    """The system's contract, with the errors of its token."""
    return Contract(chain, plain.contract.instance, token.instance.contract_type.errors)


def delegated_of(cast: Cast, token: Contract) -> DelegatedStaking:
    """Delegated staking of ``token``, all roles with its owner."""
    plain = DelegatedStaking.deploy(
        cast.chain, cast.account("owner"), token=token.address, origin=ORIGIN
    )
    contract = known(cast.chain, plain, token)
    return DelegatedStaking(cast.chain, contract, Token(cast.chain, token.address, "ANKR"))


def device_of(cast: Cast, token: Contract) -> DeviceStaking:
    """Device staking of ``token``, all roles with its owner, and five devices."""
    owner = cast.account("owner")
    plain = DeviceStaking.deploy(cast.chain, owner, token=token.address)
    contract = known(cast.chain, plain, token)
    system = DeviceStaking(cast.chain, contract, Token(cast.chain, token.address, "IO"))
    for where in (SMALL, LARGE, OTHER, SPARE, OWN):
        system.register_device(owner, where, 10_000, 4 if where == LARGE else 1)
    return system


class Stage(ABC):
    """A system in which everybody can be paid something, and somebody can come in."""

    share: ClassVar[int]
    """What each of the deposits brings, in wei."""
    stakers: ClassVar[tuple[str, ...]]
    """The roles of those who have something in it."""
    entitled: ClassVar[dict[str, int]]
    """What they are owed, by role, in wei."""
    system: System

    def __init__(self, cast: Cast, token: Contract) -> None:
        """Let people stake ``token``."""
        self.cast = cast
        self.token = token

    @abstractmethod
    def deposits(self) -> list[Deed]:
        """Every way to bring :attr:`share` in now."""

    @abstractmethod
    def payments(self) -> list[Deed]:
        """Every way to be paid now, one for each that can be."""

    @abstractmethod
    def tiny_deposit(self, amount: int) -> Deed:
        """A way to bring in as little as that, in wei."""

    @abstractmethod
    def ways_out(self) -> Iterator[Step]:
        """What everybody does, in order, to get everything out."""

    def behave(self, manner: int) -> None:
        """Let the token behave in this manner from now on."""
        self.token.act("behave", manner, sender=self.cast.account("stranger"))

    def give(self, amount: int) -> None:
        """Send the system tokens that it has not asked for."""
        self.system.token.mint(self.cast.account("stranger"), self.system.address, amount)

    def look(self) -> tuple[object, ...]:
        """What the system says of itself and of everybody in it."""
        people = (*self.stakers, "latecomer", "owner")
        return (
            self.system.liabilities(),
            {who: self.system.positions_of(self.cast.address(who)) for who in people},
        )

    def held(self) -> dict[str, int]:
        """What those who are owed something hold of the token, in wei."""
        token = self.system.token
        return {who: token.balance_of(self.cast.address(who)) for who in self.entitled}

    def dismiss(self, outcast: str = "") -> list[Refused]:
        """Let everybody get everything out, and see that it is what they were owed.

        Returns what the ``outcast``, who may not be able to, is refused with.
        """
        before, refusals = self.held(), []
        for step in self.ways_out():
            if step.opens_at > self.cast.clock.now:
                self.cast.clock.at(step.opens_at)
            refusal = refusal_of(step.action, *step.arguments)
            if refusal is not None:
                assert step.who == outcast, refusal
                refusals.append(refusal)
        got = {who: held - before[who] for who, held in self.held().items()}
        assert got == {who: owed for who, owed in self.entitled.items() if who != outcast} | (
            {outcast: 0} if outcast else {}
        )
        return refusals

    def pardon(self, outcast: str) -> int:
        """Let the one who could not get his money out try again; returns what he gets, in wei."""
        before = self.held()[outcast]
        for _ in range(3):
            for step in self.ways_out():
                if step.who == outcast:
                    refusal_of(step.action, *step.arguments)
            self.cast.clock.travel(days=14)
        return self.held()[outcast] - before


class DelegatedStage(Stage):
    """Epoch 16: a claimable ticket, an unlocked lot, a locked lot, rewards and a commission."""

    share = 1000 * ANKR
    stakers = ("delegator", "latecomer", "provider")
    entitled: ClassVar[dict[str, int]] = {
        "delegator": 2950 * ANKR,
        "latecomer": 1950 * ANKR,
        "provider": 100 * ANKR,
    }

    def __init__(self, cast: Cast, token: Contract) -> None:
        """Let two people stake; the provider takes 5 %."""
        super().__init__(cast, token)
        system = self.system = self._system = delegated_of(cast, token)
        owner, self._provider = cast.account("owner"), cast.account("provider")
        self._delegator, self._latecomer = cast.account("delegator"), cast.account("latecomer")
        self._lot, self._ticket = (id_of(self._delegator.address, number) for number in (1, 2))
        self._young = id_of(self._latecomer.address, 1)
        system.add_provider(owner, self._provider.address, 500)
        for person in (owner, self._delegator, self._latecomer):
            system.fund(owner, person, FUNDS)
        cast.clock.at(start_of(1))
        system.stake(self._delegator, self._provider.address, 2 * self.share)
        cast.clock.at(start_of(14))
        system.unstake(self._delegator, self._lot, self.share)
        system.stake(self._latecomer, self._provider.address, self.share)
        cast.clock.at(start_of(16))
        system.distribute(owner, self._provider.address, 2 * self.share)
        assert system.liabilities() == sum(self.entitled.values())

    def deposits(self) -> list[Deed]:
        """A stake and rewards."""
        where, owner = self._provider.address, self.cast.account("owner")
        stake, distribute = self._system.stake, self._system.distribute
        return [
            Deed("latecomer", self.share, stake, (self._latecomer, where, self.share)),
            Deed("owner", self.share, distribute, (owner, where, self.share)),
        ]

    def tiny_deposit(self, amount: int) -> Deed:
        """Rewards."""
        arguments = (self.cast.account("owner"), self._provider.address, amount)
        return Deed("owner", amount, self._system.distribute, arguments)

    def payments(self) -> list[Deed]:
        """A ticket, rewards, the rewards of what is unstaked, and a commission."""
        system, person = self._system, self._delegator
        return [
            Deed("delegator", 1000 * ANKR, system.claim, (person, self._ticket)),
            Deed("delegator", 950 * ANKR, system.claim_rewards, (person, self._lot)),
            Deed("delegator", 950 * ANKR, system.unstake, (person, self._lot, self.share)),
            Deed("provider", 100 * ANKR, system.claim_commission, (self._provider,)),
        ]

    def ways_out(self) -> Iterator[Step]:
        """The older lot now, the younger one in epoch 27."""
        system, old, young = self._system, self._delegator, self._latecomer
        yield Step("delegator", 0, system.claim, (old, self._ticket))
        yield Step("delegator", 0, system.unstake, (old, self._lot, self.share))
        yield Step("provider", 0, system.claim_commission, (self._provider,))
        yield Step("latecomer", start_of(27), system.unstake, (young, self._young, self.share))
        yield Step("latecomer", start_of(29), system.claim, (young, self._young))
        yield Step("delegator", 0, system.claim, (old, self._lot))


class DeviceStage(Stage):
    """Two on the large device, with rewards; an offer; an exit that can be withdrawn."""

    share = 100 * IO
    stakers = ("worker", "co_staker", "latecomer")
    entitled: ClassVar[dict[str, int]] = {
        "worker": 1075 * IO,
        "co_staker": 325 * IO,
        "latecomer": 200 * IO,
    }

    def __init__(self, cast: Cast, token: Contract) -> None:
        """Let three people stake; the co-staker gets a quarter."""
        super().__init__(cast, token)
        system = self.system = self._system = device_of(cast, token)
        owner, self._worker = cast.account("owner"), cast.account("worker")
        self._co_staker, self._latecomer = cast.account("co_staker"), cast.account("latecomer")
        self._ready = id_of(self._latecomer.address, 1)
        for person in (owner, self._worker, self._co_staker, self._latecomer):
            system.fund(owner, person, FUNDS)
        system.stake(self._latecomer, OTHER, 200 * IO)
        cast.clock.at(system.unstake(self._latecomer, OTHER).main.available_at)
        system.stake(self._worker, LARGE, 800 * IO)
        nonce = system.open_offer(self._worker, LARGE, 300 * IO, CO_SHARE).main.nonce
        system.accept_offer(self._co_staker, LARGE, nonce, 300 * IO, CO_SHARE)
        system.stake(self._worker, SMALL, 200 * IO)
        self._nonce = system.open_offer(self._worker, SMALL, self.share, CO_SHARE).main.nonce
        system.distribute(owner, LARGE, 100 * IO)
        assert system.liabilities() == sum(self.entitled.values())

    def deposits(self) -> list[Deed]:
        """A stake, a co-stake and rewards."""
        system, newcomer, amount = self._system, self._latecomer, self.share
        accept = (newcomer, SMALL, self._nonce, amount, CO_SHARE)
        owner = self.cast.account("owner")
        return [
            Deed("latecomer", amount, system.stake, (newcomer, SPARE, amount)),
            Deed("latecomer", amount, system.accept_offer, accept),
            Deed("owner", amount, system.distribute, (owner, LARGE, amount)),
        ]

    def tiny_deposit(self, amount: int) -> Deed:
        """A stake."""
        return Deed("latecomer", amount, self._system.stake, (self._latecomer, SPARE, amount))

    def payments(self) -> list[Deed]:
        """An exit, rewards of both, and overflow in either way."""
        system, worker = self._system, self._worker
        overflow = (worker, LARGE, 300 * IO, ExitKind.OVERFLOW)
        return [
            Deed("latecomer", 200 * IO, system.withdraw, (self._latecomer, self._ready)),
            Deed("worker", 75 * IO, system.claim_rewards, (worker, LARGE)),
            Deed("co_staker", 25 * IO, system.claim_rewards, (self._co_staker, LARGE)),
            Deed("worker", 300 * IO, system.withdraw_overflow, (worker, LARGE)),
            Deed("worker", 300 * IO, system.unstake_amount, overflow),
        ]

    def ways_out(self) -> Iterator[Step]:
        """Everybody leaves now, and withdraws 14 days later."""
        system, worker, co_staker = self._system, self._worker, self._co_staker
        first, second = (id_of(worker.address, number) for number in (1, 2))
        theirs = id_of(co_staker.address, 1)
        yield Step("latecomer", 0, system.withdraw, (self._latecomer, self._ready))
        yield Step("worker", 0, system.claim_rewards, (worker, LARGE))
        yield Step("co_staker", 0, system.claim_rewards, (co_staker, LARGE))
        yield Step("worker", 0, system.close_offer, (worker, SMALL))
        yield Step("worker", 0, system.unstake, (worker, LARGE))
        yield Step("worker", 0, system.unstake, (worker, SMALL))
        opens_at = system.exit_of(second).available_at
        yield Step("worker", opens_at, system.withdraw, (worker, first))
        yield Step("worker", opens_at, system.withdraw, (worker, second))
        yield Step("co_staker", opens_at, system.withdraw, (co_staker, theirs))


class _Made(Protocol):
    """How a stage is made."""

    def __call__(self, cast: Cast, token: Contract) -> Stage: ...


STAGES: dict[str, _Made] = {"delegated": DelegatedStage, "device": DeviceStage}
"""By the name of the system. In liquid staking the coin of the chain is staked, and no token."""
