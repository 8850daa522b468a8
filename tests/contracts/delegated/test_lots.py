"""Lots: each one by itself, unstaked whole or in part, and what a provider's row says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, ZERO_ADDRESS, check_opens, check_refused, id_of, refusal_of
from unbond.errors import ZeroAmount
from unbond.systems.delegated import (
    AlreadyUnstaked,
    ExceedsStake,
    ProviderRow,
    RemainderBelowMinimum,
    RowStatus,
    Stake,
    Staked,
    StillLocked,
    Ticket,
    UnknownProvider,
    Unstaked,
)

from .checks import (
    ANKR,
    LARGE,
    MINIMUM,
    W,
    claimable,
    closed,
    leaving,
    locked,
    payday_of,
    start_of,
    unlocked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.delegated import DelegatedStaking

# Many of them, with a story each.
pytestmark = pytest.mark.slow


@pytest.mark.rule("E-2")
def test_a_lot_is_what_its_transaction_said(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(2) + DAY)
    lot = id_of(delegator.address, 1)

    with money.moves(delegated, delegator=-LARGE):
        receipt = delegated.stake(delegator, provider.address, LARGE)

    assert receipt.events == (
        Staked(delegator.address, provider.address, lot, LARGE, start_of(15)),
    )
    assert delegated.stake_of(lot) == Stake(
        owner=delegator.address,
        provider=provider.address,
        amount=LARGE,
        rewards=0,
        epoch=2,
        unlocks_at=start_of(15),
        rewards_open_at=start_of(15),
    )
    assert delegated.ticket_of(lot) == Ticket(delegator.address, 0, 0)
    assert delegated.positions_of(delegator.address) == [locked(lot, LARGE, start_of(15))]


@pytest.mark.rule("C-3", "E-2")
@pytest.mark.case(2, 7)
def test_a_later_lot_neither_moves_an_earlier_one_nor_borrows_its_age(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, provider: AccountAPI
) -> None:
    """Cases 2 and 7: the smallest lot first, a large one 12 epochs later."""
    clock.at(start_of(1) + DAY)
    early = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(14) - 1)
    late = delegated.stake(delegator, provider.address, LARGE).main.stake_id
    assert (early, late) == (id_of(delegator.address, 1), id_of(delegator.address, 2))

    clock.at(start_of(14))
    assert delegated.positions_of(delegator.address) == [
        unlocked(early, MINIMUM, start_of(14)),
        locked(late, LARGE, start_of(26)),
    ]
    delegated.unstake(delegator, early, MINIMUM)
    assert delegated.positions_of(delegator.address) == [
        leaving(early, MINIMUM, start_of(16)),
        locked(late, LARGE, start_of(26)),
    ]
    check_opens(
        clock,
        start_of(26),
        StillLocked(unlocks_at=start_of(26)),
        delegated.unstake,
        delegator,
        late,
        LARGE,
    )
    assert delegated.positions_of(delegator.address) == [
        claimable(early, MINIMUM, start_of(16)),
        leaving(late, LARGE, start_of(28)),
    ]


@pytest.mark.rule("E-2")
@pytest.mark.case(39)
def test_lots_of_one_epoch_are_lots_of_their_own(
    delegated: DelegatedStaking,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Case 39: two people's first lots, staked alike, have different ids and overwrite nothing."""
    clock.at(start_of(1))
    for _ in range(2):
        for person in (delegator, latecomer):
            delegated.stake(person, provider.address, MINIMUM)

    for person in (delegator, latecomer):
        assert delegated.positions_of(person.address) == [
            locked(id_of(person.address, 1), MINIMUM, start_of(14)),
            locked(id_of(person.address, 2), MINIMUM, start_of(14)),
        ]


@pytest.mark.rule("E-3", "C-8")
def test_a_locked_lot_says_when_it_unlocks(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, provider: AccountAPI
) -> None:
    clock.at(start_of(1))
    lot = delegated.stake(delegator, provider.address, LARGE).main.stake_id

    # However much is asked for: the lock is what stands in the way.
    for amount in (1, MINIMUM, LARGE, LARGE + 1):
        check_refused(
            StillLocked(unlocks_at=start_of(14)), delegated.unstake, delegator, lot, amount
        )


