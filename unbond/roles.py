"""Accounts by role: who is who on a chain, in tests and in scenario files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ape
from eth_utils.address import (
    is_checksum_address,
    is_checksum_formatted_address,
    is_hex_address,
    to_checksum_address,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ape.api.accounts import AccountAPI

    from unbond.chain import Chain

WELL_KNOWN = (
    "owner",
    "registrar",
    "rewarder",
    "operator",
    "pauser",
    "provider",
    "delegator",
    "latecomer",
    "stranger",
)
"""Roles that always have the same of the ten usual test accounts, so that addresses do not depend
on who is mentioned first. Others get the next free one."""

USUAL_ROLES = (*WELL_KNOWN, "spare")
"""The roles of all ten usual test accounts, in their order."""

POCKET_MONEY = 100 * 10**18
"""What an account beyond the usual ten is given to pay for gas, in wei."""


class Roles:
    """The accounts of a chain by role."""

    def __init__(self, chain: Chain, own: Mapping[str, AccountAPI] | None = None) -> None:
        """Use the test accounts, but for the roles in ``own``; live chains know only those."""
        self._chain = chain
        self._accounts: dict[str, AccountAPI] = dict(own or {})
        self._poor: set[str] = set()
        self._next = len(WELL_KNOWN)

    def account(self, role: str) -> AccountAPI:
        """The account that has this role, able to pay for gas.

        A free test account takes a role that nobody has. Beyond the usual ten it has no money of
        its own, and the owner sends it some: again after a return to a snapshot from before that.

        Raises:
            LookupError: on a chain without test accounts, when nobody has the role.
        """
        account = self._holder(role)
        address = str(account.address)
        if role in self._poor and self._chain.balance_of(address) == 0:
            self._chain.transfer(self.account("owner"), address, POCKET_MONEY)
        return account

    def _holder(self, role: str) -> AccountAPI:
        if role in self._accounts:
            return self._accounts[role]
        if not self._chain.is_local:
            raise LookupError(f"nobody has the role '{role}' on this network; name an account")
        if role in WELL_KNOWN:
            index = WELL_KNOWN.index(role)
        else:
            index, self._next = self._next, self._next + 1
        if index >= ape.accounts.test_accounts.number_of_accounts:
            self._poor.add(role)
        self._accounts[role] = _test_account(index)
        return self._accounts[role]

    def appoint(self, role: str, account: AccountAPI) -> None:
        """Let ``account`` have this role from now on."""
        self._accounts[role] = account
        self._poor.discard(role)

    def address(self, role: str) -> str:
        """The address of the account that has this role; asking for it never sends anything.

        Raises:
            LookupError: on a chain without test accounts, when nobody has the role.
        """
        return str(self._holder(role).address)

    @property
    def known(self) -> list[str]:
        """The roles that somebody has by now, in the order in which they were given."""
        return list(self._accounts)

    def name_of(self, address: str) -> str:
        """The role of the account at ``address``; the address itself if it has none."""
        for role, account in self._accounts.items():
            if account.address == address:
                return role
        return address


def _test_account(index: int) -> AccountAPI:
    test_accounts = ape.accounts.test_accounts
    while index >= len(test_accounts):
        test_accounts.generate_test_account()
    account: AccountAPI = test_accounts[index]
    return account


def parse_address(text: str) -> str:
    """Read an address; returns it with its checksum.

    Raises:
        ValueError: when it has another length, or small and capital letters that are no checksum.
    """
    if not is_hex_address(text) or (
        is_checksum_formatted_address(text) and not is_checksum_address(text)
    ):
        raise ValueError(f"'{text}' is no address: its length or its checksum is wrong")
    return str(to_checksum_address(text))
