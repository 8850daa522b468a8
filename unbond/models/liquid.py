"""Liquid staking (document 003): chapter L of the specification, in plain integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from eth_utils.crypto import keccak

from unbond.models.base import (
    CLAIMABLE,
    CLOSED,
    EXIT,
    LEAVING,
    NUMBER_BITS,
    Draws,
    Model,
    Money,
    Move,
    Outcome,
    Refusal,
    Row,
    amount_near,
    law,
    pick,
)

if TYPE_CHECKING:
    from random import Random

    from typing_extensions import Self

DAY = 86_400
MIN_STAKE = 10**18
"""The least that can be staked, in wei."""
FEE = 1500
"""The treasury's part of rewards, in 1/10 000 (L-3)."""
PAYOUT_TARGET = 35 * DAY
"""How long a request can be overtaken, in seconds (L-6)."""
MIN_SHARES = 10**15
"""With fewer, nobody's share grows (L-1)."""

FIRST_FIT, PARTIAL_FIFO = range(2)
"""In which order requests are paid."""


class Bonds(Money):
    """Bonds: what is held are shares, and a balance is what they are worth (L-2)."""

    def __init__(self, pool: LiquidModel) -> None:
        """Model the bonds of a pool."""
        super().__init__()
        self.pool = pool

    def of(self, account: int) -> int:
        """What the bonds of ``account`` are worth, in wei, rounded down."""
        return self.pool.worth(self.held.get(account, 0))


@dataclass(slots=True)
class Validator:
    """A simulated validator. Amounts in wei."""

    account: int
    """Where its coins are: a number that is no address, for the model knows none."""
    lockup: int
    """The length of a lock-up period, in seconds."""
    rate: int
    """What principal earns in 365 days, in 1/10 000."""
    principal: int = 0
    scheduled: int = 0
    """What the next harvest releases (L-9)."""
    opens: int = 0
    """The end of its lock-up period; 0 before the first."""
    earned: int = 0
    """What it had earned at the second ``counted``, when its principal last changed."""
    counted: int = 0

    def rewards(self, now: int) -> int:
        """What it has earned and not paid, rounded down."""
        grown = self.principal * self.rate * (now - self.counted)
        return self.earned + grown // (10_000 * 365 * DAY)

    def change(self, amount: int, now: int) -> None:
        """Add to its principal, or take from it."""
        self.earned = self.rewards(now)
        self.counted = now
        self.principal += amount


@dataclass(slots=True)
class Request:
    """An amount that was burnt (L-4). Amounts in wei."""

    id: int
    amount: int
    """What has not been paid."""
    at: int
    """When it was made."""
    claimable: int = 0
    """What of the amount is set aside for its owner."""


