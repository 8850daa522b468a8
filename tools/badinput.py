"""What people type wrong, drawn by the thousand: each ends in one clear line and changes nothing.

``python -m tools.badinput --count 2000 --seed 1 --json FILE``. An input is a command with its
words, its files and its environment; the n-th of a seed is always the same one, and ``--only n``
repeats it. The commands run in this process, as click calls them for Ape, on its embedded chain.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

import ape
import click
import pytest
from ape.logging import LogLevel, logger
from ape_run._cli import cli as ape_run
from click.testing import CliRunner
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from unbond.book import AddressBook
from unbond.chain import Chain, rewound
from unbond.gas.snapshot import Snapshot, SnapshotError
from unbond.pytest import read_settings
from unbond.roles import Roles
from unbond.systems import system_class, system_names
from unbond.systems.base import ActionSpec, ArgumentKind

if TYPE_CHECKING:
    from types import FrameType

ROOT = Path(__file__).parent.parent
PATIENCE = 20
"""How long one input may take, in seconds."""
LOCAL = ("--network", "ethereum:local:test")

Odd = Literal["folder", "loop", "nowhere", "zeros", "gone"]
"""What can stand where a file should: a folder, a link to itself or to nothing, no end of zeros."""


@dataclass(frozen=True)
class Case:
    """One input."""

    kind: str
    what: str
    """What was done to a valid one."""
    words: Sequence[str]
    files: dict[str, bytes | Odd] = field(default_factory=dict)
    """What is put in place of the usual files, by name."""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What became of an input."""

    result: str
    ok: bool
    detail: str = ""


# Texts that are not what they were.

SCRAPS = (
    *("{", "}", "[", "]", ":", "- ", "\n", "\t", '"', "'", "|", "? ", ",", "%", "0x"),
    *("null", "true", "-1", "1e18", "NaN", ".inf", "1e999", str(10**80), "9" * 5000, "\ufeff"),
    *("\x00", "\x85", "\U0001f600", "\\ud800", "!!python/object:os.system x", "!!binary x"),
    *("&a [*a]", "*a", "<<: *a", "2030-02-30", "2030-01-15", "- 1s", "steps", "{" * 200, "[" * 999),
)


def spoil(text: bytes, chance: random.Random) -> tuple[bytes, str]:
    """A text after an accident, and what that was."""
    place = chance.randrange(len(text) or 1)
    line = text.count(b"\n", 0, place) + 1
    lines = text.split(b"\n")
    there = text[place : place + 1]
    scrap = chance.choice(SCRAPS)
    told = scrap if len(scrap) < 40 else f"{scrap[:10]}… of {len(scrap)} characters"
    values = list(re.finditer(rb"(?<=: )[^{}\[\],\n]+", text))
    names = list(re.finditer(rb"\"?\w+\"?(?=: )", text))
    accident = chance.choice(
        [
            "cut",
            "byte",
            "scrap",
            "value",
            "value",
            "value",
            "name",
            "name",
            "twice",
            "without",
            "empty",
            "tab",
            "wrap",
        ]
    )
    if accident == "cut":
        return text[:place], f"cut after {place} bytes"
    if accident == "byte":
        return text[:place] + b"\xff" + text[place:], f"the byte 0xff in line {line}"
    if accident == "value" and values:
        one = chance.choice(values)
        new = text[: one.start()] + scrap.encode() + text[one.end() :]
        return new, f"{told!r} in place of the value {one[0].decode()!r} at {one.start()}"
    if accident == "name" and names:
        one = chance.choice(names)
        new = text[: one.start()] + scrap.encode() + text[one.end() :]
        return new, f"{told!r} in place of the name {one[0].decode()!r} at {one.start()}"
    if accident == "twice":
        return b"\n".join([*lines[:line], *lines[line - 1 :]]), f"line {line} twice"
    if accident == "without":
        return b"\n".join([*lines[: line - 1], *lines[line:]]), f"without line {line}"
    if accident == "empty":
        blank = chance.choice([b"", b"\n", b"\x00" * 9, b"\xef\xbb\xbf", b"null", b"[]", b"7"])
        return blank, f"{blank!r} alone"
    if accident == "tab":
        lines[line - 1] = b"\t" + lines[line - 1]
        return b"\n".join(lines), f"a tab before line {line}"
    if accident == "wrap":
        return b"[" * 3000 + text + b"]" * 3000, "within 3000 lists"
    return text[:place] + scrap.encode() + text[place:], f"{told!r} before {there!r} at {place}"


