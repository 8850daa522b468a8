"""The audit puts what its parts say into one table, and believes none that says nothing."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from tools import audit
from tools.audit import BETWEEN, FIRST, LAST, Part, Report, read, run, table

FINE: dict[str, object] = {"what": "a claim", "result": "proved", "ok": True, "detail": ""}
WRONG: dict[str, object] = {
    "what": "another",
    "result": "counterexample",
    "ok": False,
    "detail": "t = 5",
}


@pytest.fixture(autouse=True)
def _logs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(audit, "LOGS", tmp_path)


def part(rows: list[dict[str, object]] | None, code: int = 0, file: str = "part") -> Part:
    """A part that says these rows, or nothing, and ends with a code."""
    text = json.dumps({"rows": rows})
    told = "" if rows is None else f"pathlib.Path(sys.argv[1]).write_text({text!r})"
    program = f"import pathlib, sys\n{told}\nsys.exit({code})"
    return Part("some part", file, (sys.executable, "-c", program))


@pytest.mark.parametrize(
    ("rows", "code", "ok"),
    [
        ([FINE], 0, True),
        ([FINE, WRONG], 1, False),
        ([WRONG], 0, False),
        ([FINE], 1, False),
        ([], 0, False),
    ],
)
def test_a_part_is_fine_if_all_it_looked_at_is(
    rows: list[dict[str, object]], code: int, ok: bool
) -> None:
    told = part(rows, code)
    assert run(told).ok is ok
    assert run(told).rows == rows


def test_a_part_that_says_nothing_is_not_fine() -> None:
    report = run(part(None, 3))
    assert (report.ok, report.rows, report.complaint) == (False, [], "ended with 3")


def test_what_an_earlier_run_said_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "part.json").write_text(json.dumps({"rows": [FINE]}))
    assert not run(part(None)).ok


def test_a_part_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PATIENCE", 0.01)
    stuck = Part("some part", "part", (sys.executable, "-c", "input()"))
    assert run(stuck).complaint == "did not end"


def test_tests_are_read_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "tests.xml"
    file.write_text(
        '<testsuites><testsuite><testcase classname="tests.hostile.test_loans" name="one"/>'
        '<testcase classname="tests.hostile.test_loans" name="two">'
        '<failure message="assert 1 == 2&#10;more"/></testcase></testsuite></testsuites>'
    )
    one, two = read(file)
    assert one == {
        "what": "tests/hostile/test_loans: one",
        "result": "passed",
        "ok": True,
        "detail": "",
    }
    assert (two["ok"], two["result"], two["detail"]) == (False, "failure", "assert 1 == 2")


def test_the_table_says_what_is_wrong() -> None:
    text = StringIO()
    reports = [Report("proofs", False, 61, [FINE, WRONG]), Report("mutants", False, 5, [], "ended")]
    Console(file=text, width=120).print(table(reports))
    shown = " ".join(text.getvalue().split())
    assert "│ proofs │ 2 │ 1 │ 1.0 │ not fine │" in shown
    assert "another: counterexample t = 5" in shown
    assert "│ mutants │ 0 │ 0 │ 0.1 │ not fine ended │" in shown
    assert "a claim" not in shown


@pytest.mark.parametrize("ok", [True, False])
def test_the_whole_is_fine_if_every_part_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ok: bool
) -> None:
    fine, other = part([FINE]), part([FINE if ok else WRONG], file="other")
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    monkeypatch.setattr(audit, "FIRST", fine)
    monkeypatch.setattr(audit, "BETWEEN", (fine,))
    monkeypatch.setattr(audit, "LAST", other)
    result = CliRunner().invoke(audit.main, ["--json", str(tmp_path / "told.json")])
    assert result.exit_code == (0 if ok else 1), result.output
    assert ("everything is fine" in result.output) is ok
    told = json.loads((tmp_path / "told.json").read_text())
    assert (told["name"], told["ok"], len(told["rows"])) == ("audit", ok, 3)


def test_every_part_is_a_command_of_this_repository() -> None:
    root = Path(audit.__file__).parent.parent
    for each in (FIRST, *BETWEEN, LAST):
        words = each.command[1:]
        if words[0] != "-m":
            assert (root / words[0]).is_file()
        elif words[1] != "pytest":
            module = root / Path(*words[1].split("."))
            assert module.is_dir() or module.with_suffix(".py").is_file()
        else:
            assert (root / words[2]).is_dir()
