"""Rounding: never in anybody's favour but the pool's, and by less than one share's worth (L-1)."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import UNLIMITED
from unbond.errors import Refused

from .checks import (
    COIN,
    FIRST_FIT,
    MIN_SHARES,
    PARTIAL_FIFO,
    Pool,
    balance,
    check_ledger,
    place_of,
    refusal_of,
)
from .rates import ALL_RATES, RATES, RatedPool, pool_at

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.roles import Roles

# Many of them, with a story each.
pytestmark = pytest.mark.slow

POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"]
)
CHEAP_RATES = pytest.mark.parametrize("rate", [rate for rate in RATES if rate != "1e9 or so"])
"""Those at which there are as many coins as the books say."""
WAYS_IN = ("stakeForBonds", "stakeForCertificates", "topUp")


def shares_from(pool: RatedPool, sender: AccountAPI, method: str, amount: int) -> int:
    """Stake, or bring liquidity; returns the shares."""
    logs = pool.act(sender, method, value=amount)
    (shares,) = [log.fields["shares"] for log in logs if log.name in ("Staked", "ToppedUp")]
    return int(shares)


def owed_for(pool: RatedPool, sender: AccountAPI, method: str, amount: int) -> tuple[int, int]:
    """Burn; returns the shares, and what is owed for them."""
    (burnt,) = pool.act(sender, method, amount)
    request = pool.view("requests", burnt.fields["request_id"])
    assert request[:3] == (sender.address, burnt.fields["amount"], 0)
    return burnt.fields["shares"], burnt.fields["amount"]


def check_rate_keeps(pool: RatedPool, before: Fraction) -> None:
    """What a share is worth has not fallen, and is a wei at least."""
    assert pool.worth() >= max(before, Fraction(1))


# In.


@pytest.mark.rule("L-1")
@pytest.mark.case(18, 19)
@ALL_RATES
def test_making_shares_rounds_them_down(
    local_chain: Chain, roles: Roles, mocks: Mocks, delegator: AccountAPI, rate: str
) -> None:
    """Cases 18 and 19: for whatever amount, in each of three ways."""
    pool = pool_at(rate, local_chain, roles, mocks)
    one = int(pool.worth())
    for method, over in product(WAYS_IN, (1, one - 1, one)):
        amount, worth, (value, total) = COIN + over, pool.worth(), pool.state()
        exact = amount / worth
        assert pool.view("previewStake", amount) == exact // 1
        shares = shares_from(pool, delegator, method, amount)
        assert shares == exact // 1
        assert 0 <= amount - shares * worth < worth
        assert pool.state() == (value + amount, total + shares)
        check_rate_keeps(pool, worth)
    check_ledger(pool)


@pytest.mark.rule("L-1", "C-12")
@pytest.mark.case(13)
@ALL_RATES
def test_the_least_that_can_be_staked_is_a_coin_at_any_rate(
    local_chain: Chain, roles: Roles, mocks: Mocks, delegator: AccountAPI, rate: str
) -> None:
    """Case 13."""
    pool = pool_at(rate, local_chain, roles, mocks)
    for method in WAYS_IN:
        assert refusal_of(pool.act, delegator, method) == Refused("ZeroAmount")
        for amount in (1, COIN - 1):
            refused = refusal_of(pool.act, delegator, method, value=amount)
            assert refused == Refused("BelowMinimum", amount=amount, minimum=COIN)
        assert refusal_of(pool.view, method, sender=delegator, value=COIN) is None


# Out.


@pytest.mark.rule("L-1", "L-4")
@pytest.mark.case(19, 27)
@ALL_RATES
def test_burning_certificates_rounds_the_amount_down(
    local_chain: Chain, roles: Roles, mocks: Mocks, delegator: AccountAPI, rate: str
) -> None:
    """Cases 19 and 27: a share is burnt as a share, down to the last one."""
    pool = pool_at(rate, local_chain, roles, mocks)
    held = shares_from(pool, delegator, "stakeForCertificates", 5 * COIN + 3)
    for shares in (1, 2, 3, held // 3, held - held // 3 - 6 - 1, 1):
        worth, (value, total) = pool.worth(), pool.state()
        burnt, owed = owed_for(pool, delegator, "burnCertificates", shares)
        assert (burnt, owed) == (shares, shares * worth // 1)
        assert owed >= shares
        assert pool.state() == (value - owed, total - shares)
        check_rate_keeps(pool, worth)
    assert pool.certificates.view("balanceOf", delegator.address) == 0
    assert refusal_of(pool.burn, delegator, 1) == Refused(
        "ERC20InsufficientBalance", sender=delegator.address, balance=0, needed=1
    )
    check_ledger(pool)


@pytest.mark.rule("L-1", "L-4")
@pytest.mark.case(19, 27)
@ALL_RATES
def test_burning_bonds_rounds_the_shares_up(
    local_chain: Chain, roles: Roles, mocks: Mocks, delegator: AccountAPI, rate: str
) -> None:
    """Cases 19 and 27: what is asked for is owed; burning the whole balance leaves no share."""
    pool = pool_at(rate, local_chain, roles, mocks)
    shares_from(pool, delegator, "stakeForBonds", 5 * COIN + 3)
    one = int(pool.worth())
    for wei in (1, max(1, one - 1), one, one + 1, COIN, "all but a share", "all"):
        worth, (value, total) = pool.worth(), pool.state()
        held = pool.bonds.view("sharesOf", delegator.address)
        shown = pool.bonds.view("balanceOf", delegator.address)
        amount = wei if isinstance(wei, int) else shown
        if wei == "all but a share":
            amount = (held - 1) * worth // 1
        expected = -(-amount // worth)
        assert pool.view("previewBurnBonds", amount) == (expected, amount)
        burnt, owed = owed_for(pool, delegator, "burnBonds", amount)
        assert (burnt, owed) == (expected, amount)
        assert 0 <= burnt * worth - owed < worth
        assert pool.bonds.view("sharesOf", delegator.address) == held - burnt
        assert pool.state() == (value - owed, total - burnt)
        check_rate_keeps(pool, worth)
    assert pool.bonds.view("sharesOf", delegator.address) == 0
    assert pool.bonds.view("balanceOf", delegator.address) == 0
    check_ledger(pool)


@pytest.mark.rule("L-1", "L-4")
@pytest.mark.case(18, 27)
@ALL_RATES
def test_when_few_shares_are_left_what_is_burnt_is_owed_wholly(
    local_chain: Chain, roles: Roles, mocks: Mocks, owner: AccountAPI, rate: str
) -> None:
    """Cases 18 and 27: otherwise a few shares would get what others were not paid."""
    pool = pool_at(rate, local_chain, roles, mocks)
    total = pool.view("totalShares")
    pool.act(owner, "certificatesToBonds", total)
    worth = pool.worth()
    # As many as have to be left, and one more: what is asked for is owed.
    most = (total - MIN_SHARES) * worth // 1
    if most:
        assert pool.view("previewBurnBonds", most) == (total - MIN_SHARES, most)
    # One less: less than a share's worth more.
    few = (total - MIN_SHARES) * worth // 1 + 1
    shares = -(-few // worth)
    assert pool.view("previewBurnBonds", few) == (shares, shares * worth // 1)
    assert owed_for(pool, owner, "burnBonds", few) == (shares, shares * worth // 1)
    assert 0 <= shares * worth - few < worth
    check_rate_keeps(pool, worth)
    # So does the last share, and nothing is left.
    worth, left = pool.worth(), pool.view("totalShares")
    pool.act(owner, "bondsToCertificates", left - 1)
    owed_for(pool, owner, "burnCertificates", left - 1)
    value, one = pool.state()
    assert one == 1
    assert worth <= value < worth + 1
    assert owed_for(pool, owner, "burnBonds", 1) == (1, value)
    assert pool.state() == (0, 0)
    check_ledger(pool)


@pytest.mark.rule("L-1")
@pytest.mark.case(27)
@ALL_RATES
def test_previews_of_more_than_there_is_do_not_overflow(
    local_chain: Chain, roles: Roles, mocks: Mocks, rate: str
) -> None:
    """Case 27: what nobody can have is told as it is; burning it is refused."""
    pool = pool_at(rate, local_chain, roles, mocks)
    worth, total = pool.worth(), pool.view("totalShares")
    value, _ = pool.state()
    for amount in (value + 1, 2**128, UNLIMITED):
        shares = -(-amount // worth)
        assert shares > total
        assert pool.view("previewBurnBonds", amount) == (shares, amount)
        assert refusal_of(pool.burn_bonds, pool.owner, amount) == Refused(
            "ERC20InsufficientBalance", sender=pool.owner.address, balance=0, needed=amount
        )


# Nobody gains.


@pytest.mark.rule("L-1", "L-2")
@pytest.mark.case(18, 24)
@ALL_RATES
def test_who_stakes_and_burns_gains_nothing(
    local_chain: Chain, roles: Roles, mocks: Mocks, delegator: AccountAPI, rate: str
) -> None:
    """Cases 18 and 24: and loses less than a share's worth and a wei, converting as he likes."""
    pool = pool_at(rate, local_chain, roles, mocks)
    for method, out in product(WAYS_IN, ("burnCertificates", "burnBonds")):
        before = pool.worth()
        amount = 2 * COIN + int(before) - 1
        shares = shares_from(pool, delegator, method, amount)
        if method == "stakeForBonds":
            pool.act(delegator, "bondsToCertificates", shares)
        if out == "burnBonds":
            pool.act(delegator, "certificatesToBonds", shares)
        shown = pool.bonds.view("balanceOf", delegator.address)
        burnt, owed = owed_for(pool, delegator, out, shown or shares)
        assert burnt == shares
        assert 0 <= amount - owed < before + 1
        check_rate_keeps(pool, before)
    check_ledger(pool)


