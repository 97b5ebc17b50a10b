"""Values: money, times, integers, text and null are stored and returned exactly, on every storage."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest

from conformance.fixtures import Tick
from conformance.problem import error_fields, error_of
from conformance.shop import Json, Shop
from core import clock

MAX_ID = 2**53 - 1
MAX_QUANTITY = 2**31 - 1

# Money


PRICES = [
    (79.99, "79.99"),
    ("79.99", "79.99"),
    (80, "80.00"),
    ("80", "80.00"),
    (0.1, "0.10"),
    (1.10, "1.10"),
    ("0.01", "0.01"),
    (0.29, "0.29"),
    (4.35, "4.35"),
    (1.005e2, "100.50"),
    (99999999.99, "99999999.99"),
    ("99999999.99", "99999999.99"),
]


async def test_price_is_returned_as_string(shop: Shop) -> None:
    for given, price in PRICES:
        product = await shop.product(price=given)
        assert product["price"] == price, given
        assert (await shop.get(f"/products/{product['id']}"))["price"] == price, given


INVALID_PRICES = [
    0,
    "0.00",
    -0.01,
    "100000000.00",
    1e8,
    0.001,
    "79.999",
    "1e400",
    "NaN",
    "Infinity",
    "x",
    "",
    True,
    None,
    [],
]


async def test_invalid_price_is_rejected(shop: Shop) -> None:
    for price in INVALID_PRICES:
        response = await shop.client.post("/products", json=shop.draft() | {"price": price})
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["price"]), price


async def test_sums_of_money_are_exact(shop: Shop) -> None:
    user, product = await shop.user(), await shop.product(price="0.07", stock_quantity=MAX_QUANTITY)
    huge = await shop.product(price="99999999.99", stock_quantity=100)
    first = await shop.order(user, product, quantity=142_857_143)
    second = await shop.order(user, huge, quantity=100)
    assert (first["total_amount"], second["total_amount"]) == ("10000000.01", "9999999999.00")
    summary = await shop.get("/orders/stats/summary")
    assert summary["total_revenue"] == "10009999999.01"
    assert (await shop.get("/users/top-spenders"))[0]["total_spent"] == "10009999999.01"


# Times


async def test_times_are_utc_with_milliseconds(shop: Shop, tick: Tick) -> None:
    tick(timedelta(0))
    user = await shop.user()
    assert user["created_at"] == user["updated_at"] == "2026-11-22T12:00:00.123Z"
    assert await shop.get(f"/users/{user['id']}") == user


@pytest.mark.parametrize("step", [timedelta(milliseconds=1), timedelta(days=110, hours=11, milliseconds=876)])
async def test_change_moves_only_updated_at(shop: Shop, tick: Tick, step: timedelta) -> None:
    created = clock.to_json(tick(timedelta(0)))
    product = await shop.product()
    changed = clock.to_json(tick(step))
    await shop.client.patch(f"/products/{product['id']}", json={"price": 1})
    stored = await shop.get(f"/products/{product['id']}")
    assert (stored["created_at"], stored["updated_at"]) == (created, changed)


async def test_times_around_clock_changes_are_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (
        "2024-02-29T23:59:59.999Z",
        "2026-03-29T01:30:00.000Z",
        "2026-03-29T02:30:00.001Z",
        "2026-10-25T00:30:00.500Z",
        "2026-10-25T01:30:00.500Z",
        "2038-01-19T03:14:08.000Z",
        "1999-12-31T23:59:59.999Z",
    ):
        moment = datetime.fromisoformat(text)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        tag = await shop.tag()
        assert (await shop.get(f"/tags/{tag['id']}"))["created_at"] == text


async def test_current_time_is_cut_to_milliseconds(shop: Shop) -> None:
    before = clock.now()
    tag = await shop.tag()
    after = clock.now()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", tag["created_at"])
    assert before <= datetime.fromisoformat(tag["created_at"]) <= after
    assert await shop.get(f"/tags/{tag['id']}") == tag


async def test_updated_at_never_goes_back(shop: Shop, tick: Tick) -> None:
    tag = await shop.tag()
    tick(timedelta(days=-1))
    changed = (await shop.client.patch(f"/tags/{tag['id']}", json={"name": "Other"})).json()
    assert (changed["version"], changed["updated_at"]) == (2, tag["updated_at"])


# Integers


async def test_integer_in_bounds_is_kept(shop: Shop) -> None:
    for stock in [0, 1, MAX_QUANTITY, 5.0]:
        product = await shop.product(stock_quantity=stock)
        assert (await shop.get(f"/products/{product['id']}"))["stock_quantity"] == int(stock), stock


async def test_integer_out_of_bounds_is_rejected(shop: Shop) -> None:
    for stock in [-1, MAX_QUANTITY + 1, 2**63, -(2**63) - 1, 10**30, 1.5, "5", True]:
        response = await shop.client.post("/products", json=shop.draft() | {"stock_quantity": stock})
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["stock_quantity"]), stock


async def test_impossible_id_is_invalid(shop: Shop) -> None:
    for key in ["0", "-1", str(MAX_ID + 1), str(2**63), "9" * 30, "1.0", "x", "%00", "١", "1_0", "+1"]:
        response = await shop.client.get(f"/products/{key}")
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["id"]), key


async def test_possible_id_is_unknown(shop: Shop) -> None:
    for key in (1, 2**31, 2**32 + 1, MAX_ID):
        assert error_of(await shop.client.get(f"/products/{key}")) == (404, "not-found")
        response = await shop.client.post("/products", json=shop.draft() | {"category_id": key})
        assert (error_of(response), error_fields(response)) == ((400, "unknown-reference"), ["category_id"])


# Text

TEXTS = {
    "ASCII": "plain",
    "accents": "Crème brûlée à la façon d’été",
    "right to left": "שָׁלוֹם עולם / مرحبا بالعالم",
    "direction marks": "a\u200fb\u202ec\u202c",
    "four bytes": "𝒳 🎧 𠜎 𐐷",
    "a family of joined emoji": "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 👍🏽",
    "combining marks": "x\u0323\u0307 Z\u0351\u036b\u0343 \u0e01\u0e33",
    "a leading combining mark": "\u0301a",
    "compatibility forms": "ﬁ ﬃ ① Ａ ㎏ ½",
    "Hangul": "한국어",
    "Devanagari": "क्षत्रिय",
    "private use": "\ue000\U0010fffd",
    "noncharacters": "\ufdd0\uffff\U0010ffff",
    "controls": "a\x01\x1f\x7f\x85b",
    "inner white space": "a  b\tc\nd\u00a0e\u2028f",
    "quotes": """'"`´’;--/*\\*/%_""",
    "escapes": r"\n \0 \x00 \u0000 %00 &amp; &#0;",
    "zero width": "a\u200b\u200c\u200d\ufeffb\u00ad",
    "what looks like a value": "NULL",
    "one of each plane": "a\u0800\U00010000\U00020000\U000e0001",
}


