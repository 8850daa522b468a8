"""The compiler that set-up installs: npm's, behind the command line of the native one."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import solcx
from packaging.version import Version
from solcx.exceptions import UnknownOption
from solcx.wrapper import get_solc_version, solc_wrapper

# Each starts the compiler.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
LICENCE = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.30;\n"
ADDER = (
    LICENCE
    + "library Adder {\n"
    + "  function add(uint a, uint b) internal pure returns (uint) { return a + b; }\n"
    + "}\n"
)
USER = (
    LICENCE
    + 'import "lib/Adder.sol";\n'
    + "contract User {\n"
    + "  function two() external pure returns (uint) { return Adder.add(1, 1); }\n"
    + "}\n"
)


def find_node() -> str:
    """The Node that set-up chose for this environment, else the machine's."""
    stamp = Path(sys.prefix, "setup", "node.json")
    if stamp.exists():
        return str(json.loads(stamp.read_text())["facts"]["node"])
    node = shutil.which("node")
    assert node is not None, "set-up provides Node"
    return node


@pytest.fixture(scope="module")
def solc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executable, written by set-up itself into a copy of the project."""
    spec = importlib.util.spec_from_file_location("unbond_setup_solc", ROOT / "tools" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    setup = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = setup
    spec.loader.exec_module(setup)

    root = tmp_path_factory.mktemp("a copy")
    (root / "tools").mkdir()
    (root / ".venv" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "solc.cjs", root / "tools")
    shutil.copy(ROOT / "package-lock.json", root)
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    made = setup.Setup(root)
    made.known = {"node": {"node": find_node()}, "packages": {"version": "3.11.9"}}
    with pytest.MonkeyPatch.context() as patch:
        # A native compiler of this machine is not what is tested.
        patch.setattr(setup.Setup, "foreign_folders", lambda _: [])
        return Path(made.compiler()["compiler"])


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    (tmp_path / "base" / "lib").mkdir(parents=True)
    (tmp_path / "base" / "lib" / "Adder.sol").write_text(ADDER)
    return tmp_path


def standard(source: str) -> dict[str, Any]:
    return {
        "language": "Solidity",
        "sources": {"User.sol": {"content": source}},
        "settings": {"outputSelection": {"*": {"*": ["evm.bytecode.object"]}}},
    }


def call(solc: Path, *arguments: str, source: str = USER, cwd: Path | None = None) -> Any:
    done = subprocess.run(
        [str(solc), "--standard-json", *arguments],
        input=json.dumps(standard(source)),
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def bytecode(answer: Any) -> str:
    code: str = answer["contracts"]["User.sol"]["User"]["evm"]["bytecode"]["object"]
    return code


def refusal(answer: Any) -> str:
    [error] = answer["errors"]
    assert error["severity"] == "error"
    message: str = error["message"]
    return message


def test_version_is_read_by_py_solc_x(solc: Path) -> None:
    assert get_solc_version(solc) == Version("0.8.30")
    assert get_solc_version(solc, with_commit_hash=True) == Version("0.8.30+commit.73712a01")


def test_version_written_out_is_the_compiler_s_own(solc: Path) -> None:
    script = ROOT / "tools" / "solc.cjs"
    said = subprocess.check_output([find_node(), str(script), "--version"], text=True)
    assert subprocess.check_output([str(solc), "--version"], text=True) == said
    assert said.splitlines()[0] == "solc, the solidity compiler commandline interface"


def test_py_solc_x_compiles_with_it(solc: Path, sources: Path) -> None:
    answer = solcx.compile_standard(standard(USER), solc_binary=solc, base_path=sources / "base")
    assert bytecode(answer).startswith("60")


def test_imports_are_found_below_the_base_path(solc: Path, sources: Path) -> None:
    expected = bytecode(call(solc, "--base-path", str(sources / "base")))
    assert bytecode(call(solc, f"--base-path={sources / 'base'}")) == expected
    # Without a base path it is the working directory.
    assert bytecode(call(solc, cwd=sources / "base")) == expected


def test_imports_are_found_below_an_include_path(solc: Path, sources: Path) -> None:
    other = sources / "other"
    other.mkdir()
    arguments = ("--base-path", str(other), "--include-path", str(sources / "base"))
    assert bytecode(call(solc, *arguments)).startswith("60")


def test_missing_import_is_an_error_in_the_answer(solc: Path, sources: Path) -> None:
    message = refusal(call(solc, "--base-path", str(sources)))
    assert f'File not found. Searched the following locations: "{sources}".' in message


def test_ambiguous_import_is_refused(solc: Path, sources: Path) -> None:
    shutil.copytree(sources / "base", sources / "other")
    arguments = ("--base-path", str(sources / "base"), "--include-path", str(sources / "other"))
    assert "Ambiguous import." in refusal(call(solc, *arguments))


@pytest.mark.parametrize("way", ["absolute", "link"])
def test_imports_from_elsewhere_have_to_be_allowed(solc: Path, sources: Path, way: str) -> None:
    empty = sources / "empty"
    empty.mkdir()
    adder = sources / "base" / "lib" / "Adder.sol"
    source = USER
    if way == "absolute":
        source = USER.replace("lib/Adder.sol", str(adder))
    else:
        (empty / "lib").symlink_to(adder.parent)
    base = ("--base-path", str(empty))

    assert "File outside of allowed directories." in refusal(call(solc, *base, source=source))
    # A folder whose name only begins like the allowed one is another folder.
    near = call(solc, *base, "--allow-paths", str(sources / "bas"), source=source)
    assert "File outside of allowed directories." in refusal(near)

    allowed = f"{sources / 'nowhere'},{sources / 'base'}"
    assert bytecode(call(solc, *base, "--allow-paths", allowed, source=source)).startswith("60")


def test_error_in_a_contract_is_an_error_in_the_answer(solc: Path) -> None:
    answer = call(solc, source=LICENCE + "contract User { function f() external { g(); } }\n")
    assert refusal(answer) == "Undeclared identifier."


def test_input_may_be_a_file(solc: Path, sources: Path) -> None:
    (sources / "input.json").write_text(json.dumps(standard(USER)))
    done = subprocess.run(
        [str(solc), "--standard-json", "../input.json"],
        cwd=sources / "base",
        capture_output=True,
        text=True,
        check=True,
    )
    assert bytecode(json.loads(done.stdout)).startswith("60")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--optimize", "User.sol"], "unrecognised option '--optimize': "),
        (
            ["--standard-json", "--base-path"],
            "the required argument for option '--base-path' is missing",
        ),
        (
            ["--standard-json", "--include-path", "lib"],
            "--include-path option requires a non-empty base path.",
        ),
        (["User.sol"], "no task given: "),
        (["--standard-json", "missing.json"], "solc: ENOENT"),
    ],
)
def test_what_it_does_not_know_is_refused_in_one_line(
    solc: Path, tmp_path: Path, arguments: list[str], line: str
) -> None:
    done = subprocess.run(
        [str(solc), *arguments],
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(line)
    assert len(done.stderr.splitlines()) == 1


def test_py_solc_x_understands_the_refusal(solc: Path) -> None:
    with pytest.raises(UnknownOption, match="does not support the '--no-such' option"):
        solc_wrapper(solc_binary=solc, standard_json=True, stdin="{}", no_such=True)
