"""Faults put into our contracts are found; other contracts can take the place of ours."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ethpm_types import ContractType

from unbond.artifacts import container, instance, replaced
from unbond.campaign.arena import Arena
from unbond.models import model_names

ROOT = Path(__file__).parent.parent.parent


def load(name: str) -> ModuleType:
    """A benchmark, which is a program and in no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


benchmark = load("bugs")
BUGS: list[Any] = benchmark.bugs()


def test_there_are_faults_of_many_kinds_in_every_system() -> None:
    assert {bug.system for bug in BUGS} == set(model_names())
    assert len({bug.family for bug in BUGS}) >= 25


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.system}/{bug.name}")
def test_every_patch_fits_the_present_contracts(bug: Any) -> None:
    changed = {
        path for path, text in bug.sources().items() if text != (ROOT / path).read_text("utf-8")
    }
    assert changed
    assert all(path.startswith(f"contracts/{bug.system}/") for path in changed)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ticket-paid-twice", "left-and-still-earning", "anyone-releases"])
def test_a_fault_is_found_and_shortened(name: str) -> None:
    (bug,) = (bug for bug in BUGS if bug.name == name)
    with replaced(bug.compile()):
        hunt = benchmark.hunt(bug, 0, 5000)
    assert hunt.moves is not None
    assert hunt.moves < 10
    assert hunt.why


def test_a_patch_that_no_longer_fits_says_where(tmp_path: Path) -> None:
    path = tmp_path / "delegated" / "old.patch"
    path.parent.mkdir()
    file = "contracts/delegated/DelegatedStaking.sol"
    hunk = f"--- a/{file}\n+++ b/{file}\n@@ -1 +1 @@\n-never was\n+never will be\n"
    path.write_text(f"# It is too old.\n# Family: none\n{hunk}")
    bug = benchmark.Bug.read(path)
    assert (bug.system, bug.name, bug.fault, bug.family) == (
        *("delegated", "old", "It is too old."),
        "none",
    )
    with pytest.raises(benchmark.DoesNotFit, match=f"old: {file} has 0 places"):
        bug.sources()
    path.write_text(hunk)
    with pytest.raises(benchmark.DoesNotFit, match=r"old\.patch does not begin with"):
        benchmark.Bug.read(path)


ADDRESS = "0x" + "11" * 20


def test_another_contract_takes_the_place_of_ours_for_a_while() -> None:
    ours = container("Witness").contract_type
    first, second = ContractType(contractName="First"), ContractType(contractName="Second")
    with replaced({"Witness": first, "Nobody's": first}):
        assert container("Witness").contract_type is first
        assert instance("Witness", ADDRESS).contract_type is first
        assert container("Nobody's").contract_type is first
        with replaced({"Witness": second}):
            assert container("Witness").contract_type is second
            assert container("Nobody's").contract_type is first
        assert container("Witness").contract_type is first
    assert container("Witness").contract_type is ours
    with pytest.raises(LookupError):
        container("Nobody's")


def test_an_exception_brings_ours_back() -> None:
    with pytest.raises(ZeroDivisionError), replaced({"Witness": ContractType(contractName="Bad")}):
        raise ZeroDivisionError
    assert container("Witness").contract_type.name == "Witness"


def test_what_was_deployed_before_stays_what_it_is() -> None:
    arena = Arena("delegated", {"providers": {"provider": 0}})
    ours = arena.chain.code_at(arena.target)
    with replaced({"DelegatedStaking": container("DeviceStaking").contract_type}):
        arena.begin()
        assert arena.chain.code_at(arena.target) == ours
