"""Accounts and transfers."""

from datetime import datetime
from functools import partial

from sqlalchemy import bindparam, case, select

from backends.sql.aggregate import Aggregate, SqlReader, SqlRepository
from backends.sql.errors import Clash, Rows
from backends.sql.listing import Source
from backends.sql.mapping import Shape
from backends.sql.schema import accounts, transfers
from backends.sql.versions import next_version
from core.entities import Account, AccountDraft, Transfer, TransferDraft
from core.entities.construct import shallow_asdict
from core.errors import AmountLimit, FieldError, InsufficientFunds, StockroomError, TransientConflict, UnknownReference
from core.money import MAX_TOTAL, to_json
from core.storage import Page, PageRequest

ACCOUNTS = Aggregate("account", Shape(Account, accounts))
_TRANSFERS = Shape(Transfer, transfers)
_ALL_TRANSFERS = select(*_TRANSFERS.columns)
_CONCERNED = [column == bindparam("account_id") for column in (transfers.c.from_account_id, transfers.c.to_account_id)]
_TRANSFER_PAGES = Source(_ALL_TRANSFERS, transfers, _TRANSFERS.read, either=_CONCERNED)


class SqlAccountReader(SqlReader[Account]):
    """See ``AccountReader``."""

    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        """See ``AccountReader.transfers``."""
        return await _TRANSFER_PAGES.page(self._rows, {"account_id": account_id}, page_request)


class SqlAccountRepository(SqlRepository[Account], SqlAccountReader):
    """See ``AccountRepository``."""

    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        """See ``AccountRepository.add``."""
        [account] = await self.store([shallow_asdict(draft)], at)
        return account

    async def transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        """See ``AccountRepository.transfer``. One guarded UPDATE for both accounts."""
        ids = sorted((draft.from_account_id, draft.to_account_id))
        change = case({draft.from_account_id: -draft.amount, draft.to_account_id: draft.amount}, value=accounts.c.id)
        balance = accounts.c.balance + change
        guarded = accounts.update().where(accounts.c.id.in_(self._work.in_id_order(accounts, ids)))
        guarded = guarded.where(balance.between(0, MAX_TOTAL))
        moved = await self._work.write(guarded.values(balance=balance, **next_version(accounts, at)))
        if moved != len(ids):
            raise Clash(partial(_why_not, draft))
        row = {**shallow_asdict(draft), "status": "completed", "created_at": at}
        [key] = await self._work.insert(transfers, [row])
        return _TRANSFERS.build(row | {"id": key})


async def _why_not(draft: TransferDraft, rows: Rows) -> StockroomError:
    """Asked once the unit of work is undone: before, one of the two balances may have changed already."""
    query = select(accounts.c.id, accounts.c.balance)
    ids = {"from_account_id": draft.from_account_id, "to_account_id": draft.to_account_id}
    found = await rows.rows(query.where(accounts.c.id.in_(ids.values())))
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
