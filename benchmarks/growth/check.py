"""Before anything is measured: the shop must find in the database what was filled in, and carry on from there."""

from itertools import islice
from typing import Any

from pydantic import TypeAdapter

from benchmarks.growth.client import Client, Json, get
from benchmarks.growth.writes import LINES, WRITES
from core.entities import Account, Category, Order, Post, Product, Tag, User

ROWS = 20

_NEW = {
    f"order of {LINES} lines": "orders",
    "product: creation": "products",
    "category: creation": "categories",
    "user: creation": "users",
    "post: creation, two tags": "posts",
    "tag: creation": "tags",
    "account: opening": "accounts",
    "account: transfer": "transfers",
}
"""What a request adds to."""


class Differ(Exception):
    """It does not."""


async def check(client: Client) -> None:
    """Read the first rows of each kind, and let the shop write everything that it can write.

    Raises:
        Differ: says where.
    """
    shop = client.shop
    for path, kind, rows in (
        ("users", User, shop.users()),
        ("categories", Category, shop.categories()),
        ("products", Product, shop.products()),
        ("tags", Tag, shop.tags()),
        ("posts", Post, (post for post, _ in shop.posts())),
        ("orders", Order, (sale.order for sale in shop.sales())),
        ("accounts", Account, shop.accounts()),
    ):
        for row in islice(rows, ROWS):
            _equal(f"/{path}/{row.id}", await client.ask(get(f"/{path}/{row.id}")), _json(kind, row))
    await _found(client)
    await _carried_on(client)


async def _found(client: Client) -> None:
    """By each derived key."""
    shop, row = client.shop, client.any("products")
    [user] = islice((user for user in shop.users() if user.id == 7), 1)
    _equal("by e-mail", (await client.ask(get(f"/users/by-email/{user.email.upper()}")))["id"], user.id)
    _equal("by SKU", (await client.ask(get(f"/products/by-sku/{shop.sku(row)}")))["id"], row)
    _equal("by slug", (await client.ask(get(f"/products/by-slug/{shop.slug(row)}")))["id"], row)
    alike = await client.ask(get(f"/products?search={shop.code(row)}"))
    _equal("by search", (alike["total"], {shop.code(found["id"]) for found in alike["items"]}), (10, {shop.code(row)}))
    [(post, tags)] = islice((given for given in shop.posts() if given[1]), 1)
    tagged = await client.ask(get(f"/posts?tag={tags[0].name.upper()}&sort=created_at&cursor="))
    _equal("by tag", tagged["items"][0]["id"], post.id)


async def _carried_on(client: Client) -> None:
    """Each new row gets an id behind those that were filled in."""
    for endpoint in WRITES:
        made = await client.ask(await endpoint.make(client))
        kind = _NEW.get(endpoint.name)
        if kind and made["id"] <= client.shop.last[kind]:
            raise Differ(f"{endpoint.name}: id {made['id']} is not new")
    await client.database.prune(client.shop)


def _json(kind: Any, row: Any) -> Json:
    return TypeAdapter(kind).dump_python(row, mode="json")


def _equal(what: str, one: object, other: object) -> None:
    if one != other:
        raise Differ(f"{what}: {one} is not {other}")
