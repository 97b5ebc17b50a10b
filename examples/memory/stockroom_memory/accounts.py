"""Accounts and the transfers between them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from core.entities import Account, AccountDraft, Transfer, TransferDraft
from core.errors import AmountLimit, FieldError, InsufficientFunds, UnknownReference
from core.money import MAX_TOTAL, to_json
from core.storage import Page, PageRequest
from core.storage.round_trips import record_start
from stockroom_memory.listing import page
from stockroom_memory.repository import MemoryReader, MemoryRepository
from stockroom_memory.schema import ACCOUNTS, TRANSFERS
from stockroom_memory.unit import changed


class MemoryAccountReader(MemoryReader[Account]):
    """See ``AccountReader``."""

    kind = ACCOUNTS

    async def transfers(self, account_id: int, page_request: PageRequest) -> Page[Transfer]:
        """See ``AccountReader.transfers``."""
        record_start("read transfers")
        transfers = self._tables().of(TRANSFERS).rows.values()
        return page([one for one in transfers if account_id in (one.from_account_id, one.to_account_id)], page_request)


class MemoryAccountRepository(MemoryRepository[Account], MemoryAccountReader):
    """See ``AccountRepository``."""

    async def add(self, draft: AccountDraft, at: datetime) -> Account:
        """See ``AccountRepository.add``."""
        [account] = self._insert([asdict(draft)], at)
        return account

    async def transfer(self, draft: TransferDraft, at: datetime) -> Transfer:
        """See ``AccountRepository.transfer``."""
        record_start("update accounts")
        _require_movable(draft, self._stored)
        source, target = self._stored[draft.from_account_id], self._stored[draft.to_account_id]
        taken = changed(source, at, balance=source.balance - draft.amount)
        given = changed(target, at, balance=target.balance + draft.amount)
        self._unit.write(ACCOUNTS, [taken, given])
        [key] = self._unit.new_ids(TRANSFERS, 1)
        transfer = Transfer(id=key, **asdict(draft), created_at=at)
        self._unit.write(TRANSFERS, [transfer])
        return transfer


def _require_movable(draft: TransferDraft, accounts: Mapping[int, Account]) -> None:
    ids = {"from_account_id": draft.from_account_id, "to_account_id": draft.to_account_id}
    if missing := [field for field, key in ids.items() if key not in accounts]:
        raise UnknownReference.of(missing)
    if accounts[draft.from_account_id].balance < draft.amount:
        error = FieldError("amount", "Exceeds the balance of the account.", "insufficient-funds")
        raise InsufficientFunds("The account does not hold that much.", [error])
    if accounts[draft.to_account_id].balance + draft.amount > MAX_TOTAL:
        message = f"The balance cannot exceed {to_json(MAX_TOTAL)}."
        raise AmountLimit(message, [FieldError("amount", message, "amount-limit")])
