"""Accounts that are contracts: a wallet that may refuse coins, driven by an ordinary account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ape.api.accounts import AccountAPI
from ape.types import AddressType

from unbond.artifacts import container, instance
from unbond.chain import Contract

if TYPE_CHECKING:
    from ape.api.transactions import ReceiptAPI, TransactionAPI
    from typing_extensions import Self

    from unbond.chain import Chain


class StubbornWallet(AccountAPI):
    """A contract that acts for its keeper with its own coins, and takes none while it refuses."""

    keeper: AccountAPI
    """Who says what it does, and pays for gas."""
    contract_address: str

    @classmethod
    def open(cls, chain: Chain, keeper: AccountAPI) -> Self:
        """Deploy one, which takes coins at first."""
        kind = container("StubbornWallet")
        address = chain.deploy(kind, str(keeper.address), sender=keeper).address
        return cls(keeper=keeper, contract_address=address)

    @property
    def address(self) -> AddressType:
        """Where the contract is."""
        return AddressType(self.contract_address)

    def refuse(self, chain: Chain) -> None:
        """Take no coins from now on."""
        contract = Contract(chain, instance("StubbornWallet", self.contract_address))
        contract.act("setRefuses", True, sender=self.keeper)

    def call(self, txn: TransactionAPI, *args: Any, **kwargs: Any) -> ReceiptAPI:
        """Let the contract do what an ordinary account would do by this transaction."""
        contract = instance("StubbornWallet", self.contract_address)
        receipt: ReceiptAPI = contract.execute(
            txn.receiver, txn.value, txn.data, sender=self.keeper
        )
        return receipt

    def sign_message(self, msg: Any, **signer_options: Any) -> None:
        """Sign nothing: a contract cannot."""

    def sign_transaction(self, txn: TransactionAPI, **signer_options: Any) -> None:
        """Sign nothing: a contract cannot."""
