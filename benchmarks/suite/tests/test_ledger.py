"""A hundred tests of four transactions each, as anybody would write them."""

from typing import Any

import ape
import pytest

TESTS = 100
DAY = 24 * 3600


@pytest.fixture(scope="module")
def owner(accounts: Any) -> Any:
    return accounts[0]


@pytest.fixture(scope="module")
def ledger(owner: Any, project: Any) -> Any:
    return owner.deploy(project.Ledger, 10**24)


@pytest.mark.parametrize("number", range(TESTS))
def test_what_is_put_in_is_taken_out_after_two_weeks(
    ledger: Any, owner: Any, accounts: Any, chain: Any, number: int
) -> None:
    friend = accounts[1]
    ledger.move(friend, 100 + number, sender=owner)
    ledger.put(100, sender=friend)
    with ape.reverts():
        ledger.take(0, sender=friend)
    chain.mine(deltatime=15 * DAY)
    ledger.take(0, sender=friend)
    assert ledger.balanceOf(friend) == 100 + number
    assert ledger.total() == 0
    assert ledger.lots(friend)[0].amount == 0
