"""``make mutate``: which mutants are tried, what becomes of them, and which reasons are wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.progress import Progress

from tools.mutation import __main__ as command
from tools.mutation import mutants as making
from tools.mutation.compiler import Compiler
from tools.mutation.mutants import (
    RULES,
    Key,
    Mutant,
    MutationError,
    contract_files,
    functions,
    generate,
    operators,
    sample,
)
from tools.mutation.reasons import Reason, read_reasons, stale
from tools.mutation.report import MARKS, Report, percent, written_into
from tools.mutation.trial import Timeout, Verdict, forked, systems_of

ROOT = Path(__file__).parent.parent.parent
TOKEN = "contracts/common/StakeToken.sol"


def mutant(
    contract: str = "StakeToken", after: str = "b;", operator: str = "statement", nth: int = 1
) -> Mutant:
    key = Key(contract, "mint", "a;", after, nth)
    return Mutant(key, operator, TOKEN, 19, f"        {after}\n")


def minting(text: str) -> Mutant:
    """Another line in the place of the one that mints."""
    (line,) = (
        number
        for number, one in enumerate((ROOT / TOKEN).read_text().splitlines(), start=1)
        if one.strip() == "_mint(to, amount);"
    )
    key = Key("StakeToken", "mint", "_mint(to, amount);", text)
    return Mutant(key, "statement", TOKEN, line, f"        {text}\n")


# Which mutants there are.


def many() -> list[Mutant]:
    return [
        mutant(contract, f"{number};", operator)
        for contract, operator, count in (
            ("A", "order", 100),
            ("A", "number", 60),
            ("B", "order", 1),
            ("C", "event", 39),
        )
        for number in range(count)
    ]


def test_a_sample_has_its_share_of_each_contract_and_operator() -> None:
    drawn = sample(many(), 20, "seed")
    counted = Counter((one.key.contract, one.operator) for one in drawn)
    assert counted == {("A", "order"): 10, ("A", "number"): 6, ("B", "order"): 1, ("C", "event"): 4}
    assert drawn == sorted(drawn, key=many().index)
    assert sample(many(), 200, "seed") == many()


def test_the_same_seed_draws_the_same_sample_and_another_one_another() -> None:
    assert sample(many(), 20, 3) == sample(many(), 20, 3)
    assert sample(many(), 20, 3) != sample(many(), 20, 4)
    # What is drawn of a contract does not depend on what else there is.
    without = [one for one in many() if one.key.contract != "C"]
    assert [one for one in sample(many(), 20, 3) if one.key.contract == "A"] == [
        one for one in sample(without, 16, 3) if one.key.contract == "A"
    ]


def test_each_line_belongs_to_the_function_around_it() -> None:
    text = """contract Some {
    uint256 private _before;

    constructor() {
        _before = 1;
    }

    modifier guarded() {
        _;
    }

    function open(
        uint256 amount
    ) external {
        if (amount != 0) {
            _before = amount;
        }
    }

    receive() external payable {}

    uint256 private _after;
}
"""
    lines = text.splitlines()
    names = functions(lines)
    found = {line.strip(): name for line, name in zip(lines, names, strict=True) if line.strip()}
    assert found["uint256 private _before;"] == ""
    assert found["_before = 1;"] == "constructor"
    assert found["_;"] == "guarded"
    assert found["_before = amount;"] == "open"
    assert found["receive() external payable {}"] == "receive"
    assert found["uint256 private _after;"] == ""


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Lets a function make the mutants of a file."""

    def replace(make: Callable[..., Any]) -> None:
        package, module = ModuleType("universalmutator"), ModuleType("universalmutator.mutator")
        module.mutants_regexp = make  # type: ignore[attr-defined]
        package.mutator = module  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "universalmutator", package)
        monkeypatch.setitem(sys.modules, "universalmutator.mutator", module)

    return replace


