"""What a dashboard says of a device: each status, what is shown when several hold, and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, undone
from unbond.systems.device import DeviceStatus

from .checks import (
    BPS,
    CARD,
    CARD_REQUIRES,
    CO_SHARE,
    CO_STAKE,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    WAIT,
    co_staked,
    staked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.clock import Clock
    from unbond.systems.device import DeviceStaking

    from .conftest import Pair

# Many of them, with a story each.
pytestmark = pytest.mark.slow

TOO_MANY_CARDS = 100
"""Cards for which nobody's stake is enough."""


@pytest.mark.rule("D-16")
def test_the_numbers_of_the_statuses_are_fixed() -> None:
    """Programs outside know them by these."""
    assert [status.name for status in DeviceStatus] == [
        "UNSTAKED",
        "INSUFFICIENT",
        "INSUFFICIENT_WAITING",
        "SUFFICIENT",
        "SUFFICIENT_WAITING",
        "CO_STAKER_UNSTAKED",
        "IN_COOLDOWN",
        "CO_STAKER_WITHDRAWN",
        "OFFER_CLOSED",
        "TERMINATED",
    ]
    assert [status.value for status in DeviceStatus] == list(range(10))


@pytest.mark.rule("D-16", "D-7")
def test_enough_or_not_is_a_matter_of_one_wei(
    device: DeviceStaking,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
) -> None:
    assert device.status_of(RIG) is DeviceStatus.UNSTAKED
    device.stake(worker, RIG, RIG_REQUIRES - 1)
    assert device.status_of(RIG) is DeviceStatus.INSUFFICIENT
    device.stake(worker, RIG, 1)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT
    device.set_requirement(registrar, RIG, BPS + 1, 4)
    assert device.status_of(RIG) is DeviceStatus.INSUFFICIENT

    # A co-stake makes up for it, and one that is too small does not.
    device.set_requirement(registrar, RIG, BPS, 4)
    co_staked(device, worker, co_staker, amount=200 * IO)
    device.set_requirement(registrar, RIG, BPS, 5)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT
    device.set_requirement(registrar, RIG, BPS, 6)
    assert device.status_of(RIG) is DeviceStatus.INSUFFICIENT


@pytest.mark.rule("D-16", "D-8")
def test_an_open_offer_waits_for_a_co_staker(
    device: DeviceStaking,
    clock: Clock,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    solo: int,
) -> None:
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    for cards, status in (
        (4, DeviceStatus.SUFFICIENT_WAITING),
        (5, DeviceStatus.INSUFFICIENT_WAITING),
    ):
        device.set_requirement(registrar, RIG, BPS, cards)
        clock.travel(days=100)
        assert device.status_of(RIG) is status
    # It is a co-staker that is still missing.
    device.accept_offer(co_staker, RIG, 1, CO_STAKE, CO_SHARE)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT


