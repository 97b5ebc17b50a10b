"""The round-trip budget, section 5 of the contract, for every operation of the API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.scene import Scene

Ask = Callable[[Scene], Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One request and what it may cost.

    Attributes:
        operation: method and path, as in the API document.
        most: round trips at most, BEGIN and COMMIT counted.
        ask: from a scene, the URL and the body (None for no body); may be a coroutine that sets something up first.
        title: tells apart the rows of one operation.
    """

    operation: str
    most: int
    ask: Ask
    title: str = ""

    @property
    def name(self) -> str:
        """Operation and title."""
        return f"{self.operation} {self.title}".strip()


ONE, PAGE, CURSOR, RELATED, RELATED_CURSOR, DETAILS, CHANGE, ORDER, BULK = 1, 2, 1, 3, 2, 3, 4, 6, 6

# What the contract has no line for: still a constant.
READY = 3  # an answer, whether there is a schema, its revision
NOTICE = 3  # a savepoint, the notification, and the savepoint's end
LINKS = 2  # find the tags, and link them; where the post had others, unlink those
UNLINK = 1
NEW_TAGS = 3  # find free slugs, store the tags, learn their ids
RIPPLE = 1  # per kind of entity that refers to this one and changes or goes with it, or forbids it
USERS_OWN = 5  # posts, orders, notifications, tickets, accounts: a database without cascades asks for each
FIND = 1  # which entities they are
SESSIONS = 1  # that end with the old password

# With an `Idempotency-Key` a POST may cost more, and the same one sent again has a price of its own.
ONCE = 2  # claim the key, and save the answer with it
LOOK = 1  # before passwords are hashed
REPLAY = 4  # a unit of work that claims in vain and reads the answer


def _at(template: str) -> Ask:
    """The URL alone; ``{user}`` is the id of the scene's user, and so on."""
    return lambda scene: (_url(template, scene), None)


def _url(template: str, scene: Scene) -> str:
    ids = {name: getattr(scene, name)["id"] for name in ("user", "category", "tag", "account")}
    first = scene.products[0]
    return template.format(**ids, product=first["id"], sku=first["sku"], slug=first["slug"], size=scene.size)


def _with(template: str, body: Callable[[Scene], Any]) -> Ask:
    return lambda scene: (_url(template, scene), body(scene))


async def _order(scene: Scene) -> tuple[str, Any]:
    return f"/orders/{(await scene.order())['id']}", None


async def _details(scene: Scene) -> tuple[str, Any]:
    return f"/orders/{(await scene.order())['id']}/details", None


async def _confirm(scene: Scene) -> tuple[str, Any]:
    return f"/orders/{(await scene.order())['id']}/status?new_status=confirmed", None


async def _cancel(scene: Scene) -> tuple[str, Any]:
    return f"/orders/{(await scene.order())['id']}/status?new_status=cancelled", None


async def _pay(scene: Scene) -> tuple[str, Any]:
    order = await scene.order()
    return f"/orders/{order['id']}/payments", {"amount": order["total_amount"], "method": "card"}


async def _post(scene: Scene) -> int:
    return int((await scene.shop.post("/posts", scene.post_draft(*scene.tags("known"))))["id"])


async def _get_post(scene: Scene) -> tuple[str, Any]:
    return f"/posts/{await _post(scene)}", None


async def _view_post(scene: Scene) -> tuple[str, Any]:
    return f"/posts/{await _post(scene)}/view", None


async def _retitle_post(scene: Scene) -> tuple[str, Any]:
    return f"/posts/{await _post(scene)}", {"title": "Changed"}


async def _retag_post(scene: Scene) -> tuple[str, Any]:
    await _post(scene)
    post = await scene.shop.post("/posts", scene.post_draft())
    return f"/posts/{post['id']}", {"title": "Changed", "tags": scene.tags("known")}


async def _newly_tag_post(scene: Scene) -> tuple[str, Any]:
    return f"/posts/{await _post(scene)}", {"title": "Changed", "tags": scene.tags("unheard of")}


async def _replace_post(scene: Scene) -> tuple[str, Any]:
    return f"/posts/{await _post(scene)}", scene.post_draft(*scene.tags("known")) | {"title": "Replaced"}


async def _new_post_known_tags(scene: Scene) -> tuple[str, Any]:
    await _post(scene)
    return "/posts", scene.post_draft(*scene.tags("known"))


async def _notification(scene: Scene) -> tuple[str, Any]:
    [newest] = (await scene.shop.get(f"/users/{scene.user['id']}/notifications?page_size=1"))["items"]
    return f"/notifications/{newest['id']}/read", None


