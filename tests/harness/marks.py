"""What the text of the tests says that they prove, read without running anything.

So no option of a run can hide a gap.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
SYSTEMS = ("delegated", "device", "liquid")


@dataclass(frozen=True)
class Proof:
    """A test function and the values of its marks."""

    where: str
    """Its file, by the path in the repository, and its name."""
    rules: tuple[Any, ...]
    cases: tuple[Any, ...]
    systems: frozenset[str]
    """The systems that it speaks of: those of its mark, or the one in whose folder it is."""


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
                yield Proof(
                    where=f"{path.relative_to(ROOT)}::{node.name}",
                    rules=marks_of(node, "rule"),
                    cases=marks_of(node, "case"),
                    systems=frozenset(
                        marks_of(node, "systems") or {path.parent.name}.intersection(SYSTEMS)
                    ),
                )
