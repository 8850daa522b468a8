"""A pytest plugin for any Ape project with Solidity: coverage, gas figures, and faster tests.

Installed with the package; does nothing until an option, or ``unbond:`` in ``ape-config.yaml``,
asks for it.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from unbond.files import made, write_files
from unbond.speed import said, speed_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from rich.console import RenderableType

    from unbond.coverage.measure import Measured
    from unbond.coverage.recorder import Recorder
    from unbond.gas.ledger import Costs, Ledger
    from unbond.gas.snapshot import Change, Snapshot

FIXTURE = "fixture "
"""How the name of a fixture begins as that of a sender; no test's begins so."""
_OUTPUT = "unbond"
"""Under which name a worker hands over what it noted."""


def _nameable(path: Path) -> Path:
    """A path that there can be.

    Raises:
        ValueError: when it has a character that no name has.
    """
    try:
        whole = os.fsencode(path)
    except UnicodeEncodeError:
        whole = b"\0"
    if b"\0" in whole:
        raise ValueError(f"{str(path)!a} is no name of a file or a folder")
    return path


_Place = Annotated[Path, AfterValidator(_nameable)]


class Settings(BaseModel):
    """What is asked for, by options or under ``unbond:`` in ``ape-config.yaml``."""

    model_config = ConfigDict(extra="forbid")

    fast: bool = False
    coverage: bool = False
    coverage_dir: _Place = Path("sol-coverage")
    """Where the reports go, from the project's folder."""
    coverage_min: int = Field(default=0, ge=0, le=100)
    """The run fails if less of all lines, or of all branches, was reached, in percent."""
    gas: Literal["snapshot", "diff", "check"] | None = None
    gas_file: _Place = Path("snapshots/gas.json")
    gas_tests: _Place | None = None
    """Whose transactions count: the tests in this folder, from the project's, or all."""
    gas_tolerance: float = Field(default=0.5, ge=0, allow_inf_nan=False)
    """By how much a figure may rise before the check fails, in percent."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("unbond", "Solidity coverage, gas figures, speed (unbond)")
    group.addoption(
        "--sol-coverage",
        action="store_true",
        help="Say which lines and branches of the project's Solidity were reached.",
    )
    group.addoption(
        "--sol-coverage-dir",
        metavar="DIR",
        help="Where to put lcov.info and index.html. Default: sol-coverage.",
    )
    group.addoption(
        "--sol-coverage-min",
        metavar="PERCENT",
        help="Fail if less of all lines, or of all branches, was reached.",
    )
    for name, text in (
        ("snapshot", "Write what transactions cost into a file."),
        ("diff", "Show what costs more or less than that file says."),
        ("check", "The same, and fail if something costs more."),
    ):
        group.addoption(
            f"--gas-{name}", dest="unbond_gas", action="store_const", const=name, help=text
        )
    group.addoption("--gas-file", metavar="FILE", help="Which file. Default: snapshots/gas.json.")
    group.addoption(
        "--gas-tests", metavar="DIR", help="Count transactions of tests in this folder only."
    )
    group.addoption(
        "--gas-tolerance",
        metavar="PERCENT",
        help="By how much a figure may rise before --gas-check fails. Default: 0.5.",
    )
    group.addoption(
        "--fast", action="store_true", help="Run faster, and say by what; nothing else changes."
    )
    group.addoption(
        "--console-logs",
        action="store_true",
        help="Replay each transaction to show what contracts print to the console.",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Switch on what is asked for.

    Raises:
        UsageError: when that cannot be had.
    """
    if config.option.help:
        return
    settings = _settings(config)
    if settings.fast:
        speed_up(console_logs=config.getoption("--console-logs"))
    if settings.coverage or settings.gas:
        config.pluginmanager.register(Instruments(config, settings), "unbond-instruments")


def pytest_report_header() -> list[str]:
    """Say what makes tests faster."""
    return [f"unbond: {'; '.join(said())}"] if said() else []


@pytest.fixture(scope="session")
def gas(request: pytest.FixtureRequest) -> Callable[[str], AbstractContextManager[None]]:
    """Calls what the transactions in a ``with`` block cost by a name.

    ``with gas("a transfer to a new account"): token.transfer(friend, 1, sender=owner)``
    """
    instruments = request.config.pluginmanager.get_plugin("unbond-instruments")
    ledger: Ledger | None = getattr(instruments, "ledger", None)
    if ledger is None:
        return lambda sentence: nullcontext()
    return ledger.named


def _settings(config: pytest.Config) -> Settings:
    import ape

    # As it is written: Ape's own way to it ends in a traceback where that is no mapping of names.
    configured = (ape.project.config.model_extra or {}).get("unbond")
    named = {
        "fast": config.getoption("--fast") or None,
        "coverage": config.getoption("--sol-coverage") or None,
        "coverage_dir": config.getoption("--sol-coverage-dir"),
        "coverage_min": config.getoption("--sol-coverage-min"),
        "gas": config.getoption("unbond_gas"),
        "gas_file": config.getoption("--gas-file"),
        "gas_tests": config.getoption("--gas-tests"),
        "gas_tolerance": config.getoption("--gas-tolerance"),
    }
    options = {name: value for name, value in named.items() if value is not None}
    return read_settings(configured, options)


