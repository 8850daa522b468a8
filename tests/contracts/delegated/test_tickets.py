"""Tickets: what waits after it was unstaked, and is claimed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, ZERO_ADDRESS, check_opens, check_refused
from unbond.errors import UnknownId
from unbond.systems.delegated import (
    AlreadyClaimed,
    Claimed,
    Stake,
    StillUndelegating,
    Ticket,
)

from .checks import (
    ANKR,
    LARGE,
    MINIMUM,
    OFFSETS,
    W,
    claimable,
    closed,
    leaving,
    payday_of,
    start_of,
    unlocked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking


@pytest.mark.rule("C-1", "E-4")
@pytest.mark.case(8)
@pytest.mark.parametrize("offset", OFFSETS)
def test_a_ticket_is_shut_until_its_last_second_and_then_pays_once(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    old_lot: int,
    offset: int,
) -> None:
    unstaked_at = clock.at(start_of(14) + offset)
    available_at = payday_of(unstaked_at)
    ticket = delegated.unstake(delegator, old_lot, LARGE).main.ticket_id
    assert ticket == old_lot
    assert delegated.ticket_of(ticket) == Ticket(delegator.address, LARGE, available_at)
    assert delegated.stake_of(ticket) == Stake(delegator.address, ZERO_ADDRESS, 0, 0, 0, 0, 0)

    with money.moves(delegated, delegator=LARGE):
        receipt = check_opens(
            clock,
            available_at,
            StillUndelegating(available_at=available_at),
            delegated.claim,
            delegator,
            ticket,
        )
    assert receipt.events == (Claimed(delegator.address, ticket, LARGE),)

    check_refused(AlreadyClaimed(ticket_id=ticket), delegated.claim, delegator, ticket)
    assert delegated.ticket_of(ticket) == Ticket(delegator.address, 0, 0)
    assert delegated.positions_of(delegator.address) == [closed(ticket)]


@pytest.mark.rule("E-4")
def test_waits_of_one_epoch_end_together_and_those_of_the_next_a_week_later(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, old_lot: int
) -> None:
    clock.at(start_of(15) - 1)
    just_before = delegated.unstake(delegator, old_lot, MINIMUM).main
    assert clock.now == start_of(15)
    just_after = delegated.unstake(delegator, old_lot, MINIMUM).main

    assert (just_before.available_at, just_after.available_at) == (start_of(16), start_of(17))


@pytest.mark.rule("C-3", "E-4")
@pytest.mark.case(2)
def test_claiming_one_ticket_leaves_the_others_as_they_are(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    old_lot: int,
) -> None:
    first = delegated.unstake(delegator, old_lot, 1000 * ANKR).main.ticket_id
    clock.at(start_of(15) + DAY)
    second = delegated.unstake(delegator, old_lot, 2000 * ANKR).main.ticket_id

    clock.at(start_of(16))
    with money.moves(delegated, delegator=1000 * ANKR):
        delegated.claim(delegator, first)

    assert delegated.positions_of(delegator.address) == [
        unlocked(old_lot, 2000 * ANKR, start_of(14)),
        closed(first),
        leaving(second, 2000 * ANKR, start_of(17)),
    ]


@pytest.mark.rule("E-4", "C-12")
def test_a_lot_is_no_ticket(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, old_lot: int
) -> None:
    for moment in (start_of(14), start_of(16)):
        clock.at(moment)
        check_refused(UnknownId(id=old_lot), delegated.claim, delegator, old_lot)


@pytest.mark.rule("E-4")
def test_a_ticket_does_not_expire(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    old_lot: int,
) -> None:
    delegated.unstake(delegator, old_lot, LARGE)
    clock.at(start_of(16) + 1000 * W)
    assert delegated.positions_of(delegator.address) == [claimable(old_lot, LARGE, start_of(16))]
    with money.moves(delegated, delegator=LARGE):
        delegated.claim(delegator, old_lot)
