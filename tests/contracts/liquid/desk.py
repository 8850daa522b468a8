"""A pool in several hands, and its books and everybody's coins to the wei after every step (L-10).

The times and sums of SPEC are written down in ``checks`` a second time, so that a test does not
compare the driver's constants with themselves.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.contracts.checks import refusal_of
from unbond.artifacts import instance
from unbond.chain import Chain, Contract
from unbond.clock import LAST_BLOCK
from unbond.errors import Refused
from unbond.positions import Position, PositionKind, PositionState
from unbond.roles import WELL_KNOWN
from unbond.systems.liquid import Ledger, LiquidStaking, PayoutPolicy

from .checks import COIN, FILL, PERIOD, RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ape.api.accounts import AccountAPI

    from unbond.roles import Roles

PEOPLE = (*WELL_KNOWN, "treasury")

YEARLY = 365 * COIN
"""Principal that earns one coin a day at ``RATE``, to the wei."""
REWARDS = 35 * COIN
FEE = 5_250_000_000_000_000_000
NET = 29_750_000_000_000_000_000
"""What it earns in a lock-up period of 35 days, the treasury's 15 % of that, and the rest."""


@dataclass(frozen=True)
class Terms:
    """A simulated validator."""

    period: int = PERIOD
    rate: int = RATE
    funds: int = FILL


@dataclass(frozen=True)
class Look:
    """The books, and who holds how many coins."""

    ledger: Ledger
    shares: int
    uninvited: int
    """What the pool holds and does not count."""
    coins: dict[str, int]


