"""From what was executed, and what there is, to how often each piece of the text was reached.

A piece of text was reached as often as instructions made from it were executed after instructions
made from elsewhere; coming back from a function that it calls is not reaching it again. So it does
not matter how often the compiler laid it out: a modifier is counted in every function it is in, an
internal function in every contract that inherits it, in what deploys and in what is deployed.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from unbond.coverage.code import Place, Walked, instructions
from unbond.coverage.syntax import Branch, Function, Statement, Syntax, calls, syntax
from unbond.coverage.traces import Trace, shape, without_arguments, without_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from unbond.coverage.code import Instruction, Step
    from unbond.coverage.compiled import Assembled, Unit
    from unbond.coverage.traces import Traces


@dataclass(frozen=True)
class FunctionHits:
    """How often a function, a constructor or a modifier was entered."""

    name: str
    contract: str
    """Where it is defined; empty outside of contracts."""
    line: int
    hits: int


@dataclass(frozen=True)
class StatementHits:
    """How often a statement was executed."""

    contract: str
    line: int
    hits: int


@dataclass(frozen=True)
class BranchHits:
    """How often each way of a branch was taken."""

    kind: str
    contract: str
    line: int
    ways: tuple[tuple[str, int], ...]
    """Each way by what it is called, with its count."""


@dataclass
class FileHits:
    """What was reached of one file. Lines count from 1."""

    path: str
    """From the project's folder."""
    text: str
    functions: list[FunctionHits] = field(default_factory=list)
    statements: list[StatementHits] = field(default_factory=list)
    branches: list[BranchHits] = field(default_factory=list)
    untold: list[int] = field(default_factory=list)
    """The lines of statements of which the optimizer left no instruction, and of which their
    neighbours do not tell whether they were executed. They are not counted."""

    @property
    def lines(self) -> dict[int, int]:
        """How often each line was reached: the function or first statement that begins there."""
        found: dict[int, int] = {}
        row: list[FunctionHits | StatementHits] = [*self.functions, *self.statements]
        for one in row:
            found.setdefault(one.line, one.hits)
        return dict(sorted(found.items()))


@dataclass(frozen=True)
class Measured:
    """What was reached of a project."""

    files: list[FileHits]
    recognised: int
    """How many pieces of code were executed that are the project's, each counted once however
    often it was deployed."""
    foreign: int
    """How many were executed that are not."""
    via_ir: bool = False
    """Whether some was made by way of Yul, of which the counts are not exact."""


def measure(units: Iterable[Unit], traces: Traces, texts: Mapping[str, str]) -> Measured:
    """How often everything in a project's files was reached.

    Args:
        units: what the compiler made of the files.
        traces: what was executed.
        texts: the text of each file that is to be measured, by its path from the project's folder.
    """
    matches = _Matches(traces)
    files: dict[str, FileHits] = {}
    via_ir = False
    for unit in units:
        via_ir = via_ir or unit.via_ir
        tally = _Tally(unit)
        for assembled in unit.assembled:
            tally.add(assembled, matches.trace(assembled))
        for number, path in unit.paths.items():
            # A file that two versions of the compiler read is measured with the first.
            if path in texts and path not in files:
                files[path] = tally.hits(number, path, texts[path])
    return Measured(
        files=[files[path] for path in sorted(files)],
        recognised=len(matches.used),
        foreign=matches.number_of_foreign,
        via_ir=via_ir,
    )


_ONCE = ("constructor", "receive", "fallback")
_TWOFOLD = ("if", "choice", "require")
"""What one jump decides."""


class _Matches:
    """Finds what was executed of a contract, by its code."""

    def __init__(self, traces: Traces) -> None:
        self._kinds = {True: traces.deploying, False: traces.deployed}
        self._alike: dict[tuple[bool, bytes], list[bytes]] = {}
        for deploys, kinds in self._kinds.items():
            for code in kinds:
                self._alike.setdefault((deploys, without_hash(code)), []).append(code)
        self.used: set[tuple[bool, bytes]] = set()

    def trace(self, assembled: Assembled) -> Trace:
        """All that was executed of a contract's code."""
        whole = Trace()
        # What stands behind the metadata are large constants, or arguments of a deployment.
        own = without_arguments(assembled.code) if assembled.deploys else assembled.code
        for code in self._found(assembled.deploys, shape(own)):
            whole.add(self._kinds[assembled.deploys][code])
            self.used.add((assembled.deploys, code))
        return whole

    def _found(self, deploys: bool, code: bytes) -> Sequence[bytes]:
        if code in self._kinds[deploys]:
            return [code]
        # With the addresses of libraries, the compiler was given more, and the hash says so.
        alike = self._alike.get((deploys, without_hash(code)), ())
        if alike or not deploys:
            return alike
        # Without metadata, nothing tells where the constructor's arguments begin.
        return [other for other in self._kinds[True] if other.startswith(code)]

    @property
    def number_of_foreign(self) -> int:
        return sum(map(len, self._kinds.values())) - len(self.used)


