"""The books balance to the wei whatever anybody does (L-10), and shares never lose (L-1)."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from ape.exceptions import ContractLogicError

from unbond.clock import LAST_BLOCK
from unbond.errors import Refused, ZeroAmount

from .checks import COIN, DAY, FIRST_FIT, PARTIAL_FIFO, Pool, check_ledger, refusal_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain, Contract
    from unbond.clock import Clock

# Many of them, with a story each.
pytestmark = pytest.mark.slow

STEPS = 100
NAMES = (
    *("stake", "burn", "burnBonds", "harvest", "settle") * 2,
    *("convert", "back", "transfer", "claim", "redelegate", "topUp", "release", "schedule"),
    *("wait", "wait", "wait", "behave", "force", "fees"),
)
POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"]
)


class Walk:
    """Random actions of a few people."""

    def __init__(
        self,
        rng: random.Random,
        pool: Pool,
        clock: Clock,
        people: list[AccountAPI],
        treasury: Contract,
    ) -> None:
        self.rng, self.pool, self.clock, self.people = rng, pool, clock, people
        self.treasury = treasury
        self.requests: list[int] = []
        self.outcomes: Counter[str] = Counter()

    def amount(self, most: int) -> int:
        """An amount that is likely to be all, nearly all, next to nothing, or something."""
        rng = self.rng
        return max(1, rng.choice([most, most - 1, 1, 2, rng.randint(1, most + 1)]))

    def step(self) -> None:
        rng, pool = self.rng, self.pool
        who = rng.choice(self.people)
        me = str(who.address)
        held = pool.certificates.view("balanceOf", me)
        bonds = pool.bonds.view("balanceOf", me)
        shares = pool.bonds.view("sharesOf", me)
        name = rng.choice(NAMES)
        value = rng.randint(COIN, 30 * COIN)
        action = {
            "stake": lambda: pool.stake(who, value, bonds=rng.random() < 0.5),
            "burn": lambda: self.requests.append(pool.burn(who, self.amount(held))),
            "burnBonds": lambda: self.requests.append(pool.burn_bonds(who, self.amount(bonds))),
            "convert": lambda: pool.act(who, "bondsToCertificates", self.amount(shares)),
            "back": lambda: pool.act(who, "certificatesToBonds", self.amount(held)),
            "transfer": lambda: pool.bonds.act(
                "transfer",
                str(rng.choice(self.people).address),
                self.amount(bonds),
                sender=who,
            ),
            "harvest": lambda: pool.act(who, "harvest", rng.randrange(len(pool.validators))),
            "settle": lambda: pool.settle(who, rng.choice([1, 2, 50])),
            "claim": lambda: self.claim(),
            "redelegate": lambda: pool.act(who, "redelegate"),
            "topUp": lambda: pool.act(who, "topUp", value=value),
            "release": lambda: pool.act(pool.owner, "release", 0, self.amount(20 * COIN)),
            "schedule": lambda: pool.act(
                pool.owner, "scheduleRelease", 0, rng.choice([0, 5 * COIN, 10**6 * COIN])
            ),
            "wait": lambda: self.clock.travel(days=rng.choice([1, 36])),
            "behave": lambda: self.treasury.act("behave", rng.choice([0, 1, 2, 3]), sender=who),
            "force": lambda: self.treasury.act("force", pool.address, sender=who, value=12345),
            "fees": lambda: self.treasury.act(
                "act",
                pool.address,
                bytes(pool.contract.instance.claimFees.encode_input(me)),
                0,
                sender=who,
            ),
        }[name]
        refused = refusal_of(action)
        self.outcomes[f"{name} {refused.name if refused else ''}".strip()] += 1

    def claim(self) -> None:
        if not self.requests:
            raise ZeroAmount
        identifier = self.rng.choice(self.requests)
        owner = next(p for p in self.people if int(str(p.address), 16) == identifier >> 96)
        self.pool.act(owner, "claim", identifier, str(owner.address))


@pytest.mark.rule("L-1", "L-4", "L-10", "C-4")
@pytest.mark.case(19, 27, 29)
@POLICIES
@pytest.mark.parametrize("seed", [1])
def test_the_books_balance_after_every_step_of_a_random_walk(
    local_chain: Chain,
    clock: Clock,
    mocks: Mocks,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    policy: int,
    seed: int,
) -> None:
    """With a treasury that now and then takes no coins."""
    kinds = mocks.deploy("Patron")
    pool = Pool(local_chain, owner, kinds.address, policy, validators=2, rate=30_000)
    treasury = mocks.deploy("Patron", pool.contract.instance.contract_type.errors)
    pool = Pool(local_chain, owner, treasury.address, policy, validators=2, rate=30_000)
    people = [delegator, latecomer, stranger]
    walk = Walk(random.Random(seed), pool, clock, people, treasury)

    value, shares = 1, 1
    for _ in range(STEPS):
        walk.step()
        ledger = check_ledger(pool)
        now_value, now_shares = pool.state()
        if shares and now_shares:
            assert now_value * shares >= value * now_shares
        value, shares = now_value, now_shares
        addresses = [*(str(person.address) for person in people), treasury.address]
        balances = [pool.bonds.view("balanceOf", person) for person in addresses]
        assert sum(balances) <= pool.bonds.view("totalSupply") <= value
        owed = sum(
            amount - claimable
            for _, amount, claimable, _ in (pool.view("requests", i) for i in walk.requests)
        )
        assert owed == ledger[5]
        claimable = sum(pool.view("requests", i)[2] for i in walk.requests)
        assert claimable + pool.view("claimableFees") == ledger[6]

    done = {name for name in walk.outcomes if " " not in name}
    assert {"stake", "burn", "burnBonds", "harvest", "settle", "release", "topUp"} <= done
    # Everybody leaves and is paid; what is left in the validators is the pool's.
    treasury.act("behave", 0, sender=owner)
    for person in people:
        me = str(person.address)
        if pool.certificates.view("balanceOf", me):
            walk.requests.append(pool.burn(person, pool.certificates.view("balanceOf", me)))
        if pool.bonds.view("balanceOf", me):
            walk.requests.append(pool.burn_bonds(person, pool.bonds.view("balanceOf", me)))
        assert pool.bonds.view("sharesOf", me) == 0
        check_ledger(pool)
    for index, validator in enumerate(pool.validators):
        clock.at(max(clock.now, validator.view("lockedUntil")))
        if validator.view("principal"):
            pool.act(owner, "release", index, validator.view("principal"))
    pool.settle(owner, 1000)
    check_ledger(pool)
    assert pool.view("owed") == 0
    for identifier in walk.requests:
        person = next(p for p in people if int(str(p.address), 16) == identifier >> 96)
        if pool.view("requests", identifier)[2]:
            pool.act(person, "claim", identifier, str(person.address))
        assert pool.view("requests", identifier)[1] == 0
    check_ledger(pool)


@pytest.mark.rule("L-1")
@pytest.mark.case(18)
def test_rewards_for_next_to_no_shares_go_to_the_treasury(
    local_chain: Chain,
    clock: Clock,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
) -> None:
    """Case 18: whoever holds the last wei of shares cannot make a share dear."""
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT)
    pool.stake(delegator, 1000 * COIN)
    pool.burn(delegator, 1000 * COIN - 1)
    assert pool.state() == (1, 1)
    clock.at(pool.validators[0].view("lockedUntil"))
    pool.act(delegator, "harvest", 0)
    net = pool.view("freeLiquidity")
    assert net > 80 * COIN
    assert pool.state() == (1 + net, 1 + net)
    assert pool.certificates.view("balanceOf", provider.address) == net
    assert pool.stake(latecomer, COIN) == COIN
    check_ledger(pool)


@pytest.mark.rule("L-1")
@pytest.mark.case(18)
def test_rounding_cannot_be_heaped_on_a_few_shares(
    local_chain: Chain,
    clock: Clock,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
) -> None:
    """Case 18: burning a wei of bonds, of which a share is worth more, pays the whole share."""
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT)
    pool.stake(delegator, COIN, bonds=True)
    clock.at(pool.validators[0].view("lockedUntil"))
    pool.act(delegator, "harvest", 0)
    worth = []
    for _ in range(6):
        pool.act(delegator, "bondsToCertificates", pool.bonds.view("sharesOf", delegator.address))
        pool.burn(delegator, pool.certificates.view("balanceOf", delegator.address) - 3)
        pool.act(delegator, "certificatesToBonds", 3)
        pool.burn_bonds(delegator, 1)
        pool.burn_bonds(delegator, 1)
        value, shares = pool.state()
        assert shares == 1
        worth.append(value)
        pool.stake(delegator, COIN, bonds=True)
        check_ledger(pool)
    # One wei or so a round, and not twice as much each time.
    assert all(later <= earlier + 2 for earlier, later in pairwise(worth))


@pytest.mark.rule("L-2")
def test_bonds_and_certificates_turn_into_each_other_without_a_loss(
    local_chain: Chain,
    clock: Clock,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
) -> None:
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT)
    shares = pool.stake(delegator, 10 * COIN + 7, bonds=True)
    pool.stake(latecomer, 3 * COIN)
    clock.at(pool.validators[0].view("lockedUntil"))
    pool.act(owner, "harvest", 0)
    before, state = pool.bonds.view("balanceOf", delegator.address), pool.state()
    for part in (1, 2, 3, shares // 3):
        pool.act(delegator, "bondsToCertificates", part)
        pool.act(delegator, "certificatesToBonds", part)
    assert pool.bonds.view("sharesOf", delegator.address) == shares
    assert pool.bonds.view("balanceOf", delegator.address) == before
    assert pool.state() == state
    # A transfer moves what it says, to the wei or so; sending all leaves nothing.
    pool.bonds.act("transfer", latecomer.address, 12345, sender=delegator)
    assert 12345 <= pool.bonds.view("balanceOf", latecomer.address) <= 12346
    rest = pool.bonds.view("balanceOf", delegator.address)
    pool.bonds.act("transfer", latecomer.address, rest, sender=delegator)
    assert pool.bonds.view("sharesOf", delegator.address) == 0
    missing = refusal_of(pool.bonds.act, "transfer", latecomer.address, 1, sender=delegator)
    assert missing == Refused(
        "ERC20InsufficientBalance", sender=delegator.address, balance=0, needed=1
    )


@pytest.mark.rule("L-9", "C-6")
@POLICIES
def test_liquidity_goes_back_when_nobody_waits_and_a_release_can_be_scheduled(
    local_chain: Chain,
    clock: Clock,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    policy: int,
) -> None:
    pool = Pool(local_chain, owner, provider.address, policy, validators=2)
    pool.stake(delegator, 10 * COIN)
    pool.stake(delegator, 20 * COIN)
    request = pool.burn(delegator, 12 * COIN)
    assert refusal_of(pool.act, stranger, "redelegate") == Refused(
        "RequestsWaiting", owed=12 * COIN
    )
    until = pool.validators[1].view("lockedUntil")
    assert refusal_of(pool.act, owner, "release", 1, COIN) == Refused("LockupRunning", until=until)
    pool.act(owner, "scheduleRelease", 1, 12 * COIN)
    pool.act(owner, "pause")
    assert refusal_of(pool.act, delegator, "topUp", value=COIN) == Refused("EnforcedPause")
    clock.at(until)
    logs = pool.act(stranger, "harvest", 1)
    assert [log.name for log in logs] == ["ReleaseScheduled", "Released", "Harvested"]
    assert logs[1].fields["amount"] == 12 * COIN
    assert pool.view("ledger")[1] == 12 * COIN
    pool.settle(stranger)
    if policy == PARTIAL_FIFO:
        pool.act(delegator, "claim", request, delegator.address)
    assert pool.view("requests", request)[1] == 0
    left = pool.view("freeLiquidity")
    (delegated,) = pool.act(stranger, "redelegate")
    assert delegated.fields == {"validator_index": 0, "amount": left}
    check_ledger(pool)
    assert pool.view("freeLiquidity", block=LAST_BLOCK) == 0
    assert clock.now - until < DAY


@pytest.mark.rule("C-4", "L-2")
@pytest.mark.case(33)
def test_only_the_pool_makes_and_destroys_tokens_and_takes_no_coins_uninvited(
    local_chain: Chain, owner: AccountAPI, provider: AccountAPI, stranger: AccountAPI
) -> None:
    """Case 33."""
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT)
    pool.stake(owner, COIN)
    me = str(stranger.address)
    refused = Refused("NotThePool", pool=pool.address, caller=me)
    for who in (me, str(owner.address)):
        for token, arguments in ((pool.certificates, (who, 1)), (pool.bonds, (who, 1, 1))):
            for method in ("mint", "burn"):
                assert refusal_of(token.act, method, *arguments, sender=stranger) == refused
    for method, given in (("claimRewards", ()), ("release", (1,)), ("delegate", ())):
        assert refusal_of(pool.validators[0].act, method, *given, sender=stranger) == refused
    with pytest.raises(ContractLogicError):
        stranger.transfer(pool.address, 1)
    check_ledger(pool)