# Words that are not what they should be.

NO_WORDS = ("", " ", "-1", "0x", "0x123", "0x" + "g" * 40, "NaN", "inf", "1e18", "1.5.5", "²", "–")
NEVER = {
    ArgumentKind.AMOUNT: ("1 DOGE", "1,5", "0.1 wei", "1" * 100, "9" * 5000, "1 +", "-5 ANKR"),
    ArgumentKind.POSITION: ("#", "#-1", "lot", "9" * 5000, "3.0", "#1 ", "0x1"),
    ArgumentKind.PARTY: ("TEST::10000", "TEST::²", "nobody", "0x" + "1" * 39, "test::", "TEST::-1"),
    ArgumentKind.BPS: ("5", "5 %%", "-5 %", "5.555 %", "99999999999999999999999 %", "9" * 5000),
    ArgumentKind.MOMENT: ("2030-02-30", "Monday", "2030-13-01", "1893974400.5", "2030", "now"),
    ArgumentKind.FLAG: ("yes", "TRUE", "1", "on"),
    ArgumentKind.POWER: ("ADMIN", "pauser_role", "PAUSER", "0x00"),
    ArgumentKind.NUMBER: ("1.0", "one", "9" * 5000, str(2**256), "1_0", "+1"),
    ArgumentKind.CHOICE: ("none", "ANY!", "2", "full "),
}
USUALLY = {
    ArgumentKind.AMOUNT: "1000 wei",
    ArgumentKind.POSITION: "1",
    ArgumentKind.PARTY: "TEST::5",
    ArgumentKind.BPS: "5 %",
    ArgumentKind.MOMENT: "2030-01-15",
    ArgumentKind.FLAG: "true",
    ArgumentKind.POWER: "PAUSER_ROLE",
    ArgumentKind.NUMBER: "1",
    ArgumentKind.CHOICE: "any",
}
PLACES = (
    "missing/x.yaml",
    "",
    "x" * 300,
    "book.json/x",
    "/dev/null/x",
    "loop/x",
    "\udcff",
    "out\n",
)
NETWORKS = ("", "mars", "ethereum:mars", "ethereum:local:mars", "::", "local", "ethereum:local:x:y")
ODD_WORDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "travel": (
        (),
        *((word,) for word in ("", "14", "1d 1w", "-5d", "1.5d", "d", "9" * 30 + "d", "tomorrow")),
        *(("--to", word) for word in (*NEVER[ArgumentKind.MOMENT], *NO_WORDS, "1970-01-01")),
        ("1d", "--next"),
        ("1d", "2d"),
        ("--to", "0001-01-01T00:00:00+14:00"),
    ),
    "campaign": (
        *(("--steps", word) for word in (*NO_WORDS, "0", "9" * 5000)),
        *(("--minutes", word) for word in ("nan", "-1", "0", "-inf", "x", "")),
        *(("--seed", word) for word in (*NO_WORDS, "9" * 5000)),
        *(("--jobs", word) for word in (*NO_WORDS, "0", "1000000", "9" * 30)),
        *(("--steps", "1", "--jobs", "1", "--out", word) for word in ("book.json", "/dev/null/x")),
        ("--system", "mars"),
        ("delegated",),
    ),
    "devnet": (
        *(("--port", word) for word in (*NO_WORDS, "65536", "http", "9" * 5000)),
        *(("--port", "0", "--seed-with", word, "--", "true") for word in PLACES),
        *(("--port", "0", "--state", word, "--", "true") for word in ("book.json", "/dev/null/x")),
        ("--port", "0", "--", "no-such-command"),
        ("--port", "0", "--", "scenario.yaml"),
        ("--port", "0", "--seed-with", "device.yaml", "--", "true"),
        ("--fesh",),
    ),
    "deploy": (
        ("mars",),
        *(("delegated", "--account", word) for word in (*NO_WORDS, *NEVER[ArgumentKind.PARTY])),
        *(("delegated", "--account", "TEST::0", "--token", word) for word in NO_WORDS[1:]),
        *(
            ("delegated", "--account", "TEST::0", "--origin", word)
            for word in (*NEVER[ArgumentKind.MOMENT], "2030-01-08", "2099-01-05", " ")
        ),
        *(("liquid", "--account", "TEST::0", "--policy", word) for word in NO_WORDS),
        *(("liquid", "--account", "TEST::0", "--treasury", word) for word in NO_WORDS[1:]),
        *(("liquid", "--account", "TEST::0", "--validator", word) for word in NO_WORDS),
        *(("device", "--account", "TEST::0", "--token", word) for word in NO_WORDS[1:]),
        ("delegated",),
        ("delegated", "--account", "TEST::0", "--token", "0x" + "11" * 20),
    ),
    "status": tuple((word,) for word in (*NO_WORDS, *NEVER[ArgumentKind.PARTY], "--all")),
    "record": (
        (),
        *(("--out", word) for word in (*PLACES, "scenario.yaml", "devnet", "/dev/full")),
        *(("--out", "new.yaml", "--deployment", word) for word in ("mars", " ", "../x")),
    ),
    "export": ((), *(("--out", word) for word in ("book.json", "/dev/null/x", "x" * 300, "loop"))),
    "demo": (("scenario.yaml",), ("--keep",)),
    "console": (),
}


