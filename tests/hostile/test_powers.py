"""Powers: who may do what in each system, how the ownership moves, and what is open to all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.checks import ZERO_ADDRESS, refusal_of
from tests.contracts.delegated.checks import ANKR, MINIMUM, start_of
from tests.contracts.device.checks import IO, RIG, staked
from tests.contracts.liquid.checks import COIN
from tests.hostile.intruders import GOVERNANCE, SOMEBODY
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
    System,
    Unchanged,
    Unpaused,
    power_id,
)

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.liquid.desk import Desk
    from unbond.chain import Contract
    from unbond.clock import Clock
    from unbond.roles import Roles
    from unbond.systems.delegated import DelegatedStaking
    from unbond.systems.device import DeviceStaking

# Many of them, in every system.
pytestmark = pytest.mark.slow

PEOPLE = (*WELL_KNOWN, *WORKERS, "treasury")
ADMIN_OF_ALL = bytes(32)
"""What AccessControl calls the role that gives roles, where there is one."""

OWNERS: dict[str, tuple[Any, ...]] = {
    "grantRole": (power_id("PAUSER_ROLE"), SOMEBODY),
    "revokeRole": (power_id("PAUSER_ROLE"), SOMEBODY),
    "transferOwnership": (SOMEBODY,),
    "renounceOwnership": (),
}
"""What only the owner may do."""


@dataclass(frozen=True)
class Rule:
    """A system whose powers are each in its own hands, and what its functions are for."""

    system: System
    gated: dict[str, tuple[str, tuple[Any, ...]]]
    """Functions that need a role: that role, and arguments with which they work."""
    own: frozenset[str]
    """Functions that touch only what is the sender's own."""
    anybodys: frozenset[str] = frozenset()
    """Functions that move no position, and that anybody may call."""
    naming: frozenset[str] = frozenset()
    """Functions that name an account, besides those that name who gets a power."""
    payable: frozenset[str] = frozenset()
    """Functions that take coins."""

    @property
    def contract(self) -> Contract:
        """The system's contract."""
        return self.system.contract

    @property
    def with_role(self) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """All functions that need a role."""
        return self.gated | {"pause": ("PAUSER_ROLE", ()), "unpause": ("PAUSER_ROLE", ())}

    def of_power(self, power: str) -> list[tuple[str, tuple[Any, ...]]]:
        """The functions that need a role, and their arguments."""
        return [(name, given) for name, (needs, given) in self.gated.items() if needs == power] or [
            ("pause", ())
        ]


def _delegated(system: DelegatedStaking, provider: str) -> Rule:
    return Rule(
        system,
        {
            "addProvider": ("REGISTRAR_ROLE", (SOMEBODY, 0)),
            "setProviderActive": ("REGISTRAR_ROLE", (provider, False)),
            "distribute": ("REWARDER_ROLE", (provider, ANKR)),
        },
        own=frozenset(
            {"stake", "unstake", "claim", "claimRewards", "restakeRewards", "claimCommission"}
        ),
        # Whom to stake with.
        naming=frozenset({"stake", "distribute", "addProvider", "setProviderActive"}),
    )


def _device(system: DeviceStaking) -> Rule:
    return Rule(
        system,
        {
            "registerDevice": ("REGISTRAR_ROLE", (9, 10_000, 1)),
            "setRequirement": ("REGISTRAR_ROLE", (RIG, 10_000, 1)),
            "setRented": ("REGISTRAR_ROLE", (RIG, True)),
            "terminateDevice": ("REGISTRAR_ROLE", (RIG,)),
            "distribute": ("REWARDER_ROLE", ([RIG], [IO])),
        },
        own=frozenset(
            {
                *("stake", "unstake", "unstakeAmount", "withdrawOverflow", "openOffer"),
                *("closeOffer", "acceptOffer", "unstakeCoStake", "withdraw", "claimRewards"),
            }
        ),
    )


def _liquid(system: System) -> Rule:
    return Rule(
        system,
        {
            "release": ("OPERATOR_ROLE", (0, COIN)),
            "scheduleRelease": ("OPERATOR_ROLE", (0, COIN)),
        },
        own=frozenset(
            {
                *("stakeForBonds", "stakeForCertificates", "bondsToCertificates"),
                *("certificatesToBonds", "burnBonds", "burnCertificates", "claim", "claimFees"),
            }
        ),
        anybodys=frozenset({"harvest", "settle", "redelegate", "topUp"}),
        # To where the money goes.
        naming=frozenset({"claim", "claimFees"}),
        payable=frozenset({"stakeForBonds", "stakeForCertificates", "topUp"}),
    )