@pytest.mark.rule("E-3")
@pytest.mark.case(16)
@pytest.mark.parametrize("remainder", [MINIMUM, MINIMUM + 1, LARGE - 1])
def test_a_part_may_leave_if_at_least_the_minimum_remains(
    delegated: DelegatedStaking,
    money: Money,
    delegator: AccountAPI,
    old_lot: int,
    remainder: int,
) -> None:
    part = LARGE - remainder
    ticket = id_of(delegator.address, 2)

    with money.rests(delegated):
        receipt = delegated.unstake(delegator, old_lot, part)

    assert receipt.events == (Unstaked(delegator.address, old_lot, ticket, part, start_of(16)),)
    assert delegated.positions_of(delegator.address) == [
        unlocked(old_lot, remainder, start_of(14)),
        leaving(ticket, part, start_of(16)),
    ]


@pytest.mark.rule("E-3", "C-12")
@pytest.mark.case(16)
@pytest.mark.parametrize("remainder", [1, MINIMUM // 2, MINIMUM - 1])
def test_a_part_may_not_leave_if_less_than_the_minimum_remains(
    delegated: DelegatedStaking, delegator: AccountAPI, old_lot: int, remainder: int
) -> None:
    """Case 16: what would be stuck under the minimum can still leave whole."""
    check_refused(
        RemainderBelowMinimum(remainder=remainder, minimum=MINIMUM),
        delegated.unstake,
        delegator,
        old_lot,
        LARGE - remainder,
    )
    assert delegated.preview_unstake(old_lot, LARGE) == (0, start_of(16))


@pytest.mark.rule("E-3", "C-12")
@pytest.mark.case(13)
def test_more_than_the_lot_or_nothing_cannot_be_unstaked(
    delegated: DelegatedStaking, delegator: AccountAPI, old_lot: int
) -> None:
    for amount in (LARGE + 1, 2**104 + LARGE, 2**256 - 1):
        check_refused(
            ExceedsStake(amount=amount, staked=LARGE),
            delegated.unstake,
            delegator,
            old_lot,
            amount,
        )
    check_refused(ZeroAmount(), delegated.unstake, delegator, old_lot, 0)


@pytest.mark.rule("C-3", "E-3", "E-4")
@pytest.mark.case(2)
def test_parts_wait_each_by_itself(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    old_lot: int,
) -> None:
    """Case 2: a second part does not restart the first one's wait, nor the lock of the rest."""
    first_part, second_part = 1000 * ANKR, 1500 * ANKR
    rest = LARGE - first_part - second_part
    delegated.unstake(delegator, old_lot, first_part)
    clock.at(start_of(15) + DAY)
    delegated.unstake(delegator, old_lot, second_part)
    clock.at(start_of(17) - 1)
    delegated.unstake(delegator, old_lot, rest)

    first, second = id_of(delegator.address, 2), id_of(delegator.address, 3)
    assert delegated.positions_of(delegator.address) == [
        leaving(old_lot, rest, start_of(18)),
        claimable(first, first_part, start_of(16)),
        # The next second is the start of epoch 17.
        claimable(second, second_part, start_of(17)),
    ]

    with money.moves(delegated, delegator=first_part):
        delegated.claim(delegator, first)
    with money.moves(delegated, delegator=second_part):
        delegated.claim(delegator, second)
    clock.at(start_of(18))
    with money.moves(delegated, delegator=rest):
        delegated.claim(delegator, old_lot)
    assert delegated.positions_of(delegator.address) == [
        closed(old_lot),
        closed(first),
        closed(second),
    ]
    assert (delegated.assets(), delegated.liabilities()) == (0, 0)


@pytest.mark.rule("E-3", "C-12")
def test_what_was_unstaked_cannot_be_unstaked_again(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, old_lot: int
) -> None:
    part = delegated.unstake(delegator, old_lot, MINIMUM).main.ticket_id
    delegated.unstake(delegator, old_lot, LARGE - MINIMUM)

    for ticket in (part, old_lot):
        for amount in (0, MINIMUM, LARGE):
            check_refused(
                AlreadyUnstaked(stake_id=ticket), delegated.unstake, delegator, ticket, amount
            )
    clock.at(start_of(16))
    delegated.claim(delegator, old_lot)
    check_refused(AlreadyUnstaked(stake_id=old_lot), delegated.unstake, delegator, old_lot, MINIMUM)
    assert delegated.stake_of(old_lot) == Stake(delegator.address, ZERO_ADDRESS, 0, 0, 0, 0, 0)


@pytest.mark.rule("E-5")
def test_one_exit_names_one_lot(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, provider: AccountAPI
) -> None:
    clock.at(start_of(1))
    first, second, third = (
        delegated.stake(delegator, provider.address, MINIMUM).main.stake_id for _ in range(3)
    )
    clock.at(start_of(14))

    # Not even an amount as large as all lots together reaches a second one.
    check_refused(
        ExceedsStake(amount=3 * MINIMUM, staked=MINIMUM),
        delegated.unstake,
        delegator,
        second,
        3 * MINIMUM,
    )
    delegated.unstake(delegator, second, MINIMUM)

    assert delegated.positions_of(delegator.address) == [
        unlocked(first, MINIMUM, start_of(14)),
        leaving(second, MINIMUM, start_of(16)),
        unlocked(third, MINIMUM, start_of(14)),
    ]


@pytest.mark.rule("E-5")
def test_no_function_takes_more_than_one_id(delegated: DelegatedStaking) -> None:
    for method in delegated.contract.instance.contract_type.mutable_methods:
        ids = [field for field in method.inputs if (field.name or "").lower().endswith("id")]
        assert len(ids) <= 1
        assert not any("[" in str(field.type) for field in method.inputs)


@pytest.mark.rule("E-6", "C-1")
def test_a_row_says_whether_all_some_or_no_lots_are_unlocked(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, provider: AccountAPI
) -> None:
    """ "Partially unlocked" from the first lot's first second to the last lot's."""

    def row() -> ProviderRow:
        return delegated.provider_row(delegator.address, provider.address)

    clock.at(start_of(1))
    assert row() == ProviderRow(0, 0, 0, RowStatus.NONE)
    first = delegated.stake(delegator, provider.address, LARGE).main.stake_id
    clock.at(start_of(3) - 1)
    second = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    total = LARGE + MINIMUM

    clock.at(start_of(14) - 1)
    assert row() == ProviderRow(total, 0, total, RowStatus.LOCKED)
    clock.at(start_of(14))
    assert row() == ProviderRow(total, LARGE, MINIMUM, RowStatus.PARTIALLY_UNLOCKED)
    clock.at(start_of(15) - 1)
    assert row() == ProviderRow(total, LARGE, MINIMUM, RowStatus.PARTIALLY_UNLOCKED)
    clock.at(start_of(15))
    assert row() == ProviderRow(total, total, 0, RowStatus.UNLOCKED)

    # Tickets are no lots.
    delegated.unstake(delegator, first, LARGE - MINIMUM)
    assert row() == ProviderRow(2 * MINIMUM, 2 * MINIMUM, 0, RowStatus.UNLOCKED)
    delegated.unstake(delegator, first, MINIMUM)
    assert row() == ProviderRow(MINIMUM, MINIMUM, 0, RowStatus.UNLOCKED)
    delegated.stake(delegator, provider.address, LARGE)
    assert row() == ProviderRow(total, MINIMUM, LARGE, RowStatus.PARTIALLY_UNLOCKED)
    delegated.unstake(delegator, second, MINIMUM)
    assert row() == ProviderRow(LARGE, 0, LARGE, RowStatus.LOCKED)


@pytest.mark.rule("E-6")
def test_a_row_is_of_one_account_and_one_provider(
    delegated: DelegatedStaking,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
    generous_provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    delegated.stake(delegator, provider.address, MINIMUM)
    clock.at(start_of(2))
    delegated.stake(delegator, generous_provider.address, LARGE)
    delegated.stake(latecomer, provider.address, LARGE)
    clock.at(start_of(14))

    expected = {
        (delegator, provider): ProviderRow(MINIMUM, MINIMUM, 0, RowStatus.UNLOCKED),
        (delegator, generous_provider): ProviderRow(LARGE, 0, LARGE, RowStatus.LOCKED),
        (latecomer, provider): ProviderRow(LARGE, 0, LARGE, RowStatus.LOCKED),
        (latecomer, generous_provider): ProviderRow(0, 0, 0, RowStatus.NONE),
        (stranger, provider): ProviderRow(0, 0, 0, RowStatus.NONE),
    }
    for (person, whose), row in expected.items():
        assert delegated.provider_row(person.address, whose.address) == row
    assert refusal_of(
        delegated.provider_row, delegator.address, stranger.address
    ) == UnknownProvider(provider=stranger.address)


@pytest.mark.rule("E-3", "E-4")
def test_a_lot_left_alone_for_years_can_still_leave(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, old_lot: int
) -> None:
    unstaked_at = clock.at(start_of(14) + 52 * 30 * W + 777)
    receipt = delegated.unstake(delegator, old_lot, LARGE)
    assert receipt.main.available_at == payday_of(unstaked_at) == start_of(14 + 52 * 30 + 2)
