"""Small Ape projects of their own, tested by a pytest of their own."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

CONFIG = "name: vault\nsolidity:\n  version: 0.8.30\n  evm_version: cancun\n"

VAULT = """\
// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract Vault {
    uint256 public immutable LEAST;
    mapping(address => uint256) public held;
    uint256 public total;

    error TooLittle(uint256 amount, uint256 least);

    constructor(uint256 least) {
        LEAST = least;
    }

    function put(uint256 amount) external {
        if (amount < LEAST) revert TooLittle(amount, LEAST);
        held[msg.sender] += amount;
        total += amount;
    }

    function take(uint256 amount) external returns (uint256 left) {
        held[msg.sender] -= amount;
        total -= amount;
        left = held[msg.sender];
    }

    function half() external view returns (uint256) {
        return total / 2;
    }
}
"""

TESTS = """\
import ape
import pytest


@pytest.fixture(scope="module")
def owner(accounts):
    return accounts[0]


@pytest.fixture(scope="module")
def vault(owner, project):
    return owner.deploy(project.Vault, 10)


def test_put(vault, owner):
    vault.put(10, sender=owner)
    vault.put(20, sender=owner)
    assert vault.half() == 15


def test_put_again(vault, owner):
    vault.put(10, sender=owner)


def test_too_little(vault, owner):
    with ape.reverts(vault.TooLittle):
        vault.put(9, sender=owner)


def test_another(project, owner, gas):
    other = owner.deploy(project.Vault, 1)
    with gas("the first to put something in"):
        other.put(1, sender=owner)
"""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    code: int
    text: str

    @classmethod
    def of(cls, result: pytest.RunResult) -> Outcome:
        """The same of what pytester knows."""
        text = result.stdout.str() + result.stderr.str()
        return cls(int(result.ret), re.sub(r"\x1b\[[0-9;]*m", "", text))

    def rows(self) -> dict[str, list[str]]:
        """The table of coverage: the cells of each contract."""
        found = {}
        for line in self.text.splitlines():
            cells = [" ".join(cell.split()) for cell in line.split("│")[1:-1]]
            if len(cells) == 5:
                found[cells[0]] = cells[1:]
        return found


class VaultProject:
    """An Ape project in a folder of its own."""

    def __init__(self, pytester: pytest.Pytester, compiled: Path | None = None) -> None:
        """Write it, with what was compiled of it before."""
        self._pytester = pytester
        self.path: Path = pytester.path
        self.write("ape-config.yaml", CONFIG)
        self.write("contracts/Vault.sol", VAULT)
        self.write("tests/test_vault.py", TESTS)
        if compiled is not None:
            shutil.copytree(compiled, self.path / ".build")

    def write(self, name: str, text: str) -> None:
        """Put a text into a file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def read(self, name: str) -> str:
        """The text of a file."""
        return (self.path / name).read_text()

    def test(self, *options: str) -> Outcome:
        """Run its tests in a process of their own, in order unless told otherwise."""
        arguments = ("-p", "no:cacheprovider", "-p", "no:randomly", *options)
        return Outcome.of(self._pytester.runpytest_subprocess(*arguments, timeout=120))

    def test_each(self, runs: list[str]) -> dict[str, Outcome]:
        """The same with several options one after another in one process, by the options."""
        script = self.path / "each.py"
        script.write_text(_EACH)
        result = self._pytester.run(sys.executable, script, *runs, timeout=120)
        outcomes = {}
        for part in Outcome.of(result).text.split("=RUN ")[1:]:
            options, _, text = part.partition("\n")
            text, _, code = text.partition("=CODE ")
            outcomes[options] = Outcome(int(code.split()[0]), text)
        return outcomes


_EACH = """\
import sys
import pytest

sys.stderr = sys.stdout
for options in sys.argv[1:]:
    print(f"=RUN {options}", flush=True)
    code = pytest.main(["-p", "no:randomly", *options.split()])
    print(f"=CODE {int(code)}", flush=True)
"""


@pytest.fixture(scope="session")
def compiled() -> dict[str, Path]:
    """Where what was compiled of the project lies, when there is some."""
    return {}


@pytest.fixture
def project(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    compiled: dict[str, Path],
) -> VaultProject:
    """A project with one contract and four tests, compiled already."""
    # What the run around this one was told is not for this one.
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        monkeypatch.delenv(name)
    if "here" not in compiled:
        made = VaultProject(pytester)
        assert made.test("--sol-coverage").code == 0
        compiled["here"] = tmp_path_factory.mktemp("compiled") / "build"
        shutil.move(made.path / ".build", compiled["here"])
        shutil.rmtree(made.path / "sol-coverage")
    return VaultProject(pytester, compiled["here"])
