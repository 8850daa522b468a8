"""Code as a row of instructions, each with the text that it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from eth.vm.opcode_values import JUMP, JUMPI, PUSH1, PUSH32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unbond.coverage.traces import Trace


class Place(NamedTuple):
    """A stretch of a file, in bytes."""

    file: int
    """The compiler's number of the file; -1 if the instruction was made from no text."""
    start: int
    end: int

    def holds(self, other: Place) -> bool:
        """Whether ``other`` lies in it."""
        return self.file == other.file and self.start <= other.start and other.end <= self.end

    @classmethod
    def read(cls, text: str) -> Place:
        """A syntax tree's ``start:length:file``."""
        start, length, file = map(int, text.split(":"))
        return cls(file, start, start + length)


@dataclass(frozen=True)
class Instruction:
    """One instruction."""

    position: int
    """In the code, in bytes."""
    opcode: int
    place: Place
    """The text that it was made from."""
    calls: bool
    """Whether it is the jump into a function."""
    returns: bool
    """Whether it is the jump out of a function."""


@dataclass(frozen=True)
class Step:
    """That one instruction comes after another, and how often it did."""

    before: Instruction
    after: Instruction
    times: int
    jumped: bool


def instructions(code: bytes, source_map: str) -> list[Instruction]:
    """The instructions of code, as far as the source map goes."""
    row: list[Instruction] = []
    position = 0
    fields = ["0", "0", "-1", "-"]
    for entry in source_map.split(";"):
        if position >= len(code):
            break
        for index, value in enumerate(entry.split(":")[:4]):
            if value:
                fields[index] = value
        start, length, file = map(int, fields[:3])
        opcode = code[position]
        place = Place(file, start, start + length)
        row.append(Instruction(position, opcode, place, fields[3] == "i", fields[3] == "o"))
        position += opcode - PUSH1 + 2 if PUSH1 <= opcode <= PUSH32 else 1
    return row


class Walked:
    """A row of instructions with how often each was executed, and what came after it."""

    def __init__(self, row: list[Instruction], trace: Trace) -> None:
        """Lay a trace over the instructions that it ran through."""
        self.row = row
        self._index = {instruction.position: index for index, instruction in enumerate(row)}
        self._jumps: dict[int, dict[int, int]] = {}
        self._ends = trace.ends
        # Between two jumps, instructions follow one another.
        changes = [0] * (len(row) + 1)
        changes[0] = trace.ends.total()
        for (origin, target), times in trace.jumps.items():
            if origin in self._index and target in self._index:
                changes[self._index[target]] += times
                changes[self._index[origin] + 1] -= times
                self._jumps.setdefault(origin, {})[target] = times
        for end, times in trace.ends.items():
            changes[self._index.get(end, len(row) - 1) + 1] -= times
        self.times: list[int] = list(accumulate(changes[:-1]))
        """How often each was executed."""

    def taken(self, index: int) -> int:
        """How often the jump with this index was taken."""
        return sum(self._jumps.get(self.row[index].position, {}).values())

    def passed(self, index: int) -> int:
        """How often the next instruction came after the one with this index."""
        left = self._ends.get(self.row[index].position, 0)
        return self.times[index] - self.taken(index) - left

    def conditions(self) -> Iterator[tuple[int, tuple[int, int]]]:
        """The conditional jumps by index, with how often each was passed and how often taken."""
        for index, instruction in enumerate(self.row):
            if instruction.opcode == JUMPI:
                yield index, (self.passed(index), self.taken(index))

    def steps(self) -> Iterator[Step]:
        """What can come after what, by jumps as far as they were taken."""
        for index, before in enumerate(self.row[:-1]):
            if before.opcode != JUMP and before.opcode not in _LAST:
                yield Step(before, self.row[index + 1], self.passed(index), jumped=False)
            for target, times in self._jumps.get(before.position, {}).items():
                yield Step(before, self.row[self._index[target]], times, jumped=True)


_LAST = frozenset({0x00, 0xF3, 0xFD, 0xFE, 0xFF})
"""STOP, RETURN, REVERT, INVALID and SELFDESTRUCT."""
