"""The model of liquid staking against the examples of the specification, worked out by hand."""

from __future__ import annotations

import copy
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from unbond.models.base import (
    CLAIMABLE,
    CLOSED,
    EXIT,
    LEAVING,
    POWERS,
    Broken,
    Move,
    Outcome,
    Refusal,
    Row,
)
from unbond.models.liquid import (
    DAY,
    FIRST_FIT,
    MIN_SHARES,
    MIN_STAKE,
    PARTIAL_FIFO,
    PAYOUT_TARGET,
    LiquidDraws,
    LiquidModel,
    Validator,
)
from unbond.systems.liquid import LiquidStaking, Setup

if TYPE_CHECKING:
    from collections.abc import Callable

COIN = 10**18
POOL, OWNER, TREASURY, ANNA, BEN, STRANGER, ELSEWHERE = range(1000, 1007)
START = 1_900_000_000
LOCKUP = 35 * DAY


class Story:
    """A pool, and who does what in it."""

    def __init__(
        self, policy: int = FIRST_FIT, *, validators: int = 1, rate: int = 0, funds: int = 10**24
    ) -> None:
        self.model = LiquidModel(POOL, OWNER, policy=policy, treasury=TREASURY)
        self.model.now = START
        for _ in range(validators):
            self.model.add_validator(LOCKUP, rate, funds)
        for somebody in (OWNER, ANNA, BEN, STRANGER):
            self.model.fund(somebody, 100_000 * COIN)

    def do(self, sender: int, action: str, *arguments: Any, at: int | None = None) -> Outcome:
        """Do something in the same second, or at a later one."""
        outcome = self.model.do(
            Move(self.model.now if at is None else at, sender, action, arguments)
        )
        self.model.check_laws(outcome)
        return outcome

    def done(self, sender: int, action: str, *arguments: Any, at: int | None = None) -> Any:
        """Do something that succeeds; returns the first thing that it returns."""
        outcome = self.do(sender, action, *arguments, at=at)
        assert outcome.refusal is None
        return outcome.returned[0] if outcome.returned else None

    def refused(
        self, sender: int, action: str, *arguments: Any, at: int | None = None
    ) -> tuple[Any, ...]:
        """Do something that is refused, and changes nothing; returns why."""
        before = copy.deepcopy(state(self.model))
        outcome = self.do(sender, action, *arguments, at=at)
        assert outcome.refusal is not None
        assert (outcome.returned, outcome.events) == ((), ())
        assert state(self.model) == before
        return (outcome.refusal.name, *outcome.refusal.numbers)

    def earn(self, amount: int, validator: int = 0) -> None:
        """Let a validator have earned an amount in wei."""
        self.model.validators[validator].earned = amount


def state(model: LiquidModel) -> dict[str, Any]:
    """Everything that actions change."""
    kept = {name: value for name, value in vars(model).items() if name not in UNIMPORTANT}
    kept["money"] = [(money.held, money.allowed) for money in model.money]
    return kept


UNIMPORTANT = (
    *("now", "money", "coin", "bonds", "certificates"),
    *("_events", "_methods", "_rate", "touched"),
)


def id_of(account: int, place: int) -> int:
    return account << 96 | place


def test_the_model_has_the_actions_of_the_driver() -> None:
    specs = {name: spec for name, spec in LiquidStaking.actions().items() if spec.sends}
    assert set(specs) == {*LiquidModel.actions, *LiquidModel.common_actions}
    assert LiquidModel.powers == LiquidStaking.powers
    told = {kind.__name__ for kind in LiquidStaking.event_types}
    assert set(LiquidModel.payments) <= told


@pytest.mark.rule("L-2")
def test_tokens_are_the_first_contracts_that_the_pool_makes() -> None:
    model = LiquidModel(
        0x6AC7EA33F8831EA9DCC53393AAA88B25A785DBF0, OWNER, policy=FIRST_FIT, treasury=TREASURY
    )
    assert model.bonds_token == 0x343C43A37D37DFF08AE8C4A11544C718ABB4FCF8
    assert model.certificates_token == 0xF778B86FA74E846C4F0A1FBD1335FE81C00A0C91


@pytest.mark.rule("L-3", "L-10")
def test_a_setup_becomes_a_model() -> None:
    setup = Setup.model_validate(
        {
            "policy": "partial fifo",
            "validators": [{"lockup": "1d", "rate": "5 %", "funds": "7 FTM"}, {}],
            "treasury": "bank",
        }
    )
    accounts = {"owner": OWNER, "bank": TREASURY}
    model = LiquidModel.establish(setup, accounts.__getitem__, address=POOL, now=START)
    assert (model.policy, model.treasury, model.owner) == (PARTIAL_FIFO, TREASURY, OWNER)
    assert model.validators == [Validator(-1, DAY, 500), Validator(-2, LOCKUP, 1000)]
    assert [model.funds_of(one) for one in model.validators] == [7 * COIN, 1000 * COIN]
    assert (model.assets(), model.liabilities()) == (0, 0)


