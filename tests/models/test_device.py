"""The model of device staking says what the specification says: the vectors, to the second."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from unbond.models.base import (
    CLAIMABLE,
    CLOSED,
    CO_STAKE,
    EXIT,
    LEAVING,
    LOCKED,
    STAKE,
    UNLOCKED,
    Broken,
    Move,
    Outcome,
    Refusal,
    Row,
)
from unbond.models.device import (
    ANY,
    CO_STAKER_UNSTAKED,
    CO_STAKER_WITHDRAWN,
    FULL,
    IN_COOLDOWN,
    INSUFFICIENT,
    INSUFFICIENT_WAITING,
    OFFER_CLOSED,
    OVERFLOW,
    SUFFICIENT,
    SUFFICIENT_WAITING,
    TERMINATED,
    UNSTAKED,
    DeviceDraws,
    DeviceModel,
)
from unbond.systems.device import DeviceStaking, Setup

IO = 10**18
COOLDOWN, WAIT = 1_209_600, 604_800
NOW = 1_900_000_000

SYSTEM, OWNER, WORKER, CO_STAKER, SECOND, STRANGER = range(1001, 1007)
NOBODY = 1099

CARD, RIG, NONE = 7, 8, 99
"""Devices that require 200 and 800 IO, and one that is none."""

SETUP: Any = Setup.model_validate(
    {
        "devices": {
            str(CARD): {"cards": 1},
            str(RIG): {"cards": 4, "multiplier": "25 %"},
        }
    }
)


def id_of(account: int, number: int) -> int:
    return account << 96 | number


class Story:
    """A model, and a second in which the next thing is done."""

    def __init__(self) -> None:
        self.model = DeviceModel.establish(
            SETUP, {"owner": OWNER}.__getitem__, address=SYSTEM, now=NOW
        )
        for account in (OWNER, WORKER, CO_STAKER, SECOND, STRANGER):
            self.model.fund(account, 10_000 * IO)
        self.now = NOW

    def do(self, sender: int, action: str, *arguments: Any) -> Outcome:
        return self.model.do(Move(self.now, sender, action, arguments))

    def done(self, sender: int, action: str, *arguments: Any) -> Outcome:
        outcome = self.do(sender, action, *arguments)
        assert outcome.refusal is None, outcome.refusal
        return outcome

    def refused(self, sender: int, action: str, *arguments: Any) -> tuple[Any, ...]:
        """The error's name and its numbers."""
        self.model.now = self.now
        before = state_of(self.model)
        outcome = self.do(sender, action, *arguments)
        assert outcome.refusal is not None, outcome
        assert (outcome.returned, outcome.events) == ((), ())
        assert state_of(self.model) == before
        return outcome.refusal.name, *outcome.refusal.numbers

    def rows(self, account: int) -> list[Row]:
        self.model.now = self.now
        return self.model.positions(account)

    def status(self, device: int = RIG) -> int:
        self.model.now = self.now
        return self.model.status_of(device)

    def preview(self, amount: int, device: int = RIG) -> tuple[int, int, int, str]:
        self.model.now = self.now
        return self.model.preview_unstake(device, amount)

    def counted(self) -> int:
        self.model.now = self.now
        return self.model.counted_stake(RIG)

    def co_staked(self, amount: int = 300 * IO, share: int = 2500, by: int = CO_STAKER) -> None:
        """Somebody co-stakes on the rig."""
        nonce = self.done(WORKER, "open_offer", RIG, amount, share).events[0][2]
        self.done(by, "accept_offer", RIG, nonce, amount, share)

    def held(self, account: int) -> int:
        return self.model.balances(account)[0] - 10_000 * IO


def state_of(model: DeviceModel) -> Any:
    """All that is kept, to see that a refusal leaves it as it is."""
    people = (OWNER, WORKER, CO_STAKER, SECOND, STRANGER)
    devices = [
        (
            one.multiplier,
            one.cards,
            one.rented,
            one.terminated,
            one.nonce,
            one.offer,
            one.is_open,
            dict(one.rewards),
            model.counted_stake(one.id),
        )
        for one in model.devices.values()
    ]
    return devices, [model.positions(one) for one in people], dict(model.money[0].held), model.owed


@pytest.fixture
def story() -> Story:
    """Two devices, and nobody on them."""
    return Story()


@pytest.fixture
def solo(story: Story) -> Story:
    """The worker has staked 800 IO on the rig, as much as it requires."""
    story.done(WORKER, "stake", RIG, 800 * IO)
    return story


@pytest.fixture
def pair(solo: Story) -> Story:
    """Beside him 300 IO of the co-staker's, for a quarter of the rewards."""
    solo.co_staked()
    return solo


OWN, CO = id_of(WORKER, 1), id_of(CO_STAKER, 1)


def test_the_model_has_all_actions_of_the_driver() -> None:
    sends = {name for name, spec in DeviceStaking.actions().items() if spec.sends}
    assert sends == {*DeviceModel.actions, *DeviceModel.common_actions}


@pytest.mark.rule("D-1")
@pytest.mark.parametrize(
    ("multiplier", "cards", "requirement"),
    [(100_000, 8, 16_000), (2_500, 4, 800), (0, 1, 200), (10_000, 1, 200), (15_000, 2, 600)],
)
def test_requirements(story: Story, multiplier: int, cards: int, requirement: int) -> None:
    outcome = story.done(OWNER, "register_device", 9, multiplier, cards)
    assert outcome == Outcome((), (("DeviceRegistered", 9, multiplier, cards),), None)
    assert story.model.devices[9].requirement == requirement * IO
    old = story.done(OWNER, "set_requirement", RIG, multiplier, cards)
    assert old.events == (("RequirementChanged", RIG, 2_500, 4, multiplier, cards),)
    assert story.model.devices[RIG].requirement == requirement * IO


