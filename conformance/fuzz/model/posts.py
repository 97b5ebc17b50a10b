"""Posts, which contain the ids of their tags."""

from conformance.fuzz.model.bodies import Field, draft, patch
from conformance.fuzz.model.checks import ID, SLUG, TAG, array, one_of, text
from conformance.fuzz.model.lists import LIST_PARAMETERS, SEARCH, list_page
from conformance.fuzz.model.requests import Parameter, Request, Route, integer_text
from conformance.fuzz.model.responses import Response
from conformance.fuzz.model.shop import Record, ShopModel
from conformance.fuzz.model.values import MAX_ID, derive_slug, fold, format_time, matches_search

_STATUS = one_of("draft", "published", "archived")
_FIELDS = {
    "title": Field(text(1, 200)),
    "slug": Field(SLUG, None),
    "content": Field(text(1, 100_000)),
    "status": Field(_STATUS, "draft"),
    "author_id": Field(ID),
    "tags": Field(array(TAG, 0, 50), ()),
}
_FILTER = {
    "author_id": Parameter(integer_text(1, MAX_ID)),
    "tag": Parameter(TAG),
    "status": Parameter(_STATUS),
    "search": SEARCH,
}
_REFERENCES = {"author_id": "user"}
_UNIQUE = {"slug": lambda row: row["slug"]}
SORTS = ["title", "view_count", "published_at"]


def post_to_json(shop: ShopModel, post: Record) -> Record:
    """A post with the names of its tags."""
    return post | {"tags": sorted(shop.rows["tag"][key]["name"] for key in post["tags"])}


def _tag_ids(shop: ShopModel, names: list[str]) -> list[int]:
    """The ids of the tags with these names; new tags are stored in the order of their names."""
    spellings: dict[str, str] = {}
    for name in names:
        spellings.setdefault(fold(name), name)
    stored = {fold(row["name"]): row["id"] for row in shop.select("tag")}
    for name in sorted(name for key, name in spellings.items() if key not in stored):
        new = shop.add_unseen("tag", {"name": name, "slug": derive_slug(name, "tag", shop.taken_slugs("tag"))})
        stored[fold(name)] = new["id"]
    return sorted(stored[key] for key in spellings)


def _create(shop: ShopModel, request: Request) -> Response:
    row = dict(request.body)
    row["slug"] = row["slug"] or derive_slug(row["title"], "post", shop.taken_slugs("post"))
    shop.check_references(_REFERENCES, [row])
    shop.check_unique("post", _UNIQUE, [row])
    row["tags"] = _tag_ids(shop, row["tags"])
    published = format_time(shop.now) if row["status"] == "published" else None
    post = shop.add("post", row | {"view_count": 0, "published_at": published})
    return Response(201, post_to_json(shop, post))


def _list(shop: ShopModel, request: Request) -> Response:
    wanted = request.query
    same = {name: wanted[name] for name in ("author_id", "status") if wanted[name] is not None}
    rows = [row for row in shop.select("post", **same) if _matches(row, wanted["search"] or "")]
    if wanted["tag"] is not None:
        tags = {row["id"] for row in shop.select("tag") if fold(row["name"]) == fold(wanted["tag"])}
        rows = [row for row in rows if tags & set(row["tags"])]
    return list_page(shop, request, rows, SORTS, lambda row: post_to_json(shop, row))


def _matches(post: Record, wanted: str) -> bool:
    return matches_search(post["title"], wanted) or matches_search(post["content"], wanted)


def _get(shop: ShopModel, request: Request) -> Response:
    return Response(200, post_to_json(shop, shop.find("post", request.id)))


def _replace(shop: ShopModel, request: Request) -> Response:
    kept = {} if request.body["slug"] is not None else {"slug": shop.find("post", request.id)["slug"]}
    return _change(shop, request.id, request.body | kept)


def _update(shop: ShopModel, request: Request) -> Response:
    return _change(shop, request.id, request.body)


def _change(shop: ShopModel, key: int, chosen: Record) -> Response:
    post = shop.find("post", key)
    changes = dict(chosen)
    shop.check_references(_REFERENCES, [changes])
    shop.check_unique("post", _UNIQUE, [post | changes])
    if "tags" in changes:
        changes["tags"] = _tag_ids(shop, changes["tags"])
    if changes.get("status") == "published" and post["published_at"] is None:
        changes["published_at"] = format_time(shop.now)
    return Response(200, post_to_json(shop, shop.change(post, changes)))


def _delete(shop: ShopModel, request: Request) -> Response:
    shop.find("post", request.id)
    del shop.rows["post"][request.id]
    return Response(204)


def _view(shop: ShopModel, request: Request) -> Response:
    post = shop.find("post", request.id)
    post["view_count"] += 1
    post["version"] += 1
    return Response(200, post_to_json(shop, post))


ROUTES = (
    Route("POST", "/posts", _create, draft(_FIELDS)),
    Route("GET", "/posts", _list, query={**LIST_PARAMETERS, **_FILTER}),
    Route("GET", "/posts/{id}", _get),
    Route("PUT", "/posts/{id}", _replace, draft(_FIELDS)),
    Route("PATCH", "/posts/{id}", _update, patch(_FIELDS)),
    Route("DELETE", "/posts/{id}", _delete),
    Route("POST", "/posts/{id}/view", _view),
)
