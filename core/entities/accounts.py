"""Accounts that hold money, and transfers between them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core import money
from core.entities.entity_type import EntityType, OnDelete, Reference
from core.entities.fields import FORBID_EXTRA, Amount, Id, Price, Time, Total, VersionedEntity, default

OpeningBalance = Annotated[int, Amount(0, money.MAX_PRICE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDraft:
    """A new account; ``balance`` is what it opens with."""

    __pydantic_config__ = FORBID_EXTRA

    user_id: Id
    balance: Annotated[OpeningBalance, default(0)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(VersionedEntity):
    """A stored account; the balance is never below zero."""

    user_id: Id
    balance: Total


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Which accounts a list has."""

    user_id: int | None = None


ACCOUNT = EntityType(
    entity=Account,
    name="account",
    plural="accounts",
    references=[Reference("user_id", "users", OnDelete.RESTRICT)],
    filter=AccountFilter,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositDraft:
    """Money that is paid in from outside."""

    __pydantic_config__ = FORBID_EXTRA

    amount: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDraft:
    """Money to be moved from one account to another."""

    __pydantic_config__ = FORBID_EXTRA

    from_account_id: Id
    to_account_id: Id
    amount: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Money that was moved. Immutable; it stays when one of the accounts is closed."""

    id: Id
    from_account_id: Id
    to_account_id: Id
    amount: Price
    status: Literal["completed"] = "completed"
    created_at: Time


TRANSFER = EntityType(
    entity=Transfer,
    name="transfer",
    plural="transfers",
    references=[
        Reference("from_account_id", "accounts", OnDelete.KEEP),
        Reference("to_account_id", "accounts", OnDelete.KEEP),
    ],
)
