"""Moments and durations: how people write them, how the chain counts them.

Inside the package a moment is an ``int`` of seconds in Unix time and a duration an ``int`` of
seconds. At the edge they are ``2030-01-07T00:00:00Z`` and ``13d 23h 59m 59s``.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

SESSION_START = 1_893_974_400
"""The second at which every session starts: 2030-01-07T00:00:00Z, a Monday."""

LAST_MOMENT = 253_402_300_799
"""The last second of the calendar: 9999-12-31T23:59:59Z."""

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

_UNITS = {"w": WEEK, "d": DAY, "h": HOUR, "m": MINUTE, "s": 1}
# As many digits as any chain's time may have; Python refuses to read numbers of thousands of them.
_DURATION = re.compile(r"\s*".join(rf"(?:(\d{{1,20}}){unit})?" for unit in _UNITS), re.ASCII)

# datetime.fromisoformat reads more than this, and how much more depends on Python's version.
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?\s?(Z|[+-]\d\d:\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def parse_duration(text: str) -> int:
    """Read a duration such as ``13d 23h 59m 59s`` or ``2w``; returns seconds.

    Units are w, d, h, m and s, each at most once and in that order.

    Raises:
        ValueError: when the text is not of that form.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ValueError(f"'{text}' is no duration; write one like '14d' or '13d 23h 59m 59s'")
    return sum(
        int(number) * unit
        for number, unit in zip(match.groups(), _UNITS.values(), strict=True)
        if number
    )


def format_duration(seconds: int) -> str:
    """Write a duration of ``seconds`` the way :func:`parse_duration` reads it, in d, h, m, s."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    parts = []
    for letter in "dhms":
        number, seconds = divmod(seconds, _UNITS[letter])
        if number:
            parts.append(f"{number}{letter}")
    return " ".join(parts) or "0s"


def parse_moment(text: str) -> int:
    """Read an ISO 8601 moment; returns seconds in Unix time.

    A date alone means its first second, and a moment without an offset means UTC.

    Raises:
        ValueError: when the text is not an ISO 8601 moment, or has a fraction of a second.
    """
    match = _MOMENT.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        date, time, fraction, offset = match.groups(default="")
        # fromisoformat reads a final Z only since Python 3.11.
        moment = datetime.fromisoformat(
            f"{date}T{time or '00:00'}{offset.upper().replace('Z', '+00:00')}"
        )
    except ValueError:
        raise ValueError(
            f"'{text}' is no moment; write one like '2030-01-07T00:00:00Z' or '2030-01-07'"
        ) from None
    if fraction.strip("0"):
        raise ValueError(f"'{text}' has a fraction of a second; a chain counts whole ones")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - _EPOCH) // timedelta(seconds=1)


def format_moment(seconds: int) -> str:
    """Write a moment in Unix time as ``2030-01-07T00:00:00Z``; beyond the calendar, as a number."""
    moment = _utc(seconds)
    return f"{moment.date()}T{moment:%H:%M:%S}Z" if moment else str(seconds)


def format_date(seconds: int) -> str:
    """Write a moment in Unix time for people: ``Mon 2030-01-07 00:00:00``, in UTC."""
    moment = _utc(seconds)
    return f"{moment:%a} {moment.date()} {moment:%H:%M:%S}" if moment else str(seconds)


def _utc(seconds: int) -> datetime | None:
    """The moment in the calendar; None beyond the years 1 to 9999."""
    # Not datetime.fromtimestamp, which ends where the platform's time_t does.
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
