"""First fit finds the next one to pay without looking at all: the same ones as who looks at all."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from unbond.revm import RevmChain

from .checks import COIN, FIRST_FIT, Pool

if TYPE_CHECKING:
    from collections.abc import Sequence

# Long queues.
pytestmark = pytest.mark.slow

ALIKE = 2**62
"""Amounts a little above this differ in digits only at which the tree does not look."""
LARGE = 2**63
TINY = 2**55
"""Of all amounts, a power of two has the most zeros in what the tree keeps of it."""


class Line:
    """A queue, and which of those who wait would be paid by somebody who asks each in turn."""

    def __init__(self, staked: int = 6000 * COIN) -> None:
        """Deploy a pool in which the owner has staked; on revm, since it is a long line."""
        chain = RevmChain()
        self.owner, self.giver = chain.roles.account("owner"), chain.roles.account("delegator")
        for account in (self.owner, self.giver):
            chain.enrich(account, 2**96, self.owner)
        self.pool = Pool(chain, self.owner, chain.roles.address("treasury"), FIRST_FIT)
        self.free = 0
        self.waiting: list[tuple[int, int]] = []
        """Ids and amounts of those who wait, the oldest first."""
        self.pool.stake(self.owner, staked)

    def ask(self, amounts: Sequence[int]) -> list[int]:
        """Let the owner ask for these amounts; returns their ids."""
        ids = [self.pool.burn(self.owner, amount) for amount in amounts]
        self.waiting += zip(ids, amounts, strict=True)
        return ids

    def pay(self, liquidity: int) -> list[int]:
        """Bring liquidity up to this, and see that the right ones are paid; returns their ids."""
        missing = liquidity - self.free
        assert missing >= COIN
        self.pool.act(self.giver, "topUp", value=missing)
        self.free = liquidity
        expected = []
        for identifier, amount in self.waiting:
            if amount <= self.free:
                self.free -= amount
                expected.append(identifier)
        self.waiting = [each for each in self.waiting if each[0] not in expected]
        assert self.pool.settle(self.giver) == expected
        assert self.pool.view("freeLiquidity") == self.free
        self.check_ahead()
        return expected

    def check_ahead(self) -> None:
        """What waits before each is what those before him wait for."""
        for identifier, _ in {*self.waiting[:2], *self.waiting[len(self.waiting) // 2 :][:2]}:
            self.check_one_ahead(identifier)
        for identifier, _ in self.waiting[-2:]:
            self.check_one_ahead(identifier)

    def check_one_ahead(self, identifier: int) -> None:
        ahead = sum(amount for one, amount in self.waiting if one < identifier)
        assert self.pool.view("queueAhead", identifier) == ahead


@pytest.fixture
def line() -> Line:
    """An empty queue. Payments go to the owner, who asks for all of them."""
    return Line()


@pytest.mark.rule("L-5")
@pytest.mark.parametrize("place", [5, 7, 12, 15, 48, 63])
@pytest.mark.parametrize("others", [0, 3])
def test_a_power_of_two_is_found_wherever_it_stands(line: Line, place: int, others: int) -> None:
    line.ask([LARGE] * (place - 1))
    (small,) = line.ask([TINY])
    line.ask([LARGE] * others)
    assert line.pay(COIN) == [small]


@pytest.mark.rule("L-5")
@pytest.mark.parametrize("first", [4, 15])
@pytest.mark.parametrize("others", [0, 3, 12])
@pytest.mark.parametrize("smaller", [0, 1], ids=["the older is smaller", "the younger is smaller"])
def test_amounts_that_look_alike_are_told_apart(
    line: Line, first: int, others: int, smaller: int
) -> None:
    amounts = [ALIKE, ALIKE + 1000] if smaller == 0 else [ALIKE + 1000, ALIKE]
    line.ask([LARGE] * (first - 1))
    older = line.ask(amounts[:1])
    line.ask([LARGE] * others)
    younger = line.ask(amounts[1:])
    line.ask([LARGE] * 2)
    assert line.pay(ALIKE + 500) == [older, younger][smaller]
    line.ask([ALIKE + 2000])
    assert line.pay(ALIKE + 1500) == [older, younger][1 - smaller]


@pytest.mark.rule("L-5")
@pytest.mark.parametrize("others", [LARGE, TINY], ids=["among large ones", "alone"])
@pytest.mark.parametrize("order", ["tabL", "atbL", "btaL", "atLb", "Latb", "bLta", "Lbat"])
def test_what_is_left_when_the_smallest_is_paid_is_found(
    line: Line, order: str, others: int
) -> None:
    """Four groups of four: in each one that counts, the others too large, or paid before."""
    amounts = {"t": TINY, "a": ALIKE, "b": ALIKE + 1000, "L": LARGE}
    line.ask([LARGE] * 15)
    ids = {}
    for letter in order:
        (ids[letter],) = line.ask([amounts[letter]])
        line.ask([others] * 3)
    assert ids["t"] in line.pay(COIN)
    free = line.free
    assert line.pay(free + COIN) == []
    assert line.pay(ALIKE + 500) == [ids["a"]]
    assert line.pay(ALIKE + 1500) == [ids["b"]]


@pytest.mark.rule("L-5")
@pytest.mark.parametrize("step", [1, -1], ids=["growing", "shrinking"])
def test_the_largest_amounts_are_told_apart(step: int) -> None:
    """More coins than anybody has on eth-tester, up to what an amount can be."""
    line = Line(staked=2**95 + 2**94)
    line.ask([2**94, *[TINY] * 14])
    sizes = {}
    for bits in range(84, 94)[::step]:
        for amount in (2**bits, 2**bits + 2 ** (bits - 25)):
            (sizes[amount],) = line.ask([amount])
        line.ask([TINY] * 2)
    line.pay(2 * COIN)
    for amount in sorted(sizes):
        assert line.pay(amount) == [sizes[amount]]


@pytest.mark.rule("L-5", "L-6")
@pytest.mark.parametrize("seed", range(4))
def test_a_long_line_is_paid_as_if_each_were_asked(line: Line, seed: int) -> None:
    random = Random(f"a long line, {seed}")
    amounts = [
        *(ALIKE + step for step in range(0, 2000, 250)),
        *(ALIKE - 1, 2 * ALIKE, 2 * ALIKE - 1, 2 * ALIKE + 77, 3 * ALIKE + seed),
    ]
    paid = 0
    for _ in range(12):
        line.ask(random.choices(amounts, k=random.randint(1, 16)))
        target = random.choice(line.waiting)[1] + random.choice((-1, 0, 0, 1, 125))
        if random.random() < 0.3:
            target *= random.randint(2, 4)
        if target - line.free >= COIN:
            paid += len(line.pay(target))
    assert paid >= 8
    # Those that are left are paid with exactly what they ask for.
    total = sum(amount for _, amount in line.waiting)
    left = [identifier for identifier, _ in line.waiting]
    assert line.pay(total) == left
    assert (line.waiting, line.free) == ([], 0)


@pytest.mark.rule("L-5")
def test_what_waits_ahead_of_a_far_away_place_is_counted(line: Line) -> None:
    """It is added up by 256 places: some of the first are paid, and others begin the next ones."""
    middle = [LARGE + number for number in range(200)]
    line.ask([LARGE, ALIKE, LARGE + 1, ALIKE + 1, *middle, ALIKE + 2])
    line.ask([LARGE + number for number in range(50)])
    last = line.ask([LARGE, LARGE + 5, ALIKE + 9])
    line.check_ahead()
    for number in range(3):
        assert len(line.pay(ALIKE + number)) == 1
        for identifier in last:
            line.check_one_ahead(identifier)
    # When all of the first 256 have been paid, nothing of them is ahead of the others.
    line.pay(sum(amount for _, amount in line.waiting) - 1)
    assert [each for each, _ in line.waiting] == last[2:]
    line.ask([LARGE, LARGE + 7])
    line.check_ahead()


@pytest.mark.rule("L-5")
def test_what_waits_ahead_in_several_blocks_is_counted_whole(line: Line) -> None:
    """Two blocks of 256 places and the beginning of a third, all full, and then with gaps."""
    ids = line.ask([LARGE + number for number in range(520)])
    seen = [ids[place - 1] for place in (1, 255, 256, 257, 511, 512, 513, 520)]
    for identifier in seen:
        line.check_one_ahead(identifier)
    line.pay(300 * LARGE)
    for identifier in seen[4:]:
        line.check_one_ahead(identifier)
