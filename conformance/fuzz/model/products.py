"""Products."""

from conformance.fuzz.model.bodies import Field, draft, optional, patch
from conformance.fuzz.model.checks import (
    ID,
    PRICE,
    SKU,
    SLUG,
    STOCK,
    array,
    boolean,
    integer,
    money_amount,
    normalize,
    text,
)
from conformance.fuzz.model.lists import BOOLEAN, LIST_PARAMETERS, PAGE_PARAMETERS, SEARCH, list_page
from conformance.fuzz.model.requests import Parameter, Request, Route, integer_text
from conformance.fuzz.model.responses import Problem, Response, not_found, referenced
from conformance.fuzz.model.shop import Record, ShopModel, check_distinct, to_json
from conformance.fuzz.model.values import MAX_ID, MAX_PRICE, MAX_STOCK, derive_slug, format_money, matches_search, mean

_FIELDS = {
    "name": Field(text(1, 200)),
    "slug": Field(SLUG, None),
    "description": optional(text(0, 10_000)),
    "price": Field(PRICE),
    "stock_quantity": Field(STOCK, 0),
    "sku": Field(SKU),
    "is_active": Field(boolean, True),
    "category_id": optional(ID),
}
_CHANGE_OF_STOCK = draft({"quantity_change": Field(integer(-MAX_STOCK, MAX_STOCK))})
_REFERENCES = {"category_id": "category"}
_UNIQUE = {
    "slug": lambda row: row["slug"],
    "sku": lambda row: row["sku"],
    "name": lambda row: None if row["category_id"] is None else (row["name"], row["category_id"]),
}
_PRICE = Parameter(money_amount(0, MAX_PRICE))
_FILTER = {
    "category_id": Parameter(integer_text(1, MAX_ID)),
    "min_price": _PRICE,
    "max_price": _PRICE,
    "is_active": BOOLEAN,
    "search": SEARCH,
}
_SORTS = ["name", "price", "stock_quantity", "sku"]


def _store(shop: ShopModel, drafts: list[Record], *, bulk: bool) -> list[Record]:
    rows = [dict(draft) for draft in drafts]
    check_distinct(_UNIQUE, rows)
    taken = shop.taken_slugs("product") | {row["slug"] for row in rows if row["slug"]}
    for row in rows:
        if row["slug"] is None:
            row["slug"] = derive_slug(row["name"], "product", taken)
            taken.add(row["slug"])
    shop.check_references(_REFERENCES, rows, bulk=bulk)
    shop.check_unique("product", _UNIQUE, rows, bulk=bulk)
    return [shop.add("product", row, index if bulk else None) for index, row in enumerate(rows)]


def _create(shop: ShopModel, request: Request) -> Response:
    [product] = _store(shop, [request.body], bulk=False)
    return Response(201, to_json(product))


def _create_many(shop: ShopModel, request: Request) -> Response:
    return Response(201, [to_json(product) for product in _store(shop, request.body, bulk=True)])


def _list(shop: ShopModel, request: Request) -> Response:
    wanted = request.query
    same = {name: wanted[name] for name in ("category_id", "is_active") if wanted[name] is not None}
    low, high = wanted["min_price"] or 0, MAX_PRICE if wanted["max_price"] is None else wanted["max_price"]
    rows = [row for row in shop.select("product", **same) if low <= row["price"] <= high]
    return list_page(shop, request, [row for row in rows if _matches(row, wanted["search"] or "")], _SORTS)


def _matches(product: Record, wanted: str) -> bool:
    return matches_search(product["name"], wanted) or matches_search(product["description"], wanted)


def _low_stock(shop: ShopModel, request: Request) -> Response:
    active = shop.select("product", is_active=True)
    low = [row for row in active if row["stock_quantity"] <= request.query["threshold"]]
    return list_page(shop, request, low, ["stock_quantity"])


def _with_categories(shop: ShopModel, request: Request) -> Response:
    def render(product: Record) -> Record:
        return to_json(product) | {"category": shop.rows["category"].get(product["category_id"])}

    return list_page(shop, request, shop.select("product", is_active=True), _SORTS, render)


