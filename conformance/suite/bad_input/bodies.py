"""Every request body of the API: a valid example, and valid and invalid values of each field."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from conformance.suite.bad_input import values
from conformance.suite.bad_input.values import FieldCases, nullable, required

_SLOT = "\ue000"
_numbers = count(1000)

Fields = dict[str, FieldCases]


@dataclass(frozen=True, slots=True)
class Body:
    """The body of one operation.

    Attributes:
        operation: method and path as in the API document.
        url: that path, with the id of an entity that exists.
        example: makes a valid body, with new unique values each time.
        fields: dotted path of each field, as a problem names it, and its values.
        required_fields: those that cannot be omitted.
        accepted: statuses of a valid body, which may still violate a business rule.
        prefix: of each field, in a bulk.
    """

    operation: str
    url: str
    example: Callable[[], Any]
    fields: Fields
    required_fields: tuple[str, ...] = ()
    accepted: tuple[int, ...] = (200,)
    prefix: str = field(default="")

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.operation.partition(" ")[0]


def with_text(body: Any, path: str, text: str) -> bytes:
    """The JSON of ``body`` with ``text``, valid JSON or not, as the field at ``path``."""
    body = copy.deepcopy(body)
    place, key = _locate(body, path)
    place[key] = _SLOT
    return json.dumps(body).replace(json.dumps(_SLOT), text).encode()


def without(body: Any, path: str) -> bytes:
    """The JSON of ``body`` without the field at ``path``."""
    body = copy.deepcopy(body)
    place, key = _locate(body, path)
    del place[key]
    return json.dumps(body).encode()


def _locate(body: Any, path: str) -> tuple[Any, Any]:
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for part in parents:
        body = body[part]
    return body, last


def _category() -> Any:
    return {"name": f"Category {next(_numbers)}"}


def _product() -> Any:
    number = next(_numbers)
    return {"name": f"Product {number}", "sku": f"P-{number}", "price": "79.99", "category_id": 1}


def _user() -> Any:
    number = next(_numbers)
    return {"username": f"new_user_{number}", "email": f"new_user_{number}@example.com", "password": "SecurePass123"}


def _post() -> Any:
    return {"title": f"Title {next(_numbers)}", "content": "Text.", "author_id": 1}


def _tag() -> Any:
    return {"name": f"tag {next(_numbers)}"}


def _order() -> Any:
    return {"user_id": 1, "items": [{"product_id": 1, "quantity": 1}, {"product_id": 2, "quantity": 1}]}


def _lines() -> Any:
    return {"items": _order()["items"]}


def _payment() -> Any:
    return {"amount": "0.02", "method": "card"}


def _transfer() -> Any:
    return {"from_account_id": 1, "to_account_id": 2, "amount": "0.01"}


def _nothing() -> Any:
    return {}


def _bulk_of_two(example: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: [example(), example()]


def _replacement(fields: Fields, *required_fields: str) -> Fields:
    """The fields of a PUT or POST: null equals omission, which a required field does not allow."""
    return {name: (required if name in required_fields else nullable)(cases) for name, cases in fields.items()}


def _patch(fields: Fields, *clearable: str) -> Fields:
    """The fields of a PATCH: null clears some and is invalid for the others."""
    return {name: (nullable if name in clearable else required)(cases) for name, cases in fields.items()}


def _second_element(fields: Fields) -> Fields:
    return {f"1.{name}": cases for name, cases in fields.items()}


_CATEGORY: Fields = {
    "name": values.text(1, 100),
    "slug": values.SLUG,
    "description": values.text(0, 10_000),
    "parent_id": values.ID,
}
_PRODUCT: Fields = {
    "name": values.text(1, 200),
    "slug": values.SLUG,
    "description": values.text(0, 10_000),
    "price": values.PRICE,
    "stock_quantity": values.STOCK,
    "sku": values.SKU,
    "is_active": values.FLAG,
    "category_id": values.ID,
}
_USER: Fields = {
    "username": values.USERNAME,
    "email": values.EMAIL,
    "password": values.PASSWORD,
    "full_name": values.text(0, 100),
    "bio": values.text(0, 1000),
    "is_active": values.FLAG,
}
_POST: Fields = {
    "title": values.text(1, 200),
    "slug": values.SLUG,
    "content": values.text(1, 100_000),
    "status": values.choice("draft", "published", "archived"),
    "author_id": values.ID,
    "tags": values.TAGS,
}
_TAG: Fields = {"name": values.folded(50), "slug": values.SLUG}
_ORDER: Fields = {
    "user_id": required(values.ID),
    "shipping_address": nullable(values.text(0, 500)),
    "items": required(values.lines(1, 2)),
    "items.0.product_id": required(values.ID),
    "items.1.quantity": required(values.QUANTITY),
}
_ORDER_NEEDS = ("user_id", "items", "items.0.product_id", "items.1.quantity")

_CATEGORY_WHOLE = _replacement(_CATEGORY, "name")
_PRODUCT_NEEDS = ("name", "price", "sku")
_PRODUCT_WHOLE = _replacement(_PRODUCT, *_PRODUCT_NEEDS)
_USER_NEEDS = ("username", "email", "password")
_POST_NEEDS = ("title", "content", "author_id")
_POST_WHOLE = _replacement(_POST, *_POST_NEEDS)
_TAG_WHOLE = _replacement(_TAG, "name")

BODIES = [
    Body("POST /categories", "/categories", _category, _CATEGORY_WHOLE, ("name",), (201,)),
    Body("PUT /categories/{id}", "/categories/2", _category, _CATEGORY_WHOLE, ("name",)),
    Body("PATCH /categories/{id}", "/categories/2", _nothing, _patch(_CATEGORY, "description", "parent_id")),
    Body("POST /products", "/products", _product, _PRODUCT_WHOLE, _PRODUCT_NEEDS, (201,)),
    Body(
        "POST /products/bulk",
        "/products/bulk",
        _bulk_of_two(_product),
        _second_element(_PRODUCT_WHOLE),
        tuple(_second_element(dict.fromkeys(_PRODUCT_NEEDS, values.PRICE))),
        (201,),
        prefix="1.",
    ),
    Body("PUT /products/{id}", "/products/1", _product, _PRODUCT_WHOLE, _PRODUCT_NEEDS),
    Body("PATCH /products/{id}", "/products/1", _nothing, _patch(_PRODUCT, "description", "category_id")),
    Body(
        "POST /products/{id}/stock",
        "/products/1/stock",
        lambda: {"quantity_change": 1},
        {"quantity_change": required(values.STOCK_CHANGE)},
        ("quantity_change",),
        (200, 400),
    ),
    Body("POST /users", "/users", _user, _replacement(_USER, *_USER_NEEDS), _USER_NEEDS, (201,)),
    Body(
        "POST /users/bulk",
        "/users/bulk",
        _bulk_of_two(_user),
        _second_element(_replacement(_USER, *_USER_NEEDS)),
        tuple(_second_element(dict.fromkeys(_USER_NEEDS, values.EMAIL))),
        (201,),
        prefix="1.",
    ),
    Body("PUT /users/{id}", "/users/2", _user, _replacement(_USER, "username", "email"), ("username", "email")),
    Body("PATCH /users/{id}", "/users/2", _nothing, _patch(_USER, "full_name", "bio")),
    Body("POST /posts", "/posts", _post, _POST_WHOLE, _POST_NEEDS, (201,)),
    Body("PUT /posts/{id}", "/posts/1", _post, _POST_WHOLE, _POST_NEEDS),
    Body("PATCH /posts/{id}", "/posts/1", _nothing, _patch(_POST)),
    Body("POST /tags", "/tags", _tag, _TAG_WHOLE, ("name",), (201,)),
    Body("PUT /tags/{id}", "/tags/1", _tag, _TAG_WHOLE, ("name",)),
    Body("PATCH /tags/{id}", "/tags/1", _nothing, _patch(_TAG)),
    Body("POST /orders", "/orders", _order, _ORDER, _ORDER_NEEDS, (201, 400)),
    Body("POST /orders/with-notifications", "/orders/with-notifications", _order, _ORDER, _ORDER_NEEDS, (201, 400)),
    Body(
        "PATCH /orders/{id}",
        "/orders/1",
        _lines,
        {name: cases for name, cases in _ORDER.items() if name != "user_id"},
        ("items.0.product_id", "items.1.quantity"),
        (200, 400),
    ),
    Body(
        "POST /orders/{id}/payments",
        "/orders/1/payments",
        _payment,
        {
            "amount": required(values.PRICE),
            "method": required(values.text(1, 50)),
            "account_id": values.ID,
            "reference": nullable(values.text(0, 255)),
        },
        ("amount", "method"),
        (201, 400),
    ),
    Body(
        "POST /payments/{id}/refunds",
        "/payments/1/refunds",
        lambda: {"amount": "0.01"},
        {"amount": required(values.PRICE)},
        ("amount",),
        (201, 400),
    ),
    Body(
        "POST /accounts",
        "/accounts",
        lambda: {"user_id": 1},
        _replacement({"user_id": values.ID, "balance": values.BALANCE}, "user_id"),
        ("user_id",),
        (201,),
    ),
    Body(
        "POST /accounts/{id}/deposit",
        "/accounts/1/deposit",
        lambda: {"amount": "1.00"},
        {"amount": required(values.PRICE)},
        ("amount",),
    ),
    Body(
        "POST /accounts/transfers",
        "/accounts/transfers",
        _transfer,
        {
            "from_account_id": required(values.ID),
            "to_account_id": required(values.ID),
            "amount": required(values.PRICE),
        },
        ("from_account_id", "to_account_id", "amount"),
        (201, 400),
    ),
]

UNKNOWN_REFERENCES = [
    ("POST", "/categories", _category, "parent_id"),
    ("PUT", "/categories/1", _category, "parent_id"),
    ("PATCH", "/categories/1", _nothing, "parent_id"),
    ("POST", "/products", _product, "category_id"),
    ("POST", "/products/bulk", _bulk_of_two(_product), "1.category_id"),
    ("PUT", "/products/1", _product, "category_id"),
    ("PATCH", "/products/1", _nothing, "category_id"),
    ("POST", "/posts", _post, "author_id"),
    ("PUT", "/posts/1", _post, "author_id"),
    ("PATCH", "/posts/1", _nothing, "author_id"),
    ("POST", "/orders", _order, "user_id"),
    ("POST", "/orders", _order, "items.1.product_id"),
    ("POST", "/orders/with-notifications", _order, "user_id"),
    ("POST", "/orders/with-notifications", _order, "items.0.product_id"),
    ("PATCH", "/orders/1", _lines, "items.1.product_id"),
    ("POST", "/accounts", lambda: {"user_id": 1}, "user_id"),
    ("POST", "/accounts/transfers", _transfer, "from_account_id"),
    ("POST", "/accounts/transfers", _transfer, "to_account_id"),
]
"""Method, path, example, and the field that will refer to an unknown entity."""

DUPLICATES = [
    ("POST", "/categories", _category, "name", "Category 3", "exactly"),
    ("PATCH", "/categories/2", _nothing, "slug", "category-3", "exactly"),
    ("POST", "/users", _user, "username", "USER_1", "in any case"),
    ("POST", "/users", _user, "email", "User_1@EXAMPLE.com", "in any case"),
    ("PUT", "/users/2", _user, "username", "user_1", "exactly"),
    ("PATCH", "/users/2", _nothing, "email", "user_1@example.com", "exactly"),
    ("POST", "/users/bulk", _bulk_of_two(_user), "1.email", "user_1@example.com", "exactly"),
    ("POST", "/products", _product, "sku", "sku-5", "in any case"),
    ("POST", "/products", _product, "name", "Product 5", "in its category"),
    ("POST", "/products", _product, "slug", "product-5", "exactly"),
    ("PATCH", "/products/2", _nothing, "sku", "SKU-5", "exactly"),
    ("POST", "/products/bulk", _bulk_of_two(_product), "1.sku", "SKU-5", "exactly"),
    ("POST", "/products/bulk", _bulk_of_two(_product), "1.slug", "product-5", "exactly, while the first omits it"),
    ("POST", "/tags", _tag, "name", "NEWS", "in any case"),
    ("PATCH", "/tags/2", _nothing, "name", "ｎｅｗｓ", "in any width"),
    ("POST", "/tags", _tag, "slug", "news", "exactly"),
    ("POST", "/posts", _post, "slug", "post-7", "exactly"),
]
"""Method, path, example, the unique field, a value of it that another entity has, and how they are compared."""
