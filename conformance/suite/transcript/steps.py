"""The recorded requests, in order. ``@user1`` is the first user in the responses, and so on."""

from collections.abc import Iterator
from typing import Any

Step = tuple[str, Any]
"""Method and path, and the body: None for none."""

PASSWORD = "SecurePass123"
MAX = 2_147_483_647


def regular_steps() -> Iterator[Step]:
    """Every section, in order."""
    for section in (_service, _users, _categories, _products, _searches, _orders, _payments):
        yield from section()
    for section in (_posts, _tags, _accounts, _notifications, _statistics, _deletions, _refunds):
        yield from section()


def _service() -> Iterator[Step]:
    for path in ("/", "/health", "/health/", "/health/db", "/livez", "/readyz", "/nothing", "/users/1/2/3"):
        yield f"GET {path}", None
    for path in ("/users", "/categories/tree", "/products/by-category-stats", "/users/top-spenders", "/orders/"):
        yield f"GET {path}", None
    yield "GET /orders/stats/summary", None
    yield "DELETE /users", None
    yield "POST /users/search", {}
    yield "PUT /livez", None


def _users() -> Iterator[Step]:
    yield (
        "POST /users/",
        {"username": "johndoe", "email": "john@Example.com", "password": PASSWORD, "full_name": "J. Doe"},
    )
    yield "POST /users", {"username": "Zoë", "email": "z@example.com", "password": PASSWORD}
    yield "POST /users", {"username": "zoe_1", "email": "Zoë@example.com", "password": PASSWORD, "bio": " 🎧\tשלום "}
    yield "POST /users", {"username": "JOHNDOE", "email": "JOHN@example.com", "password": PASSWORD}
    yield "POST /users", {"username": "x", "email": "nobody", "password": "weak", "is_superuser": True}
    three = [{"username": f"bulk_{n}", "email": f"bulk{n}@example.com", "password": PASSWORD} for n in range(3)]
    yield "POST /users/bulk", three
    yield "POST /users/bulk", [three[0], three[0] | {"email": "other@example.com"}]
    yield "POST /users/bulk", [{**three[0], "username": "new_1", "email": "new@example.com"}, three[1]]
    yield "POST /users/bulk", []
    yield "GET /users/@user1", None
    yield "GET /users/by-email/JOHN@EXAMPLE.COM", None
    yield "GET /users/by-email/nobody@example.com", None
    yield "PATCH /users/@user2", {"bio": "Writes.", "full_name": None}
    yield "PATCH /users/@user2", {"bio": "Writes."}
    yield "PATCH /users/@user2", {"username": "johnDOE"}
    yield "PATCH /users/@user2", {"username": None}
    yield "PUT /users/@user2", {"username": "zoe_2", "email": "zoe@example.com", "is_active": None}
    yield "PUT /users/@user2", {"username": "zoe_2", "email": "john@example.com"}
    yield "DELETE /users/@user3/soft", None
    yield "DELETE /users/@user3/soft", None
    for query in ("", "?is_active=true&sort=username", "?is_active=false", "?search=BULK_&sort=-id", "?sort=username"):
        yield f"GET /users{query}", None
    for query in ("?q=example", "?q=J.%20DOE", "?q=%25", "?q=_1", "?q=", ""):
        yield f"GET /users/search{query}", None
    yield "GET /users/stats/active-count", None
    yield "PATCH /users/bulk/deactivate?days=36500", None
    yield "PATCH /users/bulk/deactivate?days=-1", None
    yield "GET /users?page_size=2&sort=id", None
    yield "GET /users?page_size=2&cursor=@cursor", None
    yield "GET /users?page_size=2&cursor=@cursor", None
    yield "GET /users?page_size=2&page=3", None
    yield "GET /users?page_size=2&page=9", None
    yield "GET /users?cursor=", None
    yield "GET /users?cursor=nonsense", None
    yield "GET /users?sort=password_hash", None