@pytest.mark.rule("L-1")
@pytest.mark.case(27)
@ALL_RATES
def test_splitting_a_burn_gains_nothing(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    rate: str,
) -> None:
    """Case 27: in parts one gets as much as at once or less, by less than a wei a part."""
    parts = 5
    pool = pool_at(rate, local_chain, roles, mocks)
    held = [
        shares_from(pool, person, "stakeForCertificates", 3 * COIN)
        for person in (delegator, latecomer)
    ]
    before = pool.worth()
    at_once = min(held) * before // 1
    split = 0
    left = min(held)
    for part in range(parts):
        shares = left if part == parts - 1 else min(held) // parts + part
        left -= shares
        split += owed_for(pool, delegator, "burnCertificates", shares)[1]
    assert at_once - parts < split <= at_once + 1
    assert split <= min(held) * pool.worth()
    # Those who stay have what is not paid: nobody else paid for it.
    check_rate_keeps(pool, before)
    assert owed_for(pool, latecomer, "burnCertificates", min(held))[1] >= at_once
    check_ledger(pool)


@pytest.mark.rule("L-1")
@ALL_RATES
def test_splitting_a_burn_of_bonds_gains_nothing(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    rate: str,
) -> None:
    """Each part is owed to the wei and costs less than a share more than it is worth."""
    parts = 5
    pool = pool_at(rate, local_chain, roles, mocks)
    before = pool.worth()
    held = shares_from(pool, delegator, "stakeForBonds", 3 * COIN)
    owed = burnt = 0
    for part in range(parts - 1):
        amount = COIN // parts + part
        shares, amount_owed = owed_for(pool, delegator, "burnBonds", amount)
        assert amount_owed == amount
        burnt, owed = burnt + shares, owed + amount
    rest = pool.bonds.view("balanceOf", delegator.address)
    shares, amount_owed = owed_for(pool, delegator, "burnBonds", rest)
    assert burnt + shares == held
    lost = held * before - owed - amount_owed
    assert 0 <= lost < (parts - 1) * pool.worth() + 1
    check_rate_keeps(pool, before)
    check_ledger(pool)


