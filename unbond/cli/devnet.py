"""The devnet as a command: what is put on it, what is said of it, and what it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ape
from rich.table import Table

from unbond.book import AddressBook, Deployment
from unbond.chain import Chain
from unbond.cli.common import console, print_json, quieten_ape
from unbond.devnet import CHAIN_ID, NETWORK, Devnet, DevnetError, ape_at
from unbond.roles import USUAL_ROLES, Roles
from unbond.scenario import BoundScenario, ScenarioError, load_scenario, play
from unbond.scenario.play import room_for
from unbond.speed import stop_replay
from unbond.systems import System, system_class, system_names
from unbond.systems.base import Token
from unbond.when import format_duration


def run_devnet(
    *,
    port: int,
    fresh: bool,
    seeds: Sequence[Path],
    state: Path | None,
    as_json: bool,
    command: Sequence[str],
) -> int:
    """Start a devnet, put everything on it, and keep it up; returns an exit code.

    Raises:
        BookError: when the address book cannot be read or written.
        DevnetError: when it cannot start, or its node ends.
        ScenarioError: when a seed cannot be played.
    """
    quieten_ape()
    bound = _bind(seeds)
    if command and shutil.which(command[0]) is None:
        raise DevnetError(f"{command[0]} cannot be started: {_why_not(command[0])}")
    book = AddressBook()
    book.prepare()
    with Devnet(state, port=port, fresh=fresh) as devnet:
        if devnet.resumed and seeds:
            raise DevnetError(
                f"the chain in {devnet.folder} has begun already; --seed-with needs --fresh"
            )
        with ape_at(devnet.url):
            with ape.networks.parse_network_choice(NETWORK):
                played: list[_Played] = []
                if devnet.resumed:
                    devnet.restore_entries(book)
                else:
                    played = _furnish(book, bound)
                places = _places(book.deployments(CHAIN_ID, devnet.genesis))
            devnet.save()
            devnet.keep_entries(book)
            devnet.announce()
            if as_json:
                print_json(_facts(devnet, book, places, played))
            elif not command:
                _welcome(devnet, book, places, played)
            child = _spawn(command, devnet, book) if command else None
            code = devnet.watch(book, child)
        if not as_json and not command:
            console.print(f"stopped at {devnet.when}; ape run devnet goes on from there")
    return code


def _bind(seeds: Sequence[Path]) -> list[tuple[str, BoundScenario]]:
    """The scenarios to play, all of them checked, with the names to write them down by."""
    bound: dict[str, BoundScenario] = {}
    problems = []
    for file in seeds:
        name = file.stem
        if name in bound or name in system_names():
            taken = f"{bound[name].file.path} is" if name in bound else "a system is"
            raise DevnetError(f"{file} would be the deployment '{name}', as {taken}; rename it")
        try:
            bound[name] = BoundScenario(load_scenario(file))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return list(bound.items())


@dataclass(frozen=True)
class _Played:
    """A scenario that was played into a new chain."""

    name: str
    file: str
    later: int
    """By how many seconds its moments are later than its file says."""


def _furnish(book: AddressBook, seeds: Sequence[tuple[str, BoundScenario]]) -> list[_Played]:
    """Deploy every system, and play the seeds, each after the one before."""
    stop_replay()
    chain = Chain()
    chain.clock.start()
    roles = Roles(chain)
    for name in system_names():
        book.record(system_class(name).on_show(chain, roles.account("owner"), roles.account))
    played = []
    for name, bound in seeds:

        def record(system: System, name: str = name) -> None:
            book.record(system, name)

        later = room_for(bound, chain.clock.now)
        timeline = play(bound, chain, Roles(chain), deployed=record, later=later)
        wrong = [line for entry in timeline.entries for line in entry.differences]
        if wrong:
            raise DevnetError(f"{bound.file.path} does not go as it says: {wrong[0]}")
        played.append(_Played(name, str(bound.file.path), later))
    return played


def _spawn(command: Sequence[str], devnet: Devnet, book: AddressBook) -> subprocess.Popen[bytes]:
    """Start what was to run while the devnet is up.

    Raises:
        DevnetError: when it cannot be started.
    """
    environment = {
        **os.environ,
        "UNBOND_RPC_URL": devnet.url,
        "UNBOND_DEVNET": str(devnet.folder.resolve()),
        "UNBOND_BOOK": str(book.path.resolve()),
        "APE_FOUNDRY_HOST": devnet.url,
    }
    try:
        return subprocess.Popen(command, env=environment)
    except OSError as error:
        raise DevnetError(f"{command[0]} cannot be started: {error.strerror}") from None


def _why_not(word: str) -> str:
    """Why a word is no command that can be started."""
    if word.endswith((".yaml", ".yml")):
        return "it is no command; give each scenario its own --seed-with"
    return "there is no such command"


@dataclass(frozen=True)
class _Place:
    """Where a deployed system is."""

    name: str
    entry: Deployment
    tokens: dict[str, str]
    """The addresses of the tokens that it uses, by symbol."""


def _places(entries: dict[str, Deployment]) -> list[_Place]:
    chain = Chain()
    places = []
    for name, entry in entries.items():
        money = system_class(entry.system).at(chain, entry.address).money
        tokens = {symbol: one.address for symbol, one in money.items() if isinstance(one, Token)}
        places.append(_Place(name, entry, tokens))
    return places


def _facts(
    devnet: Devnet, book: AddressBook, places: Sequence[_Place], played: Sequence[_Played]
) -> dict[str, Any]:
    """What programs want to know."""
    return {
        "url": devnet.url,
        "chainId": CHAIN_ID,
        "pid": os.getpid(),
        "resumed": devnet.resumed,
        "addressBook": str(book.path),
        "deployments": {
            place.name: {
                "system": place.entry.system,
                "contract": place.entry.contract,
                "address": place.entry.address,
                "tokens": place.tokens,
            }
            for place in places
        },
        "seeds": [{"deployment": one.name, "file": one.file, "later": one.later} for one in played],
        "accounts": [
            {"role": role, "alias": f"TEST::{index}", "address": str(account.address)}
            for index, (role, account) in enumerate(_accounts())
        ],
    }


def _accounts() -> list[tuple[str, Any]]:
    return list(zip(USUAL_ROLES, ape.accounts.test_accounts, strict=False))


def _welcome(
    devnet: Devnet, book: AddressBook, places: Sequence[_Place], played: Sequence[_Played]
) -> None:
    """Accounts, addresses, and what to try."""
    went = "goes on" if devnet.resumed else "begins"
    console.print(f"a devnet {went} at {devnet.url}, chain {CHAIN_ID}, {devnet.when}\n")
    table = Table("", "account", "address", "private key", box=None, pad_edge=False)
    for index, (role, account) in enumerate(_accounts()):
        table.add_row(role, f"TEST::{index}", str(account.address), account.private_key)
    console.print(table)
    console.print("everybody knows these keys; each account began with a million of everything\n")
    table = Table("", "contract", "address", box=None, pad_edge=False)
    for place in places:
        table.add_row(place.name, place.entry.contract, place.entry.address)
        for symbol, address in place.tokens.items():
            table.add_row("", f"its token {symbol}", address)
    console.print(table)
    for one in played:
        when = f"{format_duration(one.later)} later than it says" if one.later else "as it says"
        console.print(f"{one.name} is {one.file}, {when}")
    console.print(f"written down in {book.path}; for other clients: ape run export --out DIR\n")
    console.print("to try, in another terminal of this folder:")
    for line in _TRY:
        console.print(f"  {line}")
    console.print("\nCtrl-C stops it; ape run devnet goes on, ape run devnet --fresh begins anew")


_TRY = (
    'ape run delegated stake --provider provider --amount "1000 ANKR" --account TEST::6',
    "ape run status",
    "ape run travel --next",
    "ape console",
)
