"""Add the folded keys that searches look in, and fill them in for what is stored already."""

import importlib
from collections.abc import Mapping
from typing import Any

from core.text import search_key
from migrations.mongo import Schema
from migrations.mongo.rules import TEXT, record

_initial: Any = importlib.import_module("migrations.mongo.versions.0001_initial")

BATCH = 500
SEARCHED: Mapping[str, tuple[str, ...]] = {
    "users": ("username", "email", "full_name"),
    "posts": ("title", "content"),
    "products": ("name", "description"),
}
FIELDS: Mapping[str, Any] = {"users": _initial.USER, "posts": _initial.POST, "products": _initial.PRODUCT}


async def up(schema: Schema) -> None:
    """Allow the key, fill it in, then require it."""
    for name, fields in SEARCHED.items():
        searchable = {**FIELDS[name], "search_key": TEXT}
        await schema.require(name, record(searchable, optional=("search_key",)))
        await _fill(schema, name, fields)
        await schema.require(name, record(searchable))


async def _fill(schema: Schema, name: str, fields: tuple[str, ...]) -> None:
    """In batches, each in a round trip of its own. A document that changes in between is read again."""
    collection = schema.collection(name)
    unfilled = {"search_key": {"$exists": False}}
    while documents := await collection.find(unfilled, dict.fromkeys(fields, 1), order=[("_id", 1)], limit=BATCH):
        await collection.update_each(
            [
                (document, {"$set": {"search_key": search_key(*(document[field] for field in fields))}})
                for document in documents
            ]
        )


async def down(schema: Schema) -> None:
    """Remove the key."""
    for name, fields in FIELDS.items():
        await schema.require(name, record({**fields, "search_key": TEXT}, optional=("search_key",)))
        await schema.collection(name).update_many({}, {"$unset": {"search_key": ""}})
        await schema.require(name, record(fields))
