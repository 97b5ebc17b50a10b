"""Accounts and the transfers between them."""

from collections.abc import Mapping
from datetime import datetime

from backends.mongo.aggregate import Aggregate, MongoReader, MongoRepository
from backends.mongo.collection import Filter, Update
from backends.mongo.shape import MONEY, Shape
from backends.mongo.windows import page
from core.entities import Account, AccountDraft, Transfer, TransferDraft
from core.entities.construct import shallow_asdict
from core.errors import AmountLimit, FieldError, InsufficientFunds, TransientConflict, UnknownReference
from core.money import MAX_TOTAL, to_json
from core.storage import Page, PageRequest

ACCOUNTS = Aggregate("account", "accounts", Shape(Account, {"balance": MONEY}), references={"user_id": "users"})
_TRANSFERS: Shape[Transfer] = Shape(Transfer, {"amount": MONEY})


class MongoAccountReader(MongoReader[Account]):
    """See ``AccountReader``."""

    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        """See ``AccountReader.transfers``."""
        either: Filter = {"$or": [{"from_account_id": account_id}, {"to_account_id": account_id}]}
        return await page(self._source.collection("transfers"), either, page_request, _TRANSFERS)


class MongoAccountRepository(MongoRepository[Account], MongoAccountReader):
    """See ``AccountRepository``."""

    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        """See ``AccountRepository.add``."""
        [account] = await self._store([shallow_asdict(draft)], at)
        return account

    async def transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        """See ``AccountRepository.transfer``."""
        source, target = draft.from_account_id, draft.to_account_id
        _require_movable(draft, await self._lock_both(source, target))
        changes = {
            source: _change(source, -draft.amount, {"$gte": draft.amount}, at),
            target: _change(target, draft.amount, {"$lte": MAX_TOTAL - draft.amount}, at),
        }
        if await self._collection.update_each([changes[key] for key in sorted(changes)]) != len(changes):
            raise TransientConflict
        self._work.settle("accounts", changes)
        [key] = await self._work.ids.take("transfers", 1)
        transfer = Transfer(id=key, **shallow_asdict(draft), created_at=at)
        await self._work.collection("transfers").insert([_TRANSFERS.write(transfer)])
        return transfer

    async def _lock_both(self, *ids: int) -> dict[int, Account]:
        accounts = await self._all({"_id": {"$in": sorted(ids)}}, [("_id", 1)])
        for account in accounts:
            self._work.lock("accounts", account)
        return {account.id: account for account in accounts}


def _require_movable(draft: TransferDraft, accounts: Mapping[int, Account]) -> None:
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


def _change(id: int, amount: int, guard: Filter, at: datetime) -> tuple[Filter, Update]:
    change = {"$inc": {"balance": amount, "version": 1}, "$max": {"updated_at": at}}
    return {"_id": id, "balance": guard}, change