class Desk:
    """A pool whose powers are each in its own hands, with simulated validators."""

    def __init__(
        self,
        chain: Chain,
        roles: Roles,
        till: Contract,
        policy: int,
        *terms: Terms,
        treasury: str | None = None,
        others: tuple[str, ...] = (),
    ) -> None:
        """Deploy it with simulated validators, and after them with ``others``."""
        self.chain = chain
        self._till = till
        owner = roles.account("owner")
        addresses = [
            LiquidStaking.deploy_validator(
                chain, owner, lockup=each.period, rate=each.rate, funds=each.funds
            )
            for each in terms
        ]
        self.treasury = treasury or str(roles.account("treasury").address)
        self.liquid = LiquidStaking.deploy(
            chain,
            owner,
            validators=[*addresses, *others],
            policy=PayoutPolicy(policy),
            treasury=self.treasury,
        )
        for power in self.liquid.powers:
            holder = roles.address(power.removesuffix("_ROLE").lower())
            self.liquid.grant_role(owner, power, holder)
            self.liquid.revoke_role(owner, power, str(owner.address))
        self.validators = [Contract(chain, instance("LockupValidator", each)) for each in addresses]
        self.simulated_only = not others
        self._addresses = {role: roles.address(role) for role in PEOPLE}
        self._last: tuple[bytes, Look] | None = None
        errors = self.liquid.contract.instance.contract_type.errors
        bonds = str(self.liquid.contract.view("bonds"))
        certificates = str(self.liquid.contract.view("certificates"))
        self.bonds = Contract(chain, instance("BondToken", bonds), errors)
        self.certificates = Contract(chain, instance("CertificateToken", certificates), errors)
        assert self.liquid.ledger() == Ledger(0, 0, 0, 0, 0, 0, 0)

    def until(self, validator: int = 0) -> int:
        """When a validator's lock-up period ends."""
        return int(self.validators[validator].view("lockedUntil"))

    def address(self, role: str) -> str:
        """Where somebody is."""
        return self._addresses[role]

    def give(self, giver: AccountAPI, taker: AccountAPI, shares: int) -> None:
        """Hand over certificates."""
        self.certificates.act("transfer", str(taker.address), shares, sender=giver)

    def stake(self, staker: AccountAPI, amount: int = YEARLY) -> None:
        """Stake for certificates when a share is worth a wei, which moves nothing else."""
        role = next(each for each, where in self._addresses.items() if where == staker.address)
        change = {role: -amount}
        with self.moves(delegated=amount, value=amount, shares=amount, **change):
            self.liquid.stake_for_certificates(staker, amount)

    def burn(self, holder: AccountAPI, shares: int) -> int:
        """Burn certificates at the present rate; returns the request's id."""
        amount = shares * self.liquid.pool_value() // self.liquid.total_shares()
        with self.moves(value=-amount, owed=amount, shares=-shares):
            burnt = self.liquid.burn_certificates(holder, shares)
        assert (burnt.main.shares, burnt.main.amount) == (shares, amount)
        return burnt.main.request_id

    def look(self) -> Look:
        """The books now; they balance (L-10)."""
        block = bytes(self.chain.provider.get_block(LAST_BLOCK).hash or b"")
        if self._last is not None and self._last[0] == block:
            return self._last[1]
        books, principal = self._till.view("look", self.liquid.address, block=LAST_BLOCK)
        ledger = Ledger(*books[:7])
        shares, bond_shares, assets, liabilities, liquidity = books[7:]
        held = ledger.released + ledger.free + ledger.set_aside
        assert assets == ledger.delegated + held
        assert liabilities == ledger.pool_value + ledger.owed + ledger.claimable
        assert assets == liabilities
        assert ledger.set_aside == ledger.claimable
        assert liquidity == ledger.released + ledger.free
        assert principal == ledger.delegated
        if self.simulated_only:
            theirs = (each.view("principal", block=LAST_BLOCK) for each in self.validators)
            assert sum(theirs) == ledger.delegated
        uninvited = self.chain.balance_of(self.liquid.address, LAST_BLOCK) - held
        assert uninvited >= 0
        assert (shares == 0) == (ledger.pool_value == 0)
        assert ledger.pool_value >= shares >= bond_shares
        # Not seen from within a call, for which somebody pays as well.
        coins = {
            role: self.chain.balance_of(address, LAST_BLOCK)
            for role, address in self._addresses.items()
        }
        look = Look(ledger, shares, uninvited, coins)
        self._last = block, look
        return look

    @contextmanager
    def moves(
        self,
        *,
        delegated: int = 0,
        released: int = 0,
        free: int = 0,
        set_aside: int = 0,
        value: int = 0,
        owed: int = 0,
        shares: int = 0,
        uninvited: int = 0,
        **people: int,
    ) -> Iterator[None]:
        """What happens inside changes the books and people's coins by exactly this, in wei.

        What people pay for gas is left out of account.
        """
        before, height = self.look(), self._height
        yield
        after = self.look()
        old, new = before.ledger, after.ledger
        expected = Ledger(
            old.delegated + delegated,
            old.released + released,
            old.free + free,
            old.set_aside + set_aside,
            old.pool_value + value,
            old.owed + owed,
            old.claimable + set_aside,
        )
        assert new == expected
        assert after.shares - before.shares == shares
        assert after.uninvited - before.uninvited == uninvited
        gas = self._gas_since(height)
        moved = {
            role: after.coins[role] - coins + gas.get(self._addresses[role], 0)
            for role, coins in before.coins.items()
        }
        assert {role: change for role, change in moved.items() if change} == people

    @contextmanager
    def rests(self) -> Iterator[None]:
        """What happens inside moves nothing."""
        with self.moves():
            yield

    @property
    def _height(self) -> int:
        return int(self.chain.provider.web3.eth.block_number)

    def _gas_since(self, height: int) -> dict[str, int]:
        """What each address has paid for gas in the blocks after this one."""
        eth = self.chain.provider.web3.eth
        paid: dict[str, int] = {}
        for number in range(height + 1, self._height + 1):
            block = eth.get_block(number)
            for txn in block["transactions"]:
                receipt = eth.get_transaction_receipt(bytes(txn))  # type: ignore[arg-type]
                gas, price = int(receipt["gasUsed"]), int(receipt["effectiveGasPrice"])
                tip = price - int(block["baseFeePerGas"])
                for address, fee in ((receipt["from"], price), (block["miner"], -tip)):
                    paid[str(address)] = paid.get(str(address), 0) + gas * fee
        return paid


def check_refused(expected: Refused, action: Callable[..., object], *arguments: object) -> None:
    """The action is refused with exactly this, and a view says the same before (C-8)."""
    assert refusal_of(action, *arguments) == expected
    system = getattr(action, "__self__", None)
    assert isinstance(system, LiquidStaking)
    view = {
        "harvest": "previewHarvest",
        "claim": "previewClaim",
        "stake_for_bonds": "previewStake",
        "stake_for_certificates": "previewStake",
        "top_up": "previewStake",
    }[action.__name__]
    assert refusal_of(system.contract.view, view, arguments[1]) == expected


def waiting(identifier: int, amount: int) -> Position:
    """A request of which nothing can be claimed."""
    return Position(
        identifier, PositionKind.EXIT, PositionState.LEAVING, amount, 0, 0, "StillWaiting"
    )


def claimable(identifier: int, amount: int) -> Position:
    """A request of which something can be claimed."""
    return Position(identifier, PositionKind.EXIT, PositionState.CLAIMABLE, amount, 0, 0, "")


def closed(identifier: int) -> Position:
    """What is left of a request that has been paid."""
    return Position(identifier, PositionKind.EXIT, PositionState.CLOSED, 0, 0, 0, "AlreadyPaid")
