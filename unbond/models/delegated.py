"""Delegated staking (document 002): chapter E of the specification, in plain integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from unbond.models.base import (
    CLAIMABLE,
    CLOSED,
    EXIT,
    LEAVING,
    LOCKED,
    STAKE,
    UNLOCKED,
    Draws,
    Model,
    Move,
    Refusal,
    Row,
    amount_near,
    pick,
)

if TYPE_CHECKING:
    from random import Random

    from typing_extensions import Self

EPOCH = 604_800
"""The length of an epoch, in seconds (E-1)."""
LOCK_EPOCHS = 12
UNDELEGATE_EPOCHS = 1
MIN_STAKE = 1000 * 10**18
"""The least that can be staked, or stay in a lot, in wei (E-3)."""
MAX_COMMISSION = 3000
"""In 1/10 000."""

_MONDAY = 345_600
"""The first Monday 00:00 UTC in Unix time."""
_UNDERFLOW = 0x11
"""What the compiler's own check says of a difference under zero."""
_PARTS = 10**18
"""Parts of a wei in which rewards are divided."""


@dataclass(slots=True)
class Lot:
    """What one transaction staked (E-2), until nothing is left of it; then its ticket (E-4)."""

    provider: int
    amount: int
    epoch: int
    """In which it was staked."""
    opens: int
    """Unlocks or, of a ticket, can be claimed."""
    paid: int = 0
    """How many parts each wei of it has been paid."""
    kind: int = STAKE


@dataclass(slots=True)
class Provider:
    """A provider: what its lots earn is the same for each wei."""

    commission: int
    """In 1/10 000."""
    active: bool = True
    kept: int = 0
    """Its commission that has not been claimed, in wei."""
    each: int = 0
    """Parts that one wei that has always earned was given."""
    rest: int = 0
    """Parts that the last division left over."""
    earning: int = 0
    """What is in lots that earn, in wei, but for those in ``young``."""
    young: int = 0
    """What was staked in the epoch ``young_epoch``: it earns from the next one on (E-7)."""
    young_epoch: int = 0


