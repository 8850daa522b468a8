"""What happened, when, and what was expected: the result of a scenario, for people and programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from unbond.amounts import format_amount
from unbond.codec import camel, snake
from unbond.fields import is_counted
from unbond.positions import Position, PositionState
from unbond.when import format_date, format_duration, format_moment

if TYPE_CHECKING:
    from rich.console import RenderableType

_STATE_WORDS = {
    PositionState.CLOSED: "closed",
    PositionState.LOCKED: "locked",
    PositionState.UNLOCKED: "unlocked",
    PositionState.LEAVING: "leaving",
    PositionState.CLAIMABLE: "claimable",
}


@dataclass(frozen=True)
class Holding:
    """A position of somebody, as a timeline shows it."""

    role: str
    name: str
    """What its owner calls it, such as ``#1``."""
    position: Position


@dataclass(frozen=True)
class Entry:
    """One step and what came of it."""

    number: int
    """Its place in the scenario, from 1."""
    timestamp: int
    """The second at which it landed or was refused, in Unix time."""
    role: str
    action: str
    """The name of the action, or of the view that a check asked."""
    what: str
    """What was done, in words."""
    result: str
    """What came of it, in words."""
    event: dict[str, Any] | None
    """The fields of the event that tells what was done; None if it was refused or a check."""
    refused: dict[str, Any] | None
    """The error's name and numbers, if it was refused."""
    returned: Any
    """What a check returned."""
    gas_used: int
    holdings: tuple[Holding, ...]
    """All positions after the step that are not closed."""
    balances: dict[str, int]
    """What each role holds of what is staked after the step, in wei."""
    others: dict[str, dict[str, int]] = field(default_factory=dict)
    """What each role holds of other tokens of the system, in wei by symbol."""
    differences: tuple[str, ...] = ()
    """Where it was not as expected, with the lines of the file."""
    note: str | None = None
    left_out: bool = False
    """Whether it was neither done nor asked, because only a contract could answer."""


@dataclass
class Timeline:
    """A scenario as it went."""

    file: str
    title: str
    document: str | None
    about: str | None
    rules: list[str]
    symbol: str
    network: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not any(entry.differences for entry in self.entries)

    @property
    def differences(self) -> list[str]:
        """What was not as expected, each in one line with the line of the file."""
        return [difference for entry in self.entries for difference in entry.differences]

    @property
    def heading(self) -> str:
        """Its title, and the document that it works out."""
        return f"document {self.document}: {self.title}" if self.document else self.title

    def as_dict(self) -> dict[str, Any]:
        """The timeline for programs, ready for JSON: values are written as :func:`jsonable` does.

        The time of a step is given twice, in ISO 8601 and in Unix time.
        """
        return {
            "file": self.file,
            "title": self.title,
            "document": self.document,
            "rules": self.rules,
            "network": self.network,
            "passed": self.passed,
            "steps": [self._entry_dict(entry) for entry in self.entries],
        }

    def _entry_dict(self, entry: Entry) -> dict[str, Any]:
        told = {
            "step": entry.number,
            "time": format_moment(entry.timestamp),
            "timestamp": entry.timestamp,
            "by": entry.role,
            "action": entry.action,
            "what": entry.what,
            "result": entry.result,
            "event": jsonable(entry.event),
            "refused": jsonable(entry.refused),
            "returned": jsonable(entry.returned, entry.action),
            "gasUsed": entry.gas_used,
            "positions": [
                {
                    "by": holding.role,
                    "name": holding.name,
                    **jsonable(asdict(holding.position)),
                }
                for holding in entry.holdings
            ],
            "balances": {role: str(held) for role, held in entry.balances.items()},
            "differences": list(entry.differences),
        }
        if entry.left_out:
            told["leftOut"] = True
        if entry.others:
            told["tokens"] = {
                role: {symbol: str(wei) for symbol, wei in held.items()}
                for role, held in entry.others.items()
            }
        return told

    def render(self) -> list[RenderableType]:
        """The timeline for people: a heading, a table, and what was not as expected."""
        table = Table(title_justify="left", expand=False, pad_edge=False)
        table.add_column("when (UTC)", no_wrap=True)
        for heading in ("who", "what", "result", "positions then"):
            # Where there is no room, words are broken; none is cut off.
            table.add_column(heading, overflow="fold")
        for entry in self.entries:
            mark = "✗ " if entry.differences else ""
            style = "bold red" if entry.differences else "yellow" if entry.refused else ""
            result = f"{mark}{entry.result}" + (f"\n{entry.note}" if entry.note else "")
            # As Text: what stands in a file may look like rich's own markup.
            table.add_row(
                format_date(entry.timestamp),
                Text(entry.role),
                Text(entry.what),
                Text(result, style=style),
                Text(self._holdings_text(entry)),
            )
        parts: list[RenderableType] = [Text(self.heading, style="bold")]
        if self.about:
            parts.append(Text(self.about))
        parts.append(table)
        parts += [Text(difference, style="red") for difference in self.differences]
        return parts

    def _holdings_text(self, entry: Entry) -> str:
        tokens = [
            (role, format_amount(wei, symbol))
            for role, held in entry.others.items()
            for symbol, wei in held.items()
            if wei
        ]
        people = {holding.role for holding in entry.holdings} | {role for role, _ in tokens}
        lines = [(one.role, self.holding_line(one, entry.timestamp)) for one in entry.holdings]
        return "\n".join(
            f"{role} {line}" if len(people) > 1 else line for role, line in (*tokens, *lines)
        )

    def holding_line(self, holding: Holding, now: int) -> str:
        """A position in one line: what it is, how much, and when it opens, seen from ``now``."""
        return position_line(holding.name, holding.position, self.symbol, now)


def state_word(state: PositionState) -> str:
    """What people call a state."""
    return _STATE_WORDS[state]


def position_line(name: str, position: Position, symbol: str, now: int) -> str:
    """A position in one line: what it is, how much, and when it opens, seen from ``now``."""
    words = [name, format_amount(position.amount, symbol), _STATE_WORDS[position.state]]
    if position.available_at > now:
        wait = format_duration(position.available_at - now)
        words.append(f"until {format_date(position.available_at)} (in {wait})")
    elif position.state is PositionState.LOCKED and not position.available_at:
        words.append(f"by {position.blocked_by}")
    if position.rewards:
        words.append(f"+ {format_amount(position.rewards, symbol)} rewards")
    return " ".join(words)


def jsonable(value: Any, name: str = "") -> Any:
    """Values of events, errors and answers for JSON; ``name`` is the field's or the view's.

    Names are as in Solidity. An integer is a number or text by its name alone, whatever its value:

    - moments (``unlocksAt``, ``origin``, ``currentTime``), epochs, blocks, counts and 1/10 000
      (``commissionBps``) are numbers;
    - amounts in wei, ids, limits, and whatever else there is, are text, because many readers of
      JSON cannot hold numbers that large.

    Bytes are text as ``0x…``, members of an enumeration their names in small letters.
    """
    if isinstance(value, dict):
        return {camel(str(field)): jsonable(item, str(field)) for field, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item, name) for item in value]
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, int) and not isinstance(value, bool):
        return value if is_counted(snake(name)) else str(value)
    return value
