"""Powers: who may do what, what setters tell, who owns it, and what a deployment refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.checks import ZERO_ADDRESS, refusal_of
from unbond.artifacts import container
from unbond.errors import (
    AccessControlUnauthorizedAccount,
    EnforcedPause,
    OwnableUnauthorizedAccount,
    Refused,
    ZeroAddress,
)
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
from unbond.systems.liquid import (
    DuplicateValidator,
    Ledger,
    LiquidStaking,
    PayoutPolicy,
    Released,
    ReleaseScheduled,
    ValidatorCount,
)

from .checks import COIN, DAY, FIRST_FIT, MIN_SHARES, PARTIAL_FIFO
from .desk import Desk

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.roles import Roles

# Many of them, with a story each.
pytestmark = pytest.mark.slow

SOMEBODY = "0x" + "5b" * 20


@dataclass(frozen=True)
class Gated:
    """A function that needs a role."""

    method: str
    power: str
    holder: str
    arguments: tuple[Any, ...]


GATED = [
    Gated("release", "OPERATOR_ROLE", "operator", (0, COIN)),
    Gated("scheduleRelease", "OPERATOR_ROLE", "operator", (0, COIN)),
    Gated("pause", "PAUSER_ROLE", "pauser", ()),
    Gated("unpause", "PAUSER_ROLE", "pauser", ()),
]
OWNERS: dict[str, tuple[Any, ...]] = {
    "grantRole": (power_id("OPERATOR_ROLE"), SOMEBODY),
    "revokeRole": (power_id("OPERATOR_ROLE"), SOMEBODY),
    "transferOwnership": (SOMEBODY,),
    "renounceOwnership": (),
}
ADMIN_OF_ALL = bytes(32)
"""What AccessControl calls the role that gives roles, where there is one."""


@pytest.mark.rule("C-4", "C-5", "C-7")
@pytest.mark.case(9, 30, 32, 36, 38)
def test_every_function_needs_a_power_or_touches_only_the_senders_own(
    liquid: LiquidStaking,
) -> None:
    """Cases 9, 30, 32, 36 and 38: a new function has to be entered here.

    None of them takes coins out for nobody, changes the validators, names another account's
    position, or makes several calls in one.
    """
    mutable = liquid.contract.instance.contract_type.mutable_methods
    own = {
        *("stakeForBonds", "stakeForCertificates", "bondsToCertificates", "certificatesToBonds"),
        *("burnBonds", "burnCertificates", "claim", "claimFees"),
        *("acceptOwnership", "renounceRole"),
    }
    anybodys = {"harvest", "settle", "redelegate", "topUp"}
    assert {m.name for m in mutable} == own | anybodys | {g.method for g in GATED} | set(OWNERS)
    naming = {m.name for m in mutable if any(str(each.type) == "address" for each in m.inputs)}
    assert naming == {
        *("claim", "claimFees"),  # to where the money goes
        *("grantRole", "revokeRole", "renounceRole", "transferOwnership"),
    }
    payable = {m.name for m in mutable if m.stateMutability == "payable"}
    assert payable == {"stakeForBonds", "stakeForCertificates", "topUp"}


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.parametrize("gated", GATED, ids=lambda gated: gated.method)
def test_only_who_holds_the_role_may(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    roles: Roles,
    delegator: AccountAPI,
    gated: Gated,
) -> None:
    """Case 32. Not even the owner, who has given all roles away, nor whose stake it is."""
    desk.stake(delegator)
    clock.at(desk.until())
    for role in (*WELL_KNOWN, "treasury"):
        person = roles.account(role)
        unauthorized = AccessControlUnauthorizedAccount(
            account=person.address, needed_role=power_id(gated.power)
        )
        if role != gated.holder:
            with desk.rests():
                assert (
                    refusal_of(
                        lambda person=person: liquid.contract.act(
                            gated.method, *gated.arguments, sender=person
                        )
                    )
                    == unauthorized
                )
    refusal = refusal_of(
        lambda: liquid.contract.view(
            gated.method, *gated.arguments, sender=roles.account(gated.holder)
        )
    )
    assert refusal == (Refused("ExpectedPause") if gated.method == "unpause" else None)


@pytest.mark.rule("C-7")
@pytest.mark.case(32)
@pytest.mark.parametrize("method", OWNERS)
def test_only_the_owner_gives_and_takes_powers(
    liquid: LiquidStaking, roles: Roles, method: str
) -> None:
    """Case 32. Who holds a role cannot hand it on."""
    for role in (*WELL_KNOWN, "treasury"):
        if role == "owner":
            continue
        person = roles.account(role)
        refusal = refusal_of(
            lambda person=person: liquid.contract.act(method, *OWNERS[method], sender=person)
        )
        assert refusal == OwnableUnauthorizedAccount(account=person.address)


@pytest.mark.rule("C-7", "L-9")
def test_what_the_operator_does_tells_the_old_value_and_the_new_one(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    operator: AccountAPI,
    delegator: AccountAPI,
) -> None:
    """Also when they are the same; the only setter moves no coins and no wait."""
    desk.stake(delegator)
    mine = desk.burn(delegator, COIN)
    before = liquid.request_of(mine), desk.until()
    with desk.rests():
        for old, new in ((0, 0), (0, COIN), (COIN, COIN), (COIN, 2**256 - 1), (2**256 - 1, 0)):
            assert liquid.schedule_release(operator, 0, new).events == (
                ReleaseScheduled(0, old, new),
            )
    assert (liquid.request_of(mine), desk.until()) == before
    clock.at(desk.until())
    with desk.moves(delegated=-COIN, released=COIN):
        assert liquid.release(operator, 0, COIN).events == (Released(0, COIN),)


@pytest.mark.rule("C-7")
@pytest.mark.parametrize("power", ["OPERATOR_ROLE", "PAUSER_ROLE"])
def test_a_power_works_while_it_is_held(
    liquid: LiquidStaking, owner: AccountAPI, stranger: AccountAPI, power: str
) -> None:
    actions = {
        "OPERATOR_ROLE": lambda: liquid.schedule_release(stranger, 0, COIN),
        "PAUSER_ROLE": lambda: liquid.pause(stranger),
    }
    assert set(actions) == set(liquid.powers)
    refusals = {
        name: AccessControlUnauthorizedAccount(account=stranger.address, needed_role=power_id(name))
        for name in actions
    }
    assert liquid.grant_role(owner, power, stranger.address).events == (
        RoleGranted(power_id(power), stranger.address, owner.address),
    )
    assert liquid.contract.view("hasRole", power_id(power), stranger.address)
    # It is this power and no other one.
    for name, action in actions.items():
        if name != power:
            assert refusal_of(action) == refusals[name]
    assert refusal_of(actions[power]) is None

    assert liquid.revoke_role(owner, power, stranger.address).events == (
        RoleRevoked(power_id(power), stranger.address, owner.address),
    )
    assert refusal_of(actions[power]) == refusals[power]


@pytest.mark.rule("C-7")
def test_there_is_no_role_that_gives_roles_and_nobody_lays_down_anothers(
    liquid: LiquidStaking, owner: AccountAPI, operator: AccountAPI, stranger: AccountAPI
) -> None:
    liquid.contract.act("grantRole", ADMIN_OF_ALL, stranger.address, sender=owner)
    assert refusal_of(
        liquid.grant_role, stranger, "OPERATOR_ROLE", stranger.address
    ) == OwnableUnauthorizedAccount(account=stranger.address)
    role = power_id("OPERATOR_ROLE")
    refusal = refusal_of(
        lambda: liquid.contract.act("renounceRole", role, operator.address, sender=stranger)
    )
    assert refusal == Refused("AccessControlBadConfirmation")
    liquid.contract.act("renounceRole", role, operator.address, sender=operator)
    assert refusal_of(liquid.schedule_release, operator, 0, 1) == AccessControlUnauthorizedAccount(
        account=operator.address, needed_role=role
    )


@pytest.mark.rule("C-7")
def test_ownership_moves_in_two_steps(
    liquid: LiquidStaking, owner: AccountAPI, latecomer: AccountAPI, stranger: AccountAPI
) -> None:
    def pending() -> str:
        return str(liquid.contract.view("pendingOwner"))

    def not_owner(person: AccountAPI) -> Refused:
        return OwnableUnauthorizedAccount(account=person.address)

    assert liquid.transfer_ownership(owner, stranger.address).events == (
        OwnershipTransferStarted(owner.address, stranger.address),
    )
    assert (liquid.owner(), pending()) == (owner.address, stranger.address)
    # Until it is accepted nothing has changed, and an offer can be made to somebody else instead.
    grant, power = liquid.grant_role, "PAUSER_ROLE"
    assert refusal_of(grant, stranger, power, stranger.address) == not_owner(stranger)
    liquid.transfer_ownership(owner, latecomer.address)
    assert refusal_of(liquid.accept_ownership, stranger) == not_owner(stranger)

    assert liquid.accept_ownership(latecomer).events == (
        OwnershipTransferred(owner.address, latecomer.address),
    )
    assert (liquid.owner(), pending()) == (latecomer.address, ZERO_ADDRESS)
    assert refusal_of(grant, owner, power, owner.address) == not_owner(owner)
    # The ownership brings no roles, but can give them.
    assert refusal_of(liquid.pause, latecomer) == AccessControlUnauthorizedAccount(
        account=latecomer.address, needed_role=power_id(power)
    )
    grant(latecomer, power, latecomer.address)
    liquid.pause(latecomer)


@pytest.mark.rule("C-7")
@pytest.mark.case(44)
def test_without_an_owner_and_an_operator_money_still_leaves(
    desk: Desk,
    liquid: LiquidStaking,
    clock: Clock,
    owner: AccountAPI,
    operator: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 44: an ownership given up is nobody's; an offer that was open is gone with it."""
    liquid.transfer_ownership(owner, stranger.address)
    liquid.contract.act("renounceOwnership", sender=owner)
    liquid.contract.act(
        "renounceRole", power_id("OPERATOR_ROLE"), operator.address, sender=operator
    )
    assert liquid.owner() == ZERO_ADDRESS
    for person in (owner, stranger):
        assert refusal_of(liquid.accept_ownership, person) == OwnableUnauthorizedAccount(
            account=person.address
        )
    desk.stake(delegator)
    desk.burn(delegator, COIN)
    clock.at(desk.until())
    liquid.harvest(stranger, 0)
    with desk.moves(free=-COIN, owed=-COIN, delegator=COIN):
        liquid.settle(stranger, 1)


