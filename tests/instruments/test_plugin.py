"""The pytest plugin in an Ape project of its own: what it says, writes, refuses, and costs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import solcx
import yaml

from tests.instruments.conftest import CONFIG, TESTS, VAULT, VaultProject
from unbond.pytest import Settings, read_settings

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    pass

LINES = {11: 2, 12: 2, 15: 5, 16: 5, 17: 4, 18: 4, 21: 0, 22: 0, 23: 0, 24: 0, 27: 1, 28: 1}
"""How often each line of the vault is reached by its tests.

It is deployed by a fixture and by a test; three tests put in something four times, one too little.
"""
PUT, TAKE = "put(uint256)", "take(uint256)"
ROOT = Path(__file__).parent.parent.parent


def lines(tracefile: str) -> dict[int, int]:
    """The hits by line in an lcov file of one source."""
    found = (line[3:].split(",") for line in tracefile.splitlines() if line.startswith("DA:"))
    return {int(line): int(hits) for line, hits in found}


def test_coverage_is_shown_and_written_alone_and_in_parallel(project: VaultProject) -> None:
    for options in ((), ("-n", "2")):
        outcome = project.test("--sol-coverage", *options)
        assert outcome.code == 0, outcome.text
        share = ["8/12 66 %", "6/9 66 %", "2/2 100 %", "3/4 75 %"]
        assert "unbond: " not in outcome.text  # nobody asked for speed
        assert outcome.rows() == {"Vault": share, "all": share}
        assert "not reached: contracts/Vault.sol, Vault: 21–24" in outcome.text
        assert lines(project.read("sol-coverage/lcov.info")) == LINES
        page = project.read("sol-coverage/index.html")
        for line, hits in LINES.items():
            assert f"<b>{line}</b><b>{hits}×</b>" in page
        assert "if – true: 1, false: 4" in page
        assert "LEAST = least;" in page


def test_what_is_configured_need_not_be_an_option(project: VaultProject) -> None:
    configured = "unbond:\n  coverage: true\n  coverage_min: 67\n  coverage_dir: reports/sol\n"
    project.write("ape-config.yaml", CONFIG + configured)
    outcome = project.test()
    assert outcome.code == 1
    assert "coverage: 66 % reached, not 67 %" in outcome.text
    assert lines(project.read("reports/sol/lcov.info")) == LINES
    assert project.test("--sol-coverage-min", "66").code == 0
    # Nobody asked for gas figures; the test that names one is none the worse.
    assert not (project.path / "snapshots").exists()


def test_gas_is_kept_shown_and_checked(project: VaultProject) -> None:
    outcome = project.test("--gas-snapshot")
    assert outcome.code == 0, outcome.text
    assert "gas figures are in snapshots/gas.json" in outcome.text
    kept = json.loads(project.read("snapshots/gas.json"))
    put = kept["functions"]["Vault"][PUT]
    assert (put["calls"], kept["functions"]["Vault"]["constructor"]["calls"]) == (4, 2)
    assert put["min"] < put["median"] <= put["max"]
    assert kept["named"] == {"the first to put something in": put["median"]}

    again = project.test("--gas-check", "-n", "2")
    assert again.code == 0, again.text
    assert "gas: as in snapshots/gas.json" in again.text

    # One storage slot read twice more.
    dearer = VAULT.replace("total += amount;", "total += amount + total - total;")
    project.write("contracts/Vault.sol", dearer)
    shown = project.test("--gas-diff")
    assert shown.code == 0
    assert f"Vault.{PUT}" in shown.text
    refused = project.test("--gas-check")
    assert refused.code == 1
    assert "have risen by more than 0.5 %; if that is meant, write them anew" in refused.text


def test_gas_of_a_fixture_counts_once_and_of_a_test_each_time(project: VaultProject) -> None:
    again = TESTS.replace(
        "def test_put_again(", '@pytest.mark.parametrize("time", range(5))\ndef test_put_again('
    ).replace("test_put_again(vault, owner)", "test_put_again(vault, owner, time)")
    project.write("tests/test_vault.py", again)
    kept = []
    for options in (("-n", "2"), ("--network", "ethereum:local:foundry")):
        outcome = project.test("--gas-snapshot", *options)
        assert outcome.code == 0, outcome.text
        kept.append(json.loads(project.read("snapshots/gas.json")))
    assert kept[0] == kept[1]
    functions = kept[0]["functions"]["Vault"]
    assert {name: gas["calls"] for name, gas in functions.items()} == {"constructor": 2, PUT: 8}


FORGE = ROOT / "node_modules/@foundry-rs/forge-linux-amd64/bin/forge"
CALLS = (("put", 10), ("put", 20), ("put", 300), ("take", 5), ("take", 325))
FORGE_SAYS = {
    "constructor": {"calls": 1, "min": 213080, "max": 213080},
    PUT: {"calls": 3, "min": 31772, "median": 31784, "max": 65972},
    TAKE: {"calls": 2, "min": 25610, "max": 32000},
}
"""What forge 1.7.1 reports of these calls, each a transaction of its own.

