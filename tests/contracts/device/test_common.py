"""The rules that every system keeps, in device staking."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, UNLIMITED, id_of, refusal_of, undone
from unbond.errors import EnforcedPause, NotYours, Refused, UnknownId, ZeroAmount
from unbond.positions import Position, PositionKind
from unbond.systems.device import (
    CoolingDown,
    ExitKind,
    NotInitialWallet,
    NotStaked,
    Preview,
    WithdrawFirst,
)

from .checks import (
    CARD,
    CARD_REQUIRES,
    CO_SHARE,
    CO_STAKE,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    WAIT,
    check_refused,
    check_withdraws,
    claimable,
    closed,
    co_stake,
    co_staked,
    leaving,
    own_stake,
    staked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.device import DeviceStaking

    from .conftest import Pair

# Many of them, with a story each.
pytestmark = pytest.mark.slow

REWARD = 100 * IO
OLD, RENTED, THEIRS, LEFT = 9, 10, 11, 12
"""More devices of one card."""


@pytest.fixture
def one_of_each(
    device: DeviceStaking,
    clock: Clock,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    latecomer: AccountAPI,
) -> list[Position]:
    """The worker's seven positions, one of each kind and in each state.

    On two devices he adds to what the latecomer has staked.
    """
    for where in (OLD, RENTED, THEIRS, LEFT):
        device.register_device(registrar, where, 10_000, 1)
    paid = staked(device, worker, where=CARD, amount=CARD_REQUIRES)
    ready = staked(device, worker, where=OLD, amount=300 * IO)
    device.unstake(worker, CARD)
    opened_at = device.unstake(worker, OLD).main.available_at
    clock.at(opened_at)
    device.withdraw(worker, paid)

    waiting = staked(device, worker, where=CARD, amount=CARD_REQUIRES)
    staked(device, worker, where=RIG, amount=RIG_REQUIRES)
    staked(device, worker, where=RENTED, amount=1)
    for where, amount in ((THEIRS, 100 * IO), (LEFT, 50 * IO)):
        staked(device, latecomer, where=where, amount=CARD_REQUIRES)
        co_staked(device, latecomer, worker, where=where, amount=amount)
    device.set_rented(registrar, RENTED, True)
    device.distribute_many(rewarder, [CARD, RIG, THEIRS], [7, REWARD, REWARD])
    waits_until = device.unstake(worker, CARD).main.available_at
    left = device.unstake_co_stake(worker, LEFT).main
    return [
        closed(paid),
        claimable(ready, 300 * IO, opened_at),
        leaving(waiting, CARD_REQUIRES, waits_until, rewards=7),
        own_stake(RIG, RIG_REQUIRES, rewards=REWARD),
        own_stake(RENTED, 1, blocked_by="DeviceRented"),
        co_stake(THEIRS, 100 * IO, rewards=REWARD // 4),
        leaving(left.exit_id, 50 * IO, left.available_at),
    ]


@pytest.mark.rule("C-2", "C-6", "D-14", "D-15")
@pytest.mark.case(4, 5)
def test_nothing_anybody_may_change_lengthens_a_running_exit(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    pauser: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 4 and 5: every setter and every other person's action, in the middle of a wait."""
    co_left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(co_left_at + WAIT + DAY)
    left_at = device.unstake(worker, RIG).timestamp
    before = [device.positions_of(person.address) for person in (worker, co_staker)]

    device.set_requirement(registrar, RIG, 160_000, 65_535)
    device.set_rented(registrar, RIG, True)
    device.terminate_device(registrar, RIG)
    device.register_device(registrar, OLD, 10_000, 1)
    device.stake(stranger, OLD, CARD_REQUIRES)
    co_staked(device, stranger, latecomer, where=OLD, amount=1)
    device.distribute_many(rewarder, [RIG, OLD], [REWARD, REWARD])
    device.unstake(stranger, OLD)
    device.pause(pauser)
    device.grant_role(owner, "REGISTRAR_ROLE", stranger.address)
    device.revoke_role(owner, "REGISTRAR_ROLE", registrar.address)
    device.transfer_ownership(owner, stranger.address)
    device.accept_ownership(stranger)
    assert [device.positions_of(person.address) for person in (worker, co_staker)] == before

    with money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, pair.co, co_left_at + WAIT + COOLDOWN)
    with money.moves(device, worker=RIG_REQUIRES):
        check_withdraws(clock, device, worker, pair.own, left_at + COOLDOWN)


