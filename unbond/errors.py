"""What contracts refuse, as Python exceptions that carry the numbers of the custom error."""

from __future__ import annotations

import inspect
import re
from ast import literal_eval
from collections.abc import Iterable
from contextlib import suppress
from enum import Enum
from functools import cache
from typing import Any, ClassVar, get_type_hints

from eth_abi.abi import encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak
from ethpm_types.abi import ABIType, ErrorABI

from unbond.codec import decode_values, field_names
from unbond.fields import is_moment
from unbond.when import format_moment

_BUILT_IN = (
    # What `require` with a text and what the compiler's own checks give.
    ErrorABI(type="error", name="Error", inputs=[ABIType(name="message", type="string")]),
    ErrorABI(type="error", name="Panic", inputs=[ABIType(name="code", type="uint256")]),
)

_HALTS = {
    # What eth-tester, anvil and geth say.
    "out of gas": ("Out of gas", "OutOfGas", "out of gas"),
    "invalid instruction": ("Invalid opcode", "InvalidFEOpcode", "invalid opcode"),
}
"""How the EVM itself ends a call, and the signs of it in an engine's text."""


class Refused(Exception):
    """A contract refused an action or a view; nothing was changed.

    Subclasses are named as the custom error is and have its numbers as attributes. An error that
    has no subclass, such as a token's own, is a plain ``Refused`` with ``name`` and ``fields``.
    """

    _classes: ClassVar[dict[str, type[Refused]]] = {}

    def __init_subclass__(cls) -> None:
        """Make the subclass the one for the custom error of its name."""
        known = Refused._classes.get(cls.__name__, cls)
        if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"there is a class for the error {cls.__name__} already: {known}")
        Refused._classes[cls.__name__] = cls

    def __init__(self, name: str | None = None, /, **fields: Any) -> None:
        """Take the error's name, for a plain ``Refused`` only, and its numbers by name."""
        self.name = name or type(self).__name__
        self.fields = fields
        if type(self) is not Refused:
            for field, value in fields.items():
                setattr(self, field, value)
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """The error as people read it, with moments written as such."""
        if not self.name.isidentifier():
            return self.name
        return f"{self.name}({', '.join(f'{k}={_show(k, v)}' for k, v in self.fields.items())})"

    def __eq__(self, other: object) -> bool:
        """Two refusals are equal when name and numbers are."""
        if not isinstance(other, Refused):
            return NotImplemented
        return self.name == other.name and self.fields == other.fields

    def __hash__(self) -> int:
        """Hash by name; the numbers may be of any kind."""
        return hash(self.name)

    @classmethod
    def of(cls, name: str, fields: dict[str, Any]) -> Refused:
        """Make the refusal of this name: of its own class, where there is one."""
        own = cls._classes.get(name)
        if own is None:
            return Refused(name, **fields)
        chosen = own._choices()
        return own(**{key: chosen[key](v) if key in chosen else v for key, v in fields.items()})

    @classmethod
    @cache
    def _choices(cls) -> dict[str, type[Enum]]:
        """The fields that are members of an enumeration, which contracts give as numbers."""
        hints = {name: get_type_hints(cls)[name] for name in inspect.get_annotations(cls)}
        return {
            name: kind
            for name, kind in hints.items()
            if isinstance(kind, type) and issubclass(kind, Enum)
        }


class Unanswered(LookupError):
    """What was asked can be answered by a contract only, and here is none."""


class ZeroAmount(Refused):
    """An amount of zero was given, or there is nothing to pay (C-12)."""


class ZeroAddress(Refused):
    """The zero address was given where a real one is needed."""


class UnknownId(Refused):
    """There never was anything under this id (C-12)."""

    id: int


class BelowMinimum(Refused):
    """The amount is under the minimum, both in wei (C-12)."""

    amount: int
    minimum: int


class NotYours(Refused):
    """The position belongs to somebody else (C-5, C-12)."""

    owner: str
    caller: str


class TransferShortfall(Refused):
    """The token delivered less than it was asked to, both in wei (C-10)."""

    expected: int
    received: int


class EnforcedPause(Refused):
    """New stakes are paused (C-6)."""


class AccessControlUnauthorizedAccount(Refused):
    """The account does not hold the role (C-7)."""

    account: str
    needed_role: bytes


class OwnableUnauthorizedAccount(Refused):
    """The account is not the owner (C-7)."""

    account: str


class ReentrancyGuardReentrantCall(Refused):
    """Somebody called back into the contract in the middle of a call."""


class ErrorDecoder:
    """Turns revert data into refusals, by the errors of a set of contracts."""

    def __init__(self, errors: Iterable[ErrorABI]) -> None:
        """Know these errors."""
        self._known = {keccak(text=e.selector)[:4]: e for e in (*_BUILT_IN, *errors)}

    def decode(self, data: bytes) -> Refused:
        """Turn revert data into a refusal; unknown data into one named by its bytes."""
        error = self._known.get(data[:4])
        if error is None:
            return Refused(f"0x{data.hex()}" if data else "revert without a reason")
        try:
            values = decode_values(error.inputs, data[4:])
        except (DecodingError, UnicodeDecodeError):
            return Refused(f"0x{data.hex()}")
        return Refused.of(error.name, dict(zip(field_names(error.inputs), values, strict=True)))

    def refusal(self, error: Exception) -> Refused:
        """The refusal behind an engine's error.

        Raises:
            Exception: ``error`` itself, when it is no revert.
        """
        for name, signs in _HALTS.items():
            if not getattr(error, "data", None) and any(sign in str(error) for sign in signs):
                return Refused(name)
        data = revert_data(error)
        if data is None:
            raise error
        return self.decode(data)

    @property
    def selectors(self) -> dict[str, bytes]:
        """The selectors of all that it knows, by name."""
        return {error.name: selector for selector, error in self._known.items()}

    def name_of(self, selector: bytes) -> str:
        """The name of the error with this selector; empty for four zero bytes."""
        if not any(selector):
            return ""
        error = self._known.get(selector)
        return error.name if error else f"0x{selector.hex()}"


def revert_data(error: Exception) -> bytes | None:
    """The bytes with which a call reverted; None if the error is of another kind.

    anvil's errors carry them as hex digits. Those of eth-tester have only a text: the bytes as a
    literal of Python or, instead of an ``Error(string)``, that string.
    """
    data = getattr(error, "data", None)
    if isinstance(data, str) and data.startswith("0x"):
        return bytes.fromhex(data[2:])
    match = re.search(r"execution reverted(?:: (.*))?", str(error), re.DOTALL)
    if match is None:
        return None
    reason = match[1]
    if reason is None:
        return b""
    if re.fullmatch(r"b'.*'|b\".*\"", reason, re.DOTALL):
        # Anything else that cannot be read is a string that happens to look like bytes.
        with suppress(SyntaxError, ValueError):
            return bytes(literal_eval(reason))
    return keccak(text="Error(string)")[:4] + encode(["string"], [reason])


def _show(field: str, value: Any) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, Enum):
        return value.name
    if is_moment(field) and isinstance(value, int):
        return format_moment(value)
    return str(value)