@dataclass(frozen=True, eq=False)
class _Target:
    """A stretch of text of which it is counted how often it was reached."""

    place: Place
    within: frozenset[int]
    """What is executed on its behalf elsewhere, by the compiler's numbers."""
    function: Function | None = None
    """The function that it is the whole of."""


class _Text:
    """The targets of one file, by where they are."""

    def __init__(self, found: Syntax, reached: Iterable[_Target]) -> None:
        self.syntax = found
        self._targets = sorted(reached, key=lambda target: target.place.start)
        self._starts = [target.place.start for target in self._targets]
        self._known: dict[Place, frozenset[_Target]] = {}
        self._constants: dict[Place, bool] = {}
        self._owners: dict[Place, int] = {}

    def holding(self, place: Place) -> frozenset[_Target]:
        """All targets that a place is in."""
        if place not in self._known:
            last = bisect_right(self._starts, place.start)
            holding = (one for one in self._targets[:last] if one.place.end >= place.end)
            self._known[place] = frozenset(holding)
        return self._known[place]

    def in_constant(self, place: Place) -> bool:
        """Whether a place is in what a constant is."""
        if place not in self._constants:
            self._constants[place] = any(one.holds(place) for one in self.syntax.constants)
        return self._constants[place]

    def owner(self, place: Place) -> int:
        """The function that a place is in, by the compiler's number; 0 if in none."""
        if place not in self._owners:
            functions = (one.function for one in self.holding(place) if one.function)
            self._owners[place] = next((one.identity for one in functions), 0)
        return self._owners[place]


