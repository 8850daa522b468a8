"""Writing scenarios: what people did and what came of it, in the words of a file."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from typing import Any

import yaml

from unbond.amounts import format_amount
from unbond.codec import camel
from unbond.errors import Refused
from unbond.fields import is_counted, is_device, is_moment, is_position, is_share, is_shares
from unbond.systems import System
from unbond.systems.base import ArgumentKind, Event, power_name
from unbond.when import format_moment


def scenario_text(**content: Any) -> str:
    """A scenario as a file, its fields in the order in which they are given; empty ones left out.

    Args:
        **content: the fields as a file has them.
    """
    told = {name: value for name, value in content.items() if value}
    return yaml.dump(told, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: no aliases, dates without quotes, arguments in one line."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        """Put fields that hold no fields themselves into one line, but for steps."""
        node = super().represent_mapping(tag, mapping, flow_style)
        plain = all(isinstance(value, yaml.ScalarNode) for _, value in node.value)
        node.flow_style = plain and not {"do", "title"} & {key.value for key, _ in node.value}
        return node


_Dumper.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
}


class StepWriter:
    """Writes steps, one after another: later ones name what came of earlier ones."""

    def __init__(
        self,
        kind: type[System],
        name_of: Callable[[str], str],
        *,
        nameless: Collection[str] = (),
    ) -> None:
        """Write what is done with systems of this kind.

        Args:
            kind: the system.
            name_of: gives an address's role.
            nameless: addresses that are left out: of what is deployed with the system.
        """
        self._nameless = nameless
        self._kind = kind
        self._name_of = name_of
        self._positions: dict[int, str] = {}
        self._counts: dict[str, int] = {}

    def step(
        self, second: int, sender: str, action: str, arguments: dict[str, Any]
    ) -> dict[str, Any]:
        """A step of which nothing is expected yet.

        Args:
            second: when, in Unix time.
            sender: the address of who does it.
            action: the name of the action.
            arguments: by name, as the driver takes them.
        """
        spec = self._kind.actions()[action]
        step: dict[str, Any] = {
            "at": format_moment(second),
            "by": self._name_of(sender),
            "do": action,
        }
        if arguments:
            step["with"] = {
                name: self._argument(spec.arguments[name], spec.units.get(name), value)
                for name, value in arguments.items()
            }
        return step

    def succeeds(self, step: dict[str, Any], event: Event) -> None:
        """Expect exactly this event, and name the step after the position that came of it."""
        position = event.position
        if position is not None:
            action = step["do"]
            self._counts[action] = self._counts.get(action, 0) + 1
            step["as"] = f"{action}_{self._counts[action]}"
        known = self._fields(vars(event))
        if position is not None:
            self._positions[position] = step["as"]
        step["expect"] = {"event": known}

    def is_refused(self, step: dict[str, Any], refusal: Refused) -> None:
        """Expect exactly this refusal."""
        fields = self._fields(refusal.fields)
        step["expect"] = {"refused": {refusal.name: fields} if fields else refusal.name}

    def _fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Fields of an event or an error; without positions that have no name, and bare bytes."""
        return {
            camel(name): self.value(name, value)
            for name, value in fields.items()
            if not (is_position(name) and value not in self._positions)
            and not isinstance(value, bytes)
            and value not in self._nameless
        }

    def _argument(self, kind: ArgumentKind, symbol: str | None, value: Any) -> Any:
        if isinstance(value, Enum):
            return value.name.lower()
        if kind is ArgumentKind.AMOUNT:
            return format_amount(value, symbol or self._kind.symbol)
        if kind is ArgumentKind.POSITION:
            return self._positions.get(value, value)
        if kind is ArgumentKind.PARTY:
            return self._name_of(value)
        if kind is ArgumentKind.MOMENT:
            return format_moment(value)
        if kind is ArgumentKind.POWER and isinstance(value, bytes):
            return power_name(value)
        return value

    def value(self, name: str, value: Any) -> Any:
        """The value of the field ``name`` of an event, an error or a position, as files have it."""
        if isinstance(value, Enum):
            return value.name.lower()
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._name_of(value)
        if is_moment(name):
            return format_moment(value) if value else 0
        if is_position(name):
            return self._positions[value]
        if is_device(name) or is_counted(name) or is_share(name) or is_shares(name):
            return value
        return format_amount(value, self._kind.symbol)
