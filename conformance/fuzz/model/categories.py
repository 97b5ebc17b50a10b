"""Categories."""

from conformance.fuzz.model.answers import Answer, Refusal
from conformance.fuzz.model.asking import Given, Route
from conformance.fuzz.model.bodies import Field, draft, optional, patch
from conformance.fuzz.model.checks import ID, SLUG, text
from conformance.fuzz.model.lists import PART, SORTED, listing, part
from conformance.fuzz.model.shop import Row, Shop, shown
from conformance.fuzz.model.values import slug

_FIELDS = {
    "name": Field(text(1, 100)),
    "slug": Field(SLUG, None),
    "description": optional(text(0, 10_000)),
    "parent_id": optional(ID),
}
_REFERENCES = {"parent_id": "category"}
_UNIQUE = {"name": lambda row: row["name"], "slug": lambda row: row["slug"]}


def _create(shop: Shop, given: Given) -> Answer:
    row = dict(given.body)
    row["slug"] = row["slug"] or slug(row["name"], "category", shop.slugs("category"))
    shop.require(_REFERENCES, [row])
    shop.require_free("category", _UNIQUE, [row])
    return Answer(201, dict(shop.add("category", row)))


def _list(shop: Shop, given: Given) -> Answer:
    return listing(shop, given, shop.where("category"), ["name"])


def _tree(shop: Shop, _: Given) -> Answer:
    return Answer(200, _below(shop, None))


def _below(shop: Shop, parent: int | None) -> list[Row]:
    rows = sorted(shop.where("category", parent_id=parent), key=lambda row: row["name"])
    return [row | {"children": _below(shop, row["id"])} for row in rows]


def _get(shop: Shop, given: Given) -> Answer:
    return Answer(200, dict(shop.find("category", given.id)))


def _replace(shop: Shop, given: Given) -> Answer:
    kept = {} if given.body["slug"] is not None else {"slug": shop.find("category", given.id)["slug"]}
    return _change(shop, given.id, given.body | kept)


def _update(shop: Shop, given: Given) -> Answer:
    return _change(shop, given.id, given.body)


def _change(shop: Shop, key: int, changes: Row) -> Answer:
    category = shop.find("category", key)
    above = changes.get("parent_id")
    while above is not None:
        if above == key:
            errors = [("parent_id", "Is the category itself or below it.", "category-cycle")]
            detail = "A category cannot be below itself."
            raise Refusal(400, "category-cycle", "Categories would form a cycle", detail, errors)
        above = shop.rows["category"].get(above, {}).get("parent_id")
    shop.require(_REFERENCES, [changes])
    shop.require_free("category", _UNIQUE, [category | changes])
    return Answer(200, dict(shop.change(category, changes)))


def _delete(shop: Shop, given: Given) -> Answer:
    shop.find("category", given.id)
    for kind, field in (("product", "category_id"), ("category", "parent_id")):
        for row in shop.where(kind, **{field: given.id}):
            shop.change(row, {field: None})
    del shop.rows["category"][given.id]
    return Answer(204)


def _products(shop: Shop, given: Given) -> Answer:
    category = shop.find("category", given.id)
    products = shop.where("product", category_id=given.id)
    page = [shown(product) for product in part(given, products)]
    return Answer(200, {"category": dict(category), "product_count": len(products), "products": page})


ROUTES = (
    Route("POST", "/categories", _create, draft(_FIELDS)),
    Route("GET", "/categories", _list, query=SORTED),
    Route("GET", "/categories/tree", _tree),
    Route("GET", "/categories/{id}", _get),
    Route("PUT", "/categories/{id}", _replace, draft(_FIELDS)),
    Route("PATCH", "/categories/{id}", _update, patch(_FIELDS)),
    Route("DELETE", "/categories/{id}", _delete),
    Route("GET", "/categories/{id}/products", _products, query=PART),
)
