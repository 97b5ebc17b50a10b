"""Accounts and transfers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.entities import Account, AccountDraft, AccountFilter, Transfer, TransferDraft
from core.storage.pages import Page, PageRequest
from core.storage.repositories.repository import Reader


class AccountReader(Reader[Account], Protocol):
    """Accounts and their transfers."""

    async def page(self, filter: AccountFilter, page_request: PageRequest) -> Page[Account]:
        """A page of accounts."""
        ...

    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        """A page of the transfers from or to an account, also where the other one is closed."""
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

    async def delete(self, id: int, at: datetime) -> None:
        """As ``Repository.delete``: transfers and payments stay, and go on naming it."""
        ...

    async def lock_many(self, ids: Sequence[int]) -> dict[int, Account]:
        """Those of the accounts that exist, by id, locked in the order of their ids, in one round trip."""
        ...

    async def lock_of_users(self, user_ids: Collection[int]) -> list[Account]:
        """All accounts of users, by id, locked, in one round trip."""
        ...

    async def delete_many(self, ids: Collection[int], at: datetime) -> None:
        """Remove accounts as ``delete`` does, in one round trip; those that do not exist are left out."""
        ...

    async def adjust_balances(self, changes: Mapping[int, int], at: datetime) -> None:
        """Add to each balance an amount in minor units, negative to take away; one round trip.

        Raises:
            TransientConflict: an account is gone, or its balance would leave 0 to ``core.money.MAX_TOTAL``.
        """
        ...

    async def add_transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        """Record a transfer; the balances are changed by ``adjust_balances``."""
        ...
