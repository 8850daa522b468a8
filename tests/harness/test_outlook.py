"""What is next about a position of any kind and state: something that can be done as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ape
import pytest

from unbond.cli.outlook import next_command, stand_dict, stand_sentence
from unbond.outlook import Outlook, Stand
from unbond.roles import Roles
from unbond.systems.delegated import MIN_STAKE, DelegatedStaking
from unbond.systems.device import DeviceStaking
from unbond.systems.liquid import LiquidStaking, PayoutPolicy, Setup, ValidatorTerms
from unbond.wallets import StubbornWallet
from unbond.when import DAY, SESSION_START, format_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ape.api.accounts import AccountAPI

    from tests.harness.conftest import Engine, Engines
    from unbond.systems import System

pytestmark = pytest.mark.slow

COIN = 10**18
LOCKUP = 35 * DAY


@pytest.fixture
def here(engines: Engines) -> Iterator[Engine]:
    with engines.connected("eth-tester") as engine:
        engine.clock.start()
        yield engine


@pytest.fixture
def roles(here: Engine) -> Roles:
    return Roles(here.chain)


@pytest.fixture
def owner(roles: Roles) -> AccountAPI:
    return roles.account("owner")


@pytest.fixture
def delegator(roles: Roles) -> AccountAPI:
    return roles.account("delegator")


@pytest.fixture
def latecomer(roles: Roles) -> AccountAPI:
    return roles.account("latecomer")


@pytest.fixture
def delegated(here: Engine, owner: AccountAPI, roles: Roles) -> DelegatedStaking:
    return DelegatedStaking.on_show(here.chain, owner, roles.account)


@pytest.fixture
def device(
    here: Engine, owner: AccountAPI, delegator: AccountAPI, latecomer: AccountAPI, roles: Roles
) -> DeviceStaking:
    system = DeviceStaking.on_show(here.chain, owner, roles.account)
    for account in (delegator, latecomer):
        system.fund(owner, account, 800 * COIN)
    return system


def pool(
    here: Engine,
    roles: Roles,
    *,
    policy: PayoutPolicy = PayoutPolicy.FIRST_FIT,
    funds: int = 1000 * COIN,
    lockups: tuple[int, ...] = (LOCKUP,),
) -> LiquidStaking:
    terms = [ValidatorTerms(lockup=one, rate=10_000, funds=funds) for one in lockups]
    setup = Setup(policy=policy, validators=terms)
    return LiquidStaking.establish(here.chain, roles.account("owner"), setup, roles.account)


def stands(system: System) -> list[Stand]:
    return Outlook.of(system.chain, {system.name: system}).stands()


def only(system: System) -> Stand:
    (stand,) = stands(system)
    return stand


def told(stand: Stand) -> tuple[str, str, str]:
    """Its kind, its state, and what is next."""
    position = stand.position
    return position.kind.name.lower(), position.state.name.lower(), next_command(stand) or ""


def take(stand: Stand) -> None:
    """Do what is next, by whom and as soon as it says."""
    assert stand.next is not None
    clock = stand.system.chain.clock
    clock.at(max(clock.now, stand.opens_at))
    by = ape.accounts[stand.next.by or stand.account]
    getattr(stand.system, stand.next.action)(by, **stand.next.arguments)


def test_a_lot_is_unstaked_and_claimed(
    delegated: DelegatedStaking, owner: AccountAPI, delegator: AccountAPI, roles: Roles
) -> None:
    delegated.fund(owner, delegator, MIN_STAKE)
    lot = delegated.stake(delegator, roles.address("provider"), MIN_STAKE).main
    unstake = "delegated unstake --stake 1 --amount '1000 ANKR' --account TEST::6"
    assert told(only(delegated)) == ("stake", "locked", unstake)
    delegated.chain.clock.at(lot.unlocks_at)
    assert told(only(delegated)) == ("stake", "unlocked", unstake)
    take(only(delegated))
    claim = "delegated claim --ticket 1 --account TEST::6"
    assert told(only(delegated)) == ("exit", "leaving", claim)
    delegated.chain.clock.at(only(delegated).opens_at)
    assert told(only(delegated)) == ("exit", "claimable", claim)
    take(only(delegated))
    assert stands(delegated) == []


def test_a_rented_device_is_freed_and_left(
    device: DeviceStaking, owner: AccountAPI, delegator: AccountAPI
) -> None:
    device.stake(delegator, 1, 200 * COIN)
    unstake = "device unstake --device 1 --account TEST::6"
    assert told(only(device)) == ("stake", "unlocked", unstake)
    device.set_rented(owner, 1, True)
    # Whoever has staked can do nothing about it.
    assert told(only(device)) == (
        "stake",
        "locked",
        "device set-rented --device 1 --rented false --account TEST::0",
    )
    assert stand_dict(only(device), device.chain.now)["next"] == {
        "action": "set_rented",
        "arguments": {"device": "1", "rented": "false"},
        "by": str(owner.address),
        "command": "ape run device set-rented --device 1 --rented false --account TEST::0",
    }
    take(only(device))
    assert told(only(device)) == ("stake", "unlocked", unstake)
    take(only(device))
    withdraw = "device withdraw --exit 1 --account TEST::6"
    assert told(only(device)) == ("exit", "leaving", withdraw)
    device.chain.clock.at(only(device).opens_at)
    assert told(only(device)) == ("exit", "claimable", withdraw)
    take(only(device))
    assert stands(device) == []


def test_an_offer_is_closed_and_a_co_stake_left(
    device: DeviceStaking, owner: AccountAPI, delegator: AccountAPI, latecomer: AccountAPI
) -> None:
    device.stake(delegator, 2, 800 * COIN)
    device.open_offer(delegator, 2, 400 * COIN, 2500)
    close = ("stake", "locked", "device close-offer --device 2 --account TEST::6")
    assert told(only(device)) == close
    take(only(device))
    assert told(only(device))[1] == "unlocked"
    nonce = device.open_offer(delegator, 2, 400 * COIN, 2500).main.nonce
    device.accept_offer(latecomer, 2, nonce, 400 * COIN, 2500)
    left = "device unstake-co-stake --device 2 --account TEST::7"
    of = {stand.account: stand for stand in stands(device)}[str(latecomer.address)]
    assert told(of) == ("co_stake", "unlocked", left)
    device.set_rented(owner, 2, True)
    freed = "device set-rented --device 2 --rented false --account TEST::0"
    assert {told(stand) for stand in stands(device)} == {
        ("stake", "locked", freed),
        ("co_stake", "locked", freed),
    }
    take(stands(device)[0])
    for _ in range(2):
        for stand in stands(device):
            take(stand)
    assert stands(device) == []


def test_a_request_is_paid_from_rewards(
    here: Engine, roles: Roles, delegator: AccountAPI, latecomer: AccountAPI
) -> None:
    system = pool(here, roles, lockups=(LOCKUP, 10 * DAY))
    # The second validator's period is shorter, but nothing is delegated to it yet.
    began = system.stake_for_bonds(delegator, 1000 * COIN).timestamp
    system.burn_bonds(delegator, 20 * COIN)
    stand = only(system)
    assert told(stand) == ("exit", "leaving", "liquid harvest --validator 0 --account TEST::6")
    # Nothing in it opens by time; but what is next does.
    assert (stand.position.available_at, stand.opens_at) == (0, began + LOCKUP)
    facts = stand_dict(stand, began + LOCKUP - DAY)
    assert (facts["opens"], facts["opensIn"]) == (format_moment(began + LOCKUP), DAY)
    assert stand_sentence(stand) == "anybody can harvest for delegator's #1 of liquid: 20 FTM"
    outlook = Outlook.of(here.chain, {"liquid": system})
    assert outlook.next_moment() == (began + LOCKUP, [stand])

    began = system.stake_for_bonds(latecomer, 1000 * COIN).timestamp
    assert told(only(system))[2] == "liquid harvest --validator 1 --account TEST::6"
    assert only(system).opens_at == began + 10 * DAY
    take(only(system))
    assert told(only(system)) == (
        "exit",
        "leaving",
        "liquid settle --requests 10 --account TEST::6",
    )
    take(only(system))
    assert stands(system) == []


def test_what_does_not_fit_waits_for_more(
    here: Engine, roles: Roles, delegator: AccountAPI
) -> None:
    system = pool(here, roles, lockups=(20 * DAY,))
    began = system.stake_for_bonds(delegator, 1000 * COIN).timestamp
    system.burn_bonds(delegator, 50 * COIN)
    system.burn_bonds(delegator, 20 * COIN)
    here.clock.at(began + 20 * DAY)
    system.harvest(delegator, 0)
    large, small = stands(system)
    settle = "liquid settle --requests 10 --account TEST::6"
    harvest = "liquid harvest --validator 0 --account TEST::6"
    assert [told(large)[2], told(small)[2]] == [harvest, settle]
    assert large.opens_at == began + 40 * DAY
    take(small)
    assert told(only(system))[2] == harvest
    # Now overdue, it lets nobody pass, even if that would fit.
    here.clock.at(began + 36 * DAY)
    system.burn_bonds(delegator, COIN)
    assert [told(stand)[2] for stand in stands(system)] == [harvest, harvest]
    take(stands(system)[1])
    assert [told(stand)[2] for stand in stands(system)] == [settle, settle]
    take(stands(system)[1])
    assert stands(system) == []


def test_where_rewards_cannot_be_paid_the_operator_takes_back_principal(
    here: Engine, roles: Roles, owner: AccountAPI, delegator: AccountAPI
) -> None:
    system = pool(here, roles, funds=0)
    began = system.stake_for_bonds(delegator, 1000 * COIN).timestamp
    system.burn_bonds(delegator, 20 * COIN)
    here.clock.at(began + LOCKUP)
    stand = only(system)
    assert told(stand)[2] == ("liquid release --validator 0 --amount '20 FTM' --account TEST::0")
    assert stand_dict(stand, here.clock.now)["next"]["by"] == str(owner.address)
    take(stand)
    assert told(only(system))[2] == "liquid settle --requests 10 --account TEST::6"
    take(only(system))
    # With no principal anywhere, all there is can be paid.
    system.release(owner, 0, 980 * COIN)
    system.burn_bonds(delegator, 980 * COIN)
    assert told(only(system))[2] == "liquid settle --requests 10 --account TEST::6"
    take(only(system))
    assert stands(system) == []


def test_a_part_is_claimed(here: Engine, roles: Roles, delegator: AccountAPI) -> None:
    system = pool(here, roles, policy=PayoutPolicy.PARTIAL_FIFO)
    began = system.stake_for_bonds(delegator, 1000 * COIN).timestamp
    system.burn_bonds(delegator, 150 * COIN)
    here.clock.at(began + LOCKUP)
    take(only(system))
    assert told(only(system))[2] == "liquid settle --requests 10 --account TEST::6"
    take(only(system))
    assert told(only(system)) == (
        "exit",
        "claimable",
        "liquid claim --request 1 --to TEST::6 --account TEST::6",
    )
    take(only(system))
    # What is left of it waits again.
    assert told(only(system))[:2] == ("exit", "leaving")
    assert told(only(system))[2] == "liquid harvest --validator 0 --account TEST::6"


def test_what_a_wallet_has_refused_is_claimed_by_it(
    here: Engine, roles: Roles, delegator: AccountAPI
) -> None:
    system = pool(here, roles)
    wallet = StubbornWallet.open(here.chain, delegator)
    delegator.transfer(wallet.address, 101 * COIN)
    wallet.refuse(here.chain)
    system.stake_for_bonds(wallet, 100 * COIN)
    system.burn_bonds(wallet, 5 * COIN)
    here.clock.at(SESSION_START + 2 * LOCKUP)
    take_as = delegator
    system.harvest(take_as, 0)
    system.settle(take_as, 1)
    stand = only(system)
    # It is nobody's whose key is here, so no account can be named; and the address is its own.
    assert told(stand) == ("exit", "claimable", f"liquid claim --request 1 --to {wallet.address}")
    system.claim(wallet, stand.position.id, str(delegator.address))
    assert stands(system) == []
