"""Searching: substrings, in any case, and no character is a wildcard."""

from time import perf_counter
from urllib.parse import quote

from conformance.problem import blamed, refusal
from conformance.shop import Json, Shop

LITERAL = "%_*.?\\[]^$(){}+|'\"`;:#&=,/<>!@~-"


async def found(shop: Shop, path: str, word: str) -> list[Json]:
    separator = "&" if "?" in path else "?"
    name = "q" if path == "/users/search" else "search"
    items: list[Json] = (await shop.get(f"{path}{separator}sort=id&{name}={quote(word, safe='')}"))["items"]
    return items


async def test_no_character_is_a_wildcard(shop: Shop) -> None:
    drafts = [shop.draft() | {"name": f"a{char}c", "description": None} for char in LITERAL]
    products = await shop.post("/products/bulk", [shop.draft() | {"name": "abc"}, *drafts])
    for char, product in zip(LITERAL, products[1:], strict=True):
        assert await found(shop, "/products", f"a{char}c") == [product], char
        assert await found(shop, "/products", char) == [product], char
    for pattern in ("a%c%", "a__c", "a.*c", "[ab]", "^a", "c$", "a\\%c", "(?i)ABC", "%%", "a\\c\\"):
        assert await found(shop, "/products", pattern) == [], pattern


FOLDED = [
    ("Straße", "STRASSE"),
    ("STRASSE", "straße"),
    ("STRAẞE", "strasse"),
    ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
    ("οδυσσεύς", "ΟΔΥΣΣΕΎΣ"),
    ("ЁЛКА", "ёлка"),
    ("İstanbul", "i\u0307stanbul"),
    ("ﬁne", "FINE"),
    ("Ａｂｃ", "aBC"),
    ("№ ①", "no 1"),
    ("Cafe\u0301", "CAFÉ"),
    ("Café", "cafe\u0301"),
    ("ΐ", "\u03b9\u0308\u0301"),
    ("ǰ", "J\u030c"),
    ("각", "\u1100\u1161\u11a8"),
    ("𐐀", "𐐨"),
    ("🎉 party", "🎉"),
    ("שָׁלוֹם", "שָׁלוֹם"),
    ("本語", "本"),
    ("ŉa", "ʼNA"),
    ("ſet", "SET"),
]


async def test_search_folds_case_in_all_of_unicode(shop: Shop) -> None:
    user = await shop.user()
    for number, (text, query) in enumerate(FOLDED, 100):
        product = await shop.product(name=f"x {number}{text} y")
        post = await shop.article(user, title="t", content=f"x {number}{text} y")
        assert await found(shop, "/products", f"{number}{query}") == [product], text
        assert await found(shop, "/posts", f"{number}{query}") == [post], text


CURIOUS = [
    'say "abc" ""',
    "100%_off\\%_",
    "'' -- ;'",
    "a b  c   d",
    "and or not near*",
    "a+b:c^{d}(e)",
    "$1 ?2 :three @x",
    "🎧🎉🎧🎉🎧",
    "q\u0323\u0301q\u0301",
    "日本語の文",
    "שָׁלוֹם",
    "aaaaa",
    "abcabd",
]


async def test_terms_of_any_length_are_found(shop: Shop) -> None:
    drafts = [shop.draft() | {"name": f"<{text}>", "description": text[::-1]} for text in CURIOUS]
    products = await shop.post("/products/bulk", drafts)
    terms = {product["name"][start : start + length].strip() for product in products for start, length in PARTS}
    for term in sorted(filter(None, terms)):
        held = [one for one in products if term in one["name"] or term in one["description"]]
        assert await found(shop, "/products", term) == held, term


PARTS = [(start, length) for start in range(0, 12, 2) for length in (1, 2, 3, 4, 7)]


async def test_accents_are_not_folded(shop: Shop) -> None:
    await shop.product(name="café")
    for query in ("cafe", "cafè", "caf\u0301"):
        assert await found(shop, "/products", query) == [], query


