"""Text where SQL databases are known to differ: each compares, searches, sorts and keeps it our way."""

import httpx2
import pytest

from core.clock import now
from core.entities import CategoryDraft, PostDraft, PostStatus
from core.errors import Duplicate, NotFound
from core.storage import Page, PageRequest, PostFilter, ProductFilter, Storage
from core.storage.pages import SortOrder, SortValue
from core.storage.sorts import POSTS, PRODUCTS
from tests.sql.external_client import ALL
from tests.sql.seeds import add_categories, add_products, add_tags, add_users

pytestmark = pytest.mark.only(*ALL)

DISTINCT = [
    "cafe",
    "Cafe",
    "CAFE",
    "café",
    "cafe\u0301",
    "cafe ",
    "cafe  ",
    "cafe\t",
    "ｃａｆｅ",
    "caf\u00ade",
    "ca\u200dfe",
]
FOLDED = [("Straße", "STRASSE"), ("ΟΔΟΣ", "οδος"), ("Одесса", "ОДЕССА"), ("ﬁsh", "FISH"), ("ｆｕｌｌ", "Full")]
APART = [("resume", "résumé"), ("i", "ı"), ("oe", "œ"), ("e", "е")]  # the last one is Cyrillic
SPECIAL = ["%", "_", "*", ".", "\\", "[", "]", "^", "?", "'", '"', "$", "--", ";", "\\%", "/", "(", "|"]
SORTED = ["A", "Z", "[", "_", "a", "a b", "a-b", "ab", "z", "~", "é", "ß", "ő", "文", "Ａ", "\ufffd", "😀", "🧿"]
FOUR_BYTES = "😀🧿𝕊𐍈👩‍👩‍👧‍👦𠜎"


async def search(storage: Storage, text: str) -> list[str]:
    window = PageRequest(SortOrder.parse("id", PRODUCTS), size=100)
    page = await storage.products.page(ProductFilter(search=text), window)
    assert page.total == len(page.items)
    return [product.name for product in page.items]


# Uniqueness


async def test_exact_names_differ_in_case_accent_and_space(storage: Storage) -> None:
    await add_categories(storage, *DISTINCT)
    assert [category.name for category in await storage.categories.all()] == sorted(DISTINCT)


@pytest.mark.parametrize("name", DISTINCT)
async def test_exact_name_is_unique(storage: Storage, name: str) -> None:
    await add_categories(storage, *DISTINCT)
    again = CategoryDraft(name=name, slug="another")
    with pytest.raises(Duplicate) as error:
        await storage.run(lambda tx: tx.categories.add([again], now()))
    assert error.value.fields == ("name",)


@pytest.mark.parametrize(("one", "other"), FOLDED)
async def test_folded_names_are_duplicates(storage: Storage, one: str, other: str) -> None:
    await add_tags(storage, one)
    with pytest.raises(Duplicate) as error:
        await add_tags(storage, other)
    assert error.value.fields == ("name",)


@pytest.mark.parametrize(("one", "other"), APART)
async def test_folding_keeps_accents_and_scripts(storage: Storage, one: str, other: str) -> None:
    await add_tags(storage, one, other)
    assert len(await storage.run(lambda tx: tx.tags.by_names([one, other]))) == 2


async def test_unique_keys_are_compared_exactly(storage: Storage) -> None:
    await add_products(storage, {"sku": "A-1", "slug": "a-1"})
    assert (await storage.products.by_sku("A-1")).slug == "a-1"
    for sku in ("a-1", "A-1 ", "Á-1", "A-1\t", "A_1", "%"):
        with pytest.raises(NotFound):
            await storage.products.by_sku(sku)
    for slug in ("A-1", "a-1 ", "á-1", "_-1"):
        with pytest.raises(NotFound):
            await storage.products.by_slug(slug)


async def test_nulls_are_distinct_under_uniqueness(storage: Storage) -> None:
    await add_products(storage, {"name": "Loose"}, {"name": "Loose"})
    [category] = await add_categories(storage, "Shelf")
    bound = {"name": "Bound", "category_id": category.id}
    await add_products(storage, bound | {"sku": "X-1", "slug": "x-1"})
    with pytest.raises(Duplicate) as error:
        await add_products(storage, bound | {"sku": "X-2", "slug": "x-2"})
    assert error.value.fields == ("name",)


# Search


@pytest.mark.parametrize("special", SPECIAL)
async def test_wildcard_is_searched_literally(storage: Storage, special: str) -> None:
    await add_products(storage, {"name": "plain"}, {"name": f"with {special} in it"}, {"name": "plain too"})
    assert await search(storage, special) == [f"with {special} in it"]
    assert await search(storage, f"h {special} i") == [f"with {special} in it"]


