"""Comparing what came of a step with what its file expects."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from enum import Enum
from typing import Any, Protocol

from eth_utils.address import is_address

from unbond.amounts import parse_amount, parse_share
from unbond.codec import snake
from unbond.errors import Refused
from unbond.fields import is_moment, is_share
from unbond.positions import Position
from unbond.scenario.load import Location, ScenarioError, ScenarioFile
from unbond.scenario.model import ExpectedPosition, Step, Value
from unbond.scenario.words import means, near_fields, symbol_of
from unbond.speech import member_words
from unbond.systems.base import Receipt, power_id
from unbond.when import format_moment


class Meaning(Protocol):
    """What the words of a scenario mean by now; each complains as ValueError or LookupError."""

    symbol: str
    other_symbols: tuple[str, ...]

    def address(self, value: str) -> str:
        """The address of a role, or the address itself."""

    def position(self, place: Location, value: Value) -> int:
        """The position that came of a named step, or an id itself."""

    def moment(self, place: Location, value: Value) -> int:
        """A moment in Unix time."""

    def is_named(self, value: str) -> bool:
        """Whether a step so far has this name."""


class Comparison:
    """What of a step is not as expected."""

    def __init__(self, file: ScenarioFile, meaning: Meaning, place: Location) -> None:
        """Compare with the expectations of the step at ``place`` in ``file``."""
        self._file = file
        self._meaning = meaning
        self._place = (*place, "expect")
        self.differences: list[str] = []
        """Each in one line, with the line of the file."""

    def outcome(
        self, step: Step, receipt: Receipt[Any] | None, refusal: Refused | None, returned: Any
    ) -> None:
        """Compare whether it succeeded, and with what event, value or error."""
        expected = step.expect.refused
        if refusal is not None:
            if expected is None:
                self._differ((), f"expected success, but it was refused: {refusal.sentence}")
            else:
                self._refusal(expected, refusal)
            return
        if expected is not None:
            name = expected if isinstance(expected, str) else next(iter(expected))
            self._differ(("refused",), f"expected to be refused with {name}, but it succeeded")
            return
        for field, value in step.expect.event.items():
            actual = vars(receipt.main) if receipt else {}
            self._field(("event", field), actual, field, value)
        if step.expect.returns is not None:
            self._returns(step.expect.returns, plain_value(returned))

    def _refusal(self, expected: str | dict[str, Any], refusal: Refused) -> None:
        name = expected if isinstance(expected, str) else next(iter(expected))
        fields = {} if isinstance(expected, str) else expected[name] or {}
        if refusal.name != name:
            self._differ(("refused",), f"expected {name}, but it was {refusal.sentence}")
            return
        for field, value in fields.items():
            self._field(("refused", name, field), refusal.fields, field, value)

    def _returns(self, expected: Value | dict[str, Value], actual: Any) -> None:
        if isinstance(expected, dict):
            fields = actual if isinstance(actual, dict) else {}
            for field, value in expected.items():
                self._field(("returns", field), fields, field, value)
        elif not self._equal(("returns",), "", expected, actual):
            self._differ(("returns",), f"expected {expected}, but it was {_written(actual)}")

    def balances(self, step: Step, actual: dict[str, dict[str, int]]) -> None:
        """Compare what roles hold, in wei by symbol."""
        for role, values in step.expect.balances.items():
            for value in values if isinstance(values, list) else [values]:
                symbol = self._symbol_of(value)
                wanted = parse_amount(value, symbol)
                held = actual[role][symbol]
                if held != wanted:
                    self._differ(
                        ("balances", role),
                        f"expected {role} to hold {value}, which is {wanted} wei, "
                        f"but it is {held} wei",
                    )

    def _symbol_of(self, value: Value) -> str:
        return symbol_of(value, self._meaning.symbol, self._meaning.other_symbols)

    def positions(self, step: Step, actual: dict[str, list[Position]]) -> None:
        """Compare the positions of roles."""
        for role, expected in step.expect.positions.items():
            owned = actual[role]
            if len(owned) != len(expected):
                self._differ(
                    ("positions", role),
                    f"expected {role} to have {len(expected)} positions, but there are "
                    f"{len(owned)}",
                )
                continue
            for index, (wanted, position) in enumerate(zip(expected, owned, strict=True)):
                self._position(("positions", role, index), wanted, position)

    def _position(self, place: Location, wanted: ExpectedPosition, actual: Position) -> None:
        fields = asdict(actual)
        for field in wanted.model_fields_set:
            name = ExpectedPosition.model_fields[field].alias or field
            self._field((*place, name), fields, name, getattr(wanted, field))

    def _field(self, place: Location, actual: dict[str, Any], field: str, value: Any) -> None:
        name = snake(field)
        if name not in actual:
            self._differ(place, f"there is no field '{field}'{near_fields(field, actual)}")
        elif not self._equal(place, name, value, actual[name]):
            self._differ(
                place, f"expected {field} {value}, but it was {_written(actual[name], name)}"
            )

    def _equal(self, place: Location, name: str, expected: Any, actual: Any) -> bool:
        """Whether a written value means the actual one; its kind follows from name and type."""
        meaning = self._meaning
        try:
            if isinstance(actual, bool) or isinstance(expected, bool):
                return expected is actual
            if isinstance(actual, Enum):
                return means(str(expected), actual)
            if isinstance(actual, bytes):
                # A power may be named.
                return (
                    str(expected).lower() == _written(actual) or power_id(str(expected)) == actual
                )
            if isinstance(actual, str):
                if not is_address(actual):
                    return str(expected) == actual
                return meaning.address(str(expected)) == actual
            if not isinstance(actual, int):
                return bool(expected == actual)
            return self._number((*self._place, *place), name, expected) == actual
        except (ValueError, LookupError) as error:
            self._differ(place, str(error))
        except ScenarioError as error:
            self.differences += map(str, error.problems)
        return True

    def _number(self, place: Location, name: str, written: Value) -> int:
        if is_moment(name):
            return self._meaning.moment(place, written)
        if isinstance(written, str) and self._meaning.is_named(written):
            return self._meaning.position(place, written)
        if is_share(name):
            return parse_share(written)
        return parse_amount(written, self._symbol_of(written))

    def _differ(self, place: Location, message: str) -> None:
        self.differences.append(str(self._file.problem((*self._place, *place), message)))


def plain_value(value: Any) -> Any:
    """A dataclass as the dict of its fields; other values as they are."""
    return dict(vars(value)) if is_dataclass(value) and not isinstance(value, type) else value


def _written(value: Any, name: str = "") -> str:
    if isinstance(value, Enum):
        return member_words(value)
    if is_moment(name):
        return format_moment(value)
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