def test_mutants_are_known_by_what_they_change_and_not_by_their_lines(
    tool: Callable[[Callable[..., Any]], None], tmp_path: Path
) -> None:
    source = tmp_path / "Some.sol"
    text = "contract Some {\n    function go() external {\n        a();\n        a();\n    }\n}\n"
    source.write_text(text)
    rule = next(iter(operators()))

    def make(lines: list[str], **_: Any) -> list[Any]:
        return [
            (number, line.replace("a", "b"), (rule, "rules:1"), None)
            for number, line in enumerate(lines, start=1)
            if "a();" in line
        ]

    tool(make)
    first, second = generate([source])
    assert first.key == Key("Some", "go", "a();", "b();", 1)
    assert second.key == Key("Some", "go", "a();", "b();", 2)
    assert (str(first.key), str(second.key)) == (
        "Some.go: a(); → b();",
        "Some.go (no. 2): a(); → b();",
    )
    assert (first.operator, first.line, second.line) == (operators()[rule], 3, 4)
    assert second.source(text.splitlines(keepends=True)) == text.replace(
        "a();\n    }", "b();\n    }"
    )
    source.write_text(f"// Moved.\n{text}")
    assert [one.key for one in generate([source])] == [first.key, second.key]
    assert [one.line for one in generate([source])] == [4, 5]


def test_rules_that_the_tool_does_not_understand_are_told(
    tool: Callable[[Callable[..., Any]], None],
) -> None:
    def make(lines: list[str], **_: Any) -> list[Any]:
        print("FAILED TO COMPILE RULE: (")
        return []

    tool(make)
    with pytest.raises(MutationError, match=r"operators\.rules: FAILED TO COMPILE RULE: \("):
        generate(contract_files())


def test_without_the_tool_the_command_says_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(making, "TOOL", tmp_path)
    monkeypatch.setitem(sys.modules, "universalmutator", None)
    done = CliRunner().invoke(command.main, [])
    assert done.exit_code == 1
    assert done.output == "Error: universalmutator is missing; `make mutate` installs it\n"


def test_every_rule_belongs_to_an_operator(tmp_path: Path) -> None:
    assert {"relational", "condition", "guard", "event", "order"} <= {*operators().values()}
    early = tmp_path / "early.rules"
    early.write_text("a ==> b\n" + RULES.read_text())
    with pytest.raises(MutationError, match=r"early\.rules: the rule 'a ==> b' stands below no"):
        operators(early)


def test_there_are_mutants_of_contracts_and_none_of_interfaces() -> None:
    names = {path.stem for path in contract_files()}
    assert {"DelegatedStaking", "FirstFit", "Custody", "Witness"} <= names
    assert not {name for name in names if name[0] == "I" and name[1].isupper()}


# What the compiler says of them.


@pytest.fixture
def compiler(tmp_path: Path) -> Iterator[Compiler]:
    """A compiler that remembers nothing from before."""
    made = Compiler(tmp_path / "kept")
    yield made
    made.close()


def test_equal_bytecode_is_recognised_and_other_and_invalid_code(compiler: Compiler) -> None:
    ours = compiler.compile_file(TOKEN, (ROOT / TOKEN).read_text(), optimized=False)
    equal = compiler.compile(minting("_mint(to, amount); // as it was"), optimized=False)
    other = compiler.compile(minting("_mint(to, amount + 1);"), optimized=False)
    wrong = compiler.compile(minting("_mint(amount, to);"), optimized=False)
    assert {ours.error, equal.error, other.error} == {""}
    assert {*ours.contracts} == {"StakeToken"}
    assert ours.code == equal.code
    assert ours.code != other.code
    assert "type" in wrong.error
    assert wrong.contracts == {}
    # The optimizer sees that more of them are the same.
    always = minting("if (true) _mint(to, amount);")
    kept = compiler.compile(minting("_mint(to, amount);"), optimized=True)
    assert compiler.compile(always, optimized=False).code != ours.code
    assert compiler.compile(always, optimized=True).code == kept.code


def test_what_was_compiled_once_is_kept(compiler: Compiler, tmp_path: Path) -> None:
    first = compiler.compile(minting("_mint(to, 2);"), optimized=False)
    again = Compiler(tmp_path / "kept")
    assert again.compile(minting("_mint(to, 2);"), optimized=False) == first
    assert again._process is None


