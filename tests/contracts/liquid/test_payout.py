"""Who is paid when, under either policy (L-5 to L-8)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hexbytes import HexBytes
from web3.types import TxParams, Wei

from unbond.errors import NotYours, Refused

from .checks import (
    COIN,
    FIRST_FIT,
    PARTIAL_FIFO,
    TARGET,
    Pool,
    balance,
    check_ledger,
    id_of,
    place_of,
    refusal_of,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain
    from unbond.clock import Clock

# Many of them, with a story each.
pytestmark = pytest.mark.slow

A_STAKE, B_STAKE = 10_000 * COIN, COIN


@pytest.mark.rule("L-3", "L-5", "L-6")
@pytest.mark.parametrize("others", [True, False], ids=["others stay", "everybody leaves"])
def test_first_fit_pays_the_small_one_first_and_not_once_the_large_one_is_overdue(
    local_chain: Chain,
    clock: Clock,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    others: bool,
) -> None:
    """The worked example: 85 are free on day 35."""
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT, rate=1043)
    if others:
        pool.stake(owner, 290 * COIN)
    else:
        pool.stake(owner, 10 * COIN)
        pool.burn(owner, 10 * COIN)
        clock.at(pool.validators[0].view("lockedUntil"))
        pool.act(owner, "release", 0, 10 * COIN)
        pool.settle(owner)
        pool.act(owner, "harvest", 0)
    # The requests are made a day into the lock-up period.
    clock.travel(days=1)
    a_shares = pool.stake(delegator, A_STAKE)
    pool.stake(latecomer, B_STAKE, bonds=True)
    a = pool.burn(delegator, a_shares)
    b = pool.burn_bonds(latecomer, pool.bonds.view("balanceOf", latecomer.address))
    assert pool.bonds.view("sharesOf", latecomer.address) == 0
    a_amount, b_amount = pool.view("requests", a)[1], pool.view("requests", b)[1]
    assert a_amount in (A_STAKE, A_STAKE - 1)
    assert (pool.view("queueAhead", a), pool.view("queueAhead", b)) == (0, a_amount)
    check_ledger(pool)

    until = pool.validators[0].view("lockedUntil")
    clock.at(until - 1)
    assert refusal_of(pool.act, stranger, "harvest", 0) == Refused("LockupRunning", until=until)
    assert refusal_of(pool.view, "previewHarvest", 0) == Refused("LockupRunning", until=until)
    clock.at(until)
    before = balance(local_chain, latecomer.address)
    treasury = balance(local_chain, provider.address)
    free = pool.view("freeLiquidity")
    (harvested,) = pool.act(stranger, "harvest", 0)
    rewards = harvested.fields["rewards"]
    fee = rewards * 15 // 100
    assert harvested.fields["fee"] == fee
    assert balance(local_chain, provider.address) == treasury + fee
    assert pool.view("freeLiquidity") == free + rewards - fee
    check_ledger(pool)

    assert pool.settle(stranger) == [b]
    assert balance(local_chain, latecomer.address) == before + b_amount
    check_ledger(pool)

    # A younger request that would fit: paid until A is overdue, not from then on.
    small = pool.stake(latecomer, COIN)
    requested_at = pool.view("requests", a)[3]
    c = pool.burn(latecomer, small // 4)
    clock.at(requested_at + TARGET - 1)
    assert not pool.view("isOverdue", a)
    assert pool.settle(stranger) == [c]
    d = pool.burn(latecomer, small // 4)
    assert pool.view("isOverdue", a)
    assert pool.settle(stranger) == []
    check_ledger(pool)

    # Liquidity gathers for A, who is then paid before the younger one.
    pool.act(owner, "topUp", value=a_amount)
    assert pool.settle(stranger) == [a, d]
    check_ledger(pool)
    if not others:
        pool.burn(latecomer, pool.certificates.view("balanceOf", latecomer.address))
        pool.burn(owner, pool.certificates.view("balanceOf", owner.address))
        left = pool.certificates.view("balanceOf", provider.address)
        if left:
            pool.burn(provider, left)
        assert pool.state() == (0, 0)
        check_ledger(pool)


@pytest.mark.rule("L-3", "L-4")
@pytest.mark.parametrize("policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"])
def test_the_only_two_holders_leave_and_85_of_100_pay_whom_the_policy_says(
    local_chain: Chain,
    clock: Clock,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    policy: int,
) -> None:
    """The worked example to the wei, when nobody is left in the pool."""
    # 10 001 staked for one second and then burnt go on earning with the validator.
    pool = Pool(local_chain, owner, provider.address, policy, rate=1043)
    a_shares = pool.stake(delegator, A_STAKE, bonds=True)
    pool.stake(latecomer, B_STAKE)
    assert a_shares == A_STAKE
    a = pool.burn_bonds(delegator, A_STAKE)
    b = pool.burn(latecomer, B_STAKE)
    assert pool.state() == (0, 0)
    check_ledger(pool)

    until = pool.validators[0].view("lockedUntil")
    clock.at(until)
    expected = pool.validators[0].view("pendingRewards")
    assert 100 * COIN <= expected < 101 * COIN
    net = expected - expected * 15 // 100
    held = balance(local_chain, latecomer.address)
    pool.act(stranger, "harvest", 0)
    # There is nobody to give it to but the treasury.
    assert pool.certificates.view("balanceOf", provider.address) == net
    assert pool.state() == (net, net)
    assert pool.view("freeLiquidity") == net
    check_ledger(pool)

    if policy == FIRST_FIT:
        assert pool.settle(stranger) == [b]
        assert balance(local_chain, latecomer.address) == held + B_STAKE
        assert pool.view("requests", a)[1:3] == (A_STAKE, 0)
        assert pool.view("queueAhead", a) == 0
    else:
        pool.settle(stranger)
        assert pool.view("freeLiquidity") == 0
        assert pool.view("requests", a)[1:3] == (A_STAKE, net)
        assert pool.view("requests", b)[1:3] == (B_STAKE, 0)
        assert pool.view("queueAhead", b) == A_STAKE - net
        waiting = Refused("StillWaiting", amount=B_STAKE, liquidity=0)
        assert refusal_of(pool.act, latecomer, "claim", b, latecomer.address) == waiting
        somewhere = "0x" + "11" * 20
        pool.act(delegator, "claim", a, somewhere)
        assert balance(local_chain, somewhere) == net
        assert pool.view("requests", a)[1:3] == (A_STAKE - net, 0)
        check_ledger(pool)
        pool.act(owner, "topUp", value=A_STAKE)
        pool.settle(stranger)
        pool.act(delegator, "claim", a, somewhere)
        assert balance(local_chain, somewhere) == A_STAKE
        pool.act(latecomer, "claim", b, latecomer.address)
        again = refusal_of(pool.act, delegator, "claim", a, somewhere)
        assert again == Refused("AlreadyPaid", request_id=a)
    check_ledger(pool)


def greedy(waiting: list[tuple[int, int]], liquidity: int) -> list[int]:
    """The places that are paid: the oldest first, each that wholly fits."""
    paid = []
    for place, amount in waiting:
        if amount <= liquidity:
            liquidity -= amount
            paid.append(place)
    return paid


def awkward_amounts(rng: random.Random, count: int) -> list[int]:
    """Amounts of which many are alike, or differ by a wei or so only."""
    base = [rng.choice([1, 3, 2**25, 2**26 + 1, COIN // 7, COIN, 3 * COIN]) for _ in range(3)]
    amounts = []
    for _ in range(count):
        chosen = rng.choice(base)
        amounts.append(
            max(1, rng.choice([chosen, chosen + rng.randint(-2, 2), rng.randint(1, 2 * chosen)]))
        )
    return amounts


@pytest.mark.rule("L-5")
@pytest.mark.parametrize("seed", range(3))
def test_first_fit_pays_in_exactly_the_greedy_order(
    local_chain: Chain,
    clock: Clock,
    mocks: Mocks,
    owner: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
    seed: int,
) -> None:
    """Against a plain loop over random queues, with liquidity that just fits or just does not."""
    rng = random.Random(seed)
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT)
    patron = mocks.deploy("Patron", pool.contract.instance.contract_type.errors)
    stake = bytes(pool.contract.instance.stakeForCertificates.encode_input())
    patron.act("act", pool.address, stake, 3000 * COIN, sender=owner, value=3000 * COIN)
    clock.at(pool.validators[0].view("lockedUntil"))

    waiting: list[tuple[int, int]] = []
    last = 0
    for _ in range(8):
        amounts = awkward_amounts(rng, rng.choice([1, 5, 17, 40]))
        patron.act("burnAll", pool.address, amounts, sender=stranger)
        waiting += [(last + i + 1, amount) for i, amount in enumerate(amounts)]
        last += len(amounts)
        probe = rng.choice(waiting)
        index = waiting.index(probe)
        assert pool.view("queueAhead", id_of(patron.address, probe[0])) == sum(
            amount for _, amount in waiting[:index]
        )
        some = rng.choice(waiting)[1] + rng.choice([-1, 0, 0, 1])
        wanted = max(1, some * rng.choice([1, 1, 2, 5]) - pool.view("freeLiquidity"))
        pool.act(owner, "release", 0, wanted)
        expected = greedy(waiting, pool.view("freeLiquidity"))
        maximum = rng.choice([1, 3, 1000])
        paid = [place_of(identifier) for identifier in pool.settle(stranger, maximum)]
        assert paid == expected[:maximum]
        waiting = [(place, amount) for place, amount in waiting if place not in paid]
        assert pool.view("owed") == sum(amount for _, amount in waiting)
    check_ledger(pool)
    positions = pool.view("positionsOf", patron.address, 0, 1000)
    assert [place_of(row[0]) for row in positions] == list(range(1, last + 1))
    assert [(place_of(row[0]), row[3]) for row in positions if row[3]] == waiting


@pytest.mark.rule("L-8")
@pytest.mark.case(11)
@pytest.mark.parametrize("manner", [1, 2, 3], ids=["refuses", "burns gas", "long reason"])
def test_a_receiver_that_takes_no_coins_delays_nobody_and_claims_elsewhere(
    local_chain: Chain,
    clock: Clock,
    mocks: Mocks,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    manner: int,
) -> None:
    """Case 11."""
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT)
    errors = pool.contract.instance.contract_type.errors
    patron = mocks.deploy("Patron", errors)
    stake = bytes(pool.contract.instance.stakeForCertificates.encode_input())
    patron.act("act", pool.address, stake, COIN, sender=owner, value=COIN)
    pool.stake(delegator, 5 * COIN)
    patron.act("burnAll", pool.address, [COIN // 2, COIN // 2], sender=stranger)
    mine = pool.burn(delegator, COIN)
    patron.act("behave", manner, sender=stranger)
    clock.at(pool.validators[0].view("lockedUntil"))
    pool.act(owner, "release", 0, 2 * COIN)
    first, second = id_of(patron.address, 1), id_of(patron.address, 2)

    logs = pool.act(stranger, "settle", 10)
    assert [log.name for log in logs] == ["SetAside", "SetAside", "Paid", "Settled"]
    assert logs[2].fields["request_id"] == mine
    assert pool.view("requests", first)[1:3] == (COIN // 2, COIN // 2)
    assert pool.view("owed") == 0
    check_ledger(pool)

    to = "0x" + "22" * 20
    assert refusal_of(pool.act, stranger, "claim", first, to) == NotYours(
        owner=patron.address, caller=stranger.address
    )
    claim = bytes(pool.contract.instance.claim.encode_input(first, to))
    patron.act("act", pool.address, claim, 0, sender=stranger)
    assert balance(local_chain, to) == COIN // 2
    claim = bytes(pool.contract.instance.claim.encode_input(second, patron.address))
    refused = refusal_of(patron.act, "act", pool.address, claim, 0, sender=stranger)
    if manner != 2:
        assert refused == Refused("PaymentRefused", to=patron.address)
    check_ledger(pool)


@pytest.mark.rule("L-8")
@pytest.mark.case(12)
def test_nobody_makes_a_payment_fail_by_calling_with_little_gas(
    local_chain: Chain,
    clock: Clock,
    mocks: Mocks,
    owner: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 12: whatever the gas, who needs some to be paid is paid, or nothing happens at all."""
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT)
    patron = mocks.deploy("Patron", pool.contract.instance.contract_type.errors)
    stake = bytes(pool.contract.instance.stakeForCertificates.encode_input())
    patron.act("act", pool.address, stake, COIN, sender=owner, value=COIN)
    patron.act("burnAll", pool.address, [COIN // 2], sender=stranger)
    patron.act("behave", 4, sender=stranger)
    clock.at(pool.validators[0].view("lockedUntil"))
    pool.act(owner, "release", 0, COIN)

    web3 = local_chain.provider.web3
    data = bytes(pool.contract.instance.settle.encode_input(10))
    outcomes, refused = set(), []
    for gas in range(60_000, 200_000, 3_000):
        call: TxParams = {
            "from": stranger.address,
            "to": pool.contract.instance.address,
            "data": HexBytes(data),
            "gas": gas,
            "maxFeePerGas": Wei(2 * local_chain.provider.base_fee),
            "maxPriorityFeePerGas": Wei(0),
        }
        try:
            web3.eth.call(call, "latest")
        except Exception as error:
            outcomes.add("nothing")
            refused.append(pool.contract.errors.refusal(error))
            continue
        snapshot = local_chain.provider.snapshot()
        receipt = pool.contract.instance.settle(10, sender=stranger, gas_limit=gas)
        outcomes.add(next(pool.contract.logs(receipt)).name)
        local_chain.provider.restore(snapshot)
    assert outcomes == {"nothing", "Paid"}
    # What it wants: enough for 63/64 of it to be what a receiver gets, and a call besides.
    needed = {each.fields["needed"] for each in refused if each.name == "GasTooLow"}
    assert needed == {50_000 * 64 // 63 + 40_000}
