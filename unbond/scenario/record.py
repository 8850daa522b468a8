"""Turning what happened to a system on a chain, by whatever client, into a scenario."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import ape
from ape.exceptions import ApeException
from eth_utils.address import to_checksum_address

from unbond.amounts import format_amount
from unbond.book import Deployment
from unbond.roles import USUAL_ROLES
from unbond.scenario.known import event_classes
from unbond.scenario.write import StepWriter, scenario_text
from unbond.systems import System
from unbond.systems.base import Coin, Token
from unbond.when import SESSION_START, format_moment, parse_moment

_ALLOWING = ("approve", "permit")
"""Methods by which somebody lets another take his tokens: nothing has happened yet."""


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
        return scenario_text(
            title=title,
            system=self.system.name,
            setup=self.setup,
            funds=self.funds,
            steps=self.steps,
        )


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
        self.sent: dict[str, int] = {}
        self.involved: dict[str, None] = {}
        self.doors = system.doors
        tokens = [one.address for one in system.money.values() if isinstance(one, Token)]
        self.writer = StepWriter(type(system), self._name, nameless={*self.doors, *tokens})

    def record(self, first: int) -> Recording:
        chain = self.system.chain
        last = chain.provider.get_block("latest").number or 0
        doors = {address.lower(): address for address in self.doors}
        unseen = self._touched(first)
        steps = []
        for number in range(first, last + 1):
            block = chain.provider.make_request("eth_getBlockByNumber", [hex(number), True])
            timestamp = int(block["timestamp"], 16)
            for transaction in block["transactions"]:
                door = doors.get((transaction["to"] or "").lower())
                step = self._step(timestamp, transaction, door) if door else None
                if step is not None:
                    steps.append(step)
                if door is None and transaction["to"] and transaction["hash"] in unseen:
                    self._notice(
                        f"a call through {to_checksum_address(transaction['to'])} at "
                        f"{format_moment(timestamp)} cannot be a step, and is left out"
                    )
        self.recording.setup, taken = self.system.recorded_setup(self._leading(steps), self._name)
        self.recording.steps = steps[taken:]
        self._space_out()
        self._fund()
        return self.recording

    def _touched(self, first: int) -> set[str]:
        """The hashes of the transactions since a block in which one of the contracts spoke."""
        question = {"fromBlock": hex(first), "address": list(self.doors)}
        logs = self.system.chain.provider.make_request("eth_getLogs", [question])
        return {str(log["transactionHash"]) for log in logs}

    def _leading(self, steps: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        """What the owner did before anybody did anything else: some of it may be the setup."""
        by_owner = takewhile(
            lambda step: step["by"] == "owner" and "event" in step.get("expect", {}), steps
        )
        return [(step["do"], step.get("with", {})) for step in by_owner]

    def _step(
        self, timestamp: int, transaction: dict[str, Any], door: str
    ) -> dict[str, Any] | None:
        system = self.system
        value = int(transaction["value"], 16)
        sender = str(to_checksum_address(transaction["from"]))
        called = self.doors[door].read_call(bytes.fromhex(transaction["input"][2:]))
        found = called and system.action_at(door, *called, value)
        if not found:
            if called and called[0] in _ALLOWING:
                return None
            what = called[0] if called else transaction["input"][:10]
            self._notice(f"{what} at {format_moment(timestamp)} is no action, and left out")
            return None
        action, arguments = found
        receipt = system.chain.provider.make_request(
            "eth_getTransactionReceipt", [transaction["hash"]]
        )
        step = self.writer.step(timestamp, sender, action, arguments)
        if int(receipt["status"], 16) != 1:
            return self._refused(step, transaction["hash"])
        self.involved[sender] = None
        self.sent[sender] = self.sent.get(sender, 0) + value
        events = [system.event_of(log) for log in system.contract.read_logs(receipt["logs"])]
        purpose = event_classes(type(system), action)
        told = [event for event in events if isinstance(event, purpose)]
        if told:
            self.writer.succeeds(step, told[-1])
        return step

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
        self.writer.is_refused(step, refusal)
        return step

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
            # Who has a position is shown in the timeline.
            if amount or system.positions_of(account):
                self.recording.funds[self._name(account)] = format_amount(amount, system.symbol)

    def _notice(self, text: str) -> None:
        self.recording.notices.append(text)
