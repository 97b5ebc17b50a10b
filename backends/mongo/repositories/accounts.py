"""Accounts and the transfers between them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from typing_extensions import override

from backends.mongo.collection import Filter
from backends.mongo.pagination import fetch_page
from backends.mongo.repositories.entities import MongoEntityReader, MongoEntityRepository
from backends.mongo.repository import EntityMapping, MongoQuantityRepository, delete_entities
from core.entities import ACCOUNT, TRANSFER, Account, AccountDraft, Transfer, TransferDraft
from core.money import MAX_TOTAL
from core.storage import Page, PageRequest
from core.storage.repositories import AccountReader, AccountRepository

ACCOUNTS: EntityMapping[Account] = EntityMapping(ACCOUNT)
TRANSFERS: EntityMapping[Transfer] = EntityMapping(TRANSFER)


class MongoAccountReader(MongoEntityReader[Account], AccountReader):
    """Accounts and their transfers."""

    @override
    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        either: Filter = {"$or": [{"from_account_id": account_id}, {"to_account_id": account_id}]}
        return await fetch_page(self._source.collection(TRANSFERS.collection), either, page_request, TRANSFERS.mapper)


class MongoAccountRepository(MongoQuantityRepository[Account], MongoAccountReader, AccountRepository):
    """Accounts in a unit of work."""

    @override
    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        [account] = await self._create_drafts([draft], at)
        return account

    @override
    async def lock_many(self, ids: Sequence[int]) -> dict[int, Account]:
        return await self._lock_many(ids)

    @override
    async def lock_of_users(self, user_ids: Collection[int]) -> list[Account]:
        accounts = await self._find_all({"user_id": {"$in": list(user_ids)}}, [("_id", 1)])
        for account in accounts:
            self._unit.lock(ACCOUNTS.collection, account)
        return accounts

    @override
    async def delete_many(self, ids: Collection[int], at: datetime) -> None:
        await delete_entities(self._unit, ACCOUNT, list(ids), at)

    @override
    async def adjust_balances(self, changes: Mapping[int, int], at: datetime) -> None:
        await self._adjust("balance", MAX_TOTAL, changes, at)

    @override
    async def add_transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        [transfer] = await MongoEntityRepository(TRANSFERS, self._unit).add([draft], at)
        return transfer