class _Tally:
    """Counts for all that one run of the compiler made."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._calls = who = calls(list(unit.trees.values()))
        self._entered: dict[_Target, int] = {}
        self._come_back: dict[_Target, int] = {}
        """How often, at most, something was come back to from what it calls, without a jump that
        returns: from a function that the optimizer put into its place."""
        self._jumped: dict[Branch, list[int]] = {}
        self._tried: dict[Branch, tuple[int, int]] = {}
        self._target: dict[object, _Target] = {}
        self._branch: dict[Place, Branch] = {}
        self._texts: dict[int, _Text] = {}
        own: dict[Function, frozenset[int]] = {}
        for number, tree in unit.trees.items():
            found = syntax(tree)
            for function in found.functions:
                within = who.reached(function.used)
                self._target[function] = _Target(function.place, within, function)
                own[function] = who.standing_for(function.modifiers | {function.identity})
            for statement in found.statements:
                # What a statement calls may be what it is in, or have the same modifiers. It
                # comes back from there by a jump out of a function.
                within = who.reached(statement.used) - own[statement.function]
                self._target[statement] = _Target(statement.place, within)
            for branch in found.branches:
                self._branch[branch.place] = branch
                within = who.reached(branch.used) - own[branch.statement.function]
                for place in filter(None, branch.into):
                    self._target[place] = _Target(place, within)
            targets = (one for one in self._target.values() if one.place.file == number)
            self._texts[number] = _Text(found, targets)

    def add(self, assembled: Assembled, trace: Trace) -> None:
        """Count what was executed of one contract's code."""
        row = instructions(assembled.code, assembled.source_map)
        walked = Walked(list(self._used(row)), trace)
        for one in walked.row:
            for target in self._holding(one.place):
                self._entered.setdefault(target, 0)
        # What the compiler made from no text belongs to what comes before.
        before = dict(zip(walked.row, self._known_places(walked.row), strict=True))
        for step in walked.steps():
            if step.times:
                self._step(step, before[step.before])
        self._once(walked)
        self._attempts(walked)
        for index, (passed, taken) in walked.conditions():
            branch = self._branch.get(walked.row[index].place)
            if branch is not None and branch.kind in _TWOFOLD:
                ways = self._jumped.setdefault(branch, [0, 0])
                first = self._passing(branch, walked.row, index)
                ways[first] += passed
                ways[1 - first] += taken

    def _used(self, row: Sequence[Instruction]) -> Iterator[Instruction]:
        """Instructions that work out a constant belong to what uses it, which comes next."""
        user = Place(-1, 0, 0)
        changed = []
        for one in reversed(row):
            text = self._texts.get(one.place.file)
            if text and text.in_constant(one.place):
                changed.append(replace(one, place=user))
            else:
                changed.append(one)
                if text:
                    user = one.place
        return reversed(changed)

    def _holding(self, place: Place) -> frozenset[_Target]:
        text = self._texts.get(place.file)
        return text.holding(place) if text else frozenset()

    def _known_places(self, row: Iterable[Instruction]) -> Iterator[Place]:
        known = Place(-1, 0, 0)
        for one in row:
            if one.place.file in self._texts:
                known = one.place
            yield known

    def _step(self, step: Step, origin: Place) -> None:
        if step.jumped and step.before.returns:
            return
        left = self._holding(origin)
        for target in self._holding(step.after.place):
            function = target.function
            if function and function.kind in _ONCE:
                continue
            if step.jumped and step.before.calls and function and step.after.place == target.place:
                # Into a function, be it from itself. What comes from outside of all functions
                # leads to it by way of code that reads its arguments.
                if target not in left or origin != target.place:
                    self._entered[target] += step.times
            elif function and function.kind == "assembly":
                # It is jumped over where it stands.
                continue
            elif target not in left:
                owner = self._texts[origin.file].owner(origin) if origin.file >= 0 else 0
                if owner not in target.within:
                    self._entered[target] += step.times
                else:
                    times = self._come_back.get(target, 0)
                    self._come_back[target] = max(times, step.times)

    def _once(self, walked: Walked) -> None:
        """Count what is there once, and called by nobody, by its first instruction.

        Between a constructor's parameters and its body are its bases' constructors and what
        variables begin with, so one is come back to.
        """
        first: dict[Instruction, _Target] = {}
        seen: set[_Target] = set()
        for one, times in zip(walked.row, walked.times, strict=True):
            for target in self._holding(one.place) - seen:
                if target.function and target.function.kind in _ONCE:
                    seen.add(target)
                    first[one] = target
                    self._entered[target] += times
        for step in walked.steps():
            # It may be a loop's.
            if step.after in first and first[step.after] in self._holding(step.before.place):
                self._entered[first[step.after]] -= step.times

    def _attempts(self, walked: Walked) -> None:
        """Count how often what was tried failed, and how often it returned.

        The first jump of a try after its call decides; others are about which clause it is.
        """
        tries = [branch for branch in self._branch.values() if branch.kind == "try"]
        open_: set[Branch] = set()
        jumps = dict(walked.conditions())
        for index, one in enumerate(walked.row):
            branch = self._branch.get(one.place)
            if branch is not None and branch in open_ and index in jumps:
                open_.remove(branch)
                before = self._tried.get(branch, (0, 0))
                passed, taken = jumps[index]
                self._tried[branch] = (before[0] + passed, before[1] + taken)
            open_ |= {other for other in tries if other.statement.place.holds(one.place)}

    def _passing(self, branch: Branch, row: Sequence[Instruction], index: int) -> int:
        """Which way is gone by who does not jump."""
        goal, after = row[index - 1].place, row[index + 1].place
        for way, place in enumerate(branch.into):
            # Where a way is nothing but a jump itself, the compiler jumps there at once.
            if place and place.holds(goal):
                return 1 - way
            if place and place.holds(after):
                return way
        # An if jumps over what it guards, but not by way of Yul; everything else jumps if it holds.
        return 0 if branch.kind == "if" and not self._unit.via_ir else 1

    def hits(self, number: int, path: str, text: str) -> FileHits:
        """What was reached of one file."""
        found = self._texts[number].syntax
        lines = _Lines(text)
        hits = FileHits(path, text)
        told = self._told(found)
        for function in found.functions:
            inside = [told[one] for one in found.statements if function.place.holds(one.place)]
            entered = self._times(self._target[function])
            left = entered is not None or any(times is not None for times in inside)
            if not left and (function.kind in _ONCE or function.identity in self._present):
                # Nothing is left of it, or there was nothing to do in it.
                continue
            if function.kind == "modifier":
                # It is returned to from what it guards; it is entered at its beginning.
                if not inside:
                    continue
                entered = None
            if entered is None or (not entered and function.kind == "assembly"):
                entered = next((times for times in inside if times is not None), 0)
            line = lines.line(function.place)
            hits.functions.append(FunctionHits(function.name, function.contract, line, entered))
        for statement in found.statements:
            line, times = lines.line(statement.place), told[statement]
            if times is None:
                hits.untold.append(line)
            else:
                hits.statements.append(StatementHits(statement.contract, line, times))
        for branch in found.branches:
            ways = self._ways(branch, told[branch.statement])
            if ways is not None:
                named = tuple(zip(branch.ways, ways, strict=True))
                line = lines.line(branch.place)
                hits.branches.append(BranchHits(branch.kind, branch.contract, line, named))
        return hits

    @cached_property
    def _present(self) -> frozenset[int]:
        """The functions that some contract has, by the compiler's numbers.

        Of one that the optimizer put in the place of a call there need be nothing left.
        """
        entered = self._entered
        syntaxes = [text.syntax for text in self._texts.values()]
        statements = [one for found in syntaxes for one in found.statements]
        functions = [one for found in syntaxes for one in found.functions]
        present = {one.function.identity for one in statements if self._target[one] in entered}
        present |= {one.identity for one in functions if self._target[one] in entered}
        size = -1
        while self._unit.optimised and size < len(present):
            size = len(present)
            here = [one for one in functions if one.identity in present]
            named = {name for one in here for name in one.modifiers}
            for one in statements:
                # A call that was not made is there still.
                if one.function.identity in present and entered.get(self._target[one]) != 0:
                    named |= one.used
            present |= self._calls.standing_for(frozenset(named))
        return frozenset(present)

    def _times(self, target: _Target) -> int | None:
        """How often something was reached; None if it left no instruction."""
        entered = self._entered.get(target)
        # What begins with a call that is no call any more is only ever come back to.
        return entered or (None if entered is None else self._come_back.get(target, 0))

    def _ways(self, branch: Branch, times: int | None) -> list[int] | None:
        """How often each way was taken; None if no instruction tells."""
        if branch in self._jumped:
            return self._jumped[branch]
        entered = [self._times(self._target[place]) if place else None for place in branch.into]
        if branch in self._tried:
            failed, returned = self._tried[branch]
            body = returned if entered[0] is None else min(entered[0], returned)
            entered[0], times = body, body + failed
        missing = [way for way, known in enumerate(entered) if known is None]
        if len(missing) > 1 or times is None:
            return None if times else [0] * len(entered)
        known = sum(filter(None, entered))
        return [max(0, times - known) if one is None else one for one in entered]

    def _told(self, found: Syntax) -> dict[Statement, int | None]:
        """How often each statement was executed; None if neither it nor its neighbours tell."""
        told: dict[Statement, int | None] = {}
        for statement in found.statements:
            entered = self._times(self._target[statement])
            way = statement.block.way
            if statement.dead:
                told[statement] = 0
            elif way is not None and way[0] in self._jumped and not statement.repeats:
                # Code that the optimizer shares among several is reached for others, too.
                most = self._jumped[way[0]][way[1]]
                told[statement] = most if entered is None else min(most, entered)
            elif entered is None and statement.function.identity not in self._present:
                # No contract has this function.
                told[statement] = 0
            else:
                told[statement] = entered
        for statement, times in told.items():
            if times is None:
                told[statement] = _by_neighbours(statement, told)
        return told


def _by_neighbours(statement: Statement, told: Mapping[Statement, int | None]) -> int | None:
    """How often a statement was executed that left no instruction."""
    row = statement.block.statements
    index = row.index(statement)
    if index and row[index - 1].simple and told[row[index - 1]] is not None:
        return told[row[index - 1]]
    following = row[index + 1] if index + 1 < len(row) else None
    return told[following] if following and not following.repeats else None


class _Lines:
    """Which line a byte of a text is in."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        for line in text.encode().split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def line(self, place: Place) -> int:
        """The line in which a place begins, from 1."""
        return bisect_right(self._starts, place.start)
