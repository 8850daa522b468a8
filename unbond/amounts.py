"""Amounts of a token: ``1000 ANKR`` for people, ``int`` wei everywhere else. Never a float."""

from __future__ import annotations

import re
from decimal import Decimal, localcontext

DECIMALS = 18
"""Digits after the point in every token of this project."""

LARGEST = 2**256 - 1
"""The largest number a contract can count to."""

_AMOUNT = re.compile(
    # Thousands may be set apart, as format_amount does. What follows a number is a unit, not the
    # rest of a 1e18 or a 0x10.
    r"(\d{1,3}(?: \d{3})+|\d[\d_]*)(?:\.(\d+))?(?![eEx]\d)\s*([A-Za-z][A-Za-z0-9]*)?",
    re.ASCII,
)


def unit_of(value: object) -> str:
    """The unit that an amount is written in, ``wei`` if in none; of a sum, the first one's."""
    match = _AMOUNT.match(value.strip()) if isinstance(value, str) else None
    return (match[3] if match else "") or "wei"


def parse_amount(value: str | int, symbol: str) -> int:
    """Read an amount; returns wei.

    ``1000 ANKR`` and ``0.5 ANKR`` are whole tokens when ``symbol`` is ANKR; ``1000 wei``, ``1000``
    and the number 1000 are wei. Sums such as ``300 IO + 1 wei`` and differences are read too.

    Raises:
        ValueError: when the text is no amount, names another token, is finer than a wei, or the
            result is negative or more than a contract can count.
    """
    total = _parse_sum(value, symbol)
    if total < 0:
        raise ValueError(f"'{value}' is negative; an amount is not")
    if total > LARGEST:
        raise ValueError(f"'{value}' is more than a contract can count")
    return total


def _parse_sum(value: str | int, symbol: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise ValueError(_no_amount(value, symbol))
    total = 0
    # Splitting on the operators keeps them: amount, operator, amount, …
    pieces = re.split(r"\s([+-])\s", value.strip())
    for sign, piece in zip(["+", *pieces[1::2]], pieces[0::2], strict=True):
        wei = _parse_single(piece, symbol)
        total += wei if sign == "+" else -wei
    return total


def _parse_single(text: str, symbol: str) -> int:
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError(_no_amount(text, symbol))
    whole, fraction, unit = match.groups(default="")
    whole = re.sub("[ _]", "", whole).lstrip("0") or "0"
    if len(whole) > len(str(LARGEST)):
        raise ValueError(f"'{text}' is more than a contract can count")
    if unit in ("", "wei"):
        if fraction:
            raise ValueError(
                f"'{text}' is a fraction of a wei; write '{whole}.{fraction} {symbol}'"
            )
        return int(whole)
    if unit != symbol:
        raise ValueError(f"'{text}' is in {unit}; here amounts are in {symbol} or wei")
    if len(fraction) > DECIMALS:
        raise ValueError(f"'{text}' is finer than a wei, which has {DECIMALS} digits")
    return int(whole + fraction.ljust(DECIMALS, "0"))


def _no_amount(value: object, symbol: str) -> str:
    return f"'{value}' is no amount; write one like '1000 {symbol}' or '1 wei'"


def format_amount(wei: int, symbol: str) -> str:
    """Write an amount of ``wei`` exactly: ``1 000.5 ANKR``; under a millionth of it, in wei."""
    if 0 < abs(wei) < 10 ** (DECIMALS - 6):
        return f"{wei} wei"
    with localcontext() as context:
        context.prec = 100
        tokens = Decimal(wei) / 10**DECIMALS
        # normalize() alone would write 1E+3; the format undoes that.
        return f"{tokens.normalize():,f}".replace(",", " ") + f" {symbol}"


def parse_share(value: str | int) -> int:
    """Read a share such as ``5 %`` or ``0.25 %``, or a number of 1/10 000; returns 1/10 000.

    Raises:
        ValueError: when it is neither, or finer than 1/10 000.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError(f"{value} is negative; a share is not")
        return value
    match = re.fullmatch(r"(\d{1,20})(?:\.(\d{1,2}))?\s*%", str(value).strip(), re.ASCII)
    if match is None:
        raise ValueError(f"'{value}' is no share; write one like '5 %' or 500 for 500/10 000")
    whole, fraction = match.groups()
    return int(whole) * 100 + int((fraction or "").ljust(2, "0"))
