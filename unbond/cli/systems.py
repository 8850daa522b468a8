"""Commands for the actions and views of a system, made from what the system says of itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import is_dataclass
from functools import cache
from typing import Any, TypeVar

import ape
import click
from ape.api.accounts import AccountAPI
from rich.table import Table

from unbond.amounts import LARGEST, format_amount, parse_amount, parse_share
from unbond.book import AddressBook, BookError
from unbond.chain import Chain
from unbond.cli.common import (
    LastingCommand,
    account_option,
    clean_errors,
    console,
    json_option,
    print_json,
)
from unbond.errors import Refused
from unbond.positions import PositionState
from unbond.roles import USUAL_ROLES, Roles, parse_address
from unbond.scenario.words import choose
from unbond.systems import System, system_class
from unbond.systems.base import ActionSpec, ArgumentKind, Receipt, SystemSpeaker
from unbond.timeline import jsonable, position_line
from unbond.when import format_date, format_duration, format_moment, parse_moment

_HINTS = {
    ArgumentKind.AMOUNT: "an amount, such as '1000 {symbol}' or '1 wei'",
    ArgumentKind.POSITION: "the number of the position for its owner, or its id",
    ArgumentKind.PARTY: "an address, an account's alias, TEST::n or, locally, a role",
    ArgumentKind.BPS: "a share, such as '5 %', or 1/10 000",
    ArgumentKind.MOMENT: "a moment, such as 2030-01-07T00:00:00Z",
    ArgumentKind.FLAG: "true or false",
    ArgumentKind.POWER: "the name of a power, one of: {powers}",
    ArgumentKind.NUMBER: "a whole number",
    ArgumentKind.CHOICE: "one of: {choices}",
}

T = TypeVar("T")

name_option = click.option(
    "--deployment", help="The name in the address book, if not the system's own."
)


preview_option = click.option(
    "--preview", is_flag=True, help="Send nothing; say what would happen."
)


class LocalSpeaker(SystemSpeaker):
    """Names accounts as commands take them, and says how far away a moment is."""

    def __init__(self, system: System, now: int | None = None) -> None:
        """Speak of this system, at the second ``now`` if given."""
        super().__init__(system)
        self._now = now

    def person(self, address: str) -> str:
        """The role of a usual test account; the alias of another of one's own; else its address."""
        return name_of_account(address, self._system.chain)

    def moment(self, seconds: int) -> str:
        """A moment and, if it is to come, in how long that is."""
        date = super().moment(seconds)
        if self._now is None or seconds <= self._now:
            return date
        return f"{date}, in {format_duration(seconds - self._now)}"


def name_of_account(address: str, chain: Chain) -> str:
    """What commands call an account: a role, an alias or, if it is nobody's here, its address."""
    role = _usual_accounts().get(address) if chain.is_local else None
    return role or alias_of(address) or address


@cache
def _usual_accounts() -> dict[str, str]:
    """The roles of the usual test accounts, by address."""
    accounts = ape.accounts.test_accounts
    return {str(one.address): role for role, one in zip(USUAL_ROLES, accounts, strict=False)}


@cache
def alias_of(address: str) -> str | None:
    """The alias of an account of one's own, such as ``TEST::6``; None of somebody else's."""
    if address not in ape.accounts:
        return None
    alias = ape.accounts[address].alias
    return str(alias) if alias else None


def system_group(name: str) -> click.Group:
    """The commands of a system: its actions, its views, and the positions of an account."""
    kind = system_class(name)
    group = click.Group(name, short_help=f"Drive a deployed {kind.contract_name}")
    group.help = (
        f"Drive a deployed {kind.contract_name}: the one that the address book names for the "
        "network."
    )
    for spec in kind.actions().values():
        command = kind.command_names.get(spec.name, spec.name.replace("_", "-"))
        group.add_command(_action(kind, spec, command) if spec.sends else _view(kind, spec))
    group.add_command(_status(kind))
    return group


def deployed(kind: type[System], deployment: str | None) -> System:
    """The system that the address book names for the connected network.

    Raises:
        BookError: when it names none, or what it names is not there.
    """
    chain = Chain()
    name = deployment or kind.name
    entry = AddressBook().find(chain, name)
    if entry.system != kind.name:
        raise BookError(f"'{name}' is a deployment of {entry.system}, not of {kind.name}")
    return kind.at(chain, entry.address)


