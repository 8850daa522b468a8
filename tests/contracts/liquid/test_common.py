"""The rules that every system keeps, in liquid staking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import UNLIMITED, id_of, refusal_of
from unbond.errors import BelowMinimum, EnforcedPause, NotYours, Refused, ZeroAmount
from unbond.positions import Position
from unbond.systems.liquid import Converted, Delegated, Staked

from .checks import COIN, FIRST_FIT, PARTIAL_FIFO, TARGET
from .desk import FEE, NET, Desk, check_refused, claimable, closed, waiting

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.clock import Clock
    from unbond.systems.liquid import LiquidStaking

# Many of them, with a story each.
pytestmark = pytest.mark.slow

POLICIES = pytest.mark.parametrize(
    "policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"], indirect=True
)


def harvest(desk: Desk, clock: Clock, caller: AccountAPI) -> None:
    """Let a whole period's rewards of 365 coins come in."""
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        desk.liquid.harvest(caller, 0)


@pytest.mark.rule("C-12", "C-8")
@pytest.mark.case(8, 13)
@POLICIES
def test_a_stake_has_a_minimum_and_is_delegated_at_once(
    desk: Desk, liquid: LiquidStaking, delegator: AccountAPI, stranger: AccountAPI
) -> None:
    """Cases 8 and 13: to the wei; the same for bonds and for certificates, and no maximum."""
    with desk.rests():
        for action in (liquid.stake_for_bonds, liquid.stake_for_certificates):
            check_refused(ZeroAmount(), action, stranger, 0)
            for amount in (1, COIN - 1):
                below = BelowMinimum(amount=amount, minimum=COIN)
                check_refused(below, action, stranger, amount)
        for convert in (liquid.bonds_to_certificates, liquid.certificates_to_bonds):
            assert refusal_of(convert, stranger, 0) == ZeroAmount()
        assert refusal_of(liquid.contract.view, "previewStake", 0) == ZeroAmount()
    bonds, certificates = desk.bonds.address, desk.certificates.address
    for amount in (COIN, COIN + 1, 5000 * COIN):
        with desk.moves(delegated=amount, value=amount, shares=amount, delegator=-amount):
            assert liquid.stake_for_bonds(delegator, amount).events == (
                Staked(delegator.address, bonds, amount, amount),
                Delegated(0, amount),
            )
    with desk.moves(delegated=COIN, value=COIN, shares=COIN, stranger=-COIN):
        assert liquid.stake_for_certificates(stranger, COIN).events == (
            Staked(stranger.address, certificates, COIN, COIN),
            Delegated(0, COIN),
        )
    with desk.rests():
        assert liquid.certificates_to_bonds(stranger, COIN).events == (
            Converted(stranger.address, bonds, COIN),
        )
        assert liquid.bonds_to_certificates(stranger, COIN).events == (
            Converted(stranger.address, certificates, COIN),
        )
    # A stake is no request: it has no position to wait in.
    assert liquid.positions_of(str(delegator.address)) == []


