"""What was reached, for people and for programs: a table, an lcov file, and a page."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from unbond.coverage.measure import BranchHits, FileHits, Measured, StatementHits


class Share(NamedTuple):
    """How many of how many were reached."""

    reached: int
    total: int

    def __add__(self, other: object) -> Share:
        """Both together."""
        if not isinstance(other, Share):
            return NotImplemented
        return Share(self.reached + other.reached, self.total + other.total)

    def __str__(self) -> str:
        """As a table shows it. It says 100 % of what was reached to the last one only."""
        if not self.total:
            return "–"
        return f"{self.reached}/{self.total} {self.percent:3} %"

    @property
    def percent(self) -> int:
        """The same in whole percent, rounded down; 100 of nothing."""
        return 100 * self.reached // self.total if self.total else 100


@dataclass(frozen=True)
class ContractShares:
    """How much of one contract was reached."""

    path: str
    contract: str
    """Empty for functions outside of contracts."""
    lines: Share
    statements: Share
    branches: Share
    functions: Share
    missing: str
    """What was not reached: lines, and ways of branches of lines that were."""


def shares(measured: Measured) -> Iterator[ContractShares]:
    """How much of each contract was reached, file by file."""
    for file in measured.files:
        names = {one.contract: one.line for one in reversed(file.functions)}
        for name in sorted(names, key=names.__getitem__):
            yield _of_contract(file, name)


def _of_contract(file: FileHits, name: str) -> ContractShares:
    functions = [one for one in file.functions if one.contract == name]
    statements = [one for one in file.statements if one.contract == name]
    branches = [one for one in file.branches if one.contract == name]
    own = {one.line for one in functions} | {one.line for one in statements}
    lines = {line: hits for line, hits in file.lines.items() if line in own}
    return ContractShares(
        file.path,
        name,
        _share(lines.values()),
        _share(one.hits for one in statements),
        _share(hits for one in branches for _, hits in one.ways),
        _share(one.hits for one in functions),
        "; ".join(_missing(lines, statements, branches)),
    )


def _share(hits: Iterable[int]) -> Share:
    counts = list(hits)
    return Share(sum(1 for times in counts if times), len(counts))


def _missing(
    lines: dict[int, int], statements: Iterable[StatementHits], branches: Iterable[BranchHits]
) -> Iterator[str]:
    for stretch in _stretches(lines):
        yield str(stretch[0]) if len(stretch) == 1 else f"{stretch[0]}–{stretch[-1]}"
    said = {line for line, hits in lines.items() if not hits}
    for branch in branches:
        ways = [way for way, hits in branch.ways if not hits]
        # Where no way was taken, the line says so.
        if 0 < len(ways) < len(branch.ways):
            said.add(branch.line)
            yield f"{branch.line} {branch.kind} ({', '.join(ways)})"
    for line in dict.fromkeys(one.line for one in statements if not one.hits):
        if line not in said:
            yield f"{line} in part"


def _stretches(lines: dict[int, int]) -> Iterator[list[int]]:
    """The lines not reached; together where none between them was."""
    for missed, stretch in groupby(sorted(lines), key=lambda line: not lines[line]):
        if missed:
            yield list(stretch)


def missing(measured: Measured) -> Iterator[str]:
    """What was not reached of each contract, a line each."""
    for row in shares(measured):
        if row.missing:
            yield f"{row.path}, {row.contract}: {row.missing}".replace(", :", ":")


def table(measured: Measured) -> Table:
    """The shares of all contracts, and of all together."""
    shown = Table(title="Solidity coverage", title_justify="left", show_footer=True)
    rows = list(shares(measured))
    total = [
        sum((getattr(row, kind) for row in rows), Share(0, 0))
        for kind in ("lines", "statements", "branches", "functions")
    ]
    shown.add_column("contract", "all", no_wrap=True)
    for title, share in zip(("lines", "statements", "branches", "functions"), total, strict=True):
        shown.add_column(title, str(share), justify="right", no_wrap=True)
    for row in rows:
        counts = (row.lines, row.statements, row.branches, row.functions)
        shown.add_row(row.contract or row.path, *map(str, counts))
    return shown


def least(measured: Measured) -> Share:
    """The smaller of the shares of all lines and of all branches."""
    rows = list(shares(measured))
    lines = sum((row.lines for row in rows), Share(0, 0))
    branches = sum((row.branches for row in rows), Share(0, 0))
    return min(lines, branches, key=lambda share: share.percent)


def lcov(measured: Measured) -> str:
    """The tracefile that lcov, genhtml and editors read."""
    return "".join(line + "\n" for file in measured.files for line in _lcov(file))


def _lcov(file: FileHits) -> Iterator[str]:
    yield "TN:"
    yield f"SF:{file.path}"
    named = [(".".join(filter(None, (one.contract, one.name))), one) for one in file.functions]
    for name, one in named:
        yield f"FN:{one.line},{name}"
    for name, one in named:
        yield f"FNDA:{one.hits},{name}"
    yield f"FNF:{len(named)}"
    yield f"FNH:{_share(one.hits for one in file.functions).reached}"
    for number, branch in enumerate(file.branches):
        reached = any(hits for _, hits in branch.ways)
        for way, (_, hits) in enumerate(branch.ways):
            yield f"BRDA:{branch.line},{number},{way},{hits if reached else '-'}"
    ways = _share(hits for branch in file.branches for _, hits in branch.ways)
    yield f"BRF:{ways.total}"
    yield f"BRH:{ways.reached}"
    for line, hits in file.lines.items():
        yield f"DA:{line},{hits}"
    lines = _share(file.lines.values())
    yield f"LF:{lines.total}"
    yield f"LH:{lines.reached}"
    yield "end_of_record"


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
table { border-collapse: collapse } th, td { padding: .2rem .8rem; text-align: right }
th:first-child, td:first-child, td:last-child, th:last-child { text-align: left }
tr + tr td { border-top: 1px solid #8884 }
pre { font: 13px/1.45 ui-monospace, monospace; overflow-x: auto } pre span { display: block }
pre b { display: inline-block; width: 9ch; text-align: right; color: #888; font-weight: normal;
  margin-right: 1ch; user-select: none }
.yes { background: #2a25 } .no { background: #d335 } .part { background: #da25 }
:root { color-scheme: light dark }
"""


