"""Every query parameter of the API, and texts in a path."""

import base64
import json
from dataclasses import dataclass

from conformance.suite.bad_input.values import HOSTILE, MAX_ID, MAX_QUANTITY
from core.storage import sorts
from core.storage.pages import Sorts

NULS = ("\x00", "a\x00b")
NO_INTEGERS: tuple[str, ...] = (
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
NO_INTEGERS += ("true", "1" + "0" * 30, str(2**63), str(-(2**63)), "1\x00", "[]", *HOSTILE)
BAD_IDS = (*NO_INTEGERS, "0", "-1", str(MAX_ID + 1))


@dataclass(frozen=True, slots=True)
class Parameter:
    """Texts that a query parameter accepts, and those that it refuses with 422."""

    good: tuple[str, ...]
    bad: tuple[str, ...]


def number(low: int, high: int) -> Parameter:
    """A whole number."""
    return Parameter((str(low), str(low + 1), str(high)), (*NO_INTEGERS, str(low - 1), str(high + 1)))


def words(*good: str) -> Parameter:
    """One of these words."""
    return Parameter(good, ("", good[0].upper(), f" {good[0]}", f"{good[0]}\x00", "0", "1", *HOSTILE))


def text(low: int, high: int) -> Parameter:
    """Any text; one that is empty is too short or means nothing."""
    bad = (*NULS, "a" * (high + 1), "😀" * (high + 1), *(("", "  ") if low else ()))
    return Parameter(("a", "😀" * high, *HOSTILE, *(() if low else ("", "  "))), bad)


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


def packed(*parts: object) -> str:
    """A cursor with these contents, made as the shop makes them."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _wrong(*keys: object) -> tuple[object, ...]:
    return keys


_NO_CURSORS: tuple[str, ...] = (
    "x",
    "!!!",
    "AAAA",
    "=",
    "\x00",
    "a" * 4097,
    "é",
    "bnVsbA",
    packed(),
    packed(1, 2, 3),
    *HOSTILE,
)
_NO_CURSORS += (packed("name"), packed({"$gt": ""}, {"$gt": ""}, {"$gt": ""}), packed("-password_hash", "a", 1))
_NO_CURSORS += tuple(packed("id", 1, key) for key in _wrong(0, -1, 2**53, 2**63, 1.5, "1", True, None, [], {"$gt": 0}))
_NO_CURSORS += tuple(packed("id", key, 1) for key in _wrong(2**63, -(2**63) - 1, 1.5, "1", True, None, [], {"$ne": 1}))
_NO_CURSORS += tuple(
    packed("-created_at", key, 1) for key in _wrong(-1, 253_402_300_800_000, 2**63, "2026", None, [], {})
)
_NO_CURSORS += (base64.urlsafe_b64encode(b"[" * 3000).decode(), base64.urlsafe_b64encode(b"\xff\xfe").decode())


def _cursor(*foreign: str) -> Parameter:
    return Parameter(("", packed("-created_at", 0, 1), packed("-created_at", 253_402_300_799_999, MAX_ID)), foreign)


def _keys(sorts: Sorts) -> tuple[str, ...]:
    """Cursors of lists that sort otherwise, and with a key of another kind."""
    foreign = {"username", "title", "name", "price", "total_amount", "view_count"} - set(sorts)
    texts = [name for name in sorts if sorts[name].value == "text"]
    wrong = [packed(name, key, 1) for name in texts for key in (1, None, "\x00", "\ud800", ["a"], {"$gt": ""})]
    return (*(packed(name, 1, 1) for name in sorted(foreign)), *wrong)


def _part(fields: dict[str, Parameter]) -> dict[str, Parameter]:
    return fields | {"page": PAGE, "page_size": PAGE_SIZE}


def _list(sorts: Sorts, **fields: Parameter) -> dict[str, Parameter]:
    names = tuple(sign + name for name in sorts for sign in ("", "-"))
    unknown = ("", "-", "--id", "ID", "id,-name", "id desc", "password_hash", "search_key", "version", "_id", "id\x00")
    return _part(fields) | {
        "sort": Parameter(names, (*unknown, "name_key", "$natural", "1", *HOSTILE)),
        "cursor": _cursor(*_NO_CURSORS, *_keys(sorts)),
    }


QUERIES: dict[str, dict[str, Parameter]] = {
    "GET /users": _list(sorts.USERS, is_active=FLAG, search=SEARCH),
    "GET /users/search": _list(sorts.USERS, q=text(1, 200)),
    "GET /users/top-spenders": {"limit": number(1, 100)},
    "GET /users/{id}/with-posts": _part({}),
    "GET /users/{id}/notifications": _list(sorts.NOTIFICATIONS),
    "PATCH /users/bulk/deactivate": {"days": number(0, 36_500)},
    "GET /categories": _list(sorts.CATEGORIES),
    "GET /categories/{id}/products": _part({}),
    "GET /products": _list(
        sorts.PRODUCTS, category_id=ID, min_price=PRICE, max_price=PRICE, is_active=FLAG, search=SEARCH
    ),
    "GET /products/low-stock": {
        "threshold": number(0, MAX_QUANTITY),
        "page": PAGE,
        "page_size": PAGE_SIZE,
        "cursor": Parameter(("", packed("stock_quantity", 5, 1)), (*_NO_CURSORS, packed("-created_at", 0, 1))),
    },
    "GET /products/with-categories": _list(sorts.PRODUCTS),
    "GET /orders": _list(sorts.ORDERS, status=ORDER_STATUS, user_id=ID),
    "GET /orders/user/{user_id}": _list(sorts.ORDERS),
    "PATCH /orders/{id}/status": {"new_status": ORDER_STATUS},
    "GET /posts": _list(
        sorts.POSTS, author_id=ID, tag=text(1, 50), status=words("draft", "published", "archived"), search=SEARCH
    ),
    "GET /tags": _list(sorts.TAGS),
    "GET /tags/{id}/posts": _list(sorts.POSTS),
    "GET /accounts/{id}/transfers": _list(sorts.TRANSFERS),
}
"""Operation, and each of its query parameters."""

NEEDED = {"GET /users/search": {"q": "a"}, "PATCH /users/bulk/deactivate": {"days": "36500"}}
"""Operations that cannot do without a parameter, and a value that changes nothing."""

KEYS = {
    "/users/by-email/": ("nobody@example.com", "a", "@", "A" * 5000),
    "/products/by-sku/": ("NONE", "é", "sku 1", "A" * 5000),
    "/products/by-slug/": ("none", "É", "a b", "a" * 5000),
}
"""Paths that end in a name, and names that nothing has."""
