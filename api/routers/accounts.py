"""Accounts and the transfers between them."""

from typing import Annotated

from fastapi import Depends

from api.dependencies import StorageDep
from api.document import refusals
from api.lists import Listing, sortable
from api.parameters import PathId
from api.preconditions import ExpectedVersions
from api.routes import router as make_router
from core.entities import Account, AccountDraft, DepositDraft, Transfer, TransferDraft
from core.errors import AmountLimit, InsufficientFunds, SameAccount, UnknownReference
from core.services import accounts
from core.storage import PageRequest, sorts

router = make_router("accounts")

TransfersWindow = Annotated[PageRequest, Depends(sortable(sorts.TRANSFERS))]


@router.post("", status_code=201, responses=refusals(UnknownReference))
async def open_account(given: AccountDraft, storage: StorageDep) -> Account:
    """Open an account for a user."""
    return await accounts.open_account(storage, given)


@router.post(
    "/transfers",
    status_code=201,
    responses=refusals(SameAccount, UnknownReference, InsufficientFunds, AmountLimit),
)
async def transfer_money(given: TransferDraft, storage: StorageDep) -> Transfer:
    """Move money from one account to another.

    Both balances change together; neither falls below zero.
    """
    return await accounts.transfer(storage, given)


@router.get("/{id}")
async def get_account(id: PathId, storage: StorageDep) -> Account:
    """Get an account."""
    return await storage.accounts.get(id)


@router.post("/{id}/deposit", responses=refusals(AmountLimit))
async def deposit_money(id: PathId, given: DepositDraft, storage: StorageDep, expected: ExpectedVersions) -> Account:
    """Add money from outside to an account."""
    return await accounts.deposit(storage, id, given.amount, expected)


@router.get("/{id}/transfers")
async def list_transfers(id: PathId, storage: StorageDep, page_request: TransfersWindow) -> Listing[Transfer]:
    """List the transfers from and to an account."""
    return Listing.of(await accounts.transfers(storage, id, page_request), page_request)
