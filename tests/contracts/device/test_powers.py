"""Powers: who may do what, what setters tell, and how the ownership moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.checks import ZERO_ADDRESS, refusal_of
from unbond.errors import (
    AccessControlUnauthorizedAccount,
    EnforcedPause,
    OwnableUnauthorizedAccount,
    Refused,
)
from unbond.fixtures import WORKERS
from unbond.roles import WELL_KNOWN
from unbond.systems.base import (
    OwnershipTransferred,
    OwnershipTransferStarted,
    Paused,
    RoleGranted,
    RoleRevoked,
    Unpaused,
    power_id,
)
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

from .checks import CARD, CARD_REQUIRES, CO_SHARE, CO_STAKE, IO, RIG, RIG_REQUIRES, staked

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.roles import Roles
    from unbond.systems.device import DeviceStaking

PEOPLE = (*WELL_KNOWN, *WORKERS)
NEW = 9
"""A device that is not registered yet."""
ADMIN_OF_ALL = bytes(32)
"""What AccessControl calls the role that gives roles, where there is one."""


@dataclass(frozen=True)
class Gated:
    """A function that needs a role."""

    method: str
    power: str
    holder: str
    arguments: tuple[Any, ...]


SOMEBODY = "0x" + "5b" * 20
GATED = [
    Gated("registerDevice", "REGISTRAR_ROLE", "registrar", (NEW, 10_000, 1)),
    Gated("setRequirement", "REGISTRAR_ROLE", "registrar", (RIG, 10_000, 1)),
    Gated("setRented", "REGISTRAR_ROLE", "registrar", (RIG, True)),
    Gated("terminateDevice", "REGISTRAR_ROLE", "registrar", (RIG,)),
    Gated("distribute", "REWARDER_ROLE", "rewarder", ([RIG], [IO])),
    Gated("pause", "PAUSER_ROLE", "pauser", ()),
    Gated("unpause", "PAUSER_ROLE", "pauser", ()),
]
OWNERS = {
    "grantRole": (power_id("REWARDER_ROLE"), SOMEBODY),
    "revokeRole": (power_id("REWARDER_ROLE"), SOMEBODY),
    "transferOwnership": (SOMEBODY,),
    "renounceOwnership": (),
}


@pytest.mark.rule("C-4", "C-7")
@pytest.mark.case(30, 32)
def test_every_function_needs_a_power_or_touches_only_the_senders_own(
    device: DeviceStaking,
) -> None:
    """Cases 30 and 32: a new function has to be entered here; none of these rescues tokens."""
    methods = {m.name for m in device.contract.instance.contract_type.mutable_methods}
    own = {
        "stake",
        "unstake",
        "unstakeAmount",
        "withdrawOverflow",
        "openOffer",
        "closeOffer",
        "acceptOffer",
        "unstakeCoStake",
        "withdraw",
        "claimRewards",
        "acceptOwnership",
        "renounceRole",
    }
    assert methods == own | {gated.method for gated in GATED} | set(OWNERS)


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.parametrize("gated", GATED, ids=lambda gated: gated.method)
def test_only_who_holds_the_role_may(device: DeviceStaking, roles: Roles, gated: Gated) -> None:
    """Case 32. Not even the owner, who has given all roles away, or whose device it is."""
    staked(device, roles.account("worker"))
    for role in PEOPLE:
        person = roles.account(role)
        refusal = refusal_of(
            lambda person=person: device.contract.act(gated.method, *gated.arguments, sender=person)
        )
        unauthorized = AccessControlUnauthorizedAccount(
            account=person.address, needed_role=power_id(gated.power)
        )
        assert (role, refusal == unauthorized) == (role, role != gated.holder)


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.parametrize("method", OWNERS)
def test_only_the_owner_gives_and_takes_powers(
    device: DeviceStaking, roles: Roles, method: str
) -> None:
    """Case 32. Who holds a role cannot hand it on."""
    for role in PEOPLE:
        if role == "owner":
            continue
        person = roles.account(role)
        refusal = refusal_of(
            lambda person=person: device.contract.act(method, *OWNERS[method], sender=person)
        )
        assert refusal == OwnableUnauthorizedAccount(account=person.address)


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


@pytest.mark.rule("C-7")
@pytest.mark.parametrize("power", ["REGISTRAR_ROLE", "REWARDER_ROLE", "PAUSER_ROLE"])
def test_a_power_works_while_it_is_held(
    device: DeviceStaking,
    owner: AccountAPI,
    stranger: AccountAPI,
    solo: int,
    power: str,
) -> None:
    actions = {
        "REGISTRAR_ROLE": lambda: device.set_rented(stranger, RIG, True),
        "REWARDER_ROLE": lambda: device.distribute(stranger, RIG, IO),
        "PAUSER_ROLE": lambda: device.pause(stranger),
    }
    assert set(actions) == set(device.powers)
    refusals = {
        name: AccessControlUnauthorizedAccount(account=stranger.address, needed_role=power_id(name))
        for name in actions
    }

    assert device.grant_role(owner, power, stranger.address).events == (
        RoleGranted(power_id(power), stranger.address, owner.address),
    )
    assert device.contract.view("hasRole", power_id(power), stranger.address)
    # It is this power and no other one.
    for name, action in actions.items():
        if name != power:
            assert refusal_of(action) == refusals[name]
    assert refusal_of(actions[power]) is None

    assert device.revoke_role(owner, power, stranger.address).events == (
        RoleRevoked(power_id(power), stranger.address, owner.address),
    )
    assert refusal_of(actions[power]) == refusals[power]


@pytest.mark.rule("C-7")
def test_there_is_no_role_that_gives_roles(
    device: DeviceStaking, owner: AccountAPI, stranger: AccountAPI
) -> None:
    device.contract.act("grantRole", ADMIN_OF_ALL, stranger.address, sender=owner)
    assert refusal_of(
        device.grant_role, stranger, "REWARDER_ROLE", stranger.address
    ) == OwnableUnauthorizedAccount(account=stranger.address)


@pytest.mark.rule("C-7")
def test_who_holds_a_role_can_only_lay_down_his_own(
    device: DeviceStaking, registrar: AccountAPI, stranger: AccountAPI
) -> None:
    role = power_id("REGISTRAR_ROLE")
    refusal = refusal_of(
        lambda: device.contract.act("renounceRole", role, registrar.address, sender=stranger)
    )
    assert refusal == Refused("AccessControlBadConfirmation")
    device.contract.act("renounceRole", role, registrar.address, sender=registrar)
    assert refusal_of(device.set_rented, registrar, RIG, True) == AccessControlUnauthorizedAccount(
        account=registrar.address, needed_role=role
    )


@pytest.mark.rule("C-7")
def test_ownership_moves_in_two_steps(
    device: DeviceStaking,
    owner: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    def pending() -> str:
        return str(device.contract.view("pendingOwner"))

    def not_owner(person: AccountAPI) -> Refused:
        return OwnableUnauthorizedAccount(account=person.address)

    assert device.transfer_ownership(owner, stranger.address).events == (
        OwnershipTransferStarted(owner.address, stranger.address),
    )
    assert (device.owner(), pending()) == (owner.address, stranger.address)
    # Until it is accepted nothing has changed, and an offer can be made to somebody else instead.
    grant, power = device.grant_role, "PAUSER_ROLE"
    assert refusal_of(grant, stranger, power, stranger.address) == not_owner(stranger)
    device.transfer_ownership(owner, latecomer.address)
    assert refusal_of(device.accept_ownership, stranger) == not_owner(stranger)

    assert device.accept_ownership(latecomer).events == (
        OwnershipTransferred(owner.address, latecomer.address),
    )
    assert (device.owner(), pending()) == (latecomer.address, ZERO_ADDRESS)
    assert refusal_of(grant, owner, power, owner.address) == not_owner(owner)
    # The ownership brings no roles, but can give them.
    assert refusal_of(device.pause, latecomer) == AccessControlUnauthorizedAccount(
        account=latecomer.address, needed_role=power_id(power)
    )
    grant(latecomer, power, latecomer.address)
    device.pause(latecomer)


@pytest.mark.rule("C-7")
def test_an_ownership_given_up_is_nobodys_and_the_roles_stay(
    device: DeviceStaking, owner: AccountAPI, pauser: AccountAPI, stranger: AccountAPI
) -> None:
    device.transfer_ownership(owner, stranger.address)
    device.contract.act("renounceOwnership", sender=owner)
    assert device.owner() == ZERO_ADDRESS
    # An offer that was open is gone with it.
    for person in (owner, stranger):
        assert refusal_of(device.accept_ownership, person) == OwnableUnauthorizedAccount(
            account=person.address
        )
    device.pause(pauser)


@pytest.mark.rule("C-6", "C-7")
def test_a_pause_begins_and_ends_once(device: DeviceStaking, pauser: AccountAPI) -> None:
    assert device.pause(pauser).events == (Paused(pauser.address),)
    assert refusal_of(device.pause, pauser) == EnforcedPause()
    assert device.unpause(pauser).events == (Unpaused(pauser.address),)
    assert refusal_of(device.unpause, pauser) == Refused("ExpectedPause")
