"""What the compiler says of the contracts: no warning, and no contract too large to deploy."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import solcx
import yaml

# Everything is compiled again.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
CONTRACTS = ROOT / "contracts"
LIMIT = 24_576
"""Bytes of code that a contract may have (EIP-170)."""


@cache
def compiled() -> dict[str, Any]:
    """The compiler's answer for every contract, with the settings of the project."""
    settings = yaml.safe_load((ROOT / "ape-config.yaml").read_text())["solidity"]
    sources = [
        path
        for path in sorted(CONTRACTS.rglob("*.sol"))
        if ".cache" not in path.relative_to(ROOT).parts
    ]
    answer: dict[str, Any] = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {
                os.fspath(path.relative_to(ROOT)): {"content": path.read_text()} for path in sources
            },
            "settings": {
                "optimizer": {"enabled": True, "runs": 200},
                "evmVersion": settings["evm_version"],
                "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
                "outputSelection": {"*": {"*": ["evm.deployedBytecode.object"]}},
            },
        },
        solc_version=settings["version"],
        base_path=ROOT,
    )
    return answer


def test_the_compiler_warns_of_nothing_here() -> None:
    # OpenZeppelin's transient guard is warned of whenever it is used; it clears what it sets.
    warnings = [
        message["formattedMessage"]
        for message in compiled().get("errors", [])
        if not message["sourceLocation"]["file"].startswith("node_modules/")
    ]
    assert warnings == []


def test_every_contract_fits_into_the_limit_of_code() -> None:
    sizes = {
        name: len(output["evm"]["deployedBytecode"]["object"]) // 2
        for source, contracts in compiled()["contracts"].items()
        if source.startswith("contracts/")
        for name, output in contracts.items()
    }
    assert sizes["DelegatedStaking"] > 0
    assert {name: size for name, size in sizes.items() if size > LIMIT} == {}
