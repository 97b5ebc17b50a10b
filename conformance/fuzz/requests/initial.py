"""The requests at the beginning of a sequence, which create some of every entity."""

from conformance.fuzz.steps import Step

_PASSWORD = "SecurePass123"


def _product(name: str, **fields: object) -> Step:
    return Step("POST", "/products", {"name": name, "sku": name, "price": "19.99", "stock_quantity": 10} | fields)


INITIAL_STEPS = (
    Step("POST", "/users", {"username": "ada", "email": "ada@example.com", "password": _PASSWORD}),
    Step("POST", "/users", {"username": "bob", "email": "bob@example.com", "password": _PASSWORD}),
    Step("POST", "/categories", {"name": "Home"}),
    Step("POST", "/categories", {"name": "Lamps", "parent_id": "@category1"}),
    _product("Lamp", category_id="@category2"),
    _product("Chair", category_id="@category1", price="0.03", stock_quantity=2),
    _product("Bulb", stock_quantity=2_147_483_646),
    Step("POST", "/tags", {"name": "News"}),
    Step("POST", "/posts", {"title": "Lamp", "content": "Text", "author_id": "@user1", "tags": ["news", "z"]}),
    Step("POST", "/orders", {"user_id": "@user2", "items": [{"product_id": "@product1", "quantity": 2}]}),
    Step("POST", "/accounts", {"user_id": "@user1", "balance": "10.00"}),
    Step("POST", "/accounts", {"user_id": "@user1", "balance": "99999999.99"}),
)
