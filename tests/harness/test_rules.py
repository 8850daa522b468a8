"""The specification and the tests name the same rules.

Read from the text of both, without running anything, so that no option of a run can hide a gap.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
SPECIFICATION = ROOT / "docs" / "specification.md"

RULE = re.compile(r"^\| ([A-Z]-\d+) \| \S", re.MULTILINE)
CASE = re.compile(r"^\| (\d+) \| [^|]+ \| (Tested\.|Cannot happen: .+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Proof:
    """A test function and the values of its marks."""

    where: str
    rules: tuple[Any, ...]
    cases: tuple[Any, ...]


def marks_of(function: ast.FunctionDef, name: str) -> tuple[Any, ...]:
    """The arguments of all ``pytest.mark.<name>(…)`` above a function."""
    found: list[Any] = []
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == f"pytest.mark.{name}":
            for argument in decorator.args:
                if isinstance(argument, ast.Starred):
                    found += ast.literal_eval(argument.value)
                else:
                    found.append(ast.literal_eval(argument))
    return tuple(found)


def proofs_in(folder: Path) -> Iterator[Proof]:
    """All test functions in the files of a folder and those below it."""
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                where = f"{path.relative_to(ROOT)}::{node.name}"
                yield Proof(where, marks_of(node, "rule"), marks_of(node, "case"))


@pytest.fixture(scope="module")
def rules() -> list[str]:
    """The ids in the tables of the specification."""
    return RULE.findall(SPECIFICATION.read_text())


@pytest.fixture(scope="module")
def cases() -> dict[int, bool]:
    """The numbers of the known mistakes, and whether each is to be tested."""
    rows = CASE.findall(SPECIFICATION.read_text())
    return {int(number): answer == "Tested." for number, answer in rows}


def test_no_rule_is_written_down_twice(rules: list[str]) -> None:
    assert rules
    assert sorted(rules) == sorted(set(rules))


def test_every_rule_has_a_test(rules: list[str]) -> None:
    proved = {rule for test in proofs_in(TESTS) for rule in test.rules}
    assert [rule for rule in rules if rule not in proved] == []


def test_every_mark_names_a_rule(rules: list[str]) -> None:
    unknown = {
        test.where: strange
        for test in proofs_in(TESTS)
        if (strange := [rule for rule in test.rules if rule not in rules])
    }
    assert unknown == {}


def test_every_test_of_a_system_names_its_rule() -> None:
    systems = [path for path in (TESTS / "contracts").iterdir() if path.is_dir()]
    found = [test for system in systems for test in proofs_in(system)]
    assert found
    assert [test.where for test in found if not test.rules] == []


def test_every_known_mistake_has_a_test_or_a_reason(cases: dict[int, bool]) -> None:
    assert list(cases) == list(range(1, len(cases) + 1))
    tried = {case for test in proofs_in(TESTS) for case in test.cases}
    assert sorted(tried) == [number for number, tested in cases.items() if tested]
