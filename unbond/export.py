"""What other clients need of a chain's systems: ABIs and addresses, as JSON and as TypeScript."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unbond.book import Deployment
from unbond.chain import Chain, Contract
from unbond.files import made, write_files
from unbond.systems.base import System, Token

Abi = list[dict[str, Any]]


@dataclass(frozen=True)
class Exported:
    """A contract at an address."""

    name: str
    """Its name in the module, such as ``delegated`` or ``delegatedAnkr``."""
    contract: str
    address: str
    block: int
    """The block from which to look for its events."""
    abi: Abi


def contracts_of(name: str, entry: Deployment, system: System) -> list[Exported]:
    """A deployed system, and the tokens that it uses.

    The system's ABI has the errors of its token as well, so that clients can read every refusal.
    """
    tokens = [one for one in system.money.values() if isinstance(one, Token)]
    abi = _abi_of(system.contract)
    known = {_key(item) for item in abi}
    for token in tokens:
        for item in _abi_of(token.contract):
            if item["type"] == "error" and _key(item) not in known:
                known.add(_key(item))
                abi.append(item)
    base = _identifier(name)
    return [
        Exported(base, entry.contract, entry.address, entry.block, abi),
        *(
            Exported(
                base + one.symbol.capitalize(),
                str(one.contract.instance.contract_type.name),
                one.address,
                0,
                _abi_of(one.contract),
            )
            for one in tokens
        ),
    ]


def write_export(folder: Path, chain: Chain, url: str, contracts: list[Exported]) -> list[Path]:
    """Write ``addresses.json``, ``abis/*.json`` and ``unbond.ts``; returns the files.

    Args:
        folder: where; made if it is not there.
        chain: where the contracts are.
        url: where clients reach it.
        contracts: what to write.

    Raises:
        OSError: when one cannot be written, with its name; then none of them is.
    """
    addresses = {
        "chainId": chain.chain_id,
        "url": url,
        "genesis": chain.identity,
        "contracts": {
            one.name: {"contract": one.contract, "address": one.address, "block": one.block}
            for one in contracts
        },
    }
    files = {
        folder / "addresses.json": json.dumps(addresses, indent=2) + "\n",
        folder / "unbond.ts": _module(chain.chain_id, url, contracts),
    }
    for one in contracts:
        # Deployments of one contract share its file, whatever of its token's errors came with them.
        files[folder / "abis" / f"{one.contract}.json"] = json.dumps(one.abi, indent=2) + "\n"
    with made(folder), made(folder / "abis"):
        write_files({path: text.encode() for path, text in files.items()})
    return sorted(files)


def _module(chain_id: int, url: str, contracts: list[Exported]) -> str:
    """A TypeScript module of constants, in the form in which viem and wagmi take them."""
    chain = {
        "id": chain_id,
        "name": "unbond devnet",
        "nativeCurrency": {"name": "Coin", "symbol": "COIN", "decimals": 18},
        "rpcUrls": {"default": {"http": [url]}},
    }
    parts = [
        "// Written by `ape run export`; write it again after a new deployment.",
        "// Spread a contract into a call: client.readContract({ ...delegated, functionName: … }).",
        f"export const chain = {json.dumps(chain, indent=2)} as const;",
    ]
    abis = {one.contract: one.abi for one in contracts}
    for contract, abi in sorted(abis.items()):
        name = contract[0].lower() + contract[1:]
        parts.append(f"export const {name}Abi = {json.dumps(abi, indent=2)} as const;")
    for one in contracts:
        abi_name = one.contract[0].lower() + one.contract[1:]
        parts.append(
            f"export const {one.name} = {{\n"
            f'  address: "{one.address}",\n'
            f"  abi: {abi_name}Abi,\n"
            f"  block: {one.block}n,\n"
            "} as const;"
        )
    return "\n\n".join(parts) + "\n"


def _abi_of(contract: Contract) -> Abi:
    return [
        abi.model_dump(mode="json", by_alias=True, exclude_none=True)
        for abi in contract.instance.contract_type.abi
    ]


def _key(item: dict[str, Any]) -> tuple[str, str, str]:
    types = ",".join(str(one["type"]) for one in item.get("inputs", []))
    return str(item["type"]), str(item.get("name", "")), types


def _identifier(name: str) -> str:
    """A deployment's name as TypeScript can write it: ``two-lots`` is ``twoLots``."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
    joined = "".join([*words[:1], *(word.capitalize() for word in words[1:])]) or "system"
    return f"_{joined}" if joined[0].isdigit() else joined
