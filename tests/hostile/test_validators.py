"""Validators with bad manners, and what they can and cannot stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import refusal_of
from tests.contracts.liquid.checks import COIN, FIRST_FIT, PARTIAL_FIFO
from tests.contracts.liquid.desk import Desk, Terms, check_refused
from tests.hostile.intruders import GOVERNANCE, zero_of
from unbond.chain import Contract
from unbond.errors import (
    ReentrancyGuardReentrantCall,
    Refused,
    TransferShortfall,
    ZeroAmount,
)
from unbond.systems.liquid import Delegated, Harvested, LockupRunning, Released

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.roles import Roles

# Many deployments and long stories.
pytestmark = pytest.mark.slow

POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"], indirect=True
)
PLAIN, SHORT, NOTHING, OVER, REVERTS, OUT_OF_GAS, LONG_REASON = range(7)
"""The manners of ``WaywardValidator``."""
DELEGATE, CLAIM, RELEASE, LOCKED_UNTIL, PENDING = range(5)
"""Where it has them."""


class Wayward:
    """A pool with a simulated validator and a wayward one behind it, in which 365 each are."""

    def __init__(self, desk: Desk, validator: Contract, sender: AccountAPI) -> None:
        self.desk, self.liquid, self.validator, self._sender = desk, desk.liquid, validator, sender

    def behave(self, place: int, manner: int) -> None:
        self.validator.act("behave", place, manner, sender=self._sender)

    def say(self, until: int, rewards: int) -> None:
        self.validator.act("say", until, rewards, sender=self._sender)


@pytest.fixture
def wayward(
    local_chain: Chain,
    roles: Roles,
    till: Contract,
    mocks: Mocks,
    clock: Clock,
    policy: int,
    owner: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> Wayward:
    """At the end of a lock-up period, with 100 coins more in the wayward validator."""
    bare = mocks.deploy("WaywardValidator")
    desk = Desk(local_chain, roles, till, policy, Terms(), others=(bare.address,))
    errors = desk.liquid.contract.instance.contract_type.errors
    validator = Contract(local_chain, bare.instance, errors)
    known = Contract(
        local_chain,
        desk.liquid.contract.instance,
        bare.instance.contract_type.errors,
        errors,
    )
    desk.liquid.contract = known
    local_chain.transfer(owner, validator.address, 100 * COIN)
    desk.stake(delegator)
    desk.stake(delegator)
    clock.at(desk.until())
    return Wayward(desk, validator, stranger)


@pytest.mark.rule("L-3", "C-4", "L-10")
@pytest.mark.case(28, 38)
@pytest.mark.systems("liquid")
@pytest.mark.parametrize(
    ("manner", "paid"),
    [(PLAIN, 10 * COIN), (SHORT, 10 * COIN - 1), (NOTHING, 0), (OVER, 10 * COIN + 1)],
    ids=["what it says", "a wei less", "nothing", "a wei more"],
)
def test_rewards_are_what_arrives_and_not_what_is_said(
    wayward: Wayward, stranger: AccountAPI, manner: int, paid: int
) -> None:
    """Cases 28 and 38: credit for what came in, to the wei, and a fee of that."""
    wayward.say(0, 10 * COIN)
    wayward.behave(CLAIM, manner)
    assert wayward.liquid.contract.view("previewHarvest", 1) == (10 * COIN, 15 * COIN // 10)
    fee = paid * 1500 // 10_000
    people = {"treasury": fee} if fee else {}
    with wayward.desk.moves(free=paid - fee, value=paid - fee, **people):
        assert wayward.liquid.harvest(stranger, 1).events == (Harvested(1, paid, fee, 0),)


@pytest.mark.rule("L-3", "C-8")
@pytest.mark.case(17, 38)
@pytest.mark.systems("liquid")
def test_a_validator_that_lies_about_rewards_or_time_spoils_its_own_harvest_only(
    wayward: Wayward,
    clock: Clock,
    operator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 17 and 38: none, more than can be multiplied, and a period that never ends."""
    desk, liquid = wayward.desk, wayward.liquid
    check_refused(ZeroAmount(), liquid.harvest, stranger, 1)
    wayward.say(0, 2**256 - 1)
    with desk.rests():
        check_refused(Refused("Panic", code=17), liquid.harvest, stranger, 1)
    # Its principal is not locked in with that.
    with desk.moves(delegated=-5 * COIN, released=5 * COIN):
        assert liquid.release(operator, 1, 5 * COIN).events == (Released(1, 5 * COIN),)
    forever = 2**64 - 1
    wayward.say(forever, COIN)
    running = LockupRunning(until=forever)
    with desk.rests():
        check_refused(running, liquid.harvest, stranger, 1)
        assert refusal_of(liquid.release, operator, 1, 1) == running
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    with desk.moves(free=rewards - fee, value=rewards - fee, treasury=fee):
        liquid.harvest(stranger, 0)


