"""Everything that anybody has in any system of a chain, and the moments at which it opens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from unbond.book import AddressBook, BookError, way_to_deploy
from unbond.chain import Chain
from unbond.positions import Position, PositionState
from unbond.systems import System, system_class
from unbond.systems.base import Event, Happening, NextStep


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
            history = system.history(entry.block if entry else 0)
            people = wanted or sorted(
                {str(one.event.account) for one in history if hasattr(one.event, "account")}
            )
            for account in people:
                theirs = [one for one in history if _concerns(one.event, account)]
                for position in system.positions_of(account):
                    if position.state is not PositionState.CLOSED:
                        found.append(_stand(name, system, account, position, theirs))
        return found

    def next_moment(self) -> tuple[int, list[Stand]] | None:
        """The next second at which anything opens, and what; None if nothing does."""
        now = self.chain.now
        coming = [one for one in self.stands() if one.position.available_at > now]
        if not coming:
            return None
        first = min(one.position.available_at for one in coming)
        return first, [one for one in coming if one.position.available_at == first]


def _concerns(event: Event, account: str) -> bool:
    return getattr(event, "account", account) == account


def _stand(
    name: str, system: System, account: str, position: Position, history: list[Happening]
) -> Stand:
    return Stand(
        deployment=name,
        system=system,
        account=account,
        position=position,
        since=system.since(position, history),
        next=system.next_step(position),
    )
