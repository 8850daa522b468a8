"""The rules that every system keeps, in delegated staking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, UNLIMITED, check_opens, check_refused, id_of, refusal_of
from unbond.errors import BelowMinimum, NotYours, Refused, UnknownId, ZeroAmount
from unbond.positions import Position
from unbond.systems.delegated import ProviderInfo, StillLocked, StillUndelegating

from .checks import (
    ANKR,
    COMMISSION_BPS,
    MINIMUM,
    claimable,
    closed,
    leaving,
    locked,
    net,
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

REWARD = 2000 * ANKR


@pytest.fixture
def one_of_each(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> list[Position]:
    """The delegator's five positions, one in each state; now it is a day into epoch 16."""
    clock.at(start_of(1))
    for _ in range(4):
        delegated.stake(delegator, provider.address, MINIMUM)
    clock.at(start_of(14))
    paid, ready, waiting, old = (id_of(delegator.address, number) for number in (1, 2, 3, 4))
    delegated.unstake(delegator, paid, MINIMUM)
    delegated.unstake(delegator, ready, MINIMUM)
    clock.at(start_of(16))
    delegated.claim(delegator, paid)
    delegated.distribute(rewarder, provider.address, REWARD)
    delegated.unstake(delegator, waiting, MINIMUM)
    young = delegated.stake(delegator, provider.address, 3 * MINIMUM).main.stake_id
    clock.at(start_of(16) + DAY)
    return [
        closed(paid),
        claimable(ready, MINIMUM, start_of(16)),
        leaving(waiting, MINIMUM, start_of(18)),
        unlocked(old, MINIMUM, start_of(14), rewards=net(REWARD) // 2),
        locked(young, 3 * MINIMUM, start_of(29)),
    ]


@pytest.mark.rule("C-2")
@pytest.mark.case(4, 5)
def test_nothing_anybody_may_change_lengthens_a_running_exit(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    pauser: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
    one_of_each: list[Position],
) -> None:
    """Cases 4 and 5: every setter and every other person's action, in the middle of a wait."""
    running = one_of_each[2]

    delegated.set_provider_active(registrar, provider.address, False)
    delegated.add_provider(registrar, stranger.address, 3000)
    delegated.distribute(rewarder, provider.address, REWARD)
    delegated.stake(latecomer, stranger.address, MINIMUM)
    delegated.pause(pauser)
    delegated.grant_role(owner, "REGISTRAR_ROLE", stranger.address)
    delegated.revoke_role(owner, "REGISTRAR_ROLE", registrar.address)
    delegated.transfer_ownership(owner, stranger.address)
    delegated.accept_ownership(stranger)
    assert delegated.positions_of(delegator.address)[2] == running

    with money.moves(delegated, delegator=running.amount):
        check_opens(
            clock,
            running.available_at,
            StillUndelegating(available_at=running.available_at),
            delegated.claim,
            delegator,
            running.id,
        )


@pytest.mark.rule("C-4")
@pytest.mark.case(16, 18, 21, 28)
def test_a_donation_changes_nobodys_entitlement(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Cases 16, 18, 21 and 28: before the first stake, during it, and sent or minted alike."""
    gift = 12_345 * ANKR + 1
    with money.moves(delegated, owed=0, stranger=-1):
        delegated.token.transfer(stranger, delegated.address, 1)
    clock.at(start_of(1))
    lot = delegated.stake(delegator, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(2))
    delegated.distribute(rewarder, provider.address, REWARD)
    before = delegated.positions_of(delegator.address), delegated.provider_of(provider.address)

    with money.moves(delegated, owed=0, stranger=-gift):
        delegated.token.transfer(stranger, delegated.address, gift)
    delegated.token.mint(owner, delegated.address, gift)

    assert (
        delegated.positions_of(delegator.address),
        delegated.provider_of(provider.address),
    ) == before
    assert delegated.liabilities() == MINIMUM + REWARD
    assert delegated.assets() == MINIMUM + REWARD + 2 * gift + 1

    # It is no deposit of anybody's either.
    with money.moves(delegated, latecomer=-MINIMUM):
        other = delegated.stake(latecomer, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(15))
    with money.moves(delegated, delegator=net(REWARD)):
        delegated.unstake(delegator, lot, MINIMUM)
    with money.rests(delegated):
        delegated.unstake(latecomer, other, MINIMUM)
    clock.at(start_of(17))
    with money.moves(
        delegated, delegator=MINIMUM, latecomer=MINIMUM, provider=REWARD - net(REWARD)
    ):
        delegated.claim(delegator, lot)
        delegated.claim(latecomer, other)
        delegated.claim_commission(provider)
    assert (delegated.assets(), delegated.liabilities()) == (2 * gift + 1, 0)


@pytest.mark.rule("C-5", "C-12")
@pytest.mark.case(9, 14)
def test_nobody_else_can_act_on_a_position(
    delegated: DelegatedStaking,
    delegator: AccountAPI,
    stranger: AccountAPI,
    owner: AccountAPI,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    pauser: AccountAPI,
    provider: AccountAPI,
    one_of_each: list[Position],
) -> None:
    """Cases 9 and 14: whatever state it is in, and whatever powers the other one has."""
    for person in (stranger, owner, registrar, rewarder, pauser, provider):
        refusal = NotYours(owner=delegator.address, caller=person.address)
        for position in one_of_each:
            for amount in (0, MINIMUM, UNLIMITED):
                check_refused(
                    refusal, delegated.unstake, person, position.id, amount, foretold=False
                )
            for action in (delegated.claim, delegated.claim_rewards, delegated.restake_rewards):
                check_refused(refusal, action, person, position.id, foretold=False)
    assert delegated.positions_of(delegator.address) == one_of_each


@pytest.mark.rule("C-5")
@pytest.mark.case(9, 37)
def test_only_the_senders_own_tokens_are_staked(
    delegated: DelegatedStaking,
    money: Money,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    pauser: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Cases 9 and 37: what others have allowed the contract to take is out of reach."""
    with money.moves(delegated, latecomer=-MINIMUM):
        receipt = delegated.stake(latecomer, provider.address, MINIMUM)
    assert receipt.main.account == latecomer.address
    assert delegated.positions_of(delegator.address) == []

    needs = {"needed": MINIMUM}
    check_refused(
        Refused("ERC20InsufficientAllowance", spender=delegated.address, allowance=0, **needs),
        delegated.stake,
        pauser,
        provider.address,
        MINIMUM,
        foretold=False,
    )
    delegated.token.approve(pauser, delegated.address, MINIMUM)
    check_refused(
        Refused("ERC20InsufficientBalance", sender=pauser.address, balance=0, **needs),
        delegated.stake,
        pauser,
        provider.address,
        MINIMUM,
        foretold=False,
    )


@pytest.mark.rule("C-5", "C-9")
@pytest.mark.case(9, 10)
def test_others_cannot_add_to_somebodys_positions(
    delegated: DelegatedStaking,
    delegator: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
    one_of_each: list[Position],
) -> None:
    """Cases 9 and 10: no function that everybody may call names another account."""
    methods = delegated.contract.instance.contract_type.mutable_methods
    naming = {
        method.name
        for method in methods
        if any(str(field.type) == "address" for field in method.inputs)
    }
    assert naming == {
        # A provider, who gets no position by it.
        "stake",
        "distribute",
        "addProvider",
        "setProviderActive",
        # Powers.
        "grantRole",
        "revokeRole",
        "renounceRole",
        "transferOwnership",
    }

    for _ in range(3):
        delegated.stake(stranger, provider.address, MINIMUM)

    assert delegated.positions_of(delegator.address) == one_of_each


@pytest.mark.rule("C-8", "C-11")
def test_a_position_names_the_error_that_acting_on_it_would_give(
    delegated: DelegatedStaking, delegator: AccountAPI, one_of_each: list[Position]
) -> None:
    positions = delegated.positions_of(delegator.address)
    assert positions == one_of_each

    for position in positions:
        if position.kind.name == "STAKE":
            refusal = refusal_of(delegated.unstake, delegator, position.id, position.amount)
        else:
            refusal = refusal_of(delegated.claim, delegator, position.id)
        assert position.blocked_by == (refusal.name if refusal else "")


@pytest.mark.rule("C-8", "C-11", "C-1")
@pytest.mark.case(8)
def test_a_position_changes_its_state_in_the_second_it_says(
    delegated: DelegatedStaking, clock: Clock, delegator: AccountAPI, one_of_each: list[Position]
) -> None:
    def states() -> list[str]:
        return [position.state.name for position in delegated.positions_of(delegator.address)]

    assert states() == ["CLOSED", "CLAIMABLE", "LEAVING", "UNLOCKED", "LOCKED"]
    clock.at(start_of(18) - 1)
    assert states() == ["CLOSED", "CLAIMABLE", "LEAVING", "UNLOCKED", "LOCKED"]
    clock.at(start_of(18))
    assert states() == ["CLOSED", "CLAIMABLE", "CLAIMABLE", "UNLOCKED", "LOCKED"]
    clock.at(start_of(29) - 1)
    assert states() == ["CLOSED", "CLAIMABLE", "CLAIMABLE", "UNLOCKED", "LOCKED"]
    clock.at(start_of(29))
    assert states() == ["CLOSED", "CLAIMABLE", "CLAIMABLE", "UNLOCKED", "UNLOCKED"]


@pytest.mark.rule("C-8")
def test_previews_say_what_actions_then_do(
    delegated: DelegatedStaking,
    clock: Clock,
    delegator: AccountAPI,
    provider: AccountAPI,
    one_of_each: list[Position],
) -> None:
    """In the same second; that they refuse alike, each refusal in these tests shows."""
    _, ready, _, old, _ = (position.id for position in one_of_each)

    unlocks_at = delegated.preview_stake(provider.address, MINIMUM)
    assert delegated.stake(delegator, provider.address, MINIMUM).main.unlocks_at == unlocks_at

    amount = delegated.preview_claim(ready)
    assert delegated.claim(delegator, ready).main.amount == amount

    rewards = delegated.preview_claim_rewards(old)
    assert delegated.preview_unstake(old, MINIMUM) == (rewards, start_of(18))
    assert delegated.claim_rewards(delegator, old).main.amount == rewards == net(REWARD) // 2

    forecast = delegated.preview_unstake(old, MINIMUM)
    assert forecast == (0, delegated.unstake(delegator, old, MINIMUM).main.available_at)


PAGES: dict[tuple[int, int], list[int]] = {
    # (offset, limit): numbers of the five positions that are shown
    (0, 0): [],
    (0, 1): [1],
    (0, 2): [1, 2],
    (2, 2): [3, 4],
    (4, 2): [5],
    (4, 1): [5],
    (4, 0): [],
    (5, 1): [],
    (6, 1): [],
    (0, 5): [1, 2, 3, 4, 5],
    (0, 6): [1, 2, 3, 4, 5],
    (0, UNLIMITED): [1, 2, 3, 4, 5],
    (3, UNLIMITED): [4, 5],
    (4, UNLIMITED - 4): [5],
    (5, UNLIMITED): [],
    (UNLIMITED, 0): [],
    (UNLIMITED, 1): [],
    (UNLIMITED, UNLIMITED): [],
    (UNLIMITED - 1, 2): [],
    (2**96, 5): [],
}


@pytest.mark.rule("C-11", "C-9")
@pytest.mark.case(10)
def test_a_page_of_positions_is_where_and_as_long_as_asked(
    delegated: DelegatedStaking, delegator: AccountAPI, one_of_each: list[Position]
) -> None:
    """Case 10: however long the list, a page is as long as its reader can bear."""
    ids = [position.id for position in one_of_each]
    for (offset, limit), numbers in PAGES.items():
        rows = delegated.contract.view("positionsOf", delegator.address, offset, limit)
        assert [ids.index(row[0]) + 1 for row in rows] == numbers, (offset, limit)


@pytest.mark.rule("C-11")
def test_pages_of_any_size_make_the_same_list(
    delegated: DelegatedStaking, delegator: AccountAPI, one_of_each: list[Position]
) -> None:
    for page in (1, 2, 4, 5, 6):
        assert delegated.positions_of(delegator.address, page=page) == one_of_each


@pytest.mark.rule("C-11")
def test_who_never_staked_has_no_positions(
    delegated: DelegatedStaking, stranger: AccountAPI, one_of_each: list[Position]
) -> None:
    assert delegated.positions_of(stranger.address) == []


@pytest.mark.rule("C-12")
def test_an_id_that_never_was_is_refused_everywhere(
    delegated: DelegatedStaking,
    delegator: AccountAPI,
    stranger: AccountAPI,
    one_of_each: list[Position],
) -> None:
    number_bits = 2**96
    for unknown in (
        0,
        1,
        id_of(delegator.address, 0),
        id_of(delegator.address, len(one_of_each) + 1),
        id_of(delegator.address, number_bits - 1),
        id_of(stranger.address, 1),
        UNLIMITED,
    ):
        refusal = UnknownId(id=unknown)
        check_refused(refusal, delegated.unstake, delegator, unknown, MINIMUM)
        check_refused(refusal, delegated.unstake, delegator, unknown, 0)
        for action in (delegated.claim, delegated.claim_rewards, delegated.restake_rewards):
            check_refused(refusal, action, delegator, unknown)
        assert refusal_of(delegated.stake_of, unknown) == refusal
        assert refusal_of(delegated.ticket_of, unknown) == refusal


@pytest.mark.rule("C-12", "C-1")
@pytest.mark.case(13)
def test_stakes_of_zero_or_under_the_minimum_are_refused(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    check_refused(ZeroAmount(), either.stake, delegator, provider.address, 0)
    for amount in (1, MINIMUM - 1):
        check_refused(
            BelowMinimum(amount=amount, minimum=MINIMUM),
            either.stake,
            delegator,
            provider.address,
            amount,
        )
    for amount in (MINIMUM, MINIMUM + 1):
        with money.moves(either, delegator=-amount):
            either.stake(delegator, provider.address, amount)
    assert either.positions_of(delegator.address) == [
        locked(id_of(delegator.address, 1), MINIMUM, start_of(14)),
        locked(id_of(delegator.address, 2), MINIMUM + 1, start_of(14)),
    ]
    assert either.provider_of(provider.address) == ProviderInfo(
        True, COMMISSION_BPS, 2 * MINIMUM + 1, 0, 0
    )


@pytest.mark.rule("C-8", "C-12")
def test_the_reason_that_time_cannot_mend_is_named_before_the_one_it_can(
    delegated: DelegatedStaking, delegator: AccountAPI, one_of_each: list[Position]
) -> None:
    """Zero is refused as such in every state of a lot; the lock comes before the size."""
    *_, old, young = (position.id for position in one_of_each)
    for lot in (old, young):
        check_refused(ZeroAmount(), delegated.unstake, delegator, lot, 0)
    check_refused(
        StillLocked(unlocks_at=start_of(29)), delegated.unstake, delegator, young, UNLIMITED
    )
