"""Accounts and the transfers between them."""

from typing import Annotated

from fastapi import Depends, Query

from api.auth.checks import Check, account_is_own_and_empty, source_account_is_own
from api.auth.permissions import SUPERUSERS, Audience, Permission
from api.dependencies import StorageDep
from api.http.fields import Id, PathId
from api.openapi import problem_responses
from api.pagination import PageResponse, sortable
from api.preconditions import ExpectedVersions
from api.routing import Router
from core.entities import Account, AccountDraft, AccountFilter, DepositDraft, Transfer, TransferDraft
from core.errors import AmountLimit, InsufficientFunds, SameAccount, UnknownReference
from core.money_errors import AccountNotEmpty
from core.services import accounts
from core.storage import PageRequest, sorts

router = Router("accounts")

OWN_ACCOUNTS = Permission(audience=Audience.USER, description="its own accounts")
OWN_ACCOUNTS_LIST = Permission(
    audience=Audience.USER, description="its own accounts; of another `user_id` there are none"
)
OWN_ACCOUNT_DRAFT = Permission(
    audience=Audience.USER,
    description="for itself, with a balance of 0: anything else is 403",
    check=Check(AccountDraft, account_is_own_and_empty),
    can_forbid=True,
)
OWN_TRANSFER = Permission(
    audience=Audience.USER,
    description="from its own account, to any; another's is `unknown-reference`",
    check=Check(TransferDraft, source_account_is_own),
)

AccountsPage = Annotated[PageRequest, Depends(sortable(sorts.ACCOUNTS))]
TransfersPage = Annotated[PageRequest, Depends(sortable(sorts.TRANSFERS))]


@router.post("", permission=OWN_ACCOUNT_DRAFT, status_code=201, responses=problem_responses(UnknownReference))
async def open_account(given: AccountDraft, storage: StorageDep) -> Account:
    """Open an account for a user."""
    return await accounts.open_account(storage, given)


@router.get("", permission=OWN_ACCOUNTS_LIST)
async def list_accounts(
    storage: StorageDep, page_request: AccountsPage, user_id: Annotated[Id | None, Query()] = None
) -> PageResponse[Account]:
    """List accounts."""
    return PageResponse.of(await storage.accounts.page(AccountFilter(user_id=user_id), page_request), page_request)


@router.post(
    "/transfers",
    permission=OWN_TRANSFER,
    status_code=201,
    responses=problem_responses(SameAccount, UnknownReference, InsufficientFunds, AmountLimit),
)
async def transfer_money(given: TransferDraft, storage: StorageDep) -> Transfer:
    """Move money from one account to another.

    Both balances change together; neither falls below zero.
    """
    return await accounts.transfer(storage, given)


@router.get("/{id}", permission=OWN_ACCOUNTS)
async def get_account(id: PathId, storage: StorageDep) -> Account:
    """Get an account."""
    return await storage.accounts.get(id)


@router.delete("/{id}", permission=OWN_ACCOUNTS, status_code=204, responses=problem_responses(AccountNotEmpty))
async def close_account(id: PathId, storage: StorageDep, expected: ExpectedVersions) -> None:
    """Close an account.

    Refused unless its balance is 0. Its transfers stay readable from the other accounts.
    """
    await accounts.close_account(storage, id, expected)


@router.post("/{id}/deposit", permission=SUPERUSERS, responses=problem_responses(AmountLimit))
async def deposit_money(id: PathId, given: DepositDraft, storage: StorageDep, expected: ExpectedVersions) -> Account:
    """Add money from outside to an account."""
    return await accounts.deposit(storage, id, given.amount, expected)


@router.get("/{id}/transfers", permission=OWN_ACCOUNTS)
async def list_transfers(id: PathId, storage: StorageDep, page_request: TransfersPage) -> PageResponse[Transfer]:
    """List the transfers from and to an account."""
    return PageResponse.of(await accounts.transfers(storage, id, page_request), page_request)