@pytest.mark.rule("C-1", "C-11", "D-3", "D-5")
def test_a_lone_owner_is_paid_after_14_days(solo: Story) -> None:
    assert solo.rows(WORKER) == [Row(RIG, STAKE, UNLOCKED, 800 * IO, 0, 0, "")]
    solo.now = t = NOW + 12_345
    end = t + 1_209_600
    assert solo.done(WORKER, "unstake", RIG) == Outcome(
        (OWN,), (("Unstaked", WORKER, RIG, OWN, 800 * IO, end),), None
    )
    assert solo.model.deadlines == [end]
    solo.now = t + 1_209_599
    assert solo.refused(WORKER, "withdraw", OWN) == ("CoolingDown", end)
    assert solo.rows(WORKER) == [Row(OWN, EXIT, LEAVING, 800 * IO, 0, end, "CoolingDown")]
    for solo.now in (end, end + 1):
        assert solo.rows(WORKER) == [Row(OWN, EXIT, CLAIMABLE, 800 * IO, 0, end, "")]
    solo.now = end
    assert solo.done(WORKER, "withdraw", OWN) == Outcome(
        (), (("Withdrawn", WORKER, OWN, 800 * IO),), None
    )
    assert solo.rows(WORKER) == [Row(OWN, EXIT, CLOSED, 0, 0, 0, "AlreadyWithdrawn")]
    assert (solo.held(WORKER), solo.model.assets(), solo.model.liabilities()) == (0, 0, 0)
    assert solo.refused(WORKER, "withdraw", OWN) == ("AlreadyWithdrawn", OWN)


@pytest.mark.rule("C-1", "D-7", "D-12")
def test_a_co_staker_who_leaves_first_is_paid_after_21_days(pair: Story) -> None:
    pair.done(OWNER, "set_requirement", RIG, 10_000, 5)
    pair.now = t = NOW + 12_345
    counts, end = t + 604_800, t + 1_814_400
    assert pair.done(CO_STAKER, "unstake_co_stake", RIG) == Outcome(
        (CO,), (("CoUnstaked", CO_STAKER, RIG, CO, 300 * IO, counts, end),), None
    )
    assert {counts, end} <= set(pair.model.deadlines)
    pair.now = counts - 1
    assert (pair.counted(), pair.model.is_eligible(RIG)) == (1100 * IO, True)
    assert pair.status() == CO_STAKER_UNSTAKED
    pair.now = counts
    assert (pair.counted(), pair.model.is_eligible(RIG)) == (800 * IO, False)
    assert pair.status() == INSUFFICIENT
    pair.now = t + 1_814_399
    assert pair.refused(CO_STAKER, "withdraw", CO) == ("CoolingDown", end)
    pair.now = t + 1_814_400
    assert pair.done(CO_STAKER, "withdraw", CO).events == (("Withdrawn", CO_STAKER, CO, 300 * IO),)
    assert pair.status() == CO_STAKER_WITHDRAWN
    assert pair.rows(WORKER) == [Row(RIG, STAKE, UNLOCKED, 800 * IO, 0, 0, "")]


@pytest.mark.rule("D-13")
def test_the_co_stake_leaves_with_the_owner(pair: Story) -> None:
    pair.now = t = NOW + 5
    end = t + COOLDOWN
    outcome = pair.done(WORKER, "unstake_amount", RIG, 800 * IO, ANY)
    assert outcome == Outcome(
        (FULL, OWN),
        (
            ("Unstaked", WORKER, RIG, OWN, 800 * IO, end),
            ("CoUnstaked", CO_STAKER, RIG, CO, 300 * IO, t, end),
        ),
        None,
    )
    assert pair.model.touched == {WORKER, CO_STAKER}
    for pair.now, state, blocked in ((end - 1, LEAVING, "CoolingDown"), (end, CLAIMABLE, "")):
        for account, identifier, amount in ((WORKER, OWN, 800 * IO), (CO_STAKER, CO, 300 * IO)):
            row = Row(identifier, EXIT, state, amount, 0, end, blocked)
            assert pair.rows(account) == [row]
    assert pair.refused(CO_STAKER, "unstake_co_stake", RIG) == ("NotStaked", RIG)


@pytest.mark.rule("C-2", "D-13")
@pytest.mark.parametrize("later", [1, 3 * 86_400, WAIT - 1, WAIT, WAIT + 1])
def test_a_wait_ends_when_the_owner_leaves(pair: Story, later: int) -> None:
    pair.done(CO_STAKER, "unstake_co_stake", RIG)
    pair.now = NOW + later
    events = pair.done(WORKER, "unstake", RIG).events
    left = ("Unstaked", WORKER, RIG, OWN, 800 * IO, pair.now + COOLDOWN)
    if later < WAIT:
        end = NOW + later + 1_209_600
        assert events == (left, ("WaitEnded", RIG, end))
        assert CO_STAKER in pair.model.touched
    else:
        end = NOW + 1_814_400
        assert events == (left,)
    assert pair.counted() == 0
    pair.now = end - 1
    assert pair.refused(CO_STAKER, "withdraw", CO) == ("CoolingDown", end)
    pair.now = end
    pair.done(CO_STAKER, "withdraw", CO)


@pytest.mark.rule("C-3", "D-12", "D-13")
def test_each_of_two_waiting_co_stakes_has_its_own_wait(pair: Story) -> None:
    pair.done(CO_STAKER, "unstake_co_stake", RIG)
    pair.now += 1000
    assert pair.status() == CO_STAKER_UNSTAKED
    pair.co_staked(200 * IO, by=SECOND)
    assert pair.status() == SUFFICIENT
    pair.done(SECOND, "unstake_co_stake", RIG)
    for pair.now, counted in (
        (NOW + WAIT - 1, 1300),
        (NOW + WAIT, 1000),
        (NOW + WAIT + 999, 1000),
        (NOW + WAIT + 1000, 800),
    ):
        assert pair.counted() == counted * IO
    # One of them waits still: his end comes nearer, the other's stays.
    pair.now = NOW + WAIT + 500
    assert pair.done(WORKER, "unstake", RIG).events[1:] == (
        ("WaitEnded", RIG, pair.now + COOLDOWN),
    )
    assert pair.rows(CO_STAKER)[0].available_at == NOW + WAIT + COOLDOWN
    assert pair.rows(SECOND)[0].available_at == NOW + WAIT + 500 + COOLDOWN