class Inputs:
    """What is drawn, from what is valid."""

    def __init__(self, seed: int, usual: dict[str, bytes]) -> None:
        """Draw from this seed; ``usual`` are the files that stand there otherwise."""
        self.seed = seed
        self.usual = usual
        self._kinds: list[tuple[int, Callable[[random.Random], Case]]] = [
            (36, self._scenario),
            (6, self._odd_file),
            (22, self._action),
            (14, self._command),
            (3, self._network),
            (10, self._book),
            (4, self._devnet_file),
            (4, self._settings),
            (5, self._gas_file),
            (2, self._environment),
        ]

    def draw(self, number: int) -> Case:
        """The input of this number."""
        chance = random.Random(f"{self.seed} {number}")
        weights, makers = zip(*self._kinds, strict=True)
        (maker,) = chance.choices(makers, weights)
        case: Case = maker(chance)
        return case

    @cached_property
    def _scenarios(self) -> list[Path]:
        return sorted((ROOT / "scenarios").rglob("*.yaml"))

    def _scenario(self, chance: random.Random) -> Case:
        source = chance.choice(self._scenarios)
        text, what = source.read_bytes(), []
        for _ in range(chance.randint(1, 2)):
            text, accident = spoil(text, chance)
            what.append(accident)
        words = ["forecast", "scenario.yaml", *chance.choice([(), ("--json",)])]
        if chance.random() < 0.1:
            words = ["devnet", "--port", "70000", "--seed-with", "scenario.yaml"]
        name = f"{source.name}: {'; '.join(what)}"
        return Case("scenario files", name, words, {"scenario.yaml": text})

    def _odd_file(self, chance: random.Random) -> Case:
        odd: Odd = chance.choice(["folder", "loop", "nowhere", "zeros", "gone"])
        words, name = chance.choice(
            [
                (["forecast", "scenario.yaml"], "scenario.yaml"),
                (["scenario", "scenario.yaml", *LOCAL], "scenario.yaml"),
                (["devnet", "--port", "0", "--seed-with", "scenario.yaml"], "scenario.yaml"),
                (["status", *LOCAL], "book.json"),
                (["delegated", "owner", *LOCAL], "book.json"),
                (["record", "--out", "new.yaml", *LOCAL], "book.json"),
                (["gas"], "gas.json"),
            ]
        )
        if odd in ("gone", "nowhere") and name == "book.json" and words[0] == "delegated":
            words = ["delegated", "owner", "--deployment", "other", *LOCAL]
        return Case("odd files", f"{odd} in place of {name}", words, {name: odd})

    def _action(self, chance: random.Random) -> Case:
        kind = system_class(chance.choice(list(system_names())))
        spec: ActionSpec = chance.choice(list(kind.actions().values()))
        command = spec.name.replace("_", "-")
        if spec.sends:
            command = kind.command_names.get(spec.name, command)
        words = {f"--{n.replace('_', '-')}": USUALLY[k] for n, k in spec.arguments.items()}
        kinds = {f"--{n.replace('_', '-')}": k for n, k in spec.arguments.items()}
        if spec.sends or "account" in spec.arguments:
            words["--account"], kinds["--account"] = "TEST::6", ArgumentKind.PARTY
        accident = chance.choice(["value", "value", "value", "missing", "extra", "deployment"])
        if accident == "value" and words:
            option = chance.choice(list(words))
            words[option] = chance.choice([*NO_WORDS[1:], *NEVER[kinds[option]]])
            what = f"{option} {words[option][:50]!r}"
        elif accident == "missing" and words:
            option = chance.choice(list(words))
            del words[option]
            what = f"without {option}"
        elif accident == "extra":
            words[chance.choice(["--amuont", "--force", "--acount"])] = "1"
            what = f"with {list(words)[-1]}"
        else:
            words["--deployment"] = chance.choice(["mars", " ", "../book", "DELEGATED", "x" * 500])
            what = f"--deployment {words['--deployment'][:50]!r}"
        options = [word for pair in words.items() for word in pair]
        name = f"{kind.name} {command}: {what}"
        return Case("actions and views", name, [kind.name, command, *options, *LOCAL])

    def _command(self, chance: random.Random) -> Case:
        command = chance.choice([name for name, words in ODD_WORDS.items() if words])
        words = chance.choice(ODD_WORDS[command])
        network = () if command in ("campaign", "devnet", "demo") else LOCAL
        if command == "deploy":
            words = (*words, *LOCAL) if words != ("mars",) else words
            network = ()
        told = [word if len(word) < 50 else f"{word[:20]}…" for word in words]
        return Case("other commands", f"{command} {told}", [command, *network, *words])

    def _network(self, chance: random.Random) -> Case:
        network = chance.choice(NETWORKS)
        words = chance.choice(
            [["status"], ["scenario", "scenario.yaml"], ["delegated", "owner"], ["travel", "1d"]]
        )
        return Case("networks", f"{words[0]} --network {network!r}", [*words, "--network", network])

    def _book(self, chance: random.Random) -> Case:
        text, what = spoil(self.usual["book.json"], chance)
        if chance.random() < 0.5:
            # Somewhere in an entry, whose ABI is most of the file.
            names = [
                "address",
                "block",
                "timestamp",
                "genesis",
                "code_hash",
                "system",
                "constructor",
            ]
            name = chance.choice(names)
            value = chance.choice(
                ['""', "-1", "1e999", "null", "[]", "{}", '"0x12"', "1" * 400, '"mars"', "true"]
            )
            text = re.sub(
                rf'"{name}": ("[^"]*"|\d+|\[[^\]]*\])'.encode(),
                f'"{name}": {value}'.encode(),
                self.usual["book.json"],
                count=3,
            )
            what = f"{name}: {value[:20]}"
        words = chance.choice(
            [
                ["delegated", "owner"],
                ["status"],
                ["record", "--out", "new.yaml"],
                ["export", "--out", "out"],
                ["travel", "--next"],
                ["liquid", "status", "TEST::6"],
            ]
        )
        return Case("address books", f"{words[0]}: {what}", [*words, *LOCAL], {"book.json": text})

    def _devnet_file(self, chance: random.Random) -> Case:
        if chance.random() < 0.3:
            state = chance.choice(
                [b"", b"\x1f\x8b", b"no state", b"\x1f\x8b\x08" + bytes(30), self.usual["gas.json"]]
            )
            words = ["devnet", "--port", "0", "--", "true"]
            return Case("devnet's files", f"state {state[:9]!r}", words, {"state/state.gz": state})
        text, what = spoil(b'{"pid": 1, "url": "http://127.0.0.1:1"}', chance)
        if text.startswith(b"\xef") or chance.random() < 0.3:
            url = chance.choice(
                ["", "x", "http://", "http://127.0.0.1:99999", "file:///etc/passwd"]
            )
            pid = chance.choice([1, -1, 10**30])
            text = json.dumps({"pid": pid, "url": url}).encode()
            what = f"{pid} {url!r}"
        words = chance.choice([["status"], ["delegated", "owner"], ["travel", "1d"]])
        return Case("devnet's files", f"running: {what}", words, {"up/running.json": text})

    def _environment(self, chance: random.Random) -> Case:
        name, value = chance.choice(
            [
                *(("APE_FOUNDRY_HOST", one) for one in ("x", "http://", "http://127.0.0.1:99999")),
                *(("APE_FOUNDRY_HOST", one) for one in ("http://[", "ftp://a", "http://x y")),
                *(
                    ("UNBOND_BOOK", one)
                    for one in ("/dev/null/x", "devnet", "x" * 300, "loop", "/")
                ),
                *(("UNBOND_DEVNET", one) for one in ("book.json", "x" * 300, "/dev/null")),
            ]
        )
        words = ["status", *LOCAL]
        if name == "APE_FOUNDRY_HOST":
            words = ["status", "--network", "ethereum:local:foundry"]
        if name == "UNBOND_DEVNET":
            words = ["devnet", "--port", "0", "--", "true"]
        return Case("environment", f"{name}={value[:40]}", words, {}, {name: value})

    def _settings(self, chance: random.Random) -> Case:
        name = chance.choice(
            [
                "fast",
                "coverage",
                "coverage_min",
                "coverage_dir",
                "gas",
                "gas_file",
                "gas_tolerance",
                "gas_tests",
                "coverge",
                "Fast",
            ]
        )
        value = chance.choice(
            ["-1", "101", "[]", "{}", "[1]", "snapshots", "1e999", ".nan", ".inf", '"\\0"', "null"]
        )
        return Case("settings", f"unbond: {name}: {value}", ["settings", f"{name}: {value}"])

    def _gas_file(self, chance: random.Random) -> Case:
        text, what = spoil(self.usual["gas.json"], chance)
        return Case("gas figures", what, ["gas"], {"gas.json": text})


