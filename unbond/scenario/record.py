"""Turning what happened to a system on a chain, by whatever client, into a scenario."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from itertools import takewhile
from typing import Any

import ape
import yaml
from ape.exceptions import ApeException
from eth_utils.address import to_checksum_address

from unbond.amounts import format_amount
from unbond.book import Deployment
from unbond.codec import camel
from unbond.errors import Refused
from unbond.fields import is_counted, is_device, is_moment, is_position, is_share, is_shares
from unbond.roles import USUAL_ROLES
from unbond.scenario.known import event_classes
from unbond.systems import System
from unbond.systems.base import ArgumentKind, Coin, Event, power_name
from unbond.when import SESSION_START, format_moment, parse_moment


@dataclass
class Recording:
    """A scenario in the making."""

    system: System
    steps: list[dict[str, Any]] = field(default_factory=list)
    setup: dict[str, Any] = field(default_factory=dict)
    funds: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    """What could not be recorded as it happened."""

    def text(self, title: str) -> str:
        """The scenario as a file."""
        content: dict[str, Any] = {"title": title, "system": self.system.name}
        if self.setup:
            content["setup"] = self.setup
        if self.funds:
            content["funds"] = self.funds
        content["steps"] = self.steps
        return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


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


def record(system: System, entry: Deployment) -> Recording:
    """Record what happened to ``system`` since it was deployed.

    Calls that come through other contracts cannot be steps, and neither can what people do with
    tokens among themselves; who holds what is put right at the beginning.

    Args:
        system: the system as it is now.
        entry: how it was deployed; who did that has the role ``owner`` in the scenario.
    """
    ask = system.chain.provider.make_request
    sender = ask("eth_getTransactionByHash", [entry.txn_hash])["from"]
    return _Recorder(system, str(to_checksum_address(sender))).record(entry.block)


class _Recorder:
    def __init__(self, system: System, deployer: str) -> None:
        self.system = system
        self.recording = Recording(system)
        self.names: dict[str, str] = {deployer: "owner"}
        usual = zip(USUAL_ROLES, ape.accounts.test_accounts, strict=False)
        for role, account in usual:
            taken = role in self.names.values()
            self.names.setdefault(str(account.address), f"first_{role}" if taken else role)
        self.positions: dict[int, str] = {}
        self.counts: dict[str, int] = {}
        self.sent: dict[str, int] = {}
        self.involved: dict[str, None] = {}

    def record(self, first: int) -> Recording:
        chain = self.system.chain
        last = chain.provider.get_block("latest").number or 0
        found: list[tuple[int, dict[str, Any]]] = []
        for number in range(first, last + 1):
            block = chain.provider.make_request("eth_getBlockByNumber", [hex(number), True])
            for transaction in block["transactions"]:
                if (transaction["to"] or "").lower() == self.system.address.lower():
                    found.append((int(block["timestamp"], 16), transaction))
        steps = [
            step for timestamp, transaction in found if (step := self._step(timestamp, transaction))
        ]
        self.recording.setup, taken = self.system.recorded_setup(self._leading(steps))
        self.recording.steps = steps[taken:]
        self._space_out()
        self._fund()
        return self.recording

    def _leading(self, steps: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """What the owner did before anybody did anything else: some of it may be the setup."""
        by_owner = takewhile(
            lambda step: step["by"] == "owner" and "event" in step.get("expect", {}), steps
        )
        return [(step["do"], step.get("with", {})) for step in by_owner]

    def _step(self, timestamp: int, transaction: dict[str, Any]) -> dict[str, Any] | None:
        system = self.system
        value = int(transaction["value"], 16)
        sender = str(to_checksum_address(transaction["from"]))
        called = system.contract.read_call(bytes.fromhex(transaction["input"][2:]))
        found = called and system.action_of(*called, value)
        if not found:
            what = called[0] if called else transaction["input"][:10]
            self._notice(f"{what} at {format_moment(timestamp)} is no action, and left out")
            return None
        action, arguments = found
        receipt = system.chain.provider.make_request(
            "eth_getTransactionReceipt", [transaction["hash"]]
        )
        step: dict[str, Any] = {
            "at": format_moment(timestamp),
            "by": self._name(sender),
            "do": action,
        }
        spec = system.actions()[action]
        written = {
            name: self._argument(spec.arguments[name], spec.units.get(name, system.symbol), one)
            for name, one in arguments.items()
        }
        if written:
            step["with"] = written
        if int(receipt["status"], 16) != 1:
            return self._refused(step, transaction["hash"])
        self.involved[sender] = None
        self.sent[sender] = self.sent.get(sender, 0) + value
        events = [system.event_of(log) for log in system.contract.read_logs(receipt["logs"])]
        purpose = event_classes(type(system), action)
        told = [event for event in events if isinstance(event, purpose)]
        if told:
            self._expect(step, action, told[-1])
        return step

    def _expect(self, step: dict[str, Any], action: str, event: Event) -> None:
        """Expect exactly this event, and name the step after what came of it."""
        position = event.position
        known = {
            camel(name): self._field(name, value)
            for name, value in vars(event).items()
            if not (is_position(name) and value not in self.positions)
            and not isinstance(value, bytes)
        }
        if position is not None:
            self.counts[action] = self.counts.get(action, 0) + 1
            name = f"{action}_{self.counts[action]}"
            step["as"] = name
            self.positions[position] = name
        step["expect"] = {"event": known}

    def _refused(self, step: dict[str, Any], txn_hash: str) -> dict[str, Any] | None:
        """A transaction that failed: a step that is refused, for the same reason."""
        refusal = None
        with suppress(ApeException, KeyError, TypeError, ValueError):
            trace = self.system.chain.provider.make_request(
                "debug_traceTransaction", [txn_hash, {"tracer": "callTracer"}]
            )
            refusal = self.system.contract.errors.decode(bytes.fromhex(trace["output"][2:]))
        if refusal is None or not refusal.name.isidentifier():
            self._notice(f"why {step['do']} at {step['at']} failed is not known; it is left out")
            return None
        if refusal.name == "ERC20InsufficientAllowance":
            # In a scenario everybody lets the system take what it is given.
            self._notice(f"{step['do']} at {step['at']} lacked an allowance; it is left out")
            return None
        fields = self._refusal_fields(refusal)
        step["expect"] = {"refused": {refusal.name: fields} if fields else refusal.name}
        return step

    def _refusal_fields(self, refusal: Refused) -> dict[str, Any]:
        return {
            camel(name): self._field(name, value)
            for name, value in refusal.fields.items()
            if not (is_position(name) and value not in self.positions)
            and not isinstance(value, bytes)
        }

    def _argument(self, kind: ArgumentKind, symbol: str, value: Any) -> Any:
        if isinstance(value, Enum):
            return value.name.lower()
        if kind is ArgumentKind.AMOUNT:
            return format_amount(value, symbol)
        if kind is ArgumentKind.POSITION:
            return self.positions.get(value, value)
        if kind is ArgumentKind.PARTY:
            return self._name(value)
        if kind is ArgumentKind.MOMENT:
            return format_moment(value)
        if kind is ArgumentKind.POWER:
            return power_name(value)
        return value

    def _field(self, name: str, value: Any) -> Any:
        """A field of an event or an error, as a file has it."""
        if isinstance(value, Enum):
            return value.name.lower()
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._name(value)
        if is_moment(name):
            return format_moment(value) if value else 0
        if is_position(name):
            return self.positions[value]
        if is_device(name) or is_counted(name) or is_share(name) or is_shares(name):
            return value
        return format_amount(value, self.system.symbol)

    def _name(self, address: str) -> str:
        """The role of an account; others than the usual ones are somebody."""
        known = [name for name in self.names.values() if name.startswith("somebody_")]
        return self.names.setdefault(address, f"somebody_{len(known) + 1}")

    def _space_out(self) -> None:
        """Give each step a second of its own: in a scenario no two share one."""
        last = SESSION_START
        moved = 0
        for step in self.recording.steps:
            at = parse_moment(step["at"])
            if at <= last:
                at = last + 1
                moved += 1
                step["at"] = format_moment(at)
            if "refused" not in step.get("expect", {}):
                last = at
        if moved:
            self._notice(f"{moved} steps shared a second with another, and are a second later")

    def _fund(self) -> None:
        """Give everybody what makes them hold in the end what they hold now."""
        system = self.system
        for account in self.involved:
            if isinstance(system.money[system.symbol], Coin):
                amount = self.sent.get(account, 0)
            else:
                amount = system.token.balance_of(account)
                for log, *_ in system.token.contract.history():
                    if log.name == "Transfer":
                        giver, taker, moved = log.fields.values()
                        amount += moved if (giver, taker) == (account, system.address) else 0
                        amount -= moved if (giver, taker) == (system.address, account) else 0
            if amount:
                self.recording.funds[self._name(account)] = format_amount(amount, system.symbol)

    def _notice(self, text: str) -> None:
        self.recording.notices.append(text)
