"""Tokens with bad manners, and receivers that call back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.checks import UNLIMITED, check_refused, id_of, refusal_of, undone
from unbond.chain import Contract
from unbond.errors import ReentrancyGuardReentrantCall, Refused, TransferShortfall, ZeroAmount
from unbond.systems.base import Token
from unbond.systems.delegated import (
    AlreadyClaimed,
    DelegatedStaking,
    ProviderInfo,
    StillUndelegating,
)

from .checks import ANKR, MINIMUM, ORIGIN, claimable, closed, locked, start_of, unlocked

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from tests.contracts.conftest import Money
    from unbond.chain import Chain
    from unbond.clock import Clock

# Many deployments and long stories.
pytestmark = pytest.mark.slow

FUNDS = 100_000 * ANKR
REWARD = 2000 * ANKR
PLAIN, TAKES_FEE, REVERTS, RETURNS_FALSE, RETURNS_NOTHING, MOVES_NOTHING = range(6)
"""The manners of ``WaywardToken``."""


def deployed_for(chain: Chain, owner: AccountAPI, token: Contract) -> DelegatedStaking:
    """Delegated staking of ``token``, all roles with its owner; the token's errors are known."""
    plain = DelegatedStaking.deploy(chain, owner, token=token.address, origin=ORIGIN)
    known = Contract(chain, plain.contract.instance, token.instance.contract_type.errors)
    return DelegatedStaking(chain, known, Token(chain, token.address, "ANKR"))


# Tokens that do not do as they were asked.


@pytest.fixture
def wayward_token(mocks: Mocks) -> Contract:
    """A token that still behaves."""
    return mocks.deploy("WaywardToken")


@pytest.fixture
def wayward(
    local_chain: Chain,
    wayward_token: Contract,
    clock: Clock,
    owner: AccountAPI,
    provider: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
) -> DelegatedStaking:
    """Delegated staking of the wayward token; now it is the start of epoch 2.

    The delegator has one lot of 2000 from epoch 1, and the owner has all roles.
    """
    system = deployed_for(local_chain, owner, wayward_token)
    system.add_provider(owner, str(provider.address), 0)
    for person in (owner, delegator, latecomer):
        system.fund(owner, person, FUNDS)
    clock.at(start_of(1))
    system.stake(delegator, provider.address, 2 * MINIMUM)
    clock.at(start_of(2))
    return system


def behave(token: Contract, manner: int, somebody: AccountAPI) -> None:
    """Let the token behave like this from now on."""
    token.act("behave", manner, sender=somebody)


@pytest.mark.rule("C-10", "C-4")
@pytest.mark.case(28)
@pytest.mark.parametrize(
    ("amount", "received"),
    [(MINIMUM, 990 * ANKR), (MINIMUM + 99, 990 * ANKR + 99), (MINIMUM + 100, 990 * ANKR + 99)],
)
def test_a_stake_that_arrives_short_is_refused(
    wayward: DelegatedStaking,
    wayward_token: Contract,
    money: Money,
    stranger: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    amount: int,
    received: int,
) -> None:
    """Case 28: a fee of 1 % on the way, rounded down. A gift does not make up for it."""
    wayward.token.mint(stranger, wayward.address, 10 * MINIMUM)
    behave(wayward_token, TAKES_FEE, stranger)
    with money.rests(wayward):
        check_refused(
            TransferShortfall(expected=amount, received=received),
            wayward.stake,
            latecomer,
            provider.address,
            amount,
            foretold=False,
        )
    assert wayward.positions_of(latecomer.address) == []


@pytest.mark.rule("C-10", "C-4")
@pytest.mark.case(28)
def test_a_reward_that_arrives_short_is_refused(
    wayward: DelegatedStaking,
    wayward_token: Contract,
    money: Money,
    owner: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
) -> None:
    wayward.token.mint(stranger, wayward.address, 10 * MINIMUM)
    # A fee that rounds to nothing is none.
    behave(wayward_token, TAKES_FEE, stranger)
    wayward.distribute(owner, provider.address, 99)
    with money.rests(wayward):
        for amount, received in ((100, 99), (REWARD, 1980 * ANKR)):
            check_refused(
                TransferShortfall(expected=amount, received=received),
                wayward.distribute,
                owner,
                provider.address,
                amount,
            )
    assert wayward.provider_of(provider.address) == ProviderInfo(
        True, 0, 2 * MINIMUM, 2 * MINIMUM, 0
    )


