"""What who holds a power, or a place of trust, can do at worst: nobody takes what is others'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import DAY, UNLIMITED, check_opens, check_refused, id_of, refusal_of
from tests.contracts.delegated.checks import ANKR, MINIMUM, start_of
from tests.contracts.device.checks import (
    CARD,
    CARD_REQUIRES,
    CO_STAKE,
    COOLDOWN,
    IO,
    RIG,
    RIG_REQUIRES,
    WAIT,
    check_withdraws,
    co_staked,
    staked,
)
from tests.contracts.liquid.checks import COIN
from tests.contracts.liquid.desk import FEE, NET, YEARLY, Desk, Terms
from unbond.chain import Contract
from unbond.errors import EnforcedPause, Refused
from unbond.systems.base import power_id
from unbond.systems.delegated import (
    CommissionTooHigh,
    DelegatedStaking,
    NothingStaked,
    ProviderExists,
    ProviderInactive,
)
from unbond.systems.device import DeviceRented, DeviceStaking, NotInitialWallet, Skipped
from unbond.systems.liquid import Paid, Settled

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.roles import Roles
    from unbond.systems.base import System
    from unbond.systems.liquid import LiquidStaking

# Long stories.
pytestmark = pytest.mark.slow


def seize(system: System, owner: AccountAPI) -> None:
    """Let the owner have every power himself."""
    for power in system.powers:
        system.grant_role(owner, power, owner.address)


# Delegated staking.


@pytest.fixture
def lots(
    delegated: DelegatedStaking,
    clock: Clock,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
) -> tuple[int, int]:
    """The delegator's lot of 2000 and the latecomer's of 1000; now they unlock, with rewards."""
    clock.at(start_of(1))
    old = delegated.stake(delegator, provider.address, 2 * MINIMUM).main.stake_id
    other = delegated.stake(latecomer, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(14))
    delegated.distribute(rewarder, provider.address, 3 * MINIMUM)
    return old, other


@pytest.mark.rule("C-6", "E-10")
@pytest.mark.case(38)
@pytest.mark.systems("delegated")
def test_a_registrar_of_providers_stops_new_stakes_and_nothing_else(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
    lots: tuple[int, int],
) -> None:
    """Case 38: a provider of his own, and no commission above what was agreed."""
    old, other = lots
    part = delegated.unstake(delegator, old, MINIMUM).main.ticket_id
    where = str(provider.address)
    delegated.set_provider_active(registrar, where, False)
    too_high = CommissionTooHigh(commission_bps=3001, maximum=3000)
    assert refusal_of(delegated.add_provider, registrar, stranger.address, 3001) == too_high
    delegated.add_provider(registrar, stranger.address, 3000)
    exists = ProviderExists(provider=where)
    assert refusal_of(delegated.add_provider, registrar, where, 3000) == exists
    inactive = ProviderInactive(provider=where)
    check_refused(inactive, delegated.stake, delegator, where, MINIMUM)
    check_refused(inactive, delegated.restake_rewards, latecomer, other)

    # 5 % of 3000, of which the delegator has been paid his part; and of 2000 now.
    with money.moves(
        delegated,
        rewarder=-2 * MINIMUM,
        delegator=2 * MINIMUM + 950 * ANKR,
        latecomer=MINIMUM + 1900 * ANKR,
        provider=250 * ANKR,
    ):
        delegated.distribute(rewarder, where, 2 * MINIMUM)
        delegated.claim_rewards(latecomer, other)
        delegated.unstake(latecomer, other, MINIMUM)
        delegated.unstake(delegator, old, MINIMUM)
        delegated.claim_commission(provider)
        clock.at(start_of(16))
        for person, ticket in ((delegator, part), (delegator, old), (latecomer, other)):
            delegated.claim(person, ticket)
    assert (delegated.assets(), delegated.liabilities()) == (0, 0)


@pytest.mark.rule("E-7")
@pytest.mark.case(21, 24)
@pytest.mark.systems("delegated")
def test_a_rewarder_of_providers_can_withhold_and_gives_only_what_is_his(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    operator: AccountAPI,
    lots: tuple[int, int],
) -> None:
    """Cases 21 and 24: he favours a stake of his own, out of his own pocket."""
    old, other = lots
    where = str(operator.address)
    delegated.add_provider(registrar, where, 0)
    assert refusal_of(delegated.distribute, rewarder, where, ANKR) == NothingStaked()
    mine = delegated.stake(rewarder, where, MINIMUM).main.stake_id
    earned = [delegated.stake_of(lot).rewards for lot in (old, other)]
    clock.at(start_of(15))
    held = delegated.token.balance_of(rewarder.address)
    lacks = Refused(
        "ERC20InsufficientBalance", sender=rewarder.address, balance=held, needed=held + 1
    )
    assert refusal_of(delegated.distribute, rewarder, where, held + 1) == lacks
    delegated.distribute(rewarder, where, held)
    assert delegated.stake_of(mine).rewards == held
    assert [delegated.stake_of(lot).rewards for lot in (old, other)] == earned
    with money.moves(delegated, delegator=1900 * ANKR, latecomer=950 * ANKR):
        delegated.unstake(delegator, old, 2 * MINIMUM)
        delegated.unstake(latecomer, other, MINIMUM)
    clock.at(start_of(17))
    with money.moves(delegated, delegator=2 * MINIMUM, latecomer=MINIMUM):
        delegated.claim(delegator, old)
        delegated.claim(latecomer, other)


@pytest.mark.rule("C-6", "C-7", "E-3", "E-4")
@pytest.mark.case(30, 32, 40)
@pytest.mark.systems("delegated")
def test_an_owner_with_every_power_over_lots_takes_nothing_and_delays_nobody(
    delegated: DelegatedStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    lots: tuple[int, int],
) -> None:
    """Cases 30, 32 and 40: he does his worst and goes; what is owed leaves in its second."""
    old, other = lots
    seize(delegated, owner)
    delegated.pause(owner)
    delegated.set_provider_active(owner, provider.address, False)
    for person, lot in ((delegator, old), (latecomer, other)):
        for action in (delegated.claim_rewards, delegated.restake_rewards, delegated.claim):
            assert refusal_of(action, owner, lot) == Refused(
                "NotYours", owner=person.address, caller=owner.address
            )
    delegated.contract.act("renounceOwnership", sender=owner)
    check_refused(EnforcedPause(), delegated.stake, latecomer, provider.address, MINIMUM)

    with money.moves(
        delegated,
        delegator=2 * MINIMUM + 1900 * ANKR,
        latecomer=MINIMUM + 950 * ANKR,
        provider=150 * ANKR,
    ):
        delegated.unstake(delegator, old, 2 * MINIMUM)
        delegated.unstake(latecomer, other, MINIMUM)
        delegated.claim_commission(provider)
        early = Refused("StillUndelegating", available_at=start_of(16))
        check_opens(clock, start_of(16), early, delegated.claim, delegator, old)
        delegated.claim(latecomer, other)
    assert (delegated.assets(), delegated.liabilities()) == (0, 0)


# Device staking.


@pytest.fixture
def couple(device: DeviceStaking, worker: AccountAPI, co_staker: AccountAPI) -> tuple[int, int]:
    """The worker's 800 on the rig, which it requires, and the co-staker's 300."""
    return staked(device, worker), co_staked(device, worker, co_staker)


@pytest.mark.rule("C-2", "C-6", "D-10", "D-14", "D-15")
@pytest.mark.case(4, 38, 42)
@pytest.mark.systems("device")
def test_a_registrar_of_devices_can_hold_stakes_and_cannot_take_them(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    couple: tuple[int, int],
) -> None:
    """Cases 4, 38 and 42: a device rented for ever, until the owner finds another registrar."""
    own, co = couple
    gone = staked(device, latecomer, where=CARD, amount=CARD_REQUIRES)
    device.distribute(rewarder, RIG, 100 * IO)
    left_at = device.unstake(latecomer, CARD).timestamp
    for where in (RIG, CARD):
        device.set_rented(registrar, where, True)
        device.set_requirement(registrar, where, 2**24 - 1, 65_535)
        device.terminate_device(registrar, where)

    # Exits that run, and rewards that have been earned, are not his to stop.
    with money.moves(device, latecomer=CARD_REQUIRES, worker=75 * IO, co_staker=25 * IO):
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
        check_withdraws(clock, device, latecomer, gone, left_at + COOLDOWN)
    # What has not left stays as long as he wants, and earns nothing.
    clock.travel(days=1000)
    with money.rests(device):
        assert refusal_of(device.unstake, worker, RIG) == DeviceRented()
        assert refusal_of(device.unstake_amount, worker, RIG, 1) == DeviceRented()
        assert refusal_of(device.unstake_co_stake, co_staker, RIG) == DeviceRented()
        assert device.distribute(rewarder, RIG, IO).events == (Skipped(RIG, IO),)
    assert device.liabilities() == RIG_REQUIRES + CO_STAKE

    device.revoke_role(owner, "REGISTRAR_ROLE", registrar.address)
    device.grant_role(owner, "REGISTRAR_ROLE", stranger.address)
    device.set_rented(stranger, RIG, False)
    left_at = device.unstake(worker, RIG).timestamp
    with money.moves(device, worker=RIG_REQUIRES, co_staker=CO_STAKE):
        check_withdraws(clock, device, worker, own, left_at + COOLDOWN)
        device.withdraw(co_staker, co)
    assert (device.assets(), device.liabilities()) == (0, 0)


@pytest.mark.rule("C-4", "D-10", "D-12")
@pytest.mark.case(41)
@pytest.mark.systems("device")
def test_a_registrar_can_spare_an_owner_the_cooldown_and_nobody_else_pays(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    couple: tuple[int, int],
) -> None:
    """Case 41: a requirement that falls makes overflow of a stake, never of a co-stake."""
    own, co = couple
    device.set_requirement(registrar, RIG, 0, 1)
    with money.moves(device, worker=RIG_REQUIRES):
        device.withdraw_overflow(worker, RIG)
    assert device.liabilities() == CO_STAKE
    left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    with money.moves(device, co_staker=CO_STAKE):
        check_withdraws(clock, device, co_staker, co, left_at + WAIT + COOLDOWN)
    left_at = device.unstake(worker, RIG).timestamp
    with money.rests(device):
        check_withdraws(clock, device, worker, own, left_at + COOLDOWN)
    assert (device.assets(), device.liabilities()) == (0, 0)


@pytest.mark.rule("C-4", "D-7")
@pytest.mark.case(21)
@pytest.mark.systems("device")
def test_a_rewarder_of_devices_can_pass_over_whom_he_likes_and_gives_only_what_is_his(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    rewarder: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    couple: tuple[int, int],
) -> None:
    """Case 21: he has no part in what is staked, and takes back nothing that he has given."""
    own, co = couple
    staked(device, rewarder, where=CARD, amount=CARD_REQUIRES)
    held = device.token.balance_of(rewarder.address)
    lacks = Refused(
        "ERC20InsufficientBalance", sender=rewarder.address, balance=held, needed=held + 1
    )
    with money.rests(device):
        assert refusal_of(device.distribute, rewarder, CARD, held + 1) == lacks
        device.distribute(rewarder, RIG, 4)
        device.distribute(rewarder, CARD, held - 4)
        device.claim_rewards(rewarder, CARD)
        earned = [device.rewards_of(RIG, person.address) for person in (worker, co_staker)]
        assert earned == [3, 1]
        device.claim_rewards(worker, RIG)
        device.claim_rewards(co_staker, RIG)
        device.token.transfer(worker, rewarder.address, 3)
        device.token.transfer(co_staker, rewarder.address, 1)
    left_at = device.unstake(worker, RIG).timestamp
    with money.moves(device, worker=RIG_REQUIRES, co_staker=CO_STAKE):
        check_withdraws(clock, device, worker, own, left_at + COOLDOWN)
        device.withdraw(co_staker, co)


@pytest.mark.rule("C-6", "C-7", "D-5", "D-14")
@pytest.mark.case(30, 32, 40)
@pytest.mark.systems("device")
def test_an_owner_with_every_power_over_devices_can_hold_stakes_and_takes_nothing(
    device: DeviceStaking,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    couple: tuple[int, int],
) -> None:
    """Cases 30, 32 and 40: what runs leaves in its second; a device that is rented is shut.

    Nobody can open it again if the owner then gives the ownership up.
    """
    own, co = couple
    gone = staked(device, latecomer, where=CARD, amount=CARD_REQUIRES)
    left_at = device.unstake(latecomer, CARD).timestamp
    co_left_at = device.unstake_co_stake(co_staker, RIG).timestamp
    seize(device, owner)
    device.pause(owner)
    for where in (RIG, CARD):
        device.set_rented(owner, where, True)
        device.terminate_device(owner, where)
    for action, where in ((device.unstake, RIG), (device.withdraw_overflow, RIG)):
        assert refusal_of(action, owner, where) == NotInitialWallet(
            expected=worker.address, caller=owner.address
        )
    for identifier, person in ((gone, latecomer), (co, co_staker)):
        assert refusal_of(device.withdraw, owner, identifier) == NotInitialWallet(
            expected=person.address, caller=owner.address
        )
    device.contract.act("renounceOwnership", sender=owner)

    with money.moves(device, latecomer=CARD_REQUIRES, co_staker=CO_STAKE):
        check_withdraws(clock, device, latecomer, gone, left_at + COOLDOWN)
        check_withdraws(clock, device, co_staker, co, co_left_at + WAIT + COOLDOWN)
    clock.travel(days=1000)
    assert refusal_of(device.unstake, worker, RIG) == DeviceRented()
    assert (device.assets(), device.liabilities()) == (RIG_REQUIRES, RIG_REQUIRES)
    assert device.positions_of(worker.address)[0].amount == RIG_REQUIRES
    assert own == id_of(worker.address, 1)


@pytest.mark.rule("D-2", "C-5")
@pytest.mark.case(9, 16)
@pytest.mark.systems("device")
def test_a_stranger_can_bind_a_device_with_a_wei_and_the_registrar_gives_another_number(
    device: DeviceStaking,
    money: Money,
    registrar: AccountAPI,
    worker: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 9 and 16: he holds up nobody's money, and not the number that comes after."""
    device.stake(stranger, RIG, 1)
    bound = NotInitialWallet(expected=stranger.address, caller=worker.address)
    with money.rests(device):
        assert refusal_of(device.stake, worker, RIG, RIG_REQUIRES) == bound
    device.terminate_device(registrar, RIG)
    device.register_device(registrar, 88, 10_000, 4)
    device.stake(worker, 88, RIG_REQUIRES)
    assert device.is_eligible(88)
    assert not device.is_eligible(RIG)


