"""What people have in every system, for people and for programs."""

from __future__ import annotations

import shlex
from typing import Any

from rich.table import Table

from unbond.chain import Chain
from unbond.cli.common import console
from unbond.cli.systems import alias_of, name_of_account
from unbond.outlook import Stand
from unbond.timeline import jsonable, state_word
from unbond.when import format_date, format_duration, format_moment


def show_stands(stands: list[Stand], chain: Chain) -> None:
    """Print positions as a table."""
    now = chain.now
    console.print(f"it is {format_date(now)} UTC on {chain.name}")
    if not stands:
        console.print("nobody has anything anywhere")
        return
    table = Table("who", "where", "what", "how much", "since", "state", "next", pad_edge=False)
    for stand in stands:
        table.add_row(
            name_of_account(stand.account, chain),
            stand.deployment,
            stand.name,
            _amount(stand),
            format_date(stand.since) if stand.since is not None else "",
            _state(stand, now),
            next_command(stand) or "",
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


def next_command(stand: Stand) -> str | None:
    """The words after ``ape run`` of what its owner does next; None if nothing is known."""
    if stand.next is None:
        return None
    system = stand.system
    action = stand.next.action
    words = [system.name, system.command_names.get(action, action.replace("_", "-"))]
    for name, value in stand.next.arguments.items():
        words += [f"--{name.replace('_', '-')}", _written(stand, value)]
    if stand.deployment != system.name:
        words += ["--deployment", stand.deployment]
    alias = alias_of(stand.account)
    if alias is not None:
        words += ["--account", alias]
    return shlex.join(words)


def _written(stand: Stand, value: int) -> str:
    """A value of an argument as commands take it."""
    if value == stand.position.id:
        return stand.system.position_name(value).removeprefix("#")
    whole, _, symbol = stand.system.format_amount(value).rpartition(" ")
    return f"{whole.replace(' ', '')} {symbol}"


def stand_sentence(stand: Stand) -> str:
    """What opens, as ``delegator can unstake: #1 of delegated, 1 000 ANKR``."""
    who = name_of_account(stand.account, stand.system.chain)
    verb = stand.next.action.replace("_", " ") if stand.next else "go on with"
    return f"{who} can {verb} {stand.name} of {stand.deployment}: {_amount(stand)}"


def stand_dict(stand: Stand, now: int) -> dict[str, Any]:
    """A position for programs, as seen from the second ``now``."""
    position = stand.position
    wait = max(0, position.available_at - now)
    return {
        "account": stand.account,
        "deployment": stand.deployment,
        "system": stand.system.name,
        "name": stand.name,
        **jsonable(vars(position)),
        "since": format_moment(stand.since) if stand.since is not None else None,
        "opens": format_moment(position.available_at) if position.available_at else None,
        "opensIn": wait,
        "next": None
        if stand.next is None
        else {
            "action": stand.next.action,
            "arguments": jsonable(
                {name: str(value) for name, value in stand.next.arguments.items()}
            ),
            "command": f"ape run {next_command(stand)}",
        },
    }
