"""Create every collection with its rule and its indexes."""

from collections.abc import Mapping, Sequence

from migrations.mongo import Schema
from migrations.mongo.rules import (
    FLAG,
    INTEGER,
    OPTIONAL_INTEGER,
    OPTIONAL_TEXT,
    OPTIONAL_TIME,
    TEXT,
    TIME,
    Rule,
    closed,
    integer,
    list_of,
    money,
    one_of,
    record,
)

PRICE = money(1, 9_999_999_999)
TOTAL = money(0, 999_999_999_999)
QUANTITY = integer(1, 2_147_483_647)

USER = {
    "username": TEXT,
    "username_key": TEXT,
    "email": TEXT,
    "email_key": TEXT,
    "full_name": OPTIONAL_TEXT,
    "bio": OPTIONAL_TEXT,
    "is_active": FLAG,
    "is_superuser": FLAG,
    "password_hash": TEXT,
}
POST = {
    "title": TEXT,
    "slug": TEXT,
    "content": TEXT,
    "status": one_of("draft", "published", "archived"),
    "author_id": INTEGER,
    "view_count": integer(0),
    "published_at": OPTIONAL_TIME,
    "tags": list_of(closed({"id": INTEGER, "name": TEXT, "key": TEXT})),
}
PRODUCT = {
    "name": TEXT,
    "slug": TEXT,
    "description": OPTIONAL_TEXT,
    "price": PRICE,
    "stock_quantity": integer(0, 2_147_483_647),
    "sku": TEXT,
    "is_active": FLAG,
    "category_id": OPTIONAL_INTEGER,
}
LINE = closed({"product_id": INTEGER, "quantity": QUANTITY, "unit_price": PRICE, "total_price": TOTAL})
ORDER = {
    "order_number": TEXT,
    "status": one_of("pending", "confirmed", "shipped", "delivered", "cancelled"),
    "total_amount": TOTAL,
    "user_id": INTEGER,
    "shipping_address": OPTIONAL_TEXT,
    "items": list_of(LINE, minItems=1),
}
PAYMENT = {
    "order_id": INTEGER,
    "amount": PRICE,
    "method": TEXT,
    "reference": OPTIONAL_TEXT,
    "status": one_of("completed"),
}
TRANSFER = {
    "_id": INTEGER,
    "from_account_id": INTEGER,
    "to_account_id": INTEGER,
    "amount": PRICE,
    "status": one_of("completed"),
    "created_at": TIME,
}

RULES: Mapping[str, Rule] = {
    "users": record(USER),
    "posts": record(POST),
    "tags": record({"name": TEXT, "name_key": TEXT, "slug": TEXT}),
    "categories": record({"name": TEXT, "slug": TEXT, "description": OPTIONAL_TEXT, "parent_id": OPTIONAL_INTEGER}),
    "products": record(PRODUCT),
    "orders": record(ORDER),
    "payments": record(PAYMENT),
    "accounts": record({"user_id": INTEGER, "balance": TOTAL}),
    "transfers": closed(TRANSFER),
    "notifications": record({"user_id": INTEGER, "order_id": OPTIONAL_INTEGER, "message": TEXT, "is_read": FLAG}),
    "counters": closed({"_id": TEXT, "last": INTEGER}),
}

UNIQUE: Mapping[str, Sequence[str]] = {
    "users": ["username_key", "email_key"],
    "posts": ["slug"],
    "tags": ["name_key", "slug"],
    "categories": ["name", "slug"],
    "products": ["slug", "sku"],
    "orders": ["order_number"],
}

NEWEST = ["created_at _id", "updated_at _id"]
INDEXES: Mapping[str, Sequence[str]] = {
    "users": [*NEWEST, "username", "email", "is_active created_at _id", "is_active updated_at"],
    "posts": [
        *NEWEST,
        "title _id",
        "view_count _id",
        "published_at _id",
        "author_id created_at _id",
        "status created_at _id",
        "tags.id created_at _id",
        "tags.key created_at _id",
    ],
    "tags": [*NEWEST, "name"],
    "categories": [*NEWEST, "parent_id"],
    "products": [
        *NEWEST,
        "name _id",
        "price _id",
        "stock_quantity _id",
        "category_id created_at _id",
        "is_active created_at _id",
        "is_active stock_quantity _id",
        "is_active category_id price",
    ],
    "orders": [
        *NEWEST,
        "total_amount _id",
        "user_id created_at _id",
        "status created_at _id",
        "status user_id total_amount",
        "items.product_id",
    ],
    "payments": ["order_id"],
    "accounts": ["user_id"],
    "transfers": [
        "from_account_id created_at _id",
        "to_account_id created_at _id",
        "from_account_id amount _id",
        "to_account_id amount _id",
        "from_account_id _id",
        "to_account_id _id",
    ],
    "notifications": ["user_id created_at _id", "user_id updated_at _id", "user_id _id", "order_id"],
}


async def up(schema: Schema) -> None:
    """Create everything."""
    for name, rule in RULES.items():
        await schema.create(name, rule)
    for name, keys in UNIQUE.items():
        for key in keys:
            await schema.index(name, [key], unique=True)
    await schema.index("products", ["name", "category_id"], unique=True, present="category_id")
    for name, indexes in INDEXES.items():
        for index in indexes:
            await schema.index(name, index.split())


async def down(schema: Schema) -> None:
    """Drop everything, and all that is stored with it."""
    for name in RULES:
        await schema.drop(name)
