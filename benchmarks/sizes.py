"""How large a benchmark is, as the environment says."""

from __future__ import annotations

import os

LARGEST = 10**6


def sizes(name: str, usual: str) -> list[int]:
    """The numbers, with commas between them, that a variable of the environment has.

    Raises:
        SystemExit: when it has something else; in one line.
    """
    text = os.environ.get(name) or usual
    return [_size(name, word.strip()) for word in text.split(",")]


def size(name: str, usual: int) -> int:
    """The same of a variable that has one number."""
    return _size(name, (os.environ.get(name) or str(usual)).strip())


def _size(name: str, word: str) -> int:
    # No longer than the largest: Python reads no number of thousands of digits.
    if word.isdecimal() and len(word) <= len(str(LARGEST)) and 1 <= int(word) <= LARGEST:
        return int(word)
    shown = word if len(word) <= 100 else f"{word[:20]}…"
    raise SystemExit(f"{name}: '{shown}' is no whole number from 1 to {LARGEST}, such as 30")
