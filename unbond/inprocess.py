"""What chains in this process have in common: a clock that only counts, and no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unbond.chain import Chain
from unbond.clock import LAST_BLOCK, Block, Clock
from unbond.roles import Roles
from unbond.when import SESSION_START

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI


class OwnClock(Clock):
    """The clock of a chain in the process: it stands a second before every session's start."""

    def __init__(self) -> None:
        """Begin with nothing having happened."""
        self.last = SESSION_START - 1
        """The second of the last block, in Unix time."""
        self.full = False
        """Whether something happened in it."""

    def _latest(self) -> tuple[int, bool]:
        return self.last, self.full

    def _mine_at(self, second: int) -> None:
        self.last, self.full = second, False

    def tick(self) -> int:
        """Let something happen in the next second; returns it."""
        self.last, self.full = self.last + 1, True
        return self.last


class OwnChain(Chain):
    """A chain that lives in this process, and is driven like any other."""

    clock: OwnClock

    def __init__(self) -> None:
        """Begin in the second at which every session starts."""
        self.clock = OwnClock()
        self._rehearsal = None
        self._embedded = None
        self._blocks = 0
        self._sent: dict[str, int] = {}
        self.roles = Roles(self)
        """Who is who: the usual test accounts, as elsewhere."""

    @property
    def is_local(self) -> bool:
        """Always."""
        return True

    @property
    def outlives_command(self) -> bool:
        """Never."""
        return False

    @property
    def url(self) -> str:
        """Other clients cannot reach it."""
        return ""

    @property
    def chain_id(self) -> int:
        """The number of no chain but Ethereum's own, which nobody can be connected to here."""
        return 1

    @property
    def now(self) -> int:
        """The second of the next transaction."""
        return self.clock.now

    def _count(self, sender: AccountAPI) -> None:
        """Count what an account has sent, which says where its next contract will be."""
        # For a wallet, its keeper does.
        address = str(getattr(sender, "keeper", sender).address)
        self._sent[address] = self._sent.get(address, 0) + 1

    def _sent_by(self, sender: AccountAPI) -> int:
        """How much an account has sent so far."""
        return self._sent.get(str(sender.address), 0)

    def timestamp_of(self, block: Block) -> int:
        """The second of the last block, or of the next."""
        return self.clock.last if block == LAST_BLOCK else self.clock.now