@pytest.fixture
def rule(
    system_name: str,
    delegated: DelegatedStaking,
    device: DeviceStaking,
    desk: Desk,
    clock: Clock,
    roles: Roles,
) -> Rule:
    """A system in which somebody has staked, so that every power can be used."""
    if system_name == "delegated":
        clock.at(start_of(1))
        delegated.stake(roles.account("delegator"), roles.address("provider"), MINIMUM)
        clock.at(start_of(2))
        return _delegated(delegated, roles.address("provider"))
    if system_name == "device":
        staked(device, roles.account("worker"))
        return _device(device)
    desk.stake(roles.account("delegator"))
    clock.at(desk.until())
    return _liquid(desk.liquid)


def unauthorized(person: AccountAPI, power: str) -> Refused:
    """What somebody without a role is refused with."""
    return AccessControlUnauthorizedAccount(account=person.address, needed_role=power_id(power))


def not_owner(person: AccountAPI) -> Refused:
    """What somebody else than the owner is refused with."""
    return OwnableUnauthorizedAccount(account=person.address)


@pytest.mark.rule("C-4", "C-5", "C-7")
@pytest.mark.case(9, 30, 32, 36, 38)
@pytest.mark.systems("delegated", "device", "liquid")
def test_every_function_needs_a_power_or_touches_only_the_senders_own(rule: Rule) -> None:
    """Cases 9, 30, 32, 36 and 38: a new function has to be entered here.

    None of them takes out what nobody is owed, removes a provider, a device or a validator, names
    another account's position, or makes several calls in one.
    """
    mutable = rule.contract.instance.contract_type.mutable_methods
    names = {method.name for method in mutable}
    assert names == rule.own | rule.anybodys | set(rule.gated) | GOVERNANCE
    naming = {m.name for m in mutable if any("address" in str(each.type) for each in m.inputs)}
    assert naming == rule.naming | {
        *("grantRole", "revokeRole", "renounceRole", "transferOwnership")
    }
    assert {m.name for m in mutable if m.stateMutability == "payable"} == rule.payable
    # Nor is there one that is handed calls: the only bytes are names of roles.
    handed = {m.name for m in mutable if any("bytes" in str(each.type) for each in m.inputs)}
    assert handed == {"grantRole", "revokeRole", "renounceRole"}


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.systems("delegated", "device", "liquid")
def test_only_who_holds_the_role_may(rule: Rule, roles: Roles) -> None:
    """Case 32. Not even the owner, who has given all roles away, nor whose stake it is."""
    for method, (power, arguments) in rule.with_role.items():
        holder = power.removesuffix("_ROLE").lower()
        for role in PEOPLE:
            person = roles.account(role)
            refusal = refusal_of(
                lambda method=method, arguments=arguments, person=person: rule.contract.view(
                    method, *arguments, sender=person
                )
            )
            if role != holder:
                assert (method, role, refusal) == (method, role, unauthorized(person, power))
            else:
                expected = Refused("ExpectedPause") if method == "unpause" else None
                assert (method, role, refusal) == (method, role, expected)


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.systems("delegated", "device", "liquid")
def test_only_the_owner_gives_and_takes_powers(rule: Rule, roles: Roles) -> None:
    """Case 32. Who holds a role cannot hand it on."""
    for method, arguments in OWNERS.items():
        for role in PEOPLE:
            person = roles.account(role)
            refusal = refusal_of(
                lambda method=method, arguments=arguments, person=person: rule.contract.view(
                    method, *arguments, sender=person
                )
            )
            expected = None if role == "owner" else not_owner(person)
            assert (method, role, refusal) == (method, role, expected)


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.systems("delegated", "device", "liquid")
def test_a_power_works_while_it_is_held(
    rule: Rule, owner: AccountAPI, stranger: AccountAPI
) -> None:
    """Case 32. It is this power and no other one, and none that works for ever."""
    system = rule.system

    def refused(power: str) -> set[Refused | None]:
        return {
            refusal_of(
                lambda method=method, given=given: system.contract.view(
                    method, *given, sender=stranger
                )
            )
            for method, given in rule.of_power(power)
        }

    for power in system.powers:
        assert system.grant_role(owner, power, stranger.address).events == (
            RoleGranted(power_id(power), stranger.address, owner.address),
        )
        assert system.contract.view("hasRole", power_id(power), stranger.address)
        for other in system.powers:
            expected = None if other == power else unauthorized(stranger, other)
            assert (other, refused(other)) == (other, {expected})
        assert system.revoke_role(owner, power, stranger.address).events == (
            RoleRevoked(power_id(power), stranger.address, owner.address),
        )
        assert refused(power) == {unauthorized(stranger, power)}
        # Nobody can lose what he does not have, and nothing is told of it.
        assert system.revoke_role(owner, power, stranger.address).events == (Unchanged(),)


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.systems("delegated", "device", "liquid")
def test_there_is_no_role_that_gives_roles_and_nobody_lays_down_anothers(
    rule: Rule, owner: AccountAPI, pauser: AccountAPI, stranger: AccountAPI
) -> None:
    """Case 32. Who holds a role can only lay down his own."""
    system, role = rule.system, power_id("PAUSER_ROLE")
    system.contract.act("grantRole", ADMIN_OF_ALL, stranger.address, sender=owner)
    for act in (system.grant_role, system.revoke_role):
        assert refusal_of(act, stranger, "PAUSER_ROLE", pauser.address) == not_owner(stranger)
    assert refusal_of(
        lambda: system.contract.act("renounceRole", role, pauser.address, sender=stranger)
    ) == Refused("AccessControlBadConfirmation")
    system.contract.act("renounceRole", role, pauser.address, sender=pauser)
    assert refusal_of(system.pause, pauser) == unauthorized(pauser, "PAUSER_ROLE")


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.systems("delegated", "device", "liquid")
def test_ownership_moves_in_two_steps(
    rule: Rule, owner: AccountAPI, latecomer: AccountAPI, stranger: AccountAPI
) -> None:
    """Case 32. The ownership brings no roles, but can give them."""
    system = rule.system

    def pending() -> str:
        return str(system.contract.view("pendingOwner"))

    assert system.transfer_ownership(owner, stranger.address).events == (
        OwnershipTransferStarted(owner.address, stranger.address),
    )
    assert (system.owner(), pending()) == (owner.address, stranger.address)
    # Until it is accepted nothing has changed, and an offer can be made to somebody else instead.
    grant, power = system.grant_role, "PAUSER_ROLE"
    assert refusal_of(grant, stranger, power, stranger.address) == not_owner(stranger)
    system.transfer_ownership(owner, latecomer.address)
    assert refusal_of(system.accept_ownership, stranger) == not_owner(stranger)

    assert system.accept_ownership(latecomer).events == (
        OwnershipTransferred(owner.address, latecomer.address),
    )
    assert (system.owner(), pending()) == (latecomer.address, ZERO_ADDRESS)
    assert refusal_of(grant, owner, power, owner.address) == not_owner(owner)
    for each in system.powers:
        for method, arguments in rule.of_power(each):
            refusal = refusal_of(
                lambda method=method, arguments=arguments: system.contract.view(
                    method, *arguments, sender=latecomer
                )
            )
            assert refusal == unauthorized(latecomer, each)
    grant(latecomer, power, latecomer.address)
    system.pause(latecomer)


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.systems("delegated", "device", "liquid")
def test_an_ownership_given_up_is_nobodys_and_the_roles_stay(
    rule: Rule, owner: AccountAPI, pauser: AccountAPI, stranger: AccountAPI
) -> None:
    """Case 32. An offer that was open is gone with it."""
    system = rule.system
    system.transfer_ownership(owner, stranger.address)
    system.contract.act("renounceOwnership", sender=owner)
    assert system.owner() == ZERO_ADDRESS
    for person in (owner, stranger):
        assert refusal_of(system.accept_ownership, person) == not_owner(person)
    system.pause(pauser)


@pytest.mark.rule("C-6", "C-7")
@pytest.mark.systems("delegated", "device", "liquid")
def test_a_pause_begins_and_ends_once(rule: Rule, pauser: AccountAPI) -> None:
    system = rule.system
    assert system.pause(pauser).events == (Paused(pauser.address),)
    assert refusal_of(system.pause, pauser) == EnforcedPause()
    assert system.unpause(pauser).events == (Unpaused(pauser.address),)
    assert refusal_of(system.unpause, pauser) == Refused("ExpectedPause")