def test_a_change_reaches_those_who_import_the_file(compiler: Compiler) -> None:
    def names(path: str) -> set[str]:
        return {*compiler.reached(f"contracts/{path}.sol").values()}

    assert names("common/Custody") == {"DelegatedStaking", "DeviceStaking"}
    assert names("liquid/FirstFit") == {"LiquidStaking"}
    assert {"BondToken", "LiquidStaking"} <= names("liquid/BondToken")
    assert systems_of(compiler.reached("contracts/common/Governed.sol")) == (
        *("delegated", "device", "liquid"),
    )
    assert systems_of(compiler.reached("contracts/common/Witness.sol")) == ("delegated",)
    assert systems_of(compiler.reached("contracts/liquid/LockupValidator.sol")) == ("liquid",)
    with pytest.raises(MutationError, match="nobody tries Stray: say who uses it"):
        systems_of({"contracts/common/Stray.sol": "Stray"})


def test_every_contract_is_tried_by_somebody(compiler: Compiler) -> None:
    for path in contract_files():
        assert systems_of(compiler.reached(str(path.relative_to(ROOT))))


# The trial.


def test_a_child_answers_fails_or_is_ended() -> None:
    assert forked(lambda: "as it is", 60) == "as it is"
    assert forked(lambda: "", 60) == ""

    def fail() -> str:
        raise ValueError("why")

    with pytest.raises(MutationError, match="ValueError: why"):
        forked(fail, 60)

    def end() -> str:
        raise SystemExit

    with pytest.raises(MutationError, match="ended without a result"):
        forked(end, 60)

    def hang() -> str:
        while True:
            pass

    with pytest.raises(Timeout):
        forked(hang, 0.1)


@pytest.mark.slow
def test_mutants_are_killed_by_campaign_or_tests_survive_or_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Processes find modules where this one does. A script that Ape ran in it takes its project's
    # folder from there.
    monkeypatch.syspath_prepend(ROOT)
    campaign, tests, equal, invalid = (
        minting(text)
        for text in (
            "_mint(msg.sender, amount);",
            "if (amount != 7) _mint(to, amount);",
            "_mint(to, amount); // as it was",
            "_mint(to);",
        )
    )
    twin = minting("if (amount != 7) _mint(to, amount); // twice")
    all_of_them = [campaign, tests, twin, equal, invalid]
    gone = Key("StakeToken", "", "gone", "away")
    reasons = {gone: Reason(gone, "It is gone.", True)}
    with Progress(console=Console(file=StringIO())) as progress:
        report = command.run(all_of_them, all_of_them, reasons, jobs=1, progress=progress)
    results = [report.verdicts[one.key].result for one in all_of_them]
    assert results == ["campaign", "tests", "duplicate", "equal", "invalid"]
    assert report.verdicts[campaign.key].detail.startswith("delegated: ")
    assert report.verdicts[tests.key].detail == (
        "tests/contracts/test_helpers.py::test_only_the_owner_mints"
    )
    assert report.verdicts[twin.key].detail == str(tests.key)
    assert report.wrong == [f"a reason for a mutant that is gone: {gone}"]
    assert not report.ok


@pytest.mark.slow
@pytest.mark.parametrize(("text", "code"), [("_mint(to, amount);", 0), ("_mint(to, 7);", 1)])
def test_tests_take_other_contracts_from_a_file_and_run_on_revm(
    compiler: Compiler, tmp_path: Path, text: str, code: int
) -> None:
    file = tmp_path / "contracts.json"
    file.write_text(json.dumps(compiler.compile(minting(text), optimized=True).contracts))
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("pytest")), "-q", "-p", "no:cacheprovider"),
            *("--on-revm", "--disable-isolation", f"--contracts={file}"),
            *("tests/contracts/delegated/test_lots.py", "-x"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout


# Reasons.

SURVIVOR = mutant(after="survives;")
KILLED = mutant(after="is killed;")


def written(folder: Path, *entries: object) -> Path:
    path = folder / "survivors.yaml"
    path.write_text(json.dumps(entries))
    return path


def entry(**other: object) -> dict[str, object]:
    fields = {"contract": "C", "function": "f", "before": "a", "after": "b", "reason": "It\n is."}
    return {**fields, **other}


def test_reasons_are_read(tmp_path: Path) -> None:
    key = Key("C", "f", "a", "b")
    again = Key("C", "f", "a", "b", 2)
    path = written(tmp_path, entry(), entry(nth=2, equivalent=False))
    assert read_reasons(path) == {
        key: Reason(key, "It is.", True),
        again: Reason(again, "It is.", False),
    }
    path.write_text("")
    assert read_reasons(path) == {}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        pytest.param([3], "entry 1 is not made of fields", id="a number"),
        pytest.param(
            [{"contract": "C", "why": "x"}],
            "entry 1: fields unknown: why; missing: after, before, reason",
            id="other fields",
        ),
        pytest.param([entry(before=1)], "entry 1: a field is of the wrong kind", id="no text"),
        pytest.param([entry(equivalent=1)], "entry 1: a field is of the wrong kind", id="no flag"),
        pytest.param([entry(reason=" ")], "and the reason a sentence", id="no reason"),
        pytest.param([entry(nth=True)], "nth has to be a number", id="no number"),
        pytest.param(
            [entry(), entry(reason="Or so.")], r"entry 2: C\.f: a → b is there twice", id="twice"
        ),
    ],
)
def test_a_list_of_reasons_that_is_wrong_says_where(
    tmp_path: Path, entries: list[object], message: str
) -> None:
    with pytest.raises(MutationError, match=message):
        read_reasons(written(tmp_path, *entries))


