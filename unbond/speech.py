"""How people, amounts, moments and positions are named in sentences."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from unbond.amounts import DECIMALS, format_amount
from unbond.fields import is_device, is_moment, is_position, is_power, is_shares
from unbond.when import format_date

if TYPE_CHECKING:
    from unbond.errors import Refused

_SMALLEST_SPOKEN = 10**12
"""An ``int`` from here on is taken for an amount in wei and told in tokens."""


def member_words(member: Enum) -> str:
    """What people call a member of an enumeration: its ``words`` if it has some, else its name."""
    words = getattr(member, "words", None)
    return words if isinstance(words, str) else member.name.lower().replace("_", " ")


class Speaker:
    """Names people, amounts and positions; this one uses addresses and wei."""

    def person(self, address: str) -> str:
        """Somebody's name."""
        return address

    def amount(self, wei: int) -> str:
        """An amount of ``wei`` for people."""
        return f"{wei} wei"

    def shares(self, number: int) -> str:
        """A number of shares, in 10⁻¹⁸ of one, for people."""
        if number == 10**DECIMALS:
            return "1 share"
        return format_amount(number, "shares").replace("wei", "× 10⁻¹⁸ shares")

    def moment(self, seconds: int) -> str:
        """A moment in Unix time for people."""
        return format_date(seconds)

    def position(self, identifier: int) -> str:
        """A position's name."""
        return str(identifier)

    def power(self, identifier: bytes) -> str:
        """The name of a role in the sense of access control."""
        return f"0x{identifier.hex()}"

    def value(self, name: str, value: Any) -> str:
        """A field of an event, an error or an answer; its meaning follows from name and type."""
        if isinstance(value, Enum):
            return member_words(value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, bytes):
            return self.power(value) if is_power(name) else f"0x{value.hex()}"
        if isinstance(value, str):
            return self.person(value)
        if is_moment(name):
            return self.moment(value) if value else "never"
        if is_position(name):
            return self.position(value)
        if is_device(name):
            return str(value)
        if is_shares(name):
            return self.shares(value)
        return self.amount(value) if abs(value) >= _SMALLEST_SPOKEN else str(value)

    def fields(self, fields: dict[str, Any]) -> str:
        """Fields by name: ``unlocks at Mon 2030-04-15 00:00:00, amount 1 000 ANKR``."""
        return ", ".join(
            f"{name.replace('_', ' ')} {self.value(name, value)}" for name, value in fields.items()
        )

    def refusal(self, refusal: Refused) -> str:
        """A refusal by its name, with its numbers."""
        return ", ".join(filter(None, (refusal.name, self.fields(refusal.fields))))