@pytest.mark.rule("C-10", "C-4")
@pytest.mark.case(28)
def test_a_fee_on_the_way_out_is_the_receivers(
    wayward: DelegatedStaking,
    wayward_token: Contract,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 28: a fee that begins when everybody is in costs nobody else anything."""
    other = wayward.stake(latecomer, provider.address, MINIMUM).main.stake_id
    lot = id_of(delegator.address, 1)
    behave(wayward_token, TAKES_FEE, stranger)
    clock.at(start_of(15))
    wayward.unstake(delegator, lot, 2 * MINIMUM)
    wayward.unstake(latecomer, other, MINIMUM)
    clock.at(start_of(17))
    before = money.look(wayward)

    wayward.claim(delegator, lot)

    after = money.look(wayward)
    assert after.people["delegator"] - before.people["delegator"] == 1980 * ANKR
    assert (after.assets, after.liabilities) == (MINIMUM, MINIMUM)
    behave(wayward_token, PLAIN, stranger)
    with money.moves(wayward, latecomer=MINIMUM):
        wayward.claim(latecomer, other)


@pytest.mark.rule("C-10", "C-4")
@pytest.mark.case(28)
def test_a_token_that_says_it_moved_what_it_did_not_is_refused(
    wayward: DelegatedStaking,
    wayward_token: Contract,
    money: Money,
    owner: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 28: no credit without a transfer, whatever lies in the contract already."""
    wayward.token.mint(stranger, wayward.address, 10 * MINIMUM)
    behave(wayward_token, MOVES_NOTHING, stranger)
    with money.rests(wayward):
        check_refused(
            TransferShortfall(expected=MINIMUM, received=0),
            wayward.stake,
            latecomer,
            provider.address,
            MINIMUM,
            foretold=False,
        )
        check_refused(
            TransferShortfall(expected=REWARD, received=0),
            wayward.distribute,
            owner,
            provider.address,
            REWARD,
        )


@pytest.mark.rule("C-4")
@pytest.mark.case(11, 12, 28)
@pytest.mark.parametrize(
    ("manner", "refusal"),
    [
        (REVERTS, Refused("TransfersStopped")),
        (RETURNS_FALSE, Refused("SafeERC20FailedOperation", token="the token")),
    ],
    ids=["reverts", "returns false"],
)
def test_a_token_that_fails_leaves_everything_as_it_was_and_can_be_tried_again(
    wayward: DelegatedStaking,
    wayward_token: Contract,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
    manner: int,
    refusal: Refused,
) -> None:
    """Cases 11, 12 and 28: no record goes unpaid."""
    if refusal.fields:
        refusal = Refused(refusal.name, token=wayward_token.address)
    lot = id_of(delegator.address, 1)
    ticket = id_of(delegator.address, 2)
    clock.at(start_of(14))
    wayward.unstake(delegator, lot, MINIMUM)
    clock.at(start_of(16))
    wayward.distribute(owner, provider.address, REWARD)
    before = wayward.positions_of(delegator.address)
    assert before == [
        unlocked(lot, MINIMUM, start_of(14), rewards=REWARD),
        claimable(ticket, MINIMUM, start_of(16)),
    ]

    behave(wayward_token, manner, stranger)
    for action, *arguments in (
        (wayward.stake, latecomer, provider.address, MINIMUM),
        (wayward.claim, delegator, ticket),
        (wayward.claim_rewards, delegator, lot),
        (wayward.unstake, delegator, lot, MINIMUM),
        (wayward.distribute, owner, provider.address, REWARD),
    ):
        check_refused(refusal, action, *arguments, foretold=False)
    assert wayward.positions_of(delegator.address) == before

    behave(wayward_token, PLAIN, stranger)
    with money.moves(wayward, delegator=MINIMUM + REWARD):
        wayward.claim(delegator, ticket)
        wayward.unstake(delegator, lot, MINIMUM)
    clock.at(start_of(18))
    with money.moves(wayward, delegator=MINIMUM):
        wayward.claim(delegator, lot)
    assert (wayward.assets(), wayward.liabilities()) == (0, 0)


@pytest.mark.rule("C-3", "C-4")
@pytest.mark.case(11)
def test_a_receiver_who_is_refused_delays_nobody_else(
    wayward: DelegatedStaking,
    wayward_token: Contract,
    clock: Clock,
    money: Money,
    delegator: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 11: the token takes one of two who leave for a criminal."""
    other = wayward.stake(latecomer, provider.address, MINIMUM).main.stake_id
    lot = id_of(delegator.address, 1)
    clock.at(start_of(15))
    wayward.unstake(delegator, lot, 2 * MINIMUM)
    wayward.unstake(latecomer, other, MINIMUM)
    wayward_token.act("deny", delegator.address, sender=stranger)
    clock.at(start_of(17))

    check_refused(
        Refused("Denied", account=delegator.address),
        wayward.claim,
        delegator,
        lot,
        foretold=False,
    )
    with money.moves(wayward, latecomer=MINIMUM):
        wayward.claim(latecomer, other)
    assert wayward.positions_of(delegator.address) == [claimable(lot, 2 * MINIMUM, start_of(17))]


@pytest.mark.rule("C-4")
def test_a_token_that_answers_nothing_is_served(
    wayward: DelegatedStaking,
    wayward_token: Contract,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    latecomer: AccountAPI,
    provider: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Tokens older than the standard have no return value."""
    behave(wayward_token, RETURNS_NOTHING, stranger)
    with money.moves(wayward, latecomer=-MINIMUM):
        lot = wayward.stake(latecomer, provider.address, MINIMUM).main.stake_id
    clock.at(start_of(15))
    with money.moves(wayward, owner=-3 * REWARD):
        wayward.distribute(owner, provider.address, 3 * REWARD)
    with money.moves(wayward, latecomer=REWARD):
        wayward.unstake(latecomer, lot, MINIMUM)
    clock.at(start_of(17))
    with money.moves(wayward, latecomer=MINIMUM):
        wayward.claim(latecomer, lot)


# Receivers that call back.


class Reentrant:
    """A puppet that stakes a token with hooks, holds every role and is a provider itself."""

    def __init__(self, system: DelegatedStaking, puppet: Contract, somebody: AccountAPI) -> None:
        """Let ``somebody`` pull the strings."""
        self.system = system
        self.puppet = puppet
        self._somebody = somebody

    @property
    def address(self) -> str:
        """Where the puppet is."""
        return self.puppet.address

    def call_of(self, method: str, *arguments: Any) -> bytes:
        """The data of a call of the system."""
        handler = getattr(self.system.contract.instance, method)
        return bytes(handler.encode_input(*arguments))

    def act(self, method: str, *arguments: Any) -> None:
        """Let the puppet call the system."""
        data = self.call_of(method, *arguments)
        self.puppet.act("act", self.system.address, data, sender=self._somebody)

    def allow(self) -> None:
        """Let the system take the puppet's tokens."""
        token = self.system.token.contract.instance
        data = bytes(token.approve.encode_input(self.system.address, UNLIMITED))
        self.puppet.act("act", token.address, data, sender=self._somebody)

    def arm(self, method: str, *arguments: Any) -> None:
        """Let the puppet call the system out of every hook from now on."""
        data = self.call_of(method, *arguments)
        self.puppet.act("arm", self.system.address, data, sender=self._somebody)

    def would_succeed(self, method: str, *arguments: Any) -> bool:
        """Whether such a call works when nothing else is going on."""
        data = self.call_of(method, *arguments)
        return refusal_of(self.puppet.view, "act", self.system.address, data) is None

    def refusals(self) -> list[Refused | None]:
        """What the calls out of hooks came to since the puppet was made; None for a success."""
        decode = self.system.contract.errors.decode
        attempts = self.puppet.view("attempts")
        return [None if succeeded else decode(answer) for succeeded, answer in attempts]


@pytest.fixture
def reentrant(
    local_chain: Chain,
    mocks: Mocks,
    clock: Clock,
    owner: AccountAPI,
    delegator: AccountAPI,
    stranger: AccountAPI,
) -> Reentrant:
    """A puppet with an unlocked lot (1), a matured ticket (2), a younger lot (3), rewards for both
    lots, and a commission to claim; it is the start of epoch 16. The delegator has a lot as large
    as the first, which is what there would be to steal."""
    token = mocks.deploy("HookedToken")
    system = deployed_for(local_chain, owner, token)
    puppet = mocks.deploy("Puppet", system.contract.instance.contract_type.errors)
    made = Reentrant(system, puppet, stranger)
    system.add_provider(owner, made.address, 500)
    system.grant_role(owner, "REWARDER_ROLE", made.address)
    system.fund(owner, delegator, FUNDS)
    system.token.mint(owner, made.address, FUNDS)
    made.allow()

    clock.at(start_of(1))
    system.stake(delegator, made.address, 2 * MINIMUM)
    made.act("stake", made.address, 3 * MINIMUM)
    clock.at(start_of(14))
    made.act("unstake", id_of(made.address, 1), MINIMUM)
    made.act("stake", made.address, MINIMUM)
    clock.at(start_of(16))
    made.act("distribute", made.address, 10 * MINIMUM)
    token.act("tell", made.address, sender=stranger)
    return made


def calls_of(puppet: str) -> dict[str, tuple[Any, ...]]:
    """Every entry point with which the puppet can do something at the start of epoch 16."""
    return {
        "stake": (puppet, MINIMUM),
        "unstake": (id_of(puppet, 1), MINIMUM),
        "claim": (id_of(puppet, 2),),
        "claimRewards": (id_of(puppet, 1),),
        "restakeRewards": (id_of(puppet, 1),),
        "distribute": (puppet, REWARD),
        "claimCommission": (),
    }


ENTRANCES = ("stake", "unstake", "claim", "claimRewards", "distribute", "claimCommission")
"""Entry points that move tokens, so that a hook is called in the middle of them."""


def outcome_of(reentrant: Reentrant, *people: str) -> tuple[object, ...]:
    """Everything that a theft would change."""
    system = reentrant.system
    return (
        system.assets(),
        system.liabilities(),
        system.provider_of(reentrant.address),
        [system.token.balance_of(person) for person in (reentrant.address, *people)],
        [system.positions_of(person) for person in (reentrant.address, *people)],
    )


@pytest.mark.rule("C-4")
@pytest.mark.case(35)
@pytest.mark.parametrize("entrance", ENTRANCES)
def test_no_entry_point_can_be_entered_from_a_hook(
    reentrant: Reentrant, delegator: AccountAPI, entrance: str
) -> None:
    """Case 35: before and after the tokens have moved, with calls that work by themselves."""
    system, calls = reentrant.system, calls_of(reentrant.address)
    with undone():
        reentrant.act(entrance, *calls[entrance])
        undisturbed = outcome_of(reentrant, delegator.address)

    for again, arguments in calls.items():
        assert reentrant.would_succeed(again, *arguments)
        with undone():
            reentrant.arm(again, *arguments)
            reentrant.act(entrance, *calls[entrance])

            refusals = reentrant.refusals()
            assert (again, refusals) == (again, [ReentrancyGuardReentrantCall()] * 2)
            assert outcome_of(reentrant, delegator.address) == undisturbed
            assert reentrant.puppet.view("shortfalls") == 0
            assert system.assets() >= system.liabilities()


@pytest.mark.rule("C-4", "C-8")
@pytest.mark.case(35)
def test_in_the_middle_of_a_payment_views_show_it_as_done(
    reentrant: Reentrant,
) -> None:
    """Case 35: who prices something by a view in a hook is not told of money that is gone."""
    lot, ticket = id_of(reentrant.address, 1), id_of(reentrant.address, 2)
    for entrance, arguments, view, id_seen, refusal in (
        ("claim", (ticket,), "previewClaim", ticket, AlreadyClaimed(ticket_id=ticket)),
        ("claimRewards", (lot,), "previewClaimRewards", lot, ZeroAmount()),
    ):
        with undone():
            reentrant.arm(view, id_seen)
            reentrant.act(entrance, *arguments)
            assert reentrant.refusals() == [refusal] * 2
    with undone():
        reentrant.arm("previewClaim", lot)
        reentrant.act("unstake", lot, 2 * MINIMUM)
        assert reentrant.refusals() == [StillUndelegating(available_at=start_of(18))] * 2


@pytest.mark.rule("C-4")
@pytest.mark.case(35)
def test_a_receiver_that_calls_nothing_back_is_served(
    reentrant: Reentrant, clock: Clock, delegator: AccountAPI
) -> None:
    """And the guard is off again after each call, so that everybody gets everything out."""
    system, puppet = reentrant.system, reentrant.address
    lot, ticket, young = (id_of(puppet, number) for number in (1, 2, 3))
    assert system.positions_of(puppet) == [
        unlocked(lot, 2 * MINIMUM, start_of(14), rewards=3800 * ANKR),
        claimable(ticket, MINIMUM, start_of(16)),
        locked(young, MINIMUM, start_of(27), rewards=1900 * ANKR),
    ]
    reentrant.act("claim", ticket)
    reentrant.act("claimCommission")
    reentrant.act("unstake", lot, 2 * MINIMUM)
    system.unstake(delegator, id_of(delegator.address, 1), 2 * MINIMUM)
    clock.at(start_of(27))
    reentrant.act("unstake", young, MINIMUM)
    clock.at(start_of(29))
    reentrant.act("claim", lot)
    reentrant.act("claim", young)
    system.claim(delegator, id_of(delegator.address, 1))

    assert system.positions_of(puppet) == [closed(lot), closed(ticket), closed(young)]
    assert system.token.balance_of(puppet) == FUNDS - 3800 * ANKR
    assert system.token.balance_of(str(delegator.address)) == FUNDS + 3800 * ANKR
    assert (system.assets(), system.liabilities()) == (0, 0)
