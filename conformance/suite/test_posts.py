"""Posts and their tags."""

from datetime import timedelta

from conformance.fixtures import Tick
from conformance.problem import error_fields, error_of
from conformance.shop import Shop
from core import clock

DAY = timedelta(days=1)


async def test_post_is_created_with_defaults(shop: Shop) -> None:
    user = await shop.user()
    post = await shop.post("/posts", {"title": "First Post!", "content": "Hello.", "author_id": user["id"]})
    assert post == {
        "id": 1,
        "created_at": post["created_at"],
        "updated_at": post["created_at"],
        "version": 1,
        "title": "First Post!",
        "slug": "first-post",
        "content": "Hello.",
        "status": "draft",
        "author_id": user["id"],
        "view_count": 0,
        "published_at": None,
        "tags": [],
    }
    assert await shop.get("/posts/1") == post


async def test_post_fields_are_stored(shop: Shop) -> None:
    user = await shop.user()
    fields = {
        "title": "T",
        "slug": "my-slug",
        "content": "C",
        "status": "archived",
        "author_id": user["id"],
        "tags": ["a", "b"],
    }
    post = await shop.post("/posts", fields)
    assert {name: post[name] for name in fields} == fields
    assert await shop.get(f"/posts/{post['id']}") == post


async def test_omitted_slug_is_derived_and_numbered(shop: Shop) -> None:
    user = await shop.user()
    slugs = [(await shop.new_post(user, title=title))["slug"] for title in ("News", "news!", "NEWS", "🎉")]
    assert slugs == ["news", "news-2", "news-3", "post"]


async def test_unknown_author_creates_no_tag(shop: Shop) -> None:
    post = await shop.new_post(await shop.user())
    body = {"title": "x", "content": "x", "author_id": 99, "tags": ["new"]}
    for request in (
        shop.client.post("/posts", json=body),
        shop.client.put(f"/posts/{post['id']}", json=body),
        shop.client.patch(f"/posts/{post['id']}", json={"author_id": 99, "tags": ["new"]}),
    ):
        response = await request
        assert (error_of(response), error_fields(response)) == ((400, "unknown-reference"), ["author_id"])
    assert (await shop.get("/posts"))["items"] == [post]
    assert (await shop.get("/tags"))["total"] == 0


async def test_tags_keep_their_first_spelling(shop: Shop) -> None:
    user = await shop.user()
    first = await shop.new_post(user, tags=["News", "NEWS", " news "])
    second = await shop.new_post(user, tags=["nEWS", "Straße"])
    third = await shop.new_post(user, tags=["STRASSE", "news"])
    assert [post["tags"] for post in (first, second, third)] == [["News"], ["News", "Straße"], ["News", "Straße"]]
    assert [tag["name"] for tag in (await shop.get("/tags?sort=id"))["items"]] == ["News", "Straße"]


async def test_tags_are_in_code_point_order(shop: Shop) -> None:
    post = await shop.new_post(await shop.user(), tags=["b", "é", "a", "Z", "😀", "ﬁ"])
    assert post["tags"] == ["Z", "a", "b", "é", "ﬁ", "😀"]
    assert (await shop.get(f"/posts/{post['id']}"))["tags"] == post["tags"]
    assert (await shop.get("/posts"))["items"][0]["tags"] == post["tags"]


async def test_equal_tag_slugs_are_numbered(shop: Shop) -> None:
    await shop.new_post(await shop.user(), tags=["c", "c+", "C#"])
    tags = (await shop.get("/tags?sort=name"))["items"]
    assert [tag["name"] for tag in tags] == ["C#", "c", "c+"]
    assert {tag["slug"] for tag in tags} == {"c", "c-2", "c-3"}


async def test_post_has_at_most_50_tags(shop: Shop) -> None:
    user = await shop.user()
    names = [f"tag {number:02}" for number in range(50)]
    assert (await shop.new_post(user, tags=names))["tags"] == names
    body = {"title": "x", "content": "x", "author_id": user["id"], "tags": [*names, "more"]}
    response = await shop.client.post("/posts", json=body)
    assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["tags"])