@pytest.mark.rule("C-6", "C-7")
def test_a_pause_begins_and_ends_once(
    desk: Desk, liquid: LiquidStaking, pauser: AccountAPI
) -> None:
    with desk.rests():
        assert liquid.pause(pauser).events == (Paused(pauser.address),)
        assert refusal_of(liquid.pause, pauser) == EnforcedPause()
        assert liquid.unpause(pauser).events == (Unpaused(pauser.address),)
        assert refusal_of(liquid.unpause, pauser) == Refused("ExpectedPause")


# Deployments.


def validators(chain: Chain, owner: AccountAPI, count: int) -> list[str]:
    """Addresses of as many simulated validators, of which only the first is there."""
    there = LiquidStaking.deploy_validator(chain, owner, lockup=DAY, rate=1)
    return [there, *("0x" + f"{n:040x}" for n in range(1000, 999 + count))][:count]


@pytest.mark.rule("C-12", "C-7")
@pytest.mark.case(39)
def test_a_deployment_needs_a_treasury_an_owner_and_different_validators(
    local_chain: Chain, owner: AccountAPI, treasury: AccountAPI
) -> None:
    """Case 39: from one to sixteen of them, none twice."""
    kind = container("LiquidStaking")
    (one,) = validators(local_chain, owner, 1)
    to, admin = str(treasury.address), str(owner.address)

    def deploy(chosen: list[str], policy: int, to: str, admin: str) -> object:
        return local_chain.try_deploy(kind, chosen, policy, to, admin, sender=owner)

    assert refusal_of(deploy, [one], FIRST_FIT, ZERO_ADDRESS, admin) == ZeroAddress()
    assert refusal_of(deploy, [one], FIRST_FIT, to, ZERO_ADDRESS) == Refused(
        "OwnableInvalidOwner", owner=ZERO_ADDRESS
    )
    for count in (0, 17, 18):
        chosen = validators(local_chain, owner, count)
        assert refusal_of(deploy, chosen, FIRST_FIT, to, admin) == ValidatorCount(
            count=count, maximum=16
        )
    for count in (1, 16):
        chosen = validators(local_chain, owner, count)
        assert refusal_of(deploy, chosen, PARTIAL_FIFO, to, admin) is None
    assert refusal_of(deploy, [one, ZERO_ADDRESS], FIRST_FIT, to, admin) == ZeroAddress()
    chosen = validators(local_chain, owner, 3)
    twice = DuplicateValidator(validator=chosen[0])
    assert refusal_of(deploy, [*chosen, chosen[0]], FIRST_FIT, to, admin) == twice
    # There are two policies.
    assert refusal_of(deploy, [one], 2, to, admin) is not None


