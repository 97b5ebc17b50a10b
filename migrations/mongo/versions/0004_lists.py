"""Index the products of a category by their price; drop the indexes by the time of the last change.

No list is sorted by that time, yet whatever changed an entity, an order that takes stock too, had to move its key.
"""

from migrations.mongo import Schema

UNUSED = {
    "users": "updated_at _id",
    "posts": "updated_at _id",
    "tags": "updated_at _id",
    "categories": "updated_at _id",
    "products": "updated_at _id",
    "orders": "updated_at _id",
    "notifications": "user_id updated_at _id",
}
PRICES = ["category_id", "price", "_id"]


async def up(schema: Schema) -> None:
    """One index comes, seven go."""
    await schema.index("products", PRICES)
    for name, keys in UNUSED.items():
        await schema.unindex(name, keys.split())


async def down(schema: Schema) -> None:
    """The other way round."""
    for name, keys in UNUSED.items():
        await schema.index(name, keys.split())
    await schema.unindex("products", PRICES)
