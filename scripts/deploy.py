"""ape run deploy: put a system on a network and write down where."""

import click
from ape.api.accounts import AccountAPI

from unbond.book import AddressBook
from unbond.chain import Chain
from unbond.cli.common import (
    LastingCommand,
    account_option,
    clean_errors,
    console,
    json_option,
    print_json,
)
from unbond.cli.systems import party
from unbond.roles import Roles
from unbond.systems import System
from unbond.systems.base import Token
from unbond.systems.delegated import DelegatedStaking
from unbond.systems.device import DeviceStaking
from unbond.systems.liquid import LiquidStaking, PayoutPolicy
from unbond.when import DAY, format_date, parse_moment

YEARLY_RATE_BPS = 1000
VALIDATOR_FUNDS = 100 * 10**18
"""What a simulated validator has to pay rewards with, in wei."""


@click.group(short_help="Deploy a system")
def cli() -> None:
    """Deploy a system and write down in the address book where it is."""


@cli.command(cls=LastingCommand, short_help="Deploy DelegatedStaking")
@account_option
@click.option("--name", help="The name in the address book, if not 'delegated'.")
@click.option("--token", help="What is staked; a new test token if not given.")
@click.option("--origin", help="The first second of epoch 0; this week's Monday if not given.")
@click.option(
    "--lock-rewards/--open-rewards",
    default=True,
    show_default=True,
    help="Whether rewards are locked as long as their lot.",
)
@click.option("--bare", is_flag=True, help="Locally: no provider, and no tokens for the accounts.")
@json_option
@clean_errors
def delegated(
    account: AccountAPI,
    name: str | None,
    token: str | None,
    origin: str | None,
    lock_rewards: bool,
    bare: bool,
    as_json: bool,
) -> None:
    """Deploy delegated staking, owned by the account, who starts with every power.

    On a local network the ten test accounts get tokens and TEST::5, the role 'provider', becomes a
    provider with 5 % commission, unless --bare is given or the token is somebody else's.
    """
    staked = party(token) if token else None
    first_second = parse_moment(origin) if origin else None
    chain = _ready_chain()
    system = DelegatedStaking.deploy(
        chain, account, token=staked, origin=first_second, lock_rewards=lock_rewards
    )
    if chain.is_local and not bare and token is None:
        _show(system, account)
    _finish(system, name, as_json=as_json)


@cli.command(cls=LastingCommand, short_help="Deploy DeviceStaking")
@account_option
@click.option("--name", help="The name in the address book, if not 'device'.")
@click.option("--token", help="What is staked; a new test token if not given.")
@click.option("--bare", is_flag=True, help="Locally: no devices, and no tokens for the accounts.")
@json_option
@clean_errors
def device(
    account: AccountAPI, name: str | None, token: str | None, bare: bool, as_json: bool
) -> None:
    """Deploy device staking, owned by the account, who starts with every power.

    On a local network the ten test accounts get tokens and three devices are registered, unless
    --bare is given or the token is somebody else's: 1 with one card, 2 with four cards at 25 %, 3
    with eight cards at 1000 %. They require 200, 800 and 16 000 IO.
    """
    staked = party(token) if token else None
    chain = _ready_chain()
    system = DeviceStaking.deploy(chain, account, token=staked)
    if chain.is_local and not bare and token is None:
        _show(system, account)
    _finish(system, name, as_json=as_json)


@cli.command(cls=LastingCommand, short_help="Deploy LiquidStaking")
@account_option
@click.option("--name", help="The name in the address book, if not 'liquid'.")
@click.option("--validator", "validators", multiple=True, help="A validator; may be repeated.")
@click.option("--treasury", help="Who gets the fees; the account if not given.")
@click.option(
    "--policy",
    type=click.Choice(["first-fit", "partial-fifo"]),
    default="first-fit",
    show_default=True,
    help="Whether the oldest request that wholly fits is paid, or the oldest in parts.",
)
@json_option
@clean_errors
def liquid(
    account: AccountAPI,
    name: str | None,
    validators: tuple[str, ...],
    treasury: str | None,
    policy: str,
    as_json: bool,
) -> None:
    """Deploy liquid staking, owned by the account, who starts with every power.

    On a local network, a simulated validator with lock-up periods of 35 days is deployed unless
    another one is named; it earns 10 % a year and has 100 coins to pay them with.
    """
    named = [party(validator) for validator in validators]
    paid = party(treasury) if treasury else None
    chain = _ready_chain()
    if not named:
        if not chain.is_local:
            raise click.UsageError("name a validator; only a local network gets a simulated one")
        named = [
            LiquidStaking.deploy_validator(
                chain, account, lockup=35 * DAY, rate=YEARLY_RATE_BPS, funds=VALIDATOR_FUNDS
            )
        ]
    system = LiquidStaking.deploy(
        chain,
        account,
        validators=named,
        policy=PayoutPolicy[policy.upper().replace("-", "_")],
        treasury=paid,
    )
    _finish(system, name, as_json=as_json)


def _show(system: System, account: AccountAPI) -> None:
    """Make a local chain fit to try the system on."""
    find = Roles(system.chain).account
    system.furnish(account, system.showcase_setup(), find)
    system.share_out(account, find)


def _ready_chain() -> Chain:
    """The connected chain; a fresh local one is put to the time at which sessions start."""
    chain = Chain()
    if chain.outlives_command:
        AddressBook().prepare()
    if chain.is_local:
        chain.clock.start()
    return chain


def _finish(system: System, name: str | None, *, as_json: bool) -> None:
    """Write down where the system is, and say so."""
    book = AddressBook()
    chain = system.chain
    deployed = system.deployed
    assert deployed is not None
    token = system.money[system.symbol]
    if chain.outlives_command:
        book.record(system, name)
    if as_json:
        print_json(
            {
                "system": system.name,
                "address": system.address,
                "token": token.address if isinstance(token, Token) else None,
                "chainId": chain.chain_id,
                "block": deployed.block,
                "recorded": chain.outlives_command,
            }
        )
        return
    when = format_date(deployed.timestamp)
    console.print(f"{system.contract_name} is at {system.address}, since {when} UTC")
    for symbol, money in system.money.items():
        if isinstance(money, Token):
            console.print(f"its token {symbol} is at {money.address}")
    if chain.outlives_command:
        console.print(f"written down as '{name or system.name}' in {book.path}")
    else:
        console.print("this chain ends with this command; nothing was written down")
