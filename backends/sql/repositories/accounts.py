"""Accounts and transfers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam
from typing_extensions import override

from backends.sql.pagination import PagedQuery
from backends.sql.repositories.entities import SqlEntityReader, SqlEntityRepository
from backends.sql.repository import EntityMapping, SqlQuantityRepository
from core.entities import ACCOUNT, TRANSFER, Account, AccountDraft, Transfer, TransferDraft
from core.money import MAX_TOTAL
from core.storage import Page, PageRequest
from core.storage.repositories import AccountReader, AccountRepository

ACCOUNTS: EntityMapping[Account] = EntityMapping(ACCOUNT)
TRANSFERS: EntityMapping[Transfer] = EntityMapping(TRANSFER)
accounts, transfers = ACCOUNTS.table, TRANSFERS.table
_OF_ACCOUNT = [column == bindparam("account_id") for column in (transfers.c.from_account_id, transfers.c.to_account_id)]
_TRANSFER_PAGES = PagedQuery(TRANSFERS.all, transfers, TRANSFERS.mapper.read, union_conditions=_OF_ACCOUNT)


class SqlAccountReader(SqlEntityReader[Account], AccountReader):
    """Accounts, outside a unit of work."""

    @override
    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        return await _TRANSFER_PAGES.page(self._executor, {"account_id": account_id}, page_request)


class SqlAccountRepository(SqlQuantityRepository[Account], SqlAccountReader, AccountRepository):
    """Accounts, in a unit of work."""

    @override
    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        [account] = await self._insert_drafts([draft], at)
        return account

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Account]:
        return {account.id: account for account in await self._lock_many(ids)}

    @override
    async def lock_of_users(self, user_ids: Collection[int]) -> list[Account]:
        query = ACCOUNTS.all.where(accounts.c.user_id.in_(user_ids)).order_by(accounts.c.id)
        found = await self._executor.rows(query.with_for_update(key_share=True))
        return [ACCOUNTS.mapper.read(row) for row in found]

    @override
    async def delete_many(self, ids: Collection[int], at: datetime) -> None:
        await self._delete_where(accounts.c.id.in_(ids))

    @override
    async def adjust_balances(self, changes: Mapping[int, int], at: datetime) -> None:
        await self._adjust("balance", MAX_TOTAL, changes, at)

    @override
    async def add_transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        [transfer] = await SqlEntityRepository(TRANSFERS, self._executor).add([draft], at)
        return transfer