def party(text: str) -> str:
    """The address that a word stands for.

    Raises:
        ValueError: when it stands for none.
    """
    if text.startswith("0x"):
        return parse_address(text)
    if text in ape.accounts.aliases:
        return str(ape.accounts.load(text).address)
    prefix, _, number = text.upper().partition("TEST::")
    tests = ape.accounts.test_accounts
    if not prefix and _is_whole(number) and int(number) < len(tests):
        return str(tests[int(number)].address)
    if text in USUAL_ROLES and Chain().is_local:
        return Roles(Chain()).address(text)
    raise ValueError(f"'{text}' is neither an address nor an account's alias")


def _action(kind: type[System], spec: ActionSpec, command: str) -> click.Command:
    @clean_errors
    def callback(
        account: AccountAPI,
        deployment: str | None,
        preview: bool,
        as_json: bool,
        **words: str | None,
    ) -> None:
        system = deployed(kind, deployment)
        arguments = _read(system, spec, words, str(account.address))

        def act() -> Receipt[Any]:
            receipt: Receipt[Any] = getattr(system, spec.name)(account, **arguments)
            return receipt

        with system.chain.rehearsing() if preview else nullcontext():
            receipt = _told(system, lambda: _with_allowance(system, account, act, would=preview))
        _show_receipt(system, account, receipt, preview=preview, as_json=as_json)

    options = [_option(kind, spec, name) for name in spec.arguments]
    return _command(command, spec.summary, callback, [account_option, *options, preview_option])


def _view(kind: type[System], spec: ActionSpec) -> click.Command:
    @clean_errors
    def callback(
        deployment: str | None, as_json: bool, account: str | None = None, **words: str | None
    ) -> None:
        system = deployed(kind, deployment)
        if "account" in spec.arguments:
            words["account"] = account
        owner = party(account) if account else None
        arguments = _read(system, spec, words, owner)
        returned = _told(system, lambda: getattr(system, spec.name)(**arguments))
        value = dict(vars(returned)) if is_dataclass(returned) else returned
        if as_json:
            print_json(jsonable(value, spec.name))
            return
        speaker = LocalSpeaker(system)
        if not isinstance(value, dict):
            value = {"": value}
        for name, item in value.items():
            label = f"{name.replace('_', ' ')}: " if name else ""
            console.print(f"{label}{speaker.value(name, item)}")

    options = [_option(kind, spec, name) for name in spec.arguments]
    if ArgumentKind.POSITION in spec.arguments.values() and "account" not in spec.arguments:
        options.append(click.option("--account", help="Whose number it is."))
    return _command(spec.name.replace("_", "-"), spec.summary, callback, options)


def _status(kind: type[System]) -> click.Command:
    @clean_errors
    def callback(account: str, deployment: str | None, as_json: bool) -> None:
        system = deployed(kind, deployment)
        now = system.chain.now
        owner = party(account)
        positions = system.positions_of(owner)
        if as_json:
            print_json([jsonable(vars(position)) for position in positions])
            return
        table = Table("position", "blocked by")
        for position in positions:
            if position.state is not PositionState.CLOSED:
                name = system.name_of(position)
                line = position_line(name, position, system.symbol, now)
                table.add_row(line, position.blocked_by)
        console.print(f"{account} on {format_date(now)} UTC")
        held = {symbol: money.balance_of(owner) for symbol, money in system.money.items()}
        amounts = [
            format_amount(wei, symbol)
            for symbol, wei in held.items()
            if wei or symbol == system.symbol
        ]
        console.print(f"holds {', '.join(amounts)}")
        if table.row_count:
            console.print(table)
        else:
            console.print(f"has nothing in {kind.contract_name}")

    argument = click.argument("account")
    return _command("status", "Show the positions of an ACCOUNT.", callback, [argument])


def _command(
    name: str, summary: str, callback: Callable[..., None], options: list[Any]
) -> click.Command:
    for option in reversed([*options, name_option, json_option]):
        callback = option(callback)
    return click.command(name, cls=LastingCommand, help=summary, short_help=summary.rstrip("."))(
        callback
    )


def _option(kind: type[System], spec: ActionSpec, name: str) -> Any:
    what = spec.arguments[name]
    choices = [one.name.lower() for one in spec.choices.get(name, ())]
    hint = _HINTS[what].format(
        symbol=spec.units.get(name, kind.symbol),
        powers=", ".join(kind.powers),
        choices=", ".join(choices),
    )
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        required=name not in spec.optional,
        metavar=what.name,
        help=f"{hint[0].upper()}{hint[1:]}.",
    )


