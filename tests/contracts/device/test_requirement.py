"""What a device requires: registered by its cards and their multiplier, changed later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import UNLIMITED, ZERO_ADDRESS, refusal_of
from unbond.errors import Refused, UnknownId, ZeroAmount
from unbond.systems.device import (
    DeviceExists,
    DeviceInfo,
    DeviceRegistered,
    DeviceStatus,
    ExitKind,
    Preview,
    RequirementChanged,
)

from .checks import (
    BASE_STAKE,
    BPS,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    WAIT,
    check_refused,
    no_co_stake,
    own_stake,
    staked,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.systems.device import DeviceStaking

    from .conftest import Pair

NEW = 1_000_001
"""A device that is not registered."""

REQUIREMENTS = {
    # (multiplier in 1/10 000, cards): wei
    (100_000, 8): 16_000 * IO,
    (2_500, 4): 800 * IO,
    (0, 1): 200 * IO,
    (9_999, 1): 200 * IO,
    (10_000, 1): 200 * IO,
    (10_001, 1): 200 * IO + IO // 50,
    (12_345, 3): 740_700_000_000_000_000_000,
    (2**24 - 1, 2**16 - 1): BASE_STAKE * (2**24 - 1) * (2**16 - 1) // BPS,
}


def unstaked(requirement: int, multiplier: int, cards: int) -> DeviceInfo:
    """A device on which nobody has staked."""
    return DeviceInfo(ZERO_ADDRESS, 0, 0, requirement, multiplier, cards, False, False)


@pytest.mark.rule("D-1", "D-3", "D-8", "D-12")
def test_the_constants_are_those_of_the_documents(device: DeviceStaking) -> None:
    constants = {
        "COOLDOWN": 1_209_600,
        "CO_STAKE_WAIT": 604_800,
        "BASE_STAKE": 200 * IO,
        "MAX_CO_STAKES": 2,
    }
    assert {name: device.contract.view(name) for name in constants} == constants
    assert (COOLDOWN, WAIT) == (1_209_600, 604_800)


@pytest.mark.rule("D-1", "C-7")
@pytest.mark.case(23)
@pytest.mark.parametrize(("terms", "requirement"), REQUIREMENTS.items(), ids=str)
def test_a_device_requires_a_base_stake_for_each_card_times_its_multiplier(
    device: DeviceStaking,
    money: Money,
    registrar: AccountAPI,
    terms: tuple[int, int],
    requirement: int,
) -> None:
    """Case 23: the largest terms that fit are not cut."""
    multiplier, cards = terms
    with money.rests(device):
        registered = device.register_device(registrar, NEW, multiplier, cards)
        changed = device.set_requirement(registrar, RIG, multiplier, cards)

    assert registered.events == (DeviceRegistered(NEW, multiplier, cards),)
    assert changed.events == (RequirementChanged(RIG, 2_500, 4, multiplier, cards),)
    for each in (NEW, RIG):
        assert device.device_of(each) == unstaked(requirement, multiplier, cards)
        assert device.co_stake_of(each) == no_co_stake()
        assert device.status_of(each) is DeviceStatus.UNSTAKED
        assert not device.is_eligible(each)
        assert (device.counted_stake(each), device.overflow(each)) == (0, 0)


@pytest.mark.rule("D-1", "D-7")
@pytest.mark.parametrize("short", [1, 0, -1], ids=["one wei short", "exactly", "one wei more"])
@pytest.mark.parametrize("terms", [(100_000, 8), (10_001, 1)], ids=str)
def test_a_device_earns_from_the_wei_that_fills_its_requirement(
    device: DeviceStaking,
    registrar: AccountAPI,
    worker: AccountAPI,
    terms: tuple[int, int],
    short: int,
) -> None:
    device.register_device(registrar, NEW, *terms)
    amount = REQUIREMENTS[terms] - short
    staked(device, worker, where=NEW, amount=amount)

    assert device.counted_stake(NEW) == amount
    assert device.is_eligible(NEW) is (short <= 0)
    assert device.overflow(NEW) == max(0, -short)


@pytest.mark.rule("D-7")
@pytest.mark.parametrize("identifier", [0, 1, 2**128, UNLIMITED])
def test_any_number_can_name_a_device(
    device: DeviceStaking, registrar: AccountAPI, worker: AccountAPI, identifier: int
) -> None:
    device.register_device(registrar, identifier, BPS, 1)
    staked(device, worker, where=identifier, amount=BASE_STAKE)

    assert device.is_eligible(identifier)
    assert device.positions_of(worker.address) == [own_stake(identifier, BASE_STAKE)]


@pytest.mark.rule("D-1")
@pytest.mark.case(39)
def test_a_device_is_registered_once(
    device: DeviceStaking, registrar: AccountAPI, worker: AccountAPI, solo: int
) -> None:
    """Case 39: neither a staked device nor one that has ended is overwritten."""
    for ended in (False, True):
        if ended:
            device.terminate_device(registrar, RIG)
        before = device.device_of(RIG)
        for terms in ((2_500, 4), (100_000, 8), (BPS, 0)):
            check_refused(
                DeviceExists(device_id=RIG), device.register_device, registrar, RIG, *terms
            )
        assert device.device_of(RIG) == before


@pytest.mark.rule("D-1", "C-12")
@pytest.mark.case(13, 23)
def test_no_cards_and_terms_too_large_to_keep_are_refused(
    device: DeviceStaking, registrar: AccountAPI
) -> None:
    """Cases 13 and 23: a requirement is never zero, and no number is cut."""
    too_large = "SafeCastOverflowedUintDowncast"
    refusals: dict[tuple[int, int], Refused] = {
        (BPS, 0): ZeroAmount(),
        (2**24, 1): Refused(too_large, bits=24, value=2**24),
        (UNLIMITED, 1): Refused(too_large, bits=24, value=UNLIMITED),
        (BPS, 2**16): Refused(too_large, bits=16, value=2**16),
        (BPS, 2**16 + 1): Refused(too_large, bits=16, value=2**16 + 1),
    }
    for terms, refusal in refusals.items():
        check_refused(refusal, device.register_device, registrar, NEW, *terms)
        check_refused(refusal, device.set_requirement, registrar, RIG, *terms)
    assert device.device_of(RIG) == unstaked(RIG_REQUIRES, 2_500, 4)


@pytest.mark.rule("C-12")
def test_a_device_that_is_not_registered_is_refused_everywhere(
    device: DeviceStaking,
    worker: AccountAPI,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    solo: int,
) -> None:
    refusal = UnknownId(id=NEW)
    for action, *arguments in (
        (device.stake, IO),
        (device.stake, 0),
        (device.unstake,),
        (device.unstake_amount, IO, ExitKind.ANY),
        (device.unstake_amount, 0, ExitKind.FULL),
        (device.withdraw_overflow,),
        (device.open_offer, IO, 0),
        (device.close_offer,),
        (device.accept_offer, 0, 0, 0),
        (device.unstake_co_stake,),
        (device.claim_rewards,),
    ):
        check_refused(refusal, action, worker, NEW, *arguments)
    check_refused(refusal, device.distribute, rewarder, NEW, IO)
    check_refused(refusal, device.set_requirement, registrar, NEW, BPS, 1)
    check_refused(refusal, device.set_rented, registrar, NEW, True)
    check_refused(refusal, device.terminate_device, registrar, NEW)

    for view in (
        device.overflow,
        device.counted_stake,
        device.is_eligible,
        device.status_of,
        device.device_of,
        device.co_stake_of,
    ):
        assert refusal_of(view, NEW) == refusal
    assert refusal_of(device.rewards_of, NEW, worker.address) == refusal
    # A preview answers with the error instead of giving it.
    assert device.preview_unstake(NEW, IO) == Preview(ExitKind.ANY, 0, 0, "UnknownId")


@pytest.mark.rule("D-1", "D-7", "C-7")
def test_a_changed_requirement_counts_at_once_and_touches_nobodys_stake(
    device: DeviceStaking,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    before = device.positions_of(worker.address), device.positions_of(co_staker.address)
    old = (2_500, 4)
    for cards, overflow in ((5, 100 * IO), (6, 0), (1, 800 * IO), (4, 300 * IO)):
        with money.rests(device):
            receipt = device.set_requirement(registrar, RIG, BPS, cards)

        assert receipt.events == (RequirementChanged(RIG, *old, BPS, cards),)
        old = (BPS, cards)
        assert device.device_of(RIG) == DeviceInfo(
            worker.address, RIG_REQUIRES, pair.own, cards * 200 * IO, BPS, cards, False, False
        )
        assert device.counted_stake(RIG) == 1100 * IO
        assert device.is_eligible(RIG) is (cards <= 5)
        assert device.overflow(RIG) == overflow
        assert (
            device.positions_of(worker.address),
            device.positions_of(co_staker.address),
        ) == before


@pytest.mark.rule("D-1", "C-7")
def test_a_requirement_can_be_said_again(device: DeviceStaking, registrar: AccountAPI) -> None:
    receipt = device.set_requirement(registrar, RIG, 2_500, 4)
    assert receipt.events == (RequirementChanged(RIG, 2_500, 4, 2_500, 4),)
    assert device.device_of(RIG) == unstaked(RIG_REQUIRES, 2_500, 4)