@pytest.mark.rule("D-10", "D-11")
def test_overflow_is_paid_at_once_and_one_wei_more_is_a_full_unstake(pair: Story) -> None:
    pair.now += 1
    assert pair.model.overflow(RIG) == 300 * IO
    assert pair.preview(300 * IO) == (OVERFLOW, 300 * IO, pair.now, "")
    assert pair.preview(300 * IO + 1) == (FULL, 800 * IO, pair.now + COOLDOWN, "")
    outcome = ("OutcomeChanged", FULL, OVERFLOW)
    assert pair.refused(WORKER, "unstake_amount", RIG, 300 * IO, FULL) == outcome
    outcome = ("OutcomeChanged", OVERFLOW, FULL)
    assert pair.refused(WORKER, "unstake_amount", RIG, 300 * IO + 1, OVERFLOW) == outcome
    assert pair.done(WORKER, "unstake_amount", RIG, 100 * IO, OVERFLOW) == Outcome(
        (OVERFLOW, 0), (("OverflowWithdrawn", WORKER, RIG, 100 * IO, 700 * IO),), None
    )
    assert pair.done(WORKER, "withdraw_overflow", RIG) == Outcome(
        (), (("OverflowWithdrawn", WORKER, RIG, 200 * IO, 500 * IO),), None
    )
    assert pair.refused(WORKER, "withdraw_overflow", RIG) == ("ZeroAmount",)
    assert pair.held(WORKER) == -500 * IO
    assert pair.status() == SUFFICIENT
    assert pair.done(WORKER, "unstake_amount", RIG, 1).returned == (FULL, OWN)
    assert pair.rows(WORKER)[0].amount == 500 * IO


@pytest.mark.rule("D-10")
def test_overflow_is_at_most_the_owners_and_without_what_waits(pair: Story) -> None:
    pair.done(OWNER, "set_requirement", RIG, 10_000, 1)
    assert pair.model.overflow(RIG) == 800 * IO
    pair.done(WORKER, "withdraw_overflow", RIG)
    # With nothing of his own in it the stake is active, and earns.
    assert pair.rows(WORKER) == [Row(RIG, STAKE, UNLOCKED, 0, 0, 0, "")]
    assert pair.done(OWNER, "distribute", RIG, 4).events == (("Distributed", RIG, 3, 1),)
    pair.done(WORKER, "stake", RIG, 200 * IO)
    pair.done(CO_STAKER, "unstake_co_stake", RIG)
    assert (pair.model.overflow(RIG), pair.counted()) == (0, 500 * IO)
    pair.done(OWNER, "set_requirement", RIG, 10_000, 5)
    assert (pair.model.overflow(RIG), pair.model.is_eligible(RIG)) == (0, False)


@pytest.mark.rule("D-10", "D-14")
def test_an_empty_stake_leaves_as_an_exit_of_nothing(pair: Story) -> None:
    pair.done(OWNER, "set_requirement", RIG, 10_000, 1)
    pair.done(WORKER, "withdraw_overflow", RIG)
    assert pair.done(WORKER, "unstake", RIG).events[0][4] == 0
    pair.now += COOLDOWN
    assert pair.done(WORKER, "withdraw", OWN).events == (("Withdrawn", WORKER, OWN, 0),)
    assert pair.status() == UNSTAKED


@pytest.mark.rule("D-2", "D-4", "D-5")
def test_a_device_is_bound_until_the_stake_is_withdrawn(solo: Story) -> None:
    bound = ("NotInitialWallet", WORKER, STRANGER)
    assert solo.refused(STRANGER, "stake", RIG, IO) == bound
    assert solo.done(WORKER, "stake", RIG, IO).events == (
        ("Staked", WORKER, RIG, OWN, IO, 801 * IO),
    )
    solo.done(WORKER, "unstake", RIG)
    for solo.now in (NOW + COOLDOWN - 1, NOW + COOLDOWN, NOW + 2 * COOLDOWN):
        for account in (WORKER, STRANGER):
            assert solo.refused(account, "stake", RIG, IO) == ("WithdrawFirst", OWN)
    assert solo.refused(STRANGER, "withdraw", OWN) == bound
    solo.done(WORKER, "withdraw", OWN)
    first = id_of(STRANGER, 1)
    assert solo.done(STRANGER, "stake", RIG, 1).events == (("Staked", STRANGER, RIG, first, 1, 1),)
    assert solo.status() == INSUFFICIENT


@pytest.mark.rule("D-6", "D-9")
def test_rewards_are_split_in_the_owners_favour_until_somebody_leaves(pair: Story) -> None:
    assert pair.done(OWNER, "distribute", RIG, 7).events == (("Distributed", RIG, 6, 1),)
    assert pair.model.touched == {WORKER, CO_STAKER}
    pair.done(CO_STAKER, "unstake_co_stake", RIG)
    assert pair.done(OWNER, "distribute", RIG, 4).events == (("Distributed", RIG, 4, 0),)
    assert pair.rows(WORKER)[0].rewards == 10
    assert pair.rows(CO_STAKER)[0].rewards == 1
    pair.done(WORKER, "unstake", RIG)
    assert pair.done(OWNER, "distribute", RIG, 4).events == (("Skipped", RIG, 4),)
    assert pair.rows(WORKER)[0].rewards == 10
    pair.now += COOLDOWN
    pair.done(WORKER, "withdraw", OWN)
    # What was withdrawn shows none, but they are still there.
    assert (pair.rows(WORKER)[0].rewards, pair.model.rewards_of(RIG, WORKER)) == (0, 10)
    assert pair.done(WORKER, "claim_rewards", RIG) == Outcome(
        (), (("RewardsClaimed", WORKER, RIG, 10),), None
    )
    assert pair.refused(WORKER, "claim_rewards", RIG) == ("ZeroAmount",)
    assert pair.model.liabilities() == 300 * IO + 1