def _categories() -> Iterator[Step]:
    yield "POST /categories/", {"name": "Electronics", "slug": "electronics", "description": "Electronic devices"}
    yield "POST /categories", {"name": "Audio", "parent_id": "@category1"}
    yield "POST /categories", {"name": "audio", "parent_id": "@category2"}
    yield "POST /categories", {"name": "Äudio", "parent_id": "@category1"}
    yield "POST /categories", {"name": "Audio", "slug": "electronics"}
    yield "POST /categories", {"name": "Nowhere", "parent_id": 99_999}
    yield "GET /categories/tree", None
    yield "GET /categories?sort=name", None
    yield "GET /categories/@category2", None
    yield "PATCH /categories/@category1", {"parent_id": "@category3"}
    yield "PATCH /categories/@category1", {"parent_id": "@category1"}
    yield "PUT /categories/@category1", {"name": "Electronics", "parent_id": "@category2"}
    yield "PATCH /categories/@category3", {"parent_id": None}
    yield "PATCH /categories/@category3", {"parent_id": 99_999}
    yield "PATCH /categories/@category3", {"name": "Audio"}
    yield "PUT /categories/@category3", {"name": "Other", "description": "% _ ' \" \\"}
    yield "PUT /categories/@category3", {"name": "Äudio"}
    yield "PUT /categories/@category3", {"name": "Other", "parent_id": 99_999}


def _products() -> Iterator[Step]:
    headphones = {"name": "Wireless Headphones", "slug": "wireless-headphones", "price": 79.99, "sku": "WH-001"}
    yield "POST /products/", headphones | {"stock_quantity": 50, "category_id": "@category1"}
    yield "POST /products", headphones | {"category_id": "@category1"}
    yield "POST /products", {"name": "Cable", "price": "0.01", "sku": "c-1", "category_id": 99_999}
    many = [{"name": "Cable", "price": "1.005e2", "sku": f"c-{n}", "stock_quantity": 10 * n} for n in range(5)]
    yield "POST /products/bulk", many
    yield "POST /products/bulk", many[3:]
    yield "POST /products/bulk", [{**many[0], "sku": f"d-{n}", "category_id": n} for n in (99_998, 99_999)]
    yield "POST /products/bulk", [{**many[0], "sku": "d 1"}, {**many[0], "price": "0.001", "colour": "red"}]
    yield "GET /products/@product1", None
    yield "GET /products/by-sku/wh-001", None
    yield "GET /products/by-sku/wh-002", None
    yield "GET /products/by-slug/cable-2", None
    yield "GET /products/by-slug/Cable-2", None
    yield "PATCH /products/@product2", {"category_id": "@category2", "price": 5, "stock_quantity": 3.0}
    yield "PATCH /products/@product3", {"category_id": "@category2", "is_active": False}
    yield "PATCH /products/@product3", {"name": "Kabel", "is_active": False, "category_id": "@category2"}
    yield "PATCH /products/@product3", {"sku": "WH-001", "slug": "wireless-headphones"}
    yield "PATCH /products/@product3", {"category_id": 99_999}
    yield "PUT /products/@product4", {"name": "Long cable", "price": "12.50", "sku": "lc-1", "stock_quantity": 9}
    yield "PUT /products/@product4", {"name": "Long cable", "price": "12.50", "sku": "WH-001"}
    yield "PUT /products/@product4", {"name": "Long cable", "price": "12.50", "sku": "lc-1", "category_id": 99_999}
    for change in (5, -14, -1, MAX, 1, 0.5):
        yield "POST /products/@product4/stock", {"quantity_change": change}
    yield "GET /products/low-stock", None
    yield "GET /products/low-stock?threshold=0", None
    yield "GET /products/with-categories?sort=name", None
    yield "GET /products/by-category-stats", None
    yield "GET /categories/@category2/products", None
    yield "GET /categories/@category3/products?page_size=1", None
    for query in (
        "category_id=@category2",
        "min_price=5&max_price=79.99",
        "is_active=false",
        "min_price=-1",
        "price=5",
    ):
        yield f"GET /products?{query}&sort=id", None
    for field in ("name", "-name", "price", "-price", "stock_quantity", "-stock_quantity", "sku", "-sku", "-id"):
        yield f"GET /products?sort={field}&page_size=4", None
        yield "GET /products?page_size=4&cursor=@cursor", None


