"""Accounts and the money that moves between them."""

from collections.abc import Mapping

from core import clock
from core.entities import Account, AccountDraft, Transfer, TransferDraft
from core.errors import AmountLimit, FieldError, InsufficientFunds, SameAccount, UnknownReference
from core.money import MAX_TOTAL, to_json
from core.money_errors import AccountNotEmpty
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
        check_limit(account, amount)
        return await save_changes(tx.accounts, account, {"balance": account.balance + amount})

    return await storage.run(work)


async def close_account(storage: Storage, id: int, expected: ExpectedVersions = None) -> None:
    """Close an account. Its transfers and payments stay, and go on naming it.

    Raises:
        AccountNotEmpty: it holds money.
    """

    async def work(tx: Transaction) -> None:
        account = await lock_expecting(tx.accounts, id, expected)
        if account.balance:
            raise AccountNotEmpty
        await tx.accounts.delete(id, clock.now())

    await storage.run(work)


async def transfer(storage: Storage, draft: TransferDraft) -> Transfer:
    """Move money between two accounts.

    Raises:
        SameAccount: they are one.
        UnknownReference: an account does not exist.
        InsufficientFunds: the balance of the first is below the amount.
        AmountLimit: the balance of the second would exceed ``MAX_TOTAL``.
    """
    if draft.from_account_id == draft.to_account_id:
        error = FieldError("to_account_id", "Must differ from from_account_id.", "same-account")
        raise SameAccount("Money cannot be moved from an account to itself.", [error])

    async def work(tx: Transaction) -> Transfer:
        now = clock.now()
        accounts = await tx.accounts.lock_many(sorted((draft.from_account_id, draft.to_account_id)))
        _check_transfer(draft, accounts)
        changes = {draft.from_account_id: -draft.amount, draft.to_account_id: draft.amount}
        await tx.accounts.adjust_balances(changes, now)
        return await tx.accounts.add_transfer(draft, now)

    return await storage.run(work)


def _check_transfer(draft: TransferDraft, accounts: Mapping[int, Account]) -> None:
    ids = {"from_account_id": draft.from_account_id, "to_account_id": draft.to_account_id}
    if missing := [field for field, key in ids.items() if key not in accounts]:
        raise UnknownReference.of(missing)
    if accounts[draft.from_account_id].balance < draft.amount:
        error = FieldError("amount", "Exceeds the balance of the account.", "insufficient-funds")
        raise InsufficientFunds("The account does not hold that much.", [error])
    check_limit(accounts[draft.to_account_id], draft.amount)


def check_limit(account: Account, amount: int) -> None:
    """Refuse to add an amount, in minor units, that an account cannot hold.

    Raises:
        AmountLimit: the balance would exceed ``MAX_TOTAL``.
    """
    if account.balance + amount > MAX_TOTAL:
        message = f"The balance cannot exceed {to_json(MAX_TOTAL)}."
        raise AmountLimit(message, [FieldError("amount", message, "amount-limit")])


async def transfers(storage: Storage, id: int, page_request: PageRequest) -> Page[Transfer]:
    """A page of the transfers of an account."""
    page = await storage.accounts.transfers(id, page_request)
    if not page.items:
        await storage.accounts.get(id)
    return page
