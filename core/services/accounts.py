"""Accounts and the money that moves between them."""

from core import clock
from core.entities import Account, AccountDraft, Transfer, TransferDraft
from core.errors import AmountLimit, FieldError, SameAccount
from core.money import MAX_TOTAL, to_json
from core.services.versioning import ExpectedVersions, lock_expecting, save_changes
from core.storage import PageRequest, Storage, Transaction
from core.storage.pages import Page


async def open_account(storage: Storage, draft: AccountDraft) -> Account:
    """Open an account."""
    return await storage.run(lambda tx: tx.accounts.add(draft, clock.now()))


async def deposit(storage: Storage, id: int, amount: int, expected: ExpectedVersions = None) -> Account:
    """Add money from outside, in minor units.

    Raises:
        AmountLimit: the balance would exceed ``MAX_TOTAL``.
    """

    async def work(tx: Transaction) -> Account:
        account = await lock_expecting(tx.accounts, id, expected)
        if account.balance + amount > MAX_TOTAL:
            error = FieldError("amount", f"The balance cannot exceed {to_json(MAX_TOTAL)}.", "amount-limit")
            raise AmountLimit(f"The balance cannot exceed {to_json(MAX_TOTAL)}.", [error])
        return await save_changes(tx.accounts, account, {"balance": account.balance + amount})

    return await storage.run(work)


async def transfer(storage: Storage, draft: TransferDraft) -> Transfer:
    """Move money between two accounts.

    Raises:
        SameAccount: they are one.
        UnknownReference, InsufficientFunds, AmountLimit: as ``AccountRepository.transfer``.
    """
    if draft.from_account_id == draft.to_account_id:
        error = FieldError("to_account_id", "Must differ from from_account_id.", "same-account")
        raise SameAccount("Money cannot be moved from an account to itself.", [error])
    return await storage.run(lambda tx: tx.accounts.transfer(draft, clock.now()))


async def transfers(storage: Storage, id: int, page_request: PageRequest) -> Page[Transfer]:
    """A page of the transfers of an account."""
    page = await storage.accounts.transfers(id, page_request)
    if not page.items:
        await storage.accounts.get(id)
    return page