async def test_each_list_searches_its_own_fields(shop: Shop) -> None:
    user = await shop.user(username="uu_name", email="mail@ee.example", full_name="Full Name", bio="biography")
    product = await shop.product(name="pp name", description="pp text", sku="SKUSKU", slug="slugslug")
    post = await shop.article(user, title="tt title", content="tt content", tags=["tagtag"], slug="slugslug")
    expected = {
        "/users": (user, ["UU_", "MAIL@", "full n"], ["biography"]),
        "/users/search": (user, ["UU_", "@EE.ex", "l Nam"], ["biography"]),
        "/products": (product, ["PP NA", "PP TE"], ["skusku", "slugslug"]),
        "/posts": (post, ["TT TI", "TT CO"], ["tagtag", "slugslug"]),
    }
    for path, (row, hits, misses) in expected.items():
        for query in hits:
            assert await found(shop, path, query) == [row], (path, query)
        for query in misses:
            assert await found(shop, path, query) == [], (path, query)


async def test_match_does_not_span_fields(shop: Shop) -> None:
    user = await shop.user(username="aaa", email="bbb@example.com", full_name="ccc")
    await shop.product(name="aaa", description="bbb")
    await shop.article(user, title="aaa", content="bbb")
    for between in ("", " ", "\n", "|", "\U0010ffff", "\ue000", "\ufdd0"):
        for path in ("/users", "/products", "/posts"):
            assert await found(shop, path, f"a{between}b") == [], between
        assert await found(shop, "/users", f"com{between}ccc") == [], between


async def test_null_field_matches_nothing(shop: Shop) -> None:
    await shop.product(name="aaa")
    user = await shop.user(username="uuu", email="mail@example.com")
    for query in ("null", "none", "nil", "undefined"):
        assert await found(shop, "/products", query) == []
        assert await found(shop, "/users", query) == []
    assert await found(shop, "/users", "uu") == [user]


async def test_search_finds_current_text(shop: Shop) -> None:
    product = await shop.product(name="before", description="old")
    changed = (
        await shop.client.patch(f"/products/{product['id']}", json={"name": "after", "description": None})
    ).json()
    assert await found(shop, "/products", "before") == await found(shop, "/products", "old") == []
    assert await found(shop, "/products", "after") == [changed]
    user = await shop.user(username="aaa")
    await shop.client.put(f"/users/{user['id']}", json={"username": "bbb", "email": "ccc@example.com"})
    assert await found(shop, "/users", "aaa") == []
    assert [row["id"] for row in await found(shop, "/users", "CCC")] == [user["id"]]
    post = await shop.article(user, content="x")
    await shop.client.patch(f"/posts/{post['id']}", json={"content": "needle"})
    assert [row["id"] for row in await found(shop, "/posts", "NEEDLE")] == [post["id"]]


async def test_search_omits_deleted_entities(shop: Shop) -> None:
    user, idle = await shop.user(username="needle_one"), await shop.user(username="needle_two", is_active=False)
    category = await shop.category()
    product, kept = await shop.product(name="needle 1"), await shop.product(name="needle", category_id=category["id"])
    post = await shop.article(user, content="needle 1")
    await shop.article(user, content="needle 2")
    for path in (f"/products/{product['id']}", f"/posts/{post['id']}", f"/categories/{category['id']}"):
        assert (await shop.client.delete(path)).status_code == 204
    assert [row["id"] for row in await found(shop, "/products", "needle")] == [kept["id"]]
    assert len(await found(shop, "/posts", "needle")) == 1
    assert (await shop.client.delete("/users/bulk/inactive")).status_code == 200
    assert [row["id"] for row in await found(shop, "/users", "needle")] == [user["id"]] != [idle["id"]]
    assert (await shop.client.delete(f"/users/{user['id']}")).status_code == 204
    assert await found(shop, "/posts", "needle") == await found(shop, "/users", "needle") == []


