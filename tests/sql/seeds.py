"""Putting things into a storage below its API, where core's checks do not soften what a database is given."""

from collections.abc import Sequence
from typing import Any

from core.clock import now
from core.entities import Category, CategoryDraft, Product, ProductDraft, Tag, TagDraft, User, UserDraft
from core.storage import Storage


async def add_categories(storage: Storage, *names: str) -> list[Category]:
    drafts = [CategoryDraft(name=name, slug=f"c-{name.encode().hex()[:200]}") for name in names]
    return await storage.run(lambda tx: tx.categories.add(drafts, now()))


async def add_tags(storage: Storage, *names: str) -> list[Tag]:
    drafts = [TagDraft(name=name, slug=f"t-{name.encode().hex()[:200]}") for name in names]
    return await storage.run(lambda tx: tx.tags.add(drafts, now()))


async def add_users(storage: Storage, *names: str) -> list[User]:
    drafts = [UserDraft(username=name, email=f"{name}@example.com") for name in names]
    return await storage.run(lambda tx: tx.users.add(drafts, ["no hash"] * len(drafts), now()))


async def add_products(storage: Storage, *given: dict[str, Any]) -> list[Product]:
    """Products of a cent each, numbered where nothing else is given."""
    drafts = [ProductDraft(**_numbered(number) | fields) for number, fields in enumerate(given)]
    return await store_products(storage, drafts)


async def store_products(storage: Storage, drafts: Sequence[ProductDraft]) -> list[Product]:
    return await storage.run(lambda tx: tx.products.add(drafts, now()))


def _numbered(number: int) -> dict[str, Any]:
    return {"name": f"P {number}", "slug": f"p-{number}", "sku": f"P-{number}", "price": 1}
