"""Tags."""

from conformance.fuzz.model.bodies import Field, draft, patch
from conformance.fuzz.model.checks import SLUG, TAG
from conformance.fuzz.model.lists import LIST_PARAMETERS, list_page
from conformance.fuzz.model.posts import SORTS, post_to_json
from conformance.fuzz.model.requests import Request, Route
from conformance.fuzz.model.responses import Response
from conformance.fuzz.model.shop import Record, ShopModel
from conformance.fuzz.model.values import derive_slug, fold

_FIELDS = {"name": Field(TAG), "slug": Field(SLUG, None)}
_UNIQUE = {"name": lambda row: fold(row["name"]), "slug": lambda row: row["slug"]}


def _create(shop: ShopModel, request: Request) -> Response:
    row = dict(request.body)
    row["slug"] = row["slug"] or derive_slug(row["name"], "tag", shop.taken_slugs("tag"))
    shop.check_unique("tag", _UNIQUE, [row])
    return Response(201, dict(shop.add("tag", row)))


def _list(shop: ShopModel, request: Request) -> Response:
    return list_page(shop, request, shop.select("tag"), ["name"])


def _get(shop: ShopModel, request: Request) -> Response:
    return Response(200, dict(shop.find("tag", request.id)))


def _replace(shop: ShopModel, request: Request) -> Response:
    kept = {} if request.body["slug"] is not None else {"slug": shop.find("tag", request.id)["slug"]}
    return _change(shop, request.id, request.body | kept)


def _update(shop: ShopModel, request: Request) -> Response:
    return _change(shop, request.id, request.body)


def _change(shop: ShopModel, key: int, changes: Record) -> Response:
    tag = shop.find("tag", key)
    shop.check_unique("tag", _UNIQUE, [tag | changes])
    if changes.get("name", tag["name"]) != tag["name"]:
        _touch_posts(shop, key)
    return Response(200, dict(shop.change(tag, changes)))


def _touch_posts(shop: ShopModel, key: int) -> None:
    for post in shop.select("post"):
        if key in post["tags"]:
            shop.touch(post)


def _delete(shop: ShopModel, request: Request) -> Response:
    shop.find("tag", request.id)
    _touch_posts(shop, request.id)
    for post in shop.select("post"):
        post["tags"] = [key for key in post["tags"] if key != request.id]
    del shop.rows["tag"][request.id]
    return Response(204)


def _posts(shop: ShopModel, request: Request) -> Response:
    rows = [post for post in shop.select("post") if request.id in post["tags"]]
    page = list_page(shop, request, rows, SORTS, lambda row: post_to_json(shop, row))
    if page.status == 200 and not page.body["items"]:
        shop.find("tag", request.id)
    return page


ROUTES = (
    Route("POST", "/tags", _create, draft(_FIELDS)),
    Route("GET", "/tags", _list, query=LIST_PARAMETERS),
    Route("GET", "/tags/{id}", _get),
    Route("PUT", "/tags/{id}", _replace, draft(_FIELDS)),
    Route("PATCH", "/tags/{id}", _update, patch(_FIELDS)),
    Route("DELETE", "/tags/{id}", _delete),
    Route("GET", "/tags/{id}/posts", _posts, query=LIST_PARAMETERS),
)
