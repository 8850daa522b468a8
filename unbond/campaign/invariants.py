"""What has to hold after every move, whatever the rules of a system are.

The values are the model's; the contract has been found to show the same. So a rule that model and
contract both get wrong in the same way is noticed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unbond.models.base import CLOSED, EXIT, Broken, Model, Move, Outcome, Row

if TYPE_CHECKING:
    from collections.abc import Iterable


class Watch:
    """Watches one episode."""

    def __init__(self, model: Model, people: Iterable[int]) -> None:
        """Watch what becomes of ``people`` from now on."""
        self._model = model
        self._people = tuple(people)
        self._total = self._everything()
        self._held = {account: model.money[0].of(account) for account in self._people}
        self._rows: dict[int, dict[int, Row]] = {account: {} for account in self._people}
        self._owed: dict[int, int] = {}
        """What exits are worth, by id, less what has been paid for them."""

    def _everything(self) -> int:
        return sum(self._model.money[0].held.values())

    def after(self, move: Move, outcome: Outcome, seen: dict[int, list[Row]]) -> None:
        """Check what a move has changed.

        Args:
            move: what was done.
            outcome: what came of it.
            seen: the positions of those accounts that were looked at.

        Raises:
            Broken: with a sentence that says what does not hold.
        """
        model = self._model
        if model.assets() < model.liabilities():
            raise Broken(f"solvency: holds {model.assets()}, owes {model.liabilities()}")
        paid = self._check_payments(move, outcome)
        self._check_others(move)
        for account, rows in seen.items():
            self._check_rows(account, rows, paid)
        model.check_laws(outcome)

    def _check_payments(self, move: Move, outcome: Outcome) -> set[int]:
        """Nobody is paid early, and nobody more than he left with."""
        paid = set()
        for fact in outcome.events:
            places = self._model.payments.get(fact[0])
            if places is None:
                continue
            identifier, amount = fact[places[0]], fact[places[1]]
            paid.add(identifier)
            before = self._rows.get(identifier >> 96, {}).get(identifier)
            if before is not None:
                if move.second < before.available_at:
                    raise Broken(
                        f"nobody early: {identifier} opens at {before.available_at}, "
                        f"and was paid at {move.second}"
                    )
                left = self._owed.get(identifier, before.amount) - amount
                if left < 0:
                    raise Broken(f"nobody twice: {identifier} was paid {-left} wei too much")
                self._owed[identifier] = left
        return paid

    def _check_others(self, move: Move) -> None:
        """Nothing is created or lost, and nobody takes from another."""
        model = self._model
        if self._everything() != self._total:
            raise Broken(f"conservation: there were {self._total}, there are {self._everything()}")
        held, holds = self._held, model.money[0].held
        for account in self._people:
            now = holds.get(account, 0)
            if now < held[account] and account != move.sender:
                raise Broken(f"no loss to others: {account:#x} lost {held[account] - now}")
            held[account] = now

    def _check_rows(self, account: int, rows: list[Row], paid: set[int]) -> None:
        """A running exit is never changed but for being paid, and never ends later."""
        known = self._rows[account]
        for row in rows:
            if row.kind != EXIT:
                continue
            before = known.get(row.id)
            if before is not None and before.kind == EXIT and before.state != CLOSED:
                if row.state == CLOSED:
                    if row.id not in paid and self._owed.get(row.id, 1):
                        raise Broken(f"no loss: {row.id} has gone without being paid")
                elif row.available_at > before.available_at > 0:
                    raise Broken(
                        f"only shorten: {row.id} opened at {before.available_at}, "
                        f"and now at {row.available_at}"
                    )
                elif row.amount != before.amount and row.id not in paid:
                    raise Broken(f"independence: {row.id} was {before.amount}, and is {row.amount}")
            elif row.state != CLOSED:
                self._owed[row.id] = row.amount
            known[row.id] = row
