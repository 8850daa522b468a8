"""One mutant's trial: does the campaign notice it, or a test?

A trial happens in a child of a process that has everything loaded, so a mutant that hangs, or eats
memory, harms nobody.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn

import hypothesis  # noqa: F401 (some tests need it, and it takes long to load)
import pytest

from tools.mutation.compiler import KEPT, Compiled, Compiler
from tools.mutation.mutants import ROOT, Mutant, MutationError
from unbond.artifacts import compiled_kinds, replaced
from unbond.campaign.arena import Arena
from unbond.campaign.walk import setup_of, walk_block
from unbond.revm import Revm
from unbond.systems import system_class

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

SYSTEMS = ("delegated", "device", "liquid")
SETUPS = 6
"""How many deployments a campaign looks at, each set up in another way."""
STEPS = 1000
"""How many moves it makes on each."""
CAMPAIGN_SECONDS = 60
TESTS_SECONDS = 240
"""How long a mutant may keep busy who looks for it; then it is found, because it hangs."""

ON_NODE = "on eth-tester"
"""How tests are called that cannot be run on revm."""

UNUSED: dict[str, tuple[str, ...]] = {
    "LockupValidator": ("liquid",),
    "StakeToken": ("delegated",),
    "StubbornWallet": ("liquid",),
    "Witness": ("delegated",),
}
"""Contracts that no system imports, and which system's campaign uses them."""

HOSTILE = "tests/hostile"
"""Tests of all systems."""

OTHER_TESTS = {
    "StakeToken": "tests/contracts/test_helpers.py",
    "StubbornWallet": "tests/contracts/test_helpers.py",
    "Witness": "tests/contracts/test_helpers.py",
}
"""Tests of these, which are no system's."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant."""

    result: str
    """``invalid``, ``equal``, ``campaign``, ``tests`` or ``survived``."""
    detail: str = ""
    """The compiler's error; what differed in the campaign; the test that failed."""


class Timeout(Exception):
    """A child took too long."""


