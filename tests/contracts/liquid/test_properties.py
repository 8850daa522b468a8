"""Random stories: whatever people do, every number is that of a plain model, to the wei.

The model is written from the specification: integers, one division for each rounding, and a list
of requests that is looked through from its beginning. It knows nothing of trees, of a line that is
filled, or of slots. An action that the model refuses is refused by the contract, with an error of
the same name, and nothing changes.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contracts.checks import undone
from unbond.codec import MethodCodec
from unbond.errors import Refused

from .checks import COIN, DAY, FIRST_FIT, MIN_SHARES, PARTIAL_FIFO, TARGET, balance, id_of
from .rates import RatedPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain, Contract
    from unbond.clock import Clock
    from unbond.roles import Roles

# Hundreds of actions.
pytestmark = pytest.mark.slow

PEOPLE = ("delegator", "latecomer", "stranger")
TREASURY = "provider"
HOLDERS = (*PEOPLE, TREASURY)
FUNDS = 4000 * COIN
"""What the validator has to pay rewards with."""

SIZES: dict[str, Callable[[int], int]] = {
    # Of what there is.
    "all": lambda whole: whole,
    "all but a wei": lambda whole: max(whole - 1, 0),
    "all but a few": lambda whole: max(whole - 1000, 0),
    "a third": lambda whole: whole // 3,
    "two wei": lambda whole: 2,
    "a wei": lambda whole: 1,
    "a wei more": lambda whole: whole + 1,
    "nothing": lambda whole: 0,
}
STAKES = {"a coin": COIN, "a wei less": COIN - 1, "some": 2 * COIN + 1, "much": 37 * COIN + 12_345}
REWARDS = {"a wei": 1, "some": COIN // 3 + 1, "much": 101 * COIN + 7, "nothing": 0}


@dataclass(frozen=True)
class Move:
    """One line of a story."""

    what: str
    who: str = "delegator"
    size: str = ""
    to: str = "latecomer"
    which: int = 0
    """Which of the person's requests, counted around."""


@dataclass
class Waiting:
    """A request. Amounts in wei."""

    owner: str
    amount: int
    at: int
    claimable: int = 0

    @property
    def unfilled(self) -> int:
        """What it waits for."""
        return self.amount - self.claimable


