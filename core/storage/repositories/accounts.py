"""Accounts and transfers."""

from datetime import datetime
from typing import Protocol

from core.entities import Account, AccountDraft, Transfer, TransferDraft
from core.storage.pages import Page, PageRequest
from core.storage.repositories.repository import Reader


class AccountReader(Reader[Account], Protocol):
    """Accounts and their transfers."""

    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        """A page of the transfers from or to an account."""
        ...


class AccountRepository(AccountReader, Protocol):
    """Accounts in a unit of work."""

    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        """Open an account."""
        ...

    async def lock(self, id: int) -> Account:
        """As ``Repository.lock``."""
        ...

    async def save(self, entity: Account) -> None:
        """As ``Repository.save``."""
        ...

    async def transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        """Take the amount from one account, add it to the other, and record it: guarded, locked in id order.

        Raises:
            UnknownReference: an account does not exist.
            InsufficientFunds: the balance of the first is below the amount.
            AmountLimit: the balance of the second would exceed ``core.money.MAX_TOTAL``.
        """
        ...