class DelegatedModel(Model):
    """The rules of delegated staking."""

    system = "delegated"
    actions = (
        "stake",
        "unstake",
        "claim",
        "claim_rewards",
        "restake_rewards",
        "distribute",
        "claim_commission",
        "add_provider",
        "set_provider_active",
    )
    powers = ("REGISTRAR_ROLE", "REWARDER_ROLE", "PAUSER_ROLE")
    answers: ClassVar = {
        "epochAt": "epoch_at",
        "stakes": "stake_of",
        "tickets": "ticket_of",
        "providers": "provider_of",
        "providerRow": "provider_row",
    }
    payments: ClassVar = {"Claimed": (2, 3)}

    def __init__(self, address: int, owner: int, *, origin: int, lock_rewards: bool) -> None:
        """Model a deployment with epochs from ``origin`` on, in Unix time."""
        super().__init__(address, owner)
        self.origin = origin
        self.lock_rewards = lock_rewards
        self.providers: dict[int, Provider] = {}
        self.lots: dict[int, Lot] = {}
        """Lots and tickets by id; what was claimed is gone."""
        self.owed = 0
        self._closed_rows: dict[int, Row] = {}
        self._each_at: dict[tuple[int, int], int] = {}
        """``each`` of a provider after the last distribution of an epoch."""

    @classmethod
    def establish(cls, setup: Any, find: Callable[[str], int], *, address: int, now: int) -> Self:
        """The model of a system whose epoch 0 is the week of ``now``."""
        origin = now - (now - _MONDAY) % EPOCH
        owner = find("owner")
        model = cls(address, owner, origin=origin, lock_rewards=setup.lock_rewards)
        model.now = now
        for role, commission in setup.providers.items():
            model.add_provider(owner, find(role), commission)
        return model

    # Staker.

    def stake(self, sender: int, provider: int, amount: int) -> tuple[int]:
        """Stake as a new lot (E-2)."""
        self._can_stake(provider, amount)
        self.money[0].take(sender, self.address, amount)
        self.owed += amount
        return (self._open_lot(sender, provider, amount),)

    def unstake(self, sender: int, stake: int, amount: int) -> tuple[int]:
        """Unstake a lot or a part of it (E-3, E-4, E-9)."""
        lot = self._lot(sender, stake)
        if amount == 0:
            raise Refusal("ZeroAmount")
        if self.now < lot.opens:
            raise Refusal("StillLocked", lot.opens)
        if amount > lot.amount:
            raise Refusal("ExceedsStake", amount, lot.amount)
        remainder = lot.amount - amount
        if 0 < remainder < MIN_STAKE:
            raise Refusal("RemainderBelowMinimum", remainder, MIN_STAKE)
        rewards = self._rewards(lot)
        provider = self._grown(lot.provider)
        provider.earning -= amount
        opens = self._opens_after(UNDELEGATE_EPOCHS)
        if remainder:
            lot.amount = remainder
            lot.paid = provider.each
            ticket = self.next_id(sender)
            self.lots[ticket] = Lot(lot.provider, amount, lot.epoch, opens, kind=EXIT)
        else:
            ticket = stake
            lot.kind = EXIT
            lot.opens = opens
        self.tell("Unstaked", sender, stake, ticket, amount, opens)
        if rewards:
            self._pay_rewards(sender, stake, rewards)
        return (ticket,)

    def claim(self, sender: int, ticket: int) -> tuple[int, ...]:
        """Be paid for a ticket (E-4)."""
        self._need_yours(sender, ticket)
        found = self.lots.get(ticket)
        if found is None:
            raise Refusal("AlreadyClaimed", ticket)
        if found.kind != EXIT:
            raise Refusal("UnknownId", ticket)
        if self.now < found.opens:
            raise Refusal("StillUndelegating", found.opens)
        del self.lots[ticket]
        self.tell("Claimed", sender, ticket, found.amount)
        self._pay(sender, found.amount)
        return ()

    def claim_rewards(self, sender: int, stake: int) -> tuple[int, ...]:
        """Be paid the rewards of a lot (E-8)."""
        lot = self._lot(sender, stake)
        rewards = self._open_rewards(lot)
        lot.paid = self.providers[lot.provider].each
        self._pay_rewards(sender, stake, rewards)
        return ()

    def restake_rewards(self, sender: int, stake: int) -> tuple[int]:
        """Make the rewards of a lot a new lot (E-10)."""
        lot = self._lot(sender, stake)
        rewards = self._open_rewards(lot)
        self._can_stake(lot.provider, rewards)
        lot.paid = self.providers[lot.provider].each
        new = self._open_lot(sender, lot.provider, rewards)
        self.tell("RewardsRestaked", sender, stake, new, rewards)
        return (new,)

    # Provider and rewarder.

    def distribute(self, sender: int, provider: int, amount: int) -> tuple[int, ...]:
        """Bring in rewards for the lots that earn now (E-7)."""
        self.need("REWARDER_ROLE", sender)
        self._known(provider)
        if amount == 0:
            raise Refusal("ZeroAmount")
        found = self._grown(provider)
        if found.earning == 0:
            raise Refusal("NothingStaked")
        self.money[0].take(sender, self.address, amount)
        self.owed += amount
        commission = amount * found.commission // 10_000
        found.kept += commission
        each, found.rest = divmod((amount - commission) * _PARTS + found.rest, found.earning)
        found.each += each
        epoch = self._epoch(self.now)
        self._each_at[provider, epoch] = found.each
        self.tell("Distributed", provider, epoch, amount, commission)
        self.touched.update(lot >> 96 for lot in self.lots)
        return ()

    def claim_commission(self, sender: int) -> tuple[int, ...]:
        """Be paid the commission."""
        provider = self._known(sender)
        amount = provider.kept
        if amount == 0:
            raise Refusal("ZeroAmount")
        provider.kept = 0
        self.tell("CommissionClaimed", sender, amount)
        self._pay(sender, amount)
        return ()

    # Registrar.

    def add_provider(self, sender: int, provider: int, commission: int) -> tuple[int, ...]:
        """Add a provider."""
        self.need("REGISTRAR_ROLE", sender)
        if provider == 0:
            raise Refusal("ZeroAddress")
        if provider in self.providers:
            raise Refusal("ProviderExists", provider)
        if commission > MAX_COMMISSION:
            raise Refusal("CommissionTooHigh", commission, MAX_COMMISSION)
        self.providers[provider] = Provider(commission)
        self.tell("ProviderAdded", provider, commission)
        return ()

    def set_provider_active(self, sender: int, provider: int, active: bool) -> tuple[int, ...]:
        """Let a provider take new stakes, or no longer (E-10)."""
        self.need("REGISTRAR_ROLE", sender)
        found = self._known(provider)
        self.tell("ProviderActiveChanged", provider, found.active, active)
        found.active = active
        return ()

    # What there is to see.

    def positions(self, account: int) -> list[Row]:
        """All lots and tickets of ``account`` (C-11)."""
        rows = []
        now = self.now
        first = account << 96
        for identifier in range(first + 1, first + 1 + self.last_number.get(account, 0)):
            lot = self.lots.get(identifier)
            if lot is None:
                rows.append(self._closed_rows.get(identifier) or self._close_row(identifier))
                continue
            opens = lot.opens
            is_open = now >= opens
            if lot.kind == STAKE:
                state, blocked = (UNLOCKED, "") if is_open else (LOCKED, "StillLocked")
                rewards = self._rewards(lot)
                rows.append(Row(identifier, STAKE, state, lot.amount, rewards, opens, blocked))
            else:
                state, blocked = (CLAIMABLE, "") if is_open else (LEAVING, "StillUndelegating")
                rows.append(Row(identifier, EXIT, state, lot.amount, 0, opens, blocked))
        return rows

    def _close_row(self, identifier: int) -> Row:
        """What is shown, from now on, of what was claimed."""
        row = Row(identifier, EXIT, CLOSED, 0, 0, 0, "AlreadyClaimed")
        self._closed_rows[identifier] = row
        return row

    def assets(self) -> int:
        """What the system holds of the token."""
        return self.money[0].of(self.address)

    def liabilities(self) -> int:
        """Everything that came in and has not been paid out."""
        return self.owed

    def epoch_at(self, moment: int) -> int:
        """The number of the epoch that holds a moment (E-1)."""
        if moment < self.origin:
            raise Refusal("Panic", _UNDERFLOW)
        return self._epoch(moment)

    def stake_of(self, stake: int) -> tuple[int, ...]:
        """A lot: owner, provider, amount, rewards, epoch, and when it and they open; or zeros."""
        owner = self.owner_of(stake)
        lot = self.lots.get(stake)
        if lot is None or lot.kind != STAKE:
            return (owner, 0, 0, 0, 0, 0, 0)
        rewards = self._rewards(lot)
        opens = self._rewards_open_at(lot)
        return (owner, lot.provider, lot.amount, rewards, lot.epoch, lot.opens, opens)

    def ticket_of(self, ticket: int) -> tuple[int, int, int]:
        """A ticket: owner, amount, and when it opens; or zeros."""
        owner = self.owner_of(ticket)
        found = self.lots.get(ticket)
        if found is None or found.kind != EXIT:
            return (owner, 0, 0)
        return (owner, found.amount, found.opens)

    def provider_of(self, provider: int) -> tuple[bool, int, int, int, int]:
        """A provider: whether active, its commission, what is staked, earns, and is kept."""
        found = self._known(provider)
        staked = found.earning + found.young
        earning = staked if self._epoch(self.now) > found.young_epoch else found.earning
        return (found.active, found.commission, staked, earning, found.kept)

    def provider_row(self, account: int, provider: int) -> tuple[int, int, int, int]:
        """What an account has staked with one provider: all, unlocked, locked, status (E-6)."""
        self._known(provider)
        amounts = {LOCKED: 0, UNLOCKED: 0}
        for row in self.positions(account):
            if row.kind == STAKE and self.lots[row.id].provider == provider:
                amounts[row.state] += row.amount
        unlocked, locked = amounts[UNLOCKED], amounts[LOCKED]
        # None, locked, partially unlocked, unlocked.
        status = (0 if not unlocked else 3) if not locked else (2 if unlocked else 1)
        return (unlocked + locked, unlocked, locked, status)

    def views_after(self, move: Move) -> list[tuple[str, tuple[int, ...]]]:
        """What the provider has, if the action names one."""
        known = [one for one in move.arguments if one in self.providers]
        return [("providers", (one,)) for one in known]

    # Rules.

    def _epoch(self, second: int) -> int:
        return (second - self.origin) // EPOCH

    def _opens_after(self, whole: int) -> int:
        """The end of ``whole`` more epochs after the present one (E-2, E-4)."""
        return self.origin + (self._epoch(self.now) + whole + 1) * EPOCH

    def _known(self, provider: int) -> Provider:
        found = self.providers.get(provider)
        if found is None:
            raise Refusal("UnknownProvider", provider)
        return found

    def _grown(self, provider: int) -> Provider:
        """A provider, with what was staked in past epochs earning (E-7)."""
        found = self.providers[provider]
        if found.young and self._epoch(self.now) > found.young_epoch:
            found.earning += found.young
            found.young = 0
        return found

    def _can_stake(self, provider: int, amount: int) -> None:
        self.need_open()
        if not self._known(provider).active:
            raise Refusal("ProviderInactive", provider)
        if amount == 0:
            raise Refusal("ZeroAmount")
        if amount < MIN_STAKE:
            raise Refusal("BelowMinimum", amount, MIN_STAKE)

    def _open_lot(self, account: int, provider: int, amount: int) -> int:
        found = self._grown(provider)
        epoch = self._epoch(self.now)
        found.young += amount
        found.young_epoch = epoch
        opens = self._opens_after(LOCK_EPOCHS)
        identifier = self.next_id(account)
        self.lots[identifier] = Lot(provider, amount, epoch, opens, found.each)
        self.deadlines += (opens, self._opens_after(0))
        self.tell("Staked", account, provider, identifier, amount, opens)
        return identifier

    def _need_yours(self, sender: int, identifier: int) -> None:
        owner = self.owner_of(identifier)
        if owner != sender:
            raise Refusal("NotYours", owner, sender)

    def _lot(self, sender: int, identifier: int) -> Lot:
        self._need_yours(sender, identifier)
        lot = self.lots.get(identifier)
        if lot is None or lot.kind != STAKE:
            raise Refusal("AlreadyUnstaked", identifier)
        return lot

    def _rewards(self, lot: Lot) -> int:
        """What a lot has earned and not been paid: from the end of its own epoch on (E-7)."""
        since = max(lot.paid, self._each_at.get((lot.provider, lot.epoch), 0))
        return lot.amount * (self.providers[lot.provider].each - since) // _PARTS

    def _rewards_open_at(self, lot: Lot) -> int:
        """When the rewards of a lot can be claimed (E-8)."""
        return lot.opens if self.lock_rewards else self.origin + (lot.epoch + 2) * EPOCH

    def _open_rewards(self, lot: Lot) -> int:
        """The rewards of a lot, if they can be claimed (E-8)."""
        opens = self._rewards_open_at(lot)
        if self.now < opens:
            raise Refusal("StillLocked", opens)
        rewards = self._rewards(lot)
        if rewards == 0:
            raise Refusal("ZeroAmount")
        return rewards

    def _pay_rewards(self, account: int, stake: int, amount: int) -> None:
        self.tell("RewardsClaimed", account, stake, amount)
        self._pay(account, amount)

    def _pay(self, account: int, amount: int) -> None:
        self.owed -= amount
        self.money[0].move(self.address, account, amount)