Of an even number of figures it takes a mean for the median.
"""


def test_gas_is_what_forge_says(project: VaultProject, tmp_path: Path) -> None:
    sent = "".join(f"    vault.{name}({amount}, sender=me)\n" for name, amount in CALLS)
    head = "def test_calls(accounts, project):\n    me = accounts[0]\n"
    project.write("tests/test_vault.py", f"{head}    vault = me.deploy(project.Vault, 10)\n{sent}")
    assert project.test("--gas-snapshot").code == 0
    ours = json.loads(project.read("snapshots/gas.json"))["functions"]["Vault"]
    for function, figures in FORGE_SAYS.items():
        assert {name: ours[function][name] for name in figures} == figures
    if FORGE.exists():
        assert forge_says(project.path / "contracts", tmp_path / "forge") == FORGE_SAYS


def forge_says(contracts: Path, folder: Path) -> dict[str, dict[str, int]]:
    """What forge reports of the same calls."""
    shutil.copytree(contracts, folder / "src")
    (folder / "foundry.toml").write_text(
        '[profile.default]\nlibs = []\noffline = true\nevm_version = "cancun"\n'
        "optimizer = true\noptimizer_runs = 200\n"
    )
    sent = " ".join(f"vault.{name}({amount});" for name, amount in CALLS)
    (folder / "test").mkdir()
    (folder / "test" / "Vault.t.sol").write_text(
        'pragma solidity 0.8.30;\nimport {Vault} from "../src/Vault.sol";\ncontract VaultTest {\n'
        f"function testCalls() external {{ Vault vault = new Vault(10); {sent} }}\n}}\n"
    )
    compiler = str(solcx.install.get_executable("0.8.30"))
    done = subprocess.run(
        [str(FORGE), "test", "--isolate", "--gas-report", "--json", "--use", compiler],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(done.stdout.strip().splitlines()[-1])
    (vault,) = (each for each in report if each["contract"] == "src/Vault.sol:Vault")
    deployed = vault["deployment"]["gas"]
    found = {"constructor": {"calls": 1, "min": deployed, "max": deployed}}
    for function, figures in vault["functions"].items():
        left_out = {"mean"} if figures["calls"] % 2 else {"mean", "median"}
        found[function] = {name: n for name, n in figures.items() if name not in left_out}
    return found


def test_what_is_drawn_at_random_has_no_gas_figures(project: VaultProject) -> None:
    drawn = """
from hypothesis import HealthCheck, given, settings, strategies

@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(strategies.integers(10, 99))
def test_drawn(vault, owner, amount):
    vault.put(amount, sender=owner)

def test_drawn_within(vault, owner):
    @settings(max_examples=3, suppress_health_check=list(HealthCheck))
    @given(strategies.integers(10, 99))
    def tell(amount):
        vault.put(amount, sender=owner)
    tell()
"""
    project.write("tests/test_vault.py", TESTS + drawn)
    # Nor has what tests of other folders send, fixtures of theirs included.
    project.write("tests/other/test_more.py", TESTS.replace("test_", "test_other_"))
    assert project.test("--gas-snapshot", "--gas-tests", "tests/test_vault.py").code == 0
    kept = json.loads(project.read("snapshots/gas.json"))
    functions = kept["functions"]["Vault"]
    assert (functions[PUT]["calls"], functions["constructor"]["calls"]) == (4, 2)


def test_figures_of_failed_tests_are_not_kept(project: VaultProject) -> None:
    project.write("tests/test_vault.py", TESTS + "\n\ndef test_wrong():\n    assert False\n")
    outcome = project.test("--gas-snapshot")
    assert outcome.code == 1
    assert "gas: tests failed, so there are no figures" in outcome.text
    assert not (project.path / "snapshots").exists()


def test_a_figure_that_is_none_fails_its_test(project: VaultProject) -> None:
    wrong = """

