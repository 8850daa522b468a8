"""What actions cost, in gas, with one request waiting and with many; and parts by age."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from .checks import COIN, FIRST_FIT, PARTIAL_FIFO, Pool, check_ledger, id_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain, Contract
    from unbond.clock import Clock

MANY = 300
EACH = 20
"""Payments in a batch."""
POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"]
)


def crowded(
    pool: Pool, mocks: Mocks, owner: AccountAPI, waiting: int, amount: int = 2 * COIN
) -> Contract:
    """A contract with ``waiting`` requests, for two coins each if nothing else is said."""
    patron = mocks.deploy("Patron", pool.contract.instance.contract_type.errors)
    stake = bytes(pool.contract.instance.stakeForCertificates.encode_input())
    value = amount * waiting
    patron.act("act", pool.address, stake, value, sender=owner, value=value)
    for done in range(0, waiting, 100):
        times = min(100, waiting - done)
        patron.act("burnAgain", pool.address, amount, times, sender=owner)
    return patron


@pytest.mark.slow
@pytest.mark.rule("C-9", "L-5", "L-7")
@pytest.mark.case(10)
@POLICIES
def test_costs_do_not_grow_with_the_queue(
    local_chain: Chain,
    clock: Clock,
    mocks: Mocks,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    policy: int,
) -> None:
    """Case 10: flat by age; a step for each fourfold length of the queue with first fit."""
    found: dict[str, list[int]] = {}
    for waiting in (1, MANY):
        pool = Pool(local_chain, owner, provider.address, policy)
        crowded(pool, mocks, owner, waiting)
        for person in (delegator, latecomer):
            pool.stake(person, 100 * COIN)

        def note(name: str, gas: int) -> None:
            found.setdefault(name, []).append(gas)

        places = [pool.burn(delegator, COIN), pool.burn(latecomer, COIN)]
        requests = [pool.gas(delegator, "burnCertificates", COIN) for _ in range(EACH)]
        note("request, on average", sum(requests) // EACH)
        clock.at(pool.validators[0].view("lockedUntil"))
        if policy == PARTIAL_FIFO:
            for amount in (COIN, COIN, 2 * COIN * waiting):
                pool.act(owner, "release", 0, amount)
                note("settle", pool.gas(stranger, "settle", 1))
            for person, place in zip((delegator, latecomer), places, strict=True):
                note("claim", pool.gas(person, "claim", place, str(person.address)))
        else:
            pool.act(owner, "release", 0, COIN)
            note("settle, one", pool.gas(stranger, "settle", 1))
            left = pool.view("owed") - 2 * COIN * waiting
            for _ in range(left // COIN):
                pool.act(owner, "release", 0, COIN)
            # Two coins and more are here: those at the front fit as well.
            before = pool.view("freeLiquidity")
            gas = pool.gas(stranger, "settle", 5)
            note("settle, each of five", gas // 5)
            assert before > pool.view("freeLiquidity")
        check_ledger(pool)

    if policy == PARTIAL_FIFO:
        assert max(found["request, on average"]) <= 110_000
        assert max(found["settle"]) <= 100_000
        assert max(found["claim"]) <= 65_000
        few, many = found["settle"][:3], found["settle"][3:]
        assert few == many
    else:
        assert max(found["request, on average"]) <= 110_000
        with_one, with_many = found["settle, one"]
        assert with_many - with_one <= 140_000
        assert max(found["settle, each of five"]) <= 75_000


@pytest.mark.slow
@pytest.mark.rule("C-9", "L-5")
@pytest.mark.case(10)
@pytest.mark.parametrize(
    ("amount", "more"),
    [(COIN, 0), (COIN + 2**35, 0), (COIN, 1)],
    ids=["paid, even", "paid, odd", "a wei too much"],
)
def test_not_everybody_in_between_is_looked_at(
    local_chain: Chain,
    mocks: Mocks,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    amount: int,
    more: int,
) -> None:
    """Case 10: the oldest waits, and of many after it only the last can be paid.

    The others have been, or ask for a wei more than there is. Of the amounts, the tree keeps a
    number that is even, and one that is odd.
    """
    found = []
    for between in (1, MANY):
        pool = Pool(local_chain, owner, provider.address, FIRST_FIT)
        pool.stake(delegator, 1000 * COIN)
        pool.burn(delegator, 500 * COIN)
        crowded(pool, mocks, owner, between, amount + more)
        for done in range(0, 0 if more else between, 100):
            times = min(100, between - done)
            pool.act(delegator, "topUp", value=amount * times)
            assert len(pool.settle(stranger, times)) == times
        last = pool.burn(delegator, amount)
        pool.act(delegator, "topUp", value=amount)
        found.append(pool.gas(stranger, "settle", 1))
        assert pool.view("requests", last)[1] == 0
        check_ledger(pool)
    with_one, with_many = found
    # Some slots for each fourfold length, and the amounts themselves where all look alike.
    assert with_many - with_one <= (100_000 if more else 40_000)


@pytest.mark.rule("L-7")
@pytest.mark.parametrize("seed", range(2))
def test_by_age_each_gets_what_is_left_by_those_before(
    local_chain: Chain,
    clock: Clock,
    mocks: Mocks,
    owner: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
    seed: int,
) -> None:
    """Against a plain loop over the queue, with claims in between."""
    rng = random.Random(seed)
    pool = Pool(local_chain, owner, provider.address, PARTIAL_FIFO)
    patron = mocks.deploy("Patron", pool.contract.instance.contract_type.errors)
    stake = bytes(pool.contract.instance.stakeForCertificates.encode_input())
    patron.act("act", pool.address, stake, 1000 * COIN, sender=owner, value=1000 * COIN)
    clock.at(pool.validators[0].view("lockedUntil"))
    amounts: list[int] = []
    paid: list[int] = []
    poured = 0
    for _ in range(10):
        new = [rng.choice([1, 2, 1000, rng.randint(1, COIN)]) for _ in range(rng.randint(1, 6))]
        patron.act("burnAll", pool.address, new, sender=stranger)
        amounts += new
        paid += [0] * len(new)
        more = rng.choice([1, sum(amounts) // 3, rng.randint(1, COIN)])
        pool.act(owner, "release", 0, more)
        pool.act(stranger, "settle", 1)
        poured = sum(amounts) - pool.view("owed")
        assert pool.view("freeLiquidity") == 0 or poured == sum(amounts)

        left = poured
        for index, amount in enumerate(amounts):
            filled = min(left, amount)
            left -= filled
            identifier = id_of(patron.address, index + 1)
            _, unpaid, claimable, _ = pool.view("requests", identifier)
            assert (unpaid, claimable) == (amount - paid[index], filled - paid[index])
            ahead = max(0, sum(amounts[:index]) - poured)
            assert pool.view("queueAhead", identifier) == (ahead if filled < amount else 0)
            if claimable and rng.random() < 0.4:
                claim = pool.contract.instance.claim.encode_input(identifier, patron.address)
                patron.act("act", pool.address, bytes(claim), 0, sender=stranger)
                paid[index] = filled
        check_ledger(pool)
