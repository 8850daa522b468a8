"""Gas of liquid staking's queue with few and with many waiting requests, on anvil.

.venv/bin/python benchmarks/payouts.py
WAITING=1,1000,100000 .venv/bin/python benchmarks/payouts.py
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ape
from ape.contracts import ContractInstance
from ape.logging import LogLevel, logger
from ape.types import AddressType
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sizes import sizes

from unbond.chain import Chain, Contract
from unbond.roles import Roles
from unbond.speed import stop_replay
from unbond.systems.liquid import LiquidStaking, PayoutPolicy
from unbond.when import DAY

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

WAITING = sizes("WAITING", "1,1000")
"""How many requests wait that do not fit."""
FTM = 10**18
BATCH = 400
"""How many requests are made in one transaction while the queue is filled."""
PEOPLE = 20
LOCKUP = 35 * DAY
GAS_LIMIT = 2 * 10**9

Figures = dict[str, int]


class Queue:
    """A pool in which one contract waits for large amounts, and people come with small ones."""

    def __init__(self, policy: PayoutPolicy, waiting: int) -> None:
        """Deploy and fill it."""
        chain = Chain()
        chain.provider.make_request("evm_setBlockGasLimit", [hex(GAS_LIMIT)])
        chain.clock.start()
        roles = Roles(chain)
        self.owner = roles.account("owner")
        self.people = [roles.account(f"person{number}") for number in range(PEOPLE)]
        validator = LiquidStaking.deploy_validator(chain, self.owner, lockup=LOCKUP, rate=1000)
        self.system = LiquidStaking.deploy(
            chain, self.owner, validators=[validator], policy=policy, treasury=validator
        )
        crowd = _patron(chain, self.owner)
        for account in (self.owner, *self.people):
            self.system.fund(self.owner, account, 100 * FTM)
        coins = (waiting + 1) * 10 * FTM
        chain.provider.make_request("anvil_setBalance", [crowd.address, hex(coins)])
        stake = self.system.contract.instance.stakeForCertificates.encode_input()
        crowd.act("act", self.system.address, stake, coins, sender=self.owner)
        for person in self.people:
            self.system.stake_for_certificates(person, 50 * FTM)
        # The lock-up period ends before anybody asks, so that nobody is overdue.
        chain.clock.travel(LOCKUP)
        for first in track(range(0, waiting, BATCH), f"{policy.name.lower()}, {waiting} waiting"):
            shares = [10 * FTM] * min(BATCH, waiting - first)
            crowd.act("burnAll", self.system.address, shares, sender=self.owner)

    def request(self, person: AccountAPI) -> int:
        """Ask for one coin; returns the gas."""
        return self.system.burn_certificates(person, FTM).gas_used

    def settle(self, coins: int) -> int:
        """Let so many coins become free and settle; returns the gas."""
        self.system.release(self.owner, 0, coins * FTM)
        return self.system.settle(self.owner, 1000).gas_used

    def requests(self, figures: Figures) -> None:
        """Measure what asking costs."""
        figures["request, first of the account"] = _average(map(self.request, self.people))
        figures["request, again"] = _average(map(self.request, self.people))


def first_fit(waiting: int) -> Figures:
    """The figures of first fit; everybody who waited before asked for too much."""
    figures: Figures = {}
    queue = Queue(PayoutPolicy.FIRST_FIT, waiting)
    queue.requests(figures)
    figures["settle, one payment"] = queue.settle(1)
    figures["settle, for each of 9 payments"] = queue.settle(9) // 9
    queue.system.release(queue.owner, 0, FTM // 2)
    figures["settle, nothing fits"] = queue.system.settle(queue.owner, 1000).gas_used
    return figures


def partial_fifo(waiting: int) -> Figures:
    """The figures of parts by age."""
    figures: Figures = {}
    queue = Queue(PayoutPolicy.PARTIAL_FIFO, waiting)
    queue.requests(figures)
    figures["settle, first"] = queue.settle(5)
    figures["settle, a part of one"] = queue.settle(3)
    figures["settle, all"] = queue.settle(10 * waiting + 100)
    person = queue.people[0]
    identifier = queue.system.positions_of(str(person.address))[0].id
    claimed = queue.system.claim(person, identifier, str(person.address))
    figures["claim"] = claimed.gas_used
    return figures


def main() -> None:
    """Measure both policies with each number of waiting requests."""
    logger.set_level(LogLevel.WARNING)
    stop_replay()
    with ape.networks.parse_network_choice("ethereum:local:foundry"):
        chain = Chain()
        for title, measure in (("first fit", first_fit), ("in parts, by age", partial_fifo)):
            columns: list[Figures] = []
            for waiting in WAITING:
                snapshot = chain.provider.snapshot()
                columns.append(measure(waiting))
                chain.provider.restore(snapshot)
            table = Table(title=title, title_justify="left")
            table.add_column("action")
            for waiting in WAITING:
                table.add_column(f"{waiting} waiting", justify="right")
            for action in columns[0]:
                table.add_row(action, *(str(column[action]) for column in columns))
            Console().print(table)


def _patron(chain: Chain, owner: AccountAPI) -> Contract:
    """A contract that makes many requests in one transaction."""
    kind = ape.Project(Path(__file__).parent.parent / "tests" / "mocks").contracts["Patron"]
    there = chain.deploy(kind, sender=owner)
    return Contract(chain, ContractInstance(AddressType(there.address), kind.contract_type))


def _average(costs: map[int]) -> int:
    gas = list(costs)
    return sum(gas) // len(gas)


if __name__ == "__main__":
    main()