class LiquidModel(Model):
    """The rules of ``LiquidStaking`` and of its simulated validators.

    The contract's limits on the size of numbers are not modelled: there are never 2**96 wei.
    """

    system = "liquid"
    actions = (
        "stake_for_bonds",
        "stake_for_certificates",
        "bonds_to_certificates",
        "certificates_to_bonds",
        "send_bonds",
        "send_certificates",
        "burn_bonds",
        "burn_certificates",
        "claim",
        "harvest",
        "settle",
        "redelegate",
        "top_up",
        "claim_fees",
        "release",
        "schedule_release",
    )
    powers = ("OPERATOR_ROLE", "PAUSER_ROLE")
    tokens = ("", "bonds", "certificates")
    answers: ClassVar = {
        "freeLiquidity": "liquidity",
        "queueAhead": "queue_ahead",
        "isOverdue": "is_overdue",
        "ledger": "ledger",
        "owed": "owed",
        "poolValue": "pool_value",
        "totalShares": "shares",
    }
    payments: ClassVar = {"Claimed": (2, 4), "Paid": (2, 3)}

    def __init__(self, address: int, owner: int, *, policy: int, treasury: int) -> None:
        """Model a deployment. The tokens are what the pool makes first and second."""
        super().__init__(address, owner)
        self.policy = policy
        self.treasury = treasury
        self.validators: list[Validator] = []
        self.coin, self.bonds, self.certificates = Money(), Bonds(self), Money()
        self.money = (self.coin, self.bonds, self.certificates)
        self.bonds_token = _made_by(address, 1)
        self.certificates_token = _made_by(address, 2)
        self.refusing: set[int] = set()
        """Accounts that take no coins; nor do the pool and its tokens."""
        self.turn = 0
        """Which validator gets the next stake."""
        self.pool_value = 0
        self.shares = 0
        """How many there are, bonds and certificates together."""
        self.free = 0
        self.released = 0
        self.owed = 0
        self.set_aside = 0
        """What somebody has to claim: parts and payments of requests, and ``fees``."""
        self.fees = 0
        self.requests: dict[int, Request] = {}
        self.requests_of: dict[int, list[Request]] = {}
        self.waiting: list[Request] = []
        """Those that wait for liquidity, the oldest first."""
        self._rate = 1, 1
        """Pool value and shares after the last action."""

    @classmethod
    def establish(cls, setup: Any, find: Callable[[str], int], *, address: int, now: int) -> Self:
        """The model of a pool with the validators that ``setup`` describes."""
        policy, treasury = int(setup.policy), find(setup.treasury)
        model = cls(address, find("owner"), policy=policy, treasury=treasury)
        model.now = now
        for terms in setup.validators:
            model.add_validator(terms.lockup, terms.rate, terms.funds)
        return model

    def add_validator(self, lockup: int, rate: int, funds: int) -> None:
        """Deploy the pool with one more simulated validator.

        Args:
            lockup: the length of its lock-up periods, in seconds.
            rate: what principal earns in 365 days, in 1/10 000.
            funds: what it has to pay rewards with, in wei.
        """
        account = -1 - len(self.validators)
        self.validators.append(Validator(account, lockup, rate))
        _add(self.coin, account, funds)

    # Staker.

    def stake_for_bonds(self, sender: int, amount: int) -> tuple[int]:
        """Stake for bonds (L-1, L-3)."""
        return self._stake(sender, amount, self.bonds, self.bonds_token)

    def stake_for_certificates(self, sender: int, amount: int) -> tuple[int]:
        """Stake for certificates (L-1, L-3)."""
        return self._stake(sender, amount, self.certificates, self.certificates_token)

    def bonds_to_certificates(self, sender: int, shares: int) -> tuple[int, ...]:
        """Make bonds certificates (L-2)."""
        if shares == 0:
            raise Refusal("ZeroAmount")
        self._take(sender, self.bonds, shares, self.worth(shares))
        _add(self.certificates, sender, shares)
        self.tell("Converted", sender, self.certificates_token, shares)
        return ()

    def certificates_to_bonds(self, sender: int, shares: int) -> tuple[int, ...]:
        """Make certificates bonds (L-2)."""
        if shares == 0:
            raise Refusal("ZeroAmount")
        self._take(sender, self.certificates, shares, shares)
        _add(self.bonds, sender, shares)
        self.tell("Converted", sender, self.bonds_token, shares)
        return ()

    def send_bonds(self, sender: int, to: int, amount: int) -> tuple[int]:
        """Send bonds: the fewest shares that are worth an amount."""
        self._hand_over(self.bonds, sender, to, self.shares_worth(amount), amount)
        self.tell("BondsSent", sender, to, amount)
        return (True,)

    def send_certificates(self, sender: int, to: int, shares: int) -> tuple[int]:
        """Send certificates."""
        self._hand_over(self.certificates, sender, to, shares, shares)
        self.tell("CertificatesSent", sender, to, shares)
        return (True,)

    def burn_bonds(self, sender: int, amount: int) -> tuple[int]:
        """Burn bonds for an amount: the fewest shares that are worth it (L-1, L-4)."""
        if amount == 0:
            raise Refusal("ZeroAmount")
        shares = self.shares_worth(amount)
        self._take(sender, self.bonds, shares, amount)
        if self.shares - shares < MIN_SHARES:
            # What is rounded off is not left to so few.
            amount = self.worth(shares)
        return (self._request(sender, shares, amount),)

    def burn_certificates(self, sender: int, shares: int) -> tuple[int]:
        """Burn certificates for what they are worth (L-1, L-4)."""
        if shares == 0:
            raise Refusal("ZeroAmount")
        self._take(sender, self.certificates, shares, shares)
        return (self._request(sender, shares, self.worth(shares)),)

    def claim(self, sender: int, request: int, to: int) -> tuple[int]:
        """Be paid what is set aside for a request (L-7, L-8)."""
        owner = self.owner_of(request)
        if owner != sender:
            raise Refusal("NotYours", owner, sender)
        if to == 0:
            raise Refusal("ZeroAddress")
        found = self.requests[request]
        if found.amount == 0:
            raise Refusal("AlreadyPaid", request)
        amount = found.claimable
        if amount == 0:
            raise Refusal("StillWaiting", found.amount, self.liquidity)
        self._need_taker(to)
        found.amount -= amount
        found.claimable = 0
        self.set_aside -= amount
        self.tell("Claimed", sender, request, to, amount)
        self._send(to, amount)
        return (amount,)

    # Anyone.

    def harvest(self, sender: int, validator: int) -> tuple[int]:
        """Take the rewards of a validator whose lock-up period has ended (L-3, L-9)."""
        found = self._unlocked(validator)
        rewards = found.rewards(self.now)
        if rewards == 0:
            raise Refusal("ZeroAmount")
        funds = self.funds_of(found)
        if rewards > funds:
            raise Refusal("Underfunded", rewards, funds)
        scheduled = min(found.scheduled, found.principal)
        if scheduled:
            self.tell("ReleaseScheduled", validator, found.scheduled, 0)
            found.scheduled = 0
            self._release(validator, scheduled)
        found.earned = 0
        found.counted = self.now
        found.opens = self.now + found.lockup
        self.deadlines.append(found.opens)
        self.coin.move(found.account, self.address, rewards)
        self._share_out(validator, rewards)
        self.touched.update(self.bonds.held)
        return (rewards,)

    def settle(self, sender: int, requests: int) -> tuple[int, int]:
        """Pay requests with the liquidity that is here (L-5 to L-8)."""
        if requests == 0:
            raise Refusal("ZeroAmount")
        if self.policy == FIRST_FIT:
            count, amount = self._pay_what_fits(requests)
        else:
            count, amount = 0, self._fill()
        self.waiting = [one for one in self.waiting if one.amount > one.claimable]
        self.tell("Settled", count, amount, self.liquidity)
        return count, amount

    def redelegate(self, sender: int) -> tuple[int]:
        """Delegate all liquidity, when nobody waits (L-9)."""
        if self.owed:
            raise Refusal("RequestsWaiting", self.owed)
        amount = self.liquidity
        if amount == 0:
            raise Refusal("ZeroAmount")
        self._spend(amount)
        self._delegate(amount)
        return (amount,)

    def top_up(self, sender: int, amount: int) -> tuple[int]:
        """Bring liquidity for certificates (L-9)."""
        shares = self._buy(sender, amount, self.certificates)
        self.free += amount
        self.tell("ToppedUp", sender, amount, shares)
        return (shares,)

    # Treasury and operator.

    def claim_fees(self, sender: int, to: int) -> tuple[int]:
        """Be paid the fees that the treasury refused (L-3)."""
        if sender != self.treasury:
            raise Refusal("NotYours", self.treasury, sender)
        if to == 0:
            raise Refusal("ZeroAddress")
        amount = self.fees
        if amount == 0:
            raise Refusal("ZeroAmount")
        self._need_taker(to)
        self.fees = 0
        self.set_aside -= amount
        self.tell("FeesClaimed", to, amount)
        self._send(to, amount)
        return (amount,)

    def release(self, sender: int, validator: int, amount: int) -> tuple[int, ...]:
        """Take back principal from a validator whose lock-up period has ended (L-9)."""
        self.need("OPERATOR_ROLE", sender)
        found = self._unlocked(validator)
        if amount == 0:
            raise Refusal("ZeroAmount")
        if amount > found.principal:
            raise Refusal("ExceedsPrincipal", amount, found.principal)
        self._release(validator, amount)
        return ()

    def schedule_release(self, sender: int, validator: int, amount: int) -> tuple[int, ...]:
        """Let the next harvest of a validator take back principal first (L-9)."""
        self.need("OPERATOR_ROLE", sender)
        found = self._known(validator)
        self.tell("ReleaseScheduled", validator, found.scheduled, amount)
        found.scheduled = amount
        return ()

    # What there is to see.

    @property
    def liquidity(self) -> int:
        """What requests can be paid with, in wei."""
        return self.free + self.released

    @property
    def delegated(self) -> int:
        """Principal with validators, in wei."""
        return sum([one.principal for one in self.validators])

    def funds_of(self, validator: Validator) -> int:
        """What a validator has to pay rewards with, in wei."""
        return self.coin.of(validator.account) - validator.principal

    def ledger(self) -> tuple[int, int, int, int, int, int, int]:
        """Delegated, released, free, set aside; pool value, owed, claimable; in wei (L-10)."""
        places = self.delegated, self.released, self.free, self.set_aside
        return *places, self.pool_value, self.owed, self.set_aside

    def worth(self, shares: int) -> int:
        """What shares are worth, in wei, rounded down (L-1)."""
        return shares * self.pool_value // self.shares if self.shares else shares

    def shares_for(self, amount: int) -> int:
        """How many shares an amount buys, rounded down (L-1)."""
        return amount * self.shares // self.pool_value if self.pool_value else amount

    def shares_worth(self, amount: int) -> int:
        """The fewest shares that are worth an amount (L-1)."""
        return -(-amount * self.shares // self.pool_value) if self.pool_value else amount

    def queue_ahead(self, request: int) -> int:
        """What older requests wait for, in wei; 0 for one that does not wait."""
        self.owner_of(request)
        ahead = 0
        for one in self.waiting:
            if one.id == request:
                return ahead
            ahead += one.amount - one.claimable
        return 0

    def is_overdue(self, request: int) -> bool:
        """Whether nobody may overtake a request any more (L-6)."""
        self.owner_of(request)
        found = self.requests[request]
        return found.amount > found.claimable and self.now >= found.at + PAYOUT_TARGET

    def positions(self, account: int) -> list[Row]:
        """All requests of ``account`` (C-11)."""
        rows = []
        for one in self.requests_of.get(account, ()):
            if one.amount == 0:
                state, blocked = CLOSED, "AlreadyPaid"
            elif one.claimable == 0:
                state, blocked = LEAVING, "StillWaiting"
            else:
                state, blocked = CLAIMABLE, ""
            rows.append(Row(one.id, EXIT, state, one.amount, 0, 0, blocked))
        return rows

    def assets(self) -> int:
        """Everything that is somewhere (L-10)."""
        return self.delegated + self.liquidity + self.set_aside

    def liabilities(self) -> int:
        """Everything that is somebody's (L-10)."""
        return self.pool_value + self.owed + self.set_aside

    def views_after(self, move: Move) -> list[tuple[str, tuple[int, ...]]]:
        """The whole ledger, and where one of those who wait stands."""
        views: list[tuple[str, tuple[int, ...]]] = [("ledger", ()), ("totalShares", ())]
        if self.waiting:
            request = (self.waiting[self.now % len(self.waiting)].id,)
            views += [("queueAhead", request), ("isOverdue", request)]
        return views

    def check_laws(self, outcome: Outcome) -> None:
        """The books balance, the coins are there, and a share is never worth less (L-1, L-10)."""
        law(self.assets() == self.liabilities(), "balance", *self.ledger())
        here = self.coin.of(self.address)
        law(here == self.liquidity + self.set_aside, "coins", here, *self.ledger())
        waiting = sum([one.amount - one.claimable for one in self.waiting])
        law(waiting == self.owed, "queue", waiting, self.owed)
        value, shares = self.pool_value, self.shares
        held = sum(self.bonds.held.values()) + sum(self.certificates.held.values())
        law(held == shares <= value, "shares", held, shares, value)
        old_value, old_shares = self._rate
        # Where there are none, they begin anew at a wei each.
        self._rate = (value, shares) if shares else (1, 1)
        law(value * old_shares >= old_value * shares, "rate", value, shares, *self._rate)
        self._check_order(outcome)

    def _check_order(self, outcome: Outcome) -> None:
        """Nobody overtakes who is overdue (L-6); parts are paid strictly by age (L-7)."""
        if not self.waiting:
            return
        oldest = self.waiting[0]
        if self.policy == PARTIAL_FIFO:
            early = [one.id for one in self.waiting[1:] if one.claimable]
            law(not early, "order: parts of younger ones", oldest.id, *early)
        elif self.now >= oldest.at + PAYOUT_TARGET:
            first = _number(oldest.id)
            for fact in outcome.events:
                if fact[0] in ("Paid", "SetAside"):
                    law(_number(fact[2]) < first, "order: somebody overdue", oldest.id, fact[2])

    # Rules.

    def next_id(self, account: int) -> int:
        """The id of a new request: its owner, and its place among those of all."""
        self.last_number[account] = self.last_number.get(account, 0) + 1
        return account << NUMBER_BITS | len(self.requests) + 1

    def owner_of(self, identifier: int) -> int:
        """Whose request this is.

        Raises:
            Refusal: ``UnknownId``, when there never was one (C-12).
        """
        if identifier not in self.requests:
            raise Refusal("UnknownId", identifier)
        return identifier >> NUMBER_BITS

    def _stake(self, sender: int, amount: int, held: Money, token: int) -> tuple[int]:
        shares = self._buy(sender, amount, held)
        self.tell("Staked", sender, token, amount, shares)
        self._delegate(amount)
        return (shares,)

    def _buy(self, sender: int, amount: int, held: Money) -> int:
        """Coins come in, shares are made (L-1)."""
        self.need_open()
        if amount == 0:
            raise Refusal("ZeroAmount")
        if amount < MIN_STAKE:
            raise Refusal("BelowMinimum", amount, MIN_STAKE)
        shares = self.shares_for(amount)
        if shares == 0:
            raise Refusal("LessThanAShare", amount, self.worth(1))
        self.coin.move(sender, self.address, amount)
        self.pool_value += amount
        self._mint(sender, shares, held)
        return shares

    def _mint(self, account: int, shares: int, held: Money) -> None:
        self.shares += shares
        _add(held, account, shares)

    def _take(self, sender: int, held: Money, shares: int, amount: int) -> None:
        """Take shares from somebody; a token tells what is missing as an amount of its own."""
        if held.held.get(sender, 0) < shares:
            raise Refusal("ERC20InsufficientBalance", sender, held.of(sender), amount)
        _add(held, sender, -shares)

    def _hand_over(self, held: Money, sender: int, to: int, shares: int, amount: int) -> None:
        if to == 0:
            raise Refusal("ERC20InvalidReceiver", to)
        self._take(sender, held, shares, amount)
        _add(held, to, shares)
        self.touched.add(to)

    def _request(self, account: int, shares: int, amount: int) -> int:
        """Owe somebody an amount for shares, which are gone (L-4)."""
        self.shares -= shares
        self.pool_value -= amount
        self.owed += amount
        request = Request(self.next_id(account), amount, self.now)
        self.requests[request.id] = request
        self.requests_of.setdefault(account, []).append(request)
        self.waiting.append(request)
        self.deadlines.append(self.now + PAYOUT_TARGET)
        self.tell("Burnt", account, request.id, shares, amount)
        return request.id

    def _share_out(self, validator: int, rewards: int) -> None:
        """Give rewards to the pool and a fee to the treasury (L-1, L-3)."""
        net = rewards - rewards * FEE // 10_000
        shares = 0
        if self.shares < MIN_SHARES:
            # The treasury gets shares that move nobody's rate; the fee is what makes no whole one.
            shares = self.shares_for(net)
            net = -(-shares * self.pool_value // self.shares) if self.shares else shares
        fee = rewards - net
        self.pool_value += net
        self.free += net
        if shares:
            self._mint(self.treasury, shares, self.certificates)
        self.tell("Harvested", validator, rewards, fee, shares)
        self.touched.add(self.treasury)
        if fee == 0:
            return
        if self.takes_coins(self.treasury):
            self._send(self.treasury, fee)
        else:
            self.fees += fee
            self.set_aside += fee
            self.tell("FeeSetAside", fee)

    def _pay_what_fits(self, most: int) -> tuple[int, int]:
        """First fit (L-5, L-6, L-8): the number of requests paid, and the amount."""
        count = total = 0
        for one in self.waiting:
            if count == most:
                break
            amount = one.amount
            if amount > self.liquidity:
                if self.now >= one.at + PAYOUT_TARGET:
                    break
                continue
            count += 1
            total += amount
            owner = one.id >> NUMBER_BITS
            self._pay_off(amount)
            self.touched.add(owner)
            if self.takes_coins(owner):
                one.amount = 0
                self.tell("Paid", owner, one.id, amount)
                self._send(owner, amount)
            else:
                one.claimable = amount
                self.set_aside += amount
                self.tell("SetAside", owner, one.id, amount)
        return count, total

    def _fill(self) -> int:
        """In parts, by age (L-7): the amount that was filled."""
        total = 0
        for one in self.waiting:
            amount = min(one.amount - one.claimable, self.liquidity)
            if amount == 0:
                break
            total += amount
            self._pay_off(amount)
            one.claimable += amount
            self.set_aside += amount
            self.touched.add(one.id >> NUMBER_BITS)
        return total

    def _pay_off(self, amount: int) -> None:
        self.owed -= amount
        self._spend(amount)

    def _spend(self, amount: int) -> None:
        """Take liquidity: rewards first."""
        rewards = min(amount, self.free)
        self.free -= rewards
        self.released -= amount - rewards

    def _delegate(self, amount: int) -> None:
        """Give coins to the validator whose turn it is; its first ones start a lock-up period."""
        index = self.turn
        self.turn = (index + 1) % len(self.validators)
        found = self.validators[index]
        if found.opens == 0:
            found.opens = self.now + found.lockup
            self.deadlines.append(found.opens)
        found.change(amount, self.now)
        self.coin.move(self.address, found.account, amount)
        self.tell("Delegated", index, amount)

    def _release(self, index: int, amount: int) -> None:
        found = self.validators[index]
        found.change(-amount, self.now)
        self.released += amount
        self.coin.move(found.account, self.address, amount)
        self.tell("Released", index, amount)

    def _known(self, validator: int) -> Validator:
        if validator >= len(self.validators):
            raise Refusal("UnknownId", validator)
        return self.validators[validator]

    def _unlocked(self, validator: int) -> Validator:
        found = self._known(validator)
        if self.now < found.opens:
            raise Refusal("LockupRunning", found.opens)
        return found

    def takes_coins(self, account: int) -> bool:
        """Whether coins can be sent to an account (L-8)."""
        return account not in self.refusing and account not in (
            self.address,
            self.bonds_token,
            self.certificates_token,
        )

    def _need_taker(self, account: int) -> None:
        if not self.takes_coins(account):
            raise Refusal("PaymentRefused", account)

    def _send(self, account: int, amount: int) -> None:
        self.touched.add(account)
        self.coin.move(self.address, account, amount)


def _add(money: Money, account: int, amount: int) -> None:
    money.held[account] = money.held.get(account, 0) + amount


def _number(request: int) -> int:
    """The place of a request among those of all."""
    return request & ((1 << NUMBER_BITS) - 1)


def _made_by(contract: int, number: int) -> int:
    """The account of the contract that ``contract`` made as its first, second … below 128."""
    packed = b"\xd6\x94" + contract.to_bytes(20, "big") + bytes([number])
    return int.from_bytes(keccak(packed)[12:], "big")


class LiquidDraws(Draws):
    """What stakers, the treasury and the operator try next."""

    system = "liquid"
    people = ("owner", "treasury", "delegator", "latecomer", "stubborn", "stranger")
    funds: ClassVar = {
        "treasury": 100 * 10**18,
        "delegator": 8000 * 10**18,
        "latecomer": 4000 * 10**18 + 1,
        "stubborn": 700 * 10**18,
        "stranger": 200 * 10**18 + 7,
        # Last: on a chain, the pocket money of others is his.
        "owner": 3000 * 10**18,
    }
    refusing = ("stubborn",)
    model: LiquidModel
    _next = 0

    @classmethod
    def setup(cls, random: Random) -> dict[str, Any]:
        """Either policy, and up to three validators: poor and rich, slow and absurdly fast.

        No richer than a test account can make them, so that what is found can be played anywhere.
        """
        return {
            "policy": random.choice(("first fit", "partial fifo")),
            "treasury": random.choice(("treasury", "treasury", "stubborn")),
            "validators": [
                {
                    "lockup": random.choice((3600, DAY, 7 * DAY, 35 * DAY, 40 * DAY)),
                    "rate": random.choice((0, 1, 500, 1043, 1043, 10_000, 25_000, 10**9)),
                    "funds": random.choice((0, 10**15, 10**20, 10**21, 15 * 10**20)),
                }
                for _ in range(random.randrange(1, 4))
            ],
        }

    def second(self, random: Random) -> int:
        """When; kept for the action that is drawn for it."""
        self._next = super().second(random)
        return self._next

    def action(self, random: Random) -> tuple[int, str, tuple[Any, ...]]:
        """Who does what next."""
        model = self.model
        name = pick(random, _WEIGHTS)
        if self._is_anyone_overdue_now() and random.random() < 0.5:
            name = "settle"
        while not self._is_due(name) and random.random() < 0.75:
            name = pick(random, _WEIGHTS)
        if name == "common":
            return self.common_action(random)
        if name in ("stake_for_bonds", "stake_for_certificates", "top_up"):
            return self._stake(random, name)
        if name in ("burn_bonds", "bonds_to_certificates"):
            return self._with_shares(random, name, model.bonds)
        if name in ("burn_certificates", "certificates_to_bonds"):
            return self._with_shares(random, name, model.certificates)
        if name in ("send_bonds", "send_certificates"):
            held = model.bonds if name == "send_bonds" else model.certificates
            sender, _, (number,) = self._with_shares(random, name, held)
            return sender, name, (self._receiver(random), number)
        if name == "claim":
            return self._claim(random)
        sender = random.choice(self.accounts)
        if name == "settle":
            return sender, name, (random.choice((1, 1, 2, 3, 50, 50, random.randrange(3))),)
        if name == "redelegate":
            return sender, name, ()
        if name == "claim_fees":
            sender = model.treasury if random.random() < 0.9 else sender
            return sender, name, (self._receiver(random),)
        if name == "harvest":
            return sender, name, (self._validator(random, self._can_harvest),)
        validator = self._validator(random, self._can_release)
        sender = self.holder(random, "OPERATOR_ROLE")
        principal = 0
        if validator < len(model.validators):
            principal = model.validators[validator].principal
        missing = max(0, model.owed - model.liquidity)
        # What is missing for somebody who waits: which of two alike can be paid, a wei decides.
        some = random.choice(model.waiting).amount - model.liquidity if model.waiting else 0
        marks = (principal, min(missing, principal), min(max(0, some), principal))
        amount = amount_near(random, *marks)
        return sender, name, (validator, amount)

    @property
    def _now(self) -> int:
        return max(self._next, self.model.now)

    def _is_anyone_overdue_now(self) -> bool:
        """Whether a request becomes overdue in this second, or did, or will, in the next to it."""
        middle = self._now - PAYOUT_TARGET
        return any(-1 <= one.at - middle <= 1 for one in self.model.waiting)

    def _is_due(self, name: str) -> bool:
        """Whether something may come of an action."""
        model = self.model
        if name in ("stake_for_bonds", "stake_for_certificates", "top_up"):
            return not model.paused
        if name == "claim":
            return model.set_aside > model.fees
        if name == "settle":
            return bool(model.waiting and model.liquidity)
        if name == "redelegate":
            return model.owed == 0 < model.liquidity
        if name == "claim_fees":
            return model.fees > 0
        if name == "harvest":
            return any(self._can_harvest(one) for one in model.validators)
        if name == "release":
            return any(self._can_release(one) for one in model.validators)
        return True

    def _can_harvest(self, one: Validator) -> bool:
        now = self._now
        return one.opens <= now and 0 < one.rewards(now) <= self.model.funds_of(one)

    def _can_release(self, one: Validator) -> bool:
        return one.opens <= self._now and one.principal > 0

    def _stake(self, random: Random, name: str) -> tuple[int, str, tuple[Any, ...]]:
        model = self.model
        sender = random.choice(self.accounts)
        held = model.coin.of(sender)
        if held < MIN_STAKE and random.random() < 0.8:
            # Rather somebody who can.
            sender = max(self.accounts, key=model.coin.of)
            held = model.coin.of(sender)
        missing = max(0, model.owed - model.liquidity)
        amount = amount_near(random, MIN_STAKE, held // 3, min(held, 50 * MIN_STAKE), missing)
        # Nobody can send more than he has.
        return sender, name, (min(held, amount),)

    def _with_shares(
        self, random: Random, name: str, money: Money
    ) -> tuple[int, str, tuple[Any, ...]]:
        """Burn, convert or send: everything, a little, or all but what is next to nothing."""
        holders = [one for one in self.accounts if money.held.get(one, 0)]
        if holders and random.random() < 0.95:
            sender = random.choice(holders)
        else:
            sender = random.choice(self.accounts)
        shares = money.held.get(sender, 0)
        in_wei = name in ("burn_bonds", "send_bonds")
        held = money.of(sender) if in_wei else shares
        rest = random.choice((MIN_SHARES, MIN_STAKE, random.randrange(1, 10)))
        fewest = min(shares, max(0, self.model.shares - MIN_SHARES))
        if in_wei:
            fewest = self.model.worth(fewest)
        most = max(0, held - rest)
        marks = [held, held, held // 10, most, most, fewest, min(held, 3)]
        if name == "burn_bonds" and self.model.waiting:
            # As much as somebody who waits already, or a wei more or less.
            alike = random.choice(self.model.waiting).amount
            marks += [alike] * 4 if alike < held else []
        return sender, name, (amount_near(random, *marks),)

    def _claim(self, random: Random) -> tuple[int, str, tuple[Any, ...]]:
        model = self.model
        requests = model.requests
        ids = [one for one, request in requests.items() if request.claimable]
        if not ids or random.random() < 0.1:
            ids = list(requests)
        if ids and random.random() < 0.97:
            identifier = random.choice(ids)
        else:
            # Somebody else's place, or one that nobody has yet.
            account = random.choice(self.accounts)
            identifier = account << NUMBER_BITS | random.randrange(len(requests) + 2)
        sender = identifier >> NUMBER_BITS
        if random.random() < 0.05:
            sender = random.choice(self.accounts)
        to = sender if random.random() < 0.15 else self._receiver(random)
        return sender, "claim", (identifier, to)

    def _receiver(self, random: Random) -> int:
        """Mostly somebody who takes coins."""
        model = self.model
        if random.random() < 0.05:
            return random.choice((0, model.address, model.bonds_token, model.certificates_token))
        return random.choice(self.accounts)

    def _validator(self, random: Random, is_ready: Callable[[Validator], bool]) -> int:
        """Mostly one that is ready for it; now and then one that is not there."""
        validators = self.model.validators
        ready = [index for index, one in enumerate(validators) if is_ready(one)]
        if ready and random.random() < 0.8:
            return random.choice(ready)
        return random.randrange(len(validators) + (random.random() < 0.2))


_WEIGHTS = (
    ("stake_for_bonds", 10),
    ("stake_for_certificates", 10),
    ("bonds_to_certificates", 4),
    ("certificates_to_bonds", 4),
    ("send_bonds", 3),
    ("send_certificates", 2),
    ("burn_bonds", 11),
    ("burn_certificates", 11),
    ("claim", 14),
    ("harvest", 14),
    ("settle", 14),
    ("redelegate", 3),
    ("top_up", 5),
    ("claim_fees", 4),
    ("release", 9),
    ("schedule_release", 3),
    ("common", 2),
)