@pytest.mark.rule("C-11", "D-6")
def test_rewards_are_shown_once_with_a_stake_or_else_with_the_exits(pair: Story) -> None:
    pair.done(OWNER, "distribute", RIG, 400)
    pair.done(CO_STAKER, "unstake_co_stake", RIG)
    assert [row.rewards for row in pair.rows(CO_STAKER)] == [100]
    pair.co_staked()
    assert [(row.id, row.kind, row.rewards) for row in pair.rows(CO_STAKER)] == [
        (CO, EXIT, 0),
        (RIG, CO_STAKE, 100),
    ]
    pair.done(WORKER, "unstake", RIG)
    assert [row.rewards for row in pair.rows(CO_STAKER)] == [100, 100]


@pytest.mark.rule("D-7")
def test_only_eligible_devices_are_paid_for(solo: Story) -> None:
    model = solo.model
    before = model.balances(OWNER)
    model.distribute_many(OWNER, (CARD, RIG, RIG), (2**255, 5, 6))
    assert model.balances(OWNER) == (before[0] - 11,)
    assert model.rewards_of(RIG, WORKER) == 11
    for devices, amounts, name in (
        ((RIG,), (), "LengthMismatch"),
        ((NONE, RIG), (1, 0), "UnknownId"),
        ((RIG, NONE), (0, 1), "ZeroAmount"),
    ):
        with pytest.raises(Refusal, match=name):
            model.distribute_many(OWNER, devices, amounts)
    with pytest.raises(Refusal, match="AccessControlUnauthorizedAccount"):
        model.distribute_many(STRANGER, (RIG,), ())


@pytest.mark.rule("D-8")
def test_an_offer_is_accepted_as_it_stands(solo: Story) -> None:
    assert solo.done(WORKER, "open_offer", RIG, 400 * IO, 10_000).events == (
        ("OfferOpened", RIG, 1, 400 * IO, 10_000),
    )
    assert solo.done(WORKER, "close_offer", RIG).events == (("OfferClosed", RIG, 1),)
    assert solo.refused(CO_STAKER, "accept_offer", RIG, 1, 400 * IO, 10_000) == ("OfferChanged",)
    solo.done(WORKER, "open_offer", RIG, 400 * IO, 10_000)
    for changed in (
        (1, 400 * IO, 10_000),
        (2, 400 * IO - 1, 10_000),
        (2, 400 * IO + 1, 10_000),
        (2, 400 * IO, 9_999),
    ):
        assert solo.refused(CO_STAKER, "accept_offer", RIG, *changed) == ("OfferChanged",)
    assert solo.done(CO_STAKER, "accept_offer", RIG, 2, 400 * IO, 10_000).events == (
        ("OfferAccepted", CO_STAKER, RIG, CO, 400 * IO, 10_000),
    )
    assert solo.model.touched == {WORKER}
    assert solo.rows(CO_STAKER) == [Row(RIG, CO_STAKE, UNLOCKED, 400 * IO, 0, 0, "")]
    assert solo.refused(SECOND, "accept_offer", RIG, 2, 400 * IO, 10_000) == ("OfferChanged",)
    # What was accepted does not change.
    solo.done(OWNER, "set_requirement", RIG, 10_000, 1)
    assert solo.rows(CO_STAKER)[0].amount == 400 * IO


@pytest.mark.rule("D-8")
def test_a_wallet_has_at_most_two_co_stakes_until_it_has_withdrawn_one(story: Story) -> None:
    for device in (11, 12, 13):
        story.done(OWNER, "register_device", device, 10_000, 1)
        story.done(WORKER, "stake", device, 200 * IO)
        story.done(WORKER, "open_offer", device, 100 * IO, 0)
    for device in (11, 12):
        story.done(CO_STAKER, "accept_offer", device, 1, 100 * IO, 0)
    third = (13, 1, 100 * IO, 0)
    story.done(CO_STAKER, "unstake_co_stake", 11)
    for story.now in (NOW, NOW + WAIT + COOLDOWN):
        assert story.refused(CO_STAKER, "accept_offer", *third) == ("TooManyCoStakes", 2, 2)
    story.done(CO_STAKER, "withdraw", CO)
    story.done(CO_STAKER, "accept_offer", *third)
    assert [row.id for row in story.rows(CO_STAKER)] == [CO, 12, 13]


@pytest.mark.rule("D-14")
def test_a_rented_device_keeps_both_but_for_overflow(pair: Story) -> None:
    assert pair.done(OWNER, "set_rented", RIG, True).events == (("RentedChanged", RIG, 0, 1),)
    assert pair.model.touched == {WORKER, CO_STAKER}
    assert pair.refused(WORKER, "unstake", RIG) == ("DeviceRented",)
    assert pair.refused(WORKER, "unstake_amount", RIG, 301 * IO) == ("DeviceRented",)
    assert pair.refused(CO_STAKER, "unstake_co_stake", RIG) == ("DeviceRented",)
    assert pair.preview(301 * IO) == (FULL, 800 * IO, NOW + COOLDOWN, "DeviceRented")
    assert pair.rows(WORKER) == [Row(RIG, STAKE, LOCKED, 800 * IO, 0, 0, "DeviceRented")]
    assert pair.rows(CO_STAKER) == [Row(RIG, CO_STAKE, LOCKED, 300 * IO, 0, 0, "DeviceRented")]
    pair.done(WORKER, "withdraw_overflow", RIG)
    pair.done(OWNER, "set_rented", RIG, False)
    pair.done(WORKER, "unstake", RIG)
    pair.done(OWNER, "set_rented", RIG, True)
    pair.now += COOLDOWN
    pair.done(WORKER, "withdraw", OWN)
    pair.done(CO_STAKER, "withdraw", CO)


