"""What people have in every system, for people and for programs."""

from __future__ import annotations

import shlex
from typing import Any

from rich.table import Column, Table

from unbond.amounts import format_amount
from unbond.chain import Chain
from unbond.cli.common import console
from unbond.cli.systems import alias_of, name_of_account
from unbond.outlook import Stand
from unbond.systems import System
from unbond.systems.base import ArgumentKind
from unbond.timeline import jsonable, state_word
from unbond.when import format_date, format_duration, format_moment


def show_stands(stands: list[Stand], chain: Chain) -> None:
    """Print positions as a table."""
    now = chain.now
    console.print(f"it is {format_date(now)} UTC on {chain.name}")
    if not stands:
        console.print("nobody has anything anywhere")
        return
    names = ("who", "where", "what", "how much", "since", "state", "next")
    # Nothing of an address, an amount or a command is left out on narrow paper.
    table = Table(*(Column(name, overflow="fold") for name in names), pad_edge=False)
    for stand in stands:
        table.add_row(
            name_of_account(stand.account, chain),
            stand.deployment,
            stand.name,
            _amount(stand),
            format_date(stand.since) if stand.since is not None else "",
            _state(stand, now),
            _next(stand, now),
        )
    console.print(table)


def _amount(stand: Stand) -> str:
    amount = stand.system.format_amount(stand.position.amount)
    rewards = stand.position.rewards
    return f"{amount} + {stand.system.format_amount(rewards)} rewards" if rewards else amount


def _state(stand: Stand, now: int) -> str:
    """Where it stands, until when, and why."""
    position = stand.position
    words = state_word(position.state)
    if position.available_at > now:
        wait = format_duration(position.available_at - now)
        words += f" until {format_date(position.available_at)} (in {wait})"
    return f"{words}, {position.blocked_by}" if position.blocked_by else words


def _next(stand: Stand, now: int) -> str:
    """What is done next and, where it is not the position that opens, from when."""
    opens_at = stand.next.opens_at if stand.next else 0
    command = next_command(stand) or ""
    if opens_at <= now:
        return command
    return f"{command} from {format_date(opens_at)} (in {format_duration(opens_at - now)})"


def next_command(stand: Stand) -> str | None:
    """The words after ``ape run`` of what is done next about it; None if nothing is known."""
    if stand.next is None:
        return None
    system = stand.system
    action = stand.next.action
    words = [system.name, system.command_names.get(action, action.replace("_", "-"))]
    for name, value in stand.next.arguments.items():
        words += [f"--{name.replace('_', '-')}", _written(system, action, name, value)]
    if stand.deployment != system.name:
        words += ["--deployment", stand.deployment]
    alias = alias_of(stand.next.by or stand.account)
    if alias is not None:
        words += ["--account", alias]
    return shlex.join(words)


def _written(system: System, action: str, name: str, value: Any) -> str:
    """A value of an argument as commands take it."""
    spec = system.actions()[action]
    kind = spec.arguments[name]
    if kind is ArgumentKind.POSITION:
        return system.position_name(value).removeprefix("#")
    if kind is ArgumentKind.AMOUNT:
        amount = format_amount(value, spec.units.get(name, system.symbol))
        whole, _, symbol = amount.rpartition(" ")
        return f"{whole.replace(' ', '')} {symbol}"
    if kind is ArgumentKind.PARTY:
        return alias_of(value) or str(value)
    return str(value).lower()


def stand_sentence(stand: Stand) -> str:
    """What opens, as ``delegator can unstake: #1 of delegated, 1 000 ANKR``."""
    chain = stand.system.chain
    who = name_of_account(stand.account, chain)
    what = f"{stand.name} of {stand.deployment}: {_amount(stand)}"
    if stand.next is None or not stand.next.opens_at:
        verb = stand.next.action.replace("_", " ") if stand.next else "go on with"
        return f"{who} can {verb} {what}"
    by = name_of_account(stand.next.by, chain) if stand.next.by else "anybody"
    return f"{by} can {stand.next.action.replace('_', ' ')} for {who}'s {what}"


def stand_dict(stand: Stand, now: int) -> dict[str, Any]:
    """A position for programs, as seen from the second ``now``."""
    position = stand.position
    wait = max(0, stand.opens_at - now)
    return {
        "account": stand.account,
        "deployment": stand.deployment,
        "system": stand.system.name,
        "name": stand.name,
        **jsonable(vars(position)),
        "since": format_moment(stand.since) if stand.since is not None else None,
        "opens": format_moment(stand.opens_at) if stand.opens_at else None,
        "opensIn": wait,
        "next": None
        if stand.next is None
        else {
            "action": stand.next.action,
            "arguments": {
                name: str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in stand.next.arguments.items()
            },
            "by": stand.next.by or stand.account,
            "command": f"ape run {next_command(stand)}",
        },
    }
