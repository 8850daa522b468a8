"""The file that says what transactions cost, and what has changed since it was written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError
from rich.table import Table

from unbond.files import made, read_file, write_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


class SnapshotError(Exception):
    """A file of gas figures cannot be read; the message says why."""


class FunctionGas(BaseModel):
    """What the transactions to one function cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calls: PositiveInt
    """How many transactions there were."""
    min: NonNegativeInt
    median: NonNegativeInt
    """Of an even number of figures, the lower one of the two in the middle."""
    max: NonNegativeInt


class Snapshot(BaseModel):
    """What transactions cost, in gas."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    functions: dict[str, dict[str, FunctionGas]]
    """By contract and function; what deploys is its ``constructor``."""
    named: dict[str, NonNegativeInt]
    """By what a test called it."""

    @classmethod
    def of(
        cls, costs: Mapping[tuple[str, str], Iterable[int]], named: Mapping[str, int]
    ) -> Snapshot:
        """The figures of transactions: ``costs`` by contract and function, each in gas."""
        functions: dict[str, dict[str, FunctionGas]] = {}
        for (contract, function), figures in sorted(costs.items()):
            row = sorted(figures)
            functions.setdefault(contract, {})[function] = FunctionGas(
                calls=len(row), min=row[0], median=median_low(row), max=row[-1]
            )
        return cls(functions=functions, named=dict(sorted(named.items())))

    @classmethod
    def read(cls, path: Path) -> Snapshot:
        """The figures in a file.

        Raises:
            SnapshotError: when there is no such file, or it is none of ours.
        """
        try:
            return cls.model_validate_json(read_file(path))
        except FileNotFoundError:
            message = f"there is no {path}: write one with --gas-snapshot"
            raise SnapshotError(message) from None
        except OSError as error:
            raise SnapshotError(f"{path} cannot be read: {error.strerror}") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            message = f"{path} holds no gas figures: {where}: {first['msg']}"
            raise SnapshotError(message) from None

    def write(self, path: Path) -> None:
        """Put the figures into a file; the same figures always give the same file.

        Raises:
            SnapshotError: when that cannot be written; what was there stays.
        """
        text = json.dumps(self.model_dump(), indent=1, ensure_ascii=False) + "\n"
        try:
            with made(path.parent):
                write_file(path, text.encode())
        except OSError as error:
            raise SnapshotError(f"{path} cannot be written: {error.strerror}") from None

    def figures(self) -> Iterator[tuple[tuple[str, str], int]]:
        """The figures that are compared, by what they are of."""
        for contract, functions in self.functions.items():
            for function, gas in functions.items():
                yield (f"{contract}.{function}", "median"), gas.median
                yield (f"{contract}.{function}", "max"), gas.max
        for name, cost in self.named.items():
            yield (name, ""), cost

    def calls(self) -> dict[str, int]:
        """How many transactions each function had."""
        return {
            f"{contract}.{function}": gas.calls
            for contract, functions in self.functions.items()
            for function, gas in functions.items()
        }


@dataclass(frozen=True)
class Change:
    """A figure that is not what it was."""

    what: str
    figure: str
    """``median`` or ``max`` of a function; empty for a figure with a name."""
    before: int | None
    """In gas; None if there was none."""
    now: int | None

    @property
    def share(self) -> float:
        """By how much of what it was it has risen."""
        return (self.now - self.before) / self.before if self.before and self.now else 0.0


def changes(before: Snapshot, now: Snapshot) -> list[Change]:
    """What has moved, most of all first; and what is new or gone.

    A function's median is compared only where the same number of transactions made it.
    """
    old, new = dict(before.figures()), dict(now.figures())
    calls = before.calls(), now.calls()
    found = []
    for key in dict.fromkeys([*old, *new]):
        what, figure = key
        known = key in old and key in new
        if known and figure == "median" and calls[0][what] != calls[1][what]:
            continue
        if figure == "max" and not known:
            continue  # its median tells that it is new, or gone
        if old.get(key) != new.get(key):
            found.append(Change(what, figure, old.get(key), new.get(key)))
    return sorted(found, key=lambda change: -abs(change.share))


def rises(found: Iterable[Change], tolerance: float) -> list[Change]:
    """The changes that are rises by more than a share of what was."""
    return [change for change in found if change.share > tolerance]


def table(found: Iterable[Change]) -> Table:
    """Changes as a table."""
    shown = Table("what", "figure", title="Gas", title_justify="left")
    for title in ("before", "now", "change"):
        shown.add_column(title, justify="right")
    for change in found:
        if change.before is None or change.now is None:
            difference = "new" if change.before is None else "not run"
        else:
            difference = f"{change.now - change.before:+} ({change.share:+.2%})"
        figures = ("" if gas is None else f"{gas}" for gas in (change.before, change.now))
        shown.add_row(change.what, change.figure, *figures, difference)
    return shown