@pytest.mark.parametrize(("one", "other"), FOLDED)
async def test_search_folds_unicode_case(storage: Storage, one: str, other: str) -> None:
    await add_products(storage, {"name": f"<{one}>"}, {"name": f"<{other}>"}, {"name": "<else>"})
    assert await search(storage, one) == await search(storage, other) == [f"<{one}>", f"<{other}>"]


@pytest.mark.parametrize(("one", "other"), APART)
async def test_search_keeps_accents_and_scripts(storage: Storage, one: str, other: str) -> None:
    await add_products(storage, {"name": f"<{one}>"}, {"name": f"<{other}>"})
    assert await search(storage, f"<{one}>") == [f"<{one}>"]
    assert await search(storage, f"<{other}>") == [f"<{other}>"]


# Order


@pytest.mark.parametrize("way", ["name", "-name"])
async def test_text_sorts_by_code_point(storage: Storage, way: str) -> None:
    await add_products(storage, *({"name": name} for name in SORTED))
    ordered = sorted(SORTED, reverse=way.startswith("-"))

    async def page(window: PageRequest) -> Page[tuple[str, int]]:
        found = await storage.products.page(ProductFilter(), window)
        return Page([(product.name, product.id) for product in found.items], found.has_more, found.total)

    sort = SortOrder.parse(way, PRODUCTS)
    numbered = [await page(PageRequest(sort, size=4, page=number)) for number in range(1, 6)]
    assert [name for one in numbered for name, _ in one.items] == ordered
    walked: list[str] = []
    after: tuple[SortValue, int] | None = None
    while True:
        one = await page(PageRequest(sort, size=4, page=None, after=after))
        walked += [name for name, _ in one.items]
        if not one.has_more:
            break
        after = one.items[-1]
    assert walked == ordered


@pytest.mark.parametrize("way", ["published_at", "-published_at"])
async def test_null_sorts_before_every_value(storage: Storage, way: str) -> None:
    [author] = await add_users(storage, "author")
    moments = [None, now(), None, now(), None]
    for number, moment in enumerate(moments):
        draft = PostDraft(title="T", slug=f"t-{number}", content="C", author_id=author.id, status=PostStatus.DRAFT)
        await storage.run(lambda tx, draft=draft, moment=moment: tx.posts.add(draft, [], moment, now()))  # type: ignore[misc]
    ascending = [1, 3, 5, 2, 4]
    expected = ascending if way == "published_at" else ascending[::-1]
    sort = SortOrder.parse(way, POSTS)
    assert [p.id for p in (await storage.posts.page(PostFilter(), PageRequest(sort, size=9))).items] == expected
    walked: list[int] = []
    after: tuple[SortValue, int] | None = None
    while len(walked) < len(moments):
        [post] = (await storage.posts.page(PostFilter(), PageRequest(sort, size=1, page=None, after=after))).items
        walked.append(post.id)
        after = (post.published_at, post.id)
    assert walked == expected


# Storing


async def test_four_byte_text_fills_column(storage: Storage) -> None:
    name, sku = (FOUR_BYTES * 200)[:200], "S" * 50
    [product] = await add_products(storage, {"name": name, "sku": sku, "slug": "s" * 220, "description": name * 50})
    stored = await storage.products.get(product.id)
    assert (stored.name, stored.description, stored.slug) == (name, name * 50, "s" * 220)
    assert await search(storage, FOUR_BYTES) == [name]
    [author] = await add_users(storage, "a" * 50)
    content = ("🧿" * 99_999) + "a"
    draft = PostDraft(title=name, slug="t", content=content, author_id=author.id)
    post = await storage.run(lambda tx: tx.posts.add(draft, [], None, now()))
    assert (await storage.posts.get(post.id)).content == content


async def test_nul_is_refused_by_api(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/categories", json={"name": "a\x00b"})).status_code == 422
    assert (await client.get("/products", params={"search": "\x00"})).status_code == 422
    assert (await client.get("/products/by-sku/a%00b")).status_code in (404, 422)
    assert (await client.get("/users/by-email/a%00b@example.com")).status_code in (404, 422)


@pytest.mark.parametrize("count", [2, 99, 100, 101, 1000, 2345])
async def test_bulk_insert_keeps_order(storage: Storage, count: int) -> None:
    added = await add_products(storage, *({} for _ in range(count)))
    assert [product.name for product in added] == [f"P {number}" for number in range(count)]
    assert [product.id for product in added] == sorted({product.id for product in added})
    by_id = PageRequest(SortOrder.parse("-id", PRODUCTS), size=1)
    last = await storage.products.page(ProductFilter(), by_id)
    assert (last.total, last.items) == (count, added[-1:])