@pytest.mark.rule("D-14")
def test_an_open_offer_keeps_the_owner_down_to_the_minimum(solo: Story) -> None:
    solo.done(WORKER, "stake", RIG, 50 * IO)
    solo.done(WORKER, "open_offer", RIG, 1, 0)
    held = ("OfferOpen", 0, 800 * IO)
    assert solo.refused(WORKER, "unstake", RIG) == held
    assert solo.refused(WORKER, "unstake_amount", RIG, 50 * IO + 1) == held
    assert solo.preview(50 * IO + 1) == (FULL, 850 * IO, NOW + COOLDOWN, "OfferOpen")
    assert solo.rows(WORKER) == [Row(RIG, STAKE, LOCKED, 850 * IO, 0, 0, "OfferOpen")]
    solo.done(WORKER, "unstake_amount", RIG, 50 * IO, OVERFLOW)
    assert solo.refused(WORKER, "unstake_amount", RIG, 1) == held
    solo.done(OWNER, "set_rented", RIG, True)
    assert solo.refused(WORKER, "unstake", RIG) == ("DeviceRented",)


@pytest.mark.rule("D-15")
def test_a_terminated_device_earns_nothing_and_everybody_can_leave(pair: Story) -> None:
    assert pair.done(OWNER, "terminate_device", RIG).events == (("DeviceTerminated", RIG),)
    assert pair.done(OWNER, "distribute", RIG, 5).events == (("Skipped", RIG, 5),)
    assert pair.refused(WORKER, "stake", RIG, IO) == ("DeviceEnded", RIG)
    assert pair.refused(WORKER, "open_offer", RIG, IO, 0) == ("DeviceEnded", RIG)
    assert pair.status() == TERMINATED
    pair.done(CO_STAKER, "unstake_co_stake", RIG)
    pair.done(WORKER, "unstake", RIG)
    pair.now += COOLDOWN
    pair.done(WORKER, "withdraw", OWN)
    pair.done(CO_STAKER, "withdraw", CO)
    assert pair.model.liabilities() == 0


@pytest.mark.rule("D-15")
def test_termination_closes_an_open_offer(solo: Story) -> None:
    solo.done(WORKER, "open_offer", RIG, IO, 0)
    assert solo.done(OWNER, "terminate_device", RIG).events == (
        ("DeviceTerminated", RIG),
        ("OfferClosed", RIG, 1),
    )
    assert solo.model.touched == {WORKER}
    assert solo.rows(WORKER)[0].blocked_by == ""
    assert solo.refused(CO_STAKER, "accept_offer", RIG, 1, IO, 0) == ("OfferChanged",)


@pytest.mark.rule("D-16")
def test_what_a_dashboard_says_one_after_the_other(story: Story) -> None:
    assert story.status() == UNSTAKED
    story.done(WORKER, "stake", RIG, 800 * IO - 1)
    assert story.status() == INSUFFICIENT
    story.done(WORKER, "stake", RIG, 1)
    assert story.status() == SUFFICIENT
    story.done(WORKER, "open_offer", RIG, 400 * IO, 1)
    assert story.status() == SUFFICIENT_WAITING
    story.done(OWNER, "set_requirement", RIG, 10_000, 5)
    assert story.status() == INSUFFICIENT_WAITING
    story.done(OWNER, "set_requirement", RIG, 2_500, 4)
    story.done(WORKER, "close_offer", RIG)
    assert story.status() == OFFER_CLOSED
    story.co_staked()
    assert story.status() == SUFFICIENT
    story.done(CO_STAKER, "unstake_co_stake", RIG)
    assert story.status() == CO_STAKER_UNSTAKED
    # The wait comes before the offer.
    story.done(WORKER, "open_offer", RIG, IO, 0)
    assert story.status() == CO_STAKER_UNSTAKED
    story.done(WORKER, "close_offer", RIG)
    for story.now, status in (
        (NOW + WAIT - 1, CO_STAKER_UNSTAKED),
        (NOW + WAIT, OFFER_CLOSED),
        (NOW + WAIT + COOLDOWN, OFFER_CLOSED),
    ):
        assert story.status() == status
    story.done(CO_STAKER, "withdraw", CO)
    # An offer has been opened since he came.
    assert story.status() == OFFER_CLOSED
    story.done(WORKER, "unstake", RIG)
    assert story.status() == IN_COOLDOWN
    story.now += COOLDOWN
    assert story.status() == IN_COOLDOWN
    story.done(WORKER, "withdraw", OWN)
    assert story.status() == UNSTAKED
    # The offer of an earlier owner is none of the next one's business.
    story.done(STRANGER, "stake", RIG, 800 * IO)
    assert story.status() == SUFFICIENT
    story.done(OWNER, "terminate_device", RIG)
    assert story.status() == TERMINATED


@pytest.mark.rule("D-16")
def test_co_staker_withdrawn_stays_until_an_offer_is_opened(pair: Story) -> None:
    pair.done(CO_STAKER, "unstake_co_stake", RIG)
    pair.now += WAIT + COOLDOWN
    assert pair.status() == SUFFICIENT
    pair.done(CO_STAKER, "withdraw", CO)
    assert pair.status() == CO_STAKER_WITHDRAWN
    pair.done(OWNER, "set_requirement", RIG, 10_000, 5)
    assert pair.status() == CO_STAKER_WITHDRAWN
    pair.done(OWNER, "set_requirement", RIG, 10_000, 4)
    pair.done(WORKER, "open_offer", RIG, IO, 0)
    pair.done(WORKER, "close_offer", RIG)
    assert pair.status() == OFFER_CLOSED


@pytest.mark.rule("C-6")
def test_a_pause_stops_new_stakes_and_nothing_else(pair: Story) -> None:
    pair.done(OWNER, "distribute", RIG, 100)
    assert pair.done(OWNER, "pause").events == (("Paused", OWNER),)
    assert pair.refused(NOBODY, "stake", NONE, 0) == ("EnforcedPause",)
    assert pair.refused(NOBODY, "accept_offer", NONE, 0, 0, 0) == ("EnforcedPause",)
    pair.done(WORKER, "withdraw_overflow", RIG)
    pair.done(CO_STAKER, "unstake_co_stake", RIG)
    pair.done(WORKER, "unstake", RIG)
    pair.done(WORKER, "claim_rewards", RIG)
    pair.now += COOLDOWN
    pair.done(WORKER, "withdraw", OWN)
    pair.done(CO_STAKER, "withdraw", CO)