def _stats(shop: ShopModel, _: Request) -> Response:
    prices: dict[str | None, list[int]] = {}
    for product in shop.select("product", is_active=True):
        category = shop.rows["category"].get(product["category_id"])
        prices.setdefault(category["name"] if category else None, []).append(product["price"])
    rows = sorted(prices.items(), key=lambda row: (-len(row[1]), row[0] is not None, row[0] or ""))
    return Response(
        200,
        [
            {
                "category": name,
                "product_count": len(found),
                "avg_price": format_money(mean(found)),
                "min_price": format_money(min(found)),
                "max_price": format_money(max(found)),
            }
            for name, found in rows
        ],
    )


def _by_key(field: str) -> Route:
    def handle(shop: ShopModel, request: Request) -> Response:
        key = normalize(request.path[field])
        if key is not None and field == "sku":
            key = key.upper()
        for product in shop.select("product", **{field: key}):
            return Response(200, to_json(product))
        raise not_found("product", key)

    return Route("GET", f"/products/by-{field}/{{{field}}}", handle)


def _get(shop: ShopModel, request: Request) -> Response:
    return Response(200, to_json(shop.find("product", request.id)))


def _replace(shop: ShopModel, request: Request) -> Response:
    kept = {} if request.body["slug"] is not None else {"slug": shop.find("product", request.id)["slug"]}
    return _change(shop, request.id, request.body | kept)


def _update(shop: ShopModel, request: Request) -> Response:
    return _change(shop, request.id, request.body)


def _change(shop: ShopModel, key: int, changes: Record) -> Response:
    product = shop.find("product", key)
    shop.check_references(_REFERENCES, [changes])
    shop.check_unique("product", _UNIQUE, [product | changes])
    return Response(200, to_json(shop.change(product, changes)))


def _delete(shop: ShopModel, request: Request) -> Response:
    shop.find("product", request.id)
    if any(item["product_id"] == request.id for order in shop.select("order") for item in order["items"]):
        raise referenced("product", "order items")
    del shop.rows["product"][request.id]
    return Response(204)


def _change_stock(shop: ShopModel, request: Request) -> Response:
    product = shop.find("product", request.id)
    stock = product["stock_quantity"] + request.body["quantity_change"]
    if stock < 0:
        errors = [("quantity_change", f"Only {product['stock_quantity']} in stock.", "insufficient-stock")]
        raise Problem(400, "insufficient-stock", "Insufficient stock", "The stock cannot fall below zero.", errors)
    if stock > MAX_STOCK:
        detail = f"The stock cannot exceed {MAX_STOCK}."
        errors = [("quantity_change", detail, "stock-limit")]
        raise Problem(400, "stock-limit", "Stock would exceed its limit", detail, errors)
    return Response(200, to_json(shop.change(product, {"stock_quantity": stock})))


ROUTES = (
    Route("POST", "/products", _create, draft(_FIELDS)),
    Route("POST", "/products/bulk", _create_many, array(draft(_FIELDS), 1, 1000)),
    Route("GET", "/products", _list, query={**LIST_PARAMETERS, **_FILTER}),
    Route(
        "GET",
        "/products/low-stock",
        _low_stock,
        query={**PAGE_PARAMETERS, "threshold": Parameter(integer_text(0, MAX_STOCK), 10)},
    ),
    Route("GET", "/products/with-categories", _with_categories, query=LIST_PARAMETERS),
    Route("GET", "/products/by-category-stats", _stats),
    _by_key("sku"),
    _by_key("slug"),
    Route("GET", "/products/{id}", _get),
    Route("PUT", "/products/{id}", _replace, draft(_FIELDS)),
    Route("PATCH", "/products/{id}", _update, patch(_FIELDS)),
    Route("DELETE", "/products/{id}", _delete),
    Route("POST", "/products/{id}/stock", _change_stock, _CHANGE_OF_STOCK),
)