def _searches() -> Iterator[Step]:
    hostile = ["' OR '1'='1", "'; DROP TABLE users; --", '{"$ne": null}', "$where", "%", "_", "a\\", "ŝ STRASSE ﬁ 🎧"]
    for number, text in enumerate(hostile):
        yield "POST /products", {"name": text, "price": 1, "sku": f"H-{number}", "description": text}
    for text in ("' OR '1'='1", "DROP TABLE", '{"$ne": null}', "$WHERE", "%25", "_", "\\", "straße", "FI%20🎧", "zz"):
        yield f"GET /products?search={text}&sort=id", None


def _orders() -> Iterator[Step]:
    yield "POST /orders/", {"user_id": "@user1", "items": [{"product_id": "@product1", "quantity": 2}]}
    two = [{"product_id": "@product4", "quantity": 3}, {"product_id": "@product2", "quantity": 1}]
    yield "POST /orders", {"user_id": "@user2", "items": [*two, two[1]], "shipping_address": " 1 Main St\n"}
    yield "POST /orders/with-notifications", {"user_id": "@user1", "items": two[1:]}
    lines = [("@product2", 1), ("@product1", 49), ("@product3", 1), (99_999, 1), ("@product2", 1)]
    items = [{"product_id": product, "quantity": quantity} for product, quantity in lines]
    for path in ("/orders", "/orders/with-notifications"):
        yield f"POST {path}", {"user_id": "@user1", "items": items}
        yield f"POST {path}", {"user_id": "@user1", "items": items[2:3]}
        yield f"POST {path}", {"user_id": "@user1", "items": items[3:4]}
        yield f"POST {path}", {"user_id": 99_999, "items": [{"product_id": "@product1", "quantity": 1}]}
        yield f"POST {path}", {"user_id": "@user1", "items": []}
    yield "PATCH /products/@product4", {"price": "99999999.99", "stock_quantity": 1000}
    yield "POST /orders", {"user_id": "@user4", "items": [{"product_id": "@product4", "quantity": 101}]}
    yield "POST /orders", {"user_id": "@user4", "items": [{"product_id": "@product4", "quantity": 100}]}
    yield "GET /orders/@order1", None
    yield "GET /orders/@order2/details", None
    for query in ("", "?status=pending&sort=total_amount", "?user_id=@user1", "?user_id=99999", "?status=lost"):
        yield f"GET /orders{query}", None
    yield "GET /orders/user/@user1", None
    yield "GET /orders/user/@user3", None
    yield "GET /users/@user1/notifications", None
    yield "GET /products/@product2", None
    for status in ("shipped", "confirmed", "pending", "shipped", "cancelled", "delivered", "delivered"):
        yield f"PATCH /orders/@order1/status?new_status={status}", None
    for status in ("cancelled", "cancelled", "confirmed"):
        yield f"PATCH /orders/@order3/status?new_status={status}", None
    yield "PATCH /products/@product4", {"stock_quantity": MAX}
    yield "PATCH /orders/@order4/status?new_status=cancelled", None
    yield "PATCH /orders/@order4/status", None
    yield "GET /products/@product2", None
    yield "GET /orders/stats/summary", None
    yield "GET /users/top-spenders", None
    yield "GET /users/top-spenders?limit=1", None


def _payments() -> Iterator[Step]:
    yield "GET /orders/@order2", None
    for amount in ("1.00", 47.5, "47.50"):
        yield "POST /orders/@order2/payments", {"amount": amount, "method": "card", "reference": "tx-1"}
    yield "POST /orders/@order1/payments", {"amount": "159.98", "method": "cash"}
    yield "POST /orders/@order4/payments", {"amount": 0, "method": ""}
    yield "GET /orders/@order2/details", None