# Staking.


@pytest.mark.rule("L-1", "L-3")
def test_stakes_go_to_validators_in_turn() -> None:
    story = Story(validators=2)
    model = story.model
    assert story.do(ANNA, "stake_for_bonds", 10 * COIN) == Outcome(
        (10 * COIN,),
        (
            ("Staked", ANNA, model.bonds_token, 10 * COIN, 10 * COIN),
            ("Delegated", 0, 10 * COIN),
        ),
        None,
    )
    assert story.do(BEN, "stake_for_certificates", 2 * COIN, at=START + 5) == Outcome(
        (2 * COIN,),
        (
            ("Staked", BEN, model.certificates_token, 2 * COIN, 2 * COIN),
            ("Delegated", 1, 2 * COIN),
        ),
        None,
    )
    assert story.do(BEN, "top_up", 3 * COIN) == Outcome(
        (3 * COIN,), (("ToppedUp", BEN, 3 * COIN, 3 * COIN),), None
    )
    assert model.balances(ANNA) == (99_990 * COIN, 10 * COIN, 0)
    assert model.balances(BEN) == (99_995 * COIN, 0, 5 * COIN)
    assert model.ledger() == (12 * COIN, 0, 3 * COIN, 0, 15 * COIN, 0, 0)
    assert [one.opens for one in model.validators] == [START + LOCKUP, START + 5 + LOCKUP]
    assert model.positions(ANNA) == []
    assert model.touched == set()


@pytest.mark.rule("L-1", "C-6", "C-12")
@pytest.mark.parametrize("action", ["stake_for_bonds", "stake_for_certificates", "top_up"])
def test_stakes_are_refused_in_this_order(action: str) -> None:
    story = Story()
    story.done(OWNER, "pause")
    assert story.refused(ANNA, action, 0) == ("EnforcedPause",)
    story.done(OWNER, "unpause")
    assert story.refused(ANNA, action, 0) == ("ZeroAmount",)
    assert story.refused(ANNA, action, MIN_STAKE - 1) == ("BelowMinimum", MIN_STAKE - 1, MIN_STAKE)
    model = story.model
    model.pool_value, model.shares = 2 * COIN + 1, 2
    model.certificates.held[BEN] = 2
    model.free = model.coin.held[POOL] = 2 * COIN + 1
    assert story.refused(ANNA, action, COIN) == ("LessThanAShare", COIN, COIN)
    assert story.done(ANNA, action, COIN + 1) == 1


@pytest.mark.rule("L-1", "L-2", "L-4")
def test_shares_are_rounded_down_when_made_and_up_when_an_amount_is_burnt() -> None:
    story = Story()
    model = story.model
    story.done(ANNA, "stake_for_bonds", 10 * COIN)
    story.earn(20)
    assert story.do(STRANGER, "harvest", 0, at=START + LOCKUP) == Outcome(
        (20,), (("Harvested", 0, 20, 3, 0),), None
    )
    # 10 * 10**18 shares are worth 17 wei more: a coin buys 10**18 - 1.7.
    assert story.done(BEN, "stake_for_certificates", COIN) == COIN - 2
    assert model.balances(ANNA)[1:] == (10 * COIN + 17, 0)
    assert model.worth(COIN - 2) == COIN - 1
    # Of 2 wei, the fewest shares that are worth it are 2; they are gone, and 2 are owed.
    assert story.do(ANNA, "burn_bonds", 2).events == (("Burnt", ANNA, id_of(ANNA, 1), 2, 2),)
    assert model.shares_worth(COIN) == COIN - 1
    shares = COIN - 2
    worth = model.worth(shares)
    assert story.do(BEN, "burn_certificates", shares) == Outcome(
        (id_of(BEN, 2),), (("Burnt", BEN, id_of(BEN, 2), shares, worth),), None
    )
    assert worth == COIN - 1


