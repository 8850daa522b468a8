"""How tests reach a chain as any client does: plain JSON-RPC, and processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from itertools import count
from pathlib import Path
from typing import Any

from ape_run._cli import cli as ape_run
from click.testing import CliRunner

ROOT = Path(__file__).parent.parent.parent
APE = Path(sys.executable).with_name("ape")
_ids = count(1)


class RpcError(Exception):
    """The node refused."""


def ask(url: str, method: str, *parameters: Any) -> Any:
    """What a node answers."""
    content = {"jsonrpc": "2.0", "id": next(_ids), "method": method, "params": parameters}
    request = urllib.request.Request(
        url, json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            answer = json.load(response)
    except urllib.error.URLError as error:
        raise error.reason if isinstance(error.reason, OSError) else error from None
    if "error" in answer:
        raise RpcError(answer["error"]["message"])
    return answer["result"]


class Outcome:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        assert (self.code, self.err) == (0, ""), self.err
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line on standard error of a command that failed."""
        assert self.code == 1, (self.out, self.err)
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("Error: ")
        return line.removeprefix("Error: ")

    @property
    def usage(self) -> str:
        """The last line of a command that could not be understood."""
        assert self.code == 2, (self.out, self.err)
        assert "Traceback" not in self.err
        return self.err.splitlines()[-1]


def run_here(*words: str) -> Outcome:
    """Run ``ape run …`` in this process."""
    result = CliRunner(mix_stderr=False).invoke(ape_run, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


class RunningDevnet:
    """``ape run devnet`` in a process of its own, ready to be used."""

    def __init__(self, folder: Path, book: Path, *words: str) -> None:
        self.folder = folder
        self.book = book
        self.process = subprocess.Popen(
            [APE, "run", "devnet", "--json", "--port", "0", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line == "}\n":
                break
        else:
            raise AssertionError(self.process.communicate()[1])
        self.facts: dict[str, Any] = json.loads("".join(lines))

    @property
    def environment(self) -> dict[str, str]:
        """What other commands need, to use it."""
        names = {"UNBOND_DEVNET": str(self.folder), "UNBOND_BOOK": str(self.book)}
        return {**os.environ, **names}

    @property
    def url(self) -> str:
        return str(self.facts["url"])

    def ask(self, method: str, *parameters: Any) -> Any:
        return ask(self.url, method, *parameters)

    def balance(self, token: str, holder: str) -> int:
        """What somebody has of a token."""
        call = {"to": token, "data": f"0x70a08231{holder[2:].rjust(64, '0')}"}
        return int(self.ask("eth_call", call, "latest"), 16)

    def run(self, *words: str) -> Outcome:
        """Run ``ape run …`` on it, in a process of its own."""
        done = subprocess.run(
            [APE, "run", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr)

    def stop(self, number: int = signal.SIGTERM) -> tuple[str, str, int]:
        """Stop it; returns what it still said, on both channels, and its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return out, err, self.process.returncode
