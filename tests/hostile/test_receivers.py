"""Receivers with bad manners: what they do not take is kept for them, and nobody waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.checks import id_of, refusal_of, undone
from tests.contracts.liquid.checks import COIN, FIRST_FIT, PARTIAL_FIFO, Pool, check_ledger
from tests.contracts.liquid.desk import (
    FEE,
    NET,
    YEARLY,
    Desk,
    Terms,
    claimable,
    closed,
    waiting,
)
from tests.hostile.intruders import (
    BOMB,
    BURNS_GAS,
    GOVERNANCE,
    REFUSES,
    TAKES,
    Intruder,
    zero_of,
)
from unbond.chain import Contract
from unbond.errors import Refused
from unbond.systems.base import power_id
from unbond.systems.liquid import Claimed, Ledger, Paid, SetAside, Settled

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.roles import Roles
    from unbond.systems.liquid import LiquidStaking

# Many deployments and long stories.
pytestmark = pytest.mark.slow

# Of tokens, which call them.


@pytest.mark.rule("C-3", "C-4")
@pytest.mark.case(11, 12)
@pytest.mark.systems("delegated", "device")
@pytest.mark.parametrize("manner", [REFUSES, BURNS_GAS, BOMB], ids=["refuses", "burns gas", "bomb"])
def test_a_receiver_that_takes_no_tokens_stops_nobody_but_itself(
    intruder: Intruder, manner: int
) -> None:
    """Cases 11 and 12: also if it is the provider, or shares a device; it is paid when it takes."""
    before = intruder.system.positions_of(intruder.address)
    intruder.behave(manner)
    for entrance in sorted(intruder.entrances):
        with undone():
            assert intruder.refusal(entrance) is not None
    assert intruder.system.positions_of(intruder.address) == before
    theirs, its = intruder.owed
    assert intruder.other_leaves() == theirs
    assert intruder.system.assets() == intruder.system.liabilities() == its
    intruder.behave(TAKES)
    assert intruder.leave() == its
    assert intruder.system.assets() == intruder.system.liabilities() == 0


# Of coins, which call them as well.


def patron_of(desk: Desk, mocks: Mocks) -> Contract:
    """A contract in the place of a person, who has nothing yet."""
    return mocks.deploy("Patron", desk.liquid.contract.instance.contract_type.errors)


def call(desk: Desk, patron: Contract, method: str, *arguments: Any) -> bytes:
    """The call of a function of the pool."""
    return bytes(getattr(desk.liquid.contract.instance, method).encode_input(*arguments))


@pytest.mark.rule("L-8", "C-5", "L-10")
@pytest.mark.case(11, 12)
@pytest.mark.systems("liquid")
@pytest.mark.parametrize("manner", [REFUSES, BURNS_GAS, BOMB], ids=["refuses", "burns gas", "bomb"])
def test_a_receiver_that_takes_no_coins_is_served_in_its_turn_and_delays_nobody(
    desk: Desk,
    liquid: LiquidStaking,
    mocks: Mocks,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    manner: int,
) -> None:
    """Cases 11 and 12: between two others; his money is kept, and goes where he says."""
    patron = patron_of(desk, mocks)
    desk.stake(delegator)
    desk.give(delegator, latecomer, 10 * COIN)
    with desk.rests():
        desk.certificates.act("transfer", patron.address, 10 * COIN, sender=delegator)
    before = desk.burn(latecomer, COIN)
    with desk.moves(value=-5 * COIN, owed=5 * COIN, shares=-5 * COIN):
        patron.act("burnAll", liquid.address, [2 * COIN, 3 * COIN], sender=stranger)
    after = desk.burn(latecomer, 4 * COIN)
    mine = [id_of(patron.address, place) for place in (2, 3)]
    patron.act("behave", manner, sender=stranger)
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    with desk.moves(free=-10 * COIN, owed=-10 * COIN, set_aside=5 * COIN, latecomer=5 * COIN):
        assert liquid.settle(stranger, 9).events == (
            Paid(latecomer.address, before, COIN),
            SetAside(patron.address, mine[0], 2 * COIN),
            SetAside(patron.address, mine[1], 3 * COIN),
            Paid(latecomer.address, after, 4 * COIN),
            Settled(4, 10 * COIN, NET - 10 * COIN),
        )
    assert liquid.positions_of(patron.address) == [
        claimable(mine[0], 2 * COIN),
        claimable(mine[1], 3 * COIN),
    ]
    clock.travel(days=1000)
    for each in mine:
        # What is kept waits no more, however long it stays.
        assert not liquid.is_overdue(each)
        assert liquid.queue_ahead(each) == 0
    # It is never served again, nobody's liquidity, and not delegated.
    with desk.rests():
        assert liquid.settle(stranger, 9).main == Settled(0, 0, NET - 10 * COIN)
    with desk.moves(free=10 * COIN - NET, delegated=NET - 10 * COIN):
        liquid.redelegate(stranger)
    if manner != BURNS_GAS:  # it would burn all the gas that there is
        back = call(desk, patron, "claim", mine[0], patron.address)
        with desk.rests():
            assert refusal_of(
                lambda: patron.act("act", liquid.address, back, 0, sender=stranger)
            ) == Refused("PaymentRefused", to=patron.address)
    out = call(desk, patron, "claim", mine[0], str(latecomer.address))
    with desk.moves(set_aside=-2 * COIN, latecomer=2 * COIN):
        receipt = patron.act("act", liquid.address, out, 0, sender=stranger)
    assert liquid.receipt(Claimed, receipt).events == (
        Claimed(patron.address, mine[0], latecomer.address, 2 * COIN),
    )
    paid = Refused("AlreadyPaid", request_id=mine[0])
    assert refusal_of(lambda: patron.act("act", liquid.address, out, 0, sender=stranger)) == paid
    # Once he takes coins again he can have the rest himself.
    patron.act("behave", TAKES, sender=stranger)
    back = call(desk, patron, "claim", mine[1], patron.address)
    with desk.moves(set_aside=-3 * COIN):
        patron.act("act", liquid.address, back, 0, sender=stranger)
    assert desk.chain.balance_of(patron.address) == 3 * COIN
    assert liquid.positions_of(patron.address) == [closed(each) for each in mine]


@pytest.mark.rule("L-7", "L-8")
@pytest.mark.case(11)
@pytest.mark.systems("liquid")
@pytest.mark.parametrize("policy", [PARTIAL_FIFO], ids=["partial fifo"], indirect=True)
def test_by_age_nobody_is_sent_anything_so_that_nobody_can_refuse(
    desk: Desk,
    liquid: LiquidStaking,
    mocks: Mocks,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 11: he who takes no coins is first, and the next one claims all the same."""
    patron = patron_of(desk, mocks)
    desk.stake(delegator)
    desk.certificates.act("transfer", patron.address, 2 * COIN, sender=delegator)
    desk.give(delegator, latecomer, 3 * COIN)
    patron.act("behave", REFUSES, sender=stranger)
    with desk.moves(value=-2 * COIN, owed=2 * COIN, shares=-2 * COIN):
        patron.act("burnAll", liquid.address, [2 * COIN], sender=stranger)
    theirs = id_of(patron.address, 1)
    mine = desk.burn(latecomer, 3 * COIN)
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    with desk.moves(free=-5 * COIN, owed=-5 * COIN, set_aside=5 * COIN):
        assert liquid.settle(stranger, 1).events == (Settled(0, 5 * COIN, NET - 5 * COIN),)
    back = call(desk, patron, "claim", theirs, patron.address)
    with desk.rests():
        assert refusal_of(
            lambda: patron.act("act", liquid.address, back, 0, sender=stranger)
        ) == Refused("PaymentRefused", to=patron.address)
    with desk.moves(set_aside=-3 * COIN, latecomer=3 * COIN):
        liquid.claim(latecomer, mine, latecomer.address)
    out = call(desk, patron, "claim", theirs, str(stranger.address))
    with desk.moves(set_aside=-2 * COIN, stranger=2 * COIN):
        patron.act("act", liquid.address, out, 0, sender=stranger)


