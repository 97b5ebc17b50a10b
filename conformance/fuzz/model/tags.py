"""Tags."""

from conformance.fuzz.model.answers import Answer
from conformance.fuzz.model.asking import Given, Route
from conformance.fuzz.model.bodies import Field, draft, patch
from conformance.fuzz.model.checks import SLUG, TAG
from conformance.fuzz.model.lists import SORTED, listing
from conformance.fuzz.model.posts import SORTS, shown_post
from conformance.fuzz.model.shop import Row, Shop
from conformance.fuzz.model.values import fold, slug

_FIELDS = {"name": Field(TAG), "slug": Field(SLUG, None)}
_UNIQUE = {"name": lambda row: fold(row["name"]), "slug": lambda row: row["slug"]}


def _create(shop: Shop, given: Given) -> Answer:
    row = dict(given.body)
    row["slug"] = row["slug"] or slug(row["name"], "tag", shop.slugs("tag"))
    shop.require_free("tag", _UNIQUE, [row])
    return Answer(201, dict(shop.add("tag", row)))


def _list(shop: Shop, given: Given) -> Answer:
    return listing(shop, given, shop.where("tag"), ["name"])


def _get(shop: Shop, given: Given) -> Answer:
    return Answer(200, dict(shop.find("tag", given.id)))


def _replace(shop: Shop, given: Given) -> Answer:
    kept = {} if given.body["slug"] is not None else {"slug": shop.find("tag", given.id)["slug"]}
    return _change(shop, given.id, given.body | kept)


def _update(shop: Shop, given: Given) -> Answer:
    return _change(shop, given.id, given.body)


def _change(shop: Shop, key: int, changes: Row) -> Answer:
    tag = shop.find("tag", key)
    shop.require_free("tag", _UNIQUE, [tag | changes])
    if changes.get("name", tag["name"]) != tag["name"]:
        _touch_posts(shop, key)
    return Answer(200, dict(shop.change(tag, changes)))


def _touch_posts(shop: Shop, key: int) -> None:
    for post in shop.where("post"):
        if key in post["tags"]:
            shop.touch(post)


def _delete(shop: Shop, given: Given) -> Answer:
    shop.find("tag", given.id)
    _touch_posts(shop, given.id)
    for post in shop.where("post"):
        post["tags"] = [key for key in post["tags"] if key != given.id]
    del shop.rows["tag"][given.id]
    return Answer(204)


def _posts(shop: Shop, given: Given) -> Answer:
    rows = [post for post in shop.where("post") if given.id in post["tags"]]
    page = listing(shop, given, rows, SORTS, lambda row: shown_post(shop, row))
    if page.status == 200 and not page.body["items"]:
        shop.find("tag", given.id)
    return page


ROUTES = (
    Route("POST", "/tags", _create, draft(_FIELDS)),
    Route("GET", "/tags", _list, query=SORTED),
    Route("GET", "/tags/{id}", _get),
    Route("PUT", "/tags/{id}", _replace, draft(_FIELDS)),
    Route("PATCH", "/tags/{id}", _update, patch(_FIELDS)),
    Route("DELETE", "/tags/{id}", _delete),
    Route("GET", "/tags/{id}/posts", _posts, query=SORTED),
)