@pytest.mark.rule("C-2", "C-3", "C-6")
@pytest.mark.case(2, 3, 4)
@POLICIES
def test_nothing_anybody_may_do_moves_a_running_exit(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    operator: AccountAPI,
    pauser: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 2, 3 and 4: every setter, and everybody's other actions, while requests wait."""
    desk.stake(delegator)
    desk.give(delegator, latecomer, 200 * COIN)
    mine = desk.burn(latecomer, 100 * COIN)
    made = liquid.request_of(mine)
    expected = [waiting(mine, 100 * COIN)]

    desk.burn(delegator, 50 * COIN)
    second = desk.burn(latecomer, 60 * COIN)
    liquid.stake_for_bonds(stranger, COIN)
    liquid.top_up(stranger, COIN)
    liquid.schedule_release(operator, 0, COIN)
    liquid.grant_role(owner, "OPERATOR_ROLE", stranger.address)
    liquid.revoke_role(owner, "OPERATOR_ROLE", operator.address)
    liquid.transfer_ownership(owner, stranger.address)
    liquid.accept_ownership(stranger)
    liquid.pause(pauser)
    clock.at(desk.until())
    liquid.harvest(stranger, 0)
    assert liquid.request_of(mine) == made
    assert liquid.positions_of(str(latecomer.address)) == [
        *expected,
        waiting(second, 60 * COIN),
    ]
    clock.at(made.requested_at + TARGET - 1)
    assert not liquid.is_overdue(mine)
    clock.at(made.requested_at + TARGET)
    assert liquid.is_overdue(mine)
    assert not liquid.is_overdue(second)


@pytest.mark.rule("C-4", "L-1")
@pytest.mark.case(16, 18, 21)
@POLICIES
def test_coins_that_nobody_asked_for_are_nobodys(
    desk: Desk,
    liquid: LiquidStaking,
    mocks: Mocks,
    clock: Clock,
    policy: int,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 16, 18 and 21: sent, they are refused; forced in, they are counted nowhere."""
    errors = liquid.contract.instance.contract_type.errors
    patron = mocks.deploy("Patron", errors)

    def send(amount: int, data: bytes = b"") -> object:
        return patron.act("act", liquid.address, data, amount, sender=stranger, value=amount)

    def force(amount: int) -> None:
        with desk.moves(uninvited=amount, stranger=-amount):
            patron.act("force", liquid.address, sender=stranger, value=amount)

    def everything() -> tuple[object, ...]:
        view = liquid.contract.view
        return (
            liquid.ledger(),
            liquid.total_shares(),
            [view(name, COIN) for name in ("sharesToAmount", "amountToShares", "previewStake")],
            desk.bonds.view("totalSupply"),
            [liquid.positions_of(str(each.address)) for each in (delegator, latecomer)],
        )

    gift = 12_345 * COIN // 100 + 1
    with desk.rests():
        for amount in (0, 1, gift):
            assert refusal_of(send, amount) == Refused("Uninvited", sender=patron.address)
        # Nor with a call that takes none.
        assert refusal_of(send, 1, bytes(liquid.contract.instance.settle.encode_input(1)))
        assert refusal_of(send, 1, b"\x12\x34\x56\x78")
    force(1)
    desk.stake(delegator)
    desk.give(delegator, latecomer, 20 * COIN)
    mine = desk.burn(latecomer, 5 * COIN)
    before = everything()
    force(gift)
    assert everything() == before
    # It pays no request, and is not delegated.
    with desk.rests():
        liquid.settle(stranger, 9)
    harvest(desk, clock, stranger)
    if policy == FIRST_FIT:
        with desk.moves(free=-5 * COIN, owed=-5 * COIN, latecomer=5 * COIN):
            liquid.settle(stranger, 9)
    else:
        with desk.moves(free=-5 * COIN, owed=-5 * COIN, set_aside=5 * COIN):
            liquid.settle(stranger, 9)
        force(gift)
        with desk.moves(set_aside=-5 * COIN, latecomer=5 * COIN):
            liquid.claim(latecomer, mine, latecomer.address)
    with desk.moves(free=5 * COIN - NET, delegated=NET - 5 * COIN):
        liquid.redelegate(stranger)
    held = gift + 1 if policy == FIRST_FIT else 2 * gift + 1
    assert desk.look().uninvited == held == desk.chain.balance_of(liquid.address)


@pytest.mark.rule("C-5", "C-12", "L-2")
@pytest.mark.case(9, 37)
@POLICIES
def test_nobody_else_touches_a_stake_or_a_request(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    policy: int,
    owner: AccountAPI,
    operator: AccountAPI,
    pauser: AccountAPI,
    treasury: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 9 and 37: whatever powers he has, and whatever he was allowed to take."""
    desk.stake(delegator)
    desk.give(delegator, latecomer, 100 * COIN)
    liquid.certificates_to_bonds(latecomer, 50 * COIN)
    mine = desk.burn(latecomer, 10 * COIN)
    others = (owner, operator, pauser, treasury, stranger)
    with desk.rests():
        for person in others:
            for token in (desk.bonds, desk.certificates):
                token.act("approve", person.address, UNLIMITED, sender=latecomer)

    def poor(person: AccountAPI, needed: int) -> Refused:
        return Refused("ERC20InsufficientBalance", sender=person.address, balance=0, needed=needed)

    def check() -> None:
        # What shares of bonds are worth is what is missing.
        worth = liquid.contract.view("sharesToAmount", 10 * COIN)
        for person in others:
            for action, needed in (
                (liquid.burn_bonds, 10 * COIN),
                (liquid.burn_certificates, 10 * COIN),
                (liquid.bonds_to_certificates, worth),
                (liquid.certificates_to_bonds, 10 * COIN),
            ):
                assert refusal_of(action, person, 10 * COIN) == poor(person, needed)
        for person in (*others, delegator):
            for to in (person.address, latecomer.address):
                assert refusal_of(liquid.claim, person, mine, to) == NotYours(
                    owner=latecomer.address, caller=person.address
                )

    with desk.rests():
        check()
    assert liquid.positions_of(str(latecomer.address)) == [waiting(mine, 10 * COIN)]
    harvest(desk, clock, stranger)
    if policy == PARTIAL_FIFO:
        with desk.moves(free=-10 * COIN, owed=-10 * COIN, set_aside=10 * COIN):
            liquid.settle(stranger, 1)
        with desk.rests():
            check()
        with desk.moves(set_aside=-10 * COIN, latecomer=10 * COIN):
            liquid.claim(latecomer, mine, latecomer.address)
    else:
        with desk.moves(free=-10 * COIN, owed=-10 * COIN, latecomer=10 * COIN):
            liquid.settle(stranger, 1)
    with desk.rests():
        check()
    assert desk.bonds.view("sharesOf", latecomer.address) == 50 * COIN
    assert desk.certificates.view("balanceOf", latecomer.address) == 40 * COIN


@pytest.mark.rule("C-5", "C-9", "C-11")
@pytest.mark.case(9, 10, 39)
@POLICIES
def test_others_cannot_add_to_somebodys_positions(
    desk: Desk,
    liquid: LiquidStaking,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 9, 10 and 39: neither by small requests nor by giving him tokens."""
    desk.stake(delegator)
    desk.give(delegator, stranger, COIN)
    mine = desk.burn(delegator, COIN)
    for _ in range(6):
        desk.burn(stranger, 1)
    desk.give(stranger, latecomer, 5)
    desk.give(stranger, delegator, 5)
    assert liquid.positions_of(str(delegator.address)) == [waiting(mine, COIN)]
    assert liquid.positions_of(str(latecomer.address)) == []
    assert [each.id for each in liquid.positions_of(str(stranger.address))] == [
        id_of(stranger.address, place) for place in range(2, 8)
    ]


@pytest.mark.rule("C-6", "L-8", "L-9")
@pytest.mark.case(40)
@POLICIES
def test_a_pause_stops_stakes_and_nothing_else(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    policy: int,
    operator: AccountAPI,
    pauser: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 40: everything that was open before the pause still is, and money leaves."""
    desk.stake(delegator)
    desk.give(delegator, latecomer, 100 * COIN)
    before = desk.burn(latecomer, 10 * COIN)
    with desk.rests():
        liquid.pause(pauser)
        # Those, too, that would be refused anyway.
        for amount in (0, COIN - 1, COIN):
            for stake in (liquid.stake_for_bonds, liquid.stake_for_certificates, liquid.top_up):
                check_refused(EnforcedPause(), stake, stranger, amount)

    with desk.rests():
        liquid.certificates_to_bonds(latecomer, 40 * COIN)
        liquid.bonds_to_certificates(latecomer, 10 * COIN)
        desk.give(latecomer, stranger, COIN)
        desk.bonds.act("transfer", stranger.address, COIN, sender=latecomer)
        liquid.schedule_release(operator, 0, 5 * COIN)
    during = desk.burn(latecomer, 5 * COIN)
    with desk.moves(value=-COIN, owed=COIN, shares=-COIN):
        bonds = liquid.burn_bonds(stranger, COIN).main.request_id
    clock.at(desk.until())
    with desk.moves(delegated=-COIN, released=COIN):
        liquid.release(operator, 0, COIN)
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    net = rewards - fee
    with desk.moves(delegated=-5 * COIN, released=5 * COIN, free=net, value=net, treasury=fee):
        liquid.harvest(stranger, 0)
    total = 16 * COIN
    if policy == FIRST_FIT:
        with desk.moves(free=-total, owed=-total, latecomer=15 * COIN, stranger=COIN):
            liquid.settle(stranger, 9)
    else:
        with desk.moves(free=-total, owed=-total, set_aside=total):
            liquid.settle(stranger, 9)
        with desk.moves(set_aside=-total, latecomer=15 * COIN, stranger=COIN):
            liquid.claim(latecomer, before, latecomer.address)
            liquid.claim(latecomer, during, latecomer.address)
            liquid.claim(stranger, bonds, stranger.address)
    with desk.moves(delegated=net - 10 * COIN, free=16 * COIN - net, released=-6 * COIN):
        liquid.redelegate(stranger)
    with desk.rests():
        liquid.unpause(pauser)
    shares = COIN * liquid.total_shares() // liquid.pool_value()
    with desk.moves(delegated=COIN, value=COIN, shares=shares, stranger=-COIN):
        liquid.stake_for_bonds(stranger, COIN)


@pytest.mark.rule("C-11", "C-8", "C-9")
@pytest.mark.case(10)
@POLICIES
def test_positions_are_shown_in_every_state_and_page_by_page(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    policy: int,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 10: the oldest first, closed ones included; what blocks one is what claiming gives."""
    desk.stake(delegator)
    desk.give(delegator, latecomer, 100 * COIN)
    mine = []
    for amount in (10, 15, 20, 1, 2):
        mine.append(desk.burn(latecomer, amount * COIN))
        desk.burn(delegator, 1)
    harvest(desk, clock, stranger)
    expected: list[Position]
    if policy == FIRST_FIT:
        total = 28 * COIN + 5
        with desk.moves(free=-total, owed=-total, latecomer=28 * COIN, delegator=5):
            liquid.settle(stranger, 99)
        expected = [
            closed(mine[0]),
            closed(mine[1]),
            waiting(mine[2], 20 * COIN),
            closed(mine[3]),
            closed(mine[4]),
        ]
    else:
        with desk.moves(free=-NET, owed=-NET, set_aside=NET):
            liquid.settle(stranger, 1)
        with desk.moves(set_aside=-10 * COIN, latecomer=10 * COIN):
            liquid.claim(latecomer, mine[0], latecomer.address)
        expected = [
            closed(mine[0]),
            claimable(mine[1], 15 * COIN),
            claimable(mine[2], 20 * COIN),
            waiting(mine[3], COIN),
            waiting(mine[4], 2 * COIN),
        ]
    whole = liquid.positions_of(str(latecomer.address))
    assert whole == expected
    for position in whole:
        refusal = refusal_of(liquid.contract.view, "previewClaim", position.id)
        assert (refusal.name if refusal else "") == position.blocked_by
        request = liquid.request_of(position.id)
        assert position.amount == request.amount
        if refusal is None:
            assert liquid.contract.view("previewClaim", position.id) == request.claimable > 0
    for size in (1, 2, 3, 5, 6):
        assert liquid.positions_of(str(latecomer.address), page=size) == expected

    def page(offset: int, limit: int) -> list[int]:
        rows = liquid.contract.view("positionsOf", latecomer.address, offset, limit)
        return [row[0] for row in rows]

    assert page(0, 0) == page(5, 1) == page(UNLIMITED, 1) == page(UNLIMITED, UNLIMITED) == []
    assert page(1, 3) == mine[1:4]
    assert page(3, UNLIMITED) == mine[3:]
    assert page(0, UNLIMITED) == mine
    assert liquid.positions_of(str(stranger.address)) == []