@dataclass
class Model:
    """A pool as the specification has it. Amounts in wei."""

    policy: int
    value: int = 0
    total: int = 0
    delegated: int = 0
    released: int = 0
    free: int = 0
    bonds: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HOLDERS, 0))
    certificates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HOLDERS, 0))
    requests: list[Waiting] = field(default_factory=list)

    def worth(self, shares: int) -> int:
        """What shares are worth, rounded down."""
        return shares * self.value // self.total if self.total else shares

    def shares_for(self, amount: int) -> int:
        """What an amount buys, rounded down."""
        return amount * self.total // self.value if self.value else amount

    def shares_worth(self, amount: int) -> int:
        """The fewest shares that are worth an amount."""
        return -(-amount * self.total // self.value) if self.value else amount

    @property
    def owed(self) -> int:
        """What requests wait for."""
        return sum(request.unfilled for request in self.requests)

    @property
    def set_aside(self) -> int:
        """What can be claimed."""
        return sum(request.claimable for request in self.requests)

    def spend(self, amount: int) -> None:
        """Take liquidity: rewards first."""
        rewards = min(amount, self.free)
        self.free -= rewards
        self.released -= amount - rewards

    def stake(self, who: str, amount: int, method: str) -> None:
        if amount < COIN:
            raise Refused("BelowMinimum")
        shares = self.shares_for(amount)
        self.value += amount
        self.total += shares
        (self.bonds if method == "stakeForBonds" else self.certificates)[who] += shares
        if method == "topUp":
            self.free += amount
        else:
            self.delegated += amount

    @staticmethod
    def take(held: dict[str, int], who: str, shares: int) -> None:
        """Take shares from somebody."""
        if held[who] < shares:
            raise Refused("ERC20InsufficientBalance")
        held[who] -= shares

    def convert(self, who: str, shares: int, there: dict[str, int], here: dict[str, int]) -> None:
        if shares == 0:
            raise Refused("ZeroAmount")
        self.take(there, who, shares)
        here[who] += shares

    def send(self, who: str, to: str, shares: int, held: dict[str, int]) -> None:
        self.take(held, who, shares)
        held[to] += shares

    def burn_bonds(self, who: str, amount: int, now: int) -> None:
        if amount == 0:
            raise Refused("ZeroAmount")
        shares = self.shares_worth(amount)
        self.take(self.bonds, who, shares)
        few = self.total - shares < MIN_SHARES
        self.request(who, shares, self.worth(shares) if few else amount, now)

    def burn_certificates(self, who: str, shares: int, now: int) -> None:
        if shares == 0:
            raise Refused("ZeroAmount")
        self.take(self.certificates, who, shares)
        self.request(who, shares, self.worth(shares), now)

    def request(self, who: str, shares: int, amount: int, now: int) -> None:
        self.value -= amount
        self.total -= shares
        self.requests.append(Waiting(who, amount, now))

    def harvest(self, rewards: int) -> None:
        if rewards == 0:
            raise Refused("ZeroAmount")
        net = rewards - rewards * 15 // 100
        if self.total < MIN_SHARES:
            shares = self.shares_for(net)
            # Nobody's rate moves: what makes no whole share is a fee.
            net = -(-shares * self.value // self.total) if self.total else shares
            self.certificates[TREASURY] += shares
            self.total += shares
        self.value += net
        self.free += net

    def settle(self, most: int, now: int) -> None:
        for request in self.requests:
            liquidity = self.free + self.released
            if not request.unfilled:
                continue
            if self.policy == PARTIAL_FIFO:
                filled = min(request.unfilled, liquidity)
                request.claimable += filled
                self.spend(filled)
            elif most and request.amount <= liquidity:
                self.spend(request.amount)
                request.amount, most = 0, most - 1
            elif now >= request.at + TARGET:
                break

    def release(self, amount: int) -> None:
        if amount == 0:
            raise Refused("ZeroAmount")
        if amount > self.delegated:
            raise Refused("ExceedsPrincipal")
        self.delegated -= amount
        self.released += amount

    def redelegate(self) -> None:
        if self.owed:
            raise Refused("RequestsWaiting")
        if self.free + self.released == 0:
            raise Refused("ZeroAmount")
        self.delegated += self.free + self.released
        self.free = self.released = 0

    def claim(self, index: int) -> None:
        request = self.requests[index]
        if request.amount == 0:
            raise Refused("AlreadyPaid")
        if request.claimable == 0:
            raise Refused("StillWaiting")
        request.amount -= request.claimable
        request.claimable = 0


@dataclass
class Story:
    """A story as it is told, on the chain and in the model."""

    pool: RatedPool
    model: Model
    clock: Clock
    roles: Roles
    questions: Contract

    def tell(self, move: Move) -> None:
        """Make one move, and look at everything afterwards."""
        if move.what == "wait":
            self.clock.travel(days=20)
            return
        done = self._prepare(move)
        if done is None:
            return
        expected, action = done
        meant = copy.deepcopy(self.model)
        refused = said = None
        try:
            expected(meant)
        except Refused as refusal:
            refused = refusal.name
        else:
            self.model = meant
        try:
            action()
        except Refused as refusal:
            said = refusal.name
        assert said == refused
        self.check()

    def _prepare(self, move: Move) -> tuple[Callable[[Model], None], Callable[[], object]] | None:
        """What a move does to the model, and what it does on the chain."""
        pool, model, now = self.pool, self.model, self.clock.now
        who, me, size = move.who, self.roles.account(move.who), move.size
        what, to = move.what, self.roles.address(move.to)
        bonds, certificates = model.bonds[who], model.certificates[who]
        if what in ("stakeForBonds", "stakeForCertificates", "topUp"):
            amount = STAKES[size]
            return (
                lambda m: m.stake(who, amount, what),
                lambda: pool.act(me, what, value=amount),
            )
        if what == "burnBonds":
            amount = SIZES[size](model.worth(bonds))
            return lambda m: m.burn_bonds(who, amount, now), lambda: pool.act(me, what, amount)
        if what == "burnCertificates":
            amount = SIZES[size](certificates)
            return (
                lambda m: m.burn_certificates(who, amount, now),
                lambda: pool.act(me, what, amount),
            )
        if what == "bondsToCertificates":
            amount = SIZES[size](bonds)
            return (
                lambda m: m.convert(who, amount, m.bonds, m.certificates),
                lambda: pool.act(me, what, amount),
            )
        if what == "certificatesToBonds":
            amount = SIZES[size](certificates)
            return (
                lambda m: m.convert(who, amount, m.certificates, m.bonds),
                lambda: pool.act(me, what, amount),
            )
        if what == "send bonds":
            amount = SIZES[size](model.worth(bonds))
            return (
                lambda m: m.send(who, move.to, m.shares_worth(amount), m.bonds),
                lambda: pool.bonds.act("transfer", to, amount, sender=me),
            )
        if what == "send certificates":
            amount = SIZES[size](certificates)
            return (
                lambda m: m.send(who, move.to, amount, m.certificates),
                lambda: pool.certificates.act("transfer", to, amount, sender=me),
            )
        if what == "harvest":
            rewards = REWARDS[size]
            pool.validators[0].act("choose", rewards, sender=pool.owner)
            return lambda m: m.harvest(rewards), lambda: pool.act(me, what, 0)
        if what == "settle":
            most = 1 + move.which % 3
            return lambda m: m.settle(most, self.clock.now), lambda: pool.act(me, what, most)
        if what == "release":
            amount = SIZES[size](model.owed if move.which else model.delegated)
            return lambda m: m.release(amount), lambda: pool.act(pool.owner, what, 0, amount)
        if what == "redelegate":
            return lambda m: m.redelegate(), lambda: pool.act(me, what)
        assert what == "claim"
        own = [i for i, request in enumerate(model.requests) if request.owner == who]
        if not own:
            return None
        index = own[move.which % len(own)]
        identifier = id_of(str(me.address), index + 1)
        return lambda m: m.claim(index), lambda: pool.act(me, what, identifier, to)

    def check(self) -> None:
        """Every number is that of the model, and the coins are there."""
        pool, model = self.pool, self.model
        liquid, bonds, certificates = pool.contract, pool.bonds, pool.certificates
        expected: dict[tuple[Any, ...], Any] = {
            (liquid, "poolValue"): model.value,
            (liquid, "totalShares"): model.total,
            (liquid, "bondShares"): sum(model.bonds.values()),
            (bonds, "totalSupply"): model.worth(sum(model.bonds.values())),
            (certificates, "totalSupply"): sum(model.certificates.values()),
            (liquid, "freeLiquidity"): model.free + model.released,
            (liquid, "owed"): model.owed,
            (liquid, "ledger"): (
                *(model.delegated, model.released, model.free, model.set_aside),
                *(model.value, model.owed, model.set_aside),
            ),
        }
        assert model.total == sum(model.bonds.values()) + sum(model.certificates.values())
        for role in HOLDERS:
            address = self.roles.address(role)
            expected[bonds, "sharesOf", address] = model.bonds[role]
            expected[bonds, "balanceOf", address] = model.worth(model.bonds[role])
            expected[certificates, "balanceOf", address] = model.certificates[role]
        ahead = 0
        for place, request in enumerate(model.requests, start=1):
            owner = self.roles.address(request.owner)
            identifier = id_of(owner, place)
            row = (owner, request.amount, request.claimable, request.at)
            expected[liquid, "requests", identifier] = row
            waits = request.unfilled > 0
            expected[liquid, "queueAhead", identifier] = ahead if waits else 0
            late = waits and self.clock.now >= request.at + TARGET
            expected[liquid, "isOverdue", identifier] = late
            ahead += request.unfilled
        codecs = [
            MethodCodec(
                next(a for a in where.instance.contract_type.view_methods if a.name == name)
            )
            for where, name, *_ in expected
        ]
        asked = [
            (where.address, bytes(codec.encode(arguments)))
            for codec, (where, _, *arguments) in zip(codecs, expected, strict=True)
        ]
        answers = self.questions.view("ask", asked)
        found = {
            key: codec.decode(answer)
            for codec, key, answer in zip(codecs, expected, answers, strict=True)
        }
        assert found == expected
        assert model.value >= model.total
        here = balance(pool.chain, pool.address)
        assert here == model.free + model.released + model.set_aside


person = st.sampled_from(PEOPLE)
size = st.sampled_from([*(["all", "all but a wei", "all but a few", "a third"] * 2), *SIZES])
stakes = st.sampled_from(["a coin", "some", "much", "some", "much", "a wei less"])
rewards = st.sampled_from(["a wei", "some", "much", "some", "nothing"])
which = st.integers(0, 5)
moves = st.one_of(
    st.builds(
        Move,
        st.sampled_from(["stakeForBonds", "stakeForCertificates", "topUp"]),
        person,
        stakes,
    ),
    st.builds(Move, st.sampled_from(["burnBonds", "burnCertificates"]), person, size),
    st.builds(Move, st.sampled_from(["burnBonds", "burnCertificates"]), person, size),
    st.builds(Move, st.sampled_from(["bondsToCertificates", "certificatesToBonds"]), person, size),
    st.builds(Move, st.sampled_from(["send bonds", "send certificates"]), person, size, person),
    st.builds(Move, st.just("harvest"), person, rewards),
    st.builds(Move, st.just("release"), person, size, person, which),
    st.builds(Move, st.just("settle"), person, st.just(""), person, which),
    st.builds(Move, st.just("claim"), person, st.just(""), person, which),
    st.builds(Move, st.sampled_from(["redelegate", "wait"]), person),
)

OPENING = (
    Move("stakeForBonds", "delegator", "much"),
    Move("stakeForCertificates", "latecomer", "some"),
    Move("harvest", "stranger", "some"),
    Move("burnBonds", "delegator", "a third"),
    Move("burnCertificates", "latecomer", "a third"),
)
"""How every story begins: with a rate that is no whole number, and two who wait."""


@pytest.fixture(params=[FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"])
def opening(
    request: pytest.FixtureRequest,
    local_chain: Chain,
    clock: Clock,
    mocks: Mocks,
    roles: Roles,
    owner: AccountAPI,
    provider: AccountAPI,
) -> Story:
    """A story that has begun, under either policy."""
    policy: int = request.param
    pool = RatedPool(local_chain, owner, mocks, policy=policy, treasury=provider.address)
    owner.transfer(pool.validators[0].address, FUNDS)
    story = Story(pool, Model(policy), clock, roles, mocks.deploy("Questions"))
    for move in OPENING:
        story.tell(move)
    assert len(story.model.requests) == 2
    assert story.model.value > story.model.total
    assert clock.now < story.model.requests[0].at + DAY
    return story


def told(opening: Story, moves: list[Move]) -> Story:
    """The rest of a story, told on a copy of its model."""
    story = copy.copy(opening)
    story.model = copy.deepcopy(opening.model)
    for move in moves:
        story.tell(move)
    return story


@pytest.mark.rule("L-1", "L-2", "L-4", "L-5", "L-6", "L-7", "L-9", "L-10", "C-4")
@pytest.mark.case(18, 19, 27, 29, 44)
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=8,
    # Not "explain", which traces every line that is run.
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(moves=st.lists(moves, min_size=14, max_size=14))
def test_whatever_people_do_every_number_is_the_models(opening: Story, moves: list[Move]) -> None:
    """Cases 18, 19, 27, 29 and 44."""
    with undone():
        told(opening, moves)


@pytest.mark.rule("L-1", "L-5", "L-6", "L-7", "L-9")
@pytest.mark.case(17, 27, 44)
def test_a_story_in_which_all_leave_and_come_back(opening: Story) -> None:
    """Cases 17, 27 and 44: with rewards for few shares and for none."""
    told(
        opening,
        [
            Move("harvest", "stranger", "much"),
            Move("send bonds", "delegator", "a third", "stranger"),
            Move("certificatesToBonds", "latecomer", "a third"),
            Move("burnBonds", "delegator", "all but a wei"),
            Move("burnBonds", "stranger", "all"),
            Move("burnCertificates", "latecomer", "all"),
            Move("release", "delegator", "a third", which=1),
            Move("settle", "stranger", which=2),
            Move("claim", "latecomer"),
            Move("claim", "delegator"),
            Move("wait"),
            Move("wait"),
            Move("settle", "stranger", which=2),
            Move("burnBonds", "latecomer", "all but a few"),
            Move("harvest", "stranger", "some"),
            Move("stakeForBonds", "stranger", "a coin"),
            Move("burnBonds", "latecomer", "all"),
            Move("burnBonds", "delegator", "all"),
            Move("release", "delegator", "all"),
            Move("settle", "stranger", which=2),
            Move("settle", "stranger", which=2),
            Move("settle", "stranger", which=2),
            Move("burnBonds", "stranger", "all"),
            Move("harvest", "stranger", "some"),
            Move("claim", "latecomer", which=1),
            Move("topUp", "delegator", "some"),
            Move("settle", "stranger", which=2),
            Move("redelegate", "stranger"),
        ],
    )
