"""Gas of each action of each system, on eth-tester: few and many lots, a device alone and shared.

.venv/bin/python benchmarks/gas.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ape
from ape.logging import LogLevel, logger
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sizes import size

from unbond.chain import Chain
from unbond.roles import Roles
from unbond.speed import stop_replay
from unbond.systems.base import Receipt
from unbond.systems.delegated import EPOCH, MIN_STAKE, DelegatedStaking, Staked
from unbond.systems.device import BASE_STAKE, CO_STAKE_WAIT, COOLDOWN, DeviceStaking

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

LOTS = size("LOTS", 1000)
"""How many lots are many."""
REWARDS = 100 * 10**18


class LotBench:
    """Delegated staking in everyday use: others have staked before, epochs have passed."""

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


class DeviceBench:
    """Device staking in everyday use: others have staked and earned before."""

    def __init__(self) -> None:
        """Deploy and use it."""
        self.chain = Chain()
        self.chain.clock.start()
        self.roles = Roles(self.chain)
        self.owner = self.roles.account("owner")
        self.system = DeviceStaking.deploy(self.chain, self.owner)
        self.fund(self.owner)
        self.last = 0
        self.gas: dict[str, dict[str, int]] = {}
        other = self.somebody("other")
        self.system.stake(other, self.device(), BASE_STAKE)
        self.system.distribute(self.owner, self.last, REWARDS)

    def fund(self, account: AccountAPI) -> None:
        """Give an account far more than it needs, and let the system take it."""
        self.system.fund(self.owner, account, 1000 * BASE_STAKE)

    def somebody(self, role: str) -> AccountAPI:
        """An account that has tokens and has never staked."""
        account = self.roles.account(role)
        self.fund(account)
        return account

    def device(self) -> int:
        """A new device that requires 200."""
        self.last += 1
        self.note(
            "register", "alone", self.system.register_device(self.owner, self.last, 10_000, 1)
        )
        return self.last

    def note(self, action: str, column: str, receipt: Receipt[Any]) -> None:
        """Write down what an action cost."""
        self.gas.setdefault(action, {})[column] = receipt.gas_used

    def measure(self) -> None:
        """Measure each action on a device that one wallet has, and on one with a co-stake."""
        owner, co_staker = self.somebody("worker"), self.somebody("co_staker")
        device, other = self.device(), self.device()
        self.note("stake, first of the account", "alone", self.stake(owner, device))
        self.note("stake, another device", "alone", self.stake(owner, other))
        self.shared(other, owner, co_staker)
        for column, number in (("alone", device), ("co-staked", other)):
            self.note("stake more", column, self.stake(owner, number))
            part = self.system.unstake_amount(owner, number, BASE_STAKE // 4)
            self.note("unstake a part of the overflow", column, part)
            self.note("withdraw overflow", column, self.system.withdraw_overflow(owner, number))
            self.note("distribute, first to a device", column, self.distribute(number))
            self.note("distribute, again", column, self.distribute(number))
            self.note("claim rewards", column, self.system.claim_rewards(owner, number))
            rented = self.system.set_rented(self.owner, number, True)
            self.note("set rented", column, rented)
            self.system.set_rented(self.owner, number, False)
            changed = self.system.set_requirement(self.owner, number, 10_000, 1)
            self.note("set requirement", column, changed)
            left = self.system.unstake(owner, number)
            self.note("unstake", column, left)
            self.chain.clock.travel(COOLDOWN)
            self.note("withdraw", column, self.system.withdraw(owner, left.main.exit_id))
        self.co_staker_first(owner, co_staker)

    def co_staker_first(self, owner: AccountAPI, co_staker: AccountAPI) -> None:
        """Measure the other order, and the offers."""
        number = self.device()
        self.stake(owner, number)
        opened = self.system.open_offer(owner, number, BASE_STAKE // 2, 2500)
        self.note("open offer", "alone", opened)
        self.note("close offer", "alone", self.system.close_offer(owner, number))
        newcomer = self.somebody("newcomer")
        self.note("accept offer, first of the account", "co-staked", self.accept(number, newcomer))
        left = self.system.unstake_co_stake(newcomer, number)
        self.note("unstake co-stake", "co-staked", left)
        self.chain.clock.travel(CO_STAKE_WAIT - 10)
        self.note("unstake during the wait", "co-staked", self.system.unstake(owner, number))
        self.chain.clock.travel(COOLDOWN)
        paid = self.system.withdraw(newcomer, left.main.exit_id)
        self.note("withdraw co-stake", "co-staked", paid)
        ended = self.system.terminate_device(self.owner, number)
        self.note("terminate", "alone", ended)

    def shared(self, number: int, owner: AccountAPI, co_staker: AccountAPI) -> None:
        """Give a device a co-staker."""
        self.system.open_offer(owner, number, BASE_STAKE // 2, 2500)
        nonce = self.system.co_stake_of(number).offer_nonce
        self.system.accept_offer(co_staker, number, nonce, BASE_STAKE // 2, 2500)

    def accept(self, number: int, co_staker: AccountAPI) -> Receipt[Any]:
        """Offer a device and accept the offer."""
        owner = self.roles.account("worker")
        nonce = self.system.open_offer(owner, number, BASE_STAKE // 2, 2500).main.nonce
        return self.system.accept_offer(co_staker, number, nonce, BASE_STAKE // 2, 2500)

    def stake(self, owner: AccountAPI, number: int) -> Receipt[Any]:
        """Stake what a device requires."""
        return self.system.stake(owner, number, BASE_STAKE)

    def distribute(self, number: int) -> Receipt[Any]:
        """Bring in rewards for one device."""
        return self.system.distribute(self.owner, number, REWARDS)


def show(title: str, columns: list[str], rows: dict[str, list[int | None]]) -> None:
    """Print what was measured."""
    table = Table("action", *columns, title=title, title_justify="left")
    for name, row in rows.items():
        table.add_row(name, *(f"{gas}" if gas is not None else "–" for gas in row))
    Console().print(table)


def main() -> None:
    """Measure with few lots, add many, measure again; then devices."""
    logger.set_level(LogLevel.WARNING)
    stop_replay()
    with ape.networks.parse_network_choice("ethereum:local:test"):
        lots = LotBench()
        lots.measure()
        for _ in track(range(LOTS), f"{LOTS} lots"):
            lots.stake()
        lots.measure()
        rows: dict[str, list[int | None]] = {name: [*gas] for name, gas in lots.gas.items()}
        show("delegated staking", ["few lots", f"{LOTS} lots more"], rows)
        devices = DeviceBench()
        devices.measure()
        columns = ["alone", "co-staked"]
        rows = {name: [gas.get(one) for one in columns] for name, gas in devices.gas.items()}
        show("device staking", columns, rows)


if __name__ == "__main__":
    main()
