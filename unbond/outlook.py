"""Everything that anybody has in any system of a chain, and the moments at which it opens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from unbond.book import AddressBook, BookError, way_to_deploy
from unbond.chain import Chain
from unbond.positions import Position, PositionState
from unbond.systems import System, system_class
from unbond.systems.base import Happening, NextStep


@dataclass(frozen=True)
class Stand:
    """A position, and what its owner wants to know of it."""

    deployment: str
    """The name of the system's deployment in the address book."""
    system: System
    account: str
    """Whose it is."""
    position: Position
    since: int | None
    """The second since which it has been what it is, in Unix time; None if that is not known."""
    next: NextStep | None
    """What can be done with it, now or once it is open; None if nothing can."""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.system.name_of(self.position)

    @property
    def opens_at(self) -> int:
        """The second from which its next step can be done, in Unix time; 0 if any will do."""
        return (self.next.opens_at if self.next else 0) or self.position.available_at


class Outlook:
    """The systems of one chain that an address book knows, and what people have in them."""

    def __init__(self, chain: Chain, book: AddressBook) -> None:
        """Look at what ``book`` has of ``chain``.

        Raises:
            BookError: when it has nothing, or something else is where it says.
        """
        names = book.deployments(chain.chain_id, chain.identity)
        if not names:
            raise BookError(
                f"{book.path} has nothing on chain {chain.chain_id}; {way_to_deploy(chain)}"
            )
        self.entries = {name: book.find(chain, name) for name in names}
        self._look_at(
            chain,
            {
                name: system_class(entry.system).at(chain, entry.address)
                for name, entry in self.entries.items()
            },
        )

    @classmethod
    def of(cls, chain: Chain, systems: dict[str, System]) -> Outlook:
        """Look at these systems of ``chain``, by the names of their deployments."""
        outlook = cls.__new__(cls)
        outlook.entries = {}
        outlook._look_at(chain, systems)
        return outlook

    def _look_at(self, chain: Chain, systems: dict[str, System]) -> None:
        self.chain = chain
        self.systems = systems

    def stands(self, accounts: Iterable[str] = ()) -> list[Stand]:
        """What accounts have and that is not closed; those of everybody, if none is given."""
        wanted = list(dict.fromkeys(accounts))
        found = []
        for name, system in self.systems.items():
            entry = self.entries.get(name)
            history = _by_account(system.history(entry.block if entry else 0))
            owned = [
                (account, position)
                for account in wanted or sorted(filter(None, history))
                for position in system.positions_of(account)
                if position.state is not PositionState.CLOSED
            ]
            if not owned:
                continue
            steps = system.next_steps([position for _, position in owned])
            for (account, position), step in zip(owned, steps, strict=True):
                theirs = history.get(account) or history.get("", [])
                since = system.since(position, theirs)
                found.append(Stand(name, system, account, position, since, step))
        return found

    def next_moment(self) -> tuple[int, list[Stand]] | None:
        """The next second at which anything opens, and what; None if nothing does."""
        now = self.chain.now
        coming = [one for one in self.stands() if one.opens_at > now]
        if not coming:
            return None
        first = min(one.opens_at for one in coming)
        return first, [one for one in coming if one.opens_at == first]


def _by_account(history: Iterable[Happening]) -> dict[str, list[Happening]]:
    """What has happened to each account, in order; what concerns nobody alone is everybody's."""
    everybody: list[Happening] = []
    found: dict[str, list[Happening]] = {"": everybody}
    for one in history:
        account = getattr(one.event, "account", "")
        if account:
            found.setdefault(account, list(everybody)).append(one)
        else:
            for theirs in found.values():
                theirs.append(one)
    return found
