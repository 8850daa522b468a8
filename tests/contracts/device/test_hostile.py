"""Tokens with bad manners, and receivers that call back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.checks import UNLIMITED, id_of, refusal_of, undone
from unbond.chain import Contract
from unbond.errors import ReentrancyGuardReentrantCall, Refused, TransferShortfall, ZeroAmount
from unbond.positions import Position
from unbond.systems.base import Token
from unbond.systems.device import DeviceStaking, ExitKind, Preview

from .checks import (
    CARD_REQUIRES,
    CO_SHARE,
    CO_STAKE,
    IO,
    RIG_REQUIRES,
    claimable,
    closed,
    co_stake,
    co_staked,
    own_stake,
    staked,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from tests.contracts.conftest import Money
    from unbond.chain import Chain
    from unbond.clock import Clock

# Many deployments and long stories.
pytestmark = pytest.mark.slow

FUNDS = 100_000 * IO
REWARD = 100 * IO
SMALL, LARGE, OTHER, OWN, SPARE = 7, 8, 9, 10, 11
"""Devices: the large one requires 800, all others 200."""
PLAIN, TAKES_FEE, REVERTS, RETURNS_FALSE, RETURNS_NOTHING, MOVES_NOTHING = range(6)
"""The manners of ``WaywardToken``."""


def deployed_for(chain: Chain, owner: AccountAPI, token: Contract) -> DeviceStaking:
    """Device staking of ``token``, all roles with its owner; the token's errors are known."""
    plain = DeviceStaking.deploy(chain, owner, token=token.address)
    known = Contract(chain, plain.contract.instance, token.instance.contract_type.errors)
    system = DeviceStaking(chain, known, Token(chain, token.address, "IO"))
    for where in (SMALL, LARGE, OTHER, OWN, SPARE):
        system.register_device(owner, where, 10_000, 4 if where == LARGE else 1)
    return system


# Tokens that do not do as they were asked.


@pytest.fixture
def wayward_token(mocks: Mocks) -> Contract:
    """A token that still behaves."""
    return mocks.deploy("WaywardToken")


@pytest.fixture
def wayward(
    local_chain: Chain,
    wayward_token: Contract,
    owner: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
) -> DeviceStaking:
    """Device staking of the wayward token, in which the owner has all roles.

    On the large device there are 800 of the worker's and 300 of the co-staker's, and on the small
    one 200 of the worker's, with an open offer for 100.
    """
    system = deployed_for(local_chain, owner, wayward_token)
    for person in (owner, worker, co_staker, latecomer):
        system.fund(owner, person, FUNDS)
    staked(system, worker, where=LARGE, amount=RIG_REQUIRES)
    co_staked(system, worker, co_staker, where=LARGE)
    staked(system, worker, where=SMALL, amount=CARD_REQUIRES)
    system.open_offer(worker, SMALL, REWARD, CO_SHARE)
    return system


def behave(token: Contract, manner: int, somebody: AccountAPI) -> None:
    """Let the token behave like this from now on."""
    token.act("behave", manner, sender=somebody)


def deposits(
    system: DeviceStaking, owner: AccountAPI, latecomer: AccountAPI
) -> list[tuple[Callable[..., object], tuple[Any, ...]]]:
    """All three ways to bring 100 IO in."""
    return [
        (system.stake, (latecomer, OTHER, REWARD)),
        (system.accept_offer, (latecomer, SMALL, 1, REWARD, CO_SHARE)),
        (system.distribute, (owner, LARGE, REWARD)),
    ]


@pytest.mark.rule("C-4", "C-10")
@pytest.mark.case(28)
@pytest.mark.parametrize(
    ("manner", "received"), [(TAKES_FEE, 99 * IO), (MOVES_NOTHING, 0)], ids=["a fee", "nothing"]
)
def test_what_arrives_short_is_refused(
    wayward: DeviceStaking,
    wayward_token: Contract,
    money: Money,
    owner: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    manner: int,
    received: int,
) -> None:
    """Case 28: a fee of 1 % on the way, or nothing moved at all. A gift does not make up for it."""
    wayward.token.mint(stranger, wayward.address, 10 * REWARD)
    before = wayward.co_stake_of(SMALL), wayward.device_of(OTHER)
    behave(wayward_token, manner, stranger)

    with money.rests(wayward):
        for action, arguments in deposits(wayward, owner, latecomer):
            assert refusal_of(action, *arguments) == TransferShortfall(
                expected=REWARD, received=received
            )
    assert wayward.positions_of(latecomer.address) == []
    assert (wayward.co_stake_of(SMALL), wayward.device_of(OTHER)) == before

    # For a device that is not eligible nothing is asked for, so nothing can be short.
    with money.rests(wayward):
        wayward.distribute(owner, SPARE, REWARD)


