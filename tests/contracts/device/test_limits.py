"""Numbers at the edge of what storage holds: refused, never cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import refusal_of
from unbond.errors import Refused
from unbond.systems.device import AboveMaximum, Distributed

from .checks import BASE_STAKE, CARD, CO_SHARE, RIG, RIG_REQUIRES, co_staked, own_stake, staked

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.systems.device import DeviceStaking

    from .conftest import Pair

ALL_THAT_FITS = 2**96 - 1
"""The most that one position holds, in wei."""
MOST_MULTIPLIER, MOST_CARDS = 2**24 - 1, 2**16 - 1


def too_large(bits: int, value: int) -> Refused:
    """What does not fit into so many bits."""
    return Refused("SafeCastOverflowedUintDowncast", bits=bits, value=value)


OVERFLOWS = Refused("Panic", code=0x11)
"""What the compiler's own check of a sum says."""


@pytest.mark.rule("C-4", "D-3", "D-10")
@pytest.mark.case(23)
def test_more_than_fits_cannot_be_staked(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    worker: AccountAPI,
    latecomer: AccountAPI,
) -> None:
    """Case 23: neither at once nor in the sum, and what fits can leave again."""
    device.token.mint(owner, worker.address, 2**97)
    refused = too_large(96, ALL_THAT_FITS + 1)
    assert refusal_of(device.stake, worker, RIG, ALL_THAT_FITS + 1) == refused
    own = staked(device, worker, amount=RIG_REQUIRES)
    rest = ALL_THAT_FITS - RIG_REQUIRES
    assert refusal_of(device.stake, worker, RIG, rest + 1) == refused
    with money.moves(device, worker=-rest):
        device.stake(worker, RIG, rest)
    assert device.positions_of(worker.address) == [own_stake(RIG, ALL_THAT_FITS)]
    assert refusal_of(device.stake, worker, RIG, 1) == refused
    # Another device has room of its own.
    device.stake(latecomer, CARD, 1)

    assert device.overflow(RIG) == rest
    with money.moves(device, worker=rest - 1):
        device.unstake_amount(worker, RIG, rest - 1)
    opens_at = device.unstake(worker, RIG).main.available_at
    clock.at(opens_at)
    with money.moves(device, worker=RIG_REQUIRES + 1):
        device.withdraw(worker, own)


@pytest.mark.rule("D-1", "D-8")
@pytest.mark.case(23)
def test_a_device_requires_at_most_what_fits(
    device: DeviceStaking,
    money: Money,
    owner: AccountAPI,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
) -> None:
    """Case 23: the largest device there can be, and half of it offered."""
    for multiplier, cards, refused in (
        (MOST_MULTIPLIER + 1, 1, too_large(24, MOST_MULTIPLIER + 1)),
        (2**256 - 1, 1, too_large(24, 2**256 - 1)),
        (1, MOST_CARDS + 1, too_large(16, MOST_CARDS + 1)),
        (1, 2**256 - 1, too_large(16, 2**256 - 1)),
    ):
        assert refusal_of(device.register_device, registrar, 9, multiplier, cards) == refused
        assert refusal_of(device.set_requirement, registrar, RIG, multiplier, cards) == refused

    device.set_requirement(registrar, RIG, MOST_MULTIPLIER, MOST_CARDS)
    requires = BASE_STAKE * MOST_MULTIPLIER * MOST_CARDS // 10_000
    assert device.device_of(RIG).requirement == requires < ALL_THAT_FITS
    for person in (worker, co_staker):
        device.token.mint(owner, person.address, requires)
    device.stake(worker, RIG, requires)
    half = requires // 2
    assert refusal_of(device.open_offer, worker, RIG, half + 1, CO_SHARE) == AboveMaximum(
        amount=half + 1, maximum=half
    )
    with money.moves(device, co_staker=-half):
        co_staked(device, worker, co_staker, amount=half)
    assert (device.counted_stake(RIG), device.overflow(RIG)) == (requires + half, half)


@pytest.mark.rule("C-4", "D-9")
@pytest.mark.case(22, 23)
def test_more_than_can_be_owed_cannot_be_distributed_and_exits_do_not_mind(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    pair: Pair,
) -> None:
    """Cases 22 and 23: an amount times a share is larger than a word, and comes out exact."""
    device.token.mint(owner, rewarder.address, 2**255)
    many = device.distribute_many
    assert refusal_of(many, rewarder, [RIG], [2**248]) == too_large(248, 2**248)
    assert refusal_of(many, rewarder, [RIG, RIG], [2**255, 2**255]) == OVERFLOWS
    most = 2**248 - 1 - device.liabilities()
    assert refusal_of(many, rewarder, [RIG], [most + 1]) == OVERFLOWS

    share = most * CO_SHARE // 10_000
    with money.moves(device, rewarder=-most):
        assert many(rewarder, [RIG], [most]).events == (Distributed(RIG, most - share, share),)
    # There is no room for anything more, but everything can leave.
    assert refusal_of(many, rewarder, [RIG], [1]) == OVERFLOWS
    assert refusal_of(device.stake, worker, RIG, 1) == OVERFLOWS
    opens_at = device.unstake(worker, RIG).main.available_at
    with money.moves(device, worker=most - share, co_staker=share):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
    clock.at(opens_at)
    for person, exit_id in ((worker, pair.own), (co_staker, pair.co)):
        device.withdraw(person, exit_id)
    assert (device.assets(), device.liabilities()) == (0, 0)