def _read(
    system: System, spec: ActionSpec, words: dict[str, str | None], account: str | None
) -> dict[str, Any]:
    """The arguments of an action from the words of a command line.

    Raises:
        ValueError: when one cannot be read.
    """
    values: dict[str, Any] = {}
    for name, kind in spec.arguments.items():
        if words[name] is None and name in spec.optional:
            continue
        word = words[name] or ""
        try:
            if name in spec.choices:
                values[name] = choose(spec.choices[name], word)
            else:
                unit = spec.units.get(name, system.symbol)
                values[name] = _value(system, kind, unit, word, account)
            if isinstance(values[name], int) and not 0 <= values[name] <= LARGEST:
                raise ValueError(f"'{word}' is less or more than a contract can count")
        except ValueError as error:
            raise ValueError(f"--{name.replace('_', '-')}: {error}") from None
    return values


def _value(system: System, kind: ArgumentKind, unit: str, word: str, account: str | None) -> Any:
    if kind is ArgumentKind.AMOUNT:
        return parse_amount(word, unit)
    if kind is ArgumentKind.PARTY:
        return party(word)
    if kind is ArgumentKind.BPS:
        return parse_share(int(word) if _is_whole(word) else word)
    if kind is ArgumentKind.MOMENT:
        return parse_moment(word)
    if kind is ArgumentKind.FLAG:
        if word not in ("true", "false"):
            raise ValueError(f"'{word}' is neither true nor false")
        return word == "true"
    if kind is ArgumentKind.POWER:
        if word not in system.powers:
            raise ValueError(f"'{word}' is no power; there are: {', '.join(system.powers)}")
        return word
    if kind is ArgumentKind.NUMBER:
        if not _is_whole(word):
            raise ValueError(f"'{_short(word)}' is no whole number that a contract can count")
        return int(word)
    number = word.removeprefix("#")
    if not _is_whole(number):
        raise ValueError(f"'{_short(word)}' is no position; give its number, such as 3, or its id")
    if len(number) > 20:
        return int(number)
    if account is None:
        raise ValueError("the number of a position needs --account, whose it is")
    return system.position_id(account, int(number))


def _is_whole(word: str) -> bool:
    """Whether a word is a number of no more digits than a contract can count."""
    return word.isdecimal() and len(word) <= len(str(LARGEST))


def _short(word: str) -> str:
    """A word as a complaint shows it."""
    return word if len(word) <= 100 else f"{word[:20]}…"


def _told(system: System, ask: Callable[[], T]) -> T:
    """Ask; tell a refusal in this system's words."""
    try:
        return ask()
    except Refused as refusal:
        words = LocalSpeaker(system).refusal(refusal)
        raise click.ClickException(f"the contract refused: {words}") from None


def _with_allowance(
    system: System, account: AccountAPI, act: Callable[[], Receipt[Any]], *, would: bool
) -> Receipt[Any]:
    """Act; if all that is missing is the token's allowance, give exactly that first."""
    try:
        return act()
    except Refused as refusal:
        if refusal.name != "ERC20InsufficientAllowance":
            raise
        needed = int(refusal.fields["needed"])
    held = system.token.balance_of(str(account.address))
    if held < needed:
        who = name_of_account(str(account.address), system.chain)
        raise ValueError(
            f"{who} holds {system.format_amount(held)}, "
            f"which is less than {system.format_amount(needed)}"
        )
    system.token.approve(account, system.address, needed)
    done = "would approve" if would else "approved"
    click.echo(f"{done} {system.format_amount(needed)} for {system.address}", err=True)
    return act()


def _show_receipt(
    system: System, account: AccountAPI, receipt: Receipt[Any], *, preview: bool, as_json: bool
) -> None:
    if as_json:
        print_json(
            {
                **({"preview": True} if preview else {}),
                "time": format_moment(receipt.timestamp),
                "timestamp": receipt.timestamp,
                "events": [
                    {"name": type(event).__name__, "fields": jsonable(vars(event))}
                    for event in receipt.events
                ],
                "gasUsed": receipt.gas_used,
                "block": receipt.block,
                "txnHash": receipt.txn_hash or None,
            }
        )
        return
    speaker = LocalSpeaker(system, receipt.timestamp)
    told = "; ".join(event.sentence(speaker) for event in receipt.events)
    if preview:
        console.print("nothing was sent; this would happen:")
    who = speaker.person(str(account.address))
    console.print(f"{format_date(receipt.timestamp)} UTC, {who}: {told} (gas {receipt.gas_used})")
