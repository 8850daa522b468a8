"""What is counted of the corpus, beside what forge's coverage report counts of the same calls."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.instruments.calls import deeds
from tests.instruments.differences import BRANCHES_ALONE, FUNCTIONS, LINES, UNTOLD, WAYS
from tests.instruments.forge import CORPUS, FORGE, forge_coverage, read_lcov
from tests.instruments.ours import Counted, played

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.instruments.differences import Differences
    from tests.instruments.forge import Tracefile
    from tests.instruments.ours import BranchCounts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """Ours without the optimizer."""
    return played(tmp_path_factory.mktemp("plain"), optimize=False)


@pytest.fixture(scope="module")
def optimised(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """Ours with it."""
    return played(tmp_path_factory.mktemp("optimised"), optimize=True)


@pytest.fixture(scope="module")
def forges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tracefile]:
    """Forge's, where it is installed; else what it said when the corpus was last changed."""
    kept = CORPUS / "forge.info"
    if not FORGE.exists():
        return read_lcov(kept.read_text())
    folder = tmp_path_factory.mktemp("forge") / "corpus"
    shutil.copytree(CORPUS, folder, ignore=shutil.ignore_patterns(".*"))
    said = forge_coverage(folder, deeds())
    assert said == kept.read_text(), "forge says something else than it did: write it anew"
    return read_lcov(said)


def _differing(
    ours: Mapping[str, Mapping[int, object]], theirs: Mapping[str, Mapping[int, object]]
) -> Differences:
    """Where the two differ, by file and line."""
    assert ours.keys() == theirs.keys()
    found: Differences = {}
    for file, counts in ours.items():
        for line in sorted(counts.keys() | theirs[file].keys()):
            both = counts.get(line), theirs[file].get(line)
            if both[0] != both[1]:
                found.setdefault(file, {})[line] = both
    return found


def _listed(reasons: Mapping[str, Differences]) -> Differences:
    """All that is listed, whatever the reason."""
    together: Differences = {}
    for listed in reasons.values():
        for file, lines in listed.items():
            here = together.setdefault(file, {})
            assert not lines.keys() & here.keys(), f"{file}: a line is listed twice"
            here.update(lines)
    return together


def test_lines_are_reached_as_often_as_forge_says(
    plain: Counted, forges: dict[str, Tracefile]
) -> None:
    ours = {file: counts.lines for file, counts in plain.lcov.items()}
    theirs = {file: counts.lines for file, counts in forges.items()}
    assert _differing(ours, theirs) == _listed(LINES)


def test_functions_are_entered_as_often_as_forge_says(
    plain: Counted, forges: dict[str, Tracefile]
) -> None:
    ours = {file: counts.functions for file, counts in plain.lcov.items()}
    theirs = {file: counts.functions for file, counts in forges.items()}
    assert _differing(ours, theirs) == _listed(FUNCTIONS)


def test_ways_are_taken_as_often_as_forge_says(
    plain: Counted, forges: dict[str, Tracefile]
) -> None:
    ours = {file: plain.ways_beside(counts, file) for file, counts in forges.items()}
    theirs = {file: counts.ways for file, counts in forges.items()}
    assert _differing(ours, theirs) == _listed(WAYS)


def test_ways_that_forge_does_not_count(plain: Counted, forges: dict[str, Tracefile]) -> None:
    alone = {
        file: {line: row for line, row in lines.items() if line not in forges[file].ways}
        for file, lines in plain.branches.items()
    }
    assert {file: lines for file, lines in alone.items() if lines} == BRANCHES_ALONE


def test_both_ways_of_every_if_make_its_condition(plain: Counted) -> None:
    for file, lines in plain.branches.items():
        for line, ((kind, ways), *others) in lines.items():
            counts = plain.statements[file].get(line, [])
            # A condition begins the line, unless a loop does or the if goes over several.
            if kind == "if" and not others and len(counts) == 1:
                assert sum(ways) == counts[0], f"{file}, {line}"


def test_only_what_is_no_solidity_is_foreign(plain: Counted, optimised: Counted) -> None:
    # What makes a minimal proxy, and the proxy.
    assert (plain.foreign, optimised.foreign) == (2, 2)
    assert plain.recognised == optimised.recognised


def test_the_optimizer_changes_nothing_of_what_was_reached(
    plain: Counted, optimised: Counted
) -> None:
    assert {file: lines for file, lines in optimised.untold.items() if lines} == UNTOLD
    for file, lines in plain.statements.items():
        untold = UNTOLD.get(file, [])
        for line, counts in lines.items():
            left = [bool(hits) for hits in optimised.statements[file].get(line, [])]
            gone = untold.count(line)
            assert len(left) == len(counts) - gone, f"{file}, {line}"
            # What is gone of a line is the first of it.
            assert left == [bool(hits) for hits in counts[gone:]], f"{file}, {line}"


def test_the_optimizer_changes_nothing_of_which_functions_were_entered(
    plain: Counted, optimised: Counted
) -> None:
    for file, functions in plain.functions.items():
        gone = functions.keys() - optimised.functions[file].keys()
        # Of these nothing is left wherever they were called.
        assert {name.split()[1] for name in gone} == (
            {"other", "swap"} if "Flow" in file else set()
        )
        for name, hits in optimised.functions[file].items():
            assert bool(hits) == bool(functions[name]), f"{file}, {name}"


def test_the_optimizer_changes_nothing_of_which_ways_were_taken(
    plain: Counted, optimised: Counted
) -> None:
    def taken(branches: BranchCounts) -> dict[int, list[tuple[str, tuple[bool, ...]]]]:
        return {
            line: [(kind, tuple(map(bool, ways))) for kind, ways in row]
            for line, row in branches.items()
        }

    for file, branches in plain.branches.items():
        assert taken(optimised.branches[file]) == taken(branches), file
