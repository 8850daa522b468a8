"""The specification and the tests name the same rules."""

from __future__ import annotations

import re

import pytest

from tests.harness.marks import ROOT, SYSTEMS, TESTS, proofs_in

SPECIFICATION = ROOT / "docs" / "specification.md"

RULE = re.compile(r"^\| ([A-Z]-\d+) \| \S", re.MULTILINE)


@pytest.fixture(scope="module")
def rules() -> list[str]:
    """The ids in the tables of the specification."""
    return RULE.findall(SPECIFICATION.read_text())


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
    folders = [*(TESTS / "contracts" / system for system in SYSTEMS), TESTS / "hostile"]
    found = [test for folder in folders for test in proofs_in(folder)]
    assert {system for test in found for system in test.systems} == set(SYSTEMS)
    assert [test.where for test in found if not test.rules or not test.systems] == []
