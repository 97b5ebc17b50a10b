"""Every query parameter of the API, and texts in paths, with valid and invalid values."""

import base64
import json
from dataclasses import dataclass

from conformance.suite.bad_input.values import HOSTILE, MAX_ID, MAX_QUANTITY
from core.storage import sorts
from core.storage.pages import Sorts

NULS = ("\x00", "a\x00b")
NOT_INTEGERS: tuple[str, ...] = (
    "",
    " ",
    "abc",
    "1.0",
    "1.5",
    "+1",
    "01",
    " 1",
    "1 ",
    "1_0",
    "0x1",
    "1e3",
    "１",
    "\u0661",
    "NaN",
    "null",
)
NOT_INTEGERS += ("true", "1" + "0" * 30, str(2**63), str(-(2**63)), "1\x00", "[]", *HOSTILE)
BAD_IDS = (*NOT_INTEGERS, "0", "-1", str(MAX_ID + 1))


@dataclass(frozen=True, slots=True)
class Parameter:
    """Texts that a query parameter accepts, and those that it rejects with 422."""

    valid: tuple[str, ...]
    invalid: tuple[str, ...]


def number(low: int, high: int) -> Parameter:
    """An integer."""
    return Parameter((str(low), str(low + 1), str(high)), (*NOT_INTEGERS, str(low - 1), str(high + 1)))


def words(*valid: str) -> Parameter:
    """One of these words."""
    return Parameter(valid, ("", valid[0].upper(), f" {valid[0]}", f"{valid[0]}\x00", "0", "1", *HOSTILE))


def text(low: int, high: int) -> Parameter:
    """Any text; empty text is invalid, or ignored."""
    invalid = (*NULS, "a" * (high + 1), "😀" * (high + 1), *(("", "  ") if low else ()))
    return Parameter(("a", "😀" * high, *HOSTILE, *(() if low else ("", "  "))), invalid)


ID = number(1, MAX_ID)
FLAG = words("true", "false")
SEARCH = text(0, 200)
PRICE = Parameter(
    ("0", "0.00", "0.01", "79.9", "99999999.99"),
    ("", "abc", "-0.01", "0.001", "100000000", "1e400", "NaN", "Infinity", "1_0", "１", "true", *NULS, *HOSTILE),
)
PAGE = number(1, MAX_QUANTITY)
PAGE_SIZE = number(1, 100)
ORDER_STATUS = words("pending", "confirmed", "shipped", "delivered", "cancelled")


