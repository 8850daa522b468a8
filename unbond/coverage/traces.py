"""What was executed: how often each piece of code was entered, jumped about in, and left."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from eth.vm.opcode_values import PUSH1, PUSH20, PUSH32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CONSTRUCTOR_ARGUMENTS = re.compile(rb"dsolcC[\x00-\xff]{3}\x00[\x00-\xff]")
"""How the metadata ends that solc appends; what comes after it was appended by the deployer."""


_HASH = re.compile(rb"(dipfsX\x22\x12\x20[\x00-\xff]{32}|ebzzr[01]X\x20[\x00-\xff]{32})")


def _instructions() -> re.Pattern[bytes]:
    """One instruction, or several without data; a push of an address or a word is a group."""
    kinds = [rb"[\x00-\x5f\x80-\xff]+"]
    for instruction in range(PUSH1, PUSH32 + 1):
        push = re.escape(bytes([instruction]))
        size = instruction - PUSH1 + 1
        group = b"(%b)" if instruction in (PUSH20, PUSH32) else b"%b"
        kinds.append(group % push + rb"[\x00-\xff]{%d}" % size)
    return re.compile(b"|".join(kinds))


_INSTRUCTION = _instructions()


def shape(code: bytes) -> bytes:
    """Code without what its deployment put in: immutable values and addresses of libraries.

    Both are data of pushes of 32 and 20 bytes; all of those become zero. A hash of metadata is no
    code: what looks like a push in it stays.
    """
    parts = _HASH.split(code)
    parts[::2] = [_INSTRUCTION.sub(_emptied, part) for part in parts[::2]]
    return b"".join(parts)


def _emptied(instruction: re.Match[bytes]) -> bytes:
    text = instruction.group()
    return text[:1] + bytes(len(text) - 1) if instruction.lastindex else text


def without_hash(code: bytes) -> bytes:
    """Code without the hash of its metadata, which names everything the compiler was given."""
    return _HASH.sub(b"", code)


def without_arguments(code: bytes) -> bytes:
    """Code that deploys, without the arguments of the constructor, where one can tell."""
    end = 0
    for found in _CONSTRUCTOR_ARGUMENTS.finditer(code):
        end = found.end()
    return code[:end] if end else code


@dataclass
class Trace:
    """How one piece of code was run through. All positions are in bytes."""

    jumps: Counter[tuple[int, int]] = field(default_factory=Counter)
    """How often a jump at one place went to another."""
    ends: Counter[int] = field(default_factory=Counter)
    """How often the instruction at a place was the last one."""

    def add(self, other: Trace) -> None:
        """Count in what another run did."""
        self.jumps.update(other.jumps)
        self.ends.update(other.ends)


@dataclass
class Traces:
    """All code that was run, by its :func:`shape`; what deploys apart from what is deployed."""

    deployed: dict[bytes, Trace] = field(default_factory=dict)
    deploying: dict[bytes, Trace] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything was run."""
        return bool(self.deployed or self.deploying)

    def frame(
        self, code: bytes, *, deploys: bool, jumps: Iterable[tuple[int, int]], end: int
    ) -> None:
        """Count one frame: which jumps it took, and where it ended."""
        kinds = self.deploying if deploys else self.deployed
        key = _shape_of_deploying(code) if deploys else _shape(code)
        trace = kinds.get(key)
        if trace is None:
            trace = kinds[key] = Trace()
        trace.jumps.update(jumps)
        trace.ends[end] += 1

    def add(self, other: Traces) -> None:
        """Count in what another process ran."""
        for mine, theirs in ((self.deployed, other.deployed), (self.deploying, other.deploying)):
            for code, trace in theirs.items():
                mine.setdefault(code, Trace()).add(trace)

    def dump(self) -> list[Any]:
        """The same in lists, numbers and bytes, for another process."""
        return [list(_dump(traces)) for traces in (self.deployed, self.deploying)]

    @classmethod
    def load(cls, dumped: list[Any]) -> Traces:
        """What :meth:`dump` gave."""
        return cls(*(dict(_load(traces)) for traces in dumped))


_shape = lru_cache(maxsize=4096)(shape)


@lru_cache(maxsize=4096)
def _shape_of_deploying(code: bytes) -> bytes:
    return shape(without_arguments(code))


def _dump(traces: dict[bytes, Trace]) -> Iterator[list[Any]]:
    for code, trace in traces.items():
        jumps = [[origin, target, times] for (origin, target), times in trace.jumps.items()]
        yield [code, jumps, [list(end) for end in trace.ends.items()]]


def _load(dumped: list[Any]) -> Iterator[tuple[bytes, Trace]]:
    for code, jumps, ends in dumped:
        trace = Trace(Counter(), Counter(dict(ends)))
        for origin, target, times in jumps:
            trace.jumps[origin, target] = times
        yield code, trace