def _posts() -> Iterator[Step]:
    first = {"title": "First post", "content": "Hello.", "author_id": "@user1"}
    yield "POST /posts/", first | {"tags": ["News", "NEWS", "c#", "C"], "status": "published"}
    yield "POST /posts", first | {"tags": ["news", "Straße"]}
    yield "POST /posts", first | {"slug": "first-post"}
    yield "POST /posts", first | {"author_id": 99_999, "tags": ["never"]}
    yield "POST /posts", first | {"tags": [""], "status": "lost"}
    yield "GET /posts/@post1", None
    yield "POST /posts/@post1/view", None
    yield "POST /posts/@post1/view", None
    yield "PATCH /posts/@post2", {"status": "published", "tags": ["STRASSE", "new"]}
    yield "PATCH /posts/@post2", {"status": "published"}
    yield "PATCH /posts/@post2", {"slug": "first-post"}
    yield "PATCH /posts/@post2", {"author_id": 99_999}
    yield "PUT /posts/@post2", {"title": "Second", "content": "50 % off_", "author_id": "@user2", "status": "archived"}
    yield "PUT /posts/@post2", {"title": "Second", "content": "x", "author_id": 99_999}
    yield "PUT /posts/@post2", first | {"slug": "first-post"}
    for query in (
        "",
        "?tag=news",
        "?tag=nobody",
        "?author_id=@user2",
        "?status=published",
        "?search=%25 OFF_",
        "?tag=",
    ):
        yield f"GET /posts{query}", None
    for field in ("title", "-view_count", "published_at", "-published_at"):
        yield f"GET /posts?sort={field}&page_size=1", None
        yield "GET /posts?page_size=1&cursor=@cursor", None
    yield "GET /users/@user1/with-posts", None
    yield "GET /users/@user1/with-posts?page=2", None


def _tags() -> Iterator[Step]:
    yield "GET /tags?sort=name", None
    yield "POST /tags/", {"name": "Big News"}
    yield "POST /tags", {"name": "BIG NEWS", "slug": "news"}
    yield "GET /tags/@tag1", None
    yield "GET /tags/@tag1/posts", None
    yield "PATCH /tags/@tag1", {"name": "Renamed"}
    yield "PATCH /tags/@tag1", {"name": "big news"}
    yield "PUT /tags/@tag1", {"name": "Renamed again", "slug": "renamed"}
    yield "PUT /tags/@tag1", {"name": "BIG NEWS"}
    yield "GET /posts?sort=id", None


def _accounts() -> Iterator[Step]:
    yield "POST /accounts/", {"user_id": "@user1", "balance": "100.00"}
    yield "POST /accounts", {"user_id": "@user2"}
    yield "POST /accounts", {"user_id": 99_999}
    yield "POST /accounts", {"user_id": "@user2", "balance": -1}
    yield "POST /accounts/@account2/deposit", {"amount": "0.50"}
    yield "POST /accounts/@account2/deposit", {"amount": 0}
    move = {"from_account_id": "@account1", "to_account_id": "@account2"}
    for amount in ("99.99", "0.01", "0.01", "0.001"):
        yield "POST /accounts/transfers", move | {"amount": amount}
    yield "POST /accounts/transfers", move | {"amount": 1, "to_account_id": "@account1"}
    yield "POST /accounts/transfers", move | {"amount": 1, "from_account_id": 99_998, "to_account_id": 99_999}
    for account in (1, 2):
        yield f"GET /accounts/@account{account}", None
        yield f"GET /accounts/@account{account}/transfers", None
    for _ in range(100):
        yield "POST /accounts/@account1/deposit", {"amount": "99999999.99"}
    yield "POST /accounts/@account1/deposit", {"amount": "1.01"}
    yield "POST /accounts/transfers", {"from_account_id": "@account2", "to_account_id": "@account1", "amount": "100.00"}
    yield "GET /accounts/@account1", None


def _notifications() -> Iterator[Step]:
    yield "POST /notifications/@notification1/read", None
    yield "POST /notifications/@notification1/read/", None
    yield "GET /users/@user1/notifications", None


