"""Tags."""

from conformance.problem import error_fields, error_of
from conformance.shop import Shop


async def test_tag_is_created_with_derived_slug(shop: Shop) -> None:
    tag = await shop.post("/tags", {"name": "Big News"})
    assert tag == {
        "id": 1,
        "created_at": tag["created_at"],
        "updated_at": tag["created_at"],
        "version": 1,
        "name": "Big News",
        "slug": "big-news",
    }
    assert await shop.get("/tags/1") == tag


async def test_slug_can_be_chosen(shop: Shop) -> None:
    assert (await shop.tag(name="C++", slug="cpp"))["slug"] == "cpp"


async def test_put_replaces_all_but_omitted_slug(shop: Shop) -> None:
    tag = await shop.tag(slug="kept")
    response = await shop.client.put(f"/tags/{tag['id']}", json={"name": "New"})
    changed = {"name": "New", "version": 2, "updated_at": response.json()["updated_at"]}
    assert (response.status_code, response.json()) == (200, tag | changed)
    response = await shop.client.put(f"/tags/{tag['id']}", json={"name": "New", "slug": "new"})
    assert (response.json()["slug"], response.json()["version"]) == ("new", 3)


async def test_patch_changes_only_sent_fields(shop: Shop) -> None:
    tag = await shop.tag(name="News")
    path = f"/tags/{tag['id']}"
    changed = (await shop.client.patch(path, json={"name": "NEWS"})).json()
    assert changed == tag | {"name": "NEWS", "version": 2, "updated_at": changed["updated_at"]}
    assert (await shop.client.patch(path, json={})).json() == changed
    for field in ("name", "slug"):
        assert error_fields(await shop.client.patch(path, json={field: None})) == [field]


async def test_renamed_tag_changes_its_posts(shop: Shop) -> None:
    user, tag = await shop.user(), await shop.tag(name="old")
    tagged, untagged = await shop.new_post(user, tags=["old", "z"]), await shop.new_post(user, tags=["z"])
    await shop.client.patch(f"/tags/{tag['id']}", json={"name": "zz"})
    changed = await shop.get(f"/posts/{tagged['id']}")
    assert changed == tagged | {"tags": ["z", "zz"], "version": 2, "updated_at": changed["updated_at"]}
    assert await shop.get(f"/posts/{untagged['id']}") == untagged
    assert (await shop.get("/posts?tag=ZZ"))["items"] == [changed]
    assert (await shop.get("/posts?tag=old"))["items"] == []


async def test_tag_lists_its_posts(shop: Shop) -> None:
    user, tag, unused = await shop.user(), await shop.tag(name="News"), await shop.tag()
    posts = [await shop.new_post(user, tags=["news", "other"]) for _ in range(3)]
    await shop.new_post(user, tags=["other"])
    path = f"/tags/{tag['id']}/posts"
    assert (await shop.get(path))["items"] == posts[::-1]
    assert (await shop.get(f"{path}?sort=id&page_size=2"))["items"] == posts[:2]
    assert (await shop.get(path))["total"] == 3
    assert (await shop.get(f"/tags/{unused['id']}/posts"))["items"] == []
    assert error_of(await shop.client.get("/tags/99/posts")) == (404, "not-found")


async def test_tag_is_deleted_once(shop: Shop) -> None:
    tag = await shop.tag()
    response = await shop.client.delete(f"/tags/{tag['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert error_of(await shop.client.delete(f"/tags/{tag['id']}")) == (404, "not-found")