def read_settings(configured: object, options: Mapping[str, Any]) -> Settings:
    """What is asked for; options count more than what is configured.

    Args:
        configured: what stands under ``unbond:``, whatever that is; None is nothing.
        options: what was given as an option, by the name of its setting.

    Raises:
        UsageError: when it cannot be had.
    """
    if not isinstance(configured, dict | None):
        raise pytest.UsageError(
            "ape-config.yaml, unbond: should be settings with their names, such as 'fast: true'"
        )
    try:
        return Settings.model_validate({**(configured or {}), **options})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        place = "--" + _OPTIONS.get(name, name.replace("_", "-"))
        where = place if name in options else f"ape-config.yaml, unbond: {name}"
        message = first["msg"].replace("<class 'pathlib.Path'>", "a file or a folder")
        message = message.removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = f"there is no such setting; there are: {', '.join(Settings.model_fields)}"
        raise pytest.UsageError(f"{where}: {message}") from None


_OPTIONS = {"coverage_dir": "sol-coverage-dir", "coverage_min": "sol-coverage-min"}


class Instruments:
    """What is measured in this process, and shown at the end of the run."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """Begin to measure.

        Raises:
            UsageError: when it cannot be done here.
        """
        self._config = config
        self._settings = settings
        self._is_worker = hasattr(config, "workerinput")
        self._recorder: Recorder | None = None
        self.ledger: Ledger | None = None
        self._complaints: list[str] = []
        self._users: dict[str, set[str]] = {}
        """By the name of a fixture, the tests that use it and whose transactions count."""
        self._has_workers = False
        self._measured: Measured | None = None
        self._before: Snapshot | None = None
        self._changes: list[Change] = []
        if settings.coverage:
            self._start_coverage()
        if settings.gas:
            self._start_gas(settings.gas)

    def _start_coverage(self) -> None:
        import ape

        from unbond.coverage.compiled import solidity
        from unbond.coverage.recorder import Recorder

        if not solidity(ape.project):
            message = f"--sol-coverage: there is no Solidity in {ape.project.contracts_folder}"
            raise pytest.UsageError(message)
        network = self._config.getoption("network")
        provider = ape.networks.get_provider_from_choice(network).name
        if provider != "test":
            raise pytest.UsageError(
                f"--sol-coverage: {provider} does not say which instructions it executes; "
                "Ape's own chain does: --network ethereum:local:test"
            )
        self._recorder = Recorder()
        self._recorder.start()

    def _start_gas(self, purpose: str) -> None:
        from unbond.gas.ledger import Ledger
        from unbond.gas.snapshot import Snapshot, SnapshotError

        if purpose != "snapshot":
            try:
                self._before = Snapshot.read(self._path(self._settings.gas_file))
            except SnapshotError as error:
                raise pytest.UsageError(f"--gas-{purpose}: {error}") from None
        self.ledger = Ledger()
        self.ledger.start()

    def _path(self, path: Path) -> Path:
        import ape

        return Path(ape.project.path) / path

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """What is sent while a test runs is sent by that test."""
        if self.ledger is None:
            return (yield)
        counts = self._counts(item)
        if counts:
            for name in getattr(item, "fixturenames", ()):
                self._users.setdefault(name, set()).add(item.nodeid)
        with self.ledger.sender(item.nodeid if counts else None):
            return (yield)

    def _counts(self, item: pytest.Item) -> bool:
        """Whether gas figures are made from what a test sends."""
        folder = self._settings.gas_tests
        return folder is None or item.path.is_relative_to(self._path(folder))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Iterator[None]:
        """What a fixture does that outlives a test is its own."""
        if fixturedef.scope == "function":
            return (yield)
        where = request.node.nodeid if fixturedef.scope != "session" else ""
        variant = f"{where}[{getattr(request, 'param_index', 0)}]"
        name = f"{FIXTURE}{fixturedef.argname} {variant}"
        with ExitStack() as stack:
            if self._recorder is not None:
                stack.enter_context(self._recorder.fixture(name))
            if self.ledger is not None:
                stack.enter_context(self.ledger.sender(name))
            return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker has ended: take over what it noted."""
        self._has_workers = True
        noted = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if noted is None:
            self._complaints.append("a test process died; what it did is missing")
            return
        if self._recorder is not None:
            self._recorder.add(noted["coverage"])
        if self.ledger is not None:
            from unbond.gas.ledger import Costs, GasError

            try:
                self.ledger.costs.add(Costs.load(noted["gas"]))
            except GasError as conflict:
                self._complaints.append(str(conflict))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Hand over what was noted or, where there is nobody to hand it to, sum it up."""
        if self._is_worker:
            self._config.workeroutput[_OUTPUT] = {  # type: ignore[attr-defined]
                "coverage": self._recorder.dump() if self._recorder else None,
                "gas": self._costs(self.ledger).dump() if self.ledger else None,
            }
        elif not self._config.option.collectonly:
            self._sum_up(session)
        return (yield)

    def _costs(self, ledger: Ledger) -> Costs:
        """What was noted, without fixtures that none of the tests used that count."""
        if self._has_workers:
            # They have left them out.
            return ledger.costs
        kept = {
            sender: costs
            for sender, costs in ledger.costs.by_sender.items()
            if not sender.startswith(FIXTURE) or self._is_used(sender)
        }
        return replace(ledger.costs, by_sender=kept)

    def _is_used(self, sender: str) -> bool:
        """Whether a test that counts uses a fixture."""
        name, _, where = sender.removeprefix(FIXTURE).partition(" ")
        part = where.rpartition("[")[0]
        return any(test.startswith(part) for test in self._users.get(name, ()))

    def _sum_up(self, session: pytest.Session) -> None:
        failed = session.exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self._recorder is not None:
            self._sum_up_coverage(self._recorder)
        if self.ledger is not None:
            if failed:
                self._complaints.append("gas: tests failed, so there are no figures")
            else:
                self._sum_up_gas(self.ledger)
        if self._complaints and not failed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _sum_up_coverage(self, recorder: Recorder) -> None:
        import ape

        from unbond.coverage.compiled import CoverageError, compile_project, solidity
        from unbond.coverage.measure import measure
        from unbond.coverage.report import lcov, least, page

        texts = {
            str(path.relative_to(ape.project.path)): path.read_text()
            for path in solidity(ape.project)
        }
        try:
            with recorder.ignoring():
                units = compile_project(ape.project)
        except CoverageError as error:
            self._complaints.append(f"coverage: {error}")
            return
        self._measured = measured = measure(units, recorder.total(), texts)
        folder = self._path(self._settings.coverage_dir)
        try:
            with made(folder):
                write_files(
                    {
                        folder / "lcov.info": lcov(measured).encode(),
                        folder / "index.html": page(measured).encode(),
                    }
                )
        except OSError as error:
            place = error.filename
            self._complaints.append(f"coverage: {place} cannot be written: {error.strerror}")
        if not measured.recognised:
            self._complaints.append(
                "coverage: no code of this project was executed"
                + ("" if not measured.foreign else _OTHERWISE)
            )
        reached = least(measured).percent
        if reached < self._settings.coverage_min:
            least_allowed = self._settings.coverage_min
            self._complaints.append(f"coverage: {reached} % reached, not {least_allowed} %")

    def _sum_up_gas(self, ledger: Ledger) -> None:
        from unbond.gas.snapshot import SnapshotError, changes, rises

        now = self._costs(ledger).snapshot()
        if self._before is None:
            try:
                now.write(self._path(self._settings.gas_file))
            except SnapshotError as error:
                self._complaints.append(f"gas: {error}")
            return
        self._changes = changes(self._before, now)
        if self._settings.gas == "check":
            tolerance = self._settings.gas_tolerance
            risen = rises(self._changes, tolerance / 100)
            if risen:
                self._complaints.append(
                    f"gas: {len(risen)} figures have risen by more than {tolerance:g} %; if that "
                    "is meant, write them anew with --gas-snapshot"
                )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what was measured."""
        terminalreporter.ensure_newline()
        if self._measured is not None:
            self._show_coverage(terminalreporter, self._measured)
        if self.ledger is not None and self._before is None and not self._complaints:
            terminalreporter.write_line(f"gas figures are in {self._settings.gas_file}")
        if self._before is not None and not self._complaints and not self._changes:
            terminalreporter.write_line(f"gas: as in {self._settings.gas_file}")
        if self._changes:
            from unbond.gas.snapshot import table as changes_table

            self._show(terminalreporter, changes_table(self._changes))
        for complaint in self._complaints:
            terminalreporter.write_line(complaint, red=True)

    def _show_coverage(self, terminalreporter: pytest.TerminalReporter, measured: Measured) -> None:
        from unbond.coverage.report import missing, table

        self._show(terminalreporter, table(measured))
        for line in missing(measured):
            terminalreporter.write_line(f"not reached: {line}")
        folder = self._settings.coverage_dir
        terminalreporter.write_line(f"{folder / 'index.html'} shows every line")
        if measured.via_ir:
            terminalreporter.write_line(_VIA_IR)
        untold = sum(len(file.untold) for file in measured.files)
        if untold:
            terminalreporter.write_line(
                f"the optimizer left nothing of {untold} statements, which are not counted; "
                "solidity: optimize: false in ape-config.yaml leaves all"
            )

    def _show(self, terminalreporter: pytest.TerminalReporter, what: RenderableType) -> None:
        from rich.console import Console

        width = max(110, terminalreporter._tw.fullwidth)
        console = Console(width=width, force_terminal=terminalreporter.hasmarkup)
        with console.capture() as captured:
            console.print(what)
        terminalreporter.write(captured.get())


_VIA_IR = (
    "with via_ir the compiler does not say of every instruction where it is from, so the counts "
    "are not exact; solidity: via_ir: false in ape-config.yaml makes them so"
)
_OTHERWISE = (
    "; what was executed is not what the compiler makes of the files now: ape compile --force"
)
