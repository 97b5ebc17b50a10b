"""Refunds, payments from accounts, and the lists of accounts and payments."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from bson import Int64

from core.errors import ConfigurationError
from migrations.mongo import Schema
from migrations.mongo.rules import OPTIONAL_INTEGER, one_of, record

_initial: Any = importlib.import_module("migrations.mongo.versions.0001_initial")

BEFORE = _initial.PAYMENT
AFTER = {
    **BEFORE,
    "refunded_amount": _initial.TOTAL,
    "account_id": OPTIONAL_INTEGER,
    "status": one_of("completed", "partially_refunded", "refunded"),
}
ADDED = ("refunded_amount", "account_id")
NEW: Mapping[str, Sequence[str]] = {
    "accounts": ["created_at _id", "user_id created_at _id"],
    "payments": [
        "created_at _id",
        "order_id created_at _id",
        "account_id created_at _id",
        "status created_at _id",
    ],
}
OLD: Mapping[str, Sequence[str]] = {"accounts": ["user_id"], "payments": ["order_id"]}


async def up(schema: Schema) -> None:
    """Allow the fields, fill them in existing payments, then require them."""
    await schema.require("payments", record(AFTER, optional=ADDED))
    nothing = {"refunded_amount": Int64(0), "account_id": None}
    await schema.collection("payments").update_many({"refunded_amount": {"$exists": False}}, {"$set": nothing})
    await schema.require("payments", record(AFTER))
    await _replace(schema, OLD, NEW)


async def down(schema: Schema) -> None:
    """Remove them; refused where that would lose data.

    Raises:
        ConfigurationError: there are refunds or payments from accounts.
    """
    lost = {"$or": [{"refunded_amount": {"$gt": 0}}, {"account_id": {"$ne": None}}]}
    if await schema.collection("payments").find({"refunded_amount": {"$exists": True}, **lost}, limit=1):
        raise ConfigurationError("Step 0004 cannot keep refunds and payments from accounts. Stay at 0005.")
    await schema.require("payments", record(AFTER, optional=ADDED))
    removed = {"$unset": dict.fromkeys(ADDED, ""), "$set": {"status": "completed"}}
    await schema.collection("payments").update_many({}, removed)
    await schema.require("payments", record(BEFORE))
    await _replace(schema, NEW, OLD)


async def _replace(schema: Schema, old: Mapping[str, Sequence[str]], new: Mapping[str, Sequence[str]]) -> None:
    for name, indexes in new.items():
        for keys in indexes:
            await schema.index(name, keys.split())
    for name, indexes in old.items():
        for keys in indexes:
            await schema.unindex(name, keys.split())
