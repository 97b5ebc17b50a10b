"""Products."""

from conformance.fuzz.model.answers import Answer, Refusal, not_found, referenced
from conformance.fuzz.model.asking import Given, Parameter, Route, number
from conformance.fuzz.model.bodies import Field, draft, optional, patch
from conformance.fuzz.model.checks import ID, PRICE, SKU, SLUG, STOCK, amount, cleaned, flag, many, text, whole
from conformance.fuzz.model.lists import FLAG, PLACED, SEARCH, SORTED, listing
from conformance.fuzz.model.shop import Row, Shop, check_distinct, shown
from conformance.fuzz.model.values import MAX_ID, MAX_PRICE, MAX_STOCK, holds, mean, money, slug

_FIELDS = {
    "name": Field(text(1, 200)),
    "slug": Field(SLUG, None),
    "description": optional(text(0, 10_000)),
    "price": Field(PRICE),
    "stock_quantity": Field(STOCK, 0),
    "sku": Field(SKU),
    "is_active": Field(flag, True),
    "category_id": optional(ID),
}
_CHANGE_OF_STOCK = draft({"quantity_change": Field(whole(-MAX_STOCK, MAX_STOCK))})
_REFERENCES = {"category_id": "category"}
_UNIQUE = {
    "slug": lambda row: row["slug"],
    "sku": lambda row: row["sku"],
    "name": lambda row: None if row["category_id"] is None else (row["name"], row["category_id"]),
}
_PRICE = Parameter(amount(0, MAX_PRICE))
_FILTER = {
    "category_id": Parameter(number(1, MAX_ID)),
    "min_price": _PRICE,
    "max_price": _PRICE,
    "is_active": FLAG,
    "search": SEARCH,
}
_SORTS = ["name", "price", "stock_quantity", "sku"]


def _store(shop: Shop, drafts: list[Row], *, bulk: bool) -> list[Row]:
    rows = [dict(draft) for draft in drafts]
    check_distinct(_UNIQUE, rows)
    taken = shop.slugs("product") | {row["slug"] for row in rows if row["slug"]}
    for row in rows:
        if row["slug"] is None:
            row["slug"] = slug(row["name"], "product", taken)
            taken.add(row["slug"])
    shop.require(_REFERENCES, rows, bulk=bulk)
    shop.require_free("product", _UNIQUE, rows, bulk=bulk)
    return [shop.add("product", row, index if bulk else None) for index, row in enumerate(rows)]


def _create(shop: Shop, given: Given) -> Answer:
    [product] = _store(shop, [given.body], bulk=False)
    return Answer(201, shown(product))


def _create_many(shop: Shop, given: Given) -> Answer:
    return Answer(201, [shown(product) for product in _store(shop, given.body, bulk=True)])


def _list(shop: Shop, given: Given) -> Answer:
    wanted = given.query
    same = {name: wanted[name] for name in ("category_id", "is_active") if wanted[name] is not None}
    low, high = wanted["min_price"] or 0, MAX_PRICE if wanted["max_price"] is None else wanted["max_price"]
    rows = [row for row in shop.where("product", **same) if low <= row["price"] <= high]
    return listing(shop, given, [row for row in rows if _found(row, wanted["search"] or "")], _SORTS)


def _found(product: Row, wanted: str) -> bool:
    return holds(product["name"], wanted) or holds(product["description"], wanted)


def _low_stock(shop: Shop, given: Given) -> Answer:
    active = shop.where("product", is_active=True)
    low = [row for row in active if row["stock_quantity"] <= given.query["threshold"]]
    return listing(shop, given, low, ["stock_quantity"])


def _with_categories(shop: Shop, given: Given) -> Answer:
    def show(product: Row) -> Row:
        return shown(product) | {"category": shop.rows["category"].get(product["category_id"])}

    return listing(shop, given, shop.where("product", is_active=True), _SORTS, show)


def _stats(shop: Shop, _: Given) -> Answer:
    prices: dict[str | None, list[int]] = {}
    for product in shop.where("product", is_active=True):
        category = shop.rows["category"].get(product["category_id"])
        prices.setdefault(category["name"] if category else None, []).append(product["price"])
    rows = sorted(prices.items(), key=lambda row: (-len(row[1]), row[0] is not None, row[0] or ""))
    return Answer(
        200,
        [
            {
                "category": name,
                "product_count": len(found),
                "avg_price": money(mean(found)),
                "min_price": money(min(found)),
                "max_price": money(max(found)),
            }
            for name, found in rows
        ],
    )


def _by(field: str) -> Route:
    def serve(shop: Shop, given: Given) -> Answer:
        key = cleaned(given.path[field])
        if key is not None and field == "sku":
            key = key.upper()
        for product in shop.where("product", **{field: key}):
            return Answer(200, shown(product))
        raise not_found("product", key)

    return Route("GET", f"/products/by-{field}/{{{field}}}", serve)


def _get(shop: Shop, given: Given) -> Answer:
    return Answer(200, shown(shop.find("product", given.id)))


def _replace(shop: Shop, given: Given) -> Answer:
    kept = {} if given.body["slug"] is not None else {"slug": shop.find("product", given.id)["slug"]}
    return _change(shop, given.id, given.body | kept)


def _update(shop: Shop, given: Given) -> Answer:
    return _change(shop, given.id, given.body)


def _change(shop: Shop, key: int, changes: Row) -> Answer:
    product = shop.find("product", key)
    shop.require(_REFERENCES, [changes])
    shop.require_free("product", _UNIQUE, [product | changes])
    return Answer(200, shown(shop.change(product, changes)))


def _delete(shop: Shop, given: Given) -> Answer:
    shop.find("product", given.id)
    if any(item["product_id"] == given.id for order in shop.where("order") for item in order["items"]):
        raise referenced("product", "order items")
    del shop.rows["product"][given.id]
    return Answer(204)


def _change_stock(shop: Shop, given: Given) -> Answer:
    product = shop.find("product", given.id)
    stock = product["stock_quantity"] + given.body["quantity_change"]
    if stock < 0:
        errors = [("quantity_change", f"Only {product['stock_quantity']} in stock.", "insufficient-stock")]
        raise Refusal(400, "insufficient-stock", "Insufficient stock", "The stock cannot fall below zero.", errors)
    if stock > MAX_STOCK:
        detail = f"The stock cannot exceed {MAX_STOCK}."
        errors = [("quantity_change", detail, "stock-limit")]
        raise Refusal(400, "stock-limit", "Stock would exceed its limit", detail, errors)
    return Answer(200, shown(shop.change(product, {"stock_quantity": stock})))


ROUTES = (
    Route("POST", "/products", _create, draft(_FIELDS)),
    Route("POST", "/products/bulk", _create_many, many(draft(_FIELDS), 1, 1000)),
    Route("GET", "/products", _list, query={**SORTED, **_FILTER}),
    Route("GET", "/products/low-stock", _low_stock, query={**PLACED, "threshold": Parameter(number(0, MAX_STOCK), 10)}),
    Route("GET", "/products/with-categories", _with_categories, query=SORTED),
    Route("GET", "/products/by-category-stats", _stats),
    _by("sku"),
    _by("slug"),
    Route("GET", "/products/{id}", _get),
    Route("PUT", "/products/{id}", _replace, draft(_FIELDS)),
    Route("PATCH", "/products/{id}", _update, patch(_FIELDS)),
    Route("DELETE", "/products/{id}", _delete),
    Route("POST", "/products/{id}/stock", _change_stock, _CHANGE_OF_STOCK),
)