def encode_cursor(*parts: object) -> str:
    """A cursor with these contents, encoded as the API encodes cursors."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _values(*keys: object) -> tuple[object, ...]:
    return keys


_NOT_CURSORS: tuple[str, ...] = (
    "x",
    "!!!",
    "AAAA",
    "=",
    "\x00",
    "a" * 4097,
    "é",
    "bnVsbA",
    encode_cursor(),
    encode_cursor(1, 2, 3),
    *HOSTILE,
)
_NOT_CURSORS += (
    encode_cursor("name"),
    encode_cursor({"$gt": ""}, {"$gt": ""}, {"$gt": ""}),
    encode_cursor("-password_hash", "a", 1),
)
_NOT_CURSORS += tuple(
    encode_cursor("id", 1, key) for key in _values(0, -1, 2**53, 2**63, 1.5, "1", True, None, [], {"$gt": 0})
)
_NOT_CURSORS += tuple(
    encode_cursor("id", key, 1) for key in _values(2**63, -(2**63) - 1, 1.5, "1", True, None, [], {"$ne": 1})
)
_NOT_CURSORS += tuple(
    encode_cursor("-created_at", key, 1) for key in _values(-1, 253_402_300_800_000, 2**63, "2026", None, [], {})
)
_NOT_CURSORS += (base64.urlsafe_b64encode(b"[" * 3000).decode(), base64.urlsafe_b64encode(b"\xff\xfe").decode())


def _cursor(*foreign: str) -> Parameter:
    return Parameter(
        ("", encode_cursor("-created_at", 0, 1), encode_cursor("-created_at", 253_402_300_799_999, MAX_ID)), foreign
    )


def _foreign_cursors(sorts: Sorts) -> tuple[str, ...]:
    """Cursors of lists with another sort, and with a key of another type."""
    foreign = {"username", "title", "name", "price", "total_amount", "view_count"} - set(sorts)
    texts = [name for name in sorts if sorts[name].value == "text"]
    wrong = [encode_cursor(name, key, 1) for name in texts for key in (1, None, "\x00", "\ud800", ["a"], {"$gt": ""})]
    return (*(encode_cursor(name, 1, 1) for name in sorted(foreign)), *wrong)


def _with_page(fields: dict[str, Parameter]) -> dict[str, Parameter]:
    return fields | {"page": PAGE, "page_size": PAGE_SIZE}


def _list(sorts: Sorts, **fields: Parameter) -> dict[str, Parameter]:
    names = tuple(sign + name for name in sorts for sign in ("", "-"))
    unknown = ("", "-", "--id", "ID", "id,-name", "id desc", "password_hash", "search_key", "version", "_id", "id\x00")
    return _with_page(fields) | {
        "sort": Parameter(names, (*unknown, "name_key", "$natural", "1", *HOSTILE)),
        "cursor": _cursor(*_NOT_CURSORS, *_foreign_cursors(sorts)),
    }


QUERIES: dict[str, dict[str, Parameter]] = {
    "GET /users": _list(sorts.USERS, is_active=FLAG, search=SEARCH),
    "GET /users/search": _list(sorts.USERS, q=text(1, 200)),
    "GET /users/top-spenders": {"limit": number(1, 100)},
    "GET /users/{id}/with-posts": _with_page({}),
    "GET /users/{id}/notifications": _list(sorts.NOTIFICATIONS),
    "PATCH /users/bulk/deactivate": {"days": number(0, 36_500)},
    "GET /categories": _list(sorts.CATEGORIES),
    "GET /categories/{id}/products": _with_page({}),
    "GET /products": _list(
        sorts.PRODUCTS, category_id=ID, min_price=PRICE, max_price=PRICE, is_active=FLAG, search=SEARCH
    ),
    "GET /products/low-stock": {
        "threshold": number(0, MAX_QUANTITY),
        "page": PAGE,
        "page_size": PAGE_SIZE,
        "cursor": Parameter(
            ("", encode_cursor("stock_quantity", 5, 1)), (*_NOT_CURSORS, encode_cursor("-created_at", 0, 1))
        ),
    },
    "GET /products/with-categories": _list(sorts.PRODUCTS),
    "GET /orders": _list(sorts.ORDERS, status=ORDER_STATUS, user_id=ID),
    "GET /orders/stats/summary": {"user_id": ID},
    "GET /orders/{id}/payments": _list(sorts.PAYMENTS),
    "GET /payments": _list(
        sorts.PAYMENTS, order_id=ID, account_id=ID, status=words("completed", "partially_refunded", "refunded")
    ),
    "GET /orders/user/{user_id}": _list(sorts.ORDERS),
    "PATCH /orders/{id}/status": {"new_status": ORDER_STATUS},
    "GET /posts": _list(
        sorts.POSTS, author_id=ID, tag=text(1, 50), status=words("draft", "published", "archived"), search=SEARCH
    ),
    "GET /tags": _list(sorts.TAGS),
    "GET /tags/{id}/posts": _list(sorts.POSTS),
    "GET /accounts": _list(sorts.ACCOUNTS, user_id=ID),
    "GET /accounts/{id}/transfers": _list(sorts.TRANSFERS),
}
"""Each operation's query parameters."""

REQUIRED_PARAMETERS = {"GET /users/search": {"q": "a"}, "PATCH /users/bulk/deactivate": {"days": "36500"}}
"""The required parameters of operations, with a value that changes nothing."""

UNKNOWN_KEYS = {
    "/users/by-username/": ("unknown_name", "a b", "é", "a@b.example", "A" * 5000),
    "/users/by-email/": ("unknown@example.com", "a", "@", "A" * 5000),
    "/products/by-sku/": ("NONE", "é", "sku 1", "A" * 5000),
    "/products/by-slug/": ("none", "É", "a b", "a" * 5000),
}
"""Paths that end in a key, and keys that no entity has."""
