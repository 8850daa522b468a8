"""The security document and the tests say the same: nothing is claimed that no test tries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import pytest

from tests.harness.marks import ROOT, SYSTEMS, TESTS, Proof, proofs_in
from unbond.systems import System
from unbond.systems.delegated import DelegatedStaking
from unbond.systems.device import DeviceStaking
from unbond.systems.liquid import LiquidStaking

PAGE = ROOT / "docs" / "security.md"
LAST_CASE = 44
"""How many mistakes there are; the first is number 1."""

TEST = re.compile(r"`(\w+(?:/\w+)*/test_\w+\.py::test_\w+)`")
POWER = re.compile(r"`([A-Z]+_ROLE)`")


@dataclass(frozen=True)
class Row:
    """A line of a table: its first cells, the systems it speaks of, and the tests it names."""

    cells: tuple[str, ...]
    systems: frozenset[str]
    tests: tuple[str, ...]
    reason: str
    """What stands in the last cell, if that is no list of tests."""


def rows_under(title: str) -> list[Row]:
    """The lines of the tables between a heading and the next one of the same level."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S)
    rows = []
    for line in section.splitlines():
        if not line.startswith("| ") or line.startswith(("| no. ", "| who ", "| what ")):
            continue
        cells = [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split(" | ")]
        place = next(i for i, cell in enumerate(cells) if systems_in(cell))
        tests = TEST.findall(cells[-1])
        listed = cells[-1] == ", ".join(f"`{test}`" for test in tests)
        rows.append(
            Row(
                tuple(cells[:place] + cells[place + 1 : -1]),
                systems_in(cells[place]),
                tuple(tests),
                "" if listed else cells[-1],
            )
        )
    return rows


def systems_in(cell: str) -> frozenset[str]:
    """The systems that a cell names; none if it is another kind of cell."""
    named = frozenset(cell.split(", "))
    if named == {"all"}:
        return frozenset(SYSTEMS)
    return named if named <= set(SYSTEMS) else frozenset()


@cache
def proofs() -> dict[str, Proof]:
    """All tests by their path in ``tests/``."""
    return {test.where.removeprefix("tests/"): test for test in proofs_in(TESTS)}


def mistakes() -> list[tuple[int, Row]]:
    """The lines about known mistakes, by number."""
    return [(int(row.cells[0]), row) for row in rows_under("Known mistakes")]


AT_WORST, TRUSTED = "Who can do what at worst", "What is trusted"
SECTIONS = (AT_WORST, TRUSTED, "Known mistakes")


def test_every_mistake_has_a_test_or_a_reason_in_every_system() -> None:
    told = {(number, system) for number, row in mistakes() for system in row.systems}
    numbers = range(1, LAST_CASE + 1)
    assert told == {(number, system) for number in numbers for system in SYSTEMS}
    assert [number for number, _ in mistakes()] == sorted(number for number, _ in mistakes())
    named = {number: row.cells[1] for number, row in reversed(mistakes())}
    assert all(named.values())


def test_a_reason_stands_alone_and_no_test_contradicts_it() -> None:
    for number, row in mistakes():
        if row.tests:
            assert (number, row.reason) == (number, "")
            continue
        assert re.fullmatch(r"[A-Z].+\.", row.reason), number
        others = [one for other, one in mistakes() if other == number and one != row]
        assert not any(row.systems & one.systems for one in others), number
        tried = [
            where
            for where, test in proofs().items()
            if number in test.cases and test.systems & row.systems
        ]
        assert (number, tried) == (number, [])


def test_tests_of_a_mistake_carry_its_number_and_run_for_the_system() -> None:
    for number, row in mistakes():
        for where in row.tests:
            test = proofs()[where]
            assert (where, number in test.cases) == (where, True)
            assert (where, row.systems - test.systems) == (where, frozenset())


@pytest.mark.parametrize("section", SECTIONS)
def test_every_test_that_is_named_exists_and_speaks_of_the_system(section: str) -> None:
    rows = rows_under(section)
    assert rows
    for row in rows:
        for where in row.tests:
            assert where in proofs()
            assert (where, row.systems - proofs()[where].systems) == (where, frozenset())


@pytest.mark.parametrize("section", [AT_WORST, TRUSTED])
def test_every_sentence_about_holders_and_tokens_has_a_test(section: str) -> None:
    assert [row.cells for row in rows_under(section) if not row.tests or row.reason] == []


@pytest.mark.parametrize("system", [DelegatedStaking, DeviceStaking, LiquidStaking])
def test_every_power_of_every_system_is_spoken_of(system: type[System]) -> None:
    rows = [row for row in rows_under(AT_WORST) if system.name in row.systems]
    told = {power for row in rows for power in POWER.findall(row.cells[0])}
    assert told == set(system.powers)
    assert {"owner", "stranger", "a receiver"} <= {row.cells[0] for row in rows}


def test_every_test_of_attackers_is_named() -> None:
    named = {where for section in SECTIONS for row in rows_under(section) for where in row.tests}
    attackers = {
        where
        for where, test in proofs().items()
        if where.startswith("hostile/") and not test.cases and where not in named
    }
    assert attackers == {"hostile/test_powers.py::test_a_pause_begins_and_ends_once"}