def forked(work: Callable[[], str], seconds: float) -> str:
    """Do ``work`` in a child of this process, and return what it returns.

    Raises:
        Timeout: when it takes longer than ``seconds``.
        MutationError: when the work fails, or ends without a result.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(work, writer)
    os.close(writer)
    parts: list[bytes] = []
    ends = monotonic() + seconds
    try:
        while True:
            ready, _, _ = select.select([reader], [], [], max(0.0, ends - monotonic()))
            if not ready:
                raise Timeout
            part = os.read(reader, 65536)
            if not part:
                break
            parts.append(part)
    finally:
        os.close(reader)
        # And whatever it has started.
        for kill in (os.killpg, os.kill):
            with suppress(ProcessLookupError):
                kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    answer = b"".join(parts).decode()
    if not answer.startswith("="):
        raise MutationError(answer[1:] or "a trial ended without a result")
    return answer[1:]


def _answer(work: Callable[[], str], writer: int) -> NoReturn:
    """Do the work in the child, silently, and end it."""
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        try:
            answer = f"={work()}".encode()
        except Exception as error:
            answer = f"!{type(error).__name__}: {error}".encode()
        while answer:
            answer = answer[os.write(writer, answer) :]
    finally:
        os._exit(0)


def systems_of(contracts: dict[str, str]) -> tuple[str, ...]:
    """The systems in which these contracts, by file, play a part.

    Raises:
        MutationError: when they play no part that is known.
    """
    names = set(contracts.values())
    found = [name for name in SYSTEMS if system_class(name).contract_name in names]
    for name in names:
        found += [one for one in UNUSED.get(name, ()) if one not in found]
    if not found:
        raise MutationError(f"nobody tries {', '.join(sorted(names))}: say who uses it (UNUSED)")
    return tuple(found)


def campaign(systems: tuple[str, ...], setups: int = SETUPS, steps: int = STEPS) -> str:
    """Walk until something differs; returns what, or nothing."""
    for number in range(setups):
        for system in systems:
            try:
                arena = Arena(system, setup_of(system, "mutants", number))
                found = walk_block(system, "mutants", number, steps=steps, arena=arena).found
            except Exception as error:
                # A mutant of what the campaign itself stands on: no deployment, no views.
                return f"{system}: {type(error).__name__}: {error}"
            if found is not None:
                return f"{system}: {found.why}"
    return ""


class _Watcher:
    """Hears which tests fail."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.ran = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure, of a test or of what it needs."""
        self.ran += report.when == "call"
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that cannot even be read."""
        if report.failed:
            self.failed.append(report.nodeid)


def run_tests(
    tests: list[str],
    contracts: Path | None,
    *,
    on_revm: bool,
    without: list[str],
    all_failures: bool = False,
) -> list[str]:
    """Run tests in this process; returns those that failed: the first one only, if not told else.

    Args:
        tests: files, folders, or single tests.
        contracts: compiled ones in the place of ours.
        on_revm: with ``--on-revm``.
        without: tests that are left out.
        all_failures: go on after the first.
    """
    watcher = _Watcher()
    options = ["-q", "--tb=no", "--assert=plain"]
    for plugin in ("randomly", "cacheprovider", "xdist", "hypothesispytest", "unraisableexception"):
        options += ["-p", f"no:{plugin}"]
    options += ["--disable-isolation", "--on-revm"] if on_revm else []
    options += [] if all_failures else ["-x"]
    options += [f"--contracts={contracts}"] if contracts is not None else []
    options += [f"--ignore={path}" for path in _left_out()]
    options += [f"--deselect={test}" for test in without]
    code = pytest.main([*options, *tests], plugins=[watcher])
    if not watcher.failed and (code not in (0, 1) or not watcher.ran):
        raise MutationError(f"pytest ended with {code}")
    return watcher.failed


def _left_out() -> list[str]:
    """Random tests, which do what the campaign does and shorten what they find; and costs.

    But for those of the queue, whose order nobody could tell from that of who asks everybody.
    """
    costs = [f"tests/contracts/{system}/test_costs.py" for system in ("delegated", "device")]
    return [f"tests/contracts/{system}/test_properties.py" for system in SYSTEMS] + costs


def tests_of(contracts: dict[str, str], systems: tuple[str, ...]) -> list[str]:
    """Where the tests of these contracts are."""
    folders = [f"tests/contracts/{system}" for system in systems]
    others = {OTHER_TESTS[name] for name in contracts.values() if name in OTHER_TESTS}
    return sorted(others) if others else [*folders, HOSTILE]


@cache
def digest(*folders: str) -> str:
    """A hash of what is written in these folders, as far as it can matter here."""
    found = sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".sol", ".cjs") and ".cache" not in path.parts:
                found.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def _keep(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(f".{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(place)


class Court:
    """Tries mutants, one after another."""

    def __init__(self) -> None:
        """Load what every trial needs, so that each begins with it."""
        self.compiler = Compiler()
        # Unoptimized code compiles in a third of the time, and is larger than a chain allows.
        Revm.code_limit = 2**24
        campaign(SYSTEMS, setups=1, steps=10)

    @cache  # noqa: B019 (one court lives as long as its process)
    def ours(self, path: str, optimized: bool) -> str:
        """The hash of the right code that a file reaches."""
        text = (ROOT / path).read_text(encoding="utf-8")
        return self.compiler.compile_file(path, text, optimized=optimized).code

    def sift(self, mutant: Mutant) -> tuple[str, str]:
        """Compile a mutant: the reason why it needs no trial, and a hash of its code.

        The reason is ``invalid: …``, ``equal`` or empty.
        """
        compiled = self.compiler.compile(mutant, optimized=False)
        if compiled.error:
            return f"invalid: {compiled.error}", ""
        code = compiled.code
        return ("equal" if code == self.ours(mutant.path, False) else ""), code

    def code(self, mutant: Mutant) -> str:
        """A hash of a mutant's code as it is tested: alike for mutants that are the same."""
        return self.compiler.compile(mutant, optimized=True).code

    def try_mutant(self, mutant: Mutant) -> Verdict:
        """Find out whether anything notices a mutant."""
        contracts = self.compiler.reached(mutant.path)
        systems = systems_of(contracts)
        quick = self.compiler.compile(mutant, optimized=False)

        def walk() -> str:
            with replaced(compiled_kinds(quick.contracts)):
                try:
                    return forked(lambda: campaign(systems), CAMPAIGN_SECONDS)
                except Timeout:
                    return f"hangs for {CAMPAIGN_SECONDS} s"

        noticed = self._remembered(
            f"{digest('unbond', 'contracts')} {systems} {SETUPS} {STEPS} {quick.code}", walk
        )
        if noticed:
            return Verdict("campaign", noticed)
        compiled = self.compiler.compile(mutant, optimized=True)
        if compiled.error:
            return Verdict("invalid", compiled.error)
        if compiled.code == self.ours(mutant.path, True):
            return Verdict("equal")
        failed = self._remembered(
            f"{digest('unbond', 'contracts', 'tests', 'tools')} {compiled.code}",
            lambda: self._test(compiled, tests_of(contracts, systems), systems),
        )
        return Verdict("tests", failed) if failed else Verdict("survived")

    def _remembered(self, about: str, work: Callable[[], str]) -> str:
        """What ``work`` says; not done again as long as nothing has changed ``about`` it."""
        name = sha256(about.encode()).hexdigest()[:32]
        place = KEPT / "told" / name[:2] / f"{name}.txt"
        if place.is_file():
            return place.read_text(encoding="utf-8")
        answer = work()
        _keep(place, answer)
        return answer

    def _test(self, compiled: Compiled, tests: list[str], systems: tuple[str, ...]) -> str:
        """The first test that fails with these contracts; nothing if none does."""
        on_node = [test for system in systems for test in self.on_node(system)]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "contracts.json"
            file.write_text(json.dumps(compiled.contracts), encoding="utf-8")
            rounds = [(tests, True, on_node)]
            if not any("test_helpers" in test for test in tests):
                rounds.append((on_node, False, []))
            for chosen, on_revm, without in rounds:
                if not chosen:
                    continue

                def run(
                    chosen: list[str] = chosen,
                    on_revm: bool = on_revm,
                    without: list[str] = without,
                ) -> str:
                    return json.dumps(run_tests(chosen, file, on_revm=on_revm, without=without))

                try:
                    failed = json.loads(forked(run, TESTS_SECONDS))
                except Timeout:
                    return f"hangs for {TESTS_SECONDS} s"
                if failed:
                    return str(failed[0]) + ("" if on_revm else f" {ON_NODE}")
        return ""

    @cache  # noqa: B019
    def on_node(self, system: str) -> tuple[str, ...]:
        """The tests of a system that need a node: with the right contracts, they fail on revm.

        Raises:
            MutationError: when one of them fails on eth-tester too, or the campaign finds something
                in the right contracts.
        """
        name = digest("unbond", "contracts", "tests", "tools")
        place = KEPT / f"{system}-{name[:32]}.json"
        if place.is_file():
            return tuple(json.loads(place.read_text(encoding="utf-8")))
        noticed = forked(lambda: campaign((system,)), CAMPAIGN_SECONDS)
        if noticed:
            raise MutationError(f"the campaign finds something in the right contracts: {noticed}")
        folders = [f"tests/contracts/{system}", HOSTILE]

        def run(tests: list[str], on_revm: bool) -> list[str]:
            def work() -> str:
                return json.dumps(
                    run_tests(tests, None, on_revm=on_revm, without=[], all_failures=True)
                )

            return [str(one) for one in json.loads(forked(work, TESTS_SECONDS))]

        failed = run(folders, True)
        wrong = run(failed, False) if failed else []
        if wrong:
            raise MutationError(f"fails with the right contracts: {', '.join(wrong)}")
        _keep(place, json.dumps(failed))
        return tuple(failed)


_court: Court | None = None


def _here() -> Court:
    global _court
    if _court is None:
        _court = Court()
    return _court


def begin_job() -> None:
    """Make a worker's process ready."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    # Ctrl-C is the main process's; it ends this one, or takes it along when it is killed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main = multiprocessing.parent_process()
    if main is not None:
        Thread(target=_end_after, args=(main,), daemon=True).start()
    _here()


def _end_after(main: BaseProcess) -> None:
    main.join()
    os._exit(1)


def sift(mutant: Mutant) -> tuple[str, str]:
    """:meth:`Court.sift` in a worker."""
    return _here().sift(mutant)


def try_mutant(mutant: Mutant) -> Verdict:
    """:meth:`Court.try_mutant` in a worker."""
    return _here().try_mutant(mutant)


def tested_code(mutant: Mutant) -> str:
    """:meth:`Court.code` in a worker."""
    return _here().code(mutant)


def prepare(system: str) -> Any:
    """:meth:`Court.on_node` in a worker."""
    return _here().on_node(system)