@pytest.mark.rule("C-7")
@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("register_device", (RIG, 0, 0)),
        ("set_requirement", (NONE, 0, 0)),
        ("set_rented", (NONE, True)),
        ("terminate_device", (NONE,)),
        ("distribute", (NONE, 0)),
        ("pause", ()),
    ],
)
def test_powers_come_before_everything_else(
    story: Story, action: str, arguments: tuple[Any, ...]
) -> None:
    name, account, _ = story.refused(STRANGER, action, *arguments)
    assert (name, account) == ("AccessControlUnauthorizedAccount", STRANGER)


OWNERS = (
    ("unstake", ()),
    ("unstake_amount", (0, FULL)),
    ("withdraw_overflow", ()),
    ("open_offer", (0, 10_001)),
    ("close_offer", ()),
)
"""What only an owner can do, with arguments that are wrong as well."""


@pytest.mark.rule("C-8", "C-12", "D-2", "D-4")
@pytest.mark.parametrize(("action", "rest"), OWNERS)
def test_who_is_no_owner_hears_that_first(story: Story, action: str, rest: tuple[int, ...]) -> None:
    assert story.refused(STRANGER, action, NONE, *rest) == ("UnknownId", NONE)
    assert story.refused(STRANGER, action, RIG, *rest) == ("NotStaked", RIG)
    story.done(WORKER, "stake", RIG, IO)
    bound = ("NotInitialWallet", WORKER, STRANGER)
    assert story.refused(STRANGER, action, RIG, *rest) == bound
    story.done(WORKER, "unstake", RIG)
    assert story.refused(STRANGER, action, RIG, *rest) == ("WithdrawFirst", OWN)


@pytest.mark.rule("C-8", "C-12")
def test_the_order_of_refusals_of_stakes(story: Story) -> None:
    story.done(WORKER, "stake", RIG, IO)
    story.done(WORKER, "unstake", RIG)
    story.done(OWNER, "terminate_device", RIG)
    story.done(OWNER, "terminate_device", CARD)
    story.done(OWNER, "pause")
    assert story.refused(STRANGER, "stake", NONE, 0) == ("EnforcedPause",)
    story.done(OWNER, "unpause")
    assert story.refused(STRANGER, "stake", NONE, 0) == ("UnknownId", NONE)
    assert story.refused(STRANGER, "stake", RIG, 0) == ("DeviceEnded", RIG)
    story.done(OWNER, "register_device", 9, 10_000, 1)
    story.done(WORKER, "stake", 9, IO)
    assert story.refused(STRANGER, "stake", 9, 0) == ("NotInitialWallet", WORKER, STRANGER)
    assert story.refused(WORKER, "stake", 9, 0) == ("ZeroAmount",)
    held = story.model.balances(WORKER)[0]
    short = ("ERC20InsufficientBalance", WORKER, held, held + 1)
    assert story.refused(WORKER, "stake", 9, held + 1) == short
    story.model.money[0].allowed[WORKER] = 5
    assert story.refused(WORKER, "stake", 9, 6) == ("ERC20InsufficientAllowance", SYSTEM, 5, 6)
    story.done(WORKER, "unstake", 9)
    assert story.refused(STRANGER, "stake", 9, 0) == ("WithdrawFirst", id_of(WORKER, 2))


@pytest.mark.rule("C-8", "D-8")
def test_the_order_of_refusals_of_offers(solo: Story) -> None:
    # Each with everything that comes after it wrong as well.
    wrong = (RIG, 0, 10_001)
    solo.done(WORKER, "open_offer", RIG, IO, 0)
    solo.done(OWNER, "set_requirement", RIG, 10_000, 5)
    assert solo.refused(WORKER, "open_offer", *wrong) == ("OfferExists", 1)
    solo.done(CO_STAKER, "accept_offer", RIG, 1, IO, 0)
    assert solo.refused(WORKER, "open_offer", *wrong) == ("CoStaked", CO_STAKER)
    assert solo.refused(WORKER, "close_offer", RIG) == ("NoOffer",)
    solo.done(CO_STAKER, "unstake_co_stake", RIG)
    assert solo.refused(WORKER, "open_offer", *wrong) == ("ZeroAmount",)
    wrong = (RIG, 501 * IO, 10_001)
    short = ("BelowMinimum", 800 * IO, 1000 * IO)
    assert solo.refused(WORKER, "open_offer", *wrong) == short
    solo.done(WORKER, "stake", RIG, 200 * IO)
    assert solo.refused(WORKER, "open_offer", *wrong) == ("AboveMaximum", 501 * IO, 500 * IO)
    wrong = (RIG, 500 * IO, 10_001)
    assert solo.refused(WORKER, "open_offer", *wrong) == ("AboveMaximum", 10_001, 10_000)
    solo.done(OWNER, "terminate_device", RIG)
    assert solo.refused(WORKER, "open_offer", RIG, 0, 10_001) == ("DeviceEnded", RIG)


@pytest.mark.rule("C-8", "D-8")
def test_the_order_of_refusals_of_acceptances(story: Story) -> None:
    for device in (11, 12, 13):
        story.done(OWNER, "register_device", device, 10_000, 1)
        story.done(CO_STAKER, "stake", device, 200 * IO)
        story.done(CO_STAKER, "open_offer", device, 100 * IO, 0)
    terms = (1, 100 * IO, 0)
    for device in (11, 12):
        story.done(WORKER, "accept_offer", device, *terms)
    story.done(WORKER, "stake", CARD, 200 * IO)
    story.done(WORKER, "open_offer", CARD, 100 * IO, 0)
    assert story.refused(WORKER, "accept_offer", NONE, *terms) == ("UnknownId", NONE)
    assert story.refused(WORKER, "accept_offer", RIG, 0, 0, 0) == ("OfferChanged",)
    assert story.refused(WORKER, "accept_offer", CARD, 2, 100 * IO, 0) == ("OfferChanged",)
    assert story.refused(WORKER, "accept_offer", CARD, *terms) == ("OwnOffer",)
    story.model.money[0].held[WORKER] = 0
    assert story.refused(WORKER, "accept_offer", 13, *terms) == ("TooManyCoStakes", 2, 2)
    story.model.money[0].held[SECOND] = 0
    short = ("ERC20InsufficientBalance", SECOND, 0, 100 * IO)
    assert story.refused(SECOND, "accept_offer", 13, *terms) == short


