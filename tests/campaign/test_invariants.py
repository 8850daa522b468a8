"""The invariants: each notices what it is there for, though contract and model agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unbond.campaign.invariants import Watch
from unbond.models.base import CLAIMABLE, CLOSED, EXIT, LEAVING, Broken, Move, Outcome, Row
from unbond.models.delegated import DelegatedModel
from unbond.when import SESSION_START

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER, SOMEBODY, OTHER, SYSTEM = 1, 2, 3, 4
NOW = SESSION_START
EXIT_ID = SOMEBODY << 96 | 1
NOTHING = Outcome((), (), None)


class Story:
    """A model, somebody's exit of 10 wei that opens at ``NOW + 5``, and who watches."""

    def __init__(self) -> None:
        self.model = DelegatedModel(SYSTEM, OWNER, origin=NOW, lock_rewards=True)
        for account in (SOMEBODY, OTHER, SYSTEM):
            self.model.fund(account, 100)
        self.model.owed = 10
        self.watch = Watch(self.model, (OWNER, SOMEBODY, OTHER))
        self.sees(self.row())

    def row(
        self, amount: int = 10, opens: int = NOW + 5, state: int = LEAVING, number: int = EXIT_ID
    ) -> Row:
        return Row(number, EXIT, state, amount, 0, opens, "")

    def sees(
        self, *rows: Row, second: int = NOW, sender: int = OWNER, outcome: Outcome = NOTHING
    ) -> None:
        """Let a move have come to this."""
        move = Move(second, sender, "claim", (EXIT_ID,))
        self.watch.after(move, outcome, {SOMEBODY: list(rows)})

    def is_paid(self, amount: int = 10, second: int = NOW + 5, state: int = CLOSED) -> None:
        """Let the exit be paid."""
        paid = Outcome((), (("Claimed", SOMEBODY, EXIT_ID, amount),), None)
        left = 0 if state == CLOSED else 10 - amount
        self.sees(self.row(left, 0, state), second=second, sender=SOMEBODY, outcome=paid)


@pytest.fixture
def story() -> Story:
    return Story()


def test_nothing_is_wrong(story: Story) -> None:
    story.sees(story.row(opens=NOW + 4), second=NOW + 1)
    story.sees(story.row(opens=NOW + 4, state=CLAIMABLE), second=NOW + 4)
    story.is_paid(second=NOW + 4)
    story.sees(story.row(0, 0, CLOSED), second=NOW + 9)


def _insolvent(story: Story) -> None:
    story.model.owed = 101
    story.sees()


def _early(story: Story) -> None:
    story.is_paid(second=NOW + 4)


def _twice(story: Story) -> None:
    story.is_paid(6, state=CLAIMABLE)
    story.is_paid(6, second=NOW + 6)


def _too_much(story: Story) -> None:
    story.is_paid(11)


def _created(story: Story) -> None:
    story.model.money[0].held[OWNER] = 1
    story.sees()


def _taken_from_another(story: Story) -> None:
    story.model.money[0].move(OTHER, SYSTEM, 1)
    story.sees()


def _lengthened(story: Story) -> None:
    story.sees(story.row(opens=NOW + 6), second=NOW + 1)


def _changed(story: Story) -> None:
    story.sees(story.row(9), second=NOW + 1)


def _gone(story: Story) -> None:
    story.sees(story.row(0, 0, CLOSED), second=NOW + 1)


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (_insolvent, "solvency: holds 100, owes 101"),
        (_early, f"nobody early: {EXIT_ID} opens at {NOW + 5}, and was paid at {NOW + 4}"),
        (_twice, f"nobody twice: {EXIT_ID} was paid 2 wei too much"),
        (_too_much, f"nobody twice: {EXIT_ID} was paid 1 wei too much"),
        (_created, "conservation: there were 300, there are 301"),
        (_taken_from_another, "no loss to others: 0x3 lost 1"),
        (_lengthened, f"only shorten: {EXIT_ID} opened at {NOW + 5}, and now at {NOW + 6}"),
        (_changed, f"independence: {EXIT_ID} was 10, and is 9"),
        (_gone, f"no loss: {EXIT_ID} has gone without being paid"),
    ],
)
@pytest.mark.rule("C-1", "C-2", "C-3", "C-4", "C-5")
def test_what_is_wrong(story: Story, happens: Callable[[Story], None], sentence: str) -> None:
    with pytest.raises(Broken) as caught:
        happens(story)
    assert str(caught.value) == sentence