class DelegatedDraws(Draws):
    """What delegators, providers and role holders try next."""

    system = "delegated"
    people = ("owner", "provider", "second provider", "delegator", "latecomer", "stranger")
    funds: ClassVar = {
        "owner": 10**27,
        "delegator": 200_000 * 10**18,
        "latecomer": 20_000 * 10**18 + 1,
        "stranger": 2500 * 10**18,
    }
    model: DelegatedModel

    @classmethod
    def setup(cls, random: Random) -> dict[str, Any]:
        """With or without locked rewards, at several commissions."""
        return {
            "lock_rewards": random.random() < 0.6,
            "providers": {
                "provider": random.choice((0, 1, 500, 2999, 3000)),
                "second provider": random.choice((0, 333)),
            },
        }

    def action(self, random: Random) -> tuple[int, str, tuple[Any, ...]]:
        """Who does what next."""
        model = self.model
        name = pick(random, _WEIGHTS)
        if name == "common":
            return self.common_action(random)
        if name == "stake":
            sender = random.choice(self.accounts)
            held = model.money[0].of(sender)
            if held < MIN_STAKE and random.random() < 0.8:
                # Rather somebody who can.
                sender = self.find("delegator")
                held = model.money[0].of(sender)
            amount = amount_near(random, MIN_STAKE, MIN_STAKE, held // 3, held)
            return sender, name, (self._provider(random), amount)
        if name == "distribute":
            amount = amount_near(random, 1, 10**18, random.randrange(10**21), 10**22)
            return self.holder(random, "REWARDER_ROLE"), name, (self._provider(random), amount)
        if name == "claim_commission":
            return self._provider(random), name, ()
        if name == "set_provider_active":
            active = random.random() < 0.7
            return self.holder(random, "REGISTRAR_ROLE"), name, (self._provider(random), active)
        if name == "add_provider":
            commission = random.choice((0, 3000, 3001))
            somebody = random.choice((*self.accounts, 0))
            return self.holder(random, "REGISTRAR_ROLE"), name, (somebody, commission)
        return self._with_position(random, name)

    def _with_position(self, random: Random, name: str) -> tuple[int, str, tuple[Any, ...]]:
        model = self.model
        kind = EXIT if name == "claim" else STAKE
        ids = [one for one, lot in model.lots.items() if lot.kind == kind]
        if kind == EXIT and ids and random.random() < 0.5:
            # What has matured is soon fetched.
            ids = [one for one in ids if model.lots[one].opens <= model.now + 1] or ids
        if ids and random.random() < 0.93:
            identifier = random.choice(ids)
        else:
            # Another kind, another time, another world.
            account = random.choice(self.accounts)
            last = model.last_number.get(account, 0)
            identifier = account << 96 | random.randrange(last + 2)
        sender = identifier >> 96 if random.random() < 0.95 else random.choice(self.accounts)
        if name != "unstake":
            return sender, name, (identifier,)
        lot = model.lots.get(identifier)
        held = lot.amount if lot else MIN_STAKE
        amount = amount_near(random, held, held, held // 2, max(0, held - MIN_STAKE))
        return sender, name, (identifier, amount)

    def _provider(self, random: Random) -> int:
        if random.random() < 0.95:
            return random.choice(tuple(self.model.providers))
        return random.choice(self.accounts)


_WEIGHTS = (
    ("stake", 22),
    ("unstake", 22),
    ("claim", 20),
    ("claim_rewards", 10),
    ("restake_rewards", 5),
    ("distribute", 14),
    ("claim_commission", 3),
    ("set_provider_active", 2),
    ("add_provider", 1),
    ("common", 2),
)