@pytest.mark.rule("L-1", "L-2")
@ALL_RATES
def test_bonds_sent_back_and_forth_come_to_the_same(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    rate: str,
) -> None:
    """Shares are moved and none is made; two people together have what they had."""
    pool = pool_at(rate, local_chain, roles, mocks)
    people = (delegator, latecomer)
    before, state = pool.worth(), pool.state()
    for person in people:
        shares_from(pool, person, "stakeForBonds", 3 * COIN + 1)
    state, before = pool.state(), pool.worth()
    shares = sum(pool.bonds.view("sharesOf", person.address) for person in people)
    for amount in (1, 1, 2, int(before), int(before) + 1, COIN // 3, 1):
        for sender, to in (people, people[::-1]):
            pool.bonds.act("transfer", to.address, amount, sender=sender)
    assert sum(pool.bonds.view("sharesOf", person.address) for person in people) == shares
    shown = sum(pool.bonds.view("balanceOf", person.address) for person in people)
    assert shares * before - 2 < shown <= shares * before
    assert pool.state() == state
    owed = sum(
        owed_for(pool, person, "burnBonds", pool.bonds.view("balanceOf", person.address))[1]
        for person in people
    )
    assert shown <= owed <= shares * before
    check_rate_keeps(pool, before)
    check_ledger(pool)


@pytest.mark.rule("L-1")
@pytest.mark.case(18, 29)
@ALL_RATES
def test_the_largest_loss_of_anybody_is_less_than_one_shares_worth(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    rate: str,
) -> None:
    """Cases 18 and 29: each action of each kind costs its sender that at most, and nobody else."""
    pool = pool_at(rate, local_chain, roles, mocks)
    for person in (delegator, latecomer):
        for method in ("stakeForBonds", "stakeForCertificates"):
            shares_from(pool, person, method, 3 * COIN)
    largest: dict[str, Fraction] = {}

    def wealth() -> dict[str, Fraction]:
        """What people have in shares, exactly."""
        worth = pool.worth()
        return {
            person.address: worth
            * (
                pool.bonds.view("sharesOf", person.address)
                + pool.certificates.view("balanceOf", person.address)
            )
            for person in (delegator, latecomer, pool.owner)
        }

    one = int(pool.worth())
    moves = [(way, COIN + over) for way in WAYS_IN for over in (1, one - 1)]
    moves += [("burnBonds", wei) for wei in (1, one // 2 + 1, one + 1)]
    moves += [("burnCertificates", shares) for shares in (1, 2)]
    moves += [("bondsToCertificates", 1), ("certificatesToBonds", 2)]
    after = wealth()
    for method, amount in moves:
        before, worth = after, pool.worth()
        if method in WAYS_IN:
            shares_from(pool, delegator, method, amount)
            before[delegator.address] += amount
        elif method.startswith("burn"):
            _, owed = owed_for(pool, delegator, method, amount)
            before[delegator.address] -= owed
        else:
            pool.act(delegator, method, amount)
        after = wealth()
        lost = before[delegator.address] - after[delegator.address]
        largest[method] = max(largest.get(method, Fraction(0)), lost)
        others = [address for address in after if address != delegator.address]
        assert all(after[address] >= before[address] for address in others)
        assert 0 <= lost < worth, f"{method} of {amount} costs {float(lost)} wei"
        check_rate_keeps(pool, worth)
    check_ledger(pool)
    most = max(largest.values())
    bound = pool.worth()
    assert most < bound, f"{float(most)} wei of {float(bound)}: {largest}"
    # By burning a certificate one loses less than a wei, and by converting nothing.
    assert largest["burnCertificates"] < 1
    assert largest["bondsToCertificates"] == largest["certificatesToBonds"] == 0
    if rate == "1e9 or so":
        # A wei of bonds costs a share: nearly the bound.
        assert most > bound * 99 / 100
    if rate == "one":
        assert most == 0


# The first one.


@pytest.mark.rule("L-1", "C-4")
@pytest.mark.case(16, 18)
@CHEAP_RATES
@POLICIES
def test_coins_that_are_forced_on_the_pool_move_nothing(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    stranger: AccountAPI,
    rate: str,
    policy: int,
) -> None:
    """Cases 16 and 18: neither the rate, nor a payout, nor what is delegated."""
    pool = pool_at(rate, local_chain, roles, mocks, policy=policy)
    patron = mocks.deploy("Patron")
    before, state = check_ledger(pool), pool.state()
    request = pool.burn(pool.owner, COIN)
    owed = pool.view("owed")
    for to in (pool.address, pool.validators[0].address):
        patron.act("force", to, sender=stranger, value=1000 * COIN)
    held = balance(local_chain, pool.address)
    assert held >= 1000 * COIN

    assert pool.state() == (state[0] - owed, state[1] - COIN)
    ledger = check_ledger(pool)
    assert ledger[:4] == before[:4]
    worth = pool.worth()
    free = pool.view("freeLiquidity")
    pool.settle(stranger)
    # Paid, or not, from what there is in the books.
    if policy == PARTIAL_FIFO:
        assert pool.view("requests", request)[1:3] == (owed, min(owed, free))
    else:
        assert pool.view("requests", request)[1] == (owed if owed > free else 0)
    assert shares_from(pool, delegator, "stakeForCertificates", COIN) == COIN / worth // 1
    assert balance(local_chain, pool.address) >= 1000 * COIN
    check_ledger(pool)
    refused = refusal_of(pool.act, stranger, "redelegate")
    if pool.view("owed"):
        assert refused == Refused("RequestsWaiting", owed=pool.view("owed"))
    else:
        assert pool.view("freeLiquidity") == 0


@pytest.mark.rule("L-1", "C-4")
@pytest.mark.case(18)
@pytest.mark.parametrize("left", [1, 2, MIN_SHARES - 1, MIN_SHARES])
@pytest.mark.parametrize("bonds", [False, True], ids=["certificates", "bonds"])
def test_the_first_staker_cannot_make_the_next_ones_shares_round_to_nothing(
    local_chain: Chain,
    mocks: Mocks,
    roles: Roles,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    left: int,
    bonds: bool,
) -> None:
    """Case 18: with however few shares he stays, and ten coins of rewards, and 1000 forced in."""
    pool = RatedPool(local_chain, roles.account("owner"), mocks, treasury=provider.address)
    shares = pool.stake(delegator, COIN, bonds=bonds)
    if bonds:
        pool.burn_bonds(delegator, shares - left)
    else:
        pool.burn(delegator, shares - left)
    assert pool.state() == (left, left)
    mocks.deploy("Patron").act("force", pool.address, sender=delegator, value=1000 * COIN)
    pool.harvest(10 * COIN)
    few = left < MIN_SHARES
    assert pool.certificates.view("balanceOf", provider.address) == (10 * COIN if few else 0)
    # Never more than 2 wei and the rewards divided by the least number of shares.
    assert pool.worth() < 2 + Fraction(10 * COIN, MIN_SHARES)
    before = pool.worth()
    assert before == (1 if few else Fraction(MIN_SHARES + 10 * COIN, MIN_SHARES))

    taken = pool.stake(latecomer, COIN)
    assert taken == COIN / before // 1
    lost = COIN - taken * pool.worth()
    assert lost < before
    check_rate_keeps(pool, before)
    # With everybody gone it begins anew, at a wei a share.
    for person in (delegator, latecomer, provider):
        rest = pool.bonds.view("balanceOf", person.address)
        if rest:
            pool.burn_bonds(person, rest)
        certificates = pool.certificates.view("balanceOf", person.address)
        if certificates:
            pool.burn(person, certificates)
    assert pool.state() == (0, 0)
    assert pool.stake(delegator, COIN + 1) == COIN + 1


@pytest.mark.rule("L-1")
@pytest.mark.case(18, 22)
def test_rewards_that_come_when_nobody_has_shares_are_the_treasurys(
    local_chain: Chain,
    mocks: Mocks,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Cases 18 and 22: and not the next one's, nor lost."""
    pool = RatedPool(local_chain, owner, mocks, treasury=provider.address)
    pool.stake(delegator, COIN)
    pool.burn(delegator, COIN)
    assert pool.state() == (0, 0)
    assert pool.view("sharesToAmount", 7) == pool.view("amountToShares", 7) == 7
    assert pool.view("amountToSharesUp", 7) == 7
    pool.harvest(1)
    assert pool.state() == (1, 1)
    assert pool.certificates.view("balanceOf", provider.address) == 1
    pool.harvest(COIN)
    assert pool.state() == (COIN + 1, COIN + 1)
    assert pool.certificates.view("balanceOf", provider.address) == COIN + 1
    assert pool.stake(latecomer, COIN) == COIN
    check_ledger(pool)


@pytest.mark.rule("L-1")
@pytest.mark.case(18)
def test_a_round_of_staking_and_leaving_raises_the_rate_by_a_wei_or_so(
    local_chain: Chain, mocks: Mocks, owner: AccountAPI, delegator: AccountAPI
) -> None:
    """Case 18: whoever stays with one share heaps on it what he himself was not paid, a wei."""
    pool = RatedPool(local_chain, owner, mocks)
    pool.stake(delegator, COIN)
    pool.harvest(1)
    worths = []
    for extra in (0, 1, 1, 2, 3):
        pool.burn(delegator, pool.certificates.view("balanceOf", delegator.address) - 1)
        value, shares = pool.state()
        assert shares == 1
        worths.append(value)
        pool.stake(delegator, COIN + extra)
    assert all(later - earlier <= 1 for earlier, later in pairwise(worths))
    check_ledger(pool)


@pytest.mark.rule("L-1")
@pytest.mark.case(18)
def test_small_rewards_do_not_make_a_few_shares_dear_either(
    local_chain: Chain,
    mocks: Mocks,
    owner: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Case 18: with fewer shares than `MIN_SHARES`, what a share is worth grows by no rewards."""
    pool = RatedPool(local_chain, owner, mocks, treasury=provider.address)
    pool.stake(delegator, COIN)
    pool.harvest(COIN // 2)
    pool.burn(delegator, COIN - 1)
    assert pool.state() == (2, 1)
    for _ in range(4):
        # Each time a wei less than a share is worth.
        value, shares = pool.state()
        pool.harvest(value // shares - 1)
    assert pool.worth() <= 2


# The last one.


@pytest.mark.rule("L-1", "L-10")
@pytest.mark.case(17, 27, 29)
@ALL_RATES
@POLICIES
def test_when_all_have_left_not_a_wei_is_left(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    rate: str,
    policy: int,
) -> None:
    """Cases 17, 27 and 29: odd shares of four people, the last of whom gets all the rest."""
    pool = pool_at(rate, local_chain, roles, mocks, policy=policy)
    pool.stake(delegator, COIN + 1, bonds=True)
    pool.stake(latecomer, 2 * COIN + 3)
    pool.bonds.act("transferShares", stranger.address, 1, sender=delegator)
    pool.harvest(1001)
    people = (stranger, latecomer, owner, delegator)
    requests: list[tuple[AccountAPI, int]] = []
    for person in people:
        before = pool.worth()
        if shares := pool.certificates.view("balanceOf", person.address):
            requests.append((person, pool.burn(person, shares)))
        value, _ = pool.state()
        if shown := pool.bonds.view("balanceOf", person.address):
            requests.append((person, pool.burn_bonds(person, shown)))
            if person is delegator:
                assert pool.view("requests", requests[-1][1])[1] == value
        if pool.view("totalShares"):
            check_rate_keeps(pool, before)
    assert pool.state() == (0, 0)
    assert pool.view("bondShares") == pool.certificates.view("totalSupply") == 0
    assert pool.bonds.view("totalSupply") == 0
    ledger = check_ledger(pool)
    amounts = [pool.view("requests", request)[1] for _, request in requests]
    assert sum(amounts) == ledger[5]
    if rate == "1e9 or so":
        # There are not as many coins as the validator has brought again and again.
        return
    held = {person.address: balance(local_chain, person.address) for person in people}
    pool.act(owner, "release", 0, pool.validators[0].view("principal"))
    fees = held[owner.address] - balance(local_chain, owner.address)
    pool.settle(roles.account("operator"))
    assert [place_of(request) for _, request in requests] == list(range(1, len(requests) + 1))
    assert pool.view("owed") == pool.view("freeLiquidity") == 0
    if policy == FIRST_FIT:
        got = sum(balance(local_chain, address) - coins for address, coins in held.items())
        assert got + fees == sum(amounts)
    else:
        there = "0x" + "33" * 20
        for person, request in requests:
            pool.act(person, "claim", request, there)
        assert balance(local_chain, there) == sum(amounts)
    assert check_ledger(pool) == (0, 0, 0, 0, 0, 0, 0)
    assert balance(local_chain, pool.address) == 0
    assert pool.validators[0].view("principal") == 0
    # And it begins anew.
    assert pool.stake(delegator, COIN) == COIN


# A rate that moves.


@pytest.mark.rule("L-4")
@pytest.mark.case(25, 44)
@CHEAP_RATES
@POLICIES
def test_what_is_owed_does_not_move_with_the_rate(
    local_chain: Chain,
    roles: Roles,
    mocks: Mocks,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    rate: str,
    policy: int,
) -> None:
    """Cases 25 and 44: harvests, stakes and burns between a request and its payout."""
    pool = pool_at(rate, local_chain, roles, mocks, policy=policy)
    shares = pool.stake(delegator, 2 * COIN)
    pool.stake(delegator, COIN, bonds=True)
    worth = pool.worth()
    mine = pool.burn(delegator, shares)
    bonds = pool.burn_bonds(delegator, pool.bonds.view("balanceOf", delegator.address))
    owed = [pool.view("requests", request)[1] for request in (mine, bonds)]
    assert owed[0] == shares * worth // 1
    value, total = pool.state()

    pool.harvest(COIN)
    # Those who stay get all of it.
    assert pool.state() == (value + COIN, total)
    pool.stake(latecomer, COIN)
    pool.burn(latecomer, 1000)
    pool.harvest(1)
    assert [pool.view("requests", request)[1] for request in (mine, bonds)] == owed
    pool.act(pool.owner, "release", 0, pool.view("owed"))
    held = balance(local_chain, delegator.address)
    pool.settle(stranger)
    if policy == FIRST_FIT:
        assert balance(local_chain, delegator.address) == held + sum(owed)
    else:
        to = "0x" + "44" * 20
        for request in (mine, bonds):
            pool.act(delegator, "claim", request, to)
        assert balance(local_chain, to) == sum(owed)
    assert [pool.view("requests", request)[1] for request in (mine, bonds)] == [0, 0]
    check_ledger(pool)


@pytest.mark.rule("L-1", "L-3")
@pytest.mark.case(18, 44)
def test_a_real_validator_with_an_absurd_rate_is_as_hostile(
    local_chain: Chain,
    clock: Clock,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
) -> None:
    """Cases 18 and 44: 400 coins for a thousandth of one make a share worth 340 000 wei."""
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT, rate=41_714_000)
    (validator,) = pool.validators
    pool.stake(delegator, COIN)
    request = pool.burn(delegator, COIN - MIN_SHARES)
    clock.at(validator.view("lockedUntil"))
    (harvested,) = pool.act(owner, "harvest", 0)
    rewards = harvested.fields["rewards"]
    assert 399 * COIN < rewards < 401 * COIN
    assert harvested.fields["treasury_shares"] == 0
    net = rewards - rewards * 15 // 100
    worth = Fraction(MIN_SHARES + net, MIN_SHARES)
    assert pool.state() == (MIN_SHARES + net, MIN_SHARES)
    assert pool.settle(owner) == [request]

    taken = pool.stake(latecomer, COIN)
    assert taken == COIN / worth // 1
    value, shares = pool.state()
    assert value * worth.denominator >= shares * worth.numerator
    loss = COIN - Fraction(taken * value, shares)
    assert 0 <= loss < worth
    assert pool.stake(latecomer, COIN, bonds=True) in (taken, taken - 1)
    check_ledger(pool)
