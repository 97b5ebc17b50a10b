"""Categories."""

from conformance.fuzz.model.bodies import Field, draft, optional, patch
from conformance.fuzz.model.checks import ID, SLUG, text
from conformance.fuzz.model.lists import LIST_PARAMETERS, SUBLIST_PARAMETERS, list_page, sublist
from conformance.fuzz.model.requests import Request, Route
from conformance.fuzz.model.responses import Problem, Response
from conformance.fuzz.model.shop import Record, ShopModel, to_json
from conformance.fuzz.model.values import derive_slug

_FIELDS = {
    "name": Field(text(1, 100)),
    "slug": Field(SLUG, None),
    "description": optional(text(0, 10_000)),
    "parent_id": optional(ID),
}
_REFERENCES = {"parent_id": "category"}
_UNIQUE = {"name": lambda row: row["name"], "slug": lambda row: row["slug"]}


def _create(shop: ShopModel, request: Request) -> Response:
    row = dict(request.body)
    row["slug"] = row["slug"] or derive_slug(row["name"], "category", shop.taken_slugs("category"))
    shop.check_references(_REFERENCES, [row])
    shop.check_unique("category", _UNIQUE, [row])
    return Response(201, dict(shop.add("category", row)))


def _list(shop: ShopModel, request: Request) -> Response:
    return list_page(shop, request, shop.select("category"), ["name"])


def _tree(shop: ShopModel, _: Request) -> Response:
    return Response(200, _subtree(shop, None))


def _subtree(shop: ShopModel, parent: int | None) -> list[Record]:
    rows = sorted(shop.select("category", parent_id=parent), key=lambda row: row["name"])
    return [row | {"children": _subtree(shop, row["id"])} for row in rows]


def _get(shop: ShopModel, request: Request) -> Response:
    return Response(200, dict(shop.find("category", request.id)))


def _replace(shop: ShopModel, request: Request) -> Response:
    kept = {} if request.body["slug"] is not None else {"slug": shop.find("category", request.id)["slug"]}
    return _change(shop, request.id, request.body | kept)


def _update(shop: ShopModel, request: Request) -> Response:
    return _change(shop, request.id, request.body)


def _change(shop: ShopModel, key: int, changes: Record) -> Response:
    category = shop.find("category", key)
    above = changes.get("parent_id")
    while above is not None:
        if above == key:
            errors = [("parent_id", "Is the category itself or below it.", "category-cycle")]
            detail = "A category cannot be below itself."
            raise Problem(400, "category-cycle", "Categories would form a cycle", detail, errors)
        above = shop.rows["category"].get(above, {}).get("parent_id")
    shop.check_references(_REFERENCES, [changes])
    shop.check_unique("category", _UNIQUE, [category | changes])
    return Response(200, dict(shop.change(category, changes)))


def _delete(shop: ShopModel, request: Request) -> Response:
    shop.find("category", request.id)
    for kind, field in (("product", "category_id"), ("category", "parent_id")):
        for row in shop.select(kind, **{field: request.id}):
            shop.change(row, {field: None})
    del shop.rows["category"][request.id]
    return Response(204)


def _products(shop: ShopModel, request: Request) -> Response:
    category = shop.find("category", request.id)
    products = shop.select("product", category_id=request.id)
    page = [to_json(product) for product in sublist(request, products)]
    return Response(200, {"category": dict(category), "product_count": len(products), "products": page})


ROUTES = (
    Route("POST", "/categories", _create, draft(_FIELDS)),
    Route("GET", "/categories", _list, query=LIST_PARAMETERS),
    Route("GET", "/categories/tree", _tree),
    Route("GET", "/categories/{id}", _get),
    Route("PUT", "/categories/{id}", _replace, draft(_FIELDS)),
    Route("PATCH", "/categories/{id}", _update, patch(_FIELDS)),
    Route("DELETE", "/categories/{id}", _delete),
    Route("GET", "/categories/{id}/products", _products, query=SUBLIST_PARAMETERS),
)