async def test_search_survives_changes_of_other_fields(shop: Shop) -> None:
    product = await shop.product(name="needle")
    post = await shop.article(await shop.user(), content="needle")
    for number in (-1, 1, -3):
        await shop.client.post(f"/products/{product['id']}/stock", json={"quantity_change": number})
        await shop.client.post(f"/posts/{post['id']}/view")
    assert [row["stock_quantity"] for row in await found(shop, "/products", "needle")] == [97]
    assert [row["view_count"] for row in await found(shop, "/posts", "needle")] == [3]


MANY = 250


async def test_search_pages_hide_and_repeat_nothing(shop: Shop) -> None:
    words = [f"{'thirds' if number % 3 == 0 else 'other'} {number:03}" for number in range(MANY)]
    drafts = [shop.draft() | {"name": word, "price": f"{1 + number % 7}.00"} for number, word in enumerate(words)]
    products = await shop.post("/products/bulk", drafts)
    for term, few in (("thirds", False), ("thirds 00", True), ("thirds 003", True)):
        held = sorted((one for one in products if term in one["name"]), key=lambda one: (one["price"], one["id"]))
        assert await by_cursor(shop, f"/products?search={quote(term)}&sort=price&page_size={2 if few else 9}") == held
        numbered = await shop.get(f"/products?search={quote(term)}&sort=price&page_size=9&page=2")
        assert (numbered["items"], numbered["total"]) == (held[9:18], len(held))


async def by_cursor(shop: Shop, path: str) -> list[Json]:
    items, cursor = [], ""
    while cursor is not None:
        page = await shop.get(f"{path}&cursor={cursor}")
        items += page["items"]
        cursor = page["next_cursor"]
    return items


async def test_end_of_long_text_is_searched(shop: Shop) -> None:
    user = await shop.user()
    post = await shop.article(user, content="ß" * 99_990 + "THE END")
    assert [row["id"] for row in await found(shop, "/posts", "ss the end")] == []
    assert [row["id"] for row in await found(shop, "/posts", "ssthe end")] == [post["id"]]


async def test_query_is_trimmed_and_empty_matches_all(shop: Shop) -> None:
    product = await shop.product(name="one two")
    for query in ("  two ", "", "   ", "one two", "\u3000one"):
        assert await found(shop, "/products", query) == [product], query
    assert await found(shop, "/products", "one  two") == []


async def test_invalid_query_text_is_rejected(shop: Shop) -> None:
    for path, name in (("/users", "search"), ("/users/search", "q"), ("/products", "search"), ("/posts", "search")):
        for query in ("%00", "a%00b", "x" * 201):
            answer = await shop.client.get(f"{path}?{name}={query}")
            assert (refusal(answer), blamed(answer)) == ((422, "validation-failed"), [name]), query


async def test_search_combines_with_filters_and_sort(shop: Shop) -> None:
    category = await shop.category()
    cheap = await shop.product(name="Red cap", price="1.00", category_id=category["id"])
    dear = await shop.product(name="red hat", price="9.00", category_id=category["id"])
    await shop.product(name="red", is_active=False)
    listing = await shop.get("/products?search=RED&category_id=1&is_active=true&sort=-price&page_size=1")
    assert (listing["items"], listing["total"], listing["has_next"]) == ([dear], 2, True)
    rest = await shop.get(
        f"/products?search=RED&category_id=1&is_active=true&page_size=1&cursor={listing['next_cursor']}"
    )
    assert rest["items"] == [cheap]


async def test_regular_expression_is_a_plain_search(shop: Shop) -> None:
    await shop.post("/products/bulk", [shop.draft() | {"description": "a" * 10_000} for _ in range(20)])
    start = perf_counter()
    for query in ("a" * 199 + "b", "(a+)+b", "a*" * 50 + "b"):
        assert await found(shop, "/products", query) == []
    assert perf_counter() - start < 10, "seconds"