def page(measured: Measured) -> str:
    """A page of its own with the table, and every file with the hits of each line."""
    rows = "".join(_row(row) for row in shares(measured))
    files = "".join(_source(file) for file in measured.files)
    heads = "contract", "lines", "statements", "branches", "functions", "not reached"
    head = "".join(f"<th>{title}</th>" for title in heads)
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Solidity coverage</title>\n'
        f"<style>{_STYLE}</style>\n<h1>Solidity coverage</h1>\n"
        f"<table><tr>{head}</tr>\n{rows}</table>\n{files}</html>\n"
    )


def _row(row: ContractShares) -> str:
    name = f'<a href="#{escape(row.path)}">{escape(row.contract or row.path)}</a>'
    counts = (row.lines, row.statements, row.branches, row.functions)
    cells = "".join(f"<td>{cell}</td>" for cell in (name, *counts, escape(row.missing)))
    return f"<tr>{cells}</tr>\n"


def _source(file: FileHits) -> str:
    lines = file.lines
    told: dict[int, list[str]] = {}
    short: set[int] = set()
    for branch in file.branches:
        ways = ", ".join(f"{way}: {hits}" for way, hits in branch.ways)
        told.setdefault(branch.line, []).append(f"{branch.kind} – {ways}")
        if not all(hits for _, hits in branch.ways):
            short.add(branch.line)
    shown = []
    for number, text in enumerate(file.text.splitlines(), 1):
        hits = lines.get(number)
        kind = "" if hits is None else "no" if not hits else "part" if number in short else "yes"
        title = escape("; ".join(told.get(number, [])))
        count = "" if hits is None else f"{hits}×"
        numbers = f"<b>{number}</b><b>{count}</b>"
        shown.append(f'<span class="{kind}" title="{title}">{numbers}{escape(text)}</span>')
    return f'<h2 id="{escape(file.path)}">{escape(file.path)}</h2>\n<pre>{"".join(shown)}</pre>\n'
