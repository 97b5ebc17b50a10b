"""Checks a filled database before the measurement: the shop must find its rows, and be able to add more."""

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
"""The kind of row that a request adds."""


class Mismatch(Exception):
    """The shop does not return what was filled in."""


async def check(client: Client) -> None:
    """Read the first rows of each kind, and send each writing request once.

    Raises:
        Mismatch: names the request.
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
            _require_equal(f"/{path}/{row.id}", await client.request(get(f"/{path}/{row.id}")), _json(kind, row))
    await _check_lookups(client)
    await _check_new_ids(client)


async def _check_lookups(client: Client) -> None:
    """Look rows up by each derived key."""
    shop, row = client.shop, client.random_id("products")
    [user] = islice((user for user in shop.users() if user.id == 7), 1)
    _require_equal("by e-mail", (await client.request(get(f"/users/by-email/{user.email.upper()}")))["id"], user.id)
    _require_equal("by SKU", (await client.request(get(f"/products/by-sku/{shop.sku(row)}")))["id"], row)
    _require_equal("by slug", (await client.request(get(f"/products/by-slug/{shop.slug(row)}")))["id"], row)
    similar = await client.request(get(f"/products?search={shop.code(row)}"))
    _require_equal(
        "by search", (similar["total"], {shop.code(found["id"]) for found in similar["items"]}), (10, {shop.code(row)})
    )
    [(post, tags)] = islice((given for given in shop.posts() if given[1]), 1)
    tagged = await client.request(get(f"/posts?tag={tags[0].name.upper()}&sort=created_at&cursor="))
    _require_equal("by tag", tagged["items"][0]["id"], post.id)


async def _check_new_ids(client: Client) -> None:
    """Each new row must get an id above those that were filled in."""
    for endpoint in WRITES:
        created = await client.request(await endpoint.make(client))
        kind = _NEW.get(endpoint.name)
        if kind and created["id"] <= client.shop.last[kind]:
            raise Mismatch(f"{endpoint.name}: id {created['id']} is not new")
    await client.database.prune(client.shop)


def _json(kind: Any, row: Any) -> Json:
    return TypeAdapter(kind).dump_python(row, mode="json")


def _require_equal(label: str, found: object, expected: object) -> None:
    if found != expected:
        raise Mismatch(f"{label}: {found} is not {expected}")
