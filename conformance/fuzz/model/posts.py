"""Posts, which hold the ids of their tags."""

from conformance.fuzz.model.answers import Answer
from conformance.fuzz.model.asking import Given, Parameter, Route, number
from conformance.fuzz.model.bodies import Field, draft, patch
from conformance.fuzz.model.checks import ID, SLUG, TAG, many, one_of, text
from conformance.fuzz.model.lists import SEARCH, SORTED, listing
from conformance.fuzz.model.shop import Row, Shop
from conformance.fuzz.model.values import MAX_ID, fold, holds, slug, stamp

_STATUS = one_of("draft", "published", "archived")
_FIELDS = {
    "title": Field(text(1, 200)),
    "slug": Field(SLUG, None),
    "content": Field(text(1, 100_000)),
    "status": Field(_STATUS, "draft"),
    "author_id": Field(ID),
    "tags": Field(many(TAG, 0, 50), ()),
}
_FILTER = {
    "author_id": Parameter(number(1, MAX_ID)),
    "tag": Parameter(TAG),
    "status": Parameter(_STATUS),
    "search": SEARCH,
}
_REFERENCES = {"author_id": "user"}
_UNIQUE = {"slug": lambda row: row["slug"]}
SORTS = ["title", "view_count", "published_at"]


def shown_post(shop: Shop, post: Row) -> Row:
    """A post with the names of its tags."""
    return post | {"tags": sorted(shop.rows["tag"][key]["name"] for key in post["tags"])}


def _tagged(shop: Shop, names: list[str]) -> list[int]:
    """The ids of the tags with these names. New ones are stored in the order of their names."""
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(fold(name), name)
    stored = {fold(row["name"]): row["id"] for row in shop.where("tag")}
    for name in sorted(name for key, name in spelled.items() if key not in stored):
        new = shop.add_hidden("tag", {"name": name, "slug": slug(name, "tag", shop.slugs("tag"))})
        stored[fold(name)] = new["id"]
    return sorted(stored[key] for key in spelled)


def _create(shop: Shop, given: Given) -> Answer:
    row = dict(given.body)
    row["slug"] = row["slug"] or slug(row["title"], "post", shop.slugs("post"))
    shop.require(_REFERENCES, [row])
    shop.require_free("post", _UNIQUE, [row])
    row["tags"] = _tagged(shop, row["tags"])
    published = stamp(shop.now) if row["status"] == "published" else None
    post = shop.add("post", row | {"view_count": 0, "published_at": published})
    return Answer(201, shown_post(shop, post))


def _list(shop: Shop, given: Given) -> Answer:
    wanted = given.query
    same = {name: wanted[name] for name in ("author_id", "status") if wanted[name] is not None}
    rows = [row for row in shop.where("post", **same) if _found(row, wanted["search"] or "")]
    if wanted["tag"] is not None:
        tags = {row["id"] for row in shop.where("tag") if fold(row["name"]) == fold(wanted["tag"])}
        rows = [row for row in rows if tags & set(row["tags"])]
    return listing(shop, given, rows, SORTS, lambda row: shown_post(shop, row))


def _found(post: Row, wanted: str) -> bool:
    return holds(post["title"], wanted) or holds(post["content"], wanted)


def _get(shop: Shop, given: Given) -> Answer:
    return Answer(200, shown_post(shop, shop.find("post", given.id)))


def _replace(shop: Shop, given: Given) -> Answer:
    kept = {} if given.body["slug"] is not None else {"slug": shop.find("post", given.id)["slug"]}
    return _change(shop, given.id, given.body | kept)


def _update(shop: Shop, given: Given) -> Answer:
    return _change(shop, given.id, given.body)


def _change(shop: Shop, key: int, chosen: Row) -> Answer:
    post = shop.find("post", key)
    changes = dict(chosen)
    shop.require(_REFERENCES, [changes])
    shop.require_free("post", _UNIQUE, [post | changes])
    if "tags" in changes:
        changes["tags"] = _tagged(shop, changes["tags"])
    if changes.get("status") == "published" and post["published_at"] is None:
        changes["published_at"] = stamp(shop.now)
    return Answer(200, shown_post(shop, shop.change(post, changes)))


def _delete(shop: Shop, given: Given) -> Answer:
    shop.find("post", given.id)
    del shop.rows["post"][given.id]
    return Answer(204)


def _view(shop: Shop, given: Given) -> Answer:
    post = shop.find("post", given.id)
    post["view_count"] += 1
    post["version"] += 1
    return Answer(200, shown_post(shop, post))


ROUTES = (
    Route("POST", "/posts", _create, draft(_FIELDS)),
    Route("GET", "/posts", _list, query={**SORTED, **_FILTER}),
    Route("GET", "/posts/{id}", _get),
    Route("PUT", "/posts/{id}", _replace, draft(_FIELDS)),
    Route("PATCH", "/posts/{id}", _update, patch(_FIELDS)),
    Route("DELETE", "/posts/{id}", _delete),
    Route("POST", "/posts/{id}/view", _view),
)