@pytest.mark.rule("C-8", "C-12", "D-5")
def test_the_order_of_refusals_of_both_parties(pair: Story) -> None:
    pair.done(OWNER, "set_rented", RIG, True)
    assert pair.refused(STRANGER, "unstake_co_stake", NONE) == ("UnknownId", NONE)
    assert pair.refused(STRANGER, "unstake_co_stake", CARD) == ("NotStaked", CARD)
    yours = ("NotYours", CO_STAKER, STRANGER)
    assert pair.refused(STRANGER, "unstake_co_stake", RIG) == yours
    assert pair.refused(CO_STAKER, "unstake_co_stake", RIG) == ("DeviceRented",)
    assert pair.refused(WORKER, "unstake_amount", RIG, 0, OVERFLOW) == ("ZeroAmount",)
    changed = ("OutcomeChanged", OVERFLOW, FULL)
    assert pair.refused(WORKER, "unstake_amount", RIG, 301 * IO, OVERFLOW) == changed
    for unknown in (0, 1, id_of(WORKER, 0), id_of(WORKER, 2)):
        assert pair.refused(STRANGER, "withdraw", unknown) == ("UnknownId", unknown)
    assert pair.refused(STRANGER, "withdraw", OWN) == ("NotInitialWallet", WORKER, STRANGER)
    # It is a stake.
    assert pair.refused(WORKER, "withdraw", OWN) == ("UnknownId", OWN)
    assert pair.refused(STRANGER, "claim_rewards", NONE) == ("UnknownId", NONE)
    assert pair.refused(STRANGER, "claim_rewards", RIG) == ("ZeroAmount",)


@pytest.mark.rule("C-12")
def test_the_order_of_refusals_of_the_registrar(story: Story) -> None:
    big = 1 << 30
    assert story.refused(OWNER, "register_device", RIG, big, 0) == ("DeviceExists", RIG)
    for action, device in (("register_device", 9), ("set_requirement", RIG)):
        assert story.refused(OWNER, action, device, big, 0) == ("ZeroAmount",)
        too_large = "SafeCastOverflowedUintDowncast"
        assert story.refused(OWNER, action, device, 1 << 24, 1) == (too_large, 24, 1 << 24)
        assert story.refused(OWNER, action, device, 1, 1 << 16) == (too_large, 16, 1 << 16)
    assert story.refused(OWNER, "set_requirement", NONE, big, 0) == ("UnknownId", NONE)
    assert story.refused(OWNER, "set_rented", NONE, True) == ("UnknownId", NONE)
    assert story.refused(OWNER, "terminate_device", NONE) == ("UnknownId", NONE)
    story.done(OWNER, "terminate_device", RIG)
    assert story.refused(OWNER, "terminate_device", RIG) == ("DeviceEnded", RIG)


@pytest.mark.rule("D-3")
def test_no_stake_is_larger_than_what_can_be_kept(story: Story) -> None:
    story.model.fund(WORKER, 2**97)
    too_large = ("SafeCastOverflowedUintDowncast", 96, 2**96)
    assert story.refused(WORKER, "stake", RIG, 2**96) == too_large
    story.done(WORKER, "stake", RIG, 2**96 - 1)
    assert story.refused(WORKER, "stake", RIG, 1) == too_large


@pytest.mark.rule("C-8", "D-11")
def test_previews_name_what_is_in_the_way(story: Story) -> None:
    assert story.preview(1, NONE) == (ANY, 0, 0, "UnknownId")
    assert story.preview(0) == (ANY, 0, 0, "NotStaked")
    story.done(WORKER, "stake", RIG, IO)
    assert story.preview(0) == (ANY, 0, 0, "ZeroAmount")
    story.done(WORKER, "unstake", RIG)
    assert story.preview(0) == (ANY, 0, 0, "WithdrawFirst")
    for view in ("overflow", "counted_stake", "is_eligible", "status_of"):
        with pytest.raises(Refusal, match="UnknownId"):
            getattr(story.model, view)(NONE)