# Running them.

UNCLEAR = re.compile(
    r"Traceback|set_int_max|object at 0x|NoneType|has no attribute|<class|unexpected keyword"
    r"|\bErrno\b|not subscriptable|invalid literal|codec can't"
)


class Bench:
    """Where inputs are tried: a folder with all that is usual, and a chain with every system."""

    def __init__(self, folder: Path) -> None:
        """Deploy everything on the connected chain, and write down where."""
        self.folder = folder
        self.commands = click.Group("run", commands=_commands())
        self.chain = Chain()
        self.chain.clock.start()
        roles = Roles(self.chain)
        book = AddressBook(folder / "first.json")
        for name in system_names():
            system = system_class(name).on_show(self.chain, roles.account("owner"), roles.account)
            book.record(system)
        gas = Snapshot.of({("Token", "transfer"): [51_000, 34_000]}, {"a first stake": 90_000})
        gas.write(folder / "gas.json")
        scenario = ROOT / "scenarios" / "delegated" / "monday.yaml"
        self.usual = {
            "book.json": book.path.read_bytes(),
            "gas.json": (folder / "gas.json").read_bytes(),
            "scenario.yaml": scenario.read_bytes(),
            "device.yaml": scenario.read_bytes(),
            ".book.json.lock": b"",
        }

    def judge(self, case: Case) -> Verdict:
        """Try an input, and say what became of it."""
        place = self.folder / "here"
        shutil.rmtree(place, ignore_errors=True)
        self._lay_out(place, case)
        before, height = _contents(place), self._height
        with self._within(place, case), rewound(self.chain):
            try:
                with _patience():
                    verdict = self._try(case)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                last = traceback.format_exception(error)[-1].strip()
                where = traceback.extract_tb(error.__traceback__)[-1]
                detail = f"{last} ({Path(where.filename).name}:{where.lineno})"
                return Verdict("traceback", False, detail)
            moved = self._height - height
        if verdict.ok and verdict.result != "valid":
            if moved:
                return Verdict("chain changed", False, f"{moved} blocks more")
            changed = _differences(before, _contents(place))
            if changed:
                return Verdict("files changed", False, ", ".join(changed))
        return verdict

    @property
    def _height(self) -> int:
        return int(self.chain.provider.get_block("latest").number or 0)

    def _try(self, case: Case) -> Verdict:
        if case.words[0] == "gas":
            return _read(lambda: Snapshot.read(Path("gas.json")), SnapshotError)
        if case.words[0] == "settings":
            text = f"name: x\nunbond:\n  {case.words[1]}\n"
            return _read(lambda: read_settings(_unbond_of(text), {}), pytest.UsageError)
        result = CliRunner(mix_stderr=False).invoke(self.commands, list(case.words))
        error = result.exception
        if error is not None and not isinstance(error, SystemExit):
            raise error
        return verdict_of(result.exit_code, result.stdout, result.stderr)

    def _lay_out(self, place: Path, case: Case) -> None:
        for name in ("devnet", "up", "state"):
            (place / name).mkdir(parents=True)
        (place / "up" / "lock").touch()
        (place / "loop").symlink_to("loop")
        for name, content in {**self.usual, **case.files}.items():
            path = place / name
            if content == "folder":
                path.mkdir()
            elif content == "loop":
                path.symlink_to(path.name)
            elif content == "nowhere":
                path.symlink_to("not-there")
            elif content == "zeros":
                path.symlink_to("/dev/zero")
            elif isinstance(content, bytes):
                path.write_bytes(content)

    @contextmanager
    def _within(self, place: Path, case: Case) -> Iterator[None]:
        import fcntl

        names = {
            "UNBOND_BOOK": "book.json",
            "UNBOND_DEVNET": "devnet",
            **({"UNBOND_DEVNET": "up"} if "up/running.json" in case.files else {}),
            **({"UNBOND_DEVNET": "state"} if "state/state.gz" in case.files else {}),
            **case.environment,
        }
        here = Path.cwd()
        kept = {name: os.environ.get(name) for name in names}
        with (place / "up" / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.chdir(place)
            os.environ.update(names)
            try:
                yield
            finally:
                os.chdir(here)
                for name, value in kept.items():
                    os.environ.pop(name, None)
                    if value is not None:
                        os.environ[name] = value


def verdict_of(code: int, out: str, err: str) -> Verdict:
    """What to think of an exit code and of what was printed."""
    if "Traceback" in out + err:
        return Verdict("traceback", False, err.splitlines()[-1])
    if code == 0:
        return Verdict("valid", True)
    lines = err.splitlines()
    if code == 1 and not lines and ("not as expected" in out or out.startswith("[")):
        return Verdict("not as expected", True)
    if code == 2:
        lines = [line for line in lines if line and not line.startswith(("Usage: ", "Try "))]
    if not lines or not lines[0].startswith("Error: "):
        return Verdict("no complaint", False, f"exit code {code}: {(out + err)[-200:]!r}")
    complaint = err[err.index("Error: ") + 7 :].strip()
    if len(complaint.split()) < 3 or UNCLEAR.search(complaint):
        return Verdict("unclear", False, complaint[:300])
    # A scenario file has a line for each problem; all else has one.
    if len(lines) > 1 and not all(re.search(r"\.yaml:\d+: ", line) for line in lines):
        return Verdict("several lines", False, err[:300])
    if out:
        return Verdict("half a result", False, out[:200])
    return Verdict("one clear line" if code == 1 else "usage", True, complaint)


def _read(read: Callable[[], object], expected: type[Exception]) -> Verdict:
    try:
        read()
    except expected as error:
        return verdict_of(1, "", f"Error: {error}")
    return Verdict("valid", True)


def _unbond_of(text: str) -> Any:
    import yaml

    return yaml.safe_load(text)["unbond"]


def _commands() -> dict[str, click.Command]:
    here = Path.cwd()
    os.chdir(ROOT)
    try:
        return dict(ape_run.commands)
    finally:
        os.chdir(here)


@contextmanager
def _patience() -> Iterator[None]:
    def late(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"not done after {PATIENCE} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


PASSING = re.compile(r"(devnet|state)/(lock|anvil\.log)|.*/\.book\.json\.lock")
"""What a devnet keeps for itself, whether or not it starts."""


def _contents(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, byte for byte."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if PASSING.fullmatch(name):
            continue
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(path.readlink())
        else:
            found[name] = b"folder" if path.is_dir() else path.read_bytes()
    return found


def _differences(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    return [
        f"{name} is {'new' if name not in before else 'gone' if name not in after else 'other'}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


@dataclass
class Tried:
    """What became of many inputs."""

    results: dict[str, Counter[str]] = field(default_factory=dict)
    """By kind of input."""
    failures: list[tuple[int, Case, Verdict]] = field(default_factory=list)

    def note(self, number: int, case: Case, verdict: Verdict) -> None:
        """Count an input."""
        self.results.setdefault(case.kind, Counter())[verdict.result] += 1
        if not verdict.ok:
            self.failures.append((number, case, verdict))

    @property
    def valid(self) -> int:
        """How many were valid after all."""
        return sum(results["valid"] for results in self.results.values())

    @property
    def total(self) -> int:
        """How many were tried."""
        return sum(results.total() for results in self.results.values())


def try_inputs(
    seed: int,
    numbers: Sequence[int],
    progress: Callable[[], None] = lambda: None,
    tell: Callable[[int, Case, Verdict], None] = lambda number, case, verdict: None,
) -> Tried:
    """Try the inputs of a seed that have these numbers, on the connected chain, left as it was."""
    tried = Tried()
    with tempfile.TemporaryDirectory() as folder, rewound(Chain()):
        bench = Bench(Path(folder))
        inputs = Inputs(seed, bench.usual)
        for number in numbers:
            case = inputs.draw(number)
            verdict = bench.judge(case)
            tried.note(number, case, verdict)
            tell(number, case, verdict)
            progress()
    return tried


def main() -> None:
    """Try them all, and say what came of them."""
    parser = argparse.ArgumentParser(description="Try malformed inputs of every kind.")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, dest="file")
    parser.add_argument("--only", type=int, help="Repeat the input of this number.")
    asked = parser.parse_args()
    numbers = range(asked.count) if asked.only is None else [asked.only]
    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)

    def tell(number: int, case: Case, verdict: Verdict) -> None:
        if not verdict.ok or asked.only is not None:
            console.print(
                f"{number}: {case.kind}: {case.what}\n  {verdict.result}: {verdict.detail}"
            )

    start = monotonic()
    logger.set_level(LogLevel.ERROR)
    os.chdir(ROOT)
    with (
        Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar,
        ape.networks.parse_network_choice(LOCAL[1]),
    ):
        task = bar.add_task("bad input", total=len(numbers))
        tried = try_inputs(asked.seed, numbers, lambda: bar.advance(task), tell)
    seconds = monotonic() - start
    # Otherwise the inputs are not what this is for.
    ok = not tried.failures and (asked.only is not None or 3 * tried.valid < tried.total)
    table = Table("input", "tried", "refused clearly", "not as expected", "valid", "wrong")
    for kind, results in sorted(tried.results.items()):
        wrong = sum(1 for _, case, _ in tried.failures if case.kind == kind)
        refused = results["one clear line"] + results["usage"]
        figures = (results.total(), refused, results["not as expected"], results["valid"], wrong)
        table.add_row(kind, *map(str, figures))
    console.print(table)
    console.print(f"{tried.total} inputs of seed {asked.seed} in {seconds:.0f} s")
    if asked.file is not None:
        asked.file.write_text(json.dumps(_report(tried, seconds, ok), indent=1) + "\n")
    sys.exit(0 if ok else 1)


def _report(tried: Tried, seconds: float, ok: bool) -> dict[str, Any]:
    rows = []
    for kind, results in sorted(tried.results.items()):
        wrong = [one for one in tried.failures if one[1].kind == kind]
        detail = ", ".join(f"{number} {result}" for result, number in results.most_common())
        shown = "; ".join(f"{n}: {case.what}: {v.result}: {v.detail}" for n, case, v in wrong[:5])
        rows.append(
            {
                "what": kind,
                "result": f"{results.total()} tried, {len(wrong)} wrong",
                "ok": not wrong,
                "detail": f"{detail}; {shown}" if shown else detail,
            }
        )
    return {"name": "bad input", "ok": ok, "seconds": round(seconds, 1), "rows": rows}


if __name__ == "__main__":
    main()