async def test_text_is_returned_exactly(shop: Shop) -> None:
    for text in (unicodedata.normalize("NFC", text) for text in TEXTS.values()):
        product = await shop.product(name=text, description=text)
        category = await shop.category(name=text)
        post = await shop.new_post(await shop.user(full_name=text, bio=text), title=text, content=text, tags=[text])
        stored = [
            (await shop.get(f"/products/{product['id']}"))["name"],
            (await shop.get(f"/products/{product['id']}"))["description"],
            (await shop.get(f"/categories/{category['id']}"))["name"],
            (await shop.get(f"/posts/{post['id']}"))["title"],
            (await shop.get(f"/posts/{post['id']}"))["content"],
            (await shop.get(f"/posts/{post['id']}"))["tags"][0],
            (await shop.get(f"/users/{post['author_id']}"))["bio"],
        ]
        assert stored == [text] * len(stored), text


async def test_text_is_composed_and_stripped(shop: Shop) -> None:
    product = await shop.product(name=" \u3000Cafe\u0301\u00a0\n", description="\t ")
    assert (product["name"], product["description"]) == ("Café", "")
    category = await shop.category(name="a" * 99 + "e\u0301")
    assert category["name"] == "a" * 99 + "é", "composed before it is measured"


@pytest.mark.parametrize("char", ["a", "é", "漢", "🎧", "\U0010fffd"])
async def test_lengths_count_code_points(shop: Shop, char: str) -> None:
    user = await shop.user(full_name=char * 100, bio=char * 1000)
    product = await shop.product(name=char * 200, description=char * 10_000)
    post = await shop.new_post(user, title=char * 200, content=char * 100_000)
    assert (await shop.get(f"/products/{product['id']}"))["description"] == char * 10_000
    assert (await shop.get(f"/posts/{post['id']}"))["content"] == char * 100_000
    responses = [
        await shop.client.post("/products", json=shop.draft() | {"name": char * 201}),
        await shop.client.post("/products", json=shop.draft() | {"description": char * 10_001}),
        await shop.client.patch(f"/posts/{post['id']}", json={"content": char * 100_001}),
    ]
    assert [error_fields(response) for response in responses] == [["name"], ["description"], ["content"]]


