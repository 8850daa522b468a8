"""What ``ape console`` has at hand: systems, roles, accounts, clock, and status()."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ape
import click
from eth_utils.address import is_address

from unbond.book import AddressBook, BookError
from unbond.chain import Chain
from unbond.cli.common import quieten_ape
from unbond.cli.outlook import show_stands
from unbond.cli.systems import party
from unbond.clock import ClockError
from unbond.devnet import NETWORK, DevnetError, ape_at, find_running
from unbond.outlook import Outlook
from unbond.roles import USUAL_ROLES, Roles
from unbond.systems import System, system_class, system_names


def at_hand() -> dict[str, Any]:
    """The names for a console, and a line that says them.

    On the embedded chain every system is deployed for the console alone; but if a devnet is up, the
    console is connected to that.
    """
    quieten_ape()
    if ape.networks.active_provider is None:
        return {}
    _prefer_devnet()
    chain = Chain()
    roles = Roles(chain)
    systems = _systems(chain, roles)
    names: dict[str, Any] = {"roles": roles, "systems": systems, **systems}
    if chain.is_local:
        try:
            names["clock"] = chain.clock
        except ClockError as error:
            click.echo(str(error), err=True)
        names |= dict(zip(USUAL_ROLES, ape.accounts.test_accounts, strict=False))
    names["status"] = _status(chain, systems)
    click.echo(f"on {chain.provider.network_choice} there are: {', '.join(sorted(names))}")
    return names


def _prefer_devnet() -> None:
    """Be connected to the devnet that is up, unless a network was named."""
    try:
        devnet = find_running()
    except DevnetError as error:
        click.echo(str(error), err=True)
        return
    if devnet is None or ape.networks.provider.name != "test":
        return
    _, local, name = NETWORK.split(":")
    provider = ape.networks.ethereum.get_network(local).get_provider(name)
    with ape_at(devnet.url):
        provider.connect()
    ape.networks.active_provider = provider


def _systems(chain: Chain, roles: Roles) -> dict[str, System]:
    """What the address book has here; on the embedded chain, what is deployed for the console."""
    if not chain.outlives_command and chain.is_local:
        chain.clock.start()
        owner = roles.account("owner")
        return {
            name: system_class(name).on_show(chain, owner, roles.account) for name in system_names()
        }
    try:
        return Outlook(chain, AddressBook()).systems
    except BookError as error:
        click.echo(str(error), err=True)
        return {}


def _status(chain: Chain, systems: dict[str, System]) -> Callable[..., None]:
    def status(*accounts: Any) -> None:
        """Show what accounts have in every system: everybody's, if none is given."""
        wanted = [
            str(one) if is_address(str(one)) else party(str(getattr(one, "address", one)))
            for one in accounts
        ]
        show_stands(Outlook.of(chain, systems).stands(wanted), chain)

    return status
