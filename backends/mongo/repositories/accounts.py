"""Accounts and the transfers between them."""

from collections.abc import Mapping
from datetime import datetime

from typing_extensions import override

from backends.mongo.collection import Filter, Update
from backends.mongo.mapper import MONEY, DocumentMapper
from backends.mongo.pagination import fetch_page
from backends.mongo.repository import EntityMapping, MongoReader, MongoRepository
from core.entities import Account, AccountDraft, Transfer, TransferDraft
from core.entities.construct import shallow_asdict
from core.errors import AmountLimit, FieldError, InsufficientFunds, TransientConflict, UnknownReference
from core.money import MAX_TOTAL, to_json
from core.storage import Page, PageRequest
from core.storage.repositories import AccountReader, AccountRepository

ACCOUNTS = EntityMapping(
    "account",
    "accounts",
    DocumentMapper(Account, {"balance": MONEY}),
    references={"user_id": "users"},
)
TRANSFER_MAPPER: DocumentMapper[Transfer] = DocumentMapper(Transfer, {"amount": MONEY})


class MongoAccountReader(MongoReader[Account], AccountReader):
    """Accounts and their transfers."""

    @override
    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        either: Filter = {"$or": [{"from_account_id": account_id}, {"to_account_id": account_id}]}
        return await fetch_page(self._source.collection("transfers"), either, page_request, TRANSFER_MAPPER)


class MongoAccountRepository(MongoRepository[Account], MongoAccountReader, AccountRepository):
    """Accounts in a unit of work."""

    @override
    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        [account] = await self._create([shallow_asdict(draft)], at)
        return account

    @override
    async def transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        source, target = draft.from_account_id, draft.to_account_id
        _check_transfer(draft, await self._lock_many(source, target))
        changes = {
            source: _change_balance(source, -draft.amount, {"$gte": draft.amount}, at),
            target: _change_balance(target, draft.amount, {"$lte": MAX_TOTAL - draft.amount}, at),
        }
        if await self._collection.update_each([changes[key] for key in sorted(changes)]) != len(changes):
            raise TransientConflict
        self._unit.mark_written("accounts", changes)
        [transfer_id] = await self._unit.ids.allocate("transfers", 1)
        transfer = Transfer(id=transfer_id, **shallow_asdict(draft), created_at=at)
        await self._unit.collection("transfers").insert([TRANSFER_MAPPER.to_document(transfer)])
        return transfer

    async def _lock_many(self, *ids: int) -> dict[int, Account]:
        accounts = await self._find_all({"_id": {"$in": sorted(ids)}}, [("_id", 1)])
        for account in accounts:
            self._unit.lock("accounts", account)
        return {account.id: account for account in accounts}


def _check_transfer(draft: TransferDraft, accounts: Mapping[int, Account]) -> None:
    ids = {"from_account_id": draft.from_account_id, "to_account_id": draft.to_account_id}
    missing = [field for field, key in ids.items() if key not in accounts]
    if missing:
        raise UnknownReference.of(missing)
    if accounts[draft.from_account_id].balance < draft.amount:
        error = FieldError("amount", "Exceeds the balance of the account.", "insufficient-funds")
        raise InsufficientFunds("The account does not hold that much.", [error])
    if accounts[draft.to_account_id].balance + draft.amount > MAX_TOTAL:
        message = f"The balance cannot exceed {to_json(MAX_TOTAL)}."
        raise AmountLimit(message, [FieldError("amount", message, "amount-limit")])


def _change_balance(id: int, amount: int, guard: Filter, at: datetime) -> tuple[Filter, Update]:
    change = {"$inc": {"balance": amount, "version": 1}, "$max": {"updated_at": at}}
    return {"_id": id, "balance": guard}, change