async def _unsold_product(scene: Scene) -> tuple[str, Any]:
    return f"/products/{(await scene.shop.product())['id']}", None


async def _inactive_users(scene: Scene) -> tuple[str, Any]:
    for user in (await scene.shop.get("/users?is_active=false&page_size=100"))["items"]:  # some hold an account
        await scene.shop.client.patch(f"/users/{user['id']}", json={"is_active": True})
    inactive = scene.many(lambda: scene.shop.registration() | {"is_active": False})
    await scene.shop.post("/users/bulk", inactive)
    return "/users/bulk/inactive", None


def _draft(scene: Scene) -> Any:
    return scene.shop.draft() | {"category_id": scene.category["id"]}


def _number(scene: Scene) -> str:
    return str(scene.shop.registration()["username"])


def _list(operation: str, template: str, most: int = PAGE, most_by_cursor: int = CURSOR, title: str = "") -> list[Row]:
    """A list, by number and by cursor; its page holds as many rows as the scene has of everything."""
    size = f"{template}{'&' if '?' in template else '?'}page_size={{size}}"
    by_number = Row(operation, most, _at(size), f"{title} by number")
    return [by_number, Row(operation, most_by_cursor, _at(f"{size}&cursor="), f"{title} by cursor")]


READS = [
    Row("GET /", 0, _at("/")),
    Row("GET /livez", 0, _at("/livez")),
    Row("GET /health", ONE, _at("/health")),
    Row("GET /health/db", ONE, _at("/health/db")),
    Row("GET /readyz", READY, _at("/readyz")),
    *_list("GET /users", "/users"),
    *_list("GET /users/search", "/users/search?q=user"),
    Row("GET /users/stats/active-count", ONE, _at("/users/stats/active-count")),
    Row("GET /users/top-spenders", ONE, _at("/users/top-spenders?limit={size}")),
    Row("GET /users/by-email/{email}", ONE, lambda scene: (f"/users/by-email/{scene.user['email']}", None)),
    Row("GET /users/{id}", ONE, _at("/users/{user}")),
    Row("GET /users/{id}/with-posts", ONE + RELATED, _at("/users/{user}/with-posts?page_size={size}")),
    *_list("GET /users/{id}/notifications", "/users/{user}/notifications"),
    *_list("GET /categories", "/categories"),
    Row("GET /categories/tree", ONE, _at("/categories/tree")),
    Row("GET /categories/{id}", ONE, _at("/categories/{category}")),
    Row("GET /categories/{id}/products", RELATED, _at("/categories/{category}/products?page_size={size}")),
    *_list("GET /products", "/products"),
    *_list(
        "GET /products", "/products?category_id={category}&min_price=1&is_active=true&search=product", title="filtered"
    ),
    *_list("GET /products/low-stock", "/products/low-stock?threshold=20000"),
    *_list("GET /products/with-categories", "/products/with-categories", RELATED, RELATED_CURSOR),
    Row("GET /products/by-category-stats", ONE, _at("/products/by-category-stats")),
    Row("GET /products/by-sku/{sku}", ONE, _at("/products/by-sku/{sku}")),
    Row("GET /products/by-slug/{slug}", ONE, _at("/products/by-slug/{slug}")),
    Row("GET /products/{id}", ONE, _at("/products/{product}")),
    *_list("GET /orders", "/orders?user_id={user}&status=pending"),
    Row("GET /orders/stats/summary", ONE, _at("/orders/stats/summary")),
    *_list("GET /orders/user/{user_id}", "/orders/user/{user}"),
    Row("GET /orders/{id}", ONE, _order),
    Row("GET /orders/{id}/details", DETAILS, _details),
    *_list("GET /posts", "/posts", RELATED, RELATED_CURSOR),
    Row("GET /posts/{id}", ONE, _get_post),
    *_list("GET /tags", "/tags"),
    Row("GET /tags/{id}", ONE, _at("/tags/{tag}")),
    *_list("GET /tags/{id}/posts", "/tags/{tag}/posts", RELATED, RELATED_CURSOR),
    Row("GET /accounts/{id}", ONE, _at("/accounts/{account}")),
    *_list("GET /accounts/{id}/transfers", "/accounts/{account}/transfers"),
]

