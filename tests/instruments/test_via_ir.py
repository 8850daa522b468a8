"""By way of Yul the counts are not exact, and the run says so."""

import shutil

import pytest

from tests.instruments.conftest import CONFIG, VaultProject

SAID = "with via_ir the compiler does not say of every instruction where it is from"


@pytest.mark.slow
def test_the_run_says_that_counts_are_not_exact(project: VaultProject) -> None:
    assert SAID not in project.test("--sol-coverage").text
    # Ape compiles anew what has changed, and a setting is no change to it.
    shutil.rmtree(project.path / ".build")
    project.write("ape-config.yaml", CONFIG + "  via_ir: true\n")
    outcome = project.test("--sol-coverage")
    assert outcome.code == 0, outcome.text
    assert SAID in outcome.text
    # The ways of an if are not the wrong way round.
    assert "if – true: 1, false: 4" in project.read("sol-coverage/index.html")
