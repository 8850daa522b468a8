"""Gas of each action of delegated staking, with 1 and with 1 000 lots, on eth-tester.

.venv/bin/python benchmarks/gas.py
"""

from __future__ import annotations

import os

import ape
from ape.logging import LogLevel, logger
from rich.console import Console
from rich.progress import track
from rich.table import Table

from unbond.chain import Chain
from unbond.console_logs import stop_replay
from unbond.roles import Roles
from unbond.systems.base import Receipt
from unbond.systems.delegated import EPOCH, MIN_STAKE, DelegatedStaking, Staked

LOTS = int(os.environ.get("LOTS", "1000"))
"""How many lots are many."""
REWARDS = 100 * 10**18


class Bench:
    """A system in everyday use: others have staked before, epochs have passed."""

    def __init__(self) -> None:
        """Deploy and fill it."""
        self.chain = Chain()
        self.clock = self.chain.clock
        self.clock.start()
        roles = Roles(self.chain)
        self.owner, provider, self.staker, other = map(
            roles.account, ("owner", "provider", "delegator", "latecomer")
        )
        self.provider = str(provider.address)
        self.system = DelegatedStaking.deploy(self.chain, self.owner)
        self.system.add_provider(self.owner, self.provider, 500)
        for account in (self.owner, self.staker, other):
            self.system.fund(self.owner, account, (100 + 10 * LOTS) * MIN_STAKE)
        self.system.stake(other, self.provider, MIN_STAKE)
        self.clock.travel(EPOCH)
        self.gas: dict[str, list[int]] = {}

    def measure(self) -> None:
        """Add the gas of each action as things stand."""
        system, staker, clock = self.system, self.staker, self.clock

        def note(name: str, gas: int) -> None:
            self.gas.setdefault(name, []).append(gas)

        note("stake, first of the account or one more", self.stake().gas_used)
        lot = self.stake()
        note("stake, one more", lot.gas_used)
        whole = self.stake().main.stake_id
        unpaid = self.stake().main.stake_id
        clock.at(lot.main.unlocks_at)
        receipt = system.unstake(staker, unpaid, MIN_STAKE)
        note("unstake, a whole lot without rewards", receipt.gas_used)
        note("distribute, first of an epoch", self.distribute())
        note("distribute, again", self.distribute())
        receipt_rewards = system.claim_rewards(staker, whole)
        note("claim rewards", receipt_rewards.gas_used)
        clock.travel(EPOCH)
        self.distribute()
        note("unstake, a whole lot with rewards", system.unstake(staker, whole, MIN_STAKE).gas_used)
        large = system.stake(staker, self.provider, 3 * MIN_STAKE).main
        clock.at(large.unlocks_at)
        receipt = system.unstake(staker, large.stake_id, MIN_STAKE)
        note("unstake, a part without rewards", receipt.gas_used)
        clock.at(receipt.main.available_at)
        note("claim", system.claim(staker, unpaid).gas_used)

    def stake(self) -> Receipt[Staked]:
        """One more lot of the minimum."""
        return self.system.stake(self.staker, self.provider, MIN_STAKE)

    def distribute(self) -> int:
        """Bring in rewards; returns the gas."""
        return self.system.distribute(self.owner, self.provider, REWARDS).gas_used


def main() -> None:
    """Measure with few lots, add many, measure again."""
    logger.set_level(LogLevel.WARNING)
    stop_replay()
    with ape.networks.parse_network_choice("ethereum:local:test"):
        bench = Bench()
        bench.measure()
        for _ in track(range(LOTS), f"{LOTS} lots"):
            bench.stake()
        bench.measure()
        table = Table("action", "few lots", f"{LOTS} lots more")
        for name, (few, many) in bench.gas.items():
            table.add_row(name, f"{few}", f"{many}")
        Console().print(table)


if __name__ == "__main__":
    main()
