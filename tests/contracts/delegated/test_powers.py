"""Powers: who may do what, how the ownership moves, and what a pause stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.checks import ZERO_ADDRESS, check_refused, id_of, refusal_of
from unbond.errors import (
    AccessControlUnauthorizedAccount,
    EnforcedPause,
    OwnableUnauthorizedAccount,
    Refused,
)
from unbond.roles import WELL_KNOWN
from unbond.systems.base import (
    OwnershipTransferred,
    OwnershipTransferStarted,
    Paused,
    RoleGranted,
    RoleRevoked,
    Unchanged,
    Unpaused,
    power_id,
)
from unbond.systems.delegated import (
    Claimed,
    CommissionClaimed,
    ProviderAdded,
    RewardsClaimed,
    Unstaked,
)

from .checks import ANKR, MINIMUM, commission_of, net, start_of

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.contracts.conftest import Money
    from unbond.clock import Clock
    from unbond.roles import Roles
    from unbond.systems.delegated import DelegatedStaking

REWARD = 2000 * ANKR
PEOPLE = WELL_KNOWN
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
    Gated("addProvider", "REGISTRAR_ROLE", "registrar", (SOMEBODY, 0)),
    Gated("setProviderActive", "REGISTRAR_ROLE", "registrar", (SOMEBODY, False)),
    Gated("distribute", "REWARDER_ROLE", "rewarder", (SOMEBODY, ANKR)),
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
    delegated: DelegatedStaking,
) -> None:
    """Cases 30 and 32: a new function has to be entered here; none of these rescues tokens."""
    methods = {m.name for m in delegated.contract.instance.contract_type.mutable_methods}
    own = {
        "stake",
        "unstake",
        "claim",
        "claimRewards",
        "restakeRewards",
        "claimCommission",
        "acceptOwnership",
        "renounceRole",
    }
    assert methods == own | {gated.method for gated in GATED} | set(OWNERS)


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.parametrize("gated", GATED, ids=lambda gated: gated.method)
def test_only_who_holds_the_role_may(
    delegated: DelegatedStaking, roles: Roles, gated: Gated
) -> None:
    """Case 32. Not even the owner, who has given all roles away."""
    for role in PEOPLE:
        person = roles.account(role)
        refusal = refusal_of(
            lambda person=person: delegated.contract.act(
                gated.method, *gated.arguments, sender=person
            )
        )
        unauthorized = AccessControlUnauthorizedAccount(
            account=person.address, needed_role=power_id(gated.power)
        )
        assert (role, refusal == unauthorized) == (role, role != gated.holder)


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.parametrize("method", OWNERS)
def test_only_the_owner_gives_and_takes_powers(
    delegated: DelegatedStaking, roles: Roles, method: str
) -> None:
    """Case 32. Who holds a role cannot hand it on."""
    for role in PEOPLE:
        if role == "owner":
            continue
        person = roles.account(role)
        refusal = refusal_of(
            lambda person=person: delegated.contract.act(method, *OWNERS[method], sender=person)
        )
        assert refusal == OwnableUnauthorizedAccount(account=person.address)


@pytest.mark.rule("C-7")
@pytest.mark.parametrize("power", ["REGISTRAR_ROLE", "REWARDER_ROLE", "PAUSER_ROLE"])
def test_a_power_works_while_it_is_held(
    delegated: DelegatedStaking,
    owner: AccountAPI,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    pauser: AccountAPI,
    stranger: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
    clock: Clock,
    power: str,
) -> None:
    clock.at(start_of(1))
    delegated.stake(delegator, provider.address, MINIMUM)
    clock.at(start_of(2))
    actions = {
        "REGISTRAR_ROLE": lambda: delegated.set_provider_active(stranger, provider.address, True),
        "REWARDER_ROLE": lambda: delegated.distribute(stranger, provider.address, ANKR),
        "PAUSER_ROLE": lambda: delegated.pause(stranger),
    }
    refusals = {
        name: AccessControlUnauthorizedAccount(account=stranger.address, needed_role=power_id(name))
        for name in actions
    }

    assert delegated.grant_role(owner, power, stranger.address).events == (
        RoleGranted(power_id(power), stranger.address, owner.address),
    )
    assert delegated.contract.view("hasRole", power_id(power), stranger.address)
    # It is this power and no other one.
    for name, action in actions.items():
        if name != power:
            assert refusal_of(action) == refusals[name]
    assert refusal_of(actions[power]) is None

    assert delegated.revoke_role(owner, power, stranger.address).events == (
        RoleRevoked(power_id(power), stranger.address, owner.address),
    )
    assert refusal_of(actions[power]) == refusals[power]
    # Nobody can lose what he does not have, and nothing is told of it.
    assert delegated.revoke_role(owner, power, stranger.address).events == (Unchanged(),)


@pytest.mark.rule("C-7")
def test_there_is_no_role_that_gives_roles(
    delegated: DelegatedStaking, owner: AccountAPI, stranger: AccountAPI
) -> None:
    delegated.contract.act("grantRole", ADMIN_OF_ALL, stranger.address, sender=owner)
    check_refused(
        OwnableUnauthorizedAccount(account=stranger.address),
        delegated.grant_role,
        stranger,
        "REWARDER_ROLE",
        stranger.address,
    )


@pytest.mark.rule("C-7")
def test_who_holds_a_role_can_only_lay_down_his_own(
    delegated: DelegatedStaking, pauser: AccountAPI, stranger: AccountAPI
) -> None:
    role = power_id("PAUSER_ROLE")
    refusal = refusal_of(
        lambda: delegated.contract.act("renounceRole", role, pauser.address, sender=stranger)
    )
    assert refusal == Refused("AccessControlBadConfirmation")
    delegated.contract.act("renounceRole", role, pauser.address, sender=pauser)
    check_refused(
        AccessControlUnauthorizedAccount(account=pauser.address, needed_role=role),
        delegated.pause,
        pauser,
    )


@pytest.mark.rule("C-7")
def test_ownership_moves_in_two_steps(
    delegated: DelegatedStaking,
    owner: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    def pending() -> str:
        return str(delegated.contract.view("pendingOwner"))

    assert delegated.transfer_ownership(owner, stranger.address).events == (
        OwnershipTransferStarted(owner.address, stranger.address),
    )
    assert (delegated.owner(), pending()) == (owner.address, stranger.address)
    # Until it is accepted nothing has changed, and an offer can be made to somebody else instead.
    check_refused(
        OwnableUnauthorizedAccount(account=stranger.address),
        delegated.grant_role,
        stranger,
        "PAUSER_ROLE",
        stranger.address,
    )
    delegated.transfer_ownership(owner, latecomer.address)
    check_refused(
        OwnableUnauthorizedAccount(account=stranger.address), delegated.accept_ownership, stranger
    )

    assert delegated.accept_ownership(latecomer).events == (
        OwnershipTransferred(owner.address, latecomer.address),
    )
    assert (delegated.owner(), pending()) == (latecomer.address, ZERO_ADDRESS)
    check_refused(
        OwnableUnauthorizedAccount(account=owner.address),
        delegated.grant_role,
        owner,
        "PAUSER_ROLE",
        owner.address,
    )
    delegated.grant_role(latecomer, "PAUSER_ROLE", latecomer.address)
    delegated.pause(latecomer)


@pytest.mark.rule("C-7")
def test_an_ownership_given_up_is_nobodys_and_the_roles_stay(
    delegated: DelegatedStaking, owner: AccountAPI, pauser: AccountAPI, stranger: AccountAPI
) -> None:
    delegated.transfer_ownership(owner, stranger.address)
    delegated.contract.act("renounceOwnership", sender=owner)
    assert delegated.owner() == ZERO_ADDRESS
    # An offer that was open is gone with it.
    for person in (owner, stranger):
        check_refused(
            OwnableUnauthorizedAccount(account=person.address), delegated.accept_ownership, person
        )
    delegated.pause(pauser)


@pytest.mark.rule("C-7")
def test_a_new_owner_gets_no_roles_and_roles_no_ownership(
    delegated: DelegatedStaking, owner: AccountAPI, stranger: AccountAPI
) -> None:
    delegated.transfer_ownership(owner, stranger.address)
    delegated.accept_ownership(stranger)
    check_refused(
        AccessControlUnauthorizedAccount(
            account=stranger.address, needed_role=power_id("PAUSER_ROLE")
        ),
        delegated.pause,
        stranger,
    )


@pytest.mark.rule("C-6", "C-8")
def test_a_pause_stops_stakes_until_it_ends(
    either: DelegatedStaking,
    clock: Clock,
    pauser: AccountAPI,
    delegator: AccountAPI,
    provider: AccountAPI,
) -> None:
    clock.at(start_of(1))
    assert either.pause(pauser).events == (Paused(pauser.address),)
    check_refused(EnforcedPause(), either.pause, pauser)
    for amount in (0, MINIMUM - 1, MINIMUM):
        check_refused(EnforcedPause(), either.stake, delegator, provider.address, amount)
    assert either.unpause(pauser).events == (Unpaused(pauser.address),)
    check_refused(Refused("ExpectedPause"), either.unpause, pauser)
    either.stake(delegator, provider.address, MINIMUM)


@pytest.mark.rule("C-6", "E-10")
@pytest.mark.case(40)
def test_money_leaves_while_the_system_is_paused(
    either: DelegatedStaking,
    clock: Clock,
    money: Money,
    registrar: AccountAPI,
    rewarder: AccountAPI,
    pauser: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
    provider: AccountAPI,
) -> None:
    """Case 40: everything but a stake goes on, and restaking is a stake."""
    clock.at(start_of(1))
    lot = either.stake(delegator, provider.address, 2 * MINIMUM).main.stake_id
    clock.at(start_of(2))
    either.distribute(rewarder, provider.address, REWARD)
    either.pause(pauser)

    clock.at(start_of(14))
    check_refused(EnforcedPause(), either.restake_rewards, delegator, lot)
    with money.moves(either, delegator=net(REWARD)):
        assert either.claim_rewards(delegator, lot).events == (
            RewardsClaimed(delegator.address, lot, net(REWARD)),
        )
    with money.moves(either, rewarder=-REWARD):
        either.distribute(rewarder, provider.address, REWARD)
    part = id_of(delegator.address, 2)
    with money.moves(either, delegator=net(REWARD)):
        assert either.unstake(delegator, lot, MINIMUM).events == (
            Unstaked(delegator.address, lot, part, MINIMUM, start_of(16)),
            RewardsClaimed(delegator.address, lot, net(REWARD)),
        )
    either.unstake(delegator, lot, MINIMUM)
    with money.moves(either, provider=2 * commission_of(REWARD)):
        assert either.claim_commission(provider).events == (
            CommissionClaimed(provider.address, 2 * commission_of(REWARD)),
        )
    assert either.add_provider(registrar, stranger.address, 0).events == (
        ProviderAdded(stranger.address, 0),
    )
    clock.at(start_of(16))
    with money.moves(either, delegator=2 * MINIMUM):
        assert either.claim(delegator, part).events == (Claimed(delegator.address, part, MINIMUM),)
        either.claim(delegator, lot)
    assert (either.assets(), either.liabilities()) == (0, 0)