# Liquid staking.


@pytest.mark.rule("L-9", "L-10", "L-4")
@pytest.mark.case(30, 44)
@pytest.mark.systems("liquid")
def test_an_operator_can_idle_principal_until_anybody_puts_it_back(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 30 and 44: it earns nothing meanwhile; he takes none of it, and no share loses any."""
    desk.stake(delegator)
    clock.at(desk.until())
    with desk.moves(delegated=-YEARLY, released=YEARLY):
        liquid.release(operator, 0, YEARLY)
    with desk.rests():
        # Nothing of it is his, whatever he calls.
        assert refusal_of(liquid.release, operator, 0, 1) == Refused(
            "ExceedsPrincipal", amount=1, principal=0
        )
        assert refusal_of(liquid.burn_certificates, operator, 1) == Refused(
            "ERC20InsufficientBalance", sender=operator.address, balance=0, needed=1
        )
        assert refusal_of(liquid.claim_fees, operator, operator.address) == Refused(
            "NotYours", owner=desk.treasury, caller=operator.address
        )
    clock.travel(days=100)
    assert liquid.pool_value() == YEARLY
    with desk.moves(delegated=YEARLY, released=-YEARLY):
        liquid.redelegate(stranger)
    # However much he schedules, a harvest brings no more back than there is.
    liquid.schedule_release(operator, 0, UNLIMITED)
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    with desk.moves(
        delegated=-YEARLY,
        released=YEARLY,
        free=rewards - fee,
        value=rewards - fee,
        treasury=fee,
    ):
        liquid.harvest(stranger, 0)
    everything = YEARLY + rewards - fee
    with desk.moves(value=-everything, owed=everything, shares=-YEARLY):
        mine = liquid.burn_certificates(delegator, YEARLY).main.request_id
    with desk.moves(
        released=-YEARLY, free=YEARLY - everything, owed=-everything, delegator=everything
    ):
        assert liquid.settle(stranger, 1).events == (
            Paid(delegator.address, mine, everything),
            Settled(1, everything, 0),
        )


@pytest.mark.rule("C-6", "C-7", "L-8", "L-10")
@pytest.mark.case(30, 32, 40)
@pytest.mark.systems("liquid")
def test_an_owner_with_every_power_over_a_pool_takes_nothing_and_stops_no_payment(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 30, 32 and 40: he does his worst and goes; rewards alone pay one after the other."""
    desk.stake(delegator)
    desk.give(delegator, latecomer, 20 * COIN)
    mine = desk.burn(latecomer, 20 * COIN)
    seize(liquid, owner)
    liquid.pause(owner)
    liquid.schedule_release(owner, 0, 0)
    assert refusal_of(liquid.claim, owner, mine, owner.address) == Refused(
        "NotYours", owner=latecomer.address, caller=owner.address
    )
    liquid.contract.act("renounceOwnership", sender=owner)
    for stake in (liquid.stake_for_bonds, liquid.stake_for_certificates, liquid.top_up):
        assert refusal_of(stake, stranger, COIN) == EnforcedPause()
    clock.at(desk.until())
    with desk.moves(free=NET, value=NET, treasury=FEE):
        liquid.harvest(stranger, 0)
    with desk.moves(free=-20 * COIN, owed=-20 * COIN, latecomer=20 * COIN):
        liquid.settle(stranger, 1)
    with desk.moves(free=20 * COIN - NET, delegated=NET - 20 * COIN):
        liquid.redelegate(stranger)


@pytest.mark.rule("L-3", "L-10")
@pytest.mark.case(40)
@pytest.mark.systems("liquid")
def test_a_pauser_who_never_ends_a_pause_traps_no_money(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    pauser: AccountAPI,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 40: paused for twenty years, a request is paid from what is then there."""
    desk.stake(delegator)
    with desk.moves(value=-YEARLY, owed=YEARLY, shares=-YEARLY):
        mine = liquid.burn_certificates(delegator, YEARLY).main.request_id
    liquid.pause(pauser)
    clock.at(desk.until() + 20 * 365 * DAY)
    with desk.moves(delegated=-YEARLY, released=YEARLY):
        liquid.release(operator, 0, YEARLY)
    assert liquid.is_overdue(mine)
    with desk.moves(released=-YEARLY, owed=-YEARLY, delegator=YEARLY):
        assert liquid.settle(stranger, 1).events == (
            Paid(delegator.address, mine, YEARLY),
            Settled(1, YEARLY, 0),
        )


@pytest.mark.rule("L-3", "L-4", "L-5")
@pytest.mark.case(24)
@pytest.mark.systems("liquid")
def test_who_stakes_just_before_a_harvest_shares_in_it_and_waits_for_his_stake(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 24: at once he gets no more than the harvest has brought; the rest earns nothing more.

    His stake is with the validator, whose next lock-up period has begun.
    """
    desk.stake(delegator)
    clock.at(desk.until() - 1)
    with desk.moves(delegated=YEARLY, value=YEARLY, shares=YEARLY, latecomer=-YEARLY):
        liquid.stake_for_certificates(latecomer, YEARLY)
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    net = rewards - fee
    with desk.moves(free=net, value=net, treasury=fee):
        liquid.harvest(stranger, 0)
    # He asks for what there is first, and for everything else behind it.
    quick = net * (2 * YEARLY) // (2 * YEARLY + net)
    desk.burn(latecomer, quick)
    desk.burn(latecomer, YEARLY - quick)
    paid = liquid.settle(stranger, 9).main
    assert net - 2 <= paid.amount <= net
    waits = liquid.owed()
    assert waits == YEARLY + net // 2 - paid.amount - 1
    value = liquid.pool_value()
    clock.at(desk.until())
    assert liquid.contract.view("previewHarvest", 0)[0] > 0
    assert (liquid.owed(), liquid.pool_value()) == (waits, value)
    with desk.rests():
        assert liquid.settle(stranger, 9).main.count == 0


@pytest.mark.rule("L-5", "L-6")
@pytest.mark.case(7)
@pytest.mark.systems("liquid")
def test_an_early_wei_in_the_queue_lends_its_age_to_nobody(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 7: his wei is overdue, his hundred coins are not, and are passed over."""
    desk.stake(delegator)
    desk.give(delegator, latecomer, 100 * COIN + 1)
    early = desk.burn(latecomer, 1)
    clock.at(desk.until() - DAY)
    large = desk.burn(latecomer, 100 * COIN)
    small = desk.burn(delegator, COIN)
    clock.at(desk.until() + DAY)
    rewards, fee = liquid.contract.view("previewHarvest", 0)
    liquid.harvest(stranger, 0)
    assert [liquid.is_overdue(each) for each in (early, large, small)] == [True, False, False]
    with desk.moves(free=-COIN - 1, owed=-COIN - 1, latecomer=1, delegator=COIN):
        assert liquid.settle(stranger, 9).events == (
            Paid(latecomer.address, early, 1),
            Paid(delegator.address, small, COIN),
            Settled(2, COIN + 1, rewards - fee - COIN - 1),
        )


@pytest.mark.rule("L-3", "L-10")
@pytest.mark.case(5)
@pytest.mark.systems("liquid")
def test_a_lock_up_period_that_would_end_in_the_past_takes_no_stake(
    local_chain: Chain, roles: Roles, till: Contract, delegator: AccountAPI
) -> None:
    """Case 5: an end beyond what can be written down is refused, and not cut."""
    desk = Desk(local_chain, roles, till, 0, Terms(period=2**64 - 1))
    with desk.rests():
        for stake in (desk.liquid.stake_for_bonds, desk.liquid.stake_for_certificates):
            assert refusal_of(stake, delegator, COIN) == Refused("Panic", code=17)
    assert desk.until() == 0


@pytest.mark.rule("L-3", "L-10")
@pytest.mark.case(32, 39)
@pytest.mark.systems("liquid")
def test_a_stranger_who_delegates_first_has_a_simulated_validator_and_nobodys_money(
    desk: Desk,
    liquid: LiquidStaking,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Cases 32 and 39: a deployment is to be staked in before anybody else knows of it."""
    (validator,) = desk.validators
    validator.act("delegate", sender=stranger)
    taken = Refused("NotThePool", pool=stranger.address, caller=liquid.address)
    with desk.rests():
        assert refusal_of(liquid.stake_for_certificates, delegator, COIN) == taken
    assert liquid.ledger().delegated == 0
    assert not liquid.contract.view("hasRole", power_id("OPERATOR_ROLE"), stranger.address)