@pytest.mark.rule("L-9", "L-10", "C-4")
@pytest.mark.case(28, 38)
@pytest.mark.systems("liquid")
def test_principal_that_comes_back_short_is_refused_and_more_is_nobodys(
    wayward: Wayward, operator: AccountAPI, stranger: AccountAPI
) -> None:
    """Cases 28 and 38: released by the operator or by a harvest; a gift does not make up for it."""
    desk, liquid = wayward.desk, wayward.liquid
    wayward.say(0, 10 * COIN)
    for manner, received in ((SHORT, 7 * COIN - 1), (NOTHING, 0)):
        wayward.behave(RELEASE, manner)
        short = TransferShortfall(expected=7 * COIN, received=received)
        with desk.rests():
            assert refusal_of(liquid.release, operator, 1, 7 * COIN) == short
            liquid.schedule_release(operator, 1, 7 * COIN)
            assert refusal_of(liquid.harvest, stranger, 1) == short
            # The operator is not held up: rewards come in without principal.
            liquid.schedule_release(operator, 1, 0)
    with desk.moves(free=85 * COIN // 10, value=85 * COIN // 10, treasury=15 * COIN // 10):
        liquid.harvest(stranger, 1)
    wayward.behave(RELEASE, OVER)
    with desk.moves(delegated=-7 * COIN, released=7 * COIN, uninvited=1):
        assert liquid.release(operator, 1, 7 * COIN).events == (Released(1, 7 * COIN),)
    # A stake that a validator sends some of back is a stake all the same.
    wayward.behave(DELEGATE, OVER)
    with desk.moves(
        delegated=7 * COIN + 85 * COIN // 10, released=-7 * COIN, free=-85 * COIN // 10
    ):
        liquid.redelegate(stranger)
    with desk.rests():
        assert refusal_of(
            lambda: wayward.validator.act("send", liquid.address, COIN, sender=stranger)
        ) == Refused("Uninvited", sender=wayward.validator.address)


@pytest.mark.rule("L-3", "L-5", "L-7", "L-9", "C-6")
@pytest.mark.case(11, 38, 40)
@pytest.mark.systems("liquid")
@pytest.mark.parametrize(
    "manner", [REVERTS, OUT_OF_GAS, LONG_REASON], ids=["reverts", "burns gas", "long reason"]
)
@POLICIES
def test_a_validator_that_answers_nothing_traps_no_more_than_it_has(
    wayward: Wayward,
    clock: Clock,
    policy: int,
    operator: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    manner: int,
) -> None:
    """Cases 11, 38 and 40: burning, the other's harvest and release, paying and bringing go on."""
    desk, liquid = wayward.desk, wayward.liquid
    wayward.say(0, COIN)
    desk.give(delegator, latecomer, 20 * COIN)
    for place in range(5):
        wayward.behave(place, manner)
    with desk.rests():
        assert refusal_of(liquid.harvest, stranger, 1) is not None
        assert refusal_of(liquid.release, operator, 1, 1) is not None
        liquid.schedule_release(operator, 1, COIN)
    mine = desk.burn(latecomer, 20 * COIN)
    with desk.moves(delegated=-COIN, released=COIN):
        liquid.release(operator, 0, COIN)
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    net = rewards - fee
    with desk.moves(free=net, value=net, treasury=fee):
        liquid.harvest(stranger, 0)
    total = 20 * COIN
    if policy == FIRST_FIT:
        with desk.moves(free=-total, owed=-total, latecomer=total):
            liquid.settle(stranger, 1)
    else:
        with desk.moves(free=-total, owed=-total, set_aside=total):
            liquid.settle(stranger, 1)
        with desk.moves(set_aside=-total, latecomer=total):
            liquid.claim(latecomer, mine, latecomer.address)
    shares = COIN * liquid.total_shares() // liquid.pool_value()
    with desk.moves(free=COIN, value=COIN, shares=shares, stranger=-COIN):
        liquid.top_up(stranger, COIN)

    # The turn is the simulated one's, then the wayward one's, at which new stakes stop.
    shares = COIN * liquid.total_shares() // liquid.pool_value()
    with desk.moves(delegated=COIN, value=COIN, shares=shares, stranger=-COIN):
        assert liquid.stake_for_bonds(stranger, COIN).events[-1] == Delegated(0, COIN)
    with desk.rests():
        assert refusal_of(liquid.stake_for_bonds, stranger, COIN) is not None
        assert refusal_of(liquid.redelegate, stranger) is not None
    # Whatever it did, it gives back what it has once it behaves.
    for place in range(5):
        wayward.behave(place, PLAIN)
    fee = COIN * 15 // 100
    with desk.moves(
        delegated=-COIN, released=COIN, free=COIN - fee, value=COIN - fee, treasury=fee
    ):
        liquid.harvest(stranger, 1)
    with desk.moves(delegated=-364 * COIN, released=364 * COIN):
        liquid.release(operator, 1, 364 * COIN)


@pytest.mark.rule("L-10")
@pytest.mark.case(35)
@pytest.mark.systems("liquid")
@pytest.mark.parametrize("place", [DELEGATE, CLAIM, RELEASE], ids=["delegate", "claim", "release"])
def test_every_entry_is_shut_while_a_validator_is_called(
    wayward: Wayward,
    owner: AccountAPI,
    operator: AccountAPI,
    stranger: AccountAPI,
    place: int,
) -> None:
    """Case 35: the validator has all powers, and the books balance while it has its turn."""
    desk, liquid = wayward.desk, wayward.liquid
    liquid.grant_role(owner, "OPERATOR_ROLE", wayward.validator.address)
    wayward.say(0, 2 * COIN)
    pool = liquid.contract.instance
    calls = [
        bytes(getattr(pool, each.name).encode_input(*(zero_of(one) for one in each.inputs)))
        for each in pool.contract_type.mutable_methods
        if each.name not in GOVERNANCE
    ]
    wayward.validator.act("arm", place, calls, sender=stranger)
    if place == DELEGATE:
        # Two stakes: the first one's turn is the simulated validator's.
        shares = 2 * COIN * liquid.total_shares() // liquid.pool_value()
        with desk.moves(delegated=2 * COIN, value=2 * COIN, shares=shares, stranger=-2 * COIN):
            liquid.stake_for_bonds(stranger, COIN)
            liquid.stake_for_certificates(stranger, COIN)
    elif place == CLAIM:
        fee = 2 * COIN * 15 // 100
        with desk.moves(free=2 * COIN - fee, value=2 * COIN - fee, treasury=fee):
            liquid.harvest(stranger, 1)
    else:
        with desk.moves(delegated=-COIN, released=COIN):
            liquid.release(operator, 1, COIN)
    attempts = wayward.validator.view("attempts")
    assert not any(succeeded for succeeded, _ in attempts)
    refusals = [liquid.contract.errors.decode(bytes(answer)) for _, answer in attempts]
    assert refusals == [ReentrancyGuardReentrantCall()] * len(calls)
    assert wayward.validator.view("shortfalls") == 0
