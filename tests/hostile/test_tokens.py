"""Tokens with bad manners: nothing is credited that did not come, and nobody's money is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import UNLIMITED, id_of, refusal_of, undone
from tests.contracts.delegated.checks import MINIMUM, ORIGIN, W
from tests.contracts.device.checks import COOLDOWN, IO
from tests.contracts.liquid.rates import pool_at
from tests.hostile.stages import SPARE, STAGES, Cast, delegated_of, device_of
from unbond.errors import BelowMinimum, Refused, TransferShortfall
from unbond.systems.device import ExitKind, Skipped

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from tests.conftest import Mocks
    from tests.contracts.conftest import Money
    from tests.hostile.stages import Stage
    from unbond.chain import Contract
    from unbond.roles import Roles

# Many deployments and long stories.
pytestmark = pytest.mark.slow

PLAIN, TAKES_FEE, REVERTS, RETURNS_FALSE, RETURNS_NOTHING = range(5)
MOVES_NOTHING, BURNS_GAS, EMPTIES_RECEIVER = range(5, 8)
"""The manners of ``WaywardToken``."""


@pytest.mark.rule("C-4", "C-10")
@pytest.mark.case(28)
@pytest.mark.systems("delegated", "device")
@pytest.mark.parametrize(
    ("manner", "percent"),
    [(TAKES_FEE, 99), (MOVES_NOTHING, 0), (EMPTIES_RECEIVER, 0)],
    ids=["a fee", "nothing", "less than nothing"],
)
def test_what_arrives_short_is_refused(
    stage: Stage, money: Money, manner: int, percent: int
) -> None:
    """Case 28: a fee of 1 %, nothing moved at all, or the receiver has less than before.

    A gift does not make up for it.
    """
    stage.give(10 * stage.share)
    stage.behave(manner)
    before = stage.look()
    short = TransferShortfall(expected=stage.share, received=stage.share * percent // 100)
    with money.rests(stage.system):
        for deposit in stage.deposits():
            assert deposit.refusal() == short
    assert stage.look() == before


@pytest.mark.rule("C-10")
@pytest.mark.case(28)
@pytest.mark.systems("delegated", "device")
def test_a_fee_that_rounds_to_nothing_is_none(stage: Stage, money: Money) -> None:
    """Case 28: 1 % of 99 wei, and of a hundred."""
    stage.behave(TAKES_FEE)
    whole = stage.tiny_deposit(99)
    with money.moves(stage.system, **{whole.who: -99}):
        whole.do()
    assert stage.tiny_deposit(100).refusal() == TransferShortfall(expected=100, received=99)


@pytest.mark.rule("C-4", "C-10")
@pytest.mark.case(28)
@pytest.mark.systems("delegated", "device")
def test_a_fee_on_the_way_out_is_the_receivers(stage: Stage, money: Money) -> None:
    """Case 28: a fee that begins when everybody is in costs nobody else anything."""
    for payment in stage.payments():
        with undone():
            stage.behave(TAKES_FEE)
            before = money.look(stage.system)
            payment.do()
            after = money.look(stage.system)
            assert before.liabilities - after.liabilities == payment.amount
            assert before.assets - after.assets == payment.amount
            got = {who: held - before.people[who] for who, held in after.people.items()}
            assert {who: sum_ for who, sum_ in got.items() if sum_} == {
                payment.who: payment.amount * 99 // 100
            }
    stage.dismiss()
    assert (stage.system.assets(), stage.system.liabilities()) == (0, 0)


@pytest.mark.rule("C-4")
@pytest.mark.case(11, 12, 28)
@pytest.mark.systems("delegated", "device")
@pytest.mark.parametrize(
    ("manner", "refusal"),
    [
        (REVERTS, Refused("TransfersStopped")),
        (RETURNS_FALSE, Refused("SafeERC20FailedOperation", token="the token")),
        (BURNS_GAS, None),
    ],
    ids=["reverts", "returns false", "burns gas"],
)
def test_a_token_that_fails_leaves_everything_as_it_was_and_can_be_tried_again(
    stage: Stage, manner: int, refusal: Refused | None
) -> None:
    """Cases 11, 12 and 28: no record goes unpaid."""
    if refusal is not None and refusal.fields:
        refusal = Refused(refusal.name, token=stage.token.address)
    before = stage.look()
    stage.behave(manner)
    for deed in (*stage.payments(), *stage.deposits()):
        seen = deed.refusal()
        # What is said of a call that has used up its gas is the engine's business.
        assert seen is not None
        assert refusal is None or seen == refusal
    assert stage.look() == before
    stage.behave(PLAIN)
    stage.dismiss()
    assert (stage.system.assets(), stage.system.liabilities()) == (0, 0)


@pytest.mark.rule("C-3", "C-4")
@pytest.mark.case(11)
@pytest.mark.systems("delegated", "device")
@pytest.mark.parametrize("position", [0, 1, 2], ids=["first", "second", "third"])
def test_a_receiver_whom_the_token_refuses_delays_nobody_else(stage: Stage, position: int) -> None:
    """Case 11: the token takes one of three for a criminal; what is his is kept for him."""
    outcast = stage.stakers[position]
    where, stranger = stage.cast.address(outcast), stage.cast.account("stranger")
    stage.token.act("deny", where, True, sender=stranger)
    refusals = stage.dismiss(outcast)
    assert Refused("Denied", account=where) in refusals
    owed = stage.entitled[outcast]
    assert (stage.system.assets(), stage.system.liabilities()) == (owed, owed)

    stage.token.act("deny", where, False, sender=stranger)
    assert stage.pardon(outcast) == owed
    assert (stage.system.assets(), stage.system.liabilities()) == (0, 0)


@pytest.mark.rule("C-4")
@pytest.mark.case(11)
@pytest.mark.systems("delegated", "device")
def test_a_token_that_answers_nothing_is_served(stage: Stage, money: Money) -> None:
    """Case 11: tokens older than the standard have no return value, and can be got out again."""
    stage.behave(RETURNS_NOTHING)
    for deposit in stage.deposits():
        with undone(), money.moves(stage.system, **{deposit.who: -deposit.amount}):
            deposit.do()
    for payment in stage.payments():
        with undone(), money.moves(stage.system, **{payment.who: payment.amount}):
            payment.do()
    stage.dismiss()
    assert (stage.system.assets(), stage.system.liabilities()) == (0, 0)


@pytest.mark.rule("D-7")
@pytest.mark.case(22, 28)
@pytest.mark.systems("device")
def test_rewards_that_are_nobodys_are_not_asked_of_the_token(
    people: Cast, wayward_token: Contract, owner: AccountAPI
) -> None:
    """Cases 22 and 28: where no device earns, it does not matter that the token is stopped."""
    system = device_of(people, wayward_token)
    wayward_token.act("behave", REVERTS, sender=owner)
    assert system.distribute(owner, SPARE, IO).events == (Skipped(SPARE, IO),)
    assert (system.assets(), system.liabilities()) == (0, 0)


# Balances that change by themselves, and tokens of few decimals.


@pytest.fixture
def rebasing(people: Cast, mocks: Mocks, system_name: str) -> Stage:
    """A system of a token whose balances have not changed yet."""
    return STAGES[system_name](people, mocks.deploy("RebasingToken"))


@pytest.mark.rule("C-4")
@pytest.mark.case(16, 28, 30)
@pytest.mark.systems("delegated", "device")
def test_what_a_token_adds_to_balances_is_nobodys(rebasing: Stage, stranger: AccountAPI) -> None:
    """Cases 16, 28 and 30: it moves no entitlement, and nothing gets it out."""
    before, total = rebasing.look(), sum(rebasing.entitled.values())
    rebasing.token.act("rebase", [rebasing.system.address], 11, 10, sender=stranger)
    assert rebasing.system.assets() == total * 11 // 10
    assert rebasing.look() == before
    rebasing.dismiss()
    assert (rebasing.system.assets(), rebasing.system.liabilities()) == (total // 10, 0)


@pytest.mark.rule("C-4")
@pytest.mark.case(28)
@pytest.mark.systems("delegated", "device")
def test_what_a_token_takes_from_balances_the_last_ones_lack(
    rebasing: Stage, stranger: AccountAPI
) -> None:
    """Case 28: such a token is not for these contracts. Who brings what lacks helps the last one.

    Nobody is paid less than he is owed, nor is anything shared out: who comes first is paid.
    """
    total = sum(rebasing.entitled.values())
    rebasing.token.act("rebase", [rebasing.system.address], 9, 10, sender=stranger)
    missing = total // 10
    assert rebasing.system.liabilities() - rebasing.system.assets() == missing

    before, refused = rebasing.held(), []
    for step in rebasing.ways_out():
        if step.opens_at > rebasing.cast.clock.now:
            rebasing.cast.clock.at(step.opens_at)
        refusal = refusal_of(step.action, *step.arguments)
        if refusal is not None:
            refused.append((step, refusal))
    left, owed = rebasing.system.assets(), rebasing.system.liabilities()
    assert owed - left == missing
    ((last, refusal),) = refused
    assert refusal == Refused(
        "InsufficientBalance", account=rebasing.system.address, balance=left, needed=owed
    )
    rebasing.give(missing)
    last.action(*last.arguments)
    got = {who: held - before[who] for who, held in rebasing.held().items()}
    assert got == rebasing.entitled
    assert (rebasing.system.assets(), rebasing.system.liabilities()) == (0, 0)


@pytest.mark.rule("C-4", "D-10")
@pytest.mark.case(27)
@pytest.mark.systems("device")
def test_a_token_that_rounds_what_it_moves_lacks_a_wei_for_the_last_one(
    people: Cast, mocks: Mocks, roles: Roles, owner: AccountAPI, worker: AccountAPI
) -> None:
    """Case 27: the bonds of liquid staking move a share for each wei, which is worth more.

    Whoever sends those few wei lets him out. Certificates are moved as they are counted.
    """
    pool = pool_at("4/3 or so", people.chain, roles, mocks)
    pool.stake(owner, 300 * IO, bonds=True)
    system, own = device_of(people, pool.bonds), 200 * IO
    pool.bonds.act("transfer", worker.address, own + 10, sender=owner)
    system.token.approve(worker, system.address, UNLIMITED)
    system.stake(worker, SPARE, own + 10)
    for _ in range(10):
        system.unstake_amount(worker, SPARE, 1, ExitKind.OVERFLOW)
    left_at = system.unstake(worker, SPARE).timestamp
    people.clock.at(left_at + COOLDOWN)
    held = system.assets()
    assert own - 10 < held < own == system.liabilities()
    mine = id_of(worker.address, 1)
    assert refusal_of(system.withdraw, worker, mine) == Refused(
        "ERC20InsufficientBalance", sender=system.address, balance=held, needed=own
    )
    pool.bonds.act("transfer", system.address, own - held, sender=owner)
    before = system.token.balance_of(worker.address)
    system.withdraw(worker, mine)
    # The last share is worth a wei more than what was left to move.
    assert system.token.balance_of(worker.address) - before == own + 1
    assert system.liabilities() == 0


@pytest.mark.rule("C-12", "E-2", "E-4")
@pytest.mark.case(16)
@pytest.mark.systems("delegated")
@pytest.mark.parametrize("decimals", [6, 0])
def test_a_minimum_is_counted_in_the_smallest_unit_whatever_the_decimals(
    people: Cast,
    mocks: Mocks,
    delegator: AccountAPI,
    provider: AccountAPI,
    owner: AccountAPI,
    decimals: int,
) -> None:
    """Case 16: a thousand tokens of 6 decimals are too few, and nothing is cut."""
    token = mocks.deploy("CoarseToken")
    token.act("choose", decimals, sender=owner)
    system = delegated_of(people, token)
    system.add_provider(owner, provider.address, 0)
    thousand = 1000 * 10**decimals
    system.fund(owner, delegator, MINIMUM + 1)
    assert refusal_of(system.stake, delegator, provider.address, thousand) == BelowMinimum(
        amount=thousand, minimum=MINIMUM
    )
    lot = system.stake(delegator, provider.address, MINIMUM + 1).main.stake_id
    people.clock.at(ORIGIN + 13 * W)
    # One unit is too little for all that are staked, and is kept until there is more to divide.
    system.fund(owner, owner, 2 * MINIMUM)
    system.distribute(owner, provider.address, 1)
    assert system.stake_of(lot).rewards == 0
    system.distribute(owner, provider.address, MINIMUM)
    system.unstake(delegator, lot, MINIMUM + 1)
    people.clock.at(ORIGIN + 15 * W)
    system.claim(delegator, lot)
    assert system.token.balance_of(delegator.address) == 2 * (MINIMUM + 1)
    assert (system.assets(), system.liabilities()) == (0, 0)


@pytest.mark.rule("D-3", "D-5", "D-7")
@pytest.mark.case(16)
@pytest.mark.systems("device")
@pytest.mark.parametrize("decimals", [6, 0])
def test_a_requirement_is_counted_in_the_smallest_unit_whatever_the_decimals(
    people: Cast, mocks: Mocks, worker: AccountAPI, owner: AccountAPI, decimals: int
) -> None:
    """Case 16: 200 tokens of 6 decimals do not make a device eligible, and leave to the unit."""
    token = mocks.deploy("CoarseToken")
    token.act("choose", decimals, sender=owner)
    system = device_of(people, token)
    amount = 200 * 10**decimals
    system.fund(owner, worker, amount)
    system.stake(worker, SPARE, amount)
    assert not system.is_eligible(SPARE)
    assert system.overflow(SPARE) == 0
    left_at = system.unstake(worker, SPARE).timestamp
    people.clock.at(left_at + COOLDOWN)
    system.withdraw(worker, id_of(worker.address, 1))
    assert system.token.balance_of(worker.address) == amount
    assert (system.assets(), system.liabilities()) == (0, 0)
