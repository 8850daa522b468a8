"""Devices on which people have staked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from .checks import co_staked, staked

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.systems.device import DeviceStaking


class Pair(NamedTuple):
    """The ids of an owner's stake and of the co-stake beside it."""

    own: int
    co: int


@pytest.fixture
def solo(device: DeviceStaking, worker: AccountAPI) -> int:
    """The worker's stake of 800 IO on the rig, as much as it requires."""
    return staked(device, worker)


@pytest.fixture
def pair(device: DeviceStaking, worker: AccountAPI, co_staker: AccountAPI, solo: int) -> Pair:
    """The same, with the co-staker's 300 IO for a quarter of the rewards."""
    return Pair(solo, co_staked(device, worker, co_staker))