async def test_nul_and_lone_surrogates_are_rejected(shop: Shop) -> None:
    headers = {"content-type": "application/json"}
    bodies = {
        "/categories": '{"name": "%s"}',
        "/products": '{"name": "%s", "sku": "A", "price": 1}',
        "/tags": '{"name": "%s"}',
    }
    for text in (r"\u0000", r"a\u0000b", r"\ud800", r"a\udfff", r"\ude00\ud83d"):
        for path, body in bodies.items():
            response = await shop.client.post(path, content=body % text, headers=headers)
            assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["name"]), text


async def test_surrogate_pair_is_one_character(shop: Shop) -> None:
    body = r'{"name": "\ud83c\udfa7"}'
    response = await shop.client.post("/categories", content=body, headers={"content-type": "application/json"})
    assert response.json()["name"] == "🎧"


async def test_email_domain_is_lower_cased(shop: Shop) -> None:
    assert (await shop.user(email="John.Q+x@EXAMPLE.Com"))["email"] == "John.Q+x@example.com"


# Null


async def test_null_equals_omission_in_create(shop: Shop) -> None:
    user, numbers = await shop.user(), count()
    required: dict[str, Callable[[], Json]] = {
        "/categories": lambda: {"name": f"Category {next(numbers)}"},
        "/products": shop.draft,
        "/users": shop.registration,
        "/posts": lambda: {"title": "t", "content": "c", "author_id": user["id"]},
        "/accounts": lambda: {"user_id": user["id"]},
    }
    optional = {
        "/categories": ["slug", "description", "parent_id"],
        "/products": ["slug", "description", "stock_quantity", "is_active", "category_id"],
        "/users": ["full_name", "bio", "is_active"],
        "/posts": ["slug", "status", "tags"],
        "/accounts": ["balance"],
    }
    for path, fields in optional.items():
        body = required[path]()
        if path == "/products":
            del body["stock_quantity"]
        stored = await shop.post(path, body)
        for unique in ("name", "sku", "username", "email"):
            if unique in body:
                body[unique] = required[path]()[unique]
        same = await shop.post(path, body | dict.fromkeys(fields))
        assert {name: same[name] for name in fields if name != "slug"} == {
            name: stored[name] for name in fields if name != "slug"
        }


async def test_missing_value_is_returned_as_null(shop: Shop) -> None:
    user, product = await shop.user(), await shop.product(description=None, category_id=None)
    post, category = await shop.new_post(user), await shop.category()
    order = await shop.order(user, product)
    assert (user["full_name"], user["bio"]) == (None, None)
    assert (product["description"], product["category_id"]) == (None, None)
    assert post["published_at"] is None
    assert (category["description"], category["parent_id"]) == (None, None)
    assert order["shipping_address"] is None
    listed = (await shop.get("/products"))["items"][0]
    assert set(listed) == set(product)


async def test_empty_text_is_not_null(shop: Shop) -> None:
    user = await shop.user(full_name="", bio="")
    product = await shop.product(description="")
    assert await shop.get(f"/users/{user['id']}") == user
    assert (user["full_name"], user["bio"], product["description"]) == ("", "", "")
    assert (await shop.get(f"/products/{product['id']}"))["description"] == ""


async def test_filter_for_null_is_invalid(shop: Shop) -> None:
    await shop.product()
    for query in ("category_id=null", "category_id=", "is_active=null", "is_active=", "min_price=null", "max_price="):
        response = await shop.client.get(f"/products?{query}")
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), [query.partition("=")[0]])