@pytest.mark.rule("C-3", "D-6")
@pytest.mark.case(2, 3)
def test_exits_are_independent(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 2 and 3: a second exit, a claim, a withdrawal and a new stake beside a running one."""
    small = staked(device, worker, where=CARD, amount=CARD_REQUIRES)
    device.distribute_many(rewarder, [RIG, CARD], [REWARD, REWARD])
    first = device.unstake(worker, CARD).timestamp + COOLDOWN
    expected = leaving(small, CARD_REQUIRES, first, rewards=REWARD)
    assert device.positions_of(worker.address)[1] == expected

    clock.travel(days=3)
    second = device.unstake(worker, RIG).timestamp + COOLDOWN
    assert device.positions_of(worker.address)[1] == expected
    with money.moves(device, worker=REWARD):
        device.claim_rewards(worker, CARD)
    assert device.positions_of(worker.address)[1] == replace(expected, rewards=0)

    with money.moves(device, worker=CARD_REQUIRES):
        check_withdraws(clock, device, worker, small, first)
    device.stake(worker, CARD, 1)
    device.unstake(worker, CARD)
    with money.moves(device, worker=REWARD - REWARD // 4, co_staker=REWARD // 4):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
    assert device.positions_of(co_staker.address) == [leaving(pair.co, CO_STAKE, second)]
    with money.moves(device, worker=RIG_REQUIRES):
        check_withdraws(clock, device, worker, pair.own, second)


@pytest.mark.rule("C-4")
@pytest.mark.case(16, 21, 28)
def test_a_donation_changes_nobodys_entitlement(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 16, 21 and 28: before the first stake, during it, and sent or minted alike."""
    gift = 12_345 * IO + 1
    with money.moves(device, owed=0, stranger=-1):
        device.token.transfer(stranger, device.address, 1)
    short = RIG_REQUIRES - 1
    own = staked(device, worker, amount=short)

    def everything() -> tuple[object, ...]:
        return (
            device.device_of(RIG),
            device.co_stake_of(RIG),
            device.counted_stake(RIG),
            device.overflow(RIG),
            device.is_eligible(RIG),
            device.status_of(RIG),
            device.preview_unstake(RIG, 1).kind,
            device.positions_of(worker.address),
            device.positions_of(co_staker.address),
        )

    before = everything()
    with money.moves(device, owed=0, stranger=-gift):
        device.token.transfer(stranger, device.address, gift)
    device.token.mint(owner, device.address, gift)
    assert everything() == before
    assert not device.is_eligible(RIG)
    assert (device.assets(), device.liabilities()) == (short + 2 * gift + 1, short)

    # The minimum can be reached, to the wei, and it is nobody else's deposit or reward.
    device.stake(worker, RIG, 1)
    assert device.is_eligible(RIG)
    co = co_staked(device, worker, co_staker)
    with money.moves(device, rewarder=-REWARD):
        device.distribute(rewarder, RIG, REWARD)
    before = everything()
    device.token.transfer(stranger, device.address, gift)
    assert everything() == before
    with money.moves(device, latecomer=-1):
        device.stake(latecomer, CARD, 1)
    clock.at(device.unstake(worker, RIG).main.available_at)
    with money.moves(
        device, worker=RIG_REQUIRES + REWARD - REWARD // 4, co_staker=CO_STAKE + REWARD // 4
    ):
        device.withdraw(worker, own)
        device.withdraw(co_staker, co)
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
    assert (device.assets(), device.liabilities()) == (3 * gift + 2, 1)


@pytest.mark.rule("C-5", "C-12", "D-2", "D-5")
@pytest.mark.case(9, 14)
def test_nobody_else_can_act_on_a_device_or_an_exit(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    pauser: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 9 and 14: whatever state it is in, and whatever powers the other one has."""
    device.distribute(rewarder, RIG, REWARD)
    others = (stranger, latecomer, owner, registrar, rewarder, pauser)

    def positions() -> list[list[Position]]:
        return [device.positions_of(person.address) for person in (worker, co_staker)]

    before = positions()
    for person in (*others, co_staker):
        refusal = NotInitialWallet(expected=worker.address, caller=person.address)
        for amount in (0, 1, CO_STAKE, CO_STAKE + 1, UNLIMITED):
            assert refusal_of(device.stake, person, RIG, amount) == refusal
            assert refusal_of(device.open_offer, person, RIG, amount, CO_SHARE) == refusal
            for kind in ExitKind:
                assert refusal_of(device.unstake_amount, person, RIG, amount, kind) == refusal
        for action in (device.unstake, device.withdraw_overflow, device.close_offer):
            assert refusal_of(action, person, RIG) == refusal
        assert refusal_of(device.withdraw, person, pair.own) == refusal
    for person in (*others, worker):
        caller = person.address
        not_yours = NotYours(owner=co_staker.address, caller=caller)
        assert refusal_of(device.unstake_co_stake, person, RIG) == not_yours
        not_his = NotInitialWallet(expected=co_staker.address, caller=caller)
        assert refusal_of(device.withdraw, person, pair.co) == not_his
    for person in others:
        assert refusal_of(device.claim_rewards, person, RIG) == ZeroAmount()
    assert positions() == before

    opens_at = device.unstake(worker, RIG).main.available_at
    left = positions()
    for moment in (clock.now, opens_at):
        clock.at(moment)
        for exit_id, its_owner in ((pair.own, worker), (pair.co, co_staker)):
            for person in {*others, worker, co_staker} - {its_owner}:
                refusal = NotInitialWallet(expected=its_owner.address, caller=person.address)
                assert refusal_of(device.withdraw, person, exit_id) == refusal
        for person in (*others, co_staker, worker):
            for action in (device.unstake, device.withdraw_overflow, device.close_offer):
                assert refusal_of(action, person, RIG) == WithdrawFirst(exit_id=pair.own)
            assert refusal_of(device.unstake_co_stake, person, RIG) == NotStaked(device_id=RIG)
    assert [[each.amount for each in mine] for mine in positions()] == [
        [each.amount for each in mine] for mine in left
    ]
    with money.moves(device, worker=RIG_REQUIRES, co_staker=CO_STAKE):
        device.withdraw(worker, pair.own)
        device.withdraw(co_staker, pair.co)


@pytest.mark.rule("C-5")
@pytest.mark.case(9, 37)
def test_only_the_senders_own_tokens_are_staked(
    device: DeviceStaking,
    money: Money,
    worker: AccountAPI,
    latecomer: AccountAPI,
    pauser: AccountAPI,
) -> None:
    """Cases 9 and 37: what others have allowed the contract to take is out of reach."""
    with money.moves(device, latecomer=-CARD_REQUIRES):
        assert device.stake(latecomer, CARD, CARD_REQUIRES).main.account == latecomer.address
    assert device.positions_of(worker.address) == []
    nonce = device.open_offer(latecomer, CARD, IO, CO_SHARE).main.nonce

    for needed, action, arguments in (
        (5, device.stake, (RIG, 5)),
        (IO, device.accept_offer, (CARD, nonce, IO, CO_SHARE)),
    ):
        device.token.approve(pauser, device.address, 0)
        poor = Refused(
            "ERC20InsufficientAllowance", spender=device.address, allowance=0, needed=needed
        )
        assert refusal_of(action, pauser, *arguments) == poor
        device.token.approve(pauser, device.address, needed)
        poor = Refused("ERC20InsufficientBalance", sender=pauser.address, balance=0, needed=needed)
        assert refusal_of(action, pauser, *arguments) == poor
    with money.rests(device):
        assert device.positions_of(pauser.address) == []


@pytest.mark.rule("C-5", "C-9")
@pytest.mark.case(9, 10)
def test_others_cannot_add_to_somebodys_positions(
    device: DeviceStaking,
    worker: AccountAPI,
    stranger: AccountAPI,
    second_co_staker: AccountAPI,
    one_of_each: list[Position],
) -> None:
    """Cases 9 and 10: no function names another account, but those that give powers."""
    methods = device.contract.instance.contract_type.mutable_methods
    naming = {
        method.name
        for method in methods
        if any(str(field.type) == "address" for field in method.inputs)
    }
    assert naming == {"grantRole", "revokeRole", "renounceRole", "transferOwnership"}

    # What others add, to a device of his too, is a position of theirs.
    co_staked(device, worker, second_co_staker)
    assert device.positions_of(worker.address) == one_of_each
    (added,) = device.positions_of(second_co_staker.address)
    assert added == co_stake(RIG, CO_STAKE)
    assert device.positions_of(stranger.address) == []


@pytest.mark.rule("C-6", "D-3", "D-8", "D-10", "D-12")
@pytest.mark.case(40)
def test_a_pause_stops_stake_and_accept_offer_and_nothing_else(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    pauser: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    latecomer: AccountAPI,
    pair: Pair,
) -> None:
    """Case 40: everything that was open before the pause still is, and money leaves."""
    small = staked(device, latecomer, where=CARD, amount=CARD_REQUIRES + 50 * IO)
    device.pause(pauser)

    # First stakes, further ones, and those that would be refused anyway.
    for person, where, amount in (
        (worker, RIG, 1),
        (worker, RIG, 0),
        (latecomer, RIG, 1),
        (worker, 99, 1),
    ):
        assert refusal_of(device.stake, person, where, amount) == EnforcedPause()
    nonce = device.open_offer(latecomer, CARD, 50 * IO, CO_SHARE).main.nonce
    for terms in ((nonce, 50 * IO, CO_SHARE), (nonce + 1, 0, 0)):
        assert refusal_of(device.accept_offer, second_co_staker, CARD, *terms) == EnforcedPause()

    device.close_offer(latecomer, CARD)
    with money.moves(device, latecomer=1):
        assert device.unstake_amount(latecomer, CARD, 1).main.amount == 1
    with money.moves(device, latecomer=50 * IO - 1, worker=CO_STAKE):
        device.withdraw_overflow(latecomer, CARD)
        device.withdraw_overflow(worker, RIG)
    with money.moves(device, rewarder=-2 * REWARD):
        device.distribute_many(rewarder, [RIG, CARD], [REWARD, REWARD])
    device.register_device(registrar, OLD, 10_000, 1)
    device.set_requirement(registrar, OLD, 10_000, 2)
    for rented in (True, False):
        device.set_rented(registrar, RIG, rented)
    device.terminate_device(registrar, OLD)
    left = device.unstake_co_stake(co_staker, RIG).main
    opens_at = device.unstake(worker, RIG).main.available_at
    device.unstake_amount(latecomer, CARD, UNLIMITED, ExitKind.FULL)
    assert device.exit_of(left.exit_id).available_at == opens_at
    with money.moves(device, worker=REWARD - REWARD // 4, co_staker=REWARD // 4, latecomer=REWARD):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
        device.claim_rewards(latecomer, CARD)
    with money.moves(device, worker=RIG_REQUIRES - CO_STAKE, co_staker=CO_STAKE):
        check_withdraws(clock, device, worker, pair.own, opens_at)
        device.withdraw(co_staker, pair.co)
    with money.moves(device, latecomer=CARD_REQUIRES):
        device.withdraw(latecomer, small)
    assert (device.assets(), device.liabilities()) == (0, 0)

    device.unpause(pauser)
    device.stake(latecomer, RIG, RIG_REQUIRES)
    co_staked(device, latecomer, second_co_staker)


ACTIONS = {
    PositionKind.STAKE: "unstake",
    PositionKind.CO_STAKE: "unstake_co_stake",
    PositionKind.EXIT: "withdraw",
}


@pytest.mark.rule("C-8", "C-11")
def test_a_position_names_the_error_that_acting_on_it_would_give(
    device: DeviceStaking,
    registrar: AccountAPI,
    worker: AccountAPI,
    one_of_each: list[Position],
) -> None:
    assert device.positions_of(worker.address) == one_of_each

    def check_all() -> list[str]:
        positions = device.positions_of(worker.address)
        for position in positions:
            action = getattr(device, ACTIONS[position.kind])
            with undone():
                refusal = refusal_of(action, worker, position.id)
            assert position.blocked_by == (refusal.name if refusal else "")
        return [position.blocked_by for position in positions]

    before = check_all()
    assert before == [position.blocked_by for position in one_of_each]
    # A co-stake is blocked by the device that it is on; an offer blocks its owner only.
    device.set_rented(registrar, THEIRS, True)
    device.set_rented(registrar, RENTED, False)
    device.open_offer(worker, RIG, IO, CO_SHARE)
    assert check_all() == [*before[:3], "OfferOpen", "", "DeviceRented", before[6]]


@pytest.mark.rule("C-1", "C-8", "C-11", "D-12")
@pytest.mark.case(8)
def test_a_position_changes_its_state_in_the_second_it_says(
    device: DeviceStaking, clock: Clock, worker: AccountAPI, one_of_each: list[Position]
) -> None:
    """Case 8: seconds before, and in the second, in which the two that wait open."""

    def states() -> list[str]:
        return [position.state.name for position in device.positions_of(worker.address)]

    fixed = ["CLOSED", "CLAIMABLE"]
    stakes = ["UNLOCKED", "LOCKED", "UNLOCKED"]
    first, last = one_of_each[2].available_at, one_of_each[6].available_at
    assert first < last - WAIT + 5
    for moment, one, other in (
        (clock.now, "LEAVING", "LEAVING"),
        (first - 1, "LEAVING", "LEAVING"),
        (first, "CLAIMABLE", "LEAVING"),
        (last - 1, "CLAIMABLE", "LEAVING"),
        (last, "CLAIMABLE", "CLAIMABLE"),
        (last + 1000 * DAY, "CLAIMABLE", "CLAIMABLE"),
    ):
        clock.at(moment)
        assert states() == [*fixed, one, *stakes, other]


@pytest.mark.rule("C-11", "D-6")
def test_rewards_stand_with_the_stake_or_else_with_the_exits(
    device: DeviceStaking,
    clock: Clock,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Of one device, whoever staked there, and not with what was closed."""
    theirs = REWARD // 4

    def shown() -> list[int]:
        return [position.rewards for position in device.positions_of(co_staker.address)]

    device.distribute(rewarder, RIG, REWARD)
    assert shown() == [theirs]
    device.unstake_co_stake(co_staker, RIG)
    assert shown() == [theirs]
    co_staked(device, worker, co_staker)
    device.distribute(rewarder, RIG, REWARD)
    # With what is active, and not twice.
    assert shown() == [0, 2 * theirs]
    clock.at(device.unstake(worker, RIG).main.available_at)
    device.withdraw(co_staker, pair.co)
    assert shown() == [0, 2 * theirs]
    device.withdraw(co_staker, id_of(co_staker.address, 2))
    assert shown() == [0, 0]
    assert device.rewards_of(RIG, co_staker.address) == 2 * theirs
    device.withdraw(worker, pair.own)
    # He is the owner next.
    device.stake(co_staker, RIG, 1)
    assert shown() == [0, 0, 2 * theirs]


PAGES: dict[tuple[int, int], list[int]] = {
    # (offset, limit): numbers of the seven positions that are shown
    (0, 0): [],
    (0, 1): [1],
    (0, 2): [1, 2],
    (2, 3): [3, 4, 5],
    (6, 2): [7],
    (6, 1): [7],
    (6, 0): [],
    (7, 1): [],
    (8, 1): [],
    (0, 7): [1, 2, 3, 4, 5, 6, 7],
    (0, 8): [1, 2, 3, 4, 5, 6, 7],
    (0, UNLIMITED): [1, 2, 3, 4, 5, 6, 7],
    (5, UNLIMITED): [6, 7],
    (6, UNLIMITED - 6): [7],
    (7, UNLIMITED): [],
    (UNLIMITED, 0): [],
    (UNLIMITED, 1): [],
    (UNLIMITED, UNLIMITED): [],
    (UNLIMITED - 1, 2): [],
    (2**96, 7): [],
}


@pytest.mark.rule("C-9", "C-11")
@pytest.mark.case(10)
def test_a_page_of_positions_is_where_and_as_long_as_asked(
    device: DeviceStaking, worker: AccountAPI, one_of_each: list[Position]
) -> None:
    """Case 10: however long the list, a page is as long as its reader can bear."""
    ids = [position.id for position in one_of_each]
    for (offset, limit), numbers in PAGES.items():
        rows = device.contract.view("positionsOf", worker.address, offset, limit)
        assert [ids.index(row[0]) + 1 for row in rows] == numbers, (offset, limit)


@pytest.mark.rule("C-11")
def test_pages_of_any_size_make_the_same_list(
    device: DeviceStaking,
    worker: AccountAPI,
    stranger: AccountAPI,
    one_of_each: list[Position],
) -> None:
    for page in (1, 2, 6, 7, 8):
        assert device.positions_of(worker.address, page=page) == one_of_each
    assert device.positions_of(stranger.address) == []


@pytest.mark.rule("C-12")
def test_a_device_that_never_was_is_refused_everywhere(
    device: DeviceStaking,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    pair: Pair,
) -> None:
    for unknown in (0, 9, UNLIMITED):
        refusal = UnknownId(id=unknown)
        for action, *arguments in (
            (device.stake, 1),
            (device.stake, 0),
            (device.unstake,),
            (device.unstake_amount, 1, ExitKind.ANY),
            (device.unstake_amount, 0, ExitKind.FULL),
            (device.withdraw_overflow,),
            (device.open_offer, 1, CO_SHARE),
            (device.close_offer,),
            (device.accept_offer, 0, 0, 0),
            (device.unstake_co_stake,),
            (device.claim_rewards,),
        ):
            assert refusal_of(action, worker, unknown, *arguments) == refusal
        for setter, *terms in (
            (device.set_requirement, 10_000, 1),
            (device.set_requirement, 10_000, 0),
            (device.set_rented, True),
            (device.terminate_device,),
        ):
            assert refusal_of(setter, registrar, unknown, *terms) == refusal
        many = device.distribute_many
        assert refusal_of(many, rewarder, [RIG, unknown], [REWARD, 0]) == refusal
        for view in (
            device.overflow,
            device.counted_stake,
            device.is_eligible,
            device.status_of,
            device.device_of,
            device.co_stake_of,
        ):
            assert refusal_of(view, unknown) == refusal
        assert refusal_of(device.rewards_of, unknown, worker.address) == refusal
        # It answers with the error instead of giving it.
        assert device.preview_unstake(unknown, 1) == Preview(ExitKind.ANY, 0, 0, "UnknownId")


@pytest.mark.rule("C-12", "D-5")
def test_an_exit_that_never_was_is_refused_everywhere(
    device: DeviceStaking,
    worker: AccountAPI,
    stranger: AccountAPI,
    one_of_each: list[Position],
) -> None:
    for unknown in (
        0,
        RIG,
        id_of(worker.address, 0),
        id_of(worker.address, len(one_of_each) + 1),
        id_of(worker.address, 2**96 - 1),
        id_of(stranger.address, 1),
        UNLIMITED,
    ):
        assert refusal_of(device.withdraw, worker, unknown) == UnknownId(id=unknown)
        assert refusal_of(device.exit_of, unknown) == UnknownId(id=unknown)
    # What is staked is no exit yet.
    for number in (4, 5, 6):
        stake = id_of(worker.address, number)
        assert refusal_of(device.withdraw, worker, stake) == UnknownId(id=stake)


@pytest.mark.rule("C-12")
@pytest.mark.case(13)
def test_zero_amounts_are_refused(
    device: DeviceStaking,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    latecomer: AccountAPI,
    solo: int,
) -> None:
    """Case 13: everywhere that an amount is given, or would be paid."""
    zero = ZeroAmount()
    assert refusal_of(device.stake, latecomer, CARD, 0) == zero
    assert refusal_of(device.stake, worker, RIG, 0) == zero
    for kind in ExitKind:
        check_refused(zero, device.unstake_amount, worker, RIG, 0, kind)
    assert device.overflow(RIG) == 0
    assert refusal_of(device.withdraw_overflow, worker, RIG) == zero
    assert refusal_of(device.open_offer, worker, RIG, 0, CO_SHARE) == zero
    assert refusal_of(device.claim_rewards, worker, RIG) == zero
    many = device.distribute_many
    for amounts in ([0, 1], [1, 0]):
        assert refusal_of(many, rewarder, [RIG, RIG], amounts) == zero
    # Nor does a skipped device hide one.
    assert refusal_of(many, rewarder, [CARD], [0]) == zero
    assert refusal_of(device.register_device, registrar, OLD, 10_000, 0) == zero
    assert refusal_of(device.set_requirement, registrar, RIG, 10_000, 0) == zero


@pytest.mark.rule("C-8", "D-5")
@pytest.mark.case(8)
def test_the_reason_that_time_cannot_mend_is_named_before_the_one_it_can(
    device: DeviceStaking, worker: AccountAPI, stranger: AccountAPI, solo: int
) -> None:
    opens_at = device.unstake(worker, RIG).main.available_at
    refusal = NotInitialWallet(expected=worker.address, caller=stranger.address)
    assert refusal_of(device.withdraw, stranger, solo) == refusal
    early = CoolingDown(available_at=opens_at)
    check_refused(early, device.withdraw, worker, solo)
