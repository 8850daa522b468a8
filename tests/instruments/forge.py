"""The same calls as a test for forge, and what its coverage report says of them."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import solcx

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.instruments.play import Deed

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"
FORGE = ROOT / "node_modules" / "@foundry-rs" / "forge-linux-amd64" / "bin" / "forge"

_TEST = """\
// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

{imports}

contract CallsTest {{
    mapping(string => address) internal there;

    constructor() payable {{}}

    function make(string memory name, bytes memory code, bool fails) internal {{
        address made;
        assembly {{
            made := create(0, add(code, 32), mload(code))
        }}
        require((made == address(0)) == fails, name);
        there[name] = made;
    }}

    function send(string memory name, uint256 value, bytes memory data, bool fails) internal {{
        (bool done, ) = there[name].call{{value: value}}(data);
        require(done != fails, string.concat(name, string(data)));
    }}

    function test_calls() external {{
{calls}
    }}
}}
"""

Ways = tuple[int, ...]


@dataclass
class Tracefile:
    """What an lcov file says of one source file."""

    lines: dict[int, int] = field(default_factory=dict)
    """How often each was reached."""
    functions: dict[int, int] = field(default_factory=dict)
    """The same, by the line of the first of them."""
    ways: dict[int, Ways] = field(default_factory=dict)
    """How often each way of the branches of a line was taken, by line."""


def read_lcov(text: str) -> dict[str, Tracefile]:
    """A tracefile, by the names of the sources."""
    files: dict[str, Tracefile] = {}
    for line in text.splitlines():
        key, _, rest = line.partition(":")
        values = rest.split(",")
        if key == "SF":
            here = files[Path(rest).name] = Tracefile()
            starts: dict[tuple[str, int], int] = {}
            told: Counter[str] = Counter()
        elif key == "DA":
            here.lines[int(values[0])] = int(values[1])
        elif key == "FN":
            starts[values[1], sum(name == values[1] for name, _ in starts)] = int(values[0])
        elif key == "FNDA":
            # In the order in which the functions were named, of which several may share a name.
            here.functions[starts[values[1], told[values[1]]]] = int(values[0])
            told[values[1]] += 1
        elif key == "BRDA":
            ways = 0 if values[3] == "-" else int(values[3])
            here.ways[int(values[0])] = (*here.ways.get(int(values[0]), ()), ways)
    return files


def forge_coverage(project: Path, deeds: Iterable[Deed]) -> str:
    """The tracefile that forge makes of a project when the calls are its test."""
    tests = project / "test"
    tests.mkdir()
    (tests / "Calls.t.sol").write_text(_test(project, deeds))
    done = subprocess.run(
        [
            *(str(FORGE), "coverage", "--root", str(project), "--offline"),
            *("--use", str(solcx.install.get_executable("0.8.30"))),
            *("--report", "lcov", "--report-file", str(project / "lcov.info")),
            *("--threads", "1", "--exclude-tests"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(tests)
    return (project / "lcov.info").read_text()


def _test(project: Path, deeds: Iterable[Deed]) -> str:
    sources = sorted((project / "contracts").glob("*.sol"))
    return _TEST.format(
        imports="\n".join(f'import "../contracts/{path.name}";' for path in sources),
        calls="\n".join(f"        {_rendered(deed)};" for deed in deeds),
    )


def _rendered(deed: Deed) -> str:
    values = [
        f'there["{value}"]'
        if kind == "address"
        else f'unicode"{value}"'
        if kind == "string"
        else f"{kind}({value})"
        if kind != "bool"
        else str(bool(value)).lower()
        for kind, value in zip(deed.types, deed.arguments, strict=False)
    ]
    fails = str(deed.fails).lower()
    if deed.contract:
        code = f"type({deed.contract}).creationCode"
        made = f"abi.encodePacked({code}, abi.encode({', '.join(values)}))" if values else code
        return f'make("{deed.name}", {made}, {fails})'
    if deed.signature:
        data = f"abi.encodeWithSignature({', '.join([repr(deed.signature), *values])})"
    else:
        data = f'hex"{"".join(map(str, deed.arguments))}"'
    return f'send("{deed.name}", {deed.value}, {data}, {fails})'
