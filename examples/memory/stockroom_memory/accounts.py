"""Accounts and the transfers between them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from typing_extensions import override

from core.entities import ACCOUNT, TRANSFER, Account, AccountDraft, AccountFilter, Transfer, TransferDraft
from core.money import MAX_TOTAL
from core.storage import Page, PageRequest
from core.storage.repositories import AccountReader, AccountRepository
from core.storage.round_trips import record_start
from stockroom_memory.pagination import matching, page
from stockroom_memory.repository import MemoryQuantityRepository, MemoryReader


class MemoryAccountReader(MemoryReader[Account], AccountReader):
    """Accounts as committed."""

    entity_type = ACCOUNT

    @override
    async def page(self, filter: AccountFilter, page_request: PageRequest) -> Page[Account]:
        return page(matching(self._read(), filter), page_request)

    @override
    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        record_start("read transfers")
        transfers = self._tables().of(TRANSFER).rows.values()
        return page([one for one in transfers if account_id in (one.from_account_id, one.to_account_id)], page_request)


class MemoryAccountRepository(MemoryQuantityRepository[Account], MemoryAccountReader, AccountRepository):
    """Accounts in a unit of work."""

    @override
    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        [account] = await self._insert_drafts([draft], at)
        return account

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Account]:
        return await self._lock_many(ids)

    @override
    async def lock_of_users(self, user_ids: Collection[int]) -> list[Account]:
        return [account for account in self._read().rows.values() if account.user_id in user_ids]

    @override
    async def delete_many(self, ids: Collection[int], at: datetime) -> None:
        record_start("delete accounts")
        await self._unit.delete(ACCOUNT, ids, at)

    @override
    async def adjust_balances(self, changes: Mapping[int, int], at: datetime) -> None:
        await self._adjust("balance", changes, MAX_TOTAL, at)

    @override
    async def add_transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        record_start("insert transfers")
        [key] = self._unit.new_ids(TRANSFER, 1)
        transfer = Transfer(id=key, **TRANSFER.new_values(draft, at))
        await self._unit.write(TRANSFER, [transfer])
        return transfer