WRITES = [
    Row("POST /users", CHANGE, _with("/users", lambda scene: scene.shop.registration())),
    Row("POST /users/bulk", BULK, _with("/users/bulk", lambda scene: scene.many(scene.shop.registration))),
    Row("PUT /users/{id}", CHANGE + SESSIONS, _with("/users/{user}", lambda scene: scene.shop.registration())),
    Row("PATCH /users/{id}", CHANGE, _with("/users/{user}", lambda scene: {"bio": _number(scene)})),
    Row("POST /categories", CHANGE, _with("/categories", lambda scene: {"name": _number(scene)})),
    Row("PUT /categories/{id}", CHANGE, _with("/categories/{category}", lambda scene: {"name": _number(scene)})),
    Row(
        "PATCH /categories/{id}",
        CHANGE,
        _with("/categories/{category}", lambda scene: {"description": _number(scene)}),
    ),
    Row("POST /products", CHANGE, _with("/products", _draft)),
    Row("POST /products/bulk", BULK, _with("/products/bulk", lambda scene: scene.many(lambda: _draft(scene)))),
    Row("PUT /products/{id}", CHANGE, _with("/products/{product}", _draft)),
    Row("PATCH /products/{id}", CHANGE, _with("/products/{product}", lambda scene: {"name": _number(scene)})),
    Row(
        "POST /products/{id}/stock", CHANGE, _with("/products/{product}/stock", lambda scene: {"quantity_change": 500})
    ),
    Row("POST /orders", ORDER, _with("/orders", Scene.order_draft)),
    Row("POST /orders/with-notifications", ORDER + NOTICE, _with("/orders/with-notifications", Scene.order_draft)),
    Row("PATCH /orders/{id}/status", CHANGE, _confirm, "confirm"),
    Row("PATCH /orders/{id}/status", ORDER, _cancel, "cancel"),
    Row("POST /orders/{id}/payments", ORDER, _pay),
    Row("POST /posts", CHANGE, _with("/posts", Scene.post_draft), "without tags"),
    Row("POST /posts", CHANGE + LINKS, _new_post_known_tags, "with known tags"),
    Row(
        "POST /posts",
        CHANGE + LINKS + NEW_TAGS,
        _with("/posts", lambda scene: scene.post_draft(*scene.tags("new"))),
        "with new tags",
    ),
    Row("PUT /posts/{id}", CHANGE + LINKS + UNLINK, _replace_post),
    Row("PATCH /posts/{id}", CHANGE, _retitle_post, "without tags"),
    Row("PATCH /posts/{id}", CHANGE + LINKS + UNLINK, _retag_post, "with known tags"),
    Row("PATCH /posts/{id}", CHANGE + LINKS + UNLINK + NEW_TAGS, _newly_tag_post, "with new tags"),
    Row("POST /posts/{id}/view", CHANGE, _view_post),
    Row("POST /tags", CHANGE, _with("/tags", lambda scene: {"name": _number(scene)})),
    Row("PUT /tags/{id}", CHANGE + RIPPLE, _with("/tags/{tag}", lambda scene: {"name": _number(scene)})),
    Row("PATCH /tags/{id}", CHANGE + RIPPLE, _with("/tags/{tag}", lambda scene: {"name": _number(scene)})),
    Row("POST /accounts", CHANGE, _with("/accounts", lambda scene: {"user_id": scene.account["user_id"]})),
    Row("POST /accounts/transfers", ORDER, _with("/accounts/transfers", Scene.transfer)),
    Row("POST /accounts/{id}/deposit", CHANGE, _with("/accounts/{account}/deposit", lambda scene: {"amount": "1.00"})),
    Row("POST /notifications/{id}/read", CHANGE, _notification),
]

DELETES = [
    Row("DELETE /posts/{id}", CHANGE, _get_post),
    Row("DELETE /tags/{id}", CHANGE + RIPPLE, _at("/tags/{tag}")),
    Row("DELETE /products/{id}", CHANGE, _unsold_product),
    Row("DELETE /categories/{id}", CHANGE + 2 * RIPPLE, _at("/categories/{category}")),
    Row("DELETE /users/bulk/inactive", CHANGE + FIND + USERS_OWN * RIPPLE, _inactive_users),
    Row("DELETE /users/{id}/soft", CHANGE, _at("/users/{user}/soft")),
    Row("DELETE /users/{id}", CHANGE + USERS_OWN * RIPPLE, _at("/users/{user}")),
    Row("PATCH /users/bulk/deactivate", CHANGE, _at("/users/bulk/deactivate?days=0")),
]

ROWS = [*READS, *WRITES, *DELETES]
"""In the order in which they can be sent: what removes something comes last."""
