"""The runners of proofs and of analysis judge what their tools say; none is needed here."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"audit_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


prove = load("prove")
analyze = load("analyze")


def record(name: str, exitcode: int, loops: int = 0, seconds: float = 1.5) -> dict[str, Any]:
    return {
        "name": f"check_{name}(address,uint256)",
        "exitcode": exitcode,
        "num_bounded_loops": loops,
        "time": [seconds, 1.0, 0.5],
    }


def row(result: str, **refuted: str) -> Any:
    proof = prove.Proof("device", "withdraw", "D-5: nobody withdraws early.")
    said = {name: prove.Verdict(one, 2.0) for name, one in refuted.items()}
    return prove.Row(proof, prove.Verdict(result, 1.5), said)


# Proofs.


@pytest.mark.parametrize(
    ("exitcode", "loops", "result"),
    [
        (0, 0, "proved"),
        (0, 1, "loop cut off"),
        (1, 0, "counterexample"),
        (2, 0, "timeout"),
        (3, 0, "stuck"),
        (4, 0, "vacuous"),
        (5, 0, "error"),
        (77, 0, "error"),
    ],
)
def test_what_halmos_says_of_a_proof(exitcode: int, loops: int, result: str) -> None:
    answer = {"exitcode": 1, "test_results": {"D.t.sol:D": [record("withdraw", exitcode, loops)]}}
    assert prove.read(answer) == {"withdraw": prove.Verdict(result, 1.5)}


def test_a_proof_that_holds_and_refutes_its_broken_contract_is_well() -> None:
    made = row("proved", withdraw="counterexample")
    assert made.ok
    assert made.record() == {
        "what": "device/withdraw",
        "result": "proved",
        "ok": True,
        "detail": "D-5: nobody withdraws early. [3.5 s; broken: 1 refuted]",
    }


@pytest.mark.parametrize(
    "result", ["counterexample", "timeout", "stuck", "vacuous", "loop cut off"]
)
def test_whatever_is_not_proved_fails(result: str) -> None:
    made = prove.report([row(result, withdraw="counterexample")], 3.0)
    assert not made["ok"]
    assert made["rows"][0]["result"] == result


@pytest.mark.parametrize("result", ["proved", "timeout", "vacuous", "error"])
def test_a_broken_contract_that_is_not_refuted_fails(result: str) -> None:
    made = row("proved", withdraw=result)
    assert not made.ok
    assert made.broken == f"withdraw: {result}"


def test_a_proof_without_a_broken_contract_fails() -> None:
    made = row("proved")
    assert not made.ok
    assert made.broken == "no broken contract"


def test_a_report_of_nothing_is_not_well() -> None:
    assert prove.report([], 0.0) == {"name": "proofs", "ok": False, "seconds": 0.0, "rows": []}


def test_every_proof_says_what_it_proves_and_has_a_broken_contract_that_fits() -> None:
    known = prove.proofs()
    assert {one.system for one in known} == {"delegated", "device", "liquid", "queue"}
    for one in known:
        found = prove.patches(one.system, one.name)
        assert found, one.what
        assert "@" not in one.claim, one.what
        for patch in found:
            assert prove.bugs().Bug.read(patch).sources()
    assert prove.strays(known) == []


def test_the_page_says_what_each_proof_says() -> None:
    page = (ROOT / "docs" / "proofs.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.M)
    assert told == [(one.name, one.claim) for one in prove.proofs()]


def test_a_proof_that_does_not_say_what_it_proves_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Device.t.sol").write_text("    function check_exit(uint256 id) external {}\n")
    with pytest.raises(prove.Unable) as refusal:
        prove.proofs(tmp_path)
    assert str(refusal.value) == "Device.t.sol: check_exit does not say what it proves"


def test_each_proof_is_run_once_and_once_on_each_of_its_broken_contracts() -> None:
    known = prove.proofs()
    made = prove.tasks(known)
    proved = [(one.system, name) for one in made if not one.patch for name in one.names]
    assert proved == [(one.system, one.name) for one in known]
    broken = [(*one.names, one.patch) for one in made if one.patch]
    assert len(made[0].names) == prove.FEW
    assert broken == [
        (one.name, patch) for one in known for patch in prove.patches(one.system, one.name)
    ]


def test_what_is_said_of_each_comes_to_its_row(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    @contextmanager
    def workshop(system: str, patch: Path | None = None) -> Iterator[Path]:
        yield tmp_path / f"{system}-{patch.stem if patch else 'right'}"

    def run(folder: Path, system: str, names: list[str], *words: str) -> dict[str, Any]:
        right = folder.name.endswith("right")
        assert words == (() if right else ("--early-exit",))
        result = "proved" if right else "counterexample"
        return {name: prove.Verdict(result, float(len(name))) for name in names}

    monkeypatch.setattr(prove, "workshop", workshop)
    monkeypatch.setattr(prove, "run", run)
    told: list[str] = []
    rows = prove.prove(prove.proofs(), 2, told.append)
    assert [row.proof for row in rows] == prove.proofs()
    assert all(row.ok and row.verdict.seconds == len(row.proof.name) for row in rows)
    assert len(told) == len(prove.tasks(prove.proofs()))


def test_a_patch_of_no_proof_is_a_stray(tmp_path: Path) -> None:
    (tmp_path / "device").mkdir()
    for name in ("withdraw.patch", "withdraw.2.patch", "gone.patch"):
        (tmp_path / "device" / name).write_text("")
    known = [prove.Proof("device", "withdraw", "D-5")]
    assert prove.strays(known, tmp_path) == ["device/gone.patch"]
    assert [one.name for one in prove.patches("device", "withdraw", tmp_path)] == [
        "withdraw.2.patch",
        "withdraw.patch",
    ]


def test_without_halmos_the_runner_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(prove, "AUDIT", tmp_path)
    done = CliRunner().invoke(prove.main, [])
    assert done.exit_code == 1
    assert done.output == "Error: halmos or forge is not installed here; run make prove\n"


def tool(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_proof_of_which_halmos_says_nothing_ran_out_of_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = json.dumps({"exitcode": 0, "test_results": {"D": [record("withdraw", 0)]}})
    monkeypatch.setattr(prove, "AUDIT", tmp_path)
    tool(tmp_path, "halmos", f"cat > {tmp_path}/answer.json <<'END'\n{answer}\nEND")
    assert prove.run(tmp_path, "device", ["withdraw", "stake"]) == {
        "withdraw": prove.Verdict("proved", 1.5),
        "stake": prove.Verdict("timeout", 0.0),
    }


def test_halmos_that_does_not_work_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prove, "AUDIT", tmp_path)
    tool(tmp_path, "halmos", "echo compiling; echo 'Error: no such file'; exit 1")
    with pytest.raises(prove.Unable) as refusal:
        prove.run(tmp_path, "device", ["withdraw"])
    assert str(refusal.value) == "halmos proves nothing of device: Error: no such file"


# Analysis.


def finding(check: str, impact: str, name: str, file: str = "../contracts/device/D.sol") -> Any:
    return {
        "check": check,
        "impact": impact,
        "description": f"D.{name} is odd\n\tfor a reason",
        "elements": [
            {
                "name": name,
                "source_mapping": {"filename_relative": file},
                "type_specific_fields": {"parent": {"type": "contract", "name": "D"}},
            }
        ],
    }


def judged(*findings: Any, **explained: str) -> list[Any]:
    answer = {"success": True, "results": {"detectors": list(findings)}}
    names = {name.replace("__", " ").replace("_", "."): why for name, why in explained.items()}
    return list(analyze.judge(answer, names))


def test_a_finding_that_is_explained_is_well() -> None:
    assert judged(finding("timestamp", "Low", "f"), timestamp__D_f="It is meant.") == [
        analyze.Row("timestamp D.f", "explained", True, "It is meant.")
    ]


def test_a_finding_that_is_not_explained_fails() -> None:
    found = judged(finding("timestamp", "High", "f"), timestamp__D_f=" ")
    assert found == [analyze.Row("timestamp D.f", "high, not explained", False, "D.f is odd")]
    assert not analyze.report(found, 1.0)["ok"]


def test_an_explanation_of_nothing_fails() -> None:
    assert judged(timestamp__D_f="It is meant.") == [
        analyze.Row(
            "timestamp D.f", "no longer found", False, "take it out of audit/explained.json"
        )
    ]


def test_what_is_only_information_or_not_ours_is_left_out() -> None:
    theirs = finding("timestamp", "High", "f", "../node_modules/x/D.sol")
    assert judged(finding("naming", "Informational", "f"), theirs) == []


def test_slither_that_failed_is_one_line() -> None:
    with pytest.raises(analyze.Unable) as refusal:
        analyze.judge({"success": False, "error": "Traceback\nno solc"}, {})
    assert str(refusal.value) == "slither failed: no solc"


def test_what_forge_lint_says_fails() -> None:
    said = "warning[unsafe-typecast]: can truncate\n  --> a.sol:5:1:\n   |\n"
    assert analyze.lints(said) == [
        analyze.Row("forge lint unsafe-typecast", "warning", False, "a.sol:5:1:: can truncate")
    ]
    assert analyze.lints("") == [analyze.Row("forge lint", "silent", True, "")]
    assert analyze.lints("note[x]: odd")[0].result == "not understood"


def test_without_slither_the_runner_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(analyze, "AUDIT", tmp_path)
    done = CliRunner().invoke(analyze.main, [])
    assert done.exit_code == 1
    assert done.output == "Error: slither or forge is not installed here; run make analyze\n"