class Walk:
    """What people draw and do, one after the other."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        accounts = {role: place for place, role in enumerate(DeviceDraws.people, 2001)}
        setup = Setup.model_validate(DeviceDraws.setup(self.random))
        self.model = DeviceModel.establish(setup, accounts.__getitem__, address=SYSTEM, now=NOW)
        for role, amount in DeviceDraws.funds.items():
            self.model.fund(accounts[role], amount)
        self.draws = DeviceDraws(self.model, accounts.__getitem__)

    def draw(self) -> Move:
        return Move(self.draws.second(self.random), *self.draws.action(self.random))

    def everything(self) -> dict[int, list[Row]]:
        return {account: self.model.positions(account) for account in self.draws.accounts}

    def views(self) -> list[tuple[int, ...]]:
        model = self.model
        return [
            (model.overflow(one), model.counted_stake(one), model.status_of(one))
            for one in model.devices
        ]


@pytest.mark.rule("C-4", "D-8", "D-10")
def test_a_model_that_breaks_a_law_is_found_out(pair: Story) -> None:
    model = pair.model
    paid = pair.done(WORKER, "withdraw_overflow", RIG)
    model.check_laws(paid)
    model.devices[RIG].cards = 5
    with pytest.raises(Broken, match="D-10"):
        model.check_laws(paid)
    accepted = Outcome((), (("OfferAccepted", CO_STAKER, RIG, CO, 0, 0),), None)
    model.check_laws(accepted)
    model.stakes[CO_STAKER] *= 3
    model.owed += 600 * IO
    with pytest.raises(Broken, match="D-8"):
        model.check_laws(accepted)
    model.owed += 1
    with pytest.raises(Broken, match="books"):
        model.check_laws(accepted)


@pytest.mark.rule("C-3", "C-4", "C-5")
@pytest.mark.parametrize("seed", range(4))
def test_on_long_walks_everything_is_somebodys_and_nobody_is_touched_unseen(seed: int) -> None:
    walk = Walk(seed)
    model = walk.model
    total = sum(model.money[0].held.values())
    for _ in range(1000):
        move = walk.draw()
        deadlines, past = list(model.deadlines), model.now
        before = walk.everything(), walk.views()
        model.now = move.second
        waited = walk.everything(), walk.views()
        # Time alone changes nothing but where a deadline says so.
        assert waited == before or any(past < one <= move.second for one in deadlines)
        outcome = model.do(move)
        model.check_laws(outcome)
        concerned = set() if outcome.refusal else {move.sender, *model.touched}
        for account, rows in walk.everything().items():
            assert rows == waited[0][account] or account in concerned
        # Exits show the same rewards each; they belong to an account at a device.
        principal = sum(row.amount for rows in walk.everything().values() for row in rows)
        rewards = sum(sum(one.rewards.values()) for one in model.devices.values())
        assert model.assets() == model.liabilities() == principal + rewards
        assert sum(model.money[0].held.values()) == total


@pytest.mark.rule("C-8", "D-11")
def test_on_long_walks_previews_are_right() -> None:
    seen: Counter[str] = Counter()
    for seed in range(16):
        walk = Walk(seed)
        for _ in range(500):
            move = walk.draw()
            walk.model.now = move.second
            if move.action == "unstake_amount":
                seen[foretold(walk.model, move)] += 1
            else:
                walk.model.do(move)
    assert {"", "DeviceRented", "OfferOpen", "OutcomeChanged"} <= set(seen)


def foretold(model: DeviceModel, move: Move) -> str:
    """Do what a preview foretells; returns what it is refused with, if it is."""
    preview = model.preview_unstake(*move.arguments[:2])
    outcome = model.do(move)
    if outcome.refusal is None:
        told = outcome.events[0]
        if outcome.returned[0] == OVERFLOW:
            assert preview == (OVERFLOW, told[3], move.second, "")
        else:
            assert preview == (FULL, told[4], told[5], "")
        return ""
    name = outcome.refusal.name
    if name not in ("NotInitialWallet", "OutcomeChanged"):
        assert preview[3] == name
        assert name in ("DeviceRented", "OfferOpen") or preview[:3] == (ANY, 0, 0)
    return name


OWNED = {"UnknownId", "NotStaked", "WithdrawFirst", "NotInitialWallet"}
TERMS = {"UnknownId", "ZeroAmount", "SafeCastOverflowedUintDowncast"}
POWER = "AccessControlUnauthorizedAccount"
SHORT = "ERC20InsufficientBalance"
REFUSALS: dict[str, set[str]] = {
    "stake": {
        *(OWNED - {"NotStaked"}),
        *("EnforcedPause", "DeviceEnded", "ZeroAmount", SHORT, "SafeCastOverflowedUintDowncast"),
    },
    "unstake": {*OWNED, "DeviceRented", "OfferOpen"},
    "unstake_amount": {*OWNED, "ZeroAmount", "OutcomeChanged", "DeviceRented", "OfferOpen"},
    "withdraw_overflow": {*OWNED, "ZeroAmount"},
    "open_offer": {
        *OWNED,
        *("DeviceEnded", "OfferExists", "CoStaked", "ZeroAmount", "BelowMinimum", "AboveMaximum"),
    },
    "close_offer": {*OWNED, "NoOffer"},
    "accept_offer": {
        *("EnforcedPause", "UnknownId", "OfferChanged", "OwnOffer", "TooManyCoStakes", SHORT),
    },
    "unstake_co_stake": {"UnknownId", "NotStaked", "NotYours", "DeviceRented"},
    "withdraw": {"UnknownId", "NotInitialWallet", "AlreadyWithdrawn", "CoolingDown"},
    "claim_rewards": {"UnknownId", "ZeroAmount"},
    "distribute": {POWER, "UnknownId", "ZeroAmount", SHORT},
    "register_device": {POWER, "DeviceExists", *(TERMS - {"UnknownId"})},
    "set_requirement": {POWER, *TERMS},
    "set_rented": {POWER, "UnknownId"},
    "terminate_device": {POWER, "UnknownId", "DeviceEnded"},
    "pause": {POWER, "EnforcedPause"},
    "unpause": {POWER, "ExpectedPause"},
    "grant_role": {"OwnableUnauthorizedAccount"},
    "revoke_role": {"OwnableUnauthorizedAccount"},
    "transfer_ownership": {"OwnableUnauthorizedAccount"},
    "accept_ownership": {"OwnableUnauthorizedAccount"},
}
"""All that the specification's table names, but for what takes another token or two lists."""


def test_draws_come_to_every_action_and_every_refusal() -> None:
    done: Counter[str] = Counter()
    refused: dict[str, set[str]] = {name: set() for name in REFUSALS}
    events: set[str] = set()
    steps, episode = 0, 500
    for seed in range(100_000 // episode):
        walk = Walk(seed)
        late = 0
        for step in range(episode):
            move = walk.draw()
            outcome = walk.model.do(move)
            if outcome.refusal:
                refused[move.action].add(outcome.refusal.name)
            else:
                done[move.action] += 1
                events.update(fact[0] for fact in outcome.events)
                late += step >= episode - 100
        steps += episode
        # A walk never dries up.
        assert late > 25
        if steps >= 10_000 and refused == REFUSALS:
            break
    assert refused == REFUSALS
    assert set(done) == set(REFUSALS) == {*DeviceModel.actions, *DeviceModel.common_actions}
    assert events >= {one.__name__ for one in DeviceStaking.event_types}
    assert done.total() > 0.45 * steps
