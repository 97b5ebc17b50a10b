"""Requests and responses: the shop's rules, written by hand."""

import base64
import json
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from slugify import slugify

from core import text

MAX_INT = 2_147_483_647
MAX_ID = 2**53 - 1
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]
Position = tuple[datetime, int]


class RequestError(Exception):
    """An error response: its status and detail."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def _clean(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain NUL")
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def _cents(value: Decimal) -> int:
    return int(value * 100)


Name = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_clean)
]
Description = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True, max_length=10_000), AfterValidator(_clean)
]
Slug = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, max_length=220, pattern=r"^[^\s/?#%\\]+$"),
    AfterValidator(_clean),
]
Sku = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True, to_upper=True, max_length=50, pattern=r"^[A-Za-z0-9-]+$")
]
Price = Annotated[Decimal, Field(ge=Decimal("0.01"), max_digits=10, decimal_places=2), AfterValidator(_cents)]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]


class ProductIn(BaseModel):
    """A new product."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    slug: Slug | None = None
    description: Description | None = None
    price: Price
    stock_quantity: Annotated[int, Field(ge=0, le=MAX_INT)] = 0
    sku: Sku
    is_active: bool = True
    category_id: Id | None = None


class LineIn(BaseModel):
    """A line of a new order."""

    model_config = ConfigDict(extra="forbid")

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_INT)]


class OrderIn(BaseModel):
    """A new order."""

    model_config = ConfigDict(extra="forbid")

    user_id: Id
    items: Annotated[list[LineIn], Field(min_length=1, max_length=100)]
    shipping_address: (
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_clean)] | None
    ) = None


def now() -> datetime:
    """Whole milliseconds."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def search_key(name: str, description: str | None) -> str:
    """The text that searches match."""
    if name.isascii() and (description is None or description.isascii()):
        return f"{name.lower()}{text.FIELD_SEPARATOR}{(description or '').lower()}"
    return text.search_key(name, description)


def slug_of(product: ProductIn) -> str:
    """Its own slug, or one derived from its name; a duplicate is refused."""
    return product.slug or slugify(product.name, max_length=200) or "product"


def order_number(at: datetime) -> str:
    """In the shop's format."""
    return f"ORD-{at:%Y%m%d%H%M%S}-{''.join([ALPHABET[byte % 32] for byte in secrets.token_bytes(6)])}"


def format_money(cents: int) -> str:
    """In the shop's format."""
    return f"{cents // 100}.{cents % 100:02d}"


def format_time(moment: datetime) -> str:
    """In the shop's format; ``moment`` is in UTC, naive or aware."""
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"


def product_json(row: Row) -> dict[str, Any]:
    """A product of a row whose times are ``datetime``."""
    return {
        "id": row["id"],
        "created_at": format_time(row["created_at"]),
        "updated_at": format_time(row["updated_at"]),
        "version": row["version"],
        "name": row["name"],
        "slug": row["slug"],
        "description": row["description"],
        "price": format_money(row["price"]),
        "stock_quantity": row["stock_quantity"],
        "sku": row["sku"],
        "is_active": row["is_active"],
        "category_id": row["category_id"],
    }


def new_product_row(product: ProductIn, at: datetime) -> dict[str, Any]:
    """All columns of a new product but its id."""
    return {
        "created_at": at,
        "updated_at": at,
        "version": 1,
        "name": product.name,
        "slug": slug_of(product),
        "description": product.description,
        "price": product.price,
        "stock_quantity": product.stock_quantity,
        "sku": product.sku,
        "is_active": product.is_active,
        "category_id": product.category_id,
        "search_key": search_key(product.name, product.description),
    }


PRODUCT_COLUMNS = [
    "id",
    "created_at",
    "updated_at",
    "version",
    "name",
    "slug",
    "description",
    "price",
    "stock_quantity",
    "sku",
    "is_active",
    "category_id",
]
NEW_PRODUCT_COLUMNS = [*PRODUCT_COLUMNS, "search_key"]


def pieces_by_product(order: OrderIn) -> dict[int, int]:
    """Pieces of each product, in the order of their ids."""
    pieces: dict[int, int] = {}
    for line in sorted(order.items, key=lambda line: line.product_id):
        pieces[line.product_id] = pieces.get(line.product_id, 0) + line.quantity
    return pieces


def price_lines(order: OrderIn, pieces: Mapping[int, int], found: Mapping[int, Row]) -> list[dict[str, Any]]:
    """The lines with their prices; every product must exist, be active and in stock."""
    for key, quantity in pieces.items():
        product = found.get(key)
        if product is None or not product["is_active"] or product["stock_quantity"] < quantity:
            raise RequestError(400, f"Product {key} cannot be ordered.")
    return [
        {
            "product_id": line.product_id,
            "quantity": line.quantity,
            "unit_price": found[line.product_id]["price"],
            "total_price": found[line.product_id]["price"] * line.quantity,
        }
        for line in order.items
    ]


def order_json(  # noqa: PLR0913, PLR0917 - the parts of an order
    id: int, number: str, order: OrderIn, total: int, lines: list[dict[str, Any]], at: datetime
) -> dict[str, Any]:
    """A new order."""
    stamp = format_time(at)
    return {
        "id": id,
        "created_at": stamp,
        "updated_at": stamp,
        "version": 1,
        "order_number": number,
        "status": "pending",
        "total_amount": format_money(total),
        "user_id": order.user_id,
        "shipping_address": order.shipping_address,
        "items": [
            {**line, "unit_price": format_money(line["unit_price"]), "total_price": format_money(line["total_price"])}
            for line in lines
        ],
    }


def cursor_of(last: Mapping[str, Any]) -> str:
    """A cursor for the rows after ``last``, newest first."""
    moment = datetime.fromisoformat(last["created_at"])
    packed = f'["-created_at",{(moment - EPOCH) // timedelta(milliseconds=1)},{last["id"]}]'
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def position_of(cursor: str) -> Position:
    """The inverse of ``cursor_of``."""
    try:
        sort, milliseconds, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if sort != "-created_at":
            raise ValueError
        return EPOCH + timedelta(milliseconds=milliseconds), int(key)
    except (ValueError, TypeError):
        raise RequestError(422, "cursor") from None