def test_a_file_that_is_no_list_of_reasons_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "survivors.yaml"
    with pytest.raises(MutationError, match="does not exist"):
        read_reasons(path)
    for text, message in (("a: [", "is no YAML"), ("a: b", "is no list")):
        path.write_text(text)
        with pytest.raises(MutationError, match=message):
            read_reasons(path)


def test_a_reason_is_stale_when_its_mutant_is_gone_or_does_not_survive() -> None:
    reasons = {one.key: Reason(one.key, "Because.", True) for one in (SURVIVOR, KILLED)}
    keys = [SURVIVOR.key, KILLED.key]
    survived = {SURVIVOR.key: "survived"}
    assert stale(reasons, keys, survived) == []
    assert stale(reasons, keys, {**survived, KILLED.key: "tests"}) == [
        f"a reason for a mutant that does not survive (tests): {KILLED.key}"
    ]
    assert stale(reasons, keys[:1], survived) == [
        f"a reason for a mutant that is gone: {KILLED.key}"
    ]


def test_our_own_reasons_can_be_read() -> None:
    assert all(reason.text for reason in read_reasons(command.REASONS).values())


# The report.


def report_of(*results: str) -> Report:
    mutants = [mutant(after=f"{number};") for number in range(len(results))]
    verdicts = {
        one.key: Verdict(result, f"detail of {result}")
        for one, result in zip(mutants, results, strict=True)
    }
    return Report(mutants, verdicts)


def explained(report: Report, *, equivalent: bool = True) -> Report:
    keys = [key for key, verdict in report.verdicts.items() if verdict.result == "survived"]
    report.reasons = {key: Reason(key, "Because.", equivalent) for key in keys}
    return report


def test_a_survivor_without_a_reason_fails_whatever_the_score() -> None:
    killed = ["campaign"] * 60 + ["tests"] * 39
    report = report_of(*killed, "survived", "invalid", "equal", "duplicate")
    assert (report.score(), report.ok) == (Fraction(99, 100), False)
    assert [str(key) for key in report.unexplained] == ["StakeToken.mint: a; → 99;"]
    explained(report)
    assert (report.score(), report.ok) == (Fraction(1), True)
    assert not report.unexplained
    # One that is no equivalent counts, though it has a reason.
    explained(report, equivalent=False)
    assert (report.score(), report.ok) == (Fraction(99, 100), True)
    assert not report.unexplained


def test_less_than_95_of_100_fails() -> None:
    enough = report_of(*["tests"] * 95, *["survived"] * 5)
    assert explained(enough, equivalent=False).ok
    less = report_of(*["tests"] * 94, *["survived"] * 6)
    assert not explained(less, equivalent=False).ok


def test_a_stale_reason_fails() -> None:
    report = report_of("campaign")
    assert report.ok
    report.wrong.append("a reason for a mutant that is gone: it")
    assert not report.ok
    assert report.record()["rows"][-1] == {
        "what": "reasons",
        "result": "out of date",
        "ok": False,
        "detail": "a reason for a mutant that is gone: it",
    }