@pytest.mark.rule("D-16", "D-12", "C-1")
@pytest.mark.case(8)
@pytest.mark.parametrize(
    ("cards", "plain"), [(4, DeviceStatus.SUFFICIENT), (5, DeviceStatus.INSUFFICIENT)]
)
def test_a_co_staker_is_unstaked_then_gone_then_withdrawn(
    device: DeviceStaking,
    clock: Clock,
    registrar: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
    cards: int,
    plain: DeviceStatus,
) -> None:
    """Case 8: by time alone, until he withdraws."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    device.set_requirement(registrar, RIG, BPS, cards)
    end = left_at + WAIT + COOLDOWN
    for moment, status in (
        (clock.now, DeviceStatus.CO_STAKER_UNSTAKED),
        (left_at + WAIT - 1, DeviceStatus.CO_STAKER_UNSTAKED),
        (left_at + WAIT, plain),
        (end - 1, plain),
        (end, plain),
    ):
        clock.at(moment)
        assert device.status_of(RIG) is status

    device.withdraw(co_staker, pair.co)
    assert device.status_of(RIG) is DeviceStatus.CO_STAKER_WITHDRAWN
    clock.travel(days=1000)
    assert device.status_of(RIG) is DeviceStatus.CO_STAKER_WITHDRAWN


@pytest.mark.rule("D-16", "D-3", "D-4", "C-1")
@pytest.mark.case(8)
def test_an_owner_is_in_cooldown_until_he_has_withdrawn(
    device: DeviceStaking, clock: Clock, worker: AccountAPI, solo: int
) -> None:
    """Case 8: not merely until he could."""
    unstaked_at = device.unstake(worker, RIG).timestamp
    for moment in (clock.now, unstaked_at + COOLDOWN - 1, unstaked_at + COOLDOWN):
        clock.at(moment)
        assert device.status_of(RIG) is DeviceStatus.IN_COOLDOWN
    clock.travel(days=1000)
    assert device.status_of(RIG) is DeviceStatus.IN_COOLDOWN
    device.withdraw(worker, solo)
    assert device.status_of(RIG) is DeviceStatus.UNSTAKED


@pytest.mark.rule("D-16", "D-13")
def test_in_cooldown_is_shown_whatever_the_co_staker_does(
    device: DeviceStaking, clock: Clock, worker: AccountAPI, co_staker: AccountAPI, pair: Pair
) -> None:
    """He waits, he is paid, and the owner still has not withdrawn."""
    device.unstake_co_stake(co_staker, RIG)
    end = device.unstake(worker, RIG).timestamp + COOLDOWN
    assert device.status_of(RIG) is DeviceStatus.IN_COOLDOWN
    clock.at(end)
    device.withdraw(co_staker, pair.co)
    assert device.status_of(RIG) is DeviceStatus.IN_COOLDOWN
    device.withdraw(worker, pair.own)
    assert device.status_of(RIG) is DeviceStatus.UNSTAKED


@pytest.mark.rule("D-16", "D-13")
def test_unstaked_is_shown_whatever_the_co_staker_still_has_there(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    pair: Pair,
) -> None:
    """And his withdrawal says nothing of the device that somebody else has by then."""
    end = device.unstake(worker, RIG).timestamp + COOLDOWN
    clock.at(end)
    device.withdraw(worker, pair.own)
    assert device.status_of(RIG) is DeviceStatus.UNSTAKED
    staked(device, latecomer)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT
    device.withdraw(co_staker, pair.co)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT


@pytest.mark.rule("D-16", "D-15")
def test_terminated_is_shown_before_everything_else(
    device: DeviceStaking,
    clock: Clock,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
) -> None:
    """From each of the others it is one step to it, and none back."""

    def check_ends(shown: DeviceStatus) -> None:
        assert device.status_of(RIG) is shown
        with undone():
            device.terminate_device(registrar, RIG)
            assert device.status_of(RIG) is DeviceStatus.TERMINATED
            clock.travel(days=1000)
            assert device.status_of(RIG) is DeviceStatus.TERMINATED

    check_ends(DeviceStatus.UNSTAKED)
    own = staked(device, worker)
    check_ends(DeviceStatus.SUFFICIENT)
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    check_ends(DeviceStatus.SUFFICIENT_WAITING)
    device.set_requirement(registrar, RIG, BPS, TOO_MANY_CARDS)
    check_ends(DeviceStatus.INSUFFICIENT_WAITING)
    device.close_offer(worker, RIG)
    check_ends(DeviceStatus.OFFER_CLOSED)
    device.set_requirement(registrar, RIG, BPS, 4)
    co = co_staked(device, worker, co_staker)
    device.set_requirement(registrar, RIG, BPS, TOO_MANY_CARDS)
    check_ends(DeviceStatus.INSUFFICIENT)
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    check_ends(DeviceStatus.CO_STAKER_UNSTAKED)
    clock.at(left_at + WAIT + COOLDOWN)
    device.withdraw(co_staker, co)
    check_ends(DeviceStatus.CO_STAKER_WITHDRAWN)
    unstaked_at = device.unstake(worker, RIG).timestamp
    check_ends(DeviceStatus.IN_COOLDOWN)
    clock.at(unstaked_at + COOLDOWN)
    device.withdraw(worker, own)
    check_ends(DeviceStatus.UNSTAKED)


@pytest.mark.rule("D-16", "D-12", "D-8")
def test_a_wait_is_shown_before_an_offer_that_is_open_or_closed(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """By time alone the offer shows in the second in which the wait ends."""
    waits_until = device.unstake_co_stake(co_staker, RIG).timestamp + WAIT
    for closed, status in (
        (False, DeviceStatus.SUFFICIENT_WAITING),
        (True, DeviceStatus.OFFER_CLOSED),
    ):
        with undone():
            device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
            if closed:
                device.close_offer(worker, RIG)
            clock.at(waits_until - 1)
            assert device.status_of(RIG) is DeviceStatus.CO_STAKER_UNSTAKED
            clock.at(waits_until)
            assert device.status_of(RIG) is status


@pytest.mark.rule("D-16", "D-12", "D-8")
def test_a_wait_is_not_shown_beside_another_co_staker(
    device: DeviceStaking,
    clock: Clock,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Nor that the former one has been paid, until the latter has left; then by time alone."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(left_at + DAY)
    co_staked(device, worker, second_co_staker)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT
    with undone():
        device.set_requirement(registrar, RIG, BPS, TOO_MANY_CARDS)
        assert device.status_of(RIG) is DeviceStatus.INSUFFICIENT

    clock.at(left_at + WAIT + COOLDOWN)
    device.withdraw(co_staker, pair.co)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT
    waits_until = device.unstake_co_stake(second_co_staker, RIG).timestamp + WAIT
    assert device.status_of(RIG) is DeviceStatus.CO_STAKER_UNSTAKED
    clock.at(waits_until)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT


@pytest.mark.rule("D-16", "D-12", "D-7")
@pytest.mark.parametrize("cards", [4, TOO_MANY_CARDS])
def test_a_wait_a_closed_offer_and_a_withdrawal_are_shown_before_enough_or_not(
    device: DeviceStaking,
    clock: Clock,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
    cards: int,
) -> None:
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    device.set_requirement(registrar, RIG, BPS, cards)
    assert device.status_of(RIG) is DeviceStatus.CO_STAKER_UNSTAKED
    clock.at(left_at + WAIT + COOLDOWN)
    device.withdraw(co_staker, pair.co)
    assert device.status_of(RIG) is DeviceStatus.CO_STAKER_WITHDRAWN

    device.set_requirement(registrar, RIG, BPS, 4)
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    device.close_offer(worker, RIG)
    device.set_requirement(registrar, RIG, BPS, cards)
    assert device.status_of(RIG) is DeviceStatus.OFFER_CLOSED
    assert device.is_eligible(RIG) is (cards == 4)


@pytest.mark.rule("D-16", "D-8")
def test_an_offer_that_is_opened_begins_anew(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """A closed offer and a withdrawn co-staker are forgotten; the withdrawal may come later."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(left_at + WAIT + COOLDOWN)
    for early in (True, False):
        with undone():
            if early:
                device.withdraw(co_staker, pair.co)
            device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
            assert device.status_of(RIG) is DeviceStatus.SUFFICIENT_WAITING
            if not early:
                device.withdraw(co_staker, pair.co)
                assert device.status_of(RIG) is DeviceStatus.SUFFICIENT_WAITING
            device.close_offer(worker, RIG)
            assert device.status_of(RIG) is DeviceStatus.OFFER_CLOSED
            device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
            assert device.status_of(RIG) is DeviceStatus.SUFFICIENT_WAITING