@pytest.mark.rule("L-2", "C-12")
def test_conversion_loses_nothing() -> None:
    story = Story()
    model = story.model
    story.done(ANNA, "stake_for_bonds", 3 * COIN)
    story.earn(COIN)
    story.done(ANNA, "harvest", 0, at=START + LOCKUP)
    worth = model.balances(ANNA)[1]
    assert worth == 3 * COIN + 85 * COIN // 100
    assert story.do(ANNA, "bonds_to_certificates", COIN) == Outcome(
        (), (("Converted", ANNA, model.certificates_token, COIN),), None
    )
    assert story.do(ANNA, "certificates_to_bonds", COIN) == Outcome(
        (), (("Converted", ANNA, model.bonds_token, COIN),), None
    )
    assert model.balances(ANNA)[1:] == (worth, 0)
    for action in ("bonds_to_certificates", "certificates_to_bonds", "burn_bonds"):
        assert story.refused(ANNA, action, 0) == ("ZeroAmount",)
    assert story.refused(ANNA, "burn_certificates", 0) == ("ZeroAmount",)
    missing = "ERC20InsufficientBalance", ANNA
    assert story.refused(ANNA, "burn_bonds", worth + 1) == (*missing, worth, worth + 1)
    assert story.refused(ANNA, "burn_certificates", 1) == (*missing, 0, 1)
    assert story.refused(ANNA, "certificates_to_bonds", 1) == (*missing, 0, 1)
    # Bonds tell what is missing as an amount.
    too_many = 3 * COIN + 3
    needed = model.worth(too_many)
    assert story.refused(ANNA, "bonds_to_certificates", too_many) == (*missing, worth, needed)


@pytest.mark.rule("L-1")
def test_what_is_rounded_off_is_not_left_to_a_few_shares() -> None:
    story = Story()
    model = story.model
    story.done(ANNA, "stake_for_bonds", COIN)
    story.earn(2 * COIN)
    story.done(ANNA, "harvest", 0, at=START + LOCKUP)
    # A share is worth 2.7 wei. Enough are left: exactly the amount is owed.
    assert story.do(ANNA, "burn_bonds", 1).events[0][3:] == (1, 1)
    most = COIN - 1 - MIN_SHARES
    amount = model.worth(most) - 1
    assert story.do(ANNA, "burn_bonds", amount).events[0][3:] == (most, amount)
    assert model.shares == MIN_SHARES
    # With one share less than that: all that the burnt one is worth.
    assert story.do(ANNA, "burn_bonds", 1).events[0][3:] == (1, 2)
    assert model.shares == MIN_SHARES - 1