def test_the_report_says_of_each_mutant_what_killed_it() -> None:
    report = report_of("campaign", "tests", "survived", "survived", "equal")
    key = report.mutants[2].key
    report.reasons = {key: Reason(key, "Nobody sees it.", True)}
    report.seconds = 1.26
    record = json.loads(json.dumps(report.record()))
    assert [*record] == ["name", "ok", "seconds", "rows"]
    assert (record["name"], record["ok"], record["seconds"]) == ("mutation", False, 1.3)
    rows = record["rows"]
    figures = "mutants 5, invalid 0, equal 1, campaign 1, tests 1, explained 1, unexplained 1"
    assert rows[0] == {"what": "StakeToken", "result": "66.6 %", "ok": False, "detail": figures}
    assert rows[1] == {"what": "all", "result": "66.6 %", "ok": False, "detail": figures}
    assert [(row["result"], row["ok"], row["detail"]) for row in rows[2:]] == [
        ("killed by the campaign", True, "detail of campaign"),
        ("killed by tests", True, "detail of tests"),
        ("survived", True, "Nobody sees it."),
        ("survived", False, "detail of survived"),
        ("the same bytecode", True, "detail of equal"),
    ]
    assert rows[2]["what"] == f"{TOKEN}:19 statement: StakeToken.mint: a; → 0;"


def test_figures_and_reasons_are_written_between_the_marks_of_a_page() -> None:
    report = explained(report_of("tests", "survived"))
    begin, end = MARKS
    page = written_into(f"Before.\n{begin}\nold\n{end}\nAfter.\n", report.markdown())
    assert page.splitlines() == [
        *("Before.", begin, ""),
        "| contract | mutants | invalid | equal | campaign | tests | explained | unexplained "
        "| score |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        "| StakeToken | 2 | 0 | 0 | 0 | 1 | 1 | 0 | 100.0 % |",
        "| all | 2 | 0 | 0 | 0 | 1 | 1 | 0 | 100.0 % |",
        *("", "**StakeToken.** Because.", "", "- `mint`: `a;` → `1;`"),
        *("", end, "After."),
    ]
    with pytest.raises(ValueError, match="there is no <!-- figures"):
        written_into("Nothing.", "")


def test_a_score_is_never_rounded_up() -> None:
    assert percent(Fraction(9999, 10000)) == "99.9 %"
    assert percent(Fraction(1)) == "100.0 %"


# The command.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--contract", "Nobody"], "there is no contract Nobody; there are A, B, C"),
        (["--match", "nowhere"], "there is no such mutant"),
        (["--sample", "0"], "--jobs and --sample have to be 1 or more"),
    ],
)
def test_wrong_options_are_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.setattr(command, "generate", lambda files: many())
    done = CliRunner().invoke(command.main, arguments)
    assert done.exit_code == 2
    assert done.output.splitlines()[-1] == f"Error: {message}"


@pytest.mark.parametrize(
    ("result", "code"), [("tests", 0), ("survived", 1)], ids=["killed", "survives"]
)
def test_the_command_writes_its_report_and_ends_as_it_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, result: str, code: int
) -> None:
    def run(chosen: list[Mutant], everything: list[Mutant], *_: Any, **__: Any) -> Report:
        assert len(chosen) < len(everything)
        return Report(chosen, {one.key: Verdict(result) for one in chosen})

    monkeypatch.setattr(command, "generate", lambda files: many())
    monkeypatch.setattr(command, "read_reasons", lambda path: {})
    monkeypatch.setattr(command, "run", run)
    file = tmp_path / "report.json"
    options = ["--sample", "20", "--seed", "3", "--contract", "C", "--json", str(file)]
    done = CliRunner().invoke(command.main, options)
    assert done.exit_code == code, done.output
    assert "mutants of the contracts" in done.output
    assert done.output.count("survives, and nobody says why: C.mint: a; → ") == 4 * code
    record = json.loads(file.read_text())
    assert record["ok"] is not bool(code)
    assert len(record["rows"]) == 2 + 4


def test_a_report_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    done = CliRunner().invoke(command.main, ["--json", str(tmp_path / "no" / "report.json")])
    assert done.exit_code == 1
    assert done.output == f"Error: there is no folder {tmp_path / 'no'}\n"