@pytest.mark.rule("D-16", "D-8")
def test_a_closed_offer_is_shown_until_the_next_one_or_the_owners_leaving(
    device: DeviceStaking, clock: Clock, worker: AccountAPI, latecomer: AccountAPI, solo: int
) -> None:
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    device.close_offer(worker, RIG)
    device.stake(worker, RIG, IO)
    device.withdraw_overflow(worker, RIG)
    clock.travel(days=1000)
    assert device.status_of(RIG) is DeviceStatus.OFFER_CLOSED

    clock.at(device.unstake(worker, RIG).timestamp + COOLDOWN)
    assert device.status_of(RIG) is DeviceStatus.IN_COOLDOWN
    device.withdraw(worker, solo)
    assert device.status_of(RIG) is DeviceStatus.UNSTAKED
    staked(device, latecomer)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT


@pytest.mark.rule("D-16", "D-8", "D-12")
def test_a_closed_offer_is_forgotten_when_another_one_is_opened(
    device: DeviceStaking, clock: Clock, worker: AccountAPI, co_staker: AccountAPI, solo: int
) -> None:
    """Also when that one was accepted, and its co-staker no longer counts."""
    device.open_offer(worker, RIG, CO_STAKE, CO_SHARE)
    device.close_offer(worker, RIG)
    co_staked(device, worker, co_staker)
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    assert device.status_of(RIG) is DeviceStatus.CO_STAKER_UNSTAKED
    clock.at(left_at + WAIT)
    assert device.status_of(RIG) is DeviceStatus.SUFFICIENT


@pytest.mark.rule("D-16", "D-12", "D-4")
def test_a_new_owner_sees_nothing_of_the_old_ones_co_staker(
    device: DeviceStaking,
    clock: Clock,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    pair: Pair,
) -> None:
    """Whether he has been paid, or not yet."""
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    clock.at(left_at + WAIT + COOLDOWN)
    for paid in (True, False):
        with undone():
            if paid:
                device.withdraw(co_staker, pair.co)
            clock.at(device.unstake(worker, RIG).timestamp + COOLDOWN)
            device.withdraw(worker, pair.own)
            staked(device, latecomer)
            assert device.status_of(RIG) is DeviceStatus.SUFFICIENT
            if not paid:
                device.withdraw(co_staker, pair.co)
                assert device.status_of(RIG) is DeviceStatus.SUFFICIENT


@pytest.mark.rule("D-16", "D-14", "D-10", "D-6")
def test_what_is_no_matter_of_the_status_does_not_change_it(
    device: DeviceStaking,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    pair: Pair,
) -> None:
    """Being rented, overflow, rewards, and what happens to another device."""

    def check_same() -> None:
        assert device.status_of(RIG) is DeviceStatus.SUFFICIENT

    check_same()
    device.set_rented(registrar, RIG, True)
    check_same()
    device.withdraw_overflow(worker, RIG)
    check_same()
    device.distribute(rewarder, RIG, IO)
    check_same()
    device.claim_rewards(worker, RIG)
    check_same()
    staked(device, worker, where=CARD, amount=CARD_REQUIRES)
    device.unstake(worker, CARD)
    device.terminate_device(registrar, CARD)
    check_same()