@pytest.mark.rule("L-1", "L-3")
def test_rewards_for_few_shares_are_the_treasurys() -> None:
    story = Story()
    model = story.model
    story.done(ANNA, "stake_for_bonds", COIN)
    story.earn(2 * COIN)
    story.done(ANNA, "harvest", 0, at=START + LOCKUP)
    story.done(ANNA, "bonds_to_certificates", COIN)
    story.done(ANNA, "burn_certificates", COIN - 10)
    assert (model.shares, model.pool_value) == (10, 27)
    # 85 of 100 wei buy 31 shares, which are worth 83.7: 84, and the fee is the rest.
    story.earn(100)
    assert story.do(BEN, "harvest", 0, at=START + 2 * LOCKUP).events == (
        ("Harvested", 0, 100, 16, 31),
    )
    assert (model.shares, model.pool_value) == (41, 111)
    assert model.balances(TREASURY) == (30 * COIN // 100 + 16, 0, 31)


@pytest.mark.rule("L-3")
def test_rewards_that_belong_to_nobody_are_the_treasurys() -> None:
    story = Story()
    model = story.model
    story.done(ANNA, "stake_for_certificates", COIN)
    story.done(ANNA, "burn_certificates", COIN)
    assert (model.shares, model.pool_value) == (0, 0)
    story.earn(1000)
    assert story.do(BEN, "harvest", 0, at=START + LOCKUP).events == (
        ("Harvested", 0, 1000, 150, 850),
    )
    assert model.balances(TREASURY) == (150, 0, 850)
    assert model.ledger() == (COIN, 0, 850, 0, 850, COIN, 0)
    # Whoever stakes then pays a wei a share.
    assert story.done(BEN, "stake_for_bonds", COIN) == COIN


# Validators.


@pytest.mark.rule("L-3", "C-1")
@pytest.mark.parametrize(("late", "opens"), [(-1, False), (0, True), (1, True)])
def test_a_harvest_in_the_seconds_around_the_end_of_a_period(late: int, opens: bool) -> None:
    story = Story(rate=1000)
    model = story.model
    story.done(ANNA, "stake_for_bonds", 365 * COIN)
    until = START + LOCKUP
    assert model.deadlines == [until]
    second = until + late
    if not opens:
        for who, action in ((BEN, ("harvest", 0)), (OWNER, ("release", 0, 0))):
            assert story.refused(who, *action, at=second) == ("LockupRunning", until)
        return
    # 36.5 coins in 365 days: 3.5 in 35.
    rewards = 365 * COIN * 1000 * (LOCKUP + late) // (10_000 * 365 * DAY)
    fee = rewards * 15 // 100
    assert late or rewards == 350 * COIN // 100
    assert story.do(BEN, "harvest", 0, at=second) == Outcome(
        (rewards,), (("Harvested", 0, rewards, fee, 0),), None
    )
    assert model.balances(TREASURY)[0] == fee
    assert model.ledger() == (365 * COIN, 0, rewards - fee, 0, 365 * COIN + rewards - fee, 0, 0)
    # The next period begins with the harvest.
    assert story.refused(BEN, "harvest", 0, at=second + LOCKUP - 1) == (
        "LockupRunning",
        second + LOCKUP,
    )
    assert story.done(BEN, "harvest", 0, at=second + LOCKUP) == 350 * COIN // 100


@pytest.mark.rule("L-3")
def test_rewards_are_rounded_down_whenever_principal_changes() -> None:
    story = Story(rate=1)
    model = story.model
    (validator,) = model.validators
    story.done(ANNA, "stake_for_bonds", COIN)
    # 10**18 / (10 000 * 31 536 000) = 3 170 979.198… a second.
    assert validator.rewards(START + 1) == 3_170_979
    assert validator.rewards(START + 5) == 15_854_895
    story.done(ANNA, "stake_for_bonds", COIN, at=START + 1)
    story.done(ANNA, "stake_for_bonds", COIN, at=START + 2)
    # 3 170 979 + 6 341 958.39… + 9 512 937.59…
    assert validator.rewards(START + 3) == 3_170_979 + 6_341_958 + 9_512_937
    # Further stakes do not move the period.
    assert validator.opens == START + LOCKUP


@pytest.mark.rule("L-3", "L-9", "C-12")
def test_validators_are_refused_in_this_order() -> None:
    story = Story(rate=1000, funds=0)
    no_role = "AccessControlUnauthorizedAccount", BEN, POWERS["OPERATOR_ROLE"]
    assert story.refused(BEN, "release", 7, 0) == no_role
    assert story.refused(BEN, "schedule_release", 7, 0) == no_role
    assert story.refused(OWNER, "release", 1, 0) == ("UnknownId", 1)
    assert story.refused(OWNER, "schedule_release", 1, 0) == ("UnknownId", 1)
    assert story.refused(BEN, "harvest", 1) == ("UnknownId", 1)
    # Before the first stake there is no period, and nothing has been earned.
    assert story.refused(BEN, "harvest", 0) == ("ZeroAmount",)
    assert story.refused(OWNER, "release", 0, 1) == ("ExceedsPrincipal", 1, 0)
    story.done(ANNA, "stake_for_bonds", 365 * COIN)
    assert story.refused(BEN, "harvest", 0) == ("LockupRunning", START + LOCKUP)
    assert story.refused(OWNER, "release", 0, 0) == ("LockupRunning", START + LOCKUP)
    end = START + LOCKUP
    assert story.refused(OWNER, "release", 0, 0, at=end) == ("ZeroAmount",)
    assert story.refused(OWNER, "release", 0, 365 * COIN + 1) == (
        "ExceedsPrincipal",
        365 * COIN + 1,
        365 * COIN,
    )
    assert story.refused(BEN, "harvest", 0) == ("Underfunded", 350 * COIN // 100, 0)


@pytest.mark.rule("L-9")
def test_a_harvest_releases_first_what_was_scheduled() -> None:
    story = Story(rate=1000)
    model = story.model
    story.done(ANNA, "stake_for_certificates", 365 * COIN)
    assert story.do(OWNER, "schedule_release", 0, 5) == Outcome(
        (), (("ReleaseScheduled", 0, 0, 5),), None
    )
    # More than there is: all of it.
    assert story.do(OWNER, "schedule_release", 0, 1000 * COIN).events == (
        ("ReleaseScheduled", 0, 5, 1000 * COIN),
    )
    rewards = 350 * COIN // 100
    fee = rewards * 15 // 100
    assert story.do(BEN, "harvest", 0, at=START + LOCKUP) == Outcome(
        (rewards,),
        (
            ("ReleaseScheduled", 0, 1000 * COIN, 0),
            ("Released", 0, 365 * COIN),
            ("Harvested", 0, rewards, fee, 0),
        ),
        None,
    )
    assert model.ledger()[:3] == (0, 365 * COIN, rewards - fee)
    # What was released earns nothing any more.
    assert story.refused(BEN, "harvest", 0, at=START + 2 * LOCKUP) == ("ZeroAmount",)


@pytest.mark.rule("L-9", "L-10")
def test_liquidity_is_spent_rewards_first_and_redelegated_when_nobody_waits() -> None:
    story = Story(validators=2)
    model = story.model
    story.done(ANNA, "stake_for_certificates", 20 * COIN)
    assert story.refused(BEN, "redelegate") == ("ZeroAmount",)
    request = story.done(ANNA, "burn_certificates", 6 * COIN)
    assert story.refused(BEN, "redelegate") == ("RequestsWaiting", 6 * COIN)
    assert story.do(OWNER, "release", 0, 9 * COIN, at=START + LOCKUP) == Outcome(
        (), (("Released", 0, 9 * COIN),), None
    )
    story.done(BEN, "top_up", 2 * COIN)
    assert model.ledger() == (11 * COIN, 9 * COIN, 2 * COIN, 0, 16 * COIN, 6 * COIN, 0)
    assert story.do(BEN, "settle", 1) == Outcome(
        (1, 6 * COIN),
        (("Paid", ANNA, request, 6 * COIN), ("Settled", 1, 6 * COIN, 5 * COIN)),
        None,
    )
    assert model.ledger() == (11 * COIN, 5 * COIN, 0, 0, 16 * COIN, 0, 0)
    # The first stake went to the first validator.
    assert story.do(BEN, "redelegate") == Outcome((5 * COIN,), (("Delegated", 1, 5 * COIN),), None)
    assert model.ledger() == (16 * COIN, 0, 0, 0, 16 * COIN, 0, 0)
    assert model.validators[1].opens == START + 2 * LOCKUP


# The queue.


def worked_example(policy: int) -> tuple[Story, int, int]:
    """A waits for 10 000, then B for 1; after 35 days a harvest brings 100, 85 of it free."""
    story = Story(policy)
    story.done(ANNA, "stake_for_bonds", 10_000 * COIN)
    story.done(BEN, "stake_for_certificates", 500 * COIN)
    later = START + DAY
    a = story.done(ANNA, "burn_bonds", 10_000 * COIN, at=later)
    b = story.done(BEN, "burn_certificates", COIN)
    assert (a, b) == (id_of(ANNA, 1), id_of(BEN, 2))
    model = story.model
    assert (model.queue_ahead(a), model.queue_ahead(b)) == (0, 10_000 * COIN)
    assert model.positions(ANNA) == [Row(a, EXIT, LEAVING, 10_000 * COIN, 0, 0, "StillWaiting")]
    assert later + PAYOUT_TARGET in model.deadlines
    waiting = "StillWaiting", COIN, 0
    assert story.refused(BEN, "claim", b, BEN) == waiting
    story.earn(100 * COIN)
    assert story.do(STRANGER, "harvest", 0, at=START + LOCKUP) == Outcome(
        (100 * COIN,), (("Harvested", 0, 100 * COIN, 15 * COIN, 0),), None
    )
    return story, a, b


@pytest.mark.rule("L-4", "L-5", "L-6", "C-1")
def test_the_worked_example_first_fit() -> None:
    story, a, b = worked_example(FIRST_FIT)
    model = story.model
    assert story.do(STRANGER, "settle", 5) == Outcome(
        (1, COIN), (("Paid", BEN, b, COIN), ("Settled", 1, COIN, 84 * COIN)), None
    )
    assert model.touched == {BEN}
    assert model.positions(BEN) == [Row(b, EXIT, CLOSED, 0, 0, 0, "AlreadyPaid")]
    assert model.balances(BEN)[0] == 99_501 * COIN

    # A becomes overdue a day later. Until then, younger ones are paid.
    overdue = START + DAY + PAYOUT_TARGET
    c = story.done(BEN, "burn_certificates", COIN)
    d = story.done(BEN, "burn_certificates", COIN)
    assert story.do(STRANGER, "settle", 1, at=overdue - 1).events == (
        ("Paid", BEN, c, model.worth(COIN)),
        ("Settled", 1, model.worth(COIN), model.liquidity),
    )
    assert not model.is_overdue(a)
    nothing = Outcome((0, 0), (("Settled", 0, 0, model.liquidity),), None)
    assert story.do(STRANGER, "settle", 5, at=overdue) == nothing
    assert model.is_overdue(a)
    assert story.do(STRANGER, "settle", 5, at=overdue + 1) == nothing

    # When there is enough, A is paid, and then D.
    story.done(OWNER, "top_up", 10_000 * COIN)
    amount = model.requests[d].amount
    assert story.do(STRANGER, "settle", 5).events[:2] == (
        ("Paid", ANNA, a, 10_000 * COIN),
        ("Paid", BEN, d, amount),
    )
    assert (model.is_overdue(a), model.queue_ahead(d)) == (False, 0)


@pytest.mark.rule("L-4", "L-7")
def test_the_worked_example_in_parts_by_age() -> None:
    story, a, b = worked_example(PARTIAL_FIFO)
    model = story.model
    assert story.do(STRANGER, "settle", 1) == Outcome(
        (0, 85 * COIN), (("Settled", 0, 85 * COIN, 0),), None
    )
    assert model.touched == {ANNA}
    assert model.positions(ANNA) == [Row(a, EXIT, CLAIMABLE, 10_000 * COIN, 0, 0, "")]
    assert model.queue_ahead(b) == 9915 * COIN
    assert story.refused(BEN, "claim", b, BEN) == ("StillWaiting", COIN, 0)
    assert story.do(ANNA, "claim", a, ELSEWHERE) == Outcome(
        (85 * COIN,), (("Claimed", ANNA, a, ELSEWHERE, 85 * COIN),), None
    )
    assert model.balances(ELSEWHERE)[0] == 85 * COIN
    assert model.positions(ANNA) == [Row(a, EXIT, LEAVING, 9915 * COIN, 0, 0, "StillWaiting")]
    assert story.refused(ANNA, "claim", a, ANNA) == ("StillWaiting", 9915 * COIN, 0)

    # The head first, whatever the number; then what is left goes to the next.
    story.done(OWNER, "top_up", 9915 * COIN + COIN // 4)
    assert story.do(STRANGER, "settle", 1).returned == (0, 9915 * COIN + COIN // 4)
    assert model.touched == {ANNA, BEN}
    assert (model.requests[b].claimable, model.queue_ahead(b)) == (COIN // 4, 0)
    assert story.done(ANNA, "claim", a, ANNA) == 9915 * COIN
    assert model.positions(ANNA) == [Row(a, EXIT, CLOSED, 0, 0, 0, "AlreadyPaid")]
    assert story.refused(ANNA, "claim", a, ANNA) == ("AlreadyPaid", a)
    assert model.ledger()[3:] == (COIN // 4, model.pool_value, 3 * COIN // 4, COIN // 4)


@pytest.mark.rule("L-5")
def test_as_many_are_paid_as_the_caller_asks_and_those_that_do_not_fit_do_not_count() -> None:
    story = Story()
    story.done(ANNA, "stake_for_certificates", 100 * COIN)
    ids = [story.done(ANNA, "burn_certificates", n * COIN) for n in (3, 50, 3, 2, 1)]
    story.done(BEN, "top_up", 8 * COIN)
    assert story.refused(BEN, "settle", 0) == ("ZeroAmount",)
    assert story.do(BEN, "settle", 2).events == (
        ("Paid", ANNA, ids[0], 3 * COIN),
        ("Paid", ANNA, ids[2], 3 * COIN),
        ("Settled", 2, 6 * COIN, 2 * COIN),
    )
    assert story.model.queue_ahead(ids[3]) == 50 * COIN
    assert story.do(BEN, "settle", 50).events == (
        ("Paid", ANNA, ids[3], 2 * COIN),
        ("Settled", 1, 2 * COIN, 0),
    )


@pytest.mark.rule("L-8", "C-5")
def test_who_refuses_coins_delays_nobody_and_claims_elsewhere() -> None:
    story = Story()
    model = story.model
    story.done(ANNA, "stake_for_certificates", 5 * COIN)
    story.done(BEN, "stake_for_certificates", 5 * COIN)
    a = story.done(ANNA, "burn_certificates", COIN)
    b = story.done(BEN, "burn_certificates", 2 * COIN)
    model.refusing.add(ANNA)
    story.done(OWNER, "top_up", 4 * COIN)
    assert story.do(OWNER, "settle", 2) == Outcome(
        (2, 3 * COIN),
        (
            ("SetAside", ANNA, a, COIN),
            ("Paid", BEN, b, 2 * COIN),
            ("Settled", 2, 3 * COIN, COIN),
        ),
        None,
    )
    assert model.positions(ANNA) == [Row(a, EXIT, CLAIMABLE, COIN, 0, 0, "")]
    assert model.ledger()[3:] == (COIN, model.pool_value, 0, COIN)
    unknown = id_of(ANNA, 2)
    assert story.refused(BEN, "claim", unknown, 0) == ("UnknownId", unknown)
    assert story.refused(BEN, "claim", a, 0) == ("NotYours", ANNA, BEN)
    assert story.refused(ANNA, "claim", a, 0) == ("ZeroAddress",)
    for closed in (ANNA, POOL, model.bonds_token, model.certificates_token):
        assert story.refused(ANNA, "claim", a, closed) == ("PaymentRefused", closed)
    assert story.do(ANNA, "claim", a, ELSEWHERE) == Outcome(
        (COIN,), (("Claimed", ANNA, a, ELSEWHERE, COIN),), None
    )
    assert model.touched == {ELSEWHERE}
    assert story.refused(ANNA, "claim", a, ANNA) == ("AlreadyPaid", a)
    assert story.refused(BEN, "claim", b, 0) == ("ZeroAddress",)


@pytest.mark.rule("L-3")
def test_a_treasury_that_refuses_coins_claims_its_fees_later() -> None:
    story = Story()
    model = story.model
    model.refusing.add(TREASURY)
    story.done(ANNA, "stake_for_bonds", COIN)
    story.earn(COIN)
    assert story.do(ANNA, "harvest", 0, at=START + LOCKUP).events == (
        ("Harvested", 0, COIN, 15 * COIN // 100, 0),
        ("FeeSetAside", 15 * COIN // 100),
    )
    assert model.ledger()[3::3] == (15 * COIN // 100, 15 * COIN // 100)
    assert story.refused(ANNA, "claim_fees", 0) == ("NotYours", TREASURY, ANNA)
    assert story.refused(TREASURY, "claim_fees", 0) == ("ZeroAddress",)
    assert story.refused(TREASURY, "claim_fees", TREASURY) == ("PaymentRefused", TREASURY)
    assert story.do(TREASURY, "claim_fees", ELSEWHERE) == Outcome(
        (15 * COIN // 100,), (("FeesClaimed", ELSEWHERE, 15 * COIN // 100),), None
    )
    assert story.refused(TREASURY, "claim_fees", TREASURY) == ("ZeroAmount",)
    # A wei of rewards has no fee.
    story.earn(1)
    assert story.do(ANNA, "harvest", 0, at=START + 2 * LOCKUP).events == (
        ("Harvested", 0, 1, 0, 0),
    )


@pytest.mark.rule("L-1", "L-2")
def test_sending_bonds_moves_the_fewest_shares_that_are_worth_them() -> None:
    story = Story()
    model = story.model
    story.done(ANNA, "stake_for_bonds", 3 * COIN)
    story.earn(COIN)
    story.do(BEN, "harvest", 0, at=START + LOCKUP)
    value, shares = model.pool_value, model.shares
    moved = -(-COIN * shares // value)
    assert story.do(ANNA, "send_bonds", BEN, COIN) == Outcome(
        (1,), (("BondsSent", ANNA, BEN, COIN),), None
    )
    assert (model.bonds.held[ANNA], model.bonds.held[BEN]) == (shares - moved, moved)
    assert model.bonds.of(BEN) in (COIN, COIN + 1)
    assert model.touched == {BEN}
    held = model.bonds.of(BEN)
    assert story.refused(BEN, "send_bonds", ANNA, held + 1) == (
        *("ERC20InsufficientBalance", BEN, held, held + 1),
    )
    assert story.refused(BEN, "send_bonds", 0, held) == ("ERC20InvalidReceiver", 0)
    story.done(BEN, "send_bonds", ANNA, held)
    assert model.bonds.held[BEN] == 0
    story.done(ANNA, "bonds_to_certificates", 7)
    assert story.do(ANNA, "send_certificates", BEN, 5) == Outcome(
        (1,), (("CertificatesSent", ANNA, BEN, 5),), None
    )
    assert (model.certificates.of(ANNA), model.certificates.of(BEN)) == (2, 5)
    assert story.refused(ANNA, "send_certificates", BEN, 3) == (
        *("ERC20InsufficientBalance", ANNA, 2, 3),
    )


def _misbalanced(story: Story) -> Outcome:
    story.model.free += 1
    return NOTHING


def _dearer_before(story: Story) -> Outcome:
    story.model._rate = 2, 1
    return NOTHING


def _overtaken(story: Story) -> Outcome:
    first, second = story.model.waiting
    story.model.now = first.at + PAYOUT_TARGET
    return Outcome((), (("Paid", BEN, second.id, 0),), None)


def _out_of_order(story: Story) -> Outcome:
    story.model.policy = PARTIAL_FIFO
    story.model.waiting[1].claimable = 1
    story.model.waiting[1].amount += 1
    return NOTHING


def _nobodys_share(story: Story) -> Outcome:
    story.model.bonds.held[ANNA] += 1
    return NOTHING


def _coins_astray(story: Story) -> Outcome:
    story.model.coin.held[POOL] += 1
    return NOTHING


def _forgotten(story: Story) -> Outcome:
    story.model.waiting.clear()
    return NOTHING


NOTHING = Outcome((), (), None)


@pytest.mark.rule("L-1", "L-6", "L-7", "L-10")
@pytest.mark.parametrize(
    ("happens", "law"),
    [
        (_misbalanced, "balance: "),
        (_coins_astray, "coins: 1"),
        (_forgotten, "queue: 0, "),
        (_nobodys_share, "shares: "),
        (_dearer_before, "rate: "),
        (_overtaken, "order: somebody overdue: "),
        (_out_of_order, "order: parts of younger ones: "),
    ],
)
def test_the_laws_notice(happens: Callable[[Story], Outcome], law: str) -> None:
    story = Story()
    story.done(ANNA, "stake_for_bonds", 100 * COIN)
    story.done(ANNA, "burn_bonds", 10 * COIN)
    story.done(ANNA, "burn_bonds", 20 * COIN)
    story.model.check_laws(NOTHING)
    outcome = happens(story)
    with pytest.raises(Broken, match=law):
        story.model.check_laws(outcome)


# What people try.

SHARES = {"ZeroAmount", "ERC20InsufficientBalance"}
SENDS = {"ERC20InvalidReceiver", "ERC20InsufficientBalance"}
STAKES = {"EnforcedPause", "ZeroAmount", "BelowMinimum"}
POWER = "AccessControlUnauthorizedAccount"
REACHABLE = {
    "stake_for_bonds": STAKES,
    "stake_for_certificates": STAKES,
    "top_up": STAKES,
    "bonds_to_certificates": SHARES,
    "certificates_to_bonds": SHARES,
    "send_bonds": SENDS,
    "send_certificates": SENDS,
    "burn_bonds": SHARES,
    "burn_certificates": SHARES,
    "claim": {
        *("UnknownId", "NotYours", "ZeroAddress"),
        *("AlreadyPaid", "StillWaiting", "PaymentRefused"),
    },
    "harvest": {"UnknownId", "LockupRunning", "ZeroAmount", "Underfunded"},
    "settle": {"ZeroAmount"},
    "redelegate": {"RequestsWaiting", "ZeroAmount"},
    "claim_fees": {"NotYours", "ZeroAddress", "ZeroAmount", "PaymentRefused"},
    "release": {POWER, "UnknownId", "LockupRunning", "ZeroAmount", "ExceedsPrincipal"},
    "schedule_release": {POWER, "UnknownId"},
    "pause": {POWER, "EnforcedPause"},
    "unpause": {POWER, "ExpectedPause"},
    "grant_role": {"OwnableUnauthorizedAccount"},
    "revoke_role": {"OwnableUnauthorizedAccount"},
    "transfer_ownership": {"OwnableUnauthorizedAccount"},
    "accept_ownership": {"OwnableUnauthorizedAccount"},
}
"""A share is never dear enough for ``LessThanAShare``; simulated validators pay what they say."""


@pytest.mark.rule("L-1", "L-10", "C-4")
def test_draws_reach_everything_and_about_half_of_them_succeed() -> None:
    accounts = {role: 2000 + place for place, role in enumerate(LiquidDraws.people)}
    done: Counter[str] = Counter()
    refused: dict[str, set[str]] = {name: set() for name in REACHABLE}
    told: set[str] = set()
    steps = 0
    for seed in range(120):
        random = Random(seed)
        setup = Setup.model_validate(LiquidDraws.setup(random))
        model = LiquidModel.establish(setup, accounts.__getitem__, address=POOL, now=START)
        for role, amount in LiquidDraws.funds.items():
            model.fund(accounts[role], amount)
        model.refusing.update(accounts[role] for role in LiquidDraws.refusing)
        draws = LiquidDraws(model, accounts.__getitem__)
        everything = sum(model.coin.held.values())
        for _ in range(250):
            move = Move(draws.second(random), *draws.action(random))
            held = model.coin.of(move.sender)
            if move.action in ("stake_for_bonds", "stake_for_certificates", "top_up"):
                assert move.arguments[0] <= held
            outcome = model.do(move)
            model.check_laws(outcome)
            steps += 1
            if isinstance(outcome.refusal, Refusal):
                refused[move.action].add(outcome.refusal.name)
            else:
                done[move.action] += 1
                told.update(fact[0] for fact in outcome.events)
        assert sum(model.coin.held.values()) == everything
        assert min(model.coin.held.values()) >= 0
    assert done.total() > 0.45 * steps
    assert set(done) == set(REACHABLE)
    assert refused == REACHABLE
    assert told >= {kind.__name__ for kind in LiquidStaking.event_types}
