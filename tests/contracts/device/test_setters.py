"""What setters tell, and that nothing is overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import ZERO_ADDRESS, refusal_of
from unbond.systems.device import (
    DeviceEnded,
    DeviceExists,
    DeviceInfo,
    DeviceRegistered,
    DeviceTerminated,
    OfferClosed,
    RentedChanged,
    RequirementChanged,
)

from .checks import CARD, CARD_REQUIRES, CO_SHARE, CO_STAKE, IO, RIG, RIG_REQUIRES

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.systems.device import DeviceStaking

NEW = 9
"""A device that is not registered yet."""


@pytest.mark.rule("C-7", "D-1", "D-14", "D-15")
def test_every_setter_tells_the_old_value_and_the_new_one(
    device: DeviceStaking,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    solo: int,
) -> None:
    """Also when they are the same; and none of them moves money."""

    def info(requirement: int, *terms: object) -> DeviceInfo:
        return DeviceInfo(worker.address, RIG_REQUIRES, solo, requirement, *terms)  # type: ignore[arg-type]

    with money.rests(device):
        assert device.register_device(registrar, NEW, 12_345, 8).events == (
            DeviceRegistered(NEW, 12_345, 8),
        )
        assert device.device_of(NEW) == DeviceInfo(
            ZERO_ADDRESS, 0, 0, 19_752 * IO // 10, 12_345, 8, False, False
        )
        assert device.set_requirement(registrar, RIG, 10_001, 5).events == (
            RequirementChanged(RIG, 2_500, 4, 10_001, 5),
        )
        assert device.set_requirement(registrar, RIG, 10_000, 4).events == (
            RequirementChanged(RIG, 10_001, 5, 10_000, 4),
        )
        assert device.set_requirement(registrar, RIG, 10_000, 4).events == (
            RequirementChanged(RIG, 10_000, 4, 10_000, 4),
        )
        for old, new in ((False, False), (False, True), (True, True), (True, False)):
            assert device.set_rented(registrar, RIG, new).events == (RentedChanged(RIG, old, new),)
            assert device.device_of(RIG) == info(RIG_REQUIRES, 10_000, 4, new, False)
        nonce = device.open_offer(worker, RIG, CO_STAKE, CO_SHARE).main.nonce
        assert device.terminate_device(registrar, RIG).events == (
            DeviceTerminated(RIG),
            OfferClosed(RIG, nonce),
        )
        assert device.device_of(RIG) == info(RIG_REQUIRES, 10_000, 4, False, True)
        # No other device has changed.
        assert device.device_of(CARD) == DeviceInfo(
            ZERO_ADDRESS, 0, 0, CARD_REQUIRES, 10_000, 1, False, False
        )
        assert device.terminate_device(registrar, CARD).events == (DeviceTerminated(CARD),)


@pytest.mark.rule("C-12", "D-15")
@pytest.mark.case(39)
def test_a_device_is_registered_once_and_ends_once(
    device: DeviceStaking, registrar: AccountAPI, solo: int
) -> None:
    """Case 39: nothing is overwritten, neither of a device that goes on nor of one that ended."""
    before = device.device_of(RIG)
    exists = DeviceExists(device_id=RIG)
    assert refusal_of(device.register_device, registrar, RIG, 99, 9) == exists
    # Which it is said to before anything else.
    assert refusal_of(device.register_device, registrar, RIG, 99, 0) == exists
    assert device.device_of(RIG) == before

    device.terminate_device(registrar, RIG)
    assert refusal_of(device.terminate_device, registrar, RIG) == DeviceEnded(device_id=RIG)
    assert refusal_of(device.register_device, registrar, RIG, 99, 9) == exists
    for where in (0, 2**256 - 1):
        device.register_device(registrar, where, 10_000, 1)
        assert device.device_of(where).requirement == CARD_REQUIRES
