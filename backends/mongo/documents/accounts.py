"""Accounts and transfers."""

from datetime import datetime
from typing import Literal

from backends.mongo.documents.fields import Price, Recorded, Stored, Total, index


class AccountDocument(Recorded):
    """An account."""

    user_id: int
    balance: Total

    class Settings:
        """See Beanie."""

        name = "accounts"
        indexes = (index("user_id"),)


class TransferDocument(Stored):
    """A transfer. A page of an account merges two index scans, one for each side, for every way to sort it."""

    from_account_id: int
    to_account_id: int
    amount: Price
    status: Literal["completed"]
    created_at: datetime

    class Settings:
        """See Beanie."""

        name = "transfers"
        indexes = (
            index("from_account_id", "created_at", "_id"),
            index("to_account_id", "created_at", "_id"),
            index("from_account_id", "amount", "_id"),
            index("to_account_id", "amount", "_id"),
            index("from_account_id", "_id"),
            index("to_account_id", "_id"),
        )
