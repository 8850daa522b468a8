"""What the tests of liquid staking have in common: a pool with its tokens and validators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ape.types import AddressType

from unbond.artifacts import container, instance
from unbond.chain import Chain, Contract, Log
from unbond.clock import LAST_BLOCK
from unbond.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from ape.api.accounts import AccountAPI

DAY = 24 * 60 * 60
COIN = 10**18
PERIOD = 35 * DAY
TARGET = 35 * DAY
FIRST_FIT, PARTIAL_FIFO = 0, 1
RATE = 10_000
"""What a validator's principal earns in 365 days: as much as it is, in 1/10 000."""
ZERO_ADDRESS = "0x" + "00" * 20
MIN_SHARES = 10**15
FILL = 500 * COIN
"""What a validator has to pay rewards with."""


def id_of(address: str, place: int) -> int:
    """The id of a request: its owner's address, followed by its place in 96 bits."""
    return int(address, 16) * 2**96 + place


def place_of(identifier: int) -> int:
    """The place in an id."""
    return identifier % 2**96


class Pool:
    """A pool on a chain, with its tokens and its validators."""

    def __init__(
        self,
        chain: Chain,
        owner: AccountAPI,
        treasury: str,
        policy: int,
        *,
        validators: int | list[Contract] = 1,
        rate: int = RATE,
        funded: bool = True,
    ) -> None:
        """Deploy it, with validators that are there, or with that many simulated ones."""
        self.chain = chain
        self.owner = owner
        self.treasury = treasury
        self.policy = policy
        self.validators = validators if isinstance(validators, list) else []
        for _ in range(0 if isinstance(validators, list) else validators):
            there = chain.deploy(container("LockupValidator"), PERIOD, rate, sender=owner)
            self.validators.append(Contract(chain, instance("LockupValidator", there.address)))
            if funded:
                chain.transfer(owner, there.address, FILL)
        addresses = [validator.address for validator in self.validators]
        kinds = [container(name) for name in ("LockupValidator", "BondToken", "CertificateToken")]
        errors = [kind.contract_type.errors for kind in kinds]
        kind, admin = container("LiquidStaking"), str(owner.address)
        self.deployed = chain.deploy(kind, addresses, policy, treasury, admin, sender=owner)
        self.contract = Contract(chain, instance("LiquidStaking", self.deployed.address), *errors)
        own = self.contract.instance.contract_type.errors
        bonds, certificates = self.view("bonds"), self.view("certificates")
        self.bonds = Contract(chain, instance("BondToken", bonds), own)
        self.certificates = Contract(chain, instance("CertificateToken", certificates), own)

    @property
    def address(self) -> str:
        """Where it is."""
        return self.contract.address

    def view(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Ask the pool."""
        return self.contract.view(method, *arguments, **options)

    def act(self, sender: AccountAPI, method: str, *arguments: Any, value: int = 0) -> list[Log]:
        """Send a transaction to the pool; returns its events."""
        receipt = self.contract.act(method, *arguments, sender=sender, value=value)
        return list(self.contract.logs(receipt))

    def gas(self, sender: AccountAPI, method: str, *arguments: Any, value: int = 0) -> int:
        """What a transaction costs."""
        return int(self.contract.act(method, *arguments, sender=sender, value=value).gas_used)

    def stake(self, sender: AccountAPI, amount: int, *, bonds: bool = False) -> int:
        """Stake; returns the shares."""
        method = "stakeForBonds" if bonds else "stakeForCertificates"
        (staked,) = [log for log in self.act(sender, method, value=amount) if log.name == "Staked"]
        return int(staked.fields["shares"])

    def burn(self, sender: AccountAPI, shares: int) -> int:
        """Burn certificates; returns the id of the request."""
        (burnt,) = self.act(sender, "burnCertificates", shares)
        return int(burnt.fields["request_id"])

    def burn_bonds(self, sender: AccountAPI, amount: int) -> int:
        """Burn bonds; returns the id of the request."""
        (burnt,) = self.act(sender, "burnBonds", amount)
        return int(burnt.fields["request_id"])

    def settle(self, sender: AccountAPI, maximum: int = 1000) -> list[int]:
        """Settle; returns the ids that were served, in order."""
        logs = self.act(sender, "settle", maximum)
        return [log.fields["request_id"] for log in logs if log.name in ("Paid", "SetAside")]

    def state(self) -> tuple[int, int]:
        """Pool value and shares."""
        return self.view("poolValue"), self.view("totalShares")


def balance(chain: Chain, address: str) -> int:
    """The coins at an address."""
    return int(chain.provider.get_balance(AddressType(address)))


def check_ledger(pool: Pool) -> tuple[int, ...]:
    """L-10: the books balance to the wei, and what they say is here is here."""
    ledger = pool.view("ledger", block=LAST_BLOCK)
    delegated, released, free, set_aside, value, owed, claimable = ledger
    assert delegated + released + free + set_aside == value + owed + claimable
    assert pool.view("assets", block=LAST_BLOCK) == pool.view("liabilities", block=LAST_BLOCK)
    assert pool.view("assets", block=LAST_BLOCK) == value + owed + claimable
    assert pool.view("freeLiquidity", block=LAST_BLOCK) == released + free
    assert balance(pool.chain, pool.address) >= released + free + set_aside
    principals = [validator.view("principal", block=LAST_BLOCK) for validator in pool.validators]
    assert sum(principals) == delegated
    shares = pool.view("totalShares", block=LAST_BLOCK)
    bonds = pool.view("bondShares", block=LAST_BLOCK)
    assert bonds + pool.certificates.view("totalSupply", block=LAST_BLOCK) == shares
    assert (shares == 0) == (value == 0)
    assert value >= shares
    return tuple(ledger)


def refusal_of(action: Callable[..., object], *arguments: Any, **options: Any) -> Refused | None:
    """What an action is refused with; None if it succeeds."""
    try:
        action(*arguments, **options)
    except Refused as refused:
        return refused
    return None
