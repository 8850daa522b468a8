"""Contracts that call a system back in the middle of a call: it is shut, and its books are right.

What can be called is read from the contracts, so that a new function is tried as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.checks import undone
from unbond.errors import ReentrancyGuardReentrantCall

if TYPE_CHECKING:
    from tests.hostile.intruders import Intruder

# Many deployments and long stories.
pytestmark = pytest.mark.slow

SYSTEMS = ("delegated", "device", "liquid")


@pytest.mark.rule("C-4", "L-8", "L-10")
@pytest.mark.case(35)
@pytest.mark.systems("delegated", "device", "liquid")
def test_every_function_is_shut_to_whoever_is_called_by_another(intruder: Intruder) -> None:
    """Case 35: before and after money has moved, with calls that work by themselves."""
    for name in intruder.guarded:
        assert (name, intruder.refusal(name)) == (name, None)
    calls = [intruder.ready_call(name) for name in intruder.guarded]
    entered = set()
    for entrance in intruder.guarded:
        with undone():
            intruder.do(entrance)
            undisturbed = intruder.money()
        with undone():
            intruder.arm(*calls)
            intruder.do(entrance)
            refusals = intruder.refusals()
            assert intruder.shortfalls() == 0
            assert intruder.system.assets() >= intruder.system.liabilities()
            if refusals:
                entered.add(entrance)
                shut = [ReentrancyGuardReentrantCall()] * len(calls)
                while refusals:
                    seen, refusals = refusals[: len(calls)], refusals[len(calls) :]
                    assert (entrance, seen) == (entrance, shut)
                assert (entrance, intruder.money()) == (entrance, undisturbed)
    assert entered == intruder.entrances


@pytest.mark.rule("C-4", "C-6", "C-7")
@pytest.mark.case(35)
@pytest.mark.systems("delegated", "device", "liquid")
def test_a_power_that_is_used_in_the_middle_of_a_call_moves_no_money(intruder: Intruder) -> None:
    """Case 35: powers are not shut; who holds them may use them at any time, then too."""
    assert set(intruder.methods) >= set(intruder.powers)
    for entrance in intruder.in_and_out:
        with undone():
            intruder.do(entrance)
            undisturbed = intruder.money()
        for power in intruder.powers:
            with undone():
                intruder.arm(intruder.ready_call(power))
                intruder.do(entrance)
                refusals = intruder.refusals()
                # To end a pause that is none is refused.
                assert (power, refusals[0] is None) == (power, power != "unpause")
                assert intruder.shortfalls() == 0
                assert (entrance, power, intruder.money()) == (entrance, power, undisturbed)


@pytest.mark.rule("C-4", "C-8")
@pytest.mark.case(35)
@pytest.mark.systems("delegated", "device", "liquid")
def test_in_the_middle_of_a_payment_views_show_it_as_done(intruder: Intruder) -> None:
    """Case 35: who prices something by a view in a hook is not told of money that is gone."""
    for glance in intruder.glances():
        with undone():
            before = intruder.seen_now(glance)
            intruder.arm(intruder.call_of(glance.view, *glance.question))
            intruder.do(glance.entrance)
            seen, after = intruder.seen_within(), intruder.seen_now(glance)
            assert seen
            assert (glance, set(seen)) == (glance, {after})
            # The rate is the only one that a payment does not change.
            assert (before == after) == (glance.view == "sharesToAmount")


@pytest.mark.rule("C-4", "L-10")
@pytest.mark.case(35)
@pytest.mark.systems("delegated", "device", "liquid")
def test_after_a_call_from_within_everybody_gets_everything_out(intruder: Intruder) -> None:
    """Case 35: the guard is off again after each call, however often it was run into."""
    calls = [intruder.ready_call(name) for name in intruder.guarded]
    intruder.arm(*calls)
    got = intruder.other_leaves(), intruder.leave()
    assert len(intruder.refusals()) >= 2 * len(calls)
    assert set(intruder.refusals()) == {ReentrancyGuardReentrantCall()}
    assert intruder.shortfalls() == 0
    assert got == intruder.owed
    assert intruder.system.assets() == intruder.system.liabilities() == 0
