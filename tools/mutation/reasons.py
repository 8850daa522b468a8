"""Why mutants survive: the reasons that people have written down, each for one mutant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.mutation.mutants import Key, MutationError

_FIELDS = {"contract", "function", "before", "after", "nth", "reason", "equivalent"}
_NEEDED = {"contract", "before", "after", "reason"}


@dataclass(frozen=True)
class Reason:
    """Why nothing notices a mutant."""

    key: Key
    text: str
    equivalent: bool
    """Whether the mutant does the same as the contract. If not, it counts as survived."""


def read_reasons(path: Path) -> dict[Key, Reason]:
    """All reasons of a file, by mutant.

    Raises:
        MutationError: when the file is not as it has to be.
    """
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except FileNotFoundError:
        raise MutationError(f"{path} does not exist") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MutationError(f"{path.name} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(listed, list):
        raise MutationError(f"{path.name} is no list")
    found: dict[Key, Reason] = {}
    for number, entry in enumerate(listed, start=1):
        reason = _reason(entry, f"{path.name}, entry {number}")
        if reason.key in found:
            raise MutationError(f"{path.name}, entry {number}: {reason.key} is there twice")
        found[reason.key] = reason
    return found


def _reason(entry: Any, place: str) -> Reason:
    if not isinstance(entry, dict):
        raise MutationError(f"{place} is not made of fields")
    unknown, missing = {*entry} - _FIELDS, _NEEDED - {*entry}
    if unknown or missing:
        what = f"unknown: {', '.join(sorted(map(str, unknown)))}" if unknown else ""
        lack = f"missing: {', '.join(sorted(missing))}" if missing else ""
        raise MutationError(f"{place}: fields {'; '.join(filter(None, (what, lack)))}")
    nth, equivalent = entry.get("nth", 1), entry.get("equivalent", True)
    texts = {name: entry.get(name, "") for name in ("contract", "function", "before", "after")}
    all_texts = all(isinstance(text, str) for text in (*texts.values(), entry["reason"]))
    if not all_texts or not isinstance(equivalent, bool):
        raise MutationError(f"{place}: a field is of the wrong kind")
    if type(nth) is not int or not entry["reason"].strip():
        raise MutationError(f"{place}: nth has to be a number, and the reason a sentence")
    return Reason(Key(**texts, nth=nth), " ".join(entry["reason"].split()), equivalent)


def stale(
    reasons: dict[Key, Reason], generated: Iterable[Key], results: dict[Key, str]
) -> list[str]:
    """What is wrong with reasons: their mutants are gone, or do not survive.

    Args:
        reasons: all of them.
        generated: all mutants there are.
        results: what became of those that were tried.
    """
    there = {*generated}
    wrong = []
    for key in reasons:
        if key not in there:
            wrong.append(f"a reason for a mutant that is gone: {key}")
        elif results.get(key, "survived") != "survived":
            wrong.append(f"a reason for a mutant that does not survive ({results[key]}): {key}")
    return wrong
