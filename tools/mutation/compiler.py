"""A compiler that stays, and remembers: of a mutant it compiles what changes, and only once."""

from __future__ import annotations

import gzip
import json
import posixpath
import re
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from tools.mutation.mutants import CONTRACTS, ROOT, Mutant

KEPT = ROOT / ".build" / "mutation"
"""Where compiled mutants are kept, by what they are compiled from."""
SCRIPT = Path(__file__).with_name("compiler.cjs")
SETUP = ROOT / ".venv" / "setup" / "node.json"

_IMPORT = re.compile(r'^import [^;]*?"(\.[^"]+)";', re.MULTILINE)
_CONTRACT = re.compile(r"^contract (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Compiled:
    """What the compiler says of a mutant."""

    error: str
    """Why it is none; empty if it is one."""
    contracts: dict[str, Any]
    """ABI and bytecode (``0x…``) of every contract that the change can reach, by name."""

    @property
    def code(self) -> str:
        """A hash of all its bytecode, which has no metadata in it."""
        parts = [f"{name} {one['bytecode']}" for name, one in sorted(self.contracts.items())]
        return sha256("\n".join(parts).encode()).hexdigest()


class Compiler:
    """npm's compiler in a process of its own, with the project's settings."""

    def __init__(self, kept: Path = KEPT) -> None:
        """Start nothing yet: what is kept needs no compiler."""
        self._kept = kept
        self._process: subprocess.Popen[str] | None = None
        settings = yaml.safe_load((ROOT / "ape-config.yaml").read_text(encoding="utf-8"))
        self._settings: dict[str, str] = settings["solidity"]
        self._texts = {
            str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
            for path in sorted(CONTRACTS.glob("[!.]*/*.sol"))
        }
        self._imports = {path: self._reach(path) for path in self._texts}

    def _reach(self, path: str) -> set[str]:
        """The files of ours that a file needs, itself among them."""
        reached: set[str] = set()
        left = [path]
        while left:
            one = left.pop()
            if one not in reached:
                reached.add(one)
                folder = posixpath.dirname(one)
                left += [
                    posixpath.normpath(posixpath.join(folder, name))
                    for name in _IMPORT.findall(self._texts[one])
                ]
        return reached

    def reached(self, path: str) -> dict[str, str]:
        """The contracts that a change of this file reaches: names by file."""
        found = {}
        for file, needs in self._imports.items():
            if path in needs:
                contract = _CONTRACT.search(self._texts[file])
                if contract is not None:
                    found[file] = contract[1]
        return found

    def lines(self, path: str) -> list[str]:
        """The lines of a file of ours."""
        return self._texts[path].splitlines(keepends=True)

    def compile(self, mutant: Mutant, *, optimized: bool) -> Compiled:
        """Compile a mutant, or take what is kept of it."""
        return self.compile_file(
            mutant.path, mutant.source(self.lines(mutant.path)), optimized=optimized
        )

    def compile_file(self, path: str, text: str, *, optimized: bool) -> Compiled:
        """Compile what a file of ours reaches, with another text in it."""
        roots = self.reached(path)
        needed = set().union(*(self._imports[root] for root in roots))
        sources = {one: self._texts[one] for one in sorted(needed)} | {path: text}
        request = json.dumps(
            {
                "language": "Solidity",
                "sources": {name: {"content": content} for name, content in sources.items()},
                "settings": {
                    "optimizer": {"enabled": optimized, "runs": 200},
                    "evmVersion": self._settings["evm_version"],
                    # So that the same code has the same bytes.
                    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
                    "outputSelection": {
                        root: {name: ["abi", "evm.bytecode.object"]} for root, name in roots.items()
                    },
                },
            },
            sort_keys=True,
        )
        name = sha256(f"{self._settings['version']}{request}".encode()).hexdigest()[:32]
        place = self._kept / name[:2] / f"{name}.json.gz"
        if place.is_file():
            kept = json.loads(gzip.decompress(place.read_bytes()))
            return Compiled(kept["error"], kept["contracts"])
        compiled = self._read(json.loads(self._ask(request)), roots)
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(f".{id(self)}")
        draft.write_bytes(gzip.compress(json.dumps(vars(compiled)).encode(), 1))
        draft.replace(place)
        return compiled

    def _ask(self, request: str) -> str:
        if self._process is None:
            node = json.loads(SETUP.read_text(encoding="utf-8"))["facts"]["node"]
            self._process = subprocess.Popen(
                [node, str(SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{request}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def _read(self, output: dict[str, Any], roots: dict[str, str]) -> Compiled:
        for message in output.get("errors", []):
            if message["severity"] == "error":
                return Compiled(str(message["message"]), {})
        contracts = {}
        for root, name in roots.items():
            one = output["contracts"][root][name]
            contracts[name] = {
                "abi": one["abi"],
                "bytecode": f"0x{one['evm']['bytecode']['object']}",
            }
        return Compiled("", contracts)

    def close(self) -> None:
        """End the compiler's process, if there is one."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()
            self._process = None
