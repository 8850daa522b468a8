"""Writing what a campaign found as a scenario file, to be seen, replayed and kept as a test.

What the file expects is what the model says: so it fails where the contract does something else.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbond.amounts import DECIMALS, format_amount
from unbond.campaign.walk import Found
from unbond.files import made, write_file
from unbond.positions import PositionState
from unbond.scenario.known import event_classes
from unbond.scenario.write import StepWriter, scenario_text
from unbond.systems.base import ArgumentKind
from unbond.when import format_moment

if TYPE_CHECKING:
    from unbond.campaign.arena import Arena
    from unbond.models.base import Move, Outcome, Row


def write_found(arena: Arena, found: Found, folder: Path) -> Path:
    """Write what was found into ``folder``; returns the file.

    The file is named by its moves: found once more, it is written once.

    Args:
        arena: a deployment with the setup of ``found``.
        found: the moves, and why they matter.
        folder: where; made if missing.
    """
    text = found_text(arena, found)
    file = folder / f"{found.system}-{sha256(text.encode()).hexdigest()[:8]}.yaml"
    with made(folder):
        write_file(file, text.encode())
    return file


def found_text(arena: Arena, found: Found) -> str:
    """What was found, as a scenario file."""
    arena.begin()
    roles = {arena.address_of(account): role for role, account in arena.people.items()}
    writer = StepWriter(arena.kind, lambda address: roles.get(address, address))
    steps = []
    for index, move in enumerate(found.moves):
        outcome = arena.model.do(move)
        steps.append(_step(arena, writer, move, outcome))
        if index == len(found.moves) - 1:
            _expect_state(arena, steps[-1])
    funds = {
        role: format_amount(amount, arena.kind.symbol)
        for role, amount in arena.draws_kind.funds.items()
    }
    return scenario_text(
        title=f"Found by a campaign: {found.why.partition(':')[0]}",
        about=_short(found.why),
        system=found.system,
        setup=found.setup,
        funds=funds,
        refusing=list(arena.draws_kind.refusing),
        steps=steps,
    )


def _short(text: str, length: int = 400) -> str:
    return text if len(text) <= length else f"{text[:length]} …"


def _step(arena: Arena, writer: StepWriter, move: Move, outcome: Outcome) -> dict[str, Any]:
    spec = arena.kind.actions()[move.action]
    arguments = {
        name: _readable(arena, kind, spec.choices.get(name), value)
        for (name, kind), value in zip(spec.arguments.items(), move.arguments, strict=True)
    }
    step = writer.step(move.second, arena.address_of(move.sender), move.action, arguments)
    if outcome.refusal is not None:
        writer.is_refused(step, arena.refusal(outcome.refusal))
        return step
    purpose = event_classes(arena.kind, move.action)
    told = [event for event in arena.told(outcome) if isinstance(event, purpose)]
    if told:
        writer.succeeds(step, told[-1])
    return step


def _readable(arena: Arena, kind: ArgumentKind, choice: Any, value: Any) -> Any:
    """An argument as the driver would be given it."""
    if choice is not None:
        return choice(value)
    if kind is ArgumentKind.PARTY:
        return arena.address_of(value)
    if kind is ArgumentKind.FLAG:
        return bool(value)
    return value


def _expect_state(arena: Arena, step: dict[str, Any]) -> None:
    """Expect everybody's balances and positions after the last step."""
    expected = step.setdefault("expect", {})
    symbols = list(arena.system.money)
    balances: dict[str, Any] = {}
    positions: dict[str, Any] = {}
    for role, account in arena.people.items():
        held = [
            _exact(amount, symbol)
            for symbol, amount in zip(symbols, arena.model.balances(account), strict=True)
        ]
        balances[role] = held[0] if len(held) == 1 else held
        rows = arena.model.positions(account)
        if rows:
            positions[role] = [_position(row) for row in rows]
    expected["balances"] = balances
    if positions:
        expected["positions"] = positions


def _exact(wei: int, symbol: str) -> str:
    """An amount that names its token also where it is a few wei, of which a file could mean any."""
    whole, rest = divmod(wei, 10**DECIMALS)
    return f"{whole}.{rest:0{DECIMALS}d}".rstrip("0").rstrip(".") + f" {symbol}"


def _position(row: Row) -> dict[str, Any]:
    return {
        "state": PositionState(row.state).name.lower(),
        "amount": row.amount,
        "rewards": row.rewards,
        "availableAt": format_moment(row.available_at) if row.available_at else 0,
        "blockedBy": row.blocked_by,
    }
