"""What actions cost, in gas: the same however many positions, devices and co-stakers there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import UNLIMITED, id_of, undone
from unbond.positions import PositionState

from .checks import CARD, CO_SHARE, IO, RIG, RIG_REQUIRES, co_staked, staked

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from unbond.chain import Contract
    from unbond.clock import Clock
    from unbond.systems.device import DeviceStaking

pytestmark = pytest.mark.slow

MANY = 30
REWARD = 100 * IO


@pytest.fixture
def busy(mocks: Mocks, device: DeviceStaking, owner: AccountAPI) -> Contract:
    """Somebody who stakes as often as one likes, with enough tokens for that."""
    puppet = mocks.deploy("Puppet", device.contract.instance.contract_type.errors)
    device.token.mint(owner, puppet.address, 1000 * RIG_REQUIRES)
    approve = device.token.contract.instance.approve.encode_input(device.address, UNLIMITED)
    puppet.act("act", device.token.address, bytes(approve), sender=owner)
    return puppet


@pytest.mark.rule("C-9", "C-11")
@pytest.mark.case(9, 10)
def test_actions_cost_the_same_however_much_there_is_besides(
    device: DeviceStaking,
    busy: Contract,
    clock: Clock,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 9 and 10: one other device and position, or thirty of them."""
    handlers = device.contract.instance

    def cost(method: str, *arguments: object) -> int:
        data = bytes(getattr(handlers, method).encode_input(*arguments))
        return int(busy.act("act", device.address, data, sender=stranger).gas_used)

    def costs(number: int) -> dict[str, int]:
        for where in range(100, 100 + number):
            device.register_device(registrar, where, 10_000, 1)
            cost("stake", where, REWARD)
        staked(device, worker, where=CARD, amount=RIG_REQUIRES)
        nonce = device.open_offer(worker, CARD, REWARD, CO_SHARE).main.nonce
        mine = id_of(busy.address, number + 1)
        found = {
            "stake": cost("stake", RIG, RIG_REQUIRES),
            "stake more": cost("stake", RIG, REWARD),
            "accept": cost("acceptOffer", CARD, nonce, REWARD, CO_SHARE),
            "distribute": device.distribute_many(rewarder, [CARD, RIG], [REWARD, REWARD]).gas_used,
            "overflow": cost("withdrawOverflow", RIG),
            "claim": cost("claimRewards", RIG),
            "unstake co-stake": cost("unstakeCoStake", CARD),
            "unstake": cost("unstake", RIG),
        }
        assert len(device.positions_of(busy.address)) == number + 2
        clock.travel(days=21)
        found["withdraw"] = cost("withdraw", mine)
        found["withdraw co-stake"] = cost("withdraw", mine + 1)
        found["unstake, other"] = device.unstake(worker, CARD).gas_used
        return found

    with undone():
        few = costs(1)
    with undone():
        many = costs(MANY)

    assert many == few


@pytest.mark.rule("C-9", "D-12", "D-13")
@pytest.mark.case(10, 12)
def test_leaving_costs_the_same_after_one_co_staker_and_after_many(
    device: DeviceStaking,
    busy: Contract,
    clock: Clock,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    second_co_staker: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    solo: int,
) -> None:
    """Cases 10 and 12: nine of them have come and gone, or none; two wait still.

    These are let go with the owner, without anybody's looking at them.
    """
    people = (co_staker, second_co_staker, latecomer)

    def costs(number: int) -> dict[str, int]:
        for times in range(number):
            person = people[times % len(people)]
            co = co_staked(device, worker, person)
            left = device.unstake_co_stake(person, RIG).main
            # The last two wait at once.
            if times < number - 2:
                clock.at(left.available_at)
                device.withdraw(person, co)
        before, last = (people[times % len(people)] for times in (number - 2, number - 1))
        found = {
            "distribute": device.distribute(rewarder, RIG, REWARD).gas_used,
            "unstake": device.unstake(worker, RIG).gas_used,
        }
        assert device.co_stake_of(RIG).waiting == 0
        opens_at = device.exit_of(solo).available_at
        for account in (before, last):
            mine = device.positions_of(str(account.address))[-1]
            assert (mine.state, mine.available_at) == (PositionState.LEAVING, opens_at)
        clock.at(opens_at)
        found["withdraw"] = device.withdraw(worker, solo).gas_used
        found["withdraw co-stake"] = device.withdraw(
            last, device.positions_of(str(last.address))[-1].id
        ).gas_used
        return found

    with undone():
        few = costs(2)
    with undone():
        many = costs(11)

    assert many == few