def _statistics() -> Iterator[Step]:
    for path in ("/products/by-category-stats", "/orders/stats/summary", "/users/top-spenders"):
        yield f"GET {path}", None


def _deletions() -> Iterator[Step]:
    for path in ("/users/@user1", "/products/@product1", "/products/@product6", "/products/@product6"):
        yield f"DELETE {path}", None
    yield "DELETE /categories/@category2", None
    yield "GET /products/@product2", None
    yield "GET /categories/tree", None
    yield "DELETE /tags/@tag1", None
    yield "DELETE /posts/@post1", None
    yield "GET /posts", None
    yield "DELETE /users/@user4", None
    yield "GET /orders/@order4", None
    yield "DELETE /users/bulk/inactive", None
    yield "DELETE /users/@user1/soft", None
    yield "DELETE /users/bulk/inactive", None
    for path in ("/users", "/orders", "/orders/stats/summary", "/users/stats/active-count", "/tags?sort=id"):
        yield f"GET {path}", None


def _refunds() -> Iterator[Step]:
    yield "POST /users", {"username": "payer", "email": "payer@example.com", "password": PASSWORD}
    yield "POST /products", {"name": "Kettle", "sku": "K-1", "price": "30.00", "stock_quantity": 9}
    yield "GET /users?search=payer", None
    yield "GET /products?search=kettle", None
    user, product = "@user6", "@product15"
    yield "POST /accounts", {"user_id": user, "balance": "100.00"}
    for _ in range(3):
        yield "POST /orders", {"user_id": user, "items": [{"product_id": product, "quantity": 2}]}
    by_account = {"amount": "60.00", "method": "account"}
    yield "POST /orders/@order5/payments", by_account
    yield "POST /orders/@order5/payments", by_account | {"account_id": 99_999}
    yield "POST /orders/@order5/payments", {"amount": "60.00", "method": "card", "account_id": "@account3"}
    for order in ("@order5", "@order6"):
        yield f"POST /orders/{order}/payments", by_account | {"account_id": "@account3"}
    yield "GET /orders/@order5/payments", None
    yield "GET /orders/@order6/payments", None
    for amount in ("0.01", "60.00", 10):
        yield "POST /payments/@payment2/refunds", {"amount": amount}
    yield "GET /payments/@payment2", None
    yield "GET /payments?status=partially_refunded", None
    yield "DELETE /accounts/@account3", None
    yield "PATCH /orders/@order5/status?new_status=cancelled", None
    yield "GET /payments?account_id=@account3", None
    yield f"GET /accounts?user_id={user}", None
    yield "POST /orders/@order6/payments", by_account | {"account_id": "@account3"}
    yield "POST /accounts/transfers", {"from_account_id": "@account3", "to_account_id": "@account2", "amount": 40}
    yield "DELETE /accounts/@account3", None
    yield "POST /payments/@payment3/refunds", {"amount": 1}
    yield "GET /accounts/@account2/transfers?page_size=1", None
    yield "GET /accounts/@account3/transfers", None
    yield f"DELETE /users/{user}", None
    yield f"GET /products/{product}", None
    for _ in range(2):
        yield "POST /users/@user2/anonymise", None
    items = [{"product_id": "@product1", "quantity": 1}, {"product_id": "@product1", "quantity": 2}]
    yield "POST /orders", {"user_id": "@user5", "items": items[:1]}
    bodies: list[Any] = [{"items": items, "shipping_address": "2 Main St"}, {"items": []}, {"items": None}, {}]
    for body in bodies:
        yield "PATCH /orders/@order8", body
    yield "PATCH /orders/@order8", {"items": [items[0] | {"quantity": MAX}, items[1] | {"product_id": 99_999}]}
    yield "PATCH /orders/@order8/status?new_status=confirmed", None
    yield "PATCH /orders/@order8", {"shipping_address": None}
    yield "GET /users/by-username/BULK_2", None
    yield f"GET /products/{product}/with-category", None
    yield "GET /products/@product1/with-category", None
    yield "GET /orders/stats/summary?user_id=@user1", None
