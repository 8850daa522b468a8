"""The words of a scenario: how amounts, moments and names are written in one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar

from unbond.amounts import LARGEST, parse_amount, parse_share, unit_of
from unbond.codec import camel, snake
from unbond.fields import is_moment, is_position, is_share
from unbond.roles import parse_address
from unbond.scenario.known import Fields
from unbond.scenario.model import Value
from unbond.speech import member_words
from unbond.systems.base import ActionSpec, ArgumentKind
from unbond.when import parse_duration, parse_moment

_TERMS = re.compile(r"\s([+-])\s")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_FEW = 20

EnumType = TypeVar("EnumType", bound=Enum)


def is_name(text: str) -> bool:
    """Whether a step may be called this."""
    return _NAME.fullmatch(text) is not None


def split_moment(value: str) -> tuple[str, int]:
    """``lot.unlocksAt - 1s`` is a base and a number of seconds to add.

    Raises:
        ValueError: when what is added is no duration.
    """
    base, *rest = _TERMS.split(value.strip())
    shift = 0
    for sign, duration in zip(rest[0::2], rest[1::2], strict=True):
        shift += parse_duration(duration) * (1 if sign == "+" else -1)
    return base.strip(), shift


class WordChecker:
    """Checks the form of values before there is a chain; each complaint is a ValueError."""

    def __init__(self, symbol: str, powers: Iterable[str] = (), others: Iterable[str] = ()) -> None:
        """Expect amounts of what has this symbol, or sometimes of the others, and these powers."""
        self._symbol = symbol
        self._others = list(others)
        self._powers = list(powers)
        self.named: dict[str, Fields | None] = {}
        """The steps so far by name, each with the fields of its event if these are known."""

    def check_argument(self, spec: ActionSpec, argument: str, value: Value) -> None:
        """Complain about an argument of an action that cannot be what it is."""
        choices = spec.choices.get(argument)
        if choices is not None:
            choose(choices, value)
        elif argument in spec.units:
            if isinstance(value, bool):
                raise ValueError(f"'{str(value).lower()}' is no amount")
            parse_amount(value, spec.units[argument])
        else:
            self.check(spec.arguments[argument], value)

    def check(self, kind: ArgumentKind, value: Value) -> None:
        """Complain about an argument that cannot be of this kind."""
        if kind is ArgumentKind.FLAG:
            if not isinstance(value, bool):
                raise ValueError(f"'{value}' is neither true nor false")
            return
        if isinstance(value, bool):
            raise ValueError(f"'{str(value).lower()}' is no {kind.value}")
        if kind is ArgumentKind.AMOUNT:
            parse_amount(value, self._symbol)
        elif kind is ArgumentKind.BPS:
            _countable(parse_share(value))
        elif kind is ArgumentKind.MOMENT:
            self.check_moment(value)
        elif kind is ArgumentKind.POSITION:
            self._check_position(value)
        elif kind is ArgumentKind.NUMBER:
            _countable(parse_number(value))
        elif not isinstance(value, str):
            raise ValueError(f"'{value}' is no {kind.value}")
        elif kind is ArgumentKind.POWER and value not in self._powers:
            raise ValueError(f"'{value}' is no power{near_names(value, self._powers)}")
        elif kind is ArgumentKind.PARTY:
            check_party(value)

    def check_holding(self, value: Value | list[Value]) -> None:
        """Complain about what nobody can hold."""
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, bool):
                raise ValueError(f"'{str(one).lower()}' is no amount")
            parse_amount(one, symbol_of(one, self._symbol, self._others))

    def check_moment(self, value: Value) -> None:
        """Complain about a moment that cannot be read, or names a step that is not before."""
        if isinstance(value, bool):
            raise ValueError(f"'{str(value).lower()}' is no moment")
        if isinstance(value, int):
            _countable(value)
            return
        base, _ = split_moment(value)
        name, dot, field = base.partition(".")
        if is_name(name):
            if name not in self.named:
                raise ValueError(f"no step before this one is called '{name}'")
            known = self.named[name]
            if dot and known is not None and snake(field) not in known:
                raise ValueError(
                    f"the event of the step '{name}' has no field '{field}'"
                    f"{near_fields(field, known)}"
                )
            return
        if dot:
            raise ValueError(f"'{base}' is neither a moment nor a field of a named step")
        parse_moment(base)

    def check_field(self, name: str, kind: Any, value: Value) -> None:
        """Complain about what a field of this type, by its Python name, can never be."""
        if kind is bool:
            self.check(ArgumentKind.FLAG, value)
        elif kind is str:
            self.check(ArgumentKind.PARTY, value)
        elif isinstance(kind, type) and issubclass(kind, Enum):
            choose(kind, value)
        elif kind is int and is_moment(name):
            self.check_moment(value)
        elif kind is int and isinstance(value, str) and is_name(value):
            self._check_position(value)
        elif kind is int and not isinstance(value, bool) and unit_of(value) in self._others:
            parse_amount(value, unit_of(value))
        elif kind is int:
            self.check(ArgumentKind.BPS if is_share(name) else ArgumentKind.AMOUNT, value)

    def _check_position(self, value: Value) -> None:
        if isinstance(value, int):
            _countable(value)
            return
        if value not in self.named:
            raise ValueError(
                f"no step before this one is called '{value}'; give the name of one, or an id"
            )
        known = self.named[value]
        if known is not None and not any(map(is_position, known)):
            raise ValueError(f"no position comes of the step '{value}'")


def symbol_of(value: Value, symbol: str, others: Iterable[str]) -> str:
    """The symbol that an amount is to be read in: the main one, if it names none of the others."""
    unit = unit_of(value)
    return unit if unit in others else symbol


def choose(choices: type[EnumType], written: Value) -> EnumType:
    """The member of an enumeration that a word in a file means.

    Raises:
        ValueError: when it means none.
    """
    for one in choices:
        if means(str(written), one):
            return one
    known = [member_words(one) for one in choices]
    raise ValueError(f"there is no '{written}'{near_names(str(written), known)}")


def parse_number(value: Value) -> int:
    """A number that counts or names something.

    Raises:
        ValueError: when it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"'{value}' is no whole number")
    return value


def means(written: str, member: Enum) -> bool:
    """Whether a word in a file means this member of an enumeration: its name, or its words."""

    def letters(text: str) -> str:
        return re.sub(r"[^a-z]", "", text.lower())

    return letters(written) in (letters(member.name), letters(member_words(member)))


def check_party(text: str) -> None:
    """Complain, as ValueError, about a role that is a misspelt address."""
    if text.startswith("0x"):
        parse_address(text)


def near_names(name: str, known: Iterable[str]) -> str:
    """The nearest known name or, failing that, all if they are few, to end a complaint with."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there is: {', '.join(names)}" if 0 < len(names) <= _FEW else ""


def near_fields(field: str, known: Iterable[str]) -> str:
    """The same for a field, of which the Python names are known."""
    return near_names(camel(snake(field)), map(camel, known))


def _countable(number: int) -> None:
    if not 0 <= number <= LARGEST:
        raise ValueError(f"{number} is negative, or more than a contract can count")