def test_nothing(gas):
    with gas("nothing"):
        pass


def test_twice(vault, owner, gas):
    for amount in (10, 2**200):
        with gas("twice"):
            vault.put(amount, sender=owner)
"""
    project.write("tests/test_vault.py", TESTS + wrong)
    outcome = project.test("--gas-snapshot")
    assert outcome.code == 1
    assert 'GasError: there was no transaction to call "nothing"' in outcome.text
    assert 'GasError: two figures are called "twice": ' in outcome.text
    assert "2 failed, 4 passed" in outcome.text


ERRORS = {
    "--sol-coverage --network ethereum:local:foundry": (
        "--sol-coverage: foundry does not say which instructions it executes; Ape's own chain "
        "does: --network ethereum:local:test"
    ),
    "--gas-check": "gas.json: write one with --gas-snapshot",
    "--gas-tolerance much --gas-check": "--gas-tolerance: Input should be a valid number",
    "--gas-tolerance inf --gas-check": "--gas-tolerance: Input should be a finite number",
    "--gas-tolerance nan --gas-check": "--gas-tolerance: Input should be a finite number",
    "--sol-coverage --sol-coverage-min 101": "--sol-coverage-min: Input should be less than",
    "--gas-diff --gas-file cut.json": "cut.json holds no gas figures: the file: Invalid JSON",
    "--gas-diff --gas-file list.json": "list.json holds no gas figures: the file: Input should be",
    "--gas-diff --gas-file odd.json": "odd.json holds no gas figures: functions.Vault: Input",
    "--gas-diff --gas-file contracts": "contracts cannot be read: Is a directory",
}


def test_what_cannot_be_done_is_said_in_one_line(project: VaultProject) -> None:
    for name, text in (
        ("cut", "{"),
        ("list", "[]"),
        ("odd", '{"functions": {"Vault": 3}, "named": {}}'),
    ):
        project.write(f"{name}.json", text)
    # One process for all: most of what each takes is the start of Ape.
    outcomes = project.test_each(list(ERRORS))
    for options, complaint in ERRORS.items():
        outcome = outcomes[options]
        assert outcome.code == int(pytest.ExitCode.USAGE_ERROR), outcome.text
        (line,) = [line for line in outcome.text.splitlines() if line.startswith("ERROR")]
        assert complaint in line
        assert "Traceback" not in outcome.text
    assert project.read("cut.json") == "{"


NO_SETTINGS = "unbond: should be settings with their names, such as 'fast: true'"
SETTINGS = ", ".join(Settings.model_fields)


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ("[fast, coverage]", NO_SETTINGS),
        ("7", NO_SETTINGS),
        ("fast", NO_SETTINGS),
        ("[]", NO_SETTINGS),
        ("{cover: true}", f"unbond: cover: there is no such setting; there are: {SETTINGS}"),
        ("{1: true}", "unbond: 1: Keys should be strings"),
        ("{fast: {very: true}}", "unbond: fast: Input should be a valid boolean"),
        ("{gas: chek}", "unbond: gas: Input should be 'snapshot', 'diff' or 'check'"),
        ("{gas_tolerance: .inf}", "unbond: gas_tolerance: Input should be a finite number"),
        ("{gas_tolerance: .nan}", "unbond: gas_tolerance: Input should be a finite number"),
        (
            "{gas_tests: [tests]}",
            "unbond: gas_tests: Input is not a valid path for a file or a folder",
        ),
        ("{gas_file: 7}", "unbond: gas_file: Input is not a valid path for a file or a folder"),
        (
            r'{gas_file: "a\0b"}',
            r"unbond: gas_file: 'a\x00b' is no name of a file or a folder",
        ),
        (
            r'{coverage_dir: "\ud800"}',
            r"unbond: coverage_dir: '\ud800' is no name of a file or a folder",
        ),
    ],
)
def test_settings_that_are_none(section: str, complaint: str) -> None:
    with pytest.raises(pytest.UsageError) as error:
        read_settings(yaml.safe_load(section), {})
    assert str(error.value) == f"ape-config.yaml, {complaint}"


def test_an_empty_section_sets_nothing() -> None:
    assert read_settings(yaml.safe_load(""), {"fast": True}) == Settings(fast=True)


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ("  cover: true\n", "unbond: cover: there is no such setting; there are: fast, coverage"),
        ("- gas\n", NO_SETTINGS),
        ("  1: true\n", "unbond: 1: Keys should be strings"),
        ('  gas_file: "\\0"\n', "unbond: gas_file: '\\x00' is no name of a file or a folder"),
    ],
    ids=["an unknown setting", "a list", "a number as name", "a path that is none"],
)
def test_a_section_that_is_none(project: VaultProject, section: str, complaint: str) -> None:
    config = CONFIG + "unbond:\n" + section
    project.write("ape-config.yaml", config)
    outcome = project.test("--gas-check")
    assert outcome.code == int(pytest.ExitCode.USAGE_ERROR)
    (line,) = outcome.text.split("\n\n")[0].splitlines()
    assert line.startswith(f"ERROR: ape-config.yaml, {complaint}")
    assert project.read("ape-config.yaml") == config


def test_a_project_without_contracts(project: VaultProject) -> None:
    (project.path / "contracts" / "Vault.sol").unlink()
    outcome = project.test("--sol-coverage")
    assert outcome.code == int(pytest.ExitCode.USAGE_ERROR)
    assert "--sol-coverage: there is no Solidity in" in outcome.text


def test_what_was_compiled_otherwise_is_not_taken_for_unreached(project: VaultProject) -> None:
    # Ape does not notice a changed setting; what it deploys is what it compiled before.
    project.write("ape-config.yaml", CONFIG + "  optimize: false\n")
    outcome = project.test("--sol-coverage")
    assert outcome.code == 1
    assert "coverage: no code of this project was executed; what was executed is not what the" in (
        outcome.text
    )
    assert "ape compile --force" in outcome.text


def test_what_cannot_be_written_is_said_and_nothing_is_lost(project: VaultProject) -> None:
    project.write("sol-coverage", "a file")
    project.write("snapshots", "another")
    (kept,) = (project.path / ".build" / "coverage").glob("*.json")
    kept.write_text("{")  # of an earlier run; it is made anew
    outcome = project.test("--sol-coverage", "--gas-snapshot")
    assert outcome.code == 1
    assert "sol-coverage cannot be written: File exists" in outcome.text
    assert "gas.json cannot be written: " in outcome.text
    assert "INTERNALERROR" not in outcome.text
    assert (project.read("sol-coverage"), project.read("snapshots")) == ("a file", "another")


def test_of_two_reports_none_is_written_if_one_cannot_be(project: VaultProject) -> None:
    project.write("sol-coverage/index.html/file", "")
    project.write("sol-coverage/lcov.info", "of an earlier run")
    outcome = project.test("--sol-coverage")
    assert outcome.code == 1
    assert "index.html cannot be written: Is a directory" in outcome.text
    assert project.read("sol-coverage/lcov.info") == "of an earlier run"


def test_tests_that_execute_nothing(project: VaultProject) -> None:
    project.write("tests/test_vault.py", "def test_nothing():\n    assert True\n")
    outcome = project.test("--sol-coverage")
    assert outcome.code == 1
    assert "coverage: no code of this project was executed\n" in outcome.text


def test_with_the_optimizer_off_the_same_is_reached(project: VaultProject) -> None:
    project.write("ape-config.yaml", CONFIG + "  optimize: false\n")
    shutil.rmtree(project.path / ".build")
    assert project.test("--sol-coverage").code == 0
    assert lines(project.read("sol-coverage/lcov.info")) == LINES


def test_it_says_what_makes_tests_faster(project: VaultProject) -> None:
    fast = project.test("--fast")
    assert fast.code == 0
    (line,) = [line for line in fast.text.splitlines() if line.startswith("unbond: ")]
    assert line == (
        "unbond: no replay of transactions for console output (--console-logs); "
        "py-evm remembers what it decodes; native signatures"
    )
    assert "unbond: each transaction replayed" in project.test("--fast", "--console-logs").text


def test_replays_and_estimates_are_not_counted(project: VaultProject) -> None:
    project.write("ape-config.yaml", CONFIG + "test:\n  gas_limit: auto\n")
    assert project.test("--sol-coverage", "--console-logs", "-n", "0").code == 0
    assert lines(project.read("sol-coverage/lcov.info")) == LINES