@pytest.mark.rule("C-4", "C-7", "L-1")
@pytest.mark.parametrize("policy", [FIRST_FIT, PARTIAL_FIFO], ids=["first fit", "partial fifo"])
def test_a_deployment_starts_empty_and_in_one_hand(
    local_chain: Chain, owner: AccountAPI, treasury: AccountAPI, stranger: AccountAPI, policy: int
) -> None:
    chosen = validators(local_chain, owner, 2)
    fresh = LiquidStaking.deploy(
        local_chain,
        owner,
        validators=chosen,
        policy=PayoutPolicy(policy),
        treasury=str(treasury.address),
    )
    view = fresh.contract.view
    assert (fresh.owner(), view("treasury"), view("policy")) == (
        owner.address,
        treasury.address,
        policy,
    )
    assert fresh.ledger() == Ledger(0, 0, 0, 0, 0, 0, 0)
    assert (fresh.assets(), fresh.liabilities(), fresh.total_shares()) == (0, 0, 0)
    assert (view("lastPlace"), view("claimableFees"), view("paused")) == (0, 0, False)
    assert view("validatorCount") == 2
    assert [view("validators", index) for index in (0, 1)] == [(each, 0, 0) for each in chosen]
    assert (view("sharesToAmount", 7), view("amountToShares", 7)) == (7, 7)
    assert fresh.powers == ("OPERATOR_ROLE", "PAUSER_ROLE")
    for power in fresh.powers:
        assert view("hasRole", power_id(power), owner.address)
        assert not view("hasRole", power_id(power), stranger.address)
    for power in ("REGISTRAR_ROLE", "REWARDER_ROLE"):
        assert not view("hasRole", power_id(power), owner.address)
    assert fresh.positions_of(str(owner.address)) == []


@pytest.mark.rule("L-3", "L-6")
def test_the_constants_are_those_of_the_documents(liquid: LiquidStaking) -> None:
    constants = {
        "MIN_STAKE": COIN,
        "FEE_BPS": 1500,
        "PAYOUT_TARGET": 35 * DAY,
        "MIN_SHARES": MIN_SHARES,
        "MAX_VALIDATORS": 16,
        "SEND_GAS": 50_000,
    }
    assert {name: liquid.contract.view(name) for name in constants} == constants
