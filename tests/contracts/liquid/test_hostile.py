"""Receivers and validators with bad manners, and what they can and cannot stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.checks import id_of, refusal_of
from unbond.chain import Contract
from unbond.errors import Refused, TransferShortfall, ZeroAmount
from unbond.systems.liquid import (
    Claimed,
    Delegated,
    Harvested,
    Ledger,
    LockupRunning,
    Paid,
    Released,
    SetAside,
    Settled,
)

from .checks import COIN, DAY, FIRST_FIT, PARTIAL_FIFO
from .desk import FEE, NET, YEARLY, Desk, Terms, check_refused, claimable, closed, waiting

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.roles import Roles
    from unbond.systems.liquid import LiquidStaking

# Many deployments and long stories.
pytestmark = pytest.mark.slow

POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"], indirect=True
)
TAKES, REFUSES, BURNS_GAS, BOMB, WORKS = range(5)
"""The manners of ``Patron``."""
PLAIN, SHORT, NOTHING, OVER, REVERTS, OUT_OF_GAS, LONG_REASON = range(7)
"""The manners of ``WaywardValidator``."""
DELEGATE, CLAIM, RELEASE, LOCKED_UNTIL, PENDING = range(5)
"""Where it has them."""
ELSEWHERE = "0x" + "22" * 20


def patron_of(desk: Desk, mocks: Mocks) -> Contract:
    """A contract in the place of a person, who has nothing yet."""
    return mocks.deploy("Patron", desk.liquid.contract.instance.contract_type.errors)


def call(desk: Desk, patron: Contract, method: str, *arguments: Any) -> bytes:
    """The call of a function of the pool."""
    return bytes(getattr(desk.liquid.contract.instance, method).encode_input(*arguments))


# Receivers.


@pytest.mark.rule("L-8", "C-5", "L-10")
@pytest.mark.case(11, 12)
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


def entries(desk: Desk, patron: Contract) -> dict[str, bytes]:
    """Every function that moves anything, called by the patron, who has all powers."""
    request = id_of(patron.address, 1)
    arguments: dict[str, tuple[Any, ...]] = {
        "stakeForBonds": (),
        "stakeForCertificates": (),
        "bondsToCertificates": (1,),
        "certificatesToBonds": (1,),
        "burnBonds": (1,),
        "burnCertificates": (1,),
        "claim": (request, patron.address),
        "claimFees": (ELSEWHERE,),
        "harvest": (0,),
        "settle": (1,),
        "redelegate": (),
        "topUp": (),
        "release": (0, 1),
        "scheduleRelease": (0, 1),
    }
    return {name: call(desk, patron, name, *given) for name, given in arguments.items()}


ENTRIES = (
    *("stakeForBonds", "stakeForCertificates", "bondsToCertificates", "certificatesToBonds"),
    *("burnBonds", "burnCertificates", "claim", "claimFees", "harvest", "settle", "redelegate"),
    *("topUp", "release", "scheduleRelease"),
)


@pytest.mark.rule("L-8", "L-10")
@pytest.mark.case(35)
@pytest.mark.parametrize("policy", [PARTIAL_FIFO], ids=["partial fifo"], indirect=True)
def test_every_entry_is_shut_while_a_claim_is_paid(
    desk: Desk,
    liquid: LiquidStaking,
    mocks: Mocks,
    clock: Clock,
    owner: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 35: with all the gas that there is, and the books balance in the middle of it."""
    patron = patron_of(desk, mocks)
    liquid.grant_role(owner, "OPERATOR_ROLE", patron.address)
    desk.stake(delegator)
    desk.certificates.act("transfer", patron.address, 30 * COIN, sender=delegator)
    with desk.moves(value=-14 * COIN, owed=14 * COIN, shares=-14 * COIN):
        patron.act("burnAgain", liquid.address, COIN, 14, sender=stranger)
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    with desk.moves(free=-14 * COIN, owed=-14 * COIN, set_aside=14 * COIN):
        liquid.settle(stranger, 1)
    calls = entries(desk, patron)
    assert set(calls) == set(ENTRIES)
    for place, name in enumerate(ENTRIES, 1):
        patron.act("arm", liquid.address, calls[name], sender=stranger)
        data = call(desk, patron, "claim", id_of(patron.address, place), patron.address)
        with desk.moves(set_aside=-COIN):
            patron.act("act", liquid.address, data, 0, sender=stranger)
        assert not patron.view("entered")
        assert patron.view("balanced")
        answer = liquid.contract.errors.name_of(bytes(patron.view("answer"))[:4])
        assert (name, answer) == (name, "ReentrancyGuardReentrantCall")
    assert desk.chain.balance_of(patron.address) == 14 * COIN


@pytest.mark.rule("L-8", "L-10")
@pytest.mark.case(35)
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


# Validators.


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
    owner.transfer(validator.address, 100 * COIN)
    desk.stake(delegator)
    desk.stake(delegator)
    clock.at(desk.until())
    return Wayward(desk, validator, stranger)


@pytest.mark.rule("L-3", "C-4", "L-10")
@pytest.mark.case(28, 38)
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
    calls = entries(desk, wayward.validator)
    for name in ENTRIES:
        wayward.validator.act("arm", place, calls[name], sender=stranger)
        if place == DELEGATE:
            # Two stakes: the first one's turn is the simulated validator's.
            wayward_shares = 2 * COIN * liquid.total_shares() // liquid.pool_value()
            with desk.moves(
                delegated=2 * COIN, value=2 * COIN, shares=wayward_shares, stranger=-2 * COIN
            ):
                liquid.stake_for_bonds(stranger, COIN)
                liquid.stake_for_certificates(stranger, COIN)
        elif place == CLAIM:
            fee = 2 * COIN * 15 // 100
            with desk.moves(free=2 * COIN - fee, value=2 * COIN - fee, treasury=fee):
                liquid.harvest(stranger, 1)
        else:
            with desk.moves(delegated=-COIN, released=COIN):
                liquid.release(operator, 1, COIN)
        assert not wayward.validator.view("entered")
        assert wayward.validator.view("balanced") or place == RELEASE
        answer = liquid.contract.errors.name_of(bytes(wayward.validator.view("answer"))[:4])
        assert (name, answer) == (name, "ReentrancyGuardReentrantCall")


@pytest.mark.rule("L-3", "L-10")
@pytest.mark.case(35, 40)
def test_time_alone_never_traps_money(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    pauser: AccountAPI,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 35 and 40: paused for twenty years, a request is paid from what is then there."""
    desk.stake(delegator)
    with desk.moves(value=-YEARLY, owed=YEARLY, shares=-YEARLY):
        mine = liquid.burn_certificates(delegator, YEARLY).main.request_id
    liquid.pause(pauser)
    clock.at(desk.until() + 20 * 365 * DAY)
    with desk.moves(delegated=-YEARLY, released=YEARLY):
        liquid.release(operator, 0, YEARLY)
    assert liquid.is_overdue(mine)
    with desk.moves(released=-YEARLY, owed=-YEARLY, delegator=YEARLY):
        assert liquid.settle(stranger, 1).events == (
            Paid(delegator.address, mine, YEARLY),
            Settled(1, YEARLY, 0),
        )
