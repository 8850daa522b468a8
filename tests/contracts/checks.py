"""What the tests of all systems have in common: refusals, boundaries, and ids."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import ape

from unbond.errors import Refused
from unbond.wallets import StubbornWallet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain
    from unbond.clock import Clock
    from unbond.systems.base import Event, Receipt, System

DAY = 24 * 60 * 60

ZERO_ADDRESS = "0x" + "00" * 20
UNLIMITED = 2**256 - 1

E = TypeVar("E", bound="Event", covariant=True)


def id_of(address: str, number: int) -> int:
    """The id of an account's position: its address, followed by a number of 96 bits."""
    return int(address, 16) * 2**96 + number


def wallet_of(
    keeper: AccountAPI, chain: Chain, system: System, owner: AccountAPI, funds: int
) -> StubbornWallet:
    """A wallet of somebody's who begins all its transactions, with ``funds`` wei of the token."""
    made = StubbornWallet.open(chain, keeper)
    # A node asks whoever calls for gas.
    chain.transfer(owner, str(made.address), 10**19)
    system.fund(owner, made, funds)
    return made


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is undone afterwards, time included."""
    # Not Ape's own chain.isolate(), which swallows whatever is raised inside, failed checks too.
    # Nor chain.restore(), which forgets the snapshot: before a test's first block that is the same
    # as the one to which Ape returns after the test.
    chain = ape.chain
    snapshot = chain.provider.snapshot()
    try:
        yield
    finally:
        chain.provider.restore(snapshot)
        chain.history.revert_to_block(chain.blocks.height)


def refusal_of(action: Callable[..., object], *arguments: object) -> Refused | None:
    """What an action is refused with; None if it succeeds."""
    try:
        action(*arguments)
    except Refused as refused:
        return refused
    return None


def check_refused(
    expected: Refused,
    action: Callable[..., object],
    *arguments: object,
    foretold: bool = True,
) -> None:
    """The action is refused with exactly this, and its preview says the same (C-8).

    A preview answers the owner of the position and knows no allowances: what only the action can
    refuse is not ``foretold``.
    """
    assert refusal_of(action, *arguments) == expected
    system = getattr(action, "__self__", None)
    preview = getattr(system, f"preview_{getattr(action, '__name__', '')}", None)
    if foretold and preview is not None:
        assert refusal_of(preview, *arguments[1:]) == expected


def check_opens(
    clock: Clock,
    moment: int,
    expected: Refused,
    action: Callable[..., Receipt[E]],
    *arguments: object,
) -> Receipt[E]:
    """The action is refused until one second before ``moment`` (C-1), and done in that second."""
    if clock.now < moment:
        clock.at(moment - 1)
        check_refused(expected, action, *arguments)
    clock.at(moment)
    receipt = action(*arguments)
    assert receipt.timestamp == moment
    return receipt
