"""Accounts and transfers."""

from datetime import datetime
from functools import partial

from sqlalchemy import bindparam, case, select
from typing_extensions import override

from backends.sql.errors import ConstraintViolation
from backends.sql.mapper import RowMapper
from backends.sql.pagination import PagedQuery
from backends.sql.repository import EntityMapping, SqlReader, SqlRepository, next_version
from backends.sql.schema import accounts, transfers
from backends.sql.statement import QueryExecutor
from core.entities import Account, AccountDraft, Transfer, TransferDraft
from core.entities.construct import shallow_asdict
from core.errors import AmountLimit, FieldError, InsufficientFunds, StockroomError, TransientConflict, UnknownReference
from core.money import MAX_TOTAL, to_json
from core.storage import Page, PageRequest
from core.storage.repositories import AccountReader, AccountRepository

ACCOUNTS = EntityMapping("account", RowMapper(Account, accounts))
_TRANSFERS = RowMapper(Transfer, transfers)
_ALL_TRANSFERS = select(*_TRANSFERS.columns)
_OF_ACCOUNT = [column == bindparam("account_id") for column in (transfers.c.from_account_id, transfers.c.to_account_id)]
_TRANSFER_PAGES = PagedQuery(_ALL_TRANSFERS, transfers, _TRANSFERS.read, union_conditions=_OF_ACCOUNT)


class SqlAccountReader(SqlReader[Account], AccountReader):
    """Accounts, outside a unit of work."""

    @override
    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        return await _TRANSFER_PAGES.page(self._executor, {"account_id": account_id}, page_request)


class SqlAccountRepository(SqlRepository[Account], SqlAccountReader, AccountRepository):
    """Accounts, in a unit of work."""

    @override
    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        [account] = await self._insert([shallow_asdict(draft)], at)
        return account

    @override
    async def transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        """One guarded UPDATE for both accounts."""
        ids = sorted((draft.from_account_id, draft.to_account_id))
        change = case({draft.from_account_id: -draft.amount, draft.to_account_id: draft.amount}, value=accounts.c.id)
        balance = accounts.c.balance + change
        guarded = accounts.update().where(accounts.c.id.in_(self._executor.in_id_order(accounts, ids)))
        guarded = guarded.where(balance.between(0, MAX_TOTAL))
        moved = await self._executor.write(guarded.values(balance=balance, **next_version(accounts, at)))
        if moved != len(ids):
            raise ConstraintViolation(partial(_diagnose, draft))
        row = {**shallow_asdict(draft), "status": "completed", "created_at": at}
        [key] = await self._executor.insert(transfers, [row])
        return _TRANSFERS.build(row | {"id": key})


async def _diagnose(draft: TransferDraft, executor: QueryExecutor) -> StockroomError:
    """Why a transfer was refused, found once the unit of work is undone: before, a balance may have changed already."""
    query = select(accounts.c.id, accounts.c.balance)
    ids = {"from_account_id": draft.from_account_id, "to_account_id": draft.to_account_id}
    found = await executor.rows(query.where(accounts.c.id.in_(ids.values())))
    balances = {row.id: row.balance for row in found}
    missing = [field for field, key in ids.items() if key not in balances]
    if missing:
        return UnknownReference.of(missing)
    if balances[draft.from_account_id] < draft.amount:
        error = FieldError("amount", "Exceeds the balance of the account.", "insufficient-funds")
        return InsufficientFunds("The account does not hold that much.", [error])
    if balances[draft.to_account_id] + draft.amount > MAX_TOTAL:
        error = FieldError("amount", f"The balance cannot exceed {to_json(MAX_TOTAL)}.", "amount-limit")
        return AmountLimit(f"The balance cannot exceed {to_json(MAX_TOTAL)}.", [error])
    return TransientConflict()
