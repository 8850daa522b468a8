"""A project's Solidity compiled as Ape does it, and what the compiler says of each instruction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import ape
from ape.exceptions import CompilerError
from solcx import compile_standard
from solcx.exceptions import SolcError
from solcx.install import get_executable

from unbond.files import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ape.managers.project import ProjectManager

_WANTED = [
    f"evm.{code}.{part}"
    for code in ("bytecode", "deployedBytecode")
    for part in ("object", "sourceMap")
]


class CoverageError(Exception):
    """Coverage cannot be measured; the message says why, and what would be right."""


@dataclass(frozen=True)
class Assembled:
    """A contract's code with its source map, either what deploys it or what is deployed."""

    contract: str
    code: bytes
    """With zeros where libraries are linked in."""
    source_map: str
    deploys: bool


@dataclass(frozen=True)
class Unit:
    """What one run of the compiler made of some files."""

    paths: dict[int, str]
    """The files by the compiler's numbers."""
    trees: dict[int, dict[str, Any]]
    """The syntax trees of the same files."""
    assembled: list[Assembled]
    optimised: bool = False
    """Whether the optimizer was on, which leaves nothing of some of the text."""
    via_ir: bool = False
    """Whether the code was made by way of Yul, of which not every part says where it is from."""


def solidity(project: ProjectManager) -> list[Path]:
    """A project's own files of Solidity, without those of its dependencies."""
    return [path for path in project.sources.paths if path.suffix == ".sol"]


def compile_project(project: ProjectManager) -> list[Unit]:
    """Compile a project's Solidity with the settings, and so to the bytecode, that Ape uses.

    What came out is kept in the project's build folder until a file or a setting changes.

    Raises:
        CoverageError: when there is nothing to compile, or the compiler does not do it.
    """
    paths = solidity(project)
    if not paths:
        raise CoverageError(f"there is no Solidity in {project.contracts_folder}")
    compiler = ape.compilers.registered_compilers.get(".sol")
    if compiler is None:
        raise CoverageError("Ape's plugin for Solidity is not installed: pip install ape-solidity")
    with project.isolate_in_tempdir() as isolated:
        copies = [isolated.path / path.relative_to(project.path) for path in paths]
        try:
            inputs = compiler.get_standard_input_json(copies, project=isolated)
        except CompilerError as error:
            raise CoverageError(f"the project does not compile: {error}") from None
        return [
            _unit(_compiled(version, given, isolated.path, _cache(project, given)), given)
            for version, given in inputs.items()
        ]


def _cache(project: ProjectManager, given: dict[str, Any]) -> Path:
    name = sha256(json.dumps([given, _WANTED], sort_keys=True).encode()).hexdigest()[:16]
    folder: Path = project.path / ".build" / "coverage"
    return folder / f"{name}.json"


def _compiled(version: Any, given: dict[str, Any], base: Path, cache: Path) -> dict[str, Any]:
    kept = _kept(cache)
    # What is imported is not in the input.
    if kept and kept["digests"] == _digests(base, kept["digests"]):
        return kept
    for wanted in given["settings"]["outputSelection"].values():
        wanted["*"] = _WANTED
    # Of what is imported, only the text is of interest.
    given["settings"]["outputSelection"]["*"] = {"": ["ast"]}
    arguments: dict[str, Any] = {"allow_empty": True}
    if version.release >= (0, 6, 9):
        arguments["base_path"] = base
    try:
        binary = get_executable(version=version.base_version)
        output = compile_standard(given, solc_binary=binary, solc_version=version, **arguments)
    except SolcError as error:
        raise CoverageError(f"the project does not compile: {error.message}") from None
    kept = {name: output.get(name, {}) for name in ("sources", "contracts")}
    kept["digests"] = _digests(base, kept["sources"])
    cache.parent.mkdir(parents=True, exist_ok=True)
    write_file(cache, json.dumps(kept).encode())
    return kept


def _kept(cache: Path) -> dict[str, Any]:
    """What an earlier run has kept; nothing if there is nothing that can be read."""
    try:
        kept: dict[str, Any] = json.loads(cache.read_bytes())
        return kept if {"sources", "contracts", "digests"} <= kept.keys() else {}
    except (OSError, ValueError, AttributeError):
        return {}


def _digests(base: Path, names: Iterable[str]) -> dict[str, str]:
    files = {name: base / name for name in names}
    return {
        name: sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for name, path in files.items()
    }


def _unit(output: dict[str, Any], given: dict[str, Any]) -> Unit:
    sources = output["sources"]
    settings = given["settings"]
    if not all("ast" in source for source in sources.values()):
        raise CoverageError("the compiler gives no syntax trees: solc 0.4.12 or newer is needed")
    return Unit(
        paths={source["id"]: path for path, source in sources.items()},
        trees={source["id"]: source["ast"] for source in sources.values()},
        assembled=list(_assembled(output["contracts"])),
        optimised=settings.get("optimizer", {}).get("enabled", False),
        via_ir=settings.get("viaIR", False),
    )


def _assembled(contracts: dict[str, dict[str, Any]]) -> Iterator[Assembled]:
    for named in contracts.values():
        for name, made in named.items():
            evm = made.get("evm", {})
            for kind, deploys in (("bytecode", True), ("deployedBytecode", False)):
                part = evm.get(kind, {})
                if not part.get("object"):
                    continue  # an interface, or an abstract contract
                if not part.get("sourceMap"):
                    raise CoverageError(f"the compiler gives no source map of {name}")
                yield Assembled(name, _code(part["object"]), part["sourceMap"], deploys)


def _code(text: str) -> bytes:
    while "__" in text:
        start = text.index("__")
        text = text[:start] + "0" * 40 + text[start + 40 :]
    return bytes.fromhex(text)