@pytest.mark.rule("L-8", "L-10")
@pytest.mark.case(35)
@pytest.mark.systems("liquid")
def test_neither_a_settlement_nor_a_fee_lets_anybody_in(
    local_chain: Chain,
    roles: Roles,
    till: Contract,
    mocks: Mocks,
    clock: Clock,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 35: the receiver is the treasury as well; he gets no coins, or is not let in."""
    bare = mocks.deploy("Patron")
    desk = Desk(local_chain, roles, till, FIRST_FIT, Terms(), treasury=bare.address)
    liquid = desk.liquid
    patron = Contract(local_chain, bare.instance, liquid.contract.instance.contract_type.errors)
    desk.stake(delegator)
    desk.certificates.act("transfer", patron.address, 10 * COIN, sender=delegator)
    with desk.moves(value=-COIN, owed=COIN, shares=-COIN):
        patron.act("burnAll", liquid.address, [COIN], sender=stranger)
    mine = id_of(patron.address, 1)
    before = desk.look()
    patron.act("arm", liquid.address, call(desk, patron, "burnCertificates", COIN), sender=stranger)
    clock.at(desk.until())
    liquid.harvest(stranger, 0)
    liquid.settle(stranger, 9)
    after = desk.look()
    # No second request, no share less, and nothing but the fee and the payment has gone or is kept.
    assert liquid.contract.view("lastPlace") == 1
    assert after.shares == before.shares == YEARLY - COIN
    got = local_chain.balance_of(patron.address)
    assert got + after.ledger.set_aside == FEE + COIN
    assert after.ledger == Ledger(
        YEARLY,
        0,
        NET - COIN,
        FEE + COIN - got,
        YEARLY - COIN + NET,
        0,
        FEE + COIN - got,
    )
    assert liquid.request_of(mine).amount in (0, COIN)
    assert not patron.view("entered")


@pytest.mark.rule("C-9", "L-5", "C-11")
@pytest.mark.case(10, 16)
@pytest.mark.systems("liquid")
def test_dust_before_and_behind_a_request_changes_only_the_queue(
    desk: Desk,
    liquid: LiquidStaking,
    mocks: Mocks,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 10 and 16: 90 requests for a wei; they are paid a part at a time, by anybody."""
    patron = patron_of(desk, mocks)
    desk.stake(delegator)
    desk.certificates.act("transfer", patron.address, COIN, sender=delegator)
    desk.give(delegator, latecomer, 10 * COIN)
    patron.act("behave", BOMB, sender=stranger)
    with desk.moves(value=-60, owed=60, shares=-60):
        patron.act("burnAgain", liquid.address, 1, 60, sender=stranger)
    mine = desk.burn(latecomer, 10 * COIN)
    with desk.moves(value=-30, owed=30, shares=-30):
        patron.act("burnAgain", liquid.address, 1, 30, sender=stranger)
    assert liquid.queue_ahead(mine) == 60
    assert liquid.positions_of(str(latecomer.address)) == [waiting(mine, 10 * COIN)]
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    with desk.moves(free=-25, owed=-25, set_aside=25):
        liquid.settle(latecomer, 25)
    with desk.moves(free=-35 - 10 * COIN, owed=-35 - 10 * COIN, set_aside=35, latecomer=10 * COIN):
        events = liquid.settle(latecomer, 36).events
    assert events[-2:] == (
        Paid(latecomer.address, mine, 10 * COIN),
        Settled(36, 10 * COIN + 35, NET - 10 * COIN - 60),
    )
    assert len(liquid.positions_of(patron.address, page=40)) == 90


@pytest.mark.rule("L-8")
@pytest.mark.case(35)
@pytest.mark.systems("liquid")
def test_a_receiver_of_a_settlement_cannot_come_back_in(
    local_chain: Chain,
    clock: Clock,
    mocks: Mocks,
    owner: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 35: every function is shut while coins are sent with little gas, and the books balance.

    To write down what came of it costs more than a receiver is given, the first time.
    """
    pool = Pool(local_chain, owner, provider.address, FIRST_FIT)
    instance = pool.contract.instance
    patron = mocks.deploy("Patron", instance.contract_type.errors)
    pool.act(owner, "grantRole", power_id("OPERATOR_ROLE"), patron.address)
    stake = bytes(instance.stakeForCertificates.encode_input())
    patron.act("act", pool.address, stake, 2 * COIN, sender=owner, value=2 * COIN)
    clock.at(pool.validators[0].view("lockedUntil"))
    settled = []
    for each in instance.contract_type.mutable_methods:
        if each.name in GOVERNANCE:
            continue
        patron.act("burnAll", pool.address, [1000], sender=stranger)
        again = bytes(getattr(instance, each.name).encode_input(*map(zero_of, each.inputs)))
        patron.act("arm", pool.address, again, sender=stranger)
        pool.act(owner, "release", 0, 1000)
        served = pool.act(stranger, "settle", 10)[0]
        settled.append(served.name)
        if served.name == "SetAside":
            claim = instance.claim.encode_input(served.fields["request_id"], patron.address)
            patron.act("act", pool.address, bytes(claim), 0, sender=stranger)
        assert not patron.view("entered")
        assert patron.view("balanced")
        shut = pool.contract.errors.name_of(bytes(patron.view("answer"))[:4])
        assert (each.name, shut) == (each.name, "ReentrancyGuardReentrantCall")
        check_ledger(pool)
    assert settled == ["SetAside"] + ["Paid"] * (len(settled) - 1)