async def test_put_replaces_all_but_omitted_slug(shop: Shop) -> None:
    user = await shop.user()
    post = await shop.new_post(user, slug="kept", status="archived", tags=["a"])
    body = {"title": "New", "content": "Other.", "author_id": user["id"]}
    response = await shop.client.put(f"/posts/{post['id']}", json=body)
    assert response.status_code == 200
    changed = {"slug": "kept", "status": "draft", "tags": [], "version": 2, "updated_at": response.json()["updated_at"]}
    assert response.json() == post | body | changed
    assert await shop.get(f"/posts/{post['id']}") == response.json()


async def test_patch_changes_only_sent_fields(shop: Shop) -> None:
    user, other = await shop.user(), await shop.user()
    post = await shop.new_post(user, tags=["a", "b"])
    path = f"/posts/{post['id']}"
    changed = (await shop.client.patch(path, json={"author_id": other["id"]})).json()
    assert changed == post | {"author_id": other["id"], "version": 2, "updated_at": changed["updated_at"]}
    changed = (await shop.client.patch(path, json={"tags": ["b", "c"]})).json()
    assert (changed["tags"], changed["version"]) == (["b", "c"], 3)
    for same in ({}, {"tags": ["C", "B", "b"]}, {"status": "draft"}):
        assert (await shop.client.patch(path, json=same)).json() == changed, "no new version"
    for field in ("title", "slug", "content", "status", "author_id", "tags"):
        assert error_fields(await shop.client.patch(path, json={field: None})) == [field]
    assert await shop.get(path) == changed


async def test_post_is_dated_when_first_published(shop: Shop, tick: Tick) -> None:
    post = await shop.new_post(await shop.user())
    path = f"/posts/{post['id']}"
    first = clock.to_json(tick(DAY))
    for status in ("published", "archived", "published", "draft"):
        changed = (await shop.client.patch(path, json={"status": status})).json()
        assert (changed["status"], changed["published_at"]) == (status, first)
        tick(DAY)
    assert (await shop.get(path))["published_at"] == first


async def test_post_can_be_created_published(shop: Shop, tick: Tick) -> None:
    now = clock.to_json(tick(DAY))
    assert (await shop.new_post(await shop.user(), status="published"))["published_at"] == now


async def test_view_is_counted_but_is_no_edit(shop: Shop) -> None:
    post = await shop.new_post(await shop.user(), tags=["a"])
    for count in (1, 2, 3):
        response = await shop.client.post(f"/posts/{post['id']}/view")
        assert (response.status_code, response.json()) == (200, post | {"view_count": count, "version": count + 1})
    assert await shop.get(f"/posts/{post['id']}") == response.json(), "reading it is not counted"


FILTERS = [
    ("", [0, 1, 2]),
    ("author_id=1", [0, 2]),
    ("author_id=99", []),
    ("tag=news", [0, 1]),
    ("tag=NEWS", [0, 1]),
    ("tag=new", []),
    ("status=published", [1]),
    ("status=archived", []),
    ("search=HELLO", [0]),
    ("search=post", [0, 1, 2]),
    ("author_id=1&tag=news&status=draft&search=hello", [0]),
    ("author_id=1&tag=news&status=published", []),
]


async def test_posts_are_filtered(shop: Shop) -> None:
    users = [await shop.user(), await shop.user()]
    posts = [
        await shop.new_post(users[0], tags=["News"], content="Hello world"),
        await shop.new_post(users[1], tags=["news", "other"], status="published"),
        await shop.new_post(users[0], tags=["other"]),
    ]
    for query, found in FILTERS:
        listing = await shop.get(f"/posts?sort=id&{query}")
        assert listing["items"] == [posts[index] for index in found], query
        assert listing["total"] == len(found), query


async def test_invalid_filter_is_named(shop: Shop) -> None:
    for query in ["status=lost", "tag=", "author_id=0", "author_id=x"]:
        response = await shop.client.get(f"/posts?{query}")
        assert (error_of(response), error_fields(response)) == (
            (422, "validation-failed"),
            [query.partition("=")[0]],
        ), query


async def test_post_is_deleted_once(shop: Shop) -> None:
    post = await shop.new_post(await shop.user(), tags=["stays"])
    response = await shop.client.delete(f"/posts/{post['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert error_of(await shop.client.delete(f"/posts/{post['id']}")) == (404, "not-found")
    assert (await shop.get("/tags"))["total"] == 1