@pytest.mark.rule("C-10")
@pytest.mark.case(28)
def test_a_fee_that_rounds_to_nothing_is_none(
    wayward: DeviceStaking,
    wayward_token: Contract,
    money: Money,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 28: 1 % of 99 wei, and of a hundred."""
    behave(wayward_token, TAKES_FEE, stranger)
    with money.moves(wayward, latecomer=-99):
        wayward.stake(latecomer, OTHER, 99)
    assert refusal_of(wayward.stake, latecomer, OTHER, 100) == TransferShortfall(
        expected=100, received=99
    )


@pytest.mark.rule("C-4", "C-10")
@pytest.mark.case(28)
def test_a_fee_on_the_way_out_is_the_receivers(
    wayward: DeviceStaking,
    wayward_token: Contract,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Case 28: a fee that begins when everybody is in costs nobody else anything."""
    wayward.distribute(owner, LARGE, REWARD)
    behave(wayward_token, TAKES_FEE, stranger)
    before = money.look(wayward)
    wayward.withdraw_overflow(worker, LARGE)
    wayward.claim_rewards(worker, LARGE)
    clock.at(wayward.unstake(worker, LARGE).main.available_at)
    wayward.withdraw(worker, id_of(worker.address, 1))
    after = money.look(wayward)
    gross = RIG_REQUIRES + REWARD - REWARD // 4
    assert after.people["worker"] - before.people["worker"] == gross * 99 // 100
    assert before.liabilities - after.liabilities == gross
    assert after.assets == after.liabilities == CO_STAKE + REWARD // 4 + CARD_REQUIRES

    behave(wayward_token, PLAIN, stranger)
    with money.moves(wayward, co_staker=CO_STAKE + REWARD // 4):
        wayward.withdraw(co_staker, id_of(co_staker.address, 1))
        wayward.claim_rewards(co_staker, LARGE)


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
    wayward: DeviceStaking,
    wayward_token: Contract,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
    manner: int,
    refusal: Refused,
) -> None:
    """Cases 11, 12 and 28: no record goes unpaid."""
    if refusal.fields:
        refusal = Refused(refusal.name, token=wayward_token.address)
    wayward.distribute(owner, LARGE, REWARD)
    left = wayward.unstake_co_stake(co_staker, LARGE).main
    wayward.stake(worker, LARGE, IO)
    clock.at(left.available_at)

    def everything() -> tuple[object, ...]:
        return (
            wayward.liabilities(),
            [wayward.positions_of(person.address) for person in (worker, co_staker, latecomer)],
            wayward.device_of(LARGE),
            wayward.co_stake_of(SMALL),
        )

    before = everything()
    behave(wayward_token, manner, stranger)
    payments: list[tuple[Callable[..., object], tuple[Any, ...]]] = [
        (wayward.withdraw, (co_staker, left.exit_id)),
        (wayward.claim_rewards, (worker, LARGE)),
        (wayward.claim_rewards, (co_staker, LARGE)),
        (wayward.withdraw_overflow, (worker, LARGE)),
        (wayward.unstake_amount, (worker, LARGE, 1, ExitKind.ANY)),
    ]
    for action, arguments in (*payments, *deposits(wayward, owner, latecomer)):
        assert refusal_of(action, *arguments) == refusal
    assert everything() == before
    # What moves nothing goes on: the way out is not shut.
    opens_at = wayward.unstake(worker, LARGE).main.available_at

    behave(wayward_token, PLAIN, stranger)
    with money.moves(wayward, worker=REWARD - REWARD // 4, co_staker=CO_STAKE + REWARD // 4):
        for action, arguments in payments[:3]:
            action(*arguments)
    clock.at(opens_at)
    with money.moves(wayward, worker=RIG_REQUIRES + IO):
        wayward.withdraw(worker, id_of(worker.address, 1))
    assert wayward.assets() == wayward.liabilities() == CARD_REQUIRES


@pytest.mark.rule("C-3", "C-4", "D-13")
@pytest.mark.case(11)
@pytest.mark.parametrize("refused", ["worker", "co_staker"])
def test_a_receiver_who_is_refused_delays_nobody_else(
    wayward: DeviceStaking,
    wayward_token: Contract,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    worker: AccountAPI,
    co_staker: AccountAPI,
    stranger: AccountAPI,
    refused: str,
) -> None:
    """Case 11: the token takes one of two on a device for a criminal, from the first second on."""
    both = {"worker": worker, "co_staker": co_staker}
    amounts = {"worker": RIG_REQUIRES, "co_staker": CO_STAKE}
    outcast = both.pop(refused)
    ((other, account),) = both.items()
    wayward_token.act("deny", outcast.address, sender=stranger)
    wayward.distribute(owner, LARGE, REWARD)
    wayward.unstake_co_stake(co_staker, LARGE)
    opens_at = wayward.unstake(worker, LARGE).main.available_at
    clock.at(opens_at)

    denied = Refused("Denied", account=outcast.address)
    assert refusal_of(wayward.withdraw, outcast, id_of(outcast.address, 1)) == denied
    assert refusal_of(wayward.claim_rewards, outcast, LARGE) == denied
    with money.moves(
        wayward, **{other: amounts[other] + wayward.rewards_of(LARGE, account.address)}
    ):
        wayward.withdraw(account, id_of(account.address, 1))
        wayward.claim_rewards(account, LARGE)
    kept = claimable(
        id_of(outcast.address, 1),
        amounts[refused],
        opens_at,
        wayward.rewards_of(LARGE, outcast.address),
    )
    assert wayward.positions_of(outcast.address)[0] == kept


@pytest.mark.rule("C-4")
def test_a_token_that_answers_nothing_is_served(
    wayward: DeviceStaking,
    wayward_token: Contract,
    clock: Clock,
    money: Money,
    owner: AccountAPI,
    worker: AccountAPI,
    latecomer: AccountAPI,
    stranger: AccountAPI,
) -> None:
    """Tokens older than the standard have no return value."""
    behave(wayward_token, RETURNS_NOTHING, stranger)
    with money.moves(wayward, latecomer=-2 * REWARD, owner=-REWARD):
        for action, arguments in deposits(wayward, owner, latecomer):
            action(*arguments)
    with money.moves(wayward, worker=REWARD + REWARD - REWARD // 4):
        wayward.withdraw_overflow(worker, SMALL)
        wayward.claim_rewards(worker, LARGE)
    clock.at(wayward.unstake(worker, SMALL).main.available_at)
    with money.moves(wayward, latecomer=REWARD, worker=CARD_REQUIRES - REWARD):
        wayward.withdraw(latecomer, id_of(latecomer.address, 2))
        wayward.withdraw(worker, id_of(worker.address, 2))


# Receivers that call back.


class Reentrant:
    """A puppet that stakes a token with hooks and holds every role but the owner's."""

    def __init__(self, system: DeviceStaking, puppet: Contract, somebody: AccountAPI) -> None:
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

    def answers(self) -> list[bytes]:
        """What the calls out of hooks returned."""
        return [bytes(answer) for _, answer in self.puppet.view("attempts")]


@pytest.fixture
def reentrant(
    local_chain: Chain,
    mocks: Mocks,
    clock: Clock,
    owner: AccountAPI,
    worker: AccountAPI,
    stranger: AccountAPI,
) -> Reentrant:
    """A puppet with everything on which one can act.

    It owns the small device, with 50 of overflow (1); has an exit from the other one that can be
    withdrawn (2); owns a device with an open offer (3); and has a co-stake of 100 on the worker's
    large device (4), with rewards for both. On his spare device the worker offers the same again.
    """
    token = mocks.deploy("HookedToken")
    system = deployed_for(local_chain, owner, token)
    puppet = mocks.deploy("Puppet", system.contract.instance.contract_type.errors)
    made = Reentrant(system, puppet, stranger)
    for power in ("REWARDER_ROLE", "REGISTRAR_ROLE"):
        system.grant_role(owner, power, made.address)
    system.fund(owner, worker, FUNDS)
    system.token.mint(owner, made.address, FUNDS)
    made.allow()

    made.act("stake", SMALL, 250 * IO)
    made.act("stake", OTHER, REWARD)
    made.act("unstake", OTHER)
    made.act("stake", OWN, CARD_REQUIRES)
    made.act("openOffer", OWN, REWARD, CO_SHARE)
    staked(system, worker, where=LARGE, amount=RIG_REQUIRES)
    system.open_offer(worker, LARGE, REWARD, CO_SHARE)
    made.act("acceptOffer", LARGE, 1, REWARD, CO_SHARE)
    staked(system, worker, where=SPARE, amount=CARD_REQUIRES)
    system.open_offer(worker, SPARE, REWARD, CO_SHARE)
    made.act("distribute", [SMALL, LARGE], [REWARD, REWARD])
    clock.travel(days=14)
    token.act("tell", made.address, sender=stranger)
    return made


def calls_of(puppet: str) -> dict[str, tuple[Any, ...]]:
    """Every entry point for people, with what the puppet can do by it."""
    return {
        "stake": (SMALL, IO),
        "unstake": (SMALL,),
        "unstakeAmount": (SMALL, 50 * IO, ExitKind.OVERFLOW),
        "withdrawOverflow": (SMALL,),
        "openOffer": (SMALL, IO, CO_SHARE),
        "closeOffer": (OWN,),
        "acceptOffer": (SPARE, 1, REWARD, CO_SHARE),
        "unstakeCoStake": (LARGE,),
        "withdraw": (id_of(puppet, 2),),
        "claimRewards": (SMALL,),
        "distribute": ([SMALL, LARGE], [REWARD, REWARD]),
    }


ENTRANCES = (
    "stake",
    "withdrawOverflow",
    "acceptOffer",
    "withdraw",
    "claimRewards",
    "distribute",
)
"""Entry points that move tokens, so that a hook is called in the middle of them."""


def outcome_of(reentrant: Reentrant) -> tuple[object, ...]:
    """Everything that a theft would change."""
    system = reentrant.system
    return system.assets(), system.liabilities(), system.positions_of(reentrant.address)


@pytest.mark.rule("C-4")
@pytest.mark.case(35)
def test_no_entry_point_can_be_entered_from_a_hook(reentrant: Reentrant) -> None:
    """Case 35: before and after the tokens have moved, with calls that work by themselves."""
    calls = calls_of(reentrant.address)
    for again, arguments in calls.items():
        assert reentrant.would_succeed(again, *arguments)

    undisturbed = {}
    for entrance in ENTRANCES:
        with undone():
            reentrant.act(entrance, *calls[entrance])
            undisturbed[entrance] = outcome_of(reentrant)
    for again, arguments in calls.items():
        with undone():
            reentrant.arm(again, *arguments)
            for entrance in ENTRANCES:
                with undone():
                    reentrant.act(entrance, *calls[entrance])
                    refusals = reentrant.refusals()
                    assert (entrance, again, refusals) == (
                        entrance,
                        again,
                        [ReentrancyGuardReentrantCall()] * 2,
                    )
                    assert outcome_of(reentrant) == undisturbed[entrance]
                    assert reentrant.puppet.view("shortfalls") == 0


@pytest.mark.rule("C-4", "D-15")
@pytest.mark.case(35)
@pytest.mark.parametrize(
    ("again", "arguments"),
    [
        ("terminateDevice", (SPARE,)),
        ("setRequirement", (SPARE, 160_000, 8)),
        ("setRented", (SPARE, True)),
    ],
)
def test_a_registrar_who_acts_out_of_a_hook_breaks_nothing(
    reentrant: Reentrant,
    clock: Clock,
    worker: AccountAPI,
    again: str,
    arguments: tuple[Any, ...],
) -> None:
    """Case 35: what a registrar may do at any time is done, and everybody still gets out."""
    system, puppet = reentrant.system, reentrant.address
    reentrant.arm(again, *arguments)
    reentrant.act("acceptOffer", SPARE, 1, REWARD, CO_SHARE)
    assert reentrant.refusals()[0] is None
    assert reentrant.puppet.view("shortfalls") == 0
    (added,) = [each for each in system.positions_of(puppet) if each.id == SPARE]
    rented = again == "setRented"
    assert added == co_stake(SPARE, REWARD, blocked_by="DeviceRented" if rented else "")
    assert system.co_stake_of(SPARE).offer_open is False

    reentrant.act("setRented", SPARE, False)
    clock.at(system.unstake(worker, SPARE).main.available_at)
    held = system.token.balance_of(puppet)
    reentrant.act("withdraw", id_of(puppet, 5))
    assert system.token.balance_of(puppet) - held == REWARD
    system.withdraw(worker, id_of(worker.address, 2))
    assert system.assets() == system.liabilities()


@pytest.mark.rule("C-4", "C-8")
@pytest.mark.case(35)
def test_in_the_middle_of_a_payment_views_show_it_as_done(reentrant: Reentrant) -> None:
    """Case 35: who prices something by a view in a hook is not told of money that is gone."""
    system, puppet = reentrant.system, reentrant.address
    calls = calls_of(puppet)
    exit_id = id_of(puppet, 2)
    for entrance, view, question in (
        ("withdraw", "exits", (exit_id,)),
        ("withdraw", "devices", (OTHER,)),
        ("claimRewards", "positionsOf", (puppet, 0, 9)),
        ("withdrawOverflow", "overflow", (SMALL,)),
        ("unstakeAmount", "positionsOf", (puppet, 0, 9)),
    ):
        with undone():
            reentrant.arm(view, *question)
            reentrant.act(entrance, *calls[entrance])
            data = reentrant.call_of(view, *question)
            after = bytes(reentrant.puppet.view("act", system.address, data))
            # The puppet hands on what it was answered as bytes, and so as it was.
            assert reentrant.answers() == [after] * 2, (entrance, view)


@pytest.mark.rule("C-4")
@pytest.mark.case(35)
def test_a_receiver_that_calls_nothing_back_is_served(
    reentrant: Reentrant, clock: Clock, worker: AccountAPI
) -> None:
    """And the guard is off again after each call, so that everybody gets everything out."""
    system, puppet = reentrant.system, reentrant.address
    ready = id_of(puppet, 2)

    def shown() -> list[Position]:
        return system.positions_of(puppet)

    opens_at = system.exit_of(ready).available_at
    assert shown() == [
        own_stake(SMALL, 250 * IO, rewards=REWARD),
        claimable(ready, REWARD, opens_at),
        own_stake(OWN, CARD_REQUIRES, blocked_by="OfferOpen"),
        co_stake(LARGE, REWARD, rewards=REWARD // 4),
    ]
    reentrant.act("withdraw", ready)
    reentrant.act("withdrawOverflow", SMALL)
    reentrant.act("claimRewards", SMALL)
    reentrant.act("claimRewards", LARGE)
    reentrant.act("closeOffer", OWN)
    for where in (SMALL, OWN):
        reentrant.act("unstake", where)
    system.close_offer(worker, SPARE)
    system.unstake(worker, SPARE)
    clock.at(system.unstake(worker, LARGE).main.available_at)
    for number in (1, 3, 4):
        reentrant.act("withdraw", id_of(puppet, number))
    for number in (1, 2):
        system.withdraw(worker, id_of(worker.address, number))
    system.claim_rewards(worker, LARGE)

    assert shown() == [closed(id_of(puppet, number)) for number in (1, 2, 3, 4)]
    assert refusal_of(system.claim_rewards, worker, SMALL) == ZeroAmount()
    assert system.preview_unstake(SMALL, 1) == Preview(ExitKind.ANY, 0, 0, "NotStaked")
    assert system.token.balance_of(puppet) == FUNDS - 3 * REWARD // 4
    assert system.token.balance_of(str(worker.address)) == FUNDS + 3 * REWARD // 4
    assert (system.assets(), system.liabilities()) == (0, 0)
